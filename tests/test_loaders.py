"""Files in every form come out as the same canonical rows; what cannot be read is named, row by row."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib import model
from memberlib.errors import InputError
from memberlib.imports import import_files
from memberlib.loaders import crosswalk, decoding, matching, reader, rows
from memberlib.loaders.staging import StagedFile, stage

DATA = Path(__file__).parent / "data" / "taobao"
HEADER = "order_id,member_id,paid_at,paid_amount,refund_amount,status"
GOOD = "1,a,2026-01-05 09:00:00,10.50,0,completed"


class Read:
    """What a file was read as: good rows by column name, refused rows, and the counts."""

    def __init__(self, path: Path, *, platform: str | None = None, zone: str = "Asia/Shanghai") -> None:
        sheets = reader.open_tables(path)
        file, match = next((s, m) for s in sheets if (m := matching.match(s.header, platform)))
        self.match, self.file = match, file
        with duckdb.connect() as con:
            self.staged: StagedFile = stage(con, file, match, zone=zone)
            self.rows = (
                con.execute("SELECT * EXCLUDE (row_count) FROM staged_0 ORDER BY row").df().to_dict("records")
            )
            self.typed = con.execute("SELECT * EXCLUDE (row_count) FROM staged_0 ORDER BY row").fetchall()
            names = [d[0] for d in con.description or []]
            self.typed = [dict(zip(names, r, strict=True)) for r in self.typed]
            (self.taken,) = con.execute("SELECT coalesce(sum(row_count), 0) FROM staged_0").fetchall()[0]
            self.refused = con.execute(
                'SELECT row, rule, "column", value FROM refused_0 ORDER BY row'
            ).fetchall()

    def column(self, name: str) -> list[Any]:
        return [r[name] for r in self.typed]


def written(folder: Path, content: str | bytes, name: str = "f.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def order(**changed: str) -> str:
    """One line of the generic order list with these values changed."""
    values = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | changed
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values.values())
    return out.getvalue()


# --- Taobao ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "count"), [("41", 41), ("54", 54), ("67", 67)])
def test_taobao_orders(form: str, count: int) -> None:
    found = Read(DATA / f"orders-{form}.csv")
    assert found.match.crosswalk.name == "taobao-orders" and len(found.file.header) == count
    assert found.column("order_id") == [f"240000000000000{n}" for n in range(1, 7)]
    assert found.column("member_id") == ["小橘子88", "tb00042", "tb00042", "爱喝汤的猫", "walnut", "walnut"]
    assert found.column("status") == ["completed", "completed", "cancelled", "shipped", "paid", "pending"]
    assert found.column("region") == ["浙江省", "广东省", "广东省", "上海", "北京", "北京"]
    assert found.column("city") == ["杭州市", "广州市", "广州市", "上海市", None, None]
    assert found.column("paid_at")[:3] == [
        dt.datetime(2026, 1, 5, 9, 12),
        dt.datetime(2026, 1, 6, 20, 0, 30),
        None,
    ]
    assert found.column("item_count") == [3, 1, 1, 2, 1, 1]
    assert found.column("shipping_amount")[:2] == [Decimal("12.0000"), Decimal("0.0000")]
    assert found.refused == [] and found.staged.read_count == 6
    assert (found.staged.first_on, found.staged.last_on) == ("2026-01-05", "2026-01-10")


def test_taobao_s_paid_amount_is_before_refunds() -> None:
    # 实际支付 79.50 has the refund of 20.00 taken off; the 41-column form does not know the refund
    for form, paid, refund in (("54", "99.50", "20.00"), ("67", "99.50", "20.00"), ("41", "79.50", "0.00")):
        row = Read(DATA / f"orders-{form}.csv").typed[1]
        assert (row["paid_amount"], row["refund_amount"]) == (Decimal(paid), Decimal(refund))
        assert row["paid_amount"] - row["refund_amount"] == Decimal("79.50")


def test_taobao_item_lines_without_ids_are_told_apart_by_their_place() -> None:
    found = Read(DATA / "items-10.csv")
    assert [(r["order_id"][-1], r["line_id"]) for r in found.typed] == [("1", "1"), ("1", "2"), ("2", "1")]
    assert found.column("product_id") == [
        "SH-0001",
        "PA-0002-L",
        "条纹T恤",
    ]  # 商家编码, else 外部系统编号, else 标题
    assert found.column("quantity") == [2, 1, 1]
    assert found.column("amount") == [Decimal("128.0000"), Decimal("60.0000"), Decimal("99.5000")]


def test_taobao_item_lines_of_the_later_form() -> None:
    found = Read(DATA / "items-18.csv")
    assert found.column("order_id") == ["2400000000000001"] * 2
    assert found.column("line_id") == ["2400000000000011", "2400000000000012"]
    assert found.column("amount") == [
        Decimal("140.0000"),
        Decimal("60.0000"),
    ]  # what was paid, not price × number


def test_taobao_members() -> None:
    found = Read(DATA / "members.csv")
    assert found.column("level") == ["regular", "advanced", "supreme", None]
    assert found.column("level_manual") == [False, False, True, False]
    assert found.column("gender") == ["female", "male", None, None]
    assert found.column("birthday") == [dt.date(1990, 2, 28), dt.date(1988, 7, 1), None, None]
    assert found.column("joined_on") == [
        dt.date(2025, 12, 31),
        dt.date(2026, 1, 6),
        dt.date(2026, 1, 8),
        None,
    ]
    assert found.column("points") == [200, 1080, None, None]


def test_a_list_of_brushed_orders() -> None:
    assert Read(DATA / "brushed.csv").column("order_id") == ["2400000000000004"]


def test_nothing_of_a_person_is_read(tmp_path: Path) -> None:
    found = Read(DATA / "orders-54.csv")
    read = {found.file.header[p].strip() for p in found.match.without_contacts().wanted}
    assert not read & {"收货人姓名", "联系电话", "联系手机", "买家支付宝账号", "买家留言"}
    assert "文三路1号" not in str(found.typed)


def test_status_words_in_any_width_and_the_reason_for_closing(tmp_path: Path) -> None:
    head = "订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间,订单关闭原因\n"
    lines = "1,a,0,交易关闭,,退款\n2,a,0,,,买家未付款\n3,a,5,卖家已发货,2026-01-01 00:00:00,\n"
    lines = lines.replace("卖家已发货", '"卖家已发货, 等待买家确认 "')
    assert Read(written(tmp_path, head + lines)).column("status") == ["cancelled", "cancelled", "shipped"]


# --- which crosswalk ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("status,paid_amount,order_id,paid_at,note,member_id", "generic-orders"),
        (" Order_ID ,MEMBER_ID,paid_at,paid_amount,status", "generic-orders"),
        ("order_id,line_id,product_id,amount", "generic-items"),
        ("member_id", "generic-members"),
        ("member_id,joined_on,level", "generic-members"),
        ("brushed_order_id", "generic-brushed"),
        ("brushed_order_id,why", "generic-brushed"),
        ("刷单订单编号", "taobao-brushed"),
        ("刷单订单号,备注", "taobao-brushed"),
        ("会员昵称,会员级别,累计消费金额,交易笔数,最后交易时间", "taobao-members"),
    ],
)  # fmt: skip
def test_the_header_says_which_crosswalk(header: str, name: str) -> None:
    found = matching.match(header.split(","))
    assert found is not None and found.crosswalk.name == name


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("order_id,member_id,paid_amount,status", "generic orders, but lacks paid_at"),
        ("member_id,paid_at,paid_amount,status", "generic orders, but lacks order_id"),
        ("订单编号,买家会员名,订单状态", "taobao orders, but lacks 订单付款时间, 买家实际支付金额"),
        ("订单编号,订单状态,买家会员名,买家实际支付金额", "taobao orders, but lacks 订单付款时间"),
        ("a,b,c", "no column of its header is known"),
        ("1,2026-01-01,3.5", "is the first row the header"),
    ],
)
def test_a_header_that_fits_nothing_is_told_what_it_lacks(header: str, said: str) -> None:
    assert matching.match(header.split(",")) is None
    assert said in matching.nearest(header.split(","))


def test_a_named_platform_is_taken_at_its_word() -> None:
    header = ["订单编号", "买家会员名"]
    assert matching.match(header) is None
    found = matching.match(header, "taobao-brushed")
    assert found is not None and found.crosswalk.table.name == "brushed"
    assert matching.match(HEADER.split(","), "taobao") is None
    with pytest.raises(InputError, match="unknown platform 'etsy'; known: douyin, generic, jd"):
        crosswalk.of_platform("etsy")


def test_of_columns_named_twice_the_first_is_read(tmp_path: Path) -> None:
    found = Read(written(tmp_path, f"{HEADER},member_id\n{GOOD},b\n"))
    assert found.column("member_id") == ["a"] and found.match.repeated == ("member_id",)


NAMES = {c.name for c in crosswalk.crosswalks()}


@pytest.mark.parametrize("found", crosswalk.crosswalks(), ids=lambda c: c.name)
def test_each_crosswalk_is_sound(found: crosswalk.Crosswalk) -> None:
    content = resources.files("memberlib.loaders").joinpath(f"{found.name}.toml").read_text(encoding="utf-8")
    stated = tomllib.loads(content)
    assert found.name.startswith(f"{found.platform}-") and set(found.needed) <= set(found.sources)
    assert (stated["platform"] == found.platform and not found.beside) or found.beside in NAMES
    for column in found.table.columns:  # a coded column reads the platform's words, or the codes themselves
        if column.kind == "code" and column.name in found.sources and found.platform != "generic":
            assert found.words[column.name]


def test_a_status_has_every_canonical_code() -> None:
    words = next(c for c in crosswalk.crosswalks() if c.name == "taobao-orders").words["status"]
    assert set(words.values()) == set(model.STATUSES)


# --- how files are written ------------------------------------------------------------------------------------------

LINES = [HEADER, GOOD, "2,小橘子88,2026-01-06 10:00:00,20,5,paid"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_line_ends_and_delimiters(tmp_path: Path, encoding: str, end: str, delimiter: str) -> None:
    text = end.join(line.replace(",", delimiter) for line in LINES) + end
    found = Read(written(tmp_path, text, encoding=encoding))
    assert found.column("member_id") == ["a", "小橘子88"]
    assert found.column("paid_amount") == [Decimal("10.5"), Decimal("20")] and found.column("row") == [2, 3]


def test_an_encoding_that_shows_only_late(tmp_path: Path) -> None:
    lines = [order(order_id=str(n)) for n in range(30_000)] + [order(order_id="x", member_id="小橘子")]
    for encoding in ("utf-8", "gbk"):
        content = "\n".join([HEADER, *lines]) + "\n"
        assert len(content) > 1 << 20
        found = Read(written(tmp_path, content, encoding=encoding))
        assert found.column("member_id")[-1] == "小橘子" and found.refused == []


def test_a_value_that_cannot_be_decoded_is_refused(tmp_path: Path) -> None:
    content = (
        f"{HEADER}\n{GOOD}\n".encode()
        + "2,茶,2026-01-05,1,0,paid\n".encode()
        + b"3,\xff\xfe,2026-01-05,1,0,paid\n"
    )
    found = Read(written(tmp_path, content))
    assert found.column("order_id") == ["1", "2"]
    assert [r[:2] for r in found.refused] == [(4, "bad_encoding")]


def test_quotes_commas_and_line_ends_in_values(tmp_path: Path) -> None:
    text = f'{HEADER},note\n{GOOD},"two\nlines, ""so"""\n"2",b,"2026-01-05",1,0,paid,"x"\n'
    found = Read(written(tmp_path, text))
    assert found.column("row") == [2, 3] and found.column("order_id") == ["1", "2"]


