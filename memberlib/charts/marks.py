"""Marks that several kinds of charts share: rows of bars, blocks of bars, a key of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memberlib import i18n
from memberlib.charts.lines import shorten, wrap
from memberlib.charts.sheet import Sheet
from memberlib.charts.theme import ACCENT, INK, LABEL, MUTED, NOTE, PAPER, RULE, width_of

Parts = Sequence[tuple[str, str]]
LONGEST = 2.35  # inches that the name of a row may take
SHORTEST = 0.5  # inches that the longest bar must have
SALES = "#8d877c"
"""Outline of money beside members."""


@dataclass(frozen=True)
class Bar:
    """One bar: its length, the pieces of text at its end, its colour."""

    length: float
    parts: Parts
    colour: str = ACCENT


def finite(value: object) -> float:
    """Return a number to draw; no value is drawn as nothing."""
    return 0.0 if i18n.is_empty(value) else float(value)  # type: ignore[arg-type]


def written(parts: Parts, size: float = LABEL) -> float:
    """Width in inches of pieces of text set one after another."""
    return sum(width_of(text, size) for text, _ in parts)


def tell(page: Sheet, names: Sequence[str], bars: Sequence[Bar]) -> None:
    """Note what bars say, for those who cannot see them."""
    page.told += [(name, bar.parts[0][0].strip()) for name, bar in zip(names, bars, strict=True) if bar.parts]


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
    every = [*first, *(second or [])]
    sizes = [LABEL] * len(first) + [NOTE] * len(second or [])
    widths = [written(bar.parts, size) for bar, size in zip(every, sizes, strict=True)]
    tall = any(len(name) > 1 for name in lines) or any(small)
    row = 0.52 if second else (0.44 if tall else 0.36)
    least = 0.42 if second or tall else 0.24
    page.room(
        left=left + 0.09,
        height=row * len(names),
        least=least * len(names),
        wide=max(widths) + SHORTEST + 0.09,
    )
    page.rows(["\n".join(name) for name in lines] if not small else [""] * len(names))
    for at, (name, note) in enumerate(zip(lines, small, strict=False)):
        up = 0.095 if note else 0.0
        page.text(0, at, "\n".join(name), ha="right", at="row", shift=(-0.09, up))
        if note:
            page.text(0, at, note, ha="right", at="row", shift=(-0.09, -0.1), size=NOTE, colour=MUTED)
    lowest = min(0.0, *(bar.length for bar in every))
    highest = page.reach([max(bar.length, 0.0) - lowest for bar in every], widths) + lowest
    page.ax.set_xlim(lowest, highest)
    high, middle = (0.4, -0.14) if second else (0.58, 0.0)
    for at, bar in enumerate(first):
        page.bar(0, at + middle - high / 2, bar.length, high, bar.colour)
        page.parts(max(bar.length, 0.0), at + middle, bar.parts)
    for at, bar in enumerate(second or []):
        page.bar(0, at + 0.17, bar.length, 0.16, PAPER, edgecolor=bar.colour, linewidth=0.9)
        page.parts(max(bar.length, 0.0), at + 0.25, bar.parts, size=NOTE)
    page.baseline()
    tell(page, names, first)


def blocks(
    page: Sheet,
    groups: Sequence[tuple[str, Sequence[tuple[str, Bar]]]],
    *,
    ticks: Sequence[float] | None = None,
    foot: str = "",
) -> None:
    """Draw bars in blocks, each under its heading; `ticks` compares each with a value that `foot` names."""
    headings: list[tuple[float, str]] = []
    places: list[float] = []
    at = 0.0
    for heading, members in groups:
        headings.append((at, heading))
        for _ in members:
            at += 1.0
            places.append(at)
        at += 1.45
    every = [one for _, members in groups for one in members]
    names = [shorten(name, LONGEST, LABEL) for name, _ in every]
    bars = [bar for _, bar in every]
    marks = list(ticks) if ticks is not None else [0.0] * len(bars)
    ends = [max(bar.length, mark) for bar, mark in zip(bars, marks, strict=True)]
    widths = [written(bar.parts) for bar in bars]
    left = max((width_of(name, LABEL) for name in names), default=0.0) + 0.09
    rows = places[-1] + 1.0
    page.room(
        left=left,
        height=0.27 * rows,
        least=0.2 * rows,
        bottom=0.26 + page.more_lines(foot) if foot else 0.0,
        wide=max(widths) + SHORTEST + 0.09,
    )
    page.ax.set_ylim(rows - 0.5, -0.5)
    page.ax.set_xlim(0, page.reach(ends, widths))
    if foot:
        page.foot(foot, left=left, down=0.16)
    for place, heading in headings:
        page.text(0, place, heading, at="row", colour=ACCENT, shift=(-left, 0.0))
    for place, name, bar, mark, end in zip(places, names, bars, marks, ends, strict=True):
        page.text(0, place, name, at="row", ha="right", shift=(-0.09, 0.0))
        page.bar(0, place - 0.31, bar.length, 0.62, bar.colour)
        if ticks is not None:
            page.line([mark, mark], [place - 0.42, place + 0.42], INK, 1.4, solid_capstyle="butt")
        page.parts(end, place, bar.parts)
        page.line([0, 0], [place - 0.5, place + 0.5], RULE, 1.0, zorder=3)
    tell(page, [name for name, _ in every], bars)


def key(page: Sheet, entries: Sequence[tuple[str, str, str]], *, above: float = 0.0) -> None:
    """Say in one line over the plot what its colours mean: colour, sign and word of each."""
    x = 0.0
    for colour, sign, text in entries:
        page.text(0, 1, sign, at="axes", size=NOTE, colour=colour, shift=(x, above))
        x += width_of(sign, NOTE) + 0.05
        page.text(0, 1, text, at="axes", size=NOTE, colour=MUTED, shift=(x, above))
        x += width_of(text, NOTE) + 0.18


def key_width(entries: Sequence[tuple[str, str, str]]) -> float:
    """Width in inches of a :func:`key`."""
    return sum(width_of(sign, NOTE) + width_of(text, NOTE) + 0.23 for _, sign, text in entries)
