"""Columns of a result as a picture writes them: names of rows, values with their units, words for axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memberlib import i18n, privacy
from memberlib.charts.sheet import Sheet
from memberlib.figures import figure


def one_of(result: Any) -> str:
    """What one unit of a result's base is, as the names of its columns say it: member or order."""
    return "order" if result.attrs.get("counts") == "orders" else "member"


def column(result: Any, chart: Any, part: str) -> str | None:
    """Name of the column that a chart takes for something; None where it takes none or the result has none."""
    name = chart.get(part)
    if name is None:
        return None
    name = str(name).replace("{one}", one_of(result))
    return name if name in result.columns else None


def names_of(result: Any, name: str) -> list[str]:
    """What each row is called by a column: intervals, codes, dates and numbers in words."""
    if name == "interval":
        return i18n.intervals(result)
    what = figure(name)
    values = list(result[name])
    if what.unit == "code":
        return [i18n.word(what.words, value) for value in values]
    if name in ("member_id", "other_id", "joined_id"):
        return [privacy.short(value) for value in values]
    if what.unit in ("month", "date", "weekday", "hour"):
        return [named(value, what.unit) for value in values]
    if name == "region":
        return [i18n.word("region", value) for value in values]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return writer(name, values, "")(values)
    return [i18n.NO_VALUE if i18n.is_empty(value) else str(value) for value in values]


def named(value: Any, unit: str) -> str:
    """A date, weekday or hour in words."""
    if i18n.is_empty(value):
        return i18n.NO_VALUE
    if unit == "hour":
        return i18n.say("date.hour", hour=int(value))
    if unit == "weekday":
        return i18n.weekday(int(value))
    return i18n.month(value) if unit == "month" else i18n.day(value)


def values_of(page: Sheet, name: str, *, short: bool = False) -> list[str]:
    """The values of a column, each with its unit."""
    return writer(name, list(page.result[name]), page.currency, short=short)(list(page.result[name]))


def writer(name: str, known: Sequence[Any], currency: str, *, short: bool = False) -> Any:
    """What writes values of a column, by what its name says of it; all of one column with the same decimals."""
    what = figure(name)
    if what.unit in ("share", "probability"):
        digits = 0 if short else 1 if what.digits is None else min(what.digits, 1)
        return lambda values: [
            i18n.percent(value, digits=max(digits, 0), signed=what.signed) for value in values
        ]
    if what.unit == "amount":
        largest = max((abs(float(value)) for value in known if not i18n.is_empty(value)), default=0.0)
        digits_of_money = 0 if largest >= 100 else None
        return lambda values: [
            i18n.money(value, currency, digits=None if short else digits_of_money, short=short)
            for value in values
        ]
    if what.unit == "discount":
        return lambda values: [i18n.discount(value) for value in values]
    if what.unit in ("days", "months") and not short:
        return lambda values: [
            i18n.counted(value if what.digits is None else i18n.rounded(value, what.digits), what.unit)
            if not i18n.is_empty(value)
            else i18n.NO_VALUE
            for value in values
        ]
    return lambda values: [
        i18n.number(value, digits=what.digits if what.unit in ("ratio", "number") else None, short=short)
        for value in values
    ]


def counted(name: str, value: Any) -> str:
    """A count with what it counts: "1,026 members"; the number alone where there is no word for it."""
    things = f"{name.removesuffix('_count').rpartition('_')[2]}s"
    if f"count.{things}.one" in i18n.words(i18n.language()) and not i18n.is_empty(value):
        return i18n.counted(value, things)
    return i18n.number(value)


def label(name: str, chart: Any = None, part: str = "") -> str:
    """What stands at an axis: the words that a chart names for it, or those of the column."""
    key = chart.get(f"{part}_words") if chart is not None else None
    if key is not None:
        return i18n.say(key)
    return i18n.words(i18n.language()).get(f"label.{name}", name.replace("_", " "))
