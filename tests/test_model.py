"""The canonical tables say the same thing in SQL, in Arrow and to the lake."""

from __future__ import annotations

import tomllib
from importlib import resources

import duckdb
import pytest

from memberlib import model


@pytest.mark.parametrize("table", model.KEPT_TABLES.values(), ids=lambda t: t.name)
def test_sql_and_arrow_state_the_same_columns(table: model.Table) -> None:
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE made ({table.sql_columns()})")
        made = con.sql("SELECT * FROM made").to_arrow_table().schema
    assert made.names == list(table.names)
    assert [str(t) for t in made.types] == [str(t) for t in table.arrow_schema().types]


@pytest.mark.parametrize("table", model.TABLES.values(), ids=lambda t: t.name)
def test_a_key_is_needed_and_never_empty(table: model.Table) -> None:
    for name in table.key:
        column = table.column(name)
        assert column.filled and (column.needed or column.default is not None)
    assert set(table.key) | set(table.values) == set(table.names)


def test_the_least_an_order_list_must_have() -> None:
    assert set(model.ORDERS.needed) == {"order_id", "member_id", "paid_at", "paid_amount", "status"}
    assert model.ORDERS.column("refund_amount").default == "0"


def test_what_reaches_a_person_stands_in_contacts_alone() -> None:
    words = ("phone", "mail", "address", "mobile", "contact", "person")
    found = {
        table.name
        for table in model.KEPT_TABLES.values()
        for name in table.names
        if any(word in name for word in words)
    }
    assert found == {"contacts"}
    assert "contacts" not in model.TABLES, "no export fills it by itself"
    assert not any("address" in name for name in model.CONTACTS.names)


def test_every_rule_is_worded_in_each_language() -> None:
    for language in ("en", "zh"):
        words = tomllib.loads(
            (resources.files("memberlib") / "words" / language / "labels.toml").read_text("utf-8")
        )
        assert set(words["rule"]) == set(model.RULES)
        assert set(words["tables"]) >= set(model.TABLES)


def test_a_birthday_is_kept_in_either_calendar_and_an_event_without_subject_has_a_key() -> None:
    assert model.CODES["birthday_calendar"] == ("solar", "lunar")
    assert model.EVENTS.column("subject").default == "''"
    assert [c.kind for c in model.MEMBERS.columns if c.name in ("stored_value", "consent")] == [
        "money",
        "flag",
    ]
    assert model.MEMBERS.column("consent").default is None, "not known is not no"


@pytest.mark.parametrize("table", model.KEPT_TABLES.values(), ids=lambda t: t.name)
def test_every_code_column_of_a_table_an_export_fills_has_its_words(table: model.Table) -> None:
    codes = [c.name for c in table.columns if c.kind == "code"]
    assert [name for name in codes if name not in model.CODES] == (
        ["rule"] if table.name == "rejected" else []
    )


def test_every_paid_status_is_a_status() -> None:
    assert set(model.PAID_STATUSES) < set(model.STATUSES)
    assert model.CODES["status"] == model.STATUSES
