"""Each platform's export, in its true form, comes out as the orders, lines and members that stand in it.

Every number here was worked out by hand from the files under ``tests/data``.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter

from memberlib.errors import InputError
from memberlib.imports import Account, import_files
from memberlib.lake import Lake
from memberlib.loaders import crosswalk, matching, reader
from memberlib.model import STATUSES
from memberlib.settings import all_settings
from memberlib.store import open_store

DATA = Path(__file__).parent / "data"


class Shop:
    """One shop in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "shop"

    def take(self, *files: str | Path, **options: Any) -> list[Account]:
        paths = [DATA / f if isinstance(f, str) else f for f in files]
        return import_files(paths, "shop", data=self.data, **options)

    def held(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """The rows that stand, ordered by their first column."""
        files = Lake(self.data / "lake").version("shop").files.get(table)
        return (
            duckdb.sql(f"SELECT {columns} FROM read_parquet({files}) ORDER BY ALL").fetchall()
            if files
            else []
        )

    def buyers(self) -> dict[str, tuple[int, Decimal]]:
        """Member → trades that count, and what was paid for them less refunds."""
        trades = open_store("shop", data=self.data).trades
        found = trades.group_by("member_id").aggregate(n=trades.count(), net=trades.net_amount.sum())
        return {r["member_id"]: (r["n"], r["net"].normalize()) for r in found.to_pyarrow().to_pylist()}

    def left_out(self) -> dict[str, tuple[int, float]]:
        frame = open_store("shop", data=self.data).left_out
        return {r.reason: (r.order_count, round(r.amount, 2)) for r in frame.itertuples() if r.order_count}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def counts(account: Account) -> tuple[str, int, int, int, int, int]:
    """table, read, accepted, same, replaced, rejected"""
    return (account.table, account.read_count, account.accepted_count, account.same_count, account.replaced_count,
            account.rejected_count)  # fmt: skip


def paid(count: int, net: str) -> tuple[int, Decimal]:
    return count, Decimal(net).normalize()


@dataclass(frozen=True)
class Case:
    """What one file holds: rows per table, trades that count by member, orders that do not by reason."""

    file: str
    platform: str
    rows: dict[str, int]
    buyers: dict[str, tuple[int, Decimal]]
    left_out: dict[str, tuple[int, float]]
    refunded: str
    rejected: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.file


ORDER_FILES = [
    Case(
        "taobao/orders-words.csv", "taobao", {"orders": 13},
        {"小橘子88": paid(1, "200"), "tb00042": paid(2, "169.5"), "爱喝汤的猫": paid(1, "300"),
         "walnut": paid(2, "113"), "𠮷田屋": paid(1, "88")},
        {"cancelled": (3, 180.0), "unpaid": (1, 0.0), "refunded": (1, 70.0), "guest": (1, 30.0)}, "270",
    ),
    # neither buyer nor status: what has a time of payment was paid
    Case("taobao/report-7.csv", "taobao", {"orders": 6}, {},
         {"unpaid": (2, 0.0), "refunded": (1, 64.8), "guest": (3, 206.9)}, "243.6"),
    # no order numbers; two rows of one moment are one order of 40 + 12.5
    Case("taobao/practice-9.csv", "taobao", {"orders": 5},
         {"小橘子88": paid(1, "186"), "tb00042": paid(1, "52.5"), "walnut": paid(1, "68")},
         {"cancelled": (1, 45.0)}, "0"),
    Case("taobao/practice-5.csv", "taobao", {"orders": 3}, {"小橘子88": paid(1, "41.86"), "tb00042": paid(2, "153.58")},
         {}, "0"),
    # two members share the masked phone 186******05 and are told apart by their names; without one it is nobody's
    Case("youzan/orders-39.csv", "youzan", {"orders": 11, "items": 13},
         {"13800000001": paid(2, "135"), "13800000002": paid(1, "70"), "13800000003": paid(2, "70"),
          "186******05 李谷雨": paid(1, "40"), "186******05 周白露": paid(1, "60")},
         {"cancelled": (1, 90.0), "unpaid": (1, 0.0), "guest": (2, 40.0)}, "120"),
    Case("youzan/orders-60.csv", "youzan", {"orders": 4, "items": 5},
         {"13800000001": paid(1, "80"), "186******05 李谷雨": paid(1, "44")},
         {"cancelled": (1, 20.0), "unpaid": (1, 0.0)}, "45"),
    # 158 is 150 due and 8 of the balance, repeated on two rows; 60 stands on three
    Case("jd/orders.csv", "jd", {"orders": 20, "items": 20},
         {"jd_amy": paid(2, "222"), "jd_bo": paid(2, "165"), "jd_cat": paid(3, "120")},
         {"cancelled": (7, 248.0), "unpaid": (3, 60.0)}, "0"),
    Case("pinduoduo/orders-23.csv", "pinduoduo", {"orders": 10, "items": 10}, {},
         {"cancelled": (3, 59.7), "unpaid": (1, 20.0), "guest": (6, 164.8)}, "0"),
    Case("pinduoduo/orders-82.csv", "pinduoduo", {"orders": 5, "items": 5},
         {"13800000061": paid(2, "40"), "13800000062": paid(1, "6.6")}, {"unpaid": (1, 7.7), "guest": (1, 8.8)}, "0"),
    # an order of 20 and 9.50 on two rows; 138****0072 is 王** and 冯**; one row holds an order of two lines
    Case("douyin/orders.csv", "douyin", {"orders": 9, "items": 9},
         {"138****0071 郑**": paid(2, "52.9"), "138****0072 王**": paid(2, "39"), "138****0072 冯**": paid(1, "28.5")},
         {"cancelled": (1, 15.9), "unpaid": (1, 9.5), "guest": (1, 9.5)}, "0"),
    # 60 of 100 paid; 220.06 less 11.29 still owed; 50 less 12.50 given back; one order with a phone alone
    Case("shopify/orders_export.csv", "shopify", {"orders": 13, "items": 13, "members": 9},
         {"ada@example.com": paid(2, "257.37"), "bo@example.com": paid(1, "60"), "cy@example.com": paid(1, "37.5"),
          "15550000003": paid(1, "10")},
         {"cancelled": (2, 41.0), "unpaid": (2, 0.0), "guest": (1, 7.0)}, "37.5"),
    Case("woocommerce/order_export.csv", "woocommerce", {"orders": 10, "items": 9},
         {"ada@example.com": paid(2, "117"), "bo@example.com": paid(1, "20"), "07000000001": paid(1, "12")},
         {"cancelled": (3, 57.0), "unpaid": (2, 33.0), "guest": (1, 9.0)}, "0"),
    # 8.62 + 4.27; 1,077.50 + 9.70, of which 9.70 were given back; 9.70 given back whole; 5.39 given back for a sale
    # that is not in the file
    Case("square/items-33.csv", "square", {"orders": 10, "items": 10},
         {"CUS1": paid(1, "12.89"), "CUS2": paid(1, "1077.5"), "REF9": paid(1, "7.54")},
         {"refunded": (2, 9.7), "guest": (1, 4.31)}, "24.79"),
    Case("square/items-35.csv", "square", {"orders": 3, "items": 3},
         {"CUS1": paid(1, "4.31"), "CUS3": paid(1, "8.62"), "REF9": paid(1, "7.54")}, {}, "0"),
    # tips are in what was collected: 27 + 2.16 + 2; 1,470 + 117.60 + 20
    Case("square/transactions.csv", "square", {"orders": 5}, {"CUS1": paid(2, "1638.76")},
         {"refunded": (1, 12.96), "guest": (1, 6.48)}, "12.96"),
]  # fmt: skip


@pytest.mark.parametrize("case", ORDER_FILES, ids=str)
def test_the_account_and_the_totals(shop: Shop, case: Case) -> None:
    accounts = shop.take(case.file)
    assert {a.platform for a in accounts} == {case.platform}
    told = {
        "members": (6, 2, 1)
    }  # accepted, same, replaced: of several orders the newest tells of the member
    assert [counts(a) for a in accounts] == [(t, n, *told.get(t, (n, 0, 0)), 0) for t, n in case.rows.items()]
    assert shop.buyers() == case.buyers
    assert shop.left_out() == case.left_out
    ((refunded,),) = shop.held("orders", "sum(refund_amount)")
    assert refunded == Decimal(case.refunded)
    assert Lake(shop.data / "lake").check("shop") == []
    again = shop.take(case.file)
    assert [counts(a) for a in again] == [(t, n, 0, n, 0, 0) for t, n in case.rows.items()]


def statuses(shop: Shop, *, last: int = 2) -> dict[str, str]:
    return {i[-last:]: s for i, s in shop.held("orders", "order_id, status")}


def test_statuses_of_taobao(shop: Shop) -> None:
    shop.take("taobao/orders-words.csv")
    assert statuses(shop) == {
        "01": "completed", "02": "completed", "03": "shipped", "04": "paid", "05": "pending", "06": "cancelled",
        "07": "cancelled", "08": "shipped", "09": "cancelled", "10": "completed", "11": "completed", "12": "completed",
        "13": "completed",
    }  # fmt: skip


def test_statuses_of_youzan(shop: Shop) -> None:
    shop.take("youzan/orders-39.csv")
    assert list(statuses(shop).values()) == ["completed", "pending", "paid", "paid", "paid", "shipped", "shipped",
                                             "completed", "cancelled", "completed", "completed"]  # fmt: skip


def test_statuses_of_jd(shop: Shop) -> None:
    shop.take("jd/orders.csv")
    assert list(statuses(shop).values()) == [
        "completed", "paid", "shipped", "pending", "pending", "pending", "cancelled", "paid", "paid",
        "cancelled", "cancelled", "cancelled", "cancelled", "cancelled", "cancelled", "paid", "completed",
    ]  # fmt: skip


def test_statuses_of_pinduoduo_and_douyin(tmp_path: Path) -> None:
    first, second = Shop(tmp_path / "a"), Shop(tmp_path / "b")
    first.take("pinduoduo/orders-23.csv")
    assert list(statuses(first).values()) == ["pending", "paid", "shipped", "completed", "shipped", "completed",
                                              "cancelled", "cancelled", "cancelled", "completed"]  # fmt: skip
    second.take("douyin/orders.csv")
    assert list(statuses(second).values()) == ["completed", "completed", "cancelled", "shipped", "paid", "pending",
                                               "paid", "completed"]  # fmt: skip


def test_statuses_of_shopify_and_woocommerce(tmp_path: Path) -> None:
    first, second = Shop(tmp_path / "a"), Shop(tmp_path / "b")
    first.take("shopify/orders_export.csv")
    assert statuses(first) == {
        "01": "paid", "02": "pending", "03": "pending", "04": "paid", "05": "paid", "06": "cancelled",
        "07": "cancelled", "08": "paid", "09": "paid", "10": "paid",
    }  # fmt: skip
    second.take("woocommerce/order_export.csv")
    assert list(statuses(second).values()) == ["completed", "paid", "pending", "pending", "cancelled", "cancelled",
                                               "cancelled", "completed", "completed", "completed"]  # fmt: skip


STATED = {
    "taobao": "交易成功 completed; 卖家已发货，等待买家确认 shipped; 交易关闭 cancelled; 等待买家付款 pending; "
    "买家已付款，等待卖家发货 paid; 买家未付款 cancelled; 退款 cancelled",
    "youzan": "待付款 pending; 待接单 paid; 待成团 paid; 待发货 paid; 部分发货 shipped; 已发货 shipped; "
    "交易完成 completed; 交易成功 completed; 交易关闭 cancelled",
    "jd": "等待付款 pending; 等待付款确认 pending; 未付款 pending; 等待出库 paid; 等待确认收货 shipped; "
    "完成 completed; 已取消 cancelled; 锁定 paid; (锁定)等待出库 paid; (删除)等待出库 cancelled; "
    "(删除)等待确认收货 cancelled; (删除)等待付款 cancelled; (删除)未付款 cancelled; "
    "(删除)锁定 cancelled; (删除)完成 cancelled; 暂停 paid",
    "pinduoduo": "待支付 pending; 未发货，退款成功 cancelled; 已发货，待签收 shipped; 已发货，退款成功 cancelled; "
    "已签收 completed; 已取消 cancelled",
    "douyin": "待支付 pending; 备货中 paid; 已发货 shipped; 已完成 completed; 已关闭 cancelled",
    "shopify": "pending pending; authorized pending; paid paid; partially_paid paid; partially_refunded paid; "
    "refunded cancelled; voided cancelled",
}


@pytest.mark.parametrize("platform", STATED)
def test_every_status_word_that_is_known_has_its_meaning(platform: str) -> None:
    (words,) = (c.words["status"] for c in crosswalk.crosswalks() if c.name == f"{platform}-orders")
    stated = dict(piece.split() for piece in STATED[platform].split("; "))
    assert {word: words.get(word) for word in stated} == stated and set(words.values()) == set(STATUSES) - (
        {"shipped", "completed"} if platform == "shopify" else set()
    )


# --- lines ----------------------------------------------------------------------------------------------------------

LINES = "order_id, line_id, product_id, quantity::DOUBLE, amount::DOUBLE"


def test_lines_of_taobao_s_later_form(shop: Shop) -> None:
    shop.take("taobao/items-20.csv")
    assert [(i[-2:], line[-3:], *rest) for i, line, *rest in shop.held("items", LINES)] == [
        ("01", "011", "SH-0001", 2, 140.0), ("01", "012", "PA-0002", 1, 60.0), ("02", "021", "TS-0003", 1, 79.5),
        ("03", "031", "羊毛毯，含收纳袋", 2, 300.0),
    ]  # fmt: skip


def test_lines_of_taobao_from_titles_are_read_when_asked_for(shop: Shop) -> None:
    file = "taobao/orders-words.csv"
    shop.take(file)
    assert shop.held("items", LINES) == []
    (account,) = shop.take(file, platform="taobao-titles")
    titles = {(i[-2:], n): t for i, n, t in shop.held("items", "order_id, line_id, product_name")}
    # 10 orders have titles, two of them two; of one the title itself has a comma
    assert account.table == "items" and account.read_count == len(titles) == 12
    assert (titles["01", "1"], titles["01", "2"]) == ("棉麻衬衫", "亚麻长裤")
    assert titles["03", "1"] == "羊毛毯，含收纳袋" and (titles["08", "1"], titles["08", "2"]) == (
        "发带",
        "发带",
    )
    assert shop.held("items", "DISTINCT quantity, amount") == [(None, None)]


def test_titles_never_displace_lines_that_say_more(shop: Shop) -> None:
    shop.take("taobao/items-20.csv")
    before = shop.held("items", "*")
    shop.take("taobao/orders-words.csv", platform="taobao-titles")
    assert [r for r in shop.held("items", "*") if r[0][-2:] in ("01", "02", "03")] == before
    shop.take("taobao/items-20.csv")


def test_lines_of_youzan_are_its_titles(shop: Shop) -> None:
    shop.take("youzan/orders-39.csv")
    titles = [(i[-2:], n, t) for i, n, t in shop.held("items", "order_id, line_id, product_name")]
    assert titles[:3] == [("01", "1", "白茶饼"), ("01", "2", "茶则"), ("02", "1", "白茶饼")]
    assert titles[-1] == ("11", "1", "手冲壶，细口，600毫升")  # one kind of goods with a comma in its name


@pytest.mark.parametrize(
    ("file", "goods"),
    [
        ("youzan/orders-39.csv", ["全部商品名称"]),
        ("jd/orders.csv", ["商品ID", "商品名称", "货号"]),
        ("shopify/orders_export.csv", ["Lineitem name", "Lineitem sku"]),
    ],
)
def test_a_list_that_names_no_goods_has_orders_alone(
    shop: Shop, tmp_path: Path, file: str, goods: list[str]
) -> None:
    rows = table_of(file)
    places = [n for n, h in enumerate(rows[0]) if h not in goods]
    accounts = shop.take(written(tmp_path / "orders.csv", [[row[p] for p in places] for row in rows]))
    assert accounts[0].table == "orders" and accounts[0].accepted_count == len(rows) - 1
    assert "items" not in [a.table for a in accounts]


def test_lines_of_jd(shop: Shop) -> None:
    shop.take("jd/orders.csv")
    lines = [(i[-2:], *rest) for i, *rest in shop.held("items", LINES)]
    assert lines[:3] == [("01", "1", "10000000101", 1, 79.0), ("01", "2", "10000000102", 1, 79.0),
                         ("02", "1", "10000000103", 3, 99.0)]  # fmt: skip
    assert lines[-3:] == [("17", "1", "10000000104", 1, 10.0), ("17", "2", "10000000105", 3, 30.0),
                          ("17", "3", "10000000101", 1, 20.0)]  # fmt: skip
    assert shop.held("orders", "right(order_id, 2), item_count")[-1] == ("17", 5)


def test_lines_of_pinduoduo_and_douyin(tmp_path: Path) -> None:
    first, second = Shop(tmp_path / "a"), Shop(tmp_path / "b")
    first.take("pinduoduo/orders-23.csv")
    lines = first.held("items", LINES)
    assert [r[1:] for r in lines][2:5] == [
        ("1", "HF", 2, 30.0),
        ("1", "HF", 1, 12.5),
        ("1", "754200000001", 1, 40.0),
    ]
    second.take("douyin/orders.csv")
    lines = [(i[-2:], line[-3:], *rest) for i, line, *rest in second.held("items", LINES)]
    assert lines[:3] == [
        ("01", "001", "3004", 2, 28.9),
        ("02", "002", "3004", 1, 20.0),
        ("02", "029", "3005", 1, 9.5),
    ]
    assert lines[-1][2:] == ("3004;3005", 2, 24.0)


def test_lines_of_shopify_and_woocommerce(tmp_path: Path) -> None:
    first, second = Shop(tmp_path / "a"), Shop(tmp_path / "b")
    first.take("shopify/orders_export.csv")
    lines = first.held("items", LINES)
    assert lines[:2] == [("#1001", "1", "FERN-1", 2, 30.0), ("#1001", "2", "MUG-1", 1, 10.0)]
    assert [r[1:] for r in lines if r[0] == "#1005"] == [("1", "VASE-1", 1, 12.5), ("2", "FERN-1", 1, 15.0),
                                                        ("3", "Card", 3, 22.5)]  # fmt: skip
    assert dict(first.held("orders", "order_id, item_count"))["#1005"] == 5
    second.take("woocommerce/order_export.csv")
    assert second.held("items", LINES) == [
        ("101", "1", "SOAP-L", 2, 20.0), ("101", "2", "12", 1, 30.0), ("102", "1", "SOAP-L", 2, 20.0),
        ("106", "1", "12", 1, 30.0), ("108", "1", "TIN", 1, 12.0), ("109", "1", "TIN", 1, 9.0),
        ("110", "1", "SOAP-L", 2, 20.0), ("110", "2", "12", 1, 30.0), ("110", "3", "TIN", 1, 9.0),
    ]  # fmt: skip


def test_lines_of_square(shop: Shop) -> None:
    shop.take("square/items-33.csv")
    lines = shop.held("items", f"{LINES}, category")
    sold = "2026-06-08 08:15:00 Payment"
    assert lines[:2] == [
        ("TX1", f"{sold} 1", "LAT-12", 1, 8.0, "Drinks"),
        ("TX1", f"{sold} 2", "TOKSTI", 2, 4.0, "Goods"),
    ]
    later = [(r[1].rsplit(" ", 2)[1], *r[2:5]) for r in lines if r[0] == "TX4"]
    assert later == [
        ("Payment", "TOKCAK", 4, 1000.0),
        ("Payment", "LAT-16", 1, 9.0),
        ("Refund", "LAT-16", -1, 0.0),
    ]


# --- what the platforms have of their own ---------------------------------------------------------------------------


def note(accounts: list[Account], start: str) -> str:
    """The first account's note that begins so, or nothing."""
    return next((n for n in accounts[0].notes if n.startswith(start)), "")


def test_paid_and_refunded_make_up_the_total_of_taobao_and_it_is_said_where_not(shop: Shop) -> None:
    said = note(shop.take("taobao/orders-words.csv"), "买家实际支付金额 + 退款金额 = 总金额")
    # order 11: 90 paid of 100, the rest a card of the platform's
    assert "1 of 9 paid orders" in said and "first row 12" in said and "-10.00 in all" in said
    rows = {
        i[-2:]: (p, r)
        for i, p, r in shop.held("orders", "order_id, paid_amount::DOUBLE, refund_amount::DOUBLE")
    }
    assert (rows["02"], rows["07"], rows["11"]) == ((99.5, 20), (120, 120), (90, 0))
    assert note(shop.take("taobao/report-7.csv"), "买家实际支付金额") == ""


def test_sums_of_the_other_platforms(tmp_path: Path) -> None:
    def said(file: str, start: str) -> str:
        return note(Shop(tmp_path / file.replace("/", "-")).take(file), start)

    assert said("youzan/orders-39.csv", "订单实付金额") == ""
    assert "1 of 2 paid orders (first row 4; -1.00" in said(
        "youzan/orders-60.csv", "订单实付金额 + 支付优惠合计"
    )
    assert said("jd/orders.csv", "应付金额 + 余额支付") == ""  # freight is in what was paid
    assert "1 of 6 paid orders (first row 11; +5.00" in said(
        "pinduoduo/orders-23.csv", "用户实付金额(元) + 平台优惠折扣(元)"
    )
    assert "1 of 6 paid orders (first row 14; -9.99" in said(
        "shopify/orders_export.csv", "Subtotal + Shipping + Taxes"
    )
    assert (
        said("square/items-33.csv", "Gross Sales") == ""
        and said("square/transactions.csv", "Net Sales") == ""
    )


def test_places_of_taobao(shop: Shop) -> None:
    shop.take("taobao/orders-words.csv")
    found = {i[-2:]: (r, c) for i, r, c in shop.held("orders", "order_id, region, city")}
    assert (found["01"], found["04"], found["10"]) == (
        ("浙江省", "杭州市"),
        ("北京", None),
        ("江苏省", "苏州市"),
    )


def test_times_of_shopify_with_several_offsets_in_one_file(shop: Shop) -> None:
    shop.take("shopify/orders_export.csv")
    found = dict(shop.held("orders", "order_id, paid_at::VARCHAR"))
    assert found["#1001"] == "2026-04-05 07:06:20"  # 12:06:20 at +0500
    assert found["#1005"] == "2026-03-29 05:30:05"  # 01:30:05 at -0400
    assert found["#1008"] == "2026-04-12 03:30:00"  # the day before, at -0400
    assert found["SO-10"] == "2026-02-02 00:18:52"  # 17:18:52 the day before, at -0700
    assert (
        found["#1004"] == "2026-04-08 04:00:00"
    )  # paid in part, with no time of payment: when it was placed
    assert found["#1002"] is not None  # what is not paid has none of its own either, and does not count


def test_square_s_two_forms_are_one_series(shop: Shop) -> None:
    shop.take("square/items-33.csv")
    orders, items = shop.take("square/items-35.csv")
    assert counts(orders) == ("orders", 3, 2, 1, 0, 0) and counts(items) == ("items", 3, 2, 1, 0, 0)
    assert shop.buyers() == {"CUS1": paid(2, "17.2"), "CUS2": paid(1, "1077.5"), "REF9": paid(1, "7.54"),
                             "CUS3": paid(1, "8.62")}  # fmt: skip
    found = dict(shop.held("orders", "order_id, paid_at::VARCHAR"))
    assert found["TX7"] == "2026-07-18 12:57:42"
    assert found["TX8"] == "2026-07-18 12:30:00"  # 11:30 in Chicago, as the shop in New York has it
    assert found["TX4"] == "2026-06-11 11:02:48"  # the sale's time, not the refund's


def test_square_s_transactions_write_their_times_otherwise(shop: Shop) -> None:
    shop.take("square/transactions.csv")
    assert dict(shop.held("orders", "order_id, paid_at::VARCHAR")) == {
        "TR0": "2026-10-05 12:15:00", "TR1": "2026-10-05 23:40:00", "TR2": "2026-10-06 00:00:00",
        "TR3": "2026-10-07 09:05:00",
    }  # fmt: skip


def test_a_new_shop_starts_in_the_zone_its_file_names(tmp_path: Path) -> None:
    text = (DATA / "square/items-35.csv").read_text(encoding="utf-8")
    path = tmp_path / "chicago.csv"
    path.write_text(text.replace("Eastern", "Central"), encoding="utf-8")
    shop = Shop(tmp_path)
    shop.take(path)
    assert 'time_zone = "America/Chicago"' in (shop.data / "stores.toml").read_text(encoding="utf-8")
    assert dict(shop.held("orders", "order_id, paid_at::VARCHAR"))["TX8"] == "2026-07-18 11:30:00"


def test_members_of_youzan(shop: Shop) -> None:
    (account,) = shop.take("youzan/members.csv")
    assert counts(account) == ("members", 6, 5, 0, 0, 1) and dict(account.rules) == {"missing_id": 1}
    assert any("茶友 (1)" in n for n in account.notes)
    columns = "member_id, joined_on::VARCHAR, level, gender, birthday::VARCHAR, points, stored_value::DOUBLE"
    assert shop.held("members", columns) == [
        ("13800000001", "2024-02-01", "regular", "female", "1990-02-28", 200, 10.0),
        ("13800000002", "2026-04-15", None, None, None, 10, 0.0),
        ("13800000003", "2023-09-21", "vip", "male", None, 1080, 25.5),
        ("186******05 周白露", "2023-09-21", None, "female", None, 0, None),
        ("186******05 李谷雨", "2023-09-21", None, "female", None, 0, None),
    ]
    shop.take("youzan/orders-39.csv")
    store = open_store("shop", data=shop.data)
    assert store.buyer_count == 5 and store.member_count == 5  # each buyer is on the list, masked phones too


def test_consent_to_messages_from_shopify_s_orders(shop: Shop) -> None:
    shop.take("shopify/orders_export.csv")
    assert shop.held("members", "member_id, consent") == [
        ("+923000000001", False), ("15550000003", False), ("ada@example.com", True), ("bo@example.com", False),
        ("cy@example.com", True), ("dee@example.com", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "people"),
    [
        (
            "taobao/orders-words.csv",
            {("小橘子88", "禾**", "13800000001", None), ("tb00042", "林**", "13800000002", None)},
        ),
        ("youzan/orders-39.csv", {("13800000001", "赵小满", "13800000001", None)}),
        ("jd/orders.csv", {("jd_amy", "某**", "13800000001", None)}),
        ("shopify/orders_export.csv", {("ada@example.com", "Ada Example", None, "ada@example.com")}),
        ("woocommerce/order_export.csv", {("bo@example.com", "Ann Example", None, "bo@example.com")}),
        ("square/items-33.csv", {("CUS2", "Bonnie Example", None, None)}),
    ],
)
def test_names_and_phones_are_read_only_for_a_shop_that_joins_by_them(
    shop: Shop, file: str, people: set[tuple[Any, ...]]
) -> None:
    shop.take(file)
    assert shop.held("contacts", "*") == []
    joining = Shop(shop.data.parent / "joining")
    joining.data.mkdir(parents=True)
    own = all_settings(shop.data)["shop"].currency
    (joining.data / "stores.toml").write_text(
        f'[shop]\njoin_by = ["phone", "email"]\ntime_zone = "UTC"\ncurrency = "{own}"\n'
    )
    joining.take(file)
    assert people <= set(joining.held("contacts", "member_id, name, phone, email"))


# --- which crosswalk ------------------------------------------------------------------------------------------------

FORMS = {
    "taobao/orders-41.csv": ["taobao-orders"],
    "taobao/orders-54.csv": ["taobao-orders"],
    "taobao/orders-67.csv": ["taobao-orders"],
    "taobao/orders-words.csv": ["taobao-orders"],
    "taobao/report-7.csv": ["taobao-orders"],
    "taobao/practice-9.csv": ["taobao-unnumbered"],
    "taobao/practice-5.csv": ["taobao-unnumbered"],
    "taobao/items-10.csv": ["taobao-items"],
    "taobao/items-18.csv": ["taobao-items"],
    "taobao/items-20.csv": ["taobao-items"],
    "taobao/members.csv": ["taobao-members"],
    "taobao/brushed.csv": ["taobao-brushed"],
    "youzan/orders-39.csv": ["youzan-orders", "youzan-items"],
    "youzan/orders-60.csv": ["youzan-orders", "youzan-items"],
    "youzan/members.csv": ["youzan-members"],
    "jd/orders.csv": ["jd-orders", "jd-items"],
    "pinduoduo/orders-23.csv": ["pinduoduo-orders", "pinduoduo-items"],
    "pinduoduo/orders-82.csv": ["pinduoduo-orders", "pinduoduo-items"],
    "douyin/orders.csv": ["douyin-orders", "douyin-items"],
    "shopify/orders_export.csv": ["shopify-orders", "shopify-items", "shopify-members"],
    "woocommerce/order_export.csv": ["woocommerce-orders", "woocommerce-items"],
    "square/items-33.csv": ["square-orders", "square-items"],
    "square/items-35.csv": ["square-orders", "square-items"],
    "square/transactions.csv": ["square-transactions"],
}
# headers in use that no file here has
CUTS = {
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,收货人姓名,"
    "收货地址 ,联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,店铺名称,"
    "订单关闭原因": ["taobao-orders"],
    "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,收货地址,订单创建时间,订单付款时间,宝贝标题,宝贝种类,"
    "宝贝总数量,店铺名称,订单关闭原因,退款金额,确认收货时间,打款商家金额": ["taobao-orders"],
    "订单编号,买家会员昵称,支付单号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,买家实际支付金额,"
    "买家实际支付积分,订单状态,收货人姓名,收货地址,运送方式,联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,"
    "物流单号 ,宝贝总数量,修改后的sku,发货时间,物流公司,店铺名称": ["taobao-orders"],
    "子订单编号,主订单编号,商品标题,商品价格,购买数量,外部系统编号,商品属性,订单状态,商家编码,支付单号,"
    "买家应付货款,买家实付金额,退款状态,退款金额,订单创建时间,订单付款时间,商品ID": ["taobao-items"],
    "序号,淘宝订单编号": ["taobao-brushed"],
    "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,"
    "Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,"
    "Customer Name,Customer Reference ID,Unit,Count,Itemization Type,Commission,Employee": [
        "square-orders",
        "square-items",
    ],
    "主订单编号,子订单编号,选购商品,商品规格,商品数量,商家编码,订单应付金额,运费,收件人,收件人手机号,详细地址,"
    "订单提交时间,商家备注,订单完成时间,订单状态,售后状态,取消原因,发货时间,平台实际承担优惠金额,"
    "商家实际承担优惠金额,达人实际承担优惠金额": ["douyin-orders", "douyin-items"],
}


def header_of(file: str) -> list[str]:
    return list(reader.open_tables(DATA / file)[0].header)


HEADERS = [(header_of(f), names) for f, names in FORMS.items()] + [(h.split(","), n) for h, n in CUTS.items()]
PLATFORMS = sorted({c.platform for c in crosswalk.crosswalks()})


def names_of(header: list[str], platform: str | None = None) -> list[str]:
    return [m.crosswalk.name for m in matching.matches(header, platform)]


@pytest.mark.parametrize(("header", "names"), HEADERS, ids=[n[0] + str(len(h)) for h, n in HEADERS])
def test_each_header_finds_its_own_crosswalk_and_no_other(header: list[str], names: list[str]) -> None:
    assert names_of(header) == names
    own = names[0].partition("-")[0]
    for platform in PLATFORMS:
        assert names_of(header, platform) == (names if platform == own else []), platform
    # spaces, widths and the order of columns do not matter, nor columns of another's making
    chance = random.Random(len(header))
    for _ in range(5):
        changed = [chance.choice([" {} ", "{}", "{}　", "\ufeff{}"]).format(h.strip()) for h in header]
        changed += ["备注2", ""]
        chance.shuffle(changed)
        assert names_of(changed) == names
    assert names_of([h.upper() for h in header]) == names


@pytest.mark.parametrize(("header", "names"), HEADERS, ids=[n[0] + str(len(h)) for h, n in HEADERS])
def test_a_header_that_lost_a_column_is_never_another_platform_s(header: list[str], names: list[str]) -> None:
    own = names[0].partition("-")[0]
    for gone in range(len(header)):
        left = header[:gone] + header[gone + 1 :]
        found = matching.match(left)
        if found is None:
            if any(h.strip() for h in left):
                assert "\n" not in matching.nearest(left)
            continue
        assert found.crosswalk.platform == own, header[gone]
        # and it is never taken for a list of orders to leave out
        assert found.crosswalk.table.name != "brushed" or names == ["taobao-brushed"], header[gone]


@pytest.mark.parametrize("cut", [21, 16])
def test_cuts_of_taobao_s_list_say_the_same(shop: Shop, tmp_path: Path, cut: int) -> None:
    wanted = next(
        h.split(",") for h in CUTS if h.count(",") == cut - 1 and h.startswith("订单编号,买家会员名,")
    )
    rows = table_of("taobao/orders-words.csv")
    names = [h.strip() for h in rows[0]]
    places = [names.index(h.strip()) for h in wanted]
    path = written(tmp_path / "cut.csv", [wanted, *([row[p] for p in places] for row in rows[1:])])
    shop.take(path)
    case = ORDER_FILES[0]
    if "退款金额" in wanted:
        assert shop.buyers() == case.buyers and shop.left_out() == case.left_out
    else:  # paid less refunded is the same without the refunds, which are then unknown
        assert shop.buyers() == case.buyers and shop.left_out()["refunded"] == (1, 0.0)


# --- two exports that overlap, and other kinds of file --------------------------------------------------------------


def table_of(file: str) -> list[list[str]]:
    """A file's header and rows."""
    text = (DATA / file).read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return list(csv.reader(io.StringIO(text.decode(encoding))))
        except UnicodeDecodeError:
            continue
    raise AssertionError(file)


def written(path: Path, rows: list[list[str]], encoding: str = "utf-8-sig", end: str = "\r\n") -> Path:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


OVERLAPPING = [
    ("taobao/orders-words.csv", "订单编号"), ("youzan/orders-39.csv", "订单号"), ("jd/orders.csv", "订单号"),
    ("pinduoduo/orders-23.csv", "订单号"), ("douyin/orders.csv", "主订单编号"), ("shopify/orders_export.csv", "Name"),
    ("woocommerce/order_export.csv", "order_id"), ("square/items-33.csv", "Transaction ID"),
    ("taobao/items-20.csv", "主订单编号"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "key"), OVERLAPPING, ids=[f for f, _ in OVERLAPPING])
def test_two_exports_that_overlap_double_nothing(tmp_path: Path, file: str, key: str) -> None:
    header, *rows = table_of(file)
    place = [h.strip() for h in header].index(key)
    orders = list(dict.fromkeys(row[place] for row in rows))
    third = len(orders) // 3
    earlier = [row for row in rows if row[place] in orders[: third * 2]]
    later = [row for row in rows if row[place] in orders[third:]]
    both, whole = Shop(tmp_path / "both"), Shop(tmp_path / "whole")
    first = both.take(written(tmp_path / "a.csv", [header, *earlier]))
    second = both.take(written(tmp_path / "b.csv", [header, *later]))
    whole.take(file)
    tables = [a.table for a in first]
    for table in tables:
        assert both.held(table, "*") == whole.held(table, "*"), table
    shared = sum(row[place] in orders[third : third * 2] for row in rows)
    assert shared and (second[0].read_count, second[0].same_count) == (len(later), shared)
    assert second[0].accepted_count == len(later) - shared
    assert Lake(both.data / "lake").check("shop") == []


def test_a_line_that_an_order_no_longer_has_goes(shop: Shop, tmp_path: Path) -> None:
    for file in ("shopify/orders_export.csv", "jd/orders.csv"):
        one = Shop(tmp_path / file.partition("/")[0])
        one.take(file)
        before = one.held("items", "*")
        header, *rows = table_of(file)
        items = one.take(written(tmp_path / "newer.csv", [header, rows[0], *rows[2:]]))[1]
        assert any("1" in n and "taken out" in n for n in items.notes)
        assert len(one.held("items", "*")) == len(before) - 1


KINDS = [
    (file, kind)
    for file, own in [
        ("taobao/orders-words.csv", "utf-8"),
        ("youzan/orders-60.csv", "gbk"),
        ("jd/orders.csv", "utf-8-sig"),
        ("shopify/orders_export.csv", "utf-8-sig"),
        ("douyin/orders.csv", "gb18030"),
        ("square/items-33.csv", "cp1252"),
    ]
    for kind in (own, "utf-16", "cr", "tab", "xlsx", "zip")
]


TRUE: dict[str, list[Any]] = {}
"""What the files as they are give, so that each is imported once."""


@pytest.mark.parametrize(("file", "kind"), KINDS)
def test_the_same_export_in_other_kinds_of_file(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, file: str, kind: str
) -> None:
    rows = table_of(file)
    if kind == "zip":
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("2026/export.csv", (DATA / file).read_bytes())
    elif kind == "xlsx":
        path = tmp_path / "export.xlsx"
        with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
            sheet = book.add_worksheet("店铺")
            for n, row in enumerate(rows):
                for k, cell in enumerate(row):
                    sheet.write_string(n, k, cell)
    elif kind == "tab":
        path = tmp_path / "export.txt"
        path.write_text("\n".join("\t".join(c.strip() for c in r) for r in rows), encoding="utf-8")
    elif kind == "cr":
        path = written(tmp_path / "export.csv", rows, "utf-8", "\r")
    else:
        path = written(tmp_path / "export.csv", rows, kind)
    if file not in TRUE:
        shop = Shop(tmp_path_factory.mktemp("true"))
        TRUE[file] = [(counts(a), shop.held(a.table, "*")) for a in shop.take(file)]
    other = Shop(tmp_path)
    assert [(counts(a), other.held(a.table, "*")) for a in other.take(path)] == TRUE[file]


def test_a_workbook_in_which_ids_are_numbers_and_times_are_days(tmp_path: Path) -> None:
    header, *rows = table_of("jd/orders.csv")
    numbers = {
        "订单号",
        "商品ID",
        "订购数量",
        "京东价",
        "订单金额",
        "结算金额",
        "余额支付",
        "应付金额",
        "运费金额",
    }
    times = {"下单时间", "付款确认时间", "订单完成时间"}
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, header)
        for n, row in enumerate(rows, 1):
            for k, (name, cell) in enumerate(zip(header, row, strict=True)):
                if name in numbers:
                    sheet.write_number(n, k, float(cell))
                elif name in times and cell:
                    sheet.write_datetime(n, k, dt.datetime.fromisoformat(cell), moment if n % 2 else None)
                else:
                    sheet.write_string(n, k, cell)
    true, other = Shop(tmp_path / "true"), Shop(tmp_path / "other")
    true.take("jd/orders.csv")
    other.take(path)
    assert other.held("orders", "*") == true.held("orders", "*")
    assert other.held("items", "*") == true.held("items", "*")