@pytest.mark.parametrize("mark", ["", "小"])  # one of them in bytes that are no UTF-8
@pytest.mark.parametrize("place", ["note", "paid_amount"])
def test_an_unclosed_quote_is_named_not_swallowed(tmp_path: Path, mark: str, place: str) -> None:
    lines = [f"{order(order_id=str(n))},{mark}" for n in range(1, 40)]
    lines[10] = (
        f'11,a,2026-01-05,1,0,paid,"{mark}' if place == "note" else f'11,a,2026-01-05,"1,0,paid,{mark}'
    )
    lines[20] = f'21,a,2026-01-05,1,0,paid,"{mark}'
    for text in (
        "\n".join([HEADER + ",note", *lines]),
        "\n".join([HEADER + ",note", *lines[:20], *lines[21:]]),
    ):
        with pytest.raises(InputError, match="quote"):
            Read(written(tmp_path, text, encoding="gbk"))


def test_rows_with_too_many_or_too_few_fields_keep_their_numbers(tmp_path: Path) -> None:
    lines = [order(order_id=str(n), member_id="小橘子") for n in range(2, 12)]
    lines[3] += ",extra"
    lines[6] = "8,小橘子"
    text = "\n".join([HEADER, *lines[:5], "", *lines[5:]]) + "\n\n"
    for encoding in ("utf-8", "gbk", "utf-16"):
        found = Read(written(tmp_path, text, encoding=encoding))
        assert found.refused == [
            (5, "ragged", None, "7 fields, the header has 6"),
            (9, "ragged", None, "2 fields, the header has 6"),
        ]
        assert found.column("row") == [2, 3, 4, 6, 8, 10, 11, 12]
        assert found.column("order_id") == ["2", "3", "4", "6", "7", "9", "10", "11"]
        assert set(found.column("member_id")) == {"小橘子"}
        assert found.staged.blank_count == 2 and found.staged.read_count == 10


