"""How does a file become checked rows, ready to be held against the shop's present ones?

:func:`stage` leaves two temporary tables on a DuckDB connection: ``staged`` (``row`` and the canonical columns of the
good rows) and ``refused`` (``file, row, rule, column, value`` of the others).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memberlib.errors import InputError
from memberlib.loaders.crosswalk import Match
from memberlib.loaders.reader import Opened
from memberlib.loaders.rows import Progress, Reading, check_quotes, raw_rows
from memberlib.loaders.values import MACROS, Fault, checked
from memberlib.model import RULES, Table

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Staged:
    """What was found in a file.

    Attributes
    ----------
    read_count, rejected_count, blank_count : int
        Rows read (blank ones are none), those of them that broke a rule, and blank ones.
    rules : dict
        Rule → number of rows it rejected, most first.
    first_on, last_on : str, optional
        First and last day of trade, or of joining, among the good rows.
    """

    read_count: int
    rejected_count: int
    blank_count: int
    rules: dict[str, int]
    first_on: str | None
    last_on: str | None


def stage(
    con: duckdb.DuckDBPyConnection,
    file: Opened,
    match: Match,
    *,
    zone: str,
    lines: int = 0,
    progress: Progress | None = None,
) -> Staged:
    """Read a file into the tables ``staged`` and ``refused``.

    Parameters
    ----------
    zone : str
        The shop's time zone.
    lines : int
        Number of lines of the file, where it is known; with more lines than rows the quotes are looked at.

    Raises
    ------
    InputError
        For a file that cannot be cut into rows, or that holds none.
    """
    con.execute(MACROS)
    reading, faults = _read(con, file, match, zone, progress)
    con.execute(f"CREATE TEMP TABLE refused ({_refused_columns()})")
    held = con.execute("SELECT count(*), count(*) FILTER (fault > 0) FROM parsed").fetchall()[0]
    if held[1]:
        for number, fault in enumerate(faults, 1):
            con.execute(
                "INSERT INTO refused SELECT ?, row, ?, nullif(?, ''), value FROM parsed WHERE fault = ?",
                [file.path.name, fault.rule, fault.column, number],
            )
        con.execute("DELETE FROM parsed WHERE fault > 0")
    _refuse_ragged(con, file, reading)
    con.execute("CREATE OR REPLACE TEMP VIEW staged AS SELECT * EXCLUDE (fault, value) FROM parsed")
    if file.kind == "csv" and lines > file.skip_lines + reading.row_count + len(reading.ragged):
        check_quotes(file)
    read_count = held[0] + len(reading.ragged)
    if not read_count:
        raise InputError(f"{file.path.name} has a header but no rows; nothing to take in")
    rules = dict(
        con.execute("SELECT rule, count(*) AS n FROM refused GROUP BY rule ORDER BY n DESC, rule").fetchall()
    )
    first_on, last_on = _days(con, match.crosswalk.table)
    return Staged(
        read_count=read_count,
        rejected_count=held[1] + len(reading.ragged),
        blank_count=max(reading.row_count - held[0], 0),
        rules=rules,
        first_on=first_on,
        last_on=last_on,
    )


def _read(
    con: duckdb.DuckDBPyConnection, file: Opened, match: Match, zone: str, progress: Progress | None
) -> tuple[Reading, list[Fault]]:
    """Fill the table ``parsed``; a second, careful time where the first met a ragged row."""
    import duckdb

    for careful in (False, True):
        source, reading = raw_rows(
            con, file, match.wanted, few=match.coded, careful=careful, progress=progress
        )
        query, faults = checked(match, source, zone=zone, serial_dates=file.kind == "excel")
        try:
            con.execute(f"CREATE OR REPLACE TEMP TABLE parsed AS {query}")
            return reading, faults
        except duckdb.Error as error:
            if reading.stopped == "ragged":
                continue
            if reading.stopped:
                raise InputError(reading.stopped) from None
            if file.kind == "parquet":
                reason = str(error).splitlines()[0][:200]
                raise InputError(
                    f"{file.path.name} is a damaged Parquet file ({reason}); export it again"
                ) from None
            raise
    raise AssertionError("a careful reading passes over ragged rows")


def _refuse_ragged(con: duckdb.DuckDBPyConnection, file: Opened, reading: Reading) -> None:
    import pyarrow as pa

    if not reading.ragged:
        return
    rows, counts = zip(*reading.ragged, strict=True)
    found = pa.table({"row": pa.array(rows, pa.int64()), "count": pa.array(counts, pa.int64())})
    con.register("ragged_rows", found)
    con.execute(
        "INSERT INTO refused SELECT ?, row, 'ragged', NULL, count || ' fields, the header has ' || ? FROM ragged_rows",
        [file.path.name, len(file.header)],
    )
    con.unregister("ragged_rows")


def _refused_columns() -> str:
    return 'file VARCHAR, row BIGINT, rule VARCHAR, "column" VARCHAR, value VARCHAR'


def _days(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[str | None, str | None]:
    day = {"orders": "CAST(coalesce(paid_at, created_at) AS DATE)", "members": "joined_on"}.get(table.name)
    if day is None:
        return None, None
    found = con.execute(f"SELECT min({day})::VARCHAR, max({day})::VARCHAR FROM staged").fetchall()[0]
    return found[0], found[1]


def refusal(con: duckdb.DuckDBPyConnection, file: Opened, staged: Staged) -> str:
    """What to say of a file with too many rejected rows: how many, the commonest rule, its first row."""
    rule = next(iter(staged.rules))
    found = con.execute(
        'SELECT row, "column", value FROM refused WHERE rule = ? ORDER BY row LIMIT 1', [rule]
    ).fetchall()
    row, column, value = found[0]
    where = f"row {row}" + (f", {column}" if column else "") + (f" {value[:40]!r}" if value else "")
    share = staged.rejected_count / staged.read_count
    return (
        f"{file.path.name}: {staged.rejected_count:,} of {staged.read_count:,} rows ({share:.1%}) cannot be taken in, "
        f"mostly because {RULES[rule]} ({rule}; first {where}); mend them, or allow a larger share of rejected rows"
    )
