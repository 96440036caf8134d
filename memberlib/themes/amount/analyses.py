"""Analyses of the theme "amount": members and orders by amount, the highest spenders, how few bring how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from memberlib.intervals import shares, spread, sums_of_members
from memberlib.lazy import Lazy
from memberlib.results import answer, exact_sum, money, ratio
from memberlib.theme import Chart, Edges, Theme, Whole, shop

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

Amounts = Annotated[tuple[float, ...], Edges("money", whole=False, what="amount edges")]
Measure = Literal["mean", "total", "order"]
Limit = Annotated[int, Whole(1, 10_000, slider=(5, 50))]
TOP_PERCENT = (1, 5, 10, 20, 50, 100)

theme = Theme("amount", "03-amount")


@theme.view(
    "bands",
    chart=Chart("bars", row="interval", value="{one}_share", count="{one}_count", second="amount_share"),
)
def amount_bands(
    store: Store, *, measure: Measure = shop.amount_measure, edges: Amounts = shop.amount_edges
) -> pd.DataFrame:
    """Members, or single orders, by amount.

    Parameters
    ----------
    measure : {"mean", "total", "order"}, optional
        A member's sales ÷ orders, a member's total, or the single order; the shop's ``amount_measure``
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
    if measure == "order":
        trades = store.trades
        sums = {
            "member_count": trades.member_id.nunique(),
            "order_count": trades.count(),
            "amount": trades.net_amount.sum().cast("float64"),
        }
        rows = spread(trades, trades.net_amount.cast("float64"), edges, sums=sums)
        return shares(rows, edges, counts="orders", members=store.buyer_count)
    facts = store.facts
    value = facts.mean_amount if measure == "mean" else facts.total_amount
    return shares(spread(facts, value, edges, sums=sums_of_members(facts)), edges)


@theme.view(
    "concentration",
    chart=Chart(
        "curve",
        x="top_share",
        y="amount_share",
        strong=0.1,
        x_words="chart.top_members_axis",
        y_words="chart.share_of_sales",
        point_words="chart.top_brings",
    ),
)
def concentration(store: Store) -> pd.DataFrame:
    """How much of the money the best-spending 1, 5, 10, 20, 50 and 100 % of the members bring.

    Returns
    -------
    DataFrame
        top_share (0.01 … 1), member_count (that share of all buyers, rounded up), amount, amount_share,
        least_amount (the smallest total among them). base = members with a counted trade.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": [20, 80], "paid_at": pd.Timestamp("2026-01-05")})
    >>> concentration(store_from(orders))["amount_share"].tolist()
    [0.8, 0.8, 0.8, 0.8, 0.8, 1.0]
    """
    buyers = store.buyer_count
    # In whole numbers: 0.07 × 100 is a little above 7 in floating point, and would be rounded up to 8.
    sizes = [-(-buyers * percent // 100) for percent in TOP_PERCENT]
    # Members of equal totals may stand in any order: the sum and the least of the first n are the same.
    order = ibis.row_number().over(order_by=store.facts.total_amount.desc())
    ranked = store.facts.select("total_amount", place=order)
    step = ibis.cases(*[(ranked.place < size, place) for place, size in enumerate(sizes)], else_=len(sizes))
    found = ranked.group_by(step=step).aggregate(
        amount=exact_sum(ranked.total_amount), least=ranked.total_amount.min()
    )
    by_step = {row["step"]: row for row in found.to_pyarrow().to_pylist()}
    amounts: list[float] = []
    least: list[float | None] = []
    for place in range(len(sizes)):
        row = by_step.get(place, {"amount": 0.0, "least": least[-1] if least else None})
        amounts.append((amounts[-1] if amounts else 0.0) + row["amount"])
        least.append(row["least"])
    amounts = [money(amount) for amount in amounts]
    columns: dict[str, list[Any]] = {
        "top_share": [percent / 100 for percent in TOP_PERCENT],
        "member_count": sizes,
        "amount": amounts,
        "amount_share": [ratio(amount, amounts[-1]) for amount in amounts],
        "least_amount": least,
    }
    return answer(columns, base=buyers)


@theme.view(
    "spenders",
    chart=Chart(
        "dots", row="member_id", value="total_amount", rank="rank", count="order_count", days="recency_days"
    ),
    person_rows=True,
)
def high_spenders(store: Store, *, limit: Limit = 20) -> pd.DataFrame:
    """The members who have spent most.

    Parameters
    ----------
    limit : int
        How many.

    Returns
    -------
    DataFrame
        rank (equal totals share a rank), member_id, total_amount, order_count, mean_amount, last_on (date),
        recency_days, amount_share (of all counted trades); largest total first, then by member_id.
        ``attrs``: total_amount of all members, churn_days. base = members with a counted trade.

    Raises
    ------
    InputError
        For a limit below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": [40, 80], "paid_at": pd.Timestamp("2026-01-05")})
    >>> high_spenders(store_from(orders), limit=1)["member_id"].tolist()
    ['b']
    """
    facts = store.facts
    total = money(facts.aggregate(amount=exact_sum(facts.total_amount)).to_pyarrow()["amount"][0].as_py())
    names = ["member_id", "total_amount", "order_count", "mean_amount", "last_on", "recency_days"]
    top = facts.order_by(facts.total_amount.desc(), facts.member_id).select(names).limit(limit)
    columns: dict[str, list[Any]] = top.to_pyarrow().to_pydict()
    first = {amount: place for place, amount in reversed(list(enumerate(columns["total_amount"], start=1)))}
    columns["rank"] = [first[amount] for amount in columns["total_amount"]]
    columns["amount_share"] = [ratio(amount, total) for amount in columns["total_amount"]]
    order = ("rank", *names, "amount_share")
    return answer({name: columns[name] for name in order}, base=store.buyer_count, total_amount=total)
