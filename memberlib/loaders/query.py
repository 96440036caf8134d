"""Build the SQL that turns a file's text columns into those of the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from memberlib.loaders.forms import Located
from memberlib.loaders.matching import Match
from memberlib.loaders.values import Fault, coded, faults, quick, typed, unknown_word
from memberlib.model import PAID_STATUSES, Column
from memberlib.sql import literal

_MONEY = "DECIMAL(18,4)"
_NONE = "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True)
class Query:
    """How a file's rows are read.

    Attributes
    ----------
    sql : str
        Gives ``row``, the canonical columns in order, those of `extras`, ``fault`` (0 for a good row, else 1 + the
        fault's place in the list) and ``value`` (what broke the rule). Rows whose every column is empty are left out.
    faults : list
        The rules a row is held against, in this order.
    late : list
        Rules for an order gathered from several rows, over canonical columns alone.
    extras : tuple of str
        Further columns: ``contact_<kind>``, ``birthday_text``, ``gap_<n>`` (by how much the n-th sum fails to add up;
        null where it cannot be checked) and ``odd_<column>`` (a word that is not known and was left empty).
    makes_lines : bool
        Whether a row of the file may hold several lines, so that what is counted are lines.
    """

    sql: str
    faults: list[Fault]
    late: list[Fault]
    extras: tuple[str, ...]
    makes_lines: bool = False


@dataclass(frozen=True)
class _TextColumn:
    """A column as it is read: its kind of value, and the SQL of its text over the file's text columns."""

    name: str
    kind: str
    text: str

    @property
    def quick(self) -> bool:
        """Whether most values can be taken as they stand."""
        return self.kind not in ("id", "text")


def query_of(
    match: Match, source: str, *, zone: str, currency: str = "", serial_dates: bool = False
) -> Query:
    """The query that reads a file's rows, and the faults it may find in them.

    Parameters
    ----------
    match : Match
        Where the canonical columns stand in the file.
    source : str
        SQL of the raw rows: ``row``, ``broken`` (a value could not be decoded), and text columns
        ``c<position>``, ``c<position>_<part>``. Read once for each of the match's numbered lines.
    zone : str
        The shop's time zone; times with an offset or a zone of their own are turned into it.
    currency : str
        The shop's; rows that name another one are rejected. Empty to take every row.
    serial_dates : bool
        Dates may be numbers as Excel counts days.
    """
    if match.crosswalk.row_is == "titles":
        source = _cut(match, source)
    if not match.crosswalk.wide:
        return _Builder(match, match.places, zone, serial_dates, currency=currency).query(source)
    lines = [
        _Builder(match, {**match.places, **places}, zone, serial_dates, number=n, own=places).query(source)
        for n, places in enumerate(match.lines, 1)
    ]
    if not lines:
        return _Builder(match, match.places, zone, serial_dates).query(f"SELECT * FROM ({source}) LIMIT 0")
    # every line has all rules, in the same order, or the faults' numbers would differ from line to line
    sql = " UNION ALL BY NAME ".join(f"({line.sql})" for line in lines)
    return Query(sql, lines[0].faults, lines[0].late, lines[0].extras, True)


def _cut(match: Match, source: str) -> str:
    """Rows with several names in one cell, cut into one row per name where the file says how many there are."""
    place = match.places["product_name"]
    name = f"c{place.first}"
    cut = f"list_filter([trim(t) FOR t IN string_split(words_of({name}), {literal(place.split)})], lambda t: t <> '')"
    told = f"TRY_CAST(words_of(c{place.kinds}) AS INTEGER)" if place.kinds is not None else "NULL"
    return (
        f"SELECT * EXCLUDE (pieces) REPLACE (unnest(pieces) AS {name}), "
        f"unnest(range(1, len(pieces) + 1)) AS line_number "
        f"FROM (SELECT *, CASE WHEN len({cut}) = {told} THEN {cut} "
        f"WHEN words_of({name}) IS NOT NULL THEN [words_of({name})] ELSE [] END AS pieces FROM ({source}))"
    )


class _Builder:
    """One query in the making."""

    def __init__(
        self,
        match: Match,
        places: Mapping[str, Located],
        zone: str,
        serial_dates: bool,
        *,
        number: int | None = None,
        own: Mapping[str, Located] | None = None,
        currency: str = "",
    ) -> None:
        self.match, self.crosswalk, self.places = match, match.crosswalk, places
        self.zone, self.serial_dates, self.number, self.own = zone, serial_dates, number, own
        self.currency = currency
        self.reads: list[_TextColumn] = []
        self.typed: dict[str, str] = {}
        self.extras: dict[str, str] = {}
        self.faults = [Fault("bad_encoding", "broken", "", "NULL")]

    def query(self, source: str) -> Query:
        """The whole of it."""
        for column in self.crosswalk.table.columns:
            place = self.places.get(column.name)
            if place is None and not (self.number and column.name in self.crosswalk.sources):
                default = "NULL" if self.crosswalk.gathered else column.default or "NULL"
                self.typed[column.name] = f"CAST({default} AS {column.sql_type})"
            else:
                self._column(column, place or Located())
        if self.crosswalk.table.name == "orders":
            self._order()
        if self.match.currency is not None and self.currency:
            self._currency(self.match.currency)
        if not {"birthday", "birthday_day"}.isdisjoint(self.places):
            self._birthday()
        for name, place in self.match.contacts.items():
            self._add(f"contact_{name}", "text", _text(place))
            self.extras[f"contact_{name}"] = f"w_contact_{name}"
        for n, (parts, total, optional, _) in enumerate(self.match.sums):
            self._sum_check(n, parts, total, optional)
        late = [f for f in self.faults if self._is_late(f)] if self.crosswalk.gathered else []
        early = [f for f in self.faults if f not in late]
        cut = self.crosswalk.wide or self.crosswalk.row_is == "titles"
        return Query(self._layered(source, early), early, late, tuple(self.extras), cut)

    def _add(self, name: str, kind: str, text: str) -> str:
        self.reads.append(_TextColumn(name, kind, text))
        return name

    def _column(self, column: Column, place: Located) -> None:
        name = column.name
        if name == "birthday":
            self.typed[name] = f"CAST(NULL AS {column.sql_type})"
            return
        if place.place:
            count = "row_number() OVER (PARTITION BY w_order_id ORDER BY row)"
            if place.join:
                self._add(name, "text", _text(place))
                count = (
                    f"w_{name} || ' ' || row_number() OVER (PARTITION BY w_order_id, w_{name} ORDER BY row)"
                )
            if self.number or self.crosswalk.row_is == "titles":
                count = str(self.number or "line_number")
            self.typed[name] = f"CAST({count} AS VARCHAR)"
            return
        self._add(name, column.kind, _text(place))
        value = typed(column, self.crosswalk, zone=self.zone, serial_dates=self.serial_dates)
        self.faults += faults(column, self.crosswalk)
        if place.zone is not None and column.kind == "timestamp":
            value = self._zoned(name, value, place.zone)
        if column.kind in ("money", "quantity"):
            value = self._amount(name, value, place)
        if place.contact:
            value = f"one_form({value})"
        if name in self.crosswalk.lenient:
            self.extras[f"odd_{name}"] = f"CASE WHEN {unknown_word(column, self.crosswalk)} THEN w_{name} END"
        self.typed[name] = value

    def _zoned(self, name: str, value: str, position: int) -> str:
        word = self._add(f"{name}_zone", "text", f"c{position}")
        named = coded(f"w_{word}", self.crosswalk.words.get("time_zone", {}))
        self.faults.append(Fault("bad_date", f'"{name}" IS NULL AND q_{name} IS NOT NULL', name, f"t_{word}"))
        return f"timezone({literal(self.zone)}, timezone({named}, {value}))"

    def _money(self, name: str, column: str, position: int) -> str:
        """SQL of an amount beside the column's own; what it cannot be read as is a fault of the column."""
        self._add(name, "money", f"c{position}")
        self.faults.append(
            Fault("bad_amount", f"v_{name} IS NULL AND w_{name} IS NOT NULL", column, f"t_{name}")
        )
        return f"v_{name}"

    def _amount(self, name: str, value: str, place: Located) -> str:
        if place.product:
            factors = [self._money(f"{name}_{n}", name, p) for n, p in enumerate(place.product)]
            product = " * ".join(f"CAST({f} AS DECIMAL(19,4))" for f in factors)
            value = f"coalesce({value}, TRY_CAST({product} AS {_MONEY}))"
        if place.total:
            parts = [self._money(f"{name}_sum{n}", name, p) for n, p in enumerate(place.total)]
            value = f"coalesce({value}, {_added(parts)})"
        for n, position in enumerate(place.less):
            value = f"TRY_CAST({value} - coalesce({self._money(f'{name}_less{n}', name, position)}, 0) AS {_MONEY})"
        if place.sign:
            minus = "-" if place.sign == "minus" else ""
            value = f"CASE WHEN {value} IS NOT NULL THEN greatest({minus}({value}), 0) END"
        return value

    def _order(self) -> None:
        if self.crosswalk.paid_is == "net_of_refund" and "refund_amount" in self.places:
            refund = f"coalesce({self.typed['refund_amount']}, CAST(0 AS {_MONEY}))"
            self.typed["paid_amount"] = f"TRY_CAST({self.typed['paid_amount']} + {refund} AS {_MONEY})"
        if "status" not in self.places:
            self.typed["status"] = f"CASE WHEN {self.typed['paid_at']} IS NULL THEN 'pending' ELSE 'paid' END"
        states = ", ".join(f"'{s}'" for s in PAID_STATUSES)
        unpaid = f'"paid_at" IS NULL AND "status" IN ({states})'
        text = "t_paid_at" if "paid_at" in self.places else "NULL"
        self.faults.append(Fault("missing_paid_at", unpaid, "paid_at", text))

    def _birthday(self) -> None:
        """Birthdays stay text here; what they mean is worked out once for each distinct one."""
        place = self.places.get("birthday")
        if place is not None:
            self._add("birthday", "text", _text(place))
        self.extras["birthday_text"] = "w_birthday" if place is not None else _NONE
        if "birthday" in self.crosswalk.lenient:
            self.extras["odd_birthday"] = _NONE
        else:
            self.faults.append(Fault("bad_birthday", "false", "birthday", _NONE))

    def _sum_check(self, n: int, parts: Located, total: Located, optional: tuple[int, ...]) -> None:
        def amounts(side: str, positions: Iterable[int]) -> list[str]:
            return [f"v_{self._add(f'sum{n}_{side}{k}', 'money', f'c{p}')}" for k, p in enumerate(positions)]

        gap = f"TRY_CAST({_added(amounts('part', parts.total))} - {_added(amounts('total', total.total))} AS {_MONEY})"
        inside = [self._add(f"sum{n}_inside{k}", "money", f"c{p}") for k, p in enumerate(optional)]
        if inside:
            less = " + ".join(f"coalesce(v_{name}, 0)" for name in inside)
            gap = f"CASE WHEN {gap} = {less} THEN 0 ELSE {gap} END"
        self.extras[f"gap_{n}"] = gap

    def _currency(self, position: int) -> None:
        word = self._add("currency", "text", f"c{position}")
        other = f"w_{word} IS NOT NULL AND upper(w_{word}) <> {literal(self.currency)}"
        self.faults.append(Fault("other_currency", other, "", f"t_{word}"))

    def _is_late(self, fault: Fault) -> bool:
        """Whether a rule is for the whole order: an order's fields may stand on one of its rows alone."""
        if fault.rule.startswith("missing_"):
            return fault.column not in self.crosswalk.table.key
        place = self.places.get(fault.column)
        return fault.rule == "negative_amount" and place is not None and place.gather == "sum"

    def _layered(self, source: str, rules: Sequence[Fault]) -> str:
        """The query, one layer for each step, so that no step is written, or worked out, twice in an expression.

        t_ text → q_ taken as it stands → w_ words, where it could not be → f_ folded, of codes, and v_ amounts → typed.
        """
        columns, reads = self.crosswalk.table.columns, self.reads
        filled = " OR ".join(f"coalesce({name}, '') <> ''" for name in self._raw_names())
        texts = ["row", "broken", *(f"{r.text} AS t_{r.name}" for r in reads)]
        if self.crosswalk.row_is == "titles":
            texts.append("line_number")
        quickly = [f"{quick(r.name, r.kind, self.crosswalk)} AS q_{r.name}" for r in reads if r.quick]
        words = [
            f"CASE WHEN q_{r.name} IS NULL THEN words_of(t_{r.name}) END AS w_{r.name}"
            if r.quick
            else f"words_of(t_{r.name}) AS w_{r.name}"
            for r in reads
        ]
        values = [f"folded(w_{r.name}) AS f_{r.name}" for r in reads if r.kind in ("code", "flag")]
        values += [
            f"coalesce(q_{r.name}, slow_money(w_{r.name})) AS v_{r.name}"
            for r in reads
            if r.kind in ("money", "quantity", "integer")
        ]
        canonical = [f'{self.typed[c.name]} AS "{c.name}"' for c in columns]
        extras = [f"{sql} AS {name}" for name, sql in self.extras.items()]
        final = [
            f'TRY_CAST(coalesce("{c.name}", {c.default}) AS {c.sql_type}) AS "{c.name}"'
            if c.default and not self.crosswalk.gathered
            else f'TRY_CAST("{c.name}" AS {c.sql_type}) AS "{c.name}"'
            for c in columns
        ]
        fault = " ".join(f"WHEN {f.condition} THEN {n}" for n, f in enumerate(rules, 1))
        value = " ".join(f"WHEN {n} THEN {f.value}" for n, f in enumerate(rules, 1))
        query = (
            f"SELECT {', '.join(texts)} FROM ({source}) WHERE {'' if self.number else 'broken OR '}{filled}"
        )
        if told := [r.name for r in reads if r.name in self.crosswalk.rows_with]:
            said = " AND ".join(f"words_of(t_{name}) IS NOT NULL" for name in told)
            query = f"SELECT * FROM ({query}) WHERE broken OR {said}"
        for layer in (quickly, words, values, canonical, extras):
            query = f"SELECT *, {', '.join(layer)} FROM ({query})" if layer else query
        query = f"SELECT *, CAST(CASE {fault} ELSE 0 END AS UTINYINT) AS fault FROM ({query})"
        return (
            f"SELECT {', '.join(['row', *final, *self.extras])}, fault, "
            f"left(CAST(CASE fault {value} END AS VARCHAR), 200) AS value FROM ({query})"
        )

    def _raw_names(self) -> list[str]:
        """Names of the text columns that make a row more than empty: ``c4``, or ``c13_1`` for a word of a value."""
        of_the_line = {p for place in (self.own or {}).values() for p in place.spots()}
        names = []
        for position, parts in self.match.wanted.items():
            if self.own is None or position in of_the_line:
                names += [f"c{position}_{part}" for part in range(1, parts + 1)] or [f"c{position}"]
        return names


def _text(place: Located) -> str:
    """SQL of the text a column is read from; where the first place is empty in a row, the next one's."""
    if place.join:
        return f"trim(concat_ws(' ', {', '.join(f'words_of(c{p})' for p in place.join)}))"
    if place.first is None:
        return _NONE
    text = f"c{place.first}_{place.part}" if place.part else f"c{place.first}"
    if place.otherwise:
        text = f"coalesce({', '.join(f'words_of({t})' for t in (text, *(f'c{p}' for p in place.otherwise)))})"
    if place.masked_with:
        told = ", ".join(f"words_of(c{p})" for p in place.masked_with)
        text = f"CASE WHEN contains({text}, '*') THEN words_of({text}) || ' ' || coalesce({told}) ELSE {text} END"
    return text


def _added(parts: Iterable[str]) -> str:
    """SQL of a sum in which an empty part is 0; null where all are empty."""
    listed = list(parts)
    zeros = " + ".join(f"coalesce({part}, 0)" for part in listed)
    return f"CASE WHEN coalesce({', '.join(listed)}) IS NOT NULL THEN TRY_CAST({zeros} AS {_MONEY}) END"
