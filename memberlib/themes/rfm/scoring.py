"""The interval of every score, and how far the scores tell members apart."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

from memberlib.lazy import Lazy
from memberlib.results import answer, ratio
from memberlib.theme import Chart
from memberlib.themes.rfm.cuts import MEASURES, Cuts, better, cells_of, cuts_of
from memberlib.themes.rfm.maps import high_from
from memberlib.themes.rfm.options import Cut, Method, Scores, theme

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from memberlib.store import Store
else:
    np = Lazy("numpy")

_EDGES = ("measure", "score", "lower", "upper", "member_count", "tied_count")
_AUDITS = (
    "measure",
    "score_count",
    "empty_score_count",
    "repeated_edge_count",
    "distinct_count",
    "tied_share",
    "largest_tie_count",
    "edge_tied_count",
    "largest_score_share",
    "scored_share",
    "ntile_split_count",
)


@theme.view(
    "edges",
    chart=Chart(
        "blocks",
        block="measure",
        row="interval",
        value="member_count",
        score="score",
        foot_words="chart.score_key",
    ),
    front=False,
)
def score_edges(
    store: Store,
    *,
    method: Method = "active",
    scores: Scores | None = None,
    edges: Cut | None = None,
) -> pd.DataFrame:
    """The interval of each score and the members in it.

    Parameters
    ----------
    method, scores, edges
        As in :func:`memberlib.themes.rfm.segments`.

    Returns
    -------
    DataFrame
        measure (recency, frequency, monetary), score (high is better), lower, upper (days, orders, money;
        None where open; closed on the right), member_count, tied_count (of these, exactly on the upper
        edge: one step more and they would be elsewhere). Per measure the lowest values come first. base =
        members with a counted order.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> days = pd.to_datetime(["2026-01-05", "2026-01-25"])
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["a", "b"], "status": "completed",
    ...                        "paid_amount": [80, 20], "paid_at": days})
    >>> found = score_edges(store_from(orders))
    >>> found[found.measure == "recency"][["score", "lower", "upper", "member_count"]].values.tolist()
    [[2, None, 180, 2], [1, 180, None, 0]]
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    counts = _counts(store, cuts)
    rows: dict[str, list[Any]] = {name: [] for name in _EDGES}
    for measure in MEASURES:
        found = cuts.edges[measure] or (None,) * (cuts.scores - 1)
        up_to, on = counts[measure]
        for place, (lower, upper) in enumerate(zip((None, *found), (*found, None), strict=True)):
            empty = lower is not None and lower == upper
            below = up_to[place - 1] if place else 0
            rows["measure"].append(measure)
            rows["score"].append(better(measure, place, cuts.scores))
            rows["lower"].append(_plain(lower))
            rows["upper"].append(_plain(upper))
            rows["member_count"].append(up_to[place] - below)
            rows["tied_count"].append(0 if empty else on[place])
    return answer(
        rows,
        base=store.buyer_count,
        params=params_of(cuts),
        **about(cuts),
    )


@theme.view(front=False)
def audit(
    store: Store,
    *,
    method: Method = "active",
    scores: Scores | None = None,
    edges: Cut | None = None,
) -> pd.DataFrame:
    """How far the scores tell members apart.

    Parameters
    ----------
    method, scores, edges
        As in :func:`memberlib.themes.rfm.segments`.

    Returns
    -------
    DataFrame
        One row per measure: measure, score_count, empty_score_count (scores that nobody has),
        repeated_edge_count (edges equal to the one before), distinct_count (different values), tied_share
        (members who share their value with another), largest_tie_count (most members with one value),
        edge_tied_count (members exactly on an edge), largest_score_share (of members with the commonest
        score), scored_share (members with a score ÷ members known), ntile_split_count (members whose equals
        would get another score if the scores were equally large groups, as NTILE makes them). base =
        members with a counted order; ``attrs`` also has known_count and recent: for the method at hand, for
        ``active`` and for ``median`` up to how many days R is high (edge_days), for how many members
        (recent_count), and how many of these are asleep by the shop's ``churn_days`` (sleeping_count).

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2", "3"], "member_id": ["a", "b", "c"],
    ...                        "paid_amount": [80, 20, 20], "paid_at": pd.Timestamp("2026-01-05"),
    ...                        "status": "completed"})
    >>> audit(store_from(orders)).set_index("measure").loc["frequency", "ntile_split_count"]
    np.int64(3)
    """
    cuts = cuts_of(store, method=method, scores=scores, edges=edges)
    counts = _counts(store, cuts)
    cells = cells_of(store, cuts)
    base = store.buyer_count
    rows: dict[str, list[Any]] = {name: [] for name in _AUDITS}
    for (measure, column), score in zip(MEASURES.items(), "rfm", strict=True):
        per_score: Counter[int] = Counter()
        for cell in cells:
            per_score[cell[score]] += cell["member_count"]
        values, members = _values(store, column)
        found = cuts.edges[measure]
        repeated = [False, *(a == b for a, b in itertools.pairwise(found))]
        on = [count for count, again in zip(counts[measure][1], repeated, strict=False) if not again]
        order = members[::-1] if measure == "recency" else members
        rows["measure"].append(measure)
        rows["score_count"].append(cuts.scores)
        rows["empty_score_count"].append(cuts.scores - len(per_score))
        rows["repeated_edge_count"].append(sum(repeated))
        rows["distinct_count"].append(len(values))
        rows["tied_share"].append(ratio(int(members[members > 1].sum()), base))
        rows["largest_tie_count"].append(int(members.max(initial=0)))
        rows["edge_tied_count"].append(sum(on))
        rows["largest_score_share"].append(ratio(max(per_score.values(), default=None), base))
        rows["scored_share"].append(ratio(base, store.member_count))
        rows["ntile_split_count"].append(_ntile_split(order, cuts.scores))
    return answer(
        rows,
        base=base,
        params=params_of(cuts),
        known_count=store.member_count,
        recent=_recent(store, cuts) if base else {},
        **about(cuts),
    )


