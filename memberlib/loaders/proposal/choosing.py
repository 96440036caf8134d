"""Decide for each column of the model how it is read from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memberlib.loaders.forms import plain_word
from memberlib.loaders.proposal import naming
from memberlib.loaders.proposal.choices import Choice, Choices, fill, price_times_quantity
from memberlib.loaders.proposal.naming import Candidate
from memberlib.loaders.proposal.ordering import joined_time, order
from memberlib.loaders.proposal.sampling import Sample, date_forms, is_phone, sample, understood
from memberlib.loaders.reader import FileTable
from memberlib.model import ORDERS, TABLES

_MOST_SHEETS = 20


def choose(sample: Sample, table: str | None = None) -> Choices:
    """Decide for a table, or for the one the file most likely fills, how its columns are read."""
    made = Choices(sample, TABLES[table or naming.table_of(sample)])
    found = naming.assigned(sample, made.table)
    made.columns = {name: _plain(one) for name, one in found.items()}
    if made.table.name in ("orders", "members"):
        taken = {one.looked.header for column, one in found.items() if column != "member_id"}
        made.contacts = naming.contacts_of(sample, taken)
    if made.table.name == "orders":
        order(made)
    elif made.table.name == "items":
        _line(made)
    else:
        if made.table.name == "events":
            fill(made, "happened_at", "timestamp")
            fill(made, "kind", "code")
            joined_time(made, "happened_at")
        if made.table.name == "brushed":
            fill(made, "order_id", "id")
        made.row_is = {"members": "member", "events": "event"}.get(made.table.name, "order")
        made.row_reason = "what such a list has"
    _member(made)
    _dates(made)
    for column in made.table.needed:
        if column not in made.columns and column not in made.may_lack:
            made.lacking.append(column)
    return made


def first_table(files: Sequence[FileTable], table: str | None = None) -> Sample:
    """The first rows of the sheet that a workbook's table stands on: not of a cover, nor of a sheet without rows.

    Of several sheets that is the first of those with two columns or more that lack least; a single file gives itself.

    Raises
    ------
    InputError
        For a file that cannot be cut into rows.
    """
    if len(files) == 1:
        return sample(files[0])
    ranked = []
    for place, looked in enumerate(map(sample, files[:_MOST_SHEETS])):
        filled = sum(bool(column.values) for column in looked.columns)
        lacking = len(choose(looked, table).lacking) if looked.row_count else 0
        ranked.append((not looked.row_count, filled < 2, lacking, place, looked))
    return min(ranked, key=lambda one: one[:4])[-1]


def _plain(found: Candidate) -> Choice:
    reason = {
        "name": "known name",
        "part": "part of the name is known",
        "values": "nothing but its values says so",
    }
    return Choice(found.column, found.looked.header, found.certainty, reason[found.named], found.looked)


def _line(made: Choices) -> None:
    """Rows of lines: each with an id of its own or told apart by its place, and what it came to."""
    made.row_is, made.row_reason = "line", "what a list of lines has"
    fill(made, "order_id", "id")
    if "line_id" not in made.columns:
        made.columns["line_id"] = Choice(
            "line_id", {"place": True}, "sure", "no id of the line: told apart by its place in the order"
        )
    if "product_id" not in made.columns and "product_name" in made.columns:
        named = made.columns["product_name"]
        made.columns["product_id"] = Choice(
            "product_id", named.says, "likely", "no id: the name stands for it"
        )
    price_times_quantity(made, "amount")
    found = naming.assigned(made.sample, ORDERS)
    if {"order_id", "paid_amount"} <= set(found) and ({"paid_at", "created_at"} & set(found)):
        made.also = "orders"


def _member(made: Choices) -> None:
    """Who the member is, where the file has no id: an e-mail, else a phone."""
    if "member_id" not in made.table.names:
        return
    columns = made.columns
    for kind in ("email", "phone"):
        if "member_id" in columns or kind not in made.contacts:
            continue
        looked = made.contacts[kind].looked
        told = f"no id of the member: the {kind} stands for it, and is shown masked"
        columns["member_id"] = Choice("member_id", looked.header, "likely", told, looked)
    _distinguish_masked(made)
    if "member_id" not in columns and made.table.name == "orders":
        made.may_lack.append("member_id")


def _distinguish_masked(made: Choices) -> None:
    """A masked phone is no id alone: two members may share it."""
    choice = made.columns.get("member_id")
    named = made.contacts.get("name")
    second = naming.beside(made.sample, "nick") or (named.looked if named else None)
    if not (choice and choice.shown and second) or second == choice.shown:
        return
    if any(is_phone(value) and "*" in value for value in choice.shown.counts):
        says = {"from": choice.says, "masked_with": [second.header]}
        told = f'{choice.reason}; a masked one is told apart by "{second.header}"'
        made.columns["member_id"] = Choice("member_id", says, choice.certainty, told, choice.shown)


def _dates(made: Choices) -> None:
    """The forms of dates beyond the year-first ones."""
    forms: dict[str, None] = {}
    for name, choice in made.columns.items():
        if made.table.column(name).kind not in ("timestamp", "date") or not choice.headers:
            continue
        found: Any = made.column_of(choice.headers[0]).date_forms
        if isinstance(choice.says, dict) and "join" in choice.says:
            cells = zip(*(made.column_of(h).cells for h in choice.says["join"]), strict=True)
            joined = understood({" ".join(filter(None, pair)) for pair in cells} - {""})
            found = date_forms([*joined.values()])
        if found:
            forms |= dict.fromkeys(found[0])
            made.dates_unsure |= found[1]
    made.dates = tuple(forms)


def words_of(made: Choices) -> Mapping[str, list[tuple[str, int, str | None]]]:
    """Coded column → its words, how often each comes, and the code it stands for; None for one that is not known."""
    found = {}
    for column in made.table.columns:
        choice = made.columns.get(column.name)
        if column.kind not in ("code", "flag") or choice is None or choice.shown is None:
            continue
        codes = naming.codes_of(column.name)
        found[column.name] = [
            (word, count, codes.get(plain_word(word))) for word, count in choice.shown.counts.items()
        ]
    return found
