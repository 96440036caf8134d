"""What the numbers of orders and the sleeping members say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.offers import coupon
from memberlib.sentences.reading import Reading, Title, times
from memberlib.themes.count.analyses import count_bands, sleeping, theme


@theme.finding(count_bands)
def from_count_bands(reading: Reading) -> Iterator[Finding]:
    """How many bought little, what one more order from some of them is worth, what the frequent bring."""
    rows, limits = reading.rows, reading.limits
    if not rows:
        return
    few, most = rows[0], rows[-1]
    orders, amount = reading.total("order_count"), reading.total("amount")
    mean = ratio(amount, orders)
    value = coupon(mean, reading.currency, limits)
    about = {"band": (few["lower"], few["upper"], "orders")}
    if (
        (few["member_share"] or 0) >= limits["few_share"]
        and reading.speakable(few["member_count"])
        and len(rows) > 1
    ):
        evidence: dict[str, Any] = {
            "few_count": few["member_count"],
            "buyer_count": reading.base,
            "few_share": few["member_share"],
            "few_amount": few["amount"],
            "amount_share": few["amount_share"] or 0,
            "mean_amount": mean,
            "coupon_amount": value,
        }
        action = "action" if value is None else "action_coupon"
        yield reading.found("few_orders", few["member_share"], evidence, about=about, action=action)
    more = round((few["member_count"] or 0) * limits["second_purchase_share"])
    if mean and reading.speakable(more) and len(rows) > 1:
        evidence = {
            "try_share": limits["second_purchase_share"],
            "few_count": few["member_count"],
            "more_count": more,
            "mean_amount": mean,
            "more_amount": more * mean,
            "amount": amount,
        }
        yield reading.found("second_purchase", ratio(more * mean, amount) or 0, evidence, about=about)
    ratio_of_most = times(most["amount_share"], most["member_share"])
    if (
        len(rows) > 1
        and reading.speakable(most["member_count"])
        and ratio_of_most >= limits["frequent_money_ratio"]
    ):
        evidence = {
            "frequent_count": most["member_count"],
            "buyer_count": reading.base,
            "frequent_share": most["member_share"],
            "frequent_amount": most["amount"],
            "amount": amount,
            "amount_share": most["amount_share"],
            "money_ratio": ratio_of_most,
        }
        about = {"band": (most["lower"], most["upper"], "orders")}
        yield reading.found("frequent_money", most["amount_share"], evidence, about=about)


@theme.finding(sleeping)
def from_sleeping(reading: Reading) -> Iterator[Finding]:
    """The sleepers among those who bought little, and the frequent buyers who fell asleep."""
    rows, limits = reading.rows, reading.limits
    if not rows:
        return
    about: dict[str, Any] = {"span": (reading.churn_days, "days")}
    few = rows[0]
    if (few["sleeping_share"] or 0) >= limits["sleeping_share"] and reading.speakable(few["sleeping_count"]):
        evidence = {
            "sleeping_count": few["sleeping_count"],
            "few_count": few["member_count"],
            "buyer_count": reading.base,
            "sleeping_share": few["sleeping_share"],
            "sleeping_amount": few["sleeping_amount"],
        }
        band = (few["lower"], few["upper"], "orders")
        yield reading.found(
            "sleeping_few", few["sleeping_count"] / reading.base, evidence, about=about | {"band": band}
        )
    frequent = rows[2:] or rows[1:]
    count, amount = int(reading.total("sleeping_count", frequent)), reading.total("sleeping_amount", frequent)
    share = ratio(amount, reading.total("sleeping_amount")) or 0.0
    if frequent and reading.speakable(count) and share >= limits["sleeping_money_share"]:
        evidence = {
            "sleeping_count": count,
            "frequent_count": int(reading.total("member_count", frequent)),
            "sleeping_amount": amount,
            "sleeping_amount_share": share,
            "mean_amount": amount / count,
        }
        about["band"] = (frequent[0]["lower"], None, "orders")
        yield reading.found("sleeping_frequent", count / reading.base, evidence, about=about)


@theme.headline(count_bands)
def count_bands_title(reading: Reading) -> Title | None:
    """Those of fewest orders where they are most, else the fullest interval."""
    fullest = max(reading.rows, key=lambda row: row["member_share"] or 0)
    if fullest["member_share"] is None:
        return None
    return (
        "text",
        {"few_share": fullest["member_share"]},
        {"band": (fullest["lower"], fullest["upper"], "orders")},
    )


@theme.headline(sleeping)
def sleeping_title(reading: Reading) -> Title | None:
    """Share asleep among those of fewest orders; among all where they are too few."""
    few = reading.rows[0]
    if few["sleeping_share"] is not None and reading.speakable(few["member_count"]):
        return (
            "text",
            {"sleeping_share": few["sleeping_share"]},
            {"band": (few["lower"], few["upper"], "orders")},
        )
    share = ratio(reading.total("sleeping_count"), reading.total("member_count"))
    return None if share is None else ("text_all", {"sleeping_share": share}, {})
