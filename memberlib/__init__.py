"""Turn a shop's exports into answers about its members.

The names below load on first use, so that ``import memberlib`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "InputError": "memberlib.errors",
    "open_store": "memberlib.store",
    "store_from": "memberlib.store",
    "Store": "memberlib.store",
    "import_files": "memberlib.imports",
    "read_result": "memberlib.results",
    "set_language": "memberlib.i18n",
}
_MODULES = (
    "bands", "calendar", "charts", "findings", "i18n", "indicators", "levels", "results", "rfm", "tables", "themes",
    "widgets",
)  # fmt: skip
__all__ = [*_HOME, *_MODULES, "__version__"]

if TYPE_CHECKING:
    from memberlib.errors import InputError as InputError
    from memberlib.i18n import set_language as set_language
    from memberlib.imports import import_files as import_files
    from memberlib.results import read_result as read_result
    from memberlib.store import Store as Store
    from memberlib.store import open_store as open_store
    from memberlib.store import store_from as store_from


def __getattr__(name: str) -> Any:
    if name in _HOME:
        globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
        return globals()[name]
    if name in _MODULES:
        return importlib.import_module(f"memberlib.{name}")
    raise AttributeError(f"module 'memberlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