def test_row_numbers_hold_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_BLOCK_BYTES", 600)
    lines = [order(order_id=str(n + 2)) if n % 7 else "bad,row" for n in range(300)]
    found = Read(written(tmp_path, "\n".join([HEADER, *lines])))
    assert found.column("row") == [int(i) for i in found.column("order_id")]
    assert [r[0] for r in found.refused] == [n + 2 for n in range(0, 300, 7)]


def test_a_comma_at_the_end_of_the_header_or_of_the_rows(tmp_path: Path) -> None:
    for text in (f"{HEADER},\n{GOOD}\n", f"{HEADER}\n{GOOD},\n", f"{HEADER},\n{GOOD},\n"):
        assert Read(written(tmp_path, text)).column("order_id") == ["1"]


def test_blank_lines_before_the_header(tmp_path: Path) -> None:
    found = Read(written(tmp_path, f"\n\n{HEADER}\n{GOOD}\n\n{order(order_id='2')}"))
    assert found.column("row") == [4, 6]


def test_parquet_with_types_of_its_own(tmp_path: Path) -> None:
    zoned = pa.array([dt.datetime(2026, 1, 4, 17, 0, tzinfo=dt.UTC), None], pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "order_id": pa.array([1.0, 2.0]), "member_id": pa.array([7, None], pa.int64()), "paid_at": zoned,
            "paid_amount": pa.array([10.5, 3.0]), "status": ["completed", "pending"], "x": [1, 2],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "orders.parquet")
    found = Read(tmp_path / "orders.parquet")
    assert found.column("order_id") == ["1", "2"] and found.column("member_id") == ["7", None]
    assert found.column("paid_at") == [dt.datetime(2026, 1, 5, 1, 0), None]  # Shanghai
    assert found.column("paid_amount") == [Decimal("10.5"), Decimal(3)] and found.column("row") == [1, 2]


