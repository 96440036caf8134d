"""Define what a crosswalk can say of a platform's exports.

A crosswalk is a TOML file, named ``<platform>-<table>.toml``, in this folder or in the data folder's ``mappings/``:

    platform = "taobao"             # what --platform says
    table = "orders"                # the canonical table it fills
    row_is = "order"                # order, line, member, event, or titles (one order, its lines in one cell)
    lang, currency, time_zone       # what a new shop of this platform starts with
    time_zone_from = "Time Zone"    # a new shop starts with the zone that the file's first row names
    currency_from = "Currency"      # likewise; rows in another currency than the shop's are rejected
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
    item_count = { from = "Qty", gather = "sum" }            # of an order's rows: first (the default), last, least, sum
    member_id = { from = "Email", contact = true }           # a phone or e-mail, brought into one form

    [contacts]                      # name, phone, email, key: read where the shop joins members across channels
    phone = "手机号"

    [[sums]]                        # what must add up on paid rows, and is told where it does not
    parts = ["实际支付", "退款"]
    total = "总金额"               # or { sum = [...] }
    optional = ["税"]             # a part that may be inside another one

    [words.status]                  # what the export writes = canonical code; "" means nothing
    "交易成功" = "completed"

Header names with ``{n}`` stand for numbered ones ("Item {n} Name"): one line for each number.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from memberlib.model import Table

ROW_IS = ("order", "line", "member", "event", "titles")
PAID_IS = ("gross", "net_of_refund")
INSIDE = ("shipping", "tax", "tip", "platform_discount")
CONTACTS = ("name", "phone", "email", "key")
GATHERED = ("first", "last", "least", "sum")
Names = tuple[str, ...]
_HIDDEN = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"), "")


ONE: Mapping[str, str] = {"from": "first", "zone": "zone", "kinds": "kinds"}
SEVERAL: Mapping[str, str] = {
    "else": "otherwise", "product": "product", "sum": "total", "less": "less", "join": "join",
    "masked_with": "masked_with",
}  # fmt: skip
"""Words of a crosswalk that name one column of the file, and that may name several → their field of `ColumnSource`."""
Spot = TypeVar("Spot")


@dataclass(frozen=True)
class ColumnSource(Generic[Spot]):
    """Where a canonical column comes from.

    A crosswalk says it in header names: each spot is a tuple of names that mean the same. Laid over a file it is said
    in positions: each spot is one, counted from 0.
    """

    first: Spot | None = None
    otherwise: tuple[Spot, ...] = ()
    product: tuple[Spot, ...] = ()
    total: tuple[Spot, ...] = ()
    less: tuple[Spot, ...] = ()
    join: tuple[Spot, ...] = ()
    masked_with: tuple[Spot, ...] = ()
    zone: Spot | None = None
    kinds: Spot | None = None
    part: int | None = None
    contact: bool = False
    place: bool = False
    sign: str = ""
    gather: str = "first"
    split: str = ""

    def spots(self) -> tuple[Spot, ...]:
        """Every column of the file that may be read."""
        single = tuple(spot for name in ONE.values() if (spot := getattr(self, name)) is not None)
        return single + tuple(spot for name in SEVERAL.values() for spot in getattr(self, name))

    @property
    def is_there(self) -> bool:
        """Whether there is anything to read."""
        return bool(self.first is not None or self.product or self.total or self.join or self.place)


Named = ColumnSource[Names]
"""As a crosswalk says it."""
Located = ColumnSource[int]
"""As it stands in a file."""


def headers(source: Named) -> tuple[str, ...]:
    """Every header name that may be read."""
    return tuple(name for spot in source.spots() for name in spot)


def is_wide(source: Named) -> bool:
    """Whether a column stands in numbered columns of the file."""
    return any("{n}" in name for name in headers(source))


@dataclass(frozen=True)
class Crosswalk:
    """One platform's form of one table, as its TOML file states it."""

    name: str
    platform: str
    table: Table
    row_is: str
    sources: Mapping[str, Named]
    contacts: Mapping[str, Named]
    sums: tuple[tuple[Named, Named, Names], ...]
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
    currency_from: Names
    defaults: Mapping[str, str]
    digest: str

    def headers(self) -> set[str]:
        """Every header name the crosswalk knows; numbered ones with their first number."""
        checks = [source for parts, total, _ in self.sums for source in (parts, total)]
        found = {n for s in (*self.sources.values(), *self.contacts.values(), *checks) for n in headers(s)}
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
        return self.gathered and self.sources.get("refund_amount", Named()).sign == "minus"

    @property
    def wide(self) -> bool:
        """Whether a row holds several lines in numbered columns."""
        return any(map(is_wide, self.sources.values()))


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


def plain_word(word: str) -> str:
    """A status or level word without spaces and with one kind of comma and bracket, in lower case."""
    return "".join(unicodedata.normalize("NFKC", word).casefold().split())
