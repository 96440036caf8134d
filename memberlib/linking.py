"""Propose pairs of members that look like one person although they share no contact.

The rules of :mod:`memberlib.identity` join what is equal. Here a probability is worked out from what is merely alike
(Fellegi and Sunter's model of record linkage, as splink fits it): names, birthdays, phones with a mistyped digit or
hidden digits, addresses. It proposes; a person decides (``memberlib join``). splink comes with the extra ``linking``.

Fellegi, I. P. and Sunter, A. B. (1969): A Theory for Record Linkage. JASA 64 (328), 1183–1210.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from memberlib.errors import InputError
from memberlib.identity.contacts import HOME_CODES, alike, emails, names, phones

if TYPE_CHECKING:
    from memberlib.store import Store

COMPARED = (
    "name", "given_name", "surname", "phone", "email", "birthday", "gender", "address", "postcode", "city", "region",
)  # fmt: skip
"""Columns that are compared where they are there, as texts."""

FEWEST_RECORDS = 100
"""Fewer records than this teach nothing about how like two of one person are."""

_Lines = tuple[tuple[str, ...], ...]
# Pairs that agree on all columns of a line are looked at.
_LOOKED_AT: _Lines = (
    ("phone",), ("email",), ("birthday",), ("given_name", "surname"), ("given_name", "postcode"),
    ("surname", "postcode"), ("postcode", "address"), ("name", "city"), ("name", "phone_ends"),
)  # fmt: skip
# Nearly all pairs that agree on all columns of a line are one person: how many pairs are is learnt from them.
_SURE: _Lines = (
    ("phone",), ("email",), ("name", "birthday"), ("given_name", "surname", "birthday"),
    ("given_name", "surname", "postcode"),
)  # fmt: skip
# How like records of one person are is learnt from pairs that agree on all columns of a line.
_LEARNT_FROM: _Lines = (
    ("birthday",), ("given_name", "surname"), ("name",), ("postcode",), ("phone",), ("email",),
)  # fmt: skip
_SAID = ("name", "phone", "email")
_SURE_RECALL = 0.8
_MOST_PAIRS = 1_000_000
_SEED = 20_260_630


def propose(
    left: pd.DataFrame, right: pd.DataFrame | None = None, *, least: float = 0.9, member_id: str = "member_id"
) -> pd.DataFrame:
    """Pairs of records that are likely of one person.

    Pairs that agree on a phone, an e-mail address, a birthday, or a name and a place are looked at. The model is fitted
    to these records without known pairs; the same records give the same probabilities each time.

    Parameters
    ----------
    left : DataFrame
        One row per record: an id, and some of :data:`COMPARED`. ``*`` in a name or phone stands for hidden signs.
    right : DataFrame, optional
        Records of another list with the same columns; pairs are then of one record of each. Else pairs within ``left``.
    least : float
        The least probability of a pair to be proposed, 0–1.
    member_id : str
        Name of the id's column.

    Returns
    -------
    DataFrame
        member_id, other_id, probability (0–1, six decimals); the likeliest first, then by ids. Within one list
        member_id is the smaller id; of two lists it is that of ``left``.

    Raises
    ------
    InputError
        Where splink is not installed, the records are too few, or nothing that could be compared is there.

    Examples
    --------
    >>> propose(pd.read_csv("members.csv"), least=0.95)  # doctest: +SKIP
    """
    if importlib.util.find_spec("splink") is None:
        raise InputError(
            "proposals need splink; install memberlib with its extra: pip install 'memberlib[linking]'"
        )
    frames = [left] if right is None else [left, right]
    columns = [name for name in COMPARED if all(name in f and f[name].notna().any() for f in frames)]
    if len(columns) < 2:
        raise InputError(f"nothing to compare; records need two or more of {', '.join(COMPARED)}")
    count = sum(map(len, frames))
    if count < FEWEST_RECORDS:
        raise InputError(f"{count} records are too few to learn from; proposals need {FEWEST_RECORDS}")
    found = _fitted([_texts(frame, columns, member_id) for frame in frames], columns, least)
    order = ["probability", "member_id", "other_id"]
    return found.sort_values(order, ascending=[False, True, True]).reset_index(drop=True)


def proposals(store: Store, *, least: float = 0.9) -> pd.DataFrame:
    """Pairs of a store's members that are likely one person, from contacts and the member list.

    Pairs that are one already, or were kept apart by hand, are left out.

    Parameters
    ----------
    store : Store
    least : float
        As for :func:`propose`.

    Returns
    -------
    DataFrame
        member_id, other_id (the channels' own ids), probability; the likeliest first.
    """
    found = propose(records(store), least=least)
    groups = store.joining.groups()
    one = dict(zip(groups["member_id"], groups["joined_id"], strict=True))
    apart = store.joining.kept_apart()
    pairs = list(zip(found["member_id"], found["other_id"], strict=True))
    settled = [pair in apart or one.get(pair[0], pair[0]) == one.get(pair[1], pair[1]) for pair in pairs]
    made = found[[not known for known in settled]].reset_index(drop=True)
    made.attrs = {
        "analysis": "proposals",
        "store": store.id,
        "currency": store.settings.currency,
        "base": len(made),
        "counts": "pairs",
    }
    return made


def records(store: Store) -> pd.DataFrame:
    """One record per member with contacts: what :func:`propose` holds against each other.

    Returns
    -------
    DataFrame
        member_id; name, phone, email (the one stated most often, whole ones before masked ones, folded as the rules of
        joining fold them); birthday, gender, region, city of the member list; by member_id.
    """
    contacts, members = store.as_exported("contacts"), store.as_exported("members")
    if contacts is None:
        where = f"set join_by in stores.toml, [{store.id}], and import its files again"
        raise InputError(f"shop '{store.id}' has no contacts to go by; {where}")
    if store.con.name != "duckdb":
        raise InputError(
            f"shop '{store.id}' lives in {store.con.name}; likely pairs are looked for in the lake and DuckDB"
        )
    told = str(ibis.to_sql(contacts, dialect="duckdb"))
    given = {name: f"SELECT member_id, {name} AS text FROM ({told}) WHERE {name} <> ''" for name in _SAID}
    home = HOME_CODES.get(store.settings.currency, "")
    hidden = r"regexp_replace(regexp_replace(text, '[^\d*]', '', 'g'), '\*+', '*')"
    said = {
        "name": names(given["name"]),
        "phone": f"""SELECT member_id, coalesce(replace(found, '+86', ''),
            CASE WHEN contains(text, '*') AND regexp_matches(text, '\\d') THEN {hidden} END) AS found
            FROM ({phones(given["phone"], home=home)})""",
        "email": emails(given["email"]),
    }
    parts = [f"(SELECT DISTINCT member_id FROM ({told}) WHERE member_id <> '') AS who"]
    for name, rows in said.items():
        parts.append(
            f"""(SELECT member_id, found AS {name} FROM (SELECT member_id, found, count(*) AS times
            FROM ({rows}) WHERE found IS NOT NULL GROUP BY member_id, found) QUALIFY row_number()
            OVER (PARTITION BY member_id ORDER BY contains(found, '*'), times DESC, found) = 1) USING (member_id)"""
        )
    columns = ["member_id", *said]
    if members is not None:
        listed = str(ibis.to_sql(members, dialect="duckdb"))
        birthday = "coalesce(CAST(birthday AS VARCHAR), birthday_calendar || birthday_day) AS birthday"
        parts.append(
            f"(SELECT member_id, {birthday}, gender, region, city FROM ({listed})) USING (member_id)"
        )
        columns += ["birthday", "gender", "region", "city"]
    query = f"SELECT {', '.join(columns)} FROM {' LEFT JOIN '.join(parts)} ORDER BY member_id"
    made: pd.DataFrame = store.con.con.execute(query).df()
    return made


def _texts(frame: pd.DataFrame, columns: list[str], member_id: str) -> pd.DataFrame:
    """The id as unique_id and every column as text, empty ones missing; in order of the ids."""
    made = frame[[member_id, *columns]].rename(columns={member_id: "unique_id"}).astype("object")
    made = made.where(made.notna() & (made != ""), None)
    made = made.map(lambda value: None if value is None else str(value)).sort_values("unique_id")
    if "phone" in columns:
        made["phone_ends"] = [_ends(phone) if isinstance(phone, str) else None for phone in made["phone"]]
    return made


def _ends(phone: str) -> str | None:
    """First three and last two digits, which a masked number shows too."""
    signs = [sign for sign in phone.removeprefix("+86") if sign.isdigit() or sign == "*"]
    shown = "".join(signs[:3] + signs[-2:])
    return shown if len(shown) == 5 and shown.isdigit() else None


def _fitted(frames: list[pd.DataFrame], columns: list[str], least: float) -> pd.DataFrame:
    """member_id, other_id, probability of the pairs that reach ``least``, in no order."""
    import duckdb
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI
    from splink.internals.exceptions import EMTrainingException

    logging.getLogger("splink").setLevel(logging.ERROR)
    lists = [f"list_{place}" for place in range(len(frames))]
    with duckdb.connect(config={"threads": 1}) as con:  # sums of doubles come out the same each time
        con.execute("SET enable_progress_bar = false")
        for name, frame in zip(lists, frames, strict=True):
            con.register("given", frame)
            texts = ", ".join(f'CAST("{column}" AS VARCHAR) AS "{column}"' for column in frame.columns)
            con.execute(f"CREATE TABLE {name} AS SELECT {texts} FROM given ORDER BY unique_id")
            con.unregister("given")
        looked_at, sure, learnt_from = (
            [line for line in lines if _agree(con, lists, line)]
            for lines in (_lines_of(columns), _SURE, _LEARNT_FROM)
        )
        if not looked_at:
            return _no_pairs()
        api = DuckDBAPI(con)
        settings = SettingsCreator(
            link_type="dedupe_only" if len(frames) == 1 else "link_only",
            comparisons=[_comparison(name, hidden=_any_hidden(frames, name)) for name in columns],
            blocking_rules_to_generate_predictions=[block_on(*line) for line in looked_at],
            retain_matching_columns=False,
        )
        tables = [api.register(con.table(name), dataset_display_name=f"of_{name}") for name in lists]
        linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level=logging.ERROR)
        learn = linker.training
        if sure:
            rules: list[Any] = [block_on(*line) for line in sure]
            learn.estimate_probability_two_random_records_match(rules, recall=_SURE_RECALL)
        learn.estimate_u_using_random_sampling(max_pairs=_MOST_PAIRS, seed=_SEED)
        for line in learnt_from:
            with contextlib.suppress(EMTrainingException):  # too few pairs agree on these columns
                learn.estimate_parameters_using_expectation_maximisation(
                    block_on(*line), record_sample_proportion=1.0
                )
        rows = linker.inference.predict(threshold_match_probability=least).as_pandas_dataframe()
    found = rows[["unique_id_l", "unique_id_r", "match_probability"]]
    found = found.set_axis(["member_id", "other_id", "probability"], axis="columns")
    return pd.concat([_no_pairs(), found.assign(probability=found["probability"].round(6))])


def _no_pairs() -> pd.DataFrame:
    kinds = {"member_id": "str", "other_id": "str", "probability": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _lines_of(columns: list[str]) -> _Lines:
    """What pairs must agree on to be looked at; a name alone where there is no more to go by."""
    return _LOOKED_AT if {"city", "phone"} & set(columns) else (*_LOOKED_AT, ("name",))


def _agree(con: Any, lists: list[str], line: tuple[str, ...]) -> bool:
    """Whether any pair agrees on all columns of a line."""
    have = {row[1] for row in con.execute(f"PRAGMA table_info('{lists[0]}')").fetchall()}
    if not have.issuperset(line):
        return False
    one, other = lists[0], lists[-1]
    same = " AND ".join(f"a.{column} = b.{column}" for column in line)
    apart = "a.unique_id < b.unique_id" if one == other else "true"
    query = f"SELECT 1 FROM {one} AS a JOIN {other} AS b ON {same} AND {apart} LIMIT 1"
    return bool(con.execute(query).fetchall())


def _any_hidden(frames: list[pd.DataFrame], column: str) -> bool:
    return any(isinstance(value, str) and "*" in value for frame in frames for value in frame[column])


def _comparison(column: str, *, hidden: bool) -> Any:
    """How two values of a column are held against each other, the likest first."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    if hidden and column in ("name", "phone"):
        shown = cll.CustomLevel(alike(f"{column}_l", f"{column}_r"), "What is shown agrees")
        near: Any = cll.DamerauLevenshteinLevel(column, 1)
        if column == "name":
            near = cll.JaroWinklerLevel(column, 0.9)
        levels = [cll.NullLevel(column), cll.ExactMatchLevel(column), shown, near, cll.ElseLevel()]
        return cl.CustomComparison(levels, output_column_name=column)
    if column in ("name", "given_name", "surname"):
        return cl.NameComparison(column)
    if column in ("phone", "birthday"):
        return cl.DamerauLevenshteinAtThresholds(column, [1, 2])
    if column == "email":
        return cl.EmailComparison(column)
    if column == "address":
        return cl.JaroWinklerAtThresholds(column, [0.9, 0.7])
    if column == "postcode":
        return cl.DamerauLevenshteinAtThresholds(column, [1])
    if column == "city":
        return cl.JaroWinklerAtThresholds(column, [0.9])
    return cl.ExactMatch(column)
