"""A version is there whole or not at all, whatever happens while it is made."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from memberlib.errors import InputError
from memberlib.lake import Lake, data_folder, versions


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "a folder 数据" / "lake")


def put(lake: Lake, ids: str, *, replaced: str = "", commit: bool = True, shop: str = "tea") -> None:
    """Write brushed orders (whose key is all they have), space-separated."""
    rows = " UNION ALL ".join(f"SELECT '{i}' AS order_id" for i in ids.split())
    gone = " UNION ALL ".join(f"SELECT '{i}' AS order_id" for i in replaced.split())
    with duckdb.connect() as con, lake.writing(shop) as writer:
        writer.put(con, "brushed", rows, replaced=gone or None)
        if commit:
            writer.commit({"file": "f.csv", "table": "brushed", "rejected_count": 0}, digest_of={"ids": ids})


def ids(lake: Lake, number: int | None = None) -> list[str]:
    files = lake.version("tea", number).files["brushed"]
    return [r[0] for r in duckdb.sql(f"SELECT order_id FROM read_parquet({files}) ORDER BY 1").fetchall()]


def test_each_version_stays_readable(lake: Lake) -> None:
    put(lake, "1 2")
    put(lake, "3 4")
    put(lake, "5", replaced="1 4")
    assert [ids(lake, n) for n in (1, 2, 3)] == [["1", "2"], ["1", "2", "3", "4"], ["2", "3", "5"]]
    assert ids(lake) == ids(lake, 3)
    assert lake.version("tea").rows == {"brushed": 3}


def test_delta_readers_see_the_same_rows_as_the_version(lake: Lake) -> None:
    put(lake, "1 2")
    put(lake, "3", replaced="2")
    for number in (1, 2):
        version = lake.version("tea", number)
        table = DeltaTable(str(lake.root / "tea" / "brushed"), version=version.delta_versions["brushed"])
        assert sorted(table.to_pyarrow_table()["order_id"].to_pylist()) == ids(lake, number)


def test_many_small_files_become_one(lake: Lake) -> None:
    for n in range(20):
        put(lake, f"{n:02d}")
    assert len(lake.version("tea").files["brushed"]) < 10
    assert ids(lake) == [f"{n:02d}" for n in range(20)]
    assert ids(lake, 10) == [f"{n:02d}" for n in range(10)]


def test_a_write_without_its_commit_is_seen_by_nobody_and_taken_back(lake: Lake) -> None:
    put(lake, "1")
    put(lake, "lost", commit=False)
    assert ids(lake) == ["1"]
    put(lake, "2")
    assert ids(lake) == ["1", "2"]
    table = DeltaTable(str(lake.root / "tea" / "brushed"))
    assert table.version() == lake.version("tea").delta_versions["brushed"]
    assert sorted(table.to_pyarrow_table()["order_id"].to_pylist()) == ["1", "2"]


def test_a_first_write_without_its_commit_leaves_no_shop(lake: Lake) -> None:
    put(lake, "lost", commit=False)
    assert lake.shops() == [] and lake.newest("tea") == 0
    put(lake, "1")
    assert ids(lake) == ["1"]


def test_a_version_file_half_written_is_none(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lake, "1")
    before = lake.version("tea")
    monkeypatch.setattr(versions.os, "link", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        put(lake, "2")
    monkeypatch.undo()
    assert lake.version("tea") == before
    put(lake, "2")
    assert ids(lake) == ["1", "2"]


def test_a_version_is_never_written_twice(tmp_path: Path) -> None:
    versions.create(tmp_path / "1.json", {"a": 1})
    with pytest.raises(FileExistsError):
        versions.create(tmp_path / "1.json", {"a": 2})
    assert json.loads((tmp_path / "1.json").read_text()) == {"a": 1}


def test_without_hard_links_a_version_is_still_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(versions.os, "link", refuse)
    versions.create(tmp_path / "1.json", {"a": 1})
    with pytest.raises(FileExistsError):
        versions.create(tmp_path / "1.json", {"a": 2})
    assert json.loads((tmp_path / "1.json").read_text()) == {"a": 1}


def test_the_digest_tells_the_imports_and_their_order(tmp_path: Path) -> None:
    def digest(name: str, *batches: str) -> str:
        lake = Lake(tmp_path / name)
        for batch in batches:
            put(lake, batch)
        return lake.version("tea").digest

    assert digest("a", "1", "2") == digest("b", "1", "2")
    assert len({digest("c", "1"), digest("d", "1", "2"), digest("e", "2", "1")}) == 3


def test_unknown_shops_and_versions_are_named(lake: Lake) -> None:
    with pytest.raises(InputError, match=r"no shop 'tea' .*known: none"):
        lake.version("tea")
    put(lake, "1")
    put(lake, "1", shop="gifts")
    assert lake.shops() == ["gifts", "tea"]
    with pytest.raises(InputError, match="known: gifts, tea"):
        lake.version("teas")
    with pytest.raises(InputError, match="versions 1 to 1, not 2"):
        lake.version("tea", 2)
    with pytest.raises(InputError, match="no import 7; known: 1"):
        lake.rejected("tea", 7)


@pytest.mark.parametrize("shop", ["", "Tea", "../tea", "a b", "-x", "x" * 65, "茶"])
def test_a_shop_id_never_leaves_the_lake(lake: Lake, shop: str) -> None:
    with pytest.raises(InputError, match="not a shop id"):
        lake.version(shop)
    with pytest.raises(InputError, match="not a shop id"), lake.writing(shop):
        pass


def test_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "x" / "y"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert data_folder() == below / "data"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stores.toml").touch()
    assert data_folder() == tmp_path / "data"
    monkeypatch.setenv("MEMBERLIB_DATA", str(tmp_path / "other"))
    assert data_folder() == tmp_path / "other"
    assert data_folder("given") == Path("given")
