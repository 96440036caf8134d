"""What the months, the seasons' goods and the hours of the week say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.reading import Reading, Row, Title, times
from memberlib.themes.time.analyses import months, season_goods, theme, week_hours

_MOST_CHANGE = 0.5
"""Strength of a trend stops growing here: sales that quadruple say that the shop was new."""


@theme.finding(months)
def from_months(reading: Reading) -> Iterator[Finding]:
    """Peak and slack months, the last months against a year before, and how much rests on first orders."""
    whole = [row for row in reading.rows if row["whole"] and row["ratio"] is not None]
    if len(whole) < reading.limits["season_months"]:
        return
    orders = reading.total("order_count", whole)
    for season, code, pick in (("peak", "peak_months", max), ("slack", "slack_months", min)):
        found = [row for row in whole if row["season"] == season]
        if found:
            yield _season(reading, code, whole, found, pick(found, key=lambda row: row["ratio"]))
    if len(whole) >= 12 and not any(row["season"] in ("peak", "slack") for row in whole):
        ratios = [row["ratio"] for row in whole]
        evidence = {
            "most_ratio": max(ratios),
            "least_ratio": min(ratios),
            "month_count": len(whole),
            "order_count": int(orders),
        }
        yield reading.found("flat_year", 1.0, evidence)
    yield from _trend(reading, whole)
    last = _last(reading, whole)
    new, buyers = reading.total("new_member_count", last), reading.total("member_count", last)
    share = ratio(new, buyers) or 0.0
    if last and share >= reading.limits["first_order_share"] and buyers >= reading.limits["min_members"]:
        evidence = {"new_count": int(new), "buyer_count": int(buyers), "new_share": share}
        yield reading.found("first_orders", share, evidence, about={"span": (len(last), "months")})


def _season(reading: Reading, code: str, whole: list[Row], found: list[Row], outstanding: Row) -> Finding:
    """One strong or weak season; by its month of the year where that month was so in every year on record."""
    years: dict[int, list[Row]] = {}
    for row in whole:
        years.setdefault(row["month"].month, []).append(row)
    always = sorted(
        name for name, rows in years.items() if len(rows) > 1 and all(row in found for row in rows)
    )
    evidence: dict[str, Any] = {
        "season_order_count": int(reading.total("order_count", found)),
        "order_count": int(reading.total("order_count", whole)),
        "season_month_count": len(found),
        "month_count": len(whole),
    }
    about: dict[str, Any] = {"month": outstanding["month"]}
    wording = "text"
    if outstanding["month"].month in always:
        wording, about["calendars"] = "text_yearly", always
        evidence["year_count"] = len(years[outstanding["month"].month])
    evidence |= {"month_order_count": outstanding["order_count"]}
    # A strong month is said as a multiple of a usual one, a weak month as a part of it.
    evidence["month_ratio" if code == "peak_months" else "month_share"] = outstanding["ratio"]
    return reading.found(code, ratio(len(found), len(whole)) or 0, evidence, about=about, wording=wording)


def _last(reading: Reading, whole: list[Row]) -> list[Row]:
    return whole[-max(1, int(reading.limits["trend_months"])) :]


def _trend(reading: Reading, whole: list[Row]) -> Iterator[Finding]:
    last = _last(reading, whole)
    by_month = {(row["month"].year, row["month"].month): row for row in whole}
    before = [by_month.get((row["month"].year - 1, row["month"].month)) for row in last]
    earlier = [row for row in before if row is not None]
    if (
        not last
        or len(earlier) < len(last)
        or reading.total("order_count", earlier) < max(1, reading.limits["min_orders"])
    ):
        return
    now, then = reading.total("amount", last), reading.total("amount", earlier)
    change = 0.0 if not then else now / then - 1.0
    if abs(change) < reading.limits["trend_change_share"]:
        return
    orders = reading.total("order_count", last) / reading.total("order_count", earlier) - 1.0
    each = (1 + change) / (1 + orders) - 1.0 if orders > -1 else 0.0
    evidence = {
        "now_amount": now,
        "before_amount": then,
        "change_share": abs(change),
        "orders_change_share": orders,
        "each_change_share": each,
    }
    rests_on = "orders" if abs(orders) >= abs(each) else "value"
    code = "trend_up" if change > 0 else "trend_down"
    yield reading.found(
        code,
        min(abs(change), _MOST_CHANGE),
        evidence,
        about={"month": last[-1]["month"], "span": (len(last), "months")},
        action=f"action_{rests_on}",
    )


@theme.finding(season_goods)
def from_season_goods(reading: Reading) -> Iterator[Finding]:
    """What is typical of peak and of slack months."""
    if reading.attrs.get("has_items") is False:
        yield reading.found("no_items", 1.0, {"line_count": 0})
        return
    for season, code in (("peak", "peak_goods"), ("slack", "slack_goods")):
        best = _typical(reading, season)
        if best:
            evidence = {
                "good_amount": best["amount"],
                "season_share": best["amount_share"],
                "overall_share": best["overall_share"],
                "lift_ratio": best["lift"],
            }
            yield reading.found(code, best["amount_share"], evidence, about={"good": best["good"]})


def _typical(reading: Reading, season: str) -> Row | None:
    typical = [
        row
        for row in reading.rows
        if row["season"] == season
        and row["good"]
        and (row["lift"] or 0) >= reading.limits["goods_lift_ratio"]
        and (row["amount_share"] or 0) >= reading.limits["goods_share"]
    ]
    return max(typical, key=lambda row: (row["kind"] == "category", row["amount_share"]), default=None)


@theme.finding(week_hours)
def from_week_hours(reading: Reading) -> Iterator[Finding]:
    """The weekday and the two hours in which members buy, and so when a message finds them."""
    day, hours = _best_day(reading), _best_hours(reading)
    if day is None and hours is None:
        return
    evidence: dict[str, Any] = {"order_count": int(reading.total("order_count"))}
    about: dict[str, Any] = {}
    if day is not None:
        about["weekday"] = day[0]
        evidence |= {"day_order_count": day[1], "day_share": day[1] / evidence["order_count"]}
    if hours is not None:
        about |= {
            "hour": hours[0],
            "hour_end": hours[0] + 2,
            "hour_send": hours[0] - int(reading.limits["lead_hours"]),
        }
        evidence |= {"hours_order_count": hours[1], "hours_share": hours[1] / evidence["order_count"]}
    form = "day" if hours is None else "hours" if day is None else "both"
    share = max(evidence.get("day_share", 0), evidence.get("hours_share", 0))
    yield reading.found(
        "best_time", share, evidence, about=about, wording=f"text_{form}", action=f"action_{form}"
    )


def _by_day(reading: Reading) -> list[int]:
    orders = [0] * 7
    for row in reading.rows:
        orders[int(row["weekday"])] += int(row["order_count"] or 0)
    return orders


def _best_day(reading: Reading) -> tuple[int, int] | None:
    orders = _by_day(reading)
    best = max(range(7), key=lambda day: (orders[day], -day))
    sure = _stands_out(reading, orders[best], sum(orders), 1 / 7, reading.limits["day_lift_ratio"])
    return (best, orders[best]) if sure else None


def _best_hours(reading: Reading) -> tuple[int, int] | None:
    if reading.attrs.get("has_hours") is False or any(row["hour"] is None for row in reading.rows):
        return None
    orders = [0] * 24
    for row in reading.rows:
        orders[int(row["hour"])] += int(row["order_count"] or 0)
    pairs = [orders[hour] + orders[hour + 1] for hour in range(23)]
    best = max(range(23), key=lambda hour: (pairs[hour], -hour))
    sure = _stands_out(reading, pairs[best], sum(orders), 1 / 12, reading.limits["hour_lift_ratio"])
    return (best, pairs[best]) if sure else None


def _stands_out(reading: Reading, count: int, total: int, even_share: float, least_lift: float) -> bool:
    """Whether a count exceeds its even share by the lift asked for and by more than chance makes likely."""
    if not total:
        return False
    spread = math.sqrt(total * even_share * (1 - even_share))
    sure = count - total * even_share >= reading.limits["sure_deviations"] * spread
    return sure and times(count / total, even_share) >= least_lift


@theme.headline(months)
def months_title(reading: Reading) -> Title | None:
    """The strongest whole month."""
    whole = [row for row in reading.rows if row["whole"] and row["ratio"] is not None]
    if len(whole) < reading.limits["season_months"]:
        return "text_short", {"month_count": len(whole)}, {}
    best = max(whole, key=lambda row: row["ratio"])
    wording = "text" if any(row["season"] == "peak" for row in whole) else "text_flat"
    return wording, {"month_ratio": best["ratio"]}, {"month": best["month"]}


@theme.headline(season_goods, empty=True)
def season_goods_title(reading: Reading) -> Title | None:
    """What is typical of the peak, else of the slack."""
    if not reading.rows:
        has_items, too_short = (reading.attrs.get(name) for name in ("has_items", "too_short"))
        return (
            "text_no_items" if has_items is False else "text_short" if too_short else "text_no_season",
            {},
            {},
        )
    for season in ("peak", "slack"):
        best = _typical(reading, season)
        if best:
            return f"text_{season}", {"lift_ratio": best["lift"]}, {"good": best["good"]}
    return "text_even", {}, {}


@theme.headline(week_hours)
def week_hours_title(reading: Reading) -> Title | None:
    """The busiest weekday and hours, where some stand out."""
    orders, day, hours = _by_day(reading), _best_day(reading), _best_hours(reading)
    total = sum(orders)
    if not total:
        return None
    if day is None and hours is None:
        return "text_even", {"least_share": min(orders) / total, "day_share": max(orders) / total}, {}
    shares, about = {}, {}
    if day is not None:
        shares["day_share"], about["weekday"] = day[1] / total, day[0]
    if hours is not None:
        shares["hours_share"] = hours[1] / total
        about |= {"hour": hours[0], "hour_end": hours[0] + 2}
    return f"text_{'day' if hours is None else 'hours' if day is None else 'both'}", shares, about
