"""What the levels, other level rules, the cost of discounts and members just below a level say.

Nothing is found in a shop that has no levels of its own, and nothing that follows from example rules.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

from memberlib.results import ratio
from memberlib.sentences.chance import beyond_chance
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title, times
from memberlib.themes.level.analyses import discount_cost, flow, near_levels, structure, theme
from memberlib.themes.level.standing import NO_LEVEL

Finder = Callable[[Reading], Finding | None]


def of_own_levels(finder: Finder) -> Finder:
    """A finder that says nothing where the shop has no levels, or the rules are only an example."""

    @functools.wraps(finder)
    def find(reading: Reading) -> Finding | None:
        return finder(reading) if _own(reading) else None

    return find


# ---------------------------------------------------------------- the levels


@theme.finding(structure)
@of_own_levels
def lowest_level(reading: Reading) -> Finding | None:
    """Most members are at the lowest level: show them how far the next one is."""
    rows = _levels(reading)
    if not rows or not reading.speakable(rows[0]["member_count"]):
        return None
    lowest, above = rows[0], rows[1]["level"] if len(rows) > 1 else None
    if (lowest["member_share"] or 0) < reading.limits["lowest_level_share"]:
        return None
    about: dict[str, Any] = {"level": lowest["level"], "level_next": above}
    rule = _rules(reading).get(above or "", {})
    action = "action" if above else "action_only"
    if rule.get("amount") and rule.get("orders"):
        about |= {"amount_next": rule["amount"], "count_next": rule["orders"]}
        action = "action_rule"
    return reading.say(lowest["member_share"], _part(reading, lowest), about=about, action=action)


@theme.finding(structure)
@of_own_levels
def level_money(reading: Reading) -> Finding | None:
    """A level brings money beyond its share of members."""
    best = _beyond_share(reading)
    if best is None:
        return None
    evidence = {
        **_part(reading, best),
        "money_ratio": times(best["amount_share"], best["member_share"]),
    }
    return reading.say(best["amount_share"], evidence, about={"level": best["level"]})


@theme.finding(structure)
@of_own_levels
def repeat_gap(reading: Reading) -> Finding | None:
    """Buyers of a higher level come back more often than those of the lowest, by more than chance."""
    known = [
        row
        for row in _levels(reading)
        if row["repeat_share"] is not None and reading.speakable(row["buyer_count"])
    ]
    if len(known) < 2:
        return None
    low, high = known[0], max(known[1:], key=lambda row: row["buyer_count"])
    gap = high["repeat_share"] - low["repeat_share"]
    if gap < reading.limits["repeat_gap_share"] or not beyond_chance(_distance(low, high), 1, reading.limits):
        return None
    evidence = {
        "repeat_high_share": high["repeat_share"],
        "repeat_low_share": low["repeat_share"],
        "high_count": high["buyer_count"],
        "low_count": low["buyer_count"],
    }
    return reading.say(gap, evidence, about={"level_high": high["level"], "level_low": low["level"]})


@theme.finding(structure)
@of_own_levels
def empty_level(reading: Reading) -> Finding | None:
    """Levels that the rules know and nobody has."""
    empty = [row["level"] for row in _levels(reading)[1:] if not row["member_count"]]
    if not empty:
        return None
    evidence = {"level_count": 0, "member_count": reading.base}
    return reading.say(1.0, evidence, about={"levels": empty})


@theme.headline(structure)
def structure_title(reading: Reading) -> Title | None:
    """The level of most members; who would rise above the lowest, by example rules."""
    rows = _levels(reading)
    if _example(reading) and rows:
        above = sum(row["member_count"] for row in rows[1:])
        return "text_example", {"above_share": ratio(above, reading.base) or 0}, {"level": rows[0]["level"]}
    most = max(rows, key=lambda row: row["member_count"], default=None)
    if most is None or not reading.speakable(most["member_count"]):
        return None
    shares = {"level_share": most["member_share"] or 0, "amount_share": most["amount_share"] or 0}
    return "text", shares, {"level": most["level"]}


# ---------------------------------------------------------------- other rules


@theme.finding(flow)
@of_own_levels
def rules_move(reading: Reading) -> Finding | None:
    """Who moves up and down under the rules on trial."""
    moved = [row for row in reading.rows if row["move"] != "same"]
    count = int(reading.total("member_count", moved))
    share = ratio(count, reading.base) or 0
    if share < reading.limits["move_share"] or not reading.speakable(count):
        return None
    up, down = _moved(reading)
    evidence = {
        "up_count": up,
        "down_count": down,
        "member_count": reading.base,
        "moved_share": share,
        "moved_amount": reading.total("amount", moved),
    }
    return reading.say(
        share,
        evidence,
        wording="text_both" if up and down else "text_up" if up else "text_down",
        action="action_down" if down else "action",
    )


@theme.finding(flow)
@of_own_levels
def rules_still(reading: Reading) -> Finding | None:
    """The rules on trial change nobody's level."""
    if any(_moved(reading)):
        return None
    return reading.say(1.0, {"member_count": reading.base, "moved_count": 0})


