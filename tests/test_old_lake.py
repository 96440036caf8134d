"""A lake that the release before wrote opens, with its versions, and goes on."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from memberlib.errors import InputError
from memberlib.imports import import_files
from memberlib.lake import Lake
from memberlib.store import open_store

OLD = Path(__file__).parent / "data" / "lake-of-format-2"
KNOWN = json.loads((OLD / "known.json").read_text(encoding="utf-8"))


@pytest.fixture(params=["as it was", "without its Delta logs"])
def data(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old data folder, on a machine that has never heard of Delta."""
    monkeypatch.setitem(sys.modules, "deltalake", None)
    copy = tmp_path / "data"
    shutil.copytree(OLD / "data", copy)
    for log in [*copy.rglob("_delta_log")] if request.param != "as it was" else []:
        shutil.rmtree(log)
    return copy


def state(data: Path, number: int | None = None) -> dict[str, Any]:
    version = Lake(data / "lake").version("tea", number)
    rows = {}
    for table, files in sorted(version.files.items()):
        found = duckdb.sql(f"SELECT * FROM read_parquet({files}) ORDER BY ALL").fetchall() if files else []
        rows[table] = [[str(value) for value in row] for row in found]
    return {"version": version.number, "digest": version.digest, "rows": rows}


def test_every_version_is_there_with_its_digest(data: Path) -> None:
    lake = Lake(data / "lake")
    assert lake.newest("tea") == len(KNOWN["versions"]) == 7
    assert [state(data, number) for number in range(1, 8)] == KNOWN["versions"]
    assert lake.check("tea") == []


def test_imports_and_rejected_rows_are_told_as_before(data: Path) -> None:
    lake = Lake(data / "lake")
    assert json.loads(lake.imports("tea", unchanged=True).to_json(orient="split")) == KNOWN["imports"]
    assert json.loads(lake.rejected("tea").to_json(orient="values")) == KNOWN["rejected"] == []
    assert lake.rejected("tea", at_version=3)["rule"].tolist() == ["bad_amount"]
    assert lake.imports("tea", unchanged=True)["undone"].sum() == 1


@pytest.mark.parametrize("import_id", sorted(KNOWN["undone"]))
def test_each_import_can_still_be_undone(data: Path, import_id: str) -> None:
    Lake(data / "lake").undo("tea", import_id)
    assert state(data) == KNOWN["undone"][import_id]
    assert state(data, 7) == KNOWN["versions"][6]
    assert Lake(data / "lake").check("tea") == []


def test_an_import_is_put_upon_it_and_taken_back(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*.parquet")}
    (account,) = import_files([OLD / "next.csv"], "tea", data=data)
    assert (account.replaced_count, account.accepted_count) == (1, 1)
    assert state(data)["rows"] == KNOWN["next"]["rows"]
    assert [state(data, number) for number in range(1, 8)] == KNOWN["versions"]
    Lake(data / "lake").undo("tea", "1")
    assert state(data)["rows"] == KNOWN["next_undone_1"]["rows"]
    assert Lake(data / "lake").check("tea") == []
    assert all(path.read_bytes() == content for path, content in before.items())
    newest = json.loads((data / "lake" / "tea" / "versions" / "00000009.json").read_text())
    assert newest["format"] == 3 and {*newest["tables"]["items"]} == {"files", "rows"}


def test_what_is_wrong_with_it_is_found(data: Path) -> None:
    path = data / "lake" / "tea" / "orders" / "00000001.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    assert "orders/00000001.parquet was altered" in Lake(data / "lake").check("tea")
    path.unlink()
    with pytest.raises(InputError, match=r"00000001\.parquet is not there; restore it from a copy"):
        Lake(data / "lake").version("tea", 3)


def test_it_opens_as_a_shop(data: Path) -> None:
    shop = open_store("tea", data=data)
    assert shop.orders.count().execute() == len(KNOWN["versions"][-1]["rows"]["orders"]) == 9
    assert open_store("tea", data=data, at_version=1).orders.count().execute() == 8
