"""Makes a report per shop from the executed notebooks, and an index over all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["make_reports", "refresh_notebooks"]

if TYPE_CHECKING:
    from memberlib.reports.refresh import refresh_notebooks
    from memberlib.reports.run import make_reports

_HOME = {"make_reports": "memberlib.reports.run", "refresh_notebooks": "memberlib.reports.refresh"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'memberlib.reports' has no attribute {name!r}")
