"""Results of every analysis, made by hand: small enough to follow, rich enough to bring out every finding."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace
from typing import Any

import pandas as pd

from memberlib.themes import all_themes

HOMES = {view.analysis: view for theme in all_themes() for view in theme.analyses}


def made(
    analysis: str, columns: dict[str, list[Any]], base: int, counts: str = "members", **more: Any
) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    frame = frame.infer_objects()
    frame.attrs = {
        "analysis": analysis,
        "theme": HOMES[analysis].theme if analysis in HOMES else "",
        "view": HOMES[analysis].name if analysis in HOMES else "",
        "store": "shop",
        "as_of": dt.date(2026, 6, 30),
        "base": base,
        "counts": counts,
        "currency": "CNY",
        "params": {},
    } | more
    return frame


def part(value: float, whole: float) -> float | None:
    return value / whole if whole else None


def parts(values: list[Any]) -> list[float | None]:
    return [part(value, sum(values)) for value in values]


def spread(
    analysis: str,
    edges: list[float],
    members: list[int],
    orders: list[int],
    amounts: list[float],
    counts: str = "members",
    **more: Any,
) -> pd.DataFrame:
    columns = {
        "lower": [None, *edges],
        "upper": [*edges, None],
        "member_count": members,
        "member_share": parts(members),
        "order_count": orders,
        "order_share": parts(orders),
        "amount": amounts,
        "amount_share": parts(amounts),
    }
    return made(analysis, columns, sum(orders if counts == "orders" else members), counts, **more)


def time_bands(members: list[int] | None = None, **more: Any) -> pd.DataFrame:
    members = members or [192, 70, 36, 111]
    asleep = {"sleeping_count": members[-1], "sleeping_share": part(members[-1], sum(members))}
    cooling = {"cooling_count": members[-2], "cooling_share": part(members[-2], sum(members))}
    more = {
        "params": {"edges": [2, 4, 6], "unit": "months"}, "edge_days": [59, 120, 181], "churn_days": 180,
        "sleeping_amount": 6_000, "cooling_amount": 3_000, "cooling_days": 120, **asleep, **cooling,
    } | more  # fmt: skip
    return spread(
        "time_bands", [2, 4, 6], members, [400, 140, 40, 120], [40_000, 11_000, 3_000, 6_000], **more
    )


def amount_bands(measure: str = "mean", edges: list[float] | None = None, **more: Any) -> pd.DataFrame:
    more = {"params": {"measure": measure}, "counts": "orders" if measure == "order" else "members"} | more
    return spread(
        "amount_bands",
        edges or [50, 100, 200],
        [265, 84, 40, 65],
        [300, 120, 60, 120],
        [8_000, 9_000, 8_000, 35_000],
        **more,
    )


def count_bands(edges: list[float] | None = None) -> pd.DataFrame:
    return spread(
        "count_bands",
        edges or [2, 5, 10],
        [408, 15, 14, 17],
        [450, 50, 100, 300],
        [40_000, 5_000, 9_000, 36_000],
    )


def months(
    orders: list[int],
    mean: list[float] | None = None,
    new: float = 0.3,
    start: int = 2024 * 12,
    opening: int = 0,
) -> pd.DataFrame:
    usual = sorted(orders)[len(orders) // 2]
    ratios = [part(n, usual) for n in orders]
    named = [
        "peak" if r and r >= 1.25 else "slack" if r is not None and r <= 0.75 else "normal" for r in ratios
    ]
    columns = {
        "month": [dt.date((start + i) // 12, (start + i) % 12 + 1, 1) for i in range(len(orders))],
        "order_count": orders,
        "member_count": orders,
        "new_member_count": [int(n * new) for n in orders],
        "amount": [n * m for n, m in zip(orders, mean or [80.0] * len(orders), strict=True)],
        "mean_order_amount": [80.0] * len(orders),
        "whole": [True] * len(orders),
        "usual_order_count": [float(usual)] * len(orders),
        "usual_ratio": ratios,
        "season": [None if len(orders) < 12 or place < opening else name for place, name in enumerate(named)],
    }
    opened = [month.isoformat() for month in columns["month"][:opening]]
    return made("months", columns, sum(orders), "orders", opening_months=opened)


def season_goods(rows: list[tuple[Any, ...]], **more: Any) -> pd.DataFrame:
    """Of 500 orders, 100 in peak and 100 in slack months; a good has an order a piece, a member for two orders."""
    names = [
        "season",
        "good",
        "kind",
        "quantity",
        "amount",
        "amount_share",
        "overall_share",
        "lift_ratio",
        "rank",
    ]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns["order_count"] = columns["quantity"]
    columns["member_count"] = [max(1, n // 2) for n in columns["quantity"]]
    columns["overall_order_count"] = [n + 60 for n in columns["quantity"]]
    about = {"has_items": True, "too_short": False, "compared_count": len(rows)}
    about |= {"peak_order_count": 100, "slack_order_count": 100}
    return made("season_goods", columns, 500 if rows else 0, "orders", **(about | more))


def week_hours(days: list[int], hours: dict[int, int] | None = None, weeks: int = 40) -> pd.DataFrame:
    """Orders per weekday, in every hour alike but for the weights given; so in as many of 50 weeks as said."""
    weights = [(hours or {}).get(hour, 1) for hour in range(24)] if hours is not None else [1]
    cells = [
        (day, hour if hours is not None else None, n * w)
        for day, n in enumerate(days)
        for hour, w in enumerate(weights)
    ]
    columns = {
        "weekday": [c[0] for c in cells],
        "hour": [c[1] for c in cells],
        "order_count": [c[2] for c in cells],
        "amount": [float(c[2]) for c in cells],
        "order_share": parts([c[2] for c in cells]),
        "ordinary_count": [c[2] for c in cells],
    }
    about = {
        "week_count": 50,
        "day_week_counts": [weeks] * 7,
        "hour_week_counts": [weeks] * 23,
        "busy_days": [],
    }
    total = sum(c[2] for c in cells)
    return made("week_hours", columns, total, "orders", has_hours=hours is not None, **about)


def concentration(top_amount: float) -> pd.DataFrame:
    columns = {
        "top_share": [0.01, 0.1, 0.5, 1.0],
        "member_count": [5, 46, 227, 454],
        "amount": [top_amount / 4, top_amount, 80_000, 100_000],
        "amount_share": [top_amount / 4e5, top_amount / 1e5, 0.8, 1.0],
        "least_amount": [900, 400, 60, 5],
    }
    return made("concentration", columns, 454)


def high_spenders(recency: list[int], share: float = 0.01) -> pd.DataFrame:
    n = len(recency)
    columns = {
        "rank": list(range(1, n + 1)),
        "member_id": [str(i) for i in range(n)],
        "total_amount": [2_000.0 - i for i in range(n)],
        "order_count": [9] * n,
        "mean_amount": [200.0] * n,
        "last_on": [dt.date(2026, 1, 1)] * n,
        "recency_days": recency,
        "amount_share": [share] * n,
    }
    return made("high_spenders", columns, 454)


def sleeping() -> pd.DataFrame:
    columns = {
        "lower": [None, 2, 5, 10],
        "upper": [2, 5, 10, None],
        "member_count": [408, 15, 14, 17],
        "sleeping_count": [300, 6, 5, 3],
        "sleeping_share": [300 / 408, 6 / 15, 5 / 14, 3 / 17],
        "sleeping_amount": [20_000.0, 1_000.0, 2_000.0, 2_500.0],
        "median_recency_days": [300.0, 100.0, 90.0, 30.0],
    }
    return made("sleeping", columns, 454, params={"days": 180}, days=180)


def segments(
    counts: dict[str, tuple[int, float]], asleep: dict[str, int] | None = None, method: str = "active"
) -> pd.DataFrame:
    """Segment → members and money; who is asleep is everybody of the segments away, where it is not said."""
    members, amounts = [n for n, _ in counts.values()], [a for _, a in counts.values()]
    away = ("keep", "winback", "at_risk", "cannot_lose", "about_to_sleep", "hibernating", "lost")
    columns = {
        "segment": list(counts),
        "member_count": members,
        "member_share": parts(members),
        "sleeping_count": [
            n * name.endswith(away) if asleep is None else asleep.get(name, 0)
            for name, (n, _) in counts.items()
        ],
        "order_count": members,
        "amount": amounts,
        "amount_share": parts(amounts),
        "mean_recency_days": [200.4 if n else None for n in members],
        "mean_order_count": [2.0 if n else None for n in members],
        "mean_total_amount": [part(a, n) for n, a in counts.values()],
    }
    return made("segments", columns, sum(members), params={"method": method})


EIGHT = {
    "important_value": (60, 30_000.0),
    "important_keep": (40, 9_000.0),
    "important_develop": (50, 11_000.0),
    "important_winback": (70, 10_000.0),
    "general_value": (30, 1_500.0),
    "general_keep": (20, 900.0),
    "general_develop": (80, 3_600.0),
    "general_winback": (104, 4_000.0),
}


def score_edges(tied: int = 300) -> pd.DataFrame:
    columns = {
        "measure": ["recency", "recency", "frequency", "frequency", "monetary", "monetary"],
        "score": [2, 1, 1, 2, 1, 2],
        "lower": [None, 43, None, 1, None, 80.5],
        "upper": [43, None, 1, None, 80.5, None],
        "member_count": [230, 224, 300, 154, 227, 227],
        "tied_count": [6, 0, tied, 0, 1, 0],
    }
    return made("score_edges", columns, 454)


def audit(
    share: float = 0.8, empty: int = 2, scores: int = 5, method: str = "quantile", asleep: int = 90
) -> pd.DataFrame:
    columns = {
        "measure": ["recency", "frequency", "monetary"],
        "score_count": [scores] * 3,
        "empty_score_count": [0, 2, empty],
        "distinct_count": [200, 9, 400],
        "tied_share": [0.5, 0.9, 0.1],
        "largest_score_share": [0.21, share, 0.22],
    }
    recent = {
        "median": {"edge_days": 300.0, "recent_count": 230, "sleeping_count": asleep},
        "active": {"edge_days": 180.0, "recent_count": 140, "sleeping_count": 0},
    }
    recent.setdefault(method, recent["median"])
    return made("audit", columns, 454, params={"method": method}, recent=recent, churn_days=180)


def regions(rows: list[tuple[Any, ...]], base: int | None = None, noise: float = 1.0) -> pd.DataFrame:
    names = ["region", "member_count", "mean_recency_days", "mean_order_count", "mean_total_amount"]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns["amount"] = [row[1] * row[4] for row in rows]
    spread = {
        "recency_days": 60.0,
        "order_count": 1.0,
        "total_amount": 80.0 * noise,
        "order_amount": 60.0 * noise,
    }
    return made("regions", columns, base or sum(columns["member_count"]), spread=spread)


CITIES = [
    ("上海", 200, 100.0, 2.0, 200.0),
    ("成都", 60, 180.0, 2.0, 300.0),
    ("北京", 40, 170.0, 2.0, 320.0),
    ("武汉", 100, 90.0, 4.0, 210.0),
    ("拉萨", 3, 900.0, 1.0, 500.0),
]


def moves(edge: float = 60, lost: int = 12, method: str = "median") -> pd.DataFrame:
    """Moves in 90 days, R cut at 60 days on the earlier date and at ``edge`` on the later one."""
    rows = [
        ("important_value", "important_value", 50, 30_000),
        ("important_value", "important_keep", lost, 500 * lost),
        ("important_develop", "general_winback", 8, 900),
        ("important_develop", "important_develop", 30, 9_000),
        ("important_develop", "general_develop", 9, 700),
        ("important_winback", "important_develop", 7, 1_400),
        ("none", "general_develop", 60, 3_000),
    ]
    names = ["segment_from", "segment_to", "member_count", "amount"]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    edges = {"recency": [edge], "frequency": [1], "monetary": [80.0]}
    params, before = {"days": 90, "method": method}, {**edges, "recency": [60]}
    return made("moves", columns, 164 + lost, params=params, edges=edges, before_edges=before, high_from=2)


def headline(factor: float, points: float = 0.0, guests: float = 0.0) -> pd.DataFrame:
    """Every figure so many times what it was a year before, but the repeat rate, and the members' share of sales."""
    names = ["active_members", "new_members", "amount", "all_amount", "amount_share", "mean_order_amount",
             "mean_member_amount", "repeat_share"]  # fmt: skip
    before = [400.0, 120.0, 90_000.0, 100_000.0, 0.9, 82.5, 225.0, 0.3]
    value = [one * factor for one in before]
    value[4], value[7] = 0.9 - guests, 0.3 + points
    shares = [name.endswith("share") for name in names]
    columns = {
        "figure": names,
        "value": value,
        "before": before,
        "change_share": [now / then - 1 for now, then in zip(value, before, strict=True)],
        "unit": ["share" if is_share else "money" if "amount" in name else "count"
                 for name, is_share in zip(names, shares, strict=True)],
        "numerator": [*value[:4], value[2], value[2], value[2], value[7] * 400],
        "denominator": [None] * 4 + [value[3], 1_100, 400, 400],
    }  # fmt: skip
    return made("headline", columns, 454, days=365, comparison="year_before", first_year=False)


