"""Find members that share a phone, an e-mail address or a key, and say whether that makes them one.

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


def shared_values(con: Any, contacts: str, *, settings: Settings) -> str:
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
        Name of the table: place (of the kind in ``join_by``), kind, value, value_number (one per value), member_id,
        member_count, why (empty where it joins, else several_names or many_members).
    """
    made = fresh_name("held")
    con.execute(
        f"CREATE TEMP TABLE {made} (place INTEGER, kind VARCHAR, value VARCHAR, value_number BIGINT,"
        " member_id VARCHAR, member_count BIGINT, why VARCHAR)"
    )
    before = 0
    for place, kind in enumerate(settings.join_by):
        rows, shared = fresh_name("rows"), fresh_name("shared")
        con.execute(f"CREATE TEMP TABLE {rows} AS {_values(kind, contacts, settings)}")
        con.execute(
            f"""CREATE TEMP TABLE {shared} AS SELECT value, count(*) AS member_count, min(low) <> max(high) AS several,
            {before} + row_number() OVER () - 1 AS value_number
            FROM (SELECT value, member_id, min(name) AS low, max(name) AS high FROM {rows} GROUP BY value, member_id)
            GROUP BY value HAVING count(*) > 1"""
        )
        many = f"WHEN member_count > {MOST_MEMBERS} THEN 'many_members'" if kind != "key" else ""
        several = ""
        if kind == "phone" and settings.join_shared_phone != "join":
            several = f"WHEN value IN ({_contradicted(rows, shared)}) THEN 'several_names'"
        why = f"CASE {many} {several} ELSE '' END" if many or several else "''"
        con.execute(
            f"""INSERT INTO {made} SELECT {place}, '{kind}', value, value_number, member_id, member_count, {why}
            FROM (SELECT DISTINCT value, member_id FROM {rows}) JOIN {shared} USING (value)"""
        )
        before += con.execute(f"SELECT count(*) FROM {shared}").fetchall()[0][0]
        con.execute(f"DROP TABLE {rows}")
        con.execute(f"DROP TABLE {shared}")
    return made


def _values(kind: str, contacts: str, settings: Settings) -> str:
    """SQL of value, member_id and name as written, each once; a cell with several phones gives each of them."""
    name, column = "name" if kind == "phone" else "NULL::VARCHAR AS name", _COLUMNS[kind]
    rows = f"SELECT DISTINCT member_id, {name}, {column} AS text FROM ({contacts})"
    rows += f" WHERE member_id <> '' AND {column} <> ''"
    if kind == "phone":
        several = "regexp_matches(text, '[/、，,；;|]')"
        cut = "unnest(regexp_split_to_array(text, '[/、，,；;|]')) AS text"
        rows = f"""SELECT * FROM ({rows}) WHERE NOT {several}
            UNION ALL SELECT member_id, name, {cut} FROM ({rows}) WHERE {several}"""
    found = {
        "phone": lambda: phones(rows, home=HOME_CODES.get(settings.currency, "")),
        "email": lambda: emails(rows),
        "key": lambda: keys(rows),
    }[kind]()
    return f"SELECT DISTINCT found AS value, member_id, name FROM ({found}) WHERE found IS NOT NULL"


def _contradicted(rows: str, shared: str) -> str:
    """SQL of the values of which two members have no name in common, or which have very many names."""
    called = f"""SELECT value, member_id, name AS text FROM {rows} JOIN {shared} USING (value)
        WHERE name IS NOT NULL AND several AND member_count <= {MOST_MEMBERS}"""
    folded = (
        f"(SELECT DISTINCT value, member_id, found AS name FROM ({names(called)}) WHERE found IS NOT NULL)"
    )
    counted = f"(SELECT value, count(DISTINCT name) AS name_count FROM {folded} GROUP BY value)"
    few = f"(SELECT f.* FROM {folded} AS f JOIN {counted} USING (value) WHERE name_count BETWEEN 2 AND {_MOST_NAMES})"
    return f"""SELECT value FROM {counted} WHERE name_count > {_MOST_NAMES} UNION
        SELECT value FROM (
            SELECT one.value FROM {few} AS one JOIN {few} AS other
            ON one.value = other.value AND one.member_id < other.member_id
            GROUP BY one.value, one.member_id, other.member_id
            HAVING NOT bool_or({alike("one.name", "other.name")})
        )"""


def linked_pairs(con: Any, made: str, ids: str) -> str:
    """SQL of the pairs that share something: each with each, or with the smallest where many share it.

    Parameters
    ----------
    made : str
        Table of :func:`shared_values`.
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
