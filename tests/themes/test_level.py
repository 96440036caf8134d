"""Levels now, under other rules, what discounts cost, who is close: by hand, against a walk from trade to trade."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import reference_levels_rfm as ref
from hypothesis import given, settings
from hypothesis import strategies as st
from results_by_hand import made, parts
from spoken import any_figures, check_said, check_words, codes, only

from memberlib import findings, i18n, levels, tables, widgets
from memberlib.errors import InputError
from memberlib.results import from_data, to_data
from memberlib.settings import LevelRule, Settings, settings_from
from memberlib.store import Store, connection, store_from

CON = connection()
COURSE = [
    {"level": "regular"},
    {"level": "advanced", "amount": 1000, "orders": 5, "discount": 0.9},
    {"level": "vip", "amount": 3000, "orders": 10, "discount": 0.8},
]
OWN = Settings(level_rules=tuple(LevelRule(**rule) for rule in COURSE))
many = settings(max_examples=ref.EXAMPLES)


def shop(rows: list[tuple[str | None, str, Any]], members: Any = None, **more: Any) -> Store:
    """A shop from (member, day, amount), by the course's rules."""
    made = pd.DataFrame(rows, columns=["member_id", "paid_at", "paid_amount"])
    made["paid_at"] = pd.to_datetime(made["paid_at"])
    made["order_id"] = [f"o{n:03d}" for n in range(len(made))]
    more.setdefault("settings", OWN)
    return store_from(made.assign(status="completed"), members=members, con=CON, **more)


ROWS = [
    ("spends", "2026-01-05", 999.99),
    ("spends", "2026-02-05", 0.01),  # 1000 exactly
    ("often", "2026-01-05", 10),
    ("often", "2026-02-05", 10),
    ("often", "2026-03-05", 10),
    ("often", "2026-04-05", 10),
    ("often", "2026-05-05", 10),  # the fifth
    ("almost", "2026-05-05", 999.99),
    ("rich", "2026-06-30", 4000),
    (None, "2026-06-30", 9000),
]


def test_structure_by_hand() -> None:
    found = levels.structure(shop(ROWS))
    columns = [
        "level",
        "member_count",
        "member_share",
        "order_count",
        "amount",
        "mean_order_amount",
        "repeat_share",
    ]
    assert found[columns].values.tolist() == [
        ["regular", 1, 0.25, 1, 999.99, 999.99, 0.0],
        ["advanced", 2, 0.5, 7, 1050.0, 150.0, 1.0],
        ["vip", 1, 0.25, 1, 4000.0, 4000.0, 0.0],
    ]
    assert found["order_share"].tolist() == [1 / 9, 7 / 9, 1 / 9]
    assert found["amount_share"].tolist() == pytest.approx([999.99 / 6049.99, 1050 / 6049.99, 4000 / 6049.99])
    assert found["discount"].tolist() == [1.0, 0.9, 0.8]
    said = {
        "analysis": "structure", "theme": "level", "store": "shop", "as_of": "2026-06-30", "base": 4,
        "counts": "members", "currency": "USD", "level_source": "rules", "list_level_count": 0,
        "manual_count": 0, "buyer_count": 4, "kept_count": 0, "rules_source": "shop", "has_levels": True, "notes": [],
        "params": {"rules": [{"amount": None, "orders": None, "discount": 1.0, **rule} for rule in COURSE],
                   "rules_from": None},
    }  # fmt: skip
    assert {name: found.attrs[name] for name in said} == said


MEMBERS = pd.DataFrame(
    {
        "member_id": ["spends", "often", "almost", "idle", "friend", "blank"],
        "level": ["vip", "regular", None, "advanced", "supreme", None],
        "level_manual": [False, False, True, False, True, False],
    }
)


def test_the_member_lists_levels_are_used_where_it_has_them() -> None:
    found = levels.structure(shop(ROWS, MEMBERS)).set_index("level")
    # regular: often (list), almost and blank (by rules); advanced: idle; vip: spends (list), rich (rules)
    assert found["member_count"].to_dict() == {"regular": 3, "advanced": 1, "vip": 2, "supreme": 1}
    assert found["order_count"].to_dict() == {"regular": 6, "advanced": 0, "vip": 3, "supreme": 0}
    assert pd.isna(found.loc["advanced", "repeat_share"]) and pd.isna(
        found.loc["advanced", "mean_order_amount"]
    )
    assert found.loc["vip", "repeat_share"] == 0.5
    assert found.loc["supreme", "discount"] == 1.0
    attrs = found.attrs
    assert (attrs["base"], attrs["buyer_count"], attrs["list_level_count"], attrs["manual_count"]) == (
        7,
        4,
        4,
        1,
    )
    assert attrs["level_source"] == "list"


