"""Is the engine's memory bounded, and does every analysis come out the same whatever the bound and the threads?"""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from memberlib import engine
from memberlib.errors import InputError
from memberlib.store import connection, store_from

ORDERS, BUYERS = 1_000_000, 90_000
MANY = f"""
    COPY (
        SELECT 'o' || i AS order_id,
               CASE WHEN hash(i * 17) % 50 <> 0
                    THEN 'm' || floor({BUYERS} * pow(hash(i) % 1000003 / 1000003.0, 3))::BIGINT END AS member_id,
               TIMESTAMP '2024-01-01' + to_seconds((hash(i * 7 + 1) % (730 * 86400))::BIGINT)
               + to_days(CASE WHEN hash(i * 37) % 5 = 0 THEN 300 ELSE 0 END) AS paid_at,
               CASE WHEN hash(i * 13) % 50 = 0 THEN 'cancelled' ELSE 'completed' END AS status,
               ((hash(i * 3 + 5) % 900000000000) / 10000)::DECIMAL(18, 4) AS paid_amount,
               (CASE WHEN hash(i * 11) % 20 = 0 THEN 5 ELSE 0 END)::DECIMAL(18, 4) AS refund_amount,
               ['Kent', 'Essex', 'Devon', NULL][1 + (hash(i * 19) % 4)::INT] AS region
        FROM range({ORDERS}) AS numbers(i)
    ) TO '{{}}' (FORMAT parquet)
"""
LINES = f"""
    COPY (
        SELECT 'o' || i * 5 AS order_id, '1' AS line_id, 'p' || hash(i) % 50 AS product_id,
               'product ' || hash(i) % 50 AS product_name, 'category ' || hash(i) % 9 AS category,
               1::DECIMAL(18, 4) AS quantity, 3::DECIMAL(18, 4) AS amount
        FROM range({ORDERS // 5}) AS numbers(i)
    ) TO '{{}}' (FORMAT parquet)
"""
"""A shop whose amounts have all four decimals and go into the millions, so that sums of doubles would show."""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    import duckdb

    folder = tmp_path_factory.mktemp("large")
    with duckdb.connect() as con:
        con.execute(MANY.format(folder / "orders.parquet"))
        con.execute(LINES.format(folder / "items.parquet"))
    return folder


@pytest.fixture
def temp(tmp_path, monkeypatch):
    """A folder of this test's own for what is put aside."""
    monkeypatch.setenv(engine.TEMP, str(tmp_path))
    monkeypatch.delenv(engine.MEMORY, raising=False)
    engine.clear_spill()
    yield tmp_path
    engine.clear_spill()


def setting(con, name):
    return con.raw_sql(f"SELECT current_setting('{name}')").fetchall()[0][0]


# ---------------------------------------------------------------- the bound


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2GB", 2_000_000_000),
        ("500 MB", 500_000_000),
        ("1.5GiB", 1_610_612_736),
        (" 64mib ", 67_108_864),
        ("0.5 TB", 500_000_000_000),
        ("", None),
        ("  ", None),
    ],
)
def test_a_size_is_read_as_people_write_it(text, wanted):
    assert engine.bytes_of(text) == wanted


@pytest.mark.parametrize(
    "text", ["lots", "0GB", "-1GB", "10MB", "2", "GB", "2 G", "1e3GB", "²GB", "nan GB", "2GB; x"]
)
def test_what_is_no_size_or_too_small_a_one_is_one_line(text):
    with pytest.raises(InputError) as said:
        engine.bytes_of(text)
    assert repr(text) in str(said.value)
    assert "\n" not in str(said.value)


def test_the_bound_is_set_in_the_engine(temp, monkeypatch):
    assert setting(connection("500MB"), "memory_limit") == "476.8 MiB"
    monkeypatch.setenv(engine.MEMORY, "1GiB")
    assert setting(connection(), "memory_limit") == "1.0 GiB"
    assert setting(connection("2GiB"), "memory_limit") == "2.0 GiB"
    # little memory is not shared among many threads
    assert setting(connection("130MB"), "threads") == 1


def test_the_prompt_sets_the_bound_for_what_it_starts(temp, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c",
         "import os, sys; from memberlib.cli import main\n"
         "import memberlib.reports as r; r.make_reports = lambda *a, **k: print(os.environ['MEMBERLIB_MEMORY']) or 0\n"
         "main(['report', '--all', '--memory', '3GB'])"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "3GB\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["report", "--all", "--memory", "lots"], {}, "'lots' is not a size"),
        (["table", "time", "--store", "x", "--memory", "10MB"], {}, "at least 50MB"),
        (["report", "--all"], {engine.MEMORY: "much"}, "'much' is not a size"),
        (["report", "--all"], {engine.TEMP: "/not/there"}, "nothing can be written to /not/there"),
        (["table", "time", "--store", "x"], {engine.TEMP: "near"}, "by its whole path"),
    ],
)
def test_a_wrong_bound_is_one_line_before_anything_starts(
    tmp_path, monkeypatch, capsys, arguments, environment, words
):
    from memberlib.cli import main

    engine.clear_spill()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- what does not fit


