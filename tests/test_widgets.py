"""Controls: a move asks the analysis again; what cannot be done is said, and the last picture stays."""

import datetime as dt

import pandas as pd
import pytest

from memberlib import bands, i18n, levels, widgets
from memberlib.errors import InputError
from memberlib.settings import LevelRule, Settings
from memberlib.store import store_from


@pytest.fixture(scope="module")
def shop():
    orders = pd.DataFrame(
        {
            "order_id": [str(n) for n in range(40)],
            "member_id": [f"m{n % 12}" for n in range(40)],
            "paid_at": pd.date_range("2025-01-01 10:00", periods=40, freq="9D"),
            "paid_amount": [20.0 + 15 * (n % 9) for n in range(40)],
            "status": "completed",
        }
    )
    return store_from(orders, settings=Settings(currency="CNY"))


@pytest.fixture(autouse=True)
def english():
    with i18n.speaking("en"):
        yield


def test_plus_adds_an_interval_and_minus_takes_one_away(shop):
    explorer = widgets.explore(shop, "amount")
    editor = explorer.controls["edges"]
    assert len(explorer.result) == 4
    editor.add.click()
    assert editor.value == (50, 100, 200, 300)
    assert explorer.result.upper.tolist()[:4] == [50, 100, 200, 300]
    editor.remove(0)
    assert editor.value == (100, 200, 300)
    pd.testing.assert_frame_equal(explorer.result, bands.amount_bands(shop, edges=[100, 200, 300]))


def test_the_last_interval_cannot_be_taken_away():
    editor = widgets.IntervalEditor([5])
    editor.remove(0)
    assert editor.value == (5,)
    editor.append()
    assert editor.value == (5, 10)


def test_bad_edges_are_refused_and_the_last_good_picture_stays(shop):
    explorer = widgets.explore(shop, "count")
    picture, table = explorer.picture.value, explorer.table.value
    field = explorer.controls["edges"]._fields[1]
    field.value = 1  # below the first edge, 2
    assert "rise" in explorer.message.value
    assert (explorer.picture.value, explorer.table.value) == (picture, table)
    field.value = 3
    assert explorer.message.value == ""
    assert explorer.picture.value != picture
    assert explorer.result.upper.tolist()[:2] == [2, 3]


def test_the_day_can_be_picked(shop):
    explorer = widgets.explore(shop, "time")
    explorer.controls["as_of"].value = dt.date(2025, 2, 1)
    assert explorer.result.attrs["as_of"] == dt.date(2025, 2, 1)
    assert explorer.result.attrs["base"] == 4
    kept = explorer.picture.value
    explorer.controls["as_of"].value = dt.date(2020, 1, 1)
    assert "before the first order" in explorer.message.value
    explorer.controls["as_of"].value = None
    assert "choose a date" in explorer.message.value
    assert explorer.picture.value == kept


def test_level_sliders_make_rules(shop):
    explorer = widgets.explore(shop, "level")
    level, amount, orders, discount = explorer.controls["rules"]._rows[0]
    assert level == "advanced"
    amount.value, orders.value, discount.value = 100, 0, 0.8
    rules = explorer.controls["rules"].value
    assert rules[1] == LevelRule("advanced", 100, None, 0.8)
    pd.testing.assert_frame_equal(explorer.result, levels.flow(shop, rules=rules))


def test_the_finer_map_brings_the_scores_it_needs(shop):
    explorer = widgets.explore(shop, "rfm")
    explorer.controls["segment_map"].value = "eleven"
    assert explorer.controls["method"].value == "quantile"
    assert explorer.message.value == ""
    assert len(explorer.result) == 11
    kept = explorer.picture.value
    explorer.controls["method"].value = "median"  # two scores cannot fill eleven segments
    assert explorer.message.value
    assert explorer.picture.value == kept


@pytest.mark.parametrize(
    ("theme", "view"),
    [("level", None), ("level", "structure"), ("level", "cost"), ("time", None), ("amount", None), ("count", None),
     ("count", "sleeping"), ("rfm", None)],
)  # fmt: skip
def test_without_a_browser_the_cell_shows_the_picture_and_the_table(shop, theme, view):
    explorer = widgets.explore(shop, theme, view=view)
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].startswith('<img src="data:image/png;base64,')
    assert "<table" in data["text/html"]
    assert len(data["text/plain"]) < 80


def test_controls_keep_the_language_they_were_made_in(shop):
    with i18n.speaking("zh"):
        explorer = widgets.explore(shop, "count")
    explorer.controls["edges"].add.click()
    assert "会员" in explorer.table.value


def test_unknown_names_are_refused(shop):
    with pytest.raises(InputError, match="no theme"):
        widgets.explore(shop, "weather")
    with pytest.raises(InputError, match="has no controls"):
        widgets.explore(shop, "rfm", view="members")


def test_every_word_of_the_controls_is_said_in_both_languages():
    for lang in ("en", "zh", "zh-Hant"):
        assert all(i18n.words(lang)[key] for key in i18n.words("en") if key.startswith("widget."))
