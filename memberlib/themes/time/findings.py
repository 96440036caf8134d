"""What the time since the last order, the months, the goods of a season and the hours of the week say."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from memberlib.results import ratio
from memberlib.sentences.finding import Finding
from memberlib.sentences.offers import coupon
from memberlib.sentences.reading import Reading, Row, Title, times
from memberlib.themes.time.analyses import months, season_goods, theme, time_bands, week_hours
from memberlib.themes.time.seasons import LEAST_MONTHS

_DAYS_A_MONTH = 365.25 / 12
_NEAR_ENOUGH = 0.98
_MOST_CHANGE = 1.0
"""Strength of a change stops growing here: sales that quadruple are not twice as urgent as sales that double."""

# ---------------------------------------------------------------- time since the last order


@theme.finding(time_bands)
def silent(reading: Reading) -> Finding | None:
    """Members asleep: without a counted order for more than the shop's days of sleep."""
    count, share = reading.attrs.get("sleeping_count"), reading.attrs.get("sleeping_share") or 0.0
    if share < reading.limits["silent_share"] or not reading.speakable(count):
        return None
    amount = reading.attrs["sleeping_amount"]
    cost = reading.limits["message_cost"] * count
    evidence = {
        "silent_count": count,
        "buyer_count": reading.base,
        "silent_share": share,
        "silent_amount": amount,
        "silent_amount_share": ratio(amount, reading.total("amount")) or 0,
        **_coupon(reading),
        "messages_amount": cost or None,
    }
    value = evidence["coupon_amount"]
    evidence["coupons_amount"] = None if value is None else value * count
    action = "action" if value is None else "action_cost" if cost else "action_coupon"
    return reading.say(share, evidence, about={"span": (reading.churn_days, "days")}, action=action)


@theme.finding(time_bands)
def cooling(reading: Reading) -> Finding | None:
    """Members who will be asleep before long."""
    count, share = reading.attrs.get("cooling_count"), reading.attrs.get("cooling_share") or 0.0
    if share < reading.limits["cooling_share"] or not reading.speakable(count):
        return None
    evidence = {
        "cooling_count": count,
        "buyer_count": reading.base,
        "cooling_share": share,
        "cooling_amount": reading.attrs["cooling_amount"],
    }
    about = {"count_from": reading.attrs["cooling_days"], "span": (reading.churn_days, "days")}
    return reading.say(share, evidence, about=about)


@theme.finding(time_bands)
def recent(reading: Reading) -> Finding | None:
    """Members who bought only lately and need no coupon."""
    first = _recent(reading)
    if first is None or (first["member_share"] or 0) < reading.limits["recent_share"]:
        return None
    if not reading.speakable(first["member_count"]):
        return None
    evidence = {
        "recent_count": first["member_count"],
        "buyer_count": reading.base,
        "recent_share": first["member_share"],
        "amount_share": first["amount_share"] or 0,
    }
    return reading.say(first["member_share"], evidence, about={"span": (first["upper"], _unit(reading))})


@theme.finding(time_bands)
def product_life(reading: Reading) -> Finding | None:
    """Members whose last purchase is used up, where the shop says how long one lasts."""
    life, lives = reading.limits["product_life_days"], reading.limits["product_lives_ratio"]
    places = [
        place
        for place in range(1, len(reading.rows))
        if life and lives and _lower_days(reading, place) >= life * lives * _NEAR_ENOUGH
    ]
    if not places:
        return None
    rest = reading.rows[places[0] :]
    count = int(reading.total("member_count", rest))
    if not reading.speakable(count):
        return None
    evidence = {
        "life_days": life,
        "used_up_count": count,
        "buyer_count": reading.base,
        "used_up_share": count / reading.base,
        "used_count": math.floor(_lower_days(reading, places[0]) / life + 1 - _NEAR_ENOUGH),
        **_coupon(reading),
    }
    about = {"span": (rest[0]["lower"], _unit(reading))}
    action = "action" if evidence["coupon_amount"] is None else "action_coupon"
    return reading.say(count / reading.base, evidence, about=about, action=action)


