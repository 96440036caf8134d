"""Every import ends in an account that adds up, is whole or not there, and can be repeated."""

from __future__ import annotations

import csv
import os
import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib.errors import InputError
from memberlib.imports import Account, import_files, one_file
from memberlib.lake import IMPORT_COLUMNS, Lake
from memberlib.lake import writer as writer_module
from memberlib.settings import all_settings

TAOBAO = Path(__file__).parent / "data" / "taobao"
HEADER = ["order_id", "member_id", "paid_at", "paid_amount", "refund_amount", "status"]


def line(
    order_id: Any, member: str = "a", amount: Any = "10.00", status: str = "completed", refund: Any = "0"
) -> list[str]:
    return [str(order_id), member, "2026-01-05 09:00:00", str(amount), str(refund), status]


def orders(folder: Path, lines: list[list[str]], name: str = "orders.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *lines])
    return folder / name


def take(path: Path, data: Path, shop: str = "tea", **options: Any) -> Account:
    (account,) = import_files([path], shop, data=data, **options)
    return account


def counts(account: Account) -> tuple[int, int, int, int, int]:
    """read, accepted, same, replaced, rejected"""
    return (account.read_count, account.accepted_count, account.same_count, account.replaced_count,
            account.rejected_count)  # fmt: skip


def held(
    data: Path, table: str = "orders", number: int | None = None, shop: str = "tea"
) -> list[tuple[Any, ...]]:
    files = Lake(data / "lake").version(shop, number).files.get(table)
    return duckdb.sql(f"SELECT * FROM read_parquet({files}) ORDER BY ALL").fetchall() if files else []


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, except locks, which hold nothing."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths}


# --- accounts -------------------------------------------------------------------------------------------------------


def test_a_first_import_and_its_repetition(tmp_path: Path) -> None:
    path = orders(tmp_path, [line(1), line(2, "b"), line(3, ""), line(4, amount="free")])
    first = take(path, tmp_path, max_rejected_share=0.5)
    assert counts(first) == (4, 3, 0, 0, 1) and first.changed and first.version == 1
    assert (first.platform, first.table, first.first_on) == ("generic", "orders", "2026-01-05")
    before = Lake(tmp_path / "lake").version("tea")
    again = take(path, tmp_path, max_rejected_share=0.5)
    assert counts(again) == (4, 0, 3, 0, 1) and not again.changed and again.version == 1
    assert Lake(tmp_path / "lake").version("tea") == before


def test_a_newer_export_replaces_what_changed(tmp_path: Path) -> None:
    take(orders(tmp_path, [line(1, status="shipped"), line(2), line(3)]), tmp_path)
    newer = take(orders(tmp_path, [line(2), line(1), line(3, refund="4"), line(4)], "newer.csv"), tmp_path)
    assert counts(newer) == (4, 1, 1, 2, 0) and newer.version == 2
    assert [(r[0], r[4], float(r[6])) for r in held(tmp_path)] == [
        ("1", "completed", 0), ("2", "completed", 0), ("3", "completed", 4), ("4", "completed", 0),
    ]  # fmt: skip
    assert [r[4] for r in held(tmp_path, number=1)] == ["shipped", "completed", "completed"]
    # the older export again: it is no newer for being given again, and takes nothing back
    assert counts(take(tmp_path / "orders.csv", tmp_path)) == (3, 0, 3, 0, 0)
    assert [float(r[6]) for r in held(tmp_path)] == [0, 0, 4, 0]


def test_a_repetition_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = orders(tmp_path, [line(1), line(2)])
    take(path, tmp_path)
    take(orders(tmp_path, [line(3)], "more.csv"), tmp_path)
    take(orders(tmp_path, [line(1, amount="11")], "changed.csv"), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(one_file._FileImport, "_import_tables", None)
        assert counts(take(path, tmp_path)) == (2, 0, 2, 0, 0)


def test_rows_with_one_key_in_one_file(tmp_path: Path) -> None:
    lines = [
        line(1),
        line(1),
        line(2),
        line(2, amount="12"),
        line(3, amount="9"),
        line(3),
        line(3, amount="9"),
    ]
    path = orders(tmp_path, lines)
    # 1: accepted and same; 2: overruled and accepted; 3: same as the last, overruled, accepted
    assert counts(take(path, tmp_path)) == (7, 3, 2, 2, 0)
    assert [float(r[5]) for r in held(tmp_path)] == [10, 12, 9]
    assert counts(take(path, tmp_path)) == (7, 0, 7, 0, 0)
    other = orders(tmp_path, [*lines, line(4)], "other.csv")
    assert counts(take(other, tmp_path)) == (8, 1, 7, 0, 0)


def test_brushed_orders_have_only_a_key(tmp_path: Path) -> None:
    take(orders(tmp_path, [line(1), line(2, amount="5.50"), line(7)]), tmp_path)
    (tmp_path / "fake.csv").write_text("brushed_order_id\n1\n2\n2\n\n1\n")
    account = take(tmp_path / "fake.csv", tmp_path)
    assert counts(account) == (4, 2, 2, 0, 0)
    told = "orders left out of every figure from now on: 2, worth 15.50 USD"
    assert account.notes == ("blank rows passed over: 1", told)
    (tmp_path / "more.csv").write_text("order_id\n2\n3\n")
    with pytest.raises(InputError, match="could be generic brushed but does not say so; if it is, name it"):
        take(tmp_path / "more.csv", tmp_path)
    account = take(tmp_path / "more.csv", tmp_path, platform="generic-brushed")
    assert counts(account) == (2, 1, 1, 0, 0)
    assert account.notes[-1].startswith("orders on the list that the shop does not have so far: 1")
    Lake(tmp_path / "lake").take_off_brushed("tea", ["1"])
    assert counts(take(tmp_path / "fake.csv", tmp_path)) == (4, 1, 3, 0, 0)
    assert held(tmp_path, "brushed") == [("1",), ("2",), ("3",)]


def test_items_are_told_apart_by_order_and_line(tmp_path: Path) -> None:
    text = "order_id,line_id,product_id,amount\n1,1,a,5\n1,2,a,5\n2,1,b,7\n1,2,a,6\n"
    (tmp_path / "items.csv").write_text(text)
    assert counts(take(tmp_path / "items.csv", tmp_path)) == (4, 3, 0, 1, 0)


def test_taobao_forms_of_one_order_list(tmp_path: Path) -> None:
    # the 54-column form knows one refund that the 41-column form does not; otherwise they say the same
    names = [f"orders-{n}.csv" for n in (41, 54, 67)]
    found = [counts(a) for a in import_files([TAOBAO / n for n in names], "tea", data=tmp_path)]
    assert found == [(6, 6, 0, 0, 0), (6, 0, 5, 1, 0), (6, 0, 6, 0, 0)]
    settings = all_settings(tmp_path)["tea"]
    assert (settings.lang, settings.currency, settings.time_zone) == ("zh", "CNY", "Asia/Shanghai")


def test_an_account_must_add_up() -> None:
    with pytest.raises(AssertionError, match="5 rows read, 4 accounted for"):
        Account("1", "s", "f", "generic", "orders", 5, 1, 1, 1, 1, 1)


def test_unused_columns_are_named_for_the_generic_form_alone(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        ",".join([*HEADER, "colour", "note"]) + "\n" + ",".join([*line(1), "red", "x"])
    )
    assert take(tmp_path / "o.csv", tmp_path).notes == ("columns passed over: colour, note",)
    assert take(TAOBAO / "orders-54.csv", tmp_path, "other").notes == ()


def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path) -> None:
    lines = [line(1), line(2, "小橘子", "12.50"), line(3, "", "0.10", "pending")]
    columns = dict(zip(HEADER, zip(*lines, strict=True), strict=True))
    pq.write_table(pa.table({n: pa.array(v) for n, v in columns.items()}), tmp_path / "orders.parquet")
    with xlsxwriter.Workbook(str(tmp_path / "orders.xlsx")) as book:
        for name in ("first", "second"):
            sheet = book.add_worksheet(name)
            for n, cells in enumerate([HEADER, *lines]):
                sheet.write_row(n, 0, cells)
    take(orders(tmp_path, lines), tmp_path)
    assert counts(take(tmp_path / "orders.parquet", tmp_path)) == (3, 0, 3, 0, 0)
    both = import_files([tmp_path / "orders.xlsx"], "tea", data=tmp_path)
    assert [(a.sheet, counts(a)) for a in both] == [("first", (3, 0, 3, 0, 0)), ("second", (3, 0, 3, 0, 0))]
    one = take(tmp_path / "orders.xlsx", tmp_path, shop="other", sheets=["second"])
    assert one.sheet == "second" and counts(one) == (3, 3, 0, 0, 0)
    with pytest.raises(InputError, match=r"no sheet 'third' with anything in it \(first, second\)"):
        take(tmp_path / "orders.xlsx", tmp_path, sheets=["third"])


IDS = st.integers(1, 5).map(str)
ROWS = st.tuples(IDS, st.sampled_from(["a", "b", ""]), st.sampled_from(["1", "2.50", "x", "-1"]),
                 st.sampled_from(["completed", "pending", "what", ""]))  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.lists(ROWS, min_size=1, max_size=8), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_accounts_add_up_over_any_exports(
    batches: list[list[tuple[str, ...]]], chance: random.Random
) -> None:
    """Against the plainest reckoning there is: a dictionary of orders."""
    with tempfile.TemporaryDirectory() as folder:
        data, present = Path(folder), dict[str, tuple[str, ...]]()
        taken_in: list[list[tuple[str, ...]]] = []
        for number, batch in enumerate([*batches, chance.choice(batches)]):
            good = {
                n: r
                for n, r in enumerate(batch)
                if r[2] in ("1", "2.50") and r[3] in ("completed", "pending")
            }
            last = {r[0]: r for r in good.values()}
            new = {k for k in last if k not in present}
            changed = {k for k in last if k in present and present[k] != last[k]}
            standing = {r[0]: n for n, r in good.items()}
            overruled = sum(
                1
                for n, r in good.items()
                if n != standing[r[0]] and r != last[r[0]] and r[0] in new | changed
            )
            if batch in taken_in:  # the same file: nothing changes, whatever came between
                new, changed, overruled, last = set(), set(), 0, {}
            taken_in.append(batch)
            path = orders(data, [line(i, m, a, s) for i, m, a, s in batch], f"{number}.csv")
            account = take(path, data, max_rejected_share=1)
            accepted, replaced = len(new), len(changed) + overruled
            rejected = len(batch) - len(good)
            same = len(good) - accepted - replaced
            assert counts(account) == (len(batch), accepted, same, replaced, rejected)
            present |= last
            rows = [(r[0], r[1] or "", f"{r[5]:.2f}", r[4]) for r in held(data)]
            assert rows == sorted((i, m, f"{float(a):.2f}", s) for i, m, a, s in present.values())
            refused = Lake(data / "lake").rejected("tea", account.import_id)
            assert list(refused["row"]) == [n + 2 for n in range(len(batch)) if n not in good]
            assert sum(account.rules.values()) == rejected


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_accounts_and_rejected_rows_are_kept(tmp_path: Path) -> None:
    path = orders(tmp_path, [line(1), line("", "b"), line(3, status="?"), [*line(4), "x"]])
    for _ in range(3):  # that nothing changed is kept once
        take(path, tmp_path, max_rejected_share=1)
    take(orders(tmp_path, [line(5, amount="much")], "more.csv"), tmp_path, max_rejected_share=1)
    lake = Lake(tmp_path / "lake")
    kept = lake.imports("tea")
    assert list(kept.columns) == list(IMPORT_COLUMNS)
    assert kept[["import_id", "version", "file", "read_count", "rejected_count"]].values.tolist() == [
        ["1", 1, "orders.csv", 4, 3], ["2", 2, "more.csv", 1, 1],
    ]  # fmt: skip
    assert list(lake.imports("tea", unchanged=True)["import_id"]) == ["1", "1.1", "2"]
    assert list(lake.imports("tea", at_version=1)["import_id"]) == ["1"]
    refused = lake.rejected("tea")
    assert refused[["import_id", "file", "row", "rule"]].values.tolist() == [
        ["1", "orders.csv", 3, "missing_id"], ["1", "orders.csv", 4, "bad_status"], ["1", "orders.csv", 5, "ragged"],
        ["2", "more.csv", 2, "bad_amount"],
    ]  # fmt: skip
    assert refused["value"].tolist()[1:] == ["?", "7 fields, the header has 6", "much"]
    for import_id in ("1", 1, "1.1"):
        assert lake.rejected("tea", import_id)["row"].tolist() == [3, 4, 5]
    assert lake.rejected("tea", at_version=1)["import_id"].unique().tolist() == ["1"]


def test_the_same_imports_give_the_same_digest_anywhere(tmp_path: Path) -> None:
    found = []
    for name in ("here", "there"):
        paths = [orders(tmp_path / name, [line(n), line(n + 1)], f"{name}{n}.csv") for n in (1, 2)]
        import_files(paths, "tea", data=tmp_path / name / "data")
        found.append(Lake(tmp_path / name / "data" / "lake").version("tea"))
    assert found[0].digest == found[1].digest and found[0].number == 2
    import_files(reversed(paths), "tea", data=tmp_path / "back")
    assert Lake(tmp_path / "back" / "lake").version("tea").digest != found[0].digest


def test_a_shop_known_by_its_settings_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "stores.toml").write_text('# mine\n[tea]\ntime_zone = "America/New_York"\ncurrency = "USD"\n')
    before = (tmp_path / "stores.toml").read_text()
    values = ["1", "a", "2026-01-05T14:00:00Z", "5", "0", "paid"]
    take(orders(tmp_path, [values]), tmp_path)
    assert str(held(tmp_path)[0][3]) == "2026-01-05 09:00:00"
    assert (tmp_path / "stores.toml").read_text() == before
    take(orders(tmp_path, [values]), tmp_path, "gifts")
    assert (tmp_path / "stores.toml").read_text().startswith(before.rstrip())
    assert all_settings(tmp_path)["gifts"].time_zone == "UTC"


