"""What are the intervals between given edges, and what lies in each?

An interval is closed on the right: edges 2 and 5 make "2 and below", "above 2 to 5" and "above 5". An
interval without a row keeps its place.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ibis

from memberlib.errors import InputError
from memberlib.results import exact_sum, money, ratio, result
from memberlib.settings import rising

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import NumericColumn, Table

    from memberlib.store import Store

Number = int | float
KINDS = {
    "lower": "object",
    "upper": "object",
    "member_count": "int64",
    "member_share": "float64",
    "order_count": "int64",
    "order_share": "float64",
    "amount": "float64",
    "amount_share": "float64",
}


def checked(edges: Any, *, whole: bool, what: str) -> tuple[Any, ...]:
    """Edges as a rising tuple; they may come as numbers, as texts, or as one text with commas.

    Raises
    ------
    InputError
        As :func:`memberlib.settings.rising`.

    Examples
    --------
    >>> checked("50, 100", whole=False, what="amount edges")
    (50, 100)
    """
    if isinstance(edges, str):
        edges = [part.strip() for part in edges.replace("，", ",").split(",") if part.strip()]
    elif not hasattr(edges, "__iter__"):
        edges = [edges]
    return rising(list(edges), whole=whole, what=what)


def months_back(day: dt.date, months: int) -> dt.date:
    """The same day so many calendar months earlier, or the last day of that month where it is shorter.

    Examples
    --------
    >>> months_back(dt.date(2024, 3, 31), 1)
    datetime.date(2024, 2, 29)
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        raise InputError(
            f"time edges: {months} months before {day} lie before the calendar; give a smaller edge"
        )
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def days_back(day: dt.date, days: int) -> dt.date:
    """The day so many days earlier."""
    if days >= day.toordinal():
        raise InputError(f"time edges: {days} days before {day} lie before the calendar; give a smaller edge")
    return day - dt.timedelta(days=days)


def spread(
    rows: Table, value: NumericColumn, edges: Sequence[Number], *, sums: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The sums of each interval of a value, first interval first; 0 where an interval has no rows."""
    slot = ibis.cases(*[(value <= edge, place) for place, edge in enumerate(edges)], else_=len(edges))
    found = rows.group_by(slot=slot).aggregate(**sums).to_pyarrow().to_pylist()
    by_slot = {row["slot"]: row for row in found}
    return [by_slot.get(place, dict.fromkeys(sums, 0)) for place in range(len(edges) + 1)]


def open_edges(edges: Sequence[Number]) -> dict[str, list[Any]]:
    """Columns lower and upper of the intervals; None where an interval is open."""
    return {"lower": [None, *edges], "upper": [*edges, None]}


def sums_of_members(facts: Table) -> dict[str, Any]:
    """What is added up over the members of an interval."""
    return {
        "member_count": facts.count(),
        "order_count": facts.order_count.sum(),
        "amount": exact_sum(facts.total_amount),
    }


def shares(
    store: Store,
    rows: Sequence[Mapping[str, Any]],
    edges: Sequence[Number],
    *,
    counts: str = "members",
    members: int | None = None,
    **more: Any,
) -> pd.DataFrame:
    """The result of interval rows, each with its shares of all members, orders and money.

    Parameters
    ----------
    rows : sequence of mapping
        member_count, order_count and amount per interval.
    members : int, optional
        Whole of the member shares, where a member may lie in several intervals; else the members of the rows.
    **more
        Handed to :func:`memberlib.results.result`.
    """
    columns = open_edges(edges)
    columns["member_count"] = [int(row["member_count"]) for row in rows]
    columns["order_count"] = [int(row["order_count"]) for row in rows]
    columns["amount"] = [money(row["amount"]) for row in rows]
    all_members = sum(columns["member_count"]) if members is None else members
    all_orders = sum(columns["order_count"])
    all_money = sum(columns["amount"])
    columns["member_share"] = [ratio(part, all_members) for part in columns["member_count"]]
    columns["order_share"] = [ratio(part, all_orders) for part in columns["order_count"]]
    columns["amount_share"] = [ratio(part, all_money) for part in columns["amount"]]
    base = all_orders if counts == "orders" else all_members
    return result(store, columns, KINDS, counts=counts, base=base, **more)
