"""Who are a shop's members by recency, frequency and money?

Recency is the whole days from a member's last counted trade to ``as_of``, frequency the number of counted
trades, monetary their net amount in all. Scores come from edges (see :mod:`memberlib.rfm.cuts`), segments
from scores (see :mod:`memberlib.rfm.maps`). A high R is a *recent* trade, never one long ago.
"""

from __future__ import annotations

from memberlib.rfm.cuts import METHODS
from memberlib.rfm.maps import EIGHT, check_map
from memberlib.rfm.movement import moves
from memberlib.rfm.scoring import audit, score_edges
from memberlib.rfm.segmenting import members, regions, segments

__all__ = [
    "METHODS",
    "SEGMENTS",
    "audit",
    "check_map",
    "members",
    "moves",
    "regions",
    "score_edges",
    "segments",
]

SEGMENTS = tuple(name for name, *_ in EIGHT)
"""Codes of the eight segments, in their order."""
