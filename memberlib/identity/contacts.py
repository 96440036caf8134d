"""Write a phone, an e-mail, a key or a name so that two that mean the same are equal.

Each function takes SQL that gives a column ``text`` and adds the column ``found``: what can be compared, or null for
what must not join anybody (masked, void, cut short). Nothing is looked up outside the text but the country
that a number without its country's code is of.
"""

from __future__ import annotations

from memberlib.sql import literal

HOME_CODES = {"CNY": "86", "TWD": "886", "HKD": "852", "JPY": "81", "GBP": "44", "USD": "1", "EUR": ""}
"""Country code of a number that names none, by the shop's currency."""

_DASHES = "‐‑‒–—―−－ー"
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000\u00a0" + _DASHES
_NARROW = "".join(chr(code) for code in range(0x21, 0x7F)) + "  " + "-" * len(_DASHES)
_COUNTRY = r"^\+(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})"
_SHORTEST = {"86": 9, "886": 8, "852": 8, "81": 9, "44": 9, "1": 10}
_MOBILE = r"1[3-9]\d{9}"
_LENT = r"^(?:\+|00)?(?:86)?[- ]*1[3-9]\d[- ]?\d{4}[- ]?\d{4}\s*(?:[-,x#转轉]|ext|分机|分機)+\.?\s*\d{1,6}$"
_EXTENSION = r"\s*(?:extension|extn|ext|x|#|转|轉|分机|分機|内线|內線)\s*[.:]?\s*\d{1,6}\s*$"
_NAMED = r"^(?:tel|phone|mobile|电话|手机|電話|手機)\s*[:.]?\s*"
_NO_NAME = (
    "匿名", "匿名用户", "匿名买家", "无", "無", "未知", "先生", "女士", "none", "null", "unknown", "anonymous", "guest",
    "test",
)  # fmt: skip
_NO_MAILBOX = (
    "noemail", "no-email", "no_email", "nomail", "no-mail", "none", "null", "na", "n/a", "nil", "unknown", "noreply",
    "no-reply", "donotreply", "invalid", "xxx", "test", "email",
)  # fmt: skip
_NO_DOMAIN = ("invalid", "localhost", "local", "test", "noemail", "nomail", "none")
_NO_KEY = ("", "0", "-", "--", "/", ".", "null", "none", "nan", "n/a", "na", "无", "無", "unknown")


def _among(values: tuple[str, ...]) -> str:
    return "(" + ", ".join(map(literal, values)) + ")"


def _narrow(column: str) -> str:
    """Full-width signs as their narrow ones, every dash as ``-``, no space at the ends."""
    return f"trim(translate({column}, {literal(_WIDE)}, {literal(_NARROW)}))"


def _staged(source: str, *stages: dict[str, str], found: str) -> str:
    """Columns made one after the other; a stage sees those before it, and none is worked out twice."""
    for stage in stages:
        made = ", ".join(f"{expression} AS {name}" for name, expression in stage.items())
        source = f"SELECT *, {made} FROM ({source})"
    names = ", ".join(name for stage in stages for name in stage)
    return f"SELECT * EXCLUDE ({names}), {found} AS found FROM ({source})"


