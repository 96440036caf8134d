"""The theme "time": how long ago members bought, in which months, what in which season, at which hours."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from typing import TYPE_CHECKING, Annotated, Any, Literal

from memberlib.intervals import days_back, months_back, shares, spread, sums_of_members
from memberlib.lazy import Lazy
from memberlib.results import answer, money, ratio
from memberlib.theme import Chart, Edges, Theme, Whole, shop

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    from ibis.expr.types import Table

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

Months = Annotated[tuple[int, ...], Edges("months", whole=True, what="time edges")]
Unit = Literal["months", "days"]
Goods = Annotated[int, Whole(1, 1_000, slider=(3, 20))]
LEAST_MONTHS = 6
"""Whole months needed before one of them is called a peak or slack month."""

theme = Theme("time", "02-time")


@theme.view(
    "bands",
    chart=Chart("bars", row="interval", value="{one}_share", count="{one}_count", second="amount_share"),
)
def time_bands(
    store: Store, *, edges: Months = shop.time_edges_months, unit: Unit = "months"
) -> pd.DataFrame:
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
    own = edges is store.settings.time_edges_months  # they are months, in whatever unit they are shown
    back = months_back if unit == "months" or own else days_back
    cuts = [back(store.as_of, edge) for edge in edges]
    days = tuple((store.as_of - cut).days for cut in cuts)
    shown = edges if unit == "months" else days
    facts = store.facts
    return shares(
        spread(facts, facts.recency_days, days, sums=sums_of_members(facts)),
        shown,
        params={"edges": list(shown), "unit": unit},
        cut_dates=cuts,
        edge_days=list(days),
    )


@theme.view(
    "months",
    counts="orders",
    chart=Chart("columns", row="month", value="order_count", season="season", whole="whole"),
)
def months(store: Store) -> pd.DataFrame:
    """Trades by calendar month, with the peak and slack months.

    A month's ratio is its number of trades ÷ that of the median whole month. A whole month is a peak month
    from the shop's ``peak_ratio`` on and a slack month down from its ``slack_ratio``; a month that is not
    whole is neither. A month is whole when none of its days lies before the shop's first order or after
    ``as_of``: a shop whose orders begin on the 2nd may have been exported from the 2nd on.

    Returns
    -------
    DataFrame
        One row per month from the first counted trade to ``as_of``, also where nothing was traded: month
        (date, its first day), order_count, member_count (with a trade in the month), new_member_count (with
        their first trade ever), amount, mean_order_amount, whole, ratio, season ("peak", "normal", "slack";
        None where the month is not whole or there are fewer than 6 whole ones). ``attrs``:
        median_order_count, whole_count, too_short. base = counted trades.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "a"], "status": "completed",
    ...                        "paid_amount": 80, "paid_at": pd.to_datetime(["2026-01-01", "2026-03-31"])})
    >>> months(store_from(orders))[["order_count", "new_member_count"]].values.tolist()
    [[1, 1], [0, 0], [1, 0]]
    """
    from memberlib.facts import MONTH_BITS

    trades = store.trades
    sums = {"order_count": trades.count(), "amount": trades.net_amount.sum()}
    by_bits = _span(store) <= MONTH_BITS and "active_months" in store.facts.columns
    if not by_bits:
        sums["member_count"] = trades.member_id.nunique()
    sold = _by_month(trades.group_by(month=trades.paid_on.truncate("M")).aggregate(**sums))
    facts = store.facts
    fresh = _by_month(facts.group_by(month=facts.first_on.truncate("M")).aggregate(new=facts.count()))
    calendar = _calendar(min(sold, default=None), store.as_of)
    nothing = {"order_count": 0, "member_count": 0, "amount": 0, "new": 0}
    rows = [nothing | sold.get(month, {}) | fresh.get(month, {}) for month in calendar]
    counts = [int(row["order_count"]) for row in rows]
    amounts = [money(row["amount"]) for row in rows]
    whole = [_is_whole(month, store) for month in calendar]
    whole_counts = [count for count, is_whole in zip(counts, whole, strict=True) if is_whole]
    usual = float(statistics.median(whole_counts)) if whole_counts else None
    too_short = len(whole_counts) < LEAST_MONTHS
    ratios = [ratio(n, usual) if is_whole else None for n, is_whole in zip(counts, whole, strict=True)]
    peak, slack = store.settings.peak_ratio, store.settings.slack_ratio
    columns: dict[str, list[Any]] = {
        "month": calendar,
        "order_count": counts,
        "member_count": _members(facts, calendar) if by_bits else [int(row["member_count"]) for row in rows],
        "new_member_count": [int(row["new"]) for row in rows],
        "amount": amounts,
        "mean_order_amount": [ratio(amount, count) for amount, count in zip(amounts, counts, strict=True)],
        "whole": whole,
        "ratio": ratios,
        "season": [None if too_short else _season(one, peak, slack) for one in ratios],
    }
    return answer(
        columns,
        base=sum(counts),
        params={"peak_ratio": peak, "slack_ratio": slack, "least_months": LEAST_MONTHS},
        median_order_count=usual,
        whole_count=len(whole_counts),
        too_short=too_short,
    )


@theme.view(
    "goods",
    counts="orders",
    chart=Chart(
        "blocks",
        block="season",
        row="good",
        value="amount_share",
        tick="overall_share",
        beside="lift",
        first=("peak", "slack"),
        soft=("slack",),
        only={"kind": "category"},
        heading_words="chart.goods_",
        beside_words="chart.times_usual",
        foot_words="chart.goods_tick",
    ),
)
def season_goods(store: Store, *, limit: Goods | None = 5) -> pd.DataFrame:
    """What sold best in the peak months and in the slack months.

    A good is a category where the shop's lines have categories, else a product by its name; lines without are
    left out. Only months that :func:`months` gives a season are compared.

    Parameters
    ----------
    limit : int or None
        How many goods per season, by amount; None for all.

    Returns
    -------
    DataFrame
        season ("peak", then "slack"), good, kind ("category" or "product"), quantity, amount, amount_share
        (of the lines of that season), overall_share (of the lines of all compared months), lift (amount_share
        ÷ overall_share), rank. Empty where the shop has no lines or no such months. ``attrs``: has_items,
        too_short, peak_months, slack_months, without_good_count (lines left out). base = counted trades with
        a line in the compared months.

    Raises
    ------
    InputError
        For a limit below 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "status": "completed", "paid_amount": 8,
    ...                        "paid_at": pd.to_datetime(["2026-01-01"])})
    >>> season_goods(store_from(orders)).attrs["has_items"]
    False
    """
    by_month = months(store)
    named: dict[str, list[dt.date]] = {name: [] for name in ("peak", "normal", "slack")}
    for month, season in zip(by_month["month"], by_month["season"], strict=True):
        if season in named:
            named[season].append(month)
    rows: list[dict[str, Any]] = []
    items, base, kind, without = store.items, 0, "product", 0
    if items is not None and any(named.values()):
        trades = store.trades.select("order_id", month=store.trades.paid_on.truncate("M"))
        lines = items.join(trades, "order_id").mutate(season=_season_of(named))
        lines = lines.filter(lines.season.notnull())
        sums = {
            "orders": lines.order_id.nunique(),
            "lines": lines.count(),
            "category": lines.category.count(),
            "product_name": lines.product_name.count(),
        }
        found = lines.aggregate(**sums).to_pyarrow().to_pylist()[0]
        name = "category" if found["category"] else "product_name"
        base, without = found["orders"], found["lines"] - found[name]
        rows = _ranked(_goods(lines, name), limit)
        kind = "category" if name == "category" else "product"
    order = ("season", "good", "kind", "quantity", "amount", "amount_share", "overall_share", "lift", "rank")
    columns = {name: [kind if name == "kind" else row[name] for row in rows] for name in order}
    return answer(
        columns,
        base=base,
        params={"limit": limit, **by_month.attrs["params"]},
        has_items=items is not None,
        too_short=by_month.attrs["too_short"],
        peak_months=named["peak"],
        slack_months=named["slack"],
        without_good_count=without,
    )


@theme.view(
    "hours",
    counts="orders",
    chart=Chart("heat", row="weekday", across="hour", value="order_share", count="order_count"),
)
def week_hours(store: Store) -> pd.DataFrame:
    """Trades by weekday and hour of payment, in the shop's own time.

    Returns
    -------
    DataFrame
        weekday (0 = Monday), hour (0 to 23), order_count, amount, order_share; 168 rows. Where no trade has a
        time of day, 7 rows with hour None. ``attrs``: has_hours. base = counted trades.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "status": "completed", "paid_amount": 8,
    ...                        "paid_at": pd.to_datetime(["2026-01-05 20:15"])})
    >>> week_hours(store_from(orders)).query("order_count > 0")[["weekday", "hour"]].values.tolist()
    [[0, 20]]
    """
    trades = store.trades
    found = trades.group_by(weekday=trades.paid_at.day_of_week.index(), hour=trades.paid_at.hour()).aggregate(
        order_count=trades.count(),
        amount=trades.net_amount.sum(),
        timed=(trades.paid_at > trades.paid_on.cast("timestamp")).sum(),
    )
    cells = found.to_pyarrow().to_pylist()
    has_hours = any(cell["timed"] for cell in cells)
    by_place = {(cell["weekday"], cell["hour"] if has_hours else None): cell for cell in cells}
    places = [(day, hour) for day in range(7) for hour in (range(24) if has_hours else (None,))]
    nothing = {"order_count": 0, "amount": 0}
    counts = [int(by_place.get(place, nothing)["order_count"]) for place in places]
    total = sum(counts)
    columns: dict[str, list[Any]] = {
        "weekday": [day for day, _ in places],
        "hour": [hour for _, hour in places],
        "order_count": counts,
        "amount": [money(by_place.get(place, nothing)["amount"]) for place in places],
        "order_share": [ratio(count, total) for count in counts],
    }
    return answer(
        columns,
        base=total,
        has_hours=has_hours,
    )


def _is_whole(month: dt.date, store: Store) -> bool:
    begun = store.first_order_on
    return begun is not None and begun <= month and _next(month) - dt.timedelta(days=1) <= store.as_of


def _season(one: float | None, peak: float, slack: float) -> str | None:
    if one is None:
        return None
    return "peak" if one >= peak else "slack" if one <= slack else "normal"


def _next(month: dt.date) -> dt.date:
    return dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _calendar(first: dt.date | None, last: dt.date) -> list[dt.date]:
    """First days of the months from one day to another; none where there is no first day."""
    found: list[dt.date] = []
    month = first
    while month is not None and month <= last:
        found.append(month)
        month = _next(month)
    return found


def _span(store: Store) -> int:
    """How many months before that of ``as_of`` the shop's orders begin."""
    first, last = store.first_order_on or store.as_of, store.as_of
    return (last.year - first.year) * 12 + last.month - first.month