def test_progress_and_accounts_are_told_as_they_come(tmp_path: Path) -> None:
    shares: list[tuple[str, float]] = []
    told: list[Account] = []
    paths = [orders(tmp_path, [line(n)], f"{n}.csv") for n in (1, 2)]
    accounts = import_files(
        paths, "tea", data=tmp_path, progress=lambda f, s: shares.append((f, s)), done=told.append
    )
    assert told == accounts and [f for f, s in shares if s == 1] == ["1.csv", "2.csv"]


# --- what is refused ------------------------------------------------------------------------------------------------


def test_too_many_rejected_rows_refuse_the_file_whole(tmp_path: Path) -> None:
    path = orders(
        tmp_path / "in",
        [line(1), line(2, amount="free"), line(3, amount="gift"), line(4, status="?"), line(5)],
    )
    with pytest.raises(InputError) as raised:
        take(path, tmp_path / "data")
    said = str(raised.value)
    assert (
        "orders.csv: 3 of 5 rows (60.0%)" in said
        and "bad_amount" in said
        and "row 3, paid_amount 'free'" in said
    )
    assert "\n" not in said and not (tmp_path / "data").exists()
    assert counts(take(path, tmp_path / "data", max_rejected_share=0.6)) == (5, 2, 0, 0, 3)


