"""Files in any encoding, packed or as workbooks: what is in them comes out, and bombs do not go off."""

from __future__ import annotations

import csv
import datetime as dt
import gc
import hashlib
import io
import json
import random
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest
import xlsxwriter
import xlwt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memberlib.errors import InputError
from memberlib.loaders import archives, arrays, cells, charsets, digests, reader, rows, workbooks

Rows = list[tuple[str, ...]]
CON = duckdb.connect()
HEADER = ["订单编号", "买家会员名", "备注"]


def held(file: reader.FileTable, *, careful: bool = False) -> Rows:
    """All rows of a table: number, then the values; ``!`` as the number of a row that cannot be decoded."""
    query, reading = rows.raw_rows(CON, file, dict.fromkeys(range(len(file.header)), 0), careful=careful)
    found = CON.execute(f"SELECT * FROM ({query}) ORDER BY row").fetchall()
    assert reading.row_count == len(found)
    return [("!" if broken else str(row), *values) for row, broken, *values in found]


def read(path: Path, encoding: str | None = None) -> Rows:
    (file,) = reader.open_tables(path, encoding)
    return held(file)


def written(folder: Path, content: str | bytes, name: str = "f.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def lines(table: Iterable[Sequence[str]], end: str = "\n", delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator=end, delimiter=delimiter).writerows(table)
    return out.getvalue()


def numbered(table: Sequence[Sequence[str]], first: int = 2) -> Rows:
    return [(str(number), *row) for number, row in enumerate(table, first)]


# --- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoding", "guess"),
    [
        ("Café, Müller", "cp1252", "cp1252"),
        ("Größe", "cp1252", "cp1252"),
        ("São João, ção", "cp1252", "cp1252"),
        ("£8.00", "cp1252", "cp1252"),
        ("it’s “5 €” – Île", "cp1252", "cp1252"),
        ("CRÈME BRÛLÉE 100°C", "cp1252", "cp1252"),
        ("小橘子", "gbk", "gb18030"),
        ("喆", "gbk", "gb18030"),  # not in GB2312
        ("T恤 2kg，￥12.5", "gbk", "gb18030"),
        ("訂單編號,會員", "gbk", "gb18030"),
        ("订单编号,买家会员名,备注,é,éé,éé,éé", "gb18030", "gb18030"),
        ("陈玥,a玥b,王喆,𠮷", "gb18030", "gb18030"),
        ("訂單編號,會員,實付金額", "big5", "cp950"),
        ("陳小姐,林先生,一二三，你好", "big5", "cp950"),
        ("Café, Müller 茶", "utf-8", "utf-8"),
        ("小橘子", "utf-8-sig", "utf-8"),
        ("小橘子,a,b,c", "utf-16", "utf-16"),
        ("小橘子,a,b,c", "utf-16-le", "utf-16-le"),
        ("小橘子,a,b,c", "utf-16-be", "utf-16-be"),
        ("order_id", "ascii", "ascii"),
    ],
)
def test_the_encoding_of_a_text(text: str, encoding: str, guess: str) -> None:
    assert charsets.guessed(text.encode(encoding)) == guess


LEVEL_ONE = "".join(
    bytes([lead, trail]).decode("gb2312")
    for lead in range(0xB0, 0xD8)
    for trail in range(0xA1, 0xFF)
    if (lead, trail) < (0xD7, 0xFA)
)
chinese = st.text(LEVEL_ONE + "，。：abcXYZ019 -", min_size=1).map(str.strip)
western = st.text("abcdefghijklmnopqrstuvwxyzABC 019éèüöäßñçàâêîôû", min_size=1).map(str.strip)
any_text = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\ufeff\ufffd")
)


