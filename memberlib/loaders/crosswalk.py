"""How does a platform write its exports down?

A crosswalk is a TOML file, named ``<platform>-<table>.toml``, in this folder or in the data folder's ``mappings/``:

    platform = "taobao"             # what --platform says
    table = "orders"                # the canonical table it fills
    row_is = "order"                # order, line, member, event, or titles (one order, its lines in one cell)
    lang, currency, time_zone       # what a new shop of this platform starts with
    time_zone_from = "Time Zone"    # a new shop starts with the zone that the file's first row names
    paid_is = "net_of_refund"       # or "gross" (the default): what the paid column means
    paid_includes = ["shipping"]    # which of shipping, tax, tip, platform_discount are inside the paid amount
    dates = ["%d/%m/%Y"]            # date forms beyond the year-first ones, which are always read
    marks = ["标题", ["a", "b"]]      # headers that must also be there (one of each list) for it to be recognised
    without = ["order_id"]          # headers that must not be there for it to be recognised
    alone = true                    # recognised only where no other crosswalk knows one of its columns
    only_by_name = true             # never recognised: read when --platform names it
    beside = "shopify-orders"       # read from the same file as that one
    rows_with = ["member_id"]       # rows in which one of these columns is empty say nothing and are passed over
    may_lack = ["status"]           # needed columns that some files of the platform do not have
    lenient = ["level"]             # an unknown word leaves the value empty instead of rejecting the row
    whole_orders = true             # of lines: a file has all lines of its orders
    named_only = true               # of lines: no amounts, so they never displace lines that have them

    [columns]
    order_id = "订单编号"              # a header, or a list of headers that mean the same
    status = { from = "订单状态", else = "订单关闭原因" }       # else: where the first is empty in a row
    region = { from = "收货地址", part = 1 }                 # a word of the value
    line_id = { from = "子订单编号", place = true }           # place: number of the row within its order
    amount = { from = "实付", product = ["价格", "数量"] }     # product: multiplied, where the first is empty
    paid_amount = { sum = ["应付", "余额"], less = "欠款" }     # sum: added up; less: taken off
    refund_amount = { from = "Net", sign = "minus" }         # only amounts below 0 (or "plus": above 0)
    paid_at = { join = ["Date", "Time"], zone = "Time Zone" }   # texts joined by a space; the zone they are in
    member_id = { from = "手机号", masked_with = "昵称" }      # a masked number needs a second word beside it
    product_name = { from = "标题", split = "，", kinds = "种类" }   # row_is = "titles": as many lines as kinds says
    item_count = { from = "Qty", gather = "sum" }            # of an order's rows: first (the default), last or sum

    [contacts]                      # name, phone, email, key: read where the shop joins members across channels
    phone = "手机号"

    [[sums]]                        # what must add up on paid rows, and is told where it does not
    parts = ["实际支付", "退款"]
    total = "总金额"

    [words.status]                  # what the export writes = canonical code; "" means nothing
    "交易成功" = "completed"

Header names with ``{n}`` stand for numbered ones ("Item {n} Name"): one line for each number.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.model import CODES, TABLES, Table

ROW_IS = ("order", "line", "member", "event", "titles")
PAID_IS = ("gross", "net_of_refund")
INSIDE = ("shipping", "tax", "tip", "platform_discount")
CONTACTS = ("name", "phone", "email", "key")
GATHERED = ("first", "last", "sum")
Names = tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where one column comes from: each tuple of names lists headers that mean the same."""

    first: Names = ()
    otherwise: tuple[Names, ...] = ()
    product: tuple[Names, ...] = ()
    total: tuple[Names, ...] = ()
    less: tuple[Names, ...] = ()
    join: tuple[Names, ...] = ()
    masked_with: tuple[Names, ...] = ()
    zone: Names = ()
    kinds: Names = ()
    part: int | None = None
    place: bool = False
    sign: str = ""
    gather: str = "first"
    split: str = ""

    def groups(self) -> Iterable[Names]:
        """The names of each column that may be read."""
        yield from (self.first, self.zone, self.kinds)
        for group in (self.otherwise, self.product, self.total, self.less, self.join, self.masked_with):
            yield from group

    def headers(self) -> Iterable[str]:
        """Every header name that may be read."""
        return (name for group in self.groups() for name in group)

    @property
    def wide(self) -> bool:
        """Whether it stands in numbered columns."""
        return any("{n}" in name for name in self.headers())


