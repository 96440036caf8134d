"""Every picture in every language on awkward results: no letter is missing, no text meets another."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import warnings
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from made_up_results import CASES, ELEVEN
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.text import Text
from PIL import Image

from memberlib import charts, i18n, privacy
from memberlib.charts import lines, theme
from memberlib.charts.cells import cell_of
from memberlib.errors import InputError
from memberlib.results import FORM, MIME, answer
from memberlib.store import store_from

TITLES = {
    "en": "Two in three members have not bought for six months; the others spent NT$3,000 and $5 more",
    "zh": "三分之二的会员半年没有来买过，而回来的少数人每人花了 ¥3,000 以上，占全部销售额的一半",
    "zh-Hant": "三分之二的會員半年沒有來買過，而回來的少數人每人花了 NT$3,000 以上",
}


@pytest.fixture(autouse=True)
def _no_warning_and_no_figure_left():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


def _texts(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in shown]


def _overlap(one, other):
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return wide > 1.0 and high > 2.0


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_texts_lie_inside_and_apart(name, lang):
    chart, result = CASES[name]
    figure = getattr(charts, chart)(result, title=TITLES[lang], lang=lang).figure
    figure.draw_without_rendering()
    boxes = _texts(figure)
    for text, box in boxes:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert inside, f"'{text}' leaves the figure"
    for (text, box), (other, beside) in itertools.combinations(boxes, 2):
        assert not _overlap(box, beside), f"'{text}' meets '{other}'"


@pytest.mark.parametrize("name", CASES)
def test_no_code_and_no_lost_formula(name):
    chart, result = CASES[name]
    figure = getattr(charts, chart)(result, title=TITLES["en"], lang="zh").figure
    said = " ".join(text.get_text() for text in figure.findobj(Text))
    for code in ("important_", "general_", "winback", "nan", "None", "regular", "supreme"):
        assert code not in said
    assert "$" not in said.replace(r"\$", "")


def test_bars_are_as_long_as_the_shares_and_say_them():
    result = CASES["time"][1]
    ax = charts.bands(result, title="", lang="en")
    lengths = [bar.get_width() for bar in ax.patches]
    assert lengths == [*result["member_share"], *result["amount_share"]]
    said = [text.get_text() for text in ax.findobj(Text)]
    assert {"within 2 months", "46.9%", "  192 members", "21.7% of sales"} <= set(said)


def test_streams_and_cells_show_every_move():
    result = CASES["flow"][1]
    said = " ".join(text.get_text() for text in charts.flow(result, title="").findobj(Text))
    for count in ("310", "25", "17", "4,214", "588"):
        assert f"{count} members" in said
    cells = {text.get_text() for text in charts.moves(CASES["moves"][1], title="").findobj(Text)}
    assert {"40", "47", "5"} <= cells


def test_months_are_coloured_by_season_and_a_part_month_is_hollow():
    bars = charts.months(CASES["months"][1], title="").patches
    colours = [mpl.colors.to_hex(bar.get_facecolor(), keep_alpha=True) for bar in bars]
    assert colours[5] == colours[10] == theme.ACCENT + "ff"
    assert colours[1] == theme.SEASONS["slack"] + "ff" and colours[-1].endswith("00")


def test_the_packaged_font_draws_and_nothing_of_the_machine():
    used = findfont(FontProperties(family=list(theme.FAMILY)), fallback_to_default=False)
    assert used == theme.font_file() and Path(used).name == "NotoSansSC-Regular.otf"
    ax = charts.bands(CASES["time"][1], title="会员", lang="zh")
    for text in ax.figure.findobj(Text):
        if text.get_text():
            assert text.get_fontfamily()[0] == "Noto Sans SC"


def test_every_letter_of_the_words_is_in_the_font():
    from fontTools.ttLib import TTFont

    with TTFont(theme.font_file(), lazy=True) as font:
        known = set(font.getBestCmap())
    for lang in i18n.LANGUAGES:
        letters = {ord(sign) for text in i18n.words(lang).values() for sign in text if sign > " "}
        assert letters <= known


def test_a_machine_without_the_font_would_fail_the_other_tests():
    figure = plt.figure()
    figure.text(0.1, 0.5, "会员", family=["DejaVu Sans"])
    with pytest.raises(UserWarning, match="Glyph"):
        figure.draw_without_rendering()


def test_the_style_of_the_process_is_left_as_it_was():
    before = dict(mpl.rcParams)
    charts.week_hours(CASES["hours"][1], title="")
    charts.picture(charts.moves(CASES["moves"][1], title=""))
    assert dict(mpl.rcParams) == before


def test_use_style_gives_own_pictures_the_letters():
    with mpl.rc_context():
        charts.use_style()
        figure = plt.figure()
        figure.text(0.1, 0.5, "会员 −1")
        figure.draw_without_rendering()


def test_a_given_axes_is_drawn_on_and_its_figure_kept():
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4))
    chart, result = CASES["amount"]
    assert getattr(charts, chart)(result, left, TITLES["en"]) is left
    assert left.patches and not right.patches
    assert figure.get_size_inches().tolist() == [12, 4] and len(plt.get_fignums()) == 1
    assert "Two in three" in left.get_title(loc="left")


_names = list(CASES)


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("four", [_names[at : at + 4] for at in range(0, len(_names), 4)], ids=",".join)
def test_four_pictures_fit_a_grid_of_axes(four, lang):
    figure, axs = plt.subplots(2, 2)
    places = list(zip(four, axs.ravel(), strict=False))
    cells = {name: cell_of(ax) for name, ax in places}
    for name, ax in places:
        chart, result = CASES[name]
        getattr(charts, chart)(result, ax, TITLES[lang], lang=lang)
    plt.tight_layout()  # what people write by habit moves nothing
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    for name, ax in places:
        shown = [text for text in ax.findobj(Text) if text.get_visible() and text.get_text().strip()]
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown]
        x0, y0, x1, y1 = (
            side * length for side, length in zip(cells[name], figure.bbox.size.tolist() * 2, strict=True)
        )
        assert len(boxes) > 1
        for text, box in boxes:
            inside = box.x0 >= x0 - 1 and box.y0 >= y0 - 1 and box.x1 <= x1 + 1 and box.y1 <= y1 + 1
            assert inside, f"{name}: '{text}' leaves its cell"
        for (text, box), (other, beside) in itertools.combinations(boxes, 2):
            wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            high = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert wide <= 1.5 or high <= 0.25 * min(box.height, beside.height), (
                f"{name}: '{text}' meets '{other}'"
            )


def test_pictures_keep_below_the_title_of_their_figure_and_inside_axes_of_no_grid():
    figure, axs = plt.subplots(2, 2)
    figure.suptitle("A shop")
    charts.bands(CASES["count"][1], axs[0, 1], "x")
    title = axs[0, 1].title.get_figure().get_suptitle()
    assert title == "A shop" and cell_of(axs[0, 1])[3] < 0.95
    free = figure.add_axes((0.5, 0.1, 0.4, 0.3))
    assert cell_of(free) == pytest.approx((0.5, 0.1, 0.9, 0.4))
    charts.draw(CASES["count"][1], free)
    assert cell_of(free) == pytest.approx((0.5, 0.1, 0.9, 0.4)) and free.get_position().width < 0.4


def test_a_picture_is_the_same_bytes_sharp_and_lets_go_of_its_figure():
    chart, result = CASES["segments"]
    first, second = (charts.picture(getattr(charts, chart)(result, title="x")) for _ in range(2))
    assert first == second and not plt.get_fignums()
    assert first.startswith(b"\x89PNG") and b"Software" not in first and len(first) < 90_000
    width, height = (int.from_bytes(first[at : at + 4], "big") for at in (16, 20))
    assert width == 1280 and 600 < height < 1400
    ax = getattr(charts, chart)(result, title="x")
    charts.picture(ax, scale=1, close=False)
    assert plt.get_fignums()


def test_what_cannot_be_drawn_leaves_no_figure():
    result = CASES["time"][1].drop(columns="member_share")
    result.attrs = CASES["time"][1].attrs
    with pytest.raises(InputError, match=r"charts\.bands needs the column 'member_share'"):
        charts.bands(result, title="x")
    assert not plt.get_fignums()


def test_segment_colours_differ_and_rise_in_lightness():
    for codes in ([code for code in theme.SEGMENTS if code.startswith(("important", "general"))], ELEVEN):
        shades = [mpl.colors.to_rgb(theme.SEGMENTS[code]) for code in codes]
        light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in shades]
        assert len(set(shades)) == len(codes)
        assert sum(a < b for a, b in itertools.pairwise(light)) >= len(codes) - 2


def test_the_default_title_is_the_headline_of_the_findings():
    from memberlib import findings

    result = CASES["structure"][1]
    said = findings.headline(result)
    figure = charts.structure(result).figure
    assert said in " ".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize(
    ("member", "shown"), [("tb84620417", "tb***17"), ("C0417", "C***17"), ("ann", "a***"), (7, "7***")]
)
def test_ids_are_masked(member, shown):
    assert privacy.short(member) == shown


@given(st.lists(st.floats(-10, 10), max_size=8), st.floats(0.01, 3))
def test_spread_keeps_order_gap_and_bounds(places, gap):
    moved = lines.spread(places, gap, low=0.0, high=5.0)
    assert len(moved) == len(places)
    least = min(gap, 5.0 / max(len(places) - 1, 1))
    ordered = [place for _, place in sorted(zip(places, moved, strict=True))]
    assert all(b - a >= least - 1e-6 for a, b in itertools.pairwise(sorted(ordered)))
    assert all(-1e-6 <= place <= 5 + 1e-6 for place in moved)


@given(st.text(st.sampled_from("会员ab ，。1%（）"), min_size=1, max_size=60), st.floats(0.8, 4))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    wrapped = lines.wrap(text, width)
    assert all(theme.width_of(line) <= width for line in wrapped)
    if not any(line.endswith("…") for line in wrapped):
        assert "".join(wrapped).replace(" ", "") == text.replace(" ", "")


def test_chinese_never_begins_a_line_with_a_comma():
    wrapped = lines.wrap("会员半年没有来买过，而回来的少数人花了（平均）三千，占一半。" * 3, 2.0)
    assert len(wrapped) > 5
    assert not any(line[0] in "，。）" or line[-1] in "（" for line in wrapped)


def test_a_title_of_two_lines_parts_at_its_comma():
    assert lines.balanced(
        "三分之二的会员半年没有来买过，而回来的少数人每人花了三千元以上", 5.0, theme.TITLE
    ) == [
        "三分之二的会员半年没有来买过，",
        "而回来的少数人每人花了三千元以上",
    ]


@pytest.fixture(scope="module")
def shop():
    rows = [
        (at, at % 17 if at % 3 else at % 5, (3 * at if at % 4 else 130 + at % 20) % 365, 20 + 7 * (at % 31))
        for at in range(240)
    ]
    orders = pd.DataFrame(rows, columns=["order_id", "member_id", "day", "paid_amount"]).astype(
        {"order_id": str}
    )
    orders["member_id"] = "m" + orders["member_id"].astype(str)
    orders["paid_at"] = pd.Timestamp("2025-07-01 09:30") + pd.to_timedelta(orders["day"], unit="D")
    orders["region"] = [("浙江省", "Kent", None, "臺北市")[at % 4] for at in range(len(orders))]
    orders["status"] = "completed"
    items = orders.assign(
        line_id="1", product_id="p", product_name="$ tea", quantity=1, amount=orders["paid_amount"]
    )
    items["category"] = [("茶", "Hand-embroidered winter scarves")[at % 2] for at in range(len(items))]
    return store_from(
        orders.drop(columns="day"), items=items.drop(columns=["day", "paid_at", "status", "region"])
    )


@pytest.mark.parametrize("name", ["moves", "hours", "flow", "regions"])
def test_a_picture_stands_on_exact_white(name):
    chart, result = CASES[name]
    with Image.open(io.BytesIO(charts.picture(getattr(charts, chart)(result, title="x")))) as image:
        shown = image.convert("RGB")
        wide, high = shown.size
        corners = [(0, 0), (wide - 1, 0), (0, high - 1), (wide - 1, high - 1)]
        assert {shown.getpixel(corner) for corner in corners} == {(255, 255, 255)}


# ---------------------------------------------------------------- frames of nobody's


def _rows(**columns):
    return pd.DataFrame(columns)


MONTHS = [dt.date(2026, month, 1) for month in (1, 2, 3)]
LONG = "A very long name that nobody would give to a level of members, or would they"
GUESSED = {
    "interval and share": (
        _rows(lower=[None, 2], upper=[2, None], member_count=[3, 9], member_share=[0.25, 0.75]),
        2,
    ),
    "code and share": (_rows(level=["vip", "own"], member_share=[0.25, 0.75], member_count=[3, 9]), 2),
    "code and money": (_rows(level=["vip", LONG], amount=[1e12, -3.5]), 2),
    "all ties": (_rows(segment=["loyal", "lost", "recent"], member_count=[4, 4, 4]), 3),
    "one row": (_rows(region=["Kent"], order_count=[10**12]), 1),
    "text and mean": (_rows(good=["a", "b"], mean_recency_days=[3.5, 88.25]), 2),
    "month and count": (_rows(month=MONTHS, member_count=[3, 0, 10**9]), 3),
    "month and money": (_rows(month=MONTHS, amount=[5.5, 7.0, 0.0]), 3),
    "two codes": (
        _rows(level=["vip", "vip", LONG], segment=["loyal", "lost", "lost"], member_count=[1, 2, 10**7]),
        3,
    ),
    "month and code": (_rows(month=MONTHS * 2, level=["vip"] * 3 + ["own"] * 3, member_share=[0.1] * 6), 6),
    "from and to": (_rows(level_from=["a", "a"], level_to=["a", "b"], member_count=[4, 1]), 4),
    "members": (_rows(member_id=["tb1", "tb2"], amount=[4.0, 1.0]), 0),
    "empty": (_rows(level=["x"], member_count=[1]).iloc[:0], 0),
}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("name", GUESSED)
def test_any_small_frame_draws(name, lang):
    frame, marks = GUESSED[name]
    figure = (ax := charts.draw(frame, lang=lang)).figure
    figure.draw_without_rendering()
    assert len(ax.patches) == marks
    boxes = _texts(figure)
    assert boxes
    for text, box in boxes:
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1, f"'{text}' leaves the figure"
    for (text, box), (other, beside) in itertools.combinations(boxes, 2):
        assert not _overlap(box, beside), f"'{text}' meets '{other}'"


def test_an_analysis_that_nobody_registered_draws():
    found = answer({"level": ["vip", "own"], "member_share": [0.4, 0.6], "member_count": [4, 6]}, base=10)
    found.attrs |= {"analysis": "mine", "as_of": "2026-06-30", "counts": "members"}
    said = [text.get_text() for text in charts.draw(found, lang="en").figure.findobj(Text)]
    assert "mine" in said and "10 members·as of 30 Jun 2026" in said and "40.0%" in said


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        (_rows(a=["x"], b=["y"]), "nothing to draw"),
        (_rows(), "nothing to draw"),
        (_rows(member_count=[1, 2]), "nothing to draw"),
        (_rows(region=[f"r{at}" for at in range(100)], member_count=range(100)), "100 rows are too many"),
    ],
)
def test_what_has_nothing_to_draw_says_so_in_one_line(frame, line):
    with pytest.raises(InputError, match=line) as refused:
        charts.draw(frame)
    assert "\n" not in str(refused.value) and not plt.get_fignums()


def test_a_chart_refuses_the_result_of_another_analysis():
    with pytest.raises(
        InputError, match=r"charts\.sleeping draws a result of 'sleeping', not of 'count_bands'"
    ):
        charts.sleeping(CASES["count"][1])
    with pytest.raises(InputError, match="'headline' is a table and has no picture"):
        table = _rows(figure=["orders"], value=[3.0])
        table.attrs = {"theme": "headline", "analysis": "headline"}
        charts.draw(table)


def test_rows_taken_out_of_a_result_draw_under_its_name():
    result = CASES["count"][1].head(2)
    result.attrs = CASES["count"][1].attrs | {"row_count": 4}
    said = [text.get_text() for text in charts.draw(result, lang="en").figure.texts]
    assert said[0] == i18n.title(result.attrs, "en") and said[1].startswith("2 rows")


# ---------------------------------------------------------------- in a notebook


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    before = plt.get_backend()
    made = InteractiveShell.instance()
    plt.switch_backend("module://matplotlib_inline.backend_inline")
    from matplotlib_inline.backend_inline import configure_inline_support

    configure_inline_support(made, plt.get_backend())
    yield made
    plt.close("all")
    plt.switch_backend(before)
    InteractiveShell.clear_instance()


def test_a_notebook_gets_data_beside_the_picture(shell):
    result = CASES["count"][1]
    figure = charts.draw(result, title="Three $ in four", lang="zh").figure
    shown, size = shell.display_formatter.format(figure)
    assert set(shown) >= {"image/png", MIME}
    data = shown[MIME]
    assert data["shown"] == "picture" and data["form"] == FORM and data["title"] == "Three $ in four"
    about = json.loads(data["about"])
    assert about["theme"] == "count" and about["analysis"] == "count_bands" and about["as_of"] == "2026-06-30"
    assert data["alt"].startswith("条形图“Three $ in four”：") and "89.9%" in data["alt"]
    assert json.loads(json.dumps(data)) == data
    png = shown["image/png"]
    assert png == charts.picture(figure, close=False) and size["image/png"]["width"] == 640
    own = plt.figure()
    assert MIME not in shell.display_formatter.format(own)[0]


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("name", CASES)
def test_every_picture_is_told_in_one_sentence(name, lang):
    from memberlib.charts import shown

    chart, result = CASES[name]
    figure = getattr(charts, chart)(result, title="x", lang=lang).figure
    told = shown._ours[figure]["alt"]
    assert told.endswith("." if lang == "en" else "。") and "\n" not in told and len(told) < 400
    assert "{" not in told and "nan" not in told
