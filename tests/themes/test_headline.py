"""Headline figures: worked out by hand, the reference on random shops, what they are compared with, what is found."""

import contextlib
import datetime as dt

import pandas as pd
import pytest
import reference as ref
from hypothesis import given, settings
from hypothesis import strategies as st
from results_by_hand import headline as by_hand

from memberlib import findings, i18n, tables, themes
from memberlib.errors import InputError
from memberlib.figures import figure
from memberlib.reports import front
from memberlib.reports.pages import changed
from memberlib.themes.headline import headline, left_out

FIGURES = ["active_members", "new_members", "amount", "all_amount", "amount_share", "mean_order_amount",
           "mean_member_amount", "repeat_share"]  # fmt: skip


def column(found, name):
    return found.set_index("figure")[name].to_dict()


def read(result, **more):
    return {one.about["figure"]: one for one in findings.read(result, **more)}


@pytest.fixture(scope="module")
def small():
    """As of 30 January 10 days begin on the 21st, the 10 before on the 11th, the shop on the 1st; None is a guest."""
    return ref.shop_of(
        [
            ("a", "2026-01-01", 10), ("a", "2026-01-11", 20), ("b", "2026-01-11", 20), ("b", "2026-01-20", 30),
            ("b", "2026-01-21", 40), ("c", "2026-01-30", 60), ("c", "2026-01-30", 50), ("d", "2026-01-25", 50),
            (None, "2026-01-21", 40), (None, "2026-01-30", 10), (None, "2026-01-20", 30), (None, "2026-01-10", 99),
        ],
        as_of="2026-01-30",
    )  # fmt: skip


def test_by_hand(small):
    found = headline(small, days=10)
    assert found["figure"].tolist() == FIGURES
    # Now: b 40, c 60 50, d 50, guests 50. Before: a 20, b 20 30, guests 30. New: c and d now, b before.
    assert found["value"].tolist() == pytest.approx([3, 2, 200, 250, 0.8, 50, 200 / 3, 1 / 3])
    assert found["before"].tolist() == pytest.approx([2, 1, 70, 100, 0.7, 70 / 3, 35, 0.5])
    assert found["change_share"].tolist() == pytest.approx(
        [0.5, 1, 13 / 7, 1.5, 1 / 7, 8 / 7, 19 / 21, -1 / 3]
    )
    assert found["unit"].tolist() == ["count", "count", "money", "money", "share", "money", "money", "share"]
    assert found["numerator"].tolist() == [3, 2, 200, 250, 200, 200, 200, 1]
    assert found["denominator"].fillna(-1).tolist() == [-1, -1, -1, -1, 250, 4, 3, 3]
    assert found["base"].tolist() == [4, 4, 4, 6, 6, 4, 3, 3]
    about = found.attrs
    assert (about["days"], about["base"], about["counts"], about["comparison"]) == (
        10,
        4,
        "members",
        "days_before",
    )
    assert (about["from_on"], about["before_from_on"], about["before_to_on"]) == (
        "2026-01-21", "2026-01-11", "2026-01-20",
    )  # fmt: skip


def test_guests_count_by_the_rules_of_members():
    orders = pd.DataFrame(
        {"order_id": list("123456"), "member_id": ["a", None, None, None, None, ""],
         "paid_at": pd.to_datetime(["2026-01-05"] * 5 + ["2026-01-04"]), "paid_amount": [40.0, 30, 20, 10, 5, 3],
         "refund_amount": [0.0, 10, 20, 0, 0, 0], "status": ["completed"] * 3 + ["cancelled", "paid", "paid"]}
    )  # fmt: skip
    store = ref.store_of(ref.Shop(orders.assign(created_at=orders["paid_at"]), pd.DataFrame({"order_id": ["5"]}),
                                  pd.DataFrame(columns=["order_id", "line_id", "category", "product_name", "quantity",
                                                        "amount"]), dt.date(2026, 1, 5)))  # fmt: skip
    found = column(headline(store), "value")
    assert (found["amount"], found["all_amount"]) == (40, 40 + 20 + 3), (
        "refunded, cancelled and brushed ones do not"
    )


# ---------------------------------------------------------------- what it is compared with


@pytest.mark.parametrize(
    ("first", "as_of", "days", "comparison", "before_from", "first_year"),
    [
        # two years of orders: a year against the year before, the shop's first where it is not much older
        ("2024-01-02", "2025-12-31", 365, "year_before", "2024-01-02", True),
        ("2023-06-01", "2025-12-31", 365, "year_before", "2024-01-02", False),
        ("2022-06-01", "2024-12-31", 365, "year_before", "2023-01-02", False),  # no gap at the leap day
        # a day less: 90 days against the same 90 days of the calendar a year earlier
        ("2024-01-03", "2025-12-31", 90, "year_before", "2024-10-03", False),
        (
            "2023-03-01",
            "2024-06-30",
            90,
            "days_before",
            "2024-01-03",
            False,
        ),  # the year before lies in the opening
        ("2022-12-01", "2024-06-30", 90, "year_before", "2023-04-02", False),  # 29 February lies between
        ("2025-04-05", "2025-12-31", 90, "days_before", "2025-07-05", False),
        # what grew from the shop's first months is no comparison
        ("2025-04-06", "2025-12-31", 90, "days_before", "2025-07-05", False),
        ("2025-04-07", "2025-12-31", 90, "none", None, False),
        ("2025-12-31", "2025-12-31", 90, "none", None, False),
    ],
)
def test_what_a_window_is_compared_with(first, as_of, days, comparison, before_from, first_year):
    about = headline(ref.shop_of([("a", first, 10)], as_of=as_of)).attrs
    found = (
        about["days"],
        about["params"]["days"],
        about["comparison"],
        about["before_from_on"],
        about["first_year"],
    )
    assert found == (days, days, comparison, before_from, first_year)


