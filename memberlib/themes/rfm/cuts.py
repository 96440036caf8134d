"""Where a shop's recency, frequency and money are cut into scores.

Three measures: recency (whole days since the last counted order), frequency (counted orders), monetary (net
amount in all). Each is cut by rising edges into intervals closed on the right, so that equal values always
share a score. A high score is the better one: few days, many orders, much money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memberlib.errors import InputError
from memberlib.lazy import Lazy
from memberlib.results import exact_sum
from memberlib.theme import rising

if TYPE_CHECKING:
    import ibis
    import kmeans1d
    import numpy as np
    from ibis.expr.types import Column, Table

    from memberlib.store import Store
else:
    ibis, np, kmeans1d = Lazy("ibis"), Lazy("numpy"), Lazy("kmeans1d")

METHODS = ("active", "median", "mean", "quantile", "fixed", "jenks")
MEASURES = {"recency": "recency_days", "frequency": "order_count", "monetary": "total_amount"}
"""Measure → its column in the facts."""

MOST_SCORES = 10
JENKS_POINTS = 20_000
"""Natural breaks are exact up to this many members; above, they are those of as many evenly spaced ranks."""

DIGITS = 6
"""Edges are rounded to this many decimals: finer than money, coarser than the noise of a mean or an
interpolation, so that an edge that equals a value meets it exactly."""

_DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Cuts:
    """The rising edges of each measure (``scores`` − 1 of them; none where the shop has no buyer)."""

    method: str
    scores: int
    edges: Mapping[str, tuple[float, ...]]
    sampled: int | None = None


def cuts_of(
    store: Store, *, method: str, scores: int | None = None, edges: Mapping[str, Sequence[Any]] | None = None
) -> Cuts:
    """Edges of the three measures by a method.

    Parameters
    ----------
    method : {"active", "median", "mean", "quantile", "fixed", "jenks"}
        ``active`` cuts recency at the shop's ``active_days`` (its ``churn_days`` where it has set none), so that
        nobody asleep is recent, and the other two at the median. ``median`` and ``mean`` cut all three once;
        ``quantile`` at the type-7 quantiles 1/n … (n−1)/n (Hyndman and
        Fan, "Sample quantiles in statistical packages", 1996); ``jenks`` at the natural breaks, the
        one-dimensional k-means optimum (exact, by dynamic programming).
    scores : int, optional
        Number of scores of ``quantile`` and ``jenks``, 2 to 10, else 5. ``active``, ``median`` and ``mean``
        always give 2; ``fixed`` one more than its edges.
    edges : mapping, optional
        For ``fixed``: rising edges of recency, frequency and monetary, equally many; else the shop's own
        edges (months turned into days).

    Raises
    ------
    InputError
        For an unknown method, a number of scores outside 2 to 10, edges that fall, repeat or do not go
        together.
    """
    if method not in METHODS:
        raise InputError(f"rfm method {method!r} is not known; choose among {', '.join(METHODS)}")
    if edges is not None and method != "fixed":
        raise InputError(f"edges go with method 'fixed', not with '{method}'; leave one of them out")
    fixed = _fixed(store, edges) if method == "fixed" else None
    count = _score_count(method, scores, fixed)
    if fixed:
        return Cuts(method, count, fixed)
    return store.once(("rfm cuts", method, count), lambda: _cuts(store, method, count))


def _cuts(store: Store, method: str, scores: int) -> Cuts:
    if not store.buyer_count:
        return Cuts(method, scores, dict.fromkeys(MEASURES, ()))
    if method == "jenks":
        return _jenks(store, scores)
    if method == "active":
        halves = cuts_of(store, method="median").edges
        return Cuts(method, scores, {**halves, "recency": (float(store.settings.recent_days),)})
    return Cuts(method, scores, _aggregated(store, method, scores))


def scored(facts: Table, cuts: Cuts) -> Table:
    """Facts with their scores: member_id, recency_days, order_count, total_amount, r, f, m."""
    r, f, m = (_score(facts[column], cuts, name) for name, column in MEASURES.items())
    return facts.select("member_id", *MEASURES.values(), r=r, f=f, m=m)


def cells_of(store: Store, cuts: Cuts) -> list[dict[str, Any]]:
    """One row per combination of scores that members have, by r, f and m.

    Returns
    -------
    list of dict
        r, f, m, member_count, sleeping_count (of these, without an order for more than the shop's
        ``churn_days``), recency_days, order_count, total_amount (sums over these members). Not to be changed.
    """
    return store.once(("rfm cells", tuple(cuts.edges.values())), lambda: _cells(store, cuts))


def _cells(store: Store, cuts: Cuts) -> list[dict[str, Any]]:
    rows = scored(store.facts, cuts)
    sums = rows.group_by("r", "f", "m").aggregate(
        member_count=rows.count(),
        sleeping_count=(rows.recency_days > store.settings.churn_days).sum(),
        recency_days=rows.recency_days.sum(),
        order_count=rows.order_count.sum(),
        total_amount=exact_sum(rows.total_amount),
    )
    return sorted(sums.to_pyarrow().to_pylist(), key=lambda row: (row["r"], row["f"], row["m"]))


def better(measure: str, interval: int, scores: int) -> int:
    """Score of the interval with that many edges below it: few days are good, few orders are not."""
    return scores - interval if measure == "recency" else interval + 1


def _score(value: Column, cuts: Cuts, measure: str) -> Column:
    edges = cuts.edges[measure]
    pairs = [(value <= edge, better(measure, place, cuts.scores)) for place, edge in enumerate(edges)]
    last = better(measure, len(edges), cuts.scores)
    return ibis.cases(*pairs, else_=last) if pairs else ibis.literal(last)


def _score_count(method: str, scores: Any, fixed: Mapping[str, tuple[float, ...]] | None) -> int:
    if method in ("active", "median", "mean"):
        return 2
    if fixed is not None:
        count = len(fixed["recency"]) + 1
        if scores is not None and scores != count:
            raise InputError(f"{count - 1} fixed edges make {count} scores, not {scores}; leave scores out")
    else:
        count = 5 if scores is None else scores
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= MOST_SCORES:
        raise InputError(f"scores: {count!r} must be a whole number from 2 to {MOST_SCORES}")
    return count


def _fixed(store: Store, edges: Mapping[str, Sequence[Any]] | None) -> dict[str, tuple[float, ...]]:
    own = edges is None
    if own:
        decided = store.settings
        days = [round(months * _DAYS_PER_MONTH) for months in decided.time_edges_months]
        edges = {"recency": days, "frequency": decided.count_edges, "monetary": decided.amount_edges}
    if not isinstance(edges, Mapping) or set(edges) != set(MEASURES):
        raise InputError("fixed edges: give the three lists recency, frequency and monetary")
    made = {}
    for name in MEASURES:
        values = edges[name]
        if isinstance(values, str | bytes) or not isinstance(values, Sequence | np.ndarray):
            raise InputError(f"{name} edges: give a list of rising numbers, not {values!r}")
        made[name] = tuple(float(edge) for edge in rising(list(values), whole=False, what=f"{name} edges"))
    lengths = [len(made[name]) for name in MEASURES]
    if len(set(lengths)) > 1:
        counts = f"recency {lengths[0]}, frequency {lengths[1]}, monetary {lengths[2]}"
        whose = "the shop's own edges" if own else "fixed edges"
        raise InputError(
            f"{whose}: {counts}; give each measure equally many edges", key="refused.edge_lengths"
        )
    return made


def _aggregated(store: Store, method: str, scores: int) -> dict[str, tuple[float, ...]]:
    facts = store.facts
    if method == "mean":
        wanted = {name: facts[column].cast("float64").mean() for name, column in MEASURES.items()}
        wanted["monetary"] = exact_sum(facts.total_amount) / facts.count()
    elif method == "median":
        wanted = {name: facts[column].quantile(0.5) for name, column in MEASURES.items()}
    else:
        at = [place / scores for place in range(1, scores)]
        wanted = {name: facts[column].quantile(at) for name, column in MEASURES.items()}
    row = facts.aggregate(**wanted).to_pyarrow().to_pylist()[0]
    return {
        name: tuple(round(float(edge), DIGITS) for edge in (found if isinstance(found, list) else [found]))
        for name, found in row.items()
    }


def _jenks(store: Store, scores: int) -> Cuts:
    rows = store.facts.select(*MEASURES.values()).to_pyarrow()
    edges = {}
    for name, column in MEASURES.items():
        values = np.sort(rows[column].to_numpy().astype("float64"))
        if len(values) > JENKS_POINTS:
            ranks = (np.arange(JENKS_POINTS) + 0.5) * len(values) / JENKS_POINTS
            values = values[ranks.astype("int64")]
        edges[name] = natural_breaks(values, scores)
    return Cuts("jenks", scores, edges, JENKS_POINTS if rows.num_rows > JENKS_POINTS else None)


def natural_breaks(values: np.ndarray, classes: int) -> tuple[float, ...]:
    """The largest value of each class but the last, for the classes of least summed squared deviation.

    Fewer different values than classes become a class each, spread evenly from the first class to the last;
    the edges of the classes between them repeat, and nobody is in those.

    Examples
    --------
    >>> natural_breaks(np.array([1.0, 2.0, 10.0, 11.0, 50.0]), 3)
    (2.0, 11.0)
    >>> natural_breaks(np.array([1.0, 1.0, 7.0]), 4)
    (1.0, 1.0, 1.0)
    """
    different = np.unique(values)
    if len(different) > classes:
        # sums of squares lose digits far from 0, and a shift moves no break
        found = np.array(kmeans1d.cluster(values - different[0], classes).clusters)
        return tuple(float(values[found <= place].max()) for place in range(classes - 1))
    last = max(len(different) - 1, 1)
    places = [int(k * (classes - 1) / last + 0.5) for k in range(len(different))]
    below = [sum(place <= edge for place in places) for edge in range(classes - 1)]
    return tuple(float(different[count - 1]) for count in below)
