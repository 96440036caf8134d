"""Scores, segments, audit, moves and regions: by hand, against a slow reference, and as laws."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import reference_levels_rfm as ref
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memberlib import rfm
from memberlib.errors import InputError
from memberlib.settings import Settings
from memberlib.store import Store, connection, store_from
from memberlib.themes.rfm.cuts import natural_breaks
from memberlib.themes.rfm.maps import eight_map

CON = connection()
METHODS = st.sampled_from(
    [("active", 2), ("median", 2), ("mean", 2), ("quantile", 5), ("quantile", 3), ("quantile", 10)]
)
MEASURES = ("recency", "frequency", "monetary")
many = settings(max_examples=ref.EXAMPLES)


def shop(rows: list[tuple[str | None, str, float]], as_of: str | None = None, **more: Any) -> Store:
    """A shop from (member, day, amount)."""
    made = pd.DataFrame(rows, columns=["member_id", "paid_at", "paid_amount"])
    made["paid_at"] = pd.to_datetime(made["paid_at"])
    made["order_id"] = [f"o{n}" for n in range(len(made))]
    regions = more.pop("regions", None)
    return store_from(made.assign(status="completed", region=regions), as_of=as_of, con=CON, **more)


# eight members, one per segment: recency cut 30, orders cut 1.5, amount cut 100
CORNERS = {
    "important_value": (10, 2, 500),
    "important_keep": (300, 2, 500),
    "important_develop": (10, 1, 500),
    "important_winback": (300, 1, 500),
    "general_value": (10, 2, 20),
    "general_keep": (300, 2, 20),
    "general_develop": (10, 1, 20),
    "general_winback": (300, 1, 20),
}
DAY = dt.date(2026, 6, 30)


def corners() -> Store:
    rows = []
    for name, (days, count, total) in CORNERS.items():
        last = DAY - dt.timedelta(days=days)
        rows += [(name, str(last), total / count)] * count
    return shop(rows, as_of=str(DAY))


@pytest.mark.parametrize("method", ["active", "median", "mean"])
def test_each_of_the_eight_segments_gets_the_member_that_is_made_for_it(method: str) -> None:
    found = rfm.members(corners(), method=method)
    assert dict(zip(found.member_id, found.segment, strict=True)) == {name: name for name in CORNERS}


def test_segments_by_hand() -> None:
    found = rfm.segments(corners(), method="median")
    assert found["segment"].tolist() == list(CORNERS) == list(rfm.SEGMENTS)
    assert found["member_count"].tolist() == [1] * 8
    assert found["member_share"].tolist() == [0.125] * 8
    assert found["sleeping_count"].tolist() == [0, 1] * 4
    assert found["order_count"].tolist() == [2, 2, 1, 1, 2, 2, 1, 1]
    assert found["amount"].tolist() == [500.0] * 4 + [20.0] * 4
    assert found["amount_share"].tolist() == pytest.approx([500 / 2080] * 4 + [20 / 2080] * 4)
    assert found["mean_recency_days"].tolist() == [10, 300] * 4
    assert found["mean_order_count"].tolist() == [2, 2, 1, 1] * 2
    assert found["mean_total_amount"].tolist() == [500.0] * 4 + [20.0] * 4
    said = {
        "analysis": "segments", "theme": "rfm", "store": "shop", "as_of": str(DAY), "base": 8, "counts": "members",
        "currency": "USD", "high_from": 2, "sampled": None,
        "params": {"method": "median", "scores": 2, "edges": None, "segment_map": "eight"},
        "edges": {"recency": [155.0], "frequency": [1.5], "monetary": [260.0]},
    }  # fmt: skip
    assert {name: found.attrs[name] for name in said} == said


def test_who_was_not_seen_for_455_days_is_never_recent() -> None:
    rows = [("gone", "2025-04-01", 900.0)] * 6 + [(f"m{n}", f"2026-06-{n + 10}", 10.0) for n in range(9)]
    store = shop(rows, as_of="2026-06-30")
    for method in rfm.METHODS:
        found = rfm.members(store, method=method).set_index("member_id")
        assert found.loc["gone", "recency_days"] == 455
        assert found.loc["gone", "r"] == 1, method
        assert found.loc["m8", "r"] == found["r"].max() > 1, method
        assert found.loc["gone", "segment"] == "important_keep", method


def test_a_value_on_an_edge_belongs_to_the_interval_below() -> None:
    edges = {"recency": [30, 90], "frequency": [1, 2], "monetary": [50, 100]}
    rows = [
        ("on", "2026-05-31", 50.0),
        ("above", "2026-05-30", 50.01),
        ("on2", "2026-04-01", 60.0),
        ("on2", "2026-04-01", 40.0),
        ("last", "2026-03-31", 100.01),
    ]
    store = shop(rows, as_of="2026-06-30")
    found = rfm.members(store, method="fixed", edges=edges).set_index("member_id")
    assert found.loc["on", ["recency_days", "r", "f", "m"]].tolist() == [30, 3, 1, 1]
    assert found.loc["above", ["recency_days", "r", "f", "m"]].tolist() == [31, 2, 1, 2]
    assert found.loc["on2", ["recency_days", "r", "f", "m"]].tolist() == [90, 2, 2, 2]
    assert found.loc["last", ["recency_days", "r", "f", "m"]].tolist() == [91, 1, 1, 3]
    rows = rfm.score_edges(store, method="fixed", edges=edges)
    assert rows[["measure", "score", "lower", "upper", "member_count", "tied_count"]].values.tolist() == [
        ["recency", 3, None, 30, 1, 1],
        ["recency", 2, 30, 90, 2, 1],
        ["recency", 1, 90, None, 1, 0],
        ["frequency", 1, None, 1, 3, 3],
        ["frequency", 2, 1, 2, 1, 1],
        ["frequency", 3, 2, None, 0, 0],
        ["monetary", 1, None, 50, 1, 1],
        ["monetary", 2, 50, 100, 2, 1],
        ["monetary", 3, 100, None, 1, 0],
    ]


def test_an_edge_met_through_a_mean_is_met_exactly() -> None:
    # 0.1 + 0.1 + 0.1 is not 0.3 in binary, so that a mean without rounding would call all three big spenders
    store = shop([(name, "2026-01-05", 0.1) for name in "abc"])
    assert rfm.score_edges(store, method="mean").query("measure == 'monetary'")["member_count"].tolist() == [
        3,
        0,
    ]


def test_all_members_alike_share_every_score() -> None:
    store = shop([(f"m{n}", "2026-01-05", 80.0) for n in range(7)])
    for method in ("active", "median", "mean", "quantile", "jenks"):
        found = rfm.members(store, method=method)
        assert found[["r", "f", "m"]].drop_duplicates().values.tolist() == [[found["r"].max(), 1, 1]]
        assert (
            rfm.segments(store, method=method)
            .set_index("segment")["member_count"]
            .to_dict()["general_develop"]
            == 7
        )


def test_audit_by_hand() -> None:
    # frequency: 4 members with 1 trade, 1 with 3; quintile edges 1, 1, 1, 1.4
    rows = [(name, f"2026-01-{10 + n}", 10.0 * (n + 1)) for n, name in enumerate("abcd")]
    store = shop(
        [*rows, *[("e", "2026-01-20", 5.0)] * 3], members=pd.DataFrame({"member_id": list("abcdefgh")})
    )
    found = rfm.audit(store, method="quantile").set_index("measure")
    assert found.attrs["edges"]["frequency"] == [1.0, 1.0, 1.0, 1.4]
    often = found.loc["frequency"]
    assert often["score_count"] == 5
    assert often["empty_score_count"] == 3
    assert often["repeated_edge_count"] == 2
    assert often["distinct_count"] == 2
    assert often["tied_share"] == 0.8
    assert often["largest_tie_count"] == 4
    assert often["edge_tied_count"] == 4
    assert often["largest_score_share"] == 0.8
    assert often["scored_share"] == 5 / 8
    assert often["ntile_split_count"] == 4
    money = found.loc["monetary"]
    assert money[["distinct_count", "empty_score_count", "ntile_split_count", "tied_share"]].tolist() == [
        5,
        0,
        0,
        0,
    ]
    assert found.attrs["base"] == 5
    assert found.attrs["known_count"] == 8


def test_ntile_would_split_equals_that_a_score_keeps_together() -> None:
    rows = [(f"m{n}", "2026-01-05", 10.0) for n in range(10)]
    found = rfm.audit(shop(rows), method="median").set_index("measure")
    assert found["ntile_split_count"].to_dict() == dict.fromkeys(["recency", "frequency", "monetary"], 10)
    assert found["largest_score_share"].tolist() == [1.0] * 3
    # NTILE(2) of five makes parts of three and two, the worst three first: 30, 20, 10 | 10, 5 days
    days = {"a": 30, "b": 20, "c": 10, "d": 10, "e": 5}
    uneven = shop(
        [(who, str(DAY - dt.timedelta(days=back)), 5.0) for who, back in days.items()], as_of=str(DAY)
    )
    found = rfm.audit(uneven, method="median").set_index("measure")
    assert found["ntile_split_count"].to_dict() == {"recency": 2, "frequency": 5, "monetary": 5}


def test_moves_by_hand() -> None:
    # by 31 January: a (2 trades, 20) and b (1, 50); by 30 June: a silent, b back, c new
    rows = [("a", "2026-01-05", 10.0), ("a", "2026-01-20", 10.0), ("b", "2026-01-10", 50.0),
            ("b", "2026-06-01", 50.0), ("c", "2026-06-30", 10.0)]  # fmt: skip
    store = shop(rows)
    found = rfm.moves(store, days=150, method="median")
    assert found.values.tolist() == [
        # b: unseen for 21 days > 16, 1 trade, 50 > 35; then for 29 and 2 trades = the medians, 100 > 20
        ["important_winback", "important_develop", 1, 100.0],
        # a: unseen for 11 days, 2 trades > 1.5, 20; then for 161 days > 29, 2 and 20 = the medians
        ["general_value", "general_winback", 1, 20.0],
        ["none", "general_develop", 1, 10.0],
    ]
    assert found.attrs["before"] == "2026-01-31"
    assert found.attrs["before_edges"] == {"recency": [16.0], "frequency": [1.5], "monetary": [35.0]}
    assert (found.attrs["moved_count"], found.attrs["stayed_count"], found.attrs["new_count"]) == (2, 0, 1)


def test_moves_before_the_first_order_are_all_from_nowhere() -> None:
    found = rfm.moves(corners(), days=5_000)
    assert found["segment_from"].unique().tolist() == ["none"]
    assert found["member_count"].sum() == found.attrs["new_count"] == 8
    with pytest.raises(InputError, match="days"):
        rfm.moves(corners(), days=0)
    with pytest.raises(InputError, match="from 1 to 36500"):
        rfm.moves(corners(), days=900_000)


def test_moves_at_a_time_when_only_guests_had_bought() -> None:
    store = shop([(None, "2026-01-01", 5.0), ("a", "2026-05-01", 5.0)])
    assert rfm.moves(store, days=30)[["segment_from", "member_count"]].values.tolist() == [["none", 1]]


def test_region_is_the_lists_else_that_of_the_last_trade_that_names_one() -> None:
    rows = [("a", "2026-01-01", 10.0), ("a", "2026-02-01", 10.0), ("b", "2026-01-01", 30.0),
            ("b", "2026-01-01", 30.0), ("c", "2026-03-01", 40.0), ("d", "2026-03-02", 7.0)]  # fmt: skip
    members = pd.DataFrame({"member_id": ["c", "d", "x"], "region": ["Devon", None, "Kent"]})
    store = shop(rows, regions=["Kent", None, "Kent", "Devon", "Kent", None], members=members)
    found = rfm.regions(store)
    # b traded twice at one moment: the later order id decides
    assert found.values.tolist() == [
        ["Devon", 2, (60 + 1) / 2, 1.5, 50.0, 100.0],
        ["Kent", 1, 29.0, 2.0, 20.0, 20.0],
    ]
    assert (found.attrs["base"], found.attrs["no_region_count"]) == (4, 1)
    one = rfm.regions(store, segment="important_develop")
    assert one["region"].tolist() == ["Devon"]
    assert one["member_count"].sum() == one.attrs["base"] == 1
    with pytest.raises(InputError, match="not in the map"):
        rfm.regions(store, segment="champions")


def test_eleven_segments_partition_five_scores() -> None:
    store = shop([(f"m{n}", f"2026-{1 + n % 6:02d}-{1 + n % 28:02d}", 10.0 + n * n) for n in range(60)] +
                 [(f"m{n}", "2026-06-30", 9.0) for n in range(0, 60, 3)])  # fmt: skip
    found = rfm.segments(store, method="quantile", segment_map="eleven")
    assert len(found) == 11 and found["member_count"].sum() == 60
    best = rfm.members(store, method="quantile", segment_map="eleven").query("segment == 'champions'")
    assert len(best) and (best[["r", "f", "m"]] >= [5, 4, 4]).all(axis=None)
    with pytest.raises(InputError, match="made for 5 scores and these are 2"):
        rfm.segments(store, segment_map="eleven")


def test_a_map_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "segment,r_min,r_max,f_min,f_max,m_min,m_max\nthere,2,2,1,2,1,2\ngone,1,1,1,2,1,2\n",
        encoding="utf-8-sig",
    )
    from_file = rfm.segments(corners(), segment_map=path)
    assert from_file[["segment", "member_count"]].values.tolist() == [["there", 4], ["gone", 4]]
    assert from_file.attrs["params"]["segment_map"] == str(path)
    given_frame = rfm.segments(corners(), segment_map=pd.read_csv(path))
    assert given_frame["member_count"].tolist() == [4, 4]
    assert given_frame.attrs["params"]["segment_map"] == "given"


WHOLE = [("one", 1, 1, 1, 2, 1, 2), ("two", 2, 2, 1, 2, 1, 2)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("one", 1, 1, 1, 2, 1, 2)],
            "4 of 8 score combinations have no segment, the first is R 2, F 1, M 1",
        ),
        (
            [*WHOLE, ("three", 2, 2, 2, 2, 1, 2)],
            "2 of 8 .* two rows, the first is R 2, F 2, M 1 \\('two' and 'three'\\)",
        ),
        ([("one", 1, 3, 1, 2, 1, 2)], "r_max 3 is not a score from 1 to 2"),
        ([("one", 0, 2, 1, 2, 1, 2)], "r_min 0 is not a score"),
        ([("one", 2, 1, 1, 2, 1, 2)], "r_min 2 is above r_max 1"),
        ([("one", 1.5, 2, 1, 2, 1, 2)], "r_min 1.5 is not a score"),
        ([("one", "x", 2, 1, 2, 1, 2)], "r_min x is not a score"),
        ([("one", None, 2, 1, 2, 1, 2)], "is not a score"),
        ([("", 1, 2, 1, 2, 1, 2)], "no name"),
        ([("none", 1, 2, 1, 2, 1, 2)], "'none'"),
        ([], "no row"),
    ],
)
def test_a_map_with_a_fault_is_refused_in_one_line(rows: list[Any], said: str) -> None:
    frame = pd.DataFrame(rows, columns=["segment", "r_min", "r_max", "f_min", "f_max", "m_min", "m_max"])
    with pytest.raises(InputError, match=said) as caught:
        rfm.check_map(frame, 2)
    assert "\n" not in str(caught.value)


def test_a_map_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    store = corners()
    with pytest.raises(InputError, match="no segment map"):
        rfm.segments(store, segment_map="twelve")
    with pytest.raises(InputError, match="f_min is missing"):
        rfm.check_map(pd.DataFrame({"segment": ["x"], "r_min": [1], "r_max": [2]}), 2)
    for content in (b"", b"\xff\xfe\x00\x81", b"a,b\n1,2,3\n4", b'"'):
        path = tmp_path / "bad.csv"
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            rfm.segments(store, segment_map=path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"method": "ntile"}, "choose one of active, median"),
        ({"method": "quantile", "scores": 1}, "2 to 10"),
        ({"method": "jenks", "scores": 11}, "2 to 10"),
        ({"method": "quantile", "scores": 2.5}, "2 to 10"),
        ({"edges": {"recency": [1], "frequency": [1], "monetary": [1]}}, "'fixed'"),
        (
            {"method": "fixed", "edges": {"recency": [30, 30], "frequency": [1, 2], "monetary": [1, 2]}},
            "recency edges",
        ),
        (
            {"method": "fixed", "edges": {"recency": [30], "frequency": [2, 1], "monetary": [1]}},
            "frequency edges",
        ),
        (
            {"method": "fixed", "edges": {"recency": [30], "frequency": ["x"], "monetary": [1]}},
            "not a number",
        ),
        ({"method": "fixed", "edges": {"recency": [30], "frequency": [1]}}, "three lists"),
        ({"method": "fixed", "edges": {"recency": "30", "frequency": [1], "monetary": [1]}}, "recency edges"),
        ({"method": "fixed", "edges": {"recency": [30], "frequency": [1], "monetary": []}}, "monetary edges"),
        (
            {"method": "fixed", "edges": {"recency": [3, 9], "frequency": [1], "monetary": [1]}},
            "equally many",
        ),
        (
            {"method": "fixed", "scores": 5, "edges": {"recency": [3], "frequency": [1], "monetary": [1]}},
            "make 2 scores",
        ),
    ],
)
def test_a_choice_that_cannot_be_used_is_refused_in_one_line(asked: dict[str, Any], said: str) -> None:
    for analysis in (rfm.segments, rfm.score_edges, rfm.audit, rfm.members, rfm.moves, rfm.regions):
        with pytest.raises(InputError, match=said) as caught:
            analysis(corners(), **asked)
        assert "\n" not in str(caught.value)


def test_fixed_without_edges_takes_the_shops_own() -> None:
    own = Settings(time_edges_months=(2, 6), count_edges=(1, 4), amount_edges=(50.0, 99.5))
    rows = [("a", "2026-06-30", 10.0), ("b", "2026-01-05", 80.0)]
    store = shop(rows, settings=own)
    assert rfm.segments(store, method="fixed").attrs["edges"] == {
        "recency": [61.0, 183.0], "frequency": [1.0, 4.0], "monetary": [50.0, 99.5]
    }  # fmt: skip
    with pytest.raises(InputError, match="shop's own edges: recency 1, frequency 2"):
        rfm.segments(
            shop(rows, settings=Settings(time_edges_months=(2,), count_edges=(1, 4))), method="fixed"
        )


def test_edges_may_be_words_as_at_the_prompt() -> None:
    words = {"recency": ["30"], "frequency": ["1"], "monetary": ["100"]}
    assert rfm.segments(corners(), method="fixed", edges=words)["member_count"].tolist() == [1] * 8


@pytest.mark.parametrize("method", rfm.METHODS)
@pytest.mark.parametrize("rows", [[], [(None, "2026-01-05", 10.0)]])
def test_a_shop_without_buyers_has_every_row_and_no_share(method: str, rows: list[Any]) -> None:
    store = shop(rows, as_of="2026-01-31")
    found = rfm.segments(store, method=method)
    assert found["member_count"].tolist() == [0] * 8
    assert found["amount"].tolist() == [0.0] * 8
    shares = found[
        ["member_share", "amount_share", "mean_recency_days", "mean_order_count", "mean_total_amount"]
    ]
    assert shares.isna().all(axis=None)
    assert found.attrs["base"] == 0
    assert rfm.members(store, method=method).empty
    assert rfm.moves(store, method=method).empty
    assert rfm.regions(store, method=method).empty
    assert rfm.score_edges(store, method=method)["member_count"].sum() == 0
    audit = rfm.audit(store, method=method)
    assert audit["largest_score_share"].isna().all() and audit["ntile_split_count"].sum() == 0


@given(st.lists(st.integers(0, 40).map(lambda n: n / 4), min_size=1, max_size=11), st.integers(2, 5))
@example([1.0, 1.0, 1.0], 5)
@example([1e9 + 1, 1e9 + 2, 1e9 + 30, 1e9 + 31], 2)
def test_natural_breaks_are_the_best_of_all_cuts(values: list[float], classes: int) -> None:
    edges = natural_breaks(np.sort(np.array(values)), classes)
    assert len(edges) == classes - 1
    assert list(edges) == sorted(edges)
    assert ref.breaks_cost(values, list(edges)) == pytest.approx(
        ref.least_breaks_cost(values, classes), abs=1e-9
    )
    if len(set(values)) > 1:  # the ends of the scale are always in use
        assert sum(value <= edges[0] for value in values) and sum(value > edges[-1] for value in values)


def test_natural_breaks_of_a_big_shop_rest_on_a_sample_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"m{n}", f"2026-01-{1 + n % 28:02d}", [1.0, 2.0, 90.0, 91.0, 400.0][n % 5]) for n in range(200)]
    store = shop(rows)
    exact = rfm.segments(store, method="jenks", scores=3)
    assert exact.attrs["sampled"] is None
    monkeypatch.setattr("memberlib.themes.rfm.cuts.JENKS_POINTS", 100)
    again = rfm.segments(shop(rows), method="jenks", scores=3)
    assert again.attrs["sampled"] == 100
    assert again.attrs["edges"]["monetary"] == exact.attrs["edges"]["monetary"] == [2.0, 91.0]


@settings(max_examples=25)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=30), st.integers(2, 10))
def test_quantile_edges_are_numpys_linear(cents: list[int], scores: int) -> None:
    store = shop([(f"m{n}", "2026-01-05", value / 100) for n, value in enumerate(cents)])
    edges = rfm.segments(store, method="quantile", scores=scores).attrs["edges"]["monetary"]
    wanted = np.quantile(np.array(cents) / 100, np.arange(1, scores) / scores, method="linear")
    assert edges == pytest.approx(wanted.tolist(), abs=1e-6)


REGIONS = {"a": "Surrey", "b": None, "z": "Kent"}


class Case:
    """A random shop, its reference, and what memberlib says of its members."""

    def __init__(self, drawn: tuple[list[dict[str, Any]], dt.date], how: tuple[str, int]) -> None:
        self.rows, self.as_of = drawn
        self.method, self.scores = how
        self.asked = {"method": self.method, "scores": self.scores}
        listed = pd.DataFrame({"member_id": list(REGIONS), "region": list(REGIONS.values())})
        self.store = store_from(ref.frame(self.rows), members=listed, as_of=self.as_of, con=CON)
        self.known = ref.facts(self.rows, self.as_of)
        self.members = rfm.members(self.store, **self.asked)

    def edges(self, known: Any) -> list[list[Any]]:
        columns = zip(MEASURES, zip(*known.values(), strict=True), strict=True)
        return [ref.edges_of(list(values), self.method, self.scores, name, 180) for name, values in columns]

    def segments(self, known: Any) -> dict[str, str]:
        if not known:
            return {}
        found = ref.scores_of(known, self.edges(known))
        return {who: ref.segment_of(*each, self.scores) for who, each in found.items()}


@many
@given(ref.shops(), METHODS, st.sampled_from(["edges", "moves", "regions"]))
@example(([], ref.FIRST_DAY), ("median", 2), "moves")
def test_all_that_rfm_says_is_the_references(drawn: Any, how: tuple[str, int], also: str) -> None:
    case = Case(drawn, how)
    check_members(case)
    check_segments(case)
    {"edges": check_edges, "moves": check_moves, "regions": check_regions}[also](case)


def check_members(case: Case) -> None:
    found, known = case.members, case.known
    assert found["member_id"].tolist() == sorted(known)
    wanted = ref.scores_of(known, case.edges(known)) if known else {}
    for row in found.itertuples():
        days, count, total = known[row.member_id]
        assert (row.recency_days, row.order_count, row.total_amount) == (days, count, float(total))
        assert (row.r, row.f, row.m) == wanted[row.member_id]
        assert row.segment == ref.segment_of(row.r, row.f, row.m, case.scores)


def check_segments(case: Case) -> None:
    found = rfm.segments(case.store, **case.asked).set_index("segment")
    assert found["member_count"].sum() == found.attrs["base"] == len(case.known)
    if not case.known:
        return
    for name, wanted in zip(MEASURES, case.edges(case.known), strict=True):
        assert found.attrs["edges"][name] == pytest.approx([float(edge) for edge in wanted], abs=1e-6)
    where = case.segments(case.known)
    for segment, row in found.iterrows():
        inside = [case.known[who] for who, name in where.items() if name == segment]
        assert (row["member_count"], row["order_count"]) == (
            len(inside),
            sum(count for _, count, _ in inside),
        )
        assert row["amount"] == pytest.approx(float(sum(total for *_, total in inside)), abs=1e-4)
        assert row["sleeping_count"] == sum(days > 180 for days, *_ in inside)
        if case.method == "active" and ref.is_recent(segment):
            assert row["sleeping_count"] == 0, "nobody asleep is ever called recent"
        if inside:
            assert row["mean_recency_days"] == pytest.approx(sum(days for days, *_ in inside) / len(inside))
        else:
            assert np.isnan(row["mean_total_amount"])
    assert found["amount_share"].sum() == pytest.approx(1)


def check_edges(case: Case) -> None:
    per_score = rfm.score_edges(case.store, **case.asked)
    audit = rfm.audit(case.store, **case.asked).set_index("measure")
    for place, (name, letter) in enumerate(zip(MEASURES, "rfm", strict=True)):
        mine, members = per_score[per_score["measure"] == name], case.members[letter]
        assert sorted(mine["score"]) == list(range(1, case.scores + 1))
        for row in mine.itertuples():
            assert row.member_count == (members == row.score).sum()
        assert audit.loc[name, "empty_score_count"] == case.scores - members.nunique()
        values = [who[place] for who in case.known.values()]
        assert audit.loc[name, "distinct_count"] == len(set(values))
        ranked = sorted(values, reverse=name == "recency")
        assert audit.loc[name, "ntile_split_count"] == ref.ntile_split(ranked, case.scores)
        if values:
            edges = set(ref.edges_of(values, case.method, case.scores, name, 180))
            on_edge = sum(value in edges for value in values)
            assert audit.loc[name, "edge_tied_count"] == mine["tied_count"].sum() == on_edge
            assert audit.loc[name, "tied_share"] == sum(values.count(v) > 1 for v in values) / len(values)
            assert audit.loc[name, "largest_tie_count"] == max(map(values.count, values))


def check_moves(case: Case) -> None:
    old = case.segments(ref.facts(case.rows, case.as_of - dt.timedelta(days=30)))
    wanted: dict[tuple[str, str], list[Any]] = {}
    for who, segment in case.segments(case.known).items():
        entry = wanted.setdefault((old.get(who, "none"), segment), [0, 0])
        entry[0] += 1
        entry[1] += case.known[who][2]
    found = rfm.moves(case.store, days=30, **case.asked)
    got = {(a, b): (count, amount) for a, b, count, amount in found.itertuples(index=False, name=None)}
    assert got == {pair: (n, pytest.approx(float(amount), abs=1e-4)) for pair, (n, amount) in wanted.items()}
    order = [*rfm.SEGMENTS, "none"]
    pairs = [(order.index(a), order.index(b)) for a, b in got]
    assert pairs == sorted(pairs)


def check_regions(case: Case) -> None:
    wanted: dict[str, list[Any]] = {}
    for who, trades in ref.trades_by_member(case.rows, case.as_of).items():
        named = [row["region"] for row in trades if row["region"]]
        region = REGIONS.get(who) or (named[-1] if named else None)
        if region:
            wanted.setdefault(region, []).append(case.known[who])
    found = rfm.regions(case.store).set_index("region")
    assert set(found.index) == set(wanted)
    for region, inside in wanted.items():
        row = found.loc[region]
        assert row["member_count"] == len(inside)
        assert row["amount"] == pytest.approx(float(sum(total for *_, total in inside)), abs=1e-4)
        assert row["mean_recency_days"] == pytest.approx(sum(days for days, *_ in inside) / len(inside))
        assert row["mean_order_count"] == pytest.approx(sum(count for _, count, _ in inside) / len(inside))
    assert (
        found["member_count"].sum() + found.attrs["no_region_count"] == found.attrs["base"] == len(case.known)
    )


@settings(max_examples=40)
@given(ref.shops(), st.sampled_from(["jenks", "fixed", "quantile"]))
def test_equals_share_a_score_and_better_is_never_scored_lower(drawn: Any, method: str) -> None:
    rows, as_of = drawn
    found = rfm.members(store_from(ref.frame(rows), as_of=as_of, con=CON), method=method)
    for column, letter, sign in (
        ("recency_days", "r", -1),
        ("order_count", "f", 1),
        ("total_amount", "m", 1),
    ):
        for (a, x), (b, y) in itertools.combinations(zip(found[column], found[letter], strict=True), 2):
            if a == b:
                assert x == y
            elif sign * a > sign * b:
                assert x >= y


@st.composite
def partitions(draw: st.DrawFn) -> tuple[pd.DataFrame, int]:
    """A cube of scores cut into boxes that leave nothing out and share nothing."""
    scores = draw(st.integers(2, 5))
    boxes = [[(1, scores)] * 3]
    for _ in range(draw(st.integers(0, 6))):
        box = boxes.pop(draw(st.integers(0, len(boxes) - 1)))
        side = draw(st.integers(0, 2))
        low, high = box[side]
        if low == high:
            boxes.append(box)
            continue
        cut = draw(st.integers(low, high - 1))
        boxes += [
            [*box[:side], (low, cut), *box[side + 1 :]],
            [*box[:side], (cut + 1, high), *box[side + 1 :]],
        ]
    rows = [(f"s{n}", *itertools.chain(*box)) for n, box in enumerate(boxes)]
    return pd.DataFrame(
        rows, columns=["segment", "r_min", "r_max", "f_min", "f_max", "m_min", "m_max"]
    ), scores


@given(partitions(), st.data())
def test_a_partition_passes_and_one_row_less_or_twice_does_not(case: Any, data: st.DataObject) -> None:
    table, scores = case
    cells = rfm.check_map(table, scores)
    assert cells[["r", "f", "m"]].values.tolist() == [
        list(cell) for cell in itertools.product(range(1, scores + 1), repeat=3)
    ]
    for row in table.itertuples():
        inside = cells[cells.r.between(row.r_min, row.r_max) & cells.f.between(row.f_min, row.f_max)
                       & cells.m.between(row.m_min, row.m_max)]  # fmt: skip
        assert inside["segment"].unique().tolist() == [row.segment]
    place = data.draw(st.integers(0, len(table) - 1))
    with pytest.raises(InputError, match="two rows"):
        rfm.check_map(pd.concat([table, table.iloc[[place]]]), scores)
    if len(table) > 1:
        with pytest.raises(InputError, match="no segment"):
            rfm.check_map(table.drop(index=place), scores)


@pytest.mark.parametrize("scores", range(2, 11))
def test_the_eight_are_a_partition_of_any_number_of_scores(scores: int) -> None:
    cells = rfm.check_map(eight_map(scores), scores)
    for r, f, m, segment in cells.itertuples(index=False):
        assert segment == ref.segment_of(r, f, m, scores)
    assert cells["segment"].nunique() == 8


def test_results_do_not_depend_on_the_order_of_rows_or_of_calls() -> None:
    rows = [
        (f"m{n % 17}", f"2026-{1 + n % 6:02d}-{1 + (n * 7) % 28:02d}", 0.1 * (1 + n % 13)) for n in range(120)
    ]
    there, back = shop(rows), shop(rows[::-1])
    for method in rfm.METHODS:
        pd.testing.assert_frame_equal(rfm.segments(there, method=method), rfm.segments(back, method=method))
    first = rfm.segments(there)
    first.loc[:, "member_count"] = -1
    assert rfm.segments(there)["member_count"].sum() == 17
