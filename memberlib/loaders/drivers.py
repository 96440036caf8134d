"""Open each kind of database and read the rows of a query from it.

A source is opened for reading only, where the database knows such a thing, and writes a query's rows to a Parquet file
without ever holding them all. PostgreSQL, MySQL, SQLite and DuckDB are read through their own drivers; any other
database through the Ibis backend that is installed for it.

What the database says comes as text wherever it can say it exactly: decimals with all their places, times with the zone
as UTC with ``+00``, bytes as UTF-8 where they are such, else as hex.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from memberlib.errors import InputError
from memberlib.loaders.columns import ROWS, as_text, distinct, write, write_rows
from memberlib.loaders.servers import MySQL, Postgres, named_tables

_MEMORY = "500MB"


class Database(Protocol):
    """A database that is open for reading; sqlglot's name of its SQL, or sqlglot's class."""

    dialect: Any

    def table_names(self) -> list[str]:
        """Names of the tables and views that the user may have meant."""

    def write(self, query: str, path: Path) -> None:
        """Write a query's rows, in their order, to a Parquet file."""

    def close(self) -> None:
        """Let go of the database."""


def open_database(url: str) -> Database:
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
        rest = url
    scheme = scheme.partition("+")[0]  # as in postgresql+psycopg://, which names a driver too
    if not scheme:
        raise InputError(
            "--from takes the URL of a database, such as postgresql://user@host:5432/shop or sqlite:///folder/shop.db"
        )
    return KINDS.get(scheme, _Ibis)(f"{scheme}://{rest}")


class _SQLite:
    """A SQLite file; each value as it is stored, whatever the column is declared as."""

    dialect: Any = "sqlite"

    def __init__(self, url: str) -> None:
        path = _file_of(url)
        if path is None:
            raise InputError("sqlite:// needs the path of a database file: sqlite:///folder/shop.db")
        self.con = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def table_names(self) -> list[str]:
        """Names of the tables and views that are no system's."""
        found = self.con.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        )
        return [name for (name,) in found if not name.startswith("sqlite_")]

    def write(self, query: str, path: Path) -> None:
        """Write a query's rows, in their order, to a Parquet file."""
        write_rows(path, self.con.execute(query))

    def close(self) -> None:
        """Let go of the connection."""
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
        """Names of the tables and views that are no system's."""
        return named_tables(
            self.con.cursor(), "NOT IN ('information_schema', 'pg_catalog')", "current_schema()"
        )

    def write(self, query: str, path: Path) -> None:
        """Write a query's rows, in their order, to a Parquet file."""
        found = self.con.sql(query)
        names = distinct(found.columns)
        texts = ", ".join(
            f"{as_text(name, str(kind))} AS c{n}"
            for n, (name, kind) in enumerate(zip(names, found.types, strict=True))
        )
        batches = self.con.sql(f"SELECT {texts} FROM (\n{query}\n) AS found").to_arrow_reader(ROWS)
        write(path, names, (batch.columns for batch in batches))

    def close(self) -> None:
        """Let go of the connection."""
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
        """Names of the tables and views that are no system's."""
        return sorted(self.con.list_tables())

    def write(self, query: str, path: Path) -> None:
        """Write a query's rows, in their order, to a Parquet file."""
        found = self.con.sql(query)
        names = distinct(list(found.columns))
        batches = self.con.to_pyarrow_batches(found, chunk_size=ROWS)
        write(path, names, (batch.columns for batch in batches))

    def close(self) -> None:
        """Let go of the connection."""
        self.con.disconnect()


_SUFFIXES = {
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
}
KINDS: dict[str, Callable[[str], Database]] = {
    "postgresql": Postgres,
    "postgres": Postgres,
    "mysql": MySQL,
    "mariadb": MySQL,
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


__all__ = ["KINDS", "Database", "open_database"]