def test_a_fifth_of_rejected_rows_is_still_taken_in(tmp_path: Path) -> None:
    lines = [line(n) for n in range(4)]
    assert counts(take(orders(tmp_path, [*lines, line("")]), tmp_path)) == (5, 4, 0, 0, 1)
    with pytest.raises(InputError, match="2 of 6 rows"):
        take(orders(tmp_path, [*lines, line(""), line("")]), tmp_path)


def test_a_file_of_nothing_but_rejected_rows_where_that_is_allowed(tmp_path: Path) -> None:
    account = take(orders(tmp_path, [line("")]), tmp_path, max_rejected_share=1)
    assert counts(account) == (1, 0, 0, 0, 1) and account.version == 1
    assert held(tmp_path) == [] and len(Lake(tmp_path / "lake").rejected("tea")) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.csv", None, "no file"),
        ("empty.csv", b"", "empty"),
        ("header.csv", b"order_id,member_id,paid_at,paid_amount,status\n", "no rows"),
        ("lacks.csv", b"order_id,member_id,paid_at,status\n1,a,2026-01-01,paid\n", "lacks paid_amount"),
        ("rows.csv", b"1,a,2026-01-01,10,paid\n2,b,2026-01-02,10,paid\n", "is the first row the header"),
        ("binary.csv", bytes(range(256)) * 4, "not a text, Excel or Parquet"),
        ("bad.xlsx", b"PK\x03\x04 nothing", "damaged workbook"),
        ("bad.parquet", b"PAR1 nothing", "damaged Parquet"),
    ],
)
def test_bad_files_change_nothing(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    data = tmp_path / "data"
    take(orders(tmp_path, [line(1)]), data)
    before = tree(data)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for shop in ("tea", "new"):
        with pytest.raises(InputError, match=said) as raised:
            take(tmp_path / name, data, shop)
        assert "\n" not in str(raised.value) and name in str(raised.value)
    assert tree(data) == before


def test_a_truncated_parquet_file_and_workbook(tmp_path: Path) -> None:
    table = pa.table({n: pa.array([str(i) for i in range(5000)]) for n in HEADER})
    pq.write_table(table, tmp_path / "o.parquet", compression="none")
    content = (tmp_path / "o.parquet").read_bytes()
    damaged = bytearray(content)
    damaged[100:20_000] = os.urandom(0) + b"\x5a" * 19_900
    for bad in (content[: len(content) // 2], bytes(damaged)):
        (tmp_path / "bad.parquet").write_bytes(bad)
        with pytest.raises(InputError):
            take(tmp_path / "bad.parquet", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_bad_shops_platforms_and_shares(tmp_path: Path) -> None:
    path = orders(tmp_path, [line(1)])
    with pytest.raises(InputError, match="'Tea House' is not a shop id"):
        take(path, tmp_path / "data", "Tea House")
    with pytest.raises(InputError, match="unknown platform 'ebay'; known: douyin, generic, jd"):
        take(path, tmp_path / "data", platform="ebay")
    with pytest.raises(InputError, match=r"nearest to taobao|no column of its header is known"):
        take(path, tmp_path / "data", platform="taobao")
    with pytest.raises(InputError, match="between 0 and 1, not 20"):
        take(path, tmp_path / "data", max_rejected_share=20)
    assert not (tmp_path / "data").exists()


def test_the_files_before_a_bad_one_stand(tmp_path: Path) -> None:
    good = [orders(tmp_path, [line(n)], f"{n}.csv") for n in (1, 2)]
    with pytest.raises(InputError, match=r"no file .*none\.csv.*; taken in before it: 1\.csv, 2\.csv"):
        import_files(
            [*good, tmp_path / "none.csv", orders(tmp_path, [line(3)], "3.csv")], "tea", data=tmp_path
        )
    assert [r[0] for r in held(tmp_path)] == ["1", "2"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the file's owner may always write")
def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    with pytest.raises(InputError, match="was not taken in"):
        take(orders(tmp_path, [line(1)]), tmp_path / "data")


# --- whole or not at all --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["table", "rejected", "settings", "version"])
@pytest.mark.parametrize("first", [True, False])
def test_an_import_that_dies_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, first: bool
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> Any:
        raise Killed

    data, clean = tmp_path / "data", tmp_path / "clean"
    start = orders(tmp_path, [line(1), line(2)], "start.csv")
    path = orders(tmp_path, [line(1, amount="11"), line(3), line("")], "next.csv")
    if not first:
        take(start, data)
        take(start, clean)
    newest = Lake(data / "lake").newest("tea")
    real = {name: getattr(writer_module.Writer, name) for name in ("put", "add")}
    last = "put" if step == "table" else "add"

    def dying(self: Any, *args: Any, **kwargs: Any) -> None:
        real[last](self, *args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        if step in ("table", "rejected"):
            patch.setattr(writer_module.Writer, last, dying)
        if step == "settings":
            patch.setattr(one_file._FileImport, "_add_shop", die)
        if step == "version":
            patch.setattr(writer_module, "create", die)
        with pytest.raises(Killed):
            take(path, data, max_rejected_share=0.5)
    assert Lake(data / "lake").newest("tea") == newest
    if not first:
        assert held(data) == held(clean)
    assert counts(take(path, data, max_rejected_share=0.5)) == counts(
        take(path, clean, max_rejected_share=0.5)
    )
    assert held(data) == held(clean)
    assert Lake(data / "lake").version("tea").digest == Lake(clean / "lake").version("tea").digest
    assert len(Lake(data / "lake").rejected("tea")) == 1


def test_imports_at_once_into_one_shop_all_end_right(tmp_path: Path) -> None:
    paths = [orders(tmp_path, [line(n), line(100 + n), line("shared")], f"{n}.csv") for n in range(6)]
    with ThreadPoolExecutor(3) as pool:
        accounts = list(pool.map(lambda p: take(p, tmp_path), paths))
    assert sorted(a.version for a in accounts) == [1, 2, 3, 4, 5, 6]
    assert sum(a.accepted_count for a in accounts) == 13 and sum(a.same_count for a in accounts) == 5
    assert len(held(tmp_path)) == 13


def test_new_shops_at_once_all_come_into_the_settings(tmp_path: Path) -> None:
    path = orders(tmp_path, [line(1)])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: take(path, tmp_path, f"shop{n}"), range(8)))
    assert sorted(all_settings(tmp_path)) == Lake(tmp_path / "lake").shops() == [f"shop{n}" for n in range(8)]