def test_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        book.add_worksheet("about").write(0, 0, "made by hand")
        sheet = book.add_worksheet("orders")
        sheet.write_row(1, 0, HEADER.split(","))
        sheet.write_row(2, 0, [101.0, "小橘子"])
        sheet.write_datetime(2, 2, dt.datetime(2026, 1, 5, 9, 30))
        sheet.write_row(2, 3, [10.1 + 0.2, 0, "completed"])
        sheet.write_row(
            4, 0, ["102", "b", 46027.25, "¥1,234.50", "", "paid"]
        )  # a serial number: 2026-01-05 06:00
        sheet.write_row(5, 0, [1.70000000000000001e17, "c", "2026-01-05", 1, 0, "paid"])
    found = Read(path)
    assert found.file.sheet == "orders" and found.column("row") == [3, 5]
    assert found.column("order_id") == ["101", "102"] and found.column("member_id") == ["小橘子", "b"]
    assert found.column("paid_at") == [dt.datetime(2026, 1, 5, 9, 30), dt.datetime(2026, 1, 5, 6)]
    assert found.column("paid_amount") == [Decimal("10.3"), Decimal("1234.5")]
    assert [r[:2] for r in found.refused] == [(6, "rounded_id")]


# --- how values are written -----------------------------------------------------------------------------------------


