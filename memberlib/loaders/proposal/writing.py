"""Write a proposal down as a crosswalk, each line with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from memberlib.errors import InputError
from memberlib.loaders.crosswalk import crosswalk_from, crosswalks
from memberlib.loaders.forms import plain_word
from memberlib.loaders.proposal import naming
from memberlib.loaders.proposal.choices import Choice, Choices
from memberlib.loaders.proposal.choosing import choose, words_of
from memberlib.loaders.proposal.sampling import Sample, SampledColumn, date_forms, is_email, is_phone
from memberlib.loaders.proposal.starting import defaults, plain_text
from memberlib.model import CODES, TABLES
from memberlib.settings import is_zone

_SAMPLES, _SAMPLE_WIDTH, _MOST_WORDS = 3, 28, 40
_LENIENT = ("level", "gender", "birthday")
_KINDS = {"money": "amounts", "quantity": "numbers", "integer": "whole numbers", "timestamp": "times", "date": "dates",
          "code": "words", "flag": "words"}  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """A crosswalk to be checked by hand.

    Attributes
    ----------
    name : str
        What its file is to be called, without ``.toml``.
    text : str
        The TOML, with a comment on every line.
    lacking : tuple of str
        Needed columns that are still to be filled in; without them it is no crosswalk yet.
    guesses : tuple of str
        Columns that are guessed.
    also : str
        Another table that the same file fills; empty where it fills none.
    """

    name: str
    table: str
    text: str
    lacking: tuple[str, ...]
    guesses: tuple[str, ...]
    also: str


def proposed(
    sample: Sample, *, platform: str, mask: Callable[[str], str], table: str | None = None, beside: str = ""
) -> Proposal:
    """The crosswalk that fits a file best, as far as its first rows tell.

    Parameters
    ----------
    platform : str
        What the source of the file is to be called, such as ``my-till``.
    mask : callable
        Hides phones and e-mails in a sample value.
    table : str, optional
        The table to fill; else the one that fits best.
    beside : str
        The crosswalk of orders that reads the same file, for one of lines.

    Raises
    ------
    InputError
        For a platform's name that is taken or no name, a table that is none, or a file without rows.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", platform):
        raise InputError(f"{platform!r} is no name for a mapping; use lower-case letters, digits and '-'")
    if platform in {c.platform for c in crosswalks()}:
        raise InputError(f"'{platform}' comes with memberlib; choose another --name, such as my-{platform}")
    if table is not None and table not in TABLES:
        raise InputError(f"no table {table!r}; choose among {', '.join(TABLES)}")
    if not sample.row_count:
        raise InputError(f"{sample.file.path.name} has a header but no rows; nothing to look at")
    made = choose(sample, table)
    name = f"{platform}-{made.table.name}"
    text = "\n".join([*_head(made, name, platform, beside), *_columns(made, mask), *_contacts(made), *_sums(made),
                      *_words(made, mask), *_unused(made)]) + "\n"  # fmt: skip
    guesses = tuple(c.column for c in made.columns.values() if c.certainty == "a guess")
    if not made.lacking:
        crosswalk_from(name, text.encode())
    return Proposal(name, made.table.name, text, tuple(made.lacking), guesses, made.also)


