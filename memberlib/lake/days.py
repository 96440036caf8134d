"""Reads days as people write them, finds those of a shop's first and last order, and checks one against the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memberlib.errors import InputError
from memberlib.model import YEARS

if TYPE_CHECKING:
    from ibis.expr.types import Table

Days = tuple[dt.date | None, dt.date | None]


def order_days(files: Sequence[str]) -> Days | None:
    """Days of the first and last order, by either of their dates, as the footers of Parquet files have them.

    None where they do not say: without rows, or where a file cannot be read or has no statistics.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    least: list[dt.datetime] = []
    most: list[dt.datetime] = []
    try:
        for file in files:
            footer = pq.read_metadata(file)
            names = footer.schema.names
            groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
            for group in (one for one in groups if one.num_rows):
                for name in ("paid_at", "created_at"):
                    found = group.column(names.index(name)).statistics
                    if found is None or found.null_count is None:
                        return None
                    if found.has_min_max:
                        least.append(found.min)
                        most.append(found.max)
                    elif found.null_count < group.num_rows:
                        return None
    except (OSError, ValueError, pa.ArrowException):
        return None
    return (min(least).date(), max(most).date()) if least else None


def checked_day(as_of: dt.date | None, days: Days, store_id: str) -> dt.date:
    """The day that is looked at: the one asked for, else that of the last order.

    Raises
    ------
    InputError
        For a shop without orders, a day before its first or too far ahead.
    """
    first, last = days
    if as_of is None:
        if last is None:
            raise InputError(f"shop '{store_id}' has no orders yet; import an order list, or give --as-of")
        return last
    if as_of.year > YEARS[1]:
        raise InputError(
            f"as-of {as_of} lies too far ahead; choose a day up to the year {YEARS[1]}",
            key="refused.day_too_late", year=YEARS[1],
        )  # fmt: skip
    if first is not None and as_of < first:
        raise InputError(
            f"as-of {as_of} is before the first order of '{store_id}' ({first}); choose {first} or later",
            key="refused.day_too_early", first=first,
        )  # fmt: skip
    return as_of


def day_of(text: dt.date | str | None) -> dt.date | None:
    """A date from a date, a time stamp or an ISO text; None stays None."""
    if text is None or (isinstance(text, str) and not text.strip()):
        return None
    if isinstance(text, dt.datetime):
        return text.date()
    if isinstance(text, dt.date):
        return text
    try:
        return dt.date.fromisoformat(str(text).strip())
    except ValueError:
        raise InputError(f"as-of {text!r} is not a date; write it as 2026-06-30") from None


def days_of(orders: Table) -> Days:
    """Days of the first and last order of a table, by either of their dates; worked out by its engine."""
    found = orders.aggregate(
        a=orders.paid_at.min(), b=orders.paid_at.max(), c=orders.created_at.min(), d=orders.created_at.max()
    ).to_pyarrow()
    a, b, c, d = (found[name][0].as_py() for name in "abcd")
    firsts, lasts = [x for x in (a, c) if x is not None], [x for x in (b, d) if x is not None]
    return (min(firsts).date() if firsts else None, max(lasts).date() if lasts else None)
