"""Which members share a phone, an e-mail address or a key, and does that make them one?

- Members that share a key or an e-mail address are one.
- Members that share a phone are one, unless their names contradict each other: then nobody is joined by that phone,
  but where the shop's settings say so. No name contradicts nothing; hidden letters stand for any (张** is 张三).
- A phone or an e-mail address of more than ``MOST_MEMBERS`` members is a shop's or a forwarder's: it joins nobody,
  whatever the settings say. A key is the shop's own word and may have any number.
"""

from __future__ import annotations

import itertools
from typing import Any

from memberlib.identity.contacts import HOME_CODES, alike, emails, keys, names, phones
from memberlib.settings import Settings

MOST_MEMBERS = 10
"""More members than this with one phone or e-mail address are not one person."""

_MOST_NAMES = 50
_COLUMNS = {"phone": "phone", "email": "email", "key": "person_key"}
_serial = itertools.count()


def fresh_name(what: str) -> str:
    """A name for a temporary table that no other has."""
    return f"joining_{what}_{next(_serial)}"


def held(con: Any, contacts: str, *, settings: Settings) -> str:
    """Who holds what that others hold too, in a temporary table.

    Parameters
    ----------
    con : DuckDB connection
    contacts : str
        SQL giving member_id, name, phone, email, person_key as written.
    settings : Settings
        ``join_by`` and ``join_shared_phone``; the currency says of which country a phone without a code is.

    Returns
    -------
    str
        Name of the table: place (of the kind in ``join_by``), kind, value, member_id, member_count, why (empty where
        it joins, else several_names or many_members).
    """
    made = fresh_name("held")
    con.execute(
        f"CREATE TEMP TABLE {made} (place INTEGER, kind VARCHAR, value VARCHAR, member_id VARCHAR,"
        " member_count BIGINT, why VARCHAR)"
    )
    for place, kind in enumerate(settings.join_by):
        rows = fresh_name("rows")
        con.execute(f"CREATE TEMP TABLE {rows} AS {_values(kind, contacts, settings)}")
        counted = f"""(SELECT value, count(DISTINCT member_id) AS member_count, count(DISTINCT name) AS name_count
            FROM {rows} GROUP BY value HAVING count(DISTINCT member_id) > 1)"""
        why = "''"
        if kind != "key":
            why = f"CASE WHEN member_count > {MOST_MEMBERS} THEN 'many_members' ELSE {why} END"
        if kind == "phone" and settings.join_shared_phone != "join":
            why = f"""CASE WHEN member_count > {MOST_MEMBERS} THEN 'many_members'
                WHEN name_count > {_MOST_NAMES} OR value IN ({_contradicted(rows, counted)})
                THEN 'several_names' ELSE '' END"""
        con.execute(
            f"""INSERT INTO {made} SELECT {place}, '{kind}', value, member_id, member_count, {why}
            FROM (SELECT DISTINCT value, member_id FROM {rows}) JOIN {counted} USING (value)"""
        )
        con.execute(f"DROP TABLE {rows}")
    return made


def _values(kind: str, contacts: str, settings: Settings) -> str:
    """SQL of value, member_id and folded name, each once; a cell with two phones gives both."""
    column = _COLUMNS[kind]
    own = f"SELECT DISTINCT member_id, {'name' if kind == 'phone' else 'NULL::VARCHAR AS name'}, {column} AS cell"
    own += f" FROM ({contacts}) WHERE member_id <> '' AND {column} <> ''"
    parts = "[cell]"
    if kind == "phone":
        several = "regexp_matches(cell, '[/、，,；;|]')"
        parts = f"CASE WHEN {several} THEN regexp_split_to_array(cell, '[/、，,；;|]') ELSE [cell] END"
    texts = f"SELECT member_id, name, unnest({parts}) AS text FROM ({own})"
    distinct = f"SELECT DISTINCT text FROM ({texts})"
    made = {
        "phone": lambda: phones(distinct, home=HOME_CODES.get(settings.currency, "")),
        "email": lambda: emails(distinct),
        "key": lambda: keys(distinct),
    }[kind]()
    named = names(f"SELECT DISTINCT name AS text FROM ({own}) WHERE name IS NOT NULL")
    return f"""SELECT DISTINCT same.found AS value, rows.member_id, called.found AS name
        FROM ({texts}) AS rows JOIN ({made}) AS same ON rows.text = same.text
        LEFT JOIN ({named}) AS called ON rows.name = called.text WHERE same.found IS NOT NULL"""


def _contradicted(rows: str, counted: str) -> str:
    """SQL of the values of which two members have no name in common."""
    several = f"""(SELECT rows.* FROM {rows} AS rows JOIN {counted} AS counted USING (value)
        WHERE name IS NOT NULL AND name_count BETWEEN 2 AND {_MOST_NAMES} AND member_count <= {MOST_MEMBERS})"""
    return f"""SELECT value FROM (
        SELECT one.value FROM {several} AS one JOIN {several} AS other
        ON one.value = other.value AND one.member_id < other.member_id
        GROUP BY one.value, one.member_id, other.member_id
        HAVING NOT bool_or({alike("one.name", "other.name")}))"""


def linked(con: Any, made: str, ids: str) -> str:
    """SQL of the pairs that share something: each with each, or with the smallest where many share it.

    Parameters
    ----------
    made : str
        Table of :func:`held`.
    ids : str
        Table of member_id, number, root.

    Returns
    -------
    str
        SQL of one, other (numbers), place, kind, value, why, one_root, other_root.
    """
    rows = f"""(SELECT held.*, ids.number, ids.root, min(ids.number) OVER (PARTITION BY kind, value) AS first
        FROM {made} AS held JOIN {ids} AS ids USING (member_id))"""
    return f"""SELECT a.number AS one, b.number AS other, a.place, a.kind, a.value, a.why,
        a.root AS one_root, b.root AS other_root
        FROM {rows} AS a JOIN {rows} AS b ON a.kind = b.kind AND a.value = b.value AND a.number < b.number
        WHERE a.member_count <= {MOST_MEMBERS} OR a.number = a.first"""
