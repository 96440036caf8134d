"""Pictures of the calendar: months with their peaks, what sells in each season, hours of the week."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from memberlib import i18n
from memberlib.charts.marks import Bar, blocks, finite, key, pairs
from memberlib.charts.sheet import Sheet, sheet
from memberlib.charts.theme import (
    ACCENT,
    CAPTION,
    CONTRAST,
    HEAT,
    INK,
    LABEL,
    MUTED,
    NOTE,
    SEASONS,
    SOFT,
    width_of,
)


def months(result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None) -> Axes:
    """Draw the orders of each month, peaks dark and slack months pale.

    Parameters
    ----------
    result : DataFrame
        Of ``months``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            _draw_months(page, result)
    return page.ax


def _draw_months(page: Sheet, result: Any) -> None:
    page.room(height=2.5, bottom=0.45, top=0.1)
    ax, n = page.ax, len(result)
    slots = max(n, 6)
    slot = page.width / slots
    counts = [finite(count) for count in result["order_count"]]
    seasons = [
        ("part" if not whole else season)
        for whole, season in zip(result["whole"], result["season"], strict=True)
    ]
    colours = [SEASONS.get(str(season), SEASONS["normal"]) for season in seasons]
    top = (max(counts) or 1) * 1.3
    for at, (count, season, colour) in enumerate(zip(counts, seasons, colours, strict=True)):
        if season == "part":
            ax.bar(
                at, count, width=0.8, facecolor="none", edgecolor=MUTED, linewidth=0.8, linestyle=(0, (2, 2))
            )
        else:
            ax.bar(at, count, width=0.8, color=colour)
    ax.set_xlim(-0.5, slots - 0.5)
    ax.set_ylim(0, top)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    texts = [i18n.number(count, short=True) for count in result["order_count"]]
    fits = max(width_of(text, NOTE) for text in texts) < slot * 0.98
    by_height = sorted(range(n), key=lambda at: -counts[at])
    kept = (
        set(range(n))
        if fits
        else _apart([at for at in by_height if seasons[at] == "peak"] or by_height[:1], texts, slot)
    )
    for at in sorted(kept):
        colour = ACCENT if seasons[at] == "peak" else MUTED
        page.text(
            at, counts[at], texts[at], ha="center", va="bottom", size=NOTE, colour=colour, shift=(0, 0.03)
        )
    _name_months(page, list(result["month"]), slot)
    usual = result.attrs.get("median_order_count")
    entries = []
    for season in ("peak", "normal", "slack"):
        text = i18n.say(f"season.{season}")
        if season == "normal" and not i18n.is_empty(usual):
            text = i18n.say("chart.usual_month", season=text, orders=i18n.counted(usual, "orders"))
        if season in seasons:
            entries.append((SEASONS[season], "■", text))
    if "part" in seasons:
        entries.append((MUTED, "□", i18n.say("season.part")))
    key(page, entries, above=0.0)


def _apart(order: list[int], texts: list[str], slot: float) -> set[int]:
    """Keep the labels, most important first, that do not touch one kept before."""
    kept: list[int] = []
    for at in order:
        if all(
            abs(at - other) * slot > (width_of(texts[at], NOTE) + width_of(texts[other], NOTE)) / 2 + 0.05
            for other in kept
        ):
            kept.append(at)
    return set(kept)


def _name_months(page: Sheet, dates: list[Any], slot: float) -> None:
    """Write month names where there is room and the year once, below."""
    names = [i18n.month(date, year=False) for date in dates]
    widest = max(width_of(name, CAPTION) for name in names) + 0.08
    step = next((step for step in (1, 2, 3, 4, 6, 12) if step * slot > widest), 12)
    months_of = [date.month for date in dates]
    shown = [at for at, month in enumerate(months_of) if (month - 1) % step == 0]
    shown = shown or [0]
    page.ax.set_xticks(shown, [names[at] for at in shown])
    page.ax.tick_params(axis="x", labelsize=CAPTION, pad=3)
    end = -1.0
    for at, date in enumerate(dates):
        if at and months_of[at] != 1:
            continue
        text = i18n.say("date.year", year=date.year)
        following = next((later for later in range(at + 1, len(dates)) if months_of[later] == 1), None)
        if at == 0 and following is not None and following * slot < width_of(text, CAPTION) + 0.1:
            continue
        if at * slot > end:
            page.text(at - 0.4, 0, text, size=CAPTION, colour=MUTED, shift=(0, -0.33))
            end = at * slot + width_of(text, CAPTION)