def same_again(table: list[list[str]], encoding: str, given_as: str | None = None) -> None:
    """A table written in this encoding is read as it was, in a careful reading too."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), lines([HEADER, *table]), encoding=encoding)
        (file,) = reader.open_tables(path, given_as)
        assert file.header == tuple(HEADER)
        assert held(file) == numbered(table)
        assert held(file, careful=True) == numbered(table)


@settings(max_examples=30)
@given(st.lists(st.tuples(any_text, any_text, any_text).map(list), min_size=1, max_size=5))
@example([["联通", "模式", "é"]])
def test_any_text_comes_back(table: list[list[str]]) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
        same_again(table, encoding)
    for encoding in ("utf-16-le", "utf-16-be"):
        same_again(table, encoding, encoding)


@settings(max_examples=60)
@given(st.lists(st.tuples(chinese, chinese, chinese).map(list), min_size=1, max_size=5))
def test_gbk_is_never_taken_for_western(table: list[list[str]]) -> None:
    same_again(table, "gbk")
    text = lines([["id", "name", "note"], *table]).encode("gbk")  # where the header says nothing
    assert text.isascii() or charsets.guessed(text) == "gb18030" or charsets.decodes(text, "utf-8")


@settings(max_examples=60)
@given(st.lists(western, min_size=1, max_size=9))
@example(["Café", "Müller"])
def test_western_is_never_taken_for_chinese(words: list[str]) -> None:
    text = "name,note\n" + "".join(f"{word} Müller,Café\n" for word in words)
    assert charsets.guessed(text.encode("cp1252")) == "cp1252"


@pytest.mark.parametrize(
    ("encoding", "value"),
    [
        ("utf-8", "小橘子"),
        ("gbk", "小橘子"),
        ("cp1252", "Müller"),
        ("big5", "陳小姐與林先生"),
        ("gb18030", "𠮷喆"),
    ],
)
def test_the_first_byte_above_ascii_comes_late(tmp_path: Path, encoding: str, value: str) -> None:
    table = [[str(n), "a" * 40, "b"] for n in range(40_000)] + [["x", value, value]]
    path = written(tmp_path, lines([["id", "name", "note"], *table]), encoding=encoding)
    (file,) = reader.open_tables(path)
    assert file.encoding == "ascii" and path.stat().st_size > charsets.SAMPLE_BYTES
    assert held(file)[-1] == ("40002", "x", value, value)


def test_a_late_character_cut_by_the_pieces_in_which_it_is_looked_for(tmp_path: Path) -> None:
    for place in range(-2, 2):  # around the end of the second piece
        text = "id,name\n" + "1,aaaaa\n" * (2 * charsets.SAMPLE_BYTES // 8 - 4) + "1,"
        text = text.ljust(2 * charsets.SAMPLE_BYTES - len("\n2,") + place, "a") + "\n2,小橘子\n"
        (file,) = reader.open_tables(written(tmp_path, text, encoding="gbk"))
        assert file.encoding == "ascii" and held(file)[-1][1:] == ("2", "小橘子")


@pytest.mark.parametrize(
    ("given_as", "encoding"),
    [("big5", "big5"), ("GBK", "gbk"), ("windows-1252", "cp1252"), ("shift_jis", "shift_jis"), ("latin-1", "latin-1"),
     ("UTF-16LE", "utf-16-le"), ("cp1251", "cp1251"), ("utf8", "utf-8"), ("utf-8", "utf-8-sig")],
)  # fmt: skip
def test_a_stated_encoding_is_taken_at_its_word(tmp_path: Path, given_as: str, encoding: str) -> None:
    value = {"cp1251": "чай", "shift_jis": "表ソ茶", "cp1252": "é", "latin-1": "é"}.get(encoding, "茶")
    path = written(tmp_path, f"id|name\n1|{value}\n", encoding=encoding)
    assert read(path, given_as) == [("2", "1", value)]
    path = written(tmp_path, f"id,name\n1,{value}\n", encoding=encoding)
    assert read(path, given_as) == [("2", "1", value)]


@pytest.mark.parametrize("name", ["base64", "klingon", "\0", "rot13"])
def test_an_encoding_that_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"unknown encoding .*; usual ones are utf-8, gb18030, big5"):
        reader.open_tables(written(tmp_path, "a,b\n1,2\n"), name)


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [
        ("utf-8", b"\xff"),
        ("gbk", b"\x80\xff"),
        ("cp1252", b"\x81"),
        ("utf-16-le", b"\x00\xd8"),
        ("shift_jis", b"\xfd"),
    ],
)
def test_what_cannot_be_decoded_is_marked_and_the_rest_is_read(
    tmp_path: Path, encoding: str, bad: bytes
) -> None:
    value = "é" if encoding == "cp1252" else "茶"
    parts = [f"id,name\n1,{value}\n2,".encode(encoding), bad, f"\n3,{value}\n".encode(encoding)]
    (file,) = reader.open_tables(written(tmp_path, b"".join(parts)), encoding)
    for careful in (False, True):
        assert [row[:2] for row in held(file, careful=careful)] == [("2", "1"), ("!", "2"), ("4", "3")]


def test_a_bar_inside_a_chinese_character_does_not_cut_it(tmp_path: Path) -> None:
    value = bytes([0x82, 0x7C]).decode("gbk")  # its second byte is "|"
    path = written(tmp_path, f"订单编号|备注\n1|{value}茶叶\n", encoding="gbk")
    assert read(path) == [("2", "1", f"{value}茶叶")]


# --- lines, fields and the header -----------------------------------------------------------------------------------

field = st.text("ab茶é ,;\t|\"'=\n0", max_size=6).map(str.strip)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(field, field, field).map(list), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
    st.booleans(),
)
def test_any_rows_come_back(
    table: list[list[str]], end: str, delimiter: str, quoting: int, encoding: str, ended: bool
) -> None:
    out = io.StringIO()
    if any(
        "\n" in value for row in table for value in row
    ):  # the writer forgets quotes where rows end otherwise
        quoting = csv.QUOTE_ALL
    writer = csv.writer(out, lineterminator=end, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([HEADER, *table])
    text = out.getvalue() if ended else out.getvalue().removesuffix(end)
    with tempfile.TemporaryDirectory() as folder:
        (file,) = reader.open_tables(written(Path(folder), text, encoding=encoding))
        assert (file.header, file.delimiter, file.header_row) == (tuple(HEADER), delimiter, 1)
        # a line end inside a value may become a space
        found = [tuple(v.replace("\n", " ") for v in row) for row in held(file)]
    assert found == [tuple(v.replace("\n", " ") for v in row) for row in numbered(table)]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
def test_lone_returns_blank_lines_and_row_numbers(tmp_path: Path, end: str, encoding: str) -> None:
    text = end.join(["", "订单编号,名称", "1,茶", "", '2,"两', '行"', "3,包", "", ""])
    path = written(tmp_path, text, encoding=encoding)
    (file,) = reader.open_tables(path)
    assert (file.header_row, file.skip_lines) == (2, 2)
    found = [(row, " ".join(name.split())) for row, number, name in held(file) if number]
    assert found == [("3", "茶"), ("5", "两 行"), ("6", "包")]
    rows.check_quotes(file)


@pytest.mark.parametrize(
    ("text", "header", "row", "delimiter"),
    [
        ("订单导出\nid,name,paid\n1,a,2\n2,b,3\n", ("id", "name", "paid"), 2, ","),
        (
            "店铺:茶,导出\n2026-01-05\n\nid;name;paid;day;status\n1;a;2;3;x\n",
            ("id", "name", "paid", "day", "status"),
            4,
            ";",
        ),
        ("sep=;\nid;name;paid\n1;a;2\n", ("id", "name", "paid"), 2, ";"),
        ('"two\nlines"\nid\tname\tpaid\n1\ta\t2\n', ("id", "name", "paid"), 2, "\t"),
        ("report\nid|name|paid\n", ("id", "name", "paid"), 2, "|"),
        # no note: a header, however the rows look
        ("id\n1\n2\n", ("id",), 1, ","),
        ("id,name\n1,a\n", ("id", "name"), 1, ","),
        ("id\n1,2,3\n4,5,6\n", ("id",), 1, ","),
        ("a;b;c\n1,5;2,5;3,5\n", ("a", "b", "c"), 1, ";"),
        ("id,name,a,b,c,d\n1\n2\n", ("id", "name", "a", "b", "c", "d"), 1, ","),
        # padded, repeated, a comma at the end
        (" id , name,name \n1,a,b\n", (" id ", " name", "name "), 1, ","),
        ("id,name,\n1,a\n2,b\n", ("id", "name"), 1, ","),
        ("id,name\n1,a,\n2,b,\n", ("id", "name", ""), 1, ","),
        ("id,name,\n1,a,\n", ("id", "name", ""), 1, ","),
    ],
)
def test_the_header_and_what_stands_above_it(
    tmp_path: Path, text: str, header: tuple[str, ...], row: int, delimiter: str
) -> None:
    for end in ("\n", "\r\n", "\r"):
        (file,) = reader.open_tables(written(tmp_path, text.replace("\n", end)))
        assert (file.header, file.header_row, file.delimiter) == (header, row, delimiter)
        rest = text.splitlines()[file.skip_lines :]
        if all(line.count(delimiter) == len(header) - 1 for line in rest):
            assert [int(r[0]) for r in held(file)] == list(range(row + 1, row + 1 + len(rest)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Rar!\x1a\x07\x00rest", "RAR archive"),
        (b"7z\xbc\xaf\x27\x1crest", "7z archive"),
        (b"\x1f\x8b\x08rest", "gzip archive"),
        (b"%PDF-1.7 rest", "PDF"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        ('\ufeff<?xml version="1.0"?><Workbook/>'.encode(), "web page or XML"),
        (b"PK\x05\x06" + bytes(18), "archive"),
    ],
)
def test_files_of_other_kinds_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        reader.open_tables(written(tmp_path, content, "export.xls"))
    assert "\n" not in str(raised.value)


def test_a_fingerprint_is_that_of_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, b"one\ntwo\nthree")
    assert reader.fingerprint(path) == hashlib.sha256(b"one\ntwo\nthree").hexdigest()
    monkeypatch.setattr(digests, "_PIECE_BYTES", 5)
    monkeypatch.setattr(digests, "_GULP_BYTES", 2)
    pieces = [hashlib.sha256(p).digest() for p in (b"one\nt", b"wo\nth", b"ree")]
    assert reader.fingerprint(path) == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert reader.line_count(path) == 3


@pytest.mark.parametrize(
    ("content", "count"),
    [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"a\rb\r", 2), (b"a\r\nb\r\n", 2), (b"\n\n", 2)],
)
def test_how_many_lines(tmp_path: Path, content: bytes, count: int) -> None:
    assert reader.line_count(written(tmp_path, content)) == count


# --- workbooks ------------------------------------------------------------------------------------------------------


def ods(folder: Path, body: str) -> Path:
    """A sheet of OpenDocument with these rows."""
    names = "".join(
        f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text")
    )
    content = (
        f"<office:document-content{names}><office:body><office:spreadsheet>"
        f'<table:table table:name="订单">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    files = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": "<manifest/>",
    }
    files["content.xml"] = content
    return packed(folder, {name: text.encode() for name, text in files.items()}, "f.ods")


def ods_row(*values: str, more: str = "", row: str = "") -> str:
    made = "".join(
        f'<table:table-cell office:value-type="string"{more}><text:p>{v}</text:p></table:table-cell>'
        for v in values
    )
    return f"<table:table-row{row}>{made}</table:table-row>"


def packed(folder: Path, files: dict[str, bytes], name: str = "f.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
    return path


def xls(folder: Path) -> Path:
    """Two sheets in the format of old: ids as numbers, days as serial numbers and as dates, merged cells."""
    book = xlwt.Workbook(encoding="utf-8")
    day = xlwt.XFStyle()
    day.num_format_str = "yyyy-mm-dd hh:mm:ss"
    sheet = book.add_sheet("一店")
    for column, name in enumerate(["订单编号", "付款时间", "金额", "买家"]):
        sheet.write(2, column + 1, name)
    sheet.write(3, 1, 240000000000001.0)
    sheet.write(3, 2, dt.datetime(2026, 1, 5, 9, 30, 15), day)
    sheet.write_merge(3, 4, 3, 3, 12.5)
    sheet.write_merge(3, 5, 4, 4, "小橘子")
    sheet.write(4, 1, 2.4e17)
    sheet.write(4, 2, 46027.25)
    sheet.write(6, 1, True)
    book.add_sheet("空")
    other = book.add_sheet("二店")
    other.write(0, 0, "订单编号")
    other.write(1, 0, "'0012")
    path = folder / "f.xls"
    book.save(str(path))
    return path


def test_an_old_workbook_with_a_sheet_per_shop(tmp_path: Path) -> None:
    first, second = reader.open_tables(xls(tmp_path))
    assert (first.sheet, first.header, first.header_row) == (
        "一店",
        ("订单编号", "付款时间", "金额", "买家"),
        3,
    )
    assert held(first) == [
        ("4", "240000000000001", "2026-01-05 09:30:15", "12.5", "小橘子"),
        (
            "5",
            "2.400000E+17",
            "46027.25",
            "",
            "小橘子",
        ),  # merged text stands in each row, a merged amount in one
        ("6", "", "", "", "小橘子"),
        ("7", "true", "", "", ""),
    ]
    assert (second.sheet, held(second)) == ("二店", [("2", "'0012")])


def test_a_workbook_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    for name in ("f.xlsx", "f.dat", "f.csv"):
        assert [t.sheet for t in reader.open_tables(xls(tmp_path).rename(tmp_path / name))] == [
            "一店",
            "二店",
        ]


def test_a_new_workbook(tmp_path: Path) -> None:
    path = tmp_path / "f.xls"  # so called by mistake
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("a")
        sheet.merge_range(0, 0, 0, 3, "订单导出")
        sheet.write_row(2, 0, ["id", "day", "paid", "note"])
        sheet.write_row(3, 0, ["1", 46027.5, 1234.5, " x "])
        sheet.write_datetime(4, 1, dt.datetime(2026, 1, 5))
        sheet.write_formula(4, 2, "=1+1", None, 2)
        sheet.merge_range(4, 3, 5, 3, "y")
        sheet.write(5, 0, "3")
        sheet.set_row(3, None, None, {"hidden": True})
        book.add_chartsheet("picture")
    (file,) = reader.open_tables(path)
    assert (file.header, file.header_row) == (("id", "day", "paid", "note"), 3)
    assert held(file) == [
        ("4", "1", "46027.5", "1234.5", "x"),
        ("5", "", "2026-01-05", "2", "y"),
        ("6", "3", "", "", "y"),
    ]


def test_ids_and_times_merged_over_lines_stand_in_each_and_amounts_do_not(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    day = dt.datetime(2026, 1, 5, 10)
    merged = [260001.0, day, 46027.5, 12000.0, 20000, 3, "j1", 260001]
    header = ["订单号", "下单时间", "paidTime", "应付金额", "Paid", "订单数 No", "帐号", "总价"]
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [*header, "line"])
        for column, value in enumerate(merged):
            sheet.merge_range(1, column, 2, column, value)
        sheet.write_column(1, len(merged), ["a", "b"])
    (file,) = reader.open_tables(path)
    time = "2026-01-05 10:00:00"
    assert held(file) == [
        ("2", "260001", time, "46027.5", "12000", "20000", "3", "j1", "260001", "a"),
        ("3", "260001", time, "46027.5", "", "", "", "j1", "", "b"),
    ]


def test_an_open_document(tmp_path: Path) -> None:
    body = (
        '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
        + ods_row("id", "name")
        + ods_row("1", "茶", row=' table:number-rows-repeated="2"')
        + '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    (file,) = reader.open_tables(ods(tmp_path, body))
    assert (file.sheet, file.header_row) == ("订单", 4)
    assert held(file) == [("5", "1", "茶"), ("6", "1", "茶")]


def xlsb(folder: Path) -> Path:
    """A binary workbook: a header in row 2, an id as a number, text."""

    def record(kind: int, content: bytes = b"") -> bytes:
        head = [kind] if kind < 0x80 else [kind & 0x7F | 0x80, kind >> 7]
        return bytes([*head, len(content)]) + content

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    def row(number: int, *values: str | float) -> bytes:
        made = record(0x00, struct.pack("<I", number) + bytes(21))
        for column, value in enumerate(values):
            content = wide(value) if isinstance(value, str) else struct.pack("<d", value)
            made += record(6 if isinstance(value, str) else 5, struct.pack("<II", column, 0) + content)
        return made

    about = struct.pack("<II", 0, 1) + wide("rId1") + wide("订单")
    book = b"".join(
        [record(0x83), record(0x8F), record(0x9C, about), record(0x90), record(0x9D), record(0x84)]
    )
    size = struct.pack("<IIII", 1, 2, 0, 1)
    sheet = [
        record(0x81),
        record(0x94, size),
        record(0x91),
        row(1, "id", "名"),
        row(2, 240000000000001.0, "茶"),
    ]
    office = "http://schemas.openxmlformats.org"
    relation = (
        f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    )
    files = {"xl/_rels/workbook.bin.rels": relation.encode(), "xl/workbook.bin": book}
    files["xl/worksheets/sheet1.bin"] = b"".join([*sheet, record(0x92), record(0x82)])
    return packed(folder, files, "f.xlsb")


def test_a_binary_workbook(tmp_path: Path) -> None:
    (file,) = reader.open_tables(xlsb(tmp_path))
    assert (file.sheet, file.header, file.header_row) == ("订单", ("id", "名"), 2)
    assert held(file) == [("3", "240000000000001", "茶")]


def test_sheets_are_read_in_bits_and_go_with_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.xlsx"
    width, count = 4, 60_000  # more cells than one bit holds
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row(5, 0, ["id", "b", "c", "d"])
        for n in range(count):
            sheet.write_row(6 + n, 0, [n] * width)
    (file,) = reader.open_tables(path)
    assert file.cells is not None and len(list(file.cells.chunks())) > 1
    assert held(file) == [(str(n + 7), *[str(n)] * width) for n in range(count)]
    folder = file.cells.folder.path
    assert folder.exists()
    del file
    gc.collect()
    assert not folder.exists()


def test_workbooks_that_are_none(tmp_path: Path) -> None:
    good = xls(tmp_path).read_bytes()
    with pytest.raises(InputError, match=r"f\.xls is a damaged workbook"):
        reader.open_tables(written(tmp_path, good[: len(good) // 3], "f.xls"))
    with xlsxwriter.Workbook(str(tmp_path / "e.xlsx")) as book:
        book.add_worksheet("a")
    with pytest.raises(InputError, match=r"e\.xlsx is an empty workbook"):
        reader.open_tables(tmp_path / "e.xlsx")
    content = (tmp_path / "e.xlsx").read_bytes()
    with pytest.raises(InputError, match=r"g\.xlsx is a damaged workbook"):
        reader.open_tables(written(tmp_path, content[:-30], "g.xlsx"))


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        ("import os; os.abort()", "damaged", "damaged workbook"),
        (
            "import sys; sys.exit('memory allocation of 9 bytes failed')",
            "memory",
            "more than 2 GiB of memory",
        ),
        ("while True: pass", "time", "takes more than 1 seconds"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "time", "takes more than"),
    ],
)
def test_what_brings_the_reading_of_a_workbook_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, error: str, said: str
) -> None:
    monkeypatch.setattr(cells, "__file__", str(written(tmp_path, code, "cells.py")))
    monkeypatch.setattr(cells, "SECONDS", 1)
    monkeypatch.setattr(workbooks, "_PATIENCE", 2)
    with pytest.raises(InputError, match=said):
        reader.open_tables(xls(tmp_path))


# --- archives and bombs ---------------------------------------------------------------------------------------------

TABLE = "订单编号,买家会员名,备注\n1,小橘子,茶\n".encode("gbk")


def test_an_archive_gives_its_tables(tmp_path: Path) -> None:
    book = xls(tmp_path).read_bytes()
    files = {
        "b/2026.CSV": TABLE,
        "a/2026.csv": TABLE + b"2,b,c\n",
        "book.xls": book,
        "__MACOSX/a/._2026.csv": b"x",
        "a/.DS_Store": b"x",
        "~$book.xls": b"x",
        "read me.pdf": b"x",
        "empty/": b"",
    }
    found = reader.unpacked(packed(tmp_path, files), tmp_path / "out")
    assert [name for name, _ in found] == ["f.zip/a/2026.csv", "f.zip/b/2026.CSV", "f.zip/book.xls"]
    assert [path.name for _, path in found] == ["2026.csv", "2026.CSV", "book.xls"]
    assert read(found[0][1]) == [("2", "1", "小橘子", "茶"), ("3", "2", "b", "c")]
    assert read(found[1][1]) == [("2", "1", "小橘子", "茶")]
    assert len(reader.open_tables(found[2][1])) == 2


def test_prose_beside_a_table_in_an_archive_is_passed_over(tmp_path: Path) -> None:
    prose = {
        "readme.txt": b"id,what\n1,a table\n",
        "hello.txt": b"hello",
        "说明.txt": "导出\n".encode("gbk"),
        "note.txt": b"Exported by the shop\nask us where it is wrong\nbye\n",
    }
    tables = {"a.csv": TABLE, "b.txt": TABLE, "brushed.txt": "订单编号\n1\n2\n".encode(), "c.csv": b"hello"}
    found = reader.unpacked(packed(tmp_path, prose | tables), tmp_path / "a")
    assert [name for name, _ in found] == ["f.zip/a.csv", "f.zip/b.txt", "f.zip/brushed.txt", "f.zip/c.csv"]
    alone = reader.unpacked(packed(tmp_path, prose), tmp_path / "b")
    assert len(alone) == len(prose)  # who reads them says what they lack


def test_a_file_that_is_no_archive_gives_itself(tmp_path: Path) -> None:
    for path in (xls(tmp_path), written(tmp_path, TABLE), tmp_path / "none.csv"):
        assert reader.unpacked(path, tmp_path / "out") == [(path.name, path)]
    with xlsxwriter.Workbook(str(tmp_path / "f.xlsx")) as book:
        book.add_worksheet().write(0, 0, "a")
    assert reader.unpacked(tmp_path / "f.xlsx", tmp_path) == [("f.xlsx", tmp_path / "f.xlsx")]
    with pytest.raises(InputError, match="archive, not a workbook"):
        reader.open_tables(packed(tmp_path, {"a.csv": TABLE}))


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "ascii"])
@pytest.mark.parametrize("flagged", [False, True])
def test_names_in_an_archive(tmp_path: Path, encoding: str, flagged: bool) -> None:
    name = "orders.csv" if encoding == "ascii" else "订单导出/一月.csv"
    if flagged and encoding == "gbk":
        return
    found = reader.unpacked(
        raw_zip(tmp_path, [(name.encode(encoding), TABLE)], flags=0x800 * flagged), tmp_path / "o"
    )
    assert [shown for shown, _ in found] == [f"f.zip/{name}"]
    assert found[0][1].name == name.split("/")[-1] and found[0][1].read_bytes() == TABLE


def test_a_name_that_was_taken_for_cp437_and_packed_anew(tmp_path: Path) -> None:
    names = {"订单.csv".encode("gbk").decode("cp437"): TABLE, "café ─ 单.csv": TABLE, "Müller.csv": TABLE}
    found = reader.unpacked(packed(tmp_path, names), tmp_path / "out")
    assert [name for name, _ in found] == ["f.zip/Müller.csv", "f.zip/café ─ 单.csv", "f.zip/订单.csv"]


def raw_zip(
    folder: Path,
    files: Sequence[tuple[bytes, bytes]],
    *,
    name: str = "f.zip",
    flags: int = 0,
    stated: int | None = None,
    method: int = 8,
    places: int = 1,
) -> Path:
    """An archive byte by byte: with any flags and stated sizes, each file named so many times in the directory."""
    body, directory = b"", []
    for written_name, content in files:
        squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = squeezer.compress(content) + squeezer.flush() if method == 8 else content
        about = struct.pack("<HHHHHLLL", 20, flags, method, 0, 0x21, zlib.crc32(content), len(data),
                            len(content) if stated is None else stated)  # fmt: skip
        for n in range(places):
            own = written_name if places == 1 else b"%d.csv" % n
            entry = struct.pack("<HHHHHLL", len(own), 0, 0, 0, 0, 0, len(body))
            directory.append(b"PK\x01\x02\x14\x00" + about + entry + own)
        body += b"PK\x03\x04" + about + struct.pack("<HH", len(written_name), 0) + written_name + data
    count = len(files) * places
    known = b"".join(directory)
    end = struct.pack("<HHHHLLH", 0, 0, min(count, 65535), min(count, 65535), len(known), len(body), 0)
    return written(folder, body + known + b"PK\x05\x06" + end, name)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"../x.csv": TABLE}, "leads elsewhere"),
        ({"a/../../x.csv": TABLE}, "leads elsewhere"),
        ({"/etc/x.csv": TABLE}, "leads elsewhere"),
        ({"C:/x.csv": TABLE}, "leads elsewhere"),
        ({"..\\x.csv": TABLE}, "leads elsewhere"),
        ({"a.csv": TABLE, "b.zip": b"PK\x05\x06" + bytes(18)}, "another archive"),
        ({"a.csv.gz": TABLE}, "another archive"),
        ({"a.pdf": b"x", "b.docx": b"x"}, "without a table .*a.pdf, b.docx"),
        ({".hidden.csv": TABLE}, "without a table"),
    ],
)
def test_archives_that_are_not_unpacked(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        reader.unpacked(packed(tmp_path, files), tmp_path / "out")
    assert "\n" not in str(raised.value) and not list((tmp_path / "out").rglob("*.csv"))
    assert not (tmp_path.parent / "x.csv").exists()


def test_links_passwords_odd_packing_and_damage(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("x.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x.csv", TABLE)
    good = packed(tmp_path, {"x.csv": TABLE * 50}, "good.zip").read_bytes()
    written(tmp_path, good[:60] + b"\xff\xff\xff" + good[63:], "damaged.zip")
    written(tmp_path, good[: len(good) // 2], "cut.zip")
    raw_zip(tmp_path, [(b"x.csv", TABLE)], name="secret.zip", flags=1)
    changed = raw_zip(tmp_path, [(b"x.csv", TABLE)], name="changed.zip", method=0)
    changed.write_bytes(changed.read_bytes().replace(b"\n1,", b"\n7,"))
    said = {
        "link.zip": "holds a link",
        "odd.zip": "unusual way",
        "damaged.zip": "damaged archive",
        "cut.zip": "damaged archive",
        "changed.zip": "not what was packed",
        "secret.zip": "protected by a password",
    }
    for name, words in said.items():
        with pytest.raises(InputError, match=words) as raised:
            reader.unpacked(tmp_path / name, tmp_path / "out" / name)
        assert "\n" not in str(raised.value) and name in str(raised.value)


def test_the_limits_are_those_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE_BYTES", 1000)
    path = packed(tmp_path, {"a.csv": b"a,b\n" + b"0" * 996}, "a.zip")
    assert 200 * path.stat().st_size > 1000 and reader.unpacked(path, tmp_path / "a")
    many = {f"{n}.csv": b"0" * 50_000 for n in range(2)}
    path = packed(tmp_path, many, "b.zip")
    assert 200 * path.stat().st_size < 100_000
    with pytest.raises(
        InputError, match=r"^b.zip unpacks to more than 200 times its size, the limit.*in it$"
    ):
        reader.unpacked(path, tmp_path / "b")
    monkeypatch.setattr(archives, "ARCHIVE_BYTES", 999)
    with pytest.raises(InputError, match=r"^a.zip unpacks to more than 0 GiB, the limit"):
        reader.unpacked(tmp_path / "a.zip", tmp_path / "c")
    monkeypatch.setattr(archives, "ARCHIVE_FILES", 1)
    with pytest.raises(InputError, match="more than 1 tables, the limit"):
        reader.unpacked(path, tmp_path / "d")


def zip_bomb(folder: Path, stated: int | None) -> Path:
    return raw_zip(folder, [(b"a.csv", b"0" * (300 << 20))], stated=stated)


def xlsx_bomb(folder: Path, part: str, content: bytes, stated: int | None = None) -> Path:
    """A small workbook with one of its parts in place of its own."""
    with xlsxwriter.Workbook(str(folder / "small.xlsx")) as book:
        book.add_worksheet().write_row(0, 0, ["id", "name"])
    with zipfile.ZipFile(folder / "small.xlsx") as small:
        files = {name: small.read(name) for name in small.namelist()} | {part: content}
    return raw_zip(folder, [(k.encode(), v) for k, v in files.items()], name="f.xlsx", stated=stated)


def sheet_of(cells_in_it: bytes) -> bytes:
    start = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return start + b'<dimension ref="A1:XFD1048576"/><sheetData>' + cells_in_it + b"</sheetData></worksheet>"


SHEET = "xl/worksheets/sheet1.xml"
CORNERS = sheet_of(
    b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
)
STRINGS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'
BOMBS = {
    "zip": (lambda f: zip_bomb(f, None), "200 times its size"),
    "zip that lies": (lambda f: zip_bomb(f, 100), "200 times its size"),
    "one file under many names": (
        lambda f: raw_zip(f, [(b"x.csv", b"0" * (1 << 20))], places=900), "200 times its size"
    ),
    "many names": (lambda f: raw_zip(f, [(b"x.csv", b"x")], places=160_000), "too many names"),
    "xlsx": (lambda f: xlsx_bomb(f, SHEET, sheet_of(b" " * (300 << 20))), "200 times its size"),
    "xlsx that lies": (lambda f: xlsx_bomb(f, SHEET, sheet_of(b" " * (300 << 20)), 100), "200 times its size"),
    "strings": (
        lambda f: xlsx_bomb(f, "xl/sharedStrings.xml", STRINGS % (b"<si><t>0</t></si>" * (12 << 20))), "200 times"
    ),
    "strings below the ratio": (
        lambda f: xlsx_bomb(f, "xl/sharedStrings.xml", STRINGS % (b"<si><t/></si>" * (4 << 20))), ""
    ),
    "corners of a sheet": (lambda f: xlsx_bomb(f, SHEET, CORNERS), "of memory"),
    "one string in every cell": (
        lambda f: ods(f, ods_row("0" * 1000, more=' table:number-columns-repeated="16384"',
                                 row=' table:number-rows-repeated="1048576"')), "of memory"
    ),
}  # fmt: skip
IN_BOUNDS = """
import json, pathlib, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
sys.path.insert(0, {home!r})
from memberlib.errors import InputError
from memberlib.loaders import reader
started, said = time.process_time(), "read"
try:
    for _, path in reader.unpacked(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])):
        reader.open_tables(path)
