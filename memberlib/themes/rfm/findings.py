"""What the segments, the regions and the moves between segments say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from memberlib import i18n
from memberlib.results import ratio
from memberlib.sentences.chance import beyond_chance
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title
from memberlib.themes.rfm import moves, regions, segments, theme

_ORDINALS = ("text_first", "text_second", "text_third")
_MEANS = {
    "recency_days": "mean_recency_days",
    "order_count": "mean_order_count",
    "total_amount": "mean_total_amount",
}
"""What a region is compared by → its column."""


# ---------------------------------------------------------------- segments


@theme.finding(segments)
def valuable_unseen(reading: Reading) -> Iterator[Finding]:
    """Each segment that brought much and has not been seen lately."""
    for row in _unseen(reading):
        evidence = _figures(reading, row) | {"recency_days": row["mean_recency_days"]}
        yield _of_segment(reading, row, row["amount_share"], evidence)


@theme.finding(segments)
def valuable_active(reading: Reading) -> Finding | None:
    """The segments that matter and buy now, and how many of them are asleep by the shop's own days."""
    active = [row for row in reading.rows if row["segment"] in reading.limits["active_segments"]]
    active = [row for row in active if row["member_count"]]
    count, share = int(reading.total("member_count", active)), reading.total("amount_share", active)
    if not active or share < reading.limits["valuable_money_share"] or not reading.speakable(count):
        return None
    asleep = int(reading.total("sleeping_count", active))
    evidence = {
        "segment_count": count,
        "buyer_count": reading.base,
        "segment_share": count / reading.base,
        "segment_amount": reading.total("amount", active),
        "amount": reading.total("amount"),
        "amount_share": share,
    }
    about = {"segments": [row["segment"] for row in active]}
    if not reading.speakable(asleep):
        return reading.say(share, evidence, about=about)
    if not reading.speakable(count - asleep):
        return None
    evidence |= {"sleeping_count": asleep, "awake_count": count - asleep, "churn_days": reading.churn_days}
    return reading.say(share, evidence, about=about, wording="text_asleep", action="action_asleep")


@theme.finding(segments)
def large_segment(reading: Reading) -> Iterator[Finding]:
    """The segments with most members, but for those that were spoken of already."""
    spoken = {row["segment"] for row in _unseen(reading)}
    named = (row for row in reading.rows if row["segment"])
    ranked = sorted(named, key=lambda row: -(row["member_count"] or 0))
    for place, row in enumerate(ranked[: int(min(reading.limits["segment_count"], len(_ORDINALS)))]):
        enough = (row["member_share"] or 0) >= reading.limits["segment_share"]
        if enough and reading.speakable(row["member_count"]) and row["segment"] not in spoken:
            evidence = _figures(reading, row) | {"map_count": len(reading.rows)}
            yield _of_segment(reading, row, row["member_share"], evidence, wording=_ORDINALS[place])


def _unseen(reading: Reading) -> list[Row]:
    """Segments that brought much, whose last order is not a recent one."""
    return [
        row
        for row in reading.rows
        if row["segment"] in reading.limits["unseen_segments"]
        and reading.speakable(row["member_count"])
        and (row["amount_share"] or 0) >= reading.limits["unseen_money_share"]
        and not _near(reading, row)
    ]


def _near(reading: Reading, row: Row) -> bool:
    """Whether a segment of the less recent members is mostly awake, as where everybody buys every week.

    The method ``active`` cuts at the shop's own days; every other may call members long gone who are not.
    """
    if reading.params.get("method") == "active" or row["segment"] not in reading.limits["away_segments"]:
        return False
    asleep = row.get("sleeping_count")
    return asleep is not None and 2 * asleep < row["member_count"]


def _figures(reading: Reading, row: Row) -> dict[str, Any]:
    return {
        "segment_count": row["member_count"],
        "buyer_count": reading.base,
        "segment_share": row["member_share"],
        "segment_amount": row["amount"],
        "amount": reading.total("amount"),
        "amount_share": row["amount_share"] or 0,
    }


def _of_segment(
    reading: Reading, row: Row, concerned: float, evidence: dict[str, Any], *, wording: str = "text"
) -> Finding:
    """A finding on one segment with its own advice, unless its members are not what its name says."""
    action = f"rfm.finding.segment.{row['segment']}"
    asleep = row.get("sleeping_count")
    if action not in i18n.words("en"):
        action = "rfm.finding.segment_other"
    elif _near(reading, row):
        evidence["churn_days"] = reading.churn_days
        action = "rfm.finding.segment_near"
    elif row["segment"] not in reading.limits["away_segments"] and reading.speakable(asleep):
        evidence |= {"sleeping_count": asleep, "churn_days": reading.churn_days}
        action = "rfm.finding.segment_asleep"
    return reading.say(concerned, evidence, about={"segment": row["segment"]}, wording=wording, action=action)


