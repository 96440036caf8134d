"""A database's table or query is read whole, exactly, in a fixed order, and never written to; no password is told."""

from __future__ import annotations

import csv
import hashlib
import io
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import servers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memberlib import cli
from memberlib.errors import InputError
from memberlib.imports import Account, import_files
from memberlib.lake import Lake
from memberlib.loaders import drivers
from memberlib.loaders.database import rows_of, shown_url

TAOBAO = Path(__file__).parent / "data" / "taobao" / "orders-54.csv"


@pytest.fixture(scope="module")
def postgres() -> Iterator[servers.Server]:
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[servers.Server]:
    with servers.mariadb() as server:
        yield server


def in_postgres(server: servers.Server, *statements: str) -> None:
    import psycopg

    with psycopg.connect(server.url()) as con:
        for statement in statements:
            con.execute(statement)


def in_mariadb(server: servers.Server, *statements: str) -> None:
    import pymysql

    with pymysql.connect(
        host="127.0.0.1", port=server.port, user="ann", password=servers.PASSWORD, database="shop", autocommit=True
    ) as con, con.cursor() as cursor:  # fmt: skip
        for statement in statements:
            cursor.execute(statement)


def sqlite_file(folder: Path, *statements: str) -> str:
    con = sqlite3.connect(folder / "shop.db")
    for statement in statements:
        con.execute(statement)
    con.commit()
    con.close()
    return f"sqlite://{folder}/shop.db"


def duckdb_file(folder: Path, *statements: str) -> str:
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        for statement in statements:
            con.execute(statement)
    return f"duckdb://{folder}/shop.duckdb"


def rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


def line_of(url: str, folder: Path, **asked: str) -> str:
    """What the user reads; it must be one line without the password."""
    with pytest.raises(InputError) as caught:
        rows_of(url, folder=folder, **asked)
    said = str(caught.value)
    assert "\n" not in said and len(said) < 500
    assert servers.PASSWORD not in said
    return said


# --- values come as exact text --------------------------------------------------------------------------------------


def test_postgres_tells_every_kind_exactly(postgres: servers.Server, tmp_path: Path) -> None:
    in_postgres(
        postgres,
        "CREATE TABLE kinds AS SELECT 1 AS n, 0.10::numeric(18,2) AS money, 12345678901234567890.123456789 AS wide,"
        " timestamptz '2026-01-31 12:30:59.5+08' AS moment, timestamp '2026-01-31 12:30:59' AS clock,"
        " date '2026-02-28' AS day, true AS yes, 12::float8 AS whole, 0.1::float8 AS part, '\\xe4bda0'::bytea AS raw,"
        " '{\"a\": [1,  2]}'::json AS js, ARRAY['a b', NULL] AS list,"
        " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS id, NULL::int AS nothing, ''::text AS empty,"
        " E'a\"b,\\nc\\\\.' AS marks, 'infinity'::timestamp AS ever, '{1,2}'::int4range AS span, 3.5::money AS price"
        .replace("'{1,2}'", "'[1,2)'"),
    )  # fmt: skip
    # a server that writes days first, in another zone, does not change what is read
    in_postgres(postgres, "ALTER DATABASE shop SET datestyle TO 'SQL, DMY'",
                "ALTER DATABASE shop SET timezone TO 'Asia/Tokyo'")  # fmt: skip
    shown, path = rows_of(postgres.url(), table="kinds", folder=tmp_path)
    assert shown == f"postgresql://127.0.0.1:{postgres.port}/shop kinds"
    assert path == tmp_path / "kinds.parquet"
    [row] = rows(path)
    assert row | {"price": ""} == {
        "n": "1", "money": "0.10", "wide": "12345678901234567890.123456789", "moment": "2026-01-31 04:30:59.5+00",
        "clock": "2026-01-31 12:30:59", "day": "2026-02-28", "yes": "t", "whole": "12", "part": "0.1",
        "raw": "\\xe4bda0", "js": '{"a": [1,  2]}', "list": '{"a b",NULL}',
        "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "nothing": None, "empty": "", "marks": 'a"b,\nc\\.',
        "ever": "infinity", "span": "[1,2)", "price": "",
    }  # fmt: skip


