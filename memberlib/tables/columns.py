"""Columns of a result as a reader sees them: headings, values in words, bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from memberlib import i18n
from memberlib.figures import figure

UNITS = ("unit", "numerator_unit", "denominator_unit")
_WHOLE_FROM = 1_000  # from here on, cents say nothing


@dataclass(frozen=True)
class Column:
    """A column as a reader sees it.

    Attributes
    ----------
    name, heading : str
        Name in the result; words over the column.
    texts : list of str
        One per row.
    number : bool
        Whether it stands flush right.
    bars : list of float or None
        Length (0–1) of the bar behind each value, where the column is a share.
    """

    name: str
    heading: str
    texts: list[str]
    number: bool = True
    bars: list[float] | None = None


def columns(result: Any, lang: str | None = None) -> list[Column]:
    """Return the columns of a result in words: codes named, intervals in one column, money with its currency.

    Parameters
    ----------
    result : DataFrame
        With or without ``attrs``; names that are not known stand as they are.
    lang : str, optional
    """
    made: list[Column] = []
    for name in result.columns:
        if (
            name == "upper"
            or (name in UNITS and "figure" in result)
            or (name == "whole" and "season" in result)
        ):
            continue
        if name == "lower":
            made.append(
                Column(
                    "interval",
                    _interval_heading(result.attrs, lang),
                    i18n.intervals(result, lang),
                    number=False,
                )
            )
        else:
            made.append(_column(result, str(name), lang))
    return made


def _column(result: Any, name: str, lang: str | None) -> Column:
    values = list(result[name])
    known = i18n.words(i18n.language(lang))
    heading = known.get(f"label.{name}", name.replace("_", " "))
    if "read_count" in result:  # an account of imports: days of a file, not of a member
        heading = known.get(f"import_heading.{name}", heading)
    what = figure(name)
    if what.unit == "code":
        texts = [i18n.word(what.words, value, lang) for value in values]
        if name == "season" and "whole" in result:
            part = i18n.say("season.part", lang)
            texts = [text if whole else part for text, whole in zip(texts, result["whole"], strict=True)]
        return Column(name, heading, texts, number=False)
    if what.unit == "by_row" and "figure" in result:
        return Column(name, heading, _figures(result, name, lang))
    write = _writer(name, values, str(result.attrs.get("currency") or ""), lang)
    if write is None:
        return Column(name, heading, [_text(value, lang) for value in values], number=_numeric(values))
    bars = None
    if what.bar:
        bars = [0.0 if i18n.is_empty(value) else min(max(float(value), 0.0), 1.0) for value in values]
    return Column(name, heading, [write(value) for value in values], number=what.number, bars=bars)


def _writer(name: str, values: Sequence[Any], currency: str, lang: str | None) -> Callable[[Any], str] | None:
    """Return what writes a value of a column, by what its name says of it; None where that is nothing."""
    what = figure(name)
    unit, digits = what.unit, what.digits
    if unit in ("share", "probability"):
        return lambda value: i18n.percent(
            value, lang, digits=1 if digits is None else digits, signed=what.signed
        )
    if unit == "amount":
        digits = _digits(values, currency)
        return lambda value: i18n.money(value, currency, lang, digits=digits)
    if unit in ("count", "days", "months", "ratio", "number", "rank"):
        return lambda value: i18n.number(value, lang, digits=digits)
    by_unit: dict[str, Callable[[Any], str]] = {
        "discount": lambda value: i18n.discount(value, lang),
        "date": lambda value: i18n.day(value, lang),
        "month": lambda value: i18n.month(value, lang),
        "weekday": lambda value: i18n.weekday(value, lang),
        "hour": lambda value: _hour(value, lang),
    }
    return by_unit.get(unit)


def _hour(value: Any, lang: str | None) -> str:
    return i18n.NO_VALUE if i18n.is_empty(value) else i18n.say("date.hour", lang, hour=int(value))


def _digits(values: Sequence[Any], currency: str) -> int:
    """Decimals of a column of money, the same for every row so that the figures stand under each other."""
    known = [i18n.rounded(value, 2) for value in values if not i18n.is_empty(value)]
    broken = any(value != int(value) for value in known)
    small = max((abs(value) for value in known), default=0) < _WHOLE_FROM
    return 2 if broken and small and not i18n.is_whole(currency) else 0


def _figures(result: Any, name: str, lang: str | None) -> list[str]:
    """Headline figures, each in its own unit."""
    currency = str(result.attrs.get("currency") or "")
    units = result[figure(name).unit_in if figure(name).unit_in in result else "unit"]

    def written(value: Any, unit: str) -> str:
        if unit == "money":
            return i18n.money(value, currency, lang)
        if unit == "share":
            return i18n.percent(value, lang)
        return i18n.number(value, lang, digits=0 if unit in ("count", "days") else None)

    return [written(value, str(unit)) for value, unit in zip(result[name], units, strict=True)]


def _text(value: Any, lang: str | None) -> str:
    if isinstance(value, bool):
        return i18n.word("yes_no", value, lang)
    if i18n.is_empty(value):
        return i18n.NO_VALUE
    if isinstance(value, (int, float)):
        return i18n.number(value, lang)
    return str(value)


def _numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if not i18n.is_empty(value)]
    return bool(known) and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in known
    )


def _interval_heading(about: Any, lang: str | None) -> str:
    known = i18n.words(i18n.language(lang))
    view, measure = i18n.view_key(about), (about.get("params") or {}).get("measure")
    keys = (f"{view}.interval_{measure}", f"{view}.interval", "label.interval")
    return next(known[key] for key in keys if key in known)
