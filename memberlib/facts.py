"""Works out the counted trades of a shop, and from them one row of facts per member, as of a date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table


MONTH_BITS = 62
WITH_BITS = ("duckdb", "pyspark")
"""Engines that have what ``active_months`` takes."""
LEFT_OUT = ("brushed", "cancelled", "unpaid", "not_counted", "refunded", "guest")
LEFT_OUT_TYPES = {"order_count": "int64", "amount": "float64"}


@ibis.udf.agg.builtin
def bit_or(bits: int) -> int:  # type: ignore[empty-body]
    """The bits of all rows together; ibis knows it of DuckDB and not of Spark, which calls it the same."""


def counted(
    orders: Table, *, as_of: dt.date, statuses: tuple[str, ...], brushed: Table | None, guests: bool = False
) -> Table:
    """Counted trades: paid by the end of ``as_of``, of a counted status, net amount above 0, by a member, not brushed.

    Parameters
    ----------
    orders : Table
        order_id, member_id, paid_at, paid_amount, refund_amount, status, region, city, channel.
    as_of : date
        The last day that is looked at.
    statuses : tuple of str
        Statuses that count.
    brushed : Table or None
        order_id of the orders to leave out.
    guests : bool
        Those of guests in place of those of members, by the same rules.

    Returns
    -------
    Table
        order_id, member_id, paid_at, paid_on (date), net_amount (paid − refunded), region, city, channel.
    """
    end = ibis.timestamp(dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time()))
    trades = orders.filter(
        orders.member_id.isnull() if guests else orders.member_id.notnull(),
        orders.paid_at < end,
        orders.status.isin(list(statuses)),
        orders.paid_amount > orders.refund_amount,
    )
    if brushed is not None:
        trades = trades.anti_join(brushed, "order_id")
    return trades.select(
        "order_id",
        "member_id",
        "paid_at",
        paid_on=trades.paid_at.date(),
        net_amount=trades.paid_amount - trades.refund_amount,
        region=trades.region,
        city=trades.city,
        channel=trades.channel,
    )


def per_member(trades: Table, *, as_of: dt.date, with_months: bool = True) -> Table:
    """One row per member with at least one counted trade.

    Parameters
    ----------
    trades : Table
        As ``counted`` gives them.
    with_months : bool
        Whether the engine has what ``active_months`` takes: DuckDB and Spark do.

    Returns
    -------
    Table
        member_id; first_on, last_on (dates); order_count; total_amount (net, exact sum turned into a double);
        mean_amount (total ÷ trades, rounded to 6 decimals so that an exact mean meets an edge exactly);
        recency_days (whole days from the last trade's date to ``as_of``, never negative);
        active_months (a number whose bit k is 1 where the member traded k calendar months before that of ``as_of``,
        bit 62 standing for that month and all before it: members per month are counted from it many times faster
        than from the trades).
    """
    day = trades.paid_at.date()
    back = (as_of.year - day.year()) * 12 + (as_of.month - day.month())
    # from the top bit down: 1 alone would be a number of 32 bits to Spark, and lose what is moved beyond them
    bit = ibis.literal(1 << MONTH_BITS, "int64") >> ibis.greatest(MONTH_BITS - back.cast("int64"), 0)
    months = {"active_months": bit_or(bit)} if with_months else {}
    sums = trades.group_by("member_id").aggregate(
        first_at=trades.paid_at.min(),
        last_at=trades.paid_at.max(),
        order_count=trades.count(),
        exact_amount=trades.net_amount.sum(),
        **months,
    )
    facts = sums.select(
        "member_id",
        first_on=sums.first_at.date(),
        last_on=sums.last_at.date(),
        order_count=sums.order_count.cast("int64"),
        total_amount=sums.exact_amount.cast("float64"),
        **{name: sums[name] for name in months},
    )
    return facts.mutate(
        mean_amount=(facts.total_amount / facts.order_count).round(6).cast("float64"),
        recency_days=ibis.date(as_of).delta(facts.last_on, unit="day").cast("int64"),
    )


def left_out(orders: Table, *, as_of: dt.date, statuses: tuple[str, ...], brushed: Table | None) -> Table:
    """Orders that no figure counts, by the first reason that holds.

    Returns
    -------
    Table
        reason (brushed, cancelled, unpaid, not_counted, refunded, guest), order_count, amount (paid, before refunds;
        of guests: net).
    """
    end = ibis.timestamp(dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time()))
    is_brushed = ibis.literal(False) if brushed is None else orders.order_id.isin(brushed.order_id)
    net = orders.paid_amount - orders.refund_amount
    reason = ibis.cases(
        (is_brushed, "brushed"),
        (orders.status == "cancelled", "cancelled"),
        ((orders.status == "pending") | orders.paid_at.isnull() | (orders.paid_at >= end), "unpaid"),
        (~orders.status.isin(list(statuses)), "not_counted"),
        (net <= 0, "refunded"),
        (orders.member_id.isnull(), "guest"),
        else_="counted",
    )
    seen = orders.select(reason=reason, amount=ibis.cases((reason == "guest", net), else_=orders.paid_amount))
    seen = seen.filter(seen.reason != "counted")
    return seen.group_by("reason").aggregate(
        order_count=seen.count(), amount=seen.amount.sum().cast("float64")
    )


def counts_left_out(
    orders: Table, *, as_of: dt.date, statuses: tuple[str, ...], brushed: Table | None
) -> pd.DataFrame:
    """What :func:`left_out` gives, as a frame in which every reason has its row."""
    rows = left_out(orders, as_of=as_of, statuses=statuses, brushed=brushed)
    found = rows.to_pandas().set_index("reason").reindex(list(LEFT_OUT)).fillna(0)
    return found.rename_axis("reason").reset_index().astype(LEFT_OUT_TYPES)
