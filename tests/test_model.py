"""The canonical tables say the same thing in SQL, in Arrow and to the lake."""

from __future__ import annotations

import duckdb
import pytest

from memberlib import model


@pytest.mark.parametrize("table", [*model.TABLES.values(), model.REJECTED], ids=lambda t: t.name)
def test_sql_and_arrow_state_the_same_columns(table: model.Table) -> None:
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE made ({table.sql_columns()})")
        made = con.sql("SELECT * FROM made").to_arrow_table().schema
    assert made.names == list(table.names)
    assert [str(t) for t in made.types] == [str(t) for t in table.arrow_schema().types]


@pytest.mark.parametrize("table", model.TABLES.values(), ids=lambda t: t.name)
def test_a_key_is_needed_and_never_empty(table: model.Table) -> None:
    for name in table.key:
        assert table.column(name).needed and table.column(name).filled
    assert set(table.key) | set(table.values) == set(table.names)


def test_the_least_an_order_list_must_have() -> None:
    assert set(model.ORDERS.needed) == {"order_id", "member_id", "paid_at", "paid_amount", "status"}
    assert model.ORDERS.column("refund_amount").default == "0"


def test_no_column_holds_what_reaches_a_person() -> None:
    words = ("phone", "mail", "address", "mobile", "contact")
    names = [name for table in model.TABLES.values() for name in table.names]
    assert not [name for name in names if any(word in name for word in words)]


def test_every_paid_status_is_a_status() -> None:
    assert set(model.PAID_STATUSES) < set(model.STATUSES)
    assert model.CODES["status"] == model.STATUSES