@theme.headline(segments)
def segments_title(reading: Reading) -> Title | None:
    """Into how many segments the members fall, where none is large."""
    count = sum(1 for row in reading.rows if row["member_count"])
    return ("text", {"buyer_count": reading.base, "segment_count": count}, {}) if count > 1 else None


# ---------------------------------------------------------------- regions


@theme.finding(regions)
def region_unseen(reading: Reading) -> Finding | None:
    """Regions whose members spend much and have long been away, by more than chance would make them."""
    large, overall = _compared(reading)
    limits = reading.limits
    found = [
        row
        for row in large
        if (row["mean_total_amount"] or 0) >= limits["region_amount_ratio"] * overall["mean_total_amount"]
        and (row["mean_recency_days"] or 0) >= limits["region_recency_ratio"] * overall["mean_recency_days"]
        and _apart(reading, row, overall, "total_amount", len(large))
        and _apart(reading, row, overall, "recency_days", len(large))
    ]
    return _of_regions(reading, found, overall)


@theme.finding(regions)
def region_small(reading: Reading) -> Finding | None:
    """Regions whose members buy often and little at a time, by more than chance would make them."""
    large, overall = _compared(reading)
    limits = reading.limits
    found = [
        row
        for row in large
        if (row["mean_order_count"] or 0) >= limits["region_often_ratio"] * overall["mean_order_count"]
        and _order_value(row) <= limits["region_small_ratio"] * _order_value(overall)
        and _apart(reading, row, overall, "order_count", len(large))
        and _apart(reading, row, overall, "order_amount", len(large))
    ]
    return _of_regions(reading, found, overall)


@theme.finding(regions)
def region_first(reading: Reading) -> Finding | None:
    """The region that brings most, where it leads by more than chance would make it."""
    ranked = sorted(_named(reading), key=lambda row: -(row["amount"] or 0))
    spread = (reading.attrs.get("spread") or {}).get("total_amount")
    if not ranked or spread is None or not reading.speakable(ranked[0]["member_count"]):
        return None
    first, amount = ranked[0], reading.total("amount")
    share = ratio(first["amount"], amount) or 0.0
    # a sum over a number of members that is itself a matter of chance varies by its count times the mean square
    noise = [row["member_count"] * (spread**2 + (row["mean_total_amount"] or 0) ** 2) for row in ranked[:2]]
    lead = first["amount"] - (ranked[1]["amount"] if len(ranked) > 1 else 0)
    if share < reading.limits["region_first_share"] or len(ranked) < 2:
        return None
    if not beyond_chance(lead / sum(noise) ** 0.5, len(ranked), reading.limits):
        return None
    evidence = {
        "region_count": first["member_count"],
        "region_share": first["member_count"] / reading.base,
        "region_amount": first["amount"],
        "amount": amount,
        "amount_share": share,
    }
    return reading.say(share, evidence, about={"region": first["region"]})


@theme.finding(regions)
def region_unknown(reading: Reading) -> Finding | None:
    """Members without a region, where they are many."""
    if not _named(reading):
        return None
    without = reading.base - int(reading.total("member_count", _named(reading)))
    share = without / reading.base
    if share < reading.limits["region_unknown_share"]:
        return None
    return reading.say(share, {"unknown_count": without, "buyer_count": reading.base, "unknown_share": share})


def _named(reading: Reading) -> list[Row]:
    return [row for row in reading.rows if row["region"]]


def _compared(reading: Reading) -> tuple[list[Row], Row]:
    """The regions with members enough to be compared, and the means of all members."""
    members = reading.total("member_count")
    least = max(reading.limits["region_members"], reading.limits["min_cell"])
    large = [row for row in _named(reading) if (row["member_count"] or 0) >= least]
    overall = {
        name: sum((row[name] or 0) * (row["member_count"] or 0) for row in reading.rows) / (members or 1)
        for name in _MEANS.values()
    }
    return large, overall


def _apart(reading: Reading, row: Row, overall: Row, measure: str, regions: int) -> bool:
    """Whether a region's mean lies further from that of all than that of as many members drawn by lot would."""
    spread = (reading.attrs.get("spread") or {}).get(measure)
    count, members = row["member_count"], reading.total("member_count")
    if not spread or count >= members:
        return False
    if (
        measure == "order_amount"
    ):  # what its members spent less than as many average orders would have come to
        distance = (row["mean_order_count"] or 0) * _order_value(overall) - (row["mean_total_amount"] or 0)
    else:
        distance = (row[_MEANS[measure]] or 0) - overall[_MEANS[measure]]
    error = spread * (1 / count - 1 / members) ** 0.5
    return beyond_chance(distance / error, 2 * regions, reading.limits)  # each region for two findings