AMOUNTS = {
    "12.5": "12.5", "12": "12", " 12.50 ": "12.5", "0": "0", ".5": "0.5", "1,234.5": "1234.5", "1,234,567": "1234567",
    "¥12.50": "12.5", "￥1,000": "1000", "12.5元": "12.5", "NT$300": "300", "$8.00": "8", "£1,200.00": "1200",
    "'12.5": "12.5", '="12.5"': "12.5", "12.30000000000001": "12.3", "1e3": "1000",
    "99999999999999.9999": "99999999999999.9999",
}  # fmt: skip
NO_AMOUNTS = ["abc", "12,5", "1,23,456", "1_000", "nan?", "inf", "1e30", "123456789012345678", "12.5.1", "=1+1",
              "0x10", "--5", "1 2e", "+-1", "."]  # fmt: skip
MOMENTS = {
    "2026-01-05 09:30:15": (2026, 1, 5, 9, 30, 15),
    "2026-01-05T09:30:15": (2026, 1, 5, 9, 30, 15),
    "2026-01-05 09:30:15.250": (2026, 1, 5, 9, 30, 15, 250_000),
    "2026-01-05 09:30": (2026, 1, 5, 9, 30),
    "2026-01-05": (2026, 1, 5),
    "2024-02-29": (2024, 2, 29),
    "2026/1/5 9:30": (2026, 1, 5, 9, 30),
    "2026.01.05": (2026, 1, 5),
    "2026年1月5日": (2026, 1, 5),
    "20260105": (2026, 1, 5),
    '="2026-01-05 09:30:15"': (2026, 1, 5, 9, 30, 15),
    # with an offset: turned into Shanghai's wall time
    "2026-01-05T01:30:15Z": (2026, 1, 5, 9, 30, 15),
    "2026-01-05 01:30:15 UTC": (2026, 1, 5, 9, 30, 15),
    "2026-01-05T09:30:15+08:00": (2026, 1, 5, 9, 30, 15),
    "2026-01-05 09:30+08": (2026, 1, 5, 9, 30),
    "2026-01-04 20:30:15 -0500": (2026, 1, 5, 9, 30, 15),
    "2026-04-05 12:06:15 +0500": (2026, 4, 5, 15, 6, 15),
}
NO_MOMENTS = ["yesterday", "2026-02-30", "2025-02-29", "2026-13-01", "05/01/2026", "1989-12-31", "2101-01-01",
              "infinity", "epoch", "2026-01-05 25:00:00", "46027", "2026-01-05T09:30:15+99:00", "0026-01-05 00:00:00",
              "2026-01-05 09:30:xx"]  # fmt: skip


def each(folder: Path, column: str, values: Iterable[str]) -> Read:
    """A file with one row per value of a column."""
    lines = [order(**{"order_id": str(n), column: value}) for n, value in enumerate(values)]
    return Read(written(folder, "\n".join([HEADER, *lines])))


