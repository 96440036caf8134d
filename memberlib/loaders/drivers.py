"""How are the rows of a query read from each kind of database?

A source is opened for reading only, where the database knows such a thing, and writes a query's rows to a Parquet file
without ever holding them all. PostgreSQL, MySQL, SQLite and DuckDB are read through their own drivers; any other
database through the Ibis backend that is installed for it.

What the database says comes as text wherever it can say it exactly: decimals with all their places, times with the zone
as UTC with ``+00``, bytes as UTF-8 where they are such, else as hex.
"""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from memberlib.errors import InputError
from memberlib.loaders.columns import ROWS, as_text, distinct, write, write_rows

_BLOCK_BYTES = 8 << 20
_PATIENCE_SECONDS = 10
_MEMORY = "500MB"


class Source(Protocol):
    """A database that is open for reading; sqlglot's name of its SQL, or sqlglot's class."""

    dialect: Any

    def table_names(self) -> list[str]:
        """Names of the tables and views that the user may have meant."""

    def write(self, query: str, path: Path) -> None:
        """Write a query's rows, in their order, to a Parquet file."""

    def close(self) -> None:
        """Let go of the database."""


def open_source(url: str) -> Source:
    """Connect to a database.

    Raises
    ------
    InputError
        For a URL that cannot be understood, a file that is not there, a driver that is not installed.
    Exception
        Whatever the driver says of a server that cannot be reached or refuses.
    """
    scheme, _, rest = url.partition("://")
    if not rest and scheme == url:
        scheme = _SUFFIXES.get(Path(url).suffix.lower(), "")
        url = f"{scheme}://{url}"
    if not scheme:
        raise InputError(
            "--from takes the URL of a database, such as postgresql://user@host:5432/shop or sqlite:///folder/shop.db"
        )
    return KINDS.get(scheme, _Ibis)(url)


def _missing(scheme: str, extra: str) -> InputError:
    return InputError(f"{scheme}:// needs a driver that is not installed: pip install 'memberlib[{extra}]'")


class _Postgres:
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
        self.con.rollback()
        return _named(self.con.cursor(), "NOT IN ('pg_catalog', 'information_schema')", "current_schema()")

    def write(self, query: str, path: Path) -> None:
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


class _MySQL:
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
        schemas = "NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"
        return _named(self.con.cursor(), schemas, "database()")

    def write(self, query: str, path: Path) -> None:
        from pymysql.cursors import SSCursor

        with self.con.cursor(SSCursor) as cursor:
            cursor.execute(query)
            write_rows(path, cursor)

    def close(self) -> None:
        self.con.close()


def _utc(text: str) -> str:
    return text if text.startswith("0000") else text + "+00:00"


class _SQLite:
    """A SQLite file; each value as it is stored, whatever the column is declared as."""

    dialect: Any = "sqlite"

    def __init__(self, url: str) -> None:
        path = _file_of(url)
        if path is None:
            raise InputError("sqlite:// needs the path of a database file: sqlite:///folder/shop.db")
        self.con = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def table_names(self) -> list[str]:
        found = self.con.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        )
        return [name for (name,) in found if not name.startswith("sqlite_")]

    def write(self, query: str, path: Path) -> None:
        write_rows(path, self.con.execute(query))

    def close(self) -> None:
        self.con.close()


class _DuckDB:
    """A DuckDB file, or none at all, for what DuckDB itself can read."""

    dialect: Any = "duckdb"

    def __init__(self, url: str) -> None:
        import duckdb

        path = _file_of(url)
        self.con = duckdb.connect(
            str(path or ":memory:"), read_only=path is not None, config={"memory_limit": _MEMORY}
        )
        self.con.execute("SET enable_progress_bar = false")
        self.con.execute("SET TimeZone = 'UTC'")

    def table_names(self) -> list[str]:
        return _named(self.con.cursor(), "NOT IN ('information_schema', 'pg_catalog')", "current_schema()")

    def write(self, query: str, path: Path) -> None:
        found = self.con.sql(query)
        names = distinct(found.columns)
        texts = ", ".join(
            f"{as_text(name, str(kind))} AS c{n}"
            for n, (name, kind) in enumerate(zip(names, found.types, strict=True))
        )
        batches = self.con.sql(f"SELECT {texts} FROM (\n{query}\n) AS found").to_arrow_reader(ROWS)
        write(path, names, (batch.columns for batch in batches))

    def close(self) -> None:
        self.con.close()


class _Ibis:
    """Any other database, through the Ibis backend that is installed for it; its values keep their types."""

    def __init__(self, url: str) -> None:
        import ibis

        scheme = url.partition("://")[0]
        try:
            self.con = ibis.connect(url)
        except ImportError:
            raise InputError(
                f"{scheme}:// needs a driver that is not installed: pip install 'ibis-framework[{scheme}]'"
            ) from None
        except ValueError as error:
            if "Don't know how to connect" not in str(error):
                raise
            raise InputError(
                f"{scheme}:// is no kind of database that is known here; postgresql, mysql, sqlite and duckdb are, "
                "and those that Ibis has a backend for"
            ) from None
        self.dialect = getattr(self.con, "dialect", None) or self.con.name

    def table_names(self) -> list[str]:
        return sorted(self.con.list_tables())

    def write(self, query: str, path: Path) -> None:
        found = self.con.sql(query)
        names = distinct(list(found.columns))
        batches = self.con.to_pyarrow_batches(found, chunk_size=ROWS)
        write(path, names, (batch.columns for batch in batches))

    def close(self) -> None:
        self.con.disconnect()


_SUFFIXES = {
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
}
KINDS: dict[str, Callable[[str], Source]] = {
    "postgresql": _Postgres,
    "postgres": _Postgres,
    "mysql": _MySQL,
    "mariadb": _MySQL,
    "sqlite": _SQLite,
    "duckdb": _DuckDB,
}


def _file_of(url: str) -> Path | None:
    """The file a URL names: ``sqlite:///from/the/root.db``, ``sqlite://from/here.db``; None where it names none."""
    text = unquote(url.partition("://")[2].partition("?")[0])
    if text in ("", "/", ":memory:", "/:memory:"):
        return None
    path = Path(text)
    if not path.is_file():
        raise InputError(f"there is no database file {path}; check its name")
    return path


def _named(cursor: Any, schemas: str, here: str) -> list[str]:
    """Tables of the information schema, those of the present schema by their bare name."""
    cursor.execute(
        f"SELECT table_schema, table_name, {here} FROM information_schema.tables WHERE table_schema {schemas} "
        "ORDER BY table_schema <> " + here + ", table_schema, table_name LIMIT 200"
    )
    return [name if schema == home else f"{schema}.{name}" for schema, name, home in cursor.fetchall()]


__all__ = ["KINDS", "Source", "open_source"]