def test_mariadb_tells_every_kind_exactly(mariadb: servers.Server, tmp_path: Path) -> None:
    in_mariadb(
        mariadb,
        "CREATE TABLE kinds (n BIGINT, money DECIMAL(18,2), moment TIMESTAMP NULL, clock DATETIME(3), day DATE,"
        " never DATETIME, yes BOOLEAN, bits BIT(9), word TEXT, raw BLOB, bytes BLOB, js JSON, part DOUBLE)",
        "SET time_zone = '+08:00'",
        "SET sql_mode = ''",
        "INSERT INTO kinds VALUES (9007199254740993, 0.10, '2026-01-31 12:30:59', '2026-01-31 12:30:59.5',"
        " '2026-02-28', '0000-00-00', true, 257, '订单 \"1\"', '你', x'FF00', '{\"a\": 1}', 0.1)",
        "INSERT INTO kinds (n) VALUES (1)",
    )
    _, path = rows_of(mariadb.url(), table="kinds", folder=tmp_path)
    empty, row = rows(path)
    assert set(empty.values()) == {"1", None}
    assert row == {
        "n": "9007199254740993", "money": "0.10", "moment": "2026-01-31 04:30:59+00:00",
        "clock": "2026-01-31 12:30:59.500", "day": "2026-02-28", "never": "0000-00-00 00:00:00", "yes": "1",
        "bits": "257", "word": '订单 "1"', "raw": "你", "bytes": "\\xff00", "js": '{"a": 1}', "part": "0.1",
    }  # fmt: skip


def test_sqlite_tells_what_is_stored(tmp_path: Path) -> None:
    url = sqlite_file(
        tmp_path,
        "CREATE TABLE kinds (n INTEGER, money DECIMAL(18,2), word TEXT, raw BLOB, loose)",
        "INSERT INTO kinds VALUES (9007199254740993, 12.30, '订单', x'FF00', 'free')",
        "INSERT INTO kinds VALUES (2, 12, '', '你', 1e15)",
        "INSERT INTO kinds VALUES (3, NULL, NULL, NULL, 0.1)",
    )
    _, path = rows_of(url, query="SELECT * FROM kinds ORDER BY n", folder=tmp_path)
    assert [tuple(row.values()) for row in rows(path)] == [
        ("2", "12", "", "你", "1.000000E+15"),
        ("3", None, None, None, "0.1"),
        ("9007199254740993", "12.3", "订单", "\\xff00", "free"),
    ]


DUCKDB_KINDS = (
    "CREATE TABLE kinds AS SELECT 9007199254740993 AS n, 0.10::DECIMAL(18,2) AS money,"
    " TIMESTAMPTZ '2026-01-31 12:30:59.5+08' AS moment, TIMESTAMP '2026-01-31 12:30:59' AS clock,"
    " DATE '2026-02-28' AS day, true AS yes, 12::DOUBLE AS whole, 1e15::DOUBLE AS big, 0.1::FLOAT AS part,"
    " encode('你') AS raw, '\\xFF'::BLOB AS bytes, [1, 2] AS list, uuid() IS NULL AS no, 7::HUGEINT AS huge,"
    " INTERVAL 2 DAY AS gap, 'b'::ENUM ('a', 'b') AS word, NULL::INT AS nothing"
)


def test_duckdb_tells_every_kind_exactly(tmp_path: Path) -> None:
    _, path = rows_of(duckdb_file(tmp_path, DUCKDB_KINDS), table="main.kinds", folder=tmp_path)
    assert rows(path) == [{
        "n": "9007199254740993", "money": "0.10", "moment": "2026-01-31 04:30:59.5+00", "clock": "2026-01-31 12:30:59",
        "day": "2026-02-28", "yes": "true", "whole": "12", "big": "1.000000E+15", "part": "0.1", "raw": "你",
        "bytes": "\\xff", "list": "[1, 2]", "no": "false", "huge": "7", "gap": "2 days", "word": "b", "nothing": None,
    }]  # fmt: skip


