"""Ribbons: how many go from one step of a ladder (left) to the same or another one (right)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import PathPatch
from matplotlib.path import Path

from memberlib import i18n
from memberlib.charts.columns import column, counted, label
from memberlib.charts.lines import spread, wrap
from memberlib.charts.marks import LONGEST
from memberlib.charts.sheet import Sheet
from memberlib.charts.theme import ACCENT, CONTRAST, INK, LABEL, MOVES, MUTED, NOTE, RULE, width_of
from memberlib.figures import figure
from memberlib.theme import Chart

_THINNEST = 0.022  # a single member among thousands must still be seen
_GAP = 0.2


@dataclass(frozen=True)
class Stream:
    """So many that go from one step to another: up, down, or the same."""

    start: str
    end: str
    count: int
    move: str


def draw_flow(page: Sheet, result: Any, chart: Chart) -> None:
    """Streams from ``start`` to ``end``, as thick as ``value``; ``move`` says same, up or down."""
    start, end, value = str(chart["start"]), str(chart["end"]), str(chart["value"])
    move = column(result, chart, "move")
    moves = [str(one) for one in result[move]] if move else None
    every = [
        Stream(str(a), str(b), int(n), (moves[at] if moves else "same" if a == b else "other"))
        for at, (a, b, n) in enumerate(zip(result[start], result[end], result[value], strict=True))
    ]
    steps = list(
        dict.fromkeys(
            [s.start for s in every if s.move == "same"] + [s.start for s in every] + [s.end for s in every]
        )
    )
    streams = [one for one in every if one.count > 0]
    whole = sum(one.count for one in streams) or 1
    thick = {(one.start, one.end): max(one.count / whole, _THINNEST) for one in streams}
    sums = [
        {step: sum(t for pair, t in thick.items() if pair[side] == step) for step in steps} for side in (0, 1)
    ]
    counts = [
        {step: sum(s.count for s in streams if (s.start, s.end)[side] == step) for step in steps}
        for side in (0, 1)
    ]
    bottoms = [_stack(side, steps) for side in sums]
    top = max(bottoms[side][step] + sums[side][step] for side in (0, 1) for step in steps)
    words = figure(start).words
    names = {step: wrap(i18n.word(words, step), LONGEST / 1.7, LABEL, limit=2) for step in steps}
    written = [{step: counted(value, n) for step, n in side.items()} for side in counts]
    notes = [text for side in written for text in side.values()]
    side_room = (
        max(
            [width_of(line) for lines in names.values() for line in lines]
            + [width_of(text, NOTE) for text in notes]
        )
        + 0.16
    )
    heads = [label(start), label(end)]
    tall = any(len(lines) > 1 for lines in names.values())
    apart = sum(width_of(head, NOTE) for head in heads) + 0.2 - 2 * side_room
    moved = [width_of(f"↑ {counted(value, one.count)}", NOTE) for one in streams if one.move != "same"]
    labels = (max(moved) + 0.16) / 0.4 if len(moved) > 1 else 0.0
    least = (0.55 if tall else 0.42) * len(steps)
    page.room(
        left=side_room,
        right=side_room,
        height=max(3.0, 0.75 * len(steps)),
        least=least,
        bottom=0.3,
        top=0.12,
        wide=max(2.2, apart, labels),
    )
    page.ax.set_xlim(0, 1)
    page.ax.set_ylim(-0.02, top + 0.02)
    middles = _draw_streams(page, streams, thick, bottoms, steps)
    for side, x, ha, shift in ((0, 0.0, "right", -0.12), (1, 1.0, "left", 0.12)):
        centres = [bottoms[side][step] + sums[side][step] / 2 for step in steps]
        gap = (0.5 if tall else 0.36) * (top + 0.04) / page.height
        spots = spread(centres, gap, low=0.06 * top, high=0.97 * top)
        for step, spot in zip(steps, spots, strict=True):
            low = bottoms[side][step]
            page.line([x, x], [low, low + max(sums[side][step], 0.008)], INK, 3, clip_on=False)
            page.text(x, spot, "\n".join(names[step]), ha=ha, shift=(shift, 0.08), linespacing=1.15)
            below = -0.085 * len(names[step])
            page.text(x, spot, written[side][step], ha=ha, size=NOTE, colour=MUTED, shift=(shift, below))
        page.text(
            x,
            0,
            heads[side],
            at="axes",
            ha="left" if side == 0 else "right",
            size=NOTE,
            colour=MUTED,
            shift=(0, -0.2),
        )
    _label(page, middles, top, value)
    largest = sorted(streams, key=lambda one: (one.move == "same", -one.count))[:3]
    for one in largest:
        told = f"{i18n.word(words, one.start)} → {i18n.word(words, one.end)}"
        page.told.append((told, counted(value, one.count)))


def _stack(totals: Mapping[str, float], steps: Sequence[str]) -> dict[str, float]:
    """Bottom of each step's block, the lowest step at the bottom."""
    bottoms, at = {}, 0.0
    for step in steps:
        bottoms[step] = at
        at += totals[step] + _GAP
    return bottoms


