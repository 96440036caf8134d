"""Cut a file into rows of text, each with its number.

Rows are counted as a spreadsheet counts them: the header is row 1, blank lines count, a value that spans lines does
not. In Parquet, which has no header row, the first row is 1.

A CSV is cut into fields as bytes, and only the columns that are wanted are decoded, where the encoding is one in which
delimiters, quotes and line ends never occur inside a character; else it is made UTF-8 as it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from memberlib.errors import InputError
from memberlib.loaders import arrays, charsets
from memberlib.loaders.cells import EXACT_DIGITS
from memberlib.loaders.decoding import Decoder, Recoder
from memberlib.loaders.reader import FileTable
from memberlib.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

_BLOCK_BYTES = 4 << 20
Progress = Callable[[float], None]


@dataclass
class Reading:
    """What was met while the rows of a file were read.

    Attributes
    ----------
    row_count : int
        Rows with as many fields as the header, blank ones among them.
    ragged : list
        (row number, number of fields) of the other rows.
    careful : bool
        Ragged rows are numbered and passed over, which takes longer; else the first of them ends the reading.
    stopped : str
        Why the reading ended early: ``ragged``, or a line for the user.
    """

    row_count: int = 0
    ragged: list[tuple[int, int]] = field(default_factory=list)
    careful: bool = False
    stopped: str = ""


def raw_rows(
    con: duckdb.DuckDBPyConnection,
    file: FileTable,
    wanted: Mapping[int, int],
    *,
    few: Collection[int] = (),
    careful: bool = False,
    progress: Progress | None = None,
) -> tuple[str, Reading]:
    """SQL of a file's rows as text, to be run once on this connection, and what is met while it runs.

    Parameters
    ----------
    wanted : mapping
        Position of a column in the header → how many leading words of its values are needed, 0 for all of it.
    few : collection of int
        Positions whose values are few and come again and again, so that each is decoded once per batch.
    careful : bool
        Pass over ragged rows. Without it the SQL fails at the first of them and ``stopped`` says ``ragged``.

    Returns
    -------
    tuple
        SQL giving ``row``, ``broken`` (a value could not be decoded) and text columns ``c<position>``, or
        ``c<position>_<n>`` for the n-th word of a value; and the `Reading`, which is complete once the SQL has run.
    """
    reading = Reading(careful=careful)
    if file.kind == "parquet":
        return _parquet_rows(con, file, wanted), reading
    schema = pa.schema(
        [("row", pa.int64()), ("broken", pa.bool_()), *((n, pa.string()) for n in _names(wanted))]
    )
    if file.kind == "csv":
        batches = _csv_batches(file, wanted, schema, few=few, reading=reading, progress=progress)
    else:
        batches = _excel_batches(file, wanted, schema, reading=reading, progress=progress)
    con.register("raw_rows", pa.RecordBatchReader.from_batches(schema, batches))
    return "SELECT * FROM raw_rows", reading


def _names(wanted: Mapping[int, int]) -> list[str]:
    return [
        name
        for position, words in wanted.items()
        for name in ([f"c{position}_{n}" for n in range(1, words + 1)] if words else [f"c{position}"])
    ]


def _csv_batches(
    file: FileTable,
    wanted: Mapping[int, int],
    schema: pa.Schema,
    *,
    few: Collection[int],
    reading: Reading,
    progress: Progress | None,
) -> Iterator[pa.RecordBatch]:
    size = max(file.path.stat().st_size, 1)
    file = _with_encoding(file)
    recoder = _recoder(file)
    decoder = Decoder(file.encoding, latin=reading.careful and recoder is None, recoder=recoder)
    with pa.OSFile(str(file.path)) as source:
        for numbers, batch in csv_fields(file, source, list(wanted), reading=reading, recoder=recoder):
            columns: list[pa.Array] = []
            broken = np.zeros(batch.num_rows, bool)
            for (position, words), values in zip(wanted.items(), batch.columns, strict=True):
                for part in _first_words(values, words) if words else [values]:
                    text, undecoded = decoder.text(part, few=bool(words) or position in few)
                    columns.append(text)
                    if undecoded is not None:
                        broken |= undecoded
            found = [arrays.numbers(numbers), arrays.flags(broken), *columns]
            yield pa.RecordBatch.from_arrays(found, schema=schema)
            if progress:
                progress(min(source.tell() / size, 1.0))


def csv_fields(
    file: FileTable,
    source: pa.NativeFile,
    positions: Sequence[int],
    *,
    reading: Reading,
    recoder: Recoder | None = None,
) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """Row numbers and fields as bytes, batch by batch, of a CSV's columns at these positions of the header.

    The bytes are UTF-8 with a recoder; else, in a careful reading, those of the file taken for Latin-1 and written as
    UTF-8.

    Raises
    ------
    InputError
        Where the file cannot be cut into rows; ``reading.stopped`` says the same.
    """

    def ragged(row: Any) -> str:
        number = row.number - file.skip_lines + file.header_row
        if _swallowed(row.text.splitlines()[1:], file):
            reading.stopped = _unclosed(file, number)
            return "error"
        reading.ragged.append((number, row.actual_columns))
        return "skip"

    names = [str(n) for n in range(len(file.header))]
    chosen = [str(p) for p in positions]
    if recoder:
        source = recoder.stream(source)
    elif reading.careful:
        # the handler is given text and fails on bytes that are none; Latin-1 is text in any case
        source = pa.transcoding_input_stream(source, "latin-1", "utf-8")
    try:
        batches = pacsv.open_csv(
            source,
            pacsv.ReadOptions(
                use_threads=False,  # else ragged rows come without their number; cutting is one thread's work anyway
                block_size=_BLOCK_BYTES,
                column_names=names,
                skip_rows=file.skip_lines,
            ),
            pacsv.ParseOptions(
                delimiter=file.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,  # a blank line counts in the numbering of rows
                invalid_row_handler=ragged if reading.careful else None,
            ),
            pacsv.ConvertOptions(
                check_utf8=False,
                include_columns=chosen,
                column_types=dict.fromkeys(chosen, pa.binary()),
                strings_can_be_null=False,
            ),
        )
        for batch in batches:
            numbers = _row_numbers(file.header_row + 1, reading.row_count, batch.num_rows, reading.ragged)
            reading.row_count += batch.num_rows
            yield numbers, batch
    except (pa.ArrowInvalid, UnicodeError) as error:
        if "skip initial" in str(error):  # a header and nothing after it, not even a line end
            return
        if " columns, got " in str(error) and not reading.careful:
            reading.stopped = "ragged"
        elif not reading.stopped:
            row = reading.row_count + len(reading.ragged) + file.header_row + 1
            reading.stopped = (
                f"{file.path.name} cannot be cut into rows from about row {row:,} on; is a quote not closed?"
            )
        raise InputError(reading.stopped) from None


def _with_encoding(file: FileTable) -> FileTable:
    """The file with its encoding known, where its beginning did not show it."""
    return (
        replace(file, encoding=charsets.after_ascii(file.path)) if file.encoding == charsets.ASCII else file
    )


def _recoder(file: FileTable) -> Recoder | None:
    """What is needed to cut the file into fields, where its bytes as they are will not do."""
    sound = charsets.SINGLE_BYTES if file.delimiter == "|" else charsets.CUT_AS_BYTES
    return None if file.encoding in sound else Recoder(file.encoding)


def _unclosed(file: FileTable, row: int) -> str:
    return f"{file.path.name}: a quote opened in row {row:,} is not closed there and swallows the rows below; mend it"


def _swallowed(lines: Iterable[str], file: FileTable) -> bool:
    """Whether a value's further lines look like rows: one of them has as many delimiters as a row."""
    return any(line.count(file.delimiter) >= len(file.header) - 1 for line in lines)


