"""How fast is a shop's export taken in, beside DuckDB's bare read_csv of the same rows?

    python bench/imports.py                    5 million orders, three rounds
    python bench/imports.py --orders 500000    a quick look

The export is a Taobao order list of 54 columns in GBK, ids wrapped as ="…", written by hash and thus the same on each
machine; DuckDB is given the same lines in UTF-8. It reads them into a table (every column, no check), and once more for
their number alone. Each way runs in a process of its own, in turn, so that a slow minute of the machine hits all. The
medians, their ratio, the peak of memory and the time of a repeated import go into build/bench-imports.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from core_job import _peak_gb

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
LEAST_RATIO, MOST_GB, MOST_SECONDS = 0.5, 1.5, 2.0
WAYS = ("read_csv", "memberlib", "repeated", "counted")

HEADER = (
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,"
    "联系电话 ,联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,"
    "订单备注,宝贝总数量,店铺Id,店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头,"
    "是否手机订单,分阶段订单信息,特权订金订单id,是否上传合同照片,是否上传小票,是否代付,定金排名,"
    "修改后的sku,修改后的收货地址,异常信息,天猫卡券抵扣,集分宝抵扣,是否是O2O交易,新零售交易类型,"
    "新零售导购门店名称,新零售导购门店id,新零售发货门店名称,新零售发货门店id,退款金额,预约门店,"
    "确认收货时间,打款商家金额,含应开票给个人的个人红包"
)

ADDRESSES = (
    "浙江省_杭州市_西湖区_文三路1号 广东省_广州市_天河区_体育西路2号 "
    "上海_上海市_徐汇区_漕溪北路3号 四川省_成都市_锦江区_红星路4号"
)
TITLES = "棉麻衬衫女夏季薄款宽松显瘦 亚麻长裤男直筒休闲，条纹T恤 手工陶瓷茶杯家用套装 明前龙井绿茶礼盒250g"


def _drawn(words: str, seed: int) -> str:
    """SQL that draws one of several words for a row."""
    kinds = words.split()
    listed = ", ".join(f"'{word.replace('_', ' ')}'" for word in kinds)
    return f"[{listed}][1 + (hash(i * {seed}) % {len(kinds)})::INT]"


def make_exports(utf8: Path, gbk: Path, order_count: int) -> None:
    """Write the order list twice; 6 orders a member, 1 in 20 closed, 1 in 20 partly refunded."""
    import duckdb

    BUILD.mkdir(parents=True, exist_ok=True)
    paid = "(hash(i * 3 + 5) % 50000)"
    cells = {
        "订单编号": "'=\"' || (2400000000000000 + i) || '\"'",
        "买家会员名": "['小橘子', '爱喝汤的猫', 'tb', '晴天', 'm'][1 + (member % 5)::INT] || member",
        "买家应付货款": f"printf('%.2f', ({paid} + 500) / 100)",
        "买家应付邮费": "'0.00'",
        "总金额": f"printf('%.2f', ({paid} + 500) / 100)",
        "买家实际支付金额": f"printf('%.2f', CASE WHEN closed THEN 0 ELSE ({paid} + 500 - back) / 100 END)",
        "订单状态": "CASE WHEN closed THEN '交易关闭' ELSE '交易成功' END",
        "买家留言": "'''null'",
        "收货人姓名": f"{_drawn('禾** 李** 王** 陈**', 19)}",
        "收货地址 ": _drawn(ADDRESSES, 23),
        "运送方式": "'快递'",
        "联系手机": "'''138****' || lpad((hash(i) % 10000)::VARCHAR, 4, '0')",
        "订单创建时间": "strftime(made_at, '%Y-%m-%d %H:%M:%S')",
        "订单付款时间 ": "CASE WHEN closed THEN '' "
        "ELSE strftime(made_at + INTERVAL 90 SECOND, '%Y-%m-%d %H:%M:%S') END",
        "宝贝标题 ": _drawn(TITLES, 29),
        "宝贝种类 ": "'1'",
        "物流单号 ": "'No:QH' || (hash(i * 31) % 1000000000)",
        "物流公司": _drawn("圆通速递 顺丰速运 中通快递", 37),
        "宝贝总数量": "(1 + hash(i * 41) % 3)::VARCHAR",
        "店铺Id": "'0'",
        "店铺名称": "'样例旗舰店'",
        "订单关闭原因": "CASE WHEN closed THEN '买家未付款' ELSE '订单未关闭' END",
        "卖家服务费": "'0'",
        "买家服务费": "'0元'",
        "是否手机订单": "'手机订单'",
        "退款金额": "CASE WHEN closed THEN '''null' ELSE printf('%.2f', back / 100) END",
        "确认收货时间": "CASE WHEN closed THEN '' ELSE strftime(made_at + INTERVAL 5 DAY, '%Y-%m-%d %H:%M:%S') END",
        "打款商家金额": f"printf('%.2f元', CASE WHEN closed THEN 0 ELSE ({paid} + 500 - back) / 100 END)",
    }
    line = " || ',' || ".join(f"({cells.get(name, chr(39) * 2)})" for name in HEADER.split(","))
    drafted = utf8.with_suffix(".part")
    with duckdb.connect() as con:
        con.execute("SET threads = 1")  # the same lines in the same places
        con.execute(f"""
            COPY (
                SELECT {line} AS "{HEADER}" FROM (
                    SELECT i, hash(i * 13) % 20 = 0 AS closed,
                           hash(i) % greatest(1, {order_count // 6}) AS member,
                           CASE WHEN hash(i * 11) % 20 = 0 THEN 500 ELSE 0 END AS back,
                           TIMESTAMP '2024-01-01' + to_seconds((hash(i * 7 + 1) % (730 * 86400))::BIGINT) AS made_at
                    FROM range({order_count}) AS numbers(i))
            ) TO '{drafted}' (FORMAT csv, QUOTE '', ESCAPE '', DELIMITER '\x01')
        """)
    with open(drafted, encoding="utf-8") as lines, open(gbk, "w", encoding="gbk", newline="\r\n") as out:
        while text := lines.read(16 << 20):
            out.write(text)
    drafted.rename(utf8)


def run_one(way: str, path: str, data: str) -> None:
    """Do it once, in this process, and tell what it took (the last line of what is printed)."""
    started = time.perf_counter()
    if way in ("read_csv", "counted"):
        import duckdb

        con = duckdb.connect()
        con.execute("SET enable_progress_bar = false")
        if way == "read_csv":
            con.execute(f"CREATE TABLE orders AS FROM read_csv('{path}')")
            count = con.execute("SELECT count(*) FROM orders").fetchall()[0][0]
        else:
            count = con.execute(f"SELECT count(*) FROM read_csv('{path}')").fetchall()[0][0]
    else:
        from memberlib.imports import import_files

        account = next(a for a in import_files([path], "bench", data=data) if a.table == "orders")
        count = account.read_count
        wanted = account.same_count if way == "repeated" else account.accepted_count
        assert wanted == count, account
    seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_gb": _peak_gb(), "rows": count}))


def measure(way: str, path: Path, data: Path) -> dict[str, Any]:
    """Run one way in a process of its own: seconds of the work, those with its start, peak of memory."""
    started = time.perf_counter()
    command = [sys.executable, __file__, "--way", way, str(path), str(data)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"bench: {way} failed\n{ran.stderr}")
    return json.loads(ran.stdout.splitlines()[-1]) | {"wall_seconds": time.perf_counter() - started}


def main() -> None:
    """Measure and write build/bench-imports.json; status 1 where a target is missed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--orders", type=int, default=5_000_000, help="how many orders (default: 5 million)")
    asked.add_argument("--rounds", type=int, default=3, help="how many rounds (default: 3)")
    asked.add_argument("--way", nargs=3, metavar=("WAY", "FILE", "DATA"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.way:
        return run_one(*given.way)

    utf8, gbk = (BUILD / f"taobao-{given.orders}-{name}.csv" for name in ("utf8", "gbk"))
    if not utf8.exists():
        print(f"writing {given.orders:,} orders to {gbk.relative_to(ROOT)} …", flush=True)
        make_exports(utf8, gbk, given.orders)

    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    data = BUILD / "data"
    for _ in range(given.rounds):
        shutil.rmtree(data, ignore_errors=True)
        for way in WAYS:
            run = measure(way, utf8 if way in ("read_csv", "counted") else gbk, data)
            assert run.pop("rows") == given.orders, way
            runs[way].append(run)
    shutil.rmtree(data, ignore_errors=True)
    rows = {
        way: {
            "seconds": statistics.median(run["seconds"] for run in done),
            "wall_seconds": statistics.median(run["wall_seconds"] for run in done),
            "cpu_seconds": statistics.median(run["cpu_seconds"] for run in done),
            "rows_per_second": round(given.orders / statistics.median(run["seconds"] for run in done)),
            "peak_gb": max(run["peak_gb"] for run in done),
            "runs_seconds": [round(run["seconds"], 3) for run in done],
        }
        for way, done in runs.items()
    }
    ratio = rows["memberlib"]["rows_per_second"] / rows["read_csv"]["rows_per_second"]
    to_count = rows["memberlib"]["rows_per_second"] / rows["counted"]["rows_per_second"]

    said = {"read_csv": "read_csv into a table (UTF-8)", "memberlib": "memberlib import (GBK)",
            "repeated": "the same file again", "counted": "read_csv, counted only"}  # fmt: skip
    print(f"\n{given.orders:,} Taobao orders              seconds   of CPU   rows a second   peak GB")
    for way, row in rows.items():
        print(
            f"  {said[way]:<34}{row['seconds']:>9.2f}{row['cpu_seconds']:>9.2f}"
            f"{row['rows_per_second']:>16,}{row['peak_gb']:>10.2f}"
        )
    print(f"  memberlib ÷ read_csv: {ratio:.2f} (at least {LEAST_RATIO}); ÷ counted only: {to_count:.2f}")

    kept = {
        "orders": given.orders, "rounds": given.rounds, "columns": HEADER.count(",") + 1,
        "gbk_bytes": gbk.stat().st_size, "ratio": round(ratio, 3), "ratio_to_count": round(to_count, 3),
        "ways": rows, "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip
    (ROOT / "build" / "bench-imports.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print("\nwritten: build/bench-imports.json")
    missed = [
        ratio < LEAST_RATIO,
        rows["memberlib"]["peak_gb"] > MOST_GB,
        rows["repeated"]["wall_seconds"] > MOST_SECONDS,
    ]
    if any(missed):
        sys.exit(1)


if __name__ == "__main__":
    main()
