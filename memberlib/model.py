"""Define the tables of a shop: their columns, keys, codes and the rules a row must keep.

Every table of the lake is stated here once: its columns in order, what kind of value each holds, which must be in
an export, and the key that makes a row the same row in a later export. Loaders build these rows, the lake keeps
them, the store reads them.

Money is ``DECIMAL(18, 4)`` in the shop's currency. Timestamps are naive wall time in the shop's time zone. Ids
are text, whatever they look like. No analysis sees a person's name, phone number or e-mail: they stand in a table of
their own, `CONTACTS`, filled only where a shop asks for its members to be joined, and read by
:mod:`memberlib.identity` alone. Postal addresses are kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

STATUSES: tuple[str, ...] = ("pending", "paid", "shipped", "completed", "cancelled")
"""The states of an order, in the order an order passes them; ``cancelled`` may follow any."""

PAID_STATUSES: tuple[str, ...] = ("paid", "shipped", "completed")
"""States that cannot be without a time of payment."""

LEVELS: tuple[str, ...] = ("regular", "advanced", "vip", "supreme")
"""Level codes, lowest first."""

GENDERS: tuple[str, ...] = ("female", "male")

BIRTHDAY_CALENDARS: tuple[str, ...] = ("solar", "lunar")
"""The calendars a member may keep a birthday in; the lunar one is the Chinese calendar (农历)."""

EVENT_KINDS: tuple[str, ...] = ("browse", "favourite", "comment", "complaint", "visit", "took_part")
"""What a member can do besides buying; ``took_part`` is in a campaign or an event of the shop."""

DECISION_KINDS: tuple[str, ...] = ("together", "apart")
"""What can be decided by hand of two members: they are one person, or they are not."""

CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "status": STATUSES,
        "level": LEVELS,
        "gender": GENDERS,
        "birthday_calendar": BIRTHDAY_CALENDARS,
        "kind": EVENT_KINDS,
        "decision": DECISION_KINDS,
    }
)
"""The words a coded column may hold, by column name."""

YEARS: tuple[int, int] = (1990, 2100)
"""First and last year a date of trade may have; what lies outside is a mistake in the file."""

BIRTH_YEARS: tuple[int, int] = (1900, 2100)

RULES: Mapping[str, str] = MappingProxyType(
    {
        "ragged": "the row has more or fewer fields than the header",
        "bad_encoding": "a value cannot be decoded",
        "missing_id": "an id that must be there is empty",
        "rounded_id": "the id was saved as a number such as 1.7E+17 and has lost its last digits",
        "missing_status": "the order's status is empty",
        "bad_status": "the order's status is not a known word",
        "missing_amount": "an amount that must be there is empty",
        "bad_amount": "the amount is not a number",
        "negative_amount": "the amount is below 0",
        "bad_integer": "the number is not a whole number",
        "bad_date": "the date cannot be read or lies outside 1990 to 2100",
        "missing_paid_at": "a paid, shipped or completed order has no time of payment",
        "bad_level": "the level is not a known word",
        "bad_gender": "the gender is not a known word",
        "bad_flag": "the value is neither yes nor no",
        "bad_birthday": "the birthday cannot be read, is no day of its calendar, or lies outside 1900 to 2100",
        "missing_kind": "the event's kind is empty",
        "bad_kind": "the event's kind is not a known word",
        "missing_time": "a time that must be there is empty",
        "other_currency": "the amount is in another currency than the shop's",
        "order_rejected": "another row of the same order cannot be taken in",
    }
)
"""Why a row can be rejected: code → what is wrong."""

SQL_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "VARCHAR",
        "text": "VARCHAR",
        "code": "VARCHAR",
        "money": "DECIMAL(18,4)",
        "quantity": "DECIMAL(18,4)",
        "integer": "BIGINT",
        "timestamp": "TIMESTAMP",
        "date": "DATE",
        "flag": "BOOLEAN",
    }
)
"""Kind of value → its DuckDB type."""


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    ``needed`` says that an export without this column cannot be imported; ``filled`` that no accepted row has
    it empty; ``default`` is the SQL literal that stands where the export leaves it out.
    """

    name: str
    kind: str
    needed: bool = False
    filled: bool = False
    default: str | None = None

    @property
    def sql_type(self) -> str:
        """The column's DuckDB type."""
        return SQL_TYPES[self.kind]


@dataclass(frozen=True)
class Table:
    """One canonical table: its name, its columns in order and the key of a row."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns without which an export cannot be imported."""
        return tuple(c.name for c in self.columns if c.needed)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that are not part of the key."""
        return tuple(name for name in self.names if name not in self.key)

    def column(self, name: str) -> Column:
        """The column called `name`; ``KeyError`` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def sql_columns(self) -> str:
        """The column list of a ``CREATE TABLE``, e.g. ``"order_id" VARCHAR, …``."""
        return ", ".join(f'"{c.name}" {c.sql_type}' for c in self.columns)

    def arrow_schema(self) -> pa.Schema:
        """The table's Arrow schema, as the lake's Parquet files hold it."""
        import pyarrow as pa

        types = {
            "VARCHAR": pa.string(),
            "DECIMAL(18,4)": pa.decimal128(18, 4),
            "BIGINT": pa.int64(),
            "TIMESTAMP": pa.timestamp("us"),
            "DATE": pa.date32(),
            "BOOLEAN": pa.bool_(),
        }
        return pa.schema([pa.field(c.name, types[c.sql_type]) for c in self.columns])


