"""One shop as of one date: its tables, its settings, its counted trades, and what was worked out from them."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import ibis
import pandas as pd

from memberlib import facts as _facts
from memberlib import i18n
from memberlib.derived import Derived
from memberlib.engine import connection
from memberlib.facts import LEFT_OUT, WITH_BITS
from memberlib.frames import joined_ids, joining_of, table_of
from memberlib.identity import Joining
from memberlib.identity.merging import merged, renamed
from memberlib.lake import data_folder
from memberlib.lake.days import checked_day, day_of, days_of
from memberlib.settings import Settings, check_store_id
from memberlib.sources import Version, close, shop_ids, shop_tables, shop_version

if TYPE_CHECKING:
    from ibis.expr.types import Table

__all__ = [
    "LEFT_OUT",
    "Store",
    "Version",
    "connection",
    "day_of",
    "open_store",
    "shop_ids",
    "shop_version",
    "store_from",
]

T = TypeVar("T")

_LINE = "1px solid rgba(128,122,112,.35)"
_CARD = f"border-collapse:collapse;border:{_LINE};margin:.4em 0;font-variant-numeric:tabular-nums"
_CARD_NAME = "caption-side:top;text-align:left;padding:0 0 .3em"
_CARD_HEAD = (
    "text-align:left;font-weight:400;opacity:.75;padding:.2em 1.2em .2em .7em;background:none;border:0"
)
_CARD_CELL = "text-align:right;padding:.2em .7em;background:none;border:0"


class Store:
    """One shop as of one date. Made by :func:`open_store` or :func:`store_from`.

    Attributes
    ----------
    id, as_of, settings
        The shop, the last day that is looked at, its decisions.
    version, digest
        Version of the shop's data in the lake and its fingerprint; 0 where its tables live elsewhere (see
        :mod:`memberlib.sources`), ``None`` and ``""`` for a store made from frames.
    orders, items, members, events : ibis Table
        The canonical rows known on ``as_of``. Members that are one (see :mod:`memberlib.identity`) have one id
        in all of them.
    trades, facts : ibis Table
        Counted trades; one row per member with a counted trade (see :mod:`memberlib.facts`).
    """

    def __init__(
        self,
        store_id: str,
        tables: Mapping[str, Table],
        *,
        con: Any,
        as_of: dt.date | None,
        settings: Settings,
        version: int | None = None,
        digest: str | Callable[[], str] = "",
        _span: tuple[dt.date | None, dt.date | None] | None = None,
        _joining: Joining | None = None,
        _kept: WeakSet[Any] | None = None,
    ) -> None:
        self.id, self.con, self.settings = store_id, con, settings
        self.version, self._digest = version, digest
        self._derived: Derived | None = None
        self._raw = dict(tables)
        self._kept = WeakSet() if _kept is None else _kept
        self._once: dict[Hashable, Any] = {}
        if _joining is not None:
            self.joining = _joining
        self._tables = self._with_joined_ids()
        self._span = _span or days_of(self._tables["orders"])
        self.as_of = checked_day(as_of, self._span, store_id)

    def __repr__(self) -> str:
        return f"<Store {self.id} as of {self.as_of}>"

    def _repr_html_(self) -> str:
        """A small card for notebooks: the shop, its day, its members and orders, what is left out, its version."""
        lang = i18n.language()
        out = self.left_out
        left = int(out["order_count"].sum())
        version = (
            i18n.say("card.elsewhere", lang) if self.version == 0 else f"{self.version} · {self.digest[:8]}"
        )
        rows = {
            "as_of": i18n.day(self.as_of, lang),
            "members": i18n.number(self.member_count, lang),
            "orders": i18n.number(int(out.attrs["base"]) - left, lang),
            "left_out": i18n.number(left, lang),
            "version": "" if self.version is None else version,
        }
        lines = "".join(
            f'<tr><th style="{_CARD_HEAD}">{html.escape(i18n.say(f"card.{name}", lang))}</th>'
            f'<td style="{_CARD_CELL}">{html.escape(said)}</td></tr>'
            for name, said in rows.items()
            if said
        )
        name = html.escape(self.settings.name_in(lang, self.id))
        return (
            f'<table style="{_CARD}"><caption style="{_CARD_NAME}"><strong>{name}</strong> '
            f'<span style="opacity:.75">{html.escape(self.id)}</span></caption><tbody>{lines}</tbody></table>'
        )

    @cached_property
    def digest(self) -> str:
        """Fingerprint of the shop's data; made when it is asked for, where its tables live elsewhere."""
        return self._digest if isinstance(self._digest, str) else self._digest()

    @property
    def first_order_on(self) -> dt.date | None:
        """Day of the first order, counted or not."""
        return self._span[0]

    @property
    def last_order_on(self) -> dt.date | None:
        """Day of the last order, counted or not, whatever ``as_of`` is."""
        return self._span[1]

    def at(self, as_of: dt.date | str) -> Store:
        """The same shop as of another date (or a text such as 2026-06-30), over the same tables and connection."""
        return Store(
            self.id,
            self._raw,
            con=self.con,
            as_of=day_of(as_of),
            settings=self.settings,
            version=self.version,
            digest=self.__dict__.get("digest", self._digest),
            _span=self._span,
            _joining=self.__dict__.get("joining"),
            _kept=self._kept,
        )

    @cached_property
    def joining(self) -> Joining:
        """Which members are one, by the shop's settings and its decisions on single pairs."""
        contacts, decisions = (self.as_exported(name) for name in ("contacts", "decisions"))
        return joining_of(self.con, contacts, decisions, settings=self.settings)

    def as_exported(self, table: str) -> Table | None:
        """A table's rows whatever their day, with the channels' own ids; None where the shop has none."""
        return self._raw.get(table)

    def _with_joined_ids(self) -> dict[str, Table]:
        """The tables with one id per person; as they are where nobody is joined."""
        names = ("contacts",) if self.settings.join_by else ()
        self._ids = None
        if any(name in self._raw for name in (*names, "decisions")):
            self._ids = joined_ids(self.con, self.joining)
        if self._ids is None:
            return self._raw
        return {
            name: renamed(rows, self._ids) if name in ("orders", "events") else rows
            for name, rows in self._raw.items()
        }

    def close(self) -> None:
        """Let go of what was kept and of the connection; for who opens hundreds of shops in one process.

        The same shop as of other dates (:meth:`at`) is closed with it.
        """
        self._once.clear()
        for table in list(self._kept):
            table.release()
        close(self.con)

    def name(self, lang: str | None = None) -> str:
        """Name of the shop, in its own language where none is given."""
        return self.settings.name_in(lang or self.settings.lang, self.id)

    @property
    def _end(self) -> Any:
        return ibis.timestamp(dt.datetime.combine(self.as_of + dt.timedelta(days=1), dt.time()))

    @property
    def orders(self) -> Table:
        """Orders made or paid by ``as_of``; those without any date once ``as_of`` has reached the last order."""
        rows = self._tables["orders"]
        made_at = ibis.coalesce(rows.created_at, rows.paid_at)
        if self.last_order_on is None or self.as_of >= self.last_order_on:
            return rows.filter(made_at.isnull() | (made_at < self._end))
        return rows.filter(made_at < self._end)

    @property
    def items(self) -> Table | None:
        """Lines of the orders known on ``as_of``, categories filled in from the settings; None without lines."""
        rows = self._tables.get("items")
        if rows is None:
            return None
        if self.settings.category_prefixes:
            prefix = rows.product_id.split("-")[0]
            pairs = [(prefix == key, value) for key, value in sorted(self.settings.category_prefixes.items())]
            rows = rows.mutate(
                category=ibis.coalesce(rows.category, ibis.cases(*pairs, else_=ibis.null("string")))
            )
        return rows.semi_join(self.orders, "order_id")

    @property
    def members(self) -> Table | None:
        """The member list as known on ``as_of`` (joined by then, or with no joining date); None without a list.

        Rows of members that are one are one row, see :func:`memberlib.identity.merging.merged`.
        """
        rows = self._tables.get("members")
        if rows is None:
            return None
        known = rows.filter(rows.joined_on.isnull() | (rows.joined_on <= ibis.date(self.as_of)))
        return known if self._ids is None else merged(known, self._ids)

    @property
    def events(self) -> Table | None:
        """What members did besides buying, up to and including ``as_of``; None where nothing is known of it."""
        rows = self._tables.get("events")
        return None if rows is None else rows.filter(rows.happened_at < self._end)

    @property
    def _rules(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of,
            "statuses": self.settings.counted_statuses,
            "brushed": self._tables.get("brushed"),
        }

    @cached_property
    def trades(self) -> Table:
        """Counted trades of members, see :func:`memberlib.facts.counted`."""
        return _facts.counted(self._tables["orders"], **self._rules)

    @cached_property
    def guest_trades(self) -> Table:
        """Trades of guests that would count if a member had made them."""
        return _facts.counted(self._tables["orders"], **self._rules, guests=True)

    @property
    def facts(self) -> Table:
        """One row per member with a counted trade, worked out once, see :func:`memberlib.facts.per_member`."""
        return self.once("facts", self._worked_out_facts) if self._derived is None else self._shared[0]

    def _worked_out_facts(self) -> Table:
        return _facts.per_member(self.trades, as_of=self.as_of, with_months=self.con.name in WITH_BITS)

    @property
    def _shared(self) -> tuple[Table, dict[str, Any]]:
        """Facts and the numbers that most analyses need, from disk where they are there."""
        return self.once("shared", self._read_or_worked_out)

    def _read_or_worked_out(self) -> tuple[Table, dict[str, Any]]:
        assert self._derived is not None
        facts = self._worked_out_facts()
        if (found := self._derived.read(self.con, facts.schema())) is not None:
            return found
        rows = self.kept(facts)
        buyers = int(rows.count().execute())
        values = {
            "buyers": buyers,
            "members": self._count_members(rows, buyers),
            "orders": int(self.orders.count().execute()),
            "left_out": _facts.counts_left_out(self.orders, **self._rules).to_dict("list"),
        }
        self._derived.write(self.con, rows, values)
        return rows, values

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, made when it is first asked for and kept with this store until :meth:`close`.

        Rows of the engine (an ibis Table) are worked out there and then, and their table goes away with the store;
        anything else is kept as it is, and nobody may change it.

        Parameters
        ----------
        key : hashable
            What is kept: a name alone, or a tuple of a name and of every choice that it depends on.
        make : callable
            Makes it. Of this store's data and settings and of the choices in ``key`` alone.

        Examples
        --------
        >>> store.once(("history", after), lambda: history_of(store, after))  # doctest: +SKIP
        """
        if key not in self._once:
            made: Any = make()
            self._once[key] = self.kept(made) if isinstance(made, ibis.Table) else made
        kept: T = self._once[key]
        return kept

    def kept(self, rows: Table) -> Table:
        """Rows worked out once, for as long as who asked for them keeps the table, or until :meth:`close`."""
        made = rows.cache()
        self._kept.add(made)
        return made

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """Orders that no figure counts: reason, order_count, amount; every reason has its row."""
        if self._derived is None:
            rows, base = (
                _facts.counts_left_out(self.orders, **self._rules),
                int(self.orders.count().execute()),
            )
        else:
            known = self._shared[1]
            rows, base = pd.DataFrame(known["left_out"]).astype(_facts.LEFT_OUT_TYPES), known["orders"]
        rows.attrs = {
            "analysis": "left_out",
            "theme": "headline",
            "view": "left_out",
            "store": self.id,
            "shop": dict(self.settings.name),
            "as_of": self.as_of.isoformat(),
            "base": base,
            "counts": "orders",
            "currency": self.settings.currency,
            "params": {},
        }
        return rows

    @cached_property
    def buyer_count(self) -> int:
        """Members with at least one counted trade."""
        return int(self.facts.count().execute()) if self._derived is None else int(self._shared[1]["buyers"])

    @cached_property
    def member_count(self) -> int:
        """Members known: those in the member list and those with a counted trade."""
        if self._derived is None:
            return self._count_members(self.facts, self.buyer_count)
        return int(self._shared[1]["members"])

    def _count_members(self, facts: Table, buyers: int) -> int:
        if self.members is None:
            return buyers
        return buyers + int(self.members.anti_join(facts, "member_id").count().execute())


def open_store(
    store_id: str,
    as_of: dt.date | str | None = None,
    *,
    data: str | Path | None = None,
    at_version: int | None = None,
) -> Store:
    """One shop as of a date, wherever its tables live.

    Parameters
    ----------
    store_id : str
        Id of the shop, as given at import.
    as_of : date or ISO string, optional
        The last day that is looked at; the day of the shop's last order where none is given.
    data : path, optional
        Data folder; else the variable ``MEMBERLIB_DATA``, else the nearest ``data/`` with a ``stores.toml``.
    at_version : int, optional
        An earlier version of the shop's data; of a shop of the lake.

    Raises
    ------
    InputError
        For an unknown shop or version, a shop without orders, a date before its first order.

    Examples
    --------
    >>> store = open_store("tea-house", "2026-06-30")  # doctest: +SKIP
    >>> store.buyer_count  # doctest: +SKIP
    2391
    """
    folder = data_folder(data)
    opened = shop_tables(folder, store_id, at_version)
    store = Store(store_id, opened.tables, con=opened.con, as_of=day_of(as_of), settings=opened.settings,
                  version=opened.number, digest=opened.digest, _span=opened.days)  # fmt: skip
    if opened.settings.source is None:
        rests_on = {"data": store.digest, "as_of": str(store.as_of), "settings": opened.settings.digest}
        store._derived = Derived(folder, store_id, rests_on)
    return store


def store_from(
    orders: Any,
    *,
    items: Any = None,
    members: Any = None,
    brushed: Any = None,
    events: Any = None,
    contacts: Any = None,
    decisions: Any = None,
    as_of: dt.date | str | None = None,
    settings: Settings | None = None,
    store_id: str = "shop",
    con: Any = None,
) -> Store:
    """A shop made from tables at hand instead of the lake; nothing is kept.

    Parameters
    ----------
    orders : DataFrame, path of a Parquet file, or ibis Table
        order_id, member_id, paid_at (local wall time), paid_amount, status; the other columns of orders may be missing.
    items, members, brushed, events : likewise, optional
    contacts : likewise, optional
        member_id and some of name, phone, email, person_key, as written; looked at where the settings have ``join_by``.
    decisions : likewise, optional
        member_id, other_id, decision (together, apart).
    as_of, settings, store_id : optional
        The day, the shop's decisions, the id that outputs name.
    con : ibis connection, optional
        To share one among many stores; ibis Tables must belong to it.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"order_id": ["1"], "member_id": ["a"], "paid_at": [pd.Timestamp("2026-01-05")],
    ...                        "paid_amount": [80.0], "status": ["completed"]})
    >>> store_from(orders).as_of
    datetime.date(2026, 1, 5)
    """
    con = con or connection()
    given = {
        "orders": orders, "items": items, "members": members, "brushed": brushed, "events": events,
        "contacts": contacts, "decisions": decisions,
    }  # fmt: skip
    tables = {name: table_of(con, name, rows) for name, rows in given.items() if rows is not None}
    return Store(
        check_store_id(store_id), tables, con=con, as_of=day_of(as_of), settings=settings or Settings()
    )
