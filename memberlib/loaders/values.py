"""How does a written value become a canonical one, and what makes it unacceptable?

Everything here is SQL text for DuckDB, so that millions of rows are read without a loop in Python. A file's rows come
in as text columns ``c0, c1, …`` (see :mod:`memberlib.loaders.reader`) with their row number; :func:`checked` turns them
into canonical columns, the first rule each row breaks, and the value that broke it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from memberlib.loaders.crosswalk import Crosswalk, Match, Place, plain_word
from memberlib.model import BIRTH_YEARS, CODES, PAID_STATUSES, YEARS, Column

NOTHING = ("null", "na", "n/a", "#n/a", "--?", "nan", "none", "nat", r"\\n")
"""Words that stand for no value, in any case, as regular expressions."""

_DATES = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y.%m.%d %H:%M:%S", "%Y.%m.%d", "%Y年%m月%d日 %H:%M:%S",
          "%Y年%m月%d日", "%Y%m%d", "%Y%m%d%H%M%S")  # fmt: skip
_NO_DATES = ("0000-00-00 00:00:00", "0000-00-00")
CODED: dict[str, dict[str, str]] = {name: {code: code for code in codes} for name, codes in CODES.items()}
CODED["flag"] = {"true": "true", "false": "false", "1": "true", "0": "false", "yes": "true", "no": "false", "t": "true",
          "f": "false", "y": "true", "n": "false", "是": "true", "否": "false"}  # fmt: skip
_OFFSET = r"[0-9]\s*(Z|z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$"
_ISO = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]{1,9})?)?)?"
_PLAIN_MONEY = r"^[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?$"
_MONEY_MARKS = r"(CNY|RMB|NTD|TWD|HKD|USD|GBP|EUR|JPY|NT\$|HK\$|US\$|[¥￥$£€元圆円\s\x{a0}\x{3000}])"

MACROS = f"""
CREATE OR REPLACE TEMP MACRO unwrapped(x) AS CASE
    WHEN starts_with(x, '="') AND ends_with(x, '"') AND strlen(x) > 2
    THEN trim(substring(x, 3, length(x) - 3))
    WHEN starts_with(x, '''') THEN trim(substring(x, 2)) ELSE x END;
CREATE OR REPLACE TEMP MACRO something(x) AS CASE
    WHEN x = '' THEN NULL
    WHEN strlen(x) <= 4 AND regexp_full_match(x, '(?i){"|".join(NOTHING)}') THEN NULL
    ELSE x END;
CREATE OR REPLACE TEMP MACRO words_of(x) AS something(unwrapped(x));
CREATE OR REPLACE TEMP MACRO folded(x) AS
    replace(replace(replace(replace(lower(x), ' ', ''), '，', ','), '（', '('), '）', ')');
CREATE OR REPLACE TEMP MACRO quick_money(x) AS
    CASE WHEN NOT contains(x, '_') THEN TRY_CAST(x AS DECIMAL(18,4)) END;
CREATE OR REPLACE TEMP MACRO unmarked(x) AS regexp_replace(x, '{_MONEY_MARKS}', '', 'g');
CREATE OR REPLACE TEMP MACRO slow_money(x) AS CASE
    WHEN regexp_matches(unmarked(x), '{_PLAIN_MONEY}')
    THEN TRY_CAST(replace(unmarked(x), ',', '') AS DECIMAL(18,4)) END;
CREATE OR REPLACE TEMP MACRO colon_offset(x) AS regexp_replace(regexp_replace(regexp_replace(
    x, '\\s*(Z|z|UTC)$', '+00'), '\\s*([+-][0-9]{{2}}):?([0-9]{{2}})?$', '\\1:\\2'), ':$', '');
CREATE OR REPLACE TEMP MACRO offset_moment(x, zone) AS
    timezone(zone, TRY_CAST(colon_offset(x) AS TIMESTAMPTZ));
"""
"""Macros the expressions below use; to be run once per connection."""


@dataclass(frozen=True)
class Fault:
    """A rule a row may break: the condition, the column it is about and the SQL of the value that broke it."""

    rule: str
    condition: str
    column: str
    value: str


@dataclass(frozen=True)
class _Read:
    """A column as it is read: its kind of value, and the SQL of its text over the file's text columns."""

    name: str
    kind: str
    text: str

    @property
    def quick(self) -> bool:
        """Whether most values can be taken as they stand."""
        return self.kind not in ("id", "text")


def checked(match: Match, source: str, *, zone: str, serial_dates: bool = False) -> tuple[str, list[Fault]]:
    """The query that reads a file's rows, and the faults it may find in them.

    Parameters
    ----------
    match : Match
        Where the canonical columns stand in the file.
    source : str
        SQL of the raw rows: ``row``, ``broken`` (a value could not be decoded), and text columns
        ``c<position>``, ``c<position>_<part>``.
    zone : str
        The shop's time zone; times with an offset are turned into it.
    serial_dates : bool
        Dates may be numbers as Excel counts days.

    Returns
    -------
    tuple
        SQL giving ``row``, the canonical columns of the table in order, ``fault`` (0 for a good row, else 1 +
        the fault's place in the list) and ``value`` (what broke the rule); and the list of faults, first
        checked first. Rows whose every column is empty are left out.
    """
    crosswalk, places = match.crosswalk, match.places
    reads: list[_Read] = []
    typed: dict[str, str] = {}
    faults = [Fault("bad_encoding", "broken", "", "NULL")]
    for column in crosswalk.table.columns:
        place = places.get(column.name)
        if place is None:
            typed[column.name] = f"CAST({column.default or 'NULL'} AS {column.sql_type})"
        elif place.place:
            typed[column.name] = "CAST(row_number() OVER (PARTITION BY w_order_id ORDER BY row) AS VARCHAR)"
        else:
            reads.append(_Read(column.name, column.kind, _text(place)))
            typed[column.name] = _typed(column, crosswalk, zone, serial_dates)
            faults += _faults(column, crosswalk)
            factors = []
            for n, position in enumerate(place.product):
                name = f"{column.name}_{n}"
                reads.append(_Read(name, "money", f"c{position}"))
                faults.append(
                    Fault(
                        "bad_amount", f"v_{name} IS NULL AND w_{name} IS NOT NULL", column.name, f"t_{name}"
                    )
                )
                factors.append(f"CAST(v_{name} AS DECIMAL(19,4))")
            if factors:
                product = f"TRY_CAST({' * '.join(factors)} AS DECIMAL(18,4))"
                typed[column.name] = f"coalesce({typed[column.name]}, {product})"
    if crosswalk.paid_is == "net_of_refund" and "refund_amount" in places:
        typed["paid_amount"] += f" + coalesce({typed['refund_amount']}, CAST(0 AS DECIMAL(18,4)))"
    if crosswalk.table.name == "orders":
        states = ", ".join(f"'{s}'" for s in PAID_STATUSES)
        unpaid = f'"paid_at" IS NULL AND "status" IN ({states})'
        faults.append(Fault("missing_paid_at", unpaid, "paid_at", "t_paid_at"))
    return _layered(match, source, reads, typed, faults), faults


def _layered(
    match: Match, source: str, reads: list[_Read], typed: Mapping[str, str], faults: list[Fault]
) -> str:
    """The query, one layer for each step, so that no step is written, or worked out, twice in an expression.

    t_ text → q_ taken as it stands → w_ words, where it could not be → f_ folded, of codes, and v_ amounts → typed.
    """
    columns = match.crosswalk.table.columns
    empty = " AND ".join(f"coalesce({name}, '') = ''" for name in _raw_names(match))
    texts = [f"{r.text} AS t_{r.name}" for r in reads]
    quick = [f"{_quick(r, match.crosswalk)} AS q_{r.name}" for r in reads if r.quick]
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
    final = [
        f'CAST(coalesce("{c.name}", {c.default}) AS {c.sql_type}) AS "{c.name}"'
        if c.default
        else f'CAST("{c.name}" AS {c.sql_type}) AS "{c.name}"'
        for c in columns
    ]
    fault = " ".join(f"WHEN {f.condition} THEN {n}" for n, f in enumerate(faults, 1))
    value = " ".join(f"WHEN {n} THEN {f.value}" for n, f in enumerate(faults, 1))
    query = f"SELECT row, broken, {', '.join(texts)} FROM ({source}) WHERE broken OR NOT ({empty})"
    for layer in (quick, words, values, [f'{typed[c.name]} AS "{c.name}"' for c in columns]):
        query = f"SELECT *, {', '.join(layer)} FROM ({query})" if layer else query
    query = f"SELECT *, CAST(CASE {fault} ELSE 0 END AS UTINYINT) AS fault FROM ({query})"
    return (
        f"SELECT row, {', '.join(final)}, fault, left(CAST(CASE fault {value} END AS VARCHAR), 200) AS value "
        f"FROM ({query})"
    )


def _raw_names(match: Match) -> list[str]:
    """Names of the text columns: ``c4``, or ``c13_1`` for a word of a value."""
    names = []
    for position, parts in match.wanted.items():
        names += [f"c{position}_{part}" for part in range(1, parts + 1)] or [f"c{position}"]
    return names


def _text(place: Place) -> str:
    """SQL of the text a column is read from; where the first place is empty in a row, the next one's."""
    if place.first is None:
        return "CAST(NULL AS VARCHAR)"
    first = f"c{place.first}_{place.part}" if place.part else f"c{place.first}"
    if not place.otherwise:
        return first
    rest = ", ".join(f"words_of(c{p})" for p in place.otherwise)
    return f"coalesce(words_of({first}), {rest})"


def _quick(read: _Read, crosswalk: Crosswalk) -> str:
    """SQL that reads most values at little cost; null for those that need a closer look."""
    text = f"t_{read.name}"
    if read.kind in ("code", "flag"):
        return _coded(
            text, crosswalk.words.get(read.name, {}) or CODED[read.kind if read.kind == "flag" else read.name]
        )
    if read.kind in ("timestamp", "date"):
        # 2026-01-31 12:30:59 cannot carry an offset and is what almost every row holds.
        plain = f"strlen({text}) = 19 AND substring({text}, 17, 1) = ':'"
        return f"CASE WHEN {plain} THEN TRY_CAST({text} AS TIMESTAMP) END"
    return f"quick_money({text})"


def _typed(column: Column, crosswalk: Crosswalk, zone: str, serial_dates: bool) -> str:
    name = column.name
    if column.kind in ("id", "text"):
        return f"w_{name}"
    if column.kind in ("money", "quantity"):
        return f"v_{name}"
    if column.kind == "integer":
        return f"CASE WHEN v_{name} = floor(v_{name}) THEN CAST(v_{name} AS BIGINT) END"
    if column.kind in ("timestamp", "date"):
        moment = f"coalesce(q_{name}, {_slow_moment(f'w_{name}', crosswalk, zone, serial_dates)})"
        return moment if column.kind == "timestamp" else f"CAST({moment} AS DATE)"
    return f"CAST(coalesce(q_{name}, {_coded(f'f_{name}', _folded_words(column, crosswalk))}) AS {column.sql_type})"


def _folded_words(column: Column, crosswalk: Crosswalk) -> dict[str, str]:
    """What may be written in a coded column, folded → its code."""
    given = {plain_word(word): code for word, code in crosswalk.words.get(column.name, {}).items()}
    usual = CODED["flag" if column.kind == "flag" else column.name]
    return given | {word: code for word, code in usual.items() if word not in given}


def _coded(text: str, words: Mapping[str, str]) -> str:
    branches = " ".join(
        f"WHEN {text} = {_quoted(word)} THEN {_quoted(code)}" for word, code in words.items() if code
    )
    return f"CASE {branches} END"


def _slow_moment(words: str, crosswalk: Crosswalk, zone: str, serial_dates: bool) -> str:
    """SQL of a naive timestamp in the shop's time zone, from any of the forms that are read."""
    forms = ", ".join(_quoted(f) for f in dict.fromkeys((*crosswalk.dates, *_DATES)))
    serial = (
        f"WHEN regexp_matches({words}, '^[0-9]{{5}}(\\.[0-9]+)?$') "
        f"THEN TIMESTAMP '1899-12-30' + to_seconds(round(CAST({words} AS DOUBLE) * 86400))"
        if serial_dates
        else ""
    )
    return (
        f"CASE {serial} WHEN length({words}) > 13 AND regexp_matches({words}, '{_OFFSET}') "
        f"THEN offset_moment({words}, {_quoted(zone)}) "
        f"WHEN regexp_full_match({words}, '{_ISO}') THEN TRY_CAST({words} AS TIMESTAMP) "
        f"ELSE try_strptime({words}, [{forms}]) END"
    )


def _faults(column: Column, crosswalk: Crosswalk) -> list[Fault]:
    """The rules of one column, in the order they are checked."""
    name, text, words, amount = (f"{mark}{column.name}" for mark in ("", "t_", "w_", "v_"))
    unread = f'"{name}" IS NULL AND {words} IS NOT NULL'
    found = []
    if column.kind in ("money", "quantity"):
        found.append(Fault("bad_amount", f"{amount} IS NULL AND {words} IS NOT NULL", name, text))
    elif column.kind == "integer":
        part = f"{amount} IS NULL AND {words} IS NOT NULL OR {amount} <> floor({amount})"
        found.append(Fault("bad_integer", part, name, text))
    elif column.kind in ("timestamp", "date"):
        first, last = BIRTH_YEARS if name == "birthday" else YEARS
        outside = f"\"{name}\" < '{first}-01-01' OR \"{name}\" >= '{last + 1}-01-01'"
        none = ", ".join(_quoted(d) for d in _NO_DATES)
        found.append(Fault("bad_date", f"{outside} OR ({unread} AND {words} NOT IN ({none}))", name, text))
    elif column.kind in ("code", "flag"):
        meaningless = ", ".join(
            _quoted(w) for w, code in _folded_words(column, crosswalk).items() if not code
        )
        unread += f" AND f_{name} NOT IN ({meaningless})" if meaningless else ""
        rule = {"flag": "bad_flag", "birthday_calendar": "bad_birthday"}.get(
            "flag" if column.kind == "flag" else name, f"bad_{name}"
        )
        found.append(Fault(rule, unread, name, text))
    if column.filled and not column.default:
        missing = {"id": "missing_id", "code": f"missing_{name}", "timestamp": "missing_time"}.get(
            column.kind, "missing_amount"
        )
        found.append(Fault(missing, f'"{name}" IS NULL', name, text))
    if column.kind == "id":
        number = f"regexp_matches(\"{name}\", '^[0-9](\\.[0-9]+)?[eE]\\+[0-9]+$')"
        found.append(Fault("rounded_id", f"contains(\"{name}\", '+') AND {number}", name, text))
    if column.kind == "money":
        found.append(Fault("negative_amount", f'"{name}" < 0', name, text))
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