def _order_value(row: Row) -> float:
    return ratio(row["mean_total_amount"], row["mean_order_count"]) or 0.0


def _of_regions(reading: Reading, rows: list[Row], overall: Row) -> Finding | None:
    rows = sorted(rows, key=lambda row: -(row["amount"] or 0))[:2]
    if not rows:
        return None
    count = reading.total("member_count", rows)
    together = {
        name: sum((row[name] or 0) * row["member_count"] for row in rows) / count for name in _MEANS.values()
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
    return reading.say(share, evidence, about={"regions": [row["region"] for row in rows]})


@theme.headline(regions)
def regions_title(reading: Reading) -> Title | None:
    """Between how many regions no difference is to be told from chance."""
    named = _named(reading)
    return ("text", {"region_count": len(named)}, {}) if len(named) > 1 else None


# ---------------------------------------------------------------- moves


@theme.finding(moves)
def fell(reading: Reading) -> Finding | None:
    """Who went quiet of the segments that matter."""
    active, away = reading.limits["active_segments"], reading.limits["away_segments"]
    moved = [row for row in reading.rows if row["member_count"]]
    rows = [row for row in moved if row["segment_from"] in active and row["segment_to"] in away]
    left = list(dict.fromkeys(row["segment_from"] for row in rows))
    count = int(reading.total("member_count", rows))
    before = int(reading.total("member_count", (row for row in moved if row["segment_from"] in left)))
    if not reading.speakable(count) or count / before < reading.limits["fall_share"]:
        return None
    evidence = {
        "fell_count": count,
        "before_count": before,
        "fell_share": count / before,
        "fell_amount": reading.total("amount", rows),
    }
    about = {"span": (_days(reading), "days"), "segments": left}
    edge = _recent_edge(reading)
    if reading.params.get("method") != "active" or edge is None:
        return reading.say(count / reading.base, evidence, about=about)
    return reading.say(count / reading.base, evidence | {"edge_days": edge}, about=about, wording="text_days")


@theme.finding(moves)
def came_back(reading: Reading) -> Finding | None:
    """Who bought again of the valuable who had gone quiet."""
    unseen, active = reading.limits["unseen_segments"], reading.limits["active_segments"]
    away = [row for row in reading.rows if row["segment_from"] in unseen and row["member_count"]]
    rows = [row for row in away if row["segment_to"] in active]
    since = list(dict.fromkeys(row["segment_from"] for row in rows))
    count = int(reading.total("member_count", rows))
    before = int(reading.total("member_count", (row for row in away if row["segment_from"] in since)))
    if not reading.speakable(count) or count / before < reading.limits["back_share"]:
        return None
    if not _recent_means_bought(reading):
        return None
    evidence = {
        "back_count": count,
        "before_count": before,
        "back_share": count / before,
        "back_amount": reading.total("amount", rows),
    }
    about = {"span": (_days(reading), "days"), "segments": since}
    return reading.say(count / reading.base, evidence, about=about)


def _days(reading: Reading) -> int:
    return int(reading.params.get("days") or 90)


def _recent_edge(reading: Reading, which: str = "edges") -> float | None:
    """Up to how many days R is high, by the edges of now or of before; None where there are none."""
    edges = (reading.attrs.get(which) or {}).get("recency") or ()
    if not edges:
        return None
    high_from = reading.attrs.get("high_from") or len(edges) // 2 + 1
    return float(edges[min(len(edges) - 1, len(edges) + 1 - high_from)])


def _recent_means_bought(reading: Reading) -> bool:
    """Whether a member can have become recent only by an order between the two dates.

    Who bought nothing is ``days`` further from the last order than before. Where the edge of a recent order moved by
    less, it has not moved past such a member; with the method ``active`` it does not move at all.
    """
    now, before = _recent_edge(reading), _recent_edge(reading, "before_edges")
    return now is not None and now <= (before or 0) + _days(reading)


@theme.headline(moves)
def moves_title(reading: Reading) -> Title | None:
    """How many moved at all."""
    moved = [row for row in reading.rows if row["segment_from"] not in (row["segment_to"], "none")]
    counts = {"moved_count": int(reading.total("member_count", moved)), "buyer_count": reading.base}
    return "text", counts, {"span": (_days(reading), "days")}
