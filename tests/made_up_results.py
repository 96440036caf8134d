"""Results as the analyses hand them back, plain and awkward, for the tests of tables and charts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from memberlib.themes import all_themes

AS_OF = dt.date(2026, 6, 30)
EIGHT = (
    "important_value", "important_keep", "important_develop", "important_winback",
    "general_value", "general_keep", "general_develop", "general_winback",
)  # fmt: skip

HOMES = {view.analysis: view for theme in all_themes() for view in theme.analyses}


def made(
    analysis: str, rows: dict[str, list[Any]], *, currency: str = "CNY", counts: str = "members", **more: Any
) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series(values, dtype=_kind(values)) for name, values in rows.items()})
    frame.attrs = {
        "analysis": analysis,
        "theme": HOMES[analysis].theme if analysis in HOMES else "",
        "view": HOMES[analysis].name if analysis in HOMES else "",
        "store": "shop",
        "as_of": AS_OF,
        "base": more.pop("base", 454),
        "counts": counts,
        "currency": currency,
        "params": more.pop("params", {}),
        **more,
    }
    return frame


def _kind(values: list[Any]) -> Any:
    return "object" if any(value is None or isinstance(value, dt.date) for value in values) else None


def _shares(values: list[float]) -> list[float]:
    whole = sum(values)
    return [value / whole if whole else float("nan") for value in values]


def spread(analysis: str, edges: list[float], members: list[int], **more: Any) -> pd.DataFrame:
    orders = [count * (at + 1) for at, count in enumerate(members)]
    amounts = [round(count * 83.37 * (at + 1), 2) for at, count in enumerate(members)]
    rows = {
        "lower": [None, *edges],
        "upper": [*edges, None],
        "member_count": members,
        "member_share": _shares(members),
        "order_count": orders,
        "order_share": _shares(orders),
        "amount": amounts,
        "amount_share": _shares(amounts),
    }
    return made(analysis, rows, base=sum(members), **more)


def structure(levels: list[str], counts: list[int], **more: Any) -> pd.DataFrame:
    amounts = [count * (at + 1) ** 3 * 61.5 for at, count in enumerate(counts)]
    rows = {
        "level": levels,
        "member_count": counts,
        "member_share": _shares(counts),
        "order_count": [count * (at + 1) for at, count in enumerate(counts)],
        "order_share": _shares([count * (at + 1) for at, count in enumerate(counts)]),
        "amount": amounts,
        "amount_share": _shares(amounts),
        "mean_order_amount": [61.5 * (at + 1) ** 2 for at in range(len(levels))],
        "repeat_share": [0.1 * (at + 1) for at in range(len(levels))],
        "discount": [1.0 - 0.05 * at for at in range(len(levels))],
    }
    return made("structure", rows, base=sum(counts), **more)


def flow(pairs: list[tuple[str, str, int, str]], **more: Any) -> pd.DataFrame:
    whole = sum(count for _, _, count, _ in pairs)
    rows = {
        "level_from": [start for start, _, _, _ in pairs],
        "level_to": [end for _, end, _, _ in pairs],
        "member_count": [count for _, _, count, _ in pairs],
        "member_share": [count / whole if whole else float("nan") for _, _, count, _ in pairs],
        "amount": [count * 210.0 for _, _, count, _ in pairs],
        "move": [move for _, _, _, move in pairs],
    }
    return made("flow", rows, base=whole, **more)


def discount_cost(levels: list[str], costs: list[float], **more: Any) -> pd.DataFrame:
    rows = {
        "level": levels,
        "order_count": [100 * (at + 1) for at in range(len(levels))],
        "amount": [cost * 9 + 100 for cost in costs],
        "discount": [1.0 - 0.05 * at for at in range(len(levels))],
        "cost_amount": costs,
        "cost_share": [cost / (cost * 9 + 100) for cost in costs],
    }
    return made("discount_cost", rows, counts="orders", **more)


def high_spenders(n: int, top: float = 98_765.4, **more: Any) -> pd.DataFrame:
    amounts = [top * 0.87**at for at in range(n)]
    rows = {
        "rank": list(range(1, n + 1)),
        "member_id": [f"tb{7_919 * (at + 3)}会员" if at % 3 else f"u{at}" for at in range(n)],
        "total_amount": amounts,
        "order_count": [1 + 3 * at % 17 for at in range(n)],
        "mean_amount": [amount / (1 + 3 * at % 17) for at, amount in enumerate(amounts)],
        "last_on": [AS_OF - dt.timedelta(days=13 * at) for at in range(n)],
        "recency_days": [13 * at for at in range(n)],
        "amount_share": [0.05 * 0.87**at for at in range(n)],
    }
    return made("high_spenders", rows, params={"limit": n}, **more)


def concentration(shares: list[float], **more: Any) -> pd.DataFrame:
    tops = [0.01, 0.05, 0.1, 0.2, 0.5, 1.0]
    rows = {
        "top_share": tops,
        "member_count": [int(454 * top + 0.999) for top in tops],
        "amount": [share * 98_000 for share in shares],
        "amount_share": shares,
        "least_amount": [round(3000 * (1 - top), 2) for top in tops],
    }
    return made("concentration", rows, **more)


def sleeping(edges: list[int], counts: list[int], asleep: list[int], **more: Any) -> pd.DataFrame:
    rows = {
        "lower": [None, *edges],
        "upper": [*edges, None],
        "member_count": counts,
        "sleeping_count": asleep,
        "sleeping_share": [a / n if n else float("nan") for a, n in zip(asleep, counts, strict=True)],
        "sleeping_amount": [a * 71.0 for a in asleep],
        "median_recency_days": [190.5 if n else float("nan") for n in counts],
    }
    return made("sleeping", rows, base=sum(counts), params={"days": 180, "edges": edges}, **more)


def months(
    counts: list[int], first: tuple[int, int] = (2025, 1), *, part: int = 1, **more: Any
) -> pd.DataFrame:
    dates = [
        dt.date(first[0] + (first[1] - 1 + at) // 12, (first[1] - 1 + at) % 12 + 1, 1)
        for at in range(len(counts))
    ]
    whole = [at < len(counts) - part for at in range(len(counts))]
    usual = sorted(counts)[len(counts) // 2] if counts else None
    ratios = [
        count / usual if ok and usual else float("nan") for count, ok in zip(counts, whole, strict=True)
    ]
    seasons = [
        "peak" if r >= 1.25 else "slack" if r <= 0.75 else "normal" if r == r else None for r in ratios
    ]
    rows = {
        "month": dates,
        "order_count": counts,
        "member_count": [count * 9 // 10 for count in counts],
        "new_member_count": [count // 3 for count in counts],
        "amount": [count * 91.3 for count in counts],
        "mean_order_amount": [91.3 if count else float("nan") for count in counts],
        "whole": whole,
        "usual_order_count": [float(usual) if ok and usual else float("nan") for ok in whole],
        "usual_ratio": ratios,
        "season": seasons,
    }
    params = {"peak_ratio": 1.25, "slack_ratio": 0.75}
    return made(
        "months", rows, counts="orders", base=sum(counts), params=params, median_order_count=usual, **more
    )


def season_goods(goods: list[str], seasons: tuple[str, ...] = ("peak", "slack"), **more: Any) -> pd.DataFrame:
    n = len(goods)
    rows = {
        "season": [season for season in seasons for _ in goods],
        "good": goods * len(seasons),
        "kind": ["category"] * (n * len(seasons)),
        "quantity": [float(300 - 7 * at) for at in range(n * len(seasons))],
        "order_count": [200 - 7 * at for at in range(n * len(seasons))],
        "member_count": [150 - 7 * at for at in range(n * len(seasons))],
        "overall_order_count": [400 - 7 * at for at in range(n * len(seasons))],
        "amount": [9000.0 - 333 * at for at in range(n * len(seasons))],
        "amount_share": [0.31 / (at % n + 1) for at in range(n * len(seasons))],
        "overall_share": [0.2 / (at % n + 1) for at in range(n * len(seasons))],
        "lift_ratio": [1.55 - 0.1 * at for at in range(n * len(seasons))],
        "rank": [at % n + 1 for at in range(n * len(seasons))],
    }
    return made("season_goods", rows, counts="orders", **more)


def week_hours(*, hours: bool = True, busy: int = 40, **more: Any) -> pd.DataFrame:
    cells = [(day, hour) for day in range(7) for hour in (range(24) if hours else [None])]
    counts = [
        (busy * (1 + (hour or 0) * (24 - (hour or 0))) // 60 + day * (day > 4)) if busy else 0
        for day, hour in cells
    ]
    rows = {
        "weekday": [day for day, _ in cells],
        "hour": [hour for _, hour in cells],
        "order_count": counts,
        "amount": [count * 88.0 for count in counts],
        "order_share": _shares(counts),
        "ordinary_count": counts,
    }
    habit = {"week_count": 50, "day_week_counts": [40] * 7, "hour_week_counts": [40] * 23, "busy_days": []}
    return made("week_hours", rows, counts="orders", base=sum(counts), has_hours=hours, **habit, **more)


def segments(
    codes: tuple[str, ...] | list[str] = EIGHT, counts: list[int] | None = None, **more: Any
) -> pd.DataFrame:
    counts = counts if counts is not None else [61, 40, 22, 18, 35, 50, 90, 138][: len(codes)]
    amounts = [count * 900.0 / (at + 1) for at, count in enumerate(counts)]
    rows = {
        "segment": list(codes),
        "member_count": counts,
        "member_share": _shares(counts),
        "order_count": [count * 3 for count in counts],
        "amount": amounts,
        "amount_share": _shares(amounts),
        "mean_recency_days": [30.25 + 40 * at if n else float("nan") for at, n in enumerate(counts)],
        "mean_order_count": [5.125 - 0.5 * at if n else float("nan") for at, n in enumerate(counts)],
        "mean_total_amount": [900.0 / (at + 1) if n else float("nan") for at, n in enumerate(counts)],
    }
    return made("segments", rows, base=sum(counts), params={"method": "median", "scores": 2}, **more)


def score_edges(scores: int, base: int = 454, **more: Any) -> pd.DataFrame:
    rows: dict[str, list[Any]] = {
        name: [] for name in ("measure", "score", "lower", "upper", "member_count", "tied_count")
    }
    steps = {"recency": 45, "frequency": 2, "monetary": 123.5}
    for measure, step in steps.items():
        edges = [step * at for at in range(1, scores)]
        for at in range(scores):
            rows["measure"].append(measure)
            rows["score"].append(scores - at if measure == "recency" else at + 1)
            rows["lower"].append(edges[at - 1] if at else None)
            rows["upper"].append(edges[at] if at < scores - 1 else None)
            rows["member_count"].append(base if at == 0 and measure == "frequency" else base // (at + 2))
            rows["tied_count"].append(at)
    return made("score_edges", rows, base=base, **more)


def regions(places: list[tuple[str, int, float, float, float]], **more: Any) -> pd.DataFrame:
    rows = {
        "region": [name for name, *_ in places],
        "member_count": [count for _, count, *_ in places],
        "mean_recency_days": [days for _, _, days, _, _ in places],
        "mean_order_count": [orders for _, _, _, orders, _ in places],
        "mean_total_amount": [amount for *_, amount in places],
        "amount": [count * amount for _, count, _, _, amount in places],
    }
    return made("regions", rows, no_region_count=3, **more)


def moves(codes: tuple[str, ...] | list[str] = EIGHT, *, big: int = 1, **more: Any) -> pd.DataFrame:
    pairs = [
        (a, b, (11 * i + 7 * j) % 13 * big)
        for i, a in enumerate(codes)
        for j, b in enumerate(codes)
        if (i + 2 * j) % 3
    ]
    pairs += [(code, code, 40 * big + i) for i, code in enumerate(codes)]
    pairs += [("none", code, 5 * big) for code in codes[::3]]
    pairs = [pair for pair in pairs if pair[2]]
    rows = {
        "segment_from": [a for a, _, _ in pairs],
        "segment_to": [b for _, b, _ in pairs],
        "member_count": [n for _, _, n in pairs],
        "amount": [n * 77.0 for _, _, n in pairs],
    }
    return made("moves", rows, base=sum(n for _, _, n in pairs), params={"days": 90}, **more)


def empty(frame: pd.DataFrame) -> pd.DataFrame:
    nothing = frame.iloc[:0].copy()
    nothing.attrs = {**frame.attrs, "base": 0}
    return nothing


ELEVEN = [
    "champions", "loyal", "potential_loyalist", "recent", "promising", "need_attention", "about_to_sleep", "at_risk",
    "cannot_lose", "hibernating", "lost",
]  # fmt: skip
LONG = [
    "Hand-embroidered winter scarf with a very long name",
    "青禾原创设计加厚保暖羊毛混纺围巾秋冬款礼盒装",
    "NT$ tea $ set",
    "Mug",
]
PLACES = [
    ("浙江", 120, 45.0, 3.2, 410.0), ("江苏", 90, 60.0, 3.1, 400.0), ("广东省", 80, 61.0, 3.0, 395.0),
    ("内蒙古自治区", 12, 200.0, 1.4, 150.0), ("Greater Manchester", 40, 90.0, 2.2, 250.0),
    ("上海", 70, 30.0, 3.6, 520.0),
    ("北京", 60, 75.0, 2.9, 480.0), ("四川", 30, 110.0, 2.0, 230.0), ("福建", 25, 120.0, 2.1, 240.0),
    ("湖北", 20, 130.0, 2.05, 238.0), ("山东", 18, 131.0, 2.3, 244.0), ("河南", 17, 150.0, 1.9, 210.0),
    ("辽宁", 9, 180.0, 1.5, 190.0), ("Kent", 5, 220.0, 1.0, 80.0),
]  # fmt: skip

FLOW = [
    ("regular", "regular", 3900, "same"), ("regular", "advanced", 310, "up"), ("regular", "vip", 4, "up"),
    ("advanced", "regular", 25, "down"), ("advanced", "advanced", 270, "same"), ("advanced", "vip", 17, "up"),
    ("vip", "vip", 80, "same"), ("vip", "advanced", 8, "down"), ("supreme", "supreme", 5, "same"),
]  # fmt: skip
STILL = [("regular", "regular", 10, "same"), ("advanced", "advanced", 0, "same")]
_OWN = [*LONG[:2], "vip", "supreme"]
WILD = [
    (start, end, 1 + 3 * i + j, "same" if i == j else "up" if i < j else "down")
    for i, start in enumerate(_OWN)
    for j, end in enumerate(_OWN)
]
YEAR_AND_A_HALF = [310, 180, 333, 290, 301, 470, 222, 300, 280, 310, 690, 520, 300, 210, 305, 299, 310, 120]
THREE_YEARS = [12_000 + 4000 * (at % 12 > 9) - 5000 * (at % 12 == 1) for at in range(40)]
MANY_PLACES = [
    (f"{name}{i}", n + i, d + i, o + i / 7, a * (1 + i / 5)) for i in range(3) for name, n, d, o, a in PLACES
]
SAME_PLACES = [(name, 5, 10.0, 1.0, 99.5) for name, *_ in PLACES]
WIDE_EDGES = [10.5, 20, 50, 100, 1_000, 2_500, 10_000, 100_000, 1_000_000, 20_000_000, 300_000_000]
WIDE_COUNTS = [12, 3, 44, 0, 8_123_456, 1, 2, 9, 4, 4, 4, 1]

CASES: dict[str, tuple[str, pd.DataFrame]] = {
    "time": ("bands", spread("time_bands", [2, 4, 6], [192, 70, 36, 111], params={"unit": "months"})),
    "amount": ("bands", spread("amount_bands", [50, 100, 200], [265, 84, 40, 65], params={"measure": "mean"})),
    "count": ("bands", spread("count_bands", [2, 5, 10], [408, 15, 14, 17])),
    "orders": ("bands", spread("amount_bands", [50, 100], [3, 0, 7], counts="orders", currency="GBP")),
    "one interval": ("bands", spread("count_bands", [2, 5, 10], [454, 0, 0, 0])),
    "no members": ("bands", spread("count_bands", [2, 5, 10], [0, 0, 0, 0])),
    "twelve": ("bands", spread("amount_bands", WIDE_EDGES, WIDE_COUNTS, currency="TWD")),
    "concentration": ("concentration", concentration([0.08, 0.24, 0.37, 0.55, 0.84, 1.0])),
    "equal": ("concentration", concentration([0.01, 0.05, 0.1, 0.2, 0.5, 1.0])),
    "one rich": ("concentration", concentration([0.97, 0.98, 0.985, 0.99, 0.995, 1.0])),
    "no money": ("concentration", concentration([float("nan")] * 6)),
    "spenders": ("high_spenders", high_spenders(20)),
    "spender": ("high_spenders", high_spenders(1, 9.5, currency="GBP")),
    "rich spenders": ("high_spenders", high_spenders(5, 123_456_789.0, currency="TWD")),
    "sleeping": ("sleeping", sleeping([2, 5, 10], [408, 15, 14, 17], [253, 7, 1, 0])),
    "all asleep": ("sleeping", sleeping([2, 5], [408, 0, 17], [408, 0, 17])),
    "structure": ("structure", structure(["regular", "advanced", "vip", "supreme"], [4210, 312, 88, 5])),
    "own levels": ("structure", structure(LONG[:2], [1, 0], currency="USD")),
    "one level": ("structure", structure(["regular"], [10])),
    "flow": ("flow", flow(FLOW)),
    "still flow": ("flow", flow(STILL)),
    "wild flow": ("flow", flow(WILD)),
    "costs": ("discount_cost", discount_cost(["regular", "advanced", "vip", "supreme"], [0.0, 1204.5, 980.0, 40.2])),
    "no costs": ("discount_cost", discount_cost(["regular", "advanced"], [0.0, 0.0])),
    "big costs": ("discount_cost", discount_cost([*LONG], [1e8, 2e8, 3.0, 12.0], currency="TWD")),
    "months": ("months", months(YEAR_AND_A_HALF)),
    "three years": ("months", months(THREE_YEARS, (2022, 12))),
    "one month": ("months", months([5], part=0)),
    "dead months": ("months", months([0] * 7)),
    "goods": ("season_goods", season_goods(["连衣裙", "T恤", "牛仔裤", "外套", "围巾"])),
    "long goods": ("season_goods", season_goods(LONG, ("slack",))),
    "hours": ("week_hours", week_hours()),
    "days": ("week_hours", week_hours(hours=False)),
    "no hours": ("week_hours", week_hours(busy=0)),
    "segments": ("segments", segments()),
    "one segment": ("segments", segments(counts=[0, 0, 454, 0, 0, 0, 0, 0])),
    "eleven": ("segments", segments(ELEVEN, [9, 22, 31, 80, 4, 55, 60, 2, 0, 77, 114])),
    "own segments": ("segments", segments(LONG, [3, 1_234_567, 0, 1])),
    "edges": ("score_edges", score_edges(5)),
    "two scores": ("score_edges", score_edges(2, 1_234_567, currency="GBP")),
    "regions": ("regions", regions(PLACES)),
    "one region": ("regions", regions(PLACES[:1], currency="TWD")),
    "same regions": ("regions", regions(SAME_PLACES)),
    "many regions": ("regions", regions(MANY_PLACES, currency="TWD")),
    "moves": ("moves", moves()),
    "eleven moves": ("moves", moves(ELEVEN, big=1000)),
    "own moves": ("moves", moves(LONG)),
}  # fmt: skip
for _chart, _frame in list(CASES.values()):
    CASES.setdefault(f"empty {_chart}", (_chart, empty(_frame)))
