"""The made-up shops: same bytes from the same seed, the platform's form, and what they promise."""

from __future__ import annotations

import io
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import samples
from samples.__main__ import SHOPS, main
from samples.behaviour import day_number, month_of, weekday_of
from samples.draws import Draws

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "data" / "samples"
PADDED_HEADER = (
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,联系手机,"
    "订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,店铺Id,店铺名称,"
    "订单关闭原因,卖家服务费,买家服务费,发票抬头,是否手机订单,分阶段订单信息,特权订金订单id,"
    "是否上传合同照片,是否上传小票,是否代付,定金排名,修改后的sku,修改后的收货地址,异常信息,天猫卡券抵扣,"
    "集分宝抵扣,是否是O2O交易,新零售交易类型,新零售导购门店名称,新零售导购门店id,新零售发货门店名称,"
    "新零售发货门店id,退款金额,预约门店,确认收货时间,打款商家金额,含应开票给个人的个人红包"
)
ORDER_FILES = ("ExportOrderList20250701.csv", "ExportOrderList20260701.csv")
DETAIL_FILES = ("ExportOrderDetailList20250701.csv", "ExportOrderDetailList20260701.csv")


def read(shop: str, name: str, **options: object) -> pd.DataFrame:
    content = (SAMPLES / shop / name).read_bytes()
    encoding = "gbk" if shop == "clothing" else "utf-8-sig"
    return pd.read_csv(io.StringIO(content.decode(encoding)), **options)  # type: ignore[call-overload]


@cache
def taobao_orders(name: str) -> pd.DataFrame:
    frame = read("clothing", name, dtype=str, keep_default_na=False)
    frame.columns = frame.columns.str.strip()
    frame["订单编号"] = frame["订单编号"].str.extract(r'^="(\d{16})"$', expand=False)
    for money in ("买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额", "退款金额"):
        frame[money] = (frame[money].astype(float) * 100).round().astype(int)  # fen
    return frame


@cache
def latest_taobao_orders() -> pd.DataFrame:
    both = pd.concat([taobao_orders(name) for name in ORDER_FILES])
    return both.drop_duplicates("订单编号", keep="last")


def trades(shop: str) -> pd.DataFrame:
    """Counted trades of members of a shop in the generic form, straight from its file."""
    frame = read(shop, "orders.csv", dtype={"order_id": str, "member_id": str})
    frame["net"] = (frame["paid_amount"] * 100).round().astype(int) - (
        frame["refund_amount"] * 100
    ).round().astype(int)
    kept = (
        frame["status"].isin(["paid", "shipped", "completed"])
        & (frame["net"] > 0)
        & frame["member_id"].notna()
    )
    return frame[kept]


def members_per_interval(values: pd.Series, edges: list[float]) -> list[int]:
    return pd.cut(values, [-np.inf, *edges, np.inf], right=True).value_counts(sort=False).tolist()


# --- the same bytes ---


def test_the_committed_exports_are_what_the_simulator_writes(tmp_path, capsys):
    assert main([str(tmp_path)]) == 0
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*.csv")}
    kept = {p.relative_to(SAMPLES): p.read_bytes() for p in SAMPLES.rglob("*.csv")}
    assert sorted(made) == sorted(kept)
    assert [str(path) for path in made if made[path] != kept[path]] == []


def test_without_a_folder_it_says_how_to_call_it(capsys):
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().err


def test_a_seed_stands_for_one_history():
    one, same, other = (samples.frames("gift-shop", members=120, seed=s) for s in (7, 7, 8))
    for table in ("orders", "items", "members", "brushed"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(same, table))
    assert not one.orders["paid_at"].equals(other.orders["paid_at"])


def test_all_samples_together_stay_small():
    assert sum(p.stat().st_size for p in SAMPLES.rglob("*") if p.is_file()) <= 4_000_000


# --- the random numbers ---


def test_draws_do_not_depend_on_the_numpy_release():
    # from PCG64's raw output, whose stream NumPy keeps for ever; a change here changes every sample
    assert Draws(1).below(6, 1000).tolist() == [511, 950, 144, 948, 311, 423]