def test_amounts(tmp_path: Path) -> None:
    found = each(tmp_path, "paid_amount", AMOUNTS)
    assert dict(zip(AMOUNTS, found.column("paid_amount"), strict=True)) == {
        k: Decimal(v) for k, v in AMOUNTS.items()
    }


def test_what_is_no_amount(tmp_path: Path) -> None:
    found = each(tmp_path, "paid_amount", NO_AMOUNTS)
    assert found.refused == [(n, "bad_amount", "paid_amount", v) for n, v in enumerate(NO_AMOUNTS, 2)]


def test_dates(tmp_path: Path) -> None:
    found = each(tmp_path, "paid_at", MOMENTS)
    assert dict(zip(MOMENTS, found.column("paid_at"), strict=True)) == {
        k: dt.datetime(*v) for k, v in MOMENTS.items()
    }


def test_what_is_no_date(tmp_path: Path) -> None:
    found = each(tmp_path, "paid_at", NO_MOMENTS)
    assert found.refused == [(n, "bad_date", "paid_at", v) for n, v in enumerate(NO_MOMENTS, 2)]


def test_an_offset_becomes_the_shop_s_time_also_in_summer(tmp_path: Path) -> None:
    text = "\n".join(
        [HEADER, order(paid_at="2026-01-05T12:00:00Z"), order(order_id="2", paid_at="2026-07-05T12:00:00Z")]
    )
    found = Read(written(tmp_path, text), zone="Europe/London")
    assert [m.hour for m in found.column("paid_at")] == [12, 13]


def test_nothing_has_many_names(tmp_path: Path) -> None:
    names = ["", " ", "null", "'null", "NULL", "NA", "N/A", "-", "--", "nan", "None", '=""']
    lines = [order(order_id=str(n), member_id=name, refund_amount=name) for n, name in enumerate(names)]
    found = Read(written(tmp_path, "\n".join([HEADER, *lines])))
    assert found.column("member_id") == [None] * len(names)
    assert found.column("refund_amount") == [Decimal(0)] * len(names)


def test_ids_that_look_like_nothing_stay(tmp_path: Path) -> None:
    names = ["0", "No", "O'Neil", "a-b", "小'猫", "N", "nanny", "=x", "---"]
    assert each(tmp_path, "member_id", names).column("member_id") == names


RULES = [
    ({"order_id": ""}, "missing_id", "order_id"),
    ({"order_id": "1.70E+17"}, "rounded_id", "order_id"),
    ({"member_id": "2.1e+15"}, "rounded_id", "member_id"),
    ({"status": ""}, "missing_status", "status"),
    ({"status": "done"}, "bad_status", "status"),
    ({"paid_amount": ""}, "missing_amount", "paid_amount"),
    ({"paid_amount": "-1"}, "negative_amount", "paid_amount"),
    ({"refund_amount": "-0.01"}, "negative_amount", "refund_amount"),
    ({"refund_amount": "some"}, "bad_amount", "refund_amount"),
    ({"paid_at": ""}, "missing_paid_at", "paid_at"),
    ({"paid_at": "", "status": "shipped"}, "missing_paid_at", "paid_at"),
]


def test_each_rule_of_orders(tmp_path: Path) -> None:
    lines = [order(**{"order_id": str(n), **changed}) for n, (changed, _, _) in enumerate(RULES)]
    found = Read(written(tmp_path, "\n".join([HEADER, *lines, GOOD])))
    assert found.refused == [(n, rule, c, changed.get(c)) for n, (changed, rule, c) in enumerate(RULES, 2)]
    assert found.column("order_id") == ["1"] and found.staged.rejected_count == len(RULES)
    assert sum(found.staged.rules.values()) == len(RULES) and found.staged.rules["rounded_id"] == 2