@theme.headline(time_bands)
def time_bands_title(reading: Reading) -> Title | None:
    """How many bought lately, else how many are asleep."""
    first = _recent(reading)
    if first is not None and first["member_share"] is not None:
        return (
            "text_recent",
            {"recent_share": first["member_share"]},
            {"span": (first["upper"], _unit(reading))},
        )
    share = reading.attrs.get("sleeping_share")
    return (
        None
        if share is None
        else ("text_silent", {"silent_share": share}, {"span": (reading.churn_days, "days")})
    )


def _coupon(reading: Reading) -> dict[str, Any]:
    mean = ratio(reading.total("amount"), reading.total("order_count"))
    value = coupon(mean, reading.currency, reading.limits)
    return {"mean_amount": mean, "coupon_amount": value, "coupon_share": ratio(value, mean)}


def _recent(reading: Reading) -> Row | None:
    """The interval of the latest buyers, where nobody in it is asleep."""
    if len(reading.rows) < 2 or _lower_days(reading, 1) > reading.churn_days / _NEAR_ENOUGH:
        return None
    return reading.rows[0]


def _unit(reading: Reading) -> str:
    return str(reading.params.get("unit") or "months")


def _lower_days(reading: Reading, place: int) -> float:
    """Days at which an interval begins."""
    edge_days = reading.attrs.get("edge_days") or ()
    if len(edge_days) >= place:
        return float(edge_days[place - 1])
    return float(reading.rows[place]["lower"] or 0) * (_DAYS_A_MONTH if _unit(reading) == "months" else 1)


# ---------------------------------------------------------------- months


@theme.finding(months)
def peak_months(reading: Reading) -> Finding | None:
    """Months with far more orders than a usual month of their year."""
    return _season(reading, "peak")


@theme.finding(months)
def slack_months(reading: Reading) -> Finding | None:
    """Months with far fewer orders than a usual month of their year."""
    return _season(reading, "slack")


def _season(reading: Reading, season: str) -> Finding | None:
    """By the months of the year that stood out in every year on record; else the one month that stood out most."""
    whole = _whole(reading)
    found = [row for row in whole if row["season"] == season]
    if not found:
        return None
    years: dict[int, list[Row]] = {}
    for row in whole:
        years.setdefault(row["month"].month, []).append(row)
    always = [
        name for name, rows in sorted(years.items()) if len(rows) > 1 and all(row in found for row in rows)
    ]
    spoken_of = [row for row in found if row["month"].month in always] or found
    pick = max if season == "peak" else min
    best = pick(spoken_of, key=lambda row: row["usual_ratio"])
    seen = len(years[best["month"].month])
    evidence = {
        "season_order_count": int(reading.total("order_count", found)),
        "order_count": int(reading.total("order_count", whole)),
        "season_month_count": len(found),
        "month_count": len(whole),
        "year_count": seen,
        "month_order_count": best["order_count"],
        # a strong month is said as a multiple of a usual one, a weak month as a part of it
        "month_ratio" if season == "peak" else "month_share": best["usual_ratio"],
    }
    form = "yearly" if always else "once" if seen > 1 else ""
    about: dict[str, Any] = {"month": best["month"]} | ({"calendars": always} if always else {})
    wording, action = (f"{name}_{form}".rstrip("_") for name in ("text", "action"))
    return reading.say(len(found) / len(whole), evidence, about=about, wording=wording, action=action)


@theme.finding(months)
def flat_year(reading: Reading) -> Finding | None:
    """No month of a year or more stands out."""
    whole = _whole(reading)
    ratios = [row["usual_ratio"] for row in whole if row["season"] == "normal"]
    if len(ratios) < max(LEAST_MONTHS, len(whole)):
        return None
    evidence = {
        "most_ratio": max(ratios),
        "least_ratio": min(ratios),
        "month_count": len(whole),
        "order_count": int(reading.total("order_count", whole)),
    }
    return reading.say(1.0, evidence)


