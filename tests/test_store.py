"""A shop as of a date: nothing later is seen, what is left out is counted, tables of any kind are taken."""

import datetime as dt
import gc

import ibis
import pandas as pd
import pytest

from memberlib.errors import InputError
from memberlib.settings import Settings
from memberlib.store import day_of, store_from

DAY = pd.Timestamp


@pytest.fixture(scope="module")
def orders():
    """Nine orders: four count (two of them a's), five do not, each for a reason of its own."""
    rows = [
        ("1", "a", "2026-01-05 10:00", 80.0, 0, "completed", None),
        ("2", "a", "2026-02-05 00:00", 20.1, 0.1, "paid", None),
        ("3", "b", "2026-02-06 09:00", 30.0, 30.0, "completed", None),
        ("4", "", "2026-02-06 09:00", 40.0, 0, "shipped", None),
        ("5", "c", None, 50.0, 0, "pending", "2026-02-01"),
        ("6", "d", "2026-02-07 23:59", 60.0, 0, "cancelled", None),
        ("7", "e", "2026-02-07 12:00", 70.0, 0, "completed", None),
        ("8", "e", "2026-02-07 13:00", 7.0, 0, "shipped", None),
        ("9", "e", "2026-02-07 14:00", 5.0, 0, "completed", None),
    ]
    frame = pd.DataFrame(
        rows,
        columns=["order_id", "member_id", "paid_at", "paid_amount", "refund_amount", "status", "created_at"],
    )
    return frame.assign(paid_at=pd.to_datetime(frame.paid_at), created_at=pd.to_datetime(frame.created_at))


BRUSHED = pd.DataFrame({"order_id": ["9"]})


def tables_of(store):
    """Names of the tables in its connection."""
    return {name for (name,) in store.con.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()}


def facts(store):
    return store.facts.to_pandas().sort_values("member_id").set_index("member_id")


def test_facts_by_hand(orders):
    store = store_from(orders, brushed=BRUSHED)
    assert store.as_of == dt.date(2026, 2, 7)
    found = facts(store)
    assert list(found.index) == ["a", "e"]
    assert found.order_count.to_dict() == {"a": 2, "e": 2}
    assert found.total_amount.to_dict() == {"a": 100.0, "e": 77.0}
    assert found.mean_amount.to_dict() == {"a": 50.0, "e": 38.5}
    assert found.recency_days.to_dict() == {"a": 2, "e": 0}
    assert found.first_on["a"] == DAY("2026-01-05")


def test_what_is_left_out_is_counted_by_its_first_reason(orders):
    store = store_from(orders, brushed=BRUSHED)
    rows = store.left_out.set_index("reason")
    assert rows.order_count.to_dict() == {
        "brushed": 1, "cancelled": 1, "unpaid": 1, "not_counted": 0, "refunded": 1, "guest": 1,
    }  # fmt: skip
    assert rows.amount.to_dict() == {
        "brushed": 5.0, "cancelled": 60.0, "unpaid": 50.0, "not_counted": 0.0, "refunded": 30.0, "guest": 40.0,
    }  # fmt: skip
    counted = int(store.trades.count().execute())
    assert counted + rows.order_count.sum() == store.left_out.attrs["base"] == len(orders)


def test_nothing_after_as_of_is_seen(orders):
    store = store_from(orders, as_of="2026-02-05")
    assert facts(store).order_count.to_dict() == {"a": 2}
    assert store.left_out.attrs["base"] == 3  # the two of member a, and the one made on 1 February
    assert facts(store.at(dt.date(2026, 2, 4))).order_count.to_dict() == {"a": 1}
    assert facts(store.at(dt.date(2026, 3, 7))).recency_days.to_dict() == {"a": 30, "e": 28}


def test_a_shop_may_count_completed_trades_alone(orders):
    store = store_from(orders, settings=Settings(counted_statuses=("completed",)))
    assert facts(store).order_count.to_dict() == {"a": 1, "e": 2}
    assert store.left_out.set_index("reason").order_count["not_counted"] == 3


def test_members_are_those_of_the_list_and_those_who_bought(orders):
    members = pd.DataFrame({"member_id": ["a", "z", "y"], "joined_on": ["2026-01-01", None, "2026-03-01"]})
    store = store_from(orders, members=members)
    assert store.buyer_count == 2
    assert store.member_count == 3  # a and e bought, z is listed, y joined later
    assert store_from(orders).member_count == 2


