"""A version is there whole or not at all, whatever happens while it is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from memberlib import cli
from memberlib.errors import InputError
from memberlib.lake import Lake, data_folder, import_rows, seals, versions
from memberlib.model import MEMBERS


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "a folder 数据" / "lake")


def record(*tables: str, **more: Any) -> dict[str, Any]:
    """An account of a file with nothing in it."""
    counts = {f"{kind}_count": 0 for kind in ("read", "accepted", "same", "replaced", "rejected")}
    return {"file": "f.csv", "options": {}, "parts": [{"table": t, **counts} for t in tables], **more}


def put(lake: Lake, ids: str, *, replaced: str = "", commit: bool = True, shop: str = "tea") -> None:
    """Write brushed orders (whose key is all they have), space-separated."""
    rows = " UNION ALL ".join(f"SELECT '{i}' AS order_id" for i in ids.split())
    gone = " UNION ALL ".join(f"SELECT '{i}' AS order_id" for i in replaced.split())
    with duckdb.connect() as con, lake.writing(shop) as writer:
        writer.put(con, "brushed", rows, replaced=gone or None)
        if commit:
            writer.commit(record("brushed"), digest_of={"ids": ids})


def ids(lake: Lake, number: int | None = None) -> list[str]:
    files = lake.version("tea", number).files["brushed"]
    return [r[0] for r in duckdb.sql(f"SELECT order_id FROM read_parquet({files}) ORDER BY 1").fetchall()]


def test_each_version_stays_readable(lake: Lake) -> None:
    put(lake, "1 2")
    put(lake, "3 4")
    put(lake, "5", replaced="1 4")
    assert [ids(lake, n) for n in (1, 2, 3)] == [["1", "2"], ["1", "2", "3", "4"], ["2", "3", "5"]]
    assert ids(lake) == ids(lake, 3)
    assert lake.version("tea").rows == {"brushed": 3}


def test_no_file_of_a_version_is_written_anew(lake: Lake) -> None:
    put(lake, "1 2")
    first = {path: path.read_bytes() for path in (lake.root / "tea").rglob("*.parquet")}
    put(lake, "3", replaced="2")
    assert first and all(path.read_bytes() == content for path, content in first.items())
    assert [ids(lake, number) for number in (1, 2)] == [["1", "2"], ["1", "3"]]


def test_many_small_files_become_one(lake: Lake) -> None:
    for n in range(20):
        put(lake, f"{n:02d}")
    assert len(lake.version("tea").files["brushed"]) < 10
    assert ids(lake) == [f"{n:02d}" for n in range(20)]
    assert ids(lake, 10) == [f"{n:02d}" for n in range(10)]


def test_a_write_without_its_commit_is_seen_by_nobody_and_removed(lake: Lake) -> None:
    put(lake, "1")
    put(lake, "lost", replaced="1", commit=False)
    assert ids(lake) == ["1"]
    put(lake, "2")
    assert ids(lake) == ["1", "2"]
    there = {str(path) for path in (lake.root / "tea" / "brushed").iterdir()}
    assert there == set(lake.version("tea").files["brushed"])


def test_a_first_write_without_its_commit_leaves_no_shop(lake: Lake) -> None:
    put(lake, "lost", commit=False)
    assert lake.shops() == [] and lake.newest("tea") == 0
    put(lake, "1")
    assert ids(lake) == ["1"]


def test_a_version_file_half_written_is_none(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lake, "1")
    before = lake.version("tea")
    monkeypatch.setattr(versions.os, "link", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        put(lake, "2")
    monkeypatch.undo()
    assert lake.version("tea") == before
    put(lake, "2")
    assert ids(lake) == ["1", "2"]


def test_a_version_is_never_written_twice(tmp_path: Path) -> None:
    versions.create(tmp_path / "1.json", {"a": 1})
    with pytest.raises(FileExistsError):
        versions.create(tmp_path / "1.json", {"a": 2})
    assert json.loads((tmp_path / "1.json").read_text()) == {"a": 1}


def test_without_hard_links_a_version_is_still_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(versions.os, "link", refuse)
    versions.create(tmp_path / "1.json", {"a": 1})
    with pytest.raises(FileExistsError):
        versions.create(tmp_path / "1.json", {"a": 2})
    assert json.loads((tmp_path / "1.json").read_text()) == {"a": 1}


def test_the_digest_tells_the_imports_and_their_order(tmp_path: Path) -> None:
    def digest(name: str, *batches: str) -> str:
        lake = Lake(tmp_path / name)
        for batch in batches:
            put(lake, batch)
        return lake.version("tea").digest

    assert digest("a", "1", "2") == digest("b", "1", "2")
    assert len({digest("c", "1"), digest("d", "1", "2"), digest("e", "2", "1")}) == 3


def test_unknown_shops_and_versions_are_named(lake: Lake) -> None:
    with pytest.raises(InputError, match=r"no shop 'tea' .*known: none"):
        lake.version("tea")
    put(lake, "1")
    put(lake, "1", shop="gifts")
    assert lake.shops() == ["gifts", "tea"]
    with pytest.raises(InputError, match="known: gifts, tea"):
        lake.version("teas")
    with pytest.raises(InputError, match="versions 1 to 1, not 2"):
        lake.version("tea", 2)
    with pytest.raises(InputError, match="no import 7; known: 1"):
        lake.rejected("tea", 7)


@pytest.mark.parametrize("shop", ["", "Tea", "../tea", "a b", "-x", "x" * 65, "茶"])
def test_a_shop_id_never_leaves_the_lake(lake: Lake, shop: str) -> None:
    with pytest.raises(InputError, match="not a shop id"):
        lake.version(shop)
    with pytest.raises(InputError, match="not a shop id"), lake.writing(shop):
        pass


# --- several tables, parts and puts ---------------------------------------------------------------------------------


def test_a_version_may_put_several_times_and_into_several_tables(lake: Lake) -> None:
    put(lake, "0 9")
    with duckdb.connect() as con, lake.writing("tea") as writer:
        writer.put(con, "brushed", "SELECT unnest(['1', '2']) AS order_id", part=0)
        assert len(writer.present("brushed")) == 2
        writer.put(con, "brushed", "SELECT '3' AS order_id", replaced="SELECT '1' AS order_id", part=1)
        writer.put(con, "brushed", "SELECT '4' AS order_id WHERE false", replaced="SELECT '9' AS order_id")
        rows = duckdb.sql(f"SELECT * FROM read_parquet({writer.present('brushed')}) ORDER BY 1").fetchall()
        assert [r[0] for r in rows] == ["0", "2", "3"]
        writer.put(con, "members", "SELECT 'a' AS member_id, " + NO_MEMBER, part=2)
        assert ids(lake) == ["0", "9"] and "members" not in lake.version("tea").files
        made = writer.commit(record("brushed", "brushed", "members"), digest_of={"n": 1})
    assert made.number == 2 and made.rows == {"brushed": 3, "members": 1}
    assert ids(lake) == ["0", "2", "3"] and ids(lake, 1) == ["0", "9"]
    assert lake.imports("tea")[["import_id", "table"]].values.tolist()[1:] == [
        ["2", "brushed"], ["2", "brushed"], ["2", "members"],
    ]  # fmt: skip
    assert lake.check("tea") == []


NO_MEMBER = ", ".join(
    ("false" if c.kind == "flag" and c.filled else f"NULL::{c.sql_type}") + f' AS "{c.name}"'
    for c in MEMBERS.columns[1:]
)


def test_an_import_keeps_the_rows_it_brought_and_those_it_found(lake: Lake) -> None:
    put(lake, "1 2 3")
    with duckdb.connect() as con, lake.writing("tea") as writer:
        same = "SELECT unnest(['2', '3', '4']) AS order_id"  # 4 is brought as well, and kept once
        writer.put(con, "brushed", "SELECT '4' AS order_id", same=same, replaced="SELECT '1' AS order_id")
        writer.commit(record("brushed", sha256="x"), digest_of={"n": 1})
    put(lake, "5", replaced="4")  # rewrites what stands, never what was brought
    (_, source, _) = import_rows.import_rows(lake.version("tea"))
    kept = {
        what: [r[0] for r in duckdb.sql(f"SELECT order_id FROM read_parquet('{path}') ORDER BY 1").fetchall()]
        for what, path in (("rows", source.rows), ("same", source.same), ("gone", source.gone))
    }
    assert kept == {"rows": ["4"], "same": ["2", "3"], "gone": ["1"]}
    assert ids(lake) == ["2", "3", "5"]


def test_the_rows_of_a_killed_import_are_never_taken_for_those_of_the_next(lake: Lake) -> None:
    put(lake, "1 2")
    for order_id, commit in (("1", False), ("2", True)):
        with duckdb.connect() as con, lake.writing("tea") as writer:
            writer.note_rows(con, "brushed", 0, same=f"SELECT '{order_id}' AS order_id")
            if commit:
                writer.keep_repeat(record("brushed", sha256="g"))
    lake.undo("tea", 1)
    assert ids(lake) == ["2"] and lake.check("tea") == []


def test_a_lake_of_an_earlier_release_is_named(lake: Lake) -> None:
    put(lake, "1")
    path = lake.root / "tea" / "versions" / "00000001.json"
    content = json.loads(path.read_text())
    for form, word in ((1, "an earlier"), (None, "an earlier"), (4, "a later")):
        stated = {**content, "format": form} if form else {k: v for k, v in content.items() if k != "format"}
        path.write_text(json.dumps(stated))
        with pytest.raises(
            InputError, match=rf"'tea' was imported by {word} release; move .*tea away"
        ) as raised:
            lake.version("tea")
        assert lake.check("tea") == [str(raised.value)]


# --- check ----------------------------------------------------------------------------------------------------------


def shop_with_all(lake: Lake) -> Path:
    """A shop of two imports and one taken back, all in order."""
    order = (
        "{} AS created_at, TIMESTAMP '2026-01-05' AS paid_at, '{}' AS status, 5::DECIMAL(18,4) AS paid_amount"
    )
    rest = "0::DECIMAL(18,4) AS refund_amount, 0::DECIMAL(18,4) AS shipping_amount, 1::BIGINT AS item_count"
    places = ", ".join(f"NULL::VARCHAR AS {c}" for c in ("region", "city", "channel"))
    counts = {"accepted_count": 2, "same_count": 0, "replaced_count": 0, "rejected_count": 1, "read_count": 3}
    for number in (1, 2, 3):
        rows = (
            f"SELECT x || '{number}' AS order_id, 'a' AS member_id, "
            f"{order.format('NULL::TIMESTAMP', 'paid')}, {rest}, {places} FROM (SELECT unnest(['a', 'b']) AS x)"
        )
        with duckdb.connect() as con, lake.writing("tea") as writer:
            writer.put(con, "orders", rows)
            writer.add(
                con,
                "rejected",
                f"SELECT '{number}' AS import_id, 'f' AS file, 2::BIGINT AS row, 'ragged' AS rule, "
                'NULL::VARCHAR AS "column", NULL::VARCHAR AS value',
            )
            part = {"table": "orders", "platform": "generic", **counts}
            writer.commit(
                {"file": "f", "sha256": str(number), "options": {}, "parts": [part]},
                digest_of={"sha256": str(number)},
            )
    lake.undo("tea", 2)
    assert lake.check("tea") == []
    return lake.root / "tea"


def edit(
    number: int, change: Callable[[dict[str, Any]], Any], *, sealed: bool = True
) -> Callable[[Path], None]:
    """Change a version's file, as a release with a fault could have written it, or by hand."""

    def run(folder: Path) -> None:
        path = folder / "versions" / f"{number:08d}.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        seal = ""
        for path in sorted((folder / "versions").iterdir()) if sealed else []:
            kept = {
                k: v for k, v in json.loads(path.read_text()).items() if k not in ("seal", "sealed_after")
            }
            content = seals.sealed(kept, seal)
            seal = content["seal"]
            path.write_text(json.dumps(content))
            for repeat in sorted((folder / "repeats").glob(f"{path.stem}-*")):
                kept = {
                    k: v for k, v in json.loads(repeat.read_text()).items() if k not in seals.SEAL_KEYS[1:]
                }
                repeat.write_text(json.dumps(seals.sealed(kept, seal)))
        if sealed:
            last = len(list((folder / "versions").iterdir()))
            (folder / "newest.json").write_text(json.dumps({"number": last, "seal": seal}))

    return run


