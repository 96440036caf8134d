"""Intervals between given edges, and what lies in each of them.

An interval is closed on the right: edges 2 and 5 make "2 and below", "above 2 to 5" and "above 5". An
interval without a row keeps its place.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from memberlib.errors import InputError
from memberlib.lazy import Lazy
from memberlib.results import answer, exact_sum, money, ratio

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    from ibis.expr.types import NumericColumn, Table
else:
    ibis = Lazy("ibis")

Number = int | float


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
    rows: Sequence[Mapping[str, Any]],
    edges: Sequence[Number],
    *,
    counts: str = "members",
    members: int | None = None,
    **about: Any,
) -> pd.DataFrame:
    """The answer of interval rows, each with its shares of all members, orders and money.

    Parameters
    ----------
    rows : sequence of mapping
        member_count, order_count and amount per interval.
    members : int, optional
        Whole of the member shares, where a member may lie in several intervals; else the members of the rows.
    **about
        Handed to :func:`memberlib.results.answer`.

    Returns
    -------
    DataFrame
        lower, upper (None where open), member_count, member_share, order_count, order_share, amount, amount_share.
    """
    counted = {name: [int(row[name]) for row in rows] for name in ("member_count", "order_count")}
    amounts = [money(row["amount"]) for row in rows]
    all_members = sum(counted["member_count"]) if members is None else members
    all_orders, all_money = sum(counted["order_count"]), sum(amounts)
    columns = {
        **open_edges(edges),
        "member_count": counted["member_count"],
        "member_share": [ratio(part, all_members) for part in counted["member_count"]],
        "order_count": counted["order_count"],
        "order_share": [ratio(part, all_orders) for part in counted["order_count"]],
        "amount": amounts,
        "amount_share": [ratio(part, all_money) for part in amounts],
    }
    return answer(columns, base=all_orders if counts == "orders" else all_members, counts=counts, **about)
