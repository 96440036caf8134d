"""Decide by hand that two members are one person, or are not.

A decision is kept by pair and stands until it is changed; each change is a version of the lake like an import, so that
a report of an earlier version does not see it and ``memberlib undo`` takes it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memberlib.engine import workspace
from memberlib.errors import InputError
from memberlib.lake.by_hand import account
from memberlib.model import DECISION_KINDS, DECISIONS
from memberlib.privacy import masked

if TYPE_CHECKING:
    import duckdb

    from memberlib.lake import LakeVersion, Writer

_HOLD_MEMBERS = ("orders", "members", "events", "contacts")


def decide(writer: Writer, pairs: Sequence[tuple[str, str]], *, decision: str | None) -> LakeVersion:
    """Decide that the members of each pair are one, or are not; or take the decision on each pair back.

    Parameters
    ----------
    writer : Writer
        Of the shop, see :meth:`memberlib.lake.Lake.writing`.
    pairs : sequence of pairs of member ids
        In any order; ids as the shop's exports have them, not joined ones.
    decision : {"together", "apart"} or None
        None leaves the pairs to the shop's rules again.

    Returns
    -------
    LakeVersion
        The version that this makes.

    Raises
    ------
    InputError
        For a member that the shop does not know, a member and itself, or where nothing would change; nothing is
        changed then.
    """
    wanted = sorted({(min(pair), max(pair)) for pair in pairs})
    if not wanted:
        raise InputError("no pair of members given")
    if decision is not None and decision not in DECISION_KINDS:
        raise InputError(f"no decision {decision!r}; choose among {', '.join(DECISION_KINDS)}")
    for one, other in wanted:
        if one == other:
            raise InputError(f"'{masked(one)}' and '{masked(other)}' are the same member; name two")
    with workspace() as con:
        con.execute("CREATE TEMP TABLE wanted (member_id VARCHAR, other_id VARCHAR)")
        con.executemany("INSERT INTO wanted VALUES (?, ?)", [list(pair) for pair in wanted])
        if decision is not None:
            _check_known(con, writer)
        held = writer.present(DECISIONS.name)
        con.execute(f"CREATE TEMP TABLE decided ({DECISIONS.sql_columns()})")
        if held:
            con.execute(
                "INSERT INTO decided SELECT member_id, other_id, decision FROM read_parquet(?)", [held]
            )
        same = f"SELECT * FROM decided SEMI JOIN wanted USING (member_id, other_id) WHERE decision = '{decision}'"
        other = same.replace(" = ", " <> ")
        standing, gone = (con.execute(rows).fetchall() for rows in (same, other))
        if len(standing) == len(wanted) or (decision is None and not gone):
            one, two = wanted[0]
            state = "has no decision" if decision is None else f"is decided as {decision} already"
            raise InputError(f"the pair '{masked(one)}', '{masked(two)}' {state}; nothing was changed")
        rows = f"SELECT member_id, other_id, '{decision}' AS decision FROM wanted"
        fresh = f"SELECT * FROM ({rows}) ANTI JOIN ({same}) USING (member_id, other_id)"
        if decision is None:
            fresh = f"SELECT * FROM ({rows}) WHERE false"
        keys = f"SELECT member_id, other_id FROM ({other})"
        writer.put(con, DECISIONS.name, fresh, replaced=keys, same=same)
    changed = len(wanted) - len(standing) if decision else len(gone)
    said = {"decision": decision or "", "pairs": [list(pair) for pair in wanted]}
    digest = hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()
    record = account(DECISIONS, digest, accepted=changed - len(gone), same=len(standing), replaced=len(gone))
    return writer.commit(record, digest_of={"decided": digest})


def _check_known(con: duckdb.DuckDBPyConnection, writer: Writer) -> None:
    """Raise an InputError that names the first member of ``wanted`` that no table of the shop has."""
    run = con.execute
    asked = "SELECT member_id FROM wanted UNION SELECT other_id FROM wanted"
    run(f"CREATE TEMP TABLE unknown AS SELECT * FROM ({asked})")
    for table in _HOLD_MEMBERS:
        files = writer.present(table)
        if files:
            run("DELETE FROM unknown WHERE member_id IN (SELECT member_id FROM read_parquet(?))", [files])
    absent = run("SELECT member_id FROM unknown ORDER BY member_id").fetchall()
    if absent:
        shop = writer.current.store_id
        raise InputError(
            f"shop '{shop}' knows no member '{masked(absent[0][0])}'; `memberlib joined` lists the ids, "
            "whole ones with --contacts"
        )
