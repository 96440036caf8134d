"""The level of every member: now, under other rules, and before each order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from memberlib.lazy import Lazy
from memberlib.settings import EXAMPLE_RULES, LevelRule

if TYPE_CHECKING:
    import ibis
    from ibis.expr.types import NumericColumn, StringColumn, Table

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

NO_LEVEL = "none"
"""The level of a member of whom neither the member list nor any rule of the shop says one."""


def rules_to_try(store: Store) -> tuple[LevelRule, ...]:
    """The shop's own rules, or an example where it has set none: where trying out rules begins.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "paid_at": [pd.Timestamp("2026-01-05")],
    ...                        "paid_amount": [80.0], "status": ["completed"]})
    >>> [(rule.level, rule.amount) for rule in rules_to_try(store_from(orders))][:2]
    [('regular', None), ('advanced', 1000)]
    """
    return store.settings.level_rules or EXAMPLE_RULES


def has_levels(store: Store) -> bool:
    """Whether the shop has levels of its own: by rules that it set, or in its member list."""
    return bool(store.settings.level_rules) or store.once("listed levels", lambda: _listed_count(store)) > 0


def _listed_count(store: Store) -> int:
    known = levels_now(store)
    return int(known.filter(known.from_list).count().execute())


def by_rules(rules: Sequence[LevelRule], amount: NumericColumn, orders: NumericColumn) -> StringColumn:
    """The highest level whose amount or number of orders is reached; the lowest where none is.

    Without rules it is no level.
    """
    pairs = []
    for rule in reversed(rules[1:]):
        met = [amount >= float(rule.amount)] if rule.amount is not None else []
        met += [orders >= rule.orders] if rule.orders is not None else []
        pairs.append((met[0] | met[-1], rule.level))
    lowest = rules[0].level if rules else NO_LEVEL
    return ibis.cases(*pairs, else_=lowest) if pairs else ibis.literal(lowest)


def just_below(
    rule: LevelRule, share: float, *, amount: NumericColumn, orders: NumericColumn
) -> tuple[Any, Any]:
    """Whether ``share`` of a level's amount is spent but not all of it, and whether one order is missing."""
    no = ibis.literal(False)
    by_amount, by_orders, reached = no, no, no
    if rule.amount is not None:
        reached = amount >= float(rule.amount)
        by_amount = amount >= share * float(rule.amount)
    if rule.orders is not None:
        reached |= orders >= rule.orders
        by_orders = orders == rule.orders - 1
    return by_amount & ~reached, by_orders & ~reached


def _listed(store: Store) -> Table | None:
    """member_id, list_level, manual; None without a member list that may be looked at on ``as_of``."""
    last = store.last_order_on
    if store.members is None or (last is not None and store.as_of < last):
        return None
    rows = store.members
    return rows.select(
        "member_id", list_level=rows.level, manual=rows.level_manual.fill_null(False) & rows.level.notnull()
    )


def levels_now(store: Store) -> Table:
    """One row per member known, with the level of the member now.

    Returns
    -------
    Table
        member_id, last_on (None without a trade), order_count, amount, level, from_list (is it the
        list's?), manual (was it set by hand?), kept (False).
    """
    return store.once("levels now", lambda: _levels_now(store))


def _levels_now(store: Store) -> Table:
    facts = store.facts.select("member_id", "last_on", "order_count", amount=store.facts.total_amount)
    listed = _listed(store)
    if listed is None and store.members is not None:
        # who had joined by then is known, the level they had then is not
        listed = store.members.select("member_id", list_level=ibis.null("string"), manual=ibis.literal(False))
    if listed is None:
        rows = facts.mutate(list_level=ibis.null("string"), manual=ibis.literal(False))
    else:
        joined = listed.outer_join(facts, "member_id")
        rows = joined.select(
            "last_on",
            "list_level",
            member_id=ibis.coalesce(joined.member_id, joined.member_id_right),
            order_count=joined.order_count.fill_null(0),
            amount=joined.amount.fill_null(0.0),
            manual=joined.manual.fill_null(False),
        )
    ruled = by_rules(store.settings.level_rules, rows.amount, rows.order_count)
    return rows.select(
        "member_id",
        "last_on",
        "order_count",
        "amount",
        "manual",
        level=ibis.coalesce(rows.list_level, ruled),
        from_list=rows.list_level.notnull(),
        kept=ibis.literal(False),
    )


def levels_under(now: Table, rules: Sequence[LevelRule], rules_from: dt.date | None) -> Table:
    """The same members with their level under other rules in force since a day (always, where none is given).

    Who has no level yet and has not bought is at the lowest one, where the rules were always in force.

    Returns
    -------
    Table
        member_id, order_count, amount, manual; level_now, from_list_now; level, from_list (under the rules);
        kept (no trade under the rules, so the level stayed).
    """
    graded = (now.order_count > 0) | (now.level == NO_LEVEL)
    if rules_from is not None:
        graded = (now.order_count > 0) & (now.last_on >= ibis.date(rules_from))
    moves = graded & ~now.manual
    ruled = by_rules(rules, now.amount, now.order_count)
    return now.select(
        "member_id",
        "order_count",
        "amount",
        "manual",
        level_now=now.level,
        from_list_now=now.from_list,
        level=moves.ifelse(ruled, now.level),
        from_list=now.from_list & ~moves,
        kept=~graded & ~now.manual,
    )


def history(store: Store, *, after: dt.date) -> Table:
    """Every counted trade after a day with what its member had done before it.

    Returns
    -------
    Table
        member_id, amount (net), amount_before, orders_before (of all earlier trades), manual_level (None: by
        rules).
    """
    return store.once(("orders and what was before them", after), lambda: _history(store, after))


def _history(store: Store, after: dt.date) -> Table:
    trades = store.trades.select("member_id", "order_id", "paid_at", "paid_on", "net_amount")
    # What lies before the day is one sum per member: only the trades after it need to be put in order.
    older = trades.filter(trades.paid_on <= ibis.date(after))
    older = older.group_by("member_id").aggregate(
        amount_older=older.net_amount.sum(), orders_older=older.count()
    )
    later = trades.filter(trades.paid_on > ibis.date(after))
    so_far = ibis.cumulative_window(group_by="member_id", order_by=["paid_at", "order_id"])
    later = later.mutate(total=later.net_amount.sum().over(so_far), number=later.count().over(so_far))
    before = later.left_join(older, "member_id").drop("member_id_right")
    listed = _listed(store)
    if listed is None:
        before = before.mutate(manual_level=ibis.null("string"))
    else:
        by_hand = listed.filter(listed.manual).select("member_id", manual_level="list_level")
        before = before.left_join(by_hand, "member_id").drop("member_id_right")
    amount_older = before.amount_older.fill_null(ibis.literal(0).cast(before.amount_older.type()))
    return before.select(
        "member_id",
        "manual_level",
        orders_before=before.number - 1 + before.orders_older.fill_null(0),
        amount=before.net_amount.cast("float64"),
        amount_before=(before.total - before.net_amount + amount_older).cast("float64"),
    )


def level_before(trades: Table, rules: Sequence[LevelRule]) -> StringColumn:
    """The level at which each trade of :func:`history` was made: set by hand, or what rules say of what was before."""
    return ibis.coalesce(trades.manual_level, by_rules(rules, trades.amount_before, trades.orders_before))
