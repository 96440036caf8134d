"""Findings of the numbers of orders: members of few orders, frequent buyers, and who of them sleeps."""

from __future__ import annotations

from typing import Any

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.offers import coupon
from memberlib.sentences.reading import Reading, Row, Title, times
from memberlib.themes.count.analyses import count_bands, sleeping, theme


@theme.finding(count_bands)
def few_orders(reading: Reading) -> Finding | None:
    """How many have placed few orders, where that is most of them; with a coupon for the next one."""
    few = _few(reading)
    if few is None or not reading.limits["few_share"] <= (few["member_share"] or 0) < 1:
        return None
    mean = _average_order(reading)
    value = coupon(mean, reading.currency, reading.limits)
    evidence = {
        "few_count": few["member_count"],
        "buyer_count": reading.base,
        "few_share": few["member_share"],
        "few_amount": few["amount"],
        "amount_share": few["amount_share"] or 0,
        "mean_amount": mean,
        "coupon_amount": value,
    }
    action = "action" if value is None else "action_coupon"
    return reading.say(few["member_share"], evidence, about={"band": _band(few)}, action=action)


@theme.finding(count_bands)
def second_purchase(reading: Reading) -> Finding | None:
    """What one more order from some of those of few orders would be worth."""
    few, share, mean = _few(reading), reading.limits["second_purchase_share"], _average_order(reading)
    more = round((few["member_count"] if few else 0) * share)
    if few is None or not mean or not reading.speakable(more):
        return None
    amount = reading.total("amount")
    evidence = {
        "try_share": share,
        "few_count": few["member_count"],
        "more_count": more,
        "mean_amount": mean,
        "more_amount": more * mean,
        "amount": amount,
    }
    return reading.say(ratio(more * mean, amount) or 0, evidence, about={"band": _band(few)})


@theme.finding(count_bands)
def frequent_money(reading: Reading) -> Finding | None:
    """The interval of most orders, where it brings much more than its share of members."""
    limits = reading.limits
    most = reading.rows[-1] if len(reading.rows) > 1 else None
    if most is None or not reading.speakable(most["member_count"]):
        return None
    money_ratio = times(most["amount_share"], most["member_share"])
    much = (most["amount_share"] or 0) >= limits["frequent_money_share"]
    if not much or money_ratio < limits["frequent_money_ratio"]:
        return None
    evidence = {
        "frequent_count": most["member_count"],
        "buyer_count": reading.base,
        "frequent_share": most["member_share"],
        "frequent_amount": most["amount"],
        "amount": reading.total("amount"),
        "amount_share": most["amount_share"],
        "money_ratio": money_ratio,
    }
    return reading.say(most["amount_share"], evidence, about={"band": _band(most)})


@theme.finding(sleeping)
def sleeping_few(reading: Reading) -> Finding | None:
    """How many of those of few orders sleep, where that is many."""
    few = reading.rows[0] if reading.rows else None
    if few is None or (few["sleeping_share"] or 0) < reading.limits["sleeping_share"]:
        return None
    if not reading.speakable(few["sleeping_count"]):
        return None
    evidence = {
        "sleeping_count": few["sleeping_count"],
        "few_count": few["member_count"],
        "buyer_count": reading.base,
        "sleeping_share": few["sleeping_share"],
        "sleeping_amount": few["sleeping_amount"],
    }
    about = {"span": (reading.churn_days, "days"), "band": _band(few)}
    action = "action" if _is_few(reading, few) else "action_many"
    return reading.say(few["sleeping_count"] / reading.base, evidence, about=about, action=action)


@theme.finding(sleeping)
def sleeping_frequent(reading: Reading) -> Finding | None:
    """Frequent buyers who fell asleep, where they are a part of the money that did."""
    frequent = [row for row in reading.rows if (row["lower"] or 0) >= reading.limits["few_order_count"]]
    count, amount = int(reading.total("sleeping_count", frequent)), reading.total("sleeping_amount", frequent)
    share = ratio(amount, reading.total("sleeping_amount")) or 0.0
    if not frequent or not reading.speakable(count) or share < reading.limits["sleeping_money_share"]:
        return None
    evidence = {
        "sleeping_count": count,
        "frequent_count": int(reading.total("member_count", frequent)),
        "sleeping_amount": amount,
        "sleeping_amount_share": share,
        "mean_amount": amount / count,
    }
    about = {"span": (reading.churn_days, "days"), "band": (frequent[0]["lower"], None, "orders")}
    return reading.say(count / reading.base, evidence, about=about)


def _few(reading: Reading) -> Row | None:
    """The interval of fewest orders, where it is one of few orders, not empty, and not the only one."""
    if len(reading.rows) < 2:
        return None
    few = reading.rows[0]
    return few if _is_few(reading, few) and reading.speakable(few["member_count"]) else None


def _is_few(reading: Reading, row: Row) -> bool:
    return row["upper"] is not None and bool(row["upper"] <= reading.limits["few_order_count"])


def _average_order(reading: Reading) -> float | None:
    """Sales ÷ orders, of all orders to date."""
    return ratio(reading.total("amount"), reading.total("order_count"))


def _band(row: Row) -> tuple[Any, Any, str]:
    return row["lower"], row["upper"], "orders"


@theme.headline(count_bands)
def count_bands_title(reading: Reading) -> Title | None:
    """No interval stands out; how many are in the fullest."""
    fullest = max(reading.rows, key=lambda row: row["member_share"] or 0)
    if fullest["member_share"] is None:
        return None
    return "text", {"fullest_share": fullest["member_share"]}, {"band": _band(fullest)}


@theme.headline(sleeping)
def sleeping_title(reading: Reading) -> Title | None:
    """How many of all members sleep, where no interval stands out."""
    share = ratio(reading.total("sleeping_count"), reading.total("member_count"))
    return None if share is None else ("text", {"sleeping_share": share}, {})
