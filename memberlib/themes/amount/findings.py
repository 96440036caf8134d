"""What the order values, the high spenders and the concentration of sales say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memberlib.sentences.finding import Finding
from memberlib.sentences.offers import coupon, spend_over
from memberlib.sentences.reading import Reading, Row, Title, times
from memberlib.themes.amount.analyses import amount_bands, concentration, high_spenders, theme


@theme.finding(amount_bands)
def from_amount_bands(reading: Reading) -> Iterator[Finding]:
    """The fullest interval, with a coupon just above it, and the highest interval's share of sales."""
    measure, share_name = _measure(reading), _share_name(reading)
    rows = [row for row in reading.rows if row[share_name] is not None]
    if not rows:
        return
    modal = max(rows, key=lambda row: row[share_name])
    if modal[share_name] >= reading.limits["modal_share"] and reading.speakable(modal["member_count"]):
        yield _modal(reading, modal, measure, modal[share_name])
    high = rows[-1]
    if (
        len(rows) > 1
        and reading.speakable(high["member_count"])
        and (high["amount_share"] or 0) >= reading.limits["high_money_share"]
        and times(high["amount_share"], high[share_name]) >= reading.limits["high_money_ratio"]
    ):
        evidence = {
            "high_count": high["member_count"],
            "high_order_count": high["order_count"],
            "base_count": reading.base,
            "high_share": high[share_name],
            "high_amount": high["amount"],
            "amount": reading.total("amount"),
            "amount_share": high["amount_share"],
            "money_ratio": times(high["amount_share"], high[share_name]),
        }
        about = {"band": (high["lower"], high["upper"], "money")}
        yield reading.found(
            "high_band", high["amount_share"], evidence, about=about, wording=f"text_{measure}"
        )


def _measure(reading: Reading) -> str:
    return str(reading.params.get("measure") or reading.attrs.get("measure") or "mean")


def _share_name(reading: Reading) -> str:
    return "order_share" if _measure(reading) == "order" else "member_share"


def _modal(reading: Reading, modal: Row, measure: str, share: float) -> Finding:
    evidence = {
        "modal_count": modal["order_count"] if measure == "order" else modal["member_count"],
        "base_count": reading.base,
        "modal_share": share,
        "modal_amount": modal["amount"],
        "amount_share": modal["amount_share"] or 0,
    }
    action = (
        "action_total" if measure == "total" else "action_top" if modal["upper"] is None else "action_coupon"
    )
    if action == "action_coupon":
        spend = spend_over(modal["upper"], reading.currency, reading.limits)
        evidence |= {"spend_amount": spend, "coupon_amount": coupon(spend, reading.currency, reading.limits)}
        if evidence["coupon_amount"] is None:
            action = "action_spend" if spend is not None else "action_total"
    about = {"band": (modal["lower"], modal["upper"], "money")}
    return reading.found("modal_band", share, evidence, about=about, wording=f"text_{measure}", action=action)


@theme.finding(concentration)
def from_concentration(reading: Reading) -> Iterator[Finding]:
    """How much the top tenth of members bring, where that is much or little."""
    top = _top(reading)
    if top is None or not reading.speakable(top["member_count"]):
        return
    limits = reading.limits
    share = top["amount_share"]
    code = (
        "concentrated"
        if share >= limits["concentrated_share"]
        else "broad"
        if share <= limits["broad_share"]
        else ""
    )
    if code:
        evidence = {
            "top_share": top["top_share"],
            "top_count": top["member_count"],
            "buyer_count": reading.base,
            "top_amount": top["amount"],
            "amount": reading.rows[-1]["amount"],
            "amount_share": share,
            "least_amount": top["least_amount"],
            "tenth_amount": top["amount"] / 10,
        }
        yield reading.found(code, share, evidence)


def _top(reading: Reading) -> Row | None:
    known = [row for row in reading.rows if row["amount_share"] is not None]
    return min(known, key=lambda row: abs(row["top_share"] - reading.limits["top_share"]), default=None)


@theme.finding(high_spenders)
def from_high_spenders(reading: Reading) -> Iterator[Finding]:
    """What the listed high spenders bring, and how many of them are asleep."""
    rows, limits = reading.rows, reading.limits
    if not reading.speakable(len(rows)):
        return
    amount, share = reading.total("total_amount"), reading.total("amount_share")
    evidence: dict[str, Any] = {
        "spender_count": len(rows),
        "buyer_count": reading.base,
        "spender_amount": amount,
        "amount_share": share,
        "least_amount": rows[-1]["total_amount"],
    }
    if share >= limits["spenders_share"] and len(rows) < reading.base:
        yield reading.found("spenders", share, evidence)
    quiet = [row for row in rows if (row["recency_days"] or 0) > reading.churn_days]
    quiet_share = len(quiet) / len(rows)
    if quiet_share >= limits["spenders_quiet_share"] and reading.speakable(len(quiet)):
        evidence = {
            "quiet_count": len(quiet),
            "spender_count": len(rows),
            "quiet_share": quiet_share,
            "quiet_amount": reading.total("total_amount", quiet),
            "spender_amount": amount,
            "churn_days": reading.churn_days,
        }
        yield reading.found("spenders_quiet", max(share * quiet_share, quiet_share / 5), evidence)


@theme.headline(amount_bands)
def amount_bands_title(reading: Reading) -> Title | None:
    """The fullest interval."""
    name = _share_name(reading)
    modal = max(reading.rows, key=lambda row: row[name] or 0)
    if modal[name] is None:
        return None
    return (
        f"text_{_measure(reading)}",
        {"modal_share": modal[name]},
        {"band": (modal["lower"], modal["upper"], "money")},
    )


@theme.headline(concentration)
def concentration_title(reading: Reading) -> Title | None:
    """What the top tenth bring."""
    top = _top(reading)
    if top is None:
        return None
    return "text", {"top_share": top["top_share"], "amount_share": top["amount_share"]}, {}


@theme.headline(high_spenders)
def high_spenders_title(reading: Reading) -> Title | None:
    """What the listed members bring."""
    if not reading.speakable(len(reading.rows)):
        return None
    return (
        "text",
        {"spender_count": len(reading.rows), "amount_share": min(1.0, reading.total("amount_share"))},
        {},
    )
