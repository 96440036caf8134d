"""Join the members of several channels that are one person.

A shop says in its settings by what its members are joined (``join_by``: phone, email, key), and decides single pairs by
hand (together or apart). Both are looked at when the shop is opened; nothing in the lake is changed by them. A joined
member has the smallest id of its group. Who shares what joins whom is told in :mod:`memberlib.identity.links`, how a
pair kept apart splits a group in :mod:`memberlib.identity.groups`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from memberlib import privacy
from memberlib.identity.groups import smallest_linked, split_groups
from memberlib.identity.links import MOST_MEMBERS, fresh_name, linked_pairs, shared_values
from memberlib.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from memberlib.store import Store

__all__ = ["MOST_MEMBERS", "STATES", "Joining", "groups", "pairs"]

STATES = ("joined", "reported", "together", "apart")
"""What became of a pair: joined by the rules, reported and not joined, joined or kept apart by a decision."""


class Joining:
    """The members of one shop that share a contact or are decided on, and which of them are one.

    Parameters
    ----------
    con : DuckDB connection
        Its temporary tables hold the rows.
    contacts, decisions : str or None
        SQL of the shop's contacts and decisions; None where it has none.
    settings : Settings
    """

    def __init__(self, con: Any, contacts: str | None, decisions: str | None, *, settings: Settings) -> None:
        self.con, self._settings = con, settings
        self._decided = fresh_name("decided")
        none = "SELECT '' AS member_id, '' AS other_id, '' AS decision WHERE false"
        con.execute(
            f"""CREATE TEMP TABLE {self._decided} AS SELECT least(member_id, other_id) AS member_id,
            greatest(member_id, other_id) AS other_id, min(decision) AS decision
            FROM ({decisions or none}) AS given WHERE given.member_id <> given.other_id
            GROUP BY least(given.member_id, given.other_id), greatest(given.member_id, given.other_id)"""
        )
        nothing = "SELECT '' AS member_id, '' AS name, '' AS phone, '' AS email, '' AS person_key WHERE false"
        self._held = shared_values(con, contacts or nothing, settings=settings)
        self._ids = self._grouped()
        self._changed: str | None = None

    def _grouped(self) -> str:
        """Every member named by a shared contact or a decision, with its number and that of its group."""
        con, ids = self.con, fresh_name("ids")
        con.execute(
            f"""CREATE TEMP TABLE {ids}_all AS
            SELECT member_id, row_number() OVER (ORDER BY member_id) - 1 AS number FROM (
            SELECT member_id FROM {self._held} UNION SELECT member_id FROM {self._decided}
            UNION SELECT other_id FROM {self._decided})"""
        )
        number = {name: f"JOIN {ids}_all AS {name} ON {name}.member_id" for name in ("a", "b")}
        decided = con.execute(
            f"""SELECT decision, a.number AS one, b.number AS other FROM {self._decided} AS d
            {number["a"]} = d.member_id {number["b"]} = d.other_id ORDER BY one, other"""
        ).fetchall()
        shared = con.execute(
            f"""SELECT place, value_number AS value, number FROM {self._held} JOIN {ids}_all USING (member_id)
            WHERE why = ''"""
        ).fetchnumpy()
        value, holder = (np.asarray(shared[name], dtype=np.int64) for name in ("value", "number"))
        count = con.execute(f"SELECT count(*) FROM {ids}_all").fetchall()[0][0]
        together = [(one, other) for decision, one, other in decided if decision == "together"]
        apart = [(one, other) for decision, one, other in decided if decision == "apart"]
        ends = np.array(together, dtype=np.int64).reshape(-1, 2)
        first = np.full(value.max(initial=-1) + 1, count, dtype=np.int64)
        np.minimum.at(first, value, holder)
        roots = smallest_linked(
            count, np.concatenate([first[value], ends[:, 0]]), np.concatenate([holder, ends[:, 1]])
        )
        broken = {int(roots[one]) for one, other in apart if roots[one] == roots[other]}
        if broken:
            self._part(roots, broken, shared=shared, together=together, apart=apart)
        con.register(f"{ids}_roots", {"number": np.arange(count, dtype=np.int64), "root": roots})
        con.execute(
            f"CREATE TEMP TABLE {ids} AS SELECT member_id, number, root FROM {ids}_all JOIN {ids}_roots USING (number)"
        )
        con.unregister(f"{ids}_roots")
        con.execute(f"DROP TABLE {ids}_all")
        return ids

    def _part(
        self,
        roots: Any,
        broken: set[int],
        *,
        shared: dict[str, Any],
        together: list[tuple[int, int]],
        apart: list[tuple[int, int]],
    ) -> None:
        """Group the members of the broken components anew, in place."""
        touched = np.isin(roots[shared["number"].astype(np.int64)], sorted(broken))
        links: dict[tuple[int, int], list[int]] = {}
        columns = (shared[name][touched].tolist() for name in ("place", "value", "number"))
        for place, value, number in zip(*columns, strict=True):
            links.setdefault((place, value), []).append(number)
        inside = [(one, other) for one, other in together if int(roots[one]) in broken]
        in_order = [
            members for _, members in sorted((place, sorted(found)) for (place, _), found in links.items())
        ]
        for member, root in split_groups(inside, in_order, apart).items():
            roots[member] = root

    def changed(self) -> str | None:
        """Table of member_id and joined_id of the members that go by another's id; None where there are none."""
        if self._changed is None:
            self._changed = fresh_name("changed")
            self.con.execute(
                f"""CREATE TEMP TABLE {self._changed} AS SELECT i.member_id, r.member_id AS joined_id
                FROM {self._ids} AS i JOIN {self._ids} AS r ON r.number = i.root WHERE i.number <> i.root"""
            )
        found = self.con.execute(f"SELECT count(*) FROM {self._changed}").fetchall()[0][0]
        return self._changed if found else None

    def groups(self) -> pd.DataFrame:
        """One row per member of a group of two or more: member_id, joined_id, member_count; by joined_id, member_id."""
        frame: pd.DataFrame = self.con.execute(
            f"""SELECT i.member_id, r.member_id AS joined_id, count(*) OVER (PARTITION BY i.root) AS member_count
            FROM {self._ids} AS i JOIN {self._ids} AS r ON r.number = i.root
            QUALIFY member_count > 1 ORDER BY i.root, i.number"""
        ).df()
        return frame

    def kept_apart(self) -> set[tuple[str, str]]:
        """The pairs that were decided to be two."""
        query = f"SELECT member_id, other_id FROM {self._decided} WHERE decision = 'apart'"
        return set(self.con.execute(query).fetchall())

    def pairs(self) -> pd.DataFrame:
        """One row per pair, see :func:`memberlib.identity.pairs`."""
        found = linked_pairs(self.con, self._held, self._ids)
        rows: pd.DataFrame = self.con.execute(
            f"""WITH linked AS ({found}),
            rated AS (
                SELECT *, CASE WHEN why = '' AND one_root = other_root THEN 'joined' ELSE 'reported' END AS state
                FROM linked WHERE why = '' OR one_root <> other_root
            ),
            first AS (
                SELECT * FROM rated QUALIFY row_number() OVER (PARTITION BY one, other ORDER BY state, place, value) = 1
            ),
            shared AS (
                SELECT * FROM linked QUALIFY row_number() OVER (PARTITION BY one, other ORDER BY place, value) = 1
            ),
            decided AS (
                SELECT a.number AS one, b.number AS other, decision, a.root <> b.root AS separate
                FROM {self._decided} AS d
                JOIN {self._ids} AS a ON a.member_id = d.member_id JOIN {self._ids} AS b ON b.member_id = d.other_id
            ),
            every AS (
                SELECT one, other, kind AS joined_by, kind, value, state,
                    CASE WHEN state = 'joined' THEN '' WHEN why = '' THEN 'parted' ELSE why END AS why
                FROM first ANTI JOIN decided USING (one, other)
                UNION ALL
                SELECT one, other, 'decision', kind, value,
                    CASE WHEN decision = 'together' AND separate THEN 'reported' ELSE decision END,
                    CASE WHEN decision = 'together' AND separate THEN 'parted' ELSE '' END
                FROM decided LEFT JOIN shared USING (one, other)
            )
            SELECT a.member_id, b.member_id AS other_id, joined_by AS "by", kind, value, state, why
            FROM every JOIN {self._ids} AS a ON a.number = one JOIN {self._ids} AS b ON b.number = other
            ORDER BY one, other"""
        ).df()
        evidence = [_hidden(kind, value) for kind, value in zip(rows["kind"], rows["value"], strict=True)]
        made = rows.drop(columns=["kind", "value"])
        made.insert(3, "shared", np.array(evidence, dtype=object))
        return made.astype({name: "str" for name in made.columns})


