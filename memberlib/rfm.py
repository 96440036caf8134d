"""RFM, under the name it had before there were themes."""

from memberlib.themes.rfm import (
    METHODS,
    SEGMENTS,
    audit,
    check_map,
    members,
    moves,
    regions,
    score_edges,
    segments,
)

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


def __dir__() -> list[str]:
    return __all__