def phones(source: str, *, home: str = "86") -> str:
    """Phones as ``+`` and their digits with the country's code.

    Null are masked numbers, those too short or too long, those of one digit or counting up or down, and a mobile
    number in China with an extension, which a platform lends for one parcel. Other extensions are cut off.

    Parameters
    ----------
    home : str
        Country code of a number that names none; empty where it is not known, then such a number keeps its digits.

    Examples
    --------
    >>> import duckdb
    >>> texts = "SELECT unnest(['138 0000-1234', '+86 13800001234', '0571-88880011-20', '138****1234']) AS text"
    >>> [row[1] for row in duckdb.sql(phones(texts)).fetchall()]
    ['+8613800001234', '+8613800001234', '+8657188880011', None]
    """
    shortest = " ".join(f"WHEN '+{code}' THEN {length}" for code, length in _SHORTEST.items())
    plain = f"regexp_full_match(bunched, '(?:(?:\\+|00)?86)?{_MOBILE}')" if home != "1" else "false"
    bunched = f"SELECT *, translate(text, ' -()', '') AS bunched FROM ({source})"
    hard = _staged(
        f"SELECT * EXCLUDE (bunched) FROM ({bunched}) WHERE NOT {plain}",
        {"written": rf"regexp_replace(lower({_narrow('text')}), '^[''\"=]+|[''\"]+$|\.0$', '', 'g')"},
        {
            "hidden": r"contains(written, '*') OR regexp_matches(written, 'x{2,}|[·#_]{2,}|[•●○]')",
            "lent": f"regexp_matches(written, '{_LENT}')",
            "cut": f"regexp_replace(written, '{_EXTENSION}', '')",
        },
        {
            "short": r"CASE WHEN regexp_matches(cut, '^\D*0')"
            r" THEN regexp_replace(cut, '^(.*\d{7,8})-\d{1,6}$', '\1') ELSE cut END"
        },
        {"bare": f"regexp_replace(short, '{_NAMED}', '')"},
        {
            "other": r"regexp_matches(bare, '[^\d\s()+./\-]')",
            "abroad": r"regexp_matches(bare, '^\(?(?:\+|00)')",
            "digits": r"regexp_replace(regexp_replace(bare, '^(.*\d.*)\(0\)|^\(?00', '\1'), '\D', '', 'g')",
        },
        {"number": _with_country(home)},
        {"code": f"regexp_extract(number, '{_COUNTRY}')"},
        {"own": "ltrim(substr(number, length(code) + 1), '0')"},
        {
            "void": "hidden OR lent OR other OR length(code) + length(own) > 16"
            f" OR length(own) < CASE code {shortest} ELSE 7 END"
            r" OR (regexp_matches(number, '^\+861[3-9]') AND length(own) <> 11)"
            " OR length(replace(own, left(own, 1), '')) = 0"
            r" OR regexp_matches(own, '^\d{3}0{8}$') OR own = '13800138000'"
            " OR contains('01234567890123456789', own) OR contains('98765432109876543210', own)"
        },
        found="CASE WHEN void THEN NULL WHEN code IN ('', '+39') THEN number ELSE code || own END",
    )
    easy = _staged(
        f"SELECT * FROM ({bunched}) WHERE {plain}",
        {"digits": "right(bunched, 11)"},
        {
            "void": "right(digits, 8) = '00000000' OR digits = '13800138000'"
            " OR length(replace(digits, '1', '')) = 0"
        },
        found="CASE WHEN NOT void THEN '+86' || digits END",
    )
    return f"SELECT * EXCLUDE (bunched) FROM ({easy}) UNION ALL {hard}"


def _with_country(home: str) -> str:
    """Digits after a ``+`` and the country's code; without the ``+`` where the country is not known."""
    rules = ["WHEN abroad THEN '+' || digits"]
    if home == "1":
        rules.append(r"WHEN regexp_full_match(digits, '1\d{10}') THEN '+' || digits")
        rules.append("WHEN length(digits) = 10 THEN '+1' || digits")
    rules.append(f"WHEN regexp_full_match(digits, '{_MOBILE}') THEN '+86' || digits")
    rules.append(rf"WHEN regexp_full_match(digits, '860?{_MOBILE}|8860?9\d{{8}}') THEN '+' || digits")
    if home and home != "1":
        whole = len(home) + _SHORTEST.get(home, 7)
        rules.append(f"WHEN starts_with(digits, '{home}') AND length(digits) >= {whole} THEN '+' || digits")
    if home:
        rules.append(f"WHEN digits <> '' THEN '+{home}' || ltrim(digits, '0')")
    return f"CASE {' '.join(rules)} ELSE digits END"


