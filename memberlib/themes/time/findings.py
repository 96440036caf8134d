"""What the time since the last order says."""

from __future__ import annotations

import math
from collections.abc import Iterator

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.offers import coupon
from memberlib.sentences.reading import Reading, Row, Title
from memberlib.themes.time.analyses import theme, time_bands

_DAYS_A_MONTH = 365.25 / 12
_NEAR_ENOUGH = 0.98


@theme.finding(time_bands)
def from_time_bands(reading: Reading) -> Iterator[Finding]:
    """Who is silent, who is about to be, who needs no coupon, and whose last purchase is used up."""
    rows, limits = reading.rows, reading.limits
    start = _silent_from(reading, reading.churn_days)
    if start is None:
        return
    silent = rows[start:]
    count = int(reading.total("member_count", silent))
    share = ratio(count, reading.base) or 0.0
    if share >= limits["silent_share"] and reading.speakable(count):
        yield _silent(reading, silent, count, share)
    unit = _unit(reading)
    before = rows[start - 1]
    if (
        start > 1
        and (before["member_share"] or 0) >= limits["cooling_share"]
        and reading.speakable(before["member_count"])
    ):
        evidence = {
            "cooling_count": before["member_count"],
            "buyer_count": reading.base,
            "cooling_share": before["member_share"],
            "cooling_amount": before["amount"],
        }
        about = {"count_from": before["lower"], "span": (before["upper"], unit)}
        yield reading.found("cooling", before["member_share"], evidence, about=about)
    first = rows[0]
    if (first["member_share"] or 0) >= limits["recent_share"] and reading.speakable(first["member_count"]):
        evidence = {
            "recent_count": first["member_count"],
            "buyer_count": reading.base,
            "recent_share": first["member_share"],
            "amount_share": first["amount_share"] or 0,
        }
        yield reading.found("recent", first["member_share"], evidence, about={"span": (first["upper"], unit)})
    yield from _product_life(reading)


def _unit(reading: Reading) -> str:
    return str(reading.params.get("unit") or reading.attrs.get("unit") or "months")


def _silent_from(reading: Reading, days: float) -> int | None:
    """Place of the first interval that lies wholly beyond so many days; the longest where none does."""
    if len(reading.rows) < 2:
        return None
    for place in range(1, len(reading.rows)):
        if _lower_days(reading, place) >= days * _NEAR_ENOUGH:
            return place
    return len(reading.rows) - 1


def _lower_days(reading: Reading, place: int) -> float:
    edge_days = reading.attrs.get("edge_days") or ()
    if len(edge_days) >= place:
        return float(edge_days[place - 1])
    return float(reading.rows[place]["lower"] or 0) * (_DAYS_A_MONTH if _unit(reading) == "months" else 1)


def _silent(reading: Reading, silent: list[Row], count: int, share: float) -> Finding:
    amount = reading.total("amount", silent)
    mean = ratio(reading.total("amount"), reading.total("order_count"))
    value = coupon(mean, reading.currency, reading.limits)
    cost = reading.limits["message_cost"] * count
    evidence = {
        "silent_count": count,
        "buyer_count": reading.base,
        "silent_share": share,
        "silent_amount": amount,
        "silent_amount_share": ratio(amount, reading.total("amount")) or 0,
        "mean_amount": mean,
        "coupon_amount": value,
        "coupon_share": ratio(value, mean),
        "coupons_amount": None if value is None else value * count,
        "messages_amount": cost or None,
    }
    action = "action" if value is None else "action_cost" if cost else "action_coupon"
    about = {"span": (silent[0]["lower"], _unit(reading))}
    return reading.found("silent", share, evidence, about=about, action=action)


def _product_life(reading: Reading) -> Iterator[Finding]:
    life, lives = reading.limits["product_life_days"], reading.limits["product_lives_ratio"]
    if not life or not lives or len(reading.rows) < 2:
        return
    start = _silent_from(reading, life * lives) or 1
    done = _lower_days(reading, start) / life
    silent = reading.rows[start:]
    count = int(reading.total("member_count", silent))
    if done < lives * _NEAR_ENOUGH or not reading.speakable(count):
        return
    mean = ratio(reading.total("amount"), reading.total("order_count"))
    value = coupon(mean, reading.currency, reading.limits)
    evidence = {
        "life_days": life,
        "silent_count": count,
        "buyer_count": reading.base,
        "silent_share": count / reading.base,
        "used_count": math.floor(done + 1 - _NEAR_ENOUGH),
        "coupon_amount": value,
        "mean_amount": mean,
    }
    about = {"span": (silent[0]["lower"], _unit(reading))}
    action = "action" if value is None else "action_coupon"
    yield reading.found("product_life", count / reading.base, evidence, about=about, action=action)


@theme.headline(time_bands)
def time_bands_title(reading: Reading) -> Title | None:
    """The silent where they are many, else the recent."""
    start = _silent_from(reading, reading.churn_days)
    if start is None:
        return None
    unit = _unit(reading)
    share = ratio(reading.total("member_count", reading.rows[start:]), reading.base) or 0.0
    if share >= reading.limits["silent_share"]:
        return "text_silent", {"silent_share": share}, {"span": (reading.rows[start]["lower"], unit)}
    first = reading.rows[0]
    return "text_recent", {"recent_share": first["member_share"] or 0}, {"span": (first["upper"], unit)}
