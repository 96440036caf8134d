"""Segment maps: which scores of recency, frequency and money make which segment.

A map is a table of score ranges. It is used only when every combination of the three scores falls into exactly one of
its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from memberlib.errors import InputError
from memberlib.lazy import Lazy

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
else:
    np, pd = Lazy("numpy"), Lazy("pandas")

RANGES = ("r_min", "r_max", "f_min", "f_max", "m_min", "m_max")
MAP_COLUMNS = ("segment", *RANGES)
EIGHT: tuple[tuple[str, bool, bool, bool], ...] = (
    ("important_value", True, True, True),
    ("important_keep", False, True, True),
    ("important_develop", True, False, True),
    ("important_winback", False, False, True),
    ("general_value", True, True, False),
    ("general_keep", False, True, False),
    ("general_develop", True, False, False),
    ("general_winback", False, False, False),
)
"""Segment → is R (recent), F (often), M (much) high?"""

ELEVEN = (
    "champions", "loyal", "potential_loyalist", "recent", "promising", "need_attention", "about_to_sleep", "at_risk",
    "cannot_lose", "hibernating", "lost",
)  # fmt: skip
"""The segments of ``eleven.csv``, in their order."""

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class SegmentMap:
    """A checked map: its name, the segments in their order, the segment of every (r, f, m)."""

    name: str
    segments: tuple[str, ...]
    cells: Mapping[tuple[int, int, int], str]
    high_from: int | None = None

    def of(self, r: pd.Series, f: pd.Series, m: pd.Series) -> list[str]:
        """Segment of each row of scores."""
        scores = round(len(self.cells) ** (1 / 3))
        # the cells are in the order of r, f, m
        names = np.array(list(self.cells.values()), dtype=object)
        place = [s.to_numpy(dtype="int64") - 1 for s in (r, f, m)]
        return list(names[(place[0] * scores + place[1]) * scores + place[2]])


def high_from(scores: int) -> int:
    """The lowest score that is high in the eight segments: above half of the scores, rounded up.

    Examples
    --------
    >>> [high_from(n) for n in (2, 3, 4, 5)]
    [2, 3, 3, 4]
    """
    return -(-scores // 2) + 1


def eight_map(scores: int) -> pd.DataFrame:
    """The eight segments as a table of ranges of that many scores."""
    low, high = (1, high_from(scores) - 1), (high_from(scores), scores)
    rows = [(name, *(x for up in ups for x in (high if up else low))) for name, *ups in EIGHT]
    return pd.DataFrame(rows, columns=list(MAP_COLUMNS))


def check_map(frame: pd.DataFrame, scores: int) -> pd.DataFrame:
    """Every combination of scores with its segment, after a check for gaps and overlaps.

    Parameters
    ----------
    frame : DataFrame
        segment (a code, in as many rows as it needs), r_min, r_max, f_min, f_max, m_min, m_max (scores,
        both ends included).
    scores : int
        Scores run from 1 to this number.

    Returns
    -------
    DataFrame
        r, f, m, segment; ``scores``³ rows.

    Raises
    ------
    InputError
        Where a column or a value is missing, a range does not lie within the scores, a combination has no
        segment or two; it names the first one and says how many there are.

    Examples
    --------
    >>> check_map(eight_map(2), 2)["segment"].iloc[0]
    'general_winback'
    """
    names, ranges = _ranges(frame, scores)
    owner = np.full((scores,) * 3, -1)
    twice: dict[tuple[int, ...], tuple[str, str]] = {}
    for place, (a, b, c, d, e, f) in enumerate(ranges):
        box = (slice(a - 1, b), slice(c - 1, d), slice(e - 1, f))
        for cell in np.argwhere(owner[box] >= 0) + np.array([a, c, e]) - 1:
            twice.setdefault(tuple(cell), (names[owner[tuple(cell)]], names[place]))
        owner[box] = place
    total = scores**3
    if twice:
        first = min(twice)
        one, two = twice[first]
        raise InputError(
            f"segment map: {len(twice)} of {total} score combinations belong to two rows,"
            f" the first is {_cell(first)} ('{one}' and '{two}'); let every combination belong to one row"
        )
    gaps = np.argwhere(owner < 0)
    if len(gaps):
        raise InputError(
            f"segment map: {len(gaps)} of {total} score combinations have no segment,"
            f" the first is {_cell(gaps[0])}; let every combination belong to one row"
        )
    cells = np.argwhere(owner >= 0)
    found = [names[place] for place in owner.ravel()]
    return pd.DataFrame({"r": cells[:, 0] + 1, "f": cells[:, 1] + 1, "m": cells[:, 2] + 1, "segment": found})


def _cell(place: tuple[int, ...] | np.ndarray) -> str:
    r, f, m = (int(x) + 1 for x in place)
    return f"R {r}, F {f}, M {m}"


def _ranges(frame: pd.DataFrame, scores: int) -> tuple[list[str], list[list[int]]]:
    lacking = [name for name in MAP_COLUMNS if name not in frame.columns]
    if lacking:
        raise InputError(f"segment map: column {lacking[0]} is missing; needed: {', '.join(MAP_COLUMNS)}")
    if frame.empty:
        raise InputError("segment map: it has no row; give one row per range of scores")
    names: list[str] = []
    ranges: list[list[int]] = []
    for line, row in enumerate(frame[list(MAP_COLUMNS)].itertuples(index=False), start=1):
        name = "" if pd.isna(row[0]) else str(row[0]).strip()
        if not name:
            raise InputError(f"segment map, row {line}: the segment has no name")
        if name == "none":
            raise InputError(f"segment map, row {line}: 'none' stands for no segment; give another name")
        made = [
            _score(value, scores, f"segment map, row {line} ('{name}'): {column}")
            for column, value in zip(RANGES, row[1:], strict=True)
        ]
        for what, low, high in zip("rfm", made[::2], made[1::2], strict=True):
            if low > high:
                raise InputError(
                    f"segment map, row {line} ('{name}'): {what}_min {low} is above {what}_max {high}"
                )
        names.append(name)
        ranges.append(made)
    return names, ranges


def _score(value: object, scores: int, where: str) -> int:
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if not (1 <= number <= scores and number == int(number)):
        raise InputError(
            f"{where} {value} is not a score from 1 to {scores}; give the map and the scores the same range"
        )
    return int(number)


def map_of(chosen: str | Path | pd.DataFrame, scores: int) -> SegmentMap:
    """The map of that name, file or frame, checked against the number of scores.

    Raises
    ------
    InputError
        For an unknown name, a file that cannot be read, or what ``check_map`` finds.
    """
    if isinstance(chosen, pd.DataFrame):
        return _checked("given", chosen, scores)
    if chosen in ("eight", "eleven"):
        return _own_map(chosen, scores)
    return _checked(str(chosen), _read(Path(chosen)), scores)


@lru_cache(maxsize=16)
def _own_map(name: str, scores: int) -> SegmentMap:
    """One of the two maps of the house; a moved control asks for the same one again and again."""
    if name == "eight":
        return _checked(name, eight_map(scores), scores)
    if scores != 5:
        raise InputError(
            f"map 'eleven' is made for 5 scores and these are {scores};"
            " take method quantile or jenks with 5 scores, or fixed with 4 edges each",
            key="refused.map_scores",
        )
    return _checked(name, _read(_FOLDER / "eleven.csv"), scores)


def _checked(name: str, frame: pd.DataFrame, scores: int) -> SegmentMap:
    cells = check_map(frame, scores)
    segments = tuple(dict.fromkeys(str(s).strip() for s in frame["segment"]))
    lookup = {(r, f, m): s for r, f, m, s in cells.itertuples(index=False, name=None)}
    return SegmentMap(name, segments, lookup, high_from(scores) if name == "eight" else None)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"no segment map '{path}'; give eight, eleven or the path of a CSV file")
    try:
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig", skipinitialspace=True, comment="#")
    except (OSError, ValueError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise InputError(f"segment map {path.name} cannot be read as CSV: {said}") from None
