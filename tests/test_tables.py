"""Tables in words, aligned text, CSV and JSON."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_results import CASES, made, spread, structure

from memberlib import i18n, tables
from memberlib.errors import InputError
from memberlib.plain import plain as plain_value
from memberlib.settings import LevelRule
from memberlib.tables.forms import cells_wide

TIME = CASES["time"][1]


@pytest.fixture(autouse=True)
def _english():
    i18n.set_language("en")
    yield
    i18n.set_language("en")


def test_the_published_time_table_stands_in_the_terminal():
    lines = tables.text(TIME).splitlines()
    assert lines[:2] == ["Time since the last order", "409 members with an order · as of 30 Jun 2026"]
    assert lines[3].split()[:4] == ["Last", "order", "Members", "Share"]
    found = [re.search(r"^(.*?) +(\d+) +([\d.]+%)", line).groups() for line in lines[5:9]]
    assert found == [
        ("within 2 months", "192", "46.94%"),
        ("over 2 to 4 months", "70", "17.11%"),
        ("over 4 to 6 months", "36", "8.80%"),
        ("over 6 months", "111", "27.14%"),
    ]


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_terminal_columns_stand_under_each_other(name, lang):
    result = CASES[name][1]
    if result.empty:
        assert i18n.say("caption.empty", lang) in tables.text(result, lang=lang)
        return
    lines = tables.text(result, lang=lang).splitlines()
    rule = next(at for at, line in enumerate(lines) if line and set(line) <= {"-", " "})
    ends = [found.end() for found in re.finditer("-+", lines[rule])]
    starts = [found.start() for found in re.finditer("-+", lines[rule])]
    for line in [lines[rule - 1], *lines[rule + 1 : rule + 1 + len(result)]]:
        cells = "".join(sign * max(cells_wide(sign), 1) for sign in line)
        for start, end in zip(ends, starts[1:], strict=False):
            assert cells[start:end].strip() == "", line


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_no_code_reaches_a_reader(name, lang):
    shown = tables.show(CASES[name][1], lang=lang)
    for said in (shown._repr_html_(), shown._repr_markdown_(), repr(shown)):
        words = re.sub(r"<style>.*?</style>", "", said, flags=re.S)
        assert not re.search(r"important_|general_|supreme\b|monetary|_share|_count|\bnan\b|None|NaT", words)


def test_html_is_the_same_each_time_and_says_base_bars_and_small_print():
    page = tables.show(TIME)._repr_html_()
    assert page == tables.show(TIME)._repr_html_()
    assert page.startswith('<table class="memberlib" style="') and "<style" not in page
    assert "409 members with an order · as of 30 Jun 2026</span></caption>" in page
    assert re.search(
        r'<td style="[^"]*\*0\.4694\) 2px no-repeat[^"]*text-align:right[^"]*">46\.94%</td>', page
    )
    assert re.search(r'<td style="[^"]*text-align:left[^"]*">over 2 to 4 months</td>', page)
    assert page.count("<tr>") == 5 and "How counted: Calendar months back from 30 Jun 2026" in page


def test_html_escapes_what_a_shop_wrote():
    goods = made("x", {"good": ["<b>tea & 'cups'</b>"]})
    assert "&lt;b&gt;tea &amp; &#x27;cups&#x27;&lt;/b&gt;" in tables.show(goods)._repr_html_()
    assert "a\\|b" in tables.show(made("x", {"good": ["a|b"]}))._repr_markdown_()


def test_levels_discounts_and_money_in_three_languages():
    rows = structure(["regular", "advanced"], [3, 1])
    assert "Advanced" in tables.text(rows) and "5% off" in tables.text(rows)
    assert "高级会员" in tables.text(rows, lang="zh") and "9.5折" in tables.text(rows, lang="zh")
    assert "高級會員" in tables.text(rows, lang="zh-Hant")
    own = tables.text(structure(["gold"], [3]))
    assert "gold" in own


def test_money_of_a_column_has_the_same_decimals_in_every_row():
    small = made("x", {"amount": [5.5, 12.0, float("nan")]}, currency="GBP")
    assert [cell for cell in tables.text(small).split() if cell.startswith(("£", "–"))] == [
        "£5.50",
        "£12.00",
        "–",
    ]
    large = made("x", {"amount": [5.5, 12_000.0]}, currency="GBP")
    assert "£12,000" in tables.text(large) and "£6" in tables.text(large)
    assert "NT$6" in tables.text(made("x", {"amount": [5.5]}, currency="TWD"))


def test_long_tables_are_cut_and_say_so():
    rows = made("x", {"member_id": [f"m{at}" for at in range(50)]})
    shown = tables.show(rows, limit=12)
    assert "… and 38 rows more" in shown._repr_html_() and "m12" not in shown._repr_html_()
    assert "… and 10 rows more" in repr(tables.show(rows))
    assert "m49" in tables.text(rows) and "m49" in repr(tables.show(rows, limit=None))


def test_a_plain_frame_without_attributes_can_be_shown():
    frame = pd.DataFrame({"shop": ["a"], "read_count": [1234], "platform": ["taobao"], "own thing": [True]})
    text = tables.text(frame)
    assert "1,234" in text and "Taobao/Tmall" in text and "own thing" in text and "yes" in text
    assert "Nothing to show yet." in tables.text(frame.iloc[:0])
    refused = pd.DataFrame(columns=["import_id", "file", "row", "rule", "column", "value"])
    assert "No row was rejected." in tables.text(refused)
    assert "Earliest day" in tables.text(frame.assign(first_on=[dt.date(2026, 1, 2)]))


def test_headline_figures_each_in_their_unit():
    rows = made(
        "headline",
        {
            "figure": ["active_members", "amount", "mean_order_amount", "repeat_share"],
            "value": [364.0, 75927.4, 190.77, 0.0797],
            "unit": ["count", "money", "money", "share"],
            "before": [280.0, None, 269.3, 0.075],
            "change_share": [0.3, None, -0.2916, 0.062],
        },
        params={"days": 90},
        days=90,
        comparison="days_before",
    )
    text = tables.text(rows)
    assert re.search(r"Active members +364 +280 +\+30\.0%", text)
    assert re.search(r"Members' sales +¥75,927 +– +–", text)
    assert re.search(r"Average order +¥191 +¥269 +−29\.2%", text)
    assert re.search(r"Repeat purchase rate +8\.0% +7\.5% +\+6\.2%", text)
    assert "90 days before" in text


def test_csv_has_codes_and_plain_numbers():
    found = list(csv.DictReader(io.StringIO(tables.text(TIME, format="csv"))))
    assert list(found[0]) == list(TIME.columns)
    assert found[0]["lower"] == "" and found[0]["upper"] == "2"
    assert float(found[0]["member_share"]) == 192 / 409
    best = tables.text(CASES["spenders"][1], format="csv")
    assert "2026-06-30" in best and "98765.4" in best


@pytest.mark.parametrize("name", CASES)
def test_json_is_one_object_with_base_and_rows(name):
    result = CASES[name][1]
    read = json.loads(tables.text(result, format="json"))
    assert list(read)[:5] == ["store", "as_of", "base", "counts", "rows"]
    assert (read["store"], read["as_of"], read["base"]) == ("shop", "2026-06-30", result.attrs["base"])
    assert len(read["rows"]) == len(result) and all(list(row) == list(result.columns) for row in read["rows"])
    assert read["analysis"] == result.attrs["analysis"] and read["params"] == plain_value(
        result.attrs["params"]
    )


def test_json_of_no_value_dates_rules_and_frames():
    rows = made(
        "x",
        {"last_on": [dt.date(2026, 1, 2), None], "share": [float("nan"), 0.5]},
        cut_dates=[pd.Timestamp("2026-01-02"), np.datetime64("NaT")],
        rules=(LevelRule("vip", 1000, 5, 0.9),),
        audit=pd.DataFrame({"tied_share": [np.float64("inf")], "count": np.array([3])}),
        exact=Decimal("1.50"),
        edges=np.array([1.0, 2.0]),
    )
    read = json.loads(tables.text(rows, format="json"))
    assert read["rows"] == [{"last_on": "2026-01-02", "share": None}, {"last_on": None, "share": 0.5}]
    assert read["cut_dates"] == ["2026-01-02", None]
    assert read["rules"] == [{"level": "vip", "amount": 1000, "orders": 5, "discount": 0.9}]
    assert read["audit"] == [{"tied_share": None, "count": 3}]
    assert (read["exact"], read["edges"]) == (1.5, [1.0, 2.0])


def test_an_unknown_format_is_refused_in_one_line():
    with pytest.raises(InputError, match="no format 'xml'; choose one of: table, md, csv, json"):
        tables.text(TIME, format="xml")


def test_small_print_follows_the_parameters():
    days = spread("time_bands", [30], [1, 2], params={"unit": "days"})
    assert "Whole days back" in tables.how(days, "en")
    orders = spread("amount_bands", [30], [1, 2], params={"measure": "order"})
    assert "Every order by itself" in tables.how(orders, "en")
    assert "at the median" in tables.how(CASES["segments"][1], "en")
    assert "3 members without a region" in tables.how(CASES["regions"][1], "en")
    assert tables.how(pd.DataFrame(), "en") == ""


def test_a_notice_is_escaped():
    assert "&lt;4&gt;" in tables.notice("edges <4> fall")


@given(st.text(max_size=30))
def test_cells_wide_is_never_below_nothing_and_adds_up(text):
    assert cells_wide(text) == sum(cells_wide(sign) for sign in text) >= 0


@given(st.lists(st.floats() | st.none() | st.integers() | st.dates(), max_size=5))
def test_json_never_fails(values):
    rows = made("x", {"value": values})
    assert len(json.loads(tables.text(rows, format="json"))["rows"]) == len(values)
