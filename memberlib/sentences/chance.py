"""Whether a difference is larger than chance alone would show, where several were compared."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any


def beyond_chance(distance: float, tried: int, limits: Mapping[str, Any]) -> bool:
    """Whether a distance, in standard errors, is no accident when so many comparisons were tried.

    The limit ``chance_share`` is how often chance may speak, all comparisons taken together; it is shared out evenly
    among them (Bonferroni's inequality).

    Examples
    --------
    >>> [beyond_chance(2.0, tried, {"chance_share": 0.05}) for tried in (1, 20)]
    [True, False]
    """
    return distance >= NormalDist().inv_cdf(1 - limits["chance_share"] / max(tried, 1))
