"""Write values and names into SQL text, quoted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def literal(value: str | Path) -> str:
    """A text as SQL writes it.

    Examples
    --------
    >>> literal("Ann's shop")
    "'Ann''s shop'"
    """
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[str | Path]) -> str:
    """Texts as DuckDB writes a list of them, such as the paths that ``read_parquet`` takes."""
    return "[" + ", ".join(map(literal, values)) + "]"


def identifier(name: str) -> str:
    """A column's name as SQL writes it.

    Examples
    --------
    >>> print(identifier('paid "net" now'))
    "paid ""net"" now"
    """
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    """Column names as SQL lists them."""
    return ", ".join(map(identifier, names))


def same_key(key: Iterable[str], one: str, other: str) -> str:
    """SQL that two rows have one key.

    Examples
    --------
    >>> same_key(("order_id", "line_id"), "a", "b")
    'a."order_id" = b."order_id" AND a."line_id" = b."line_id"'
    """
    return " AND ".join(f"{one}.{identifier(name)} = {other}.{identifier(name)}" for name in key)
