"""Keeps on disk what was worked out of a shop, so that it need not be worked out again when it is next opened.

One Parquet file, ``<data>/derived/<shop>/<key>.parquet``, for one version of the data, one day, the same settings and
the same code: facts per member as its rows, a few numbers in its footer. The files may be deleted at any time. One that
is damaged, foreign or made otherwise is not used and made anew; where nothing can be written, nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis
    from ibis.expr.types import Table

LARGEST = 2_000_000_000
"""Bytes that all files of a data folder may have together; those not used for longest go first."""
_SAMPLE = 16
"""Of so many small files one is followed by a look at the size of all."""
_ABANDONED_SECONDS = 3600.0
_serial = itertools.count()


class Derived:
    """The file of one shop as of one day.

    Parameters
    ----------
    data : path
        The data folder.
    store_id : str
    made_from : mapping
        What the content rests on besides the code: the data's digest, the day, the settings' digest.
    """

    def __init__(self, data: Path, store_id: str, made_from: Mapping[str, Any]) -> None:
        import duckdb

        self._key = {
            "store": store_id, **made_from, "code": package_digest(), "duckdb": duckdb.__version__,
        }  # fmt: skip
        self.folder = data / "derived"
        name = hashlib.sha256(json.dumps(self._key, sort_keys=True).encode()).hexdigest()[:32]
        self.path = self.folder / store_id / f"{name}.parquet"

    def read(self, con: Any, schema: ibis.Schema) -> tuple[Table, dict[str, Any]] | None:
        """The rows, in a table of their own, and the numbers; None where there is no file that can be trusted.

        Parameters
        ----------
        con : ibis connection
            To DuckDB.
        schema : Schema
            Names and types that the rows must have.
        """
        table = f"derived_{next(_serial)}"
        try:
            if not self.path.is_file():
                return None
            footer = con.con.execute(
                "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'memberlib'", [str(self.path)]
            ).fetchall()
            stated = json.loads(footer[0][0])
            content = stated["content"]
            if stated["digest"] != _digest(content) or content["key"] != self._key:
                return None
            con.con.execute(f'CREATE TEMP TABLE "{table}" AS FROM read_parquet(?)', [str(self.path)])
            rows: Table = con.table(table, database=("temp", "main"))
            if rows.schema() != schema or _rows_digest(con, rows) != content["rows"]:
                con.con.execute(f'DROP TABLE "{table}"')
                return None
            values: dict[str, Any] = content["values"]
        except Exception:
            # a file that is cut off, damaged or gone meanwhile: it is made anew
            with contextlib.suppress(Exception):
                con.con.execute(f'DROP TABLE IF EXISTS "{table}"')
            return None
        with contextlib.suppress(OSError):
            os.utime(self.path)  # it was used
        return rows, values

    def write(self, con: Any, rows: Table, values: Mapping[str, Any]) -> None:
        """Keep rows and numbers, where they can be kept."""
        new = self.path.with_name(f".{self.path.stem}.{os.getpid()}-{next(_serial)}.new")
        try:
            content = {"key": self._key, "rows": _rows_digest(con, rows), "values": dict(values)}
            footer = json.dumps({"content": content, "digest": _digest(content)})
            self.path.parent.mkdir(parents=True, exist_ok=True)
            con.con.execute(
                f"COPY ({con.compile(rows)}) TO {_text(str(new))}"
                f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{memberlib: {_text(footer)}}})"
            )
            size = new.stat().st_size
            if size > LARGEST // 4:
                new.unlink()
                return
            new.replace(self.path)
            if size > LARGEST // 1000 or int(self.path.stem[:8], 16) % _SAMPLE == 0:
                tidy(self.folder)
        except Exception:
            with contextlib.suppress(OSError):  # no room, or not allowed: it goes on without
                new.unlink(missing_ok=True)


def tidy(folder: Path, largest: int | None = None) -> None:
    """Delete the files that were not used for longest, until the others are no larger than allowed."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.glob("*/*"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                if path.suffix == ".parquet":
                    found.append((stat.st_mtime_ns, str(path), stat.st_size))
                elif path.suffix == ".new" and time.time() - stat.st_mtime > _ABANDONED_SECONDS:
                    path.unlink()  # of a process that was killed
    whole = sum(size for _, _, size in found)
    for _, name, size in sorted(found):
        if whole <= (LARGEST if largest is None else largest):
            break
        with contextlib.suppress(OSError):
            os.unlink(name)
        whole -= size


@lru_cache(maxsize=1)
def package_digest() -> str:
    """Fingerprint of every source file of this package."""
    package, whole = Path(__file__).parent, hashlib.sha256()
    for name, path in sorted((p.relative_to(package).as_posix(), p) for p in package.rglob("*")):
        if path.suffix != ".pyc" and path.is_file():
            whole.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _rows_digest(con: Any, rows: Table) -> list[str]:
    """How many rows there are, and a fingerprint of them whatever their order."""
    values = ", ".join(f'"{name}", "{name}" IS NULL' for name in rows.columns)
    found = con.con.execute(
        "SELECT count(*), bit_xor(h), sum(h >> 40)"
        f" FROM (SELECT hash({values}) AS h FROM ({con.compile(rows)}) AS given)"
    ).fetchall()
    return [str(value) for value in found[0]]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