def season_goods(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw what sells in peak and in slack months; a tick marks each good's share over all months.

    Parameters
    ----------
    result : DataFrame
        Of ``season_goods``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    kinds = set(result["kind"]) if len(result) else set()
    if "category" in kinds:
        attrs, result = result.attrs, result[result["kind"] == "category"]
        result.attrs = attrs
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            present = list(dict.fromkeys(result["season"]))
            wanted = [season for season in ("peak", "slack") if season in present] or present
            groups, ticks = [], []
            for season in wanted:
                rows = result[result["season"] == season]
                bars = []
                for row in rows.itertuples():
                    times = i18n.say("chart.times_usual", lift=i18n.number(row.lift_ratio, digits=1))
                    parts = [(i18n.percent(row.amount_share), INK), (f"  {times}", MUTED)]
                    bars.append(
                        (
                            str(row.good),
                            Bar(finite(row.amount_share), parts, SOFT if season == "slack" else ACCENT),
                        )
                    )
                    ticks.append(finite(row.overall_share))
                groups.append((i18n.say(f"chart.goods_{season}"), bars))
            blocks(page, groups, ticks=ticks, foot=i18n.say("chart.goods_tick"))
    return page.ax


def week_hours(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw orders by weekday and hour, the busiest framed; by weekday alone where the export has no hours.

    Parameters
    ----------
    result : DataFrame
        Of ``week_hours``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if page.empty:
            pass
        elif not result.attrs.get("has_hours", True) or i18n.is_empty(result["hour"].iloc[0]):
            names = [i18n.weekday(int(value)) for value in result["weekday"]]
            bars = [
                Bar(
                    finite(share),
                    [(i18n.percent(share), INK), (f"  {i18n.counted(count, 'orders')}", MUTED)],
                )
                for share, count in zip(result["order_share"], result["order_count"], strict=True)
            ]
            pairs(page, names, bars)
        else:
            _draw_week(page, result)
    return page.ax


def _draw_week(page: Sheet, result: Any) -> None:
    import seaborn as sns

    grid = np.zeros((7, 24))
    for weekday, hour, share in zip(result["weekday"], result["hour"], result["order_share"], strict=True):
        grid[int(weekday), int(hour)] = finite(share)
    names = [i18n.weekday(day) for day in range(7)]
    page.room(left=max(width_of(name) for name in names) + 0.12, height=2.0, bottom=0.62)
    ax = page.ax
    sns.heatmap(
        grid, ax=ax, cmap=HEAT, vmin=0, vmax=grid.max() or 1, cbar=False, linewidths=0.8, linecolor="white"
    )
    ax.set_yticks([day + 0.5 for day in range(7)], names, rotation=0, fontsize=LABEL)
    ax.tick_params(axis="y", labelcolor=INK, pad=6)
    hours = [0, 6, 12, 18]
    ax.set_xticks(
        [hour + 0.5 for hour in hours], [i18n.say("date.hour", hour=hour) for hour in hours], rotation=0
    )
    ax.tick_params(axis="x", labelsize=CAPTION, pad=3)
    ax.set_xlabel("")
    if grid.max() > 0:
        weekday, hour = (int(value) for value in np.unravel_index(int(grid.argmax()), grid.shape))
        ax.add_patch(_frame(hour, weekday))
        share = i18n.percent(grid[weekday, hour])
        text = i18n.say(
            "chart.busiest_hour", weekday=i18n.weekday(weekday), hour=hour, next=hour + 1, share=share
        )
        page.text(0, 0, text, at="axes", size=NOTE, colour=INK, shift=(0, -0.46))
        scale = i18n.say("chart.darker_more")
        page.text(1, 0, scale, at="axes", ha="right", size=NOTE, colour=MUTED, shift=(0, -0.46))


def _frame(x: float, y: float) -> Any:
    return Rectangle((x, y), 1, 1, fill=False, edgecolor=CONTRAST, linewidth=2.0, clip_on=False)
