"""Read the rows of a query from PostgreSQL or MySQL.

Each is asked in a session that only reads, and tells its rows as text while it finds them, so that they are never held
all at once, neither here nor by the driver.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from memberlib.errors import InputError
from memberlib.loaders.columns import distinct, write, write_rows

_BLOCK_BYTES = 8 << 20
_PATIENCE_SECONDS = 10


def _missing(scheme: str, extra: str) -> InputError:
    return InputError(f"{scheme}:// needs a driver that is not installed: pip install 'memberlib[{extra}]'")


class Postgres:
    """PostgreSQL: the server writes the rows as CSV text (COPY), which is exact and six times as fast as a cursor."""

    dialect: Any = "postgres"

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise _missing("postgresql", "postgres") from None
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # says what it could not read, which may be the password
            raise InputError(
                "the URL cannot be read; it has the form postgresql://user@host:port/database, and signs such as "
                "@ : / ? # % in a password are written as %40 %3A %2F %3F %23 %25"
            ) from None
        self.con = psycopg.connect(**({"connect_timeout": _PATIENCE_SECONDS} | given))  # type: ignore[arg-type]
        self.con.read_only = True

    def table_names(self) -> list[str]:
        """Names of the tables and views that are no system's."""
        self.con.rollback()
        return named_tables(
            self.con.cursor(), "NOT IN ('pg_catalog', 'information_schema')", "current_schema()"
        )

    def write(self, query: str, path: Path) -> None:
        """Write a query's rows, in their order, to a Parquet file."""
        import pyarrow as pa
        from pyarrow import csv

        # local to this transaction, so that it holds behind a pooler too
        for setting in ("client_encoding TO 'UTF8'", "datestyle TO 'ISO, YMD'", "timezone TO 'UTC'",
                        "intervalstyle TO 'iso_8601'", "bytea_output TO 'hex'", "extra_float_digits TO 1"):  # fmt: skip
            self.con.execute(f"SET LOCAL {setting}")
        cursor = self.con.cursor()
        cursor.execute(f"SELECT * FROM (\n{query}\n) AS found LIMIT 0")
        names = [column.name for column in cursor.description or ()]
        places = [str(n) for n in range(len(distinct(names)))]
        with cursor.copy(f"COPY (\n{query}\n) TO STDOUT (FORMAT csv)") as copy:
            first = copy.read()
            if not first:
                return write(path, names, iter(()))
            batches = csv.open_csv(
                pa.PythonFile(_Blocks(bytes(first), copy.read), mode="r"),
                csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=places),
                csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(places, pa.string()),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    null_values=[""],
                ),
            )
            write(path, names, (batch.columns for batch in batches))

    def close(self) -> None:
        """Let go of the connection."""
        self.con.close()


class _Blocks(io.RawIOBase):
    """The rows that a server sends, one by one, as a file that is read in blocks."""

    def __init__(self, first: bytes, more: Callable[[], Any]) -> None:
        self._kept, self._more = first, more

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, held = [self._kept], len(self._kept)
        while (size < 0 or held < size) and (row := self._more()):
            parts.append(row)
            held += len(row)
        content = b"".join(parts)
        taken = content if size < 0 else content[:size]
        self._kept = content[len(taken) :]
        return taken


class MySQL:
    """MySQL and MariaDB: text as the server sends it, row after row."""

    dialect: Any = "mysql"

    def __init__(self, url: str) -> None:
        try:
            import pymysql
            from pymysql.constants import FIELD_TYPE
            from pymysql.converters import encoders
        except ImportError:
            raise _missing("mysql", "mysql") from None
        try:
            parts = urlsplit(url)
            port = parts.port or 3306
        except ValueError:
            raise InputError(
                "the URL cannot be read; it has the form mysql://user@host:port/database, and signs such as "
                "@ : / ? # % in a password are written as %40 %3A %2F %3F %23 %25"
            ) from None
        known = ("unix_socket", "ssl_ca", "read_default_file", "read_default_group")
        options: dict[str, Any] = {key: value for key, value in parse_qsl(parts.query) if key in known}
        if parts.username:
            options["user"] = unquote(parts.username)
        password = unquote(parts.password) if parts.password is not None else os.environ.get("MYSQL_PWD")
        if password is not None:
            options["password"] = password
        self.con = pymysql.connect(
            host=parts.hostname or "localhost",
            port=port,
            database=unquote(parts.path[1:]) or None,
            charset="utf8mb4",
            connect_timeout=_PATIENCE_SECONDS,
            # all as text, but for what would lose its meaning: moments are told in UTC, bits are numbers
            conv=encoders
            | {FIELD_TYPE.TIMESTAMP: _utc, FIELD_TYPE.BIT: lambda bits: str(int.from_bytes(bits, "big"))},
            **options,
        )
        with self.con.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("SET time_zone = '+00:00'")

    def table_names(self) -> list[str]:
        """Names of the tables and views that are no system's."""
        schemas = "NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"
        return named_tables(self.con.cursor(), schemas, "database()")

    def write(self, query: str, path: Path) -> None:
        """Write a query's rows, in their order, to a Parquet file."""
        from pymysql.cursors import SSCursor

        with self.con.cursor(SSCursor) as cursor:
            cursor.execute(query)
            write_rows(path, cursor)

    def close(self) -> None:
        """Let go of the connection."""
        self.con.close()


def _utc(text: str) -> str:
    return text if text.startswith("0000") else text + "+00:00"


def named_tables(cursor: Any, schemas: str, here: str) -> list[str]:
    """Tables of the information schema, those of the present schema by their bare name."""
    cursor.execute(
        f"SELECT table_schema, table_name, {here} FROM information_schema.tables WHERE table_schema {schemas} "
        "ORDER BY table_schema <> " + here + ", table_schema, table_name LIMIT 200"
    )
    return [name if schema == home else f"{schema}.{name}" for schema, name, home in cursor.fetchall()]


__all__ = ["MySQL", "Postgres", "named_tables"]