@pytest.mark.parametrize("shape", [0.4, 1.0, 3.0])
def test_gamma_has_its_mean_and_variance(shape):
    drawn = Draws(3).gamma(200_000, shape)
    assert drawn.mean() == pytest.approx(1.0, abs=0.02)
    assert drawn.var() == pytest.approx(1 / shape, rel=0.04)


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 59.0, 61.0])
def test_poisson_has_equal_mean_and_variance(mean):
    drawn = Draws(4).poisson(np.full(100_000, mean))
    assert drawn.mean() == pytest.approx(mean, rel=0.02)
    assert drawn.var() == pytest.approx(mean, rel=0.03)


def test_picks_follow_their_weights():
    shares = np.bincount(Draws(5).pick(100_000, [1, 0, 3]), minlength=3) / 100_000
    assert shares == pytest.approx([0.25, 0, 0.75], abs=0.01)
    rows = Draws(6).pick_rows(np.ones(100_000, dtype=np.int64), np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 4.0]]))
    assert np.bincount(rows, minlength=3) / 100_000 == pytest.approx([0, 0.2, 0.8], abs=0.01)


def test_calendar_of_day_numbers():
    day = np.array([day_number("2026-06-30"), day_number("2024-02-29")])
    assert month_of(day).tolist() == [5, 1]
    assert weekday_of(day).tolist() == [1, 3]  # a Tuesday and a Thursday


# --- the course's three tables ---


def test_course_amounts_and_counts():
    counted = trades("course")
    per_member = counted.groupby("member_id")["net"].agg(["mean", "size"])
    assert len(per_member) == 454
    assert members_per_interval((per_member["mean"] / 100).round(6), [50, 100, 200]) == [265, 84, 40, 65]
    assert members_per_interval(per_member["size"], [2, 5, 10]) == [408, 15, 14, 17]
    for edge in (50, 100, 200):  # edges are tried, not only stated
        assert (per_member["mean"] == edge * 100).sum() >= 2
    assert per_member["mean"].nunique() > 300


def test_course_months_since_the_last_trade():
    as_of = pd.Timestamp("2026-01-20")
    counted = trades("course")
    day = pd.to_datetime(counted["paid_at"]).dt.normalize()
    last = day[day <= as_of].groupby(counted["member_id"]).max()
    assert len(last) == 409
    two, four, six = (as_of - pd.DateOffset(months=k) for k in (2, 4, 6))
    bands = [last >= two, (last < two) & (last >= four), (last < four) & (last >= six), last < six]
    assert [int(band.sum()) for band in bands] == [192, 70, 36, 111]
    assert all((last == edge).any() for edge in (two, four, six, as_of))


def test_course_default_day_and_noise():
    orders = read("course", "orders.csv")
    assert orders["paid_at"].max()[:10] == "2026-03-20" == orders["created_at"].max()[:10]
    assert (orders["status"] == "cancelled").sum() > 20
    assert ((orders["refund_amount"] == orders["paid_amount"]) & (orders["paid_amount"] > 0)).sum() > 10
    assert (orders["refund_amount"].between(0.01, orders["paid_amount"] - 0.01)).sum() > 5
    assert orders["member_id"].isna().sum() > 0
    members = read("course", "members.csv")
    assert len(members) == 454
    assert (members["joined_on"] <= "2026-01-20").sum() == 409
    assert set(trades("course")["member_id"]) == set(members["member_id"])


# --- Taobao's form ---


@pytest.mark.parametrize("name", ORDER_FILES)
def test_order_list_header_word_for_word(name):
    raw = (SAMPLES / "clothing" / name).read_bytes()
    assert raw.split(b"\r\n", 1)[0] == PADDED_HEADER.encode("gbk")
    assert len(PADDED_HEADER.split(",")) == 54
    rows = raw.decode("gbk").split("\r\n")[1:-1]
    assert all(row.count(",") == 53 for row in rows)


