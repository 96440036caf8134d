"""What a view is asked in tests, made from the options that it declares."""

from __future__ import annotations

import datetime as dt
from typing import Any

from memberlib.theme import Anything, Choice, Day, Edges, Number, Option, View, Whole


def another(option: Option) -> list[Any]:
    """Values of an option beside its default."""
    kind = option.kind
    if isinstance(kind, Whole):
        return [max(kind.low, min(kind.high, 3))]
    if isinstance(kind, Number):
        return [kind.high if kind.high < 1e9 else kind.low + 1]
    if isinstance(kind, Edges):
        return [[1, 2, 50]]
    if isinstance(kind, Choice):
        return list(kind.choices)
    if isinstance(kind, Day):
        return [dt.date(2024, 2, 29)]
    return [kind.read(kind.example)] if isinstance(kind, Anything) and kind.example else []


def questions(view: View) -> list[dict[str, Any]]:
    """What a view is asked: as it comes, and with each option changed; options that it cannot do without always."""
    needed = {name: another(view.option(name))[0] for name in view.needs}
    found = [dict(needed)]
    for option in view.options:
        found += [{**needed, option.name: value} for value in another(option)]
    return found
