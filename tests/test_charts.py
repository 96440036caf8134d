"""Every picture in every language on awkward results: no letter is missing, no text meets another."""

from __future__ import annotations

import itertools
import warnings

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from made_up_results import CASES
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from memberlib import charts, i18n

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