@pytest.mark.parametrize("name", DETAIL_FILES)
def test_item_list_header_word_for_word(name):
    raw = (SAMPLES / "clothing" / name).read_bytes().decode("gbk")
    assert (
        raw.split("\r\n", 1)[0]
        == "订单编号,标题,价格,购买数量,外部系统编号,商品属性,套餐信息,备注,订单状态,商家编码"
    )


@pytest.mark.parametrize("name", ORDER_FILES)
def test_money_of_the_order_list(name):
    orders = taobao_orders(name)
    paid = orders[orders["订单付款时间"] != ""]
    assert (paid["买家实际支付金额"] + paid["退款金额"] == paid["总金额"]).all()
    assert (orders["买家应付货款"] + orders["买家应付邮费"] == orders["总金额"]).all()
    unpaid = orders[orders["订单付款时间"] == ""]
    assert (unpaid[["买家实际支付金额", "退款金额"]] == 0).all(axis=None)
    assert set(unpaid["订单状态"]) <= {"等待买家付款", "交易关闭"}
    assert (paid["订单付款时间"] >= paid["订单创建时间"]).all()
    closed = orders[orders["订单状态"] == "交易关闭"]
    assert set(closed["订单关闭原因"]) == {"买家未付款", "退款"}
    assert (closed["买家实际支付金额"] == 0).all()
    returned = orders[(orders["退款金额"] > 0) & (orders["买家实际支付金额"] == 0)]
    assert set(returned["订单状态"]) == {
        "交易关闭",
        "交易成功",
    }  # closed, unless receipt was confirmed before
    assert set(orders.loc[orders["订单状态"] != "交易关闭", "订单关闭原因"]) == {"订单未关闭"}
    assert orders["联系手机"].str.fullmatch(r"'100\*{4}\d{4}").all()
    assert (orders["联系电话"] == "'null").all()
    assert orders["物流单号"].str.fullmatch(r"No:(QH\d{7})?").all()


def test_the_two_order_lists_overlap_and_the_later_one_knows_more():
    old, new = (taobao_orders(name).set_index("订单编号") for name in ORDER_FILES)
    assert old.index.is_unique and new.index.is_unique
    shared = old.index.intersection(new.index)
    in_june = old["订单创建时间"].between("2025-06-01", "2025-06-30 23:59:59")
    assert set(shared) == set(old.index[in_june])
    changed = old.loc[shared, "订单状态"] != new.loc[shared, "订单状态"]
    assert 0.1 < changed.mean() < 0.9
    open_ = ["买家已付款，等待卖家发货", "卖家已发货，等待买家确认", "等待买家付款"]
    assert old.loc[shared, "订单状态"][changed].isin(open_).mean() > 0.9
    assert set(open_) < set(new["订单状态"])


def test_items_add_up_to_the_goods_of_their_order():
    lines = pd.concat([read("clothing", name, dtype={"订单编号": str}) for name in DETAIL_FILES])
    order_id = lines["订单编号"].str[2:-1]
    orders = latest_taobao_orders().set_index("订单编号")
    for name in DETAIL_FILES:
        part = read("clothing", name, dtype={"订单编号": str})
        fen = (part["价格"] * 100).round().astype(int) * part["购买数量"]
        total = fen.groupby(part["订单编号"].str[2:-1]).sum()
        assert (total == orders["买家应付货款"].reindex(total.index)).all()
        pieces = part["购买数量"].groupby(part["订单编号"].str[2:-1]).sum()
        assert (pieces == orders["宝贝总数量"].astype(int).reindex(pieces.index)).all()
    assert set(order_id) == set(orders.index)
    prefixes = tomllib.loads((ROOT / "data" / "stores.toml").read_text("utf-8"))["clothing"][
        "category_prefixes"
    ]
    assert set(lines["商家编码"].str.split("-").str[0]) == set(prefixes)


