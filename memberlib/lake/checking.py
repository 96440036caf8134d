"""Check that a shop's files are whole and say what they should.

Looked at: versions without a gap, the digest and the seal chained over them, every file there as it was written and
with the rows stated; in the newest version keys that stand once, no empty value where none may be, codes
that are known, accounts that add up, rejected rows as many as the accounts say, and that all imports, gone through
again in order, give what stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib.engine import workspace
from memberlib.errors import InputError
from memberlib.lake.damage import altered
from memberlib.lake.files import differing, row_count
from memberlib.lake.import_rows import import_rows
from memberlib.lake.replay import lay_out, replay
from memberlib.lake.versions import (
    LakeVersion,
    last_made,
    numbers,
    parts_of,
    read_repeat,
    read_version,
    repeat_files,
    version_of,
)
from memberlib.lake.writer import chained
from memberlib.model import CODES, KEPT_TABLES, RULES, Table
from memberlib.sql import identifiers

if TYPE_CHECKING:
    import duckdb


_KINDS = ("accepted", "same", "replaced", "rejected")


def check(folder: Path, store_id: str) -> list[str]:
    """What is wrong with a shop's lake, in one line each.

    Parameters
    ----------
    folder : path
        The shop's own, ``<data>/lake/<store_id>``.
    """
    made = last_made(folder)  # before the versions are looked at: an import may be under way
    there = numbers(folder)
    lacking = sorted(set(range(1, max(*there, made[0]) + 1)) - set(there))
    wrong = [f"version {n} is not there" for n in lacking]
    versions: list[dict[str, Any]] = []
    kept: list[tuple[int, int, dict[str, Any]]] = []
    for n in there:
        try:
            versions.append(read_version(folder, store_id, n))
        except InputError as error:
            wrong.append(str(error))
    for n, k, path in repeat_files(folder):
        try:
            kept.append((n, k, read_repeat(path)))
        except InputError as error:
            wrong.append(str(error))
    try:
        changed = altered(folder, [*versions, *(record for _, _, record in kept)])
        # a data file that is not there is told with those that cannot be read, if that is come to
        late = {file for file, what in changed.items() if what != "was altered"}
        said = [f"{file} {what}" for file, what in changed.items() if wrong or file not in late]
        if wrong:
            return wrong + said
        return (
            said
            + _seals(versions, kept, made)
            + _content_faults(folder, versions, version_of(folder, store_id, there[-1]))
        )
    except InputError as error:
        return [str(error)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [f"a version's file lacks what it must have ({type(error).__name__}: {error})"]


def _content_faults(folder: Path, contents: list[dict[str, Any]], newest: LakeVersion) -> list[str]:
    import duckdb

    wrong = [*_chain(contents), *_accounts(newest)]
    stated = [file for source in import_rows(newest, standing=False) for file in source.files]
    with workspace() as con:
        counts, missing = _footers(con, folder, contents, stated)
        wrong += missing + _row_counts(folder, contents, counts)
        if not missing:
            try:
                for name in newest.files:
                    wrong += _rows(con, KEPT_TABLES[name], newest)
                wrong += _rejected(con, newest)
            except duckdb.Error as error:
                wrong.append(f"the rows cannot be read: {str(error).splitlines()[0]}")
    return wrong


def _seals(
    contents: list[dict[str, Any]], kept: list[tuple[int, int, dict[str, Any]]], made: tuple[int, str]
) -> list[str]:
    """Whether each version is the one the next was put on; those of a release without seals may come first."""
    wrong, before = [], ""
    for number, content in enumerate(contents, 1):
        if content.get("sealed_after", "") != before or (before and "seal" not in content):
            wrong.append(f"version {number}: its seal does not follow from the version before")
        before = content.get("seal", "")
        found = sorted(k for n, k, _ in kept if n == number)
        stated = contents[number].get("repeat_count", len(found)) if number < len(contents) else len(found)
        if found != list(range(1, stated + 1)):
            wrong.append(f"version {number}: an account in repeats/ is not there, or is one too many")
        wrong += [
            f"import {n}.{k}: its seal does not follow from version {n}"
            for n, k, record in kept
            if n == number and record.get("sealed_after", "") != before and "seal" in record
        ]
    number, seal = made
    if number and contents[number - 1].get("seal", "") != seal:
        wrong.append(f"version {number} is not the one that was made")
    if contents[-1].get("seal") and number < len(contents) - 1:
        wrong.append("newest.json does not name the last version made, or the one before")
    return wrong


def _chain(contents: list[dict[str, Any]]) -> list[str]:
    """Numbers and digests of the versions."""
    wrong, before = [], ""
    for number, content in enumerate(contents, 1):
        if content["number"] != number:
            wrong.append(f"version {number} calls itself {content['number']}")
        if content["digest"] != chained(before, content["digest_of"]):
            wrong.append(f"version {number}: its digest does not follow from what made it")
        sha = content.get("import", {}).get("sha256")
        if content["digest_of"].get("sha256", sha) != sha:
            wrong.append(f"version {number}: its account names another file than its digest")
        before = content["digest"]
    return wrong


def _footers(
    con: duckdb.DuckDBPyConnection, folder: Path, contents: list[dict[str, Any]], stated: list[str]
) -> tuple[dict[str, int], list[str]]:
    """Rows of every file that a version or a source names, and those that are not there or cannot be read."""
    import duckdb

    named = {
        str(folder / file) for c in contents for table in c["tables"].values() for file in table["files"]
    }
    counts, wrong = {}, []
    for path in sorted(named | set(stated)):
        try:
            counts[path] = row_count(con, [path])
        except duckdb.Error as error:
            reason = "cannot be read" if Path(path).exists() else "is not there"
            detail = f" ({str(error).splitlines()[0]})" if Path(path).exists() else ""
            wrong.append(f"{Path(path).relative_to(folder).as_posix()} {reason}{detail}")
    return counts, wrong


def _row_counts(folder: Path, contents: list[dict[str, Any]], counts: dict[str, int]) -> list[str]:
    wrong = []
    for number, content in enumerate(contents, 1):
        for name, table in content["tables"].items():
            found = sum(counts.get(str(folder / file), 0) for file in table["files"])
            if found != table["rows"]:
                wrong.append(f"version {number}: {name} has {found:,} rows, not {table['rows']:,} as stated")
    return wrong


def _accounts(newest: LakeVersion) -> list[str]:
    wrong = []
    for entry in newest.entries:
        if entry.record["import_id"] != entry.import_id:
            wrong.append(f"import {entry.import_id} calls itself {entry.record['import_id']}")
        for part in parts_of(entry.record):
            read, known = part["read_count"], sum(part[f"{kind}_count"] for kind in _KINDS)
            if read != known:
                wrong.append(
                    f"import {entry.import_id}: {read:,} rows of {part['table']} read, {known:,} accounted for"
                )
    return wrong


def _rows(con: duckdb.DuckDBPyConnection, spec: Table, newest: LakeVersion) -> list[str]:
    """Keys, values and codes of a table's rows, and whether the imports give them."""
    lay_out(con, spec, newest.files[spec.name])
    name = spec.name
    faults = {}
    if spec.key:
        faults["a key that stands more than once"] = (
            f"SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM {name} GROUP BY {identifiers(spec.key)})"
        )
    for column in spec.columns:
        if column.filled:
            empty = f'"{column.name}" IS NULL'
            if column.sql_type == "VARCHAR" and column.default is None:
                empty += f" OR \"{column.name}\" = ''"
            faults[f"no {column.name}"] = f"SELECT count(*) FROM {name} WHERE {empty}"
        codes = RULES if column.name == "rule" else CODES.get(column.name)
        if column.kind == "code" and codes:
            words = ", ".join(f"'{code}'" for code in codes)
            faults[f"an unknown {column.name}"] = (
                f'SELECT count(*) FROM {name} WHERE "{column.name}" NOT IN ({words})'
            )
    wrong = []
    for said, query in faults.items():
        count = con.execute(query).fetchall()[0][0] or 0
        if count:
            wrong.append(f"{name}: {count:,} rows with {said}")
    if "import_id" not in spec.names:
        replay(con, spec, [source for source in import_rows(newest) if source.table == name])
        for said, one, other in (("that no import gives", name, "replayed"), ("lacking", "replayed", name)):
            count = con.execute(f"SELECT count(*) FROM ({differing(spec, one, other)})").fetchall()[0][0]
            if count:
                wrong.append(f"{name}: {count:,} rows {said}, going through the imports again")
    return wrong


def _rejected(con: duckdb.DuckDBPyConnection, newest: LakeVersion) -> list[str]:
    """Rejected rows and contacts by import, against the accounts of those that stand."""
    standing = {e.import_id: e.record for e in newest.entries if e.owns and not e.undone}
    wrong = []
    for name in newest.files:
        if "import_id" not in KEPT_TABLES[name].names:
            continue
        found = dict(con.execute(f"SELECT import_id, count(*) FROM {name} GROUP BY 1 ORDER BY 1").fetchall())
        wrong += [
            f"{name}: {n:,} rows of import {i}, which does not stand"
            for i, n in found.items()
            if i not in standing
        ]
    if "rejected" in newest.files:
        found = dict(con.execute("SELECT import_id, count(*) FROM rejected GROUP BY 1").fetchall())
    else:
        found = {}
    for import_id, record in standing.items():
        said = sum(part["rejected_count"] for part in parts_of(record))
        if found.get(import_id, 0) != said:
            wrong.append(
                f"import {import_id}: {said:,} rows rejected, {found.get(import_id, 0):,} of them kept"
            )
    return wrong
