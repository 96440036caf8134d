"""Put an import's rows into a shop's tables, as a new version that is there whole or not at all.

New rows come as a new Parquet file of their own, which is never written anew and so keeps what the import brought;
the files that hold rows which go are written anew without them, under another name. DuckDB writes the files, which
keeps memory bounded. The version's own file, written last, says which of them are the tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib.lake.files import copied, row_count
from memberlib.lake.import_rows import OWN_ROWS
from memberlib.lake.seals import SEAL_KEYS, sealed, state_of
from memberlib.lake.versions import (
    FORMAT,
    LakeVersion,
    create,
    newest_whole,
    note_last,
    parts_of,
    read_version,
    repeat_files,
    repeats,
    version_of,
)
from memberlib.model import KEPT_TABLES, Table
from memberlib.sql import identifiers, literal, literals, same_key

if TYPE_CHECKING:
    import duckdb

_MANY_FILES = 16
_SMALL_BYTES = 32 * 1024 * 1024


class Writer:
    """Writes one version of one shop; made by :meth:`Lake.writing`.

    Call :meth:`put` and :meth:`add` for what changes, then :meth:`commit` once; or :meth:`keep_repeat` where nothing
    does, after :meth:`note_rows` if the file is a new one.
    """

    def __init__(self, folder: Path, store_id: str) -> None:
        self._folder, self._store_id = folder, store_id
        number = newest_whole(folder, store_id)
        empty = LakeVersion(store_id, 0, "", {}, {}, folder)
        self.current = version_of(folder, store_id, number).complete() if number else empty
        self._before = read_version(folder, store_id, number) if number else {}
        self._states: dict[str, dict[str, Any]] = {}
        self._written = 0
        self._changed: dict[str, dict[str, Any]] = {}
        self._sources: list[dict[str, Any]] = []
        # no other import, kept or killed, has rows under this name that anything refers to
        self._mark = f"{number:08d}.{len(repeat_files(folder, number)) + 1}"
        for name in KEPT_TABLES:  # what a killed import left behind
            for path in (folder / name).glob(f"{number + 1:08d}.[0-9]*.parquet"):
                path.unlink()

    def present(self, table: str) -> list[str]:
        """The Parquet files with a table's rows as of now, with what this writer has put."""
        if table not in self._changed:
            return list(self.current.files.get(table, []))
        return [str(self._folder / file) for file in self._changed[table]["files"]]

    def put(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        rows: str,
        *,
        replaced: str | None = None,
        gone_orders: str | None = None,
        same: str | None = None,
        part: int = 0,
    ) -> None:
        """Add rows to a table and take out those they replace; may be called again, for any table.

        Parameters
        ----------
        rows : str
            SQL giving the new rows, with every column of the table in order and each key at most once.
        replaced : str, optional
            SQL giving the keys whose present rows go.
        gone_orders : str, optional
            SQL giving ``order_id``; all present lines of these orders go. ``rows`` and ``same`` then state all lines
            of their orders, now and whenever the imports are gone through again.
        same : str, optional
            SQL giving the rows of the file that are there already, each key at most once. They are kept beside the
            table, so that they stay when an earlier import that brought them is undone.
        part : int
            Which of the account's parts the rows are of. ``whole_orders`` and ``named_only`` in that part of the
            record say how the rows take their place when the imports are gone through again.
        """
        spec = KEPT_TABLES[table]
        added = self.replace(con, table, rows, replaced=replaced, gone_orders=gone_orders)
        source: dict[str, Any] = {"table": table, "part": part, "whole_orders": gone_orders is not None}
        if added:
            source["rows"] = added
        unless = self._unless_added(spec, added)
        if same:
            self._keep_rows(
                con, source, "same", f"SELECT {identifiers(spec.names)} FROM ({same}) AS held{unless}"
            )
        if replaced:
            keys = f"SELECT DISTINCT {identifiers(spec.key)} FROM ({replaced}) AS held{unless}"
            self._keep_rows(con, source, "gone", keys)
        self._note(source)

    def replace(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        rows: str,
        *,
        replaced: str | None = None,
        gone_orders: str | None = None,
    ) -> str | None:
        """As :meth:`put`, for rows that no import states; the file they are in, if there is one."""
        spec = KEPT_TABLES[table]
        gone = []
        if replaced:
            gone.append(
                f"EXISTS (SELECT 1 FROM ({replaced}) AS gone WHERE {same_key(spec.key, 'gone', 'held')})"
            )
        if gone_orders:
            gone.append(f"EXISTS (SELECT 1 FROM ({gone_orders}) AS gone WHERE gone.order_id = held.order_id)")
        return self._write(con, spec, rows, gone)

    def note_rows(
        self,
        con: duckdb.DuckDBPyConnection,
        table: str,
        part: int,
        *,
        fresh: str | None = None,
        same: str | None = None,
    ) -> None:
        """Keep the rows of a part that changes nothing, though its file is a new one.

        Parameters
        ----------
        fresh, same : str, optional
            SQL giving rows as for :meth:`put`; together each key at most once.
        """
        names = identifiers(KEPT_TABLES[table].names)
        given = " UNION ALL ".join(f"SELECT {names} FROM ({rows})" for rows in (fresh, same) if rows)
        source: dict[str, Any] = {"table": table, "part": part, "whole_orders": False}
        if given:
            self._keep_rows(con, source, "same", given)
        self._note(source)

    def add(self, con: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
        """Append rows to a table that names the import of each row (rejected rows, contacts)."""
        self._write(con, KEPT_TABLES[table], rows, [])

    def take_out(self, con: duckdb.DuckDBPyConnection, table: str, import_id: str) -> int:
        """Remove an import's rows from a table that names the import of each row; their number."""
        present = self.present(table)
        if not present:
            return 0
        of_it = f"FROM read_parquet({literals(present)}) WHERE import_id = {literal(import_id)}"
        found = con.execute(f"SELECT count(*) {of_it}").fetchall()
        if found[0][0]:
            spec = KEPT_TABLES[table]
            nothing = f"SELECT {identifiers(spec.names)} {of_it} AND false"
            self._write(con, spec, nothing, [f"held.import_id = {literal(import_id)}"])
        return int(found[0][0])

    def commit(
        self, record: Mapping[str, Any], *, digest_of: Mapping[str, Any], kind: str = "import"
    ) -> LakeVersion:
        """Make the tables written so far the shop's newest version.

        Parameters
        ----------
        record : mapping
            The import's account, kept as it is with its ``import_id`` set to the version's number.
        digest_of : mapping
            What makes this import what it is (file digest, crosswalk digest, options).
        kind : str
            ``import``; ``undo`` for a version that takes back the import which ``record`` names.
        """
        number = self.current.number + 1
        before = {
            name: {what: table[what] for what in ("files", "rows")}  # releases before had more in it
            for name, table in self._before.get("tables", {}).items()
        }
        content: dict[str, Any] = {
            "format": FORMAT,
            "number": number,
            "digest": chained(self.current.digest, digest_of),
            "digest_of": dict(digest_of),
            "tables": {**before, **self._changed},
            "repeat_count": len(repeat_files(self._folder, self.current.number)),
            kind: dict(record),
        }
        if kind == "import":
            content["import"]["import_id"] = str(number)
            content["sources"] = self._noted_sources(record)
        named = [file for table in content["tables"].values() for file in table["files"]]
        content["data"] = self._states_of(named, content.get("sources", []))
        content = sealed(content, self._before.get("seal", ""))
        create(self._folder / "versions" / f"{number:08d}.json", content)
        note_last(self._folder, content)
        return version_of(self._folder, self._store_id, number)

    def keep_repeat(self, record: Mapping[str, Any]) -> str:
        """Keep the account of an import that changed nothing; its id, such as ``"2.1"``.

        The same account at the same version is kept once. A file that an import has taken in with the same options
        goes with that import: its rows are not kept a second time.
        """
        at = self.current.number
        kept = repeats(self._folder, at)
        for _, _, before in kept:
            given = {key: value for key, value in before.items() if key not in SEAL_KEYS}
            if {**given, "import_id": "", "sources": []} == {**record, "import_id": "", "sources": []}:
                return str(before["import_id"])
        import_id = f"{at}.{len(kept) + 1}"
        what = ("sha256", "options")
        again = any(
            entry.owns and not entry.undone and all(entry.record.get(w) == record.get(w) for w in what)
            for entry in self.current.entries
        )
        sources = [] if again else self._noted_sources(record)
        content = {**record, "import_id": import_id, "sources": sources, "data": self._states_of([], sources)}
        create(
            self._folder / "repeats" / f"{at:08d}-{len(kept) + 1:06d}.json",
            sealed(content, self._before.get("seal", "")),
        )
        return import_id

    def _write(self, con: duckdb.DuckDBPyConnection, spec: Table, rows: str, gone: list[str]) -> str | None:
        """Add rows in a file of their own, take out what the conditions on ``held`` find; the file, if there is one."""
        folder = self._folder / spec.name
        folder.mkdir(parents=True, exist_ok=True)
        self._written += 1
        stem = f"{self.current.number + 1:08d}.{self._written}"
        present = self.present(spec.name)
        names = identifiers(spec.names)
        fresh = copied(con, f"SELECT {names} FROM ({rows})", folder / f"{stem}.parquet")
        touched = _touched(con, present, gone)
        kept = None
        if touched:
            held = f"SELECT {names} FROM read_parquet({literals(touched)}) AS held"
            if gone:
                held += " WHERE " + " AND ".join(f"NOT {found}" for found in gone)
            kept = copied(con, held, folder / f"{stem}-kept.parquet")
        written = [path for path in (kept, fresh) if path]
        self._states |= {self._relative(path): state_of(path) for path in written}
        if written or touched:
            files = [p for p in present if p not in touched] + [str(p) for p in written]
            self._changed[spec.name] = {
                "files": [self._relative(p) for p in files],
                "rows": row_count(con, files),
            }
        return self._relative(fresh) if fresh else None

    def _unless_added(self, spec: Table, added: str | None) -> str:
        """The condition that a row of ``held`` has a key which the rows just added have not."""
        if not added or not spec.key:
            return ""
        path = literals([str(self._folder / added)])
        return (
            f" WHERE NOT EXISTS (SELECT 1 FROM read_parquet({path}) AS own "
            f"WHERE {same_key(spec.key, 'own', 'held')})"
        )

    def _keep_rows(
        self, con: duckdb.DuckDBPyConnection, source: dict[str, Any], what: str, query: str
    ) -> None:
        name = f"{self._mark}-{len(self._sources)}-{source['table']}-{what}.parquet"
        (self._folder / "sources").mkdir(parents=True, exist_ok=True)
        path = copied(con, query, self._folder / "sources" / name)
        if path:
            source[what] = self._relative(path)
            self._states[source[what]] = state_of(path)

    def _note(self, source: dict[str, Any]) -> None:
        if any(what in source for what in OWN_ROWS):
            self._sources.append(source)

    def _noted_sources(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The noted rows, each with what its part of the record says of how they take their place."""
        parts = parts_of(record)
        for source in self._sources:
            number = source["part"]
            of_table = [part for part in parts if part.get("table") == source["table"]]
            part = next((p for p in parts[number : number + 1] if p in of_table), (of_table or [{}])[0])
            source["whole_orders"] = bool(source["whole_orders"] or part.get("whole_orders"))
            source["named_only"] = bool(part.get("named_only"))
        return self._sources

    def _states_of(self, files: list[str], kept: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Length and SHA-256 of the files named, and of those that the sources name; each is hashed once."""
        known = {**self._before.get("data", {}), **self._states}
        named = {*files, *(source[what] for source in kept for what in OWN_ROWS if what in source)}
        return {file: known[file] for file in sorted(named) if file in known}

    def _relative(self, path: str | Path) -> str:
        return Path(path).relative_to(self._folder).as_posix()


def chained(before: str, digest_of: Mapping[str, Any]) -> str:
    """Fingerprint of a version: that of the version before it, and what made it."""
    text = json.dumps({"before": before, **digest_of}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _touched(con: duckdb.DuckDBPyConnection, present: list[str], gone: list[str]) -> list[str]:
    """Files to be written anew: those holding rows that go, and the small ones once there are many."""
    touched: set[str] = set()
    if gone and present:
        query = (
            f"SELECT DISTINCT filename FROM read_parquet({literals(present)}, filename = true) AS held "
            f"WHERE {' OR '.join(gone)}"
        )
        touched = {row[0] for row in con.execute(query).fetchall()}
    if len(present) >= _MANY_FILES:
        touched |= {p for p in present if Path(p).stat().st_size < _SMALL_BYTES}
    return [p for p in present if p in touched]