def test_brushed_orders_are_in_the_order_list():
    raw = (SAMPLES / "clothing" / "brushed.csv").read_bytes().decode("gbk").split("\r\n")
    assert raw[0] == "刷单订单编号"
    brushed = [row[2:-1] for row in raw[1:-1]]
    orders = latest_taobao_orders().set_index("订单编号")
    assert len(set(brushed)) == len(brushed) == 96
    assert (orders.loc[brushed, "订单状态"] == "交易成功").all()
    members = read("clothing", "members.csv")
    assert not set(orders.loc[brushed, "买家会员名"]) & set(members["会员名"])


# --- what every shop promises ---


@pytest.mark.parametrize("shop", ["tea-house", "gift-shop", "course"])
def test_generic_files_fit_together(shop):
    orders, items, members = (read(shop, f"{name}.csv") for name in ("orders", "items", "members"))
    assert orders["order_id"].is_unique and members["member_id"].is_unique
    assert not items.duplicated(["order_id", "line_id"]).any()
    assert set(items["order_id"]) == set(orders["order_id"])
    paid = orders[orders["status"].isin(["paid", "shipped", "completed"])]
    assert paid["paid_at"].notna().all()
    goods = items.groupby("order_id")["amount"].sum().round(2)
    shipping = paid.get("shipping_amount", 0)
    assert np.allclose(paid["paid_amount"] - shipping, goods.reindex(paid["order_id"]).to_numpy(), atol=0.005)
    assert (orders["refund_amount"] <= orders["paid_amount"]).all()


def test_times_of_the_gift_shop_carry_several_offsets():
    paid_at = read("gift-shop", "orders.csv")["paid_at"].dropna()
    assert set(paid_at.str[19:]) == {"+00:00", "+01:00", "Z"}
    summer = paid_at[paid_at.str[5:7] == "07"]
    assert set(summer.str[19:]) == {"+01:00", "Z"}
    wall = pd.to_datetime(paid_at, utc=True).dt.tz_convert("Europe/London").dt.tz_localize(None).sort_index()
    made = samples.frames("gift-shop").orders["paid_at"].dropna()
    assert (wall == made).all()


def test_levels_follow_the_rules_unless_set_by_hand():
    settings = tomllib.loads((ROOT / "data" / "stores.toml").read_text("utf-8"))
    words = {"普通会员": "regular", "高级会员": "advanced", "VIP会员": "vip", "至尊VIP会员": "supreme"}
    taobao = latest_taobao_orders()
    brushed = read("clothing", "brushed.csv")["刷单订单编号"].str[2:-1]
    taobao = taobao[~taobao["订单编号"].isin(brushed) & (taobao["买家实际支付金额"] > 0)]
    for shop in SHOPS:
        if shop == "clothing":
            members = read("clothing", "members.csv").rename(columns={"会员名": "member_id"})
            members["level"] = members["会员等级"].map(words)
            members["level_manual"] = members["等级来源"] == "手动"
            net = taobao.groupby("买家会员名")["买家实际支付金额"].agg(["sum", "size"])
        else:
            members = read(shop, "members.csv")
            net = trades(shop).groupby("member_id")["net"].agg(["sum", "size"])
        net = net.reindex(members["member_id"]).fillna(0).reset_index(drop=True)
        expected = pd.Series("regular", index=members.index)
        for rule in settings[shop]["level_rules"][1:]:
            enough = (net["sum"] >= rule["amount"] * 100) | (net["size"] >= rule["orders"])
            expected[enough] = rule["level"]
        automatic = ~members["level_manual"].astype(bool)
        assert (members["level"] == expected)[automatic].all(), shop
        assert (members["level"] != expected)[~automatic].any(), shop
        assert set(members["level"]) == {"regular", "advanced", "vip", "supreme"}, shop