def left_out() -> pd.DataFrame:
    return made(
        "left_out",
        {"reason": ["guest", "unpaid"], "order_count": [30, 70], "amount": [900.0, 2_000.0]},
        1_000,
        "orders",
    )


GOODS = [
    ("peak", "winter_coats", "category", 90, 50_000.0, 0.4, 0.25, 1.6, 1),
    ("peak", "Hat", "category", 9, 900.0, 0.01, 0.005, 2.0, 2),
    ("slack", "T恤", "category", 80, 9_000.0, 0.3, 0.2, 1.5, 1),
]


TWO_YEARS = [100, 100, 60, 100, 100, 100, 100, 100, 100, 100, 200, 100] * 2


LISTED = SimpleNamespace(churn_days=180, findings={})


def shop(**overrides: Any) -> SimpleNamespace:
    return SimpleNamespace(churn_days=180, findings=overrides)


def weekly() -> pd.DataFrame:
    """The eight segments, cut at the median, of a shop where everybody comes every week."""
    return segments(EIGHT, {}, "median").assign(mean_recency_days=17.0)


def catalogue() -> list[tuple[pd.DataFrame, Any]]:
    """Results, with settings, that together bring out every finding, every wording and every action."""
    many = [
        weekly(),
        time_bands(),
        time_bands([30, 40, 30, 300]),
        time_bands([300, 70, 20, 20]),
        time_bands(currency="JPY"),
        months(TWO_YEARS),
        months([60, *TWO_YEARS[1:12], *TWO_YEARS[:12]]),
        months([100] * 14, [80.0] * 12 + [120.0] * 2),
        months([100] * 12 + [200] * 3),
        months([100] * 12 + [50] * 3),
        months([100] * 15, [80.0] * 12 + [40.0] * 3, new=0.8),
        months([100] * 15, [80.0] * 12 + [140.0] * 3),
        months([100] * 12 + [200] * 3, opening=2),
        months([60, 70, 80, 90, 100, 110, 120]),
        months([120, 110, 100, 90, 80, 70, 60]),
        months([90] * 3),
        months([100, 60, *[100] * 8, 150, 100]),
        months([100, 60, *[100] * 8, 150, *[100] * 13]),
        season_goods(GOODS),
        season_goods(GOODS[2:]),
        season_goods(GOODS[1:2]),
        season_goods([], has_items=False),
        season_goods([], too_short=True),
        season_goods([]),
        week_hours([10, 10, 10, 10, 10, 10, 30], {20: 9, 21: 9}),
        week_hours([90, 90, 90, 90, 90, 90, 300]),
        week_hours([10] * 7, {20: 9, 21: 9}),
        week_hours([70] * 7, {}),
        *(amount_bands(measure) for measure in ("mean", "total", "order")),
        amount_bands("order").assign(order_share=[0.1, 0.1, 0.2, 0.6]),
        amount_bands(edges=[3, 4, 5]),
        amount_bands(edges=[3, 4, 5], currency="XYZ"),
        concentration(58_000),
        concentration(15_000),
        concentration(30_000),
        high_spenders([10] * 14 + [300] * 6),
        high_spenders([10] * 3),
        count_bands(),
        count_bands([1, 2, 3]),
        sleeping(),
        sleeping().assign(lower=[None, 20, 30, 40], upper=[20, 30, 40, None]),
        segments(EIGHT),
        *(segments({**dict.fromkeys(EIGHT, (0, 0.0)), one: (90, 9.0)}) for one in EIGHT),
        score_edges(),
        segments(EIGHT, {"important_value": 20, "general_develop": 30}, "median"),
        *(ties(measure, edge) for measure, edge in (("recency", 30), ("frequency", 1), ("monetary", 80.0))),
        audit(),
        audit(scores=2, method="active"),
        audit(share=0.3, method="active", asleep=0),
        audit(share=0.3),
        audit(share=0.3, method="fixed", asleep=0),
        regions(CITIES),
        regions(CITIES[:1], base=400),
        regions(SAME),
        moves(),
        moves(lost=0, method="active"),
        moves(edge=160).tail(3),
        headline(1.3, 0.12, guests=-0.09),
        headline(0.7, -0.12, guests=0.2),
        headline(1.0),
        left_out(),
        made("concentration", {"top_share": []}, 3),
        made("week_hours", {"weekday": []}, 3, "orders"),
    ]
    eleven = (
        "champions",
        "loyal",
        "potential_loyalist",
        "recent",
        "promising",
        "need_attention",
        "about_to_sleep",
        "at_risk",
        "cannot_lose",
        "hibernating",
        "lost",
        "our_own_circle",
    )
    many += [segments({one: (90, 9.0), "b": (80, 5.0), "c": (70, 2.0)}) for one in eleven]
    special = [
        (amount_bands(edges=[10, 20, 40]), shop(step={"CNY": 100})),
        (count_bands(), shop(step={"CNY": 1000})),
        (time_bands(), shop(step={"CNY": 1000})),
        (time_bands(), shop(message_cost=0.02)),
        (time_bands(), shop(product_life_days=90)),
        (time_bands(), shop(product_life_days=90, step={"CNY": 1000})),
        (segments(EIGHT), shop(segment_count=3, unseen_segments=[])),
        (amount_bands(edges=[1, 2, 3]), shop(modal_share=0.0)),
        (spread("amount_bands", [5], [10, 90], [10, 90], [10.0, 9_000.0], params={"measure": "mean"}), None),
        (headline(1.0).assign(before=math.nan), None),
        (
            sleeping().assign(
                member_count=[0, 0, 0, 40],
                sleeping_count=[0, 0, 0, 9],
                sleeping_share=[None, None, None, 0.225],
            ),
            None,
        ),
    ]
    return [(result, LISTED) for result in many] + special


def ties(measure: str, edge: float) -> pd.DataFrame:
    """All members on one edge of one measure."""
    columns = {
        "measure": [measure] * 2,
        "score": [1, 2],
        "lower": [None, edge],
        "upper": [edge, None],
        "member_count": [300, 154],
        "tied_count": [300, 0],
    }
    return made("score_edges", columns, 454)


SAME = [("上海", 100, 100.0, 2.0, 200.0), ("成都", 99, 101.0, 2.0, 201.0), ("北京", 98, 99.0, 2.0, 199.0)]
