"""Take an import back, exactly.

The shop becomes what its other imports give when they are gone through in order without it: a row that a later file
stated as well stays, a row it replaced comes back as the imports before it left it. Only the keys (of lines: the
orders) it stated are looked at. The result is a version like any other, so earlier versions stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from memberlib.engine import workspace
from memberlib.errors import InputError
from memberlib.lake.files import differing
from memberlib.lake.import_rows import ImportRows, import_rows
from memberlib.lake.replay import replay, scope_of
from memberlib.lake.versions import Entry, LakeVersion, known_entry
from memberlib.lake.writer import Writer
from memberlib.model import KEPT_TABLES, Table
from memberlib.sql import identifiers, literals

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Undone:
    """What taking an import back did.

    Attributes
    ----------
    version : int
        The version it made.
    taken_out, given_back : dict
        Table → rows that stood and no longer do; rows that stand again. A row that changed its values back is both.
    along : dict
        Import → file: the same file given again, which is taken back with the import that holds its rows.
    """

    store_id: str
    import_id: str
    file: str
    version: int
    taken_out: dict[str, int] = field(default_factory=dict)
    given_back: dict[str, int] = field(default_factory=dict)
    along: dict[str, str] = field(default_factory=dict)


def undo(writer: Writer, import_id: str) -> Undone:
    """Take an import back; nothing is kept unless all of it is.

    Raises
    ------
    InputError
        For an unknown import, one taken back before, or a file that was in already when it was given.
    """
    version = writer.current
    entry = known_entry(version, import_id)
    _check_own(version, entry)
    others = [source for source in import_rows(version) if source.import_id != import_id]
    own = [source for source in import_rows(version) if source.import_id == import_id]
    taken_out: dict[str, int] = {}
    given_back: dict[str, int] = {}
    with workspace() as con:
        for name in dict.fromkeys(source.table for source in own):
            stated = [source for source in own if source.table == name]
            kept = [source for source in others if source.table == name]
            out, back = _replaced(con, writer, KEPT_TABLES[name], stated=stated, others=kept)
            taken_out |= {name: out} if out else {}
            given_back |= {name: back} if back else {}
        for name, spec in KEPT_TABLES.items():
            if "import_id" in spec.names:
                out = writer.take_out(con, name, import_id)
                taken_out |= {name: out} if out else {}
        record = {"import_id": import_id, "taken_out": taken_out, "given_back": given_back}
        left = [e for e in version.entries if not e.undone and e.import_id != import_id and e.owns]
        made = writer.commit(
            record,
            digest_of={"undo": import_id, "standing": [[e.import_id, e.record.get("sha256")] for e in left]},
            kind="undo",
        )
    stood = {e.import_id for e in version.entries if not e.undone} - {import_id}
    along = {e.import_id: e.record.get("file", "") for e in made.entries if e.undone and e.import_id in stood}
    return Undone(
        version.store_id, import_id, entry.record.get("file", ""), made.number, taken_out, given_back, along
    )


def _check_own(version: LakeVersion, entry: Entry) -> None:
    if entry.undone:
        raise InputError(f"import {entry.import_id} of '{version.store_id}' was taken back already")
    if not entry.owns:
        sha = entry.record.get("sha256")
        first = [
            e.import_id for e in version.entries if e.owns and not e.undone and e.record.get("sha256") == sha
        ]
        hint = f"; undo import {first[-1]}, which took it in" if first else ""
        raise InputError(
            f"import {entry.import_id} of '{version.store_id}' changed nothing: its file was in already{hint}"
        )


def _replaced(
    con: duckdb.DuckDBPyConnection,
    writer: Writer,
    spec: Table,
    *,
    stated: list[ImportRows],
    others: list[ImportRows],
) -> tuple[int, int]:
    """Have the rows an import stated stand as the others leave them; rows taken out and given back."""
    columns = identifiers(scope_of(spec))
    files = [file for source in stated for file in source.files]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE scope AS SELECT DISTINCT {columns} FROM "
        f"read_parquet({literals(files)}, union_by_name = true)"
    )
    replay(con, spec, others, scope="scope")
    con.execute(f"CREATE OR REPLACE TEMP TABLE present ({spec.sql_columns()})")
    present = writer.present(spec.name)
    if present:
        con.execute(
            f"INSERT INTO present SELECT {identifiers(spec.names)} FROM read_parquet({literals(present)}) "
            f"WHERE ({columns}) IN (SELECT ({columns}) FROM scope)"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE goes AS {differing(spec, 'present', 'replayed')}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE returns AS {differing(spec, 'replayed', 'present')}")
    out, back = con.execute("SELECT (SELECT count(*) FROM goes), (SELECT count(*) FROM returns)").fetchall()[
        0
    ]
    if out or back:
        writer.replace(con, spec.name, "SELECT * FROM returns", replaced="SELECT * FROM goes")
    return out, back
