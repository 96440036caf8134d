"""The theme "level": what a shop's levels are worth, who would move under other rules, what discounts cost.

A level is reached by a total net amount ≥ X **or** counted trades ≥ N; a member has the highest level whose
rule is met. A level changes only at the member's next successful trade after a rule change; a level set by
hand overrides the rule (the rules of Tmall's member levels, as its published course has them). So a member's
level is

1. the one set by hand, where the member list says so;
2. else, where other rules are asked about and the member traded on or after the day they took force
   (always, where no day is given): what those rules say of the member's totals at the last counted trade;
3. else the level until then: the member list's, where it has one, or what the shop's own rules say of those
   totals (no trade: the lowest level), or none, where the shop has set no rules.

The member list is a picture of the day it was exported. It is used only where ``as_of`` is not before the
shop's last order; for an earlier day every level, also one set by hand, comes from the rules.

A shop without rules and without levels in its member list has no levels. Its results stand on example rules
and say so (``rules_source``), and nothing is found in them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from memberlib.errors import InputError
from memberlib.lazy import Lazy
from memberlib.model import LEVELS
from memberlib.results import answer, columns_of, exact_sum, money, ratio
from memberlib.sentences.limits import limits
from memberlib.settings import EXAMPLE_RULES, LevelRule, level_rules
from memberlib.theme import Anything, Chart, Day, Flag, Number, Theme, When, Whole
from memberlib.themes.level.standing import (
    NO_LEVEL,
    has_levels,
    history,
    just_below,
    level_before,
    levels_now,
    levels_under,
    rules_to_try,
)

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    from ibis.expr.types import Table

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")


def read_rules(texts: Any) -> Any:
    """Level rules from words such as ``advanced=1000,5,0.9`` (amount, orders, discount; a part may be empty).

    Raises
    ------
    InputError
        For a part that is no number, or too many parts.

    Examples
    --------
    >>> read_rules(["advanced=1000,5,0.9"])
    [{'level': 'regular'}, {'level': 'advanced', 'amount': 1000.0, 'orders': 5, 'discount': 0.9}]
    """
    rules: list[dict[str, Any]] = [{"level": "regular"}]
    for text in [texts] if isinstance(texts, str) else texts:
        level, _, rest = text.partition("=")
        rule: dict[str, Any] = {"level": level.strip()}
        parts = rest.split(",") if rest else []
        if len(parts) > 3:
            raise InputError(f"--rule {text!r}: write it as advanced=1000,5,0.9 (amount, orders, discount)")
        for key, part in zip(("amount", "orders", "discount"), parts, strict=False):
            try:
                if part.strip():
                    rule[key] = int(part) if key == "orders" else float(part)
            except ValueError:
                raise InputError(
                    f"--rule {text!r}: {part.strip()!r} is not a number; write it as advanced=1000,5,0.9"
                ) from None
        if rule["level"] == "regular":
            rules[0] = rule
        else:
            rules.append(rule)
    return rules


_read_as = partial(
    Anything, "level=amount,orders,discount", reader=read_rules, many=True, example="advanced=100,5,0.9"
)
Rules = Annotated[
    Sequence[LevelRule | Mapping[str, Any]],
    _read_as(control="rules"),
    Flag("--rule"),
]
Thresholds = Annotated[
    Sequence[LevelRule | Mapping[str, Any]],
    _read_as(control="thresholds"),
    Flag("--rule"),
]
Since = Annotated[dt.date, Day(), When("rules")]
Days = Annotated[int, Whole(1, 36_500, slider=(30, 730))]
Share = Annotated[float, Number(0, 1, slider=(0.5, 0.95))]

_STRUCTURE = (
    "level",
    "member_count",
    "member_share",
    "buyer_count",
    "order_count",
    "order_share",
    "amount",
    "amount_share",
    "mean_order_amount",
    "repeat_share",
    "discount",
)
_FLOW = (
    "level_from", "level_to", "member_count", "member_share", "amount", "cost_now_amount", "cost_new_amount", "move",
)  # fmt: skip
_COST = ("level", "order_count", "amount", "discount", "cost_amount", "cost_share")
_NEAR = (
    "level", "member_count", "member_share", "by_amount_count", "by_order_count", "mean_missing_amount", "amount",
)  # fmt: skip

theme = Theme("level", "01-level", explores="flow")


@theme.view(
    chart=Chart("bars", row="level", value="member_share", count="member_count", second="amount_share"),
    parts="member_count",
)
def structure(store: Store, *, rules: Rules | None = None, rules_from: Since | None = None) -> pd.DataFrame:
    """Members per level, and what each level is worth.

    Parameters
    ----------
    rules : sequence of LevelRule or mapping, optional
        Other rules (level, amount, orders, discount), lowest level first; the levels of now where none are
        given, and example rules where the shop has no levels.
    rules_from : date, optional
        The day ``rules`` take force: who has not traded since keeps the level of now. Where it is not
        given, the rules were always in force, that is, everybody is counted as having traded again.

    Returns
    -------
    DataFrame
        One row per level of the rules or of a member, lowest first: level ("none" for members without one),
        member_count, member_share, buyer_count (members with a counted trade), order_count, order_share,
        amount, amount_share, mean_order_amount, repeat_share (buyers with ≥ 2 counted trades ÷ buyers),
        discount (price ÷ list price by the rules; 1 = none, no value without rules). base = members known.
        ``attrs``: level_source ("list" or "rules"), rules_source ("shop", "trial", "example", or "none" where
        the list alone says the levels), has_levels (whether the shop has levels of its own), list_level_count
        (members whose level is the list's), manual_count, buyer_count, kept_count (members left at the level
        of now for want of a trade under ``rules``).

    Raises
    ------
    InputError
        For rules that do not hold together, or ``rules_from`` without ``rules``.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": [80, 1000], "paid_at": pd.Timestamp("2026-01-05")})
    >>> found = structure(store_from(orders), rules=[{"level": "regular"}, {"level": "vip", "amount": 1000}])
    >>> found[["level", "member_count"]].values.tolist()
    [['regular', 1], ['vip', 1]]
    """
    if rules is None and rules_from is not None:
        raise InputError("rules_from says since when other rules are in force; give these rules too")
    used, source = _chosen(store, rules)
    known, levelled = levels_now(store), has_levels(store)
    if rules is None and source == "example" and levelled:
        used, source = (), "none"
    elif rules is not None or source == "example":
        known = levels_under(known, used, rules_from)
    sums = known.group_by("level").aggregate(
        member_count=known.count(),
        buyer_count=(known.order_count > 0).sum(),
        repeat_count=(known.order_count >= 2).sum(),
        order_count=known.order_count.sum(),
        amount=exact_sum(known.amount),
        list_count=known.from_list.sum(),
        manual_count=known.manual.sum(),
        kept_count=known.kept.sum(),
    )
    by_level = {row["level"]: row for row in sums.to_pyarrow().to_pylist()}
    total = {name: sum(row[name] for row in by_level.values()) for name in sums.columns if name != "level"}
    base, amount = int(total["member_count"]), money(total["amount"])
    prices = _prices(used)
    rows = []
    for level in _shown(used, by_level):
        row = by_level.get(level, dict.fromkeys(sums.columns, 0))
        spent, orders, buyers = money(row["amount"]), int(row["order_count"]), row["buyer_count"]
        rows.append((level, row["member_count"], ratio(row["member_count"], base), buyers, orders,
                     ratio(orders, total["order_count"]), spent, ratio(spent, amount), ratio(spent, orders),
                     ratio(row["repeat_count"], buyers), prices.get(level, 1.0) if used else None))  # fmt: skip
    return answer(
        columns_of(_STRUCTURE, rows),
        base=base,
        params={"rules": used, "rules_from": rules_from},
        **_said_of_rules(source, levelled),
        level_source="list" if rules is None and total["list_count"] else "rules",
        list_level_count=int(total["list_count"]),
        manual_count=int(total["manual_count"]),
        buyer_count=int(total["buyer_count"]),
        kept_count=int(total["kept_count"]),
    )


@theme.view(
    chart=Chart("flow", start="level_from", end="level_to", value="member_count", move="move"),
    parts="member_count",
)
def flow(
    store: Store, *, rules: Rules | None = None, rules_from: Since | None = None, days: Days = 365
) -> pd.DataFrame:
    """Who moves between levels under other rules, and what the discounts would have cost.

    Parameters
    ----------
    rules, rules_from
        As in :func:`structure`; a shop with rules of its own must be given the others.
    days : int
        Discounts are added up over the orders of this many days, as :func:`discount_cost` does: as if each
        set of rules had been in force all along.

    Returns
    -------
    DataFrame
        level_from (now), level_to (under the rules), member_count, member_share, amount (all these members
        have spent), cost_now_amount and cost_new_amount (what their orders of these days would have been given in
        discounts by the shop's rules, no value where it has none, and by these), move (up, same, down; who
        has no level counts as at the lowest). Every level's "same" row, and of the others those with
        members; lowest level_from first, then lowest level_to. base = members known. ``attrs``: up_count,
        same_count, down_count, manual_count, kept_count, level_source, rules_source, has_levels, from_on,
        order_amount (of the orders of these days), cost_now_amount, cost_new_amount, extra_amount (what these
        rules cost more), and assumption: "everyone_has_traded_again" or, with ``rules_from``,
        "traded_since_rules_from".

    Raises
    ------
    InputError
        For rules that are missing or do not hold together.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": [80, 1000], "paid_at": pd.Timestamp("2026-01-05")})
    >>> found = flow(store_from(orders), rules=[{"level": "regular"}, {"level": "advanced", "amount": 100}])
    >>> found.loc[found.member_count > 0, ["level_from", "level_to", "move"]].values.tolist()
    [['none', 'regular', 'same'], ['none', 'advanced', 'up']]
    """
    own = store.settings.level_rules
    if rules is None and own:
        raise InputError(
            "rules: a flow needs the other rules; say what a level takes, such as advanced=500,3 (amount, orders)"
        )
    used, source = _chosen(store, rules)
    known = levels_under(levels_now(store), used, rules_from)
    sums = known.group_by("level_now", "level").aggregate(
        member_count=known.count(),
        amount=exact_sum(known.amount),
        list_count=known.from_list_now.sum(),
        manual_count=known.manual.sum(),
        kept_count=known.kept.sum(),
    )
    by_pair = {(row["level_now"], row["level"]): row for row in sums.to_pyarrow().to_pylist()}
    after = _day_before(store, days)
    costs, order_amount = _costs_of_pairs(history(store, after=after), known, own, used)
    shown = _shown((*own, *used), {level for pair in by_pair for level in pair})
    base = sum(row["member_count"] for row in by_pair.values())
    counts = {"up": 0, "same": 0, "down": 0}
    rows = []
    for pair in ((a, b) for a in shown for b in shown if a == b or (a, b) in by_pair):
        row = by_pair.get(pair, {"member_count": 0, "amount": 0.0})
        move = _move(*pair)
        counts[move] += row["member_count"]
        before, then = costs.get(pair, (0.0, 0.0))
        rows.append((*pair, row["member_count"], ratio(row["member_count"], base), money(row["amount"]),
                     money(before) if own else None, money(then), move))  # fmt: skip
    total = {
        name: int(sum(row[name] for row in by_pair.values()))
        for name in ("list_count", "manual_count", "kept_count")
    }
    cost_now, cost = (money(sum(pair[side] for pair in costs.values())) for side in (0, 1))
    return answer(
        columns_of(_FLOW, rows),
        base=base,
        params={"rules": used, "rules_from": rules_from, "days": store.as_of.toordinal() - after.toordinal()},
        **_said_of_rules(source, has_levels(store)),
        assumption="traded_since_rules_from" if rules_from else "everyone_has_traded_again",
        level_source="list" if total["list_count"] else "rules",
        manual_count=total["manual_count"],
        kept_count=total["kept_count"],
        up_count=counts["up"],
        same_count=counts["same"],
        down_count=counts["down"],
        from_on=after + dt.timedelta(days=1),
        order_amount=order_amount,
        cost_now_amount=cost_now if own else None,
        cost_new_amount=cost,
        extra_amount=money(cost - cost_now) if own else None,
    )


@theme.view(
    "cost",
    counts="orders",
    chart=Chart(
        "bars",
        row="level",
        value="cost_amount",
        beside="cost_share",
        beside_words="chart.of_level_sales",
        note="discount",
    ),
    parts="order_count",
)
def discount_cost(store: Store, *, rules: Rules | None = None, days: Days = 365) -> pd.DataFrame:
    """What the levels' discounts would have cost on past orders.

    Every counted trade is given the discount of the level its member had before it: the one set by hand, else
    what the rules say of the totals of the member's earlier trades. The orders are taken as they were,
    amounts and number: nobody buys more for a discount, and what they paid is taken for the list price.

    Parameters
    ----------
    rules : sequence of LevelRule or mapping, optional
        The shop's own rules where none are given, and example rules where it has none.
    days : int
        Trades of this many days up to and with ``as_of``. Earlier trades count towards the level.

    Returns
    -------
    DataFrame
        One row per level of the rules or of an order, lowest first: level, order_count, amount (net),
        discount (price ÷ list price), cost_amount (amount × (1 − discount)), cost_share (of amount). base =
        counted trades of these days. ``attrs``: from_on (first day), amount, cost_amount, cost_share over all
        levels, rules_source, has_levels, assumption "same_orders".

    Raises
    ------
    InputError
        For rules that do not hold together, or days below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": "a", "status": "completed",
    ...                        "paid_amount": [1000, 50],
    ...                        "paid_at": pd.to_datetime(["2026-01-05", "2026-02-05"])})
    >>> rules = [{"level": "regular"}, {"level": "advanced", "amount": 1000, "discount": 0.9}]
    >>> found = discount_cost(store_from(orders), rules=rules).set_index("level")
    >>> found.loc["advanced", ["order_count", "amount", "cost_amount"]].tolist()
    [1.0, 50.0, 5.0]
    """
    used, source = _chosen(store, rules)
    after = _day_before(store, days)
    lately = history(store, after=after)
    graded = lately.select("amount", level=level_before(lately, used))
    sums = graded.group_by("level").aggregate(order_count=graded.count(), amount=exact_sum(graded.amount))
    by_level = {row["level"]: row for row in sums.to_pyarrow().to_pylist()}
    prices = _prices(used)
    rows = []
    for level in _shown(used, by_level):
        row = by_level.get(level, {"order_count": 0, "amount": 0.0})
        spent, price = money(row["amount"]), prices.get(level, 1.0)
        cost = money(spent * (1 - price))
        rows.append((level, row["order_count"], spent, price, cost, ratio(cost, spent)))
    columns = columns_of(_COST, rows)
    amount, cost = money(sum(columns["amount"])), money(sum(columns["cost_amount"]))
    return answer(
        columns,
        base=sum(columns["order_count"]),
        params={"rules": used, "days": store.as_of.toordinal() - after.toordinal()},
        **_said_of_rules(source, has_levels(store)),
        from_on=after + dt.timedelta(days=1),
        amount=amount,
        cost_amount=cost,
        cost_share=ratio(cost, amount),
        assumption="same_orders",
    )


@theme.view("near")
def near_levels(
    store: Store, *, rules: Thresholds | None = None, near_share: Share | None = None
) -> pd.DataFrame:
    """Members who stand just below a level, and how much is missing.

    A member stands just below a level who has not reached its rule, but has spent the greater part of its
    amount, or needs one order more. Each is counted once, at the highest level of which that is true; who has
    that level already by the member list, or any level by hand, is not counted.

    Parameters
    ----------
    rules : sequence of LevelRule or mapping, optional
        The shop's own rules where none are given, and example rules where it has none.
    near_share : float, optional
        From this part of a level's amount on it is nearly reached; the shop's limit ``near_level_ratio``
        where it is not given.

    Returns
    -------
    DataFrame
        One row per level above the lowest: level, member_count, member_share (of base), by_amount_count and
        by_order_count (near by amount, one order short; a member may be both), mean_missing_amount (of those
        near by amount), amount (spent by all of them). base = members with a counted trade. ``attrs``:
        rules_source, has_levels.

    Raises
    ------
    InputError
        For rules that do not hold together, or a share that is not between 0 and 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": [80, 900], "paid_at": pd.Timestamp("2026-01-05")})
    >>> found = near_levels(store_from(orders), rules=[{"level": "regular"}, {"level": "vip", "amount": 1000}])
    >>> found[["level", "member_count", "mean_missing_amount"]].values.tolist()
    [['vip', 1, 100.0]]
    """
    used, source = _chosen(store, rules)
    share = limits(store.settings.findings)["near_level_ratio"] if near_share is None else near_share
    buyers = levels_now(store).filter(lambda now: now.order_count > 0)
    by_level = _near_sums(buyers, used, share)
    base = store.buyer_count
    rows = []
    for rule in used[1:]:
        row = by_level.get(rule.level, dict.fromkeys(("member_count", "by_amount", "by_order", "amount"), 0))
        missing = ratio(row.get("missing"), row["by_amount"])
        rows.append((rule.level, row["member_count"], ratio(row["member_count"], base), row["by_amount"],
                     row["by_order"], None if missing is None else money(missing), money(row["amount"])))  # fmt: skip
    return answer(
        columns_of(_NEAR, rows),
        base=base,
        params={"rules": used, "near_share": share},
        **_said_of_rules(source, has_levels(store)),
    )


def _chosen(store: Store, rules: Any) -> tuple[tuple[LevelRule, ...], str]:
    """The rules a result stands on, and whose they are: the shop's, on trial, or only an example."""
    own = store.settings.level_rules
    used = rules_to_try(store) if rules is None else level_rules(rules)
    if own and used == own:
        return used, "shop"
    return used, "example" if not own and used == EXAMPLE_RULES else "trial"


