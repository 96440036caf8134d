"""What holds for every view of every theme, on every engine: one test over the registry instead of one per theme."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import subprocess
import sys
import warnings
from typing import Any

import pandas as pd
import pytest
import shops_by_hand
from questions import questions

from memberlib import charts, findings, i18n, results, tables, themes
from memberlib.errors import InputError
from memberlib.figures import figure
from memberlib.settings import Settings, settings_from
from memberlib.store import Store, store_from
from memberlib.theme import Choice, Day, Edges, Number, View, Whole

VIEWS = [view for theme in themes.all_themes() for view in theme.analyses]
every_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.theme}-{view.name}")
AS_OF = dt.date(2024, 12, 31)
ABOUT = {
    "analysis", "theme", "view", "store", "shop", "as_of", "base", "counts", "currency", "churn_days", "params",
    "limits", "row_count",
}  # fmt: skip


# ---------------------------------------------------------------- questions


def asked(view: View, store: Store, **options: Any) -> Any:
    """The result, or the one line that says why there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ibis warns of what its own parts have deprecated
        try:
            return view(store, **options)
        except InputError as error:
            assert "\n" not in str(error)
            return str(error)


def first_answer(view: View, store: Store) -> pd.DataFrame:
    """The first question of a view that it answers."""
    for options in questions(view):
        found = asked(view, store, **options)
        if not isinstance(found, str):
            return found
    raise AssertionError(f"{view.name} answers none of its questions")


# ---------------------------------------------------------------- shops


def trades(rows: list[tuple[str, str | None, str, float]], **more: Any) -> Store:
    frame = pd.DataFrame(rows, columns=["order_id", "member_id", "paid_at", "paid_amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_at"])
    return store_from(frame.assign(status="completed"), as_of=AS_OF, **more)


SHOPS = {
    "empty": lambda: trades([]),
    "one member": lambda: trades([("1", "a", "2024-05-05 10:00", 80.0)]),
    "all ties": lambda: trades([(str(n), f"m{n}", "2024-05-05 10:00", 80.0) for n in range(40)]),
    "guests only": lambda: trades([(str(n), None, f"2024-05-{n:02d} 10:00", 80.0) for n in range(1, 29)]),
}


@pytest.fixture(scope="module")
def rich() -> Store:
    return store_from(
        **shops_by_hand.GIVEN,
        settings=settings_from({**shops_by_hand.STAYS, "name": "Corner $hop", "currency": "GBP"}),
    )


@pytest.fixture(scope="module")
def large() -> Store:
    """Enough members for every view to say something."""
    orders, items = shops_by_hand.many_orders()
    return store_from(
        orders, items=items, settings=Settings(name={"en": "Tea", "zh": "茶室"}, currency="CNY")
    )


# ---------------------------------------------------------------- columns, types, degenerate shops


def shape(result: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in result.dtypes.items()}


@every_view
def test_columns_have_the_types_that_their_names_say(view: View, rich: Store) -> None:
    result = first_answer(view, rich)
    assert set(result.attrs) >= ABOUT
    assert (result.attrs["analysis"], result.attrs["theme"], result.attrs["view"]) == (
        view.analysis, view.theme, view.name,
    )  # fmt: skip
    for name, kind in shape(result).items():
        assert kind == figure(name).dtype, f"{name} is {kind}"
        assert figure(name).unit != "text" or kind in ("str", "object"), f"{name} does not say its unit"
    assert json.loads(json.dumps(result.attrs)) == result.attrs, "attrs are plain"


@every_view
@pytest.mark.parametrize("kind", SHOPS)
def test_a_degenerate_shop_has_the_same_columns(view: View, kind: str, rich: Store) -> None:
    store = SHOPS[kind]()
    for options in questions(view)[:2]:
        result = asked(view, store, **options)
        if isinstance(result, str):
            continue
        assert shape(result) == shape(first_answer(view, rich))
        assert tables.text(result, lang="en") and tables.show(result, lang="zh")._repr_html_()
        assert all(one.text("zh") and one.text("en") for one in findings.read(result))
        assert findings.headline(result, "zh-Hant")
        if view.chart:
            charts.picture(charts.draw(result, lang="zh"))
    with pytest.raises(InputError, match="has no option 'nothing'"):
        view(store, nothing=1)