ROWS = 4_000_000


def test_what_does_not_fit_goes_to_a_private_folder_and_comes_back_right(temp):
    con = connection("60MB")
    con.raw_sql(f"CREATE TEMP TABLE x AS SELECT i, hash(i) AS h FROM range({ROWS}) AS numbers(i)")
    (home,) = (place for place in temp.iterdir() if place.is_dir())
    assert home.stat().st_mode & 0o777 == 0o700
    aside = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    assert aside > 5_000_000
    found = con.raw_sql("SELECT count(*), sum(i), count(DISTINCT h) FROM x").fetchall()[0]
    assert found == (ROWS, ROWS * (ROWS - 1) // 2, ROWS)
    con.disconnect()
    assert not [file for file in home.rglob("*") if file.is_file()]
    engine.clear_spill()
    assert not list(temp.iterdir())


def test_a_process_that_ends_leaves_nothing_and_one_that_is_killed_is_cleared_up_after(temp):
    program = textwrap.dedent(f"""
        import os, signal, sys
        from memberlib.engine import connection
        con = connection("60MB")
        con.raw_sql("CREATE TEMP TABLE x AS SELECT i, hash(i) AS h FROM range({ROWS}) AS numbers(i)")
        if sys.argv[1] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    ran = subprocess.run([sys.executable, "-c", program, "ended"])
    assert ran.returncode == 0
    assert not list(temp.iterdir())
    ran = subprocess.run([sys.executable, "-c", program, "killed"])
    assert ran.returncode == -signal.SIGKILL
    assert any(file.stat().st_size > 1_000_000 for file in temp.rglob("*") if file.is_file())
    connection()
    assert len([place for place in temp.iterdir() if place.is_dir()]) == 1
    engine.clear_spill()
    assert not list(temp.iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_has_a_folder_of_its_own_and_leaves_its_parents_alone(temp):
    connection()
    (mine,) = (place for place in temp.iterdir() if place.is_dir())
    if not (child := os.fork()):
        status = 1
        try:
            connection()
            both = [place for place in temp.iterdir() if place.is_dir()]
            engine.clear_spill()
            status = 0 if len(both) == 2 and [p for p in temp.iterdir() if p.is_dir()] == [mine] else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert mine.is_dir()


def test_no_room_beside_the_memory_is_one_line_that_says_what_to_do(temp):
    con = connection("60MB")
    con.raw_sql("SET max_temp_directory_size = '1MB'")
    with pytest.raises(Exception, match="offload") as raised:
        con.raw_sql(f"CREATE TEMP TABLE x AS SELECT i, hash(i) AS h FROM range({ROWS}) AS numbers(i)")
    line = engine.shortage(str(raised.value))
    assert str(temp) in line and engine.TEMP in line
    assert "\n" not in line
    said = 'IO Error: Could not write file "duckdb_temp_1_storage.tmp": No space left on device'
    assert engine.shortage(said) == line
    with pytest.raises(Exception, match="Out of Memory") as raised:
        con.raw_sql(f"SELECT list(i) FROM range({5 * ROWS}) AS numbers(i)")
    assert "--memory" in engine.shortage(str(raised.value))
    assert engine.shortage("Binder Error: no such column") == ""


# ---------------------------------------------------------------- the same figures


def answers(folder: Path, con, aside: list[int] | None = None) -> dict[str, str]:
    """Every analysis of a shop: its name and a digest of all that its result says; what was put aside meanwhile."""
    from memberlib import indicators, levels, rfm
    from memberlib.settings import scaled_rules
    from memberlib.themes import THEMES

    files = {name: con.read_parquet(str(folder / f"{name}.parquet")) for name in ("orders", "items")}
    shop = store_from(**files, con=con)
    found = {"left_out": shop.left_out, "headline": indicators.headline(shop)}
    for theme in THEMES:
        for one in theme.analyses:
            own = {"rules": scaled_rules(levels.rules_to_try(shop), 0.8)} if one.name == "flow" else {}
            found[one.name] = one(shop, **own)
            if aside is not None:
                aside.append(
                    con.raw_sql("SELECT sum(size) FROM duckdb_temporary_files()").fetchall()[0][0] or 0
                )
    found |= {method: rfm.segments(shop, method=method) for method in ("mean", "quantile", "jenks")}
    told = {}
    for name, result in found.items():
        told[name] = hashlib.sha256(pickle.dumps([result.to_dict("list"), dict(result.attrs)])).hexdigest()
    shop.close()
    return told


def test_every_analysis_gives_the_same_bytes_whatever_the_memory_and_the_threads(large, temp):
    two, one = connection(), connection()
    two.raw_sql("SET threads = 2")
    wanted = answers(large, two)
    one.raw_sql("SET threads = 1")
    assert answers(large, one) == wanted
    small = connection(f"{engine.LEAST_MEMORY // 10**6}MB")
    aside: list[int] = []
    assert answers(large, small, aside) == wanted
    assert max(aside) > 5_000_000
