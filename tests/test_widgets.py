"""Controls: made from options, each does something, refusals speak the reader's language, the last move wins."""

import asyncio
import datetime as dt
import html
import importlib
import inspect
import re
import typing
from pathlib import Path

import pandas as pd
import pytest

import memberlib
from memberlib import bands, charts, i18n, jupyter, levels, tables, themes, widgets
from memberlib.errors import InputError
from memberlib.settings import LevelRule, Settings
from memberlib.store import store_from
from memberlib.theme import Choice
from memberlib.themes import level as level_theme
from memberlib.themes.count import sleeping
from memberlib.widgets.fields import read_number

LANGUAGES = ("en", "zh", "zh-Hant")
VIEWS = [(theme.name, view.name) for theme in themes.all_themes() for view in theme.analyses]


@pytest.fixture(scope="module")
def shop():
    gaps = [(1, 4, 8)[n // 20 % 3] for n in range(160)]  # months that sell much, and little
    days = pd.Timestamp("2024-01-01 10:00") + pd.to_timedelta(pd.Series(gaps).cumsum(), unit="D")
    bought = [n * n % 97 for n in range(160)]
    orders = pd.DataFrame(
        {
            "order_id": [str(n) for n in range(160)],
            "member_id": [f"m{one}" for one in bought],
            "paid_at": days,
            "paid_amount": [20.0 + 15 * (n % 9) + 40 * (one % 4) for n, one in enumerate(bought)],
            "status": "completed",
            "region": [f"r{one % 3}" for one in bought],
        }
    )
    items = pd.DataFrame(
        {
            "order_id": orders["order_id"],
            "line_id": orders["order_id"],
            "product_id": [f"p{n % 8}" for n in range(160)],
            "product_name": [f"good {n % 8}" for n in range(160)],
            "quantity": 1,
            "amount": orders["paid_amount"],
        }
    )
    rules = (
        LevelRule("regular"), LevelRule("advanced", 300, 2, 0.9), LevelRule("vip", 700, 4, 0.85),
    )  # fmt: skip
    settings = Settings(name={"": "Tea & <Co>"}, currency="CNY", churn_days=90, level_rules=rules)
    return store_from(orders, items=items, settings=settings)


@pytest.fixture(autouse=True)
def english():
    with i18n.speaking("en"):
        yield


@pytest.fixture
def quick(monkeypatch):
    """No picture is drawn, for tests of many controls that do not look at it."""
    monkeypatch.setattr(charts, "draw", lambda result: result)
    monkeypatch.setattr(charts, "picture", lambda result: result.to_csv().encode())


def bundle_of(explorer):
    bundle = explorer._repr_mimebundle_()
    return bundle[0] if isinstance(bundle, tuple) else bundle


def words_of(text):
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


# ---------------------------------------------------------------- intervals


def test_plus_adds_an_interval_and_minus_takes_one_away(shop):
    explorer = widgets.explore(shop, "amount")
    editor = explorer.controls["edges"]
    assert len(explorer.result) == 4
    editor.add.click()
    assert editor.value == (50, 100, 200, 300)
    assert explorer.result.upper.tolist()[:4] == [50, 100, 200, 300]
    editor.remove(0)
    assert editor.value == (100, 200, 300)
    assert [field.value for field in editor.fields] == [100, 200, 300]
    pd.testing.assert_frame_equal(explorer.result, bands.amount_bands(shop, edges=[100, 200, 300]))


def test_the_last_interval_cannot_be_taken_away():
    editor = widgets.IntervalEditor([5])
    editor.remove(0)
    assert editor.value == (5,)
    editor.append()
    assert editor.value == (5, 10)
    editor.value = (1, 2, 3)
    assert [field.value for field in editor.fields] == [1, 2, 3]


def test_bad_edges_are_refused_and_the_last_good_picture_stays(shop):
    explorer = widgets.explore(shop, "count")
    picture, table, call = explorer.picture.value, explorer.table.value, explorer.call
    field = explorer.controls["edges"].fields[1]
    field.value = 1  # below the first edge, 2
    assert "1 does not rise above 2" in explorer.message.value
    assert (explorer.picture.value, explorer.table.value, explorer.call) == (picture, table, call)
    assert "opacity" in explorer.busy.value  # what stands is not what the fields say
    field.value = 3
    assert explorer.message.value == explorer.busy.value == ""
    assert explorer.picture.value != picture
    assert explorer.result.upper.tolist()[:2] == [2, 3]


# ---------------------------------------------------------------- numbers and rules


@pytest.mark.parametrize(
    ("typed", "number"),
    [("1,250", 1250), ("1，250", 1250), ("1 250", 1250), ("¥1,250.50", 1250.5), ("12", 12), ("0", 0), ("", None),
     ("1,25", "1,25"), ("many", "many"), ("nan", "nan"), ("−3", -3)],
)  # fmt: skip
def test_a_typed_number_keeps_its_digits(typed, number):
    assert read_number(typed) == number
    field = widgets.NumberField("Amount", low=10, high=3000, value=500)
    field.field.value = typed
    assert field.value == number
    if isinstance(number, int):
        assert field.field.value == i18n.number(number)
        assert field.slider.value == min(max(number, 10), 3000)


def test_a_slider_and_its_field_say_the_same_and_the_slider_can_be_aimed(shop):
    field = widgets.explore(shop, "count", "sleeping").controls["days"]
    field.slider.value = 30
    assert (field.value, field.field.value) == (30, "30")
    assert int(field.slider.layout.width.removesuffix("px")) >= 240 + 20  # its margins
    assert not field.slider.readout


def test_an_emptied_field_is_the_default_and_0_is_0(shop):
    explorer = widgets.explore(shop, "count", "sleeping")
    field = explorer.controls["days"].field
    field.value = "0"
    assert "“0” is not a whole number from 1 to 36,500" in explorer.message.value
    assert "For example: 90" in explorer.message.value
    field.value = ""
    assert explorer.message.value == ""
    assert explorer.result.attrs["params"]["days"] == 90
    assert field.value == "90"


def test_level_sliders_make_rules(shop):
    explorer = widgets.explore(shop, "level")
    amount, orders, discount = explorer.controls["rules"].rows["advanced"]
    amount.field.value, orders.field.value, discount.field.value = "1,00", "", "80%"
    assert "“1,00” is not a number" in explorer.message.value
    amount.field.value = "100"
    rules = explorer.controls["rules"].value
    assert rules[1] == LevelRule("advanced", 100, None, 0.8)
    pd.testing.assert_frame_equal(explorer.result, levels.flow(shop, rules=rules))


def test_no_threshold_is_an_empty_field_and_0_is_refused(shop, quick):
    explorer = widgets.explore(shop, "level", "structure")
    amount, orders, _ = explorer.controls["rules"].rows["advanced"]
    amount.field.value = "0"
    assert explorer.controls["rules"].value[1].amount == 0
    assert "Advanced: the amount, 0, must be above" in explorer.message.value
    amount.field.value = ""
    assert explorer.controls["rules"].value[1].amount is None
    assert explorer.message.value == ""
    orders.field.value = ""
    assert "Advanced needs an amount" in explorer.message.value
    assert amount.field.placeholder == "no rule"


@pytest.mark.parametrize(
    ("lang", "shown", "typed"), [("en", "90%", "85"), ("zh", "9折", "8.5折"), ("zh-Hant", "9折", "85%")]
)
def test_a_discount_is_written_as_the_reader_writes_it(shop, quick, lang, shown, typed):
    with i18n.speaking(lang):
        discount = widgets.explore(shop, "level").controls["rules"].rows["advanced"][2]
    assert discount.field.value == shown
    discount.field.value = typed
    assert discount.value == 0.85
    assert discount.field.value == {"90%": "85%"}.get(shown, "8.5折")


def test_a_shop_without_rules_is_shown_an_example():
    sliders = widgets.RuleSliders(())
    assert [rule.level for rule in sliders.value] == ["regular", "advanced", "vip", "supreme"]


# ---------------------------------------------------------------- every control does something


def other_values(control):
    """Values that a reader may move a control to, likely ones first."""
    value = control.value
    if isinstance(control, widgets.IntervalEditor):
        return [tuple(edge * 3 for edge in value), (*value, value[-1] * 2)]
    if isinstance(control, widgets.MeasureEditor):
        return [{name: (edges[0] * 2, edges[0] * 4) for name, edges in value.items()}]
    if isinstance(control, widgets.NumberField):
        return [max(int(control.slider.min), int((value or 90) * share)) for share in (0.3, 0.6, 2)]
    if isinstance(control, widgets.RuleSliders):
        return []
    if hasattr(control, "options"):
        return [one for _, one in control.options if one != value]
    return [dt.date(2025, 1, 1), dt.date(2025, 6, 30), dt.date(2025, 9, 1)]


def reveal(explorer, view, name):
    """Set what an option depends on, so that it does something."""
    for one in view.option(name).when:
        parent = explorer.controls.get(one.option)
        if parent is None:
            continue
        reveal(explorer, view, one.option)
        if isinstance(parent, widgets.RuleSliders):
            parent.rows["vip"][1].value = 3
        elif not explorer._matters(name):
            parent.value = one.values[0] if one.values else parent.options[1][1]


OTHER_MAP = ("rfm", "regions", "segment_map")  # of which the segment must be one: has a test of its own
OPTIONS = [
    (theme.name, view.name, option.name)
    for theme in themes.all_themes() for view in theme.analyses for option in view.options
    if (theme.name, view.name, option.name) != OTHER_MAP
]  # fmt: skip


@pytest.mark.parametrize(("theme", "name", "option"), OPTIONS)
def test_a_control_does_something_and_is_seen_only_where_it_does(shop, quick, theme, name, option):
    view = themes.theme(theme).analysis(name)
    explorer = widgets.explore(shop, theme, name)
    control = explorer.controls[option]
    assert (control.layout.display == "none") == (not explorer._matters(option))
    reveal(explorer, view, option)
    assert control.layout.display is None
    assert explorer.message.value == ""
    before = explorer.result
    if isinstance(control, widgets.RuleSliders):
        amount, orders, discount = control.rows["vip"]
        assert any(moved(explorer, amount, value, before) for value in (350, 2000))
        amount.value = None
        for field, values in ((orders, (3, 6)), (discount, (0.6,))):
            if field not in control.children[-1].children:  # it would do nothing here
                continue
            before = explorer.result
            assert any(moved(explorer, field, value, before) for value in values), explorer.call
        return
    assert any(moved(explorer, control, value, before) for value in other_values(control))


def moved(explorer, control, value, before):
    control.value = value
    return explorer.message.value == "" and not same(explorer.result, before)


def same(one, two):
    """Whether two results say the same, but for the words of what was asked."""
    return one.equals(two) and one.attrs.get("edges") == two.attrs.get("edges")


@pytest.mark.parametrize(("theme", "name"), VIEWS)
def test_hidden_controls_change_nothing(shop, quick, theme, name):
    view, explorer = themes.theme(theme).analysis(name), widgets.explore(shop, theme, name)
    for option in view.options:
        control, before = explorer.controls[option.name], explorer.result
        if control.layout.display == "none" and isinstance(control, widgets.NumberField):
            control.slider.value = 4
            assert same(explorer.result, before)
            assert option.name not in explorer.call


def test_the_finer_map_brings_the_scores_it_needs(shop):
    explorer = widgets.explore(shop, "rfm")
    assert explorer.controls["scores"].layout.display == "none"
    explorer.controls["segment_map"].value = "eleven"
    assert explorer.controls["method"].value == "quantile"
    assert explorer.controls["scores"].layout.display is None
    assert explorer.message.value == ""
    assert len(explorer.result) == 11
    kept = explorer.picture.value
    explorer.controls["method"].value = "median"  # two scores cannot fill eleven segments
    assert "eleven segments need five scores" in explorer.message.value
    assert explorer.picture.value == kept


def test_regions_of_a_segment_are_those_of_its_map(shop, quick):
    explorer = widgets.explore(shop, *OTHER_MAP[:2])
    assert explorer.controls["segment_map"].layout.display == "none"
    explorer.controls["segment"].value = "loyal"
    assert "have no such segment" in explorer.message.value
    explorer.controls["segment_map"].value = "eleven"
    assert explorer.message.value == ""
    assert explorer.result.attrs["params"]["segment"] == "loyal"


def test_fixed_edges_start_at_the_shop_s_own(shop, quick):
    explorer = widgets.explore(shop, "rfm")
    editor = explorer.controls["edges"]
    assert editor.layout.display == "none"
    explorer.controls["method"].value = "fixed"
    assert editor.layout.display is None
    assert editor.value["frequency"] == (2, 5, 10)
    editor.editors["frequency"].fields[0].value = 1
    assert explorer.result.attrs["params"]["edges"]["frequency"] == [1, 5, 10]
    editor.editors["monetary"].remove(0)
    assert "equally many edges" in explorer.message.value


def test_a_choice_that_was_made_is_kept_while_it_is_hidden(shop, quick):
    explorer = widgets.explore(shop, "rfm")
    method, scores = explorer.controls["method"], explorer.controls["scores"]
    method.value = "quantile"
    assert scores.value == 5
    scores.value = 3
    method.value = "median"
    assert "scores" not in explorer.call
    method.value = "jenks"
    assert explorer.result.attrs["params"]["scores"] == scores.value == 3


# ---------------------------------------------------------------- days


def test_the_day_can_be_picked(shop):
    explorer = widgets.explore(shop, "time")
    explorer.controls["as_of"].value = dt.date(2024, 2, 1)
    assert explorer.result.attrs["as_of"] == "2024-02-01"
    kept = explorer.picture.value
    explorer.controls["as_of"].value = dt.date(2020, 1, 1)
    assert "before the shop's first order" in words_of(explorer.message.value)
    assert "as of 1 Feb 2024" in explorer.message.value  # no date stands beside another date's picture
    explorer.controls["as_of"].value = None
    assert "choose a date" in explorer.message.value
    assert explorer.picture.value == kept


def test_a_day_after_the_last_order_is_said(shop):
    explorer = widgets.explore(shop, "count")
    explorer.controls["as_of"].value = shop.last_order_on + dt.timedelta(days=30)
    assert "30 days before the day that is shown" in explorer.message.value
    assert explorer.result.attrs["as_of"] == str(shop.last_order_on + dt.timedelta(days=30))
    explorer.controls["as_of"].value = shop.last_order_on
    assert explorer.message.value == ""


def test_few_days_are_kept(shop, quick):
    explorer = widgets.explore(shop, "headline", "left_out")
    for day in range(1, 12):
        explorer.controls["as_of"].value = dt.date(2025, 3, day)
    assert len(explorer._stores) <= 4
    assert shop.as_of in explorer._stores


# ---------------------------------------------------------------- moves


def drawings(monkeypatch):
    drawn = []
    picture = charts.picture
    monkeypatch.setattr(charts, "picture", lambda *given, **more: drawn.append(1) or picture(*given, **more))
    return drawn


def test_many_moves_draw_one_picture_of_the_last_state(shop, monkeypatch):
    explorer = widgets.explore(shop, "count")
    drawn, before = drawings(monkeypatch), explorer.picture.value

    async def clicks():
        for _ in range(12):
            explorer.controls["edges"].append()
            await asyncio.sleep(0)
        assert explorer.picture.value == before
        assert "Working" in explorer.busy.value
        assert "opacity" in explorer.busy.value
        await asyncio.sleep(0.5)
        assert explorer.busy.value == ""

    asyncio.run(clicks())
    assert len(drawn) == 1
    assert explorer.result.upper.tolist()[:-1] == list(explorer.controls["edges"].value)
    assert len(explorer.controls["edges"].value) == 15


def test_a_result_that_is_asked_for_is_drawn_first(shop, monkeypatch):
    explorer = widgets.explore(shop, "count", "sleeping")
    drawn = drawings(monkeypatch)

    async def cell():
        for days in (10, 20, 30):
            explorer.controls["days"].value = days
        assert explorer.result.attrs["params"]["days"] == 30
        assert "days=30" in bundle_of(explorer)["text/html"]
        await asyncio.sleep(0.2)

    asyncio.run(cell())
    assert len(drawn) == 1


def test_without_a_loop_each_move_is_drawn_at_once(shop, monkeypatch):
    explorer = widgets.explore(shop, "count", "sleeping")
    drawn = drawings(monkeypatch)
    for days in (10, 20, 30):
        explorer.controls["days"].value = days
        assert f"days={days}" in explorer.call
    assert len(drawn) == 3


def test_a_move_made_while_a_picture_is_drawn_is_drawn_next(shop, monkeypatch):
    explorer = widgets.explore(shop, "count", "sleeping")
    picture, seen = charts.picture, []

    def slow(drawn):
        if not seen:
            for days in (20, 30, 40):
                explorer.controls["days"].value = days
        seen.append(1)
        return picture(drawn)

    monkeypatch.setattr(charts, "picture", slow)
    explorer.controls["days"].value = 10
    assert len(seen) == 2  # the one in flight, and one for the three that came meanwhile
    assert explorer.result.attrs["params"]["days"] == 40


# ---------------------------------------------------------------- words


_ELEVEN_AT_MEAN = (("segment_map", "eleven"), ("method", "mean"))
REFUSALS = {
    "edges": ("count", None, lambda c: setattr(c["edges"].fields[1], "value", 1)),
    "zero": ("amount", None, lambda c: setattr(c["edges"].fields[0], "value", 0)),
    "not_whole": ("count", None, lambda c: setattr(c["edges"].fields[0], "value", 1.5)),
    "days": ("count", "sleeping", lambda c: setattr(c["days"].field, "value", "0")),
    "text": ("count", "sleeping", lambda c: setattr(c["days"].field, "value", "？")),
    "early": ("time", None, lambda c: setattr(c["as_of"], "value", dt.date(1999, 1, 1))),
    "late": ("time", None, lambda c: setattr(c["as_of"], "value", dt.date(9000, 1, 1))),
    "no_day": ("time", None, lambda c: setattr(c["as_of"], "value", None)),
    "rule": ("level", None, lambda c: setattr(c["rules"].rows["vip"][0].field, "value", "5")),
    "rule_empty": ("level", "cost", lambda c: [setattr(one, "value", None) for one in c["rules"].rows["vip"][:2]]),
    "discount": ("level", "cost", lambda c: setattr(c["rules"].rows["vip"][2].field, "value", "0")),
    "map": ("rfm", None, lambda c: [setattr(c[n], "value", to) for n, to in _ELEVEN_AT_MEAN]),
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_speaks_the_reader_s_language(shop, quick, lang, case):
    theme, view, spoil = REFUSALS[case]
    with i18n.speaking(lang):
        explorer = widgets.explore(shop, theme, view)
    spoil(explorer.controls)
    said = words_of(explorer.message.value)
    assert said.strip()
    if lang == "en":
        assert "Not shown" in said
    else:
        assert not re.search(r"[a-z]{3}", said), said
    if case in ("edges", "zero", "not_whole"):
        assert {"count": "2, 5, 10", "amount": "50, 100, 200"}[theme] in said


def test_controls_keep_the_language_they_were_made_in(shop):
    with i18n.speaking("zh"):
        explorer = widgets.explore(shop, "count")
    explorer.controls["edges"].add.click()
    assert "会员" in explorer.table.value
    assert {row.children[1].tooltip for row in explorer.controls["edges"]._rows} == {"删除这个区间"}


def test_every_word_of_the_controls_is_said_in_every_language():
    groups = ("widget.", "refused.", "card.")
    keys = {key for key in i18n.words("en") if key.startswith(groups)}
    raised = {key for path in Path(memberlib.__file__).parent.rglob("*.py")
              for key in re.findall(r'key="(refused\.\w+)"', path.read_text(encoding="utf-8"))}  # fmt: skip
    assert raised <= keys
    for lang in LANGUAGES:
        assert all(i18n.words(lang)[key] for key in keys)


# ---------------------------------------------------------------- what is handed on


MOVES = {
    "count": [("edges", (1, 3)), ("as_of", dt.date(2025, 3, 1))],
    "amount": [("measure", "total"), ("edges", (10.5, 200))],
    "level": [("rules", (LevelRule("regular"), LevelRule("vip", 500, None, 0.75)))],
    "rfm": [("method", "fixed"), ("edges", {"recency": (30,), "frequency": (2,), "monetary": (300,)})],
    "time": [("unit", "days"), ("edges", (30, 90))],
}


@pytest.mark.parametrize("theme", MOVES)
def test_the_call_under_a_picture_gives_what_it_shows(shop, quick, theme):
    explorer = widgets.explore(shop, theme)
    for name, value in MOVES[theme]:
        explorer.controls[name].value = value
    assert explorer.message.value == ""
    *imports, call = [line for line in explorer.call.splitlines() if line]
    names = {"shop": shop}
    exec("\n".join(imports), names)
    again = eval(call, names)
    pd.testing.assert_frame_equal(again, explorer.result)
    assert again.attrs == explorer.result.attrs
    assert "shop" in call
    assert explorer.call.splitlines()[-1] in words_of(explorer._code.value)


def test_a_call_leaves_out_what_was_not_chosen(shop, quick):
    explorer = widgets.explore(shop, "count", "sleeping")
    assert explorer.call == "from memberlib.themes import count\n\ncount.sleeping(shop)"
    explorer.controls["days"].value = 30
    explorer.controls["as_of"].value = dt.date(2025, 3, 1)
    assert explorer.call.splitlines()[-1] == 'count.sleeping(shop.at("2025-03-01"), days=30)'


@pytest.mark.parametrize(("theme", "view"), VIEWS)
def test_without_a_browser_the_cell_shows_the_picture_the_settings_and_the_table(shop, theme, view):
    explorer = widgets.explore(shop, theme, view=view)
    data = bundle_of(explorer)
    assert "application/vnd.jupyter.widget-view+json" in data
    shown = data["text/html"]
    if themes.theme(theme).analysis(view).chart is not None:
        assert shown.startswith('<img src="data:image/png;base64,')
    else:
        assert "<img" not in shown
    assert "<table" in shown
    assert "As of:" in shown
    assert explorer.call.splitlines()[-1] in shown.replace("&quot;", '"')
    assert "<style" not in shown  # JupyterLab takes it out of what it does not trust
    assert len(data["text/plain"]) < 80
    assert set(explorer.controls) == {one.name for one in themes.theme(theme).analysis(view).options} | {
        "as_of"
    }


def test_a_view_is_explored_by_name_by_place_and_by_its_analysis(shop, quick):
    ways = [
        widgets.explore(shop, "count", "sleeping"), widgets.explore(shop, "count", view="sleeping"),
        widgets.explore(shop, sleeping),
    ]  # fmt: skip
    assert {explorer.result.attrs["view"] for explorer in ways} == {"sleeping"}
    assert widgets.explore(shop, "level").result.attrs["view"] == "flow"
    assert level_theme.flow.view.name == "flow"


def test_unknown_names_are_refused(shop):
    with pytest.raises(InputError, match="no theme"):
        widgets.explore(shop, "weather")
    with pytest.raises(InputError, match="has no view"):
        widgets.explore(shop, "rfm", view="weather")


# ---------------------------------------------------------------- what is saved


def test_a_saved_notebook_holds_what_a_control_showed_last():
    view, last = jupyter.WIDGET_VIEW, jupyter.LAST_SHOWN
    shown = {"output_type": "display_data", "metadata": {}}
    outputs = [
        {**shown, "data": {last: {"model_id": "1f", "html": "<p>moved</p>"}}},
        {**shown, "metadata": {view: {}}, "data": {view: {"model_id": "1f"}, "text/html": "<p>first</p>"}},
        {**shown, "data": {view: {"model_id": "2e"}, "text/html": "<p>as made</p>"}},
        {**shown, "data": {view: {"model_id": "3d"}, "text/plain": "a foreign one"}},
        {"output_type": "stream", "name": "stdout", "text": "said"},
    ]
    cells = [{"cell_type": "markdown", "source": "x"}, {"cell_type": "code", "outputs": outputs}]
    jupyter.save_static(
        model={"type": "notebook", "content": {"cells": cells}}, path="x", contents_manager=None
    )
    kept = cells[1]["outputs"]
    assert [one.get("data", {}).get("text/html") for one in kept] == [
        "<p>moved</p>",
        "<p>as made</p>",
        None,
        None,
    ]
    assert view not in kept[0]["data"]
    assert kept[0]["metadata"] == {}
    assert view in kept[2]["data"]  # it has nothing to stand in its place
    jupyter.save_static(model={"type": "file", "content": "text"})


def test_a_notebook_in_a_browser_is_told_what_is_shown(shop, monkeypatch):
    told = []
    monkeypatch.setattr(
        "memberlib.widgets.explorer.publish_display_data", lambda data, **how: told.append((data, how))
    )
    explorer = widgets.explore(shop, "count", "sleeping")
    bundle_of(explorer)
    assert not told  # no browser, no second output
    monkeypatch.setenv("JPY_SESSION_NAME", "x.ipynb")
    model = bundle_of(explorer)[jupyter.WIDGET_VIEW]["model_id"]
    explorer.controls["days"].value = 30
    (first, how), (second, more) = told
    assert (how["update"], more["update"]) == (False, True)
    assert how["transient"] == more["transient"]
    assert first[jupyter.LAST_SHOWN]["model_id"] == second[jupyter.LAST_SHOWN]["model_id"] == model
    assert "days=30" in second[jupyter.LAST_SHOWN]["html"]


# ---------------------------------------------------------------- a shop, and Tab


@pytest.mark.parametrize(("lang", "members"), [("en", "Members"), ("zh", "会员"), ("zh-Hant", "會員")])
def test_a_store_shows_itself_as_a_card(shop, lang, members):
    with i18n.speaking(lang):
        card = shop._repr_html_()
        said = words_of(card)
        assert members in said
        assert i18n.day(shop.as_of) in said
    assert "Tea &amp; &lt;Co&gt;" in card
    assert "<style" not in card
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", card)
    assert cells[1:] == [str(shop.member_count), "160", "0"]  # a store made from frames has no version


PUBLIC = (
    "memberlib", "memberlib.charts", "memberlib.findings", "memberlib.i18n", "memberlib.lake", "memberlib.results",
    "memberlib.tables", "memberlib.themes", "memberlib.widgets", "memberlib.bands", "memberlib.calendar",
    "memberlib.indicators", "memberlib.levels", "memberlib.rfm",
    *(f"memberlib.themes.{name}" for name in themes.names()),
)  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_tab_shows_a_module_s_public_names_alone(name):
    module = importlib.import_module(name)
    names = set(dir(module))
    said = getattr(module, "__all__", None)
    if said is not None:
        assert names == set(said)
    assert all(hasattr(module, one) for one in names)
    assert not [one for one in names if one.startswith("_") and one != "__version__"]
    imported = {
        "annotations",
        "Any",
        "TYPE_CHECKING",
        "Callable",
        "Sequence",
        "pd",
        "np",
        "ibis",
        "importlib",
    }
    assert not names & imported


def test_choices_are_literals_and_types_are_handed_on():
    assert (Path(memberlib.__file__).parent / "py.typed").is_file()
    for theme in themes.all_themes():
        for view in theme.analyses:
            for option in view.options:
                if not isinstance(option.kind, Choice) or option.kind.other:
                    continue
                said = inspect.signature(view.function).parameters[option.name].annotation
                names = vars(importlib.import_module(view.function.__module__))
                found = eval(said, dict(names))
                while typing.get_origin(found) is typing.Annotated:
                    found = typing.get_args(found)[0]
                assert typing.get_args(found) == option.kind.choices, (view.analysis, option.name)
    assert typing.get_args(tables.Format) == tables.FORMATS
