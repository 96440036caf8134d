"""Which platform does a header belong to, and which of its columns become which canonical ones?

A crosswalk is a TOML file in this folder, named ``<platform>-<table>.toml``::

    platform = "taobao"             # what --platform says
    table = "orders"                # the canonical table it fills
    row_is = "order"                # order, line or member
    lang, currency, time_zone       # what a new shop of this platform starts with
    paid_is = "net_of_refund"       # or "gross" (the default): what the paid column means
    dates = ["%d/%m/%Y"]            # date forms beyond the year-first ones, which are always read
    marks = ["标题", ["a", "b"]]      # headers that must also be there (one of each list) for it to be recognised
    without = ["order_id"]          # headers that must not be there for it to be recognised
    alone = true                    # recognised only where no other crosswalk of the platform knows a column

    [columns]
    order_id = "订单编号"              # a header, or a list of headers that mean the same
    status = { from = "订单状态", else = "订单关闭原因" }       # else: where the first is empty in a row
    region = { from = "收货地址", part = 1 }                 # a word of the value
    line_id = { from = "子订单编号", place = true }           # place: number of the row within its order
    amount = { from = "实付", product = ["价格", "数量"] }     # product: multiplied, where the first is empty

    [words.status]                  # what the export writes = canonical code; "" means nothing
    "交易成功" = "completed"
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from memberlib.errors import InputError
from memberlib.model import TABLES, Table

_HIDDEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"), "")


@dataclass(frozen=True)
class Source:
    """Where one canonical column comes from: header names, each tuple listing names that mean the same."""

    first: tuple[str, ...] = ()
    otherwise: tuple[tuple[str, ...], ...] = ()
    product: tuple[tuple[str, ...], ...] = ()
    part: int | None = None
    place: bool = False

    def headers(self) -> Iterable[str]:
        """Every header name that may be read."""
        yield from self.first
        for names in (*self.otherwise, *self.product):
            yield from names


@dataclass(frozen=True)
class Crosswalk:
    """One platform's form of one table, as its TOML file states it."""

    name: str
    platform: str
    table: Table
    sources: Mapping[str, Source]
    words: Mapping[str, Mapping[str, str]]
    paid_is: str
    dates: tuple[str, ...]
    marks: tuple[tuple[str, ...], ...]
    without: tuple[str, ...]
    alone: bool
    defaults: Mapping[str, str]
    digest: str

    def headers(self) -> set[str]:
        """Every header name the crosswalk can read."""
        return {name for source in self.sources.values() for name in source.headers()}


@dataclass(frozen=True)
class Place:
    """Where one canonical column stands in one file: positions in its header, counted from 0."""

    first: int | None = None
    otherwise: tuple[int, ...] = ()
    product: tuple[int, ...] = ()
    part: int | None = None
    place: bool = False


@dataclass(frozen=True)
class Match:
    """A crosswalk laid over one file's header."""

    crosswalk: Crosswalk
    places: Mapping[str, Place]
    ignored: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def wanted(self) -> dict[int, int]:
        """Positions that are read → how many leading words of the value are needed (0 for all of it)."""
        found: dict[int, int] = {}
        for place in self.places.values():
            first = () if place.first is None else (place.first,)
            for position in (*first, *place.otherwise, *place.product):
                before = found.get(position)
                parts = place.part or 0
                found[position] = parts if before is None else max(before, parts) if before and parts else 0
        return dict(sorted(found.items()))

    @property
    def coded(self) -> set[int]:
        """Positions of columns that hold codes."""
        columns = self.crosswalk.table.columns
        places = [
            self.places[c.name] for c in columns if c.kind in ("code", "flag") and c.name in self.places
        ]
        return {p for place in places for p in (place.first, *place.otherwise) if p is not None}


def plain(header: str) -> str:
    """A header name without the spaces, marks and widths that exports add to it.

    Examples
    --------
    >>> plain(" 收货地址 ")
    '收货地址'
    >>> plain("Order_ID")
    'order_id'
    """
    return "".join(unicodedata.normalize("NFKC", header.translate(_HIDDEN)).casefold().split())


@functools.cache
def crosswalks() -> tuple[Crosswalk, ...]:
    """All crosswalks that come with the package, by name."""
    folder = resources.files("memberlib.loaders")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(_crosswalk(f.name.removesuffix(".toml"), f.read_bytes()) for f in files)


def chosen(platform: str | None) -> tuple[Crosswalk, ...]:
    """The crosswalks a platform's name stands for (``taobao``, or one of its tables: ``taobao-brushed``); all for None.

    Raises
    ------
    InputError
        For an unknown name.
    """
    if platform is None:
        return crosswalks()
    found = tuple(c for c in crosswalks() if platform in (c.platform, c.name))
    if not found:
        known = sorted({c.platform for c in crosswalks()})
        raise InputError(f"unknown platform '{platform}'; known: {', '.join(known)}")
    return found


def match(header: Sequence[str], platform: str | None = None) -> Match | None:
    """The crosswalk that reads most of a header; None where none fits.

    Examples
    --------
    >>> found = match(["status", "order_id", "member_id", "paid_at", "paid_amount", "note"])
    >>> found.crosswalk.name, found.ignored
    ('generic-orders', ('note',))
    """
    candidates = chosen(platform)
    by_name = platform is not None and any(platform == c.name for c in candidates)
    fitting = [c for c in candidates if not _missing(c, header) and (by_name or _recognised(c, header))]
    if not fitting:
        return None
    names = {plain(h) for h in header}
    best = max(fitting, key=lambda c: (len({plain(h) for h in c.headers()} & names), len(c.table.needed)))
    return _laid(best, header)


