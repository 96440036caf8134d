"""The theme "rfm" and the options that its views share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from memberlib.errors import InputError
from memberlib.theme import Anything, Choice, Flag, Theme, When, Whole
from memberlib.themes.rfm.maps import EIGHT, ELEVEN

theme = Theme("rfm", "05-rfm", order=("segments", "edges", "audit", "regions", "moves", "members"))

Method = Literal["active", "median", "mean", "quantile", "fixed", "jenks"]


def read_edges(text: Any) -> Any:
    """Edges of the three measures from a text such as ``30,90/1,3/100,500``.

    Raises
    ------
    InputError
        Where it has not three lists.

    Examples
    --------
    >>> read_edges("30,90/1,3/100,500")["frequency"]
    ['1', '3']
    """
    parts = str(text).split("/")
    if len(parts) != 3:
        raise InputError(
            "--edges of rfm has three lists with '/' between: days/orders/money, as 30,90/1,3/100,500"
        )
    lists = ([one.strip() for one in part.split(",")] for part in parts)
    return dict(zip(("recency", "frequency", "monetary"), lists, strict=True))


Scores = Annotated[int, Whole(2, 10, slider=(2, 6)), When("method", "quantile", "jenks")]
Cut = Annotated[
    Mapping[str, Sequence[Any]],
    Anything("days/orders/money", reader=read_edges, example="30,300/1,3/100,233.3332", control="measures"),
    When("method", "fixed"),
]
_NEEDS = {"eleven": {"method": ("quantile", "jenks", "fixed"), "scores": (5,)}}
Map = Annotated[Any, Choice(("eight", "eleven"), other=True, needs=_NEEDS), Flag("--map")]
Segment = Annotated[str, Choice((*(name for name, *_ in EIGHT), *ELEVEN), other=True, words="segment")]
Back = Annotated[int, Whole(1, 36_500, slider=(7, 730))]
