"""How is a result drawn?

Every chart takes a result and draws it: it computes nothing. ``ax`` is where to draw, ``title`` the sentence
above it (the findings' headline where left out), ``lang`` the language; the axes come back.
draw(result)        the picture of whatever result it is
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memberlib.charts.bands import bands, concentration, high_spenders, sleeping
from memberlib.charts.calendar import months, season_goods, week_hours
from memberlib.charts.images import picture
from memberlib.charts.levels import discount_cost, flow, structure
from memberlib.charts.rfm import moves, regions, score_edges, segments
from memberlib.charts.theme import rc, use_style
from memberlib.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {
    one.__name__: one
    for one in (
        bands, concentration, discount_cost, flow, high_spenders, months, moves, regions, score_edges, season_goods,
        segments, sleeping, structure, week_hours,
    )
}  # fmt: skip
__all__ = [*KINDS, "draw", "picture", "rc", "use_style"]


def __dir__() -> list[str]:
    return sorted(__all__)


def draw(result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None) -> Axes:
    """Draw a result in the way that its view declares.

    Parameters
    ----------
    result : DataFrame
        As an analysis returned it.
    ax : Axes, optional
        Where to draw; a new figure where left out.
    title : str, optional
        The headline of the findings where left out.
    lang : str, optional

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        For a result that is a table and has no picture.
    """
    from memberlib import themes

    view = themes.view_of(result.attrs)
    if view is None or view.chart is None:
        raise InputError(f"'{result.attrs.get('analysis', 'this table')}' is a table and has no picture")
    return KINDS[view.chart.kind](result, ax, title, lang=lang)