def nearest(header: Sequence[str], platform: str | None = None) -> str:
    """What to say of a header that no crosswalk fits: the nearest one, and the columns it lacks."""
    names = {plain(h) for h in header}
    ranked = []
    for crosswalk in chosen(platform):
        known = {plain(h) for h in crosswalk.headers()} & names
        missing = _missing(crosswalk, header)
        ranked.append((bool(known), len(known), -len(missing), not crosswalk.alone, crosswalk, missing))
    found, _, _, _, crosswalk, missing = max(ranked, key=lambda r: r[:4])
    if not found:
        forms = ", ".join(sorted({c.platform for c in chosen(platform)}))
        return f"no column of its header is known (platforms: {forms}); is the first row the header?"
    if missing:
        return f"its header is nearest to {crosswalk.platform} {crosswalk.table.name}, but lacks {', '.join(missing)}"
    return (
        f"its header could be {crosswalk.platform} {crosswalk.table.name} but does not say so; "
        f"if it is, name it: --platform {crosswalk.name}"
    )


def _crosswalk(name: str, content: bytes) -> Crosswalk:
    stated = tomllib.loads(content.decode("utf-8"))
    table = TABLES[stated["table"]]
    sources = {table.column(key).name: _source(value) for key, value in stated["columns"].items()}
    words = {table.column(key).name: dict(words) for key, words in stated.get("words", {}).items()}
    return Crosswalk(
        name=name,
        platform=stated["platform"],
        table=table,
        sources=sources,
        words=words,
        paid_is=stated.get("paid_is", "gross"),
        dates=tuple(stated.get("dates", ())),
        marks=tuple(_names(mark) for mark in stated.get("marks", ())),
        without=tuple(stated.get("without", ())),
        alone=bool(stated.get("alone", False)),
        defaults={key: stated[key] for key in ("lang", "currency", "time_zone")},
        digest=hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest(),
    )


def plain_word(word: str) -> str:
    """A status or level word without spaces and with one kind of comma and bracket, in lower case."""
    return "".join(unicodedata.normalize("NFKC", word).casefold().split())


def _source(value: Any) -> Source:
    if not isinstance(value, dict):
        return Source(_names(value))
    return Source(
        first=_names(value.get("from", [])),
        otherwise=tuple((name,) for name in _names(value.get("else", []))),
        product=tuple(_names(factor) for factor in value.get("product", [])),
        part=value.get("part"),
        place=bool(value.get("place", False)),
    )


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _missing(crosswalk: Crosswalk, header: Sequence[str]) -> list[str]:
    """Headers of needed columns that the file lacks; of several names for one column, the first."""
    names = {plain(h) for h in header}

    def has(alternatives: Iterable[str]) -> bool:
        return any(plain(name) in names for name in alternatives)

    lacking = []
    for column in crosswalk.table.needed:
        source = crosswalk.sources[column]
        filled = source.place or has(source.first) or any(has(o) for o in source.otherwise)
        if not filled and not (source.product and all(has(p) for p in source.product)):
            lacking.append(source.first[0])
    lacking += [mark[0] for mark in crosswalk.marks if not has(mark) and mark[0] not in lacking]
    return lacking


def _recognised(crosswalk: Crosswalk, header: Sequence[str]) -> bool:
    """Whether nothing in the header speaks for another table."""
    names = {plain(h) for h in header}
    if names & {plain(h) for h in crosswalk.without}:
        return False
    if not crosswalk.alone:
        return True
    others = {
        plain(name)
        for other in crosswalks()
        if other.platform == crosswalk.platform and other.name != crosswalk.name
        for name in other.headers()
    }
    return not names & (others - {plain(h) for h in crosswalk.headers()})


def _laid(crosswalk: Crosswalk, header: Sequence[str]) -> Match:
    """Positions of the crosswalk's columns in the header; of a repeated name, the first."""
    positions: dict[str, int] = {}
    repeated = []
    for position, name in enumerate(header):
        if plain(name) in positions:
            repeated.append(name.strip())
        elif plain(name):
            positions[plain(name)] = position

    def find(names: Iterable[str]) -> int | None:
        return next((positions[plain(n)] for n in names if plain(n) in positions), None)

    places = {}
    for column, source in crosswalk.sources.items():
        first = find(source.first)
        others = tuple(p for p in map(find, source.otherwise) if p is not None)
        factors = tuple(p for p in map(find, source.product) if p is not None)
        if len(factors) < len(source.product):
            factors = ()
        if first is None and others:
            first, others = others[0], others[1:]
        if first is not None or factors or source.place:
            places[column] = Place(first, others, factors, source.part, source.place and first is None)
    used = set(Match(crosswalk, places, (), ()).wanted)
    known = {
        position for name, position in positions.items() if name in {plain(h) for h in crosswalk.headers()}
    }
    ignored = tuple(h.strip() for p, h in enumerate(header) if h.strip() and p not in used | known)
    return Match(crosswalk, places, ignored, tuple(repeated))