def _said_of_rules(source: str, levelled: bool) -> dict[str, Any]:
    """What a result says of its rules; a note where they are not the shop's own."""
    notes = [f"{source}_rules"] if source in ("trial", "example") else []
    return {"rules_source": source, "has_levels": levelled, "notes": notes}


def _day_before(store: Store, days: int) -> dt.date:
    """The day after which trades count, where they count for so many days."""
    return store.as_of - dt.timedelta(days=min(days, store.as_of.toordinal() - 1))


def _prices(rules: Sequence[LevelRule]) -> dict[str, float]:
    return {rule.level: float(rule.discount) for rule in rules}


def _costs_of_pairs(
    trades: Table, known: Table, own: Sequence[LevelRule], used: Sequence[LevelRule]
) -> tuple[dict[tuple[str, str], tuple[float, float]], float]:
    """For members of each level now and then, their trades' discounts by both rules; what all trades come to."""
    moved = trades.join(known.select("member_id", "level_now", "level"), "member_id")
    graded = moved.select(
        "level_now", "level", "amount", before=level_before(moved, own), then=level_before(moved, used)
    )
    sums = graded.group_by("level_now", "level", "before", "then").aggregate(amount=exact_sum(graded.amount))
    prices, other = _prices(own), _prices(used)
    costs: dict[tuple[str, str], tuple[float, float]] = {}
    rows = sums.to_pyarrow().to_pylist()
    for row in sorted(rows, key=lambda row: tuple(row.values())):
        pair = (row["level_now"], row["level"])
        before, then = costs.get(pair, (0.0, 0.0))
        costs[pair] = (
            before + row["amount"] * (1 - prices.get(row["before"], 1.0)),
            then + row["amount"] * (1 - other.get(row["then"], 1.0)),
        )
    return costs, money(sum(sorted(row["amount"] for row in rows)))


