"""What an analysis hands back: a small frame that says what it counts, of how many, and travels without loss.

``answer(columns, base=…)`` is what an analysis returns; the view around it adds which shop, which day, which choices.
A result can be written as JSON, Parquet, Feather, pickle, CSV or a workbook, and read back by :func:`read_result`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memberlib.errors import InputError
from memberlib.figures import figure
from memberlib.lazy import Lazy
from memberlib.plain import plain

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr.types import FloatingScalar, NumericColumn

else:
    pd = Lazy("pandas")

__all__ = [
    "MIME", "answer", "columns_of", "exact_sum", "from_data", "money", "ratio", "read_result", "to_data", "to_json",
    "whole", "whole_number",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


MIME = "application/vnd.memberlib.result+json"
"""Under this type a shown result stands in a notebook's output as data."""
FORM = 1
SHOWN_ROWS = 40
MOST_ROWS = 1_000
"""So many rows of a result with a row per member travel, with masked ids, as they are shown."""


def answer(
    columns: Mapping[str, Iterable[Any]] | pd.DataFrame, *, base: int, counts: str = "", **about: Any
) -> pd.DataFrame:
    """Columns as a frame, each of the type that its name says, with what they rest on.

    Parameters
    ----------
    columns : mapping of column name to values, or DataFrame
        In the order of the result; all equally long. A pandas column is taken without a list of its values.
    base : int
        How many members (or orders) the result rests on.
    counts : str, optional
        What one unit of ``base`` is, where it differs from what the view declares.
    **about
        What else it says; dates become ISO text and tuples lists, so that it survives any file.

    Examples
    --------
    >>> found = answer({"lower": [None, 2], "member_count": [3, 1]}, base=4, edge_days=(60,))
    >>> found.dtypes.astype(str).to_dict(), found.attrs["edge_days"]
    ({'lower': 'object', 'member_count': 'int64'}, [60])
    """
    given: Any = columns
    named = {str(name): _typed(given[name], figure(str(name)).dtype) for name in given}
    frame = pd.DataFrame(named, copy=False)
    frame.attrs = {
        "base": int(base),
        "counts": counts,
        **{name: plain(value) for name, value in about.items()},
    }
    return frame


def _typed(values: Any, kind: Any) -> pd.Series:
    if isinstance(values, pd.Series):
        return values.reset_index(drop=True).astype(kind)
    return pd.Series(list(values), dtype=kind)


def whole(result: pd.DataFrame) -> bool:
    """Whether a result has all its rows; one that was filtered has another base than it says."""
    count = result.attrs.get("row_count")
    return count is None or count == len(result)


# ---------------------------------------------------------------- values


def ratio(part: float | None, whole: float | None) -> float | None:
    """``part ÷ whole``; no value where either is missing or the whole is 0.

    Examples
    --------
    >>> ratio(1, 4), ratio(0, 0)
    (0.25, None)
    """
    return None if part is None or whole is None or not whole else part / whole


def money(amount: float | None) -> float:
    """An amount to the four decimals that money has here; 0 where there is none.

    Doubles added up in parallel differ behind those from run to run, and a report must come out the same.

    Examples
    --------
    >>> money(0.1 + 0.2), money(None)
    (0.3, 0.0)
    """
    return round(float(amount or 0), 4)


def exact_sum(amounts: NumericColumn) -> FloatingScalar:
    """The sum of amounts, in exact decimals until it is complete.

    Doubles that are added up one by one give another sum when they come in another order: with two threads, or when
    part of them was put aside on disk, or on another engine. Over millions of members that reaches the cents.
    """
    return amounts.cast("decimal(18, 4)").sum().cast("float64")


# ---------------------------------------------------------------- travelling


def to_data(result: pd.DataFrame, *, limit: int | None = None) -> dict[str, Any]:
    """A result as data for a notebook's output, under the type ``MIME``.

    nbformat sorts keys and writes every number on a line of its own, so that columns and rows are texts of JSON. A
    result with a row per member goes with its first rows and masked ids: the rest stays in the shop. So does what is
    no view's result, such as rejected rows.

    Parameters
    ----------
    result : DataFrame
    limit : int, optional
        Rows that are shown; of a view's result all rows go along all the same.
    """
    from memberlib import privacy

    about = {str(name): plain(value) for name, value in result.attrs.items()}
    about.setdefault("row_count", len(result))
    if "member_id" in result.columns or "view" not in about:
        result = privacy.masked_ids(result.head(min(SHOWN_ROWS if limit is None else limit, MOST_ROWS)))
    columns = [[str(name), str(result[name].dtype)] for name in result.columns]
    rows = [list(map(plain, row)) for row in result.itertuples(index=False, name=None)]
    return {"form": FORM, "about": _text(about), "columns": _text(columns), "rows": _text(rows)}


