"""The page over all shops: where each stands, its figures, its strongest finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib import i18n
from memberlib.reports import manifest, pages

if TYPE_CHECKING:
    from memberlib.reports.folders import Shop


def write_index(out: Path, shops: Sequence[Shop], *, lang: str | None, known: Collection[str]) -> Path:
    """Write ``index.html`` and ``manifest.json`` over all shops of a folder of reports; the page's path.

    Parameters
    ----------
    out : path
        Folder of the reports.
    shops : sequence of Shop
        The shops of this run with their states; of others the last state holds.
    lang : str or None
        Language of the page; that of most shops where none is given.
    known : collection of str
        Shops of the lake: a shop that failed once and is gone is named no more.
    """
    before = {entry["store"]: entry for entry in (manifest.read(out / manifest.NAME) or {}).get("shops", ())}
    now = {shop.store: shop for shop in shops}
    folders = {path.parent.parent.name for path in out.glob(f"*/*/{manifest.NAME}")}
    code = shops[0].wanted["code"]
    rows, entries, langs = [], [], []
    for store in sorted(folders | set(now) | (set(before) & set(known))):
        made = manifest.finished(out, store)
        entry = _entry(store, now.get(store), before.get(store), made)
        if entry is None:
            continue
        found = made.get(entry["as_of"] or "")
        langs.append((entry["parameters"] or {}).get("lang", ""))
        entries.append(entry)
        rows.append((entry, found, [day for day in made if day != entry["as_of"]]))
    spoken = i18n.check_language(lang) if lang else _most(langs)
    with i18n.speaking(spoken):
        shown = sorted(
            (_row(*row) for row in rows), key=lambda row: (_place(row["name"], spoken), row["store"])
        )
        content = pages.page("index.html", spoken, rows=shown, tally=_tally(entries), code=code)
    manifest.replace(out / "index.html", content)
    manifest.write(out / manifest.NAME, {"code": code, "lang": spoken, "shops": entries})
    return out / "index.html"


def _entry(
    store: str, shop: Shop | None, before: Mapping[str, Any] | None, made: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """How a shop stands: by this run, else by the last one, else by its newest report."""
    day: str | None = None
    made_from: Mapping[str, Any] = {}
    reason = ""
    if shop is not None and shop.state != "failed":
        day = str(shop.as_of)
    else:
        day = before["as_of"] if before and before["as_of"] in made else max(made, default=None)
        if shop is not None:
            # What was asked for, not what the last finished report was made from.
            reason, made_from = shop.reason, {**shop.wanted, "parameters": shop.parameters}
        elif before and before["reason"]:
            reason, made_from = before["reason"], before
    if day is None and not reason:
        return None
    if day and not made_from:
        made_from = made[day]
    return {
        "store": store,
        "state": "failed" if reason else "done",
        "reason": reason,
        "as_of": day,
        "report": f"{store}/{day}/index.html" if day else None,
        **{part: made_from.get(part) for part in ("parameters", "data", "settings", "code")},
    }


def _place(name: str, lang: str) -> bytes:
    """Where a name stands in a list: by letters in English, by sound in 简体, by strokes in 繁體.

    The Chinese encodings list their common characters in just these orders.
    """
    encoding = {"zh": "gb18030", "zh-Hant": "big5"}.get(lang, "utf-8")
    return name.casefold().encode(encoding, "backslashreplace")


def _most(langs: Sequence[str]) -> str:
    count = Counter(langs)
    return max(i18n.LANGUAGES, key=lambda lang: count[lang])


def _tally(entries: Sequence[Mapping[str, Any]]) -> str:
    failed = sum(entry["state"] == "failed" for entry in entries)
    parts = [
        i18n.counted(len(entries), "shops"),
        i18n.say("index.ready", n=i18n.number(len(entries) - failed)),
    ]
    if failed:
        parts.append(i18n.say("index.failed_count", n=i18n.number(failed)))
    return i18n.say("caption.join").join(parts)


def _row(entry: Mapping[str, Any], found: Mapping[str, Any] | None, earlier: Sequence[str]) -> dict[str, Any]:
    lang, store, reason = i18n.language(), entry["store"], entry["reason"]
    row: dict[str, Any] = {
        "store": store,
        "href": entry["report"] or "",
        "name": store,
        "reason": reason,
        "way": "quiet",
    }
    row |= dict.fromkeys(("as_of", "members", "sales", "change"), i18n.NO_VALUE)
    row |= {"finding": "", "older": "", "against": ""}
    row["earlier"] = [{"href": f"{store}/{day}/index.html", "day": i18n.day(day)} for day in earlier]
    row["state"] = i18n.say("index.failed" if reason else "index.done")
    if found:
        about = found["summary"]
        sales = next((item for item in about["headline"] if item["figure"] == "amount"), None)
        row["name"], row["as_of"] = about["name"][lang], i18n.day(entry["as_of"])
        row["members"] = i18n.number(about["member_count"])
        if sales is not None:
            row["sales"] = i18n.money(sales["value"], about["currency"], short=True)
            row["way"], row["change"] = pages.changed(sales)
            row["against"] = _against(about["headline_of"])
        row["finding"] = about["findings"][0]["text"][lang] if about["findings"] else ""
        if reason:
            row["older"] = i18n.say("index.failed_older", day=row["as_of"])
    return row


def _against(figures: Mapping[str, Any]) -> str:
    """Which days a change is of, and against which."""
    days, compared = figures.get("days"), figures.get("comparison")
    if not days:
        return ""
    said = i18n.counted(days, "days")
    known = {"year_before": "index.against_year", "days_before": "index.against_before"}
    return i18n.say(known[compared], days=said) if compared in known else said