def _recent(store: Store, cuts: Cuts) -> dict[str, dict[str, float]]:
    """What the choice of a method does to R: method → up to how many days it is high, for whom, how many asleep."""
    compared = {name: cuts_of(store, method=name) for name in ("active", "median")} | {cuts.method: cuts}
    found = {}
    for method, one in compared.items():
        least = high_from(one.scores)
        high = [cell for cell in cells_of(store, one) if cell["r"] >= least]
        found[method] = {
            "edge_days": one.edges["recency"][one.scores - least],
            "recent_count": sum(cell["member_count"] for cell in high),
            "sleeping_count": sum(cell["sleeping_count"] for cell in high),
        }
    return found


def params_of(cuts: Cuts) -> dict[str, Any]:
    """The choices that made the cuts."""
    given = {name: list(found) for name, found in cuts.edges.items()} if cuts.method == "fixed" else None
    return {"method": cuts.method, "scores": cuts.scores, "edges": given}


def about(cuts: Cuts) -> dict[str, Any]:
    """What a result says of its cuts: the edges, and on how many ranks breaks were found (None: on all)."""
    return {"edges": {name: list(found) for name, found in cuts.edges.items()}, "sampled": cuts.sampled}


def _plain(edge: float | None) -> float | int | None:
    return int(edge) if edge is not None and edge == int(edge) else edge


def _counts(store: Store, cuts: Cuts) -> dict[str, tuple[list[int], list[int]]]:
    """Per measure the members up to each edge (all of them last) and the members on each edge (none last)."""
    facts, base = store.facts, store.buyer_count
    wanted = {}
    for measure, column in MEASURES.items():
        for place, edge in enumerate(cuts.edges[measure]):
            wanted[f"{measure}_le_{place}"] = (facts[column] <= edge).sum()
            wanted[f"{measure}_eq_{place}"] = (facts[column] == edge).sum()
    row = facts.aggregate(**wanted).to_pyarrow().to_pylist()[0] if wanted and base else {}
    places = range(cuts.scores - 1)
    return {
        measure: (
            [*(int(row.get(f"{measure}_le_{place}") or 0) for place in places), base],
            [*(int(row.get(f"{measure}_eq_{place}") or 0) for place in places), 0],
        )
        for measure in MEASURES
    }


def _values(store: Store, column: str) -> tuple[np.ndarray, np.ndarray]:
    """The different values, rising, and the members of each."""
    facts = store.facts
    found = facts.group_by(column).aggregate(member_count=facts.count()).to_pyarrow()
    values, members = found[column].to_numpy(), found["member_count"].to_numpy()
    order = np.argsort(values)
    return values[order], members[order]


def _ntile_split(members: np.ndarray, scores: int) -> int:
    """Members of the groups of equals that a border between equally large parts runs through."""
    # NTILE makes the first parts one larger where the members do not divide
    size, larger = divmod(int(members.sum()), scores)
    borders = np.cumsum([size + (part < larger) for part in range(scores - 1)])
    ends = np.cumsum(members)
    split = np.searchsorted(borders, ends - members, side="right") < np.searchsorted(
        borders, ends, side="left"
    )
    return int(members[split].sum())
