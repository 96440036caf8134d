"""How are a result's intervals, base and date put into words?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memberlib.i18n.dates import day
from memberlib.i18n.language import NO_VALUE, is_empty, language, say, traditional, words
from memberlib.i18n.numbers import counted, money, number, rounded


def interval(
    lower: object, upper: object, lang: str | None = None, *, unit: str = "plain", currency: str | None = None
) -> str:
    """Return an interval, open at the left and closed at the right, in words.

    Parameters
    ----------
    lower, upper : number or None
        None where the interval is open.
    lang : str, optional
    unit : str
        plain, months, days, orders or money (with `currency`).

    Examples
    --------
    >>> interval(None, 50, "en"), interval(50, 100, "en"), interval(200, None, "en")
    ('50 and below', 'above 50 to 100', 'above 200')
    """
    if is_empty(lower) and is_empty(upper):
        return say("interval.all", lang)
    form = "below" if is_empty(lower) else "above" if is_empty(upper) else "between"

    def written(value: object, *, whole: bool) -> str:
        if is_empty(value):
            return NO_VALUE
        if unit == "money" and currency:
            return money(value, currency, lang, digits=0 if rounded(value) == rounded(value, 2) else 2)
        return counted(value, unit, lang) if whole and unit != "plain" else number(value, lang)

    single = 1 if form == "below" else rounded(lower) + 1 if form == "between" else None
    if unit == "orders" and single is not None and upper == single:
        return counted(upper, unit, lang)  # no other number of orders lies in it
    kind = "plain" if unit == "money" else unit
    return say(
        f"interval.{kind}.{form}",
        lang,
        lower=written(lower, whole=form == "above"),
        upper=written(upper, whole=True),
    )


_UNITS = {"time_bands": "months", "amount_bands": "money", "count_bands": "orders", "sleeping": "orders"}
_MEASURE_UNITS = {"recency": "days", "frequency": "orders", "monetary": "money"}


def intervals(result: Any, lang: str | None = None) -> list[str]:
    """Return the interval of each row of a result with ``lower`` and ``upper``, in words and with its unit.

    Parameters
    ----------
    result : DataFrame
        Columns ``lower``, ``upper`` and, where the unit differs by row, ``measure``; its ``attrs`` say the
        analysis, the currency and, for time, ``params["unit"]``.
    lang : str, optional
    """
    about = result.attrs
    unit = _UNITS.get(about.get("analysis", ""), "plain")
    if unit == "months":
        unit = about.get("params", {}).get("unit", unit)
    measures = result["measure"] if "measure" in result else [None] * len(result)
    return [
        interval(low, high, lang, unit=_MEASURE_UNITS.get(measure, unit), currency=about.get("currency"))
        for low, high, measure in zip(result["lower"], result["upper"], measures, strict=True)
    ]


def view_key(about: Mapping[str, Any]) -> str:
    """What the words of a result's view begin with, such as ``count.view.bands``."""
    return f"{about.get('theme')}.view.{about.get('view')}"


def title(about: Mapping[str, Any], lang: str | None = None) -> str:
    """Return the name of a result, as it stands over its table: "Number of orders"; empty for a plain frame."""
    known = words(language(lang))
    keys = (f"{view_key(about)}.name", f"analysis.{about.get('analysis')}")
    return next(
        (known[key] for key in keys if key in known), str(about.get("analysis", "")).replace("_", " ")
    )


def base(about: Mapping[str, Any], lang: str | None = None) -> str:
    """Return the base of a result in words: "454 members with an order".

    Parameters
    ----------
    about : mapping
        The result's ``attrs``: ``analysis``, ``counts`` and ``base``.
    lang : str, optional
    """
    if is_empty(about.get("base")):
        return ""
    counts, view = str(about.get("counts", "members")), view_key(about)
    candidates = (f"{view}.base_{counts}", f"{view}.base", f"base.{about.get('analysis')}", f"base.{counts}")
    key = next((key for key in candidates if key in words(language(lang))), "base.rows")
    n = about["base"]
    many = {what: counted(n, what, lang) for what in ("members", "orders", "items", "rows")}
    return say(key, lang, n=number(n, lang), **many)


def caption(about: Mapping[str, Any], lang: str | None = None, *, rows: int | None = None) -> str:
    """Return the line under a title: "Tea house · 454 members with an order · as of 30 Jun 2026".

    Parameters
    ----------
    about : mapping
        The result's ``attrs``; each of its ``notes`` is said in its theme's words.
    lang : str, optional
    rows : int, optional
        Rows that are shown: where some were taken out of the result, the base it says is no longer theirs.
    """
    filtered = rows is not None and about.get("row_count") not in (None, rows)
    parts = [shop(about, lang), counted(rows, "rows", lang) if filtered else base(about, lang)]
    parts += [say(f"{about['theme']}.word.{note}", lang) for note in about.get("notes") or ()]
    if not is_empty(about.get("as_of")):
        parts.append(say("caption.as_of", lang, day=day(about["as_of"], lang)))
    return say("caption.join", lang).join(part for part in parts if part)


def shop(about: Mapping[str, Any], lang: str | None = None) -> str:
    """Return the name of a result's shop; its id where it has no name, nothing where it was made from frames."""
    names, lang = about.get("shop") or {}, language(lang)
    if isinstance(names, Mapping) and any(names.values()):
        if lang == "zh-Hant" and not names.get(lang) and names.get("zh"):
            return traditional(names["zh"])
        kin = {"zh": "zh-Hant", "zh-Hant": "zh"}.get(lang, lang)
        return next((str(names[key]) for key in (lang, kin, "", *sorted(names)) if names.get(key)), "")
    return "" if about.get("store") in (None, "shop") else str(about["store"])
