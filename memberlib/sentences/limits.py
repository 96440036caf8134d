"""From which figures on a finding speaks, in general and in this shop.

What holds for all themes stands in ``memberlib/limits.toml``, what is a theme's own in its ``words.toml``; a shop
overrides any of them in ``stores.toml`` under ``[<shop>.findings]``.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.theme import word_files

_FILE = Path(__file__).parent.parent / "limits.toml"


@lru_cache(maxsize=1)
def _defaults() -> dict[str, Any]:
    """Every limit by name; ``weights`` of all themes in one table."""
    known = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    weights = dict(known.get("weights", {}))
    for name, words in word_files().items():
        for limit, value in words.get("limits", {}).items():
            if known.setdefault(limit, value) != value:
                raise ValueError(f"{name}/words.toml gives the limit {limit!r} another value")
        weights |= words.get("weights", {})
    return {**known, "weights": weights}


def limits(overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All limits, with a shop's own in their place.

    Parameters
    ----------
    overrides : mapping, optional
        A shop's ``findings``: any limit; inside ``weights`` and ``step`` one by one.

    Returns
    -------
    dict
        Name → number, list of segment codes, or table of numbers.

    Raises
    ------
    InputError
        For an unknown name or a value of the wrong kind, in one line.

    Examples
    --------
    >>> limits()["min_members"]
    30
    """
    kept = {name: dict(value) if isinstance(value, dict) else value for name, value in _defaults().items()}
    for name, value in (overrides or {}).items():
        _check_known(name, kept, "findings")
        if isinstance(kept[name], dict):
            if not isinstance(value, Mapping):
                raise InputError(f"findings: {name} is a table of numbers; write [<shop>.findings.{name}]")
            for key, number in value.items():
                if name == "weights":
                    _check_known(key, kept[name], "findings.weights")
                kept[name][key] = _number(f"{name}.{key}", number)
        elif isinstance(kept[name], list):
            if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
                raise InputError(f"findings: {name} is a list of segment codes, such as {kept[name][:2]}")
            kept[name] = list(value)
        else:
            kept[name] = _number(name, value)
    return kept


def _check_known(name: str, known: Mapping[str, Any], where: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, list(known), 1)
        hint = f"; did you mean {near[0]!r}?" if near else "; docs/glossary.md lists them all"
        raise InputError(f"{where}: no limit {name!r}{hint}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise InputError(f"findings: {name} must be a number of 0 or more, not {value!r}")
    return value
