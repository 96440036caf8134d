"""Find the rows that each import brought, found there already or took out.

A source is a mapping in a version's file (or in a repeat's):

- ``table`` and ``part``: what the rows are of;
- ``rows``: the Parquet file with the rows the import brought; ``same``: that with the rows it found there already;
  ``gone``: that with keys it took out. Any may be missing;
- ``whole_orders``: the rows state all lines of their orders; ``named_only``: they are lines read from titles, which
  never take the place of lines with a quantity or an amount.
"""

from __future__ import annotations

from dataclasses import dataclass

from memberlib.lake.versions import LakeVersion

OWN_ROWS = ("rows", "same", "gone")
"""What a source may keep."""


@dataclass(frozen=True)
class ImportRows:
    """The rows one import stated of one table, by the paths of the files that keep them."""

    import_id: str
    table: str
    part: int
    rows: str | None
    same: str | None
    gone: str | None
    whole_orders: bool
    named_only: bool

    @property
    def files(self) -> list[str]:
        """The files there are."""
        return [path for path in (self.rows, self.same, self.gone) if path]


def import_rows(version: LakeVersion, *, standing: bool = True) -> list[ImportRows]:
    """What the imports up to a version stated, in the order they came; also what was taken back if not ``standing``."""
    found = []
    for entry in version.entries:
        for kept in entry.sources if not (standing and entry.undone) else []:
            rows, same, gone = (version.path(kept[what]) if what in kept else None for what in OWN_ROWS)
            found.append(
                ImportRows(
                    entry.import_id,
                    kept["table"],
                    kept["part"],
                    rows,
                    same,
                    gone,
                    kept["whole_orders"],
                    kept["named_only"],
                )
            )
    return found