def test_duckdb_without_a_file_reads_what_duckdb_reads(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text("a,b\n2,x\n1,y\n")
    _, path = rows_of("duckdb://", query=f"SELECT * FROM read_csv('{tmp_path}/some.csv')", folder=tmp_path)
    assert rows(path) == [{"a": "1", "b": "y"}, {"a": "2", "b": "x"}]


def test_any_other_database_goes_through_ibis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqlite_file(
        tmp_path,
        "CREATE TABLE orders (id INTEGER, paid REAL, at TIMESTAMP, word TEXT)",
        "INSERT INTO orders VALUES (2, 9.5, '2026-01-31 12:30:59', 'b'), (1, 12.0, NULL, 'a')",
    )
    monkeypatch.delitem(drivers.KINDS, "sqlite")  # as if it were not among those read by their own driver
    expected = [
        {"id": "1", "paid": "12", "at": None, "word": "a"},
        {"id": "2", "paid": "9.5", "at": "2026-01-31 12:30:59", "word": "b"},
    ]
    _, path = rows_of(url, table="orders", folder=tmp_path)
    assert rows(path) == expected
    _, path = rows_of(url, query="SELECT * FROM orders ORDER BY id DESC", folder=tmp_path)
    assert rows(path) == expected[::-1]
    assert "there is no table nothing; there are orders" in line_of(url, tmp_path, table="nothing")


TEXTS = st.lists(
    st.tuples(*2 * [st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))]),
    max_size=20,
)


@given(TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=50)
def test_postgres_gives_back_any_text(
    postgres: servers.Server, tmp_path: Path, values: list[tuple[str | None, str | None]]
) -> None:
    import psycopg

    with psycopg.connect(postgres.url()) as con:
        con.execute("DROP TABLE IF EXISTS texts")
        con.execute("CREATE TABLE texts (a TEXT, b TEXT)")
        con.cursor().executemany("INSERT INTO texts VALUES (%s, %s)", values)
    _, path = rows_of(postgres.url(), table="texts", folder=tmp_path)
    assert sorted(map(repr, values)) == sorted(repr((row["a"], row["b"])) for row in rows(path))
    _, path = rows_of(postgres.url(), query="SELECT a FROM texts", folder=tmp_path)
    assert sorted(repr(a) for a, _ in values) == sorted(repr(row["a"]) for row in rows(path))


@given(TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=50)
def test_sqlite_gives_back_any_text_in_one_order(
    tmp_path: Path, values: list[tuple[str | None, str | None]]
) -> None:
    digests = set()
    for given_order in (values, values[::-1]):
        (tmp_path / "shop.db").unlink(missing_ok=True)
        con = sqlite3.connect(tmp_path / "shop.db")
        con.execute("CREATE TABLE texts (a TEXT, b TEXT)")
        con.executemany("INSERT INTO texts VALUES (?, ?)", given_order)
        con.commit()
        con.close()
        _, path = rows_of(f"sqlite://{tmp_path}/shop.db", table="texts", folder=tmp_path)
        assert sorted(map(repr, values)) == sorted(repr((row["a"], row["b"])) for row in rows(path))
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


# --- order ----------------------------------------------------------------------------------------------------------


def test_a_query_keeps_its_order_over_many_batches(postgres: servers.Server, tmp_path: Path) -> None:
    in_postgres(
        postgres, "CREATE TABLE many AS SELECT (i * 7919) % 50021 AS n FROM generate_series(1, 50020) t(i)"
    )
    url = duckdb_file(
        tmp_path, "CREATE TABLE many AS SELECT (i * 7919) % 50021 AS n FROM range(1, 50021) t(i)"
    )
    for source in (postgres.url(), url):
        _, path = rows_of(
            source, query="SELECT n FROM many ORDER BY n DESC;  -- the newest first", folder=tmp_path
        )
        assert pq.read_table(path)["n"].to_pylist() == [str(n) for n in range(50020, 0, -1)]
        assert path.name == "query.parquet"


