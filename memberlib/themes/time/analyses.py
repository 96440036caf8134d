"""How long ago members last bought, and in which months, what in which season, on which days and at which hours."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from memberlib.intervals import days_back, months_back, shares, spread, sums_of_members
from memberlib.lazy import Lazy
from memberlib.results import answer, exact_sum, money, ratio
from memberlib.theme import Chart, Edges, Theme, Whole, shop
from memberlib.themes.time.hours import busy_days, weeks_above
from memberlib.themes.time.seasons import LEAST_MONTHS, lasting_change, opening, standing_out, usual_counts

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
COOLING_FROM = 2 / 3
"""Members cool down in the last third of the days after which they are asleep."""

theme = Theme("time", "02-time")


@theme.view(
    "bands",
    parts="member_count",
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
        edge the earliest last trade that still lies within it), edge_days; sleeping_count, sleeping_share and
        sleeping_amount of the members whose last counted trade lies more than the shop's ``churn_days`` back,
        whatever the intervals; cooling_count, cooling_share and cooling_amount of those more than cooling_days
        (two thirds of them) back but not yet asleep. base = members with a counted trade.

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
    facts, churn = store.facts, store.settings.churn_days
    cooling_days = math.floor(churn * COOLING_FROM)
    asleep = facts.recency_days > churn
    cooling = (facts.recency_days > cooling_days) & ~asleep
    sums = sums_of_members(facts)
    for name, some in (("sleeping", asleep), ("cooling", cooling)):
        sums[f"{name}_count"] = some.sum()
        sums[f"{name}_amount"] = exact_sum(ibis.cases((some, facts.total_amount), else_=0.0))
    rows = spread(facts, facts.recency_days, days, sums=sums)
    base = sum(row["member_count"] for row in rows)
    groups: dict[str, Any] = {"cooling_days": cooling_days}
    for name in ("sleeping", "cooling"):
        count = int(sum(row[f"{name}_count"] for row in rows))
        groups |= {f"{name}_count": count, f"{name}_share": ratio(count, base)}
        groups[f"{name}_amount"] = money(math.fsum(row[f"{name}_amount"] for row in rows))
    return shares(
        rows,
        shown,
        params={"edges": list(shown), "unit": unit},
        cut_dates=cuts,
        edge_days=list(days),
        **groups,
    )


@theme.view(
    "months",
    counts="orders",
    parts="order_count",
    chart=Chart("columns", row="month", value="order_count", season="season", whole="whole"),
)
def months(store: Store) -> pd.DataFrame:
    """Trades by calendar month, with the peak and slack months of each year.

    A whole month's ratio is its number of trades ÷ that of a usual month of its own time (see
    :func:`memberlib.themes.time.seasons.usual_counts`), so that growth makes no season. From the shop's
    ``peak_ratio`` on it is a peak month and down from its ``slack_ratio`` a slack month, where it differs by
    more than chance makes likely. Neither are the months of the shop's opening, nor the last months where
    sales have changed to stay. A month is whole when none of its days lies before the shop's first order or
    after ``as_of``: a shop whose orders begin on the 2nd may have been exported from the 2nd on.

    Returns
    -------
    DataFrame
        One row per month from the first counted trade to ``as_of``, also where nothing was traded: month
        (date, its first day), order_count, member_count (with a trade in the month), new_member_count (with
        their first trade ever), amount, mean_order_amount, whole, usual_order_count (of a usual month at that
        time), usual_ratio (order_count ÷ usual_order_count), season ("peak", "normal", "slack"; None where the
        month is not whole, belongs to the opening or to a lasting change, or where there are fewer than 12
        whole ones). ``attrs``: whole_count, too_short, opening_months, changed_months
        (their first days). base = counted trades.

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
    places = [place for place, is_whole in enumerate(whole) if is_whole]
    whole_counts = [counts[place] for place in places]
    levels = usual_counts(whole_counts)
    peak, slack = store.settings.peak_ratio, store.settings.slack_ratio
    named = standing_out(whole_counts, levels, peak=peak, slack=slack)
    too_short = len(places) < LEAST_MONTHS
    first, last = opening(named), len(named) - lasting_change(named)
    usual: dict[int, float] = dict(zip(places, levels, strict=True))
    seasons = dict(list(zip(places, named, strict=True))[first:last]) if not too_short else {}
    everywhere = range(len(calendar))
    columns: dict[str, list[Any]] = {
        "month": calendar,
        "order_count": counts,
        "member_count": _members(facts, calendar) if by_bits else [int(row["member_count"]) for row in rows],
        "new_member_count": [int(row["new"]) for row in rows],
        "amount": amounts,
        "mean_order_amount": [ratio(amount, count) for amount, count in zip(amounts, counts, strict=True)],
        "whole": whole,
        "usual_order_count": [usual.get(place) for place in everywhere],
        "usual_ratio": [ratio(counts[place], usual.get(place)) for place in everywhere],
        "season": [seasons.get(place) for place in everywhere],
    }
    return answer(
        columns,
        base=sum(counts),
        params={"peak_ratio": peak, "slack_ratio": slack, "least_months": LEAST_MONTHS},
        whole_count=len(places),
        too_short=too_short,
        opening_months=[calendar[place] for place in places[:first]],
        changed_months=[calendar[place] for place in places[last:]],
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
        beside="lift_ratio",
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
        season ("peak", then "slack"), good, kind ("category" or "product"), quantity, order_count, member_count
        (with the good in that season), overall_order_count (orders with it in all compared months), amount,
        amount_share (of the lines of that season), overall_share (of the lines of all compared months),
        lift_ratio (amount_share ÷ overall_share), rank. Empty where the shop has no lines or no such months.
        ``attrs``: has_items, too_short, peak_months, slack_months, without_good_count (lines left out),
        compared_count (how many goods of how many seasons were compared, shown or not), peak_order_count and
        slack_order_count (orders with a line in the season). base = counted trades with a line in the compared
        months.

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
    items, base, kind, without, compared = store.items, 0, "product", 0, 0
    season_orders = {"peak": 0, "slack": 0}
    if items is not None and (named["peak"] or named["slack"]):
        trades = store.trades.select("order_id", "member_id", month=store.trades.paid_on.truncate("M"))
        lines = items.join(trades, "order_id").mutate(season=_season_of(named))
        lines = lines.filter(lines.season.notnull())
        sums = {
            "orders": lines.order_id.nunique(),
            "peak": lines.order_id.nunique(where=lines.season == "peak"),
            "slack": lines.order_id.nunique(where=lines.season == "slack"),
            "lines": lines.count(),
            "category": lines.category.count(),
            "product_name": lines.product_name.count(),
        }
        found = lines.aggregate(**sums).to_pyarrow().to_pylist()[0]
        name = "category" if found["category"] else "product_name"
        base, without = found["orders"], found["lines"] - found[name]
        season_orders = {season: found[season] for season in season_orders}
        goods = _goods(lines, name)
        compared = sum(row["season"] in season_orders for row in goods)
        rows = _ranked(goods, limit)
        kind = "category" if name == "category" else "product"
    order = (
        "season", "good", "kind", "quantity", "order_count", "member_count", "overall_order_count", "amount",
        "amount_share", "overall_share", "lift_ratio", "rank",
    )  # fmt: skip
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
        compared_count=compared,
        peak_order_count=season_orders["peak"],
        slack_order_count=season_orders["slack"],
    )


