"""An import taken back leaves what the other imports give, gone through in order without it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib.errors import InputError
from memberlib.imports import Account, import_files
from memberlib.lake import Lake

Line = tuple[str, str, str | None, Decimal | None]  # order_id, line_id, product_id, amount


def sql(lines: Iterable[Line]) -> str:
    """The lines as SQL gives them, with every column of the table."""

    def text(value: Any) -> str:
        return "NULL" if value is None else f"'{value}'"

    values = ", ".join(f"({', '.join(map(text, line))})" for line in lines)
    columns = "order_id, line_id, product_id, amount"
    empty = "(NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR)"
    where = "" if values else " WHERE false"
    return (
        f"SELECT order_id::VARCHAR AS order_id, line_id::VARCHAR AS line_id, product_id::VARCHAR AS product_id, "
        f"NULL::VARCHAR AS product_name, NULL::VARCHAR AS category, NULL::DECIMAL(18,4) AS quantity, "
        f"amount::DECIMAL(18,4) AS amount FROM (VALUES {values or empty}) AS given({columns}){where}"
    )


# --- the plainest reckoning: a dictionary of lines ------------------------------------------------------------------

State = dict[tuple[str, str], Line]


def counting(state: State, lines: list[Line], kind: str) -> list[Line]:
    """The lines of a file that take their place: those read from titles only where no line has an amount."""
    real = {line[0] for line in state.values() if line[3] is not None}
    return [line for line in lines if kind != "named" or line[0] not in real]


def after(state: State, lines: list[Line], kind: str) -> State:
    """What stands after a file."""
    counted = counting(state, lines, kind)
    orders = {line[0] for line in counted} if kind == "whole" else set()
    return {key: line for key, line in state.items() if key[0] not in orders} | {
        line[:2]: line for line in counted
    }


def through(files: Iterable[tuple[list[Line], str]]) -> State:
    state: State = {}
    for lines, kind in files:
        state = after(state, lines, kind)
    return state


# --- the same with the lake -----------------------------------------------------------------------------------------


def give(lake: Lake, lines: list[Line], kind: str = "plain") -> str:
    """Put a file's lines into the lake as an import does; the import's id."""
    with duckdb.connect() as con, lake.writing("tea") as writer:
        state = {line[:2]: line for line in read(con, writer.present("items"))}
        counted = counting(state, lines, kind)
        if kind == "whole":
            differ = {
                order
                for order in {line[0] for line in lines}
                if {line for line in lines if line[0] == order}
                != {line for key, line in state.items() if key[0] == order}
            }
            fresh = [line for line in lines if line[0] in differ]
        else:
            fresh = [line for line in counted if state.get(line[:2]) != line]
        same = [line for line in lines if line not in fresh]
        changed = [line for line in fresh if line[:2] in state]
        part = {
            "platform": "generic",
            "table": "items",
            "read_count": len(lines),
            "accepted_count": len(fresh) - len(changed),
            "replaced_count": len(changed),
            "same_count": len(same),
            "rejected_count": 0,
            "whole_orders": kind == "whole",
            "named_only": kind == "named",
        }
        sha = f"{writer.current.number}"  # each file is another
        record = {"file": "items.csv", "sha256": sha, "options": {}, "parts": [part]}
        if not fresh:
            writer.note_rows(con, "items", 0, same=sql(same))
            return writer.keep_repeat({**record, "sha256": sha + "same"})
        writer.put(
            con,
            "items",
            sql(fresh),
            replaced=sql(changed) if changed and kind != "whole" else None,
            gone_orders=sql(fresh) if kind == "whole" else None,
            same=sql(same),
        )
        return str(writer.commit(record, digest_of={"sha256": sha}).number)


def read(con: duckdb.DuckDBPyConnection, files: list[str]) -> list[Line]:
    if not files:
        return []
    return con.execute(
        "SELECT order_id, line_id, product_id, amount FROM read_parquet(?)", [files]
    ).fetchall()


def held(lake: Lake, number: int | None = None) -> State:
    with duckdb.connect() as con:
        lines = read(con, lake.version("tea", number).files.get("items", []))
    assert len({line[:2] for line in lines}) == len(lines)
    return {line[:2]: line for line in lines}


def line(order: int, number: int = 1, amount: int | None = 5, product: str = "a") -> Line:
    return str(order), str(number), product, None if amount is None else Decimal(amount)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


# --- by hand --------------------------------------------------------------------------------------------------------


def test_a_row_that_a_later_file_holds_too_stays(lake: Lake) -> None:
    assert give(lake, [line(1), line(2), line(3)]) == "1"
    assert give(lake, [line(2), line(3, amount=7), line(4)]) == "2"
    done = lake.undo("tea", 1)
    assert held(lake) == through([([line(2), line(3, amount=7), line(4)], "plain")]) and done.along == {}
    assert (done.version, done.taken_out, done.given_back) == (3, {"items": 1}, {})
    assert lake.check("tea") == []


def test_a_row_that_was_replaced_comes_back(lake: Lake) -> None:
    give(lake, [line(1), line(2)])
    give(lake, [line(1, amount=6), line(3)])
    give(lake, [line(4)])
    before = held(lake, 3)
    done = lake.undo("tea", "2")
    assert sorted(held(lake)) == [("1", "1"), ("2", "1"), ("4", "1")] and held(lake)["1", "1"] == line(1)
    assert (done.taken_out, done.given_back) == ({"items": 2}, {"items": 1})
    assert held(lake, 3) == before  # earlier versions stay readable
    assert lake.check("tea") == []


def test_a_file_that_changed_nothing_holds_its_rows(lake: Lake) -> None:
    give(lake, [line(1), line(2)])
    assert give(lake, [line(2)]) == "1.1"
    lake.undo("tea", 1)
    assert held(lake) == {("2", "1"): line(2)}
    lake.undo("tea", "1.1")
    assert held(lake) == {} and lake.version("tea").number == 3
    assert lake.check("tea") == []


def test_an_undone_import_given_again_comes_last(lake: Lake) -> None:
    first, second = [line(1), line(2)], [line(1, amount=6)]
    give(lake, first)
    give(lake, second)
    before = held(lake)
    lake.undo("tea", 2)
    assert held(lake) == through([(first, "plain")])
    give(lake, second)
    assert held(lake) == before
    lake.undo("tea", 1)
    assert held(lake) == through([(second, "plain")])
    give(lake, first)
    assert held(lake) == through([(second, "plain"), (first, "plain")])
    assert lake.check("tea") == []


def test_whole_orders_take_all_lines_and_give_them_back(lake: Lake) -> None:
    give(lake, [line(1, 1), line(1, 2), line(2, 1)])
    give(lake, [line(1, 2), line(1, 3)], "whole")
    assert sorted(held(lake)) == [("1", "2"), ("1", "3"), ("2", "1")]
    lake.undo("tea", 2)
    assert sorted(held(lake)) == [("1", "1"), ("1", "2"), ("2", "1")]
    give(lake, [line(1, 2), line(1, 3)], "whole")
    lake.undo("tea", 1)
    assert sorted(held(lake)) == [("1", "2"), ("1", "3")]
    assert lake.check("tea") == []


def test_lines_read_from_titles_give_way_and_come_back(lake: Lake) -> None:
    give(lake, [line(1, 1), line(1, 2)])
    titles = [line(1, 1, None, "t"), line(2, 1, None, "t")]
    give(lake, titles, "named")
    assert held(lake)["1", "1"] == line(1, 1) and ("2", "1") in held(lake)
    assert lake.check("tea") == []
    give(lake, [line(1, 1, 9)])
    lake.undo("tea", 3)
    assert held(lake)["1", "1"] == line(1, 1) and lake.check("tea") == []
    lake.undo("tea", 1)
    assert held(lake) == through([(titles, "named")])
    assert lake.check("tea") == []


def test_rejected_rows_go_with_their_import(lake: Lake) -> None:
    refused = (
        "SELECT '{}' AS import_id, 'f' AS file, 2 AS row, 'ragged' AS rule, NULL AS \"column\", NULL AS value"
    )
    counts = {"read_count": 1, "accepted_count": 0, "same_count": 0, "replaced_count": 0, "rejected_count": 1}
    for number in (1, 2):
        with duckdb.connect() as con, lake.writing("tea") as writer:
            writer.add(con, "rejected", refused.format(number))
            record = {"file": "f", "sha256": str(number), "parts": [{"table": "items", **counts}]}
            writer.commit(record, digest_of={"sha256": str(number)})
    assert lake.check("tea") == []
    assert lake.undo("tea", 1).taken_out == {"rejected": 1}
    assert lake.rejected("tea")["import_id"].tolist() == ["2"]
    with pytest.raises(InputError, match="import 1 of 'tea' was taken back"):
        lake.rejected("tea", 1)
    assert len(lake.rejected("tea", 1, at_version=2)) == 1
    assert lake.check("tea") == []


def test_what_cannot_be_undone_is_said(lake: Lake) -> None:
    with pytest.raises(InputError, match="no shop 'tea'"):
        lake.undo("tea", 1)
    give(lake, [line(1)])
    with lake.writing("tea") as writer:
        writer.keep_repeat({**writer.current.imports[0], "rejected_under": "1"})
    with pytest.raises(InputError, match=r"no import 3; known: 1, 1\.1"):
        lake.undo("tea", 3)
    with pytest.raises(InputError, match=r"import 1\.1 .* already; undo import 1, which took it in"):
        lake.undo("tea", "1.1")
    assert lake.undo("tea", 1).along == {"1.1": "items.csv"}
    for import_id in ("1", "1.1"):  # the file given again goes with the import that holds its rows
        with pytest.raises(InputError, match="taken back already"):
            lake.undo("tea", import_id)
    assert lake.version("tea").standing == [] and len(lake.version("tea").history) == 2
    assert lake.imports("tea", unchanged=True)["undone"].tolist() == [True, True]
    assert lake.version("tea", 1).standing != []


def test_brushed_orders_come_off_the_list_and_on_again(lake: Lake) -> None:
    with duckdb.connect() as con, lake.writing("tea") as writer:
        writer.put(con, "brushed", "SELECT unnest(['1', '2', '3']) AS order_id")
        part = {
            "table": "brushed",
            "read_count": 3,
            "accepted_count": 3,
            "same_count": 0,
            "replaced_count": 0,
        }
        record = {"file": "b.csv", "sha256": "b", "parts": [{**part, "rejected_count": 0}]}
        writer.commit(record, digest_of={"sha256": "b"})
    assert lake.brushed("tea")["order_id"].tolist() == ["1", "2", "3"]
    assert lake.brushed("tea")["paid_at"].isna().all()
    lake.take_off_brushed("tea", ["3", "1", "1"])
    assert lake.brushed("tea")["order_id"].tolist() == ["2"] and lake.check("tea") == []
    with pytest.raises(InputError, match="not on the list of brushed orders of 'tea': 3"):
        lake.take_off_brushed("tea", ["2", "3"])
    lake.undo("tea", 2)
    assert lake.brushed("tea")["order_id"].tolist() == ["1", "2", "3"] and lake.check("tea") == []
    lake.take_off_brushed("tea", ["3"])
    lake.undo("tea", 1)
    assert lake.brushed("tea")["order_id"].tolist() == [] and lake.check("tea") == []


# --- exports of every kind ------------------------------------------------------------------------------------------


def export(folder: Path, text: str, name: str = "export.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def tables(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table that has any, rejected ones without the number of their import."""
    found = {}
    for table, files in Lake(data / "lake").version("tea").files.items():
        if files:
            columns = "* EXCLUDE (import_id)" if table == "rejected" else "*"
            found[table] = duckdb.sql(f"SELECT {columns} FROM read_parquet({files}) ORDER BY ALL").fetchall()
    return {table: rows for table, rows in found.items() if rows}