def test_the_same_content_is_the_same_file_wherever_it_lies(postgres: servers.Server, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    made = (
        "CREATE TABLE same (a TEXT, b TEXT)",
        "INSERT INTO same VALUES ('b', '1'), ('a', '2'), ('a', NULL)",
    )
    back = (
        "CREATE TABLE same (a TEXT, b TEXT)",
        "INSERT INTO same VALUES ('a', NULL), ('b', '1'), ('a', '2')",
    )
    in_postgres(postgres, *made)
    urls = [postgres.url(), sqlite_file(tmp_path, *back), duckdb_file(tmp_path, *made),
            sqlite_file(tmp_path / "other", *made)]  # fmt: skip
    found = [rows_of(url, table="same", folder=tmp_path)[1].read_bytes() for url in urls]
    assert len(set(found)) == 1


# --- a shop's export from a database --------------------------------------------------------------------------------


def export() -> tuple[list[str], list[list[str]]]:
    header, *lines = csv.reader(io.StringIO(TAOBAO.read_text("gb18030")))
    return [name.strip() for name in header], lines


def as_text_columns(quote: Callable[[str], str]) -> list[str]:
    header, lines = export()
    columns = ", ".join(f"{quote(name)} TEXT" for name in header)
    values = ", ".join("(" + ", ".join(literal(value) for value in line) + ")" for line in lines)
    return [f"CREATE TABLE {quote('订单')} ({columns})", f"INSERT INTO {quote('订单')} VALUES {values}"]


def as_typed_columns() -> list[str]:
    """The export as a shop's own system keeps it: numbers, moments with their zone, NULL for nothing."""
    header, lines = export()
    kinds = {"订单编号": "bigint", "订单创建时间": "timestamptz", "订单付款时间": "timestamptz", "总金额": "float8",
             "买家应付邮费": "numeric(18, 2)", "买家实际支付金额": "numeric(18, 4)", "退款金额": "money",
             "宝贝总数量": "int"}  # fmt: skip
    columns = ", ".join(f'"{name}" {kinds.get(name, "text")}' for name in header)
    told = []
    for line in lines:
        cells = []
        for name, value in zip(header, line, strict=True):
            value = value.removeprefix('="').removesuffix('"').removeprefix("'null").strip()
            value = f"{value}+08" if kinds.get(name) == "timestamptz" and value else value
            cells.append(f"CAST({literal(value)} AS {kinds.get(name, 'text')})" if value else "NULL")
        told.append("(" + ", ".join(cells) + ")")
    return [f"CREATE SCHEMA typed CREATE TABLE typed.orders ({columns})",
            f"INSERT INTO typed.orders VALUES {', '.join(told)}"]  # fmt: skip


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def taken(path: Path, data: Path, shop: str) -> Account:
    (account,) = import_files([path], shop, data=data, max_rejected_share=1)
    return account


def held(data: Path, shop: str) -> list[tuple[Any, ...]]:
    files = Lake(data / "lake").version(shop).files["orders"]
    return duckdb.sql(f"SELECT * FROM read_parquet({files}) ORDER BY ALL").fetchall()


def test_an_export_in_a_database_is_the_export(
    postgres: servers.Server, mariadb: servers.Server, tmp_path: Path
) -> None:
    double, back = (lambda name: f'"{name}"'), (lambda name: f"`{name}`")
    in_postgres(postgres, *as_text_columns(double), *as_typed_columns())
    in_mariadb(mariadb, *as_text_columns(back))
    from_file = taken(TAOBAO, tmp_path, "file")
    assert from_file.accepted_count == 6
    assert Decimal("188") + 12 in {value for row in held(tmp_path, "file") for value in row}
    for shop, url, table in (
        ("pg-text", postgres.url(), "订单"),
        ("pg-typed", postgres.url(), "typed.orders"),
        ("mysql", mariadb.url(), "订单"),
        ("sqlite", sqlite_file(tmp_path, *as_text_columns(double)), "订单"),
        ("duckdb", duckdb_file(tmp_path, *as_text_columns(double)), "订单"),
    ):
        _, path = rows_of(url, table=table, folder=tmp_path)
        account = taken(path, tmp_path, shop)
        assert account.accepted_count == from_file.accepted_count, shop
        assert held(tmp_path, shop) == held(tmp_path, "file"), shop
        _, path = rows_of(url, table=table, folder=tmp_path)
        again = taken(path, tmp_path, shop)
        assert (again.accepted_count, again.replaced_count, again.changed) == (0, 0, False), shop


def test_a_changed_row_takes_the_old_ones_place(postgres: servers.Server, tmp_path: Path) -> None:
    in_postgres(
        postgres,
        "CREATE TABLE sales (order_id int, member_id text, paid_at timestamptz, paid_amount numeric, status text)",
        "INSERT INTO sales SELECT i, 'm' || i % 3, timestamptz '2026-01-05 09:00+08', i, 'completed'"
        " FROM generate_series(1, 9) AS t(i)",
    )
    _, path = rows_of(postgres.url(), table="sales", folder=tmp_path)
    assert taken(path, tmp_path, "tea").accepted_count == 9
    in_postgres(postgres, "UPDATE sales SET paid_amount = 99.5 WHERE order_id = 4")
    _, path = rows_of(postgres.url(), table="sales", folder=tmp_path)
    account = taken(path, tmp_path, "tea")
    assert (account.read_count, account.same_count, account.replaced_count) == (9, 8, 1)
    [row] = [row for row in held(tmp_path, "tea") if row[0] == "4"]
    assert Decimal("99.5") in row


# --- only reading ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM safe", "begins with DELETE"),
        ("INSERT INTO safe VALUES (2)", "begins with INSERT"),
        ("DROP TABLE safe", "begins with DROP"),
        ("SELECT 1; DROP TABLE safe", "2 statements"),
        ("WITH gone AS (DELETE FROM safe RETURNING *) SELECT * FROM gone", "more than read (DELETE)"),
        ("WITH one AS (SELECT 1) INSERT INTO safe SELECT * FROM one", "not a SELECT"),
        ("SELECT * INTO other FROM safe", "more than read (INTO)"),
        ("SELECT * FROM safe FOR UPDATE", "more than read (FOR UPDATE)"),
        ("", "the query is empty"),
        (" ; ", "the query is empty"),
        ("SELECT FROM WHERE (", "cannot be read as SQL"),
        ("SELECT 'open", "cannot be read as SQL"),
        ("SELECT 1 AS a, 2 AS A", "two columns named"),
        ("SELECT n FROM nowhere", "nowhere"),
        ("SELECT nothing FROM safe", "nothing"),
        ("SELECT setval('counter', 7)", "read-only"),
    ],
)
def test_what_is_not_one_select_is_refused(
    postgres: servers.Server, tmp_path: Path, query: str, said: str
) -> None:
    in_postgres(postgres, "DROP TABLE IF EXISTS safe", "CREATE TABLE safe AS SELECT 1 AS n",
                "CREATE SEQUENCE IF NOT EXISTS counter")  # fmt: skip
    assert said.lower() in line_of(postgres.url(), tmp_path, query=query).lower()
    _, path = rows_of(postgres.url(), table="safe", folder=tmp_path)
    assert rows(path) == [{"n": "1"}]


