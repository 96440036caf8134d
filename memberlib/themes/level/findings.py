"""What the levels, other level rules and the cost of discounts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title, times
from memberlib.themes.level.analyses import discount_cost, flow, structure, theme


@theme.finding(structure)
def from_structure(reading: Reading) -> Iterator[Finding]:
    """The lowest level, one that brings money beyond its share, repeat rates apart, levels nobody holds."""
    rows, limits = reading.rows, reading.limits
    if not rows:
        return
    lowest = rows[0]
    if (lowest["member_share"] or 0) >= limits["lowest_level_share"] and reading.speakable(
        lowest["member_count"]
    ):
        yield _lowest(reading, lowest)
    best = _beyond_share(reading)
    if best:
        yield reading.found(
            "level_money",
            best["amount_share"],
            {
                "level_count": best["member_count"],
                "member_count": reading.base,
                "level_share": best["member_share"],
                "level_amount": best["amount"],
                "amount": reading.total("amount"),
                "amount_share": best["amount_share"],
                "money_ratio": times(best["amount_share"], best["member_share"]),
            },
            about={"level": best["level"]},
        )
    yield from _repeat_gap(reading)
    empty = [row["level"] for row in rows[1:] if row["level"] and not row["member_count"]]
    if empty:
        yield reading.found(
            "empty_level", 1.0, {"level_count": 0, "member_count": reading.base}, about={"levels": empty}
        )


def _lowest(reading: Reading, lowest: Row) -> Finding:
    following = reading.rows[1]["level"] if len(reading.rows) > 1 else None
    about: dict[str, Any] = {"level": lowest["level"], "level_next": following}
    rule = _rules(reading).get(following, {}) if following else {}
    action = "action"
    if rule.get("amount") and rule.get("orders"):
        about |= {"amount_next": rule["amount"], "count_next": rule["orders"]}
        action = "action_rule"
    evidence = {
        "level_count": lowest["member_count"],
        "member_count": reading.base,
        "level_share": lowest["member_share"],
        "level_amount": lowest["amount"],
        "amount": reading.total("amount"),
        "amount_share": lowest["amount_share"] or 0,
    }
    return reading.found(
        "lowest_level",
        lowest["member_share"],
        evidence,
        about=about,
        action=action if following else "action_only",
    )


def _beyond_share(reading: Reading) -> Row | None:
    limits = reading.limits
    beyond = [
        row
        for row in reading.rows[1:]
        if row["level"]
        and reading.speakable(row["member_count"])
        and (row["amount_share"] or 0) >= limits["level_money_share"]
        and times(row["amount_share"], row["member_share"]) >= limits["level_money_ratio"]
    ]
    return max(beyond, key=lambda row: row["amount_share"] - row["member_share"], default=None)


def _repeat_gap(reading: Reading) -> Iterator[Finding]:
    known = [
        row
        for row in reading.rows
        if row["repeat_share"] is not None and row["level"] and reading.speakable(row["member_count"])
    ]
    if len(known) < 2:
        return
    low, high = known[0], max(known[1:], key=lambda row: row["member_count"])
    gap = high["repeat_share"] - low["repeat_share"]
    if gap >= reading.limits["repeat_gap_share"]:
        evidence = {
            "repeat_high_share": high["repeat_share"],
            "repeat_low_share": low["repeat_share"],
            "high_count": high["member_count"],
            "low_count": low["member_count"],
            "member_count": reading.base,
        }
        yield reading.found(
            "repeat_gap", gap, evidence, about={"level_high": high["level"], "level_low": low["level"]}
        )


@theme.finding(flow)
def from_flow(reading: Reading) -> Iterator[Finding]:
    """Who moves under other rules, and what the new discounts would have taken off their past orders."""
    up = [row for row in reading.rows if row["move"] == "up"]
    down = [row for row in reading.rows if row["move"] == "down"]
    up_count, down_count = int(reading.total("member_count", up)), int(reading.total("member_count", down))
    if not up_count and not down_count:
        yield reading.found("rules_still", 1.0, {"member_count": reading.base, "moved_count": 0})
        return
    moved_share = (up_count + down_count) / reading.base
    if moved_share < reading.limits["move_share"] or not reading.speakable(up_count + down_count):
        return
    cost = _extra_cost(reading, up + down)
    evidence = {
        "up_count": up_count,
        "down_count": down_count,
        "member_count": reading.base,
        "moved_share": moved_share,
        "moved_amount": reading.total("amount", up + down),
        "extra_amount": None if cost is None else abs(cost),
    }
    wording = "text_both" if up_count and down_count else "text_up" if up_count else "text_down"
    action = "action" if not cost else "action_dearer" if cost > 0 else "action_cheaper"
    yield reading.found("rules_move", moved_share, evidence, wording=wording, action=action)


def _extra_cost(reading: Reading, rows: list[Row]) -> float | None:
    """What the movers' past orders would have cost in discounts at their new level, less at their old one."""
    before, after = (
        _prices(getattr(reading.settings, "level_rules", None)),
        _prices(reading.params.get("rules")),
    )
    if not after:
        return None
    before = before or after
    return sum(
        (row["amount"] or 0) * (before.get(row["level_from"], 1.0) - after.get(row["level_to"], 1.0))
        for row in rows
    )


