"""Find which column of a file is which of the model, by its name and by its values."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from memberlib.loaders.birthdays import parsed
from memberlib.loaders.crosswalk import crosswalks
from memberlib.loaders.forms import is_wide, plain, plain_word
from memberlib.loaders.proposal.sampling import Sample, SampledColumn, is_email, is_phone, is_time
from memberlib.model import BRUSHED, EVENTS, ITEMS, MEMBERS, ORDERS, Table

ESSENTIAL: Mapping[str, tuple[str, ...]] = {
    "orders": ("order_id", "paid_at", "paid_amount"),
    "items": ("order_id", "product_name"),
    "members": ("member_id", "joined_on"),
    "events": ("member_id", "kind", "happened_at"),
    "brushed": ("order_id",),
}
"""Columns that tell a table (in a list of lines the product in any form, of members whatever only these have)."""

_INSTEAD: Mapping[str, tuple[str, ...]] = {
    "product_name": ("product_id",),
    "paid_at": ("created_at",),
    "joined_on": ("level", "birthday", "gender", "points", "stored_value", "consent"),
}

_TRIED = (ORDERS, ITEMS, EVENTS, MEMBERS, BRUSHED)
_EXACT, _HELD = 3.0, 1.2
_MOST_WORDS = 40


@dataclass(frozen=True)
class Candidate:
    """A column of a file taken for a canonical one.

    Attributes
    ----------
    named : str
        ``name`` (known), ``part`` (a known name is part of it) or ``values`` (nothing but its values speak for it).
    fit : float
        Share (0–1) of its values that are what the canonical column holds; 0 where it has none.
    """

    column: str
    looked: SampledColumn
    named: str
    fit: float

    @property
    def certainty(self) -> str:
        """How sure it is: ``sure``, ``likely`` or ``a guess``."""
        words = self.column in known_words()["words"]  # which of its words are known is told with them
        if self.named == "name" and self.fit >= (0.5 if words else 0.99):
            return "sure"
        return "likely" if self.named != "values" and self.fit >= 0.9 else "a guess"


@functools.cache
def known_words() -> Mapping[str, Any]:
    """What exports call their columns and codes: table → column → names, and words → column → code → words."""
    text = (resources.files("memberlib.loaders.proposal") / "words.toml").read_text(encoding="utf-8")
    stated = tomllib.loads(text)
    for columns in stated.values():
        for column, names in columns.items():
            if isinstance(names, str):
                columns[column] = stated[names][column]
    for crosswalk in crosswalks():
        for column, source in crosswalk.sources.items():
            single = source.total if len(source.total) == 1 and not source.less else ()
            for names in (
                ()
                if source.part or is_wide(source) or source.sign == "minus"
                else (source.first or (), *source.otherwise, *single)
            ):
                known = stated[crosswalk.table.name].setdefault(column, [])
                known += [name for name in names if name not in known]
    return stated


@functools.cache
def codes_of(column: str) -> Mapping[str, str]:
    """What may be written in a column of codes, folded → its code; a flag's words for a flag."""
    words = known_words()["words"]
    own = words.get(column, {} if column == "time_zone" else words["flag"])
    found = {plain_word(word): code for code, listed in own.items() for word in listed}
    for crosswalk in crosswalks():
        for word, code in crosswalk.words.get(column, {}).items():
            found.setdefault(plain_word(word), code)
    return found


def table_of(sample: Sample) -> str:
    """The table a file most likely fills."""
    headers = [looked.header for looked in sample.columns]
    if len(headers) == 1 and _named(headers[0], known_words()["brushed"]["order_id"])[1]:
        return "brushed"
    ranked = []
    for table in _TRIED[:-1]:
        found = assigned(sample, table)
        essential = ESSENTIAL[table.name]
        there = sum(_stands(sample, table, column, found) for column in essential)
        by_name = sum(f.named == "name" for f in found.values())
        # orders come first: their lines can be read beside them, and the only column of times will be theirs
        if there >= len(essential) - (0.5 if table is ORDERS else 0):
            return table.name
        ranked.append((there / len(essential), by_name, len(found), -_TRIED.index(table), table.name))
    return max(ranked)[-1]


def _stands(sample: Sample, table: Table, column: str, found: Mapping[str, Candidate]) -> float:
    """How far a column is there: 1 for one that is, or what is taken in its place; less where values alone say so."""
    if column in found or not set(_INSTEAD.get(column, ())).isdisjoint(found):
        return 1.0
    if column == "paid_amount" and all(named_in(sample.columns, "items", c) for c in ("price", "quantity")):
        return 1.0
    kind = table.column(column).kind
    taken = {one.looked.header for one in found.values()}
    free = [c for c in sample.columns if c.header not in taken]
    return 0.5 if kind in ("id", "timestamp", "money") and by_values(free, column, kind) else 0.0


def assigned(sample: Sample, table: Table) -> dict[str, Candidate]:
    """Canonical column → the column of the file, each column of the file once; the best pair first."""
    names = known_words()[table.name]
    pairs = []
    for position, looked in enumerate(sample.columns):
        if role(looked, "private"):
            continue
        for place, column in enumerate(table.columns):
            score, how = _named(looked.header, names.get(column.name, ()))
            fit = fit_of(looked, column.name, column.kind)
            if not how or (fit < 0.5 if looked.values else how == "part"):
                continue
            pairs.append((score + fit, -place, -position, Candidate(column.name, looked, how, fit)))
    found: dict[str, Candidate] = {}
    taken: set[str] = set()
    for *_, one in sorted(pairs, key=lambda pair: pair[:3], reverse=True):
        if one.column not in found and one.looked.header not in taken:
            found[one.column] = one
            taken.add(one.looked.header)
    return {column.name: found[column.name] for column in table.columns if column.name in found}


