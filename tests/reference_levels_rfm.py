"""Levels and RFM worked out the slow way: plain Python on raw rows, exact fractions, one member at a time.

Nothing here is shared with memberlib; it follows the published definitions alone.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

import pandas as pd
from hypothesis import settings as profile
from hypothesis import strategies as st

EXAMPLES = max(150, profile.default.max_examples)  # the fuzz profile asks for more
LEVELS = ["regular", "advanced", "vip", "supreme"]
COUNTED = {"paid", "shipped", "completed"}

FIRST_DAY = dt.date(2024, 1, 15)
TIMES = [dt.time(), dt.time(12, 30), dt.time(23, 59, 59)]


@st.composite
def shops(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dt.date]:
    """Order rows and an as-of date: few members, ties, amounts at edges, guests, refunds, unpaid orders."""
    cents = st.one_of(st.sampled_from([1, 4_999, 5_000, 5_001, 10_000, 100_000]), st.integers(1, 200_000))
    groups: list[list[str | None]] = [["a"], ["a", "b", None], ["a", "b", "c", "d", "e", "f"], [None]]
    member = st.sampled_from(draw(st.sampled_from(groups)))
    days = st.integers(0, draw(st.sampled_from([0, 3, 60, 500])))
    row = st.tuples(member, days, st.sampled_from(TIMES), cents, st.sampled_from([0, 0, 0, 1, 2]),
                    st.sampled_from([*["completed"] * 4, "shipped", "paid", "cancelled", "pending"]),
                    st.sampled_from(["Kent", "Devon", "", None]))  # fmt: skip
    rows = []
    for number, (who, day, time, paid, refunded, status, region) in enumerate(
        draw(st.lists(row, max_size=25))
    ):
        refund = {0: 0, 1: paid // 3, 2: paid}[refunded]
        rows.append({
            "order_id": f"{number:03d}", "member_id": who, "status": status, "region": region or None,
            "paid_at": dt.datetime.combine(FIRST_DAY + dt.timedelta(days=day), time),
            "paid_amount": f"{paid / 100:.2f}", "refund_amount": f"{refund / 100:.2f}",
        })  # fmt: skip
    first = min((row["paid_at"].date() for row in rows), default=FIRST_DAY)
    last = max((row["paid_at"].date() for row in rows), default=FIRST_DAY)
    as_of = draw(
        st.sampled_from([last, last, first, last + dt.timedelta(days=40)]) if rows else st.just(last)
    )
    if rows and draw(st.booleans()):
        as_of = first + dt.timedelta(days=draw(st.integers(0, (last - first).days)))
    return rows, as_of


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = ["order_id", "member_id", "paid_at", "paid_amount", "refund_amount", "status", "region"]
    made = pd.DataFrame(rows, columns=columns)
    return made.astype({"paid_at": "datetime64[us]"})


def exact(value: Any) -> Fraction:
    return Fraction(str(value))


def trades_by_member(orders: list[dict[str, Any]], as_of: dt.date) -> dict[str, list[dict[str, Any]]]:
    """Every member's counted trades up to ``as_of``, oldest first."""
    kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in orders:
        if row["member_id"] is None or row["paid_at"] is None or row["status"] not in COUNTED:
            continue
        net = exact(row["paid_amount"]) - exact(row["refund_amount"])
        if net > 0 and row["paid_at"].date() <= as_of:
            kept[row["member_id"]].append({**row, "net": net})
    return {
        member: sorted(rows, key=lambda row: (row["paid_at"], row["order_id"]))
        for member, rows in kept.items()
    }


def facts(orders: list[dict[str, Any]], as_of: dt.date) -> dict[str, tuple[int, int, Fraction]]:
    """member → (days since the last trade, trades, net amount)."""
    return {
        member: ((as_of - rows[-1]["paid_at"].date()).days, len(rows), sum(row["net"] for row in rows))
        for member, rows in trades_by_member(orders, as_of).items()
    }


def quantile(values: list[Fraction], share: Fraction) -> Fraction:
    """Type 7: the point at (n − 1) · share between the order statistics, counted from 0."""
    ranked = sorted(values)
    place = (len(ranked) - 1) * share
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (place - low) * (ranked[high] - ranked[low])


def edges_of(values: list[Any], method: str, scores: int, measure: str, churn_days: int) -> list[Fraction]:
    numbers = [Fraction(value) for value in values]
    if method == "active" and measure == "recency":
        return [Fraction(churn_days)]
    if method in ("active", "median"):
        return [quantile(numbers, Fraction(1, 2))]
    if method == "mean":
        return [sum(numbers, Fraction(0)) / len(numbers)]
    return [quantile(numbers, Fraction(k, scores)) for k in range(1, scores)]


def score(value: Any, edges: list[Fraction], *, few_is_good: bool) -> int:
    passed = sum(Fraction(value) > edge for edge in edges)
    return len(edges) + 1 - passed if few_is_good else passed + 1


