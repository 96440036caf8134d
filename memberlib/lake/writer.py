"""How does an import put its rows into a shop's tables?

Each table is a Delta table. New rows come as a new Parquet file; the files that hold replaced rows are written anew
without them. DuckDB writes the files, which keeps memory bounded, and one Delta commit adds and removes them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib.lake.versions import LakeVersion, create, newest, read_version, repeats, sync, version_of
from memberlib.model import KEPT_TABLES, Table

if TYPE_CHECKING:
    import duckdb

_FOREVER = "interval 36500 days"
_DELTA_SETTINGS = {
    # Old versions must stay readable: a report pins the version it read.
    "delta.logRetentionDuration": _FOREVER,
    "delta.deletedFileRetentionDuration": _FOREVER,
    "delta.enableExpiredLogCleanup": "false",
}
_MANY_FILES = 16
_SMALL_BYTES = 32 * 1024 * 1024


class Writer:
    """Writes one version of one shop; made by :meth:`Lake.writing`.

    Call :meth:`put` for each table that changes, then :meth:`commit` once.
    """

    def __init__(self, folder: Path, store_id: str) -> None:
        self._folder, self._store_id = folder, store_id
        number = newest(folder)
        empty = LakeVersion(store_id, 0, "", {}, {}, {}, folder)
        self.current = version_of(folder, store_id, number) if number else empty
        self._changed: dict[str, dict[str, Any]] = {}

    def put(
        self, con: duckdb.DuckDBPyConnection, table: str, rows: str, *, replaced: str | None = None
    ) -> None:
        """Add rows to a table and take out the rows they replace, in one Delta commit.

        Parameters
        ----------
        rows : str
            SQL giving the new rows, with every column of the table in order.
        replaced : str, optional
            SQL giving the keys whose present rows go.
        """
        from deltalake import DeltaTable, Schema
        from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

        spec = KEPT_TABLES[table]
        folder = self._folder / table
        delta = self._settled(table)
        number = 0 if delta is None else delta.version() + 1
        present = self.current.files.get(table, [])
        touched = _touched(con, spec, present, replaced)
        names = ", ".join(f'"{name}"' for name in spec.names)
        query = f"SELECT {names} FROM ({rows})"
        if touched:
            kept = f"SELECT {names} FROM read_parquet({_sql_list(touched)}) AS held"
            if replaced:
                kept += (
                    f" WHERE NOT EXISTS (SELECT 1 FROM ({replaced}) AS gone"
                    f" WHERE {_same_key(spec, 'gone', 'held')})"
                )
            query = f"{kept} UNION ALL {query}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number:08d}.parquet"
        con.execute(f"COPY ({query}) TO {_sql_text(path)} (FORMAT parquet)")
        sync(path)
        state, stats = path.stat(), json.dumps({"numRecords": _row_count(con, [str(path)])})
        added = AddAction(path.name, state.st_size, {}, int(state.st_mtime * 1000), True, stats)
        schema = Schema.from_arrow(spec.arrow_schema())
        if delta is None:
            create_table_with_add_actions(str(folder), schema, [added], configuration=_DELTA_SETTINGS)
            delta = DeltaTable(str(folder))
        else:
            gone = [RemoveAction(Path(p).name, True, added.modification_time) for p in touched]
            delta.create_write_transaction([added, *gone], mode="append", schema=schema)
            delta.update_incremental()
        files = [p for p in present if p not in touched] + [str(path)]
        self._changed[table] = {
            "delta_version": delta.version(),
            "files": [Path(p).relative_to(self._folder).as_posix() for p in files],
            "rows": _row_count(con, files),
        }

    def commit(self, record: Mapping[str, Any], *, digest_of: Mapping[str, Any]) -> LakeVersion:
        """Make the tables written so far the shop's newest version.

        Parameters
        ----------
        record : mapping
            The import's account, kept as it is with its ``import_id`` set to the version's number.
        digest_of : mapping
            What makes this import what it is (file digest, crosswalk digest, options).
        """
        number = self.current.number + 1
        chained = json.dumps({"before": self.current.digest, **digest_of}, sort_keys=True, ensure_ascii=False)
        before = read_version(self._folder, self._store_id, number - 1)["tables"] if number > 1 else {}
        content = {
            "number": number,
            "digest": hashlib.sha256(chained.encode()).hexdigest(),
            "tables": {**before, **self._changed},
            "import": {**record, "import_id": str(number)},
        }
        create(self._folder / "versions" / f"{number:08d}.json", content)
        return version_of(self._folder, self._store_id, number)

    def keep_repeat(self, record: Mapping[str, Any]) -> str:
        """Keep the account of an import that changed nothing; its id, such as ``"2.1"``.

        The same account at the same version is kept once.
        """
        at = self.current.number
        kept = repeats(self._folder, at)
        for _, _, before in kept:
            if {**before, "import_id": ""} == {**record, "import_id": ""}:
                return str(before["import_id"])
        import_id = f"{at}.{len(kept) + 1}"
        create(
            self._folder / "repeats" / f"{at:08d}-{len(kept) + 1:06d}.json",
            {**record, "import_id": import_id},
        )
        return import_id

    def _settled(self, table: str) -> Any:
        """The Delta table at the pinned version, what a killed import left taken back; None if it is to be made."""
        from deltalake import DeltaTable

        folder = self._folder / table
        pinned = self.current.delta_versions.get(table)
        if pinned is None:
            if folder.exists():
                shutil.rmtree(folder)
            return None
        delta = DeltaTable(str(folder))
        if delta.version() > pinned:
            delta.restore(pinned)
        return delta


def _touched(
    con: duckdb.DuckDBPyConnection, spec: Table, present: list[str], replaced: str | None
) -> list[str]:
    """Files to be written anew: those holding replaced rows, and the small ones once there are many."""
    touched: set[str] = set()
    if replaced and present:
        query = (
            f"SELECT DISTINCT filename FROM read_parquet({_sql_list(present)}, filename = true) AS held "
            f"WHERE EXISTS (SELECT 1 FROM ({replaced}) AS gone WHERE {_same_key(spec, 'gone', 'held')})"
        )
        touched = {row[0] for row in con.execute(query).fetchall()}
    if len(present) >= _MANY_FILES:
        touched |= {p for p in present if Path(p).stat().st_size < _SMALL_BYTES}
    return [p for p in present if p in touched]


def _row_count(con: duckdb.DuckDBPyConnection, paths: list[str]) -> int:
    found = con.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({_sql_list(paths)})").fetchall()
    return int(found[0][0])


def _same_key(spec: Table, one: str, other: str) -> str:
    return " AND ".join(f'{one}."{name}" = {other}."{name}"' for name in spec.key)


def _sql_text(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _sql_list(paths: list[str]) -> str:
    return "[" + ", ".join(_sql_text(p) for p in paths) + "]"