def rewrite(file: str, query: str) -> Callable[[Path], None]:
    """Change a file's rows."""

    def run(folder: Path) -> None:
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE t AS SELECT * FROM read_parquet('{folder / file}')")
            con.execute(f"COPY ({query}) TO '{folder / file}' (FORMAT parquet)")

    return run


FIRST = "orders/00000001.1.parquet"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "versions" / "00000002.json").unlink(), ["version 2 is not there"]),
        (lambda f: (f / "versions" / "00000002.json").write_text("{"), ["version 2 of 'tea' cannot be read"]),
        (edit(1, lambda c: c.pop("digest_of")), ["lacks what it must have"]),
        (edit(3, lambda c: c.update(number=4)), ["version 3 calls itself 4"]),
        (edit(3, lambda c: c["digest_of"].update(sha256="x")), ["version 3: its digest", "another file"]),
        (edit(2, lambda c: c.update(digest="x")), ["version 2: its digest", "version 3: its digest"]),
        (edit(1, lambda c: c["tables"]["orders"].update(rows=3)), ["version 1: orders has 2 rows, not 3"]),
        (
            edit(4, lambda c: c["tables"]["orders"].update(files=c["tables"]["orders"]["files"] * 2)),
            ["version 4: orders has 8 rows, not 4"],
        ),
        (edit(4, lambda c: c["tables"]["orders"]["files"].append(FIRST)), ["version 4: orders has 6 rows"]),
        (
            edit(1, lambda c: c["import"]["parts"][0].update(read_count=4)),
            ["4 rows of orders read, 3 accounted"],
        ),
        (edit(1, lambda c: c["import"].update(import_id="7")), ["import 1 calls itself 7"]),
        (edit(1, lambda c: c["sources"].clear()), ["orders: 2 rows that no import gives"]),
        (edit(3, lambda c: c["sources"].extend(c["sources"][:1])), []),
        (lambda f: (f / FIRST).unlink(), [f"{FIRST} is not there", "has 0 rows, not 2"]),
        (lambda f: (f / FIRST).write_bytes(b"PAR1"), [f"{FIRST} cannot be read"]),
        (rewrite(FIRST, "SELECT * REPLACE ('' AS order_id) FROM t LIMIT 1"), ["1 rows with no order_id"]),
        (rewrite(FIRST, "SELECT * REPLACE ('x' AS status) FROM t"), ["2 rows with an unknown status"]),
        (rewrite(FIRST, "SELECT * REPLACE (NULL::VARCHAR AS status) FROM t"), ["2 rows with no status"]),
        (
            rewrite(FIRST, "SELECT * REPLACE ('a1' AS order_id) FROM t"),
            ["1 rows with a key that stands more"],
        ),
        (
            rewrite("rejected/00000001.2.parquet", "SELECT * REPLACE ('2' AS import_id) FROM t"),
            [
                "rejected: 1 rows of import 2, which does not stand",
                "import 1: 1 rows rejected, 0 of them kept",
            ],
        ),
        (
            rewrite("rejected/00000001.2.parquet", "SELECT * REPLACE ('odd' AS rule) FROM t"),
            ["an unknown rule"],
        ),
    ],
)
def test_check_finds_what_is_wrong(lake: Lake, damage: Callable[[Path], Any], said: list[str]) -> None:
    damage(shop_with_all(lake))
    found = lake.check("tea")
    assert bool(found) == bool(said)
    for words in said:
        assert any(words in line for line in found), (words, found)
    assert all("\n" not in line for line in found)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            rewrite(FIRST, "SELECT * REPLACE (paid_amount * 100 AS paid_amount) FROM t"),
            [f"{FIRST} was altered"],
        ),
        (
            edit(1, lambda c: c["import"]["parts"][0].update(read_count=4, same_count=1), sealed=False),
            ["version 1 of 'tea' was altered; restore"],
        ),
        (edit(3, lambda c: c["import"]["parts"][0].update(read_count="x"), sealed=False), ["00000003.json"]),
        (edit(4, lambda c: c["data"].clear(), sealed=False), ["00000004.json"]),
        (lambda f: (f / "versions" / "00000004.json").unlink(), ["version 4 is not there"]),
        (lambda f: (f / "newest.json").unlink(), ["newest.json does not name the last version"]),
        (
            lambda f: (f / "newest.json").write_text('{"number": 4, "seal": ""}'),
            ["not the one that was made"],
        ),
        (edit(2, lambda c: c.pop("seal"), sealed=False), ["version 2: its seal", "version 3: its seal"]),
    ],
)
def test_check_finds_what_was_altered_by_hand(
    lake: Lake, damage: Callable[[Path], Any], said: list[str]
) -> None:
    folder = shop_with_all(lake)
    damage(folder)
    if folder.joinpath(FIRST).exists() and "was altered" in said[0]:  # however much is wrong, each is named
        edit(4, lambda c: c.update(number="x"), sealed=False)(folder)
        said = [*said, "00000004.json"]
    found = lake.check("tea")
    for words in said:
        assert any(words in line for line in found), (words, found)
    assert all("\n" not in line for line in found)


