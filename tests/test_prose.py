"""Notebooks in the reader's language: the code stands once, what is edited goes where it belongs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memberlib import i18n, prose
from memberlib.lab import Notebooks


def notebook(*cells: dict) -> dict:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def words(en: str, **others: str) -> dict:
    return {"cell_type": "markdown", "id": "a", "metadata": {"prose": others}, "source": en}


CODE = {"cell_type": "code", "id": "b", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}


def test_each_language_has_its_own_prose_and_the_code_stands_once() -> None:
    book = notebook(
        words("# Members", zh="# 会员"), CODE, {"cell_type": "markdown", "metadata": {}, "source": "x"}
    )
    assert prose.in_language(book, "en") == book
    assert [cell["source"] for cell in prose.in_language(book, "zh")["cells"]] == ["# 会员", "1", "x"]
    assert prose.in_language(book, "zh-Hant")["cells"][0]["source"] == "# 會員"
    assert "prose" not in json.dumps(prose.without_others(prose.in_language(book, "zh")))


@given(st.sampled_from(i18n.LANGUAGES), st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_turned_and_put_back_it_is_the_same(lang: str, english: str, chinese: str) -> None:
    book = notebook(words(english, zh=chinese), CODE)
    assert prose.put_back(prose.in_language(book, lang), lang) == book


def test_an_edit_goes_to_the_language_it_was_made_in() -> None:
    for lang, edited in (("zh", "# 顾客"), ("zh-Hant", "# 顧客")):
        shown = prose.in_language(notebook(words("# Members", zh="# 会员")), lang)
        shown["cells"][0]["source"] = edited
        [kept] = prose.put_back(shown, lang)["cells"]
        assert kept["source"] == "# Members" and kept["metadata"]["prose"][lang] == edited


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_jupyter_opens_and_saves_it_in_one_language(lang: str, tmp_path: Path) -> None:
    book = nbformat.from_dict(notebook(words("# Members", zh="# 会员"), CODE))
    nbformat.write(book, tmp_path / "one.ipynb")
    before = (tmp_path / "one.ipynb").read_bytes()
    files = Notebooks(root_dir=str(tmp_path))

    async def opened_and_saved() -> str:
        model = await files.get("one.ipynb")
        await files.save({"type": "notebook", "format": "json", "content": model["content"]}, "one.ipynb")
        return str(model["content"]["cells"][0]["source"])

    with i18n.speaking(lang):
        shown = asyncio.run(opened_and_saved())
    assert shown == {"en": "# Members", "zh": "# 会员", "zh-Hant": "# 會員"}[lang]
    assert json.loads((tmp_path / "one.ipynb").read_bytes()) == json.loads(before)
