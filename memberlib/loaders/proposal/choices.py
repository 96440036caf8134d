"""Hold what is decided about a file: for each column of the model where it is read from, and why."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from memberlib.loaders.proposal import naming
from memberlib.loaders.proposal.naming import Candidate
from memberlib.loaders.proposal.sampling import Sample, SampledColumn
from memberlib.model import Table


@dataclass(frozen=True)
class Choice:
    """What a canonical column is read from, and why.

    Attributes
    ----------
    says : str or dict
        The value of the crosswalk's line: a header, or keys such as ``{"from": …, "gather": "sum"}``.
    reason : str
        Without the certainty, which stands before it.
    shown : SampledColumn, optional
        The column whose values may be shown as samples.
    """

    column: str
    says: Any
    certainty: str
    reason: str
    shown: SampledColumn | None = None

    @property
    def headers(self) -> list[str]:
        """The columns of the file that are read."""
        said = list(self.says.values()) if isinstance(self.says, dict) else [self.says]
        flat = itertools.chain.from_iterable(s if isinstance(s, list) else [s] for s in said)
        return [header for header in flat if isinstance(header, str)]


@dataclass
class Choices:
    """All that is decided about a file."""

    sample: Sample
    table: Table
    row_is: str = ""
    row_reason: str = ""
    columns: dict[str, Choice] = field(default_factory=dict)
    contacts: dict[str, Candidate] = field(default_factory=dict)
    may_lack: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    dates: tuple[str, ...] = ()
    dates_unsure: bool = False
    paid_is: str = "gross"
    paid_reason: str = ""
    sums: tuple[list[str], str] | None = None
    also: str = ""

    def column_of(self, header: str) -> SampledColumn:
        """The column of a header."""
        return next(c for c in self.sample.columns if c.header == header)

    def used(self) -> set[str]:
        """Headers that are read."""
        return {header for choice in self.columns.values() for header in choice.headers} | {
            found.looked.header for found in self.contacts.values()
        }


def fill(made: Choices, column: str, kind: str) -> None:
    """Where no name told a column, the only one whose values could be it."""
    if column in made.columns:
        return
    used = made.used()
    free = [c for c in made.sample.columns if c.header not in used and not naming.role(c, "private")]
    looked = naming.by_values(free, column, kind)
    if looked:
        made.columns[column] = Choice(
            column, looked.header, "a guess", "the only column whose values could be it", looked
        )


def price_times_quantity(made: Choices, column: str) -> None:
    """An amount that is only the price of one piece is multiplied; so is one that is not there."""
    present = made.columns.get(column)
    columns = made.sample.columns
    price = naming.named_in(
        columns, "items", "price", taken=made.used() - set(present.headers if present else ())
    )
    count = naming.named_in(columns, "items", "quantity")
    taken_for_it = present is None or (price is not None and present.headers == [price.header])
    if not (price and count and taken_for_it):
        return
    gather = {"gather": "sum"} if column == "paid_amount" else {}
    made.columns[column] = Choice(
        column,
        {"product": [price.header, count.header], **gather},
        "likely",
        "no amount of the whole: the price of one piece times the number of pieces",
        price,
    )