def emails(source: str) -> str:
    """E-mail addresses in small letters; null for a masked one, a void one (``noemail@…``), no address at all.

    Examples
    --------
    >>> import duckdb
    >>> texts = "SELECT unnest([' Ann@Example.COM ', 'noemail@example.com', 'a***@example.com', 'ann']) AS text"
    >>> [row[1] for row in duckdb.sql(emails(texts)).fetchall()]
    ['ann@example.com', None, None, None]
    """
    easy = "regexp_full_match(text, '[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:[.][A-Za-z0-9-]+)+')"
    hard = rf"regexp_replace(lower({_narrow('text')}), '^mailto:|\s', '', 'g')"
    shape = r"[^@*<>,;]+@[^@*<>,;]+\.[^@*<>,;.]{2,}"
    return _staged(
        source,
        {"plain": easy},
        {"written": f"CASE WHEN plain THEN lower(text) ELSE {hard} END"},
        {"good": f"plain OR regexp_full_match(written, '{shape}')", "domain": "split_part(written, '@', 2)"},
        {
            "void": f"split_part(written, '@', 1) IN {_among(_NO_MAILBOX)} OR NOT contains(domain, '.')"
            f" OR split_part(domain, '.', -1) IN {_among(_NO_DOMAIN)}"
            f" OR split_part(domain, '.', -2) IN {_among(_NO_DOMAIN)}"
        },
        found="CASE WHEN good AND NOT void THEN written END",
    )


def keys(source: str) -> str:
    """Given keys as written, but for spaces at their ends; null for a void or masked one."""
    return _staged(
        source,
        {"written": "trim(text)"},
        found=f"CASE WHEN NOT (lower(written) IN {_among(_NO_KEY)} OR contains(written, '*')) THEN written END",
    )


def names(source: str) -> str:
    """Persons' names to compare: small letters, no accents, spaces or signs, Latin words in one order.

    Hidden letters stay as one ``*``. Null for no name and for one of which nothing is to be seen.

    Examples
    --------
    >>> import duckdb
    >>> texts = "SELECT unnest(['Lee, Ann', 'ann  LEE', '张 三', '张**', '***']) AS text"
    >>> [row[1] for row in duckdb.sql(names(texts)).fetchall()]
    ['annlee', 'annlee', '张三', '张*', None]
    """
    signs = "[\\s,.;:''’`´\"()（）·・_/\\\\-]+"
    return _staged(
        source,
        {"written": f"regexp_replace(lower(strip_accents({_narrow('text')})), '[•●○]', '*', 'g')"},
        {"spaced": f"trim(regexp_replace(written, '{signs}', ' ', 'g'))"},
        {"words": r"regexp_replace(spaced, '\*[* ]*', '*', 'g')"},
        {
            "folded": "CASE WHEN regexp_matches(words, '[a-z]') AND contains(words, ' ')"
            " THEN array_to_string(list_sort(string_split(words, ' ')), '') ELSE replace(words, ' ', '') END"
        },
        found=f"CASE WHEN NOT (folded IN {_among(('', '*', *_NO_NAME))} OR regexp_full_match(folded, '\\d*'))"
        " THEN folded END",
    )


def alike(one: str, other: str) -> str:
    """SQL that says whether two folded names may be one: equal, or agreeing wherever neither is hidden.

    Examples
    --------
    >>> import duckdb
    >>> pairs = "VALUES ('张*', '张三'), ('张*', '李四'), ('张三', '张三丰')"
    >>> duckdb.sql(f"SELECT {alike('one', 'other')} FROM ({pairs}) AS pairs(one, other)").fetchall()
    [(True,), (False,), (False,)]
    """

    def cut(place: int, name: str) -> str:
        return f"regexp_replace({name}, '{(r'[*].*$', r'^.*[*]')[place]}', '')"

    def agree(place: int, side: str) -> str:
        a, b = cut(place, one), cut(place, other)
        shown = f"least(length({a}), length({b}))"
        return f"{side}({a}, {shown}) = {side}({b}, {shown})"

    def room(whole: str, pattern: str) -> str:
        return f"(contains({whole}, '*') OR length({whole}) >= length({pattern}))"

    hidden = f"(contains({one}, '*') OR contains({other}, '*'))"
    return (
        f"({one} = {other} OR ({hidden} AND {agree(0, 'left')} AND {agree(1, 'right')}"
        f" AND {room(one, other)} AND {room(other, one)}))"
    )
