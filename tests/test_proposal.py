"""Proposed mappings: which columns are found, what is said of them, and the way from a strange file to an import."""

from __future__ import annotations

import random
import re
import tomllib
import zipfile
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memberlib.cli import main
from memberlib.errors import InputError
from memberlib.imports import import_files
from memberlib.lake import Lake
from memberlib.loaders import reader
from memberlib.loaders.crosswalk import crosswalk_from
from memberlib.loaders.proposal import Proposal, proposed, sample
from memberlib.loaders.proposal.naming import codes_of, known_words
from memberlib.loaders.proposal.sampling import date_forms, is_phone, understood
from memberlib.loaders.proposal.trying import try_out
from memberlib.model import CODES, TABLES
from memberlib.privacy import masked

TILL = """小票号,会员手机号,姓名,消费日期,时间,实收(元),退货金额,支付方式,收货地址
T001,13800001234,王一,2026/03/05,10:20,￥58.00,,微信,杭州市某路1号
T002,13800005678,李二,2026/03/05,11:02,"￥1,120.50",20,现金,
T003,,,2026/03/06,09:40,￥33.00,,现金,
"""
LINES = """Order ref,Placed,Buyer id,State,Order total,Goods,SKU,Qty,Line total
A-1,31/01/2026 10:00,b7,Delivered,35.00,Tea,T-1,2,20.00
A-1,31/01/2026 10:00,b7,Delivered,35.00,Cup,C-1,1,15.00
A-2,01/02/2026 11:00,b8,On hold,12.00,Tea,T-1,1,12.00
A-3,01/02/2026 12:00,b7,Lost at sea,8.00,Tea,T-1,1,8.00
"""
MEMBERS = """会员卡号,姓名,手机,邮箱,性别,农历生日,积分,储值余额,会员等级,开卡日期,是否接收短信,备注
0001,王一,13800001111,wang@example.com,女,1990-08-15,120,35.50,金卡,2021/3/4,是,怕辣
0002,李二,138****2222,,男,正月初一,0,0,普卡,2022/12/31,否,
0003,张三,,,,8-15,15,12,黑金卡,2023/1/1,,
"""
EVENTS = """User,Action,When,Thing,Notes
u1,viewed,2026-01-02 10:00:00,tea,
u1,liked,2026-01-02 10:01:00,tea,
u2,投诉,2026-01-03 09:00:00,,too slow
u2,yelled,2026-01-03 09:10:00,,
"""


def proposal(tmp_path: Path, text: str, *, encoding: str = "utf-8", **options: str) -> Proposal:
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode(encoding))
    return proposed(sample(reader.open_tables(path)[0]), platform="my-till", mask=masked, **options)  # type: ignore[arg-type]


def columns(made: Proposal) -> dict[str, object]:
    return dict(tomllib.loads(made.text)["columns"])


def comment(made: Proposal, column: str) -> str:
    (line,) = [line for line in made.text.splitlines() if re.match(rf"(# )?{column} = ", line)]
    return line.split("    # ", 1)[1]


def test_a_till_in_chinese(tmp_path: Path) -> None:
    made = proposal(tmp_path, TILL, encoding="gbk")
    assert (made.name, made.table, made.lacking, made.guesses, made.also) == (
        "my-till-orders",
        "orders",
        (),
        (),
        "",
    )
    assert columns(made) == {
        "order_id": "小票号",
        "member_id": "会员手机号",
        "paid_at": {"join": ["消费日期", "时间"]},
        "paid_amount": "实收(元)",
        "refund_amount": "退货金额",
    }
    stated = tomllib.loads(made.text)
    assert (stated["lang"], stated["currency"], stated["time_zone"]) == ("zh", "CNY", "Asia/Shanghai")
    assert (stated["row_is"], stated["paid_is"], stated["may_lack"]) == ("order", "gross", ["status"])
    assert stated["contacts"] == {"name": "姓名", "phone": "会员手机号"}
    assert comment(made, "order_id") == "sure: known name; none comes twice: T001, T002, T003"
    assert "the phone stands for it" in comment(made, "member_id")
    assert "138****1234" in comment(made, "member_id")
    for private in ("13800001234", "13800005678", "王一", "李二", "杭州"):
        assert private not in made.text
    assert "#   支付方式\n" in made.text
    assert "#   收货地址    never read" in made.text


