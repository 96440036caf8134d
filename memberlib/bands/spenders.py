"""How does the money spread over members?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from memberlib.results import exact_sum, money, ratio, result, whole_number

if TYPE_CHECKING:
    import pandas as pd

    from memberlib.store import Store

TOP_PERCENT = (1, 5, 10, 20, 50, 100)


def high_spenders(store: Store, *, limit: int = 20) -> pd.DataFrame:
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
    limit = whole_number(limit, "limit")
    facts = store.facts
    total = money(facts.aggregate(amount=exact_sum(facts.total_amount)).to_pyarrow()["amount"][0].as_py())
    names = ["member_id", "total_amount", "order_count", "mean_amount", "last_on", "recency_days"]
    top = facts.order_by(facts.total_amount.desc(), facts.member_id).select(names).limit(limit)
    columns: dict[str, list[Any]] = top.to_pyarrow().to_pydict()
    first = {amount: place for place, amount in reversed(list(enumerate(columns["total_amount"], start=1)))}
    columns["rank"] = [first[amount] for amount in columns["total_amount"]]
    columns["amount_share"] = [ratio(amount, total) for amount in columns["total_amount"]]
    kinds = {
        "rank": "int64",
        "member_id": "str",
        "total_amount": "float64",
        "order_count": "int64",
        "mean_amount": "float64",
        "last_on": "object",
        "recency_days": "int64",
        "amount_share": "float64",
    }
    return result(
        store,
        columns,
        kinds,
        analysis="high_spenders",
        theme="amount",
        counts="members",
        base=store.buyer_count,
        params={"limit": limit},
        total_amount=total,
        churn_days=store.settings.churn_days,
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
    kinds = dict.fromkeys(columns, "float64") | {"member_count": "int64"}
    return result(
        store,
        columns,
        kinds,
        analysis="concentration",
        theme="amount",
        counts="members",
        base=buyers,
        params={},
    )
