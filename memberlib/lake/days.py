"""Finds the days of a shop's first and last order, and checks a day that is asked for against them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from memberlib.errors import InputError
from memberlib.model import YEARS

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
            for group in range(footer.num_row_groups):
                for name in ("paid_at", "created_at"):
                    found = footer.row_group(group).column(names.index(name)).statistics
                    if found is None or found.null_count is None:
                        return None
                    if found.has_min_max:
                        least.append(found.min)
                        most.append(found.max)
                    elif found.null_count < footer.row_group(group).num_rows:
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
