"""The prose of a notebook in the reader's language, beside code that stands once.

A cell's source is English; its other languages stand in its metadata under ``prose``, as ``{"zh": "…"}``. 繁體 is made
from 简体 where it does not stand there itself.
"""

from __future__ import annotations

import copy
from typing import Any

from memberlib import i18n

KEY = "prose"
"""Name in a cell's metadata."""
Notebook = dict[str, Any]


def in_language(notebook: Notebook, lang: str) -> Notebook:
    """The notebook with its prose in one language; the English is put aside in the cells' metadata."""
    lang = i18n.check_language(lang)
    if lang == "en":
        return notebook
    return {**notebook, "cells": [_turned(cell, lang) for cell in notebook["cells"]]}


def without_others(notebook: Notebook) -> Notebook:
    """The notebook without the languages that its prose does not stand in."""
    return {**notebook, "cells": [_alone(cell) for cell in notebook["cells"]]}


def put_back(notebook: Notebook, lang: str) -> Notebook:
    """The notebook as it is kept: English as the source, what was edited in the other language beside it."""
    lang = i18n.check_language(lang)
    if lang == "en":
        return notebook
    return {**notebook, "cells": [_returned(cell, lang) for cell in notebook["cells"]]}


def _turned(cell: dict[str, Any], lang: str) -> dict[str, Any]:
    prose = cell.get("metadata", {}).get(KEY)
    if cell["cell_type"] != "markdown" or not prose:
        return cell
    said = prose.get(lang) or (
        i18n.traditional(prose["zh"]) if lang == "zh-Hant" and prose.get("zh") else None
    )
    if said is None:
        return cell
    return {
        **cell,
        "source": said,
        "metadata": {**cell["metadata"], KEY: {**prose, "en": _text(cell["source"])}},
    }


def _alone(cell: dict[str, Any]) -> dict[str, Any]:
    if KEY not in cell.get("metadata", {}):
        return cell
    return {**cell, "metadata": {name: one for name, one in cell["metadata"].items() if name != KEY}}


def _returned(cell: dict[str, Any], lang: str) -> dict[str, Any]:
    prose = copy.copy(cell.get("metadata", {}).get(KEY) or {})
    if cell["cell_type"] != "markdown" or "en" not in prose:
        return cell
    said, english = _text(cell["source"]), prose.pop("en")
    if not (lang == "zh-Hant" and lang not in prose and said == i18n.traditional(prose.get("zh", ""))):
        prose[lang] = said
    return {**cell, "source": english, "metadata": {**cell["metadata"], KEY: prose}}


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