def test_pending_and_cancelled_orders_need_no_date(tmp_path: Path) -> None:
    lines = [
        order(order_id=str(n), paid_at="", status=s)
        for n, s in enumerate(("pending", "cancelled", "Cancelled"))
    ]
    assert Read(written(tmp_path, "\n".join([HEADER, *lines]))).column("paid_at") == [None] * 3


def test_each_rule_of_members(tmp_path: Path) -> None:
    good = {"member_id": "m", "level": "vip", "gender": "male", "level_manual": "true", "points": "5",
            "birthday": "1985-05-06", "joined_on": "2020-01-01"}  # fmt: skip
    wrong = [("level", "gold", "bad_level"), ("gender", "other", "bad_gender"), ("level_manual", "maybe", "bad_flag"),
             ("points", "1.5", "bad_integer"), ("points", "many", "bad_integer"), 
             ("birthday", "1899-12-31", "bad_birthday"),
             ("joined_on", "1985-01-01", "bad_date"), ("member_id", "-", "missing_id")]  # fmt: skip
    lines = [",".join((good | {column: value}).values()) for column, value, _ in wrong]
    found = Read(written(tmp_path, "\n".join([",".join(good), *lines, ",".join(good.values())])))
    assert found.refused == [(n, rule, column, value) for n, (column, value, rule) in enumerate(wrong, 2)]
    assert found.column("birthday") == [dt.date(1985, 5, 6)]


def test_every_rule_is_explained() -> None:
    modules = ("values.py", "query.py", "gathering.py", "staging.py", "birthdays.py")
    folder = resources.files("memberlib.loaders")
    content = "".join(folder.joinpath(module).read_text(encoding="utf-8") for module in modules)
    for rule in model.RULES:
        known = (
            rule in content
            or rule in ("bad_status", "bad_level", "bad_gender", "missing_status")
            or rule in ("bad_kind", "missing_kind")
        )
        assert known, rule