def test_several_rows_to_an_order(tmp_path: Path) -> None:
    made = proposal(tmp_path, LINES, table="orders")
    assert columns(made)["paid_amount"] == "Order total"
    assert "repeated on each row of an order: taken once" in comment(made, "paid_amount")
    assert columns(made)["item_count"] == {"from": "Qty", "gather": "sum"}
    stated = tomllib.loads(made.text)
    assert (stated["row_is"], stated["dates"], made.also) == ("line", ["%d/%m/%Y %H:%M"], "items")
    assert comment(made, "dates") == "sure", "the 31st tells the day from the month"
    assert stated["words"]["status"] == {"Delivered": "completed", "On hold": "pending"}
    assert '# "Lost at sea" = ""    # 1 row: NOT KNOWN' in made.text
    lines = proposal(tmp_path, LINES, table="items", beside="my-till-orders")
    assert tomllib.loads(lines.text)["beside"] == "my-till-orders"
    assert columns(lines) == {
        "order_id": "Order ref",
        "line_id": {"place": True},
        "product_id": "SKU",
        "product_name": "Goods",
        "quantity": "Qty",
        "amount": "Line total",
    }


@pytest.mark.parametrize(
    ("amounts", "expected", "why"),
    [
        (("35", "35"), "Total", "repeated"),
        (("35", ""), "Total", "on one row"),
        (("20", "15"), {"from": "Total", "gather": "sum"}, "added up"),
    ],
)
def test_how_an_orders_rows_make_its_amount(
    tmp_path: Path, amounts: tuple[str, str], expected: object, why: str
) -> None:
    rows = [f"o{n},m{n},2026-01-0{n},{amount}" for n in (1, 2, 3) for amount in amounts]
    made = proposal(tmp_path, "\n".join(["order no,member,date,Total", *rows]))
    assert columns(made)["paid_amount"] == expected
    assert why in comment(made, "paid_amount")


def test_price_and_quantity_make_an_amount(tmp_path: Path) -> None:
    made = proposal(
        tmp_path,
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HOLDER,6,12/1/2010 8:26,2.55,17850,UK\n536365,71053,LANTERN,6,12/1/2010 8:26,3.39,17850,UK\n"
        "536366,22633,WARMER,6,12/13/2010 8:28,1.85,17850,UK\n",
    )
    assert columns(made)["paid_amount"] == {"product": ["UnitPrice", "Quantity"], "gather": "sum"}
    assert columns(made)["paid_at"] == "InvoiceDate"
    assert tomllib.loads(made.text)["dates"] == ["%m/%d/%Y %H:%M"]


def test_members_with_all_they_have(tmp_path: Path) -> None:
    made = proposal(tmp_path, MEMBERS)
    assert made.table == "members"
    assert columns(made) == {
        "member_id": "会员卡号",
        "joined_on": "开卡日期",
        "level": "会员等级",
        "birthday": "农历生日",
        "gender": "性别",
        "points": "积分",
        "stored_value": "储值余额",
        "consent": "是否接收短信",
    }
    stated = tomllib.loads(made.text)
    assert stated["contacts"] == {"name": "姓名", "phone": "手机", "email": "邮箱"}
    assert stated["words"]["level"] == {"金卡": "vip", "普卡": "regular"}
    assert stated["words"]["consent"] == {"是": "true", "否": "false"}
    assert stated["lenient"] == ["level", "gender", "birthday"]
    for private in ("王一", "13800001111", "wang@", "怕辣"):
        assert private not in made.text


def test_events_and_their_kinds(tmp_path: Path) -> None:
    made = proposal(tmp_path, EVENTS)
    assert made.table == "events"
    assert columns(made) == {"member_id": "User", "kind": "Action", "happened_at": "When"}
    assert tomllib.loads(made.text)["words"]["kind"] == {
        "viewed": "browse",
        "liked": "favourite",
        "投诉": "complaint",
    }
    assert '# "yelled" = ""' in made.text
    assert "too slow" not in made.text