def _head(made: Choices, name: str, platform: str, beside: str) -> Iterable[str]:
    """What the file is, and what a new shop of it starts with."""
    sample, file = made.sample, made.sample.file
    sheet = f", sheet {file.sheet}" if file.sheet else ""
    rows = f"all its {sample.row_count:,} rows" if sample.whole else f"its first {sample.row_count:,} rows"
    yield f"# Proposed from {plain_text(file.path.name)}{plain_text(sheet)} after a look at {rows}."
    yield "# Check it by hand, the guesses first. Then import with"
    yield f"#     memberlib import {plain_text(file.path.name)} --store ID --mapping {name}.toml"
    yield "# or keep it in the data folder's mappings/, where every import finds it."
    lang, currency, zone = defaults(made)
    yield f"platform = {_text(platform)}"
    yield f"table = {_text(made.table.name)}"
    yield f"row_is = {_text(made.row_is)}    # {plain_text(made.row_reason)}"
    yield f"lang = {_text(lang)}"
    yield f"currency = {_text(currency[0])}    # {currency[1]}"
    yield f"time_zone = {_text(zone)}    # a guess: where the shop's clock stands"
    if zone_column := _zone(made):
        yield f"time_zone_from = {_text(zone_column)}    # a new shop starts with the zone that the first row names"
    if made.table.name == "orders":
        certainty = "likely" if made.paid_is == "net_of_refund" else "a guess"
        yield f"paid_is = {_text(made.paid_is)}    # {certainty}: {plain_text(made.paid_reason)}"
        if "shipping_amount" in made.columns:
            yield '# paid_includes = ["shipping"]    # where the paid amount has the shipping in it'
    if made.dates:
        doubt = "a guess: the day and the month could change places" if made.dates_unsure else "sure"
        american = made.dates_unsure and currency[0] == "USD"
        forms = [form.replace("%d/%m", "%m/%d") if american else form for form in made.dates]
        yield f"dates = {_text(forms)}    # {doubt}"
    if beside:
        yield f"beside = {_text(beside)}    # read from the same files as the orders"
    elif made.table.name == "items" and made.also:
        yield f'# beside = "{platform}-orders"    # where a mapping of that name reads the orders of the same file'
    if made.may_lack:
        means = {
            "member_id": "no column tells the member: every order is a guest's",
            "status": "no column tells the state: paid where there is a time of payment",
        }
        yield f"may_lack = {_text(made.may_lack)}    # {'; '.join(means[c] for c in made.may_lack)}"
    if lenient := [column for column in _LENIENT if column in made.columns]:
        yield f"lenient = {_text(lenient)}    # an unknown word leaves the value empty; without it the row is rejected"
    if made.table.name in ("members", "events"):
        marks = [c.says for c in made.columns.values() if isinstance(c.says, str)][:3]
        if len(marks) > 1:
            yield f"marks = {_text(marks)}    # a file is taken for this one only where these columns are there"
    if made.table.name == "brushed":
        yield "alone = true    # not taken for it where other columns of the platform are there"


def _columns(made: Choices, mask: Callable[[str], str]) -> Iterable[str]:
    yield "\n[columns]"
    for column in made.table.columns:
        choice = made.columns.get(column.name)
        if choice:
            why = plain_text(_why(made, choice, mask))
            yield f"{column.name} = {_text(choice.says)}    # {choice.certainty}: {why}"
        elif column.name in made.lacking:
            yield f'# {column.name} = ""    # NEEDED, but no column looks like it: fill in its header'


def _why(made: Choices, choice: Choice, mask: Callable[[str], str]) -> str:
    """The reason of a choice, what its values are, and some of them."""
    looked = choice.shown
    if looked is None:
        return choice.reason
    if not looked.values:
        return f"{choice.reason}, but no value in the rows looked at"
    column = made.table.column(choice.column)
    fit = naming.fit_of(looked, column.name, column.kind)
    what = _KINDS.get(column.kind, "")
    if column.kind == "id":
        told = "none comes twice" if looked.unique else f"{len(looked.counts):,} different"
    elif not what:
        told = f"{len(looked.counts):,} different"
    elif column.kind in ("code", "flag"):
        codes = naming.codes_of(column.name)
        known = sum(plain_word(word) in codes for word in looked.counts)
        told = f"{known} of {len(looked.counts)} words known"
    else:
        told = f"all {what}" if fit == 1 else f"{fit:.0%} {what}"
    filled = "" if len(looked.values) == made.sample.row_count else f"{_rows(len(looked.values))} filled, "
    return f"{choice.reason}; {filled}{told}: {_samples(choice, looked, made, mask)}"


def _samples(choice: Choice, looked: SampledColumn, made: Choices, mask: Callable[[str], str]) -> str:
    person = choice.column == "member_id" and not any(c.isdigit() for c in "".join(looked.counts))
    hidden = person or looked.header in {f.looked.header for f in made.contacts.values()}
    timed = made.table.column(choice.column).kind in ("timestamp", "date")
    shown = list(dict.fromkeys(looked.values))[:_SAMPLES]
    return ", ".join(
        _cut(value)
        if timed and date_forms([looked.meanings[value]]) is not None
        else _sample(value, hidden, mask)
        for value in shown
    )