HEADER = "order_id,member_id,paid_at,paid_amount,status"
EXPORTS = {
    "orders": f"{HEADER}\n1,a,2026-01-05,10,paid\n2,b,2026-01-06,20,paid\n",
    "newer": f"{HEADER}\n2,b,2026-01-06,20,completed\n3,,2026-01-07,5,paid\n4,c,x,5,paid\n",
    "same": f"{HEADER}\n1,a,2026-01-05,10,paid\n",
    "items": "order_id,line_id,product_id,amount\n1,1,tea,6\n1,2,cup,4\n",
    "members": "member_id,joined_on,level\na,2025-12-01,vip\nb,2025-12-02,\n",
    "brushed": "order_id\n2\n",
    "events": "member_id,kind,happened_at\na,visit,2026-01-05 08:00:00\n",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_undone_is_as_if_it_had_never_come(tmp_path: Path, name: str) -> None:
    paths = [export(tmp_path, text, f"{n}.csv") for n, text in EXPORTS.items()]

    def take(path: Path, shop: str) -> Account:
        kind = "generic-orders" if path.stem in ("newer", "same") else f"generic-{path.stem}"
        (account,) = import_files([path], "tea", data=tmp_path / shop, platform=kind, max_rejected_share=1)
        return account

    for path in paths:
        take(path, "all")
        if path.stem != name:
            take(path, "without")
    lake, whole = Lake(tmp_path / "all" / "lake"), tables(tmp_path / "all")
    listed = lake.imports("tea", unchanged=True).set_index("file")
    lake.undo("tea", listed.loc[f"{name}.csv", "import_id"])
    assert tables(tmp_path / "all") == tables(tmp_path / "without")
    assert lake.check("tea") == []
    # it can come again, as a new file; only what a later one replaced is not given its place back
    again = take(tmp_path / f"{name}.csv", "all")
    assert (
        again.accepted_count + again.same_count + again.replaced_count
        == again.read_count - again.rejected_count
    )
    assert lake.check("tea") == []
    if name not in ("orders", "same"):
        assert tables(tmp_path / "all") == whole
    assert lake.imports("tea", unchanged=True)["undone"].sum() == 1


TRUE_FORMS = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("platform", "seed"), [("taobao", 0), ("taobao", 1), ("pinduoduo", 0), ("youzan", 0), ("square", 0)]
)
def test_exports_of_one_platform_taken_back(tmp_path: Path, platform: str, seed: int) -> None:
    """Whole orders, lines read from titles, several tables in a file: against a shop that never had the exports."""
    chance = random.Random(seed)
    paths = sorted((TRUE_FORMS / platform).glob("*.csv"))
    chance.shuffle(paths)
    for shop in ("all", "without"):  # a new shop would take its time zone from its first file
        (tmp_path / shop).mkdir()
        (tmp_path / shop / "stores.toml").write_text('[tea]\ntime_zone = "Asia/Shanghai"\n')
    taken_back = chance.sample(paths, 3 if platform == "taobao" else 1)
    import_files(paths, "tea", data=tmp_path / "all", max_rejected_share=1)
    others = [path for path in paths if path not in taken_back]
    import_files(others, "tea", data=tmp_path / "without", max_rejected_share=1)
    lake = Lake(tmp_path / "all" / "lake")
    listed = lake.imports("tea", unchanged=True)
    for path in taken_back:
        lake.undo("tea", listed.loc[listed["file"] == path.name, "import_id"].iloc[0])
    assert tables(tmp_path / "all") == tables(tmp_path / "without")
    assert lake.check("tea") == []


