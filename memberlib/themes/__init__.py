"""The themes there are, in the order of their notebooks; each is a folder beside this file.

The command line, the controls, the reports and the reference read this list: a new folder is a new theme. More folders
of themes are looked for where the variable ``MEMBERLIB_THEMES`` says.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from memberlib.errors import InputError
from memberlib.theme import Theme, View, theme_folders

__path__ = [str(folder) for folder in theme_folders()]


def names() -> list[str]:
    """Names of all themes, by letter; nothing is imported for it."""
    return sorted({one.name for one in pkgutil.iter_modules(__path__) if one.ispkg})


def theme(name: str) -> Theme:
    """The theme of that name.

    Raises
    ------
    InputError
        Where there is none.
    """
    if name not in names():
        raise InputError(f"no theme {name!r}; choose among {', '.join(one.name for one in all_themes())}")
    found = getattr(importlib.import_module(f"memberlib.themes.{name}"), "theme", None)
    if not isinstance(found, Theme) or found.name != name:
        raise TypeError(f"themes/{name} must make its theme as: theme = Theme({name!r}, …)")
    return found


def all_themes() -> tuple[Theme, ...]:
    """Every theme, in the order of their notebooks."""
    found = [theme(name) for name in names()]
    return tuple(sorted(found, key=lambda one: (one.notebook, one.name)))


def view_of(about: Any) -> View | None:
    """The view that a result's attributes name; None where no theme has registered it."""
    name, analysis = about.get("theme"), about.get("analysis")
    if name not in names():
        return None
    return next((one for one in theme(name).views.values() if one.analysis == analysis), None)


def __getattr__(name: str) -> Any:
    if name == "THEMES":
        return all_themes()
    if not name.startswith("_") and name in names():
        return importlib.import_module(f"memberlib.themes.{name}")
    raise AttributeError(f"module 'memberlib.themes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(["THEMES", "all_themes", "names", "theme", "view_of", *names()])
