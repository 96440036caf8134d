"""Which level does a member hold, now, under other rules, and before each trade?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from memberlib.lazy import Lazy
from memberlib.settings import LevelRule

if TYPE_CHECKING:
    import ibis
    from ibis.expr.types import NumericColumn, StringColumn, Table

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

_HELD: WeakKeyDictionary[Store, Table] = WeakKeyDictionary()
_HISTORY: WeakKeyDictionary[Store, dict[dt.date, Table]] = WeakKeyDictionary()


def by_rules(rules: Sequence[LevelRule], amount: NumericColumn, orders: NumericColumn) -> StringColumn:
    """The highest level whose amount or number of orders is reached; the lowest where none is."""
    pairs = []
    for rule in reversed(rules[1:]):
        met = [amount >= float(rule.amount)] if rule.amount is not None else []
        met += [orders >= rule.orders] if rule.orders is not None else []
        pairs.append((met[0] | met[-1], rule.level))
    return ibis.cases(*pairs, else_=rules[0].level) if pairs else ibis.literal(rules[0].level)


def _listed(store: Store) -> Table | None:
    """member_id, list_level, manual; None without a member list that may be looked at on ``as_of``."""
    last = store.last_order_on
    if store.members is None or (last is not None and store.as_of < last):
        return None
    rows = store.members
    return rows.select(
        "member_id", list_level=rows.level, manual=rows.level_manual.fill_null(False) & rows.level.notnull()
    )


def held(store: Store) -> Table:
    """One row per member known, with the level held now.

    Returns
    -------
    Table
        member_id, last_on (None without a trade), order_count, amount, level, from_list (is it the
        list's?), manual (was it given by hand?), kept (False).
    """
    if store in _HELD:
        return _HELD[store]
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
    known = rows.select(
        "member_id",
        "last_on",
        "order_count",
        "amount",
        "manual",
        level=ibis.coalesce(rows.list_level, ruled),
        from_list=rows.list_level.notnull(),
        kept=ibis.literal(False),
    )
    _HELD[store] = store.kept(known)
    return _HELD[store]


def under(held: Table, rules: Sequence[LevelRule], rules_from: dt.date | None) -> Table:
    """The same members with their level under other rules in force since a day (always, where none is given).

    Returns
    -------
    Table
        member_id, order_count, amount, manual; level_now, from_list_now (held now); level, from_list (under
        the rules); kept (no trade under the rules, so the level stayed).
    """
    traded = held.order_count > 0
    if rules_from is not None:
        traded &= held.last_on >= ibis.date(rules_from)
    moves = traded & ~held.manual
    ruled = by_rules(rules, held.amount, held.order_count)
    return held.select(
        "member_id",
        "order_count",
        "amount",
        "manual",
        level_now=held.level,
        from_list_now=held.from_list,
        level=moves.ifelse(ruled, held.level),
        from_list=held.from_list & ~moves,
        kept=~traded & ~held.manual,
    )


def history(store: Store, *, after: dt.date) -> Table:
    """Every counted trade after a day with what its member had done before it.

    Returns
    -------
    Table
        amount (net), amount_before, orders_before (of all earlier trades), manual_level (None: by rules).
    """
    kept = _HISTORY.setdefault(store, {})
    if after in kept:
        return kept[after]
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
        before = before.left_join(by_hand, "member_id")
    amount_older = before.amount_older.fill_null(ibis.literal(0).cast(before.amount_older.type()))
    past = before.select(
        "manual_level",
        orders_before=before.number - 1 + before.orders_older.fill_null(0),
        amount=before.net_amount.cast("float64"),
        amount_before=(before.total - before.net_amount + amount_older).cast("float64"),
    )
    kept[after] = store.kept(past)
    return kept[after]
