"""Findings of the amounts: the usual order, the dear end, how much rests on how few, high spenders gone quiet."""

from __future__ import annotations

from typing import Any

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.offers import coupon, spend_over
from memberlib.sentences.reading import Reading, Row, Title, times
from memberlib.themes.amount.analyses import amount_bands, concentration, high_spenders, theme


@theme.finding(amount_bands)
def modal_band(reading: Reading) -> Finding | None:
    """The fullest interval, where it holds many and clearly more than its even share; with a coupon above it."""
    rows, share_name = _rows(reading), _share_name(reading)
    modal = max(rows, key=lambda row: row[share_name], default=None)
    if modal is None or len(rows) < 2 or not reading.speakable(modal["member_count"]):
        return None
    share, limits = modal[share_name], reading.limits
    if share < max(limits["modal_share"], limits["modal_ratio"] / len(rows)):
        return None
    measure = _measure(reading)
    evidence = {
        "modal_count": modal["order_count" if measure == "order" else "member_count"],
        "base_count": reading.base,
        "modal_share": share,
        "modal_amount": modal["amount"],
        "amount_share": modal["amount_share"] or 0,
    }
    action, offer = _offer(reading, modal, measure)
    return reading.say(
        share, evidence | offer, about={"band": _band(modal)}, wording=f"text_{measure}", action=action
    )


@theme.finding(amount_bands)
def high_band(reading: Reading) -> Finding | None:
    """The highest interval, where few bring much."""
    rows, share_name, limits = _rows(reading), _share_name(reading), reading.limits
    if len(rows) < 2 or not reading.speakable(rows[-1]["member_count"]):
        return None
    high, measure = rows[-1], _measure(reading)
    money_ratio = times(high["amount_share"], high[share_name])
    if (high["amount_share"] or 0) < limits["high_money_share"] or money_ratio < limits["high_money_ratio"]:
        return None
    evidence = {
        "high_count": high["order_count" if measure == "order" else "member_count"],
        "high_order_count": high["order_count"],
        "base_count": reading.base,
        "high_share": high[share_name],
        "high_amount": high["amount"],
        "amount": reading.total("amount"),
        "amount_share": high["amount_share"],
        "money_ratio": money_ratio,
    }
    action = "action_order" if measure == "order" else "action"
    about = {"band": _band(high)}
    return reading.say(high["amount_share"], evidence, about=about, wording=f"text_{measure}", action=action)


def _measure(reading: Reading) -> str:
    return str(reading.params.get("measure") or "mean")


def _share_name(reading: Reading) -> str:
    return "order_share" if _measure(reading) == "order" else "member_share"


def _rows(reading: Reading) -> list[Row]:
    """The intervals, where anybody is in any of them."""
    return [row for row in reading.rows if row[_share_name(reading)] is not None]


def _band(row: Row) -> tuple[Any, Any, str]:
    return row["lower"], row["upper"], "money"


def _offer(reading: Reading, modal: Row, measure: str) -> tuple[str, dict[str, Any]]:
    """What to do about the fullest interval, and the amounts in it."""
    if modal["upper"] is None:
        return ("action_top_order" if measure == "order" else "action_top"), {}
    mean = ratio(reading.total("amount"), reading.total("order_count"))
    spend = spend_over(modal["upper"], mean, reading.currency, limits=reading.limits)
    if measure == "total" or spend is None:
        return "action_total", {}
    value = coupon(spend, reading.currency, reading.limits)
    offer = {"mean_amount": mean, "spend_amount": spend, "coupon_amount": value}
    return ("action_spend" if value is None else "action_coupon"), offer


@theme.finding(concentration)
def concentrated(reading: Reading) -> Finding | None:
    """The top tenth of members bring much."""
    top = _top(reading)
    if top is None or top["amount_share"] < reading.limits["concentrated_share"]:
        return None
    return reading.say(top["amount_share"], _of_top(reading, top))