def test_summer_is_compared_with_summer():
    """729 days of a shop that sells ten times as much in summer, the same every year."""
    days = pd.date_range("2023-09-03", "2025-08-31")
    rows = [
        (f"m{n % 90}", str(day.date()), 100 if day.month in (6, 7, 8) else 10) for n, day in enumerate(days)
    ]
    result = headline(ref.shop_of(rows))
    assert (result.attrs["days"], result.attrs["comparison"]) == (90, "year_before")
    assert result.attrs["before_from_on"] == "2024-06-03"
    assert not findings.read(result), "nothing changed"


def test_what_needs_a_history_waits_for_it(small):
    assert column(headline(small, days=10), "before")["new_members"] == 1
    eleven = headline(small, days=11)
    assert eleven["before"].isna().all() and eleven["change_share"].isna().all()
    assert eleven.attrs["comparison"] == "none" and eleven.attrs["before_from_on"] is None
    assert column(eleven, "value")["new_members"] == 2
    assert pd.isna(column(headline(small, days=16), "value")["new_members"]), (
        "14 days before: all would look new"
    )
    assert column(headline(small, days=16), "value")["amount"] > 0


def test_no_value_where_nothing_was_sold():
    found = headline(ref.shop_of([("a", "2025-01-01", 10)], as_of="2025-12-31"))
    assert column(found, "value")["amount"] == 0 and column(found, "value")["active_members"] == 0
    assert found["value"].isna().tolist() == [False, False, False, False, True, True, True, True]
    assert column(found, "before")["amount"] == 0
    assert found["change_share"].isna().all()  # nothing can be said of a change from 0
    guests = headline(ref.shop_of([(None, "2025-01-01", 10)]))
    assert guests.attrs["base"] == 0 and column(guests, "value")["all_amount"] == 10


@pytest.mark.parametrize("days", [0, -1, 2.5, "many", True, 400_000])
def test_bad_days_are_named(small, days):
    with pytest.raises(InputError) as told:
        headline(small, days=days)
    assert str(days) in str(told.value) and "\n" not in str(told.value)


@settings(max_examples=ref.EXAMPLES)
@given(made=ref.shops(), days=st.sampled_from([None, 1, 7, 30, 90, 365, 400]))
def test_the_figures_agree_with_the_reference(made, days):
    found = headline(ref.store_of(made), days=days)
    if days is None:
        age = -1 if made.begun is None else (made.as_of - made.begun).days + 1
        assert found.attrs["days"] == (365 if age >= 730 else 90)
    wanted = ref.headline(made, found.attrs["days"])
    pairs = zip(found["figure"], found["value"], found["before"], strict=True)
    ref.same(pairs, [(name, *wanted[name]) for name in FIGURES])
    for row in found.dropna(subset=["denominator", "value"]).itertuples():
        assert row.value == pytest.approx(row.numerator / row.denominator)


# ---------------------------------------------------------------- what is found


def test_figures_speak_when_they_change_beyond_chance():
    up = read(by_hand(1.3, 0.12))
    assert set(up) == set(FIGURES) - {"all_amount", "amount_share", "new_members"}, (
        "36 more than 120 is chance"
    )
    assert {one.code for one in up.values()} == {"figure_up"}
    assert up["amount"].evidence["change_share"] == pytest.approx(0.3)
    assert up["amount"].text("en") == (
        "Members' sales rose by 30%: ¥117k in the last 365 days, ¥90k in the same days a year earlier."
    )
    assert up["amount"].text("zh") == "会员销售额增长 30%：最近 365 天为 ¥11.7万，上年同期为 ¥9万。"
    assert up["repeat_share"].evidence_text("en") == (
        "42% (168 of 400 members) against 30% in the same days a year earlier"
    )
    assert not read(by_hand(1.0))
    assert {one.code for one in read(by_hand(0.8)).values()} == {"figure_down"}
    assert "new_members" not in read(by_hand(0.8)), "24 fewer than 120 is chance"
    few = by_hand(1.3)
    few["before"] /= 20
    assert not read(few), "20 members before are too few to compare with"


