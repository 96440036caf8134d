"""Pages and manifest of one shop, made from its executed notebooks alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from memberlib import i18n
from memberlib.errors import InputError
from memberlib.lake import Lake
from memberlib.reports import front, manifest, notebooks, pages
from memberlib.reports.content import Content, content_of
from memberlib.settings import load_settings
from memberlib.themes import all_themes

_DATA = "00-"
"""The notebook that tells of imports and of what was left out; on its page it comes last."""


def finish(*, wanted: Mapping[str, Any], data: str, folder: str, names: Sequence[str]) -> dict[str, Any]:
    """Write the pages and the manifest beside the executed notebooks.

    Parameters
    ----------
    wanted : mapping
        What the report is made from: store, as_of, lang, data, settings, given (parameters), code.
    data, folder : str
        Data folder; folder of the report in the making.
    names : sequence of str
        Names of the notebooks, in the order of the pages.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    InputError
        Where the shop's settings changed while its notebooks ran, or its data did and a notebook does not take the
        ``version`` that the report began with.
    """
    place, folder_of_data = Path(folder), Path(data)
    lang, version = wanted["lang"], wanted["data"]["version"]
    settings = load_settings(folder_of_data, wanted["store"])
    if settings.digest != wanted["settings"]:
        raise InputError("its settings changed while the report was made; make it again")
    read = {name: notebooks.read(place / "notebooks" / f"{name}.ipynb") for name in names}
    _check_data(wanted, folder_of_data, read)
    for stray in place.rglob(".*.new"):  # of a job that was broken off and done again
        stray.unlink()
    contents = {name: content_of(notebook, lang) for name, notebook in read.items()}
    made: dict[str, Any] = {
        **wanted,
        "parameters": {
            **{"store": wanted["store"], "as_of": wanted["as_of"], "lang": lang, "version": version},
            **wanted.get("given", {}),
        },
        "state": "done",
        "summary": front.summary(contents.values(), settings, wanted["store"]),
    }
    for name, content in contents.items():
        if name.startswith(_DATA):
            content.title = i18n.say("page.data_title", lang)
            content.question = i18n.say("page.data_question", lang)
            content.opening, content.wide = [], True
    named = [_theme(name, content, lang) for name, content in contents.items() if content.sections]
    themes = sorted(named, key=lambda theme: theme["file"].startswith(_DATA))
    values = pages.shop_values(made, themes)
    for theme in themes:
        target = place / theme["file"]
        target.write_bytes(pages.theme_page(contents[target.stem], theme["file"], lang=lang, values=values))
    pictures = front.pictures(contents.values())
    (place / "index.html").write_bytes(pages.front_page(made, themes, pictures, values=values))
    with suppress(
        OSError
    ):  # notebooks have left something there, or it was gone: this is done for the second time
        (place / "files").rmdir()
    made["pages"] = ["index.html", *(theme["file"] for theme in themes)]
    made["files"] = manifest.file_digests(place)
    manifest.write(place / manifest.NAME, made)
    manifest.settle(place)
    return made


def _check_data(wanted: Mapping[str, Any], data: Path, read: Mapping[str, notebooks.Notebook]) -> None:
    """See that every notebook was run on the data that the report began with."""
    version = wanted["data"]["version"]
    if version:
        unpinned = [name for name, notebook in read.items() if "version" not in notebooks.declared(notebook)]
        if unpinned and Lake(data / "lake").version(wanted["store"]).number != version:
            raise InputError(
                f"its data changed while {unpinned[0]}, which has no parameter 'version', was run"
            )
        return
    from memberlib.store import open_store

    with closing(open_store(wanted["store"], wanted["as_of"], data=data, at_version=version)) as shop:
        if shop.digest != wanted["data"]["digest"]:
            raise InputError("its data changed while the report was made; make it again")


def _theme(name: str, content: Content, lang: str) -> dict[str, str]:
    """What the links to a page say; a notebook that is no theme's is named by its title."""
    theme = next(
        (one.name for one in all_themes() if one.notebook == name and not name.startswith(_DATA)), ""
    )
    if theme:
        short = i18n.word("theme", theme, lang)
    else:
        short = i18n.say("page.data", lang) if name.startswith(_DATA) else content.title or name
    return {"theme": theme, "file": f"{name}.html", "name": short, "title": content.title or short}
