"""Controls in a notebook: sliders, dropdowns and fields over a picture that follows them.

explore(shop, "count")              the theme's main view, with a control for each of its options
explore(shop, "count", "sleeping")  another of its views
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memberlib import themes
from memberlib.theme import View
from memberlib.widgets.explorer import Explorer
from memberlib.widgets.fields import NumberField
from memberlib.widgets.intervals import IntervalEditor, MeasureEditor
from memberlib.widgets.rules import RuleSliders

if TYPE_CHECKING:
    from memberlib.store import Store

__all__ = ["Explorer", "IntervalEditor", "MeasureEditor", "NumberField", "RuleSliders", "explore"]


def __dir__() -> list[str]:
    return __all__


def explore(store: Store, theme: Any, view: str | None = None) -> Explorer:
    """A picture and its table under controls for what can be chosen.

    Parameters
    ----------
    store : Store
    theme : str or analysis
        Name of a theme, such as ``count``; or the analysis itself, such as ``count.sleeping``.
    view : str, optional
        Which view of the theme; level shows ``flow``, the others their main view.

    Returns
    -------
    Explorer
        Shows itself in a notebook; ``.result`` is the frame that it shows, ``.call`` the call that makes it.

    Raises
    ------
    InputError
        For an unknown theme or view.

    Examples
    --------
    >>> explore(store, "count", "sleeping")  # doctest: +SKIP
    """
    of_analysis = getattr(theme, "view", None)
    if isinstance(of_analysis, View):
        return Explorer(store, of_analysis)
    found = themes.theme(theme)
    return Explorer(store, found.analysis(view) if view else found.explored)