@theme.finding(flow)
@of_own_levels
def rules_cost(reading: Reading) -> Finding | None:
    """What the discounts of the rules on trial would have cost more, or less, on past orders."""
    extra, amount = reading.attrs.get("extra_amount") or 0.0, reading.attrs.get("order_amount")
    share = ratio(abs(extra), amount)
    if not extra or share is None or share < reading.limits["cost_change_share"]:
        return None
    up, down = _moved(reading)
    evidence = {
        "extra_amount": abs(extra),
        "extra_share": share,
        "cost_new_amount": reading.attrs["cost_new_amount"],
        "cost_now_amount": reading.attrs["cost_now_amount"],
        "amount": amount,
        "up_count": up,
        "down_count": down,
    }
    wording = "dearer" if extra > 0 else "cheaper"
    return reading.say(
        share, evidence, about=_span(reading), wording=f"text_{wording}", action=f"action_{wording}"
    )


@theme.headline(flow)
def flow_title(reading: Reading) -> Title | None:
    """How many would go up and down."""
    up, down = _moved(reading)
    counts = {"up_count": up, "down_count": down, "member_count": reading.base}
    if _example(reading):
        return "text_example", counts, {}
    return "text" if up or down else "text_still", counts, {}


# ---------------------------------------------------------------- discounts


@theme.finding(discount_cost)
@of_own_levels
def discounts_dear(reading: Reading) -> Finding | None:
    """The discounts would have cost a good part of the margin."""
    return _cost(reading) if _cost_share(reading) >= reading.limits["discount_cost_share"] else None


@theme.finding(discount_cost)
@of_own_levels
def discounts_fair(reading: Reading) -> Finding | None:
    """The discounts would have cost little."""
    return _cost(reading) if 0 < _cost_share(reading) < reading.limits["discount_cost_share"] else None


@theme.finding(discount_cost)
@of_own_levels
def discounts_none(reading: Reading) -> Finding | None:
    """There are discounts, and no order was made at a level that has one."""
    given = any((rule.get("discount") or 1) < 1 for rule in _rules(reading).values())
    if not given or _cost_share(reading):
        return None
    evidence = {
        "cost_amount": 0.0,
        "amount": reading.total("amount"),
        "order_count": int(reading.total("order_count")),
    }
    return reading.say(1.0, evidence, about=_span(reading))


def _cost(reading: Reading) -> Finding:
    most = max(reading.rows, key=lambda row: row["cost_amount"] or 0)
    cost = reading.total("cost_amount")
    evidence = {
        "cost_amount": cost,
        "amount": reading.total("amount"),
        "order_count": int(reading.total("order_count")),
        "cost_share": _cost_share(reading),
        "level_cost_amount": most["cost_amount"],
        "level_share": most["cost_amount"] / cost,
    }
    about = {**_span(reading), "level": most["level"]}
    action = "action_lowest" if most is _levels(reading)[0] else "action"
    return reading.say(evidence["cost_share"], evidence, about=about, action=action)


@theme.headline(discount_cost)
def discount_cost_title(reading: Reading) -> Title | None:
    """What the discounts would have cost."""
    share = _cost_share(reading)
    cost = {"cost_amount": reading.total("cost_amount"), "cost_share": share}
    return "text_example" if _example(reading) else "text" if share else "text_none", cost, _span(reading)