def scores_of(
    known: dict[str, tuple[int, int, Fraction]], edges: list[list[Fraction]]
) -> dict[str, tuple[int, int, int]]:
    return {
        member: (
            score(days, edges[0], few_is_good=True),
            score(count, edges[1], few_is_good=False),
            score(total, edges[2], few_is_good=False),
        )
        for member, (days, count, total) in known.items()
    }


def segment_of(r: int, f: int, m: int, scores: int) -> str:
    """The table of eight, spelt out."""
    limit = (scores + 1) // 2
    recent, often, much = r > limit, f > limit, m > limit
    if recent and often:
        kind = "value"
    elif often:
        kind = "keep"
    elif recent:
        kind = "develop"
    else:
        kind = "winback"
    return ("important_" if much else "general_") + kind


def is_recent(segment: str) -> bool:
    """Whether a high R makes that segment, of the eight."""
    return segment.endswith(("_value", "_develop"))


def least_breaks_cost(values: list[float], classes: int) -> float:
    """Least summed squared deviation from class means over every way to cut the sorted values."""
    ranked = sorted(Fraction(value) for value in values)

    def spread(part: list[Fraction]) -> Fraction:
        mean = sum(part) / len(part)
        return sum(((value - mean) ** 2 for value in part), Fraction(0))

    best = None
    for cuts in itertools.combinations(range(1, len(ranked)), min(classes, len(ranked)) - 1):
        borders = [0, *cuts, len(ranked)]
        cost = sum(spread(ranked[a:b]) for a, b in itertools.pairwise(borders))
        best = cost if best is None else min(best, cost)
    return float(best or 0)


def breaks_cost(values: list[float], edges: list[float]) -> float:
    parts: dict[int, list[Fraction]] = defaultdict(list)
    for value in values:
        parts[sum(value > edge for edge in edges)].append(Fraction(value))
    cost = Fraction(0)
    for part in parts.values():
        mean = sum(part) / len(part)
        cost += sum((value - mean) ** 2 for value in part)
    return float(cost)


def ntile_split(values: list[Any], parts: int) -> int:
    """Members whose equals NTILE(parts) over the sorted values puts into another part."""
    size, larger = divmod(len(values), parts)
    tiles: list[int] = []
    for part in range(parts):
        tiles += [part] * (size + (1 if part < larger else 0))
    seen: dict[Any, set[int]] = defaultdict(set)
    for value, tile in zip(values, tiles, strict=True):
        seen[value].add(tile)
    return sum(len(seen[value]) > 1 for value in values)


def level_by(rules: list[dict[str, Any]], amount: Fraction, orders: int) -> str:
    held = rules[0]["level"]
    for rule in rules[1:]:
        enough = rule.get("amount") is not None and amount >= exact(rule["amount"])
        often = rule.get("orders") is not None and orders >= rule["orders"]
        if enough or often:
            held = rule["level"]
    return held


def just_below(rule: dict[str, Any], amount: Fraction, orders: int) -> tuple[bool, bool]:
    """Whether four fifths of the level's amount are spent, whether one order is missing; neither once it is reached."""
    sum_needed, orders_needed = rule.get("amount"), rule.get("orders")
    reached = (sum_needed is not None and amount >= exact(sum_needed)) or (orders_needed or 10**9) <= orders
    by_amount = sum_needed is not None and amount >= exact(sum_needed) * 4 / 5
    return by_amount and not reached, orders + 1 == orders_needed and not reached


def level_walk(
    rows: list[dict[str, Any]],
    old: list[dict[str, Any]],
    new: list[dict[str, Any]] | None = None,
    since: dt.date | None = None,
) -> list[str]:
    """The level before the first trade and after each; it changes at a trade only, by that day's rules."""
    held, amount = old[0]["level"], Fraction(0)
    walk = [held]
    for number, row in enumerate(rows, start=1):
        amount += row["net"]
        in_force = new if new is not None and (since is None or row["paid_at"].date() >= since) else old
        walk.append(level_by(in_force, amount, number))
    return walk


def levels(
    orders: list[dict[str, Any]],
    as_of: dt.date,
    listed: list[str],
    old: list[dict[str, Any]],
    new: list[dict[str, Any]] | None = None,
    since: dt.date | None = None,
) -> dict[str, str]:
    """Level of every member known, without any list level."""
    traded = trades_by_member(orders, as_of)
    return {member: level_walk(traded.get(member, []), old, new, since)[-1] for member in {*listed, *traded}}


def discount_cost(
    orders: list[dict[str, Any]], as_of: dt.date, rules: list[dict[str, Any]], days: int
) -> dict[str, tuple[int, Fraction, Fraction]]:
    """level before the order → (orders, amount, discount given)."""
    price = {rule["level"]: exact(rule.get("discount", 1)) for rule in rules}
    count: Counter[str] = Counter()
    amount: dict[str, Fraction] = defaultdict(Fraction)
    for rows in trades_by_member(orders, as_of).values():
        walk = level_walk(rows, rules)
        for before, row in zip(walk, rows, strict=False):
            if (as_of - row["paid_at"].date()).days < days:
                count[before] += 1
                amount[before] += row["net"]
    return {level: (count[level], amount[level], amount[level] * (1 - price[level])) for level in count}
