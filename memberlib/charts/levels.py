"""Pictures of levels: how members stand, who would move under other rules, what the discounts cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from memberlib import i18n
from memberlib.charts.bands import sales_bar, share_bar
from memberlib.charts.lines import spread, wrap
from memberlib.charts.marks import LONGEST, Bar, finite, pairs
from memberlib.charts.sheet import Sheet, sheet
from memberlib.charts.theme import ACCENT, CONTRAST, INK, LABEL, MOVES, MUTED, NOTE, RULE, width_of

_THINNEST = 0.022  # a single member among thousands must still be seen


def structure(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw each level's share of members, with its share of sales below.

    Parameters
    ----------
    result : DataFrame
        Of ``structure``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            names = [i18n.word("level", level) for level in result["level"]]
            first = [
                share_bar(share, count, "members")
                for share, count in zip(result["member_share"], result["member_count"], strict=True)
            ]
            pairs(page, names, first, second=[sales_bar(share) for share in result["amount_share"]])
    return page.ax


def discount_cost(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw what each level's discount would have cost, and what part of that level's sales it is.

    Parameters
    ----------
    result : DataFrame
        Of ``discount_cost``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            names = [i18n.word("level", level) for level in result["level"]]
            notes = [i18n.discount(rate) for rate in result["discount"]]
            bars = []
            digits = 0 if max(finite(cost) for cost in result["cost_amount"]) >= 100 else None
            for row in result.itertuples():
                parts = [(i18n.money(row.cost_amount, page.currency, digits=digits), INK)]
                if not i18n.is_empty(row.cost_share):
                    share = i18n.say("chart.of_level_sales", share=i18n.percent(row.cost_share))
                    parts.append((f"  {share}", MUTED))
                bars.append(Bar(finite(row.cost_amount), parts))
            pairs(page, names, bars, notes=notes)
    return page.ax


def flow(result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None) -> Axes:
    """Draw members as streams from their level now (left) to their level under the other rules (right).

    Parameters
    ----------
    result : DataFrame
        Of ``flow``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            _draw_flow(page, result)
    return page.ax


def _ladder(result: Any) -> list[str]:
    """Levels from the lowest to the highest: each has a row that stays."""
    order = list(
        dict.fromkeys(
            [*result.loc[result["move"] == "same", "level_from"], *result["level_from"], *result["level_to"]]
        )
    )
    return [str(level) for level in order]


def _stack(totals: Mapping[str, float], levels: Sequence[str], gap: float) -> dict[str, float]:
    """Bottom of each level's block, the lowest level at the bottom."""
    bottoms, at = {}, 0.0
    for level in levels:
        bottoms[level] = at
        at += totals[level] + gap
    return bottoms