def _prices(rules: Any) -> dict[str, float]:
    return {level: rule.get("discount") or 1.0 for level, rule in _by_level(rules).items()}


@theme.finding(discount_cost)
def from_discount_cost(reading: Reading) -> Iterator[Finding]:
    """What the levels' discounts would have cost on past orders, and which level takes most of it."""
    cost, amount = reading.total("cost_amount"), reading.total("amount")
    share = ratio(cost, amount)
    about: dict[str, Any] = {"span": (int(reading.params.get("days") or 365), "days")}
    evidence: dict[str, Any] = {
        "cost_amount": cost,
        "amount": amount,
        "order_count": int(reading.total("order_count")),
    }
    if not cost or share is None:
        yield reading.found("discounts_none", 1.0, evidence, about=about)
        return
    most = max(reading.rows, key=lambda row: row["cost_amount"] or 0)
    about["level"] = most["level"]
    evidence |= {
        "cost_share": share,
        "level_cost_amount": most["cost_amount"],
        "level_share": most["cost_amount"] / cost,
    }
    code = "discounts_dear" if share >= reading.limits["discount_cost_share"] else "discounts_fair"
    yield reading.found(code, share, evidence, about=about)


def near_level(reading: Reading) -> Iterator[Finding]:
    """Members just below a level by the shop's rule, from one row per member with total and orders."""
    rules = [rule for rule in _rules(reading).values() if rule.get("amount") or rule.get("orders")]
    total, orders = reading.result["total_amount"], reading.result["order_count"]
    best: tuple[int, Any, Mapping[str, Any]] | None = None
    for rule in rules:
        reached, near = total != total, total != total
        if rule.get("amount"):
            reached = reached | (total >= rule["amount"])
            near = near | (total >= rule["amount"] * reading.limits["near_level_ratio"])
        if rule.get("orders"):
            reached = reached | (orders >= rule["orders"])
            near = near | (orders == rule["orders"] - 1)
        just_below = near & ~reached
        count = int(just_below.sum())
        if best is None or count > best[0]:
            best = (count, just_below, rule)
    if best is None or not reading.speakable(best[0]):
        return
    count, just_below, rule = best
    evidence = {
        "near_count": count,
        "buyer_count": reading.base,
        "near_share": count / reading.base,
        "near_amount": float(total[just_below].sum()),
    }
    form = (
        "both" if rule.get("amount") and rule.get("orders") else "amount" if rule.get("amount") else "orders"
    )
    about = {"level": rule["level"], "amount_next": rule.get("amount"), "count_next": rule.get("orders")}
    yield reading.found(
        "near_level", count / reading.base, evidence, about=about, wording=f"text_{form}", theme="level"
    )


def _rules(reading: Reading) -> dict[str, Mapping[str, Any]]:
    """Level → rule, of the result's own parameters where it carries them, else of the shop's settings."""
    return _by_level(reading.params.get("rules") or getattr(reading.settings, "level_rules", None))


def _by_level(rules: Any) -> dict[str, Mapping[str, Any]]:
    written = [rule if isinstance(rule, Mapping) else vars(rule) for rule in rules or ()]
    return {str(rule["level"]): rule for rule in written if rule.get("level")}


@theme.headline(structure)
def structure_title(reading: Reading) -> Title | None:
    """The level that brings most beyond its share; the lowest where there is none."""
    best = _beyond_share(reading)
    chosen = best or max(reading.rows, key=lambda row: row["member_count"] or 0)
    if not chosen["level"] or not reading.speakable(chosen["member_count"]):
        return None
    shares = {"level_share": chosen["member_share"] or 0, "amount_share": chosen["amount_share"] or 0}
    return "text_beyond" if best else "text", shares, {"level": chosen["level"]}


@theme.headline(flow)
def flow_title(reading: Reading) -> Title | None:
    """How many go up and down."""
    counts = {
        f"{move}_count": int(
            reading.total("member_count", (row for row in reading.rows if row["move"] == move))
        )
        for move in ("up", "down")
    }
    return "text" if any(counts.values()) else "text_still", counts, {}


@theme.headline(discount_cost)
def discount_cost_title(reading: Reading) -> Title | None:
    """What the discounts would have cost."""
    cost, share = reading.total("cost_amount"), ratio(reading.total("cost_amount"), reading.total("amount"))
    about = {"span": (int(reading.params.get("days") or 365), "days")}
    if not cost or share is None:
        return "text_none", {}, about
    return "text", {"cost_amount": cost, "cost_share": share}, about