def test_against_the_days_before_a_season_may_look_like_a_change():
    season = by_hand(1.3)
    season.attrs["comparison"] = "days_before"
    one, other = read(season)["amount"], read(by_hand(1.3))["amount"]
    assert one.strength == pytest.approx(other.strength / 2, abs=1e-5)
    assert "in as many days right before" in one.text("en") and "上一时段" in one.text("zh")
    season.attrs["comparison"] = "none"
    assert not read(season.assign(before=float("nan")))
    assert (
        findings.headline(season.assign(before=float("nan")), "en") == "Members' sales of ¥117k in 365 days"
    )


def test_titles_say_what_the_findings_say():
    assert (
        findings.headline(by_hand(1.3), "en") == "Members' sales ¥117k in 365 days, up 30% on a year earlier"
    )
    assert (
        findings.headline(by_hand(1.04), "en") == "Members' sales ¥93.6k in 365 days, +4.0% on a year earlier"
    )
    grown = by_hand(3.46)
    grown.attrs["first_year"] = True
    assert findings.headline(grown, "en").endswith("up 246% on the first year of orders")
    assert "¥90k in the first year of orders" in read(grown)["amount"].text("en")


@pytest.fixture(scope="module")
def grown():
    """200 members who bought for 10 every 90 days, of whom each bought for 35 in the last year, and a few guests."""
    days = pd.date_range("2023-02-01", "2025-12-31", freq="D")
    rows = [(f"m{n % 200}", str(day.date()), 10 if day < pd.Timestamp("2025-01-01") else 34.6) for n, day in
            enumerate(days)]  # fmt: skip
    return ref.shop_of([*rows, (None, "2025-06-01", 500.0)])


def test_a_shop_that_grew_by_246_per_cent_is_told_so_on_its_front_page(grown):
    told = []
    for view in (view for theme in themes.all_themes() for view in theme.analyses if view.front):
        with contextlib.suppress(InputError):  # what needs a choice is not asked
            told += findings.read(view(grown))
    themes_first = list(dict.fromkeys(one.theme for one in sorted(told, key=lambda one: -one.strength)))
    assert themes_first.index("headline") < front.FINDINGS
    told_so = max((one for one in told if one.theme == "headline"), key=lambda one: one.strength)
    assert told_so.text("en").startswith("Members' sales rose by 246%")
    assert "of which members bring 96%" in told_so.evidence_text("en"), "an owner recognises the whole"


def test_every_money_figure_says_whose_it_is(grown):
    words = {
        "en": ("Members' sales", "All sales, with guests"),
        "zh": ("会员销售额", "全店销售额（含散客）"),
        "zh-Hant": ("會員銷售額", "全店銷售額（含非會員）"),
    }
    for lang, (own, everybody) in words.items():
        assert (
            i18n.word("figure", "amount", lang) == own
            and i18n.word("figure", "all_amount", lang) == everybody
        )
        assert own in findings.headline(headline(grown), lang)


def test_orders_and_buyers_have_an_average_each():
    said = {lang: [i18n.word("figure", name, lang) for name in ("mean_order_amount", "mean_member_amount")]
            for lang in i18n.LANGUAGES}  # fmt: skip
    assert said == {
        "en": ["Average order", "Spend per buyer"],
        "zh": ["笔单价", "客单价"],
        "zh-Hant": ["平均每筆金額（客單價）", "平均每人消費"],
    }
    for key, text in i18n.words("zh").items():
        if key.split(".")[0] in ("amount", "count", "headline"):
            assert "客单价" not in text, f"{key}: money ÷ orders is 笔单价"


def test_how_it_was_counted_says_what_it_is_compared_with(grown, small):
    assert "against the same days a year earlier, from 2 Jan 2024" in tables.how(headline(grown), "en")
    assert "a year earlier, and another season" in tables.how(headline(small, days=10), "en")
    assert tables.how(headline(small, days=20), "zh").startswith(
        "统计口径：最近 20 天（自2026年1月11日起），暂无对比。"
    )


def test_files_say_the_unit_of_every_cell(small):
    result = headline(small, days=10)
    header = tables.text(result, format="csv").splitlines()[0].split(",")
    by_row = [name for name in result.columns if figure(name).unit == "by_row"]
    assert by_row == ["value", "before", "numerator", "denominator"]
    assert all(figure(name).unit_in in header for name in by_row)
    assert result.attrs["units"] == {name: figure(name).unit_in for name in by_row}
    line = column(result, "numerator_unit"), column(result, "denominator_unit")
    assert (line[0]["amount_share"], line[1]["amount_share"]) == ("money", "money")
    assert (line[0]["mean_order_amount"], line[1]["mean_order_amount"]) == ("money", "count")
    assert '"units"' in tables.text(result, format="json")
    assert "Unit" not in tables.text(result), "a table writes each cell in its unit"


def test_the_index_shows_the_change_of_members_sales(grown):
    [sales] = [row for row in headline(grown).to_dict("records") if row["figure"] == "amount"]
    assert changed(sales) == ("up", "▲ 246.0%")


def test_orders_left_out(small):
    result = left_out(small)
    assert result.set_index("reason")["order_count"]["guest"] == 4 and result.attrs["base"] == 12
    guests = left_out(ref.shop_of([(None, "2026-01-10", 60)] * 60))
    assert findings.headline(guests, "en") == "Left out of members' figures: 60 of 60 orders"
