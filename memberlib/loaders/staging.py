"""Read a file into checked rows in temporary tables, ready to be compared with the shop's present ones.

:func:`stage` leaves temporary tables on a DuckDB connection, numbered by the part of the import they are of:
``staged_<part>`` (``row``, ``row_count`` and the canonical columns of the good rows), ``refused_<part>`` (``file, row,
rule, column, value`` of the others) and, where contacts are read, ``contacts_<part>``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memberlib.errors import InputError
from memberlib.loaders import birthdays
from memberlib.loaders.forms import CONTACTS
from memberlib.loaders.gathering import gather
from memberlib.loaders.matching import Match
from memberlib.loaders.query import Query, query_of
from memberlib.loaders.reader import FileTable, line_count
from memberlib.loaders.rows import Progress, Reading, check_quotes, raw_rows
from memberlib.loaders.values import MACROS
from memberlib.model import PAID_STATUSES, RULES, Table
from memberlib.sql import literal

if TYPE_CHECKING:
    import duckdb

_MOST_WORDS = 8


@dataclass(frozen=True)
class StagedFile:
    """What was found in a file.

    Attributes
    ----------
    read_count, rejected_count, blank_count : int
        Rows read (blank ones are none), those of them that broke a rule, and blank ones.
    rules : dict
        Rule → number of rows it rejected, most first.
    first_on, last_on : str, optional
        First and last day of trade, of joining, or of what happened, among the good rows.
    whole : bool
        Whether every row could be told from the next, so that a line that is not there is known to be gone.
    notes : tuple of str
        What the user should know of the values.
    """

    read_count: int
    rejected_count: int
    blank_count: int
    rules: dict[str, int]
    first_on: str | None
    last_on: str | None
    whole: bool
    notes: tuple[str, ...]


def stage(
    con: duckdb.DuckDBPyConnection,
    file: FileTable,
    match: Match,
    *,
    zone: str,
    currency: str = "",
    part: int = 0,
    name: str | None = None,
    channel: str = "",
    progress: Progress | None = None,
) -> StagedFile:
    """Read a file into the tables of one part.

    Parameters
    ----------
    zone : str
        The shop's time zone.
    currency : str
        The shop's currency; rows in another one are rejected.
    name : str, optional
        The file's name as refused rows show it.
    channel : str
        Put before every order and member id, and taken for the channel where the file names none.

    Raises
    ------
    InputError
        For a file that cannot be cut into rows.
    """
    con.execute(MACROS)
    name = name or file.path.name
    reading, query = _parsed(con, file, match, zone=zone, currency=currency, part=part, progress=progress)
    parsed, refused = f"parsed_{part}", f"refused_{part}"
    con.execute(
        f'CREATE TEMP TABLE {refused} (file VARCHAR, row BIGINT, rule VARCHAR, "column" VARCHAR, value VARCHAR)'
    )
    if "birthday_text" in query.extras:
        _birthdays(con, file, match, query, zone=zone, parsed=parsed)
    held, bad = con.execute(f"SELECT count(*), count(*) FILTER (fault > 0) FROM {parsed}").fetchall()[0]
    notes = [*_gaps(con, match, query, parsed), *_odd_words(con, query, parsed)]
    if bad:
        for number, fault in enumerate(query.faults, 1):
            con.execute(
                f"INSERT INTO {refused} SELECT ?, row, ?, nullif(?, ''), value FROM {parsed} WHERE fault = ?",
                [name, fault.rule, fault.column, number],
            )
    if match.crosswalk.gathered:
        notes += gather(con, match, query, part=part, name=name)
    elif bad:
        con.execute(f"DELETE FROM {parsed} WHERE fault > 0")
    _refuse_ragged(con, file, reading, part, name)
    if file.kind == "csv" and part == 0:
        rows = file.skip_lines + reading.row_count + len(reading.ragged)
        if line_count(file.path) > rows:  # values span lines; is it meant?
            check_quotes(file)
    _create_views(con, match, query, part, channel)
    rules: dict[str, int] = dict(
        con.execute(
            f"SELECT rule, count(*) AS n FROM {refused} GROUP BY rule ORDER BY n DESC, rule"
        ).fetchall()
    )
    first_on, last_on = _days(con, match.crosswalk.table, part)
    return StagedFile(
        read_count=held + len(reading.ragged),
        rejected_count=sum(rules.values()),
        blank_count=0 if query.makes_lines or match.crosswalk.rows_with else max(reading.row_count - held, 0),
        rules=rules,
        first_on=first_on,
        last_on=last_on,
        whole=not reading.ragged,
        notes=tuple(notes),
    )


def _parsed(
    con: duckdb.DuckDBPyConnection,
    file: FileTable,
    match: Match,
    *,
    zone: str,
    currency: str,
    part: int,
    progress: Progress | None,
) -> tuple[Reading, Query]:
    """Fill the table ``parsed_<part>``; a second, careful time where the first met a ragged row."""
    import duckdb

    for careful in (False, True):
        source, reading = raw_rows(
            con, file, match.wanted, few=match.coded, careful=careful, progress=progress
        )
        try:
            if match.crosswalk.wide:  # read once for every line that a row may hold
                con.execute(f"CREATE OR REPLACE TEMP TABLE raw_lines AS {source}")
                source = "SELECT * FROM raw_lines"
            query = query_of(match, source, zone=zone, currency=currency, serial_dates=file.kind == "excel")
            con.execute(f"CREATE OR REPLACE TEMP TABLE parsed_{part} AS {query.sql}")
            con.execute("DROP TABLE IF EXISTS raw_lines")
            return reading, query
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


def _birthdays(
    con: duckdb.DuckDBPyConnection, file: FileTable, match: Match, query: Query, *, zone: str, parsed: str
) -> None:
    """Work out what the birthdays mean, in the calendar the header names where the row says none."""
    place = match.places.get("birthday")
    header = "" if place is None or place.first is None or place.otherwise else file.header[place.first]
    rules = [fault.rule == "bad_birthday" and fault.column == "birthday" for fault in query.faults]
    birthdays.fill_birthdays(
        con,
        parsed,
        calendar=birthdays.calendar_of(header),
        dates=match.crosswalk.dates,
        zone=zone,
        serial_dates=file.kind == "excel",
        fault=rules.index(True) + 1 if True in rules else 0,
    )


def _create_views(
    con: duckdb.DuckDBPyConnection, match: Match, query: Query, part: int, channel: str
) -> None:
    """The views ``staged_<part>`` and ``contacts_<part>``, ids told apart by their channel."""
    crosswalk, mark = match.crosswalk, literal(f"{channel}:")
    columns = {c: f'"{c}"' for c in crosswalk.table.names}
    if channel:
        columns |= {c: f'{mark} || "{c}" AS "{c}"' for c in ("order_id", "member_id") if c in columns}
        if "channel" in columns:
            columns["channel"] = f"coalesce(channel, {literal(channel)}) AS channel"
    count = "row_count" if crosswalk.gathered else "1 AS row_count"
    con.execute(
        f"CREATE TEMP VIEW staged_{part} AS SELECT row, {count}, {', '.join(columns.values())} FROM parsed_{part}"
    )
    read = [kind for kind in CONTACTS if f"contact_{kind}" in query.extras]
    if read and "member_id" in columns:
        said = [f"contact_{kind}" if kind in read else "CAST(NULL AS VARCHAR)" for kind in CONTACTS]
        con.execute(
            f"CREATE TEMP TABLE contacts_{part} AS SELECT DISTINCT {columns['member_id']}, {', '.join(said)} "
            f"FROM parsed_{part} WHERE member_id IS NOT NULL "
            f"AND coalesce({', '.join(f'contact_{kind}' for kind in read)}) IS NOT NULL ORDER BY ALL"
        )


def _gaps(con: duckdb.DuckDBPyConnection, match: Match, query: Query, parsed: str) -> list[str]:
    """Where the file's own sums do not hold on paid rows."""
    notes = []
    states = ", ".join(f"'{status}'" for status in PAID_STATUSES)
    for n, (*_, reads) in enumerate(match.sums):
        gap = f"gap_{n}"
        rows = f"SELECT row, {gap} FROM {parsed} WHERE fault = 0 AND status IN ({states})"
        if match.crosswalk.gathered:  # an order's amounts may be repeated on each of its rows
            first_of_order = f"arg_min({gap}, row) FILTER (WHERE {gap} IS NOT NULL) AS {gap}"
            if any(place.gather == "sum" for name, place in match.places.items() if name == "paid_amount"):
                first_of_order = f"sum({gap}) AS {gap}"
            rows = (
                f"SELECT min(row) AS row, {first_of_order} FROM {parsed} "
                f"WHERE fault = 0 AND status IN ({states}) GROUP BY order_id"
            )
        wrong, checked_count, first, all_in_all = con.execute(
            f"SELECT count(*) FILTER (abs({gap}) > 0.005), count({gap}), min(row) FILTER (abs({gap}) > 0.005), "
            f"sum({gap}) FROM ({rows})"
        ).fetchall()[0]
        if wrong:
            notes.append(
                f"{reads} does not hold in {wrong:,} of {checked_count:,} paid orders (first row {first:,}; "
                f"{all_in_all:+,.2f} in all); see what the paid column means in this file"
            )
    return notes


