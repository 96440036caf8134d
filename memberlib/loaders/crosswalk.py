"""Read and check crosswalks, the TOML files that say what a platform's headers and words mean."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.loaders.forms import (
    CONTACTS,
    GATHERED,
    INSIDE,
    ONE,
    PAID_IS,
    ROW_IS,
    SEVERAL,
    Crosswalk,
    Named,
    Names,
    headers,
)
from memberlib.model import CODES, TABLES
from memberlib.settings import CURRENCIES, LANGUAGES, is_zone
from memberlib.toml import Words, among, loaded, texts


@functools.cache
def crosswalks() -> tuple[Crosswalk, ...]:
    """All crosswalks that come with the package, by name."""
    folder = resources.files("memberlib.loaders")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(crosswalk_from(f.name.removesuffix(".toml"), f.read_bytes()) for f in files)


def available(data: Path | None = None, mapping: Path | None = None) -> tuple[Crosswalk, ...]:
    """The crosswalks of the package and of a data folder's ``mappings/``; only the given one where a file is named.

    Raises
    ------
    InputError
        For a mapping that cannot be read, or is named like another crosswalk.
    """
    if mapping is not None:
        return (_from_file(mapping),)
    found = {c.name: c for c in crosswalks()}
    for path in sorted((data / "mappings").glob("*.toml")) if data else []:
        own = _from_file(path, where=f"mappings/{path.name}")
        if own.name in found:
            raise InputError(
                f"mappings/{path.name}: '{own.name}' comes with memberlib; name the file otherwise"
            )
        found[own.name] = own
    return tuple(found.values())


def _from_file(path: Path, *, where: str = "") -> Crosswalk:
    try:
        return crosswalk_from(path.name.removesuffix(".toml"), path.read_bytes(), where=where)
    except OSError as error:
        raise InputError(f"mapping {path} cannot be read: {error.strerror or error}") from None


def of_platform(platform: str | None, among: Iterable[Crosswalk] | None = None) -> tuple[Crosswalk, ...]:
    """The crosswalks a platform's name stands for (``taobao``, or one of its tables: ``taobao-brushed``); all for None.

    Raises
    ------
    InputError
        For an unknown name.
    """
    all_of_them = tuple(among) if among is not None else crosswalks()
    if platform is None:
        return all_of_them
    found = tuple(c for c in all_of_them if platform in (c.platform, c.name))
    if not found:
        names = sorted({c.platform for c in all_of_them})
        raise InputError(f"unknown platform '{platform}'; known: {', '.join(names)}")
    return found


def crosswalk_from(name: str, content: bytes, *, where: str = "") -> Crosswalk:
    """The crosswalk that a TOML file states.

    Parameters
    ----------
    where : str
        What an error calls the file; else its name.

    Raises
    ------
    InputError
        Naming the first word or value in it that is not understood.
    """
    where = where or f"{name}.toml"
    take = Words(loaded(content, where), where)
    table = TABLES[take.one_of("table", TABLES)]
    columns, contacts = take.table("columns"), take.table("contacts")
    for column in columns:
        among(column, table.names, f"{where}: column")
    for kind in contacts:
        among(kind, CONTACTS, f"{where}: contact")
    made = Crosswalk(
        name=name,
        platform=take.text("platform"),
        table=table,
        row_is=take.one_of("row_is", ROW_IS),
        sources={key: _source(value, f"{where}: {key}") for key, value in columns.items()},
        contacts={key: _source(value, f"{where}: contacts.{key}") for key, value in contacts.items()},
        sums=tuple(_sum(check, where) for check in take.list("sums")),
        words={key: _words(key, value, where) for key, value in take.table("words").items()},
        paid_is=take.one_of("paid_is", PAID_IS, "gross"),
        paid_includes=take.texts("paid_includes", INSIDE),
        dates=take.texts("dates"),
        marks=take.groups("marks"),
        without=take.texts("without"),
        alone=take.flag("alone"),
        only_by_name=take.flag("only_by_name"),
        beside=take.text("beside", ""),
        rows_with=take.texts("rows_with", columns),
        may_lack=take.texts("may_lack", table.needed),
        lenient=take.texts("lenient", (*CODES, "birthday")),
        whole_orders=take.flag("whole_orders"),
        named_only=take.flag("named_only"),
        time_zone_from=take.texts("time_zone_from"),
        currency_from=take.texts("currency_from"),
        defaults={
            "lang": take.one_of("lang", LANGUAGES),
            "currency": take.one_of("currency", CURRENCIES),
            "time_zone": take.text("time_zone"),
        },
        digest=hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest(),
    )
    take.end()
    _check_values(made, where)
    for column in made.needed:
        if column not in made.sources:
            raise InputError(f"{where}: [columns] must say where {column} stands")
    return made


def _source(value: Any, where: str) -> Named:
    if not isinstance(value, Mapping):
        return Named(texts(value, where))
    take = Words(value, where)
    spots: dict[str, Any] = {name: take.texts(word) or None for word, name in ONE.items()}
    spots |= {name: take.groups(word) for word, name in SEVERAL.items()}
    made = Named(
        **spots,
        part=take.whole("part"),
        contact=take.flag("contact"),
        place=take.flag("place"),
        sign=take.one_of("sign", ("", "plus", "minus"), ""),
        gather=take.one_of("gather", GATHERED, "first"),
        split=take.text("split", ""),
    )
    take.end()
    if not (any(headers(made)) or made.place):
        raise InputError(f"{where}: no header is named")
    return made


def _check_values(made: Crosswalk, where: str) -> None:
    """See that the zones and the forms of dates are such, and that the table can be read so."""
    zones = [made.defaults["time_zone"], *made.words.get("time_zone", {}).values()]
    for zone in zones:
        if not is_zone(zone):
            raise InputError(f"{where}: time_zone {zone!r} is not known; write one such as 'Asia/Shanghai'")
    for form in made.dates:
        if re.sub(r"%[-]?[YymdHMSIpfBbjz]|%%", "", form).count("%"):
            raise InputError(
                f"{where}: dates: {form!r} is no form of a date; write one such as '%d/%m/%Y %H:%M'"
            )
    if made.row_is == "titles" and (made.table.name != "items" or "product_name" not in made.sources):
        raise InputError(f"{where}: row_is = 'titles' is for items, with a product_name that is split")
    for column, source in made.sources.items():
        if source.place and (made.table.name, column) != ("items", "line_id"):
            raise InputError(f"{where}: {column}: place is for the line_id of items alone")


def _sum(value: Any, where: str) -> tuple[Named, Named, Names]:
    if not isinstance(value, dict) or not {"parts", "total"} <= set(value) <= {"parts", "total", "optional"}:
        raise InputError(f"{where}: each of [[sums]] has parts and total")
    parts, total = (
        _source({"sum": value["parts"]}, f"{where}: sums"),
        _source(value["total"], f"{where}: sums"),
    )
    return parts, total, texts(value.get("optional", []), f"{where}: sums")


def _words(column: str, words: Any, where: str) -> dict[str, str]:
    """Words of one column; what they may mean is checked, as a wrong code would stay unseen until a row has it."""
    if not isinstance(words, dict):
        raise InputError(f"{where}: words.{column} must be a table of words")
    codes = CODES.get(column) or (() if column == "time_zone" else ("true", "false"))
    for word, code in words.items():
        if not isinstance(code, str) or (code and codes and code not in codes):
            raise InputError(f"{where}: words.{column}: {word!r} is {code!r}, not one of {', '.join(codes)}")
    return dict(words)
