"""Time: figures worked out by hand, an independent reference on random shops, and when a sentence is earned."""

from __future__ import annotations

import datetime as dt
import random
from types import SimpleNamespace

import pandas as pd
import pytest
import reference as ref
import results_by_hand as hand
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib import findings
from memberlib.errors import InputError
from memberlib.settings import Settings
from memberlib.store import store_from
from memberlib.themes.count import sleeping
from memberlib.themes.time import months, season_goods, time_bands, week_hours
from memberlib.themes.time.seasons import standing_out, usual_counts


def shop(rows, **options):
    """A shop of (member, moment, amount) rows, all completed."""
    frame = pd.DataFrame(rows, columns=["member_id", "paid_at", "paid_amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_at"], format="ISO8601")
    frame = frame.assign(order_id=[str(n) for n in range(len(frame))], status="completed")
    return store_from(frame, con=ref.connection(), **options)


def rows(result):
    return list(result.itertuples(index=False, name=None))


def monthly(counts, year=2023):
    """So many orders on the 1st of each month, each by a member of its own, for 10."""
    return [
        (f"m{at}-{n}", f"{year + at // 12}-{at % 12 + 1:02}-01", 10)
        for at, count in enumerate(counts)
        for n in range(count)
    ]


def by_month(counts, **options):
    """The months of a shop with so many orders in each, all of them whole."""
    end = pd.Period("2023-01", "M") + len(counts) - 1
    return months(shop(monthly(counts), as_of=end.end_time.date(), **options))


def codes(result, settings=None):
    return [one.code for one in findings.read(result, settings)]


def only(result, code, settings=None):
    [found] = [one for one in findings.read(result, settings) if one.code == code]
    return found


# ---------------------------------------------------------------- time since the last order


@pytest.fixture(scope="module")
def small():
    """a has 2 orders of 50, b one of 50, c one of 100.01, d three of 200, 40 and 60."""
    return shop([
        ("a", "2026-01-10", 50), ("a", "2026-04-30", 50), ("b", "2026-02-28", 50), ("c", "2026-02-27", 100.01),
        ("d", "2025-10-01", 200), ("d", "2025-10-31", 40), ("d", "2025-10-30", 60),
    ])  # fmt: skip


def test_months_are_calendar_months_clipped_to_the_end(small):
    # 30 April less 2 months is 28 February: b lies within, c is a day too late; 6 months back is 30 October.
    found = time_bands(small, edges=[2, 4, 6])
    assert found["lower"].tolist() == [None, 2, 4, 6] and found["upper"].tolist() == [2, 4, 6, None]
    assert found["member_count"].tolist() == [2, 1, 1, 0]
    assert found["member_share"].tolist() == [0.5, 0.25, 0.25, 0.0]
    assert found["order_count"].tolist() == [3, 1, 3, 0]
    assert found["amount"].tolist() == [150.0, 100.01, 300.0, 0.0]
    assert found.attrs["cut_dates"] == ["2026-02-28", "2025-12-30", "2025-10-30"]
    assert found.attrs["edge_days"] == [61, 121, 182]


@pytest.mark.parametrize(
    ("as_of", "cut", "months_back"),
    [
        ("2024-03-31", "2024-02-29", 1), ("2025-03-31", "2025-02-28", 1), ("2024-02-29", "2024-01-29", 1),
        ("2024-02-29", "2023-02-28", 12),
    ],
)  # fmt: skip
def test_leap_days(as_of, cut, months_back):
    before = (dt.date.fromisoformat(cut) - dt.timedelta(days=1)).isoformat()
    found = time_bands(shop([("on", cut, 1), ("before", before, 1)], as_of=as_of), edges=[months_back])
    assert found.attrs["cut_dates"] == [cut] and found["member_count"].tolist() == [1, 1]