def _row_numbers(first: int, done: int, count: int, ragged: Sequence[tuple[int, int]]) -> np.ndarray:
    """Row numbers of the next `count` good rows after `done` ones; those of ragged rows are taken."""
    places = np.arange(done, done + count)
    if not ragged:
        return places + first
    taken = np.array([number for number, _ in ragged]) - first
    good_before = taken - np.arange(len(taken))
    return places + first + np.searchsorted(good_before, places, side="right")


def _first_words(values: pa.Array, count: int) -> list[pa.Array]:
    """The first words of each value, each word an array; what follows them is not looked at."""
    trimmed = pc.ascii_ltrim_whitespace(values.view(pa.string())).view(pa.binary())
    parts = pc.list_slice(
        pc.split_pattern(trimmed, b" ", max_splits=count), 0, count, return_fixed_size_list=True
    )
    words = pc.fill_null(parts.flatten(), arrays.single(b""))
    return [words.take(arrays.numbers(np.arange(n, len(words), count))) for n in range(count)]


def check_quotes(file: FileTable) -> None:
    """See that no opening quote without its closing one swallowed the rows after it.

    A value may span lines, as a remark of two lines does. It is taken for swallowed rows where one of its further
    lines has as many delimiters as a row. To be called for a CSV with more lines than rows.

    Raises
    ------
    InputError
        Naming the row where the quote is.
    """
    reading, file = Reading(careful=True), _with_encoding(file)
    with pa.OSFile(str(file.path)) as source:
        fields = csv_fields(file, source, range(len(file.header)), reading=reading, recoder=_recoder(file))
        for numbers, batch in fields:
            for values in batch.columns:
                spanning = pc.or_(pc.match_substring(values, b"\n"), pc.match_substring(values, b"\r"))
                for place in np.flatnonzero(spanning.to_numpy(zero_copy_only=False)):
                    if _swallowed(values[int(place)].as_py().decode().splitlines()[1:], file):
                        raise InputError(_unclosed(file, int(numbers[place])))