def test_forms_that_are_known_are_found_again(tmp_path: Path) -> None:
    """A platform's own export, had its crosswalk been lost."""
    folder = Path(__file__).parent / "data"
    found = {}
    for name in ("square/transactions", "shopify/orders_export", "jd/orders", "woocommerce/order_export"):
        looked = sample(reader.open_tables(folder / f"{name}.csv")[0])
        made = proposed(looked, platform="again", mask=masked)
        tried_by_it = try_out(looked, crosswalk_from(made.name, made.text.encode()))
        kept = columns(made)
        found[name] = (made.table, kept["order_id"], kept["member_id"], tried_by_it.bad_count)
        assert "@example.com" not in re.sub(r"[a-z]\*\*\*@example\.com", "", made.text)
    assert found == {
        "square/transactions": ("orders", "Transaction ID", "Customer ID", 0),
        "shopify/orders_export": ("orders", "Name", "Email", 0),
        "jd/orders": ("orders", "订单号", "下单帐号", 0),
        "woocommerce/order_export": ("orders", "order_id", "customer_id", 1),  # one is paid and has no time
    }


def test_brushed_orders(tmp_path: Path) -> None:
    made = proposal(tmp_path, "刷单单号\n1\n2\n")
    assert (made.table, columns(made)) == ("brushed", {"order_id": "刷单单号"})
    assert tomllib.loads(made.text)["alone"] is True


def test_a_total_tells_that_refunds_are_taken_off(tmp_path: Path) -> None:
    header = "单号,客户,金额,退款,应收合计,支付日期\n"
    net = proposal(
        tmp_path, header + "A1,a,80,20,100,2026-01-02\nA2,b,50,0,50,2026-01-03\nA3,b,30,5,35,2026-01-03\n"
    )
    stated = tomllib.loads(net.text)
    assert stated["paid_is"] == "net_of_refund"
    assert stated["sums"] == [{"parts": ["金额", "退款"], "total": "应收合计"}]
    gross = proposal(tmp_path, header + "A1,a,100,20,100,2026-01-02\nA2,b,50,0,50,2026-01-03\n")
    assert tomllib.loads(gross.text)["paid_is"] == "gross"
    assert "sums" not in tomllib.loads(gross.text)
    no_refund = proposal(tmp_path, header + "A1,a,100,0,100,2026-01-02\nA2,b,50,0,50,2026-01-03\n")
    assert tomllib.loads(no_refund.text)["paid_is"] == "gross", "no refund, so nothing tells"


def test_amounts_below_0_are_refunds(tmp_path: Path) -> None:
    made = proposal(tmp_path, "receipt,member,date,total\n1,a,2026-01-01,$12.50\n2,a,2026-01-02,$-5.00\n")
    assert columns(made)["paid_amount"] == {"from": "total", "sign": "plus"}
    assert columns(made)["refund_amount"] == {"from": "total", "sign": "minus"}
    assert tomllib.loads(made.text)["currency"] == "USD"


def test_masked_phones_need_a_second_word(tmp_path: Path) -> None:
    rows = "1,138****0001,茶茶,5,2026-01-01\n2,138****0001,咖咖,6,2026-01-02\n"
    made = proposal(tmp_path, "订单号,联系电话,暱稱,金额,付款时间\n" + rows)
    assert columns(made)["member_id"] == {"from": "联系电话", "masked_with": ["暱稱"]}
    assert 'a masked one is told apart by "暱稱"' in comment(made, "member_id")


def test_what_is_not_found_is_said(tmp_path: Path) -> None:
    made = proposal(tmp_path, "alpha,beta\nx y,1\nx y,1\n", table="orders")
    assert made.lacking == ("order_id", "paid_at", "paid_amount")
    assert '# paid_at = ""    # NEEDED, but no column looks like it' in made.text
    assert tomllib.loads(made.text)["columns"] == {}
    guessed = proposal(tmp_path, "alpha,beta,gamma\nx1,2026-01-01,1.50\nx2,2026-01-01,2.50\n", table="orders")
    assert columns(guessed) == {"order_id": "alpha", "paid_at": "beta", "paid_amount": "gamma"}
    assert set(guessed.guesses) == {"order_id", "paid_at", "paid_amount"}


def test_a_known_name_over_other_values_is_not_taken(tmp_path: Path) -> None:
    made = proposal(
        tmp_path, "order id,paid at,total\n1,2026-01-01,cash\n2,2026-01-02,card\n", table="orders"
    )
    assert made.lacking == ("paid_amount",)


def test_a_name_without_digits_is_no_orders_and_an_id_is(tmp_path: Path) -> None:
    made = proposal(tmp_path, "id,name,total,when\n7,Ann,9,2026-01-01\n8,Bo,8,2026-01-02\n", table="orders")
    assert columns(made)["order_id"] == "id" and tomllib.loads(made.text)["contacts"] == {"name": "name"}
    assert comment(made, "order_id").startswith("likely: called id")
    made = proposal(tmp_path, "Name,Total,When\n#1001,9,2026-01-01\n#1002,8,2026-01-02\n", table="orders")
    assert columns(made)["order_id"] == "Name"


