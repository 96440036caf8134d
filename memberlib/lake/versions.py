"""Read and write the versions of a shop, each a file that is there whole or not at all.

A version is a JSON file that names the Parquet files of every table, what made it (an import, with one account per
part, or the undoing of one), where the rows that import stated are kept, a digest chained over all versions before it,
and a seal (:mod:`memberlib.lake.seals`). ``newest.json`` names the last version made, so
that one which is lost is missed; a killed import may leave it one behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.lake.seals import SEAL_KEYS, is_intact

FORMAT = 3
"""Form of the version files this release writes."""
_READ_FORMATS = (2, 3)
"""Forms it reads: of 2, each table was a Delta table besides, whose log is no longer looked at."""


@dataclass(frozen=True)
class Entry:
    """One file that was given to a shop, as its version or its repeat keeps it.

    Attributes
    ----------
    version, repeat : int
        The version it made and 0; or the version it found and changed nothing of, and its number there.
    record : dict
        Its account.
    sources : list of dict
        Where the rows it stated are kept, see :mod:`memberlib.lake.import_rows`; none for a file given again.
    undone : bool
        Whether it was taken back.
    """

    version: int
    repeat: int
    record: dict[str, Any]
    sources: list[dict[str, Any]]
    undone: bool

    @property
    def import_id(self) -> str:
        """``"2"``, or ``"2.1"`` for the first that changed nothing after version 2."""
        return f"{self.version}.{self.repeat}" if self.repeat else str(self.version)

    @property
    def owns(self) -> bool:
        """Whether it is an import of its own, not a file given again."""
        return not self.repeat or bool(self.sources)


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
    _folder: Path = field(repr=False)
    _states: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    def complete(self) -> LakeVersion:
        """The version itself, where its data files are there and as long as they were written.

        Raises
        ------
        InputError
            Naming the first that is not.
        """
        for path in (path for paths in self.files.values() for path in paths):
            name = Path(path).relative_to(self._folder).as_posix()
            try:
                length = os.stat(path).st_size
            except OSError:
                raise InputError(unreadable(self.store_id, path, "is not there")) from None
            if length != self._states.get(name, {}).get("bytes", length):
                raise InputError(unreadable(self.store_id, path, "was altered"))
        return self

    @property
    def imports(self) -> list[dict[str, Any]]:
        """What each version up to this one took in, oldest first; not what was taken back."""
        return [e.record for e in self.entries if not e.undone and not e.repeat]

    @property
    def standing(self) -> list[dict[str, Any]]:
        """The account of every file that stands, those that changed nothing too (these last)."""
        return [*self.imports, *(e.record for e in self.entries if not e.undone and e.repeat)]

    @property
    def history(self) -> list[dict[str, Any]]:
        """The account of every file ever given, in order, each with its ``version`` and whether it is ``undone``."""
        return [{**e.record, "version": e.version, "undone": e.undone} for e in self.entries]

    def path(self, name: str) -> str:
        """A file of the shop, by its name in a version's file."""
        return str(self._folder / name)

    @cached_property
    def entries(self) -> list[Entry]:
        """Every file ever given up to this version, in order."""
        return _entries(self._folder, self.store_id, self.number)


def unreadable(store_id: str, path: str | Path, what: str) -> str:
    """The line for a data file that cannot be read as it was written."""
    return f"{path} {what}; restore it from a copy; `memberlib check {store_id}` tells what else is wrong"


def newest(folder: Path) -> int:
    """Number of a shop's newest version, 0 where it has none."""
    return max(numbers(folder), default=0)


