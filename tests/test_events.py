"""What members did besides buying, from a file into the lake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

from memberlib.imports import import_files
from memberlib.lake import Lake

EVENTS = """member_id,kind,happened_at,subject,channel,detail
a,浏览,2026-01-02 10:00:00,tea,app,
a,收藏,2026-01-02 10:00:00,tea,,
a,投诉,2026-01-03,,,slow
a,到店,2026/1/4 08:00,,,
b,参与活动,2026-01-05 08:00:00,double 11,,
b,评论,2026-01-05 08:00:00,tea,,good
b,Review,2026-01-05 08:00:00,tea,,very good
b,jumped,2026-01-05 08:00:00,tea,,
b,,2026-01-05 08:00:00,tea,,
b,visit,,x,,
,visit,2026-01-05 08:00:00,x,,
b,visit,1812-01-05 08:00:00,x,,
"""


def test_events_in_english_and_chinese(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    (account,) = import_files([tmp_path / "events.csv"], "tea", data=tmp_path, max_rejected_share=0.9)
    assert (account.table, account.read_count, account.accepted_count) == ("events", 12, 6)
    assert account.replaced_count == 1, "the last of two reviews of one moment stands"
    assert account.rules == {
        "bad_date": 1, "bad_kind": 1, "missing_id": 1, "missing_kind": 1, "missing_time": 1,
    }  # fmt: skip
    assert (account.first_on, account.last_on) == ("2026-01-02", "2026-01-05")
    (file,) = Lake(tmp_path / "lake").version("tea").files["events"]
    rows = duckdb.read_parquet(file).order("happened_at, kind, member_id").fetchall()
    assert rows == [
        ("a", "browse", dt.datetime(2026, 1, 2, 10), "tea", "app", None),
        ("a", "favourite", dt.datetime(2026, 1, 2, 10), "tea", None, None),
        ("a", "complaint", dt.datetime(2026, 1, 3), "", None, "slow"),
        ("a", "visit", dt.datetime(2026, 1, 4, 8), "", None, None),
        ("b", "comment", dt.datetime(2026, 1, 5, 8), "tea", None, "very good"),
        ("b", "took_part", dt.datetime(2026, 1, 5, 8), "double 11", None, None),
    ]


def test_events_given_again_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    import_files([tmp_path / "events.csv"], "tea", data=tmp_path, max_rejected_share=0.9)
    more = EVENTS + "c,visit,2026-01-06 09:00:00,,,\n"
    (tmp_path / "more.csv").write_text(more, encoding="utf-8")
    (account,) = import_files([tmp_path / "more.csv"], "tea", data=tmp_path, max_rejected_share=0.9)
    assert (account.accepted_count, account.same_count, account.rejected_count) == (1, 7, 5)
    assert account.replaced_count == 0


def test_level_words_of_the_shop_are_known_at_import(tmp_path: Path) -> None:
    (tmp_path / "stores.toml").write_text(
        '[tea]\nlevel_words = { "金卡" = "vip", "访客" = "" }\n', encoding="utf-8"
    )
    (tmp_path / "members.csv").write_text(
        "会员名,会员等级\na,金卡\nb,访客\nc,普通会员\nd,星钻\n", encoding="utf-8"
    )
    (account,) = import_files([tmp_path / "members.csv"], "tea", data=tmp_path)
    assert (account.accepted_count, account.rejected_count) == (4, 0)
    assert any("星钻 (1)" in note for note in account.notes)
    (file,) = Lake(tmp_path / "lake").version("tea").files["members"]
    held = duckdb.read_parquet(file).order("member_id").project("member_id, level").fetchall()
    assert held == [("a", "vip"), ("b", None), ("c", "regular"), ("d", None)]