def test_an_id_that_is_empty_on_some_rows_is_told(tmp_path: Path) -> None:
    made = proposal(tmp_path, "order id,paid at,total\n1,2026-01-01,5\n,2026-01-02,6\n")
    assert comment(made, "row_is") == '"order id" never comes twice, but is empty on 1 of the rows'


def test_samples_of_times_are_shown_and_a_phone_among_them_is_not(tmp_path: Path) -> None:
    made = proposal(tmp_path, "order id,paid at,total\n1,05.01.2026 10:30,5\n2,06.01.2026 11:20,6\n")
    assert comment(made, "paid_at").endswith("all times: 05.01.2026 10:30, 06.01.2026 11:20")
    rows = "".join(f"{n},2026-01-02 10:00:{n:02},5\n" for n in range(30))
    made = proposal(tmp_path, f"order id,paid at,total\n40,13800001111,5\n{rows}")
    assert "138****1111" in comment(made, "paid_at") and "13800001111" not in made.text


def test_the_sheet_with_the_table_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("说明").write_column(0, 0, ["说明", "本表由收银系统导出", "请勿修改"])
        book.add_worksheet("空表").write_row(0, 0, ["小票号", "消费日期", "实收"])
        orders = book.add_worksheet("流水")
        for number, row in enumerate([["小票号", "消费日期", "实收"], ["T1", "2026-03-05", 58.5]]):
            orders.write_row(number, 0, row)
    run("mapping", path, "--name", "my-till")
    said = capsys.readouterr()
    assert "looked at book.xlsx, sheet 流水; not at 说明, 空表\n" in said.err
    assert tomllib.loads(said.out)["columns"]["order_id"] == "小票号"


def test_dates_that_could_be_read_two_ways_are_a_guess(tmp_path: Path) -> None:
    made = proposal(tmp_path, "order id,paid at,total\n1,01/02/2026,5\n2,03/04/2026,6\n")
    assert tomllib.loads(made.text)["dates"] == ["%m/%d/%Y"], (
        "a shop that counts in dollars, as far as is known"
    )
    made = proposal(tmp_path, "order id,paid at,total\n1,01/02/2026,£5\n2,03/04/2026,£6\n")
    assert tomllib.loads(made.text)["dates"] == ["%d/%m/%Y"]
    assert comment(made, "dates").startswith("a guess: the day and the month could change places")


@pytest.mark.parametrize(
    ("texts", "forms"),
    [
        (["2026-01-31 10:00:00", "20260131"], ((), False)),
        (["1/31/2026 8:05", "12/1/2026 18:05"], (("%m/%d/%Y %H:%M",), False)),
        (["31.01.2026"], (("%d.%m.%Y",), False)),
        (["5 Jan 2026"], (("%d %b %Y",), False)),
        (["1/2/2026"], (("%d/%m/%Y",), True)),
        (["tea", "2026-01-31"], None),
        ([], None),
    ],
)
def test_forms_of_dates(texts: list[str], forms: object) -> None:
    assert date_forms([*understood(texts).values()]) == forms


def test_cells_and_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "cells.csv"
    path.write_text(
        "n,what\n" + "".join(f"{n},{v}\n" for n, v in enumerate(('="12"', "'138", " null ", "-", "", "5")))
    )
    (_, column) = sample(reader.open_tables(path)[0]).columns
    assert column.cells == ("12", "138", "", "", "", "5")
    found = understood(["¥1,234.50", "$-8.00", "12元", "58.00", "1,23", "", "12%", ".", "tea", "5-8"])
    assert [meaning.amount for meaning in found.values()] == [1234.5, -8, 12, 58] + [None] * 6
    assert [found[text].is_whole for text in ("12元", "¥1,234.50", "tea")] == [True, False, False]
    dated = understood(
        ["2026-01-31T10:00:00Z", "20260131", "2026年1月31日", "1001", "10010203", "202601", "tea"]
    )
    assert [meaning.dated for meaning in dated.values()] == [True] * 3 + [False] * 4
    assert is_phone("13800001234") and is_phone("138****1234") and not is_phone("20260101")


