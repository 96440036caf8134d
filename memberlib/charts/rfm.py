"""Pictures of RFM: the segments, where the scores are cut, the regions, the moves between two dates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from memberlib import i18n
from memberlib.charts.bands import sales_bar, share_bar
from memberlib.charts.lines import plain, shorten, wrap
from memberlib.charts.marks import Bar, blocks, finite, pairs
from memberlib.charts.sheet import MARGIN, Sheet, sheet
from memberlib.charts.theme import ACCENT, CAPTION, INK, MUTED, NOTE, PALE, SEGMENTS, SOFT, WIDTH, width_of

_SHADES = ("#c3d8d8", "#8fb8bb", "#55949b", "#2a6f78", "#0b4650")
_CELLS = LinearSegmentedColormap.from_list("moves", ["#f1f5f5", "#8fb8bb"])
_NAMED_REGIONS = 16
_HEAD = 8.5


def segments(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw each segment's share of members in its own colour, with its share of sales below.

    Parameters
    ----------
    result : DataFrame
        Of ``segments``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            codes = [str(code) for code in result["segment"]]
            known = i18n.words(i18n.language())
            notes = [known.get(f"segment_note.{code}", "") for code in codes]
            first = [
                share_bar(share, count, "members", colour=SEGMENTS.get(code, ACCENT))
                for code, share, count in zip(
                    codes, result["member_share"], result["member_count"], strict=True
                )
            ]
            second = [sales_bar(share) for share in result["amount_share"]]
            pairs(
                page,
                [i18n.word("segment", code) for code in codes],
                first,
                second=second,
                notes=notes if any(notes) else None,
            )
    return page.ax


def score_edges(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw how many members each score of R, F and M holds; the higher the score, the darker.

    Parameters
    ----------
    result : DataFrame
        Of ``score_edges``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            texts = dict(zip(result.index, i18n.intervals(result), strict=True))
            groups = []
            for measure in dict.fromkeys(result["measure"]):
                rows = result[result["measure"] == measure].sort_values(
                    "score", ascending=False, kind="stable"
                )
                best = max(int(rows["score"].max()), 2)
                bars = []
                for row in rows.itertuples():
                    shade = _SHADES[round((int(row.score) - 1) / (best - 1) * (len(_SHADES) - 1))]
                    parts = [(i18n.counted(row.member_count, "members"), INK)]
                    bars.append(
                        (f"{texts[row.Index]}    {row.score}", Bar(finite(row.member_count), parts, shade))
                    )
                groups.append((i18n.word("measure", measure), bars))
            blocks(page, groups, foot=i18n.say("chart.score_key"))
    return page.ax


def regions(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw regions as bubbles: orders per member across, spent per member up, larger where bought lately.

    Parameters
    ----------
    result : DataFrame
        Of ``regions``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            _draw_regions(page, result)
    return page.ax


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = (high - low) * 0.2 or max(abs(high) * 0.1, 0.5)
    return max(low - pad, 0.0) if low >= 0 else low - pad, high + pad


def _draw_regions(page: Sheet, result: Any) -> None:
    rows = result[result["member_count"] > 0] if "member_count" in result else result
    if rows.empty:
        page.empty = True
        return
    x = np.array([finite(value) for value in rows["mean_order_count"]])
    y = np.array([finite(value) for value in rows["mean_total_amount"]])
    days = np.array([finite(value) for value in rows["mean_recency_days"]])
    x_low, x_high = _limits(x)
    y_low, y_high = _limits(y)
    x_ticks, y_ticks = _round_ticks(x_low, x_high), _round_ticks(y_low, y_high)
    y_texts = [i18n.money(tick, page.currency, short=True) for tick in y_ticks]
    left = max(width_of(text, CAPTION) for text in y_texts) + 0.1
    page.room(left=left, height=3.3, bottom=0.72, top=0.2)
    ax = page.ax
    ax.set_xlim(x_low, x_high)
    ax.set_ylim(y_low, y_high)
    # a number under the corner would meet the lowest one beside it
    x_ticks = [tick for tick in x_ticks if (tick - x_low) / (x_high - x_low) * page.width > 0.3]
    ax.set_xticks(x_ticks, [i18n.number(tick) for tick in x_ticks])
    ax.set_yticks(y_ticks, [plain(text) for text in y_texts])
    ax.tick_params(labelsize=CAPTION)
    ax.spines["left"].set_visible(False)
    for tick in y_ticks:
        ax.axhline(tick, color=PALE, linewidth=0.7, zorder=0)
    spent = i18n.say("chart.spent_axis")
    page.text(0, 1, spent, at="axes", size=CAPTION, colour=MUTED, va="bottom", shift=(-left, 0.06))
    orders = i18n.say("chart.orders_axis")
    page.text(1, 0, orders, at="axes", size=CAPTION, colour=MUTED, ha="right", shift=(0, -0.36))
    near, far = float(days.min()), float(days.max())
    nearness = (far - days) / (far - near) if far > near else np.full(len(days), 0.5)
    radius = 0.06 + 0.13 * np.sqrt(nearness)
    order = np.argsort([-finite(value) for value in rows["amount"]], kind="stable")
    named = {int(index) for index in order[:_NAMED_REGIONS]}
    for index in reversed(order):
        colour = ACCENT if index == order[0] else SOFT
        size = (radius[index] * 2 * 72) ** 2
        ax.scatter(
            x[index], y[index], s=size, color=colour, edgecolor="white", linewidth=1.0, alpha=0.85, zorder=2
        )
    words = [i18n.word("region", region) for region in rows["region"]]
    to_inch = [
        ((x[i] - x_low) / (x_high - x_low) * page.width, (y[i] - y_low) / (y_high - y_low) * page.height)
        for i in range(len(x))
    ]
    taken: list[tuple[float, float, float, float]] = []
    for index in (int(i) for i in order):
        if index not in named:
            continue
        text = shorten(words[index], 1.4, NOTE)
        box = _free_place(
            to_inch[index], float(radius[index]), width_of(text, NOTE), page, taken, to_inch, radius
        )
        if box is None:
            continue
        taken.append(box)
        at_x = x_low + (box[0] + box[2]) / 2 / page.width * (x_high - x_low)
        at_y = y_low + (box[1] + box[3]) / 2 / page.height * (y_high - y_low)
        page.text(
            at_x, at_y, text, size=NOTE, ha="center", colour=INK if index == order[0] else MUTED, zorder=4
        )
    ends = {"near": i18n.counted(i18n.rounded(near), "days"), "far": i18n.counted(i18n.rounded(far), "days")}
    foot = i18n.say("chart.bubble_same" if ends["near"] == ends["far"] else "chart.bubble_key", **ends)
    page.text(0, 0, foot, at="axes", size=NOTE, colour=MUTED, shift=(-left, -0.62))


def _round_ticks(low: float, high: float) -> list[float]:
    return [float(tick) for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]


def _free_place(
    centre: tuple[float, float],
    radius: float,
    wide: float,
    page: Sheet,
    taken: Sequence[tuple[float, float, float, float]],
    centres: Sequence[tuple[float, float]],
    radii: np.ndarray,
) -> tuple[float, float, float, float] | None:
    """Return a box (inches) beside the bubble that meets no other label or bubble, or None."""
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


def moves(result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None) -> Axes:
    """Draw how many members went from which segment (rows) to which (columns); those who stayed are grey.

    Parameters
    ----------
    result : DataFrame
        Of ``moves``.
    ax, title, lang
        As in :func:`memberlib.charts.bands`.

    Returns
    -------
    Axes
    """
    codes = _segment_order(result)
    columns = [code for code in codes if code != "none"] or codes
    with i18n.speaking(i18n.language(lang)):
        cell, left = _grid(codes, columns)
    with sheet(
        result, ax, title, lang=lang, width=max(WIDTH, left + cell * len(columns) + 2 * MARGIN)
    ) as page:
        if not page.empty:
            _draw_moves(page, result, codes, columns, cell=cell, left=left)
    return page.ax


def _grid(codes: Sequence[str], columns: Sequence[str]) -> tuple[float, float]:
    """Width in inches of a cell, so that each word of its heading fits, and of the names of the rows."""
    left = max((width_of(_row_name(code), CAPTION) for code in codes), default=0.0) + 0.1
    words = [part for code in columns for part in i18n.word("segment", code).split()]
    needed = min(max((width_of(part, _HEAD) for part in words), default=0.0) + 0.03, 0.85)
    return max(needed, (WIDTH - 2 * MARGIN - left) / max(len(columns), 1)), left


def _row_name(code: str) -> str:
    return shorten(i18n.word("segment", code), 1.45, CAPTION)


def _segment_order(result: Any) -> list[str]:
    """Segments in the house's order, then a shop's own, "not yet a buyer" last."""
    if len(result) == 0:
        return []
    present = [str(code) for code in dict.fromkeys([*result["segment_from"], *result["segment_to"]])]
    eight = [code for code in SEGMENTS if code.startswith(("important_", "general_"))]
    family = eight if any(code in eight for code in present) else [c for c in SEGMENTS if c not in eight]
    known = family if any(code in family for code in present) else []
    own = [code for code in present if code not in known and code != "none"]
    return [*known, *own, *(["none"] if "none" in present else [])]


def _draw_moves(
    page: Sheet, result: Any, codes: Sequence[str], columns: Sequence[str], *, cell: float, left: float
) -> None:
    heads = [wrap(i18n.word("segment", code), cell - 0.01, _HEAD, limit=2) for code in columns]
    above = 0.16 * max(len(lines) for lines in heads) + 0.06
    page.room(left=left, height=0.34 * len(codes) + above, bottom=0.28)
    page.bare()
    ax = page.ax
    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(codes), -above / 0.34)
    counts = {(str(r.segment_from), str(r.segment_to)): int(r.member_count) for r in result.itertuples()}
    moved = [count for (start, end), count in counts.items() if start != end and count]
    most = max(moved, default=1)
    for row, start in enumerate(codes):
        page.text(0, row + 0.5, _row_name(start), ha="right", size=CAPTION, shift=(-0.08, 0))
        for column, end in enumerate(columns):
            count = counts.get((start, end), 0)
            same = start == end
            fill = PALE if same else _CELLS(0.15 + 0.85 * count / most) if count else "#faf9f7"
            ax.add_patch(Rectangle((column, row), 1, 1, facecolor=fill, edgecolor="white", linewidth=1.5))
            if count:
                colour = MUTED if same else INK
                text = i18n.number(count, short=width_of(i18n.number(count), CAPTION) > cell - 0.06)
                page.text(column + 0.5, row + 0.5, text, ha="center", size=CAPTION, colour=colour)
    for column, lines in enumerate(heads):
        text = "\n".join(lines)
        page.text(
            column + 0.5, -0.1, text, ha="center", va="bottom", size=_HEAD, colour=MUTED, linespacing=1.1
        )
    foot = i18n.say("chart.moves_key")
    page.text(0, 0, foot, at="axes", size=NOTE, colour=MUTED, shift=(-left, -0.17))
