"""What a notebook is shown of a picture of ours: a sharp PNG, and which result it draws as data beside it."""

from __future__ import annotations

import json
import sys
import weakref
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from memberlib.charts.images import picture
from memberlib.charts.theme import DPI
from memberlib.plain import plain
from memberlib.results import FORM, MIME

_SAID = ("theme", "view", "analysis", "store", "as_of", "params")
_ours: weakref.WeakKeyDictionary[Figure, dict[str, Any]] = weakref.WeakKeyDictionary()


def show_sharp(figure: Figure, about: Any, title: str, *, told: str) -> None:
    """Have a notebook show this figure by :func:`picture`, with data of what it draws.

    Other figures are shown as the notebook was told to.

    Parameters
    ----------
    figure : Figure
    about : mapping
        The ``attrs`` of the result that it draws.
    title, told : str
        What stands over it; what it shows, in one sentence.
    """
    said = {name: plain(about[name]) for name in _SAID if about.get(name) is not None}
    _ours[figure] = {
        "shown": "picture",
        "form": FORM,
        "about": json.dumps(said, ensure_ascii=False),
        "title": title,
        "alt": told,
    }
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or "inline" not in mpl.get_backend():
        return
    display = shell.display_formatter
    png, bundle = display.formatters["image/png"], display.mimebundle_formatter
    shown_before, told_before = png.type_printers.get(Figure), bundle.type_printers.get(Figure)
    if shown_before is not None and not getattr(shown_before, "of_memberlib", False):

        def shown(one: Figure) -> Any:
            if one not in _ours:
                return shown_before(one)
            wide, high = (round(float(length) * DPI) for length in one.get_size_inches())
            return picture(one, close=False), {"width": wide, "height": high}

        shown.of_memberlib = True  # type: ignore[attr-defined]
        png.for_type(Figure, shown)
    if not getattr(told_before, "of_memberlib", False):

        def with_data(one: Figure, **asked: Any) -> Any:
            if one in _ours:
                return {MIME: dict(_ours[one])}
            return told_before(one, **asked) if told_before is not None else None

        with_data.of_memberlib = True  # type: ignore[attr-defined]
        bundle.for_type(Figure, with_data)