# ---------------------------------------------------------------- just below a level


@theme.finding(near_levels)
@of_own_levels
def near_level(reading: Reading) -> Finding | None:
    """The level that most members stand just below."""
    best = _nearest(reading)
    if best is None or not reading.speakable(best["member_count"]):
        return None
    rule = _rules(reading).get(best["level"], {})
    amount, orders = rule.get("amount"), rule.get("orders")
    evidence = {
        "near_count": best["member_count"],
        "buyer_count": reading.base,
        "near_share": best["member_share"],
        "near_amount": best["amount"],
        "missing_amount": best["mean_missing_amount"],
    }
    return reading.say(
        best["member_share"],
        evidence,
        about={"level": best["level"], "amount_next": amount, "count_next": orders},
        wording="text_both" if amount and orders else "text_amount" if amount else "text_orders",
        action="action" if best["mean_missing_amount"] is None else "action_amount",
    )


@theme.headline(near_levels)
def near_levels_title(reading: Reading) -> Title | None:
    """How many stand just below the level that most are near to."""
    best = _nearest(reading)
    if best is None:
        return None
    count, about = {"near_count": best["member_count"]}, {"level": best["level"]}
    if _example(reading):
        return "text_example", count, about
    return "text" if reading.speakable(best["member_count"]) else "text_few", count, about


# ---------------------------------------------------------------- what several of them ask


def _own(reading: Reading) -> bool:
    return bool(reading.attrs.get("has_levels")) and not _example(reading)


def _example(reading: Reading) -> bool:
    return reading.attrs.get("rules_source") == "example"


def _levels(reading: Reading) -> list[Row]:
    """Rows of levels, lowest first, without those who have none."""
    return [row for row in reading.rows if row["level"] and row["level"] != NO_LEVEL]


def _rules(reading: Reading) -> dict[str, Mapping[str, Any]]:
    """Level → rule, of those that the result stands on."""
    return {str(rule["level"]): rule for rule in reading.params.get("rules") or ()}


def _part(reading: Reading, row: Row) -> dict[str, Any]:
    """A level's members and sales out of all."""
    return {
        "level_count": row["member_count"],
        "member_count": reading.base,
        "level_share": row["member_share"],
        "level_amount": row["amount"],
        "amount": reading.total("amount"),
        "amount_share": row["amount_share"] or 0,
    }


def _beyond_share(reading: Reading) -> Row | None:
    limits = reading.limits
    beyond = [
        row
        for row in _levels(reading)[1:]
        if reading.speakable(row["member_count"])
        and (row["amount_share"] or 0) >= limits["level_money_share"]
        and times(row["amount_share"], row["member_share"]) >= limits["level_money_ratio"]
    ]
    return max(beyond, key=lambda row: row["amount_share"] - row["member_share"], default=None)


def _distance(low: Row, high: Row) -> float:
    """How many standard errors the repeat rates of two levels lie apart (two-proportion z-test, pooled)."""
    counts = (low["buyer_count"], high["buyer_count"])
    pooled = (low["repeat_share"] * counts[0] + high["repeat_share"] * counts[1]) / sum(counts)
    error = math.sqrt(max(0.0, pooled * (1 - pooled)) * (1 / counts[0] + 1 / counts[1]))
    return (high["repeat_share"] - low["repeat_share"]) / error if error else 0.0


def _moved(reading: Reading) -> tuple[int, int]:
    """How many move up, and how many down."""
    up, down = (
        int(reading.total("member_count", (row for row in reading.rows if row["move"] == move)))
        for move in ("up", "down")
    )
    return up, down


def _cost_share(reading: Reading) -> float:
    return ratio(reading.total("cost_amount"), reading.total("amount")) or 0.0


def _span(reading: Reading) -> dict[str, Any]:
    return {"span": (int(reading.params.get("days") or 365), "days")}


def _nearest(reading: Reading) -> Row | None:
    return max(reading.rows, key=lambda row: row["member_count"], default=None)
