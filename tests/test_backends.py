"""Tables that live elsewhere: every analysis is the same on Spark as on DuckDB, and what is wrong is one line."""

import datetime as dt
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import deltalake
import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import servers
from questions import questions
from shops_by_hand import GIVEN, JOINED, STAYS

from memberlib import findings
from memberlib.errors import InputError
from memberlib.frames import in_memory
from memberlib.identity import groups, pairs
from memberlib.imports import import_files
from memberlib.lake import Lake, shop_ids
from memberlib.linking import records
from memberlib.settings import settings_from
from memberlib.sources import spark as spark_session
from memberlib.sources.digests import digest
from memberlib.store import connection, open_store, shop_version, store_from
from memberlib.themes import all_themes

SAMPLES = Path(__file__).parents[1] / "data" / "samples" / "course"
JAVA = os.environ.get("JAVA_HOME") or shutil.which("java")
needs_java = pytest.mark.skipif(not JAVA, reason="no Java here (17 or later): nothing is tested on Spark")
OPTIONS = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    # tiny tables: to translate and optimise queries would take longer than to answer them
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


def _written(folder, tables):
    """Each table as two Parquet files of a folder; the paths, relative to the data folder."""
    shop = store_from(**tables)
    places = {}
    for name in tables:
        rows = shop.as_exported(name).to_pyarrow()
        place = folder / "tables" / name
        place.mkdir(parents=True)
        half = len(rows) // 2
        pq.write_table(rows.slice(0, half), place / "0.parquet")
        pq.write_table(rows.slice(half), place / "1.parquet")
        places[name] = f"tables/{name}"
    return places


