"""The theme "level": what a shop's levels are worth, who would move under other rules, what discounts cost.

A level is reached by a total net amount ≥ X **or** counted trades ≥ N; the highest level whose rule is met
is held. A level changes only at the member's next successful trade after a rule change; a manual level
overrides the rule. So a member's level is

1. the manual level, where the member list says that it was given by hand;
2. else, where other rules are asked about and the member traded on or after the day they took force
   (always, where no day is given): what those rules say of the member's totals at the last counted trade;
3. else the level held before: the member list's, where it has one, or what the shop's own rules say of
   those totals (no trade: the lowest level).

The member list is a picture of the day it was exported. It is used only where ``as_of`` is not before the
shop's last order; for an earlier day every level, manual ones too, comes from the rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from memberlib.errors import InputError
from memberlib.lazy import Lazy
from memberlib.model import LEVELS
from memberlib.results import answer, columns_of, exact_sum, ratio
from memberlib.settings import LevelRule, level_rules
from memberlib.theme import Anything, Chart, Day, Flag, Theme, When, Whole
from memberlib.themes.level.standing import by_rules, held, history, under

if TYPE_CHECKING:
    import ibis
    import pandas as pd

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


Rules = Annotated[
    Sequence[LevelRule | Mapping[str, Any]],
    Anything("level=amount,orders,discount", reader=read_rules, many=True, control="rules"),
    Flag("--rule"),
]
Since = Annotated[dt.date, Day(), When("rules")]
Days = Annotated[int, Whole(1, 36_500, slider=(30, 730))]

_STRUCTURE = (
    "level",
    "member_count",
    "member_share",
    "order_count",
    "order_share",
    "amount",
    "amount_share",
    "mean_order_amount",
    "repeat_share",
    "discount",
)
_FLOW = ("level_from", "level_to", "member_count", "member_share", "amount", "move")
_COST = ("level", "order_count", "amount", "discount", "cost_amount", "cost_share")

theme = Theme("level", "01-level", explores="flow")


@theme.view(chart=Chart("structure"))
def structure(store: Store, *, rules: Rules | None = None, rules_from: Since | None = None) -> pd.DataFrame:
    """Members per level, and what each level is worth.

    Parameters
    ----------
    rules : sequence of LevelRule or mapping, optional
        Other rules (level, amount, orders, discount), lowest level first; the levels held now where none
        are given.
    rules_from : date, optional
        The day ``rules`` take force: who has not traded since keeps the level held now. Where it is not
        given, the rules were always in force, that is, everybody is counted as having traded again.

    Returns
    -------
    DataFrame
        One row per level of the rules or held by a member, lowest first: level, member_count, member_share,
        order_count, order_share, amount, amount_share, mean_order_amount, repeat_share (buyers with ≥ 2
        counted trades ÷ buyers), discount (price ÷ list price by the rules; 1 = none). base = members
        known. ``attrs``: level_source ("list" or "rules"), list_level_count (members whose level is the
        list's), manual_count, buyer_count (members with a counted trade), kept_count (members left at the
        level held now for want of a trade under ``rules``).

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
    >>> structure(store_from(orders))[["level", "member_count"]].values.tolist()
    [['regular', 1], ['advanced', 1], ['vip', 0], ['supreme', 0]]
    """
    if rules is None and rules_from is not None:
        raise InputError("rules_from says since when other rules are in force; give these rules too")
    used = store.settings.level_rules if rules is None else level_rules(rules)
    known = held(store) if rules is None else under(held(store), used, rules_from)
    bought = known.order_count > 0
    sums = known.group_by("level").aggregate(
        member_count=known.count(),
        buyer_count=bought.sum(),
        repeat_count=(known.order_count >= 2).sum(),
        order_count=known.order_count.sum(),
        amount=exact_sum(known.amount),
        list_count=known.from_list.sum(),
        manual_count=known.manual.sum(),
        kept_count=known.kept.sum(),
    )
    found = {row["level"]: row for row in sums.to_pyarrow().to_pylist()}
    total = {name: sum(row[name] for row in found.values()) for name in sums.columns if name != "level"}
    base, amount = int(total["member_count"]), round(float(total["amount"]), 4)
    discounts = {rule.level: float(rule.discount) for rule in used}
    rows = []
    for level in _shown(used, found):
        row = found.get(level, dict.fromkeys(sums.columns, 0))
        money, orders = round(float(row["amount"]), 4), int(row["order_count"])
        share, order_share = ratio(row["member_count"], base), ratio(orders, total["order_count"])
        repeat_share = ratio(row["repeat_count"], row["buyer_count"])
        rows.append((level, row["member_count"], share, orders, order_share, money, ratio(money, amount),
                     ratio(money, orders), repeat_share, discounts.get(level, 1.0)))  # fmt: skip
    source = "list" if rules is None and total["list_count"] else "rules"
    return answer(
        columns_of(_STRUCTURE, rows),
        base=base,
        params={"rules": used, "rules_from": rules_from},
        level_source=source,
        list_level_count=int(total["list_count"]),
        manual_count=int(total["manual_count"]),
        buyer_count=int(total["buyer_count"]),
        kept_count=int(total["kept_count"]),
    )


@theme.view(chart=Chart("flow"))
def flow(store: Store, *, rules: Rules | None = None, rules_from: Since | None = None) -> pd.DataFrame:
    """Who moves between levels under other rules.

    Parameters
    ----------
    rules, rules_from
        As in :func:`structure`; ``rules`` must be given.

    Returns
    -------
    DataFrame
        level_from (held now), level_to (under the rules), member_count, member_share, amount (all these
        members have spent), move (up, same, down). Every level's "same" row, and of the others those with
        members; lowest level_from first, then lowest level_to. base = members known. ``attrs``: up_count,
        same_count, down_count, manual_count, kept_count, level_source, and assumption:
        "everyone_has_traded_again" or, with ``rules_from``, "traded_since_rules_from".

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
    >>> found = flow(store_from(orders), rules=[{"level": "regular"}, {"level": "advanced", "amount": 50}])
    >>> found.loc[found.member_count > 0, ["level_from", "level_to", "move"]].values.tolist()
    [['regular', 'advanced', 'up'], ['advanced', 'advanced', 'same']]
    """
    if rules is None:
        raise InputError(
            "a flow needs the other rules; say what a level takes, such as advanced=500,3 (amount or orders)"
        )
    used = level_rules(rules)
    known = under(held(store), used, rules_from)
    sums = known.group_by("level_now", "level").aggregate(
        member_count=known.count(),
        amount=exact_sum(known.amount),
        list_count=known.from_list_now.sum(),
        manual_count=known.manual.sum(),
        kept_count=known.kept.sum(),
    )
    found = {(row["level_now"], row["level"]): row for row in sums.to_pyarrow().to_pylist()}
    shown = _shown((*store.settings.level_rules, *used), {level for pair in found for level in pair})
    base = sum(row["member_count"] for row in found.values())
    counts = {"up": 0, "same": 0, "down": 0}
    rows = []
    for pair in ((a, b) for a in shown for b in shown if a == b or (a, b) in found):
        row = found.get(pair, {"member_count": 0, "amount": 0.0})
        step = LEVELS.index(pair[1]) - LEVELS.index(pair[0])
        move = "up" if step > 0 else "down" if step < 0 else "same"
        counts[move] += row["member_count"]
        money = round(float(row["amount"]), 4)
        rows.append((*pair, row["member_count"], ratio(row["member_count"], base), money, move))
    total = {
        name: int(sum(row[name] for row in found.values()))
        for name in ("list_count", "manual_count", "kept_count")
    }
    return answer(
        columns_of(_FLOW, rows),
        base=base,
        params={"rules": used, "rules_from": rules_from},
        assumption="traded_since_rules_from" if rules_from else "everyone_has_traded_again",
        level_source="list" if total["list_count"] else "rules",
        manual_count=total["manual_count"],
        kept_count=total["kept_count"],
        up_count=counts["up"],
        same_count=counts["same"],
        down_count=counts["down"],
    )


@theme.view("cost", counts="orders", chart=Chart("discount_cost"))
def discount_cost(store: Store, *, rules: Rules | None = None, days: Days = 365) -> pd.DataFrame:
    """What the levels' discounts would have cost on past orders.

    Every counted trade is given the discount of the level its member held before it: the manual level, else
    what the rules say of the totals of the member's earlier trades. The orders are taken as they were,
    amounts and number: nobody buys more for a discount, and what they paid is taken for the list price.

    Parameters
    ----------
    rules : sequence of LevelRule or mapping, optional
        The shop's own rules where none are given.
    days : int
        Trades of this many days up to and with ``as_of``. Earlier trades count towards the level.

    Returns
    -------
    DataFrame
        One row per level of the rules or held, lowest first: level, order_count, amount (net), discount
        (price ÷ list price), cost_amount (amount × (1 − discount)), cost_share (of amount). base = counted
        trades of these days. ``attrs``: from_on (first day), amount, cost_amount, cost_share over all
        levels, assumption "same_orders".

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
    >>> found = discount_cost(store_from(orders)).set_index("level")
    >>> found.loc["advanced", ["order_count", "amount", "cost_amount"]].tolist()
    [1.0, 50.0, 5.0]
    """
    days = min(days, store.as_of.toordinal() - 1)
    used = store.settings.level_rules if rules is None else level_rules(rules)
    after = store.as_of - dt.timedelta(days=days)
    lately = history(store, after=after)
    level = ibis.coalesce(lately.manual_level, by_rules(used, lately.amount_before, lately.orders_before))
    graded = lately.select("amount", level=level)
    sums = graded.group_by("level").aggregate(order_count=graded.count(), amount=exact_sum(graded.amount))
    found = {row["level"]: row for row in sums.to_pyarrow().to_pylist()}
    discounts = {rule.level: float(rule.discount) for rule in used}
    rows = []
    for name in _shown(used, found):
        row = found.get(name, {"order_count": 0, "amount": 0.0})
        money, discount = round(float(row["amount"]), 4), discounts.get(name, 1.0)
        cost = round(money * (1 - discount), 4)
        rows.append((name, row["order_count"], money, discount, cost, ratio(cost, money)))
    columns = columns_of(_COST, rows)
    amount, cost = round(sum(columns["amount"]), 4), round(sum(columns["cost_amount"]), 4)
    return answer(
        columns,
        base=sum(columns["order_count"]),
        params={"rules": used, "days": days},
        from_on=after + dt.timedelta(days=1),
        amount=amount,
        cost_amount=cost,
        cost_share=ratio(cost, amount),
        assumption="same_orders",
    )


def _shown(rules: Sequence[LevelRule], found: Iterable[str]) -> list[str]:
    """Levels of the rules and levels held, lowest first."""
    levels = {*(rule.level for rule in rules), *found}
    unknown = sorted(levels.difference(LEVELS))
    if unknown:
        raise InputError(f"member list: {unknown[0]!r} is not a level; choose among {', '.join(LEVELS)}")
    return sorted(levels, key=LEVELS.index)
