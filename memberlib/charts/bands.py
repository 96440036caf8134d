"""Pictures of intervals: how members spread, on how few the money rests, who sleeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from memberlib import i18n
from memberlib.charts.lines import spread
from memberlib.charts.marks import SALES, Bar, finite, pairs, written
from memberlib.charts.sheet import Sheet, sheet
from memberlib.charts.theme import ACCENT, INK, LABEL, MUTED, NOTE, PALE, RULE, width_of
from memberlib.privacy import short


def bands(result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None) -> Axes:
    """Draw how members (or single orders) spread over intervals, with the share of sales below each bar.

    Parameters
    ----------
    result : DataFrame
        Of ``time_bands``, ``amount_bands`` or ``count_bands``.
    ax : Axes, optional
        Where to draw; a new figure where left out.
    title : str, optional
        The headline of the findings where left out.
    lang : str, optional

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            what = "order" if result.attrs.get("counts") == "orders" else "member"
            shares, counts = result[f"{what}_share"], result[f"{what}_count"]
            first = [share_bar(share, count, f"{what}s") for share, count in zip(shares, counts, strict=True)]
            second = [sales_bar(share) for share in result["amount_share"]]
            pairs(page, i18n.intervals(result), first, second=second)
    return page.ax


def share_bar(share: Any, count: Any, what: str, *, colour: str = ACCENT) -> Bar:
    """Return a bar of a share, labelled "58.4% · 265 members"."""
    number = i18n.counted(count, what)
    if i18n.is_empty(share):
        return Bar(0.0, [(number, MUTED)], colour)
    return Bar(finite(share), [(i18n.percent(share), INK), (f"  {number}", MUTED)], colour)


def sales_bar(share: Any) -> Bar:
    """Return a narrow grey bar of a share of sales."""
    if i18n.is_empty(share):
        return Bar(0.0, [], SALES)
    return Bar(finite(share), [(i18n.say("chart.of_sales", share=i18n.percent(share)), MUTED)], SALES)


