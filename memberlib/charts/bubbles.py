"""Bubbles: places or groups by two figures, larger where a third one is small or large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from memberlib import i18n
from memberlib.charts.columns import column, label, names_of, writer
from memberlib.charts.lines import shorten
from memberlib.charts.marks import finite
from memberlib.charts.sheet import Sheet
from memberlib.charts.theme import ACCENT, CAPTION, INK, MUTED, NOTE, SOFT, width_of
from memberlib.figures import figure
from memberlib.theme import Chart

_NAMED = 16
Box = tuple[float, float, float, float]


def draw_bubbles(page: Sheet, result: Any, chart: Chart) -> None:
    """A bubble per ``row`` at ``x`` and ``y``; optional ``size`` and ``order``, by which the first is dark.

    A ``size`` in days is larger the fewer they are; ``some`` names a count above 0 that a row must have.
    """
    some = column(result, chart, "some")
    rows = result[result[some] > 0] if some else result
    if rows.empty:
        page.empty = True
        return
    size, first = column(result, chart, "size"), column(result, chart, "order")
    x = np.array([finite(value) for value in rows[str(chart["x"])]])
    y = np.array([finite(value) for value in rows[str(chart["y"])]])
    x_low, x_high = _limits(x)
    y_low, y_high = _limits(y)
    x_ticks, y_ticks = _round_ticks(x_low, x_high), _round_ticks(y_low, y_high)
    y_texts = writer(str(chart["y"]), y_ticks, page.currency, short=True)(y_ticks)
    left = max((width_of(text, CAPTION) for text in y_texts), default=0.0) + 0.1
    foot = _foot(rows, size, chart)
    page.room(
        left=left, height=3.3, least=1.7, bottom=0.72 + page.more_lines(foot), top=0.2, wide=2.6,
    )  # fmt: skip
    page.ax.set_xlim(x_low, x_high)
    page.ax.set_ylim(y_low, y_high)
    page.floor()
    # a number under the corner would meet the lowest one beside it
    x_ticks = [tick for tick in x_ticks if (tick - x_low) / (x_high - x_low) * page.width > 0.3]
    page.below(x_ticks, writer(str(chart["x"]), x_ticks, page.currency, short=True)(x_ticks))
    page.beside(y_ticks, y_texts, size=CAPTION)
    look: dict[str, Any] = {"at": "axes", "size": CAPTION, "colour": MUTED}
    page.text(0, 1, label(str(chart["y"]), chart, "y"), va="bottom", shift=(-left, 0.06), **look)
    page.text(1, 0, label(str(chart["x"]), chart, "x"), ha="right", shift=(0, -0.36), **look)
    radius = _radius(rows, size)
    keys = rows[first] if first else -np.arange(len(rows))
    order = [int(at) for at in np.argsort([-finite(value) for value in keys], kind="stable")]
    for at in reversed(order):
        points = (radius[at] * 2 * 72 * page.points) ** 2
        face = ACCENT if at == order[0] else SOFT
        page.ax.scatter(
            x[at], y[at], s=points, color=face, edgecolor="white", linewidth=page.points, alpha=0.85, zorder=2
        )
    words = names_of(rows, str(chart["row"]))
    inches = [
        ((a - x_low) / (x_high - x_low) * page.width, (b - y_low) / (y_high - y_low) * page.height)
        for a, b in zip(x, y, strict=True)
    ]
    taken: list[Box] = []
    for at in order[:_NAMED]:
        text = shorten(words[at], 1.4, NOTE)
        box = _free(inches[at], float(radius[at]), width_of(text, NOTE), page, taken, inches, radius)
        if box is None:
            continue
        taken.append(box)
        at_x = x_low + (box[0] + box[2]) / 2 / page.width * (x_high - x_low)
        at_y = y_low + (box[1] + box[3]) / 2 / page.height * (y_high - y_low)
        colour = INK if at == order[0] else MUTED
        page.text(at_x, at_y, text, size=NOTE, ha="center", colour=colour, zorder=4)
    if foot:
        page.foot(foot, left=left, down=0.62)
    up = writer(str(chart["y"]), list(y), page.currency)(list(y))
    page.told += [(words[at], up[at]) for at in order]


def _foot(rows: Any, size: str | None, chart: Chart) -> str:
    if size is None:
        return ""
    known = [finite(value) for value in rows[size]]
    if figure(size).unit != "days":
        return i18n.say("chart.bubble_more", value=label(size))
    near, far = min(known), max(known)
    ends = {"near": i18n.counted(i18n.rounded(near), "days"), "far": i18n.counted(i18n.rounded(far), "days")}
    return i18n.say("chart.bubble_same" if ends["near"] == ends["far"] else "chart.bubble_key", **ends)


def _radius(rows: Any, size: str | None) -> np.ndarray:
    if size is None:
        return np.full(len(rows), 0.1)
    values = np.array([finite(value) for value in rows[size]])
    near, far = float(values.min()), float(values.max())
    share = (far - values) / (far - near) if far > near else np.full(len(values), 0.5)
    if figure(size).unit != "days" and far > near:
        share = 1 - share
    return np.asarray(0.06 + 0.13 * np.sqrt(share))


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = (high - low) * 0.2 or max(abs(high) * 0.1, 0.5)
    return max(low - pad, 0.0) if low >= 0 else low - pad, high + pad


def _round_ticks(low: float, high: float) -> list[float]:
    return [float(tick) for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]


def _free(
    centre: tuple[float, float],
    radius: float,
    wide: float,
    page: Sheet,
    taken: Sequence[Box],
    centres: Sequence[tuple[float, float]],
    radii: np.ndarray,
) -> Box | None:
    """A box (inches) beside the bubble that meets no other label or bubble, or None."""
    half_w, half_h = wide / 2 + 0.03, 0.085
    for turn in (0, 180, 90, 270, 45, 135, 315, 225):
        dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        cx = centre[0] + dx * (radius + 0.03 + half_w) * (0.75 if turn % 90 else 1)
        cy = centre[1] + dy * (radius + 0.02 + half_h)
        box = (cx - half_w, cy - half_h, cx + half_w, cy + half_h)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= page.width and box[3] <= page.height
        free = all(box[2] <= t[0] or t[2] <= box[0] or box[3] <= t[1] or t[3] <= box[1] for t in taken)
        clear = all(
            math.hypot(max(box[0] - ox, 0, ox - box[2]), max(box[1] - oy, 0, oy - box[3])) >= r * 0.7
            for (ox, oy), r in zip(centres, radii, strict=True)
            if (ox, oy) != centre
        )
        if inside and free and clear:
            return box
    return None
