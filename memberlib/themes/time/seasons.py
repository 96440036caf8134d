"""What a usual month is at each time of a shop's history, and which months stand out from it.

Growth is told from season: a month is compared with the level of its own year, not with the whole history.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

YEAR = 12
LEAST_MONTHS = 12
"""Whole months needed before one of them is called a peak or slack month: each month of the year once."""
LEAST_PAIRS = 6
"""Months seen in two years from which on growth is read from them; before, from the months in their order."""
LASTING = 3
"""So many last months that all stand out one way are a change of level and no season."""
DEVIATIONS = 3.0
"""A month stands out when chance alone would rarely bring it: orders that come by themselves vary by their root."""


def usual_counts(counts: Sequence[int]) -> list[float]:
    """Orders of a usual month at the time of each month.

    The median of the twelve months around it (the nearest twelve where a side has fewer), each moved along the
    growth at that time. Growth is the median change from one month to the same month a year later (the slope of
    the seasonal Kendall test: Hirsch, Slack and Smith 1982, Water Resources Research 18, 107–121), so that a
    season is no growth; with fewer than six such pairs the median slope of all pairs of months (Theil–Sen).

    Parameters
    ----------
    counts : sequence of int
        Orders of whole months that follow each other.

    Examples
    --------
    >>> usual_counts([10, 20, 40, 80])
    [9.9331, 20.092, 40.1427, 79.7173]
    >>> usual_counts([100] * 10 + [300, 100])[-2:]
    [100.0, 100.0]
    """
    # a half more, so that a month without orders has a logarithm; taken off again at the end
    logs = [math.log(count + 0.5) for count in counts]
    found = []
    for at in range(len(logs)):
        growth = _growth(logs, at)
        near = _nearest(len(logs), at)
        level = statistics.median(logs[other] + growth * (at - other) for other in near)
        found.append(max(0.0, round(math.exp(level) - 0.5, 4)))
    return found


def _nearest(count: int, at: int) -> range:
    """Places of the twelve months around one."""
    start = min(max(0, at - YEAR // 2), max(0, count - YEAR))
    return range(start, min(count, start + YEAR))


def _growth(logs: Sequence[float], at: int) -> float:
    """Growth a month, as a logarithm, at the time of one month."""
    pairs = len(logs) - YEAR
    if pairs >= LEAST_PAIRS:
        near = _nearest(pairs, at - YEAR // 2)
        return statistics.median(logs[place + YEAR] - logs[place] for place in near) / YEAR
    slopes = [
        (logs[later] - logs[early]) / (later - early)
        for early in range(len(logs))
        for later in range(early + 1, len(logs))
    ]
    return statistics.median(slopes) if len(logs) > 2 else 0.0


def standing_out(counts: Sequence[int], usual: Sequence[float], *, peak: float, slack: float) -> list[str]:
    """Each month as "peak", "normal" or "slack", by its orders ÷ those of a usual month of its time.

    Parameters
    ----------
    counts, usual : sequence of numbers
        Orders of each month, and of a usual month at its time.
    peak, slack : float
        From which ratio on, and down from which.

    Examples
    --------
    >>> standing_out([100, 130, 4], [100.0, 100.0, 2.0], peak=1.25, slack=0.75)
    ['normal', 'peak', 'normal']
    """
    found = []
    for count, level in zip(counts, usual, strict=True):
        sure = level > 0 and abs(count - level) >= DEVIATIONS * math.sqrt(level)
        found.append(
            "peak"
            if sure and count >= peak * level
            else "slack"
            if sure and count <= slack * level
            else "normal"
        )
    return found


def opening(named: Sequence[str]) -> int:
    """How many first months are the shop's opening: weak at once, and not weak again a year later.

    Examples
    --------
    >>> opening(["slack", "slack"] + ["normal"] * 12)
    2
    """
    count = 0
    while (
        count < len(named) and named[count] == "slack" and named[count + YEAR : count + YEAR + 1] != ["slack"]
    ):
        count += 1
    return count


def lasting_change(named: Sequence[str]) -> int:
    """How many last months are a change of level: all stand out one way, and did not a year before.

    Examples
    --------
    >>> lasting_change(["normal"] * 12 + ["peak"] * 3), lasting_change(["normal"] * 12 + ["peak"] * 2)
    (3, 0)
    """
    count, last = 0, len(named) - 1
    while count <= last and named[last - count] == named[last] != "normal":
        before = last - count - YEAR
        if before >= 0 and named[before] == named[last]:
            break
        count += 1
    return count if count >= LASTING else 0