def test_a_list_of_a_later_day_is_not_looked_at() -> None:
    now, before = shop(ROWS, MEMBERS), shop(ROWS, MEMBERS, as_of="2026-06-29")
    assert levels.structure(now).attrs["level_source"] == "list"
    found = levels.structure(before)
    # rich has not bought yet; the six of the list are known, their levels are not
    assert found[["level", "member_count"]].values.tolist() == [["regular", 4], ["advanced", 2], ["vip", 0]]
    assert (found.attrs["level_source"], found.attrs["manual_count"], found.attrs["base"]) == ("rules", 0, 6)
    cost = levels.discount_cost(before, rules=[{"level": "regular"}, {"level": "advanced", "orders": 2}])
    assert cost["level"].tolist() == ["regular", "advanced"]


def test_flow_under_other_rules_by_hand() -> None:
    other = [{"level": "regular"}, {"level": "advanced", "amount": 2000, "orders": 1, "discount": 0.95}]
    found = levels.flow(shop(ROWS, MEMBERS), rules=other)
    assert found[["level_from", "level_to", "member_count", "amount", "move"]].values.tolist() == [
        ["regular", "regular", 1, 0.0, "same"],  # blank, who never bought
        ["regular", "advanced", 2, 1049.99, "up"],  # often, almost
        ["advanced", "advanced", 1, 0.0, "same"],  # idle
        ["vip", "advanced", 2, 5000.0, "down"],  # spends, rich
        ["vip", "vip", 0, 0.0, "same"],
        ["supreme", "supreme", 1, 0.0, "same"],  # friend, by hand
    ]
    assert found["member_share"].tolist() == [count / 7 for count in found["member_count"]]
    attrs = found.attrs
    assert (attrs["up_count"], attrs["same_count"], attrs["down_count"], attrs["kept_count"]) == (2, 3, 2, 2)
    assert (attrs["base"], attrs["manual_count"], attrs["level_source"]) == (7, 1, "list")
    assert (attrs["assumption"], attrs["rules_source"]) == ("everyone_has_traded_again", "trial")
    # by today's rules no order had a discount; by these, often's four later ones and spends' second
    assert found["cost_now_amount"].tolist() == [0.0] * 6
    assert found["cost_new_amount"].tolist() == pytest.approx([0, 2, 0, 0.0005, 0, 0], abs=1e-4)
    assert attrs["extra_amount"] == attrs["cost_new_amount"] == pytest.approx(2.0005)
    after = levels.structure(shop(ROWS, MEMBERS), rules=other).set_index("level")["member_count"]
    assert after.to_dict() == {"regular": 1, "advanced": 5, "supreme": 1}


def test_a_level_changes_only_with_a_trade_under_the_new_rules() -> None:
    easy = [{"level": "regular"}, {"level": "vip", "orders": 1}]
    store = shop([("before", "2026-03-31", 10), ("on", "2026-04-01", 10), ("after", "2026-05-01", 10)])
    found = levels.flow(store, rules=easy, rules_from=dt.date(2026, 4, 1))
    assert found[found.member_count > 0][["level_from", "level_to", "member_count"]].values.tolist() == [
        ["regular", "regular", 1],
        ["regular", "vip", 2],
    ]
    assert found.attrs["assumption"] == "traded_since_rules_from"
    assert found.attrs["kept_count"] == 1
    assert found.attrs["params"]["rules_from"] == "2026-04-01"
    late = levels.flow(store, rules=easy, rules_from=dt.date(2026, 5, 2))
    assert late.attrs["up_count"] == 0 and late.attrs["kept_count"] == 3


def test_a_manual_level_outranks_every_rule() -> None:
    members = pd.DataFrame(
        {"member_id": ["rich", "almost"], "level": ["regular", "vip"], "level_manual": [True, True]}
    )
    store = shop(ROWS, members)
    easy = [{"level": "regular"}, {"level": "supreme", "orders": 1}]
    found = levels.flow(store, rules=easy).set_index(["level_from", "level_to"])["member_count"]
    assert found["regular", "regular"] == 1 and found["vip", "vip"] == 1
    cost = levels.discount_cost(store).set_index("level")
    assert cost.loc["vip", ["order_count", "amount", "cost_amount"]].tolist() == [
        1,
        999.99,
        pytest.approx(199.998),
    ]


