"""A damaged export ends in a full account or in one line: never in a traceback, a hang, or a row unaccounted for.

Two hundred variants of each platform's files in every run of the tests; ``make fuzz`` sets ``DAMAGED`` to 10000.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from damage import BYTES, CELLS, damaged, sheet_of

from memberlib.errors import InputError
from memberlib.imports import Account, import_files
from memberlib.lake import Lake
from memberlib.loaders import matching

DATA = Path(__file__).parent / "data"
COUNT = int(os.environ.get("DAMAGED", "200"))
PLATFORMS = sorted(p.name for p in DATA.iterdir() if p.is_dir())
TRULY_EVERY = 40
"""Each so-many-th variant goes into the lake on disk; the others are held against what is in it, and not written."""
SECONDS = 60


class Paper:
    """A shop's writer that writes nothing: the shop stays as it is."""

    def __init__(self, lake: Lake) -> None:
        self.current = lake.version("shop")
        self.rejected = 0

    def present(self, table: str) -> list[str]:
        return list(self.current.files.get(table, []))

    def put(self, con: Any, table: str, rows: str, **options: Any) -> None:
        con.execute(f"SELECT count(*) FROM ({rows})").fetchall()

    def note_rows(self, con: Any, table: str, part: int, **options: Any) -> None:
        pass

    def add(self, con: Any, table: str, rows: str) -> None:
        if table == "rejected":
            self.rejected += con.execute(f"SELECT count(*) FROM ({rows})").fetchall()[0][0]

    def commit(self, record: Any, **options: Any) -> Any:
        return self.current

    def keep_repeat(self, record: Any) -> str:
        return "0.1"


def ends_well(
    path: Path, data: Path, row_count: int | None, what: str, *, store_id: str = "shop"
) -> list[Account]:
    """The accounts of an import, or none where it ended in one line; fails where it ended otherwise."""
    start = time.perf_counter()
    try:
        accounts = import_files([path], store_id, data=data, max_rejected_share=1)
    except InputError as error:
        said = str(error)
        assert "\n" not in said and "\r" not in said and 10 < len(said) < 1500 and "Traceback" not in said, (
            what
        )
        accounts = []
    except BaseException as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error
    assert time.perf_counter() - start < SECONDS, what
    for account in accounts:
        assert sum(account.rules.values()) == account.rejected_count, what
        # lines cut from one cell or one row are no rows of the file, and not each row of orders tells of a member
        of_rows = (account.platform, account.table) not in (
            ("youzan", "items"), ("woocommerce", "items"), ("shopify", "members"),
        )  # fmt: skip
        if row_count is not None and of_rows:
            assert account.read_count + blank(account) == row_count, (what, account)
    return accounts


def blank(account: Account) -> int:
    """Rows without a value, which are none, as the account's notes count them."""
    start = "blank rows passed over: "
    return sum(int(n.removeprefix(start).replace(",", "")) for n in account.notes if n.startswith(start))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_damaged_export_ends_in_a_full_account_or_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    files = sorted((DATA / platform).glob("*.csv"))
    data, taken, refused = tmp_path / "data", 0, 0
    lake = Lake(data / "lake")
    for file in files:
        import_files([file], "shop", data=data, max_rejected_share=1)
    papers: list[Paper] = []
    engine = duckdb.connect(config={"threads": 1})

    @contextlib.contextmanager
    def on_paper(*_: Any, **__: Any) -> Iterator[Paper]:
        papers.append(Paper(lake))
        yield papers[-1]

    def quick(*_: Any, **__: Any) -> duckdb.DuckDBPyConnection:
        """A connection of its own, without the optimiser, which takes longer than the work on so small a file."""
        con = engine.cursor()
        con.execute("PRAGMA disable_optimizer")
        return con

    whole = matching.matches

    def some(header: Sequence[str], *names: Any, **options: Any) -> list[matching.Match]:
        """Of the tables in a file all, or one and then another: most of the time goes into making their queries."""
        found = whole(header, *names, **options)
        return found if COUNT > 1000 or seed % 12 == 0 else found[seed % len(found) :][:1] if found else []

    for seed in range(COUNT):
        file = files[seed % len(files)]
        variant = damaged(file, seed)
        what = f"{platform}/{file.name}, seed {seed}: {', '.join(variant.done)}"
        path = tmp_path / f"damaged{variant.suffix}"
        path.write_bytes(variant.content)
        if seed % TRULY_EVERY == 0:
            fresh = f"new-{seed}" if seed % (2 * TRULY_EVERY) else "shop"
            accounts = ends_well(path, data, variant.row_count, what, store_id=fresh)
        else:
            papers.clear()
            with monkeypatch.context() as patch:
                patch.setattr(Lake, "writing", on_paper)
                patch.setattr(duckdb, "connect", quick)
                patch.setattr(matching, "matches", some)
                accounts = ends_well(path, data, variant.row_count, what)
            if accounts and papers and accounts[0].import_id != "0.1":
                assert papers[-1].rejected == sum(a.rejected_count for a in accounts), what
        taken, refused = taken + bool(accounts), refused + (not accounts)
    engine.close()
    assert lake.check("shop") == []
    assert COUNT < 100 or (taken > COUNT / 4 and refused > COUNT / 20), (taken, refused)


@pytest.mark.parametrize("file", sorted(DATA.glob("*/*.csv")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_an_undamaged_sheet_is_written_as_it_was_read(file: Path) -> None:
    sheet = sheet_of(file)
    again = sheet.content()
    if b'="' in file.read_bytes() or b"\t" in file.read_bytes():  # written there with quotes of its own
        again, file_text = again.replace(b'"', b""), file.read_bytes().replace(b'"', b"")
    else:
        file_text = file.read_bytes()
    assert again.replace(b'"', b"") == file_text.replace(b'"', b"")


def test_every_damage_is_done_and_the_same_for_the_same_seed() -> None:
    file = DATA / "shopify" / "orders_export.csv"
    done = {name for seed in range(400) for name in damaged(file, seed).done}
    assert done == {d.__name__ for d in (*CELLS, *BYTES)} | {"workbook"}
    assert damaged(file, 7) == damaged(file, 7) and damaged(file, 7) != damaged(file, 8)
