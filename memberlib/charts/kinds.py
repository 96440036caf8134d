"""The kinds of charts: what each draws of the columns that a view, or a guess from their names, gives to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from memberlib import i18n
from memberlib.charts import bubbles, curves, grids, ribbons, time_columns
from memberlib.charts.columns import column, counted, label, names_of, one_of, values_of, writer
from memberlib.charts.marks import SALES, Bar, blocks, finite, pairs, tell, written
from memberlib.charts.sheet import Sheet
from memberlib.charts.theme import ACCENT, INK, MUTED, PALE, RULE, SEGMENTS, SHADES, SOFT, width_of
from memberlib.errors import InputError
from memberlib.theme import Chart


def draw_bars(page: Sheet, result: Any, chart: Chart) -> None:
    """A row per name with a bar of a share, amount or count; a narrow bar below it, a note under its name.

    ``row`` and ``value``; optional ``count``, ``second``, ``beside`` (with ``beside_words``), ``note`` (a column) or
    ``notes`` (a group of words by the row's code).
    """
    row, value = str(chart["row"]), column(result, chart, "value") or ""
    numbers, count, beside = (
        list(result[value]),
        column(result, chart, "count"),
        column(result, chart, "beside"),
    )
    texts = values_of(page, value)
    if value.endswith("_count") and not value.startswith("mean_"):
        texts = [counted(value, number) for number in numbers]
    codes = [str(code) for code in result[row]] if row in result.columns else [""] * len(result)
    bars = []
    for at, (number, text, code) in enumerate(zip(numbers, texts, codes, strict=True)):
        parts = [] if i18n.is_empty(number) else [(text, INK)]
        gap = "  " if parts else ""
        if count is not None and count != value:
            parts.append((f"{gap}{counted(count, result[count].iloc[at])}", MUTED))
        if beside is not None and not i18n.is_empty(result[beside].iloc[at]):
            parts.append((f"{gap}{_beside(page, chart, beside, at)}", MUTED))
        colour = SEGMENTS.get(code, ACCENT) if row == "segment" else ACCENT
        bars.append(Bar(finite(number), parts or [(i18n.NO_VALUE, MUTED)], colour))
    second = column(result, chart, "second")
    note, group = column(result, chart, "note"), chart.get("notes")
    notes = values_of(page, note) if note else None
    if group:
        known = i18n.words(i18n.language())
        notes = [known.get(f"{group}.{code}", "") for code in codes]
    pairs(
        page,
        names_of(result, row),
        bars,
        second=None if second is None else [_narrow(second, share) for share in result[second]],
        notes=notes if notes and any(notes) else None,
    )


def _beside(page: Sheet, chart: Chart, name: str, at: int) -> str:
    said = writer(name, list(page.result[name]), page.currency)([page.result[name].iloc[at]])[0]
    words = chart.get("beside_words")
    return i18n.say(words, share=said) if words else f"{label(name)} {said}"


def _narrow(name: str, share: Any) -> Bar:
    if i18n.is_empty(share):
        return Bar(0.0, [], SALES)
    text = i18n.percent(share)
    said = i18n.say("chart.of_sales", share=text) if name == "amount_share" else f"{label(name)} {text}"
    return Bar(finite(share), [(said, MUTED)], SALES)


def draw_filled(page: Sheet, result: Any, chart: Chart) -> None:
    """A row per name, filled as far as a part goes of the whole: ``row``, ``part`` (its share and count), ``whole``."""
    names = names_of(result, str(chart["row"]))
    whole, part = str(chart["whole"]), str(chart["part"])
    ends = [counted(whole, count) for count in result[whole]]
    shares = list(result[f"{part}_share"])
    known, key = i18n.words(i18n.language()), chart.get("words")
    left = max(width_of(name) for name in names) + 0.09
    right = max(width_of(end) for end in ends) + 0.12
    counts = result[f"{part}_count"] if f"{part}_count" in result.columns else [None] * len(result)
    texts = []
    for share, count in zip(shares, counts, strict=True):
        said, n = i18n.percent(share), i18n.number(count)
        words = known.get(key or "", known.get("chart.part", ""))
        texts.append(words.format(share=said, n=n) if count is not None else said)
    # a text may stand within its bar or right of it: it needs its width in the plot
    most = max(width_of(text) for text in texts) + 0.3
    page.room(left=left, right=right, height=0.44 * len(names), least=0.28 * len(names), wide=most)
    page.rows(names)
    page.ax.set_xlim(0, 1)
    for at, (share, end, text) in enumerate(zip(shares, ends, texts, strict=True)):
        page.text(1, at, end, at="row", colour=MUTED, shift=(0.1, 0.0))
        if not finite(result[whole].iloc[at]):
            continue
        filled = finite(share)
        page.bar(0, at - 0.31, 1.0, 0.62, PALE)
        page.bar(0, at - 0.31, filled, 0.62, ACCENT)
        inside = width_of(text) + 0.2 < filled * page.width
        start = 0 if inside else min(filled, 1 - (width_of(text) + 0.12) / page.width)
        # where neither side has room for it, it stands on the light end of the bar
        over = not inside and start < filled
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"} if over else None
        page.text(start, at, text, colour="white" if inside else INK, shift=(0.09, 0.0), box=box)
        page.told.append((names[at], i18n.percent(share)))
    page.baseline()


def draw_blocks(page: Sheet, result: Any, chart: Chart) -> None:
    """Bars in blocks, one below the other: ``block``, ``row``, ``value``; optional ``score``, ``tick``, ``foot_words``.

    ``only`` keeps the rows of some values of a column, where there are any; ``first`` lists blocks to show.
    """
    for name, wanted in (chart.get("only") or {}).items():
        if wanted in set(result[name]):
            result = result[result[name] == wanted]
    block, value, tick = str(chart["block"]), str(chart["value"]), column(result, chart, "tick")
    score, beside = column(result, chart, "score"), column(result, chart, "beside")
    names = dict(zip(result.index, names_of(result, str(chart["row"])), strict=True))
    texts = dict(
        zip(result.index, writer(value, list(result[value]), page.currency)(result[value]), strict=True)
    )
    present = list(dict.fromkeys(result[block]))
    shown = [one for one in chart.get("first", ()) if one in present] or present
    groups, ticks = [], []
    for one in shown:
        rows = result[result[block] == one]
        if score is not None:
            rows = rows.sort_values(score, ascending=False, kind="stable")
        bars = []
        for row in rows.itertuples():
            number = getattr(row, value)
            text = counted(value, number) if value.endswith("_count") else texts[row.Index]
            parts = [(text, INK)]
            if beside is not None:
                times = i18n.number(getattr(row, beside), digits=1)
                parts.append((f"  {i18n.say(chart['beside_words'], lift=times)}", MUTED))
            colour, name = SOFT if str(one) in chart.get("soft", ()) else ACCENT, names[row.Index]
            if score is not None:
                best = max(int(rows[score].max()), 2)
                step = (int(getattr(row, score)) - 1) / (best - 1)
                colour, name = SHADES[round(step * (len(SHADES) - 1))], f"{name}    {getattr(row, score)}"
            bars.append((name, Bar(finite(number), parts, colour)))
            ticks.append(finite(getattr(row, tick)) if tick else 0.0)
        heading = chart.get("heading_words")
        groups.append((i18n.say(f"{heading}{one}") if heading else names_of(rows.head(1), block)[0], bars))
    foot = chart.get("foot_words")
    blocks(page, groups, ticks=ticks if tick else None, foot=i18n.say(foot) if foot else "")


def draw_dots(page: Sheet, result: Any, chart: Chart) -> None:
    """Ranked dots on thin lines: ``row``, ``value``; optional ``rank``, ``count``, ``days`` since a day.

    Dots of those who are asleep (more ``days`` than the shop's) are hollow.
    """
    names = names_of(result, str(chart["row"]))
    value, rank = str(chart["value"]), column(result, chart, "rank")
    count, days = column(result, chart, "count"), column(result, chart, "days")
    ranks = [i18n.number(one) for one in result[rank]] if rank else [""] * len(names)
    name_room = max(width_of(name) for name in names) + 0.12
    left = name_room + max(width_of(one) for one in ranks) + (0.12 if rank else 0.0)
    churn = result.attrs.get("churn_days")
    away = list(result[days]) if days else [None] * len(names)
    asleep = [churn is not None and finite(one) > churn for one in away]
    labels = []
    for at, amount in enumerate(result[value]):
        text = i18n.money(amount, page.currency) if value.endswith("amount") else values_of(page, value)[at]
        parts = [(text, INK)]
        rest = [counted(count, result[count].iloc[at])] if count else []
        rest += [_ago(away[at])] if days else []
        labels.append(parts + ([(f"  {' · '.join(rest)}", MUTED)] if rest else []))
    note = i18n.say("chart.hollow_asleep", days=i18n.counted(churn, "days")) if any(asleep) else ""
    widths = [written(parts) + 0.06 for parts in labels]
    page.room(
        left=left,
        height=0.27 * len(names),
        least=0.2 * len(names),
        bottom=0.3 + page.more_lines(note) if note else 0.0,
        wide=max(widths) + 0.59,
    )
    page.rows(names)
    amounts = [finite(amount) for amount in result[value]]
    page.ax.set_xlim(0, page.reach(amounts, widths))
    for at, (amount, parts) in enumerate(zip(amounts, labels, strict=True)):
        page.text(0, at, ranks[at], at="row", ha="right", colour=MUTED, shift=(-name_room - 0.03, 0.0))
        page.line([0, amount], [at, at], RULE, 1.2, zorder=1)
        face = "white" if asleep[at] else ACCENT
        page.dot(amount, at, 7, face, edge=ACCENT, line=1.4, clip_on=False)
        page.parts(amount, at, parts, shift=0.11)
    if note:
        page.foot(note, left=left, down=0.18)
    tell(page, names, [Bar(0.0, parts) for parts in labels])


def _ago(days: Any) -> str:
    if finite(days) < 1:
        return i18n.say("chart.today")
    return i18n.say("chart.ago", days=i18n.counted(days, "days"))


@dataclass(frozen=True)
class Kind:
    """What draws a kind of chart, and which columns it cannot do without."""

    draw: Callable[[Sheet, Any, Chart], None]
    needs: tuple[str, ...]


KINDS = {
    "bars": Kind(draw_bars, ("row", "value")),
    "filled": Kind(draw_filled, ("row", "part", "whole")),
    "columns": Kind(time_columns.draw_columns, ("row", "value")),
    "heat": Kind(grids.draw_heat, ("row", "across", "value")),
    "curve": Kind(curves.draw_curve, ("x", "y")),
    "bubbles": Kind(bubbles.draw_bubbles, ("row", "x", "y")),
    "flow": Kind(ribbons.draw_flow, ("start", "end", "value")),
    "matrix": Kind(grids.draw_matrix, ("start", "end", "value")),
    "blocks": Kind(draw_blocks, ("block", "row", "value")),
    "dots": Kind(draw_dots, ("row", "value")),
}


def check(result: Any, chart: Chart, name: str) -> None:
    """Refuse a frame that lacks a column which its chart cannot do without.

    Raises
    ------
    InputError
        In one line, naming the column.
    """
    if chart.kind not in KINDS:
        raise InputError(f"no chart of kind {chart.kind!r}; choose among {', '.join(KINDS)}")
    for part in KINDS[chart.kind].needs:
        wanted = str(chart.get(part, "")).replace("{one}", one_of(result))
        columns = {"interval": ("lower", "upper")}.get(wanted, (wanted,))
        if part == "part":
            columns = (f"{wanted}_share",)
        for one in columns:
            if one not in result.columns:
                raise InputError(f"{name} needs the column {one!r}, which this frame does not have")