def _odd_words(con: duckdb.DuckDBPyConnection, query: Query, parsed: str) -> list[str]:
    """Words that are not known and were left empty, with the number of rows that have them."""
    notes = []
    for extra in query.extras:
        if not extra.startswith("odd_"):
            continue
        words = con.execute(
            f"SELECT {extra}, count(*) AS n FROM {parsed} WHERE fault = 0 AND {extra} IS NOT NULL "
            f"GROUP BY 1 ORDER BY n DESC, 1"
        ).fetchall()
        if words:
            listed = ", ".join(f"{word[:40]} ({count:,})" for word, count in words[:_MOST_WORDS])
            more = f" and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
            way = "; say what they are as level_words in stores.toml" if extra == "odd_level" else ""
            notes.append(f"words of {extra[4:]} that are not known, left empty: {listed}{more}{way}")
    return notes


def _refuse_ragged(
    con: duckdb.DuckDBPyConnection, file: FileTable, reading: Reading, part: int, name: str
) -> None:
    import pyarrow as pa

    if not reading.ragged:
        return
    rows, counts = zip(*reading.ragged, strict=True)
    found = pa.table({"row": pa.array(rows, pa.int64()), "count": pa.array(counts, pa.int64())})
    con.register("ragged_rows", found)
    con.execute(
        f"INSERT INTO refused_{part} SELECT ?, row, 'ragged', NULL, count || ' fields, the header has ' || ? "
        "FROM ragged_rows",
        [name, len(file.header)],
    )
    con.unregister("ragged_rows")


