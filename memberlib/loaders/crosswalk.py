"""Which crosswalks are there, and what does each of their TOML files state?"""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.loaders.forms import (
    CONTACTS,
    GATHERED,
    INSIDE,
    KEYS,
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


@functools.cache
def crosswalks() -> tuple[Crosswalk, ...]:
    """All crosswalks that come with the package, by name."""
    folder = resources.files("memberlib.loaders")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(crosswalk_from(f.name.removesuffix(".toml"), f.read_bytes()) for f in files)


def known(data: Path | None = None, mapping: Path | None = None) -> tuple[Crosswalk, ...]:
    """The crosswalks of the package and of a data folder's ``mappings/``; only the given one where a file is named.

    Raises
    ------
    InputError
        For a mapping that cannot be read, or is named like another crosswalk.
    """
    if mapping is not None:
        return (_read(mapping),)
    found = {c.name: c for c in crosswalks()}
    for path in sorted((data / "mappings").glob("*.toml")) if data else []:
        own = _read(path, where=f"mappings/{path.name}")
        if own.name in found:
            raise InputError(
                f"mappings/{path.name}: '{own.name}' comes with memberlib; name the file otherwise"
            )
        found[own.name] = own
    return tuple(found.values())


def _read(path: Path, *, where: str = "") -> Crosswalk:
    try:
        return crosswalk_from(path.name.removesuffix(".toml"), path.read_bytes(), where=where)
    except OSError as error:
        raise InputError(f"mapping {path} cannot be read: {error.strerror or error}") from None


def chosen(platform: str | None, among: Iterable[Crosswalk] | None = None) -> tuple[Crosswalk, ...]:
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
    try:
        stated = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{where} cannot be read: {error}") from None
    take = _Taking(where, stated)
    table = TABLES[take.one_of("table", tuple(TABLES))]
    columns = take.table("columns")
    for column in columns:
        if column not in table.names:
            raise InputError(
                f"{where}: {column!r} is no column of {table.name}; known: {', '.join(table.names)}"
            )
    words = take.table("words")
    made = Crosswalk(
        name=name,
        platform=take.text("platform"),
        table=table,
        row_is=take.one_of("row_is", ROW_IS),
        sources={key: _source(value, f"{where}: {key}") for key, value in columns.items()},
        contacts={
            key: _source(value, f"{where}: contacts.{key}") for key, value in take.table("contacts").items()
        },
        sums=tuple(_sum(check, where) for check in take.list("sums")),
        words={key: _words(key, value, where) for key, value in words.items()},
        paid_is=take.one_of("paid_is", PAID_IS, "gross"),
        paid_includes=take.names("paid_includes", INSIDE),
        dates=take.names("dates"),
        marks=tuple(_names(mark, f"{where}: marks") for mark in take.list("marks")),
        without=take.names("without"),
        alone=take.flag("alone"),
        only_by_name=take.flag("only_by_name"),
        beside=take.text("beside", ""),
        rows_with=take.names("rows_with", tuple(columns)),
        may_lack=take.names("may_lack", table.needed),
        lenient=take.names("lenient", (*CODES, "birthday")),
        whole_orders=take.flag("whole_orders"),
        named_only=take.flag("named_only"),
        time_zone_from=take.names("time_zone_from"),
        currency_from=take.names("currency_from"),
        defaults={key: take.text(key) for key in ("lang", "currency", "time_zone")},
        digest=hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest(),
    )
    take.nothing_left()
    _check_defaults(made, where)
    if wrong := set(made.contacts) - set(CONTACTS):
        raise InputError(f"{where}: contacts are {', '.join(CONTACTS)}, not {sorted(wrong)[0]!r}")
    for column in made.needed:
        if column not in made.sources:
            raise InputError(f"{where}: [columns] must say where {column} stands")
    return made


class _Taking:
    """The words of a TOML file, taken one by one; what is left at the end is unknown."""

    def __init__(self, where: str, stated: Mapping[str, Any]) -> None:
        self._where, self._left = where, dict(stated)

    def _taken(self, key: str, kind: type, otherwise: Any = None) -> Any:
        value = self._left.pop(key, otherwise)
        if value is None:
            raise InputError(f"{self._where}: {key!r} is missing")
        if not isinstance(value, kind):
            raise InputError(f"{self._where}: {key} must be a {_KINDS[kind]}, not {value!r}")
        return value

    def text(self, key: str, otherwise: str | None = None) -> str:
        return str(self._taken(key, str, otherwise))

    def flag(self, key: str) -> bool:
        return bool(self._taken(key, bool, False))

    def table(self, key: str) -> dict[str, Any]:
        return dict(self._taken(key, dict, {}))

    def list(self, key: str) -> list[Any]:
        return list(self._taken(key, list, []))

    def names(self, key: str, choices: Names = ()) -> Names:
        found = _names(self._left.pop(key, []), f"{self._where}: {key}")
        for name in found:
            if choices and name not in choices:
                raise InputError(f"{self._where}: {key}: {name!r} is not one of {', '.join(choices)}")
        return found

    def one_of(self, key: str, choices: Names, otherwise: str | None = None) -> str:
        value = self.text(key, otherwise)
        if value not in choices:
            raise InputError(f"{self._where}: {key} {value!r} is not one of {', '.join(choices)}")
        return value

    def nothing_left(self) -> None:
        for key in self._left:
            raise InputError(f"{self._where}: unknown word {key!r}")


_KINDS = {str: "text", bool: "true or false", dict: "table", list: "list"}


def _source(value: Any, where: str) -> Named:
    if not isinstance(value, dict):
        return Named(_names(value, where))
    given: dict[str, Any] = {}
    for key, said in value.items():
        if key not in KEYS:
            raise InputError(f"{where}: unknown word {key!r}; known: {', '.join(KEYS)}")
        name = KEYS[key]
        if name in ONE:
            given[name] = _names(said, where)
        elif name in SEVERAL:
            given[name] = tuple(_names(n, where) for n in ([said] if isinstance(said, str) else said))
        else:
            given[name] = said
    made = Named(**given)
    flags = (True, False)
    choices = {"sign": ("", "plus", "minus"), "gather": GATHERED, "place": flags, "contact": flags}
    for name, allowed in choices.items():
        if getattr(made, name) not in allowed:
            raise InputError(
                f"{where}: {name} {getattr(made, name)!r} is not one of {', '.join(map(str, allowed))}"
            )
    if made.part is not None and (
        isinstance(made.part, bool) or not isinstance(made.part, int) or made.part < 1
    ):
        raise InputError(f"{where}: part must be a number from 1 on, not {made.part!r}")
    if not (any(headers(made)) or made.place):
        raise InputError(f"{where}: no header is named")
    return made


def _check_defaults(made: Crosswalk, where: str) -> None:
    """See that a shop can start with what the crosswalk says, and that DuckDB can read by it."""
    for key, choices in (("lang", LANGUAGES), ("currency", CURRENCIES)):
        if made.defaults[key] not in choices:
            raise InputError(f"{where}: {key} {made.defaults[key]!r} is not one of {', '.join(choices)}")
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
    return parts, total, _names(value.get("optional", []), f"{where}: sums")


def _words(column: str, words: Any, where: str) -> dict[str, str]:
    """Words of one column; what they may mean is checked, as a wrong code would stay unseen until a row has it."""
    if not isinstance(words, dict):
        raise InputError(f"{where}: words.{column} must be a table of words")
    codes = CODES.get(column) or (() if column == "time_zone" else ("true", "false"))
    for word, code in words.items():
        if not isinstance(code, str) or (code and codes and code not in codes):
            raise InputError(f"{where}: words.{column}: {word!r} is {code!r}, not one of {', '.join(codes)}")
    return dict(words)


def _names(value: Any, where: str) -> Names:
    names = (
        (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else (None,)
    )
    if any(not isinstance(name, str) for name in names):
        raise InputError(f"{where}: header names are text, not {value!r}")
    return names