@every_view
def test_shares_are_of_one_whole(view: View, rich: Store) -> None:
    for options in questions(view):
        result = asked(view, rich, **options)
        if isinstance(result, str) or not len(result):
            continue
        for part in ("member", "order"):
            count, share = result.get(f"{part}_count"), result.get(f"{part}_share")
            if count is not None and share is not None and "top_share" not in result:
                wholes = {round(float(n / s), 6) for n, s in zip(count, share, strict=True) if s and s > 0}
                assert len(wholes) <= 1, f"{part}_share has several wholes: {wholes}"
                assert share.dropna().between(0, 1).all()
        if view.parts:
            assert result[view.parts].sum() == result.attrs["base"]


# ---------------------------------------------------------------- time


def later_rows(orders: pd.DataFrame) -> pd.DataFrame:
    extra = pd.DataFrame(
        {"order_id": ["later1", "later2"], "member_id": ["a", "newcomer"], "paid_amount": [5_000.0, 7.0],
         "refund_amount": 0.0, "status": "completed", "region": "south",
         "paid_at": pd.to_datetime(["2025-03-01 10:00", "2025-07-01 10:00"])}
    )  # fmt: skip
    return pd.concat([orders, extra.assign(created_at=extra["paid_at"])], ignore_index=True)


@every_view
def test_later_rows_change_nothing(view: View) -> None:
    day, given = dt.date(2024, 6, 30), shops_by_hand.GIVEN
    before = store_from(given["orders"], items=given["items"], as_of=day)
    after = store_from(later_rows(given["orders"]), items=given["items"], as_of=day)
    for options in questions(view)[:2]:
        one, other = asked(view, before, **options), asked(view, after, **options)
        if isinstance(one, str):
            assert one == other
        else:
            pd.testing.assert_frame_equal(one, other, check_exact=True)
            assert one.attrs == other.attrs


@every_view
def test_asked_twice_it_is_the_same_to_the_byte(view: View) -> None:
    made = []
    for _ in range(2):
        store = store_from(**shops_by_hand.GIVEN, settings=settings_from(shops_by_hand.STAYS))
        result = first_answer(view, store)
        made.append((results.to_json(result), tables.show(result)._repr_html_()))
    assert made[0] == made[1]


# ---------------------------------------------------------------- words, options, pictures


@every_view
def test_every_word_is_there(view: View, rich: Store) -> None:
    result = first_answer(view, rich)
    for lang in i18n.LANGUAGES:
        words = i18n.words(lang)
        assert words[f"theme.{view.theme}"] and words[f"{view.key}.name"]
        assert tables.how(result, lang), f"how {view.name} is counted is not said in {lang}"
        for option in view.options:
            assert words[f"{view.theme}.option.{option.name}.name"]
            assert words[f"{view.theme}.option.{option.name}.help"]
            if isinstance(option.kind, Choice):
                group = option.kind.words or f"{view.theme}.option.{option.name}"
                assert all(words[f"{group}.{one}"] for one in option.kind.choices)
        for name in result.columns:
            assert name in ("lower", "upper") or f"label.{name}" in words, (
                f"no word for column {name} in {lang}"
            )


@pytest.mark.parametrize("theme", themes.all_themes(), ids=lambda theme: theme.name)
def test_every_finding_has_its_words_and_no_words_are_left_over(theme: Any) -> None:
    codes = {finder.__name__ for view in theme.analyses for finder in view.finders}
    words = i18n.words("en")
    spoken = {
        key.split(".")[2]
        for key in words
        if key.startswith(f"{theme.name}.finding.") and key.endswith(".evidence")
    }
    assert codes == spoken
    for lang in i18n.LANGUAGES:
        here = i18n.words(lang)
        for key, text in words.items():
            if key.startswith(f"{theme.name}."):
                assert _places(here[key]) == _places(text), f"{key} in {lang} has other figures"


