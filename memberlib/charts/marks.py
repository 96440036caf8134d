"""Which marks do several pictures share: bars in pairs, bars in blocks, a key of colours?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memberlib.charts.lines import shorten, wrap
from memberlib.charts.sheet import Sheet
from memberlib.charts.theme import ACCENT, INK, LABEL, MUTED, NOTE, PAPER, RULE, width_of

Parts = Sequence[tuple[str, str]]
LONGEST = 2.35  # inches that the name of a row may take


@dataclass(frozen=True)
class Bar:
    """One bar: its length, the pieces of text at its end, its colour."""

    length: float
    parts: Parts
    colour: str = ACCENT


SALES = "#8d877c"
"""Outline of money beside members."""


def finite(value: object) -> float:
    """Return a number to draw; no value is drawn as nothing."""
    from memberlib.i18n import is_empty

    return 0.0 if is_empty(value) else float(value)  # type: ignore[arg-type]


def written(parts: Parts, size: float = LABEL) -> float:
    """Width in inches of pieces of text set one after another."""
    return sum(width_of(text, size) for text, _ in parts)


def pairs(
    page: Sheet,
    names: Sequence[str],
    first: Sequence[Bar],
    *,
    second: Sequence[Bar] | None = None,
    notes: Sequence[str] | None = None,
) -> None:
    """Draw a row per name: a broad bar and, under it, a narrow one; a small note may stand under each name.

    Parameters
    ----------
    page : Sheet
    names : sequence of str
        Wrapped where they are wider than a row's name may be.
    first, second : sequence of Bar
        The narrow bars may be left out.
    notes : sequence of str, optional
    """
    lines = [wrap(name, LONGEST, LABEL, limit=1 if notes else 2) for name in names]
    small = [shorten(note, LONGEST, NOTE) if note else "" for note in notes] if notes else []
    left = max(
        [width_of(line, LABEL) for name in lines for line in name] + [width_of(note, NOTE) for note in small]
    )
    tall = any(len(name) > 1 for name in lines) or any(small)
    row = 0.52 if second else (0.44 if tall else 0.36)
    page.room(left=left + 0.09, height=row * len(names))
    page.rows(["\n".join(name) for name in lines])
    if small:
        page.ax.set_yticks(range(len(names)), [""] * len(names))
        for at, (name, note) in enumerate(zip(lines, small, strict=True)):
            up = 0.095 if note else 0.0
            page.text(0, at, "\n".join(name), ha="right", at="row", shift=(-0.09, up))
            if note:
                page.text(0, at, note, ha="right", at="row", shift=(-0.09, -0.1), size=NOTE, colour=MUTED)
    every = [*first, *(second or [])]
    sizes = [LABEL] * len(first) + [NOTE] * len(second or [])
    widths = [written(bar.parts, size) for bar, size in zip(every, sizes, strict=True)]
    page.ax.set_xlim(0, page.reach([bar.length for bar in every], widths))
    for at, bar in enumerate(first):
        y = at - 0.14 if second else at
        page.ax.barh(y, bar.length, height=0.4 if second else 0.58, color=bar.colour)
        page.parts(bar.length, y, bar.parts)
    for at, bar in enumerate(second or []):
        y = at + 0.25
        page.ax.barh(y, bar.length, height=0.16, color=PAPER, edgecolor=bar.colour, linewidth=0.9)
        page.parts(bar.length, y, bar.parts, size=NOTE)
    page.baseline()


def blocks(
    page: Sheet,
    groups: Sequence[tuple[str, Sequence[tuple[str, Bar]]]],
    *,
    ticks: Sequence[float] | None = None,
    foot: str = "",
) -> None:
    """Draw bars in blocks, each under its heading; `ticks` compares each with a value that `foot` names."""
    rows: list[tuple[str, Bar | None]] = []
    places: list[float] = []
    at = 0.0
    for heading, members in groups:
        rows.append((heading, None))
        places.append(at)
        for name, one in members:
            at += 1.0
            rows.append((name, one))
            places.append(at)
        at += 1.45
    names = [shorten(name, LONGEST, LABEL) for name, bar in rows if bar]
    bars = [bar for _, bar in rows if bar]
    left = max((width_of(name, LABEL) for name in names), default=0.0)
    page.room(left=left + 0.09, height=0.27 * (places[-1] + 1.0), bottom=0.26 if foot else 0.0)
    page.rows([""])
    if foot:
        page.text(0, 0, foot, at="axes", size=NOTE, colour=MUTED, shift=(-left - 0.09, -0.16))
    page.ax.set_ylim(places[-1] + 0.5, -0.5)
    page.ax.set_yticks([])
    marks = list(ticks) if ticks is not None else [0.0] * len(bars)
    ends = [max(bar.length, mark) for bar, mark in zip(bars, marks, strict=True)]
    page.ax.set_xlim(0, page.reach(ends, [written(bar.parts) for bar in bars]))
    drawn = 0
    for place, (name, bar) in zip(places, rows, strict=True):
        if bar is None:
            page.text(0, place, name, at="row", colour=ACCENT, shift=(-left - 0.09, 0.0))
            continue
        page.text(0, place, names[drawn], at="row", ha="right", shift=(-0.09, 0.0))
        page.ax.barh(place, bar.length, height=0.62, color=bar.colour)
        if ticks is not None:
            across, up = [marks[drawn]] * 2, [place - 0.42, place + 0.42]
            page.ax.plot(across, up, color=INK, linewidth=1.4, solid_capstyle="butt")
        page.parts(ends[drawn], place, bar.parts)
        page.ax.plot([0, 0], [place - 0.5, place + 0.5], color=RULE, linewidth=1.0, zorder=3)
        drawn += 1


def key(page: Sheet, entries: Sequence[tuple[str, str, str]], *, above: float = 0.0) -> None:
    """Say in one line over the plot what its colours mean: colour, sign and word of each."""
    x = 0.0
    for colour, sign, text in entries:
        page.text(0, 1, sign, at="axes", size=NOTE, colour=colour, shift=(x, above))
        x += width_of(sign, NOTE) + 0.05
        page.text(0, 1, text, at="axes", size=NOTE, colour=MUTED, shift=(x, above))
        x += width_of(text, NOTE) + 0.18
