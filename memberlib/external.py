"""Read where a shop's tables live, if not in the lake, from its settings.

They stand in ``stores.toml``, in a table ``[<shop>.source]``: the name of an Ibis backend, the name (or path) there of
each table of the model, and the options of the connection.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from memberlib.errors import InputError
from memberlib.toml import Words, among

TABLES = ("orders", "items", "members", "brushed", "events", "contacts", "decisions")
"""The tables that a source may have; ``orders`` it must."""
SPARK = "pyspark"


@dataclass(frozen=True)
class ExternalSource:
    """Where a shop's tables live, apart from the lake.

    Attributes
    ----------
    backend : str
        Name of an Ibis backend, such as ``pyspark`` or ``duckdb``.
    tables : dict
        Canonical table → its name there, or its path where the backend reads files.
    options : dict
        What the session (``pyspark``) or the connection is told. ``"$NAME"`` stands for a variable of the environment.
    url : str
        For other backends: what ``ibis.connect`` is given, instead of options.
    """

    backend: str
    tables: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""


def source_from(given: Any, where: str) -> ExternalSource:
    """A source from its table in ``stores.toml``.

    Parameters
    ----------
    where : str
        What an error begins with.

    Raises
    ------
    InputError
        In one line, for an unknown word, backend or table, no ``orders``, or a value of the wrong kind.

    Examples
    --------
    >>> source_from({"backend": "duckdb", "tables": {"orders": "sales"}}, "stores.toml, [tea.source]").backend
    'duckdb'
    """
    take = Words(given, where)
    backend = take.one_of("backend", backends())
    tables, url, options = take.table("tables"), take.text("url", ""), take.table("options")
    take.end()
    if "orders" not in tables:
        raise InputError(f'{where}: tables must name the orders, such as {{ orders = "sales.orders" }}')
    for name, place in tables.items():
        among(name, TABLES, f"{where}: table")
        if not isinstance(place, str) or not place.strip():
            raise InputError(f"{where}: the table of {name} must be a name or a path, not {place!r}")
    if url and (options or backend in (SPARK, "duckdb")):
        raise InputError(
            f"{where}: url stands instead of options, for backends other than {SPARK} and duckdb"
        )
    for name, value in options.items():
        _check_option(backend, name, value, where)
    return ExternalSource(backend, tables, _flat(options), url)


def _check_option(backend: str, name: str, value: Any, where: str) -> None:
    if isinstance(value, Mapping) and backend == SPARK:
        for key, inner in value.items():  # TOML reads an unquoted spark.master = … as a table in a table
            _check_option(backend, f"{name}.{key}", inner, where)
        return
    if not isinstance(value, str | int | float | bool):
        raise InputError(f"{where}: options: {name} must be a text, a number, true or false, not {value!r}")
    if backend == SPARK and not name.startswith("spark."):
        raise InputError(f"{where}: options: {name!r} is not an option of Spark; they begin with 'spark.'")
    if name == "spark.sql.session.timeZone" and value != "UTC":
        raise InputError(f"{where}: options: {name} is always UTC; leave it out")
    if backend == "duckdb" and name != "database":
        raise InputError(f"{where}: options: {name!r} is not known; of duckdb there is 'database', a file")


def _flat(options: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in options.items():
        made |= _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return made


def resolved(source: ExternalSource, where: str) -> tuple[dict[str, Any], str]:
    """Options and url, with ``$NAME`` replaced by that variable of the environment.

    Raises
    ------
    InputError
        Where the variable is not set.
    """

    def one(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(r"\$[A-Za-z_]\w*", value):
            return value
        if value[1:] not in os.environ:
            raise InputError(f"{where}: the variable {value[1:]} is not set")
        return os.environ[value[1:]]

    return {name: one(value) for name, value in source.options.items()}, one(source.url)


def backends() -> list[str]:
    """Names of the backends that Ibis has here."""
    return sorted({one.name for one in metadata.entry_points(group="ibis.backends")})