def test_days(small):
    # Recency: a 0, b 61, c 62, d 181.
    found = time_bands(small, edges=[61, 180, 181], unit="days")
    assert found["member_count"].tolist() == [2, 1, 1, 0]
    own = time_bands(small, unit="days")
    assert own["upper"].tolist() == [61, 121, 182, None], "the shop's months, as days"
    assert own["member_count"].tolist() == time_bands(small)["member_count"].tolist()


def test_edges_that_lie_before_the_calendar_are_refused(small):
    for options in ({"edges": [99_999]}, {"edges": [800_000], "unit": "days"}):
        with pytest.raises(InputError, match="before the calendar") as said:
            time_bands(small, **options)
        assert "\n" not in str(said.value)


@settings(max_examples=ref.EXAMPLES // 2)
@given(made=ref.shops(), edges=ref.EDGES, churn=st.integers(1, 400))
def test_asleep_is_one_definition_whatever_intervals_are_shown(made, edges, churn):
    store = ref.store_of(made, settings=Settings(churn_days=churn))
    asleep = {name: value for name, value in sleeping(store).attrs.items() if name.startswith("sleeping_")}
    for options in ({}, {"edges": edges}, {"edges": edges, "unit": "days"}):
        about = time_bands(store, **options).attrs
        assert {name: about[name] for name in asleep} == asleep
    recency = [ref.recency(own, made.as_of) for own in ref.by_member(made.trades()).values()]
    assert about["sleeping_count"] == sum(days > churn for days in recency)
    assert about["cooling_count"] == sum(churn * 2 // 3 < days <= churn for days in recency)


def test_the_silent_get_a_coupon_of_three_to_five_per_cent():
    found = only(hand.time_bands(), "silent", hand.LISTED)
    assert (found.evidence["silent_count"], found.evidence["silent_share"]) == (111, 111 / 409)
    assert (found.evidence["coupon_amount"], found.evidence["coupons_amount"]) == (3.0, 333.0)
    assert found.evidence["mean_amount"] == pytest.approx(60_000 / 700)
    assert found.text("en") == (
        "27% of members are asleep: they have not bought for more than 180 days. "
        "They account for 10% of members' sales to date."
    )
    assert found.text("zh") == "27% 的会员已沉睡，超过 180 天没有购买；他们的累计消费占会员销售额的 10%。"
    dear = only(hand.time_bands(), "silent", hand.shop(message_cost=0.02))
    assert dear.evidence["messages_amount"] == pytest.approx(2.22) and "¥2.22" in dear.action_text("en")
    assert "silent" not in codes(hand.time_bands(), hand.shop(silent_share=0.3))


def test_those_about_to_fall_asleep_and_those_who_need_no_coupon():
    cooling = only(hand.time_bands(), "cooling")
    assert cooling.evidence["cooling_count"] == 36
    assert cooling.text("zh") == "36 位会员快要沉睡：上次购买在 120–180 天前。"
    assert only(hand.time_bands(), "recent").evidence["recent_share"] == 192 / 409
    late = SimpleNamespace(churn_days=30, findings={})
    assert "recent" not in codes(hand.time_bands(churn_days=30), late), "of 2 months, some are asleep"


def test_a_product_of_three_months_and_six_months_without_an_order():
    found = only(hand.time_bands([30, 40, 30, 1_000]), "product_life", hand.shop(product_life_days=90))
    assert (found.evidence["used_up_count"], found.evidence["used_count"]) == (1_000, 2)
    assert "product_life" not in codes(hand.time_bands(), hand.shop(product_life_days=150)), "no such edge"
    assert "product_life" not in codes(hand.time_bands()), "not stated, nothing said"


# ---------------------------------------------------------------- months


def test_months_by_hand():
    store = shop(
        [
            ("a", "2025-11-15", 50),
            ("a", "2026-01-01", 30),
            ("b", "2026-01-31 23:59", 20),
            ("a", "2026-01-02", 10),
        ],
        as_of="2026-02-27",
    )
    found = months(store)
    nothing = pytest.approx(float("nan"), nan_ok=True)
    assert rows(found.drop(columns=["usual_order_count", "usual_ratio", "season"])) == [
        (dt.date(2025, 11, 1), 1, 1, 1, 50.0, 50.0, False),
        (dt.date(2025, 12, 1), 0, 0, 0, 0.0, nothing, True),
        (dt.date(2026, 1, 1), 3, 2, 1, 60.0, 20.0, True),
        (dt.date(2026, 2, 1), 0, 0, 0, 0.0, nothing, False),
    ]
    # half-way between 0.5 and 3.5 as logarithms, less the half: 0.8229
    assert found["usual_order_count"].isna().tolist() == [True, False, False, True]
    assert found["usual_ratio"].tolist()[1:3] == [0.0, pytest.approx(3 / 0.8229)]
    assert found["season"].isna().all() and found.attrs["too_short"] and found.attrs["whole_count"] == 2


def test_a_month_is_whole_from_its_first_day_to_its_last():
    def whole(first, as_of):
        return months(shop([("a", first, 10)], as_of=as_of))["whole"].tolist()

    assert whole("2024-02-01", "2024-02-29") == [True]
    assert whole("2024-02-01", "2024-02-28") == [False]
    assert whole("2024-02-02", "2024-03-31") == [False, True]
    guest = shop([(None, "2026-01-20", 10), ("a", "2026-02-15", 10)], as_of="2026-02-28")
    assert months(guest)["whole"].tolist() == [True], (
        "an order that does not count shows that the shop was open"
    )


def test_members_of_a_month_over_many_years():
    """Beyond the months that facts hold as bits, members are counted from the trades."""
    long = [
        ("a", "2012-03-01", 10),
        ("a", "2012-03-09", 10),
        ("b", "2012-03-09", 10),
        ("a", "2026-03-01", 10),
    ]
    for given_rows, count in ((long, 169), (long[:3], 1)):
        found = months(shop(given_rows))
        assert len(found) == count
        assert (found["member_count"].iloc[0], found["order_count"].iloc[0]) == (2, 3)
        assert found["member_count"].sum() == len(given_rows) - 1


YEAR = [100, 60, 100, 100, 100, 100, 100, 100, 100, 100, 200, 100]


def test_a_season_is_told_from_growth():
    for growth in (1.0, 1.04, 0.96):
        found = by_month([round(count * growth**at) for at, count in enumerate(YEAR * 2)])
        named = found.loc[found["season"] != "normal", ["month", "season"]].values.tolist()
        assert named == [
            [dt.date(year, month, 1), season]
            for year in (2023, 2024)
            for month, season in ((2, "slack"), (11, "peak"))
        ], growth


def test_growth_is_no_season():
    """A shop that grows by a twelfth a month: its last six months were peaks, its first the place for promotions."""
    found = by_month([round(20 * 1.08**at) for at in range(24)])
    assert set(found["season"]) == {"normal"}
    assert found["usual_ratio"].between(0.9, 1.1).all()
    assert set(codes(found)) == {"trend_up", "flat_year", "first_orders"}
    assert codes(found)[0] == "trend_up", "said first, and so it reaches the front page"


def test_sales_that_rose_by_246_per_cent_are_told():
    found = only(by_month([50] * 12 + [60, 70, 80, 90, 100, 110, 120, 130, 140, 173, 173, 173]), "trend_up")
    assert found.evidence["change_share"] == pytest.approx(2.46) and found.strength == 1.0
    assert "246%" in found.text("en") and "246%" in found.text("zh")


def test_opening_months_are_not_weak_months():
    found = by_month([5, 20, 60] + [120] * 21)
    assert found.attrs["opening_months"] == ["2023-01-01", "2023-02-01", "2023-03-01"]
    assert found["season"].isna().tolist() == [True] * 3 + [False] * 21 and "slack_months" not in codes(found)
    weak = [60, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100]
    yearly = by_month(weak * 2)
    assert yearly.attrs["opening_months"] == [] and only(yearly, "slack_months").about["calendars"] == [1]


def test_growth_from_an_opening_says_so():
    found = only(by_month([5, 20, 60, *[120] * 9, 200, 200, 200]), "trend_up")
    assert (
        found.wording == "text_opening" and "only just opened" in found.text("en") and found.strength == 0.5
    )


def test_a_change_that_lasts_is_no_season():
    found = by_month([100] * 24 + [200] * 4)
    assert found.attrs["changed_months"] == ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"]
    assert "peak_months" not in codes(found) and codes(found)[0] == "trend_up"
    assert by_month([100] * 24 + [200] * 2)["season"].tolist()[-2:] == ["peak"] * 2, (
        "two months may be anything"
    )


def test_twelve_whole_months_are_needed_for_a_season_and_six_for_growth():
    eleven = by_month([100] * 10 + [300])
    assert eleven.attrs["too_short"] and eleven["season"].isna().all() and codes(eleven) == []
    assert findings.headline(eleven, "en") == "Too few whole months to speak of seasons: 11"
    twelve = by_month([100] * 10 + [300, 100])
    assert twelve["season"].tolist() == [*["normal"] * 10, "peak", "normal"]
    assert only(twelve, "peak_months").wording == "text", "one year cannot say whether it returns"
    growing = only(by_month([40, 44, 50, 55, 61, 66, 72]), "since_start")
    assert growing.evidence["change_share"] == pytest.approx((61 + 66 + 72) / (40 + 44 + 50) - 1)
    assert growing.text("en").startswith("Members' sales have risen by 49% since Jan 2023")
    assert only(by_month([72, 66, 61, 55, 50, 44, 40]), "since_start").wording == "text_down"
    assert codes(by_month([60, 90, 50, 70, 65, 85, 75])) == [], "up and down is no growth"


def test_what_chance_brings_is_no_season():
    named = by_month([10, 13, 7, 10, 8, 12, 14, 10, 9, 10, 11, 6, 10, 12])["season"]
    assert set(named) == {"normal"}, "14 instead of 10 orders is no peak month"
    assert standing_out([130, 13], [100.0, 10.0], peak=1.25, slack=0.75) == ["peak", "normal"]
    strict = by_month(YEAR * 2, settings=Settings(peak_ratio=2.5))
    assert "peak" not in set(strict["season"]), "the shop's own ratio"


@settings(max_examples=ref.EXAMPLES // 2)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=40), st.integers(2, 9))
def test_a_usual_month_grows_with_the_shop_and_is_the_references(counts, times):
    found = usual_counts(counts)
    assert found == pytest.approx(ref.usual(counts), rel=1e-6, abs=2e-4)
    assert len(found) == len(counts) and min(found) >= 0
    level = usual_counts([50 * times] * len(counts))
    assert level == pytest.approx([50 * times] * len(counts)), "a shop that is always alike is always usual"


def test_months_that_return_are_told_from_months_that_do_not():
    yearly = only(hand.months(hand.TWO_YEARS), "peak_months")
    assert (yearly.wording, yearly.about["calendars"]) == ("text_yearly", [11])
    assert "November" in yearly.text("en") and "11月" in yearly.text("zh")
    once = only(hand.months([*hand.TWO_YEARS[:12], *[100] * 12]), "peak_months")
    assert (once.wording, once.about["month"]) == ("text_once", dt.date(2024, 11, 1))
    assert once.action.endswith("action_once") and "Do not stock up" in once.action_text("en")
    assert only(hand.months(hand.TWO_YEARS), "slack_months").evidence["month_share"] == 0.6
    assert codes(hand.months([100] * 14)) == ["flat_year"]


def test_a_trend_says_whether_orders_or_their_value_moved():
    more = only(hand.months([100] * 12 + [200] * 3), "trend_up")
    assert (more.evidence["change_share"], more.action) == (1.0, "time.finding.trend_up.action_orders")
    less = only(hand.months([100] * 15, [80.0] * 12 + [40.0] * 3), "trend_down")
    assert (less.evidence["each_change_share"], less.action) == (-0.5, "time.finding.trend_down.action_value")
    assert (less.evidence["now_amount"], less.evidence["before_amount"]) == (12_000, 24_000)
    assert "trend_down" in codes(hand.months([100] * 12 + [0] * 3)), "no sale at all is a fall too"


# ---------------------------------------------------------------- goods of a season

SEASONS = [100, 60, 100, 100, 100, 100, 100, 100, 100, 100, 200, 100]


def goods_shop(good_of, *, counts=SEASONS * 2, lines=True, member=None):
    """A shop of such months; ``good_of(month, n)`` is what the n-th order of a month holds, for 10."""
    orders = pd.DataFrame(monthly(counts), columns=["member_id", "paid_at", "paid_amount"])
    orders = orders.assign(order_id=[str(n) for n in range(len(orders))], status="completed")
    orders["paid_at"] = pd.to_datetime(orders["paid_at"])
    if member:
        orders["member_id"] = [member(n) for n in range(len(orders))]
    places = [(month, n) for month, count in enumerate(counts) for n in range(count)]
    items = pd.DataFrame(
        {"order_id": orders["order_id"], "line_id": "1", "quantity": 2.0, "amount": 10.0,
         "category": [good_of(month, n) for month, n in places]}
    )  # fmt: skip
    end = (pd.Period("2023-01", "M") + len(counts) - 1).end_time.date()
    return store_from(orders, items=items if lines else None, as_of=end, con=ref.connection())


def coats(month, n):
    """Coats in half the orders of November, else in a fifth; in February socks are half."""
    if month % 12 == 1:
        return "sock" if n % 2 else "tea"
    return "coat" if n % (2 if month % 12 == 10 else 5) == 0 else ("tea", "cup", "sock")[n % 3]


def test_goods_by_hand():
    found = season_goods(goods_shop(coats))
    # Of 2,520 orders 400 lie in two Novembers; coats are in 200 of those and in 400 of the 2,000 of other months.
    peak = found[found["season"] == "peak"].iloc[0]
    assert peak.tolist()[:8] == ["peak", "coat", "category", 400.0, 200, 200, 600, 2000.0]
    assert peak["amount_share"] == 0.5 and peak["overall_share"] == pytest.approx(600 / 2520)
    assert peak["lift_ratio"] == pytest.approx(0.5 / (600 / 2520))
    about = found.attrs
    assert (about["base"], about["peak_order_count"], about["slack_order_count"]) == (2520, 400, 120)
    assert about["compared_count"] == 6 and about["peak_months"] == ["2023-11-01", "2024-11-01"]
    said = only(found, "peak_goods")
    assert (said.about["good"], said.evidence["good_member_count"], said.evidence["compared_count"]) == (
        "coat",
        200,
        6,
    )
    assert season_goods(goods_shop(coats), limit=1)["good"].tolist() == ["coat", "sock"]


def test_goods_sold_alike_all_year_are_typical_of_nothing():
    """Many goods by chance: with forty looked at, one always stands out, and no sentence is earned."""
    for seed in range(12):
        chance = random.Random(seed)
        found = season_goods(goods_shop(lambda *_, chance=chance: f"good {chance.randrange(20)}"), limit=None)
        assert found.attrs["compared_count"] == 40 and found["lift_ratio"].max() > 1.2
        assert codes(found) == [], seed
    assert findings.headline(found, "en") == "No goods are surely typical of a season"


def test_a_good_is_not_named_on_a_few_members():
    few = season_goods(goods_shop(coats, member=lambda n: f"m{n % 22}"))
    assert few["member_count"].max() <= 22 and codes(few) == []


def test_goods_need_lines_and_a_season():
    assert codes(season_goods(goods_shop(coats, lines=False))) == ["no_items"]
    flat = season_goods(goods_shop(coats, counts=[100] * 24))
    assert flat.empty and codes(flat) == [] and "No month is a busy" in findings.headline(flat, "en")
    growing = season_goods(goods_shop(coats, counts=[round(20 * 1.08**at) for at in range(24)]))
    assert growing.empty and codes(growing) == []
    short = season_goods(goods_shop(coats, counts=[100] * 9))
    assert (
        short.empty and short.attrs["too_short"] and "Too few whole months" in findings.headline(short, "en")
    )


def test_products_stand_in_for_categories_and_equal_amounts_by_name():
    store = goods_shop(lambda month, n: None)
    items = store.items.to_pandas().assign(product_name=lambda rows: ["ba"[n % 2] for n in range(len(rows))])
    orders = store.orders.to_pandas()
    orders.loc[orders.index[-1], "member_id"] = None  # a guest's order is not seen
    found = season_goods(store_from(orders, items=items, as_of=store.as_of, con=ref.connection()))
    assert found["kind"].unique().tolist() == ["product"] and found.attrs["base"] == 2519
    assert found[["good", "rank"]].values.tolist()[:2] == [["a", 1], ["b", 2]]


def test_goods_of_a_season_need_lift_and_weight():
    peak = only(hand.season_goods(hand.GOODS), "peak_goods")
    assert (peak.about["good"], peak.evidence["lift_ratio"], peak.evidence["season_share"]) == (
        "winter_coats",
        1.6,
        0.4,
    )
    assert "winter coats" in peak.text("en"), "a shop's own name without underscores"
    assert only(hand.season_goods(hand.GOODS), "slack_goods").about["good"] == "T恤"
    alike = hand.season_goods(hand.GOODS)
    alike["overall_order_count"] = alike["order_count"] * 5
    assert codes(alike) == [], "more money of a few orders, in no more of them than in other months"


# ---------------------------------------------------------------- hours of the week


def test_week_hours_by_hand():
    # 5 January 2026 is a Monday, 11 January a Sunday.
    store = shop([
        ("a", "2026-01-05", 10), ("a", "2026-01-05 00:59:59", 20), ("b", "2026-01-11 23:00", 30),
        ("b", "2026-01-12 00:01", 40),
    ])  # fmt: skip
    found = week_hours(store)
    assert len(found) == 168 and found.attrs["has_hours"] and found.attrs["base"] == 4
    assert rows(found[found["order_count"] > 0]) == [(0, 0, 3, 70.0, 0.75, 3), (6, 23, 1, 30.0, 0.25, 1)]
    days = week_hours(shop([("a", "2026-01-05", 10), ("a", "2026-01-11", 30)]))
    assert len(days) == 7 and not days.attrs["has_hours"] and days["hour"].tolist() == [None] * 7
    assert week_hours(shop([("a", "2026-01-05 00:00:01", 10)])).attrs["has_hours"], "a second past midnight"


def year_of_days(hours_of):
    """A year of orders: ``hours_of(day)`` are the hours at which a day has an order."""
    first = dt.datetime(2025, 1, 6)
    days = [first + dt.timedelta(days=n) for n in range(364)]
    return shop([(f"m{n}", day + dt.timedelta(hours=hour), 10)
                 for n, (day, hour) in enumerate((day, hour) for day in days for hour in hours_of(day))])  # fmt: skip


def test_two_days_of_a_sale_make_no_habit():
    """On 11 November, a Tuesday, and 12 December, a Friday, come 200 orders each at 22 o'clock."""

    def hours(day):
        sale = (day.month, day.day) in ((11, 11), (12, 12))
        return [22] * 200 if sale else [8, 10, 12, 14, 16]

    found = week_hours(year_of_days(hours))
    assert found.attrs["busy_days"] == ["2025-11-11", "2025-12-12"]
    assert found.loc[found["hour"] == 22, "order_count"].sum() == 400
    assert found.loc[found["hour"] == 22, "ordinary_count"].sum() == 0
    said = findings.read(found)
    assert [one for one in said if one.about.get("hour") == 22 or one.about.get("weekday") in (1, 4)] == []


def test_a_habit_of_every_week_is_said_with_its_weeks():
    found = week_hours(year_of_days(lambda day: [20] * 9 + [9, 11] if day.weekday() == 3 else [10, 15]))
    assert found.attrs["busy_days"] == [], "a sale every Thursday is usual on Thursdays"
    said = only(found, "best_time")
    assert (said.about["weekday"], said.about["hour_send"], said.evidence["week_count"]) == (3, 19, 52)
    assert (said.evidence["day_week_count"], said.evidence["hours_week_count"]) == (52, 52)
    assert "52" in said.evidence_text("en") and "Thursday at 19:00" in said.action_text("en")
    short = week_hours(
        year_of_days(lambda day: [20] * 9 if day.weekday() == 3 and day.month < 3 else [10, 15])
    )
    assert codes(short) == [] or only(short, "best_time").about.get("weekday") != 3, (
        "eight weeks of fifty-two"
    )


def test_growth_makes_no_day_unusually_busy():
    store = year_of_days(lambda day: [10] * (1 + day.timetuple().tm_yday // 20))
    assert week_hours(store).attrs["busy_days"] == []


def test_the_best_hour_is_a_habit_and_no_accident():
    found = only(hand.week_hours([10, 10, 10, 10, 10, 10, 30], {20: 9, 21: 9}), "best_time")
    assert (found.about["weekday"], found.about["hour"], found.about["hour_send"]) == (6, 20, 19)
    assert found.evidence["day_share"] == pytest.approx(30 / 90)
    assert found.evidence["hours_share"] == pytest.approx(18 / 40)
    assert codes(hand.week_hours([10] * 6 + [30], {20: 9, 21: 9}, weeks=24)) == [], (
        "in fewer than half of the weeks"
    )
    assert codes(hand.week_hours([70] * 7, {})) == [], "an even week"
    assert codes(hand.week_hours([8, 8, 8, 8, 8, 8, 12])) == [], "60 orders: chance alone does that"
    early = only(hand.week_hours([50] * 7, {0: 9, 1: 9}), "best_time")
    assert early.about["hour_send"] == 0, "not at 23:00 of the day that is only beginning"


def test_the_more_are_compared_the_surer_it_must_be():
    from memberlib.sentences.reading import Reading

    reading = Reading(hand.week_hours([10] * 7))
    alone, of_seven, of_forty = (reading.deviations(tried) for tried in (1, 7, 40))
    assert alone == pytest.approx(3) and alone < of_seven < of_forty < 4.2


# ---------------------------------------------------------------- whatever the shop


@settings(max_examples=ref.EXAMPLES)
@given(
    made=ref.shops(max_orders=40), edges=ref.EDGES, some=st.sets(st.integers(1, 500), min_size=1, max_size=3)
)
def test_time_agrees_with_the_reference(made, edges, some):
    store, trades, as_of = ref.store_of(made), made.trades(), made.as_of

    def recency(own):
        return ref.recency(own, as_of)

    ref.same(rows(time_bands(store, edges=edges)), ref.month_bands(trades, edges, as_of))
    exact = [recency(own) for own in ref.by_member(trades).values() if recency(own)]
    days = sorted({*some, *exact[:2]})  # some edges lie exactly on a member
    ref.same(rows(time_bands(store, edges=days, unit="days")), ref.member_bands(trades, days, recency))
    found, table = months(store), ref.months(trades, as_of, made.begun)
    ref.same(rows(found.round(4)), [tuple(_rounded(row[name]) for name in found.columns) for row in table])
    assert found["new_member_count"].sum() == store.buyer_count
    ref.same(rows(week_hours(store)), ref.week(trades))
    if made.items["category"].notna().any():
        ref.same(rows(season_goods(store, limit=None)), ref.goods(made, trades, table))


def _rounded(value):
    return round(value, 4) if isinstance(value, float) else value
