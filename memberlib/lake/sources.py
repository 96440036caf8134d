"""Which rows did each import state, and where are they kept?

A source is a mapping in a version's file (or in a repeat's):

- ``table`` and ``part``: what the rows are of;
- ``rows``: the Parquet file with the rows the import brought; ``same``: that with the rows it found there already;
  ``gone``: that with keys it took out. Any may be missing;
- ``whole_orders``: the rows state all lines of their orders; ``named_only``: they are lines read from titles, which
  never take the place of lines with a quantity or an amount.
"""

from __future__ import annotations

from pathlib import Path

from memberlib.model import Table

OWN_ROWS = ("rows", "same", "gone")
"""What a source may keep."""


def same_key(spec: Table, one: str, other: str) -> str:
    """SQL that two rows have one key."""
    return " AND ".join(f'{one}."{name}" = {other}."{name}"' for name in spec.key)


def sql_text(value: str | Path) -> str:
    """A text as SQL writes it."""
    return "'" + str(value).replace("'", "''") + "'"


def sql_list(paths: list[str]) -> str:
    """Paths as SQL writes a list of texts."""
    return "[" + ", ".join(sql_text(p) for p in paths) + "]"
