"""Write a made-up shop's files as Taobao exports them.

The form follows real exports: GBK, padded header names, ids as ``="…"``, phones with a leading apostrophe.
What would identify a person is evidently invented: one-letter names, masked numbers of a range that no one
has, streets that do not exist. Columns that nothing reads stay empty, to keep the files small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from samples import baskets
from samples.behaviour import DAY, day_number
from samples.draws import Draws
from samples.generic import Files, cents, day_text, moment
from samples.history import (
    History,
    brushed,
    city_names,
    item_counts,
    levels,
    member_order,
    member_ranks,
    product_ids,
    product_names,
)

ORDER_HEADER = (
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,联系手机,"
    "订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,店铺Id,店铺名称,"
    "订单关闭原因,卖家服务费,买家服务费,发票抬头,是否手机订单,分阶段订单信息,特权订金订单id,"
    "是否上传合同照片,是否上传小票,是否代付,定金排名,修改后的sku,修改后的收货地址,异常信息,天猫卡券抵扣,"
    "集分宝抵扣,是否是O2O交易,新零售交易类型,新零售导购门店名称,新零售导购门店id,新零售发货门店名称,"
    "新零售发货门店id,退款金额,预约门店,确认收货时间,打款商家金额,含应开票给个人的个人红包"
)
DETAIL_HEADER = "订单编号,标题,价格,购买数量,外部系统编号,商品属性,套餐信息,备注,订单状态,商家编码"
MEMBER_HEADER = "会员名,会员等级,等级来源,性别,生日,省份,城市,入会时间,积分"
BRUSHED_HEADER = "刷单订单编号"
LEVEL_WORDS = ("普通会员", "高级会员", "VIP会员", "至尊VIP会员")
STATUS_WORDS = {
    "pending": "等待买家付款",
    "paid": "买家已付款，等待卖家发货",
    "shipped": "卖家已发货，等待买家确认",
    "completed": "交易成功",
    "cancelled": "交易关闭",
}
_SURNAMES = "禾麦谷棉桑麻竹茶"
_STREETS = ("禾苗路", "麦穗街", "棉田巷", "蓝印路", "织云街", "青麻里")
_NICKNAMES = ("小橘子", "爱喝汤的猫", "晴天有雨", "栗子妈妈", "南风知意", "半糖去冰", "walnut", "momo酱")


def taobao(past: History) -> Files:
    """A shop's exports: two order lists that overlap by a month, their item lines, members, fakes."""
    shop = past.shop
    exports = [(shop["start"], shop["first_export_end"]), (shop["second_export_start"], shop["end"])]
    ids, nicknames = _taobao_order_ids(past), _nicknames(past)
    made: Files = {}
    for start, end in exports:
        view = baskets.seen(past.trips, past.fate, end)
        chosen = np.flatnonzero(view.exists & (past.trips.created >= day_number(start) * DAY))[
            ::-1
        ]  # newest first
        stamp = str(np.datetime64(end, "D") + 1).replace("-", "")
        status = _taobao_status(past, view)
        made[f"ExportOrderList{stamp}.csv"] = _gbk(
            ORDER_HEADER, _taobao_orders(past, view, status, chosen, ids, nicknames)
        )
        made[f"ExportOrderDetailList{stamp}.csv"] = _gbk(
            DETAIL_HEADER, _taobao_lines(past, status, chosen, ids)
        )
    made["members.csv"] = _gbk(MEMBER_HEADER, _taobao_members(past, nicknames))
    made["brushed.csv"] = _gbk(BRUSHED_HEADER, ([f'="{ids[i]}"'] for i in np.flatnonzero(brushed(past))))
    return made


def _taobao_status(past: History, view: baskets.Seen) -> np.ndarray:
    """Status codes as Taobao shows them: wholly refunded before receipt was confirmed means closed."""
    closed = (view.refund > 0) & (view.refund == view.gross) & (past.fate.refunded < past.fate.completed)
    return np.where(closed, "cancelled", view.status)