def test_a_file_is_opened_for_reading_only(tmp_path: Path) -> None:
    statements = ("CREATE TABLE orders AS SELECT 1 AS n",)
    for url in (sqlite_file(tmp_path, *statements), duckdb_file(tmp_path, *statements)):
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        source = drivers.open_database(url)
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            source.con.execute("INSERT INTO orders VALUES (2)")
        source.close()
        rows_of(url, query="SELECT n FROM orders UNION ALL SELECT 5", folder=tmp_path)
        (tmp_path / "query.parquet").unlink()
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


# --- mistakes -------------------------------------------------------------------------------------------------------


def test_mistakes_about_a_server_end_in_one_line(postgres: servers.Server, tmp_path: Path) -> None:
    nobody = servers.Server(1, "ann", tmp_path, "postgresql")
    assert "refused" in line_of(nobody.url(), tmp_path, table="orders")
    assert "password authentication failed" in line_of(postgres.url(password="wrong"), tmp_path, table="x")
    assert 'database "none" does not exist' in line_of(postgres.url("none"), tmp_path, table="orders")
    far = "postgresql://ann:correct-horse-7@host.invalid/shop"
    assert line_of(far, tmp_path, table="orders").startswith("postgresql://host.invalid/shop: ")
    odd = "postgresql://ann:correct-horse-7%zz@127.0.0.1/shop"
    assert "%25" in line_of(odd, tmp_path, table="orders")
    in_postgres(postgres, "CREATE TABLE IF NOT EXISTS present AS SELECT 1 AS n")
    said = line_of(postgres.url(), tmp_path, table="absent")
    assert "there is no table absent; there are " in said and "present" in said
    assert "is not the name of a table" in line_of(postgres.url(), tmp_path, table="a.b.c.d")
    assert "either --table or --query" in line_of(postgres.url(), tmp_path)
    assert "either --table or --query" in line_of(postgres.url(), tmp_path, table="a", query="SELECT 1")


