"""What the segments, the regions and the moves between segments say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memberlib import i18n
from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title
from memberlib.themes.rfm import moves, regions, segments, theme

_ORDINALS = ("text_first", "text_second", "text_third")


@theme.finding(segments)
def from_segments(reading: Reading) -> Iterator[Finding]:
    """The valuable who buy now, the valuable out of sight, and the largest segments, with what to do."""
    rows, limits = reading.rows, reading.limits
    spoken = set()
    for row in rows:
        if (
            row["segment"] in limits["unseen_segments"]
            and reading.speakable(row["member_count"])
            and (row["amount_share"] or 0) >= limits["unseen_money_share"]
            and not _near(reading, row)
        ):
            spoken.add(row["segment"])
            evidence = _segment_figures(reading, row)
            evidence["recency_days"] = row["mean_recency_days"]
            yield _of_segment(reading, "valuable_unseen", row, row["amount_share"], evidence)
    active = [row for row in rows if row["segment"] in limits["active_segments"] and row["member_count"]]
    count, share = int(reading.total("member_count", active)), reading.total("amount_share", active)
    if active and share >= limits["valuable_money_share"] and reading.speakable(count):
        evidence = {
            "segment_count": count,
            "buyer_count": reading.base,
            "segment_share": count / reading.base,
            "segment_amount": reading.total("amount", active),
            "amount": reading.total("amount"),
            "amount_share": share,
        }
        yield reading.found(
            "valuable_active", share, evidence, about={"segments": [row["segment"] for row in active]}
        )
    ranked = sorted((row for row in rows if row["segment"]), key=lambda row: -(row["member_count"] or 0))
    for place, row in enumerate(ranked[: int(min(limits["segment_count"], len(_ORDINALS)))]):
        large = (row["member_share"] or 0) >= limits["segment_share"] and reading.speakable(
            row["member_count"]
        )
        if large and row["segment"] not in spoken:
            evidence = _segment_figures(reading, row)
            yield _of_segment(
                reading, "large_segment", row, row["member_share"], evidence, wording=_ORDINALS[place]
            )


def _near(reading: Reading, row: Row) -> bool:
    """Whether a segment of the less recent half is not asleep after all, as where everybody buys every week."""
    days = row["mean_recency_days"]
    return (
        row["segment"] in reading.limits["quiet_segments"] and days is not None and days <= reading.churn_days
    )


def _segment_figures(reading: Reading, row: Row) -> dict[str, Any]:
    return {
        "segment_count": row["member_count"],
        "buyer_count": reading.base,
        "segment_share": row["member_share"],
        "segment_amount": row["amount"],
        "amount": reading.total("amount"),
        "amount_share": row["amount_share"] or 0,
    }


def _of_segment(
    reading: Reading,
    code: str,
    row: Row,
    concerned: float,
    evidence: dict[str, Any],
    *,
    wording: str = "text",
) -> Finding:
    key = f"rfm.finding.segment.{row['segment']}"
    known = key in i18n.words("en")
    if known and _near(reading, row):
        evidence = {**evidence, "churn_days": reading.churn_days}
        key = "rfm.finding.segment_near"
    return reading.found(
        code,
        concerned,
        evidence,
        about={"segment": row["segment"]},
        wording=wording,
        action=key if known else "rfm.finding.segment_other",
    )


@theme.finding(regions)
def from_regions(reading: Reading) -> Iterator[Finding]:
    """Regions that spend much and are long unseen, regions that buy often and small, no region at all."""
    limits = reading.limits
    named = _named_regions(reading)
    everyone = reading.rows
    members = reading.total("member_count", everyone)
    if not named or not members:
        return
    overall = {
        name: sum((row[name] or 0) * (row["member_count"] or 0) for row in everyone) / members
        for name in ("mean_recency_days", "mean_order_count", "mean_total_amount")
    }
    large = [
        row
        for row in named
        if (row["member_count"] or 0) >= max(limits["region_members"], limits["min_cell"])
    ]
    unseen = [
        row
        for row in large
        if (row["mean_total_amount"] or 0) >= limits["region_amount_ratio"] * overall["mean_total_amount"]
        and (row["mean_recency_days"] or 0) >= limits["region_recency_ratio"] * overall["mean_recency_days"]
    ]
    often = [
        row
        for row in large
        if (row["mean_order_count"] or 0) >= limits["region_often_ratio"] * overall["mean_order_count"]
        and _order_value(row) <= limits["region_small_ratio"] * _order_value(overall)
    ]
    for code, found in (("region_unseen", unseen), ("region_small", often)):
        if found:
            yield _of_regions(
                reading, code, sorted(found, key=lambda row: -(row["amount"] or 0))[:2], overall
            )
    without = reading.base - int(reading.total("member_count", named))
    share = without / reading.base
    if share >= limits["region_unknown_share"]:
        evidence = {"unknown_count": without, "buyer_count": reading.base, "unknown_share": share}
        yield reading.found("region_unknown", share, evidence)


def _named_regions(reading: Reading) -> list[Row]:
    return [row for row in reading.rows if row["region"]]


def _order_value(row: Row) -> float:
    return ratio(row["mean_total_amount"], row["mean_order_count"]) or 0.0


def _of_regions(reading: Reading, code: str, rows: list[Row], overall: Row) -> Finding:
    count = reading.total("member_count", rows)
    together = {
        name: sum((row[name] or 0) * row["member_count"] for row in rows) / count
        for name in ("mean_recency_days", "mean_order_count", "mean_total_amount")
    }
    evidence = {
        "region_count": int(count),
        "region_amount": reading.total("amount", rows),
        "spent_amount": together["mean_total_amount"],
        "all_spent_amount": overall["mean_total_amount"],
        "recency_days": together["mean_recency_days"],
        "all_recency_days": overall["mean_recency_days"],
        "each_order_count": together["mean_order_count"],
        "all_order_count": overall["mean_order_count"],
        "order_amount": _order_value(together),
        "all_order_amount": _order_value(overall),
    }
    share = ratio(evidence["region_amount"], reading.total("amount")) or 0.0
    return reading.found(code, share, evidence, about={"regions": [row["region"] for row in rows]})


@theme.finding(moves)
def from_moves(reading: Reading) -> Iterator[Finding]:
    """Who slipped out of sight from the segments that matter, and who bought again."""
    about: dict[str, Any] = {"span": (_days(reading), "days")}
    fell, before = _fell(reading)
    count = int(reading.total("member_count", fell))
    if reading.speakable(count) and count / before >= reading.limits["fall_share"]:
        evidence = {
            "fell_count": count,
            "before_count": before,
            "fell_share": count / before,
            "fell_amount": reading.total("amount", fell),
        }
        left = list(dict.fromkeys(row["segment_from"] for row in fell))
        yield reading.found("fell", count / reading.base, evidence, about=about | {"segments": left})
    unseen, active = reading.limits["unseen_segments"], reading.limits["active_segments"]
    back = [row for row in reading.rows if row["segment_from"] in unseen and row["segment_to"] in active]
    count = int(reading.total("member_count", back))
    if reading.speakable(count) and _recent_means_bought(reading):
        evidence = {
            "back_count": count,
            "back_amount": reading.total("amount", back),
            "buyer_count": reading.base,
        }
        since = list(dict.fromkeys(row["segment_from"] for row in back))
        yield reading.found("came_back", count / reading.base, evidence, about=about | {"segments": since})


def _days(reading: Reading) -> int:
    return int(reading.params.get("days") or 90)


def _fell(reading: Reading) -> tuple[list[Row], int]:
    """Moves from a segment that matters to one out of sight, and how many were in these segments before."""
    active, away = reading.limits["active_segments"], reading.limits["away_segments"]
    moved = [row for row in reading.rows if row["member_count"]]
    fell = [row for row in moved if row["segment_from"] in active and row["segment_to"] in away]
    left = {row["segment_from"] for row in fell}
    return fell, int(reading.total("member_count", (row for row in moved if row["segment_from"] in left)))


def _recent_means_bought(reading: Reading) -> bool:
    """Whether a member can count as recent only by an order between the two dates.

    Each date has its own edges. Where the edge of a recent order lies further back than the earlier date, it
    may have moved past a member who bought nothing.
    """
    edges = (reading.attrs.get("edges") or {}).get("recency") or ()
    if not edges:
        return False
    high_from = reading.attrs.get("high_from") or len(edges) // 2 + 1
    return bool(edges[min(len(edges) - 1, len(edges) + 1 - high_from)] < _days(reading))


@theme.headline(segments)
def segments_title(reading: Reading) -> Title | None:
    """The largest segment."""
    largest = max(reading.rows, key=lambda row: row["member_count"] or 0)
    if not largest["segment"] or not reading.speakable(largest["member_count"]):
        return None
    shares = {"segment_share": largest["member_share"], "amount_share": largest["amount_share"] or 0}
    return "text", shares, {"segment": largest["segment"]}


@theme.headline(regions)
def regions_title(reading: Reading) -> Title | None:
    """The region that brings most."""
    named = [row for row in _named_regions(reading) if reading.speakable(row["member_count"])]
    share = ratio(max((row["amount"] or 0 for row in named), default=None), reading.total("amount"))
    if share is None:
        return None
    first = max(named, key=lambda row: row["amount"] or 0)
    return "text", {"amount_share": share}, {"region": first["region"]}


@theme.headline(moves)
def moves_title(reading: Reading) -> Title | None:
    """How many slipped out of sight; how many moved at all, where none did."""
    about = {"span": (_days(reading), "days")}
    fell, before = _fell(reading)
    count = int(reading.total("member_count", fell))
    if reading.speakable(count):
        return "text", {"fell_count": count, "before_count": before}, about
    moved = [row for row in reading.rows if row["segment_from"] not in (row["segment_to"], "none")]
    counts = {"moved_count": int(reading.total("member_count", moved)), "buyer_count": reading.base}
    return "text_moved", counts, about