except InputError as error:
    said = str(error)
spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([said, sum(s.ru_utime + s.ru_stime for s in spent)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by Linux")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_not_go_off(tmp_path: Path, name: str) -> None:
    made, said = BOMBS[name]
    path = made(tmp_path)
    assert path.stat().st_size < 16 << 20
    code = IN_BOUNDS.format(home=str(Path(reader.__file__).parents[2]))
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told, seconds = json.loads(done.stdout)
    assert said in told and "\n" not in told and seconds < 15


def test_a_sheet_that_claims_more_than_it_holds_is_read(tmp_path: Path) -> None:
    path = xlsx_bomb(tmp_path, SHEET, sheet_of(b'<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
                                              b'<row r="2"><c r="A2"><v>7</v></c></row>'))  # fmt: skip
    assert read(path) == [("2", "7")]


def test_reading_does_not_load_pandas(tmp_path: Path) -> None:
    """It would take longer than most files do."""
    written(tmp_path, "订单编号,地址\n1,浙江省 杭州市 1号\n2,茶\n", "a.csv", "gbk")
    with xlsxwriter.Workbook(str(tmp_path / "b.xlsx")) as book:
        book.add_worksheet().write_column(0, 0, ["订单编号", "1", "2"])
    code = (
        "import sys, pathlib, duckdb\n"
        "from memberlib.loaders import reader, rows\n"
        "for name in ('a.csv', 'b.xlsx'):\n"
        "    file, = reader.open_tables(pathlib.Path(sys.argv[1], name))\n"
        "    con = duckdb.connect()\n"
        "    query, _ = rows.raw_rows(con, file, {n: 2 * n for n in range(len(file.header))})\n"
        "    assert len(con.execute(query).fetchall()) == 2\n"
        "print('pandas' in sys.modules)"
    )
    home = Path(reader.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=home, check=True
    )
    assert done.stdout.strip() == "False"


@given(st.lists(st.text()), st.lists(st.integers(-(2**63), 2**63 - 1)), st.lists(st.booleans()))
def test_arrays_hold_what_they_were_given(words: list[str], whole: list[int], truths: list[bool]) -> None:
    assert arrays.texts(words).to_pylist() == words
    assert arrays.numbers(np.array(whole, np.int64)).to_pylist() == whole
    assert arrays.flags(np.array(truths, bool)).to_pylist() == truths


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with some bytes changed, put in, taken out or blotted out."""
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(content))
        before, after = content[:place], content[place:]
        kind = chance.randrange(5)
        if kind == 0:
            content = before + chance.randbytes(1) + after[1:]
        elif kind == 1:
            content = before + after[chance.randrange(9) :]
        elif kind == 2:
            content = before + chance.randbytes(chance.randrange(1, 9)) + after
        elif kind == 3:
            content = before + chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\0\0"]) + after[4:]
        elif len(before) > 50 and chance.random() < 0.3:
            content = before
    return content


def test_damaged_workbooks_and_archives_end_in_one_line(tmp_path: Path) -> None:
    kinds = {"f.xls": xls(tmp_path).read_bytes(), "f.ods": ods(tmp_path, ods_row("id", "茶")).read_bytes()}
    kinds["f.zip"] = packed(tmp_path, {"a.csv": TABLE * 20, "b.csv": TABLE}).read_bytes()
    with xlsxwriter.Workbook(str(tmp_path / "f.xlsx")) as book:
        book.add_worksheet().write_column(0, 0, ["id", "茶"])
    kinds["f.xlsx"] = (tmp_path / "f.xlsx").read_bytes()
    ended = {name: 0 for name in kinds}
    for seed in range(60):
        chance = random.Random(seed)
        name = chance.choice(list(kinds))
        path = written(tmp_path, damaged(kinds[name], chance), name)
        try:
            for _, table in reader.unpacked(path, tmp_path / str(seed)):
                reader.open_tables(table)
        except InputError as error:
            assert "\n" not in str(error) and name.split(".")[0] in str(error)
            ended[name] += 1
    assert all(ended.values())
