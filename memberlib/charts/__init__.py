"""How is a result drawn?

Every chart takes a result and draws it: it computes nothing. ``ax`` is where to draw, ``title`` the sentence
above it (the findings' headline where left out), ``lang`` the language; the axes come back.
"""

from memberlib.charts.bands import bands, concentration, high_spenders, sleeping
from memberlib.charts.calendar import months, season_goods, week_hours
from memberlib.charts.images import picture
from memberlib.charts.levels import discount_cost, flow, structure
from memberlib.charts.rfm import moves, regions, score_edges, segments
from memberlib.charts.theme import rc, use_style

__all__ = [
    "bands",
    "concentration",
    "discount_cost",
    "flow",
    "high_spenders",
    "months",
    "moves",
    "picture",
    "rc",
    "regions",
    "score_edges",
    "season_goods",
    "segments",
    "sleeping",
    "structure",
    "use_style",
    "week_hours",
]
