"""Write the SQL that reads a text as an amount, a date, a code or an id, and finds what breaks a rule.

Everything here is SQL text for DuckDB, so that millions of rows are read without a loop in Python. A file's rows come
in as text columns ``c0, c1, …`` (see :mod:`memberlib.loaders.rows`) with their row number;
:mod:`memberlib.loaders.query` puts these expressions together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memberlib.loaders.forms import Crosswalk, plain_word
from memberlib.model import CODES, YEARS, Column
from memberlib.sql import literal, literals

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
CREATE OR REPLACE TEMP MACRO one_form(x) AS CASE
    WHEN contains(x, '@') THEN lower(x)
    WHEN regexp_full_match(x, '[+(]?[0-9][0-9 ().-]+')
    THEN regexp_replace(regexp_replace(x, '[^+0-9]', '', 'g'), '^([+]|00)?86(1[3-9][0-9]{{9}})$', '\\2')
    ELSE x END;
CREATE OR REPLACE TEMP MACRO whole_id(x) AS CASE
    WHEN ends_with(x, '.0') AND regexp_full_match(x, '[0-9]+[.]0') THEN x[:-3] ELSE x END;
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


def quick(name: str, kind: str, crosswalk: Crosswalk) -> str:
    """SQL that reads most values at little cost; null for those that need a closer look."""
    text = f"t_{name}"
    if kind in ("code", "flag"):
        return coded(text, crosswalk.words.get(name, {}) or CODED[kind if kind == "flag" else name])
    if kind in ("timestamp", "date"):
        # 2026-01-31 12:30:59 cannot carry an offset and is what almost every row holds.
        plain = f"strlen({text}) = 19 AND substring({text}, 17, 1) = ':'"
        return f"CASE WHEN {plain} THEN TRY_CAST({text} AS TIMESTAMP) END"
    return f"quick_money({text})"


def typed(column: Column, crosswalk: Crosswalk, *, zone: str, serial_dates: bool) -> str:
    """SQL of the canonical value."""
    name = column.name
    if column.kind == "id":
        return f"whole_id(w_{name})"
    if column.kind == "text":
        return f"w_{name}"
    if column.kind in ("money", "quantity"):
        return f"v_{name}"
    if column.kind == "integer":
        return f"CASE WHEN v_{name} = floor(v_{name}) THEN CAST(v_{name} AS BIGINT) END"
    if column.kind in ("timestamp", "date"):
        value = f"coalesce(q_{name}, {moment(f'w_{name}', crosswalk.dates, zone=zone, serial_dates=serial_dates)})"
        return value if column.kind == "timestamp" else f"CAST({value} AS DATE)"
    return f"CAST(coalesce(q_{name}, {coded(f'f_{name}', folded_words(column, crosswalk))}) AS {column.sql_type})"


def folded_words(column: Column, crosswalk: Crosswalk) -> dict[str, str]:
    """What may be written in a coded column, folded → its code."""
    given = {plain_word(word): code for word, code in crosswalk.words.get(column.name, {}).items()}
    usual = CODED["flag" if column.kind == "flag" else column.name]
    return given | {word: code for word, code in usual.items() if word not in given}


def coded(text: str, words: Mapping[str, str]) -> str:
    """SQL of what a word means; null for a word that means nothing or is not known."""
    branches = " ".join(
        f"WHEN {text} = {literal(word)} THEN {literal(code)}" for word, code in words.items() if code
    )
    return f"CASE {branches} END" if branches else "CAST(NULL AS VARCHAR)"


def moment(words: str, dates: Sequence[str] = (), *, zone: str, serial_dates: bool = False) -> str:
    """SQL of a naive timestamp in the shop's time zone, from these forms and any that is always read."""
    forms = literals(dict.fromkeys((*dates, *_DATES)))
    serial = (
        f"WHEN regexp_matches({words}, '^[0-9]{{5}}(\\.[0-9]+)?$') "
        f"THEN TIMESTAMP '1899-12-30' + to_seconds(round(CAST({words} AS DOUBLE) * 86400))"
        if serial_dates
        else ""
    )
    return (
        f"CASE {serial} WHEN length({words}) > 13 AND regexp_matches({words}, '{_OFFSET}') "
        f"THEN offset_moment({words}, {literal(zone)}) "
        f"WHEN regexp_full_match({words}, '{_ISO}') THEN TRY_CAST({words} AS TIMESTAMP) "
        f"ELSE try_strptime({words}, {forms}) END"
    )


def faults(column: Column, crosswalk: Crosswalk) -> list[Fault]:
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
        first, last = YEARS
        outside = f"\"{name}\" < '{first}-01-01' OR \"{name}\" >= '{last + 1}-01-01'"
        none = ", ".join(literal(d) for d in _NO_DATES)
        found.append(Fault("bad_date", f"{outside} OR ({unread} AND {words} NOT IN ({none}))", name, text))
    elif column.kind in ("code", "flag"):
        unread = unknown_word(column, crosswalk)
        rule = {"flag": "bad_flag", "birthday_calendar": "bad_birthday"}.get(
            "flag" if column.kind == "flag" else name, f"bad_{name}"
        )
        if name not in crosswalk.lenient:
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


def unknown_word(column: Column, crosswalk: Crosswalk) -> str:
    """SQL of whether a coded column holds a word that is not known."""
    name = column.name
    meaningless = ", ".join(literal(w) for w, code in folded_words(column, crosswalk).items() if not code)
    said = f'"{name}" IS NULL AND w_{name} IS NOT NULL'
    return f"{said} AND f_{name} NOT IN ({meaningless})" if meaningless else said