def test_categories_come_from_the_product_code_where_the_export_has_none(orders):
    items = pd.DataFrame(
        {
            "order_id": ["1", "1", "2"],
            "line_id": ["1", "2", "1"],
            "product_id": ["DR-1", "XX-2", "DR-3"],
            "category": [None, None, "own"],
        }
    )
    store = store_from(orders, items=items, settings=Settings(category_prefixes={"DR": "dress"}))
    found = store.items.order_by("order_id", "line_id").category.to_pandas()
    assert [None if pd.isna(value) else value for value in found] == ["dress", None, "own"]


def test_a_parquet_file_with_six_columns_is_enough(orders, tmp_path):
    path = tmp_path / "orders.parquet"
    orders.drop(columns="created_at").to_parquet(path)
    from_file = facts(store_from(path))
    from_frame = facts(store_from(orders))
    pd.testing.assert_frame_equal(from_file, from_frame)


def test_what_cannot_be_done_is_one_line(orders, tmp_path):
    for call, words in [
        (lambda: store_from(orders, as_of="2025-12-31"), "before the first order"),
        (lambda: store_from(orders, as_of="yesterday"), "is not a date"),
        (lambda: store_from(orders, as_of="9999-12-31"), "too far ahead"),
        (lambda: store_from(orders.drop(columns="status")), "column status is missing"),
        (lambda: store_from(tmp_path / "none.parquet"), "no file"),
        (lambda: store_from(orders.iloc[:0]), "has no orders yet"),
        (lambda: store_from(orders.assign(paid_at=orders.paid_at.dt.tz_localize("UTC"))), "time zone"),
    ]:
        with pytest.raises(InputError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_an_empty_shop_can_be_opened_as_of_a_day(orders):
    store = store_from(orders.iloc[:0], as_of="2026-01-01")
    assert store.buyer_count == store.member_count == 0
    assert store.left_out.order_count.sum() == 0


def test_the_frames_given_are_not_changed(orders):
    before = orders.copy(deep=True)
    store_from(orders, brushed=BRUSHED).facts.to_pandas()
    pd.testing.assert_frame_equal(orders, before)


def test_a_closed_store_leaves_nothing_behind(orders, capfd):
    for _ in range(3):
        store = store_from(orders)
        assert store.buyer_count == 2
        store.close()
        del store
    gc.collect()
    assert capfd.readouterr().err == ""


def test_days_are_read_from_dates_and_texts():
    assert day_of("2026-06-30") == day_of(dt.datetime(2026, 6, 30, 12)) == dt.date(2026, 6, 30)
    assert day_of("") is day_of(None) is None


JOINS = Settings(currency="CNY", join_by=("phone",))
CONTACTS = pd.DataFrame(
    {"member_id": ["a", "e", "z"], "phone": ["13800001234", "138-0000-1234", "13800001234"]}
)


def test_joined_members_are_one_in_every_table(orders):
    members = pd.DataFrame({"member_id": ["a", "z", "y"], "joined_on": ["2026-01-01", None, "2026-01-02"]})
    events = pd.DataFrame(
        {
            "member_id": ["z", "y", "e"],
            "kind": ["visit", "visit", "comment"],
            "happened_at": pd.to_datetime(["2026-01-06", "2026-01-06", "2026-02-08"]),
        }
    )
    given = {"members": members, "events": events, "contacts": CONTACTS, "settings": JOINS}
    store = store_from(orders, brushed=BRUSHED, **given)
    assert facts(store).order_count.to_dict() == {"a": 4}
    assert sorted(store.orders.member_id.to_pandas().dropna().unique()) == ["a", "b", "c", "d"]
    assert store.events.order_by("member_id").to_pandas()[["member_id", "subject"]].values.tolist() == [
        ["a", ""], ["y", ""],
    ]  # fmt: skip
    assert store.member_count == 2  # a, who is e and z as well, and y
    assert store.left_out.order_count.sum() == 5, "nothing is lost"
    assert store.at(dt.date(2026, 2, 5)).member_count == 2
    assert store.at(dt.date(2026, 2, 8)).events.count().execute() == 3


def test_rows_of_joined_members_become_one_by_stated_rules(orders):
    members = pd.DataFrame(
        {
            "member_id": ["z", "e", "a", "y"],
            "joined_on": ["2026-01-08", "2026-01-03", None, "2026-01-09"],
            "level": ["supreme", "advanced", "vip", None],
            "level_manual": [False, True, True, False],
            "birthday": [None, "1990-05-01", None, None],
            "birthday_calendar": ["lunar", "solar", None, None],
            "birthday_day": ["08-15", "05-01", None, None],
            "gender": ["male", "female", None, None],
            "region": ["Kent", "Essex", None, None],
            "city": ["Dover", None, "London", None],
            "points": [5, None, 3, None],
            "stored_value": [1.25, 2, None, None],
            "consent": [True, False, None, None],
        }
    )
    store = store_from(orders, members=members, contacts=CONTACTS, settings=JOINS)
    rows = store.members.to_pandas().set_index("member_id").astype("object")
    assert sorted(rows.index) == ["a", "y"]
    one = rows.loc["a"].where(rows.loc["a"].notna(), None).to_dict()
    assert (one["joined_on"].date(), one["level"], one["level_manual"]) == (dt.date(2026, 1, 3), "vip", True)
    assert (one["points"], float(one["stored_value"]), one["consent"]) == (8, 3.25, False)
    assert (one["gender"], one["region"], one["city"]) == ("female", None, "London"), "a place stays whole"
    birthday = (one["birthday"].date(), one["birthday_calendar"], one["birthday_day"])
    assert birthday == (dt.date(1990, 5, 1), "solar", "05-01"), "a birthday stays whole"
    other = rows.loc["y"].where(rows.loc["y"].notna(), None)
    assert (other["points"], other["consent"], other["level"]) == (None, None, None)
    by_rule = members.assign(level_manual=False)
    store = store_from(orders, members=by_rule, contacts=CONTACTS, settings=JOINS)
    assert store.members.filter(store.members.member_id == "a").level.to_pandas().tolist() == ["supreme"]
    yes = members.assign(consent=[True, None, None, None])
    store = store_from(orders, members=yes, contacts=CONTACTS, settings=JOINS)
    assert bool(store.members.filter(store.members.member_id == "a").consent.to_pandas()[0]) is True
    early = store.at(dt.date(2026, 1, 7)).members.to_pandas().set_index("member_id")
    assert early.loc["a", "points"] == 3 and "y" not in early.index, "what a later card brought is not seen"


def test_a_shop_that_joins_nobody_is_asked_as_before(orders):
    members = pd.DataFrame({"member_id": ["a", "z", "y"], "points": [1, 2, 3]})
    plain = store_from(orders, members=members)
    none_shared = CONTACTS.assign(phone=["13800001234", "138****1234", "12345678"])
    for more in ({"contacts": CONTACTS}, {"contacts": none_shared, "settings": JOINS}):
        store = store_from(orders, members=members, **more)
        for name in ("orders", "members", "trades", "facts"):
            one, other = (getattr(shop, name) for shop in (plain, store))
            if name != "facts":
                assert "JOIN" not in str(ibis.to_sql(other, dialect="duckdb"))
            keys = [c for c in ("order_id", "member_id") if c in one.columns]
            pd.testing.assert_frame_equal(
                one.order_by(keys).to_pandas(), other.order_by(keys).to_pandas(), obj=name
            )


def test_what_a_store_keeps_is_made_once_and_goes_with_it(orders, monkeypatch):
    store, made = store_from(orders), []

    def rows():
        made.append("rows")
        return store.trades.group_by("member_id").aggregate(trades=store.trades.count())

    kept = store.once(("rows", 1), rows)
    assert store.once(("rows", 1), rows) is kept and made == ["rows"]
    assert kept.op().name in tables_of(store)  # worked out, not asked for again
    assert store.once(("rows", 2), lambda: ("anything", "else")) == ("anything", "else")
    other = store.at(dt.date(2026, 1, 31))
    assert other.once(("rows", 1), lambda: "of another day") == "of another day"
    assert store.once(("rows", 1), rows) is kept
    names = [store.facts.op().name, other.facts.op().name, kept.op().name]
    assert store.facts is store.facts and set(names) <= tables_of(store)
    monkeypatch.setattr("memberlib.store.close", lambda con: None)
    store.close()
    assert not set(names) & tables_of(store)


def test_a_store_that_nobody_holds_leaves_no_table(orders):
    store = store_from(orders)
    name = store.at(dt.date(2026, 1, 31)).facts.op().name
    gc.collect()
    assert name not in tables_of(store)
