"""Levels now, under other rules, and what discounts cost: by hand, against a walk from trade to trade."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest
import reference_levels_rfm as ref
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib import levels
from memberlib.errors import InputError
from memberlib.settings import LevelRule, Settings
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
        "analysis": "structure", "theme": "level", "store": "shop", "as_of": dt.date(2026, 6, 30), "base": 4,
        "counts": "members", "currency": "USD", "level_source": "rules", "list_level_count": 0,
        "manual_count": 0, "buyer_count": 4, "kept_count": 0,
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
    assert attrs["assumption"] == "everyone_has_traded_again"
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
    assert found.attrs["params"]["rules_from"] == dt.date(2026, 4, 1)
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
    assert (attrs["base"], attrs["counts"], attrs["from_on"]) == (4, "orders", dt.date(2025, 7, 1))
    assert (attrs["amount"], attrs["cost_amount"], attrs["assumption"]) == (3650.0, 320.0, "same_orders")
    assert attrs["cost_share"] == pytest.approx(320 / 3650)
    assert levels.discount_cost(shop(rows), days=1)["order_count"].tolist() == [0, 1, 1]
    assert levels.discount_cost(shop(rows), days=10**6)["order_count"].tolist() == [2, 2, 1]
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
        (
            [{"level": "regular"}, {"level": "vip", "amount": 100}, {"level": "supreme", "amount": 50}],
            "above",
        ),
        ([{"level": "regular"}, {"level": "vip"}], "needs an amount"),
        ([{"level": "regular", "amount": 5}], "lowest level"),
        ([{"level": "vip"}, {"level": "advanced", "amount": 5}], "lowest level first"),
        ([{"level": "regular", "discount": 0}], "discount"),
        ([{"level": "regular"}, {"level": "vip", "amount": 1, "discount": 1.1}], "discount"),
        ([{"level": "regular"}, {"level": "vip", "amount": "x"}], "not a number"),
        ([{"level": "regular"}, {"level": "vip", "sum": 3}], "unknown word"),
    ],
)
def test_rules_that_do_not_hold_together_are_refused_in_one_line(rules: Any, said: str) -> None:
    store = shop(ROWS)
    for analysis in (levels.structure, levels.flow, levels.discount_cost):
        with pytest.raises(InputError, match=said) as caught:
            analysis(store, rules=rules)
        assert "\n" not in str(caught.value)


def test_other_mistakes_are_refused_in_one_line() -> None:
    store = shop(ROWS)
    with pytest.raises(InputError, match="give these rules too"):
        levels.structure(store, rules_from=dt.date(2026, 1, 1))
    with pytest.raises(InputError, match="other rules"):
        levels.flow(store)
    with pytest.raises(InputError, match="days"):
        levels.discount_cost(store, days=0)
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
    assert list(got) == sorted(got, key=lambda pair: [ref.LEVELS.index(level) for level in pair])

    cost = levels.discount_cost(store, rules=new, days=days)
    wanted = ref.discount_cost(rows, as_of, new, days)
    for row in cost.itertuples():
        count, amount, given_away = wanted.get(row.level, (0, 0, 0))
        assert row.order_count == count
        assert row.amount == pytest.approx(float(amount), abs=1e-4)
        assert row.cost_amount == pytest.approx(float(given_away), abs=1e-4)
    assert cost["order_count"].sum() == cost.attrs["base"] == sum(count for count, *_ in wanted.values())


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
