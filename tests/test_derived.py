"""What is kept on disk of a shop gives the figures that the shop gives, and is never trusted where it does not fit."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import memberlib.derived as derived
from memberlib.derived import Derived
from memberlib.imports import import_files
from memberlib.lake import Lake
from memberlib.lake.days import order_days
from memberlib.store import LEFT_OUT, Store, open_store, store_from

COLUMNS = ["order_id", "member_id", "paid_at", "paid_amount", "refund_amount", "status"]


def figures(store: Store) -> dict[str, object]:
    """All that is kept, asked of a store."""
    return {
        "facts": store.facts.order_by("member_id").to_pandas().to_dict("list"),
        "types": store.facts.schema(),
        "left_out": store.left_out.to_dict("list"),
        "dtypes": [str(kind) for kind in store.left_out.dtypes],
        "attrs": store.left_out.attrs,
        "counts": (store.buyer_count, store.member_count),
    }


def write_orders(path: Path, count: int, amount: int = 20) -> Path:
    lines = ["order_id,member_id,paid_at,paid_amount,status"]
    for n in range(count):
        day = dt.date(2026, 1, 1) + dt.timedelta(days=n)
        state = "cancelled" if n % 7 == 3 else "completed"
        lines.append(f"{n},m{n % 5},{day} 10:00:00,{amount + n}.5,{state}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    import_files([write_orders(tmp_path / "a.csv", 40)], "tea", data=folder)
    return folder


def files(data: Path) -> list[Path]:
    return sorted((data / "derived").rglob("*.*"))


def opened(data: Path, day: str | None = None) -> dict[str, object]:
    store = open_store("tea", day, data=data)
    found = figures(store)
    store.close()
    return found


def without_disk(data: Path, day: str | None = None) -> dict[str, object]:
    store = open_store("tea", day, data=data)
    store._derived = None
    found = figures(store)
    store.close()
    return found


rows = st.lists(
    st.tuples(
        st.one_of(st.none(), st.sampled_from(["a", "b", "茶", "d'e"])),
        st.one_of(st.none(), st.datetimes(dt.datetime(2019, 1, 1), dt.datetime(2026, 1, 1))),
        st.integers(0, 10**7),
        st.integers(0, 10**7),
        st.sampled_from(["completed", "paid", "shipped", "cancelled", "pending"]),
    ),
    max_size=40,
)


@given(rows)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_shop_is_the_same_with_and_without(tmp_path: Path, made: list[tuple]) -> None:
    shutil.rmtree(tmp_path / "derived", ignore_errors=True)
    frame = pd.DataFrame(
        [(str(n), who, at, paid / 100, min(back, paid) / 100, state)
         for n, (who, at, paid, back, state) in enumerate(made)],
        columns=COLUMNS,
    )  # fmt: skip
    frame["paid_at"] = pd.to_datetime(frame["paid_at"])
    members = pd.DataFrame({"member_id": ["a", "x"]})
    plain, first, second = (store_from(frame, members=members, as_of="2026-01-01") for _ in range(3))
    for store in (first, second):
        store._derived = Derived(tmp_path, "shop", {"rows": repr(made)})
    wanted = figures(plain)
    assert figures(first) == wanted
    assert first._derived.path.is_file()
    assert figures(second) == wanted
    assert second.facts.op().name.startswith("derived_"), "it was read, not worked out"


def test_a_shop_opened_again_is_read(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(data)
    assert len(files(data)) == 1
    monkeypatch.setattr(Store, "_worked_out_facts", lambda self: _only_schema(self))
    assert opened(data) == first


def _only_schema(store: Store) -> object:
    """Facts whose types can be asked, and whose rows cannot be worked out."""
    import memberlib.facts

    made = memberlib.facts.per_member(store.trades, as_of=store.as_of)
    return made.filter(made.order_count < 0)


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "text":
        path.write_text("store,as_of\n" * 50)
    elif how == "of others":
        pd.DataFrame({"member_id": ["a"]}).to_parquet(path)
    elif how == "another amount":
        import duckdb

        stated = duckdb.execute(
            "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'memberlib'", [str(path)]
        )
        footer = str(stated.fetchall()[0][0], "utf-8").replace("'", "''")
        rows = duckdb.sql(f"FROM read_parquet('{path}')").select(
            "member_id, first_on, last_on, order_count, total_amount + 1 AS total_amount, active_months, mean_amount,"
            " recency_days"
        )
        duckdb.sql(f"COPY (FROM rows) TO '{path}.x' (FORMAT parquet, KV_METADATA {{memberlib: '{footer}'}})")
        assert rows is not None
        os.replace(f"{path}.x", path)
    else:
        flipped = bytearray(content)
        for place in range(4, len(content) - 8, 97):
            flipped[place] ^= 0xFF
        path.write_bytes(bytes(flipped))


@pytest.mark.parametrize("how", ["empty", "cut off", "text", "of others", "another amount", "flipped"])
def test_a_damaged_file_is_not_used_and_made_anew(data: Path, how: str) -> None:
    wanted = without_disk(data)
    assert opened(data) == wanted
    (path,) = files(data)
    damaged(path, how)
    broken = path.read_bytes()
    assert opened(data) == wanted
    assert path.read_bytes() != broken, "it was made anew"
    assert opened(data) == wanted


def test_another_shops_file_in_its_place_is_not_used(data: Path, tmp_path: Path) -> None:
    opened(data)
    other = tmp_path / "other"
    import_files([write_orders(tmp_path / "b.csv", 40, 90)], "tea", data=other)
    wanted = opened(other)
    shutil.copy(files(data)[0], files(other)[0])
    assert opened(other) == wanted


def test_version_day_settings_and_code_have_files_of_their_own(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def looked() -> None:
        assert opened(data, "2026-02-01") == without_disk(data, "2026-02-01")
        assert len(files(data)) == len(seen) + 1
        seen.append(1)

    looked()
    assert opened(data, "2026-02-02") == without_disk(data, "2026-02-02")
    seen.append(1)
    import_files([write_orders(tmp_path / "a2.csv", 60)], "tea", data=data)
    looked()
    (data / "stores.toml").write_text('[tea]\ncounted_statuses = ["completed"]\n', encoding="utf-8")
    looked()
    monkeypatch.setattr(derived, "package_digest", lambda: "another")
    looked()
    Lake(data / "lake").undo("tea", "2")
    looked()
    assert Lake(data / "lake").check("tea") == []


def test_a_file_may_go_while_the_shop_is_open(data: Path) -> None:
    wanted = opened(data)
    store = open_store("tea", data=data)
    assert store.buyer_count == wanted["counts"][0]
    shutil.rmtree(data / "derived")
    assert figures(store) == wanted
    store.close()
    assert opened(data) == wanted


def test_where_nothing_can_be_written_it_goes_on_without(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = without_disk(data)
    shutil.rmtree(data / "derived", ignore_errors=True)
    (data / "derived").write_text("a file where the folder would be")
    assert opened(data) == wanted
    (data / "derived").unlink()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert opened(data) == wanted
    assert files(data) == []


def test_two_processes_at_once_leave_one_whole_file(data: Path) -> None:
    wanted = without_disk(data)
    code = (
        "import sys; from memberlib.store import open_store\n"
        "print(open_store('tea', data=sys.argv[1]).member_count)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(data)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert {process.communicate(timeout=300)[0].strip() for process in both} == {str(wanted["counts"][1])}
    assert len(files(data)) == 1
    assert opened(data) == wanted


def test_the_files_not_used_for_longest_go_first(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / "shop" / f"{number}.parquet"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 100)
        os.utime(path, ns=(0, number * 10**9))
    os.utime(tmp_path / "shop" / "0.parquet", ns=(0, 9 * 10**9))  # used again
    stray = tmp_path / "shop" / ".1.2-3.new"
    stray.write_bytes(b"x")
    derived.tidy(tmp_path, 300)
    assert [path.name for path in sorted((tmp_path / "shop").glob("*.parquet"))] == [
        "0.parquet", "3.parquet", "4.parquet",
    ]  # fmt: skip
    assert stray.exists()
    os.utime(stray, (0, 0))
    derived.tidy(tmp_path, 300)
    assert not stray.exists()


@given(rows)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_footers_of_files_have_the_days_of_their_orders(tmp_path: Path, made: list[tuple]) -> None:
    at = [moment for _, moment, *_ in made]
    frame = pd.DataFrame({"paid_at": pd.Series(at, dtype="datetime64[us]")})
    frame["created_at"] = frame["paid_at"].where(frame.index % 2 == 0) - pd.Timedelta(days=1)
    times = pa.schema([(name, pa.timestamp("us")) for name in frame])
    for part in range(2):
        rows = pa.Table.from_pandas(frame.iloc[part::2], times, preserve_index=False)
        pq.write_table(rows, tmp_path / f"{part}.parquet", row_group_size=3)
    known = [moment.date() for name in frame for moment in frame[name].dropna()]
    wanted = (min(known), max(known)) if known else None
    assert order_days([str(tmp_path / f"{part}.parquet") for part in range(2)]) == wanted
    assert order_days([str(tmp_path / "none.parquet")]) is None


def test_a_store_from_frames_keeps_nothing() -> None:
    frame = pd.DataFrame([("1", "a", "2026-01-05", 80.0, 0.0, "completed")], columns=COLUMNS)
    store = store_from(frame.assign(paid_at=pd.to_datetime(frame["paid_at"])))
    assert store._derived is None and list(store.left_out["reason"]) == list(LEFT_OUT)
