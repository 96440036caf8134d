"""Say what became of each row of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COUNTS = ("read_count", "accepted_count", "same_count", "replaced_count", "rejected_count")
_NAMES = ("platform", "table", "sheet", *COUNTS, "first_on", "last_on", "rules")


@dataclass(frozen=True)
class Account:
    """What became of each row that one file holds for one table.

    Attributes
    ----------
    import_id : str
        Number of the version the import made, such as ``"2"``; ``"2.1"`` for the first import that changed nothing
        after version 2. A file that fills several tables has one account for each, all of one import.
    version : int
        The shop's version after the import.
    sheet : str
        Of a workbook, the sheet.
    rules : dict
        Rule → number of rows it rejected.
    notes : tuple of str
        What else the user should know, in one line each.
    """

    import_id: str
    store_id: str
    file: str
    platform: str
    table: str
    read_count: int
    accepted_count: int
    same_count: int
    replaced_count: int
    rejected_count: int
    version: int
    first_on: str | None = None
    last_on: str | None = None
    sheet: str = ""
    rules: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        parts = self.accepted_count + self.same_count + self.replaced_count + self.rejected_count
        if self.read_count != parts:
            raise AssertionError(f"{self.file}: {self.read_count} rows read, {parts} accounted for")

    @property
    def changed(self) -> bool:
        """Whether the shop is another than before."""
        return "." not in self.import_id


def accounts_of(record: Mapping[str, Any], store_id: str, *, import_id: str, version: int) -> list[Account]:
    """The accounts of an import, from its record in the lake."""
    return [
        Account(
            import_id=import_id,
            store_id=store_id,
            file=record["file"],
            version=version,
            notes=tuple(part["notes"]),
            **{name: part[name] for name in _NAMES},
        )
        for part in record["parts"]
    ]
