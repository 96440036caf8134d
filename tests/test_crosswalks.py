"""A platform is a TOML file: what the language can say is read as it says, and what it cannot say is named."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from memberlib.errors import InputError
from memberlib.imports import Account, import_files
from memberlib.lake import Lake
from memberlib.loaders.crosswalk import available, crosswalk_from
from memberlib.settings import all_settings

TILL = 'platform = "till"\nlang = "en"\ncurrency = "USD"\ntime_zone = "UTC"\n'
LINES = """table = "orders"
row_is = "line"
[columns]
order_id = "Name"
member_id = { from = "Email", else = ["Phone"] }
paid_at = "Paid at"
status = "State"
paid_amount = { from = "Total", less = "Open" }
refund_amount = "Refunded"
item_count = { from = "Qty", gather = "sum" }
[[sums]]
parts = ["Subtotal", "Shipping"]
total = "Total"
[words.status]
paid = "completed"
pending = "pending"
"""
BESIDE = """table = "items"
row_is = "line"
beside = "till-orders"
whole_orders = true
[columns]
order_id = "Name"
line_id = { place = true }
product_name = "Item"
quantity = "Qty"
amount = { product = ["Price", "Qty"] }
"""
HEADER = "Name,Email,Phone,Paid at,State,Subtotal,Shipping,Total,Open,Refunded,Qty,Item,Price"
ORDERS = f"""{HEADER}
#1,a@shop.example,,2026-04-05 12:06:15 +0500,paid,10,2,12.00,2.00,0,1,Tea,4.00
#1,,,,,,,,,,2,Cup,3.00
#2,,'15550100,2026-04-06 12:00:00 +0000,paid,8,0,8.00,0,8.00,1,Tea,8.00
"""


def taken(folder: Path, text: str, *forms: str, name: str = "f.csv", **options: Any) -> list[Account]:
    """The accounts of a file read by crosswalks of its own, written into the data folder's mappings."""
    (folder / "mappings").mkdir(parents=True, exist_ok=True)
    for form in forms:
        table = form.split('"')[1]
        (folder / "mappings" / f"till-{table}.toml").write_text(TILL + form, encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return import_files([folder / name], options.pop("shop", "s"), data=folder, **options)


def rows(folder: Path, table: str, columns: str, shop: str = "s") -> list[tuple[Any, ...]]:
    files = Lake(folder / "lake").version(shop).files[table]
    return duckdb.sql(f"SELECT {columns} FROM read_parquet({files}) ORDER BY ALL").fetchall()


def counts(account: Account) -> tuple[str, int, int, int, int, int]:
    return (account.table, account.read_count, account.accepted_count, account.same_count, account.replaced_count,
            account.rejected_count)  # fmt: skip


def test_the_first_row_of_an_order_speaks_for_it(tmp_path: Path) -> None:
    accounts = taken(tmp_path, ORDERS, LINES, BESIDE)
    assert list(map(counts, accounts)) == [("orders", 3, 3, 0, 0, 0), ("items", 3, 3, 0, 0, 0)]
    assert {a.import_id for a in accounts} == {"1"}
    found = rows(
        tmp_path, "orders", "order_id, member_id, paid_at::VARCHAR, paid_amount, refund_amount, item_count"
    )
    assert found == [
        ("#1", "a@shop.example", "2026-04-05 07:06:15", Decimal(10), Decimal(0), 3),
        ("#2", "15550100", "2026-04-06 12:00:00", Decimal(8), Decimal(8), 1),
    ]
    assert rows(tmp_path, "items", "order_id, line_id, product_name, amount") == [
        ("#1", "1", "Tea", Decimal(4)),
        ("#1", "2", "Cup", Decimal(6)),
        ("#2", "1", "Tea", Decimal(8)),
    ]
    assert accounts[0].notes == accounts[1].notes == ()


def test_an_order_with_a_bad_row_is_not_taken_in_by_halves(tmp_path: Path) -> None:
    text = (
        ORDERS.replace("2,Cup", "two,Cup") + "#3,b@shop.example,,,paid,1,0,1,0,0,1,Tea,1\n,,,,,,,,,,1,Tea,1\n"
    )
    orders, items = taken(tmp_path, text, LINES, BESIDE, max_rejected_share=1)
    assert counts(orders) == ("orders", 5, 1, 0, 0, 4) and counts(items) == ("items", 5, 3, 0, 0, 2)
    refused = Lake(tmp_path / "lake").rejected("s")
    assert refused[["row", "rule"]].values.tolist() == [
        [2, "order_rejected"],
        [3, "bad_amount"],
        [3, "bad_integer"],
        [5, "missing_paid_at"],
        [6, "missing_id"],
        [6, "missing_id"],
    ]


def test_rows_of_one_order_that_differ_are_told(tmp_path: Path) -> None:
    text = ORDERS.replace("#1,,,,,,,,,,2", "#1,,,,pending,,,9.00,,,2")
    account = taken(tmp_path, text, LINES)[0]
    assert "orders whose rows differ in paid_amount: 1 (first row 2); the first was read" in account.notes
    assert "orders whose rows differ in status: 1 (first row 2); the first was read" in account.notes
    assert rows(tmp_path, "orders", "status, paid_amount")[0] == ("completed", Decimal(8))


def test_the_file_s_own_sums(tmp_path: Path) -> None:
    account = taken(tmp_path, ORDERS.replace("8,0,8.00", "8,0,9.50"), LINES)[0]
    assert account.notes[-1].startswith(
        "Subtotal + Shipping = Total does not hold in 1 of 2 paid orders (first row 4; -1.50 in all)"
    )


def test_a_refund_without_its_sale_is_told(tmp_path: Path) -> None:
    account = taken(tmp_path, ORDERS.replace("8.00,0,8.00", "8.00,0,9.00"), LINES)[0]
    assert account.notes[-1].startswith(
        "orders refunded by more than was paid for them: 1 (first row 4; 1.00 in all)"
    )


def test_an_export_that_states_whole_orders_takes_out_what_it_lacks(tmp_path: Path) -> None:
    taken(tmp_path, ORDERS, LINES, BESIDE)
    shorter = "\n".join(line for line in ORDERS.splitlines() if "Cup" not in line) + "\n"
    orders, items = taken(tmp_path, shorter, name="later.csv")
    assert counts(orders) == ("orders", 2, 0, 1, 1, 0) and counts(items) == ("items", 2, 0, 2, 0, 0)
    assert items.notes == ("lines taken out, as their orders came again without them: 1",)
    assert rows(tmp_path, "items", "order_id, line_id") == [("#1", "1"), ("#2", "1")]
    # with a row that cannot be read nobody knows whether it was the missing line
    taken(tmp_path, ORDERS.replace("2,Cup", "2,Mug"), name="again.csv")
    taken(tmp_path, ORDERS.replace("2,Cup", "two,Cup"), name="bad.csv", max_rejected_share=1)
    assert rows(tmp_path, "items", "order_id, line_id, product_name")[1] == ("#1", "2", "Mug")
    assert Lake(tmp_path / "lake").check("s") == []


WIDE = """table = "items"
row_is = "order"
whole_orders = true
[columns]
order_id = "order_id"
line_id = { place = true }
product_name = "Product Item {n} Name"
quantity = "Product Item {n} Quantity"
amount = "Product Item {n} Total"
"""


def test_numbered_columns_are_lines(tmp_path: Path) -> None:
    names = [f"Product Item {n} {what}" for n in (1, 2, 3) for what in ("Name", "Quantity", "Total")]
    text = f"order_id,{','.join(names)}\n7,Tea,1,5,Cup,2,6,,,\n8,Tea,x,5,,,,Pot,1,50\n9,,,,,,,,,\n"
    (account,) = taken(tmp_path, text, WIDE, max_rejected_share=1)
    assert counts(account) == ("items", 4, 3, 0, 0, 1)
    assert rows(tmp_path, "items", "order_id, line_id, product_name, quantity, amount") == [
        ("7", "1", "Tea", Decimal(1), Decimal(5)),
        ("7", "2", "Cup", Decimal(2), Decimal(6)),
        ("8", "3", "Pot", Decimal(1), Decimal(50)),
    ]


TITLES = """table = "items"
row_is = "titles"
named_only = true
whole_orders = true
[columns]
order_id = "订单编号"
line_id = { place = true }
product_name = { from = "宝贝标题", split = "，", kinds = "宝贝种类" }
"""


def test_titles_in_one_cell_are_lines_where_the_file_says_how_many(tmp_path: Path) -> None:
    text = '订单编号,宝贝标题,宝贝种类\n="1","茶，杯",2\n="2","茶，真好",1\n="3",,0\n="4",壶,1\n'
    (account,) = taken(tmp_path, text, TITLES)
    assert counts(account) == ("items", 4, 4, 0, 0, 0)
    named = [("1", "1", "茶"), ("1", "2", "杯"), ("2", "1", "茶，真好"), ("4", "1", "壶")]
    assert rows(tmp_path, "items", "order_id, line_id, product_name") == sorted(named)
    (tmp_path / "lines.csv").write_text("order_id,line_id,product_name,quantity,amount\n4,1,紫砂壶,1,90\n")
    import_files([tmp_path / "lines.csv"], "s", data=tmp_path)
    (again,) = taken(tmp_path, text + '="5",茶,1\n', name="later.csv")
    assert counts(again) == ("items", 5, 1, 4, 0, 0)  # a line with an amount is not displaced by a title
    assert ("4", "1", "紫砂壶") in rows(tmp_path, "items", "order_id, line_id, product_name")


REGISTER = """table = "orders"
row_is = "line"
time_zone_from = "Zone"
may_lack = ["member_id"]
[columns]
order_id = "Sale"
member_id = "Member"
paid_at = { join = ["Date", "Time"], zone = "Zone" }
status = "Event"
paid_amount = { sum = ["Net", "Tax"], sign = "plus", gather = "sum" }
refund_amount = { sum = ["Net", "Tax"], sign = "minus", gather = "sum" }
[words.status]
Payment = "completed"
Refund = "completed"
[words.time_zone]
East = "America/New_York"
West = "America/Los_Angeles"
"""


def test_money_over_several_rows_and_a_time_in_three_columns(tmp_path: Path) -> None:
    text = """Date,Time,Zone,Net,Tax,Sale,Event,Member
2026-06-01,10:00:00,West,$8.00,$0.80,T1,Payment,C1
2026-06-01,10:00:00,West,$5.00,,T1,Payment,C1
2026-06-02,11:00:00,West,-$9.00,$-0.90,T1,Refund,C1
2026-06-01,10:00:00,East,"$1,008.00",$0.00,T2,Payment,
2026-06-01,10:00:00,Mars,$1.00,$0.00,T3,Payment,
"""
    (account,) = taken(tmp_path, text, REGISTER)
    assert counts(account) == ("orders", 5, 4, 0, 0, 1) and dict(account.rules) == {"bad_date": 1}
    assert all_settings(tmp_path)["s"].time_zone == "America/Los_Angeles"
    assert rows(tmp_path, "orders", "order_id, paid_at::VARCHAR, paid_amount, refund_amount") == [
        ("T1", "2026-06-01 10:00:00", Decimal("13.80"), Decimal("9.90")),
        ("T2", "2026-06-01 07:00:00", Decimal(1008), Decimal(0)),
    ]


def test_a_sale_and_its_refund_may_come_in_two_files_in_either_order(tmp_path: Path) -> None:
    head = "Date,Time,Zone,Net,Tax,Sale,Event,Member\n"
    sale = f"{head}2026-06-01,10:00:00,East,$8.00,,T1,Payment,C1\n"
    refund = f"{head}2026-06-09,10:00:00,East,-$3.00,,T1,Refund,\n"
    for shop, first, second in (("s", sale, refund), ("t", refund, sale)):
        taken(tmp_path, first, REGISTER, name="1.csv", shop=shop)
        (account,) = taken(tmp_path, second, name="2.csv", shop=shop)
        assert counts(account) == ("orders", 1, 0, 0, 1, 0)
        assert rows(tmp_path, "orders", "member_id, paid_at::VARCHAR, paid_amount, refund_amount", shop) == [
            ("C1", "2026-06-01 10:00:00", Decimal(8), Decimal(3))
        ]
        both = sale + refund.removeprefix(head)
        (account,) = taken(tmp_path, both, name="3.csv", shop=shop)
        assert counts(account) == ("orders", 2, 0, 2, 0, 0)


def test_a_refund_outlives_its_sale_coming_again(tmp_path: Path) -> None:
    head = "Date,Time,Zone,Net,Tax,Sale,Event,Member\n"
    sale = f"{head}2026-06-01,10:00:00,East,$8.00,,T1,Payment,C1\n"
    taken(tmp_path, sale, REGISTER, name="1.csv")
    taken(tmp_path, f"{head}2026-06-09,10:00:00,East,-$3.00,,T1,Refund,\n", name="2.csv")
    (account,) = taken(tmp_path, f"{sale}2026-06-02,10:00:00,East,$1.00,,T2,Payment,C1\n", name="3.csv")
    assert counts(account) == ("orders", 2, 1, 1, 0, 0) and account.notes == ()
    assert rows(tmp_path, "orders", "order_id, refund_amount")[0] == ("T1", Decimal(3))


def test_lines_with_ids_of_their_own_do_not_push_one_another_out(tmp_path: Path) -> None:
    own = BESIDE.replace("{ place = true }", '{ from = "Line", place = true }').replace(
        'beside = "till-orders"\n', ""
    )
    taken(tmp_path, "Name,Item,Qty,Price\n#1,Tea,1,4\n#1,Cup,1,3\n", own, name="old.csv")
    assert rows(tmp_path, "items", "line_id") == [("1",), ("2",)]
    taken(tmp_path, "Name,Line,Item,Qty,Price\n#1,s100001,Tea,1,4\n", name="1.csv")
    assert rows(tmp_path, "items", "line_id") == [("s100001",)]  # in place of lines that had no ids
    taken(tmp_path, "Name,Line,Item,Qty,Price\n#1,s100002,Cup,1,3\n", name="2.csv")
    assert rows(tmp_path, "items", "line_id") == [("s100001",), ("s100002",)]
    assert Lake(tmp_path / "lake").check("s") == []


def test_rows_in_another_currency_are_not_added_up(tmp_path: Path) -> None:
    form = LINES.replace('row_is = "line"', 'row_is = "line"\ncurrency_from = "Currency"')
    text = "".join(
        f"{line},{'Currency' if n == 0 else ('GBP', '', 'EUR')[n - 1]}\n"
        for n, line in enumerate(ORDERS.splitlines())
    )
    (account,) = taken(tmp_path, text, form, max_rejected_share=0.5)
    assert counts(account) == ("orders", 3, 2, 0, 0, 1) and dict(account.rules) == {"other_currency": 1}
    assert all_settings(tmp_path)["s"].currency == "GBP"
    (account,) = taken(tmp_path, text.replace("GBP", "AUD"), shop="t", max_rejected_share=0.5)
    assert account.rejected_count == 0 and account.notes[-1].startswith(
        "amounts are in AUD, taken as they stand"
    )


def test_phones_and_e_mails_that_are_ids_have_one_form(tmp_path: Path) -> None:
    form = MASKED.replace("masked_with", "contact = true, masked_with")
    ids = [
        "Ann@Shop.Example",
        "ann@shop.example",
        "+86 138-0000-0001",
        "13800000001",
        "(555) 010-0199",
        "card 7",
    ]
    text = "no,phone,paid,due\n" + "".join(f"{n}.0,{who},2026-01-05,1\n" for n, who in enumerate(ids))
    taken(tmp_path, text, form)
    assert [who for _, who in rows(tmp_path, "orders", "order_id, member_id")] == [
        "ann@shop.example", "ann@shop.example", "13800000001", "13800000001", "5550100199", "card 7",
    ]  # fmt: skip


MASKED = """table = "orders"
row_is = "order"
may_lack = ["status"]
[columns]
order_id = "no"
member_id = { from = "phone", else = "mobile", masked_with = ["nick", "name"] }
paid_at = "paid"
paid_amount = { sum = ["due", "balance"] }
"""


def test_a_masked_phone_alone_is_nobody(tmp_path: Path) -> None:
    text = """no,phone,mobile,nick,name,paid,due,balance
1,186******05,,小雨,,2026-01-05,1,2
2,186******05,,,李四,2026-01-05,1,
3,186******05,,,,2026-01-05,,2
4,,13800000001,小雨,,,1,0
"""
    (account,) = taken(tmp_path, text, MASKED)
    assert account.notes == (
        "no column for the status: orders with a time of payment are taken as paid, others as pending",
    )
    assert rows(tmp_path, "orders", "order_id, member_id, status, paid_amount") == [
        ("1", "186******05 小雨", "paid", Decimal(3)),
        ("2", "186******05 李四", "paid", Decimal(1)),
        ("3", None, "paid", Decimal(2)),
        ("4", "13800000001", "pending", Decimal(1)),
    ]


def test_channels_keep_ids_apart(tmp_path: Path) -> None:
    order = "order_id,member_id,paid_at,paid_amount,status,channel\n1,a,2026-01-05,5,completed,\n"
    taken(tmp_path, order)
    (account,) = taken(tmp_path, order, channel="till")
    assert counts(account) == ("orders", 1, 1, 0, 0, 0)
    assert rows(tmp_path, "orders", "order_id, member_id, channel") == [
        ("1", "a", None),
        ("till:1", "till:a", "till"),
    ]
    (again,) = taken(tmp_path, order, channel="till")
    assert counts(again) == ("orders", 1, 0, 1, 0, 0)
    for channel in ("", "a b", "a:b", "x" * 33, "'"):
        with pytest.raises(InputError, match="is no channel"):
            taken(tmp_path, order, channel=channel)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("table = 'orders'", "(lang|row_is|platform) is missing"),
        (TILL + LINES.replace('"orders"', '"sales"'), "table 'sales' is not one of orders, items"),
        (TILL + LINES.replace("refund_amount", "refund"), "'refund' is not one of order_id, .*mean 'refund_amount'"),
        (TILL + LINES.replace("less", "minus"), "paid_amount: word 'minus' is not one of from, zone"),
        (TILL + LINES.replace('"sum" }', '"add" }'), "gather 'add' is not one of first, last, least, sum"),
        (TILL + LINES.replace('paid = "completed"', 'paid = "done"'), "'paid' is 'done', not one of pending"),
        (TILL + LINES.replace('paid_at = "Paid at"\n', ""), "must say where paid_at stands"),
        (TILL + "gift = true\n" + LINES, "word 'gift' is not one of table, columns"),
        (TILL + "alone = 'yes'\n" + LINES, "alone must be true or false, not 'yes'"),
        (TILL + "may_lack = ['city']\n" + LINES, "may_lack: 'city' is not one of order_id"),
        (TILL + LINES.replace('total = "Total"', ""), "each of \\[\\[sums\\]\\] has parts and total"),
        (TILL + LINES.replace('"Paid at"', "7"), "paid_at must be a text or a list of texts, not 7"),
        (TILL + LINES.replace('"Paid at"', "{ part = 1 }"), "paid_at: no header is named"),
        (TILL + LINES.replace('"Paid at"', '{ from = "x", part = 0 }'), "part must be a number from 1 on, not 0"),
        ("not toml", "cannot be read"),
        (TILL.replace("USD", "XXX") + LINES, "currency 'XXX' is not one of CNY"),
        (TILL.replace("UTC", "Mars/Base") + LINES, "time_zone 'Mars/Base' is not known"),
        (TILL + "dates = ['%Q %d']\n" + LINES, "'%Q %d' is no form of a date"),
        (TILL + LINES.replace('"line"', '"titles"'), "row_is = 'titles' is for items"),
        (TILL + LINES.replace('"Refunded"', "{ place = true }"), "place is for the line_id of items alone"),
    ],
)  # fmt: skip
def test_what_a_mapping_cannot_say_is_named_in_one_line(form: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        crosswalk_from("till-orders", form.encode())
    assert "\n" not in str(caught.value)


def test_mappings_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    own = tmp_path / "mappings" / "taobao-orders.toml"
    own.write_text(TILL + LINES)
    with pytest.raises(InputError, match="'taobao-orders' comes with memberlib; name the file otherwise"):
        available(tmp_path)
    own.rename(tmp_path / "elsewhere.toml")
    (tmp_path / "f.csv").write_text(ORDERS)
    (account,) = import_files([tmp_path / "f.csv"], "s", data=tmp_path, mapping=tmp_path / "elsewhere.toml")
    assert counts(account) == ("orders", 3, 3, 0, 0, 0) and account.platform == "till"
    with pytest.raises(InputError, match=r"mapping .*no\.toml cannot be read"):
        import_files([tmp_path / "f.csv"], "s", data=tmp_path, mapping=tmp_path / "no.toml")