def _by_month(rows: Table) -> dict[dt.date, dict[str, Any]]:
    return {row["month"]: row for row in rows.to_pyarrow().to_pylist()}


def _members(facts: Table, calendar: list[dt.date]) -> list[int]:
    """Members with a trade in each month; to count them from the trades takes as long as all the facts."""
    back = range(len(calendar) - 1, -1, -1)
    sums = {f"back_{k}": ((facts.active_months >> k) & 1).sum() for k in back}
    found = facts.aggregate(**sums).to_pyarrow().to_pylist()[0] if sums else {}
    return [int(found[f"back_{k}"] or 0) for k in back]


def _season_of(named: dict[str, list[dt.date]]) -> Any:
    dates = {name: [ibis.date(month) for month in days] for name, days in named.items() if days}
    pairs = [(ibis._.month.isin(days), name) for name, days in dates.items()]
    return ibis.cases(*pairs, else_=ibis.null("string"))


def _goods(lines: Table, name: str) -> list[dict[str, Any]]:
    lines = lines.filter(lines[name].notnull())
    sums = {"quantity": lines.quantity.sum().cast("float64"), "amount": lines.amount.sum().cast("float64")}
    return lines.group_by("season", good=lines[name]).aggregate(**sums).to_pyarrow().to_pylist()


def _ranked(goods: list[dict[str, Any]], limit: int | None) -> list[dict[str, Any]]:
    """Goods of the peak and of the slack months, best first, with their shares."""
    amounts: dict[str, list[float]] = {}
    for row in goods:
        row["quantity"], row["amount"] = money(row["quantity"]), money(row["amount"])
        amounts.setdefault(row["good"], []).append(row["amount"])
    # Sums that do not depend on the order in which the rows came.
    overall = {good: math.fsum(parts) for good, parts in amounts.items()}
    everything = math.fsum(overall.values())
    rows: list[dict[str, Any]] = []
    for season in ("peak", "slack"):
        chosen = [row for row in goods if row["season"] == season]
        chosen.sort(key=lambda row: (-row["amount"], row["good"]))
        whole = math.fsum(row["amount"] for row in chosen)
        for rank, row in enumerate(chosen[:limit], start=1):
            share, usual = ratio(row["amount"], whole), ratio(overall[row["good"]], everything)
            shares = {"amount_share": share, "overall_share": usual, "lift": ratio(share, usual)}
            rows.append({**row, "rank": rank, **shares})
    return rows