def test_mistakes_about_mariadb_end_in_one_line(mariadb: servers.Server, tmp_path: Path) -> None:
    assert (
        "refused" in line_of(servers.Server(1, "ann", tmp_path, "mysql").url(), tmp_path, table="x").lower()
    )
    assert "Access denied" in line_of(mariadb.url(password="wrong"), tmp_path, table="x")
    assert "Unknown database" in line_of(mariadb.url("none"), tmp_path, table="x")
    assert "cannot be read" in line_of("mysql://ann:correct-horse-7@host:port/shop", tmp_path, table="x")
    in_mariadb(mariadb, "CREATE TABLE IF NOT EXISTS present AS SELECT 1 AS n")
    assert "there is no table absent; there are " in line_of(mariadb.url(), tmp_path, table="absent")
    assert "doesn't exist" in line_of(mariadb.url(), tmp_path, query="SELECT * FROM absent")
    for hidden in ("/*!50000 INTO OUTFILE 'x' */", "/*M! INTO OUTFILE 'x' */", "INTO OUTFILE 'x'", "INTO @x"):
        assert "give one SELECT" in line_of(mariadb.url(), tmp_path, query=f"SELECT n {hidden} FROM present")
    assert "begins with REPLACE" in line_of(mariadb.url(), tmp_path, query="REPLACE INTO present VALUES (2)")


def test_mistakes_about_a_file_end_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, though long enough to be looked at" * 50)
    (tmp_path / "text.duckdb").write_text("no database at all, though long enough to be looked at" * 500)
    assert "there is no database file" in line_of(f"sqlite://{tmp_path}/none.db", tmp_path, table="x")
    assert "there is no database file" in line_of(f"duckdb://{tmp_path}/none.duckdb", tmp_path, table="x")
    assert "not a database" in line_of(f"sqlite://{tmp_path}/text.db", tmp_path, table="x")
    assert "not a valid DuckDB database" in line_of(f"duckdb://{tmp_path}/text.duckdb", tmp_path, table="x")
    assert "the path of a database file" in line_of("sqlite://", tmp_path, table="x")
    assert "takes the URL of a database" in line_of("orders.csv", tmp_path, table="x")
    assert "no kind of database" in line_of("carrier://pigeon", tmp_path, table="x")
    url = sqlite_file(tmp_path, "CREATE TABLE orders AS SELECT 1 AS n")
    assert "there is no table x; there are orders" in line_of(url, tmp_path, table="x")
    assert not (tmp_path / "none.db").exists()


def test_a_url_may_name_a_driver_too(postgres: servers.Server, tmp_path: Path) -> None:
    url = postgres.url().replace("postgresql://", "postgresql+psycopg2://")
    _, path = rows_of(url, query="SELECT 1 AS n", folder=tmp_path)
    assert rows(path) == [{"n": "1"}]


def test_a_path_alone_will_do(tmp_path: Path) -> None:
    sqlite_file(tmp_path, "CREATE TABLE orders AS SELECT 1 AS n")
    shown, path = rows_of(f"{tmp_path}/shop.db", table="orders", folder=tmp_path)
    assert rows(path) == [{"n": "1"}] and shown == f"{tmp_path}/shop.db orders"


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [
        ("postgresql://h/d", "psycopg", "memberlib[postgres]"),
        ("mysql://h/d", "pymysql", "memberlib[mysql]"),
        ("clickhouse://h/d", "clickhouse_connect", "ibis-framework[clickhouse]"),
    ],
)
def test_a_driver_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, driver: str, extra: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, driver, None)
    assert f"pip install '{extra}'" in line_of(url, tmp_path, table="x")