def test_every_known_word_is_of_a_column_and_a_code() -> None:
    words = known_words()
    for table in TABLES.values():
        assert set(words[table.name]) - {"price"} <= set(table.names)
    for column, codes in words["words"].items():
        assert set(codes) <= {*CODES.get(column, ("true", "false")), ""}
    assert codes_of("status")["交易成功"] == "completed"
    assert codes_of("consent")["yes"] == "true"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"platform": "Täglich"}, "no name for a mapping"),
        ({"platform": "taobao"}, "comes with memberlib"),
        ({"table": "orderz"}, "no table 'orderz'"),
    ],
)
def test_what_cannot_be_proposed_is_one_line(tmp_path: Path, options: dict[str, str], said: str) -> None:
    (tmp_path / "file.csv").write_text(TILL, encoding="utf-8")
    looked = sample(reader.open_tables(tmp_path / "file.csv")[0])
    with pytest.raises(InputError, match=said):
        proposed(looked, **{"platform": "my-till", "mask": masked, **options})  # type: ignore[arg-type]
    (tmp_path / "empty.csv").write_text("order id,total\n", encoding="utf-8")
    with pytest.raises(InputError, match="no rows"):
        proposed(sample(reader.open_tables(tmp_path / "empty.csv")[0]), platform="my-till", mask=masked)


HEADERS = st.one_of(
    st.sampled_from(
        [
            "order id",
            "total",
            "paid at",
            "会员名",
            "手机",
            "状态",
            "生日",
            "Qty",
            "price",
            "time",
            "行为",
            "退款",
        ]
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), max_size=12),
)
CELLS = st.one_of(
    st.sampled_from(["2026-01-01", "1/2/2026", "10:30", "¥5.00", "-3", "13800001234", "a@example.com"]),
    st.sampled_from(["已完成", '="1"', ""]),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), max_size=12),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HEADERS, min_size=1, max_size=6), st.data(), st.sampled_from([None, *TABLES]))
def test_whatever_the_file_the_proposal_is_toml(
    tmp_path: Path, header: list[str], data: st.DataObject, table: str | None
) -> None:
    rows = data.draw(
        st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), min_size=1, max_size=5)
    )
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [header, *rows])
    path = tmp_path / "file.csv"
    path.write_text(text + "\n", encoding="utf-8", newline="")
    try:
        looked = sample(reader.open_tables(path)[0])
        made = proposed(looked, platform="my-till", mask=masked, table=table)
    except InputError as error:
        assert "\n" not in str(error)
        return
    stated = tomllib.loads(made.text)
    assert set(stated["columns"]).isdisjoint(made.lacking)
    if not made.lacking:
        found = try_out(looked, crosswalk_from(made.name, made.text.encode()))
        assert found.bad_count <= found.row_count
    secrets = {"13800001234", "a@example.com"} - {looked.file.header[0].strip(), *(h.strip() for h in header)}
    assert not [secret for secret in secrets if secret in made.text]


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_ends_in_a_proposal_or_in_one_line(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    files = sorted((Path(__file__).parent / "data").rglob("*.csv"))
    content = bytearray(draw.choice(files).read_bytes())
    if seed % 3 == 0:
        content = content[: draw.randrange(1, len(content))]
    for _ in range(seed):
        content[draw.randrange(len(content))] = draw.randrange(256)
    for _ in range(seed % 4):
        content.insert(draw.randrange(len(content)), ord('"'))
    path = tmp_path / "file.csv"
    path.write_bytes(bytes(content))
    try:
        looked = sample(reader.open_tables(path)[0])
        made = proposed(looked, platform="my-till", mask=masked)
        tomllib.loads(made.text)
        if not made.lacking:
            try_out(looked, crosswalk_from(made.name, made.text.encode()))
    except InputError as error:
        assert "\n" not in str(error)


def run(*arguments: object) -> None:
    try:
        main([str(a) for a in arguments])
    except SystemExit as ended:
        assert not ended.code, ended.code


def test_from_a_strange_file_to_an_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "till.csv").write_bytes(TILL.encode("gbk"))
    run("mapping", tmp_path / "till.csv", "--name", "my-till", "--out", tmp_path / "my-till-orders.toml")
    said = capsys.readouterr()
    assert said.err == "my-till-orders: 3 of 3 rows looked at can be read by it\n"
    (account,) = import_files(
        [tmp_path / "till.csv"], "tea", data=tmp_path, mapping=tmp_path / "my-till-orders.toml"
    )
    assert (account.read_count, account.accepted_count, account.platform) == (3, 3, "my-till")
    (orders,) = Lake(tmp_path / "lake").version("tea").files["orders"]
    with duckdb.connect() as con:
        held = con.execute(
            "SELECT order_id, member_id, CAST(paid_at AS VARCHAR), CAST(paid_amount AS DOUBLE), "
            f"CAST(refund_amount AS DOUBLE), status FROM '{orders}' ORDER BY order_id"
        ).fetchall()
    assert held == [
        ("T001", "13800001234", "2026-03-05 10:20:00", 58.0, 0.0, "paid"),
        ("T002", "13800005678", "2026-03-05 11:02:00", 1120.5, 20.0, "paid"),
        ("T003", None, "2026-03-06 09:40:00", 33.0, 0.0, "paid"),
    ]