@theme.finding(months)
def trend_up(reading: Reading) -> Finding | None:
    """Sales above the same months a year before."""
    return _trend(reading, 1)


@theme.finding(months)
def trend_down(reading: Reading) -> Finding | None:
    """Sales below the same months a year before."""
    return _trend(reading, -1)


def _trend(reading: Reading, direction: int) -> Finding | None:
    whole = _whole(reading)
    last, earlier = _last(reading, whole), _a_year_before(reading, whole)
    if not earlier or reading.total("order_count", earlier) < max(1, reading.limits["min_orders"]):
        return None
    now, then = reading.total("amount", last), reading.total("amount", earlier)
    change = now / then - 1.0 if then else 0.0
    if change * direction < max(reading.limits["trend_change_share"], 1e-9):
        return None
    orders = reading.total("order_count", last) / reading.total("order_count", earlier) - 1.0
    each = (1 + change) / (1 + orders) - 1.0 if orders > -1 else 0.0
    opened = set(reading.attrs.get("opening_months") or ())
    opening = direction > 0 and any(row["month"].isoformat() in opened for row in earlier)
    evidence = {
        "now_amount": now,
        "before_amount": then,
        "change_share": abs(change),
        "orders_change_share": orders,
        "each_change_share": each,
    }
    return reading.say(
        min(abs(change), _MOST_CHANGE) * (0.5 if opening else 1.0),
        evidence,
        about={"month": last[-1]["month"], "span": (len(last), "months")},
        wording="text_opening" if opening else "text",
        action="action_orders" if abs(orders) >= abs(each) else "action_value",
    )


@theme.finding(months)
def since_start(reading: Reading) -> Finding | None:
    """Sales rising or falling month by month, where there is no year before to compare with."""
    whole = _whole(reading)
    opened = set(reading.attrs.get("opening_months") or ())
    settled = [row for row in whole if row["month"].isoformat() not in opened]
    last = _last(reading, settled)
    first = settled[: len(last)]
    if _a_year_before(reading, whole) or len(settled) < max(reading.limits["growth_months"], 2 * len(last)):
        return None
    now, then = reading.total("amount", last), reading.total("amount", first)
    change = now / then - 1.0 if then else 0.0
    steady = _steadiness([row["amount"] or 0 for row in settled])
    if (
        reading.total("order_count", first) < max(1, reading.limits["min_orders"])
        or abs(change) < reading.limits["trend_change_share"]
        or steady * math.copysign(1, change) < reading.limits["growth_deviations"]
    ):
        return None
    evidence = {
        "now_amount": now,
        "before_amount": then,
        "change_share": abs(change),
        "month_count": len(settled),
        "now_order_count": int(reading.total("order_count", last)),
        "first_order_count": int(reading.total("order_count", first)),
    }
    about = {"month_first": settled[0]["month"], "month": last[-1]["month"], "span": (len(last), "months")}
    form = "up" if change > 0 else "down"
    return reading.say(
        min(abs(change), _MOST_CHANGE), evidence, about=about, wording=f"text_{form}", action=f"action_{form}"
    )


def _steadiness(values: list[float]) -> float:
    """Rises minus falls of all pairs, in standard deviations of what chance brings (Mann 1945, Kendall 1975)."""
    n = len(values)
    rises = sum(
        (values[later] > values[early]) - (values[later] < values[early])
        for early in range(n)
        for later in range(early + 1, n)
    )
    spread = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    return (rises - math.copysign(1, rises)) / spread if rises else 0.0


@theme.finding(months)
def first_orders(reading: Reading) -> Finding | None:
    """Lately most buyers bought for the first time, in a shop that has been open for a year."""
    whole = _whole(reading)
    last = _last(reading, whole)
    new, buyers = reading.total("new_member_count", last), reading.total("member_count", last)
    share = ratio(new, buyers) or 0.0
    if len(whole) < LEAST_MONTHS or buyers < reading.limits["min_members"]:
        return None
    if share < reading.limits["first_order_share"]:
        return None
    evidence = {"new_count": int(new), "buyer_count": int(buyers), "new_share": share}
    return reading.say(share, evidence, about={"span": (len(last), "months")})


