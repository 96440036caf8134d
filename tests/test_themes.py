"""The list of analyses: every entry leads somewhere, and every analysis with a picture draws its own result."""

import inspect
from pathlib import Path

import pandas as pd
import pytest

from memberlib import themes
from memberlib.errors import InputError
from memberlib.store import store_from

OTHER_RULES = [{"level": "regular"}, {"level": "vip", "orders": 2}]
ALL = [(theme, analysis) for theme in themes.THEMES for analysis in theme.analyses]


@pytest.fixture(scope="module")
def shop():
    days = pd.date_range("2025-01-01", periods=60, freq="6D")
    orders = pd.DataFrame(
        {
            "order_id": [str(n) for n in range(60)],
            "member_id": [f"m{n % 17}" for n in range(60)],
            "paid_at": days + pd.to_timedelta([n % 24 for n in range(60)], unit="h"),
            "paid_amount": [10.0 + 7 * (n % 13) for n in range(60)],
            "status": "completed",
            "region": [("north", "south", None)[n % 3] for n in range(60)],
        }
    )
    items = pd.DataFrame(
        {
            "order_id": orders.order_id,
            "line_id": "1",
            "category": [("tea", "cup")[n % 2] for n in range(60)],
            "amount": orders.paid_amount,
        }
    )
    return store_from(orders, items=items)


@pytest.mark.parametrize(("theme", "analysis"), ALL, ids=lambda value: getattr(value, "name", None))
def test_an_entry_answers_and_draws(shop, theme, analysis):
    options = {"rules": OTHER_RULES} if analysis.view == "flow" else {}
    result = analysis(shop, **options)
    assert result.attrs["analysis"] == analysis.name
    assert result.attrs["theme"] == theme.name
    assert {"store", "as_of", "base", "counts", "currency", "params"} <= set(result.attrs)
    if analysis.chart:
        assert analysis.draw(result).figure is not None
    else:
        with pytest.raises(InputError, match="has no picture"):
            analysis.draw(result)


def test_every_theme_has_its_notebook():
    folder = Path(__file__).parents[1] / "notebooks"
    assert all((folder / f"{theme.notebook}.ipynb").is_file() for theme in themes.THEMES)


def test_every_public_analysis_is_in_the_list():
    from memberlib import bands, calendar, levels, rfm

    listed = {analysis.function for _, analysis in ALL}
    for module in (bands, calendar, levels, rfm):
        public = getattr(module, "__all__", None) or [
            name
            for name, thing in vars(module).items()
            if getattr(thing, "__module__", "") == module.__name__
        ]
        for name in public:
            function = getattr(module, name)
            takes = list(inspect.signature(function).parameters) if inspect.isfunction(function) else []
            if takes[:1] == ["store"] and not name.startswith("_"):
                assert f"{module.__name__}:{name}" in listed


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="no theme 'colour'; choose among level, time"):
        themes.theme("colour")
    with pytest.raises(InputError, match="has no view 'x'; choose among bands, sleeping"):
        themes.theme("count").analysis("x")
    assert themes.theme("rfm").analysis("segments") == themes.theme("rfm").analysis()