@theme.finding(concentration)
def broad(reading: Reading) -> Finding | None:
    """The top tenth of members bring little more than others."""
    top = _top(reading)
    if top is None or top["amount_share"] > reading.limits["broad_share"]:
        return None
    return reading.say(top["amount_share"], _of_top(reading, top))


def _top(reading: Reading) -> Row | None:
    """The row of the top share that is read; None where it is too few members, or nothing was sold."""
    known = [row for row in reading.rows if row["amount_share"] is not None]
    top = min(known, key=lambda row: abs(row["top_share"] - reading.limits["top_share"]), default=None)
    return top if top is not None and reading.speakable(top["member_count"]) else None


def _of_top(reading: Reading, top: Row) -> dict[str, Any]:
    return {
        "top_share": top["top_share"],
        "top_count": top["member_count"],
        "buyer_count": reading.base,
        "top_amount": top["amount"],
        "amount": reading.rows[-1]["amount"],
        "amount_share": top["amount_share"],
        "least_amount": top["least_amount"],
        "tenth_amount": top["amount"] / 10,
    }


@theme.finding(high_spenders)
def spenders(reading: Reading) -> Finding | None:
    """What the listed high spenders bring, where that is much."""
    rows, share = reading.rows, _share_of_listed(reading)
    if not reading.speakable(len(rows)) or not _listed_are_few(reading):
        return None
    if share < reading.limits["spenders_share"]:
        return None
    evidence = {
        "spender_count": len(rows),
        "buyer_count": reading.base,
        "spender_amount": reading.total("total_amount"),
        "amount_share": share,
        "least_amount": rows[-1]["total_amount"],
    }
    return reading.say(share, evidence)


@theme.finding(high_spenders)
def spenders_quiet(reading: Reading) -> Finding | None:
    """How many of the listed high spenders are asleep."""
    rows, limits = reading.rows, reading.limits
    quiet = [row for row in rows if (row["recency_days"] or 0) > reading.churn_days]
    if not reading.speakable(len(quiet)) or len(quiet) / len(rows) < limits["spenders_quiet_share"]:
        return None
    evidence = {
        "quiet_count": len(quiet),
        "spender_count": len(rows),
        "quiet_share": len(quiet) / len(rows),
        "quiet_amount": reading.total("total_amount", quiet),
        "spender_amount": reading.total("total_amount"),
        "churn_days": reading.churn_days,
    }
    # a list of twenty is a small share of any large shop's sales, and still the first to be called
    concerned = max(reading.total("amount_share", quiet), evidence["quiet_share"] / 5)
    return reading.say(concerned, evidence)


def _listed_are_few(reading: Reading) -> bool:
    """Whether the list is a small part of all members: twenty of fifty bring much in any shop."""
    return len(reading.rows) <= reading.limits["spenders_member_share"] * reading.base


def _share_of_listed(reading: Reading) -> float:
    return min(1.0, reading.total("amount_share"))


@theme.headline(amount_bands)
def amount_bands_title(reading: Reading) -> Title | None:
    """No interval stands out; how many are in the fullest."""
    rows, name = _rows(reading), _share_name(reading)
    modal = max(rows, key=lambda row: row[name], default=None)
    if modal is None:
        return None
    wording = "text_order" if _measure(reading) == "order" else "text"
    return wording, {"modal_share": modal[name]}, {"band": _band(modal)}


@theme.headline(concentration)
def concentration_title(reading: Reading) -> Title | None:
    """What the top tenth bring, which is neither much nor little."""
    top = _top(reading)
    if top is None:
        return None
    return "text", {"top_share": top["top_share"], "amount_share": top["amount_share"]}, {}


@theme.headline(high_spenders)
def high_spenders_title(reading: Reading) -> Title | None:
    """What the listed members bring, where that is little, or they are a large part of all."""
    if not reading.speakable(len(reading.rows)):
        return None
    wording = "text" if _listed_are_few(reading) else "text_many"
    evidence = {"spender_count": len(reading.rows), "amount_share": _share_of_listed(reading)}
    return wording, evidence | {"buyer_count": reading.base}, {}
