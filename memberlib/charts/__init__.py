"""A result as a picture. It computes nothing: what is drawn stands in the result.

draw(result)        the picture of whatever result it is, as its view declares it
bands(result) …     the same for one analysis alone
picture(axes)       a drawn picture as a PNG
use_style()         our letters and colours for your own pictures
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from memberlib import i18n
from memberlib.charts.guess import guess
from memberlib.charts.images import picture
from memberlib.charts.kinds import KINDS, check
from memberlib.charts.sheet import Sheet, paint
from memberlib.charts.theme import rc, use_style
from memberlib.errors import InputError
from memberlib.theme import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from memberlib.theme import View

_TOLD = 6


def draw(result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None) -> Axes:
    """Draw a result in the way that its view declares; any other small frame as the names of its columns suggest.

    Parameters
    ----------
    result : DataFrame
        As an analysis returned it, or any with columns such as ``level`` and ``member_count``.
    ax : Axes, optional
        Where to draw: the picture keeps to these axes' cell of the figure. A new figure where left out.
    title : str, optional
        The headline of the findings where left out.
    lang : str, optional
        The language in use where left out.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        For a result that is a table and has no picture, or a frame that has nothing to draw.
    """
    from memberlib import themes

    view = themes.view_of(result.attrs)
    if view is not None and view.chart is None:
        raise InputError(f"'{view.analysis}' is a table and has no picture")
    chart = view.chart if view is not None and view.chart is not None else guess(result)
    return _draw(result, chart, view, ax, title, lang, "charts.draw")


def _draw(
    result: Any,
    chart: Chart,
    view: View | None,
    ax: Axes | None,
    title: str | None,
    lang: str | None,
    name: str,
) -> Axes:
    check(result, chart, name)

    def said() -> str:
        return title if title is not None else _title(result, view)

    def told(page: Sheet) -> str:
        return _told(page, chart.kind)

    return paint(
        result, lambda page: KINDS[chart.kind].draw(page, result, chart), ax, title=said, lang=lang, told=told
    )


def _title(result: Any, view: View | None) -> str:
    """The headline of a whole result of a view; else the name of the analysis, where there is one."""
    from memberlib import findings
    from memberlib.results import whole

    if view is not None and whole(result):
        return findings.headline(result)
    return i18n.title(result.attrs) if result.attrs.get("analysis") else ""


def _told(page: Sheet, kind: str) -> str:
    """One sentence for those who cannot see the picture: its kind, its title, what its first marks say."""
    items = [i18n.say("chart.alt.item", name=name, value=value) for name, value in page.told[:_TOLD]]
    if page.empty or not items:
        items = [i18n.say("caption.empty")] if page.empty else []
    rest = len(page.told) - _TOLD
    if rest > 0:
        items.append(i18n.say("chart.alt.more", n=i18n.number(rest)))
    values = i18n.say("chart.alt.join").join(items).rstrip(".。")
    form = ("titled" if page.title else "plain") + ("" if values else "_only")
    return i18n.say(f"chart.alt.{form}", kind=i18n.say(f"chart.kind.{kind}"), title=page.title, values=values)


def _of(name: str, what: str, *analyses: str) -> Callable[..., Axes]:
    """A function that draws the results of some analyses, of that name where none is given; no others."""
    own = analyses or (name,)

    def drawn(
        result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
    ) -> Axes:
        from memberlib import themes

        is_of = result.attrs.get("analysis")
        if is_of is not None and is_of not in own:
            known = " or ".join(f"'{one}'" for one in own)
            raise InputError(
                f"charts.{name} draws a result of {known}, not of '{is_of}'; charts.draw(result) draws any"
            )
        view = themes.view_of(result.attrs)
        all_views = [one for theme in themes.all_themes() for one in theme.analyses if one.analysis in own]
        chart = next(one.chart for one in ([view] if view else all_views) if one.chart is not None)
        return _draw(result, chart, view, ax, title, lang, f"charts.{name}")

    drawn.__name__ = drawn.__qualname__ = name
    drawn.__doc__ = f"""Draw {what}.

    Parameters
    ----------
    result : DataFrame
        Of {" or ".join(f"``{one}``" for one in own)}.
    ax, title, lang
        As in :func:`draw`.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        For the result of another analysis.
    """
    return drawn


bands = _of(
    "bands", "how members (or single orders) spread over intervals, with the share of sales below each bar",
    "time_bands", "amount_bands", "count_bands",
)  # fmt: skip
concentration = _of(
    "concentration", "how much of the sales the best-spending members bring, against equal spending"
)
discount_cost = _of(
    "discount_cost", "what each level's discount would have cost, and what part of that level's sales it is"
)
flow = _of("flow", "members as streams from their level now (left) to that under the other rules (right)")
high_spenders = _of("high_spenders", "what each high spender has spent; ids are masked")
months = _of("months", "the orders of each month, peaks dark and slack months pale")
moves = _of("moves", "how many members went from which segment (rows) to which (columns)")
regions = _of("regions", "regions as bubbles: orders per member across, spent per member up")
score_edges = _of("score_edges", "how many members each score holds; the higher the score, the darker")
season_goods = _of(
    "season_goods", "what sells in peak and in slack months; a tick marks the share over all months"
)
segments = _of("segments", "each segment's share of members in its colour, with its share of sales below")
sleeping = _of("sleeping", "which share of the members of each interval of orders is asleep")
structure = _of("structure", "each level's share of members, with its share of sales below")
week_hours = _of(
    "week_hours", "orders by weekday and hour, the busiest framed; by weekday alone without hours"
)

__all__ = [
    "bands", "concentration", "discount_cost", "draw", "flow", "high_spenders", "months", "moves", "picture", "rc",
    "regions", "score_edges", "season_goods", "segments", "sleeping", "structure", "use_style", "week_hours",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)
