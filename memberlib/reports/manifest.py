"""The manifest of a report: what it was made from, and whether that would still make the same."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import memberlib
from memberlib.derived import package_digest
from memberlib.theme import theme_folders

NAME = "manifest.json"
MADE_FROM = ("store", "as_of", "lang", "data", "settings", "given", "code")
"""Parts of a manifest that, unchanged, would make the same report."""
_SHOWING = ("duckdb", "ibis-framework", "matplotlib", "pandas")


def code_version(notebooks: Sequence[Path]) -> dict[str, Any]:
    """The version of memberlib, fingerprints of its sources and of the notebooks, versions of parts."""
    further = [
        (f"{folder.name}/{path.relative_to(folder).as_posix()}", path)
        for folder in theme_folders()[1:]
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".py", ".toml")
    ]
    return {
        "version": memberlib.__version__,
        "digest": package_digest(),
        **({"themes": _digest(further)} if further else {}),
        "notebooks": _digest((p.name, p) for p in notebooks),
        "parts": _parts(),
    }


@lru_cache(maxsize=1)
def _parts() -> dict[str, str]:
    return {"python": f"{sys.version_info.major}.{sys.version_info.minor}"} | {
        name: metadata.version(name) for name in _SHOWING
    }


def _digest(files: Iterable[tuple[str, Path]]) -> str:
    whole = hashlib.sha256()
    for name, path in sorted(files):
        whole.update(f"{name}\0{sha256(path)}\n".encode())
    return whole.hexdigest()[:16]


def sha256(path: Path) -> str:
    """Fingerprint of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digests(folder: Path) -> dict[str, str]:
    """Fingerprint of every file of a report but its manifest, by its place in the folder."""
    found = (p for p in folder.rglob("*") if p.is_file() and p != folder / NAME)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(found)}


def write(path: Path, manifest: Mapping[str, Any]) -> bool:
    """Write a manifest in one move; whether it differs from what was there."""
    content = (json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")
    return replace(path, content)


def replace(path: Path, content: bytes) -> bool:
    """Write a file in one move, so that no reader sees half of it; whether it differs from what was there."""
    if path.is_file() and path.read_bytes() == content:
        return False
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    return True


def settle(folder: Path) -> None:
    """See to it that the files of a folder are on the disk, not on their way there; a full disk says so here."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("r+b") as file:
                os.fsync(file.fileno())


def read(path: Path) -> dict[str, Any] | None:
    """A manifest, or None where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def finished(out: Path, store: str) -> dict[str, dict[str, Any]]:
    """Manifests of a shop's finished reports by day, the earliest first."""
    found = {}
    for path in sorted((out / store).glob(f"*/{NAME}")):
        manifest = read(path)
        if manifest and not path.parent.name.startswith(".") and manifest.get("as_of") == path.parent.name:
            found[path.parent.name] = manifest
    return found


def still_holds(manifest: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path) -> bool:
    """Whether a finished report is what would be made now, and lies there whole.

    Files that others put beside it do not matter.
    """
    if any(manifest.get(part) != wanted.get(part) for part in MADE_FROM):
        return False
    files = manifest.get("files", {})
    found = file_digests(folder)
    return bool(files) and all(found.get(name) == digest for name, digest in files.items())
