"""Moves of members between segments, from an earlier day to now."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from memberlib.lazy import Lazy
from memberlib.results import exact_sum
from memberlib.theme import Chart
from memberlib.themes.rfm.cuts import cuts_of, scored
from memberlib.themes.rfm.maps import map_of
from memberlib.themes.rfm.options import Back, Cut, Map, Method, Scores, theme
from memberlib.themes.rfm.scoring import about
from memberlib.themes.rfm.segmenting import segmented

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from memberlib.store import Store
else:
    ibis = Lazy("ibis")

_MOVES = ("segment_from", "segment_to", "member_count", "amount")


@theme.view(chart=Chart("matrix", start="segment_from", end="segment_to", value="member_count"))
def moves(
    store: Store,
    *,
    days: Back = 90,
    method: Method = "active",
    scores: Scores | None = None,
    edges: Cut | None = None,
    segment_map: Map = "eight",
) -> pd.DataFrame:
    """From which segment to which members moved in the last ``days``, each date with its own edges.

    With the method ``active`` the edge of recency is the same number of days at both dates; those of frequency
    and money, and all of the other methods but ``fixed``, are each date's own.

    Parameters
    ----------
    days : int
        The earlier date is ``as_of`` less these days.
    method, scores, edges, segment_map
        As in :func:`memberlib.themes.rfm.segments`.

    Returns
    -------
    DataFrame
        segment_from ("none", last, where the member had no counted order yet), segment_to, member_count,
        amount (all they have spent up to ``as_of``); pairs with members only, in the map's order. base =
        members with a counted order by ``as_of``. ``attrs``: before (the earlier date), before_edges, edges,
        stayed_count, moved_count, new_count.

    Raises
    ------
    InputError
        For days below 1 or above 36,500, and as :func:`memberlib.themes.rfm.segments`.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> days = pd.to_datetime(["2026-01-05", "2026-01-25"])
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"],
    ...                        "paid_amount": [80, 20], "paid_at": days, "status": "completed"})
    >>> moves(store_from(orders), days=10)[["segment_from", "segment_to"]].values.tolist()
    [['general_develop', 'important_develop'], ['none', 'general_develop']]
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    chosen = map_of(segment_map, cuts.scores)
    now = scored(store.facts, cuts)
    day = store.as_of - dt.timedelta(days=days)
    earlier = _earlier(store, day)
    if earlier is None:
        then = None
        joined = now.mutate(r0=ibis.null("int8"), f0=ibis.null("int8"), m0=ibis.null("int8"))
    else:
        # who had traded by then has traded by now, so that a left join loses nobody
        then = cuts_of(earlier, method=method, scores=scores, edges=edges)
        before = scored(earlier.facts, then).select("member_id", r0="r", f0="f", m0="m")
        joined = now.left_join(before, "member_id")
    keys = ["r0", "f0", "m0", "r", "f", "m"]
    pairs = joined.group_by(*keys).aggregate(
        member_count=joined.count(), amount=exact_sum(joined.total_amount)
    )
    found = pairs.to_pyarrow().to_pandas().sort_values(keys, ignore_index=True)
    known = found["r0"].notna()
    found["segment_from"] = "none"
    found.loc[known, "segment_from"] = chosen.of(*(found.loc[known, key] for key in ("r0", "f0", "m0")))
    found["segment_to"] = chosen.of(found["r"], found["f"], found["m"])
    sums = found.groupby(["segment_from", "segment_to"], as_index=False)[["member_count", "amount"]].sum()
    place = {name: number for number, name in enumerate((*chosen.segments, "none"))}
    ranks = [sums[side].map(place).astype("int64") for side in ("segment_from", "segment_to")]
    order = ranks[0] * len(place) + ranks[1]
    sums = sums.loc[order.sort_values().index]
    sums["amount"] = sums["amount"].astype("float64").round(4)
    base, new = store.buyer_count, int(sums.loc[sums["segment_from"] == "none", "member_count"].sum())
    stayed = int(sums.loc[sums["segment_from"] == sums["segment_to"], "member_count"].sum())
    return segmented(
        sums,
        _MOVES,
        cuts=cuts,
        chosen=chosen,
        base=base,
        params={"days": days},
        before=day,
        before_edges=about(then)["edges"] if then else None,
        stayed_count=stayed,
        new_count=new,
        moved_count=base - stayed - new,
    )


def _earlier(store: Store, day: dt.date) -> Store | None:
    """The shop as of that day; None where it had no counted order by then."""
    if store.first_order_on is None or day < store.first_order_on:
        return None
    earlier = store.once(("at", day), lambda: store.at(day))
    return earlier if earlier.buyer_count else None