def _near_sums(buyers: Table, rules: Sequence[LevelRule], share: float) -> dict[str, dict[str, Any]]:
    """Level → how many buyers stand just below it, by amount and by one order, and what they miss and spent."""
    cases: dict[str, list[Any]] = {name: [] for name in ("level", "by_amount", "by_order", "missing")}
    for rule in reversed(rules[1:]):
        by_amount, by_order = just_below(rule, share, amount=buyers.amount, orders=buyers.order_count)
        lower = buyers.level.isin([NO_LEVEL, *LEVELS[: LEVELS.index(rule.level)]])
        near = lower & ~buyers.manual & (by_amount | by_order)
        cases["level"].append((near, rule.level))
        cases["by_amount"].append((near, by_amount.ifelse(1, 0)))
        cases["by_order"].append((near, by_order.ifelse(1, 0)))
        missing = by_amount.ifelse(float(rule.amount or 0) - buyers.amount, 0.0)
        cases["missing"].append((near, missing))
    if not cases["level"]:
        return {}
    others = {"level": ibis.null("string"), "by_amount": 0, "by_order": 0, "missing": 0.0}
    standing = buyers.select(
        "amount", **{name: ibis.cases(*pairs, else_=others[name]) for name, pairs in cases.items()}
    )
    close = standing.filter(standing.level.notnull())
    sums = close.group_by("level").aggregate(
        member_count=close.count(),
        by_amount=close.by_amount.sum(),
        by_order=close.by_order.sum(),
        missing=exact_sum(close.missing),
        amount=exact_sum(close.amount),
    )
    return {row["level"]: row for row in sums.to_pyarrow().to_pylist()}


def _move(before: str, then: str) -> str:
    """up, same or down; to come from no level to the lowest is no step up."""
    step = _rank(then) - _rank(before)
    return "up" if step > 0 else "down" if step < 0 else "same"


def _rank(level: str) -> int:
    return 0 if level == NO_LEVEL else LEVELS.index(level)


def _shown(rules: Sequence[LevelRule], levels: Iterable[str]) -> list[str]:
    """Levels of the rules and levels of members, lowest first, no level before all."""
    shown = {*(rule.level for rule in rules), *levels}
    known = (NO_LEVEL, *LEVELS)
    unknown = sorted(shown.difference(known))
    if unknown:
        raise InputError(f"member list: {unknown[0]!r} is not a level; choose among {', '.join(LEVELS)}")
    return [level for level in known if level in shown]
