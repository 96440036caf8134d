"""How far the scores tell members apart, and what the choice of a method does."""

from __future__ import annotations

from collections.abc import Iterator

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title
from memberlib.themes.rfm import audit, members, score_edges, theme


@theme.finding(score_edges)
def edge_ties(reading: Reading) -> Iterator[Finding]:
    """Edges on which many members lie: what a high score means there, and that no cut can part them."""
    inner = [row for row in reading.rows if row["upper"] is not None and reading.speakable(row["tied_count"])]
    for measure in dict.fromkeys(row["measure"] for row in inner):
        worst = max((row for row in inner if row["measure"] == measure), key=lambda row: row["tied_count"])
        share = ratio(worst["tied_count"], reading.base) or 0.0
        if share >= reading.limits["edge_tied_share"]:
            evidence = {"tied_count": worst["tied_count"], "buyer_count": reading.base, "tied_share": share}
            about = {"measure": measure, "edge": (worst["upper"], measure)}
            wording = f"text_{measure}"
            yield reading.say(share, evidence, about=about, wording=wording, action=f"action_{measure}")


@theme.finding(audit)
def weak_score(reading: Reading) -> Iterator[Finding]:
    """Scores that so many members share that they hardly tell them apart."""
    for row in reading.rows:
        # the shop's own days are not meant to halve its members: what they do is said by recent_cut
        own = row["measure"] == "recency" and reading.params.get("method") == "active"
        share = row["largest_score_share"] or 0.0
        if share >= reading.limits["weak_score_share"] and not own:
            action = "action_fewer" if row["score_count"] > 2 else "action"
            about = {"measure": row["measure"]}
            yield reading.say(share, _score_figures(reading, row), about=about, action=action)


@theme.finding(audit)
def empty_scores(reading: Reading) -> Iterator[Finding]:
    """Scores that nobody has, where the others still tell members apart."""
    for row in reading.rows:
        weak = (row["largest_score_share"] or 0.0) >= reading.limits["weak_score_share"]
        if row["empty_score_count"] and not weak:
            share = ratio(row["empty_score_count"], row["score_count"]) or 0.0
            fixed = reading.params.get("method") == "fixed"
            action = "action_fixed" if fixed else "action"
            about = {"measure": row["measure"]}
            yield reading.say(share, _score_figures(reading, row), about=about, action=action)


def _score_figures(reading: Reading, row: Row) -> dict[str, float | None]:
    share = row["largest_score_share"]
    return {
        "largest_share": share,
        "largest_count": None if share is None else round(share * reading.base),
        "buyer_count": reading.base,
        "score_count": row["score_count"],
        "empty_score_count": row["empty_score_count"],
        "distinct_count": row["distinct_count"],
    }


@theme.finding(audit)
def recent_cut(reading: Reading) -> Finding | None:
    """How many members count as recent by this method and by another, and how many of them are asleep."""
    known = reading.attrs.get("recent") or {}
    method = reading.params.get("method")
    if method not in known or not {"active", "median"} <= set(known):
        return None
    own, other = known[method], known["median" if method == "active" else "active"]
    evidence = {
        "recent_count": own["recent_count"],
        "sleeping_count": own["sleeping_count"],
        "edge_days": own["edge_days"],
        "other_count": other["recent_count"],
        "other_sleeping_count": other["sleeping_count"],
        "other_edge_days": other["edge_days"],
        "churn_days": reading.churn_days,
        "buyer_count": reading.base,
    }
    gap = abs(own["recent_count"] - other["recent_count"]) / reading.base
    if method == "active":
        seen = reading.speakable(other["sleeping_count"])
        wording = "text_active" if seen else "text_same"
        return reading.say(gap, evidence, wording=wording, action="action_active")
    if reading.speakable(own["sleeping_count"]):
        return reading.say(own["sleeping_count"] / reading.base, evidence, wording="text_asleep")
    return reading.say(gap, evidence, action="action_awake")


@theme.headline(score_edges)
def score_edges_title(reading: Reading) -> Title | None:
    """From where on a member has the highest score of each measure."""
    best: dict[str, Row] = {}
    for row in reading.rows:
        if row["measure"] not in best or row["score"] > best[row["measure"]]["score"]:
            best[row["measure"]] = row
    sides = {"recency": "upper", "frequency": "lower", "monetary": "lower"}
    edges = {measure: best.get(measure, {}).get(side) for measure, side in sides.items()}
    if any(edge is None for edge in edges.values()):
        return None
    return "text", {}, {f"edge_{name[0]}": (edge, name) for name, edge in edges.items()}


@theme.headline(audit)
def audit_title(reading: Reading) -> Title | None:
    """The score that most members share."""
    known = [row for row in reading.rows if row["largest_score_share"] is not None]
    if not known:
        return None
    worst = max(known, key=lambda row: row["largest_score_share"])
    return "text", {"largest_share": worst["largest_score_share"]}, {"measure": worst["measure"]}


@theme.headline(members)
def members_title(reading: Reading) -> Title | None:
    """How many members stand in the list."""
    return "text", {"buyer_count": len(reading.result)}, {}
