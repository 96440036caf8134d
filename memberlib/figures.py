"""What a column's name says of it: its dtype, its unit, whose words its codes have, how it is set in a table.

This is decided here and nowhere else: results are typed by it, tables, sentences, charts and files write by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

NUMBERS = ("count", "share", "amount", "days", "months", "ratio", "number", "rank", "probability", "discount")
"""Units whose values stand flush right."""


@dataclass(frozen=True)
class Figure:
    """What a column is.

    Attributes
    ----------
    dtype : str
        pandas dtype; ``object`` where dates or open edges stand in it.
    unit : str
        count, share, amount, days, months, ratio, number, rank, probability, discount, date, time, month, weekday,
        hour, edge, code, flag, text, or ``by_row`` where another column says the unit.
    words : str
        For codes: the group of words that names them, such as ``level``.
    digits : int or None
        Decimals in a table; None where the unit decides.
    bar : bool
        Whether a bar stands behind the share.
    signed : bool
        Whether a plus sign is written.
    unit_in : str
        For ``by_row``: the column that says the unit of each row (count, money, share).
    """

    dtype: str
    unit: str
    words: str = ""
    digits: int | None = None
    bar: bool = False
    signed: bool = False
    unit_in: str = ""

    @property
    def number(self) -> bool:
        """Whether its values stand flush right."""
        return self.unit in NUMBERS or self.unit in ("hour", "by_row")


def _code(words: str) -> Figure:
    return Figure("str", "code", words)


_TEXT = Figure("str", "text")
_BY_NAME = {
    "lower": Figure("object", "edge"),
    "upper": Figure("object", "edge"),
    "level": _code("level"),
    "segment": _code("segment"),
    "move": _code("move"),
    "season": Figure("object", "code", "season"),
    "kind": _code("kind"),
    "measure": _code("measure"),
    "figure": _code("figure"),
    "formula": _code("formula"),
    "reason": _code("reason"),
    "status": _code("status"),
    "table": _code("tables"),
    "platform": _code("platform"),
    "rule": _code("rule"),
    "by": _code("join_by"),
    "state": _code("join_state"),
    "why": _code("join_why"),
    "unit": _TEXT,
    "numerator_unit": _TEXT,
    "denominator_unit": _TEXT,
    "month": Figure("object", "month"),
    "weekday": Figure("int64", "weekday"),
    "hour": Figure("object", "hour"),
    "whole": Figure("bool", "flag"),
    "value": Figure("float64", "by_row", unit_in="unit"),
    "before": Figure("float64", "by_row", unit_in="unit"),
    "numerator": Figure("float64", "by_row", unit_in="numerator_unit"),
    "denominator": Figure("float64", "by_row", unit_in="denominator_unit"),
    "base": Figure("int64", "count"),
    "amount": Figure("float64", "amount"),
    "discount": Figure("float64", "discount"),
    "quantity": Figure("float64", "number", digits=None),
    "usual_order_count": Figure("float64", "count", digits=0),
    "rank": Figure("int64", "rank"),
    "score": Figure("int64", "rank"),
    "r": Figure("int64", "rank"),
    "f": Figure("int64", "rank"),
    "m": Figure("int64", "rank"),
    "probability": Figure("float64", "probability", digits=2),
    "top_share": Figure("float64", "share", digits=0),
    "change_share": Figure("float64", "share", digits=1, signed=True),
    "cost_share": Figure("float64", "share", digits=2),
    "scored_share": Figure("float64", "share", digits=2),
}  # fmt: skip
_TEXTS = (
    "member_id", "other_id", "joined_id", "order_id", "shared", "good", "region", "city", "channel", "file",
    "value_given", "column", "import_id", "shop", "sheet", "undone",
)  # fmt: skip
_BY_END = {
    "count": Figure("int64", "count"),
    "share": Figure("float64", "share", digits=2, bar=True),
    "amount": Figure("float64", "amount"),
    "days": Figure("int64", "days", digits=0),
    "months": Figure("int64", "months", digits=0),
    "ratio": Figure("float64", "ratio", digits=2),
    "on": Figure("object", "date"),
    "at": Figure("object", "time"),
    "month": Figure("object", "month"),
}
_AVERAGES = ("mean_", "median_")
_SIDES = ("_from", "_to")


@lru_cache(maxsize=1024)
def figure(name: str) -> Figure:
    """What a column of that name is; a text where its name says nothing.

    Examples
    --------
    >>> figure("sleeping_count").dtype, figure("mean_order_count").dtype, figure("segment_from").words
    ('int64', 'float64', 'segment')
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in _TEXTS:
        return _TEXT
    for side in _SIDES:
        if name.endswith(side) and figure(name.removesuffix(side)).unit == "code":
            return figure(name.removesuffix(side))
    found = _BY_END.get(name.rpartition("_")[2])
    if found is None:
        return (
            Figure("float64", "number", digits=2) if name.startswith(_AVERAGES) else Figure("object", "text")
        )
    if name.startswith(_AVERAGES) and found.unit in ("count", "days", "months"):
        digits = 0 if found.unit == "days" else 2
        return Figure("float64", found.unit, digits=digits)
    return found


def is_known(name: str) -> bool:
    """Whether a column's name says what it is."""
    return name in _BY_NAME or name in _TEXTS or figure(name) != Figure("object", "text")