def test_contacts_go_with_their_import_alone(tmp_path: Path) -> None:
    (tmp_path / "stores.toml").write_text('[tea]\njoin_by = ["phone"]\n')
    for name, ids in (("first", "abc"), ("second", "bc")):
        rows = "".join(f"{i},138{i.encode().hex()}000000\n" for i in ids)
        path = export(tmp_path, f"member_id,phone\n{rows}", f"{name}.csv")
        import_files([path], "tea", data=tmp_path)
    lake = Lake(tmp_path / "lake")

    def members() -> list[str]:
        files = lake.version("tea").files["contacts"]
        found = duckdb.sql(f"SELECT DISTINCT member_id FROM read_parquet({files}) ORDER BY 1").fetchall()
        return [row[0] for row in found]

    assert members() == ["a", "b", "c"] and lake.check("tea") == []
    lake.undo("tea", 1)
    assert members() == ["b", "c"] and lake.check("tea") == []
    assert [row[0] for row in tables(tmp_path)["members"]] == ["b", "c"]


# --- always ---------------------------------------------------------------------------------------------------------

LINES = st.dictionaries(
    st.tuples(st.sampled_from("12"), st.sampled_from("12")),
    st.tuples(st.sampled_from("ab"), st.sampled_from([Decimal(1), Decimal(2), None])),
    min_size=1,
    max_size=3,
)
FILES = st.tuples(LINES, st.sampled_from(["plain", "whole", "named"]))