@theme.view(
    "hours",
    counts="orders",
    parts="order_count",
    chart=Chart("heat", row="weekday", across="hour", value="order_share", count="order_count"),
)
def week_hours(store: Store) -> pd.DataFrame:
    """Trades by weekday and hour of payment, in the shop's own time.

    Returns
    -------
    DataFrame
        weekday (0 = Monday), hour (0 to 23), order_count, amount, order_share, ordinary_count (orders on all but
        the unusually busy days, see :func:`memberlib.themes.time.hours.busy_days`); 168 rows. Where no trade has
        a time of day, 7 rows with hour None. ``attrs``: has_hours, busy_days (their dates), week_count (weeks
        with enough orders to be looked at), day_week_counts (per weekday: in how many of them it had more than
        a seventh of the orders), hour_week_counts (per hour to 22: in how many it and the next had more than a
        twelfth). base = counted trades.

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
    found = trades.group_by(day=trades.paid_on, hour=trades.paid_at.hour()).aggregate(
        order_count=trades.count(),
        amount=trades.net_amount.sum(),
        timed=(trades.paid_at > trades.paid_on.cast("timestamp")).sum(),
    )
    cells = found.to_pyarrow().to_pylist()
    has_hours = any(cell["timed"] for cell in cells)
    by_day: dict[dt.date, list[int]] = defaultdict(lambda: [0] * 24)
    for cell in cells:
        by_day[cell["day"]][cell["hour"]] += cell["order_count"]
    busy = busy_days({day: sum(hours) for day, hours in by_day.items()})
    week_count, day_weeks, hour_weeks = weeks_above(by_day)
    counts: dict[Any, int] = defaultdict(int)
    ordinary: dict[Any, int] = defaultdict(int)
    amounts: dict[Any, Any] = defaultdict(int)
    for cell in cells:
        place = cell["day"].weekday(), cell["hour"] if has_hours else None
        counts[place] += cell["order_count"]
        amounts[place] += cell["amount"]
        ordinary[place] += 0 if cell["day"] in busy else cell["order_count"]
    places = [(day, hour) for day in range(7) for hour in (range(24) if has_hours else (None,))]
    total = sum(counts.values())
    columns: dict[str, list[Any]] = {
        "weekday": [day for day, _ in places],
        "hour": [hour for _, hour in places],
        "order_count": [counts[place] for place in places],
        "amount": [money(amounts[place]) for place in places],
        "order_share": [ratio(counts[place], total) for place in places],
        "ordinary_count": [ordinary[place] for place in places],
    }
    return answer(
        columns,
        base=total,
        has_hours=has_hours,
        busy_days=sorted(busy),
        week_count=week_count,
        day_week_counts=day_weeks,
        hour_week_counts=hour_weeks,
    )


def _is_whole(month: dt.date, store: Store) -> bool:
    begun = store.first_order_on
    return begun is not None and begun <= month and _next(month) - dt.timedelta(days=1) <= store.as_of


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
    sums = {
        "quantity": lines.quantity.sum().cast("float64"),
        "order_count": lines.order_id.nunique(),
        "member_count": lines.member_id.nunique(),
        "amount": lines.amount.sum().cast("float64"),
    }
    return lines.group_by("season", good=lines[name]).aggregate(**sums).to_pyarrow().to_pylist()


def _ranked(goods: list[dict[str, Any]], limit: int | None) -> list[dict[str, Any]]:
    """Goods of the peak and of the slack months, best first, with their shares."""
    amounts: dict[str, list[float]] = {}
    orders: dict[str, int] = {}
    for row in goods:
        row["quantity"], row["amount"] = money(row["quantity"]), money(row["amount"])
        amounts.setdefault(row["good"], []).append(row["amount"])
        # an order lies in one month, and so in one season
        orders[row["good"]] = orders.get(row["good"], 0) + row["order_count"]
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
            shares = {"amount_share": share, "overall_share": usual, "lift_ratio": ratio(share, usual)}
            rows.append({**row, "rank": rank, "overall_order_count": orders[row["good"]], **shares})
    return rows
