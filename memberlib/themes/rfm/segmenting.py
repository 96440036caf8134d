"""Who is in which segment, and where do they live?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from weakref import WeakKeyDictionary

from memberlib.errors import InputError
from memberlib.results import answer, exact_sum
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
    "order_count",
    "amount",
    "amount_share",
    "mean_recency_days",
    "mean_order_count",
    "mean_total_amount",
)
_MEMBERS = ("member_id", "recency_days", "order_count", "total_amount", "r", "f", "m", "segment")
_REGIONS = ("region", "member_count", "mean_recency_days", "mean_order_count", "mean_total_amount", "amount")
_MEANS = {
    "mean_recency_days": "recency_days",
    "mean_order_count": "order_count",
    "mean_total_amount": "amount",
}

_PLACES: WeakKeyDictionary[Store, Table] = WeakKeyDictionary()


@theme.view(chart=Chart("segments"))
def segments(
    store: Store,
    *,
    method: Method = "median",
    scores: Scores | None = None,
    edges: Cut | None = None,
    segment_map: Map = "eight",
) -> pd.DataFrame:
    """Members, orders and money per segment; a segment without a member keeps its row.

    Parameters
    ----------
    method : {"median", "mean", "quantile", "fixed", "jenks"}
        How values become scores. At the median (mean) R is high where recency_days ≤ cut, F and M where the
        value > cut.
    scores : int, optional
        Number of scores of ``quantile`` and ``jenks``, 2 to 10, else 5. ``median`` and ``mean`` always give
        2, whatever is asked; ``fixed`` one more than its edges.
    edges : mapping, optional
        For ``fixed``: {"recency": [30, 90], "frequency": [1, 3], "monetary": [100, 500]} (days, trades,
        money; rising, closed on the right); the shop's own edges where none are given.
    segment_map : "eight", "eleven", path of a CSV, or DataFrame
        Score ranges of each segment, checked as in :func:`memberlib.themes.rfm.check_map`. ``eleven`` needs 5
        scores. In ``eight`` a score is high when it is above half of the scores, rounded up.

    Returns
    -------
    DataFrame
        segment, member_count, member_share, order_count, amount, amount_share, mean_recency_days,
        mean_order_count, mean_total_amount, in the map's order. base = members with a counted trade.
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
    {'important_value': 1, 'general_winback': 1}
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    chosen = map_of(segment_map, cuts.scores)
    cells = cells_of(store, cuts)
    cells = cells.assign(segment=chosen.of(cells["r"], cells["f"], cells["m"]))
    sums = cells.groupby("segment")[["member_count", "recency_days", "order_count", "total_amount"]].sum()
    rows = sums.reindex(list(chosen.segments), fill_value=0).rename_axis("segment").reset_index()
    rows["amount"] = rows["total_amount"].astype("float64").round(4)
    base, amount = store.buyer_count, round(float(rows["amount"].sum()), 4)
    nothing = float("nan")
    rows["member_share"] = rows["member_count"] / (base or nothing)
    rows["amount_share"] = rows["amount"] / (amount or nothing)
    return segmented(_with_means(rows), _SEGMENTS, cuts=cuts, chosen=chosen, base=base)


@theme.view(front=False, person_rows=True)
def members(
    store: Store,
    *,
    method: Method = "median",
    scores: Scores | None = None,
    edges: Cut | None = None,
    segment_map: Map = "eight",
) -> pd.DataFrame:
    """Every member with a counted trade, with its scores and segment.

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
    [['a', 1, 1, 2, 'important_winback'], ['b', 2, 1, 1, 'general_develop']]
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    chosen = map_of(segment_map, cuts.scores)
    found = scored(store.facts, cuts).order_by("member_id").to_pyarrow().to_pandas()
    found["segment"] = chosen.of(found["r"], found["f"], found["m"])
    return segmented(found, _MEMBERS, cuts=cuts, chosen=chosen, base=len(found))


@theme.view(chart=Chart("regions"))
def regions(
    store: Store,
    *,
    segment: Segment | None = None,
    method: Annotated[Method, When("segment")] = "median",
    scores: Scores | None = None,
    edges: Cut | None = None,
    segment_map: Annotated[Map, When("segment")] = "eight",
) -> pd.DataFrame:
    """Recency, frequency and money by region.

    Parameters
    ----------
    segment : str, optional
        Only the members of this segment; all members with a counted trade where none is given.
    method, scores, edges, segment_map
        As in :func:`segments`; they matter with ``segment`` only.

    Returns
    -------
    DataFrame
        region (of the member list, else of the member's last counted trade that names one), member_count,
        mean_recency_days, mean_order_count, mean_total_amount, amount; most members first, then by name.
        base = members with a counted trade (of the segment), of whom ``attrs`` no_region_count are in no
        row.

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
            raise InputError(
                f"segment {segment!r} is not in the map; it has {', '.join(chosen.segments)}",
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
    )


def segmented(
    rows: pd.DataFrame,
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
    if store not in _PLACES:
        named = store.trades.filter(store.trades.region.notnull())
        latest = named.group_by("member_id").aggregate(paid_at=named.paid_at.max())
        last = named.semi_join(latest, ["member_id", "paid_at"])
        places = last.group_by("member_id").aggregate(region=last.region.argmax(last.order_id))
        if store.members is not None:
            listed = store.members.filter(store.members.region.notnull()).select("member_id", "region")
            places = places.anti_join(listed, "member_id").union(listed)
        _PLACES[store] = store.kept(places)
    return _PLACES[store]
