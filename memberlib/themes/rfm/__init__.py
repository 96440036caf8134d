"""Who are the members by recency, frequency and money? A high R is a *recent* order, never one long ago."""

from memberlib.themes.rfm.cuts import METHODS
from memberlib.themes.rfm.maps import EIGHT, check_map
from memberlib.themes.rfm.movement import moves
from memberlib.themes.rfm.options import theme
from memberlib.themes.rfm.scoring import audit, score_edges
from memberlib.themes.rfm.segmenting import members, regions, segments

from memberlib.themes.rfm import findings as findings, scores as scores  # isort: skip

SEGMENTS = tuple(name for name, *_ in EIGHT)
"""Codes of the eight segments, in their order."""

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
    "theme",
]


def __dir__() -> list[str]:
    return __all__
