"""Analyses of the theme "count": members by their number of orders, and how many of each interval are asleep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from memberlib.intervals import open_edges, shares, spread, sums_of_members
from memberlib.lazy import Lazy
from memberlib.results import answer, exact_sum, money, ratio
from memberlib.theme import Chart, Edges, Theme, Whole, shop

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

Orders = Annotated[tuple[int, ...], Edges("orders", whole=True, what="count edges")]
Days = Annotated[int, Whole(1, 36_500, slider=(7, 730))]

theme = Theme("count", "04-count")


@theme.view(
    "bands",
    chart=Chart("bars", row="interval", value="{one}_share", count="{one}_count", second="amount_share"),
)
def count_bands(store: Store, *, edges: Orders = shop.count_edges) -> pd.DataFrame:
    """Members by their number of counted trades.

    Parameters
    ----------
    edges : sequence of int, optional
        Upper edges in trades, rising; the shop's ``count_edges`` where none are given.

    Returns
    -------
    DataFrame
        lower, upper (trades; None where open), member_count, member_share (of all buyers), order_count,
        order_share, amount, amount_share. base = members with a counted trade.

    Raises
    ------
    InputError
        For edges that do not rise or are not whole.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2", "3"], "member_id": ["a", "a", "b"],
    ...                        "status": "completed", "paid_amount": 80,
    ...                        "paid_at": pd.Timestamp("2026-01-05")})
    >>> count_bands(store_from(orders), edges=[1])["member_share"].tolist()
    [0.5, 0.5]
    """
    facts = store.facts
    return shares(spread(facts, facts.order_count, edges, sums=sums_of_members(facts)), edges)


@theme.view(
    "sleeping",
    chart=Chart("filled", row="interval", part="sleeping", whole="member_count", words="chart.asleep"),
)
def sleeping(store: Store, *, edges: Orders = shop.count_edges, days: Days = shop.churn_days) -> pd.DataFrame:
    """How many members sleep, by their number of counted trades.

    Parameters
    ----------
    edges : sequence of int, optional
        Upper edges in trades, rising; the shop's ``count_edges`` where none are given.
    days : int, optional
        A member sleeps whose last counted trade lies more than so many days back; the shop's ``churn_days``
        where none are given.

    Returns
    -------
    DataFrame
        lower, upper (trades; None where open), member_count, sleeping_count, sleeping_share (of the
        interval's members), sleeping_amount (what the sleeping ones have spent so far), median_recency_days
        (of the interval's members). ``attrs``: sleeping_count, sleeping_share and sleeping_amount of all
        intervals together. base = members with a counted trade.

    Raises
    ------
    InputError
        For edges that do not rise or are not whole, or days below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": 80, "paid_at": pd.to_datetime(["2026-01-05", "2026-04-30"])})
    >>> sleeping(store_from(orders), edges=[2], days=90)["sleeping_count"].tolist()
    [1, 0]
    """
    facts = store.facts
    asleep = facts.recency_days > days
    sums = {
        "member_count": facts.count(),
        "sleeping_count": asleep.sum(),
        "sleeping_amount": exact_sum(ibis.cases((asleep, facts.total_amount), else_=0.0)),
        "median_recency_days": facts.recency_days.median(),
    }
    rows = spread(facts, facts.order_count, edges, sums=sums)
    columns = {
        **open_edges(edges),
        "member_count": [row["member_count"] for row in rows],
        "sleeping_count": [row["sleeping_count"] for row in rows],
        "sleeping_share": [ratio(row["sleeping_count"], row["member_count"]) for row in rows],
        "sleeping_amount": [money(row["sleeping_amount"]) for row in rows],
        "median_recency_days": [row["median_recency_days"] if row["member_count"] else None for row in rows],
    }
    base, count = sum(columns["member_count"]), sum(columns["sleeping_count"])
    return answer(
        columns,
        base=base,
        sleeping_count=count,
        sleeping_share=ratio(count, base),
        sleeping_amount=money(sum(columns["sleeping_amount"])),
    )