@theme.headline(months)
def months_title(reading: Reading) -> Title | None:
    """The strongest whole month of its time; that there are too few of them."""
    whole = _whole(reading)
    if len(whole) < LEAST_MONTHS:
        return "text_short", {"month_count": len(whole)}, {}
    best = max(whole, key=lambda row: row["usual_ratio"])
    return "text_flat", {"month_ratio": best["usual_ratio"]}, {"month": best["month"]}


def _whole(reading: Reading) -> list[Row]:
    return [row for row in reading.rows if row["whole"] and row["usual_ratio"] is not None]


def _last(reading: Reading, whole: list[Row]) -> list[Row]:
    return whole[-max(1, int(reading.limits["trend_months"])) :]


def _a_year_before(reading: Reading, whole: list[Row]) -> list[Row]:
    """The same months as the last ones, a year before; none where one of them is not on record."""
    by_month: dict[dt.date, Row] = {row["month"]: row for row in whole}
    last = _last(reading, whole)
    earlier = [by_month.get(row["month"].replace(year=row["month"].year - 1)) for row in last]
    return [row for row in earlier if row is not None] if None not in earlier else []


# ---------------------------------------------------------------- goods of a season


@theme.finding(season_goods)
def peak_goods(reading: Reading) -> Finding | None:
    """What is typical of peak months."""
    return _typical(reading, "peak")


@theme.finding(season_goods)
def slack_goods(reading: Reading) -> Finding | None:
    """What is typical of slack months."""
    return _typical(reading, "slack")


@theme.finding(season_goods)
def no_items(reading: Reading) -> Finding | None:
    """The shop has no order lines."""
    return reading.say(1.0, {"line_count": 0}) if reading.attrs.get("has_items") is False else None


def _typical(reading: Reading, season: str) -> Finding | None:
    """The good with the largest share of a season's sales among those that are surely typical of it."""
    limits, tried = reading.limits, int(reading.attrs.get("compared_count") or len(reading.rows))
    typical = [
        row
        for row in reading.rows
        if row["season"] == season
        and row["good"]
        and (row["lift_ratio"] or 0) >= limits["goods_lift_ratio"]
        and (row["amount_share"] or 0) >= limits["goods_share"]
        and row["order_count"] >= limits["min_orders"]
        and row["member_count"] >= limits["min_members"]
        and _more_often(reading, row) >= reading.deviations(tried)
    ]
    if not typical:
        return None
    best = max(typical, key=lambda row: (row["kind"] == "category", row["amount_share"]))
    evidence = {
        "good_amount": best["amount"],
        "season_share": best["amount_share"],
        "overall_share": best["overall_share"],
        "lift_ratio": best["lift_ratio"],
        "good_order_count": best["order_count"],
        "good_member_count": best["member_count"],
        "compared_count": tried,
    }
    return reading.say(best["amount_share"], evidence, about={"good": best["good"]})


def _more_often(reading: Reading, row: Row) -> float:
    """By how many standard deviations a good is in more of the season's orders than of the other months'.

    Two shares with a common variance, larger by the orders per member: orders of one member are not independent.
    """
    inside, everywhere = float(reading.attrs.get(f"{row['season']}_order_count") or 0), float(reading.base)
    outside, with_good = everywhere - inside, float(row["overall_order_count"] or 0)
    if inside <= 0 or outside <= 0 or not 0 < with_good < everywhere or not row["member_count"]:
        return 0.0
    share = with_good / everywhere
    gap = row["order_count"] / inside - (with_good - row["order_count"]) / outside
    a_member = max(1.0, row["order_count"] / row["member_count"])
    return gap / math.sqrt(share * (1 - share) * (1 / inside + 1 / outside) * a_member)


@theme.headline(season_goods, empty=True)
def season_goods_title(reading: Reading) -> Title | None:
    """Why there is nothing to show, or that the seasons sell much the same."""
    if reading.rows:
        return "text_even", {}, {}
    short = reading.attrs.get("too_short")
    return ("text_no_items" if reading.attrs.get("has_items") is False else
            "text_short" if short else "text_no_season"), {}, {}  # fmt: skip