def test_an_import_of_several_tables_can_be_taken_back(shop: Shop) -> None:
    (orders, *_) = shop.take("shopify/orders_export.csv")
    Lake(shop.data / "lake").undo("shop", orders.import_id)
    assert [shop.held(t, "*") for t in ("orders", "items", "members")] == [[], [], []]
    again = shop.take("shopify/orders_export.csv")
    assert [a.accepted_count for a in again] == [13, 13, 6]
    assert Lake(shop.data / "lake").check("shop") == []


def test_another_platform_s_file_needs_a_channel(shop: Shop) -> None:
    shop.take("jd/orders.csv")
    with pytest.raises(InputError, match="--channel youzan"):
        shop.take("youzan/orders-39.csv")
    shop.take("youzan/orders-39.csv", channel="wsc")
    buyers = shop.buyers()
    assert (
        buyers["wsc:13800000001"] == paid(2, "135")
        and buyers["jd_amy"] == paid(2, "222")
        and len(buyers) == 8
    )


def test_brushed_orders_are_left_out_of_every_figure(shop: Shop, tmp_path: Path) -> None:
    shop.take("taobao/orders-words.csv")
    path = tmp_path / "刷单.csv"
    path.write_text('序号,淘宝订单编号\n1,="2601000000000003"\n2,="2601000000000012"\n', encoding="gbk")
    (account,) = shop.take(path)
    assert counts(account) == ("brushed", 2, 2, 0, 0, 0)
    assert shop.left_out()["brushed"] == (2, 345.0)
    assert "爱喝汤的猫" not in shop.buyers() and shop.buyers()["walnut"] == paid(1, "68")