def test_orders_and_their_lines_from_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mappings").mkdir()
    with zipfile.ZipFile(tmp_path / "lines.zip", "w") as archive:
        archive.writestr("lines.csv", LINES)
    run("mapping", tmp_path / "lines.zip", "--name", "my-till", "--out", tmp_path / "mappings")
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        str(tmp_path / "mappings" / f"my-till-{table}.toml") for table in ("orders", "items")
    ]
    assert "my-till-orders: 3 of 4 rows looked at can be read by it (bad_status: 1, first row 5)" in said.err
    with pytest.raises(SystemExit) as ended:
        main(
            ["mapping", str(tmp_path / "lines.zip"), "--name", "my-till", "--out", str(tmp_path / "mappings")]
        )
    assert ended.value.code == 2
    assert "is there already" in capsys.readouterr().err
    mended = tmp_path / "mappings" / "my-till-orders.toml"
    text = mended.read_text(encoding="utf-8").replace('# "Lost at sea" = ""', '"Lost at sea" = "cancelled"')
    mended.write_text(text, encoding="utf-8")
    (tmp_path / "lines.csv").write_text(LINES, encoding="utf-8")
    orders, lines = import_files([tmp_path / "lines.csv"], "tea", data=tmp_path)
    assert (orders.table, orders.read_count, orders.accepted_count, orders.rejected_count) == (
        "orders",
        4,
        4,
        0,
    )
    assert (lines.table, lines.read_count, lines.accepted_count) == ("items", 4, 4)
    files = Lake(tmp_path / "lake").version("tea").files
    with duckdb.connect() as con:
        held = con.execute(
            f"SELECT order_id, CAST(paid_amount AS DOUBLE), item_count, status FROM '{files['orders'][0]}' ORDER BY 1"
        ).fetchall()
    assert held == [("A-1", 35.0, 3, "completed"), ("A-2", 12.0, 1, "pending"), ("A-3", 8.0, 1, "cancelled")]


def test_what_is_said_at_the_prompt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "members.csv").write_text(MEMBERS, encoding="utf-8")
    run("mapping", tmp_path / "members.csv")
    said = capsys.readouterr()
    assert tomllib.loads(said.out)["platform"] == "members"
    assert said.err == "members-members: 3 of 3 rows looked at can be read by it\n"
    known = "order_id,member_id,paid_at,paid_amount,status\n1,a,2026-01-01,5,paid\n"
    (tmp_path / "known.csv").write_text(known, encoding="utf-8")
    run("mapping", tmp_path / "known.csv")
    assert "known.csv is read without a mapping, as generic-orders" in capsys.readouterr().err
    run("mapping", tmp_path / "known.csv", "--table", "events")
    assert "still to be filled in: kind\n" in capsys.readouterr().err


def test_platforms_are_listed_with_what_paid_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file.csv").write_text(TILL, encoding="utf-8")
    (tmp_path / "mappings").mkdir()
    run("mapping", tmp_path / "file.csv", "--name", "my-till", "--out", tmp_path / "mappings")
    capsys.readouterr()
    run("platforms", "--data", tmp_path)
    said = capsys.readouterr().out
    assert "generic: brushed, events, items, members, orders\n" in said
    assert "  generic-orders: one row per order; paid is paid_amount, refunds not taken off" in said
    assert re.search(
        r"  taobao-orders: one row per order; paid is 买家实际支付金额.*, refunds taken off", said
    )
    assert "  my-till-orders: one row per order; paid is 实收(元), refunds not taken off" in said
