"""Where do checked rows live, and how is an import atomic and repeatable?

One folder per shop, ``<data>/lake/<store_id>/``:

- ``orders/ items/ members/ brushed/ rejected/`` are Delta tables;
- ``versions/00000001.json …`` is the shop's own log, one immutable file per import that changed something. It
  names the Delta version and the Parquet files of every table, the account of the import, and a digest chained
  over all imports;
- ``repeats/`` keeps the accounts of imports that changed nothing.

A version begins to exist when its file is linked into place, which happens at once or not at all. Whatever a
killed import left behind is ahead of the newest version file, is seen by no reader, and is taken back before the
next write. Nothing here reads the clock, so the same imports in the same order give the same digest everywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib.errors import InputError
from memberlib.model import REJECTED, TABLES, Table
from memberlib.settings import check_store_id

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

IMPORT_COLUMNS = (
    "import_id", "version", "file", "platform", "table", "read_count", "accepted_count", "same_count", "replaced_count",
    "rejected_count", "first_on", "last_on",
)  # fmt: skip
_ALL_TABLES: dict[str, Table] = {**TABLES, REJECTED.name: REJECTED}
_FOREVER = "interval 36500 days"
_DELTA_SETTINGS = {
    # Old versions must stay readable: a report pins the version it read.
    "delta.logRetentionDuration": _FOREVER,
    "delta.deletedFileRetentionDuration": _FOREVER,
    "delta.enableExpiredLogCleanup": "false",
}
_MANY_FILES = 16
_SMALL_BYTES = 32 * 1024 * 1024
_LOCK_SECONDS = 600


def data_folder(data: str | Path | None = None) -> Path:
    """The folder with the shops' settings and lake.

    It is the argument, else ``$MEMBERLIB_DATA``, else the nearest ``data/`` with a stores.toml going up from the
    working folder, else ``./data``.

    Examples
    --------
    >>> data_folder("exports").name
    'exports'
    """
    if data is not None:
        return Path(data)
    if os.environ.get("MEMBERLIB_DATA"):
        return Path(os.environ["MEMBERLIB_DATA"])
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "data" / "stores.toml").is_file():
            return folder / "data"
    return here / "data"


@dataclass(frozen=True)
class LakeVersion:
    """One shop's tables as one import left them.

    Attributes
    ----------
    number : int
        1 for the first import that changed something; 0 for a shop that is not there yet.
    digest : str
        Fingerprint of all imports up to this one.
    files : dict
        Table name → Parquet paths to read together; a table never imported is absent.
    rows : dict
        Table name → number of rows.
    """

    store_id: str
    number: int
    digest: str
    files: dict[str, list[str]]
    rows: dict[str, int]
    delta_versions: dict[str, int]
    _folder: Path = field(repr=False)

    @cached_property
    def imports(self) -> list[dict[str, Any]]:
        """What each version up to this one took in, oldest first."""
        return [_read_version(self._folder, self.store_id, n)["import"] for n in range(1, self.number + 1)]


class Lake:
    """The shops under one folder, usually ``<data>/lake``."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def shops(self) -> list[str]:
        """Ids of the shops that hold at least one import, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(p.name for p in self.root.iterdir() if p.is_dir() and _newest(p))

    def newest(self, store_id: str) -> int:
        """Number of a shop's newest version; 0 for a shop that is not there."""
        return _newest(self.root / check_store_id(store_id))

    def version(self, store_id: str, number: int | None = None) -> LakeVersion:
        """One version of a shop, the newest where none is given.

        Raises
        ------
        InputError
            For an unknown shop or version.
        """
        folder = self.root / check_store_id(store_id)
        newest = _newest(folder)
        if not newest:
            known = ", ".join(self.shops()) or "none"
            raise InputError(f"no shop '{store_id}' in {self.root.parent}; known: {known}")
        wanted = newest if number is None else number
        if not 1 <= wanted <= newest:
            raise InputError(f"shop '{store_id}' has versions 1 to {newest}, not {wanted}")
        return _version_of(folder, store_id, wanted)

    def imports(self, store_id: str, *, at_version: int | None = None, repeats: bool = False) -> pd.DataFrame:
        """The account of each import of a shop, oldest first.

        Parameters
        ----------
        repeats : bool
            Also those that changed nothing; their ids look like ``"2.1"``.

        Returns
        -------
        DataFrame
            import_id, version, file, platform, table, read_count, accepted_count, same_count,
            replaced_count, rejected_count, first_on, last_on (first and last day of trade or of joining
            among the accepted rows, as ISO text; may be None).
        """
        import pandas as pd

        version = self.version(store_id, at_version)
        found = [(n, 0, record) for n, record in enumerate(version.imports, 1)]
        if repeats:
            found += [(n, k, r) for n, k, r in _repeats(self.root / store_id) if n <= version.number]
        rows = [{**record, "version": n} for n, _, record in sorted(found, key=lambda f: f[:2])]
        return pd.DataFrame(
            [[row.get(c) for c in IMPORT_COLUMNS] for row in rows], columns=list(IMPORT_COLUMNS)
        )

    def rejected(
        self, store_id: str, import_id: str | int | None = None, *, at_version: int | None = None
    ) -> pd.DataFrame:
        """Rows that were not accepted, by import and row.

        Returns
        -------
        DataFrame
            import_id, file, row (as a spreadsheet counts: the header is row 1), rule, column, value.

        Raises
        ------
        InputError
            For an unknown shop or import.
        """
        import duckdb

        version = self.version(store_id, at_version)
        where, values = "", []
        if import_id is not None:
            records = [*version.imports, *(r for _, _, r in _repeats(self.root / store_id))]
            by_id = {r["import_id"]: r.get("rejected_under", r["import_id"]) for r in records}
            if str(import_id) not in by_id:
                known = ", ".join(sorted(by_id, key=lambda i: [int(p) for p in i.split(".")]))
                raise InputError(f"shop '{store_id}' has no import {import_id}; known: {known}")
            where, values = "WHERE import_id = ?", [by_id[str(import_id)]]
        with duckdb.connect() as con:
            files = version.files.get("rejected")
            con.execute(f"CREATE TABLE found ({REJECTED.sql_columns()})")
            if files:
                con.execute(f"INSERT INTO found SELECT * FROM read_parquet(?) {where}", [files, *values])
            return con.execute("SELECT * FROM found ORDER BY CAST(import_id AS INTEGER), row, rule").df()

    @contextlib.contextmanager
    def writing(self, store_id: str) -> Iterator[Writer]:
        """Hold the shop's lock and give its writer; nothing is kept unless the writer commits.

        Raises
        ------
        InputError
            Where another import holds the lock for ten minutes.
        """
        import filelock

        folder = self.root / check_store_id(store_id)
        self.root.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.root / f".{store_id}.lock", timeout=_LOCK_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise InputError(f"another import into '{store_id}' is still running; try again later") from None
        try:
            yield Writer(folder, store_id)
        finally:
            lock.release()


