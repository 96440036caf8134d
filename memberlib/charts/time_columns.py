"""Columns over time: months or days with their seasons, and months that were only partly over."""

from __future__ import annotations

import datetime as dt
from typing import Any

from memberlib import i18n
from memberlib.charts.columns import column, counted, label, named, values_of
from memberlib.charts.marks import finite, key, key_width
from memberlib.charts.sheet import Sheet
from memberlib.charts.theme import ACCENT, CAPTION, MUTED, NOTE, SEASONS, width_of
from memberlib.figures import figure
from memberlib.theme import Chart


def draw_columns(page: Sheet, result: Any, chart: Chart) -> None:
    """A column per month: ``row`` and ``value``; optional ``season`` (a column of codes) and ``whole`` (flags).

    Peak months are dark and slack ones pale; one that is only partly over is hollow.
    """
    season, whole, value = (
        column(result, chart, "season"),
        column(result, chart, "whole"),
        str(chart["value"]),
    )
    seasons = [str(one) for one in result[season]] if season else ["peak"] * len(result)
    if whole:
        pairs = zip(result[whole], seasons, strict=True)
        seasons = [one if all_of_it else "part" for all_of_it, one in pairs]
    entries = _key_of(result, seasons, value) if season else [(ACCENT, "■", label(value))]
    page.room(height=2.5, least=0.9, bottom=0.45, top=0.1, wide=max(key_width(entries), 2.2))
    page.floor()
    slots = max(len(result), 6)
    slot = page.width / slots
    counts = [finite(count) for count in result[value]]
    lowest = min(0.0, *counts)
    for at, (count, one) in enumerate(zip(counts, seasons, strict=True)):
        if one == "part":
            look: dict[str, Any] = {"edgecolor": MUTED, "linewidth": 0.8, "linestyle": (0, (2, 2))}
            page.bar(at - 0.4, 0, 0.8, count, "none", **look)
        else:
            page.bar(at - 0.4, 0, 0.8, count, SEASONS.get(one, SEASONS["normal"]))
    page.ax.set_xlim(-0.5, slots - 0.5)
    page.ax.set_ylim(lowest, (max(counts) or 1) * 1.3)
    texts = values_of(page, value, short=True)
    for at in sorted(_labelled(counts, texts, seasons, slot)):
        colour = ACCENT if seasons[at] == "peak" else MUTED
        look = {"ha": "center", "va": "bottom", "size": NOTE, "colour": colour}
        page.text(at, max(counts[at], 0.0), texts[at], shift=(0, 0.03), **look)
    row = str(chart["row"])
    _name(page, list(result[row]), figure(row).unit, slot)
    key(page, entries)
    names = [named(when, figure(row).unit) for when in result[row]]
    page.told += sorted(zip(names, texts, strict=True), key=lambda one: -counts[names.index(one[0])])[:3]


def _key_of(result: Any, seasons: list[str], value: str) -> list[tuple[str, str, str]]:
    usual = result.attrs.get(f"median_{value}")
    entries = []
    for one in ("peak", "normal", "slack"):
        text = i18n.say(f"season.{one}")
        if one == "normal" and not i18n.is_empty(usual):
            text = i18n.say("chart.usual_month", season=text, orders=counted(value, usual))
        if one in seasons:
            entries.append((SEASONS[one], "■", text))
    if "part" in seasons:
        entries.append((MUTED, "□", i18n.say("season.part")))
    return entries


def _labelled(counts: list[float], texts: list[str], seasons: list[str], slot: float) -> set[int]:
    """Which columns are labelled: all where there is room, else the peaks, the highest first, that stand apart."""
    if max(width_of(text, NOTE) for text in texts) < slot * 0.98:
        return set(range(len(counts)))
    by_height = sorted(range(len(counts)), key=lambda at: -counts[at])
    kept: list[int] = []
    for at in [one for one in by_height if seasons[one] == "peak"] or by_height[:1]:
        wide = width_of(texts[at], NOTE)
        if all(abs(at - other) * slot > (wide + width_of(texts[other], NOTE)) / 2 + 0.05 for other in kept):
            kept.append(at)
    return set(kept)


def _name(page: Sheet, dates: list[Any], unit: str, slot: float) -> None:
    """Write month names where there is room and the year once, below; other steps of time as they are called."""
    if unit != "month":
        names = [named(one, unit) if unit != "text" else str(one) for one in dates]
        step = next((n for n in range(1, len(names) + 1) if n * slot > max(map(_room, names))), len(names))
        page.below(range(0, len(names), step), names[::step])
        return
    days = [one if isinstance(one, dt.date) else dt.date.fromisoformat(str(one)[:10]) for one in dates]
    names = [i18n.month(day, year=False) for day in days]
    widest = max(map(_room, names))
    step = next((step for step in (1, 2, 3, 4, 6, 12) if step * slot > widest), 12)
    shown = [at for at, day in enumerate(days) if (day.month - 1) % step == 0] or [0]
    page.below(shown, [names[at] for at in shown])
    end = -1.0
    for at, day in enumerate(days):
        if at and day.month != 1:
            continue
        text = i18n.say("date.year", year=day.year)
        following = next((later for later in range(at + 1, len(days)) if days[later].month == 1), None)
        wide = width_of(text, CAPTION)
        if at == 0 and following is not None and following * slot < wide + 0.1:
            continue
        if at * slot > end and (at + 0.1) * slot + wide < page.width + 0.1:
            page.text(at - 0.4, 0, text, at="column", size=CAPTION, colour=MUTED, shift=(0, -0.33))
            end = at * slot + wide


def _room(name: str) -> float:
    return width_of(name, CAPTION) + 0.08
