"""Words, numbers, money and dates in the three languages."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import string
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memberlib import i18n
from memberlib.errors import InputError
from memberlib.i18n.language import _overrides
from memberlib.i18n.numbers import _SCALES


@pytest.fixture(autouse=True)
def _english():
    i18n.set_language("en")
    yield
    i18n.set_language("en")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_keys():
    assert set(i18n.words("en")) == set(i18n.words("zh")) == set(i18n.words("zh-Hant"))


def test_no_text_is_empty_or_left_in_the_other_language():
    for key, text in i18n.words("en").items():
        assert (text.strip() or key.endswith(".join")) and not re.search("[\u4e00-\u9fff]", text), key
    for key, text in i18n.words("zh").items():
        assert text.strip() or key.endswith(".join"), key


def test_traditional_keeps_every_placeholder():
    simplified, converted = i18n.words("zh"), i18n.words("zh-Hant")
    for key, text in simplified.items():
        assert _placeholders(text) == _placeholders(converted[key]), key


def test_overrides_name_keys_and_phrases_that_exist():
    overrides = _overrides()
    assert set(overrides["words"]) <= set(i18n.words("zh"))
    assert all(found != better for found, better in overrides["replace"].items())


@pytest.mark.parametrize(
    ("simplified", "expected"),
    [
        ("会员的订单", "會員的訂單"),
        ("复购率", "回購率"),
        ("统计对象", "統計對象"),
        ("高级会员", "高級會員"),
        ("不干扰", "不干擾"),
        ("只有一位", "只有一位"),
        ("以后", "以後"),
        ("周一", "週一"),
        ("平台", "平台"),
        ("消费水平", "消費水準"),
    ],
)
def test_traditional_words(simplified, expected):
    assert i18n.traditional(simplified) == expected


def test_rows_and_columns_trade_places_in_taiwan():
    assert (i18n.say("label.row", "zh"), i18n.say("label.column", "zh")) == ("行号", "列")
    assert (i18n.say("label.row", "zh-Hant"), i18n.say("label.column", "zh-Hant")) == ("列號", "欄")


def test_say_follows_the_language_set_and_the_block():
    assert i18n.say("level.regular") == "Regular"
    i18n.set_language("zh")
    assert i18n.say("level.regular") == "普通会员"
    with i18n.speaking("zh-Hant"):
        assert i18n.say("level.regular") == "普通會員"
    assert i18n.language() == "zh"
    assert i18n.say("level.regular", "en") == "Regular"


def test_missing_key_and_missing_value_are_named():
    with pytest.raises(KeyError, match=r"no words under 'label.nothing'"):
        i18n.say("label.nothing")
    with pytest.raises(KeyError, match=r"count.members.many.*'n'"):
        i18n.say("count.members.many")


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("en-GB", "en"), ("zh_CN", "zh"), ("ZH-hans", "zh"), ("zh-TW", "zh-Hant"), ("zh_Hant", "zh-Hant")],
)
def test_language_tags(tag, lang):
    assert i18n.check_language(tag) == lang


def test_unknown_language_is_refused_in_one_line():
    with pytest.raises(InputError, match="no language 'fr'; choose one of: en, zh, zh-Hant"):
        i18n.set_language("fr")


def test_own_codes_pass_through_word():
    assert i18n.word("level", "gold", "zh") == "gold"
    assert i18n.word("segment", None) == "–"


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, pd.NaT, float("inf"), Decimal("NaN"), ""])
def test_no_value_is_a_dash(nothing):
    assert i18n.number(nothing) == i18n.percent(nothing) == i18n.money(nothing, "CNY") == "–"
    assert i18n.word("level", nothing) == "–"


@pytest.mark.parametrize("nothing", [None, pd.NaT, np.datetime64("NaT")])
def test_no_date_is_a_dash(nothing):
    assert i18n.day(nothing) == i18n.month(nothing) == i18n.weekday(nothing) == "–"


@pytest.mark.parametrize(
    ("value", "lang", "options", "text"),
    [
        (1234, "en", {}, "1,234"),
        (np.int64(1234567), "zh", {}, "1,234,567"),
        (2.5, "en", {}, "2.5"),
        (2.0, "en", {}, "2"),
        (0.125, "en", {}, "0.13"),
        (-3.456, "en", {}, "−3.46"),
        (-0.001, "en", {}, "0"),
        (2.5, "en", {"digits": 0}, "3"),
        (9999, "zh", {"short": True}, "9,999"),
        (12345, "zh", {"short": True}, "1.2万"),
        (12345, "zh-Hant", {"short": True}, "1.2萬"),
        (20000, "zh", {"short": True}, "2万"),
        (340_000_000, "zh", {"short": True}, "3.4亿"),
        (99_999_999, "zh", {"short": True}, "1亿"),
        (12345, "en", {"short": True}, "12.3k"),
        (999_960, "en", {"short": True}, "1m"),
        (3_400_000_000, "en", {"short": True}, "3.4bn"),
    ],
)
def test_numbers(value, lang, options, text):
    assert i18n.number(value, lang, **options) == text


@pytest.mark.parametrize(
    ("value", "currency", "lang", "options", "text"),
    [
        (12345.6, "CNY", "zh", {}, "¥12,346"),
        (12345.6, "CNY", "zh", {"short": True}, "¥1.2万"),
        (1234, "TWD", "zh-Hant", {}, "NT$1,234"),
        (58.365, "GBP", "en", {}, "£58.37"),
        (58.4, "TWD", "en", {}, "NT$58"),
        (58, "GBP", "en", {}, "£58"),
        (-1200, "USD", "en", {}, "−$1,200"),
        (12, "USD", "zh", {}, "US$12"),
        (Decimal("0.005"), "EUR", "en", {"digits": 2}, "€0.01"),
        (5, "SEK", "en", {}, "SEK 5"),
    ],
)
def test_money(value, currency, lang, options, text):
    assert i18n.money(value, currency, lang, **options) == text


PUBLISHED = [
    ((192, 70, 36, 111), 409, ("46.94%", "17.11%", "8.80%", "27.14%")),
    ((265, 84, 40, 65), 454, ("58.37%", "18.50%", "8.81%", "14.32%")),
    ((408, 15, 14, 17), 454, ("89.87%", "3.30%", "3.08%", "3.74%")),
]


@pytest.mark.parametrize(("counts", "base", "texts"), PUBLISHED)
def test_published_shares_come_out_to_the_second_decimal(counts, base, texts):
    assert tuple(i18n.percent(count / base, digits=2) for count in counts) == texts


def test_percent_rounds_half_up_and_signs():
    assert i18n.percent(0.46945, digits=2) == "46.95%"
    assert i18n.percent(0.12, signed=True) == "+12.0%"
    assert i18n.percent(-0.12, signed=True) == "−12.0%"
    assert i18n.percent(-0.00001) == "0.0%"


@given(st.integers(-(10**12), 10**12), st.integers(0, 3))
def test_number_reads_back(value, digits):
    text = i18n.number(Decimal(value).scaleb(-digits), digits=digits)
    assert Decimal(text.replace(",", "").replace("−", "-")) == Decimal(value).scaleb(-digits)


@given(st.floats(10_000, 9e12), st.sampled_from(i18n.LANGUAGES))
def test_short_numbers_are_short_and_near(value, lang):
    text = i18n.number(value, lang, short=True)
    suffix = {name: size for size, name in _SCALES[lang]}
    unit = next(name for name in sorted(suffix, key=len, reverse=True) if text.endswith(name))
    read = float(text.removesuffix(unit).replace(",", "")) * float(suffix[unit])
    assert abs(read - value) <= 0.0501 * float(suffix[unit])


def test_dates():
    on = dt.date(2026, 6, 30)
    assert i18n.day(on) == "30 Jun 2026"
    assert i18n.day(pd.Timestamp("2026-06-30 12:00"), "zh") == "2026年6月30日"
    assert i18n.day(np.datetime64("2026-06-30"), "zh-Hant") == "2026年6月30日"
    assert i18n.month("2026-06-01") == "Jun 2026"
    assert i18n.month(on, "zh") == "2026年6月"
    assert i18n.month(on, "zh", year=False) == "6月"
    assert i18n.weekday(on) == "Tue"
    assert (i18n.weekday(0, "zh"), i18n.weekday(np.int64(6), "zh-Hant")) == ("周一", "週日")


@pytest.mark.parametrize(
    ("lang", "unit", "texts"),
    [
        ("en", "plain", ("up to 50", "over 50 to 100", "over 200", "all")),
        ("zh", "plain", ("50 及以下", "50–100（含 100）", "超过 200", "全部")),
        ("zh-Hant", "plain", ("50 以下（含）", "50–100（含 100）", "超過 200", "全部")),
        ("en", "months", ("within 50 months", "over 50 to 100 months", "over 200 months", "all")),
        ("zh-Hant", "months", ("50 個月以內", "50–100 個月（含 100）", "超過 200 個月", "全部")),
        ("en", "money", ("up to ¥50", "over ¥50 to ¥100", "over ¥200", "all")),
        ("zh", "money", ("50 元及以下", "50–100 元（含 100）", "超过 200 元", "全部")),
        ("zh-Hant", "money", ("¥50 以下（含）", "¥50–100（含 100）", "超過 ¥200", "全部")),
        ("en", "days", ("within 50 days", "51–100 days", "more than 200 days", "all")),
        ("zh", "days", ("50 天以内", "51–100 天", "超过 200 天", "全部")),
        ("en", "orders", ("1–50 orders", "51–100 orders", "more than 200 orders", "all")),
        ("zh", "orders", ("1–50 笔", "51–100 笔", "超过 200 笔", "全部")),
        ("zh-Hant", "orders", ("1–50 筆", "51–100 筆", "超過 200 筆", "全部")),
    ],
)
def test_intervals(lang, unit, texts):
    pairs = [(None, 50), (50, 100), (200, float("nan")), (None, None)]
    assert tuple(i18n.interval(*pair, lang, unit=unit, currency="CNY") for pair in pairs) == texts


def test_one_is_singular_in_english():
    assert i18n.interval(None, 1, "en", unit="months") == "within 1 month"
    assert i18n.counted(1, "members", "en") == "1 member"
    assert i18n.counted(1.0, "orders", "en") == "1 order"


def test_result_intervals_take_their_unit_from_the_result():
    rows = pd.DataFrame({"lower": [None, 2], "upper": [2, None]})
    rows.attrs = {"analysis": "time_bands", "params": {"unit": "days"}}
    assert i18n.intervals(rows, "en") == ["within 2 days", "more than 2 days"]
    rows.attrs = {"analysis": "amount_bands", "params": {}, "currency": "GBP"}
    assert i18n.intervals(rows, "en") == ["up to £2", "over £2"]
    scores = rows.assign(measure=["recency", "monetary"])
    scores.attrs = {"analysis": "score_edges", "params": {}, "currency": "GBP"}
    assert i18n.intervals(scores, "en") == ["within 2 days", "over £2"]


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "454 members with an order · as of 30 Jun 2026"),
        ("zh", "454 位成交会员 · 截至2026年6月30日"),
        ("zh-Hant", "454 位消費會員 · 截至2026年6月30日"),
    ],
)
def test_caption_says_base_and_day(lang, text):
    about = {
        "theme": "time",
        "view": "bands",
        "counts": "members",
        "base": 454,
        "as_of": dt.date(2026, 6, 30),
    }
    assert i18n.caption(about, lang) == text


def test_caption_of_single_orders_counts_orders():
    about = {"theme": "time", "view": "months", "counts": "orders", "base": 1, "as_of": dt.date(2026, 6, 30)}
    assert i18n.caption(about, "en") == "1 order of members · as of 30 Jun 2026"
    assert i18n.caption({"base": None}, "en") == ""


def test_an_open_interval_of_orders_has_its_number():
    assert i18n.interval(10, None, "en", unit="orders") == "more than 10 orders"
    assert i18n.interval(10, None, "zh", unit="orders") == "超过 10 笔"


def test_whole_numbers_are_said_as_they_lie_in_an_interval():
    edges = [None, 1, 3, 10, None]
    for lang, texts in {
        "en": ["1 order", "2–3 orders", "4–10 orders", "more than 10 orders"],
        "zh": ["1 笔", "2–3 笔", "4–10 笔", "超过 10 笔"],
        "zh-Hant": ["1 筆", "2–3 筆", "4–10 筆", "超過 10 筆"],
    }.items():
        pairs = itertools.pairwise(edges)
        assert [i18n.interval(*pair, lang, unit="orders") for pair in pairs] == texts
    assert i18n.interval(2.5, 4.2, "zh", unit="orders") == "3–4 笔", "edges between whole numbers"


def test_an_amount_says_which_end_is_in_and_its_currency_once():
    def said(*pair, currency):
        return i18n.interval(*pair, lang, unit="money", currency=currency)

    lang = "zh"
    assert said(None, 50, currency="GBP") == "£50 及以下"
    assert said(50, 99.5, currency="GBP") == "£50–99.50（含 99.50）"
    assert said(1000, 2000, currency="CNY") == "1,000–2,000 元（含 2,000）"
    lang = "zh-Hant"
    assert said(None, 300, currency="TWD") == "300 元以下（含）"
    assert said(300, 600, currency="TWD") == "300–600 元（含 600）"
