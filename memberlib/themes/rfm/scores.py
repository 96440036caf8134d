"""How far the scores tell members apart, and who stands just below a level."""

from __future__ import annotations

from collections.abc import Iterator

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title
from memberlib.themes.rfm import audit, members, score_edges, theme


@theme.finding(score_edges)
def from_score_edges(reading: Reading) -> Iterator[Finding]:
    """Edges on which so many members lie that the cut says less than it seems to."""
    inner = [row for row in reading.rows if row["upper"] is not None and reading.speakable(row["tied_count"])]
    for measure in dict.fromkeys(row["measure"] for row in inner):
        worst = max((row for row in inner if row["measure"] == measure), key=lambda row: row["tied_count"])
        share = ratio(worst["tied_count"], reading.base) or 0.0
        if share >= reading.limits["edge_tied_share"]:
            evidence = {"tied_count": worst["tied_count"], "buyer_count": reading.base, "tied_share": share}
            about = {"measure": measure, "edge": (worst["upper"], measure)}
            yield reading.found("edge_ties", share, evidence, about=about)


@theme.finding(audit)
def from_audit(reading: Reading) -> Iterator[Finding]:
    """Scores that hardly tell members apart, and scores nobody has."""
    for row in reading.rows:
        share = row["largest_score_share"]
        evidence = {
            "largest_share": share,
            "largest_count": None if share is None else round(share * reading.base),
            "buyer_count": reading.base,
            "score_count": row["score_count"],
            "empty_score_count": row["empty_score_count"],
            "distinct_count": row["distinct_count"],
        }
        about = {"measure": row["measure"]}
        if share is not None and share >= reading.limits["weak_score_share"]:
            yield reading.found("weak_score", share, evidence, about=about)
        elif row["empty_score_count"]:
            empty_share = ratio(row["empty_score_count"], row["score_count"]) or 0.0
            yield reading.found("empty_scores", empty_share, evidence, about=about)


@theme.headline(score_edges)
def score_edges_title(reading: Reading) -> Title | None:
    """From where on a member has the highest score of each measure."""
    best: dict[str, Row] = {}
    for row in reading.rows:
        if row["measure"] not in best or row["score"] > best[row["measure"]]["score"]:
            best[row["measure"]] = row
    edges = [
        best.get(measure, {}).get(side)
        for measure, side in (("recency", "upper"), ("frequency", "lower"), ("monetary", "lower"))
    ]
    if any(edge is None for edge in edges):
        return None
    measures = ("recency", "frequency", "monetary")
    return "text", {}, {f"edge_{name[0]}": (edge, name) for name, edge in zip(measures, edges, strict=True)}


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


@theme.finding(members)
def from_members(reading: Reading) -> Iterator[Finding]:
    """Who stands just below a level, by the shop's own rules."""
    from memberlib.themes.level.findings import near_level

    yield from near_level(reading)
