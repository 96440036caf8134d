"""Which words does every command know?"""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"
    md = "md"


class Lang(StrEnum):
    """A language of labels and prose."""

    en = "en"
    zh = "zh"
    zh_Hant = "zh-Hant"


StoreId = Annotated[str, typer.Option("--store", "-s", help="Id of the shop.", show_default=False)]
Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder; else $MEMBERLIB_DATA, else the nearest data/.")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Last day looked at, as 2026-06-30; else the last order's day.")
]
As = Annotated[Format, typer.Option("--format", "-f", help="How to print.")]
In = Annotated[Lang | None, typer.Option("--lang", help="Language of the words; else the shop's own.")]
Contacts = Annotated[
    bool,
    typer.Option("--contacts", help="Show ids that are phones or e-mails as they are, not their ends alone."),
]


def _set_memory(given: str | None) -> str | None:
    """Bound the engine in this process and in those that it starts."""
    from memberlib.engine import prepare

    prepare(given)
    return given


Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="Memory of the engine per notebook, such as 2GB; more is put on disk. Else $MEMBERLIB_MEMORY.",
        callback=_set_memory,
    ),
]


def data_words(data: Path | None) -> str:
    """What a command that is proposed must say of the data folder, where the one at hand named it."""
    return f" --data {shlex.quote(str(data))}" if data else ""