def from_data(data: Mapping[str, Any]) -> pd.DataFrame:
    """The result that :func:`to_data` made data of.

    Raises
    ------
    InputError
        Where it is none, or of a later form.
    """
    try:
        form, about = data["form"], json.loads(data["about"])
        columns, rows = json.loads(data["columns"]), json.loads(data["rows"])
    except (KeyError, TypeError, ValueError):
        raise InputError(
            "not a result of memberlib; give what an analysis' JSON or a notebook holds"
        ) from None
    if form != FORM:
        raise InputError(f"a result of form {form}, where this version knows {FORM}; use a newer memberlib")
    parts = zip(*rows, strict=True) if rows else ([] for _ in columns)
    frame = pd.DataFrame(
        {name: _read_column(name, values, kind) for (name, kind), values in zip(columns, parts, strict=True)}
    )
    frame.attrs = about
    return frame


def to_json(result: pd.DataFrame) -> str:
    """A result as one text of JSON that :func:`read_result` reads back."""
    return _text(to_data(result)) + "\n"


def read_result(source: str | Path) -> pd.DataFrame:
    """A result from a file that it was written to, by the file's ending.

    Parameters
    ----------
    source : path
        ``.json`` (:func:`to_json`), ``.parquet``, ``.feather``, ``.pkl``, ``.csv``, ``.xlsx``.

    Returns
    -------
    DataFrame
        As the analysis handed it back: types, order and, but for CSV and workbooks, ``attrs``.

    Raises
    ------
    InputError
        For a file that is not there, of another ending, or damaged.
    """
    path = Path(source)
    if not path.is_file():
        raise InputError(f"no file {path}; give the path of a result that was saved")
    readers: dict[str, Any] = {
        ".parquet": pd.read_parquet, ".feather": pd.read_feather, ".pkl": pd.read_pickle,
        ".pickle": pd.read_pickle, ".csv": _read_csv, ".xlsx": _read_sheet,
        ".json": lambda one: from_data(json.loads(one.read_text(encoding="utf-8"))),
    }  # fmt: skip
    if path.suffix.lower() not in readers:
        raise InputError(f"{path.name}: a result is read from {', '.join(readers)}")
    try:
        frame = readers[path.suffix.lower()](path)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{path.name} cannot be read as a result: {str(error).splitlines()[0]}") from None
    made = pd.DataFrame(
        {str(name): _read_column(str(name), frame[name], str(frame[name].dtype)) for name in frame.columns}
    )
    made.attrs = dict(frame.attrs)
    return made


def _read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=object, keep_default_na=False, na_values=[""])


def _read_sheet(path: Path) -> pd.DataFrame:
    return pd.read_excel(path, dtype=object, engine="calamine", keep_default_na=False, na_values=[""])


def _read_column(name: str, values: Iterable[Any], kind: str) -> pd.Series:
    """A column as an analysis types it: by its name where that says something, else as it was."""
    known = figure(name)
    wanted = known.dtype if known.unit != "text" or kind == "object" else kind
    cells: list[Any] = [None if _missing(value) else value for value in values]
    if known.unit in ("date", "month"):
        cells = [_day(value) for value in cells]
    elif known.unit in ("edge", "hour"):
        cells = [None if value is None else _number(value) for value in cells]
    elif wanted == "bool":
        cells = [str(value).lower() in ("true", "1", "1.0") for value in cells]
    elif wanted == "int64":
        cells = [int(float(value)) for value in cells if value is not None]
    elif wanted == "float64":
        cells = [float("nan") if value is None else float(value) for value in cells]
    return pd.Series(cells, dtype=wanted)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _day(value: Any) -> Any:
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    return dt.date.fromisoformat(str(value)[:10])


def _number(value: Any) -> float | int:
    number = float(value)
    return int(number) if number == int(number) else number


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def whole_number(value: Any, what: str) -> int:
    """A whole number of at least 1.

    Raises
    ------
    InputError
        For anything else, naming it.

    Examples
    --------
    >>> whole_number("30", "days")
    30
    """
    from memberlib.theme import Whole

    return Whole().check(value, what)


def columns_of(kinds: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """Columns of rows that are given as tuples, also where there is no row."""
    found = list(zip(*rows, strict=True)) or [() for _ in kinds]
    return dict(zip(kinds, found, strict=True))