def _excel_batches(
    file: FileTable,
    wanted: Mapping[int, int],
    schema: pa.Schema,
    *,
    reading: Reading,
    progress: Progress | None,
) -> Iterator[pa.RecordBatch]:
    if file.cells is None:
        raise AssertionError("a sheet comes with its rows")
    number, last = file.cells.first_row, file.cells.first_row + file.cells.row_count - 1
    for held in file.cells.chunks():
        above = min(max(file.header_row + 1 - number, 0), len(held[0]))
        numbers = np.arange(number + above, number + len(held[0]))
        number += len(held[0])
        reading.row_count += len(numbers)
        columns: list[list[str]] = []
        for position, words in wanted.items():
            values = held[position][above:] if position < len(held) else [""] * len(numbers)
            if not words:
                columns.append(values)
            for n in range(words):
                columns.append([(v.split(" ", n + 1) + [""] * (n + 1))[n] for v in values])
        found = [
            arrays.numbers(numbers),
            arrays.flags(np.zeros(len(numbers), bool)),
            *map(arrays.texts, columns),
        ]
        yield pa.RecordBatch.from_arrays(found, schema=schema)
        if progress:
            progress(min(number / last, 1.0))


def _parquet_rows(con: duckdb.DuckDBPyConnection, file: FileTable, wanted: Mapping[int, int]) -> str:
    path = literal(file.path)
    kinds = con.execute(f"DESCRIBE SELECT * FROM read_parquet({path})").fetchall()
    columns = []
    for position, words in wanted.items():
        name, kind = kinds[position][:2]
        quoted = identifier(name)
        text = f"trim(CAST({quoted} AS VARCHAR))"
        if kind in ("DOUBLE", "FLOAT"):
            exact = f"{quoted} = floor({quoted}) AND abs({quoted}) < {EXACT_DIGITS:.0f}"
            text = f"CASE WHEN {exact} THEN CAST(CAST({quoted} AS BIGINT) AS VARCHAR) ELSE {text} END"
        if not words:
            columns.append(f"{text} AS c{position}")
        for n in range(1, words + 1):
            columns.append(f"split_part({text}, ' ', {n}) AS c{position}_{n}")
    return (
        f"SELECT file_row_number + 1 AS row, false AS broken, {', '.join(columns)} "
        f"FROM read_parquet({path}, file_row_number = true)"
    )


__all__ = ["Progress", "Reading", "check_quotes", "csv_fields", "raw_rows"]
