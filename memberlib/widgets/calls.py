"""The call that a control stands for, as Python to copy."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memberlib.settings import LevelRule

if TYPE_CHECKING:
    from memberlib.store import Store
    from memberlib.theme import View


def call_of(store: Store, view: View, given: Mapping[str, Any], *, own_day: dt.date, name: str) -> str:
    """Two lines, an import and the call, that answer what a control shows.

    Parameters
    ----------
    store : Store
        As of the day that is shown.
    view : View
    given : mapping
        The options that are not left at their default.
    own_day : date
        The day of the store that the control was made with, under ``name``.
    name : str
        What that store is called.
    """
    theme = importlib.import_module(f"memberlib.themes.{view.theme}")
    shop = name if store.as_of == own_day else f'{name}.at("{store.as_of.isoformat()}")'
    said = ", ".join([shop, *(f"{option}={_literal(value)}" for option, value in given.items())])
    if getattr(theme, view.analysis, None) is not None:
        return f"from memberlib.themes import {view.theme}\n\n{view.theme}.{view.analysis}({said})"
    return f"from {view.function.__module__} import {view.analysis}\n\n{view.analysis}({said})"


def name_of(store: Store) -> str:
    """What the notebook calls this store; ``shop`` where no notebook runs or it has no name for it."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    names = [] if shell is None else [name for name, value in shell.user_ns.items() if value is store]
    return min((one for one in names if not one.startswith("_")), default="shop")


def _literal(value: Any) -> str:
    if isinstance(value, LevelRule):
        parts = {"amount": value.amount, "orders": value.orders}
        if value.discount != 1:
            parts["discount"] = value.discount
        said = {name: one for name, one in parts.items() if one is not None}
        return _literal({"level": value.level, **said})
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dt.date):
        value = value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