def _taobao_orders(
    past: History,
    view: baskets.Seen,
    status: np.ndarray,
    chosen: np.ndarray,
    ids: list[str],
    nicknames: list[str],
) -> Iterable[list[str]]:
    shop, trips, fate, bought = past.shop, past.trips, past.fate, past.bought
    column = {name: place for place, name in enumerate(ORDER_HEADER.split(","))}
    titles, cities = product_names(past), city_names(past)
    first = np.searchsorted(bought.order, np.arange(len(trips.person) + 1))
    pieces = item_counts(past)
    people = len(past.crowd.kind)
    draws = Draws(shop["seed"], 6)
    surname, street = draws.below(people, len(_SURNAMES)), draws.below(people, len(_STREETS))
    house, phone = draws.below(people, 200), draws.below(people, 10_000)
    for i in chosen:
        person = trips.person[i]
        lines = range(first[i], first[i + 1])
        total = fate.goods[i] + fate.shipping[i]
        reason = {"cancelled": "买家未付款" if view.paid[i] < 0 else "退款"}.get(status[i], "订单未关闭")
        region = shop["regions"][past.crowd.region[person]]["name"]
        sent = status[i] == "shipped" or (status[i] == "completed")
        row = [""] * len(column)
        values = {
            "订单编号": f'="{ids[i]}"',
            "买家会员名": nicknames[person],
            "买家应付货款": cents(fate.goods[i]),
            "买家应付邮费": cents(fate.shipping[i]),
            "总金额": cents(total),
            "买家实际支付金额": cents(view.gross[i] - view.refund[i]),
            "订单状态": STATUS_WORDS[status[i]],
            "收货人姓名": _SURNAMES[surname[person]] + "**",
            "收货地址 ": f"{region} {cities[person]} {_STREETS[street[person]]}{house[person] + 1}号",
            "联系电话 ": "'null",
            "联系手机": f"'100****{phone[person]:04d}",
            "订单创建时间": moment(trips.created[i]),
            "订单付款时间 ": moment(view.paid[i]) if view.paid[i] >= 0 else "",
            "宝贝标题 ": "，".join(titles[bought.category[k], bought.product[k]] for k in lines),
            "宝贝种类 ": str(len(lines)),
            "物流单号 ": f"No:QH{i:07d}" if sent else "No:",
            "宝贝总数量": str(pieces[i]),
            "订单关闭原因": reason,
            "退款金额": cents(view.refund[i]),
        }
        for name, value in values.items():
            row[column[name]] = value
        yield row


def _taobao_lines(
    past: History, status: np.ndarray, chosen: np.ndarray, ids: list[str]
) -> Iterable[list[str]]:
    bought = past.bought
    first = np.searchsorted(bought.order, np.arange(len(past.trips.person) + 1))
    titles, codes = product_names(past), product_ids(past)
    for i in chosen:
        for k in range(first[i], first[i + 1]):
            place = (bought.category[k], bought.product[k])
            price = cents(bought.amount[k] // bought.quantity[k])
            pieces = str(bought.quantity[k])
            yield [
                f'="{ids[i]}"',
                titles[place],
                price,
                pieces,
                "",
                "",
                "",
                "",
                STATUS_WORDS[status[i]],
                codes[place],
            ]


def _taobao_members(past: History, nicknames: list[str]) -> Iterable[list[str]]:
    crowd, cities = past.crowd, city_names(past)
    level, manual, points = levels(past, baskets.seen(past.trips, past.fate, past.shop["end"]))
    for i in member_order(past):
        yield [
            nicknames[i],
            LEVEL_WORDS[level[i]],
            "手动" if manual[i] else "自动",
            ("男" if crowd.man[i] else "女") if crowd.gender_known[i] else "",
            day_text(crowd.birthday[i]),
            past.shop["regions"][crowd.region[i]]["name"],
            cities[i],
            day_text(crowd.joined[i]),
            str(points[i]),
        ]


def _taobao_order_ids(past: History) -> list[str]:
    """Sixteen digits that grow with time."""
    gaps = Draws(past.shop["seed"], 8).below(len(past.trips.person), 90_000_000_000) + 1
    return [str(2_400_000_000_000_000 + number) for number in np.cumsum(gaps)]


def _nicknames(past: History) -> list[str]:
    """A name per person on the platform; 100,003 is prime, so no two are the same in a shop this small."""
    named = Draws(past.shop["seed"], 9).below(len(past.crowd.kind), 3 * len(_NICKNAMES))
    numbers = (member_ranks(past) * 48_271 + 31_415) % 100_003
    return [
        f"{_NICKNAMES[word]}{number}" if word < len(_NICKNAMES) else f"tb{number:05d}"
        for word, number in zip(named, numbers, strict=True)
    ]


def _gbk(header: str, rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file as Taobao writes it: GBK, nothing quoted, so no value may hold a comma or a line end."""
    text = "".join(f"{','.join(row)}\r\n" for row in rows)
    return f"{header}\r\n{text}".encode("gbk")