@pytest.mark.parametrize("shop", ["clothing", "tea-house", "gift-shop"])
def test_a_shop_looks_like_a_shop(shop):
    made = samples.frames(shop)
    orders = made.orders[~made.orders["order_id"].isin(made.brushed["order_id"])]
    assert 1_000 <= len(made.members) <= 6_000
    assert 0.015 <= (orders["status"] == "cancelled").mean() <= 0.08
    refunded = orders["refund_amount"] > 0
    assert 0.03 <= refunded.mean() <= 0.08
    net = orders["paid_amount"] - orders["refund_amount"]
    counted = orders[(net > 0) & orders["member_id"].notna()].assign(net=net)
    count = counted.groupby("member_id").size()
    assert 0.2 < (count >= 2).mean() < 0.5  # most buy once …
    assert count.max() > 15  # … and a few very often
    total = counted.groupby("member_id")["net"].sum().sort_values(ascending=False)
    assert total.head(len(total) // 10).sum() / total.sum() > 0.3
    month = made.orders.merge(made.items, on="order_id")
    by_season = pd.crosstab(
        month["category"], month["paid_at"].dt.month, values=month["amount"], aggfunc="sum"
    )
    share = by_season / by_season.sum()
    assert (share.max(axis=1) > 1.5 * share.median(axis=1)).any()
    assert made.orders["region"].nunique() >= 5


def test_the_shops_differ_in_what_there_is_to_find():
    clothing, tea, gifts = (samples.frames(shop).orders for shop in ("clothing", "tea-house", "gift-shop"))
    active = [
        clothing.loc[clothing["paid_at"].between(a, b), "member_id"].nunique()
        for a, b in (("2025-01-01", "2025-06-30"), ("2026-01-01", "2026-06-30"))
    ]
    assert active[1] < 0.75 * active[0]  # the clothing shop loses its members
    spent = (
        tea.dropna(subset="member_id").groupby("member_id")["paid_amount"].sum().sort_values(ascending=False)
    )
    assert spent.head(len(spent) // 10).sum() > 0.5 * spent.sum()  # the tea house lives on a loyal core
    till = tea[tea["channel"] == "門市"]
    assert till["paid_at"].dt.hour.between(13, 17).mean() > 0.5
    assert not (till["paid_at"].dt.day_of_week == 1).any()  # closed on Tuesdays
    late = gifts["paid_at"].dt.month.isin([11, 12])
    once = gifts.groupby("member_id")["order_id"].transform("size") == 1
    assert late.mean() > 0.4 and (late & once).sum() / once.sum() > 0.4  # one order, before Christmas


def test_large_shops_are_made_whole():
    orders = samples.orders_frame(members=20_000, seed=3)
    assert orders["order_id"].is_unique
    assert orders["member_id"].nunique() > 14_000
    assert orders.columns.tolist() == [
        "order_id", "member_id", "created_at", "paid_at", "status", "paid_amount", "refund_amount",
        "shipping_amount", "item_count", "region", "city", "channel",
    ]  # fmt: skip


@pytest.mark.parametrize("shop", SHOPS)
def test_a_sample_comes_whole_through_its_import(shop, tmp_path):
    from memberlib.imports import import_files
    from memberlib.store import open_store

    (tmp_path / "stores.toml").write_bytes((ROOT / "data" / "stores.toml").read_bytes())
    accounts = import_files(sorted((SAMPLES / shop).glob("*.csv")), shop, data=tmp_path)
    assert sum(account.rejected_count for account in accounts) == 0
    assert {account.table for account in accounts} >= {"orders", "items", "members"}
    store = open_store(shop, data=tmp_path)
    if shop == "course":
        counted = trades("course").assign(paid_amount=lambda t: t["net"] / 100, refund_amount=0.0)
    else:
        made = samples.frames(shop)
        counted = made.orders[~made.orders["order_id"].isin(made.brushed["order_id"])]
        counted = counted[
            counted["status"].isin(["paid", "shipped", "completed"]) & counted["member_id"].notna()
        ]
        counted = counted[counted["paid_amount"] > counted["refund_amount"]]
    found = store.trades.execute()
    net = (counted["paid_amount"] - counted["refund_amount"]).round(2).sort_values().tolist()
    assert sorted(found["net_amount"].astype(float)) == net
    assert sorted(found["paid_at"]) == sorted(pd.to_datetime(counted["paid_at"]))
    assert found["member_id"].nunique() == counted["member_id"].nunique()