def _declare(folder, store_id, backend, places, *, more=None, **source):
    """Add a shop to a data folder's stores.toml."""
    words = {**STAYS, **(more or {}), "source": {"backend": backend, "tables": places, **source}}
    lines = [f"[{store_id}]"]
    lines += [f"{key} = {_toml(value)}" for key, value in words.items()]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "stores.toml", "a", encoding="utf-8") as kept:
        kept.write("\n".join(lines) + "\n")


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with the shop by hand on Spark and in files that DuckDB reads."""
    folder = tmp_path_factory.mktemp("data")
    places = _written(folder, JOINED)
    plain = {name: place for name, place in places.items() if name in GIVEN}
    _declare(folder, "shop", "pyspark", plain, options=OPTIONS)
    _declare(folder, "joined", "pyspark", places, more={"join_by": ["phone", "email"]}, options=OPTIONS)
    _declare(folder, "files", "duckdb", plain)
    return folder


# ---- every analysis, on both ----------------------------------------------------------------------

RULES = [{"level": "regular"}, {"level": "advanced", "amount": 100}, {"level": "supreme", "orders": 5}]
SINCE = {"rules": RULES, "rules_from": dt.date(2024, 2, 29)}
CUTS = {"recency": [30, 300], "frequency": [1, 3], "monetary": [100, 233.3332]}
HARDER = {
    "structure": [{}, {"rules": RULES}, SINCE],
    "flow": [{"rules": RULES}, SINCE],
    "discount_cost": [{}, {"rules": RULES, "days": 60}],
    "near_levels": [{}, {"rules": RULES, "near_share": 0.5}],
    "time_bands": [{}, {"edges": [1, 29, 31], "unit": "days"}],
    "season_goods": [{}, {"limit": None}],
    "amount_bands": [{"measure": name, "edges": [33.33, 50, 100]} for name in ("mean", "total", "order")],
    "high_spenders": [{}, {"limit": 3}],
    "count_bands": [{}, {"edges": [1]}],
    "sleeping": [{}, {"days": 30, "edges": [1, 2]}],
    "segments": [
        {},
        {"method": "mean"},
        {"method": "quantile", "segment_map": "eleven"},
        {"method": "quantile", "scores": 3},
        {"method": "fixed", "edges": CUTS},
        {"method": "jenks", "scores": 4},
    ],
    "score_edges": [{}, {"method": "quantile"}],
    "audit": [{}, {"method": "fixed", "edges": CUTS}],
    "regions": [{}, {"segment": "important_value"}],
    "moves": [{}, {"days": 306, "method": "quantile"}],
    "members": [{"method": "quantile", "scores": 4}],
    "headline": [{}, {"days": 30}],
}  # fmt: skip
"""Questions that go beyond what the declared options ask by themselves."""
ANALYSES = {analysis.analysis: analysis for theme in all_themes() for analysis in theme.analyses}
ASKED = {name: HARDER.get(name) or questions(view) for name, view in ANALYSES.items()}
DAYS = [None, "2024-02-29", "2027-01-31", "2023-07-01"]
"""The last order's day, a leap day that ends a month, a day more than 32 months on, and the first order's day."""


@pytest.fixture(scope="module")
def spark(data):
    """The shop by hand, on Spark."""
    if not JAVA:
        pytest.skip("no Java here (17 or later): nothing is tested on Spark")
    store = open_store("shop", data=data)
    yield store
    store.close()


@pytest.fixture(scope="module")
def by_day(data, spark):
    """The shop by hand on DuckDB, and the one on Spark, as of each day."""
    near = store_from(**GIVEN, settings=settings_from(STAYS))
    made = {}
    for day in DAYS:
        when = dt.date.fromisoformat(day) if day else near.as_of
        made[day] = (near.at(when), spark.at(when))
    return made


def same(one, other):
    """Both frames to the last digit, with what they say of themselves."""
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert one.attrs == other.attrs
    for name in one.columns:
        if one[name].dtype == object:
            kinds = [[type(value) for value in frame[name]] for frame in (one, other)]
            assert kinds[0] == kinds[1], name


OF_THE_DAY = ("structure", "time_bands", "months", "sleeping", "segments", "moves", "headline")
"""Analyses that are asked on each day; the others on two."""


@needs_java
@pytest.mark.parametrize(
    ("name", "day"), [(name, day) for day in DAYS for name in (ASKED if day in DAYS[:2] else OF_THE_DAY)]
)
def test_spark_and_duckdb_agree(by_day, name, day):
    near, far = by_day[day]
    for options in ASKED[name] if day is None else ASKED[name][-1:]:
        same(ANALYSES[name](near, **options), ANALYSES[name](far, **options))


@needs_java
@pytest.mark.parametrize("day", [*DAYS, "2029-01-31"])
def test_what_the_analyses_rest_on_agrees(by_day, day):
    near, far = by_day.get(day) or [store.at(dt.date.fromisoformat(day)) for store in by_day[None]]
    same(near.left_out, far.left_out)
    assert (near.buyer_count, near.member_count) == (far.buyer_count, far.member_count)
    assert near.events.count().execute() == far.events.count().execute()
    assert (near.first_order_on, near.last_order_on) == (far.first_order_on, far.last_order_on)
    names = sorted(near.facts.columns)
    one, other = (store.facts.order_by("member_id").select(names).to_pyarrow() for store in (near, far))
    assert one.to_pylist() == other.to_pylist()


def test_the_shop_by_hand_has_something_to_say_on_every_question():
    """Else two engines that find nothing would agree, too."""
    near = store_from(**GIVEN, settings=settings_from(STAYS))
    for name, asked in ASKED.items():
        assert all(len(ANALYSES[name](near, **options)) for options in asked), name
    assert near.left_out.set_index("reason")["order_count"].drop("not_counted").min() > 0
    goods = ANALYSES["season_goods"](near)
    assert {"dress", "own"} <= set(goods["good"]) and set(goods["season"]) == {"peak"}
    assert ANALYSES["structure"](near).attrs["manual_count"] == 1


@needs_java
def test_members_are_joined_on_spark_as_on_duckdb(data, spark):
    near = store_from(
        **JOINED, settings=settings_from({**STAYS, "join_by": ["phone", "email"]}), store_id="joined"
    )
    far = open_store("joined", data=data)
    same(pairs(near), pairs(far))
    same(groups(near), groups(far))
    assert len(groups(near)) == 3 and list(pairs(near)["state"]) == ["joined", "joined", "apart"]
    one, other = (store.members.order_by("member_id").to_pyarrow().to_pylist() for store in (near, far))
    assert one == other
    assert near.member_count == far.member_count
    for name in ("structure", "high_spenders", "regions"):
        same(ANALYSES[name](near), ANALYSES[name](far))
    with pytest.raises(
        InputError, match="lives in pyspark; likely pairs are looked for in the lake and DuckDB"
    ):
        records(far)
    assert near.events.filter(near.events.member_id == "b").count().execute() == 0
    assert far.events.filter(far.events.member_id == "b").count().execute() == 0
    far.close()


@needs_java
def test_a_front_page_of_a_sample_shop_agrees(tmp_path, spark):
    """Every analysis as it comes, and every sentence said of it, on a shop with years of trades."""
    files = [SAMPLES / f"{name}.csv" for name in ("orders", "items", "members")]
    import_files(files, store_id="course", data=tmp_path / "lake-data")
    found = Lake(tmp_path / "lake-data" / "lake").version("course")
    near = open_store("course", data=tmp_path / "lake-data")
    text = (tmp_path / "lake-data" / "stores.toml").read_text(encoding="utf-8")
    tables = {name: f"{name}/" for name in ("orders", "items", "members")}
    for name in tables:
        (tmp_path / name).mkdir()
        for file in found.files[name]:
            shutil.copy(file, tmp_path / name)
    source = _toml({"backend": "pyspark", "tables": tables, "options": OPTIONS})
    (tmp_path / "stores.toml").write_text(f"{text}source = {source}\n", encoding="utf-8")
    far = open_store("course", data=tmp_path)
    for view in ANALYSES.values():
        one, other = view(near), view(far)
        same(one, other)
        assert findings.read(one) == findings.read(other)
    far.close()
    near.close()


# ---- times, types, digests ------------------------------------------------------------------------


@needs_java
def test_moments_become_the_shops_wall_time_and_amounts_exact(tmp_path, spark):
    """Ids that are numbers, amounts that are doubles, moments in UTC: what tables elsewhere often hold."""
    at = pd.to_datetime(["2026-01-31 15:59:59", "2026-01-31 16:00:00", "2026-02-28 16:30:00"]).as_unit("us")
    rows = {"order_id": [1, 2, 3], "member_id": [7, 7, 8], "paid_amount": [0.1, 0.2, 33.33333]}
    frame = pd.DataFrame(rows | {"status": "paid", "paid_at": at.tz_localize("UTC")})
    (tmp_path / "sold").mkdir()
    frame.to_parquet(tmp_path / "sold" / "0.parquet")
    _declare(
        tmp_path,
        "moments",
        "pyspark",
        {"orders": "sold/"},
        more={"time_zone": "Asia/Shanghai"},
        options=OPTIONS,
    )
    store = open_store("moments", data=tmp_path)
    found = store.facts.order_by("member_id").to_pyarrow().to_pylist()
    assert [row["member_id"] for row in found] == ["7", "8"]
    assert [row["total_amount"] for row in found] == [0.3, 33.3333]
    assert [row["first_on"] for row in found] == [dt.date(2026, 1, 31), dt.date(2026, 3, 1)]
    assert found[0]["last_on"] == dt.date(2026, 2, 1)
    assert store.as_of == dt.date(2026, 3, 1)
    store.close()


def _digests(con):
    """Digest of four rows, of the same in another order, with one amount changed, with two amounts changed over."""
    rows = [("1", None, 5), ("2", "", 5), ("3", "a", 6), ("4", "b", 7)]
    changed = [*rows[:3], ("4", "b", 8)]
    swapped = [("1", None, 5), ("2", "", 5), ("3", "a", 7), ("4", "b", 6)]
    moved = [("1", "", 5), ("2", None, 5), ("3", "a", 6), ("4", "b", 7)]
    made = []
    for place, one in enumerate([rows, rows[::-1], changed, swapped, moved, rows[:2] * 2 + rows[2:]]):
        columns = [list(column) for column in zip(*one, strict=True)]
        table = pa.table(
            [pa.array(columns[0]), pa.array(columns[1], pa.string()), pa.array(columns[2])], names="abc"
        )
        made.append(digest(con, {"orders": in_memory(con, f"digest_{place}", table)}))
    return made


@needs_java
def test_a_digest_sees_every_change_and_no_order_on_spark(spark):
    first, again, *others = _digests(spark.con)
    assert first == again and len({first, *others}) == 5


def test_a_digest_sees_every_change_and_no_order_on_duckdb():
    first, again, *others = _digests(connection())
    assert first == again and len({first, *others}) == 5


@needs_java
def test_a_version_is_the_digest_of_what_was_opened(data, spark):
    assert shop_version("shop", data=data) == (0, spark.digest) and len(spark.digest) == 64
    assert spark.version == 0
    near, far = (shop_version(name, data=data) for name in ("files", "shop"))
    assert near != far, "each engine has a hash of its own"


# ---- other places, and one session ----------------------------------------------------------------


def _agree(near, far):
    for name, asked in ASKED.items():
        for options in asked:
            one, other = ANALYSES[name](near, **options), ANALYSES[name](far, **options)
            other.attrs["store"] = near.id
            same(one, other)
    one, other = near.left_out, far.left_out
    other.attrs["store"] = near.id
    same(one, other)


@pytest.fixture(scope="module")
def near():
    """The shop by hand on DuckDB."""
    return store_from(**GIVEN, settings=settings_from(STAYS))


def test_files_a_database_and_a_delta_table_are_read(data, near, tmp_path, monkeypatch):
    far = open_store("files", data=data)
    _agree(near, far)
    far.close()
    with duckdb.connect(str(tmp_path / "own.duckdb")) as con:
        con.execute("CREATE SCHEMA sales")
        for name in GIVEN:
            schema = "main" if name == "orders" else "sales"
            con.execute(f"CREATE TABLE {schema}.{name} AS FROM '{data}/tables/{name}/*.parquet'")
    places = {name: "orders" if name == "orders" else f"sales.{name}" for name in GIVEN}
    _declare(tmp_path, "own", "duckdb", places, options={"database": "own.duckdb"})
    rows = pq.read_table(data / "tables" / "orders")
    deltalake.write_deltalake(tmp_path / "delta", rows.slice(0, 40))
    deltalake.write_deltalake(tmp_path / "delta", rows.slice(40), mode="append")
    _declare(tmp_path, "delta", "duckdb", {"orders": "delta/"})
    far = open_store("own", data=tmp_path)
    _agree(near, far)
    far.close()
    assert open_store("delta", data=tmp_path).orders.count().execute() == len(rows)
    monkeypatch.setitem(sys.modules, "deltalake", None)
    _one_line(
        lambda: open_store("delta", data=tmp_path), r"a Delta table, .*pip install 'memberlib\[delta\]'"
    )


def test_postgres_answers_too(near, tmp_path, monkeypatch):
    with servers.postgres() as server:
        con = ibis.connect(server.url(password=servers.PASSWORD))
        for name in GIVEN:
            rows = near.as_exported(name)
            con.create_table(name, obj=rows.to_pyarrow(), schema=rows.schema())
        con.disconnect()
        monkeypatch.setenv("SHOP_URL", server.url(password=servers.PASSWORD))
        _declare(tmp_path, "far", "postgres", {name: f"public.{name}" for name in GIVEN}, url="$SHOP_URL")
        far = open_store("far", data=tmp_path)
        _agree(near, far)
        assert far.digest == shop_version("far", data=tmp_path).digest
        far.close()


@needs_java
def test_one_session_serves_all_and_keeps_nothing_of_a_closed_shop(data, spark):
    before = set(spark.con.list_tables())
    other = open_store("shop", "2024-02-29", data=data)
    assert other.con is not spark.con and other.con._session is spark.con._session
    ANALYSES["moves"](other)
    ANALYSES["structure"](other)
    other.close()
    assert set(spark.con.list_tables()) <= before
    assert spark.at(dt.date(2024, 1, 31)).buyer_count > 0, "the others go on"


TABLE = """
import sys
from memberlib.cli import main
try:
    main(["table", "count", "--store", sys.argv[1], "--data", sys.argv[2]])