def _sample(value: str, hidden: bool, mask: Callable[[str], str]) -> str:
    """A value for a comment: of a person's no more than its first sign, or the ends of a phone or an e-mail."""
    if hidden and not (is_phone(value) or is_email(value)):
        return f"{value[:1]}***"
    masked = mask(value)
    if hidden and masked == value:
        masked = f"{value[:3]}****{value[-2:]}" if "*" not in value else value
    return _cut(masked)


def _cut(text: str) -> str:
    return text if len(text) <= _SAMPLE_WIDTH else f"{text[:_SAMPLE_WIDTH]}…"


def _contacts(made: Choices) -> Iterable[str]:
    if not made.contacts:
        return
    yield "\n# Read only where the shop's settings join members of several channels (join_by)."
    yield "[contacts]"
    for kind, found in made.contacts.items():
        filled = f"{_rows(len(found.looked.values))} filled"
        yield f"{kind} = {_text(found.looked.header)}    # {found.certainty}: {filled}"


def _sums(made: Choices) -> Iterable[str]:
    if made.sums:
        yield "\n[[sums]]    # checked at every import; what does not add up is told"
        yield f"parts = {_text(made.sums[0])}"
        yield f"total = {_text(made.sums[1])}"


def _words(made: Choices, mask: Callable[[str], str]) -> Iterable[str]:
    """The words of each coded column: those that are known with their code, the others to be filled in."""
    for column, words in words_of(made).items():
        codes = CODES.get(column, ("true", "false"))
        yield f"\n[words.{column}]    # one of {', '.join(codes)}; " + '"" for nothing'
        for word, count, code in words[:_MOST_WORDS]:
            rows = _rows(count)
            if code is None:
                yield f'# {_text(mask(word))} = ""    # {rows}: NOT KNOWN, fill in its code'
            else:
                yield f"{_text(word)} = {_text(code)}    # {rows}"
        if len(words) > _MOST_WORDS:
            yield f"# and {len(words) - _MOST_WORDS:,} more words, most likely no codes"
    zone = _zone(made)
    if zone:
        yield "\n[words.time_zone]    # what the file calls a zone = its name, such as America/New_York"
        for word, count in made.column_of(zone).counts.items():
            code = naming.codes_of("time_zone").get(plain_word(word)) or (word if is_zone(word) else None)
            told = f'# {_text(word)} = ""    # {_rows(count)}: NOT KNOWN, fill in the zone'
            yield f"{_text(word)} = {_text(code)}    # {_rows(count)}" if code else told


def _zone(made: Choices) -> str:
    """The column that names the zone of the times; empty where none does."""
    read = [choice.says for choice in made.columns.values() if isinstance(choice.says, dict)]
    return next((str(says["zone"]) for says in read if "zone" in says), "")


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _unused(made: Choices) -> Iterable[str]:
    used = made.used() | set(made.sums[0] + [made.sums[1]] if made.sums else [])
    left = [c for c in made.sample.columns if c.header not in used]
    if not left:
        return
    yield "\n# Columns that are not read:"
    for looked in left:
        private = naming.role(looked, "private")
        why = "    never read: an address, a remark or a number of a document" if private else ""
        yield f"#   {plain_text(looked.header)}{why}" + (
            "" if looked.values else "    empty in the rows looked at"
        )
    if made.also == "items":
        yield "# Its lines of products can be read as well: propose a mapping for them with --table items."
    if made.also == "orders":
        yield "# Its orders can be read as well: propose a mapping for them with --table orders."


def _text(value: Any) -> str:
    """A value as TOML writes it.

    Examples
    --------
    >>> _text({"from": "Qty", "gather": "sum"}), _text(["a", "b"]), _text(True)
    ('{ from = "Qty", gather = "sum" }', '["a", "b"]', 'true')
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_text(said)}" for key, said in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
