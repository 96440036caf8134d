"""Shops whose tables live elsewhere: every analysis is the same on Spark as on DuckDB, and what is wrong is one line."""

import datetime as dt
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pytest

from memberlib import indicators
from memberlib.declared import source_from
from memberlib.errors import InputError
from memberlib.identity import groups, pairs
from memberlib.lake import Lake, shop_ids
from memberlib.settings import Settings, settings_from
from memberlib.store import open_store, shop_version, store_from
from memberlib.themes import THEMES

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
STAYS = {
    "level_rules": [{"level": "regular"}, {"level": "vip", "amount": 300, "orders": 4, "discount": 0.8}],
    "category_prefixes": {"DR": "dress"},
    "amount_edges": [50, 100, 200],
}


# ---- a shop by hand that has every trap in it -----------------------------------------------------


def _orders():
    """Trades of 18 months with two peaks, and beside them one order for each thing that can go wrong."""
    cents = [5000, 5000, 10000, 9999, 3333, 1, 123456, 20000, 20001]
    members = ["a", "b", "b", "c", "d", "会员", "Ä'x", "e\\f", "a", "g"]
    rows = []
    for month in range(18):
        start = dt.datetime(2023 + (6 + month) // 12, (6 + month) % 12 + 1, 1)
        for n in range(9 if month in (4, 16) else 1 if month == 7 else 3 + month % 2):
            at = start + dt.timedelta(days=3 * n, hours=(7 * n + month) % 24, minutes=59, seconds=n)
            who, amount = members[(3 * n + month) % 10], cents[(n + month) % 9] / 100
            region = (None, "north", "south", "Île")[(n + 2 * month) % 4]
            rows.append((who, at, amount, 0.0 if n else round(amount / 3, 2), "completed", region))
    rows += [
        ("old", dt.datetime(2018, 3, 31, 12), 80.0, 0, "paid", None),  # more than 62 months back
        ("a", dt.datetime(2024, 2, 29, 23, 59, 59, 999999), 50.0, 0, "shipped", "north"),
        ("b", dt.datetime(2024, 3, 1), 50.0, 0, "paid", "south"),
        ("h", dt.datetime(2024, 1, 31), 0.0001, 0, "completed", "north"),
        ("h", dt.datetime(2024, 1, 31), 33.3333, 0.0001, "completed", "south"),  # the same moment
        ("refunded", dt.datetime(2024, 5, 1, 9), 30.0, 30.0, "completed", None),
        ("refunded", dt.datetime(2024, 5, 1, 9), 30.0, 31.0, "completed", None),
        ("", dt.datetime(2024, 5, 2, 9), 40.0, 0, "shipped", None),
        ("c", None, 50.0, 0, "pending", None),
        ("d", dt.datetime(2024, 5, 3, 9), 60.0, 0, "cancelled", None),
        ("fake", dt.datetime(2024, 5, 4, 9), 999.0, 0, "completed", None),
        ("once", dt.datetime(2024, 12, 31, 23, 59, 59), 100.0, 0, "completed", "south"),
    ]
    frame = pd.DataFrame(
        rows, columns=["member_id", "paid_at", "paid_amount", "refund_amount", "status", "region"]
    )
    frame.insert(0, "order_id", [f"o{place}" for place in range(len(frame))])
    made = frame["paid_at"] - pd.Timedelta(hours=1)
    return frame.assign(created_at=made.fillna(pd.Timestamp("2024-05-02 08:00")))


def _items(orders):
    goods = [("DR-1", None, "dress 1"), ("XX-2", None, None), ("DR-3", "own", "coat"), (None, None, "bag")]
    rows = [
        (order_id, str(line), *goods[(place + line) % 4], 1.0 + line, 10.01 * (place % 7))
        for place, order_id in enumerate(orders["order_id"])
        for line in range(place % 3)
    ]
    names = ["order_id", "line_id", "product_id", "category", "product_name", "quantity", "amount"]
    return pd.DataFrame(rows, columns=names)


MEMBERS = pd.DataFrame(
    {
        "member_id": ["a", "b", "c", "never", "later", "会员"],
        "joined_on": [dt.date(2023, 1, 1), None, dt.date(2024, 2, 29), None, dt.date(2025, 6, 1), None],
        "level": ["vip", None, "supreme", "regular", "vip", "advanced"],
        "level_manual": [False, True, True, False, False, None],
        "region": ["west", None, "", None, None, "north"],
    }
)
BRUSHED = pd.DataFrame({"order_id": ["never", "o" + str(len(_orders()) - 2)]})
EVENTS = pd.DataFrame(
    {
        "member_id": ["a", "b", "a"],
        "kind": "visit",
        "happened_at": pd.to_datetime(["2024-02-29 23:59", "2024-03-01 00:00", "2025-01-01 00:00"]),
    }
)
CONTACTS = pd.DataFrame(
    {
        "member_id": ["a", "b", "d", "a", "g", "c"],
        "phone": ["13800001234", "138-0000-1234", None, None, "+86 139 0000 9999", "13900009999"],
        "email": [None, "x@example.com", "X@example.com", None, None, None],
    }
)
DECISIONS = pd.DataFrame({"member_id": ["c"], "other_id": ["g"], "decision": ["apart"]})
GIVEN = {
    "orders": _orders(),
    "items": _items(_orders()),
    "members": MEMBERS,
    "brushed": BRUSHED,
    "events": EVENTS,
}
JOINED = {**GIVEN, "contacts": CONTACTS, "decisions": DECISIONS}


def _written(folder, tables):
    """Each table as two Parquet files of a folder; the paths, relative to the data folder."""
    con = ibis.duckdb.connect()
    places = {}
    for name, frame in tables.items():
        rows = store_from(
            GIVEN["orders"], con=con, **({name: frame} if name != "orders" else {})
        ).as_exported(name)
        place = folder / "tables" / name
        place.mkdir(parents=True)
        table = rows.to_pyarrow()
        half = len(frame) // 2
        for number, part in enumerate((table.slice(0, half), table.slice(half))):
            import pyarrow.parquet as pq

            pq.write_table(part, place / f"{number}.parquet")
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
ASKED = {
    "structure": [{}, {"rules": RULES}, SINCE],
    "flow": [{"rules": RULES}, SINCE],
    "discount_cost": [{}, {"rules": RULES, "days": 60}],
    "time_bands": [{}, {"edges": [1, 29, 31], "unit": "days"}],
    "months": [{}],
    "season_goods": [{}, {"limit": None}],
    "week_hours": [{}],
    "amount_bands": [{"measure": name, "edges": [33.33, 50, 100]} for name in ("mean", "total", "order")],
    "concentration": [{}],
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
ANALYSES = {analysis.name: analysis for theme in THEMES for analysis in theme.analyses}
ANALYSES["headline"] = indicators.headline
DAYS = [None, "2024-02-29", "2023-07-01"]
"""The last order's day, a leap day that is a month's end as well, and the day of the first few trades."""


def test_every_analysis_is_asked():
    assert set(ASKED) == set(ANALYSES)


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


@needs_java
@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", ASKED)
def test_spark_and_duckdb_agree(by_day, name, day):
    near, far = by_day[day]
    questions = ASKED[name] if day is None else ASKED[name][-1:]
    for options in questions:
        same(ANALYSES[name](near, **options), ANALYSES[name](far, **options))
