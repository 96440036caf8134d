"""Write a database's table or query to a file that an import can read.

A table, or what one SELECT gives, is written to a Parquet file of text columns, which is then read like any export:
same crosswalks, same checks, same account. The rows stand in a fixed order, so that the same content is the same file,
and a repeated import is known by its digest: a query's own ORDER BY, else by all columns from the first on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from memberlib.errors import InputError
from memberlib.loaders.columns import rewrite_as_text
from memberlib.loaders.drivers import Database, open_database

if TYPE_CHECKING:
    from sqlglot import exp

_SHOWN_SIGNS = 80
_SECRETS = ("password", "passwd", "passfile", "sslpassword", "token", "secret", "key")


def rows_of(
    url: str, *, table: str | None = None, query: str | None = None, folder: str | Path
) -> tuple[str, Path]:
    """Write a table, or what a query gives, to a Parquet file of text columns.

    Parameters
    ----------
    url : str
        ``postgresql://user@host:5432/database``, ``mysql://…``, ``sqlite:///path``, ``duckdb:///path``, or what an
        installed Ibis backend connects to. A password may stand in it; better where the database's own programs look
        for it (``PGPASSWORD``, ``~/.pgpass``, a service file; ``MYSQL_PWD``).
    table : str, optional
        Name of a table or view, ``schema.table`` too; as it is written in the database, capitals and all.
    query : str, optional
        One SELECT, in the database's own SQL, instead of a table.
    folder : path
        Where the file is written.

    Returns
    -------
    tuple
        What to call the source, without user and password, and the file.

    Raises
    ------
    InputError
        For anything that cannot be reached, found, read or understood, and for SQL that does more than read.

    Examples
    --------
    >>> import sqlite3, tempfile
    >>> import pyarrow.parquet as pq
    >>> folder = tempfile.mkdtemp()
    >>> with sqlite3.connect(f"{folder}/shop.db") as con:
    ...     _ = con.execute("CREATE TABLE orders AS SELECT 2 AS order_id, 9.5 AS paid UNION SELECT 1, 10.0")
    >>> shown, path = rows_of(f"sqlite:///{folder}/shop.db", table="orders", folder=folder)
    >>> path.name, pq.read_table(path).to_pylist()
    ('orders.parquet', [{'order_id': '1', 'paid': '10'}, {'order_id': '2', 'paid': '9.5'}])
    """
    if (table is None) == (query is None):
        raise InputError("--from needs either --table or --query, and not both")
    place = shown_url(url)
    with _naming_errors(url, place), _closing(open_database(url)) as source:
        if query is None:
            statement, ordered, called = f"SELECT * FROM {_quoted(table or '', source)}", False, str(table)
        else:
            statement, ordered, called = _checked(query, source)
        drawn = Path(folder) / "drawn.parquet"
        try:
            source.write(statement, drawn)
        except InputError:
            raise
        except Exception:
            if table is not None and (others := _others(table, source)) is not None:
                raise InputError(f"there is no table {table}{others}") from None
            raise
    name = re.sub(r"[^\w.-]+", "-", table or "query").strip("-.") or "table"
    path = Path(folder) / f"{name}.parquet"
    rewrite_as_text(drawn, path, ordered=ordered)
    return f"{place} {called}", path


def shown_url(url: str) -> str:
    """A URL without user, password and options.

    Examples
    --------
    >>> shown_url("postgresql://ann:secret@db.example:5432/shop?sslmode=require")
    'postgresql://db.example:5432/shop'
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    before, _, after = rest.rpartition("@")
    if "?" in before:  # an @ among the options, or a ? in the password: nothing of it is safe to show
        return f"{scheme}://…"
    return f"{scheme}://" + re.split(r"[?#]", after)[0]


@contextmanager
def _closing(source: Database) -> Iterator[Database]:
    try:
        yield source
    finally:
        source.close()