def test_a_version_made_whose_name_is_not_noted_yet_is_in_order(lake: Lake) -> None:
    put(lake, "1")
    before = (lake.root / "tea" / "newest.json").read_bytes()
    put(lake, "2")
    (lake.root / "tea" / "newest.json").write_bytes(before)
    assert lake.check("tea") == []
    put(lake, "3")
    (lake.root / "tea" / "newest.json").write_bytes(before)
    assert lake.check("tea") == ["newest.json does not name the last version made, or the one before"]


def test_check_misses_an_account_of_a_file_given_again(lake: Lake) -> None:
    put(lake, "1")
    with lake.writing("tea") as writer:
        writer.keep_repeat(record("brushed", sha256="g"))
    put(lake, "2")
    assert lake.check("tea") == []
    (repeat,) = (lake.root / "tea" / "repeats").iterdir()
    text = repeat.read_text()
    repeat.unlink()
    assert lake.check("tea") == ["version 1: an account in repeats/ is not there, or is one too many"]
    for damaged in (
        "null",
        "{",
        text.replace('"read_count": 0', '"read_count": null'),
        '{"import_id": null}',
    ):
        repeat.write_text(damaged)
        assert len(lake.check("tea")) == 1 and repeat.name in lake.check("tea")[0]
        with pytest.raises(InputError, match=rf"restore .*{repeat.name}"):
            lake.imports("tea")


