"""Content and figures as a page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from memberlib import i18n
from memberlib.reports.content import Content, Picture

_PAGES = Path(__file__).resolve().parent.parent / "pages"
_HTML_LANG = {"en": "en", "zh": "zh-Hans", "zh-Hant": "zh-Hant"}


@lru_cache(maxsize=1)
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def page(template: str, lang: str, **values: Any) -> bytes:
    """A page of ``memberlib/pages`` filled in, its words in one language."""
    with i18n.speaking(lang):
        text: str = (
            _templates()
            .get_template(template)
            .render(
                say=i18n.say,
                day=i18n.day,
                html_lang=_HTML_LANG[i18n.check_language(lang)],
                style=(_PAGES / "style.css").read_text(encoding="utf-8"),
                **values,
            )
        )
    return text.encode("utf-8")


def shop_values(manifest: Mapping[str, Any], themes: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What every page of a shop shows: name, day, base, versions, the links between the pages."""
    lang, about = manifest["lang"], manifest["summary"]
    links = [{"href": "index.html", "name": i18n.say("page.overview", lang), "away": False}]
    links += [{"href": theme["file"], "name": theme["name"], "away": False} for theme in themes]
    links.append({"href": "../../index.html", "name": i18n.say("page.all_shops", lang), "away": True})
    return {
        "shop": about["name"][lang],
        "as_of": manifest["as_of"],
        "base": base(about, lang),
        "data": manifest["data"],
        "code": manifest["code"],
        "links": links,
    }


def theme_page(content: Content, here: str, *, lang: str, values: Mapping[str, Any]) -> bytes:
    """The page of one theme."""
    return page("theme.html", lang, content=content, here=here, **values)


def front_page(
    manifest: Mapping[str, Any],
    themes: Sequence[Mapping[str, str]],
    pictures: Sequence[Picture],
    *,
    values: Mapping[str, Any],
) -> bytes:
    """The front page of a shop."""
    lang, about = manifest["lang"], manifest["summary"]
    pages = {theme["theme"]: theme for theme in themes}
    with i18n.speaking(lang):
        findings = [
            {
                "text": one["text"][lang],
                "action": one["action_text"][lang],
                "evidence": one["evidence_text"][lang],
                "theme": i18n.word("theme", one["theme"]),
                "href": pages.get(one["theme"], {}).get("file", ""),
            }
            for one in about["findings"]
        ]
        left_out = [row for row in about["left_out"] if row["order_count"]]
        lines = about["themes"]
        return page(
            "front.html",
            lang,
            here="index.html",
            figures=[figure(row, about["currency"]) for row in _shown(about["headline"])],
            span=span(about, manifest["as_of"]),
            findings=findings,
            pictures=pictures,
            themes=[
                {
                    "href": t["file"],
                    "name": t["name"],
                    "line": lines.get(t["theme"], {}).get(lang) or t["title"],
                }
                for t in themes
            ],
            lead=_sentences(values["base"], _left_out(left_out)),
            counted=_sentences(
                values["base"],
                i18n.say("page.trades"),
                i18n.say("page.base_days", day=i18n.day(manifest["as_of"])),
                i18n.say("page.masked"),
            ),
            left_out=[
                {
                    "reason": i18n.word("reason", row["reason"]),
                    "count": i18n.number(row["order_count"]),
                    "amount": i18n.money(row["amount"], about["currency"]),
                }
                for row in left_out
            ],
            **values,
        )


def _shown(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The headline figures of a front page: those of sales with guests only where there are guests."""
    value = {row["figure"]: row["value"] for row in rows}
    alone = value.get("all_amount") == value.get("amount")
    return [row for row in rows if not (alone and row["figure"] in ("all_amount", "amount_share"))]


def span(about: Mapping[str, Any], as_of: str) -> str:
    """The days that the headline figures are of, and what they are compared with."""
    if not about["headline"]:
        return ""
    days = i18n.counted(about["headline_of"].get("days"), "days")
    compared = about["headline_of"].get("comparison")
    if compared is None:
        compared = "days_before" if any(row["before"] is not None for row in about["headline"]) else "none"
    key = {"none": "page.figures_alone", "year_before": "page.figures_year"}.get(
        compared, "page.figures_span"
    )
    return i18n.say(key, days=days, day=i18n.day(as_of))


def figure(row: Mapping[str, Any], currency: str) -> dict[str, str]:
    """A headline figure in words: name, value, change (``way`` is up, down or quiet) and the value before."""
    way, change = changed(row)
    before = (
        ""
        if row["before"] is None
        else i18n.say("page.before", value=_value(row["before"], row["unit"], currency))
    )
    return {
        "name": i18n.word("figure", row["figure"]),
        "value": _value(row["value"], row["unit"], currency),
        "change": change,
        "way": way,
        "before": before,
    }


def changed(row: Mapping[str, Any]) -> tuple[str, str]:
    """By how much a figure changed, with the way it went; a share in points."""
    value, before = row["value"], row["before"]
    if value is None or before is None or (row["change_share"] is None and row["unit"] != "share"):
        return "quiet", i18n.say("page.no_change")
    if row["unit"] == "share":
        said = i18n.say("page.points", n=i18n.number(abs(value - before) * 100, digits=1))
        size = i18n.rounded((value - before) * 100, 1)
    else:
        said = i18n.percent(abs(row["change_share"]))
        size = i18n.rounded(row["change_share"] * 100, 1)
    if not size:
        return "quiet", f"± {said}"
    return ("up", f"▲ {said}") if size > 0 else ("down", f"▼ {said}")


def _value(value: Any, unit: str, currency: str) -> str:
    if unit == "money":
        return i18n.money(value, currency, short=True)
    return i18n.percent(value) if unit == "share" else i18n.number(value, digits=0)


def _sentences(*said: str) -> str:
    return i18n.say("how.join").join(said)


def _left_out(rows: Sequence[Mapping[str, Any]]) -> str:
    orders = sum(row["order_count"] for row in rows)
    if not orders:
        return i18n.say("page.left_out_none")
    return i18n.say("page.left_out", orders=i18n.counted(orders, "orders"))


def base(about: Mapping[str, Any], lang: str) -> str:
    """Whom the figures rest on, in words; nothing where no notebook says it."""
    if about["member_count"] is None:
        return ""
    members = i18n.counted(about["member_count"], "members", lang)
    if about["member_count"] == about["buyer_count"]:
        return i18n.say("page.base_all", lang, members=members)
    return i18n.say("page.base", lang, members=members, buyers=i18n.number(about["buyer_count"], lang))