_KEYS = {
    "from": "first", "else": "otherwise", "product": "product", "sum": "total", "less": "less", "join": "join",
    "masked_with": "masked_with", "zone": "zone", "kinds": "kinds", "part": "part", "place": "place", "sign": "sign",
    "gather": "gather", "split": "split",
}  # fmt: skip


@dataclass(frozen=True)
class Crosswalk:
    """One platform's form of one table, as its TOML file states it."""

    name: str
    platform: str
    table: Table
    row_is: str
    sources: Mapping[str, Source]
    contacts: Mapping[str, Source]
    sums: tuple[tuple[Source, Source], ...]
    words: Mapping[str, Mapping[str, str]]
    paid_is: str
    paid_includes: Names
    dates: Names
    marks: tuple[Names, ...]
    without: Names
    alone: bool
    only_by_name: bool
    beside: str
    rows_with: Names
    may_lack: Names
    lenient: Names
    whole_orders: bool
    named_only: bool
    time_zone_from: Names
    defaults: Mapping[str, str]
    digest: str

    def headers(self) -> set[str]:
        """Every header name the crosswalk knows; numbered ones with their first number."""
        checks = [source for pair in self.sums for source in pair]
        found = {n for s in (*self.sources.values(), *self.contacts.values(), *checks) for n in s.headers()}
        return {name.replace("{n}", "1") for name in found}

    @property
    def needed(self) -> Names:
        """Columns without which a file is not taken for this form."""
        return tuple(c for c in self.table.needed if c not in self.may_lack)

    @property
    def gathered(self) -> bool:
        """Whether several rows make one order."""
        return self.row_is == "line" and self.table.name == "orders"

    @property
    def refunds_apart(self) -> bool:
        """Whether refunds are rows of their own, which may come in another file than the sale."""
        return self.gathered and self.sources.get("refund_amount", Source()).sign == "minus"

    @property
    def wide(self) -> bool:
        """Whether a row holds several lines in numbered columns."""
        return any(source.wide for source in self.sources.values())


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
        own = _read(path)
        if own.name in found:
            raise InputError(
                f"mappings/{path.name}: '{own.name}' comes with memberlib; name the file otherwise"
            )
        found[own.name] = own
    return tuple(found.values())


def _read(path: Path) -> Crosswalk:
    try:
        return crosswalk_from(path.name.removesuffix(".toml"), path.read_bytes())
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


def crosswalk_from(name: str, content: bytes) -> Crosswalk:
    """The crosswalk that a TOML file states.

    Raises
    ------
    InputError
        Naming the first word or value in it that is not understood.
    """
    where = f"{name}.toml"
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
        defaults={key: take.text(key) for key in ("lang", "currency", "time_zone")},
        digest=hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest(),
    )
    take.nothing_left()
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


def _source(value: Any, where: str) -> Source:
    if not isinstance(value, dict):
        return Source(_names(value, where))
    given: dict[str, Any] = {}
    for key, said in value.items():
        if key not in _KEYS:
            raise InputError(f"{where}: unknown word {key!r}; known: {', '.join(_KEYS)}")
        name = _KEYS[key]
        kind = {f.name: f.type for f in fields(Source)}[name]
        if kind == "Names":
            given[name] = _names(said, where)
        elif kind == "tuple[Names, ...]":
            given[name] = tuple(_names(n, where) for n in ([said] if isinstance(said, str) else said))
        else:
            given[name] = said
    made = Source(**given)
    choices = {"sign": ("", "plus", "minus"), "gather": GATHERED, "place": (True, False)}
    for name, allowed in choices.items():
        if getattr(made, name) not in allowed:
            raise InputError(
                f"{where}: {name} {getattr(made, name)!r} is not one of {', '.join(map(str, allowed))}"
            )
    if made.part is not None and (
        isinstance(made.part, bool) or not isinstance(made.part, int) or made.part < 1
    ):
        raise InputError(f"{where}: part must be a number from 1 on, not {made.part!r}")
    if not (any(made.headers()) or made.place):
        raise InputError(f"{where}: no header is named")
    return made


def _sum(value: Any, where: str) -> tuple[Source, Source]:
    if not isinstance(value, dict) or set(value) != {"parts", "total"}:
        raise InputError(f"{where}: each of [[sums]] has parts and total")
    return _source({"sum": value["parts"]}, f"{where}: sums"), _source(value["total"], f"{where}: sums")


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


@functools.cache
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


_HIDDEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"), "")


def plain_word(word: str) -> str:
    """A status or level word without spaces and with one kind of comma and bracket, in lower case."""
    return "".join(unicodedata.normalize("NFKC", word).casefold().split())