def test_a_lake_without_seals_is_read_and_goes_on(lake: Lake) -> None:
    put(lake, "1")
    path = lake.root / "tea" / "versions" / "00000001.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in content.items() if k not in seals.SEAL_KEYS}))
    (lake.root / "tea" / "newest.json").unlink()
    assert lake.check("tea") == []
    put(lake, "2")
    assert ids(lake) == ["1", "2"] and lake.check("tea") == []
    path.write_text(json.dumps({**json.loads(path.read_text()), "tables": {"brushed": {"files": 1}}}))
    with pytest.raises(InputError, match="version 1 of 'tea' was altered"):
        lake.imports("tea")


def test_the_digest_is_none_of_the_bytes(tmp_path: Path) -> None:
    """Parquet bytes may differ between machines; the seal knows them, the digest does not."""
    one, other = Lake(tmp_path / "one"), Lake(tmp_path / "other")
    for lake, rows in ((one, "('1'), ('2')"), (other, "('2'), ('1')")):
        with duckdb.connect() as con, lake.writing("tea") as writer:
            writer.put(con, "brushed", f"SELECT order_id FROM (VALUES {rows}) AS t(order_id)")
            writer.commit(record("brushed"), digest_of={"n": 1})
    assert one.version("tea").digest == other.version("tea").digest
    assert versions.last_made(one.root / "tea") != versions.last_made(other.root / "tea")


