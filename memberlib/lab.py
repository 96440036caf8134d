"""Notebooks in JupyterLab in the reader's language: ``make lab LANG=zh``.

JupyterLab opens and saves notebooks through this contents manager. It turns their prose into the language that
``MEMBERLIB_LANG`` names and puts it back on saving, so that a notebook is one file with its code in it once.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from memberlib import i18n
from memberlib.prose import in_language, put_back


class Notebooks(AsyncLargeFileManager):
    """The files of a folder; of notebooks the prose in one language."""

    async def get(self, path: str, content: bool = True, *args: Any, **more: Any) -> Any:
        """A file as JupyterLab shows it."""
        model = await super().get(path, content, *args, **more)
        if model.get("type") == "notebook" and model.get("content"):
            model["content"] = _like(model["content"], in_language(model["content"], i18n.language()))
        return model

    async def save(self, model: Any, path: str = "") -> Any:
        """Save a file as it is kept."""
        if model.get("type") == "notebook" and model.get("content"):
            model = {**model, "content": put_back(model["content"], i18n.language())}
        return await super().save(model, path)


def _like(before: Any, after: Any) -> Any:
    """The content in the kind of dictionary that Jupyter works with."""
    return type(before)(after) if type(before) is not type(after) else after