ORDERS = Table(
    "orders",
    ("order_id",),
    (
        Column("order_id", "id", needed=True, filled=True),
        Column("member_id", "id", needed=True),
        Column("created_at", "timestamp"),
        Column("paid_at", "timestamp", needed=True),
        Column("status", "code", needed=True, filled=True),
        Column("paid_amount", "money", needed=True, filled=True),
        Column("refund_amount", "money", filled=True, default="0"),
        Column("shipping_amount", "money", filled=True, default="0"),
        Column("item_count", "integer"),
        Column("region", "text"),
        Column("city", "text"),
        Column("channel", "text"),
    ),
)
"""One row per order. ``member_id`` is empty for a guest; ``paid_amount`` is what was paid, refunds not taken off."""

ITEMS = Table(
    "items",
    ("order_id", "line_id"),
    (
        Column("order_id", "id", needed=True, filled=True),
        Column("line_id", "id", needed=True, filled=True),
        Column("product_id", "id"),
        Column("product_name", "text"),
        Column("category", "text"),
        Column("quantity", "quantity"),
        Column("amount", "money"),
    ),
)
"""One row per line of an order; ``amount`` is the whole line, not the price of one piece."""

MEMBERS = Table(
    "members",
    ("member_id",),
    (
        Column("member_id", "id", needed=True, filled=True),
        Column("joined_on", "date"),
        Column("level", "code"),
        Column("level_manual", "flag", filled=True, default="false"),
        Column("birthday", "date"),
        Column("birthday_calendar", "code"),
        Column("birthday_day", "text"),
        Column("gender", "code"),
        Column("region", "text"),
        Column("city", "text"),
        Column("channel", "text"),
        Column("points", "integer"),
        Column("stored_value", "money"),
        Column("consent", "flag"),
    ),
)
"""One row per member of the shop's own list.

``birthday`` is the day of birth in the solar calendar, where the year is known. ``birthday_calendar`` is the calendar
the member keeps the birthday in and ``birthday_day`` its month and day there: ``05-01``, in the lunar calendar
``08-15``, in a leap month ``L06-15``. ``stored_value`` is money paid in and not yet spent. ``consent`` to messages is
empty where it is not known.
"""

BRUSHED = Table("brushed", ("order_id",), (Column("order_id", "id", needed=True, filled=True),))
"""Fake orders (刷单) to be left out of every figure."""

EVENTS = Table(
    "events",
    ("member_id", "kind", "happened_at", "subject"),
    (
        Column("member_id", "id", needed=True, filled=True),
        Column("kind", "code", needed=True, filled=True),
        Column("happened_at", "timestamp", needed=True, filled=True),
        Column("subject", "text", filled=True, default="''"),
        Column("channel", "text"),
        Column("detail", "text"),
    ),
)
"""One row per thing a member did besides buying; ``subject`` is the product, page or campaign it was about."""

REJECTED = Table(
    "rejected",
    (),
    (
        Column("import_id", "text", filled=True),
        Column("file", "text", filled=True),
        Column("row", "integer", filled=True),
        Column("rule", "code", filled=True),
        Column("column", "text"),
        Column("value", "text"),
    ),
)
"""Rows that were not accepted: where they stood, by which of `RULES`, and the value that broke it."""

CONTACTS = Table(
    "contacts",
    (),
    (
        Column("import_id", "text", filled=True),
        Column("member_id", "id", filled=True),
        Column("name", "text"),
        Column("phone", "text"),
        Column("email", "text"),
        Column("person_key", "text"),
    ),
)
"""What may join a member of one channel with one of another, as written. Read by :mod:`memberlib.identity` alone."""

DECISIONS = Table(
    "decisions",
    ("member_id", "other_id"),
    (
        Column("member_id", "id", filled=True),
        Column("other_id", "id", filled=True),
        Column("decision", "code", filled=True),
    ),
)
"""Pairs of members joined or kept apart by hand; ``member_id`` comes before ``other_id``."""

TABLES: Mapping[str, Table] = MappingProxyType({t.name: t for t in (ORDERS, ITEMS, MEMBERS, EVENTS, BRUSHED)})
"""The tables an export can fill, by name."""

KEPT_TABLES: Mapping[str, Table] = MappingProxyType(
    {**TABLES, **{t.name: t for t in (REJECTED, CONTACTS, DECISIONS)}}
)
"""Every table of a shop's lake, by name."""