def _draw_streams(
    page: Sheet,
    streams: Sequence[Stream],
    thick: Mapping[tuple[str, str], float],
    bottoms: Sequence[Mapping[str, float]],
    steps: Sequence[str],
) -> list[tuple[Stream, float, float]]:
    """Draw the streams, those that stay below the others; return where the middles of the others begin and end."""
    rank = {step: at for at, step in enumerate(steps)}
    taken = [dict(side) for side in bottoms]
    places: list[dict[tuple[str, str], float]] = [{}, {}]
    for side in (0, 1):
        for pair in sorted(thick, key=lambda one: (rank[one[side]], rank[one[1 - side]])):
            places[side][pair] = taken[side][pair[side]]
            taken[side][pair[side]] += thick[pair]
    middles = []
    for one in sorted(streams, key=lambda one: one.move != "same"):
        pair = (one.start, one.end)
        a, b, t = places[0][pair], places[1][pair], thick[pair]
        alpha = 0.9 if one.move == "same" else 0.8
        page.ax.add_artist(_ribbon(a, b, t, MOVES.get(one.move, RULE), alpha, 0.6 * page.points))
        if one.move != "same":
            middles.append((one, a + t / 2, b + t / 2))
    return middles


def _ribbon(start: float, end: float, thick: float, colour: str, alpha: float, line: float) -> PathPatch:
    bend = 0.5
    points = [
        (0.0, start), (bend, start), (1 - bend, end), (1.0, end),
        (1.0, end + thick), (1 - bend, end + thick), (bend, start + thick), (0.0, start + thick),
        (0.0, start),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, edgecolor="white", linewidth=line, alpha=alpha)


def _label(page: Sheet, streams: Sequence[tuple[Stream, float, float]], top: float, value: str) -> None:
    """Write the largest moves on their streams, by turns near the beginning and near the end."""
    largest = sorted(streams, key=lambda stream: -stream[0].count)[:6]
    largest.sort(key=lambda stream: stream[1] + stream[2])
    for turn, x in enumerate((0.3, 0.7)):
        mine = largest[turn::2]
        bend = 3 * x**2 - 2 * x**3  # height of the curve at x between its two ends
        heights = [start + (end - start) * bend for _, start, end in mine]
        spots = spread(heights, 0.27 * (top + 0.04) / page.height, low=0.05 * top, high=0.97 * top)
        for (one, _, _), spot in zip(mine, spots, strict=True):
            colour = {"up": ACCENT, "down": CONTRAST}.get(one.move, MUTED)
            sign = {"up": "↑ ", "down": "↓ "}.get(one.move, "")
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour, "linewidth": 0.8}
            text = f"{sign}{counted(value, one.count)}"
            page.text(x, spot, text, ha="center", size=NOTE, colour=colour, box=box)
