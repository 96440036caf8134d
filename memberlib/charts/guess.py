"""A chart for a frame that no view declares, guessed from what the names of its columns say."""

from __future__ import annotations

from typing import Any

from memberlib.errors import InputError
from memberlib.figures import figure
from memberlib.theme import Chart

_NAMES = ("code", "weekday", "hour", "rank", "flag")
_LONGEST = {
    "bars": 60,
    "filled": 60,
    "dots": 60,
    "blocks": 120,
    "columns": 400,
    "heat": 1500,
    "matrix": 1500,
    "bubbles": 400,
}


def guess(result: Any) -> Chart:
    """A chart that suits the columns of a frame.

    Months (or days) with a figure make columns; two codes with a figure make a heat map, or a grid of moves where they
    are from and to; an interval, a code or a text with a figure makes bars.

    Raises
    ------
    InputError
        Where there is nothing to draw, or too much of it.
    """
    chart = _guess(result)
    if chart is None:
        known = ", ".join(map(str, result.columns[:8])) or "no column"
        raise InputError(
            "nothing to draw: a picture needs a column of names, intervals or months and one of counts, shares "
            f"or amounts, by their names (this frame has {known})"
        )
    most = _LONGEST.get(chart.kind, 400)
    if len(result) > most:
        raise InputError(
            f"{len(result)} rows are too many for one picture; draw the first {most} or fewer of them"
        )
    return chart


def _guess(result: Any) -> Chart | None:
    columns = [str(name) for name in result.columns]
    value = _value(result, columns)
    if value is None:
        return None
    shares = [name for name in columns if figure(name).unit == "share" and name != value]
    count = _count_beside(value, columns)
    times = [name for name in columns if figure(name).unit in ("month", "date")]
    codes = _codes(result, columns)
    if len(times) == 1 and not codes and result[times[0]].is_unique:
        counts = [name for name in columns if figure(name).unit == "count"]
        return Chart(
            "columns", row=times[0], value=counts[0] if counts else value, season="season", whole="whole"
        )
    names = times + codes
    pair = _sides(columns)
    if pair:
        counts = [name for name in columns if figure(name).unit == "count"]
        if counts:
            return Chart("matrix", start=pair[0], end=pair[1], value=counts[0])
    if len(names) >= 2 and not result.duplicated(names[:2]).any():
        return Chart("heat", row=names[0], across=names[1], value=value, count=count)
    row = "interval" if {"lower", "upper"} <= set(columns) else names[0] if names else _text(result, columns)
    if row is None:
        return None
    if row == "member_id":
        return Chart("dots", row=row, value=value)
    second = "amount_share" if "amount_share" in shares else None
    return Chart("bars", row=row, value=value, count=count, second=second)


def _value(result: Any, columns: list[str]) -> str | None:
    """What the bars are as long as: the first share that is none of money, else a count, else whatever is a figure."""
    by_unit = {
        unit: [name for name in columns if figure(name).unit == unit and _numeric(result[name])]
        for unit in (
            "share",
            "count",
            "amount",
            "ratio",
            "days",
            "months",
            "number",
            "probability",
            "discount",
        )
    }
    shares = sorted(by_unit["share"], key=lambda name: name.startswith(("amount", "change")))
    for found in (shares, *list(by_unit.values())[1:]):
        if found:
            return found[0]
    return None


def _count_beside(value: str, columns: list[str]) -> str | None:
    beside = f"{value.removesuffix('_share')}_count"
    counts = [
        name for name in columns if figure(name).unit == "count" and not name.startswith(("mean_", "median_"))
    ]
    if value == beside or not value.endswith("_share"):
        return None
    return beside if beside in columns else counts[0] if counts else None


def _codes(result: Any, columns: list[str]) -> list[str]:
    """Columns of codes that name more than one thing, then texts that do."""
    codes = [
        name for name in columns if figure(name).unit in _NAMES and name not in ("whole", "move", "rank")
    ]
    codes = [name for name in codes if name != "season" or "month" not in columns]
    return [name for name in codes if len(result) < 2 or len(codes) == 1 or result[name].nunique() > 1]


def _sides(names: list[str]) -> tuple[str, str] | None:
    for name in (one for one in names if figure(one).unit == "code"):
        other = name.removesuffix("_from") + "_to"
        if name.endswith("_from") and other in names:
            return name, other
    return None


def _text(result: Any, columns: list[str]) -> str | None:
    """The first column of names: one that is known as a text, else any that holds words."""
    for name in columns:
        if figure(name).unit in ("text", "rank") and not _numeric(result[name]):
            return name
    return None


def _numeric(values: Any) -> bool:
    return values.dtype.kind in "iuf"