@settings(max_examples=settings.default.max_examples // 6)
@given(st.lists(st.one_of(FILES, FILES, st.integers(0, 9)), min_size=4, max_size=8))
def test_undoing_any_import_equals_never_having_had_it(steps: list[Any]) -> None:
    """Files and takings-back in any order, beside a dictionary."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        standing: dict[str, tuple[list[Line], str]] = {}
        before: dict[int, State] = {}
        for step in steps:
            if not isinstance(step, int):
                found, kind = step
                # lines read from titles have no amount
                lines = [(*key, p, None if kind == "named" else a) for key, (p, a) in found.items()]
                standing[give(lake, lines, kind)] = (lines, kind)
            elif standing:
                import_id = sorted(standing)[step % len(standing)]
                lake.undo("tea", import_id)
                del standing[import_id]
            else:
                continue
            expected = through(standing.values())
            assert held(lake) == expected and lake.check("tea") == []
            before[lake.newest("tea")] = expected
        for number, expected in before.items():
            assert held(lake, number) == expected


ORDERS = st.dictionaries(
    st.sampled_from("1234"), st.sampled_from(["1", "2.5", "much"]), min_size=1, max_size=4
).map(lambda found: tuple(sorted(found.items())))


@settings(max_examples=settings.default.max_examples // 12)
@given(st.lists(st.one_of(ORDERS, st.integers(0, 9)), min_size=3, max_size=7))
def test_order_lists_given_and_taken_back_in_any_order(steps: list[Any]) -> None:
    """As above through whole imports; a file that is in already changes nothing, one that was taken back does."""
    with tempfile.TemporaryDirectory() as folder:
        data, lake = Path(folder), Lake(Path(folder) / "lake")
        standing: dict[str, Any] = {}
        for step in steps:
            if not isinstance(step, int):
                lines = [f"{i},a,2026-01-05 09:00:00,{amount},paid\n" for i, amount in step]
                path = export(data, f"{HEADER}\n" + "".join(lines))
                (account,) = import_files([path], "tea", data=data, max_rejected_share=1)
                if step in standing.values():
                    assert not account.changed and account.accepted_count == account.replaced_count == 0
                else:
                    standing[account.import_id] = step
            elif standing:
                import_id = sorted(standing)[step % len(standing)]
                lake.undo("tea", import_id)
                del standing[import_id]
            else:
                continue
            amounts: dict[str, str] = {}
            for file in standing.values():
                amounts |= {i: f"{float(amount):.4f}" for i, amount in file if amount != "much"}
            found = tables(data)
            assert {r[0]: str(r[5]) for r in found.get("orders", [])} == amounts
            bad = [i for file in standing.values() for i, amount in file if amount == "much"]
            assert len(found.get("rejected", [])) == len(bad)
            assert lake.check("tea") == []