def _places(text: str) -> set[str]:
    """Figures a text names; a share in words of members stands for the share."""
    import re

    return {re.sub(r"_(members|orders)$", "", name) for name in re.findall(r"\{(\w+)\}", text)} - {
        "n", "members", "orders", "items", "rows",
    }  # fmt: skip


WRONG: dict[type, list[Any]] = {
    Whole: ["x", -1, 1.5, True, 10**10, float("nan")],
    Number: ["x", float("nan"), float("inf"), -1e9],
    Edges: ["x", [], [2, 1], [0], [float("nan")], [-1, 2]],
    Choice: ["no such word", 3.5],
    Day: ["tomorrow", "2026-02-30"],
}


@every_view
def test_a_wrong_option_is_one_line_that_names_it(view: View, rich: Store) -> None:
    for option in view.options:
        if isinstance(option.kind, Choice) and option.kind.other:
            continue
        for value in WRONG.get(type(option.kind), []):
            with pytest.raises(InputError) as caught:
                view(rich, **{option.name: value})
            said = str(caught.value)
            assert "\n" not in said and (option.name in said or option.name.rstrip("s") in said), said


@every_view
@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_it_draws_in_every_language(view: View, lang: str, large: Store) -> None:
    result = first_answer(view, large)
    if view.chart is None:
        with pytest.raises(InputError, match="has no picture"):
            charts.draw(result)
        return
    figure = charts.draw(result, lang=lang).figure
    figure.draw_without_rendering()
    wide, high = figure.canvas.get_width_height()
    for text in figure.findobj(
        lambda one: hasattr(one, "get_text") and one.get_text().strip() and one.get_visible()
    ):
        box = text.get_window_extent()
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= wide + 1 and box.y1 <= high + 1, text.get_text()
    charts.picture(figure)


# ---------------------------------------------------------------- travelling


@every_view
def test_it_survives_files(view: View, rich: Store, tmp_path: Any) -> None:
    result = first_answer(view, rich)
    if "member_id" in result:  # of these, what travels as JSON is what is shown
        result = result.drop(columns="member_id")
    result.to_parquet(tmp_path / "r.parquet")
    result.to_feather(tmp_path / "r.feather")
    result.to_pickle(tmp_path / "r.pkl")
    result.to_csv(tmp_path / "r.csv", index=False)
    result.to_excel(tmp_path / "r.xlsx", index=False)
    (tmp_path / "r.json").write_text(results.to_json(result), encoding="utf-8")
    for ending in ("parquet", "feather", "pkl", "json", "csv", "xlsx"):
        again = results.read_result(tmp_path / f"r.{ending}")
        pd.testing.assert_frame_equal(again, result, check_exact=ending != "xlsx", rtol=1e-14, obj=ending)
        if ending not in ("csv", "xlsx"):
            assert again.attrs == result.attrs, ending
    assert pickle.loads(pickle.dumps(result)).attrs == result.attrs


# ---------------------------------------------------------------- the registry


def test_importing_a_theme_loads_neither_pandas_nor_ibis() -> None:
    code = (
        "import sys; from memberlib import themes; themes.all_themes();"
        "print([m for m in ('pandas', 'ibis', 'numpy', 'duckdb', 'matplotlib') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[]", ran.stdout + ran.stderr


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="no theme 'colour'; choose among headline, level, time"):
        themes.theme("colour")
    with pytest.raises(InputError, match="has no view 'x'; choose among bands, sleeping"):
        themes.theme("count").analysis("x")
    assert themes.theme("rfm").analysis("segments") is themes.theme("rfm").analysis()