class Writer:
    """Writes one version of one shop; made by :meth:`Lake.writing`.

    Call :meth:`put` for each table that changes, then :meth:`commit` once.
    """

    def __init__(self, folder: Path, store_id: str) -> None:
        self._folder, self._store_id = folder, store_id
        newest = _newest(folder)
        empty = LakeVersion(store_id, 0, "", {}, {}, {}, folder)
        self.current = _version_of(folder, store_id, newest) if newest else empty
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

        spec = _ALL_TABLES[table]
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
        _sync(path)
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
        before = _read_version(self._folder, self._store_id, number - 1)["tables"] if number > 1 else {}
        content = {
            "number": number,
            "digest": hashlib.sha256(chained.encode()).hexdigest(),
            "tables": {**before, **self._changed},
            "import": {**record, "import_id": str(number)},
        }
        _create(self._folder / "versions" / f"{number:08d}.json", content)
        return _version_of(self._folder, self._store_id, number)

    def keep_repeat(self, record: Mapping[str, Any]) -> str:
        """Keep the account of an import that changed nothing; its id, such as ``"2.1"``."""
        at = self.current.number
        count = 1 + sum(1 for n, _, _ in _repeats(self._folder) if n == at)
        import_id = f"{at}.{count}"
        _create(self._folder / "repeats" / f"{at:08d}-{count:06d}.json", {**record, "import_id": import_id})
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


def _same_key(spec: Table, one: str, other: str = "") -> str:
    held = f"{other}." if other else ""
    return " AND ".join(f'{one}."{name}" = {held}"{name}"' for name in spec.key)


def _newest(folder: Path) -> int:
    """Number of a shop's newest version, 0 where it has none."""
    try:
        names = os.listdir(folder / "versions")
    except OSError:
        return 0
    return max((int(n[:-5]) for n in names if n.endswith(".json") and n[:-5].isdigit()), default=0)


def _read_version(folder: Path, store_id: str, number: int) -> dict[str, Any]:
    path = folder / "versions" / f"{number:08d}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"version {number} of '{store_id}' cannot be read; restore {path} ({error})"
        ) from None
    return content


def _version_of(folder: Path, store_id: str, number: int) -> LakeVersion:
    content = _read_version(folder, store_id, number)
    tables = content["tables"]
    return LakeVersion(
        store_id,
        number,
        content["digest"],
        {name: [str(folder / file) for file in table["files"]] for name, table in tables.items()},
        {name: table["rows"] for name, table in tables.items()},
        {name: table["delta_version"] for name, table in tables.items()},
        folder,
    )


def _repeats(folder: Path) -> list[tuple[int, int, dict[str, Any]]]:
    """Kept accounts of imports that changed nothing: version they found, their count there, the account."""
    found = []
    for path in sorted((folder / "repeats").glob("*-*.json")):
        at, _, count = path.stem.partition("-")
        found.append((int(at), int(count), json.loads(path.read_text(encoding="utf-8"))))
    return found


def _create(path: Path, content: Mapping[str, Any]) -> None:
    """A new file with this content, whole or not at all; ``FileExistsError`` if the name is taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with open(fresh, "w", encoding="utf-8") as out:
        json.dump(content, out, ensure_ascii=False, indent=1, default=str)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(fresh, path)
        fresh.unlink()
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links; the lock keeps other writers away
        if path.exists():
            raise FileExistsError(path) from None
        fresh.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Have the disk hold a file or a folder's names before going on; Windows cannot open folders for it."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sql_text(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _sql_list(paths: list[str]) -> str:
    return "[" + ", ".join(_sql_text(p) for p in paths) + "]"