@contextmanager
def _naming_errors(url: str, place: str) -> Iterator[None]:
    """Turn whatever goes wrong with a database into one line that holds no password."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {_masked(str(error), url)}") from None
    except Exception as error:  # of a dozen drivers, each with exceptions of its own
        raise InputError(f"{place}: {_masked(_line(error), url)}") from None


def _line(error: Exception) -> str:
    """What a driver says, in one line."""
    diagnosis = getattr(getattr(error, "diag", None), "message_primary", None)
    text = diagnosis or (str(error.args[-1]) if error.args else "") or type(error).__name__
    attempts = re.findall(r"^- (.*)$", text, re.MULTILINE)
    text = " ".join((attempts[-1] if attempts else text).split())
    return text if len(text) <= 300 else text[:299] + "…"


def _masked(text: str, url: str) -> str:
    """A message without any password that went into the connection."""
    secrets = {os.environ.get("PGPASSWORD", ""), os.environ.get("MYSQL_PWD", "")}
    rest = url.partition("://")[2]
    secrets.add(rest.rpartition("@")[0].partition(":")[2])
    try:
        parts = urlsplit(url)
        secrets |= {parts.password or "", *(v for k, v in parse_qsl(parts.query) if k.lower() in _SECRETS)}
    except ValueError:
        pass
    for secret in sorted(secrets | {unquote(s) for s in secrets}, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "…")
    return text


def _quoted(table: str, source: Database) -> str:
    """A table's name as it goes into SQL; a part in quotes may hold a dot."""
    from sqlglot import exp

    parts = [part.strip() for part in re.findall(r'"[^"]*"|`[^`]*`|[^."`]+', table)]
    names = [part.strip('"`') for part in parts]
    if not 1 <= len(names) <= 3 or not all(names):
        raise InputError(f"{table!r} is not the name of a table; give table, or schema.table")
    return ".".join(exp.to_identifier(name, quoted=True).sql(source.dialect) for name in names)


def _others(table: str, source: Database) -> str | None:
    """What tables there are, for a user who named one that is not among them; None where it is there."""
    try:
        names = source.table_names()
    except Exception:  # what went wrong before is what the user should read
        return None
    if table.replace('"', "").replace("`", "") in {n for name in names for n in (name, name.split(".")[-1])}:
        return None
    if not names:
        return "; there is none that this user can see"
    return "; there are " + ", ".join(names[:12]) + (", …" if len(names) > 12 else "")


def _checked(query: str, source: Database) -> tuple[str, bool, str]:
    """A query that does nothing but read: its text, whether it orders its rows, and how it is shown."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.tokens import TokenType

    only = "give one SELECT (it may begin with WITH)"
    try:
        tokens = sqlglot.tokenize(query, read=source.dialect)
        while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
            tokens.pop()
        if not tokens:
            raise InputError(f"the query is empty; {only}")
        if tokens[0].token_type not in (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN, TokenType.FROM):
            raise InputError(f"the query begins with {tokens[0].text}, and only reading is done here; {only}")
        if any(comment.startswith(("!", "M!")) for token in tokens for comment in token.comments):
            raise InputError(f"the query holds a comment that MySQL carries out; {only}")
        text = query[: tokens[-1].end + 1]
        statements = [found for found in sqlglot.parse(text, read=source.dialect) if found is not None]
    except SqlglotError as error:
        near = getattr(error, "errors", None) or [{}]
        words = str(near[0].get("highlight") or "").strip()
        raise InputError(
            "the query cannot be read as SQL" + (f", near {words!r}" if words else "") + f"; {only}"
        ) from None
    if len(statements) != 1:
        raise InputError(f"the query holds {len(statements)} statements; {only}")
    found = statements[0]
    doing = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Drop, exp.Merge)
    if isinstance(found, exp.DML | exp.DDL) or not isinstance(found, exp.Query):
        raise InputError(f"the query is not a SELECT; {only}")
    if (writing := next(found.find_all(*doing), None)) is not None:
        word = "FOR UPDATE" if isinstance(writing, exp.Lock) else writing.key.upper()
        raise InputError(f"the query does more than read ({word}); {only}")
    return text, bool(found.args.get("order")), _shown_query(found, source)


def _shown_query(query: exp.Query, source: Database) -> str:
    """A query in short, without the words it holds in quotes: one of them may be a phone, or a password."""
    from sqlglot import exp

    def hidden(node: exp.Expr) -> exp.Expr:
        return exp.Literal.string("…") if isinstance(node, exp.Literal) and node.is_string else node

    text = query.transform(hidden).sql(source.dialect, comments=False)
    return text if len(text) <= _SHOWN_SIGNS else text[: _SHOWN_SIGNS - 1] + "…"


__all__ = ["rows_of", "shown_url"]
