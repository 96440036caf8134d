"""Round amounts of coupons, and of what to spend for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_COUPONS = (1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 8.0)


def coupon(typical_amount: float | None, currency: str, limits: Mapping[str, Any]) -> float | None:
    """A round amount of 3 to 5 % (the thresholds' shares) of a typical order; None where there is none.

    Parameters
    ----------
    typical_amount : float or None
        Value of a typical order.
    currency : str
        Its ``step`` in the thresholds keeps the coupon to amounts that people hand out.
    limits : mapping
        See :func:`memberlib.sentences.limits.limits`.

    Examples
    --------
    >>> limits = {"coupon_low_share": 0.03, "coupon_high_share": 0.05, "step": {"CNY": 1}}
    >>> coupon(100, "CNY", limits), coupon(8, "CNY", limits)
    (5.0, None)
    """
    if not typical_amount or typical_amount <= 0:
        return None
    low, high = typical_amount * limits["coupon_low_share"], typical_amount * limits["coupon_high_share"]
    fitting = [
        one for one in _round_amounts(low, high, _COUPONS, _step(currency, limits)) if low <= one <= high
    ]
    middle = (low + high) / 2
    return min(fitting, key=lambda one: (round(abs(one - middle), 9), -one), default=None)


def spend_over(
    usual_amount: float | None, average_amount: float | None, currency: str, *, limits: Mapping[str, Any]
) -> float | None:
    """What to spend for a coupon: the lowest round amount ``spend_lift`` times above the usual and the average order.

    A threshold below the average order hands money to whoever orders as always. Few large orders put the average far
    above what most spend, so that both count.

    Parameters
    ----------
    usual_amount : float or None
        Upper end of the interval in which most orders lie.
    average_amount : float or None
        Sales ÷ orders, over the same orders.
    currency, limits
        As in :func:`coupon`.

    Examples
    --------
    >>> limits = {"spend_lift": 1.1, "step": {"CNY": 1}}
    >>> [spend_over(50, average, "CNY", limits=limits) for average in (40, 83.5, None)]
    [60.0, 100.0, 60.0]
    """
    least = max(usual_amount or 0, average_amount or 0) * limits["spend_lift"]
    if least <= 0:
        return None
    return min(
        (one for one in _round_amounts(least, least * 10, _ROUND, _step(currency, limits)) if one >= least),
        default=None,
    )


def _step(currency: str, limits: Mapping[str, Any]) -> float:
    return float(limits["step"].get(currency, 1)) or 1.0


def _round_amounts(low: float, high: float, digits: tuple[float, ...], step: float) -> list[float]:
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    found = {round(digit * 10.0**power, 9) for power in powers for digit in digits}
    return sorted(
        one for one in found if abs(one / step - round(one / step)) < 1e-9 and round(one / step) > 0
    )