# ---------------------------------------------------------------- hours of the week


@theme.finding(week_hours)
def best_time(reading: Reading) -> Finding | None:
    """The weekday and the two hours in which members buy in most weeks, and so when a message finds them."""
    day, hours = _best_day(reading), _best_hours(reading)
    if day is None and hours is None:
        return None
    total = reading.total("ordinary_count")
    evidence: dict[str, Any] = {
        "order_count": int(total),
        "busy_count": len(reading.attrs.get("busy_days") or ()),
        "week_count": reading.attrs["week_count"],
    }
    about: dict[str, Any] = {}
    if day is not None:
        about["weekday"] = day[0]
        evidence |= {"day_order_count": day[1], "day_share": day[1] / total}
        evidence["day_week_count"] = reading.attrs["day_week_counts"][day[0]]
    if hours is not None:
        send = max(0, hours[0] - int(reading.limits["lead_hours"]))
        about |= {"hour": hours[0], "hour_end": hours[0] + 2, "hour_send": send}
        evidence |= {"hours_order_count": hours[1], "hours_share": hours[1] / total}
        evidence["hours_week_count"] = reading.attrs["hour_week_counts"][hours[0]]
    form = "day" if hours is None else "hours" if day is None else "both"
    share = max(evidence.get("day_share", 0), evidence.get("hours_share", 0))
    return reading.say(share, evidence, about=about, wording=f"text_{form}", action=f"action_{form}")


@theme.headline(week_hours)
def week_hours_title(reading: Reading) -> Title | None:
    """That no weekday stands out."""
    orders = _by(reading, "weekday", 7)
    total = sum(orders)
    if not total:
        return None
    return "text_even", {"least_share": min(orders) / total, "day_share": max(orders) / total}, {}


def _by(reading: Reading, column: str, count: int) -> list[int]:
    """Orders of ordinary days by weekday or by hour."""
    orders = [0] * count
    for row in reading.rows:
        orders[int(row[column])] += int(row["ordinary_count"] or 0)
    return orders


def _best_day(reading: Reading) -> tuple[int, int] | None:
    orders = _by(reading, "weekday", 7)
    best = max(range(7), key=lambda day: (orders[day], -day))
    weeks = reading.attrs.get("day_week_counts") or [0] * 7
    lift = reading.limits["day_lift_ratio"]
    sure = _habit(reading, weeks[best]) and _stands_out(reading, orders[best], sum(orders), 7, 7, lift)
    return (best, orders[best]) if sure else None


def _best_hours(reading: Reading) -> tuple[int, int] | None:
    if reading.attrs.get("has_hours") is False or any(row["hour"] is None for row in reading.rows):
        return None
    orders = _by(reading, "hour", 24)
    pairs = [orders[hour] + orders[hour + 1] for hour in range(23)]
    best = max(range(23), key=lambda hour: (pairs[hour], orders[hour], -hour))
    weeks = reading.attrs.get("hour_week_counts") or [0] * 23
    lift = reading.limits["hour_lift_ratio"]
    sure = _habit(reading, weeks[best]) and _stands_out(reading, pairs[best], sum(orders), 12, 23, lift)
    return (best, pairs[best]) if sure else None


def _habit(reading: Reading, weeks: int) -> bool:
    """Whether it was so in enough weeks, and in enough of the weeks that were looked at."""
    of = reading.attrs.get("week_count") or 0
    return weeks >= max(reading.limits["habit_weeks"], reading.limits["habit_share"] * of)


def _stands_out(reading: Reading, count: int, total: int, parts: int, tried: int, least_lift: float) -> bool:
    """Whether the best of so many tried exceeds its even part by the lift asked for and by more than chance."""
    if not total:
        return False
    spread = math.sqrt(total * (1 / parts) * (1 - 1 / parts))
    sure = count - total / parts >= reading.deviations(tried) * spread
    return sure and times(count / total, 1 / parts) >= least_lift