def test_discount_cost_by_hand() -> None:
    rows = [
        ("a", "2025-06-30", 500),  # a year and a day before: counts towards the level only
        ("a", "2025-07-01", 500),  # before it: 500, regular
        ("a", "2026-01-01", 100),  # before it: 1000, advanced
        ("a", "2026-06-30", 3000),  # advanced still: its own amount does not count yet
        ("a", "2026-06-30", 50),  # before it: 4100, vip
    ]
    found = levels.discount_cost(shop(rows))
    assert found.values.tolist() == [
        ["regular", 1, 500.0, 1.0, 0.0, 0.0],
        ["advanced", 2, 3100.0, 0.9, 310.0, 0.1],
        ["vip", 1, 50.0, 0.8, 10.0, 0.2],
    ]
    attrs = found.attrs
    assert (attrs["base"], attrs["counts"], attrs["from_on"]) == (4, "orders", "2025-07-01")
    assert (attrs["amount"], attrs["cost_amount"], attrs["assumption"]) == (3650.0, 320.0, "same_orders")
    assert attrs["cost_share"] == pytest.approx(320 / 3650)
    assert levels.discount_cost(shop(rows), days=1)["order_count"].tolist() == [0, 1, 1]
    assert levels.discount_cost(shop(rows), days=36_500)["order_count"].tolist() == [2, 2, 1]
    nothing = levels.discount_cost(shop(rows), rules=[{"level": "regular"}])
    assert nothing.values.tolist() == [["regular", 4, 3650.0, 1.0, 0.0, 0.0]]


def test_orders_of_one_moment_are_taken_by_their_id() -> None:
    rows = pd.DataFrame(
        {
            "order_id": ["1", "2"],
            "member_id": "a",
            "paid_at": pd.Timestamp("2026-01-05"),
            "paid_amount": [1000.0, 7.0],
            "status": "completed",
        }
    )
    for given_rows in (rows, rows[::-1]):
        found = levels.discount_cost(store_from(given_rows, settings=OWN, con=CON)).set_index("level")
        assert found["amount"].to_dict() == {"regular": 1000.0, "advanced": 7.0, "vip": 0.0}


@pytest.mark.parametrize(("number", "amount"), [(2, 0.2), (6, 0.6), (10, 1)])
def test_a_threshold_met_exactly_by_many_small_sums_is_met(number: int, amount: float) -> None:
    # in binary 0.3 − 0.1 is below 0.2, and ten times 0.1 is below 1
    store = shop([("a", f"2026-01-{day:02d}", 0.1) for day in range(1, number + 2)])
    met = [{"level": "regular"}, {"level": "advanced", "amount": amount, "discount": 0.5}]
    cost = levels.discount_cost(store, rules=met).set_index("level")
    assert cost["order_count"].to_dict() == {"regular": number, "advanced": 1}
    last = shop([("a", f"2026-01-{day:02d}", 0.1) for day in range(1, number + 1)])
    assert levels.structure(last, rules=met)["member_count"].tolist() == [0, 1]


@pytest.mark.parametrize("rows", [[], [(None, "2026-01-05", 10.0)]])
def test_a_shop_without_members_has_rows_and_no_shares(rows: list[Any]) -> None:
    store = shop(rows, as_of="2026-01-31")
    found = levels.structure(store)
    assert found["level"].tolist() == ["regular", "advanced", "vip"]
    assert found["member_count"].sum() == 0 and found.attrs["base"] == 0
    shares = ["member_share", "order_share", "amount_share", "mean_order_amount", "repeat_share"]
    assert found[shares].isna().all(axis=None)
    flow = levels.flow(store, rules=COURSE)
    assert flow["move"].tolist() == ["same"] * 3 and flow["member_share"].isna().all()
    cost = levels.discount_cost(store)
    assert cost["cost_share"].isna().all() and cost.attrs["cost_share"] is None


def test_members_who_never_bought_hold_the_lowest_level() -> None:
    store = shop([], pd.DataFrame({"member_id": ["a", "b"]}), as_of="2026-01-31")
    found = levels.structure(store)
    assert found["member_count"].tolist() == [2, 0, 0]
    assert found.attrs["buyer_count"] == 0


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "none given"),
        ([{"level": "gold"}], "'gold' is not a level"),
        ([{"level": "regular"}, {"level": "vip"}], "needs an amount"),
        ("advanced=x", "'x' is not a number"),
        ("advanced=1,2,3,4", "amount, orders, discount"),
    ],
)
def test_rules_that_do_not_hold_together_are_refused_in_one_line(rules: Any, said: str) -> None:
    store = shop(ROWS)
    for analysis in (levels.structure, levels.flow, levels.discount_cost, levels.near_levels):
        with pytest.raises(InputError, match=said) as caught:
            analysis(store, rules=rules)
        assert "rule" in str(caught.value) and "\n" not in str(caught.value)