def concentration(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw how much of the sales the best-spending members bring, against what equal spending would bring.

    Parameters
    ----------
    result : DataFrame
        Of ``concentration``.
    ax, title, lang
        As in :func:`bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        page.empty = page.empty or all(i18n.is_empty(share) for share in result["amount_share"])
        if not page.empty:
            _draw_concentration(page, result)
    return page.ax


def _draw_concentration(page: Sheet, result: Any) -> None:
    ticks = [0, 0.25, 0.5, 0.75, 1]
    texts = [i18n.percent(tick, digits=0) for tick in ticks]
    left = max(width_of(text, NOTE) for text in texts) + 0.1
    page.room(left=left, right=0.2, height=3.0, bottom=0.45, top=0.2)
    ax = page.ax
    x = np.array([0.0, *(finite(value) for value in result["top_share"])])
    y = np.array([0.0, *(finite(value) for value in result["amount_share"])])
    ax.plot([0, 1], [0, 1], color=RULE, linewidth=1.2)
    ax.plot(x, y, color=ACCENT, linewidth=2.2)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.04)
    ax.set_xticks(ticks, texts, fontsize=NOTE)
    ax.set_yticks(ticks[1:], texts[1:], fontsize=NOTE)
    ax.set_xlabel(i18n.say("chart.top_members_axis"), fontsize=NOTE, loc="right")
    for tick in ticks[1:]:
        ax.axhline(tick, color=PALE, linewidth=0.7, zorder=0)
    ax.spines["left"].set_visible(False)
    label_y = i18n.say("chart.share_of_sales")
    page.text(0, 1, label_y, at="axes", size=NOTE, colour=MUTED, shift=(0.06, 0.0), va="bottom")
    shown = [index for index in range(1, len(x)) if x[index] < 1]
    places = spread([y[index] - 0.03 for index in shown], 0.24 / page.height, low=0.05, high=0.94)
    for index, place in zip(shown, places, strict=True):
        strong = abs(x[index] - 0.1) < 1e-9
        text = i18n.say(
            "chart.top_brings", top=i18n.percent(x[index], digits=0), share=i18n.percent(y[index])
        )
        ax.plot(
            x[index],
            y[index],
            "o",
            markersize=8 if strong else 5,
            color=ACCENT,
            markeredgecolor="white",
            zorder=4,
        )
        # the label begins where the curve has risen above it
        start = max(x[index] + 0.03, float(np.interp(place + 0.05, y, x)) + 0.02)
        start = min(start, 1 - width_of(text, LABEL) / page.width)
        ax.plot([x[index], start - 0.008], [y[index], place], color=RULE, linewidth=0.8, zorder=1)
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
        page.text(start, place, text, colour=INK if strong else MUTED, bbox=box, zorder=3)


def high_spenders(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw what each high spender has spent; ids are masked.

    Parameters
    ----------
    result : DataFrame
        Of ``high_spenders``.
    ax, title, lang
        As in :func:`bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            _draw_spenders(page, result)
    return page.ax


def _draw_spenders(page: Sheet, result: Any) -> None:
    names = [short(who) for who in result["member_id"]]
    ranks = [i18n.number(rank) for rank in result["rank"]]
    name_room = max(width_of(name) for name in names) + 0.12
    left = name_room + max(width_of(rank) for rank in ranks) + 0.12
    churn = result.attrs.get("churn_days")
    asleep = [churn is not None and days > churn for days in result["recency_days"]]
    page.room(left=left, height=0.27 * len(names), bottom=0.3 if any(asleep) else 0.0)
    page.rows(names)
    labels = []
    for row in result.itertuples():
        rest = f"  {i18n.counted(row.order_count, 'orders')} · {_ago(row.recency_days)}"
        labels.append([(i18n.money(row.total_amount, page.currency), INK), (rest, MUTED)])
    amounts = [finite(amount) for amount in result["total_amount"]]
    page.ax.set_xlim(0, page.reach(amounts, [written(parts) + 0.06 for parts in labels]))
    for at, (amount, parts) in enumerate(zip(amounts, labels, strict=True)):
        page.text(0, at, ranks[at], at="row", ha="right", colour=MUTED, shift=(-name_room - 0.03, 0.0))
        page.ax.plot([0, amount], [at, at], color=RULE, linewidth=1.2, zorder=1)
        face = "white" if asleep[at] else ACCENT
        dot: dict[str, Any] = {
            "markersize": 7,
            "markerfacecolor": face,
            "markeredgecolor": ACCENT,
            "markeredgewidth": 1.4,
        }
        page.ax.plot(amount, at, "o", clip_on=False, **dot)
        page.parts(amount, at, parts, shift=0.11)
    if any(asleep):
        note = i18n.say("chart.hollow_asleep", days=i18n.counted(churn, "days"))
        page.text(0, 0, note, at="axes", size=NOTE, colour=MUTED, shift=(-left, -0.18))


def _ago(days: Any) -> str:
    if finite(days) < 1:
        return i18n.say("chart.today")
    return i18n.say("chart.ago", days=i18n.counted(days, "days"))


def sleeping(
    result: Any, ax: Axes | None = None, title: str | None = None, *, lang: str | None = None
) -> Axes:
    """Draw which share of the members of each interval of orders is asleep.

    Parameters
    ----------
    result : DataFrame
        Of ``sleeping``.
    ax, title, lang
        As in :func:`bands`.

    Returns
    -------
    Axes
    """
    with sheet(result, ax, title, lang=lang) as page:
        if not page.empty:
            _draw_sleeping(page, result)
    return page.ax


def _draw_sleeping(page: Sheet, result: Any) -> None:
    names = i18n.intervals(result)
    ends = [i18n.counted(count, "members") for count in result["member_count"]]
    left = max(width_of(name) for name in names) + 0.09
    right = max(width_of(end) for end in ends) + 0.12
    page.room(left=left, right=right, height=0.44 * len(names))
    page.rows(names)
    page.ax.set_xlim(0, 1)
    for at, (share, count, asleep) in enumerate(
        zip(result["sleeping_share"], result["member_count"], result["sleeping_count"], strict=True)
    ):
        page.text(1, at, ends[at], at="row", colour=MUTED, shift=(0.1, 0.0))
        if not finite(count):
            continue
        part = finite(share)
        page.ax.barh(at, 1.0, height=0.62, color=PALE)
        page.ax.barh(at, part, height=0.62, color=ACCENT)
        text = i18n.say("chart.asleep", share=i18n.percent(share), n=i18n.number(asleep))
        inside = width_of(text) + 0.2 < part * page.width
        page.text(0 if inside else part, at, text, colour="white" if inside else INK, shift=(0.09, 0.0))
    page.baseline()


__all__ = ["bands", "concentration", "high_spenders", "sales_bar", "share_bar", "sleeping"]