finally:
    print("pyspark" in sys.modules)
"""


@needs_java
def test_the_command_line_says_the_same_and_nothing_else(data):
    """In processes of their own: Java starts and ends, and only where a shop needs it (a fork must not have one)."""
    said = {}
    for shop in ("files", "shop"):
        ran = subprocess.run(
            [sys.executable, "-c", TABLE, shop, data], capture_output=True, text=True, timeout=300
        )
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
        said[shop] = ran.stdout.splitlines()
    assert said["files"][-1] == "False" and said["shop"][-1] == "True"
    # a shop that is called nothing but "shop" has no name in its caption
    said["files"] = [line.replace("files · ", "") for line in said["files"]]
    assert said["files"][:-1] == said["shop"][:-1] and len(said["shop"]) > 5


# ---- what is wrong is one line --------------------------------------------------------------------


def _one_line(call, words):
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value) and "stores.toml" in str(caught.value)


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _with(folder, name, **changed):
    """A Parquet file of the orders with some columns changed (None: left out)."""
    rows = pd.read_parquet(folder / "tables" / "orders").drop(columns="item_count")
    rows = rows.assign(**{k: v for k, v in changed.items() if v is not None})
    rows = rows.drop(columns=[key for key, value in changed.items() if value is None])
    (folder / "wrong").mkdir(exist_ok=True)
    rows.to_parquet(folder / "wrong" / f"{name}.parquet")
    return f"wrong/{name}.parquet"


WRONG = [
    ("status", {"status": None}, "orders: column status is missing"),
    ("text", {"paid_at": "2026-01-05"}, "paid_at is string, and must be a time"),
    ("number", {"status": 5.5}, "status is float64, and must be text"),
    ("word", {"status": "SHIPPED"}, "orders have a status other than pending, paid, shipped"),
    ("below", {"paid_amount": -1}, "orders have an amount below 0"),
    ("nobody", {"order_id": None}, "column order_id is missing"),
    ("empty", {"paid_amount": float("nan")}, "orders have no paid_amount"),
]


@pytest.mark.parametrize("backend", ["duckdb", pytest.param("pyspark", marks=needs_java)])
def test_tables_that_are_not_as_they_must_be(data, request, backend):
    options = {}
    if backend == "pyspark":
        request.getfixturevalue("spark")
        options = {"options": OPTIONS}
    for name, changed, words in WRONG:
        place = _with(data, name, **changed)
        _declare(data, f"{backend}-{name}", backend, {"orders": place}, **options)
        _one_line(lambda name=name: open_store(f"{backend}-{name}", data=data), words)
    _declare(data, f"{backend}-path", backend, {"orders": "tables/none/"}, **options)
    _one_line(lambda: open_store(f"{backend}-path", data=data), "no file or folder")
    if options:
        deltalake.write_deltalake(data / "delta", pq.read_table(data / "tables" / "orders"))
        _declare(data, "delta", backend, {"orders": "delta/"}, **options)
        _one_line(lambda: open_store("delta", data=data), "a Delta table needs Delta's own package in Spark")
    _declare(data, f"{backend}-name", backend, {"orders": "none"}, **options)
    words = "orders cannot be read from 'none'" if options else "name the database"
    _one_line(lambda: open_store(f"{backend}-name", data=data), words)
    _one_line(lambda: open_store(f"{backend}-path", data=data, at_version=1), "has no earlier versions")


@needs_java
def test_what_spark_lacks_is_one_line(data, monkeypatch, tmp_path, spark):
    _declare(data, "others", "pyspark", {"orders": "tables/orders"}, options={"spark.master": "local[1]"})
    _one_line(lambda: open_store("others", data=data), "a shop with other options of Spark is open")
    where = "stores.toml, [x.source]"
    master = f"spark://127.0.0.1:{_free_port()}"
    _one_line(lambda: spark_session._own({"spark.master": master}, where), f"nobody answers at {master}")
    remote = f"sc://127.0.0.1:{_free_port()}"
    _one_line(lambda: spark_session._remote(remote, {}, where), f"nobody answers at {remote}")
    _one_line(lambda: spark_session._remote("http://x", {}, where), "is no address")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    _one_line(lambda: spark_session._own({}, where), "JAVA_HOME is .*, where there is no Java")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    _one_line(lambda: spark_session._own({}, where), "Spark needs Java 17 or later, and there is none")
    monkeypatch.setitem(sys.modules, "pyspark", None)
    _one_line(lambda: spark_session.connected({}, where), r"pip install 'memberlib\[spark\]'")


def test_other_backends_that_cannot_be_had(tmp_path):
    sqlite3.connect(tmp_path / "own.sqlite").close()
    _declare(
        tmp_path, "lite", "sqlite", {"orders": "orders"}, options={"database": str(tmp_path / "own.sqlite")}
    )
    _one_line(
        lambda: open_store("lite", data=tmp_path),
        "sqlite cannot work out medians; take its tables in instead",
    )
    _declare(tmp_path, "none", "duckdb", {"orders": "orders"}, options={"database": "none.duckdb"})
    _one_line(lambda: open_store("none", data=tmp_path), "no file .*none.duckdb")
    (tmp_path / "text.duckdb").write_text("no database")
    _declare(tmp_path, "text", "duckdb", {"orders": "orders"}, options={"database": "text.duckdb"})
    _one_line(lambda: open_store("text", data=tmp_path), "text.duckdb cannot be opened")
    _declare(tmp_path, "unset", "postgres", {"orders": "orders"}, url="$NO_SUCH_VARIABLE")
    _one_line(lambda: open_store("unset", data=tmp_path), "the variable NO_SUCH_VARIABLE is not set")
    port = _free_port()
    _declare(tmp_path, "away", "postgres", {"orders": "orders"}, url=f"postgres://ann@127.0.0.1:{port}/shop")
    _one_line(lambda: open_store("away", data=tmp_path), "postgres cannot be reached")


def test_what_imports_say_of_a_shop_whose_tables_live_elsewhere(data):
    lake = Lake(data / "lake")
    assert {"shop", "joined", "files"} <= set(shop_ids(data)) and not lake.shops()
    for call in (
        lambda: lake.version("shop"),
        lambda: lake.imports("shop"),
        lambda: lake.check("shop"),
        lambda: lake.undo("shop", 1),
        lambda: lake.brushed("shop"),
        lambda: import_files([SAMPLES / "orders.csv"], store_id="shop", data=data),
    ):
        _one_line(call, "the tables of shop 'shop' live elsewhere, in pyspark")
    assert lake.imports("shop", at_version=0).empty and lake.rejected("shop", at_version=0).empty
    assert not (data / "lake" / "shop").exists()