def test_other_mistakes_are_refused_in_one_line() -> None:
    store = shop(ROWS)
    with pytest.raises(InputError, match="give these rules too"):
        levels.structure(store, rules_from=dt.date(2026, 1, 1))
    with pytest.raises(InputError, match="other rules"):
        levels.flow(store)
    strange = pd.DataFrame({"member_id": ["x"], "level": ["gold"]})
    with pytest.raises(InputError, match="'gold' is not a level"):
        levels.structure(shop(ROWS, strange))


AMOUNTS = st.sampled_from([None, 0.01, 50, 50.01, 100, 333.33, 1000])
COUNTS = st.sampled_from([None, 1, 2, 3, 5])


@st.composite
def rule_sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rules that hold together: some of the levels, thresholds that rise."""
    made: list[dict[str, Any]] = [{"level": "regular", "discount": draw(st.sampled_from([1.0, 0.99]))}]
    amount, orders = 0.0, 0
    for level in draw(st.sampled_from([[], ["advanced"], ["vip"], ["advanced", "vip", "supreme"]])):
        rule: dict[str, Any] = {"level": level, "discount": draw(st.sampled_from([1.0, 0.9, 0.75]))}
        more, again = draw(AMOUNTS), draw(COUNTS)
        if more is None and again is None:
            again = 1
        if more is not None:
            amount = rule["amount"] = round(amount + more, 2)
        if again is not None:
            orders = rule["orders"] = orders + again
        made.append(rule)
    return made


@many
@given(
    ref.shops(),
    rule_sets(),
    rule_sets(),
    st.sampled_from([None, 0, 2, 40, 300]),
    st.sampled_from([1, 30, 365]),
)
def test_levels_are_those_of_a_walk_from_trade_to_trade(
    drawn: Any, old: list[dict[str, Any]], new: list[dict[str, Any]], since: int | None, days: int
) -> None:
    rows, as_of = drawn
    own = Settings(level_rules=tuple(LevelRule(**rule) for rule in old))
    listed = ["a", "y", "z"]
    members = pd.DataFrame({"member_id": listed})
    store = store_from(ref.frame(rows), members=members, as_of=as_of, settings=own, con=CON)
    rules_from = None if since is None else ref.FIRST_DAY + dt.timedelta(days=since)
    now = ref.levels(rows, as_of, listed, old)
    then = ref.levels(rows, as_of, listed, old, new, rules_from)
    facts = ref.facts(rows, as_of)

    check_structure(levels.structure(store), now, facts)
    check_structure(levels.structure(store, rules=new, rules_from=rules_from), then, facts)

    flow = levels.flow(store, rules=new, rules_from=rules_from)
    got = {(row.level_from, row.level_to): row for row in flow.itertuples()}
    for pair, row in got.items():
        who = [member for member in now if (now[member], then[member]) == pair]
        step = ref.LEVELS.index(pair[1]) - ref.LEVELS.index(pair[0])
        assert row.member_count == len(who)
        assert row.member_share == len(who) / len(now)
        assert row.amount == pytest.approx(float(sum(facts[m][2] for m in who if m in facts)), abs=1e-4)
        assert row.move == ("up" if step > 0 else "down" if step < 0 else "same")
        assert len(who) or step == 0
    assert flow["member_count"].sum() == flow.attrs["base"] == len(now)
    year = [
        sum(cost for *_, cost in ref.discount_cost(rows, as_of, rules, 365).values()) for rules in (old, new)
    ]
    for side, cost in zip(("cost_now_amount", "cost_new_amount"), year, strict=True):
        assert flow[side].sum() == pytest.approx(float(cost), abs=1e-3)
        assert flow.attrs[side] == pytest.approx(float(cost), abs=1e-3)
    assert list(got) == sorted(got, key=lambda pair: [ref.LEVELS.index(level) for level in pair])

    cost = levels.discount_cost(store, rules=new, days=days)
    wanted = ref.discount_cost(rows, as_of, new, days)
    for row in cost.itertuples():
        count, amount, given_away = wanted.get(row.level, (0, 0, 0))
        assert row.order_count == count
        assert row.amount == pytest.approx(float(amount), abs=1e-4)
        assert row.cost_amount == pytest.approx(float(given_away), abs=1e-4)
    assert cost["order_count"].sum() == cost.attrs["base"] == sum(count for count, *_ in wanted.values())

    close: dict[str, list[tuple[int, int, float]]] = {rule["level"]: [] for rule in old[1:]}
    for _, count, total in facts.values():
        near = [rule for rule in old[1:] if ref.just_below(rule, total, count) != (False, False)]
        if near:
            close[near[-1]["level"]].append((*ref.just_below(near[-1], total, count), float(total)))
    for row in levels.near_levels(store).itertuples():
        here = close[row.level]
        assert (row.member_count, row.by_amount_count) == (len(here), sum(one for one, *_ in here))
        assert row.by_order_count == sum(other for _, other, _ in here)
        assert row.amount == pytest.approx(sum(total for *_, total in here), abs=1e-4)


def check_structure(found: pd.DataFrame, wanted: dict[str, str], facts: Any) -> None:
    assert found["member_count"].sum() == found.attrs["base"] == len(wanted)
    assert found["level"].tolist() == sorted(found["level"], key=ref.LEVELS.index)
    assert set(wanted.values()) <= set(found["level"])
    for row in found.itertuples():
        inside = [facts.get(member) for member, level in wanted.items() if level == row.level]
        buyers = [each for each in inside if each]
        orders = sum(count for _, count, _ in buyers)
        assert (row.member_count, row.order_count) == (len(inside), orders)
        assert row.amount == pytest.approx(float(sum(total for *_, total in buyers)), abs=1e-4)
        if buyers:
            assert row.repeat_share == sum(count >= 2 for _, count, _ in buyers) / len(buyers)
            assert row.mean_order_amount == pytest.approx(row.amount / orders)
        else:
            assert pd.isna(row.repeat_share) and pd.isna(row.mean_order_amount)


@settings(max_examples=30)
@given(ref.shops(), rule_sets(), st.sampled_from([0.5, 2]))
def test_easier_rules_move_nobody_down(drawn: Any, rules: list[dict[str, Any]], factor: float) -> None:
    rows, as_of = drawn
    own = Settings(level_rules=tuple(LevelRule(**rule) for rule in rules))
    store = store_from(ref.frame(rows), as_of=as_of, settings=own, con=CON)
    other = [
        {**rule, **({"amount": rule["amount"] * factor} if rule.get("amount") else {})} for rule in rules
    ]
    found = levels.flow(store, rules=other)
    assert found.attrs["down_count" if factor < 1 else "up_count"] == 0


# ---------------------------------------------------------------- shops without rules

EXAMPLE = {
    "en": "Example rules, not this shop's own",
    "zh": "示例规则，并非本店规则",
    "zh-Hant": "範例規則，並非本店規則",
}


def crowd() -> list[tuple[str | None, str, Any]]:
    """60 members who spent a little, 20 who spent a lot, and who have come back."""
    rows: list[tuple[str | None, str, Any]] = [(f"m{n}", "2026-01-05", 20) for n in range(60)]
    return rows + [(f"r{n}", f"2026-0{month}-05", 900) for n in range(20) for month in (2, 3)]


def every_view(store: Store, rules: Any = None) -> list[pd.DataFrame]:
    return [
        levels.structure(store, rules=rules), levels.discount_cost(store, rules=rules),
        levels.near_levels(store, rules=rules), levels.flow(store, rules=rules or levels.rules_to_try(store)),
    ]  # fmt: skip


@pytest.mark.parametrize("unset", [{}, {"level_rules": []}])
def test_a_shop_without_levels_is_told_nothing_and_shown_an_example(unset: dict[str, Any]) -> None:
    bare = settings_from(unset)
    assert bare.level_rules == ()
    store = shop(crowd(), settings=bare)
    shown = [*every_view(store), levels.flow(store)]
    assert [result.attrs["rules_source"] for result in shown] == ["example"] * 5
    assert not any(result.attrs["has_levels"] for result in shown)
    assert findings.read(shown) == []
    for lang, label in EXAMPLE.items():
        for result in shown:
            assert findings.headline(result, lang).startswith(label)
            assert label.lower() in i18n.caption(result.attrs, lang).lower()
            said = tables.how(result, lang)
            assert i18n.say("level.word.example_rules_how", lang) in said
    assert shown[0]["member_count"].tolist() == [60, 20, 0, 0]
    moved = shown[-1][shown[-1].member_count > 0]
    assert moved[["level_from", "level_to", "member_count", "move"]].values.tolist() == [
        ["none", "regular", 60, "same"], ["none", "advanced", 20, "up"],
    ]  # fmt: skip
    assert moved["cost_now_amount"].isna().all() and shown[-1].attrs["extra_amount"] is None


def test_rules_on_trial_say_so_and_are_no_finding_of_a_shop_without_levels() -> None:
    store, trial = shop(crowd(), settings=Settings()), COURSE[:2]
    for result in every_view(store, trial):
        assert result.attrs["rules_source"] == "trial"
        assert "trial rules" in i18n.caption(result.attrs, "en")
        assert "not the shop's own" in tables.how(result, "en")
        assert findings.read(result) == []
    own = levels.structure(shop(crowd()), rules=COURSE)
    assert own.attrs["rules_source"] == "shop" and own.attrs["notes"] == []


def test_levels_of_the_list_alone_are_read_without_any_rule() -> None:
    listed = pd.DataFrame(
        {"member_id": [f"r{n}" for n in range(20)] + ["m0"], "level": ["vip"] * 20 + ["regular"]}
    )
    store = shop(crowd(), listed, settings=Settings())
    found = levels.structure(store)
    assert found[["level", "member_count"]].values.tolist() == [["none", 59], ["regular", 1], ["vip", 20]]
    assert found["discount"].isna().all()
    assert (found.attrs["rules_source"], found.attrs["params"]["rules"]) == ("none", [])
    best = only(found, "level_money")
    assert (best.about["level"], best.evidence["level_share"]) == ("vip", 0.25)
    assert "none" not in json.dumps([dict(one.about) for one in findings.read(found)])
    assert (
        codes(levels.discount_cost(store))
        == codes(levels.near_levels(store))
        == codes(levels.flow(store))
        == []
    )
    down = levels.flow(store, rules=[{"level": "regular"}, {"level": "vip", "amount": 10_000}])
    assert only(down, "rules_move").wording == "text_down" and "rules_cost" not in codes(down)


def test_the_discount_alone_changes_a_flow_and_what_is_said_of_it() -> None:
    cheap = [COURSE[0], {**COURSE[1], "discount": 0.5}, COURSE[2]]
    store = shop([(f"r{n}", f"2026-0{month}-05", 600) for n in range(40) for month in (1, 2, 3, 4)])
    same, other = levels.flow(store, rules=COURSE), levels.flow(store, rules=cheap)
    assert same["member_count"].tolist() == other["member_count"].tolist()
    assert same.attrs["extra_amount"] == 0 and codes(same) == ["rules_still"]
    assert other.attrs["extra_amount"] == 40 * 1200 * 0.4
    found = only(other, "rules_cost")
    assert found.evidence["extra_amount"] == 19_200 and found.about["span"] == (365, "days")
    assert findings.headline(other, "en") == "0 up, 0 down; discounts would have cost $19.2k more"
    assert levels.flow(store, rules=cheap, days=30)["cost_new_amount"].sum() == 40 * 600 * 0.5
    cost = [levels.discount_cost(store, rules=rules).attrs["cost_amount"] for rules in (COURSE, cheap)]
    assert [other.attrs["cost_now_amount"], other.attrs["cost_new_amount"]] == cost, "one definition"


def test_controls_begin_at_the_shops_rules_or_at_the_example() -> None:
    assert levels.rules_to_try(shop(ROWS)) == OWN.level_rules
    store = shop(crowd(), settings=Settings())
    explorer = widgets.explore(store, "level")
    assert explorer.result.attrs["rules_source"] == "example"


def test_who_stands_just_below_a_level() -> None:
    rows = [
        ("close", "2026-01-05", 850),  # 150 short of 1000
        ("again", "2026-01-05", 920), *[("again", f"2026-01-0{n}", 1) for n in (6, 7, 8)],  # 77 and one order short
        *[("often", f"2026-01-0{n}", 10) for n in range(1, 5)],  # one order short of 5
        ("far", "2026-01-05", 799.99),
        ("there", "2026-01-05", 1000),
        ("rich", "2026-01-05", 2400),  # advanced, close to vip
        ("listed", "2026-01-05", 900), ("by hand", "2026-01-05", 900),
    ]  # fmt: skip
    listed = pd.DataFrame(
        {"member_id": ["listed", "by hand"], "level": ["vip", "regular"], "level_manual": [False, True]}
    )
    found = levels.near_levels(shop(rows, listed))
    assert found.values.tolist() == [
        ["advanced", 3, 3 / 8, 2, 2, 113.5, 850 + 923 + 40],
        ["vip", 1, 1 / 8, 1, 0, 600.0, 2400.0],
    ]
    assert (found.attrs["base"], found.attrs["params"]["near_share"]) == (8, 0.8)
    assert levels.near_levels(shop(rows, listed), near_share=0.95)["by_amount_count"].tolist() == [0, 0]
    stricter = replace(OWN, findings={"near_level_ratio": 0.95})
    assert levels.near_levels(shop(rows, listed, settings=stricter))["member_count"].tolist() == [2, 0]


# ---------------------------------------------------------------- what is found

RULES = [{"amount": None, "orders": None, "discount": 1.0, **rule} for rule in COURSE]
SHOPS_OWN: dict[str, Any] = {
    "has_levels": True,
    "rules_source": "shop",
    "params": {"rules": RULES, "days": 365},
}


def structure(
    members: list[int] | None = None, repeat: tuple[float | None, ...] = (0.2, 0.6, 0.9), **more: Any
) -> pd.DataFrame:
    members, orders, amounts = members or [400, 80, 20], [500, 400, 300], [30_000, 40_000, 30_000]
    columns: dict[str, list[Any]] = {
        "level": ["regular", "advanced", "vip"], "member_count": members, "member_share": parts(members),
        "buyer_count": members, "order_count": orders, "order_share": parts(orders), "amount": amounts,
        "amount_share": parts(amounts), "mean_order_amount": [60.0, 100.0, 100.0], "repeat_share": list(repeat),
        "discount": [1.0, 0.9, 0.8],
    }  # fmt: skip
    return made("structure", columns, sum(members), **(SHOPS_OWN | more))


def flow(up: int, down: int, extra: float | None = 0.0, **more: Any) -> pd.DataFrame:
    rows = [
        ("regular", "regular", 400, 20_000, "same"), ("regular", "advanced", up, 5_000 if up else 0, "up"),
        ("advanced", "regular", down, 2_000 if down else 0, "down"), ("advanced", "advanced", 100, 9_000, "same"),
    ]  # fmt: skip
    names = ["level_from", "level_to", "member_count", "amount", "move"]
    columns = dict(zip(names, map(list, zip(*[row for row in rows if row[2]], strict=True)), strict=True))
    base = sum(columns["member_count"])
    columns["member_share"] = parts(columns["member_count"])
    costs = {"order_amount": 30_000.0, "cost_now_amount": 900.0, "extra_amount": extra}
    costs["cost_new_amount"] = 900.0 + (extra or 0)
    return made("flow", columns, base, **(SHOPS_OWN | costs | {"rules_source": "trial"} | more))


def discount_cost(costs: list[float], **more: Any) -> pd.DataFrame:
    amounts = [50_000.0, 30_000.0, 20_000.0]
    columns = {
        "level": ["regular", "advanced", "vip"], "order_count": [500, 300, 100], "amount": amounts,
        "discount": [1.0, 0.9, 0.8], "cost_amount": costs,
        "cost_share": [c / a for c, a in zip(costs, amounts, strict=True)],
    }  # fmt: skip
    return made("discount_cost", columns, 900, "orders", **(SHOPS_OWN | more))


def near(count: int = 40, missing: float | None = 120.0, rule: Any = None, **more: Any) -> pd.DataFrame:
    own = {"level": "advanced", **({"amount": 1000, "orders": 5} if rule is None else rule)}
    columns = {
        "level": ["advanced", "vip"], "member_count": [count, 3], "member_share": [count / 400, 3 / 400],
        "by_amount_count": [count if missing else 0, 1], "by_order_count": [count // 2, 2],
        "mean_missing_amount": [missing, 300.0], "amount": [count * 800.0, 8_000.0],
    }  # fmt: skip
    return made(
        "near_levels", columns, 400, **(SHOPS_OWN | {"params": {"rules": [RULES[0], own, RULES[2]]}} | more)
    )


EXAMPLES: dict[str, Any] = {"rules_source": "example", "has_levels": False, "notes": ["example_rules"]}
CASES = [
    structure(), structure(repeat=(None, 0.5, None)), structure(params={}), structure([480, 20, 0]),
    structure([500, 0, 0]).head(1), structure([3, 4, 5]), structure([20, 300, 180]), structure([90, 80, 20]),
    structure(**EXAMPLES),
    flow(30, 2), flow(30, 0), flow(0, 30), flow(0, 0), flow(1, 0), flow(2, 4), flow(30, 2, 500.0), flow(30, 2, -500.0),
    flow(30, 2, None), flow(5, 0, **EXAMPLES), flow(0, 0, has_levels=False), flow(4, 0, has_levels=False),
    discount_cost([0.0, 3_000.0, 4_000.0]), discount_cost([0.0, 900.0, 0.0]), discount_cost([0.0, 0.0, 0.0]),
    discount_cost([5_000.0, 900.0, 0.0]), discount_cost([500.0, 0.0, 0.0]), discount_cost([0.0, 9.0, 0.0], **EXAMPLES),
    discount_cost([0.0, 9.0, 0.0], has_levels=False), discount_cost([0.0, 0.0, 0.0], has_levels=False),
    near(), near(missing=None, rule={"orders": 2}), near(rule={"amount": 1000}), near(0), near(**EXAMPLES),
    near(has_levels=False), near().head(0),
]  # fmt: skip


def test_the_lowest_level_names_the_step_above_it() -> None:
    found = only(structure(), "lowest_level")
    assert found.evidence == {
        "level_count": 400, "member_count": 500, "level_share": 0.8, "level_amount": 30_000, "amount": 100_000,
        "amount_share": 0.3,
    }  # fmt: skip
    assert (
        found.text("en") == "Four in five members are at the lowest level, Regular; they bring 30% of sales."
    )
    assert found.text("zh") == "每 5 位会员就有 4 位还在最低一级（普通会员），贡献了 30% 的销售额。"
    assert "¥1,000 in all, or 5 orders" in found.action_text("en")
    assert found.evidence_text("en") == "400 of 500 members; ¥30,000 of ¥100,000"
    assert (
        findings.headline(structure(), "en")
        == "80% of members are at the lowest level; they bring 30% of sales"
    )


def test_a_level_beyond_its_share_and_its_repeat_rate() -> None:
    found = only(structure(), "level_money")
    assert found.about["level"] == "vip", "20 of 500 members with 30 of 100 is 26 points beyond, advanced 24"
    assert found.evidence["money_ratio"] == pytest.approx(0.3 / 0.04)
    gap = only(structure(), "repeat_gap")
    assert (gap.evidence["repeat_low_share"], gap.evidence["repeat_high_share"]) == (0.2, 0.6)
    assert "repeat_gap" not in codes(structure(repeat=(0.5, 0.6, None)))
    assert "repeat_gap" not in codes(structure([24, 6, 0], (0.25, 0.6, None))), "chance alone does that"
    assert only(structure([480, 20, 0]), "empty_level").text("en") == "Nobody has reached VIP."


def test_other_rules_move_members_and_cost_what_they_cost() -> None:
    found = only(flow(30, 2), "rules_move")
    assert found.evidence["moved_share"] == 32 / 532 and found.evidence["moved_amount"] == 7_000
    assert found.text("en") == "Members moving under these rules: 30 up, 2 down."
    assert findings.headline(flow(30, 2), "en") + "." == found.text("en")
    assert found.action.endswith("action_down") and only(flow(30, 0), "rules_move").action.endswith("action")
    assert codes(flow(4, 0)) == [], "four are too few to speak of"
    dearer = only(flow(30, 2, 600.0), "rules_cost")
    assert (dearer.wording, dearer.evidence["extra_share"]) == ("text_dearer", 600 / 30_000)
    assert only(flow(0, 30, -600.0), "rules_cost").evidence["extra_amount"] == 600
    assert codes(flow(0, 0)) == ["rules_still"] and codes(flow(0, 0, 30.0)) == ["rules_still"]


def test_discounts_are_dear_from_the_threshold_on() -> None:
    found = only(discount_cost([0.0, 3_000.0, 4_000.0]), "discounts_dear")
    assert found.evidence["cost_share"] == pytest.approx(0.07)
    assert (found.about["level"], found.action) == ("vip", "level.finding.discounts_dear.action")
    assert only(discount_cost([5_000.0, 900.0, 0.0]), "discounts_dear").action.endswith("action_lowest")
    assert codes(discount_cost([0.0, 900.0, 0.0])) == ["discounts_fair"]
    assert codes(discount_cost([0.0, 0.0, 0.0])) == ["discounts_none"]
    none = {"rules": [{**rule, "discount": 1.0} for rule in RULES], "days": 365}
    assert codes(discount_cost([0.0, 0.0, 0.0], params=none)) == [], "rules without a discount give none"


def test_members_just_below_a_level_are_told_what_is_missing() -> None:
    found = only(near(), "near_level")
    assert (found.theme, found.about["level"], found.evidence["near_count"]) == ("level", "advanced", 40)
    assert "¥120 short on average" in found.action_text("en")
    assert only(near(missing=None, rule={"orders": 2}), "near_level").wording == "text_orders"
    assert codes(near(4)) == []


def test_a_result_is_read_alike_wherever_it_was() -> None:
    for result in every_view(shop(crowd())):
        again = from_data(to_data(result))
        assert findings.read(again) == findings.read(result)
        assert findings.headline(again, "zh") == findings.headline(result, "zh")


def test_every_word_is_said_and_reads_well(monkeypatch: pytest.MonkeyPatch) -> None:
    check_words("level", CASES, monkeypatch)


CHOICES: dict[str, list[Any]] = {"move": ["up", "down", "same"]}


@given(any_figures(CASES, CHOICES), st.sampled_from(i18n.LANGUAGES))
def test_no_figure_breaks_a_sentence(result: pd.DataFrame, lang: str) -> None:
    check_said(result, lang)
