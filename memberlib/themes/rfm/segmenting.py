"""Members by segment: how many, what they are worth, who they are, and where they live."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from memberlib.errors import InputError
from memberlib.results import answer, exact_sum, ratio
from memberlib.theme import Chart, When
from memberlib.themes.rfm.cuts import Cuts, cells_of, cuts_of, scored
from memberlib.themes.rfm.maps import SegmentMap, map_of
from memberlib.themes.rfm.options import Cut, Map, Method, Scores, Segment, theme
from memberlib.themes.rfm.scoring import about, params_of

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import Table

    from memberlib.store import Store

_SEGMENTS = (
    "segment",
    "member_count",
    "member_share",
    "sleeping_count",
    "order_count",
    "amount",
    "amount_share",
    "mean_recency_days",
    "mean_order_count",
    "mean_total_amount",
)
_MEMBERS = ("member_id", "recency_days", "order_count", "total_amount", "r", "f", "m", "segment")
_REGIONS = ("region", "member_count", "mean_recency_days", "mean_order_count", "mean_total_amount", "amount")
_SUMS = ("member_count", "sleeping_count", "recency_days", "order_count", "total_amount")
_MEANS = {
    "mean_recency_days": "recency_days",
    "mean_order_count": "order_count",
    "mean_total_amount": "amount",
}


@theme.view(
    chart=Chart(
        "bars",
        row="segment",
        value="member_share",
        count="member_count",
        second="amount_share",
        notes="segment_note",
    )
)
def segments(
    store: Store,
    *,
    method: Method = "active",
    scores: Scores | None = None,
    edges: Cut | None = None,
    segment_map: Map = "eight",
) -> pd.DataFrame:
    """Members, orders and money per segment; a segment without a member keeps its row.

    Parameters
    ----------
    method : {"active", "median", "mean", "quantile", "fixed", "jenks"}
        How values become scores. ``active``: R is high up to the shop's ``active_days`` (``churn_days`` where it
        has set none), so that nobody asleep is ever called recent, and F and M are cut at the median. ``median``
        (``mean``) cuts all three at the median (mean): R is high where recency_days ≤ cut, F and M where the
        value > cut.
    scores : int, optional
        Number of scores of ``quantile`` and ``jenks``, 2 to 10, else 5. ``active``, ``median`` and ``mean``
        always give 2, whatever is asked; ``fixed`` one more than its edges.
    edges : mapping, optional
        For ``fixed``: {"recency": [30, 90], "frequency": [1, 3], "monetary": [100, 500]} (days, orders,
        money; rising, closed on the right); the shop's own edges where none are given.
    segment_map : "eight", "eleven", path of a CSV, or DataFrame
        Score ranges of each segment, checked as in :func:`memberlib.themes.rfm.check_map`. ``eleven`` needs 5
        scores. In ``eight`` a score is high when it is above half of the scores, rounded up.

    Returns
    -------
    DataFrame
        segment, member_count, member_share, sleeping_count (members without an order for more than the shop's
        ``churn_days``), order_count, amount, amount_share, mean_recency_days, mean_order_count,
        mean_total_amount, in the map's order. base = members with a counted order.
        ``attrs``: edges per measure, high_from (the lowest high score of ``eight``, else None), sampled (on
        how many evenly spaced ranks natural breaks were found; None: on all members).

    Raises
    ------
    InputError
        For an unknown method or map, edges that fall or repeat, a map with gaps or overlaps.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> days = pd.to_datetime(["2026-01-05", "2026-03-01", "2026-01-09"])
    >>> orders = pd.DataFrame({"order_id": ["1", "2", "3"], "member_id": ["a", "a", "b"],
    ...                        "paid_amount": [80, 70, 20], "paid_at": days, "status": "completed"})
    >>> found = segments(store_from(orders)).set_index("segment")["member_count"]
    >>> found[found > 0].to_dict()
    {'important_value': 1, 'general_develop': 1}
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    chosen = map_of(segment_map, cuts.scores)
    sums: dict[str, dict[str, Any]] = {name: dict.fromkeys(_SUMS, 0) for name in chosen.segments}
    for cell in cells_of(store, cuts):
        own = sums[chosen.cells[cell["r"], cell["f"], cell["m"]]]
        for name in _SUMS:
            own[name] += cell[name]
    amounts = [round(float(own["total_amount"]), 4) for own in sums.values()]
    base, amount = store.buyer_count, round(sum(amounts), 4)
    rows: dict[str, list[Any]] = {
        "segment": list(sums),
        **{
            name: [own[name] for own in sums.values()]
            for name in ("member_count", "sleeping_count", "order_count")
        },
        "amount": amounts,
        "member_share": [ratio(own["member_count"], base) for own in sums.values()],
        "amount_share": [ratio(one, amount) for one in amounts],
    }
    for mean, total in _MEANS.items():
        totals = rows["amount"] if total == "amount" else [own[total] for own in sums.values()]
        rows[mean] = [ratio(one, count) for one, count in zip(totals, rows["member_count"], strict=True)]
    return segmented(rows, _SEGMENTS, cuts=cuts, chosen=chosen, base=base)