# --- files that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\xef\xbb\xbf\r\n \r\n", "empty"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "not a text, Excel or Parquet"),
        ("control.csv", bytes(range(1, 32)) * 20, "not a text, Excel or Parquet"),
        ("cut.xlsx", b"PK\x03\x04" + b"x" * 500, "damaged workbook"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 500, "damaged workbook"),
        ("cut.parquet", b"PAR1" + b"x" * 500, "damaged Parquet"),
    ],
)  # fmt: skip
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        reader.open_tables(written(tmp_path, content, name))
    assert "\n" not in str(raised.value) and name in str(raised.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        reader.open_tables(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        reader.open_tables(tmp_path)


def test_an_archive_is_no_workbook(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("orders.csv", HEADER)
    with pytest.raises(InputError, match="an archive, not a workbook"):
        reader.open_tables(tmp_path / "a.zip")


def test_a_header_without_rows(tmp_path: Path) -> None:
    for text in (HEADER, HEADER + "\n", HEADER + "\r\n\r\n", HEADER + "\n,,,,,\n"):
        assert Read(written(tmp_path, text)).staged.read_count == 0
        with pytest.raises(InputError, match="no rows"):
            import_files([written(tmp_path, text)], "tea", data=tmp_path)


def test_a_row_longer_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_BLOCK_BYTES", 1000)
    text = f"{HEADER},note\n{GOOD},\n{order(order_id='2')},{'x' * 5000}\n"
    with pytest.raises(InputError, match="cannot be cut into rows"):
        Read(written(tmp_path, text))


# --- what always holds ----------------------------------------------------------------------------------------------

VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(max_examples=40)
@given(
    st.lists(st.lists(VALUES, min_size=6, max_size=6), min_size=1, max_size=8),
    st.sampled_from(["utf-8", "gb18030"]),
)
def test_every_row_is_read_once_or_refused_once(table: list[list[str]], encoding: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows([HEADER.split(","), *table])
        path = written(Path(folder), out.getvalue(), encoding=encoding)
        try:
            found = Read(path)
        except InputError as error:
            assert "no rows" in str(error)
            return
        taken = [*found.column("row"), *(r[0] for r in found.refused)]
        assert len(set(taken)) == len(taken) == found.staged.read_count
        assert set(taken) <= set(range(2, len(table) + 2))
        assert found.staged.read_count + found.staged.blank_count == len(table)
        for row, order_id in zip(found.column("row"), found.column("order_id"), strict=True):
            assert order_id in table[row - 2][0]


@given(st.lists(st.text("小橘子abc é€𠮷", max_size=5), max_size=30))
def test_decoding_all_at_once_is_decoding_each(values: list[str]) -> None:
    for encoding in ("utf-8", "gb18030"):
        array = pa.array([v.encode(encoding) for v in values], pa.binary())
        text, broken = decoding.Decoder(encoding, latin=False).text(array)
        assert text.to_pylist() == [v.strip() for v in values] and broken is None
        through = pa.array([v.encode(encoding).decode("latin-1").encode() for v in values], pa.binary())
        text, broken = decoding.Decoder(encoding, latin=True).text(through)
        assert text.to_pylist() == [v.strip() for v in values] and broken is None


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
def test_row_numbers_skip_ragged_rows(good: list[bool], first: int) -> None:
    numbers = [n for n, ok in enumerate(good, first) if ok]
    ragged = [(n, 0) for n, ok in enumerate(good, first) if not ok]
    done = len(numbers) // 2
    found = rows._row_numbers(first, done, len(numbers) - done, ragged)
    assert list(found) == numbers[done:]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content, cut, or with bytes changed, put in or taken out somewhere."""
    place, other = sorted((chance.randrange(len(content)), chance.randrange(len(content))))
    kind = chance.randrange(8)
    if kind == 0:
        return content[:other]
    if kind == 1:
        return content[place:]
    if kind == 2:
        changed = bytearray(content)
        for _ in range(chance.randrange(1, 30)):
            changed[chance.randrange(len(content))] = chance.randrange(256)
        return bytes(changed)
    if kind == 3:
        return content.replace(b"\n", chance.choice([b"\r", b"\r\r\n", b"\n\n", b""]))
    if kind == 4:
        return content[:place] + content[place:other] * 2 + content[other:]
    what = chance.choice(
        [b'"', b'"\n"', b"\0" * 30, b"9" * 500, b"9" * 200_000, b"=1+1", b"\xff\xfe", b",,,,"]
    )
    return content[:place] + what + content[place:]


def test_a_damaged_file_ends_in_a_full_account_or_in_one_line(tmp_path: Path) -> None:
    lines = [order(order_id=str(n)) for n in range(200)]
    columns = dict(zip(HEADER.split(","), zip(*csv.reader(lines), strict=True), strict=True))
    pq.write_table(pa.table({n: pa.array(v) for n, v in columns.items()}), tmp_path / "whole.parquet")
    with xlsxwriter.Workbook(str(tmp_path / "whole.xlsx")) as book:
        sheet = book.add_worksheet()
        for n, cells in enumerate(csv.reader([HEADER, *lines])):
            sheet.write_row(n, 0, cells)
    written(tmp_path, "\n".join([HEADER, *lines]), "whole.csv")
    files, ends = [*sorted(DATA.glob("*.csv")), *sorted(tmp_path.glob("whole.*"))], {"account": 0, "line": 0}
    for number in range(120):
        chance = random.Random(number)
        whole = chance.choice(files)
        path = written(tmp_path, damaged(whole.read_bytes(), chance), "damaged" + whole.suffix)
        try:
            sheets = reader.open_tables(path)
            if not any(matching.match(s.header) for s in sheets):
                raise InputError(matching.nearest(sheets[0].header))
            found = Read(path)
        except InputError as error:
            assert "\n" not in str(error) and len(str(error)) > 10, number
            ends["line"] += 1
        else:
            assert found.taken + len(found.refused) == found.staged.read_count, number
            assert sum(found.staged.rules.values()) == found.staged.rejected_count == len(found.refused), (
                number
            )
            ends["account"] += 1
    assert min(ends.values()) > 20