def last_made(folder: Path) -> tuple[int, str]:
    """Number and seal of the last version known to have been made; ``(0, "")`` where that is not known."""
    try:
        found = json.loads((folder / "newest.json").read_text(encoding="utf-8"))
        return int(found["number"]), str(found["seal"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def note_last(folder: Path, content: Mapping[str, Any]) -> None:
    """Have :func:`last_made` name this version from now on."""
    fresh = folder / ".newest.json.new"
    with open(fresh, "w", encoding="utf-8") as out:
        json.dump({"number": content["number"], "seal": content["seal"]}, out)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(folder / "newest.json")


def newest_whole(folder: Path, store_id: str) -> int:
    """As :func:`newest`.

    Raises
    ------
    InputError
        Where a later version was made, whose file is not there.
    """
    made, _ = last_made(folder)  # before the versions are looked at: another process may be making one
    last = newest(folder)
    if made > last:
        path = folder / "versions" / f"{made:08d}.json"
        raise InputError(
            f"version {made} of '{store_id}' is not there; restore {path}, "
            f"or move {folder} away and import its exports again"
        )
    return last


def numbers(folder: Path) -> list[int]:
    """Numbers of the version files that are there, sorted."""
    try:
        names = os.listdir(folder / "versions")
    except OSError:
        return []
    return sorted(int(n[:-5]) for n in names if n.endswith(".json") and n[:-5].isdigit())


def read_version(folder: Path, store_id: str, number: int) -> dict[str, Any]:
    """The content of a version's file.

    Raises
    ------
    InputError
        For a file that is damaged, or of another release's form.
    """
    path = folder / "versions" / f"{number:08d}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = content.get("format", 1)
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"version {number} of '{store_id}' cannot be read; restore {path} ({error})"
        ) from None
    if form not in _READ_FORMATS:
        kind = "an earlier" if isinstance(form, int) and form < FORMAT else "a later"
        raise InputError(
            f"shop '{store_id}' was imported by {kind} release; move {folder} away and import its exports again"
        )
    if not is_intact(content):
        raise InputError(f"version {number} of '{store_id}' was altered; restore {path}")
    return content


def version_of(folder: Path, store_id: str, number: int) -> LakeVersion:
    """A version by its number."""
    content = read_version(folder, store_id, number)
    tables = content["tables"]
    return LakeVersion(
        store_id,
        number,
        content["digest"],
        {name: [str(folder / file) for file in table["files"]] for name, table in tables.items()},
        {name: table["rows"] for name, table in tables.items()},
        folder,
        content.get("data", {}),
    )


def parts_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The accounts of an import's parts, each with what the import says of all of them."""
    shared = {key: value for key, value in record.items() if key != "parts"}
    return [{**shared, **part} for part in record["parts"]]


def known_entry(version: LakeVersion, import_id: str) -> Entry:
    """The import with this id.

    Raises
    ------
    InputError
        Where there is none.
    """
    by_id = {entry.import_id: entry for entry in version.entries}
    if import_id not in by_id:
        known = ", ".join(by_id) or "none"
        raise InputError(f"shop '{version.store_id}' has no import {import_id}; known: {known}")
    return by_id[import_id]


def repeats(folder: Path, at: int | None = None) -> list[tuple[int, int, dict[str, Any]]]:
    """Kept accounts of imports that changed nothing: version they found, their number there, the account.

    Raises
    ------
    InputError
        For a file that is damaged.
    """
    return [(version, count, read_repeat(path)) for version, count, path in repeat_files(folder, at)]


def repeat_files(folder: Path, at: int | None = None) -> list[tuple[int, int, Path]]:
    """Version, number there and file of each kept account of an import that changed nothing, in order."""
    found = []
    for path in sorted((folder / "repeats").glob("*-*.json" if at is None else f"{at:08d}-*.json")):
        version, _, count = path.stem.partition("-")
        if version.isdigit() and count.isdigit():
            found.append((int(version), int(count), path))
    return found


def read_repeat(path: Path) -> dict[str, Any]:
    """The content of a repeat's file.

    Raises
    ------
    InputError
        For a file that is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"the account of an import cannot be read; restore {path} ({error})") from None
    if not isinstance(content, dict) or not is_intact(content):
        raise InputError(f"the account of an import was altered; restore {path}")
    return content


def _entries(folder: Path, store_id: str, number: int) -> list[Entry]:
    given: list[tuple[int, int, dict[str, Any], list[dict[str, Any]]]] = []
    undone: set[str] = set()
    for n in range(1, number + 1):
        content = read_version(folder, store_id, n)
        if "undo" in content:
            undone.add(content["undo"]["import_id"])
        else:
            given.append((n, 0, content["import"], content.get("sources", [])))
    for n, k, record in repeats(folder):
        if n <= number:
            kept = {key: value for key, value in record.items() if key not in SEAL_KEYS}
            given.append((n, k, kept, kept.pop("sources", [])))
    given.sort(key=lambda g: g[:2])
    owners = [(r.get("sha256"), r["import_id"] in undone) for _, k, r, s in given if s or not k]
    # a file given again goes with the import that holds its rows
    gone = {sha for sha, out in owners if out} - {sha for sha, out in owners if not out}
    return [
        Entry(n, k, r, s, r["import_id"] in undone or bool(k and not s and r.get("sha256") in gone))
        for n, k, r, s in given
    ]


def create(path: Path, content: Mapping[str, Any]) -> None:
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
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the disk hold a file or a folder's names before going on; Windows cannot open folders for it."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
