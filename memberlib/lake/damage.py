"""Name the data file of a shop that is not as it was written."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.lake.seals import state_of
from memberlib.lake.versions import numbers, read_version, repeats, unreadable

_NAMED = re.compile(r"""[^"'\n]*[\\/]lake[\\/](?P<shop>[^\\/"']+)[\\/]\w+[\\/]\d{8}[^\\/"'\n]*?\.parquet""")


def altered(folder: Path, contents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The data files that are not what versions and repeats say of them: name → ``is not there``, ``was altered``."""
    stated: dict[str, list[Any]] = {}
    for content in contents:
        for file, state in content.get("data", {}).items():
            if "/_delta_log/" not in file:  # of an earlier release; nothing reads it
                stated.setdefault(file, []).append(state)
    found = {}
    for file, states in sorted(stated.items()):
        try:
            now = state_of(folder / file)
        except OSError:
            found[file] = "is not there"
            continue
        if any(state != now for state in states):
            found[file] = "was altered"
    return found


@contextlib.contextmanager
def naming_damage(folder: Path, store_id: str) -> Iterator[None]:
    """Say which data file is to blame where the rows of a shop cannot be read.

    Raises
    ------
    InputError
        In place of an error of DuckDB, where a file is not as it was written.
    """
    try:
        yield
    except Exception as error:
        if is_of_duckdb(error):
            contents = [read_version(folder, store_id, n) for n in numbers(folder)]
            contents += [record for _, _, record in repeats(folder)]
            for file, what in altered(folder, contents).items():
                raise InputError(unreadable(store_id, folder / file, what)) from None
        raise


def damage_line(error: BaseException) -> str:
    """The line for an error of DuckDB that names a data file of a shop; empty for any other.

    Examples
    --------
    >>> damage_line(ValueError("No magic bytes in 'data/lake/tea/orders/00000000.parquet'"))
    ''
    """
    if not is_of_duckdb(error):
        return ""
    found = _NAMED.search(str(error))
    if found is None:
        return ""
    path = found.group(0)
    return unreadable(found.group("shop"), path, "cannot be read" if Path(path).exists() else "is not there")


def is_of_duckdb(error: BaseException) -> bool:
    """Whether DuckDB raised an error, told without loading DuckDB."""
    return type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb")
