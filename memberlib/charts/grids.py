"""Grids of cells: values by two codes as a heat map, and counts of moves from one code to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from memberlib import i18n
from memberlib.charts.columns import column, counted, label, names_of, values_of, writer
from memberlib.charts.lines import shorten, wrap
from memberlib.charts.marks import Bar, finite, pairs
from memberlib.charts.sheet import MARGIN, Sheet
from memberlib.charts.theme import (
    CAPTION,
    CONTRAST,
    HEAT,
    INK,
    LABEL,
    MUTED,
    NOTE,
    PALE,
    SEGMENTS,
    width_of,
)  # fmt: skip
from memberlib.figures import figure
from memberlib.theme import Chart

_CELLS = LinearSegmentedColormap.from_list("moves", ["#f1f5f5", "#8fb8bb"])
_HEAD = 8.5
_HOURS = [0, 6, 12, 18]


def draw_heat(page: Sheet, result: Any, chart: Chart) -> None:
    """A cell per pair of codes, the darker the more: ``row``, ``across``, ``value``; optional ``count``.

    Weekdays by hours frame the busiest hour; where an export has no hours, weekdays are drawn as bars. A pair without
    a row stays white.
    """
    row, across, value = str(chart["row"]), str(chart["across"]), str(chart["value"])
    if all(i18n.is_empty(one) for one in result[across]):
        _draw_one_side(page, result, chart)
        return
    if (row, across) == ("weekday", "hour"):
        _draw_week(page, result, value)
        return
    sides: list[list[Any]] = []
    words: list[dict[Any, str]] = []
    for name in (row, across):
        present = list(dict.fromkeys(result[name]))
        if figure(name).unit not in ("code", "text"):
            present.sort()
        sides.append(present)
        words.append(dict(zip(result[name], names_of(result, name), strict=True)))
    texts = dict(
        zip(zip(result[row], result[across], strict=True), values_of(page, value, short=True), strict=True)
    )
    numbers = {
        (a, b): finite(number)
        for a, b, number in zip(result[row], result[across], result[value], strict=True)
    }
    names = [shorten(words[0][one], 1.6, LABEL) for one in sides[0]]
    left = max(width_of(name) for name in names) + 0.12
    widest = max(width_of(text, NOTE) for text in texts.values()) + 0.06
    count = len(sides[1])
    cell = max((page.whole - 2 * MARGIN - left) / count, min(widest, 0.45))
    heads = [wrap(words[1][one], max(cell, 0.4) - 0.03, _HEAD, limit=2) for one in sides[1]]
    step = -(-0.4 // max(cell, 0.05)) * -1 if cell < 0.4 else 1.0
    step = max(int(step), 1)
    above = 0.16 * max(len(lines) for lines in heads) + 0.06
    foot = i18n.say("chart.darker", value=label(value))
    page.room(
        left=left, height=0.3 * len(names), least=0.2 * len(names), top=above, wide=min(cell * count, 12.0),
        bottom=0.26 + page.more_lines(foot),
    )  # fmt: skip
    page.ax.set_xlim(0, count)
    page.ax.set_ylim(len(names), 0)
    highest = max(numbers.values(), default=0.0) or 1.0
    fits = widest < page.width / count
    for y, one in enumerate(sides[0]):
        page.text(0, y + 0.5, names[y], at="row", ha="right", shift=(-0.09, 0))
        for x, other in enumerate(sides[1]):
            if (one, other) not in numbers:
                continue
            share = max(numbers[one, other], 0.0) / highest
            page.bar(x, y, 1, 1, HEAT(share), edgecolor="white", linewidth=0.8)
            page.told.append((f"{words[0][one]} · {words[1][other]}", texts[one, other]))
            if fits:
                colour = "white" if share > 0.6 else INK
                page.text(x + 0.5, y + 0.5, texts[one, other], ha="center", size=NOTE, colour=colour)
    for x in range(0, count, step):
        said = "\n".join(heads[x])
        look: dict[str, Any] = {"ha": "center", "va": "bottom", "size": _HEAD, "colour": MUTED}
        page.text(x + 0.5, 0, said, shift=(0, 0.05), linespacing=1.1, **look)
    page.foot(foot, left=left, down=0.16)
    page.told.sort(key=lambda pair: -_number_of(pair, texts, numbers, words))
    del page.told[3:]


def _number_of(pair: tuple[str, str], texts: Any, numbers: Any, words: Any) -> float:
    found = [numbers[at] for at in texts if f"{words[0][at[0]]} · {words[1][at[1]]}" == pair[0]]
    return max(found, default=0.0)


def _draw_one_side(page: Sheet, result: Any, chart: Chart) -> None:
    value, count = str(chart["value"]), column(result, chart, "count")
    bars = []
    for at, (number, text) in enumerate(zip(result[value], values_of(page, value), strict=True)):
        parts = [(text, INK)]
        if count:
            parts.append((f"  {counted(count, result[count].iloc[at])}", MUTED))
        bars.append(Bar(finite(number), parts))
    pairs(page, names_of(result, str(chart["row"])), bars)


def _draw_week(page: Sheet, result: Any, value: str) -> None:
    grid = np.zeros((7, 24))
    for weekday, hour, number in zip(result["weekday"], result["hour"], result[value], strict=True):
        grid[int(weekday), int(hour)] = finite(number)
    names = [i18n.weekday(day) for day in range(7)]
    left = max(width_of(name) for name in names) + 0.12
    said, darker = "", i18n.say("chart.darker_more")
    if grid.max() > 0:
        weekday, hour = (int(one) for one in np.unravel_index(int(grid.argmax()), grid.shape))
        share = writer(value, list(result[value]), page.currency)([grid[weekday, hour]])[0]
        where = {"weekday": i18n.weekday(weekday), "hour": hour, "next": hour + 1, "share": share}
        said = i18n.say("chart.busiest_hour", **where)
    wide = max(width_of(said, NOTE) + width_of(darker, NOTE) + 0.15, 2.2) if said else 2.2
    page.room(left=left, height=2.0, least=1.3, bottom=0.62, wide=wide)
    ax = page.ax
    mesh = ax.pcolormesh(grid, cmap=HEAT, vmin=0, vmax=grid.max() or 1, linewidths=0.8, edgecolors="white")
    mesh.set_linewidth(0.8 * page.points)
    ax.set_xlim(0, 24)
    ax.set_ylim(7, 0)
    for day, name in enumerate(names):
        page.text(0, day + 0.5, name, at="row", ha="right", va="center_baseline", shift=(-0.0833, 0))
    page.below([hour + 0.5 for hour in _HOURS], [i18n.say("date.hour", hour=hour) for hour in _HOURS])
    if said:
        look: dict[str, Any] = {"fill": False, "edgecolor": CONTRAST, "linewidth": 2.0, "clip_on": False}
        page.bar(hour, weekday, 1, 1, "none", **look)
        page.text(0, 0, said, at="axes", size=NOTE, colour=INK, shift=(0, -0.46))
        page.text(1, 0, darker, at="axes", ha="right", size=NOTE, colour=MUTED, shift=(0, -0.46))
        page.told.append((f"{i18n.weekday(weekday)} {i18n.say('date.hour', hour=hour)}", share))


def draw_matrix(page: Sheet, result: Any, chart: Chart) -> None:
    """Counts from (rows) to (columns): ``start``, ``end``, ``value``; what stays where it was is grey."""
    start, end, value = str(chart["start"]), str(chart["end"]), str(chart["value"])
    words = figure(start).words
    codes = _order(result, start, end)
    columns = [code for code in codes if code != "none"] or codes

    rows = {code: wrap(i18n.word(words, code), 1.45, CAPTION, limit=2) for code in codes}
    left = max((width_of(line, CAPTION) for lines in rows.values() for line in lines), default=0.0) + 0.1
    parts = [part for code in columns for part in i18n.word(words, code).split()]
    cell = min(max((width_of(part, _HEAD) for part in parts), default=0.0) + 0.03, 0.85)
    cell = max(cell, (page.whole - 2 * MARGIN - left) / max(len(columns), 1))
    heads = [wrap(i18n.word(words, code), cell - 0.01, _HEAD, limit=4) for code in columns]
    above = 0.16 * max(len(lines) for lines in heads) + 0.06
    foot = i18n.say("chart.moves_key")
    height, least = 0.34 * len(codes), 0.2 * len(codes)
    bottom = 0.28 + page.more_lines(foot)
    page.room(left=left, height=height, least=least, top=above, bottom=bottom, wide=cell * len(columns))
    page.ax.set_xlim(0, len(columns))
    page.ax.set_ylim(len(codes), 0)
    counts = {
        (str(a), str(b)): finite(n) for a, b, n in zip(result[start], result[end], result[value], strict=True)
    }
    most = max((count for (a, b), count in counts.items() if a != b and count), default=1)
    for y, one in enumerate(codes):
        said = "\n".join(rows[one])
        page.text(0, y + 0.5, said, ha="right", size=CAPTION, shift=(-0.08, 0), linespacing=1.0)
        for x, other in enumerate(columns):
            count, same = counts.get((one, other), 0), one == other
            fill = PALE if same else _CELLS(0.15 + 0.85 * count / most) if count else "#faf9f7"
            page.bar(x, y, 1, 1, fill, edgecolor="white", linewidth=1.5)
            if count:
                text = i18n.number(count, short=width_of(i18n.number(count), CAPTION) > cell - 0.06)
                look: dict[str, Any] = {"ha": "center", "size": CAPTION, "colour": MUTED if same else INK}
                page.text(x + 0.5, y + 0.5, text, **look)
    for x, lines in enumerate(heads):
        look = {"ha": "center", "va": "bottom", "size": _HEAD, "colour": MUTED, "linespacing": 1.1}
        page.text(x + 0.5, 0, "\n".join(lines), shift=(0, 0.034), **look)
    page.foot(foot, left=left, down=0.17)
    largest = sorted(((n, a, b) for (a, b), n in counts.items() if a != b), key=lambda one: -one[0])[:3]
    for count, one, other in largest:
        told = f"{i18n.word(words, one)} → {i18n.word(words, other)}"
        page.told.append((told, counted(value, count)))


def _order(result: Any, start: str, end: str) -> Sequence[str]:
    """Codes in the house's order where it has one, then a shop's own, "not yet a buyer" last."""
    present = [str(code) for code in dict.fromkeys([*result[start], *result[end]])]
    eight = [code for code in SEGMENTS if code.startswith(("important_", "general_"))]
    family = eight if any(code in eight for code in present) else [c for c in SEGMENTS if c not in eight]
    known = family if any(code in family for code in present) else []
    own = [code for code in present if code not in known and code != "none"]
    return [*known, *own, *(["none"] if "none" in present else [])]