@theme.view(front=False, person_rows=True)
def members(
    store: Store,
    *,
    method: Method = "active",
    scores: Scores | None = None,
    edges: Cut | None = None,
    segment_map: Map = "eight",
) -> pd.DataFrame:
    """Every member with a counted order, with its scores and segment.

    Parameters
    ----------
    method, scores, edges, segment_map
        As in :func:`segments`.

    Returns
    -------
    DataFrame
        member_id, recency_days, order_count, total_amount, r, f, m (scores), segment; by member_id.
        base = these members.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> days = pd.to_datetime(["2026-01-05", "2026-01-25"])
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"],
    ...                        "paid_amount": [80, 20], "paid_at": days, "status": "completed"})
    >>> members(store_from(orders))[["member_id", "r", "f", "m", "segment"]].values.tolist()
    [['a', 2, 1, 2, 'important_develop'], ['b', 2, 1, 1, 'general_develop']]
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    chosen = map_of(segment_map, cuts.scores)
    found = scored(store.facts, cuts).order_by("member_id").to_pyarrow().to_pandas()
    found["segment"] = chosen.of(found["r"], found["f"], found["m"])
    return segmented(found, _MEMBERS, cuts=cuts, chosen=chosen, base=len(found))


@theme.view(
    chart=Chart(
        "bubbles",
        row="region",
        x="mean_order_count",
        y="mean_total_amount",
        size="mean_recency_days",
        order="amount",
        some="member_count",
        x_words="chart.orders_axis",
        y_words="chart.spent_axis",
    )
)
def regions(
    store: Store,
    *,
    segment: Segment | None = None,
    method: Annotated[Method, When("segment")] = "active",
    scores: Scores | None = None,
    edges: Cut | None = None,
    segment_map: Annotated[Map, When("segment")] = "eight",
) -> pd.DataFrame:
    """Recency, frequency and money by region.

    Parameters
    ----------
    segment : str, optional
        Only the members of this segment; all members with a counted order where none is given.
    method, scores, edges, segment_map
        As in :func:`segments`; they matter with ``segment`` only.

    Returns
    -------
    DataFrame
        region (of the member list, else of the member's last counted order that names one), member_count,
        mean_recency_days, mean_order_count, mean_total_amount, amount; most members first, then by name.
        base = members with a counted order (of the segment), of whom ``attrs`` no_region_count are in no
        row. ``attrs`` spread: standard deviation among the members with a region of recency_days,
        order_count, total_amount, and of what a member's orders come to beyond the average order (the residual
        of a ratio; W. G. Cochran, "Sampling Techniques", 1977, chapter 6). By it a finding tells a region that
        differs from one that chance made.

    Raises
    ------
    InputError
        For a segment that the map does not have, and as :func:`segments`.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "region": ["Kent", None],
    ...                        "paid_amount": [80, 20], "paid_at": pd.Timestamp("2026-01-05"),
    ...                        "status": "completed"})
    >>> found = regions(store_from(orders))
    >>> found["region"].tolist(), found.attrs["no_region_count"]
    (['Kent'], 1)
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    chosen = map_of(segment_map, cuts.scores)
    rows = scored(store.facts, cuts)
    if segment is not None:
        if segment not in chosen.segments:
            near = difflib.get_close_matches(segment, chosen.segments, 1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            has = ", ".join(chosen.segments)
            raise InputError(
                f"segment {segment!r} is not in the map '{chosen.name}'{meant}; it has {has}",
                key="refused.segment",
            )
        cells = [cell for cell, name in chosen.cells.items() if name == segment]
        size = cuts.scores + 1
        cell = (rows.r.cast("int32") * size + rows.f) * size + rows.m
        rows = rows.filter(cell.isin([(r * size + f) * size + m for r, f, m in cells]))
    placed = rows.left_join(_places(store), "member_id")
    sums = placed.group_by("region").aggregate(
        member_count=placed.count(),
        recency_days=placed.recency_days.sum(),
        order_count=placed.order_count.sum(),
        amount=exact_sum(placed.total_amount),
        **{name: (a.cast("float64") * b.cast("float64")).sum() for name, (a, b) in _products(placed).items()},
    )
    found = sums.to_pyarrow().to_pandas()
    base, named = int(found["member_count"].sum()), found[found["region"].notna()].copy()
    named = named.sort_values(["member_count", "region"], ascending=[False, True], ignore_index=True)
    named["amount"] = named["amount"].astype("float64").round(4)
    missing = base - int(named["member_count"].sum())
    return segmented(
        _with_means(named),
        _REGIONS,
        cuts=cuts,
        chosen=chosen,
        base=base,
        params={"segment": segment},
        no_region_count=missing,
        spread=_spread(named),
    )


def _products(rows: Table) -> dict[str, tuple[Any, Any]]:
    """Pairs of columns whose products, summed, give the spreads."""
    days, orders, amount = rows.recency_days, rows.order_count, rows.total_amount
    return {"rr": (days, days), "ff": (orders, orders), "mm": (amount, amount), "fm": (orders, amount)}


def _spread(sums: pd.DataFrame) -> dict[str, float]:
    """Standard deviations among all members, from the sums of each region; 0 where there is nobody."""
    count = float(sums["member_count"].sum()) or 1.0
    mean = {name: float(sums[name].sum()) / count for name in ("recency_days", "order_count", "amount")}
    square = {name: float(sums[name].sum()) / count for name in ("rr", "ff", "mm", "fm")}
    r, f, m = mean["recency_days"], mean["order_count"], mean["amount"]
    each = m / f if f else 0.0
    variance = {
        "recency_days": square["rr"] - r * r,
        "order_count": square["ff"] - f * f,
        "total_amount": square["mm"] - m * m,
        "order_amount": square["mm"] - 2 * each * square["fm"] + each * each * square["ff"],
    }
    size = {"recency_days": "rr", "order_count": "ff", "total_amount": "mm", "order_amount": "mm"}
    return {name: _steady(value, square[size[name]]) for name, value in variance.items()}


def _steady(variance: float, square: float) -> float:
    """Root of a variance that is a difference of mean squares of a size, without the digits that the sums leave open.

    Sums of doubles differ in their last digits by the order of their rows, the more the larger they are.
    """
    if variance <= 1e-10 * square:
        return 0.0
    return round(variance**0.5, min(4, 8 - math.floor(math.log10(square) / 2)))


def segmented(
    rows: pd.DataFrame | Mapping[str, Iterable[Any]],
    columns: Iterable[str],
    *,
    cuts: Cuts,
    chosen: SegmentMap,
    base: int,
    params: Mapping[str, Any] | None = None,
    **more: Any,
) -> pd.DataFrame:
    """An answer that says by which cuts and which map its members were grouped."""
    return answer(
        {name: rows[name] for name in columns},
        base=base,
        params={**params_of(cuts), "segment_map": chosen.name, **(params or {})},
        high_from=chosen.high_from,
        **about(cuts),
        **more,
    )


def _with_means(rows: pd.DataFrame) -> pd.DataFrame:
    count = rows["member_count"].where(rows["member_count"] > 0)
    return rows.assign(**{mean: rows[total] / count for mean, total in _MEANS.items()})


def _places(store: Store) -> Table:
    """member_id and region of the members that have one."""
    return store.once("rfm places", lambda: _placed(store))


def _placed(store: Store) -> Table:
    named = store.trades.filter(store.trades.region.notnull())
    latest = named.group_by("member_id").aggregate(paid_at=named.paid_at.max())
    last = named.semi_join(latest, ["member_id", "paid_at"])
    places = last.group_by("member_id").aggregate(region=last.region.argmax(last.order_id))
    if store.members is None:
        return places
    listed = store.members.filter(store.members.region.notnull()).select("member_id", "region")
    return places.anti_join(listed, "member_id").union(listed)
