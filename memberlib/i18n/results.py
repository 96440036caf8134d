"""A result's intervals, base and date in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from memberlib.i18n.dates import day
from memberlib.i18n.language import NO_VALUE, is_empty, language, say, traditional, words
from memberlib.i18n.numbers import counted, money, number, rounded

_HOME = {"zh": "CNY", "zh-Hant": "TWD"}
"""Whose amounts are written with their unit behind them: 50 元."""
_WHOLE_UNITS = ("orders", "days")
"""Between two edges of these lie whole numbers, so that both ends of an interval can be said."""


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
        plain, months, days, orders or money (with `currency`). Of days and orders both ends are said as they lie
        in it ("2–3 orders"), of the others which end is in.

    Examples
    --------
    >>> interval(None, 50, "en"), interval(50, 100, "en"), interval(200, None, "en")
    ('up to 50', 'over 50 to 100', 'over 200')
    >>> interval(1, 3, "zh", unit="orders"), interval(50, 100, "zh", unit="money", currency="CNY")
    ('2–3 笔', '50–100 元（含 100）')
    """
    lang = language(lang)
    if is_empty(lower) and is_empty(upper):
        return say("interval.all", lang)
    form = "below" if is_empty(lower) else "above" if is_empty(upper) else "between"
    if unit in _WHOLE_UNITS:
        return _whole_interval(lower, upper, lang, unit, form)
    if unit == "money" and currency:
        values = _amounts(lower, upper, lang, currency)
    else:
        unit = "plain" if unit == "money" else unit
        ends = {"lower": lower, "upper": upper}
        values = {f"{name}_number": number(value, lang) for name, value in ends.items()}
        for name, value in ends.items():
            # "over 2 to 4 months": the unit stands once, behind the last number
            bare = unit == "plain" or is_empty(value) or (name == "lower" and form == "between")
            values[name] = number(value, lang) if bare else counted(value, unit, lang)
    return say(f"interval.{unit}.{form}", lang, **values)


def _whole_interval(lower: Any, upper: Any, lang: str, unit: str, form: str) -> str:
    """An interval of whole numbers: "1–2 orders", "3 orders", "more than 10 orders"."""
    least = None if is_empty(lower) else math.floor(lower) + 1
    most = None if is_empty(upper) else math.floor(upper)
    if unit == "orders" and least is None:
        least = 1  # nobody is counted without an order
    if least is not None and most is not None and most <= least:
        form = "single"  # no other number lies in it
    values = {
        "least": number(least, lang),
        "upper": NO_VALUE if most is None else counted(most, unit, lang),
        "lower": NO_VALUE if is_empty(lower) else counted(math.floor(lower), unit, lang),
    }
    return say(f"interval.{unit}.{form}", lang, **values)


def _amounts(lower: Any, upper: Any, lang: str, currency: str) -> dict[str, str]:
    """Both ends of an interval of money; in Chinese the unit stands once, before the first or behind the last."""

    def digits(value: Any) -> int:
        return 0 if rounded(value) == rounded(value, 2) else 2

    written: dict[str, str] = {}
    for name, value in (("lower", lower), ("upper", upper)):
        if is_empty(value):
            written |= {name: NO_VALUE, f"{name}_number": NO_VALUE}
            continue
        plain = number(value, lang, digits=digits(value))
        full = amount_edge(value, currency, lang)
        written |= {name: full, f"{name}_number": plain}
    if lang != "en" and currency != _HOME[lang]:
        written["lower_number"] = written["lower"]  # £50–100（含 100）
        written["upper"] = f"{written['upper']} " if is_empty(lower) else written["upper_number"]
    return written


def amount_edge(value: object, currency: str, lang: str | None = None) -> str:
    """Return an amount as the edge of an interval: "£50", 50 元; with cents where it has some.

    Examples
    --------
    >>> amount_edge(50, "CNY", "zh"), amount_edge(99.5, "GBP", "zh")
    ('50 元', '£99.50')
    """
    lang = language(lang)
    digits = 0 if rounded(value) == rounded(value, 2) else 2
    if _HOME.get(lang) == currency:
        return say("interval.yuan", lang, n=number(value, lang, digits=digits))
    return money(value, currency, lang, digits=digits)


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
