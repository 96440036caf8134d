"""Curves: how much of the whole the first few bring, against an equal share for everybody."""

from __future__ import annotations

from typing import Any

import numpy as np

from memberlib import i18n
from memberlib.charts.columns import label
from memberlib.charts.lines import spread, wrap
from memberlib.charts.marks import finite
from memberlib.charts.sheet import Sheet
from memberlib.charts.theme import ACCENT, INK, LABEL, MUTED, NOTE, RULE, width_of
from memberlib.theme import Chart

_TICKS = (0, 0.25, 0.5, 0.75, 1)


def draw_curve(page: Sheet, result: Any, chart: Chart) -> None:
    """A cumulated share ``y`` over a share ``x``, its points labelled; ``strong`` is the x to look at first."""
    down, up = str(chart["x"]), str(chart["y"])
    if all(i18n.is_empty(share) for share in result[up]):
        page.empty = True
        return
    points = sorted(zip(map(finite, result[down]), map(finite, result[up]), strict=True))
    x = np.array([0.0, *(one for one, _ in points)])
    y = np.array([0.0, *(one for _, one in points)])
    texts = [i18n.percent(tick, digits=0) for tick in _TICKS]
    left = max(width_of(text, NOTE) for text in texts) + 0.1
    shown = [at for at in range(1, len(x)) if x[at] < 1]
    words = chart.get("point_words", "chart.point")
    labels = {
        at: i18n.say(words, top=i18n.percent(x[at], digits=0), share=i18n.percent(y[at])) for at in shown
    }
    across = wrap(label(down, chart, "x"), page.whole - 0.6, NOTE, limit=1)[0]
    above = wrap(label(up, chart, "y"), page.whole - 0.6, NOTE, limit=1)[0]
    wide = max([width_of(text) for text in labels.values()], default=0.0) + 0.8
    page.room(
        left=left,
        right=0.2,
        height=3.0,
        least=max(1.3, 0.26 * len(shown) + 0.3),
        bottom=0.45,
        top=0.2,
        wide=wide,
    )
    ax = page.ax
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.04)
    page.floor()
    page.line([0, 1], [0, 1], RULE, 1.2)
    page.line(list(x), list(y), ACCENT, 2.2)
    page.below(_TICKS, texts, size=NOTE)
    page.beside(_TICKS[1:], texts[1:], size=NOTE)
    look: dict[str, Any] = {"at": "axes", "size": NOTE, "colour": MUTED}
    page.text(1, 0, across, ha="right", va="top", shift=(0, -0.26), **look)
    page.text(0, 1, above, shift=(0.06, 0.0), va="bottom", **look)
    places = spread([y[at] - 0.03 for at in shown], 0.24 / page.height, low=0.05, high=0.94)
    for at, place in zip(shown, places, strict=True):
        strong, text = abs(x[at] - chart.get("strong", 0.1)) < 1e-9, labels[at]
        page.dot(x[at], y[at], 8 if strong else 5, ACCENT, edge="white", line=1.0, zorder=4)
        # the label begins where the curve has risen above it
        start = max(x[at] + 0.03, float(np.interp(place + 0.05, y, x)) + 0.02)
        start = min(start, 1 - width_of(text, LABEL) / page.width)
        page.line([x[at], start - 0.008], [y[at], place], RULE, 0.8, zorder=1)
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
        page.text(start, place, text, colour=INK if strong else MUTED, box=box, zorder=3)
        page.told.append((i18n.percent(x[at], digits=0), i18n.percent(y[at])))