def test_check_finds_rows_that_no_import_gave(lake: Lake) -> None:
    put(lake, "1 2")
    with duckdb.connect() as con, lake.writing("tea") as writer:
        writer.replace(con, "brushed", "SELECT '3' AS order_id", replaced="SELECT '1' AS order_id")
        writer.commit(record("brushed", sha256="x"), digest_of={"n": 1})
    assert lake.check("tea") == [
        "brushed: 1 rows that no import gives, going through the imports again",
        "brushed: 1 rows lacking, going through the imports again",
    ]


# --- at a prompt ----------------------------------------------------------------------------------------------------


def said(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[str, str, int]:
    """What a command printed, what it complained of, and its status."""
    try:
        cli.main([str(argument) for argument in arguments])
        status = 0
    except SystemExit as leave:
        status = int(leave.code or 0)
    out = capsys.readouterr()
    return out.out, out.err, status


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A shop of one order list, given twice, and a list of brushed orders."""
    header = "order_id,member_id,paid_at,paid_amount,status"
    (tmp_path / "o.csv").write_text(f"{header}\n1,a,2026-01-05,10,paid\n2,b,2026-01-06,x,paid\n")
    (tmp_path / "b.csv").write_text("order_id\n1\n7\n")
    for name in ("o.csv", "b.csv", "o.csv"):
        kind = ("--platform", "generic-brushed" if name == "b.csv" else "generic-orders")
        tea = ("--store", "tea", "--data", tmp_path)
        _, err, status = said(capsys, "import", tmp_path / name, *kind, "--max-rejected", 1, *tea)
        assert (err, status) == ("", 0)
    return tmp_path


def test_imports_and_rejected_rows_as_tables_and_csv(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _, _ = said(capsys, "imports", "--data", data, "--format", "csv")
    header, *lines = out.splitlines()
    assert header.startswith("shop,import_id,version,file,sheet,platform,channel,table,read_count")
    assert [line.split(",")[:4] for line in lines] == [
        ["tea", "1", "1", "o.csv"], ["tea", "2", "2", "b.csv"], ["tea", "2.1", "2", "o.csv"],
    ]  # fmt: skip
    out, _, _ = said(capsys, "imports", "--data", data, "--store", "tea", "--lang", "en")
    assert "Rows read" in out and "Taken back" not in out and "Sheet" not in out
    out, _, _ = said(
        capsys, "rejected", "--data", data, "--store", "tea", "--format", "table", "--lang", "zh"
    )
    assert "金额" in out and "o.csv" in out
    assert said(capsys, "rejected", "--data", data, "--store", "tea", "--import", "2.1")[0].count("\n") == 2


def test_undo_at_a_prompt(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tea = ("--store", "tea", "--data", data)
    out, _, status = said(capsys, "undo", "1", *tea)
    assert (out, status) == (
        "tea: import 1 (o.csv) taken back, with 2.1 (o.csv), the same file given again: "
        "taken out 1 in orders, 1 in rejected\n", 0,
    )  # fmt: skip
    assert "Taken back" in said(capsys, "imports", *tea, "--lang", "en")[0]
    assert said(capsys, "rejected", *tea, "--format", "table")[0] == "no rejected rows\n"
    out, _, status = said(capsys, "import", data / "o.csv", "--max-rejected", 1, *tea)
    assert "2 rows read = 1 accepted" in out and status == 0


def test_check_at_a_prompt(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "check", "tea", "--data", data) == ("tea: all is well\n", "", 0)
    assert said(capsys, "check", "--all", "--data", data) == ("tea: all is well\n", "", 0)
    edit(1, lambda c: c.update(digest="x"))(data / "lake" / "tea")
    out, err, status = said(capsys, "check", "--all", "--data", data)
    assert out.startswith("tea: version 1: its digest") and (err, status) == ("", 1)


def test_the_brushed_list_at_a_prompt(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tea = ("--store", "tea", "--data", data)
    out, _, _ = said(capsys, "brushed", *tea, "--format", "csv")
    assert out == "order_id,paid_at,paid_amount,status\n1,2026-01-05,10.0,paid\n7,,,\n"
    out, _, _ = said(capsys, "brushed", *tea, "--back", "7", "1")
    assert out.startswith(
        "tea: taken off the list of brushed orders: 2; left on it: 0; to put them back: memberlib undo 3 --store tea"
    )
    assert said(capsys, "brushed", *tea)[0] == "no brushed orders\n"
    said(capsys, "undo", "3", *tea)
    assert "2026" in said(capsys, "brushed", *tea)[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["undo", "1", "--store", "nowhere"], "no shop 'nowhere'"),
        (["check"], "say which shops"),
        (["check", "tea", "--all"], "say which shops"),
        (["check", "nowhere"], "no shop 'nowhere'"),
        (["undo", "9", "--store", "tea"], "no import 9; known: 1, 2, 2.1"),
        (["undo", "2.1", "--store", "tea"], "undo import 1, which took it in"),
        (["rejected", "--store", "tea", "--import", "x"], "no import x"),
        (["brushed", "1", "--store", "tea"], "--back"),
        (["brushed", "--back", "--store", "tea"], "--back"),
        (["brushed", "--back", "8", "--store", "tea"], "not on the list of brushed orders of 'tea': 8"),
        (["imports", "--store", "nowhere"], "no shop 'nowhere'"),
    ],
)
def test_misuse_is_one_clear_line(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    before = sorted(data.rglob("*"))
    out, err, status = said(capsys, *arguments, "--data", data)
    assert (out, status) == ("", 2) and words in err and err.count("\n") == 1
    assert sorted(p for p in data.rglob("*") if p.suffix != ".lock") == [
        p for p in before if p.suffix != ".lock"
    ]


@pytest.mark.parametrize("command", ["table", "import", "undo", "brushed"])
@pytest.mark.parametrize("how", ["gone", "cut", "scrambled", "footer"])
def test_a_damaged_data_file_is_named_in_one_line(
    data: Path, capsys: pytest.CaptureFixture[str], command: str, how: str
) -> None:
    (file,) = (data / "lake" / "tea" / "orders").glob("*.parquet")
    whole = file.read_bytes()
    if how == "gone":
        file.unlink()
    else:
        middle, end = len(whole) - 12, len(whole)
        changed = {
            "cut": whole[:-9],
            "scrambled": bytes(end),
            "footer": whole[:-200] + bytes(188) + whole[middle:],
        }
        file.write_bytes(changed[how])
    (data / "n.csv").write_text("order_id,member_id,paid_at,paid_amount,status\n1,a,2026-01-05,11,paid\n")
    arguments = {
        "table": ["table", "amount", "--store", "tea"],
        "import": ["import", data / "n.csv", "--store", "tea"],
        "undo": ["undo", "1", "--store", "tea"],
        "brushed": ["brushed", "--store", "tea"],
    }
    before = lake_state(data)
    out, err, status = said(capsys, *arguments[command], "--data", data)
    assert (out, status) == ("", 2) and err.count("\n") == 1
    assert file.name in err and "`memberlib check tea`" in err and "unexpected" not in err
    assert lake_state(data) == before
    assert said(capsys, "imports", "--store", "tea", "--data", data)[2] == 0
    assert said(capsys, "check", "tea", "--data", data)[2] == 1


def lake_state(data: Path) -> tuple[int, list[str]]:
    """The newest version and the accounts of a shop."""
    found = sorted(
        p.name for kind in ("versions", "repeats") for p in (data / "lake" / "tea" / kind).iterdir()
    )
    return Lake(data / "lake").newest("tea"), found


def test_a_version_that_is_gone_is_missed_by_all(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "lake" / "tea" / "versions" / "00000002.json").unlink()
    for command in (["imports"], ["import", data / "o.csv"], ["undo", "1"], ["brushed"]):
        out, err, status = said(capsys, *command, "--store", "tea", "--data", data)
        assert (out, status, err.count("\n")) == (
            "",
            2,
            1,
        ) and "version 2 of 'tea' is not there; restore" in err
    assert "version 2 is not there" in said(capsys, "check", "tea", "--data", data)[0]


def test_a_sheet_without_rows_has_no_account(lake: Lake) -> None:
    counts = {f"{kind}_count": 0 for kind in ("read", "accepted", "same", "replaced", "rejected")}
    parts = [
        {"table": "members", **counts},
        {"table": "brushed", **counts, "read_count": 1, "accepted_count": 1},
    ]
    with duckdb.connect() as con, lake.writing("tea") as writer:
        writer.put(con, "brushed", "SELECT '1' AS order_id", part=1)
        writer.commit(record() | {"parts": parts}, digest_of={"n": 1})
    assert lake.imports("tea")["table"].tolist() == ["brushed"]


def test_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "x" / "y"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert data_folder() == below / "data"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stores.toml").touch()
    assert data_folder() == tmp_path / "data"
    monkeypatch.setenv("MEMBERLIB_DATA", str(tmp_path / "other"))
    assert data_folder() == tmp_path / "other"
    assert data_folder("given") == Path("given")
