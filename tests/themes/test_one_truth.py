"""Amount, count and headline: sentence, title, picture and table of one result say the same."""

import pytest
import reference as ref

from memberlib import charts, findings, i18n, tables
from memberlib.errors import InputError
from memberlib.settings import Settings
from memberlib.themes.amount import amount_bands, concentration, high_spenders
from memberlib.themes.count import count_bands, sleeping
from memberlib.themes.headline import headline

CALLS = [amount_bands, concentration, high_spenders, count_bands, sleeping, headline]


def shop(**own):
    """160 members, most with one order long ago, a few with many dear ones, twice as many orders as a year earlier."""
    rows = [(f"once{n}", f"2023-{1 + n % 12:02d}-11", 20 + n % 7) for n in range(140)]
    rows += [(f"often{n}", f"2024-{month:02d}-05", 90 + n) for n in range(20) for month in range(1, 13)]
    chosen = Settings(currency="GBP", amount_edges=(50,), findings=own)
    return ref.shop_of(rows, as_of="2024-12-31", settings=chosen)


@pytest.fixture(scope="module")
def plain():
    return shop()


@pytest.mark.parametrize(
    ("call", "code", "own"),
    [
        (amount_bands, "high_band", {"high_money_share": 0.999, "modal_share": 1.0}),
        (concentration, "concentrated", {"concentrated_share": 0.999}),
        (high_spenders, "spenders", {"spenders_share": 0.999}),
        (count_bands, "few_orders", {"few_share": 0.999, "frequent_money_share": 0.999}),
        (sleeping, "sleeping_few", {"sleeping_share": 1.0, "sleeping_money_share": 1.0, "min_cell": 150}),
        (headline, "figure_up", {"change_share": 99.0, "change_points_share": 1.0}),
    ],
)
def test_a_shops_own_limit_reaches_sentence_title_and_picture(plain, call, code, own):
    usual, other = call(plain), call(shop(**own))
    assert code in [one.code for one in findings.read(usual)]
    assert code not in [one.code for one in findings.read(other)]
    titles = [findings.headline(result, "en") for result in (usual, other)]
    assert titles[0] != titles[1]
    if call is not headline:
        for result, title in zip((usual, other), titles, strict=True):
            assert title in " ".join(_said(result)), "over the picture"


def _said(result):
    """Every text of a picture, in one line each."""
    return [
        " ".join(one.get_text().split()) for one in charts.draw(result, lang="en").figure.findobj(_is_text)
    ]


def _is_text(thing):
    return hasattr(thing, "get_text") and bool(thing.get_text().strip())


@pytest.mark.parametrize("call", CALLS)
def test_rows_taken_out_of_a_result_take_its_base_along(plain, call):
    result = call(plain)
    part = result[result.index % 2 == 0]
    assert "members with an order" in tables.text(result, lang="en").splitlines()[1]
    line, rows = tables.text(part, lang="en").splitlines()[1], i18n.counted(len(part), "rows", "en")
    assert "members" not in line and rows in line
    assert f"{len(part)} 行" in tables.text(part, lang="zh").splitlines()[1]
    with pytest.raises(InputError, match="rows were taken out of this result") as told:
        findings.read(part)
    assert "\n" not in str(told.value)
    if call is not headline:
        said = _said(part)
        assert any(rows in text for text in said)
        assert not any("members with an order" in text for text in said)


def test_rows_in_another_order_are_the_whole(plain):
    turned = count_bands(plain).iloc[::-1]
    assert "members with an order" in tables.text(turned, lang="en")
