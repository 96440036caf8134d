"""Tell whether a file of a shop still says what was written into it.

Every data file has its length and SHA-256 in the version (or repeat) that wrote it. A version's file, and a repeat's,
ends in a seal: the SHA-256 of its own content, in which the seal of the version before it stands. Seals are no part of
a shop's digest, which is a function of the imports alone: the bytes of a Parquet file may differ between machines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEAL_KEYS = ("data", "sealed_after", "seal")
"""What sealing adds to a content: the data files' states, the seal of the version before, the seal itself."""


def state_of(path: str | Path) -> dict[str, Any]:
    """A file's ``bytes`` (its length) and ``sha256``."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "sha256": digest}


def sealed(content: Mapping[str, Any], after: str) -> dict[str, Any]:
    """The content as JSON keeps it, with its seal.

    Parameters
    ----------
    after : str
        Seal of the version before (of a repeat: the version it found); ``""`` for the first.

    Examples
    --------
    >>> kept = sealed({"number": 1}, "")
    >>> is_intact(kept), is_intact({**kept, "number": 2})
    (True, False)
    """
    kept: dict[str, Any] = json.loads(json.dumps({**content, "sealed_after": after}, default=str))
    return {**kept, "seal": _seal(kept)}


def is_intact(content: Mapping[str, Any]) -> bool:
    """Whether a content is what its seal was put on. One without a seal has to look like what is written."""
    if "seal" in content:
        return bool(content["seal"] == _seal({k: v for k, v in content.items() if k != "seal"}))
    if "tables" not in content:
        return _is_account(content)
    tables = content["tables"]
    looks = isinstance(content.get("digest"), str) and isinstance(tables, dict)
    looks = looks and all(_is_table(table) for table in tables.values())
    if "undo" in content:
        return (
            looks and isinstance(content["undo"], dict) and isinstance(content["undo"].get("import_id"), str)
        )
    return looks and _is_account(content.get("import"))


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _is_table(table: Any) -> bool:
    if not isinstance(table, dict) or not isinstance(table.get("files"), list):
        return False
    return all(isinstance(f, str) for f in table["files"]) and isinstance(table.get("rows"), int)


def _is_account(record: Any) -> bool:
    """Whether this may be the account of an import."""
    if not isinstance(record, dict) or not isinstance(record.get("import_id"), str):
        return False
    parts, kept = record.get("parts"), record.get("sources", [])
    if not isinstance(parts, list) or not isinstance(kept, list):
        return False
    if not all(isinstance(item, dict) for item in (*parts, *kept)):
        return False
    return all(isinstance(n, int) for part in parts for k, n in part.items() if k.endswith("_count"))
