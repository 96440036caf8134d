"""The command line: what a user types, reads and gets back as a status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memberlib import cli

ROOT = Path(__file__).parents[1]

ORDERS = """order_id,member_id,paid_at,paid_amount,refund_amount,status
1,a,2026-01-05 10:00:00,80.00,0,completed
2,a,2026-02-05 11:00:00,40.00,10.00,paid
3,b,2026-02-06 12:00:00,300.00,0,shipped
4,,2026-02-06 12:00:00,30.00,0,completed
5,c,,50.00,0,pending
6,d,2026-03-07 09:00:00,60.00,0,cancelled
7,e,2025-11-01 09:00:00,150.00,0,completed
"""


def said(capsys, *arguments):
    """What the command printed, what it complained of, and its status."""
    try:
        cli.main([str(argument) for argument in arguments])
        status = 0
    except SystemExit as leave:
        status = leave.code or 0
    out = capsys.readouterr()
    return out.out, out.err, status


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.delenv("MEMBERLIB_DATA", raising=False)
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    return folder


@pytest.fixture
def shop(data, capsys):
    out, _, status = said(capsys, "import", data.parent / "orders.csv", "--store", "new-shop", "--data", data)
    assert status == 0
    assert "7 rows read = 7 accepted + 0 same as before + 0 replaced + 0 rejected" in out
    return data


def rows(capsys, data, theme, *options):
    out, err, status = said(
        capsys, "table", theme, "--store", "new-shop", "--data", data, "--format", "json", *options
    )
    assert (status, err) == (0, "")
    return json.loads(out)


def test_a_new_shop_needs_no_settings_file(shop):
    assert "[new-shop]" in (shop / "stores.toml").read_text(encoding="utf-8")


def test_json_says_the_shop_the_day_the_base_and_what_is_counted(shop, capsys):
    found = rows(capsys, shop, "amount", "--edges", "50,100")
    assert list(found)[:5] == ["store", "as_of", "base", "counts", "rows"]
    assert (found["store"], found["as_of"], found["base"], found["counts"]) == (
        "new-shop",
        "2026-03-07",
        3,
        "members",
    )
    assert [(r["lower"], r["upper"], r["member_count"]) for r in found["rows"]] == [
        (None, 50, 0),
        (50, 100, 1),  # member a: (80 + 30) ÷ 2 = 55
        (100, None, 2),
    ]


def test_every_theme_answers_in_every_format(shop, capsys):
    for theme in ("level", "time", "amount", "count", "rfm"):
        for form in ("table", "csv", "json", "md"):
            out, err, status = said(
                capsys,
                "table",
                theme,
                "--store",
                "new-shop",
                "--data",
                shop,
                "--format",
                form,
                "--lang",
                "zh",
            )
            assert (status, err) == (0, ""), (theme, form)
            assert out.strip()


def test_options_reach_their_analysis(shop, capsys):
    by_order = rows(capsys, shop, "amount", "--measure", "order", "--edges", "100")
    assert (by_order["counts"], by_order["base"]) == ("orders", 4)
    assert [r["order_count"] for r in by_order["rows"]] == [2, 2]
    days = rows(capsys, shop, "time", "--unit", "days", "--edges", "30,60")
    assert [r["member_count"] for r in days["rows"]] == [2, 0, 1]
    eleven = rows(capsys, shop, "rfm", "--method", "quantile", "--map", "eleven")
    assert len(eleven["rows"]) == 11
    fixed = rows(capsys, shop, "rfm", "--method", "fixed", "--edges", "30,90/1,3/100,500")
    assert sum(r["member_count"] for r in fixed["rows"]) == 3
    eight = rows(capsys, shop, "rfm")
    assert [r["segment"] for r in eight["rows"]] == [
        "important_value", "important_keep", "important_develop", "important_winback",
        "general_value", "general_keep", "general_develop", "general_winback",
    ]  # fmt: skip
    flow = rows(capsys, shop, "level", "--view", "flow", "--rule", "advanced=100,,0.9")
    assert {(r["level_from"], r["level_to"]): r["member_count"] for r in flow["rows"]}[
        "none", "advanced"
    ] == 3


def test_an_earlier_day_sees_less(shop, capsys):
    assert rows(capsys, shop, "count", "--as-of", "2026-02-05")["base"] == 2


def kept_files(data):
    """What lies in a data folder, but for what may be deleted at any time."""
    return sorted(p.relative_to(data) for p in data.rglob("*") if "derived" not in p.relative_to(data).parts)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["table", "time", "--store", "nowhere"], "no shop 'nowhere'"),
        (["table", "time", "--store", "../x"], "is not a shop id"),
        (["table", "time", "--store", "new-shop", "--as-of", "2020-01-01"], "before the first order"),
        (["table", "time", "--store", "new-shop", "--as-of", "soon"], "is not a date"),
        (["table", "time", "--store", "new-shop", "--edges", "4,2"], "rise"),
        (["table", "amount", "--store", "new-shop", "--edges", "50,50"], "rise"),
        (["table", "amount", "--store", "new-shop", "--edges", "50,many"], "many"),
        (["table", "amount", "--store", "new-shop", "--view", "moves"], "has no view 'moves'"),
        (["table", "count", "--store", "new-shop", "--days", "5"], "does not go with view"),
        (["table", "level", "--store", "new-shop", "--rule", "gold=1"], "gold"),
        (["table", "level", "--store", "new-shop", "--rule", "vip=a,b"], "is not a number"),
        (["table", "rfm", "--store", "new-shop", "--method", "fixed", "--edges", "1,2"], "three lists"),
        (["table", "rfm", "--store", "new-shop", "--map", "none.csv"], "none.csv"),
        (["report"], "say which shops"),
        (["report", "--all", "--store", "new-shop"], "not both"),
        (["import", "missing.csv", "--store", "new-shop"], "missing.csv"),
        (["rejected", "--store", "nowhere"], "no shop 'nowhere'"),
        (["report", "--all", "--jobs", "x"], "see memberlib report --help"),
        (["report", "--everything"], "No such option: --everything"),
        (["reprot"], "No such command 'reprot'"),
        (["table", "rfm"], "Missing option '--store'"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(shop, capsys, arguments, words):
    before = kept_files(shop)
    out, err, status = said(capsys, *arguments, "--data", shop)
    assert status == 2
    assert out == ""
    assert err.startswith("memberlib: ")
    assert words in err
    assert err.count("\n") == 1
    assert kept_files(shop) == before


def test_the_same_file_again_changes_nothing(shop, capsys):
    before = rows(capsys, shop, "amount")
    out, _, status = said(capsys, "import", shop.parent / "orders.csv", "--store", "new-shop", "--data", shop)
    assert status == 0
    assert "7 rows read = 0 accepted + 7 same as before + 0 replaced + 0 rejected" in out
    assert rows(capsys, shop, "amount") == before


def test_rejected_rows_can_be_listed(shop, capsys):
    bad = shop.parent / "more.csv"
    lines = [f"{n},f{n},2026-03-01 09:00:00,10,0,completed" for n in range(100, 110)]
    bad.write_text(
        "\n".join([ORDERS.splitlines()[0], *lines, "111,g,2026-03-01,ten,0,paid"]), encoding="utf-8"
    )
    out, _, status = said(capsys, "import", bad, "--store", "new-shop", "--data", shop)
    assert status == 0
    assert "11 rows read = 10 accepted + 0 same as before + 0 replaced + 1 rejected" in out
    hint = out.split("see them: memberlib ")[1]
    assert hint == f"rejected --store new-shop --import 2 --data {shop}\n"
    shown, _, status = said(capsys, *hint.split())
    assert status == 0 and shown.count("bad_amount") == 1
    listed, _, _ = said(capsys, "rejected", "--store", "new-shop", "--data", shop)
    header, row = listed.splitlines()
    assert header == "import_id,file,row,rule,column,value"
    assert row.endswith("more.csv,12,bad_amount,paid_amount,ten")


def test_the_data_folder_may_come_from_the_environment(shop, capsys, monkeypatch):
    monkeypatch.setenv("MEMBERLIB_DATA", str(shop))
    out, _, status = said(capsys, "shops")
    assert (out, status) == ("new-shop\n", 0)


def test_each_command_says_what_it_does(capsys):
    for command in ("import", "imports", "rejected", "report", "samples", "shops", "table"):
        out, _, status = said(capsys, command, "--help")
        assert status == 0
        assert len(out.splitlines()[2].strip()) > 15, command


@pytest.mark.parametrize("group", [[], ["table"]])
def test_a_list_of_commands_says_each_in_full(capsys, group):
    out, _, status = said(capsys, *group, "--help")
    listed = out.split("Commands:")[1].split("\n", 1)[1]
    assert status == 0 and "..." not in listed
    assert all(
        line.startswith("  ") and not line.startswith("   ") for line in listed.splitlines()
    )  # a line each


def test_a_mapping_that_cannot_be_read_is_named_with_its_folder(shop, capsys):
    (shop / "mappings").mkdir()
    (shop / "mappings" / "broken.toml").write_text("platform =", encoding="utf-8")
    _, err, status = said(capsys, "platforms", "--data", shop)
    assert status == 2 and err.startswith("memberlib: mappings/broken.toml cannot be read: ")


def test_no_traceback_reaches_a_user(tmp_path):
    """The installed program, on a file that is no text at all."""
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 50)
    ended = subprocess.run(
        [sys.executable, "-m", "memberlib.cli", "import", "noise.csv", "--store", "x", "--data", "d"],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("memberlib: ")
    assert not (tmp_path / "d" / "stores.toml").exists()
