"""How do members spread over intervals of time, amount and count?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis

from memberlib.bands.intervals import (
    Number,
    checked,
    days_back,
    months_back,
    open_edges,
    shares,
    spread,
    sums_of_members,
)
from memberlib.errors import InputError
from memberlib.results import exact_sum, money, ratio, result, whole_number
from memberlib.settings import MEASURES

if TYPE_CHECKING:
    import pandas as pd

    from memberlib.store import Store

UNITS = ("months", "days")


def time_bands(store: Store, *, edges: Sequence[int] | None = None, unit: str = "months") -> pd.DataFrame:
    """Members by the time since their last counted trade.

    Parameters
    ----------
    edges : sequence of int, optional
        Upper edges in ``unit``, rising; the shop's ``time_edges_months`` where none are given.
    unit : {"months", "days"}
        Months are calendar months back from ``as_of``, clipped to the end of a shorter month: "within 2
        months" of 30 April is a last trade on 28 February (or 29) or later.

    Returns
    -------
    DataFrame
        lower, upper (in ``unit``; None where open), member_count, member_share (of all buyers), order_count,
        order_share, amount, amount_share (all counted trades of these members). ``attrs``: cut_dates (per
        edge the earliest last trade that still lies within it), edge_days, churn_days. base = members with a
        counted trade.

    Raises
    ------
    InputError
        For edges that do not rise or are not whole, an unknown unit, an edge that lies before the calendar.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": 80, "paid_at": pd.to_datetime(["2026-01-05", "2026-04-30"])})
    >>> time_bands(store_from(orders), edges=[2])["member_count"].tolist()
    [1, 1]
    """
    if unit not in UNITS:
        raise InputError(f"unit {unit!r} is not known; choose one of {', '.join(UNITS)}")
    given = checked(
        store.settings.time_edges_months if edges is None else edges, whole=True, what="time edges"
    )
    back = months_back if unit == "months" or edges is None else days_back
    cuts = [back(store.as_of, edge) for edge in given]
    days = tuple((store.as_of - cut).days for cut in cuts)
    shown = given if unit == "months" else days
    facts = store.facts
    return shares(
        store,
        spread(facts, facts.recency_days, days, sums=sums_of_members(facts)),
        shown,
        analysis="time_bands",
        theme="time",
        params={"edges": list(shown), "unit": unit},
        cut_dates=cuts,
        edge_days=list(days),
        churn_days=store.settings.churn_days,
    )


def amount_bands(
    store: Store, *, measure: str | None = None, edges: Sequence[Number] | None = None
) -> pd.DataFrame:
    """Members, or single orders, by amount.

    Parameters
    ----------
    measure : {"mean", "total", "order"}, optional
        A member's mean order value, a member's total, or the single order; the shop's ``amount_measure``
        where none is given.
    edges : sequence of number, optional
        Upper edges in the shop's currency, rising; the shop's ``amount_edges`` where none are given.

    Returns
    -------
    DataFrame
        lower, upper (currency; None where open), member_count, member_share (of all buyers), order_count,
        order_share, amount, amount_share. With ``measure="order"`` the intervals hold orders: ``counts`` is
        "orders", base the number of counted trades, and member_count the members with at least one such
        order, so that a member can stand in several rows. Else base = members with a counted trade.

    Raises
    ------
    InputError
        For edges that do not rise, or an unknown measure.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "a"], "status": "completed",
    ...                        "paid_amount": [40, 80], "paid_at": pd.Timestamp("2026-01-05")})
    >>> amount_bands(store_from(orders), measure="mean", edges=[50, 100])["member_count"].tolist()
    [0, 1, 0]
    """
    measure = store.settings.amount_measure if measure is None else measure
    if measure not in MEASURES:
        raise InputError(f"measure {measure!r} is not known; choose one of {', '.join(MEASURES)}")
    given = checked(store.settings.amount_edges if edges is None else edges, whole=False, what="amount edges")
    about: dict[str, Any] = {
        "analysis": "amount_bands",
        "theme": "amount",
        "params": {"measure": measure, "edges": list(given)},
    }
    if measure == "order":
        trades = store.trades
        sums = {
            "member_count": trades.member_id.nunique(),
            "order_count": trades.count(),
            "amount": trades.net_amount.sum().cast("float64"),
        }
        rows = spread(trades, trades.net_amount.cast("float64"), given, sums=sums)
        return shares(store, rows, given, counts="orders", members=store.buyer_count, **about)
    facts = store.facts
    value = facts.mean_amount if measure == "mean" else facts.total_amount
    return shares(store, spread(facts, value, given, sums=sums_of_members(facts)), given, **about)


def count_bands(store: Store, *, edges: Sequence[int] | None = None) -> pd.DataFrame:
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
    given = checked(store.settings.count_edges if edges is None else edges, whole=True, what="count edges")
    facts = store.facts
    return shares(
        store,
        spread(facts, facts.order_count, given, sums=sums_of_members(facts)),
        given,
        analysis="count_bands",
        theme="count",
        params={"edges": list(given)},
    )


def sleeping(store: Store, *, edges: Sequence[int] | None = None, days: int | None = None) -> pd.DataFrame:
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
    given = checked(store.settings.count_edges if edges is None else edges, whole=True, what="count edges")
    days = whole_number(store.settings.churn_days if days is None else days, "days")
    facts = store.facts
    asleep = facts.recency_days > days
    sums = {
        "member_count": facts.count(),
        "sleeping_count": asleep.sum(),
        "sleeping_amount": exact_sum(ibis.cases((asleep, facts.total_amount), else_=0.0)),
        "median_recency_days": facts.recency_days.median(),
    }
    rows = spread(facts, facts.order_count, given, sums=sums)
    columns = open_edges(given)
    columns["member_count"] = [row["member_count"] for row in rows]
    columns["sleeping_count"] = [row["sleeping_count"] for row in rows]
    columns["sleeping_share"] = [ratio(row["sleeping_count"], row["member_count"]) for row in rows]
    columns["sleeping_amount"] = [money(row["sleeping_amount"]) for row in rows]
    columns["median_recency_days"] = [
        row["median_recency_days"] if row["member_count"] else None for row in rows
    ]
    kinds = dict.fromkeys(columns, "float64") | {"lower": "object", "upper": "object"}
    kinds |= {"member_count": "int64", "sleeping_count": "int64"}
    base, count = sum(columns["member_count"]), sum(columns["sleeping_count"])
    return result(
        store,
        columns,
        kinds,
        analysis="sleeping",
        theme="count",
        counts="members",
        base=base,
        params={"edges": list(given), "days": days},
        sleeping_count=count,
        sleeping_share=ratio(count, base),
        sleeping_amount=money(sum(columns["sleeping_amount"])),
    )
