"""What is one version of a shop, and how does it come to be there whole or not at all?

A version is a JSON file that names the Delta version and the Parquet files of every table, the account of the import
that made it, and a digest chained over all imports before it.
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

    @property
    def taken_in(self) -> list[dict[str, Any]]:
        """The account of every file up to this version, those that changed nothing too."""
        return [*self.imports, *(record for at, _, record in repeats(self._folder) if at <= self.number)]

    @cached_property
    def imports(self) -> list[dict[str, Any]]:
        """What each version up to this one took in, oldest first."""
        return [read_version(self._folder, self.store_id, n)["import"] for n in range(1, self.number + 1)]


def newest(folder: Path) -> int:
    """Number of a shop's newest version, 0 where it has none."""
    try:
        names = os.listdir(folder / "versions")
    except OSError:
        return 0
    return max((int(n[:-5]) for n in names if n.endswith(".json") and n[:-5].isdigit()), default=0)


def read_version(folder: Path, store_id: str, number: int) -> dict[str, Any]:
    """The content of a version's file."""
    path = folder / "versions" / f"{number:08d}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"version {number} of '{store_id}' cannot be read; restore {path} ({error})"
        ) from None
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
        {name: table["delta_version"] for name, table in tables.items()},
        folder,
    )


def repeats(folder: Path, at: int | None = None) -> list[tuple[int, int, dict[str, Any]]]:
    """Kept accounts of imports that changed nothing: version they found, their number there, the account."""
    found = []
    for path in sorted((folder / "repeats").glob("*-*.json" if at is None else f"{at:08d}-*.json")):
        version, _, count = path.stem.partition("-")
        found.append((int(version), int(count), json.loads(path.read_text(encoding="utf-8"))))
    return found


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