def _draw_flow(page: Sheet, result: Any) -> None:
    levels = _ladder(result)
    rows = [row for row in result.itertuples() if row.member_count > 0]
    whole = sum(row.member_count for row in rows) or 1
    thick = {(row.level_from, row.level_to): max(row.member_count / whole, _THINNEST) for row in rows}
    sums: dict[str, dict[str, float]] = {}
    counts: dict[str, dict[str, int]] = {}
    for side, column in (("from", "level_from"), ("to", "level_to")):
        sums[side] = {lv: sum(t for pair, t in thick.items() if pair[side == "to"] == lv) for lv in levels}
        counts[side] = {lv: sum(r.member_count for r in rows if getattr(r, column) == lv) for lv in levels}
    gap = 0.2
    bottoms = {side: _stack(sums[side], levels, gap) for side in sums}
    top = max(max(bottoms[side][lv] + sums[side][lv] for lv in levels) for side in sums)

    names = {lv: wrap(i18n.word("level", lv), LONGEST / 1.7, LABEL, limit=2) for lv in levels}
    widest = max(width_of(line) for lines in names.values() for line in lines)
    heads = [i18n.say("label.level_from"), i18n.say("label.level_to")]
    side_room = (
        max(
            widest,
            max(width_of(i18n.counted(n, "members"), NOTE) for s in counts.values() for n in s.values()),
        )
        + 0.16
    )
    page.room(left=side_room, right=side_room, height=max(3.0, 0.75 * len(levels)), bottom=0.3, top=0.12)
    page.bare()
    ax = page.ax
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.02, top + 0.02)

    taken = {side: dict(bottoms[side]) for side in bottoms}
    middles: list[tuple[Any, float, float]] = []
    rank = {lv: index for index, lv in enumerate(levels)}
    starts, ends = {}, {}
    for pair in sorted(thick, key=lambda p: (rank[p[0]], rank[p[1]])):
        starts[pair] = taken["from"][pair[0]]
        taken["from"][pair[0]] += thick[pair]
    for pair in sorted(thick, key=lambda p: (rank[p[1]], rank[p[0]])):
        ends[pair] = taken["to"][pair[1]]
        taken["to"][pair[1]] += thick[pair]
    for row in sorted(rows, key=lambda r: r.move != "same"):
        pair = (row.level_from, row.level_to)
        a, b, t = starts[pair], ends[pair], thick[pair]
        ax.add_patch(_ribbon(a, b, t, MOVES.get(row.move, RULE), 0.9 if row.move == "same" else 0.8))
        if row.move != "same":
            middles.append((row, a + t / 2, b + t / 2))
    for side, x, ha, shift in (("from", 0.0, "right", -0.12), ("to", 1.0, "left", 0.12)):
        centres = [bottoms[side][lv] + sums[side][lv] / 2 for lv in levels]
        step = 0.5 if any(len(n) > 1 for n in names.values()) else 0.36
        spots = spread(centres, step * (top + 0.04) / page.height, low=0.06 * top, high=0.97 * top)
        for lv, spot in zip(levels, spots, strict=True):
            ax.plot(
                [x, x],
                [bottoms[side][lv], bottoms[side][lv] + max(sums[side][lv], 0.008)],
                color=INK,
                linewidth=3,
                clip_on=False,
            )
            tall = 0.085 * len(names[lv])
            page.text(x, spot, "\n".join(names[lv]), ha=ha, shift=(shift, 0.08), linespacing=1.15)
            page.text(
                x,
                spot,
                i18n.counted(counts[side][lv], "members"),
                ha=ha,
                size=NOTE,
                colour=MUTED,
                shift=(shift, -tall),
            )
    page.text(0, 0, heads[0], at="axes", ha="left", size=NOTE, colour=MUTED, shift=(0, -0.2))
    page.text(1, 0, heads[1], at="axes", ha="right", size=NOTE, colour=MUTED, shift=(0, -0.2))
    _say_moves(page, middles, top)


def _ribbon(start: float, end: float, thick: float, colour: str, alpha: float) -> PathPatch:
    bend = 0.5
    points = [
        (0.0, start), (bend, start), (1 - bend, end), (1.0, end),
        (1.0, end + thick), (1 - bend, end + thick), (bend, start + thick), (0.0, start + thick),
        (0.0, start),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, edgecolor="white", linewidth=0.6, alpha=alpha)


def _say_moves(page: Sheet, streams: Sequence[tuple[Any, float, float]], top: float) -> None:
    """Write the largest moves on their streams, by turns near the beginning and near the end."""
    largest = sorted(streams, key=lambda stream: -stream[0].member_count)[:6]
    largest.sort(key=lambda stream: stream[1] + stream[2])
    for turn, x in enumerate((0.3, 0.7)):
        mine = largest[turn::2]
        bend = 3 * x**2 - 2 * x**3  # height of the curve at x between its two ends
        heights = [start + (end - start) * bend for _, start, end in mine]
        spots = spread(heights, 0.27 * (top + 0.04) / page.height, low=0.05 * top, high=0.97 * top)
        for (row, _, _), spot in zip(mine, spots, strict=True):
            colour = {"up": ACCENT, "down": CONTRAST}.get(row.move, MUTED)
            text = f"{'↑' if row.move == 'up' else '↓'} {i18n.counted(row.member_count, 'members')}"
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour, "linewidth": 0.8}
            page.text(x, spot, text, ha="center", size=NOTE, colour=colour, bbox=box)


__all__ = ["discount_cost", "flow", "structure"]