# --- passwords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://ann@h:5432/d?sslmode=require", "postgresql://h:5432/d"),
        ("postgresql://ann:s3cret@h/d", "postgresql://h/d"),
        ("postgresql://ann:s3@cret@h/d", "postgresql://h/d"),
        ("postgresql://ann:s3/cret@h/d", "postgresql://h/d"),
        ("postgresql://ann:s3#cret@h/d", "postgresql://h/d"),
        ("postgresql://ann:s3?cret@h/d", "postgresql://…"),
        ("postgresql://h/d?password=s3cret", "postgresql://h/d"),
        ("postgresql://h/d?password=s3@cret", "postgresql://…"),
        ("sqlite:///shop.db", "sqlite:///shop.db"),
    ],
)
def test_a_url_is_shown_without_its_user_and_password(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert "cret" not in shown and "s3" not in shown


def test_a_password_may_come_from_the_environment(
    postgres: servers.Server, mariadb: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_postgres(postgres, "CREATE TABLE IF NOT EXISTS present AS SELECT 1 AS n")
    in_mariadb(mariadb, "CREATE TABLE IF NOT EXISTS present AS SELECT 1 AS n")
    monkeypatch.setenv("PGPASSWORD", servers.PASSWORD)
    monkeypatch.setenv("MYSQL_PWD", servers.PASSWORD)
    for server in (postgres, mariadb):
        assert rows_of(server.url(password=None), table="present", folder=tmp_path)[1].is_file()
    monkeypatch.delenv("PGPASSWORD")
    services = tmp_path / "services"
    services.write_text(
        f"[shop]\nhost=127.0.0.1\nport={postgres.port}\nuser=ann\ndbname=shop\npassword={servers.PASSWORD}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    shown, path = rows_of("postgresql://?service=shop", table="present", folder=tmp_path)
    assert rows(path) == [{"n": "1"}] and servers.PASSWORD not in shown


def test_a_password_that_a_server_repeats_is_masked(postgres: servers.Server, tmp_path: Path) -> None:
    said = line_of(postgres.url(), tmp_path, query=f"SELECT '{servers.PASSWORD}'::int")
    assert "invalid input syntax" in said and "…" in said


def test_what_a_query_holds_in_quotes_is_not_shown(tmp_path: Path) -> None:
    url = sqlite_file(tmp_path, "CREATE TABLE orders AS SELECT 1 AS n, '13800000001' AS phone")
    shown, _ = rows_of(
        url, query="select n  from orders where phone = '13800000001' -- 13800000001", folder=tmp_path
    )
    assert shown == f"sqlite://{tmp_path}/shop.db SELECT n FROM orders WHERE phone = '…'"


# --- at the prompt ----------------------------------------------------------------------------------------------------


def prompted(
    data: Path, *arguments: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int | str | None, str, str]:
    """Status, output and complaints of ``memberlib import`` with these arguments."""
    status: int | str | None = 0
    try:
        cli.main(["import", "--data", str(data), "--store", "tea", *arguments])
    except SystemExit as leave:
        status = leave.code or 0
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_table_is_imported_at_the_prompt(
    postgres: servers.Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_postgres(
        postgres,
        "CREATE TABLE IF NOT EXISTS shoporders (order_id int, member_id text, paid_at timestamptz, paid_amount numeric,"
        " status text)",
        "DELETE FROM shoporders",
        "INSERT INTO shoporders SELECT i, 'm' || i % 3, timestamptz '2026-01-05 09:00+08', i, 'completed'"
        " FROM generate_series(1, 9) AS t(i)",
    )  # fmt: skip
    asked = ("--from", postgres.url())
    status, out, _ = prompted(tmp_path, *asked, "--table", "shoporders", capsys=capsys)
    place = f"postgresql://127.0.0.1:{postgres.port}/shop"
    assert status == 0 and f"tea ← {place} shoporders (generic orders): 9 rows read = 9 accepted" in out
    status, out, _ = prompted(
        tmp_path, *asked, "--query", "SELECT * FROM shoporders WHERE member_id <> 'm1'", capsys=capsys
    )
    assert status == 0 and "6 rows read = 0 accepted + 6 same as before" in out
    in_postgres(postgres, "UPDATE shoporders SET status = 'lost' WHERE order_id = 9")
    status, out, _ = prompted(tmp_path, *asked, "--table", "shoporders", capsys=capsys)
    assert status == 0 and "8 same as before + 0 replaced + 1 rejected" in out
    status, out, errors = prompted(tmp_path, *asked, "--table", "none", capsys=capsys)
    assert status == 2 and "there is no table none" in errors and len(errors.splitlines()) == 1
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(place.encode() in path.read_bytes() for path in kept)
    assert not [path for path in kept if servers.PASSWORD.encode() in path.read_bytes()]
    assert sorted({row["file"] for row in Lake(tmp_path / "lake").version("tea").imports}) == [
        f"{place} shoporders"
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "give the export files to read, or --from"),
        (["orders.csv", "--from", "sqlite:///shop.db", "--table", "x"], "no files are read"),
        (["orders.csv", "--table", "x"], "go with --from"),
        (["orders.csv", "--query", "SELECT 1"], "go with --from"),
        (["--from", "sqlite:///nowhere.db"], "either --table or --query"),
        (["--from", "sqlite:///nowhere.db", "--table", "x", "--encoding", "gbk"], "--encoding"),
        (["--from", "sqlite:///nowhere.db", "--table", "x"], "there is no database file"),
    ],
)
def test_what_does_not_go_together_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    status, out, errors = prompted(tmp_path, *arguments, capsys=capsys)
    assert status == 2 and not out and line in errors and len(errors.splitlines()) == 1