def contacts_of(sample: Sample, taken: Collection[str] = ()) -> dict[str, Candidate]:
    """Name, phone, e-mail and key of a person → the column of the file that holds it, but for those taken."""
    found: dict[str, Candidate] = {}
    for kind, names in known_words()["contacts"].items():
        test = {"phone": is_phone, "email": is_email}.get(kind, lambda _: True)
        scored = []
        for position, looked in enumerate(sample.columns):
            score, how = _named(looked.header, names)
            fit = looked.share(test)
            if looked.header not in taken and how and (fit >= 0.5 or not looked.values):
                scored.append((score + fit, -position, Candidate(kind, looked, how, fit)))
        if scored:
            found[kind] = max(scored, key=lambda s: s[:2])[-1]
    return found


def named_in(
    columns: Iterable[SampledColumn], table: str, column: str, *, taken: Collection[str] = ()
) -> SampledColumn | None:
    """The column of a known name whose values are amounts; None where there is none beside those that are taken."""
    names = known_words()[table][column]
    scored = [
        (_named(c.header, names)[0], -n, c)
        for n, c in enumerate(columns)
        if _named(c.header, names)[1] == "name" and c.header not in taken and c.money_share > 0.9
    ]
    return max(scored, key=lambda s: s[:2])[-1] if scored else None


def beside(sample: Sample, role_name: str) -> SampledColumn | None:
    """The column that says how others are to be read: time, zone, currency or nick."""
    names = known_words()["beside"][role_name]
    scored = [
        (_named(c.header, names)[0], -n, c)
        for n, c in enumerate(sample.columns)
        if _named(c.header, names)[1] == "name" and (role_name != "time" or c.share(is_time) > 0.9)
    ]
    return max(scored, key=lambda s: s[:2])[-1] if scored else None


def role(looked: SampledColumn, section: str) -> str:
    """The role a section of the words gives to a column by its name; empty where it gives none."""
    for kind, names in known_words()[section].items():
        if _named(looked.header, names)[1]:
            return str(kind)
    return ""


def fit_of(looked: SampledColumn, column: str, kind: str) -> float:
    """Share (0–1) of a column's values that are what a canonical column holds."""
    if not looked.values:
        return 0.0
    if column == "birthday":
        texts = list(looked.counts)
        born = dict(zip(texts, parsed(texts, [None] * len(texts)), strict=True))
        # Without the calendar's column a day 30 may be one of the lunar calendar.
        return looked.share(lambda text: born[text].ok or parsed([text], ["lunar"])[0].ok)
    if kind in ("money", "quantity"):
        return looked.money_share
    if kind == "integer":
        return looked.whole_share
    if kind in ("timestamp", "date"):
        return 1.0 if looked.date_forms is not None else 0.0
    if kind in ("code", "flag"):
        codes = codes_of(column)
        known = looked.share(lambda word: plain_word(word) in codes)
        few = len(looked.counts) <= min(_MOST_WORDS, max(2, len(looked.values) // 2))
        return max(known, 0.6 if few and column in ("status", "level", "kind") else 0.0)
    if column == "order_id" and is_called(looked, "name"):  # an order's with some platforms, else a person's
        return looked.share(lambda text: any(map(str.isdigit, text)))
    if kind == "id" and looked.date_forms is not None and not looked.whole_share:
        return 0.0
    return 1.0


def by_values(columns: Iterable[SampledColumn], column: str, kind: str) -> SampledColumn | None:
    """The only column of some whose values could be a canonical column's; None where there are none, or several."""
    tests = {
        "timestamp": lambda c: c.date_forms is not None,
        "money": lambda c: c.money_share == 1 and any("." in value for value in c.counts),
        "code": lambda c: c.share(lambda word: plain_word(word) in codes_of(column)) >= 0.5,
        "id": lambda c: c.unique and not any(" " in value for value in c.counts) and c.date_forms is None,
    }
    fitting = [c for c in columns if c.values and tests[kind](c)]
    return fitting[0] if len(fitting) == 1 else None


def is_called(looked: SampledColumn, name: str) -> bool:
    """Whether a column is called just so, whatever the case and the punctuation."""
    return _bare(looked.header) == name


def _named(header: str, names: Sequence[str]) -> tuple[float, str]:
    """How well a header's name is one of some known names, and whether it is one or holds one."""
    bare, tokens = _bare(header), _tokens(header)
    best = (0.0, "")
    for place, name in enumerate(names):
        if bare and bare == _bare(name):
            return _EXACT - place * 0.005, "name"
        its = _tokens(name)
        if name.isascii():
            long_enough = len(its) > 1 or len(name) > 5
            held = any(tokens[n : n + len(its)] == its for n in range(len(tokens)))
        else:
            long_enough, held = len(_bare(name)) > 2, _bare(name) in bare
        if held and long_enough:
            best = max(best, (_HELD + len(_bare(name)) / len(bare) - place * 0.002, "part"))
    return best


def _bare(name: str) -> str:
    """A name without case, spaces, punctuation and the unit in brackets behind it."""
    return re.sub(r"[\W_]+", "", re.sub(r"[(\[（【][^)\]）】]*[)\]）】]", "", plain(name))) or plain(name)


def _tokens(name: str) -> list[str]:
    """The words of a name: ``InvoiceDate`` has two."""
    return [t.lower() for t in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\da-zA-Z_]+", name)]