def _hidden(kind: object, value: object) -> str:
    if kind == "key":
        return privacy.short(value)
    if kind == "phone":
        return privacy.masked(str(value) if str(value).startswith("+") else f"0{value}".replace("00", "0", 1))
    return privacy.masked(value) if kind == "email" else ""


def pairs(store: Store) -> pd.DataFrame:
    """Pairs of members that share a contact or were decided on, and what became of each.

    Parameters
    ----------
    store : Store

    Returns
    -------
    DataFrame
        member_id, other_id (the greater); by (phone, email, key, decision); shared (what both have, masked; empty where
        a decision joins what shares nothing); state (joined, reported, together, apart); why a pair is reported
        (several_names: the phone has names that contradict each other; many_members: more than ten members have it;
        parted: it would bring together who were parted by hand). By member_id, other_id. Where more than ten members
        share a key, each stands beside the smallest alone.

    Examples
    --------
    >>> import pandas as pd
    >>> from memberlib.settings import Settings
    >>> from memberlib.store import store_from
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "member_id": ["jd:ann", "tb:ann"], "status": "completed",
    ...                        "paid_at": pd.to_datetime(["2026-01-05", "2026-02-05"]), "paid_amount": [80.0, 20.0]})
    >>> contacts = pd.DataFrame({"member_id": ["jd:ann", "tb:ann"], "phone": ["138 0000 1234", "+8613800001234"]})
    >>> shop = store_from(orders, contacts=contacts, settings=Settings(currency="CNY", join_by=("phone",)))
    >>> pairs(shop).iloc[0].tolist()
    ['jd:ann', 'tb:ann', 'phone', '138****1234', 'joined', '']
    """
    made = store.joining.pairs()
    made.attrs = {
        "analysis": "joining",
        "store": store.id,
        "currency": store.settings.currency,
        "base": len(made),
        "counts": "pairs",
    }
    return made


def groups(store: Store) -> pd.DataFrame:
    """Members that are one with others.

    Parameters
    ----------
    store : Store

    Returns
    -------
    DataFrame
        member_id, joined_id (the smallest id of the group, by which the store knows all of them), member_count (of the
        group); one row per member of a group of two or more, by joined_id and member_id.
    """
    made = store.joining.groups()
    made.attrs = {
        "store": store.id,
        "currency": store.settings.currency,
        "base": len(made),
        "counts": "members",
    }
    return made
