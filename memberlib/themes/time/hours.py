"""Which days were unusually busy, and in how many weeks a weekday or two hours had more than an even share.

A habit shows in most weeks. A sale of two days does not make one, however many orders it brought.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

AROUND = 6
"""Weeks before and after a day in which the same weekday is looked at."""
TIMES_USUAL = 3.0
DEVIATIONS = 5.0
LEAST_OF_A_WEEK = 7
"""Orders of a week from which on it is asked which weekday and which hours had more than their share."""


def busy_days(counts: Mapping[dt.date, int]) -> set[dt.date]:
    """Days with more than three times the orders of the same weekday in the weeks around, and beyond chance.

    The same weekday is the median of those within six weeks before and after; a day with a sale every week is
    usual there, and so are many orders where a shop has grown.

    Parameters
    ----------
    counts : mapping
        Orders of each day; days that are missing had none.

    Examples
    --------
    >>> friday = dt.date(2026, 1, 2)
    >>> counts = {friday + dt.timedelta(weeks=week): 5 for week in range(20)}
    >>> busy_days(counts | {dt.date(2026, 2, 6): 90}) == {dt.date(2026, 2, 6)}
    True
    """
    if not counts:
        return set()
    first, last = min(counts), max(counts)
    found = set()
    for day, count in counts.items():
        near = [day + dt.timedelta(weeks=weeks) for weeks in range(-AROUND, AROUND + 1)]
        usual = statistics.median(counts.get(one, 0) for one in near if first <= one <= last)
        if count > max(TIMES_USUAL * usual, usual + DEVIATIONS * math.sqrt(max(usual, 1.0))):
            found.add(day)
    return found


def weeks_above(by_day: Mapping[dt.date, Sequence[int]]) -> tuple[int, list[int], list[int]]:
    """In how many weeks each weekday, and each two hours in a row, had more than an even share of the orders.

    Parameters
    ----------
    by_day : mapping of date to 24 counts
        Orders of each hour of each day.

    Returns
    -------
    tuple
        Weeks (Monday to Sunday) with at least seven orders; of these, per weekday, those with more than a seventh
        of the week's orders on it; per hour from 0 to 22, those with more than a twelfth in it and the next.

    Examples
    --------
    >>> weeks_above({dt.date(2026, 1, 2): [0] * 20 + [9, 0, 0, 0]})[1]
    [0, 0, 0, 0, 1, 0, 0]
    """
    days: dict[dt.date, list[int]] = defaultdict(lambda: [0] * 7)
    hours: dict[dt.date, list[int]] = defaultdict(lambda: [0] * 24)
    for day, counts in by_day.items():
        monday = day - dt.timedelta(days=day.weekday())
        days[monday][day.weekday()] += sum(counts)
        for hour, count in enumerate(counts):
            hours[monday][hour] += count
    weeks = [monday for monday in days if sum(days[monday]) >= LEAST_OF_A_WEEK]
    above_day, above_hours = [0] * 7, [0] * 23
    for monday in weeks:
        total = sum(days[monday])
        for place, count in enumerate(days[monday]):
            above_day[place] += count * 7 > total
        for hour in range(23):
            above_hours[hour] += (hours[monday][hour] + hours[monday][hour + 1]) * 12 > total
    return len(weeks), above_day, above_hours