def _days(con: duckdb.DuckDBPyConnection, table: Table, part: int) -> tuple[str | None, str | None]:
    days = {
        "orders": "CAST(coalesce(paid_at, created_at) AS DATE)",
        "members": "joined_on",
        "events": "CAST(happened_at AS DATE)",
    }
    if table.name not in days:
        return None, None
    day = days[table.name]
    found = con.execute(f"SELECT min({day})::VARCHAR, max({day})::VARCHAR FROM staged_{part}").fetchall()[0]
    return found[0], found[1]


def refusal(con: duckdb.DuckDBPyConnection, name: str, staged: StagedFile, *, part: int = 0) -> str:
    """What to say of a file with too many rejected rows: how many, the commonest rule, its first row."""
    rule = next(iter(staged.rules))
    found = con.execute(
        f'SELECT row, "column", value FROM refused_{part} WHERE rule = ? ORDER BY row LIMIT 1', [rule]
    ).fetchall()
    row, column, value = found[0]
    where = f"row {row}" + (f", {column}" if column else "") + (f" {value[:40]!r}" if value else "")
    share = staged.rejected_count / staged.read_count
    return (
        f"{name}: {staged.rejected_count:,} of {staged.read_count:,} rows ({share:.1%}) cannot be taken in, "
        f"mostly because {RULES[rule]} ({rule}; first {where}); mend them, or allow a larger share of rejected rows"
    )
