"""Try a proposed mapping on the rows that were looked at."""

from __future__ import annotations

from dataclasses import dataclass

from memberlib.engine import workspace
from memberlib.loaders.forms import Crosswalk
from memberlib.loaders.proposal.sampling import SAMPLE_ROWS, Sample, first_rows


@dataclass(frozen=True)
class Trial:
    """How rows fare under a crosswalk, each for itself.

    Attributes
    ----------
    rules : dict
        Rule → (number of rows it would reject, the first of them as a spreadsheet counts), most first.
    """

    row_count: int
    rules: dict[str, tuple[int, int]]

    @property
    def bad_count(self) -> int:
        """Rows that would be rejected."""
        return sum(count for count, _ in self.rules.values())


def try_out(sample: Sample, crosswalk: Crosswalk, rows: int = SAMPLE_ROWS) -> Trial:
    """Read a file's first rows by a crosswalk, without an import.

    Parameters
    ----------
    rows : int
        Rows to read, at most.
    """
    from memberlib.loaders.matching import match
    from memberlib.loaders.query import query_of
    from memberlib.loaders.values import MACROS

    found = match(sample.file.header, crosswalk.name, among=(crosswalk,))
    if found is None:
        return Trial(0, {})
    with workspace(ordered=True) as con:
        con.execute(MACROS)
        first_rows(con, sample.file, found.wanted, rows=rows)
        zone, excel = crosswalk.defaults["time_zone"], sample.file.kind == "excel"
        query = query_of(found, "SELECT * FROM first_rows", zone=zone, serial_dates=excel)
        counted = con.execute(
            f"SELECT fault, count(*), min(row) FROM ({query.sql}) GROUP BY fault ORDER BY fault"
        ).fetchall()
    rules: dict[str, tuple[int, int]] = {}
    for fault, count, row in counted:
        if fault:
            rule = query.faults[fault - 1].rule
            before = rules.get(rule, (0, row))
            rules[rule] = (before[0] + count, min(before[1], row))
    ordered = dict(sorted(rules.items(), key=lambda item: (-item[1][0], item[0])))
    return Trial(sum(count for _, count, _ in counted), ordered)
