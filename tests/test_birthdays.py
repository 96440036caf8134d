"""Birthdays in the forms that exports have, and lunar days against published and independent tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memberlib.imports import Account, import_files
from memberlib.lake import Lake
from memberlib.loaders.birthdays import Birthday, parsed
from memberlib.loaders.lunar import solar_day

# First day of the lunar year and Mid-Autumn, 1950 to 2050, month and day as almanacs print them.
SPRING = """
    0217 0206 0127 0214 0203 0124 0212 0131 0218 0208 0128 0215 0205 0125 0213 0202 0121 0209 0130 0217
    0206 0127 0215 0203 0123 0211 0131 0218 0207 0128 0216 0205 0125 0213 0202 0220 0209 0129 0217 0206
    0127 0215 0204 0123 0210 0131 0219 0207 0128 0216 0205 0124 0212 0201 0122 0209 0129 0218 0207 0126
    0214 0203 0123 0210 0131 0219 0208 0128 0216 0205 0125 0212 0201 0122 0210 0129 0217 0206 0126 0213
    0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 0212 0201 0122 0210 0130 0217 0206 0126 0214 0202
    0123"""
MID_AUTUMN = """
    0926 0915 1003 0922 0911 0930 0919 0908 0927 0917 1005 0924 0913 1002 0920 0910 0929 0918 1006 0926
    0915 1003 0922 0911 0930 0920 0908 0927 0917 1005 0923 0912 1001 0921 0910 0929 0918 1007 0925 0914
    1003 0922 0911 0930 0920 0909 0927 0916 1005 0924 0912 1001 0921 0911 0928 0918 1006 0925 0914 1003
    0922 0912 0930 0919 0908 0927 0915 1004 0924 0913 1001 0921 0910 0929 0917 1006 0925 0915 1003 0922
    0912 1001 0919 0908 0927 0916 1004 0924 0913 1002 0920 0910 0928 0917 1005 0925 0915 1004 0922 0911
    0930"""
LEAP = {1952: 5, 1955: 3, 1957: 8, 1960: 6, 1963: 4, 1966: 3, 1968: 7, 1971: 5, 1974: 4, 1976: 8, 1979: 6, 1982: 4,
        1984: 10, 1987: 6, 1990: 5, 1993: 3, 1995: 8, 1998: 5, 2001: 4, 2004: 2, 2006: 7, 2009: 5, 2012: 4, 2014: 9,
        2017: 6, 2020: 4, 2023: 2, 2025: 6, 2028: 5, 2031: 3, 2033: 11, 2036: 6, 2039: 5, 2042: 2, 2044: 7, 2047: 5,
        2050: 3}  # fmt: skip
YEARS = range(1950, 2051)


def one(text: str | None, calendar: str | None = None, day: str | None = None, **options: object) -> Birthday:
    return parsed([text], [calendar], [day], **options)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(("day", "table"), [("01-01", SPRING), ("08-15", MID_AUTUMN)])
def test_festivals_fall_where_almanacs_print_them(day: str, table: str) -> None:
    assert len(table.split()) == len(YEARS)
    assert {y: solar_day(y, day).strftime("%m%d") for y in YEARS} == dict(
        zip(YEARS, table.split(), strict=True)
    )


def test_each_year_has_the_leap_month_that_almanacs_print() -> None:
    found = {
        (year, month)
        for year in YEARS
        for month in range(1, 13)
        if solar_day(year, f"L{month:02d}-01") is not None
    }
    assert found == set(LEAP.items())


def test_festivals_fall_where_icu_works_them_out() -> None:
    """ICU reckons the moon anew; on three new moons within minutes of midnight it is a day off the almanacs."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        con.execute(
            "CREATE TABLE days AS SELECT d AS day, timezone('UTC', d + INTERVAL 4 HOUR) AS noon "
            "FROM range(TIMESTAMP '1950-01-01', TIMESTAMP '2051-01-01', INTERVAL 1 DAY) AS r(d)"
        )
        con.execute("SET Calendar = 'chinese'")
        marked = con.execute("SELECT day, month(noon), day(noon) FROM days ORDER BY day").fetchall()
    first = {
        month_day: {d.year: d.date() for d, m, n in reversed(marked) if (m, n) == month_day}
        for month_day in ((1, 1), (8, 15))
    }
    spring = {y for y in YEARS if first[1, 1].get(y) != solar_day(y, "01-01")}
    autumn = {y for y in YEARS if first[8, 15].get(y) != solar_day(y, "08-15")}
    assert (spring, autumn) == ({1954, 2027, 2030}, set())


BORN = dt.date(1990, 5, 1)
AUTUMN = dt.date(1990, 10, 3)


# The same day in each form, one form per "|".
FORMS = {
    (
        BORN,
        "solar",
        "05-01",
    ): """1990-05-01|1990-5-1|1990/5/1|1990/05/01|1990.5.1|19900501|19900501123000|1990年5月1日
        |1990年05月01号|一九九〇年五月一日|1990-05-01 00:00:00|1990-5-1 08:00|="1990-05-01"|'1990-05-01
        |1990-05-01T00:00:00.000
        |１９９０－０５－０１|1990 年 5 月 1 日 |公历1990-05-01|1990-05-01(阳历)|民國79年5月1日|国历1990/5/1""",
    (
        None,
        "solar",
        "05-01",
    ): """05-01|5-1|5/1|5月1日|05月01日|五月一日|0501|--05-01|0000-05-01|阳历5月1日|阳历 五月一""",
    (
        None,
        "lunar",
        "08-15",
    ): """农历八月十五|農曆8月15日|阴历 8-15|8-15（农）|8月15日(农历)|八月十五|农历0000-08-15
        |旧历:八月十五|Lunar 08-15""",
    (AUTUMN, "lunar", "08-15"): """1990年农历八月十五|农历1990年八月十五|农历1990-08-15|一九九〇年八月十五
        |1990/8/15 (农历)|1990年八月十五""",
}
NO_DAYS = """02-30|1991-02-29|13-01|00-05|1990-00-10|32|1899-12-31|2101-01-01|90-05-01|1990|5月|庚午年八月十五
    |农历八月三十一|农历13-01|农历1990年八月三十|1990年闰六月初三|闰十三月初一|阳历闰六月初三|农历1899-12-01
    |农历2100年腊月三十|May|yesterday|1990-05-01 and more|٠٥-٠١|31/12|1990-05/01"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text.strip(), expected) for expected, texts in FORMS.items() for text in texts.split("|")],
        ("闰六月初三", (None, "lunar", "L06-03")),
        ("農曆閏6月3日", (None, "lunar", "L06-03")),
        ("2017年闰六月初三", (dt.date(2017, 7, 25), "lunar", "L06-03")),
        ("腊月廿三", (None, "lunar", "12-23")),
        ("臘月三十", (None, "lunar", "12-30")),
        ("冬月二十一", (None, "lunar", "11-21")),
        ("正月初一", (None, "lunar", "01-01")),
        ("正月初十", (None, "lunar", "01-10")),
        ("1985年正月初一", (dt.date(1985, 2, 20), "lunar", "01-01")),
        ("1990年腊月廿三", (dt.date(1991, 2, 7), "lunar", "12-23")),
        ("八月十五日", (None, "solar", "08-15")),
        ("2-29", (None, "solar", "02-29")),
        ("1992-02-29", (dt.date(1992, 2, 29), "solar", "02-29")),
        ("农历2月30日", (None, "lunar", "02-30")),
    ],
)  # fmt: skip
def test_a_birthday_in_each_form(text: str, expected: tuple[dt.date | None, str, str]) -> None:
    assert one(text) == (*expected, True)


@pytest.mark.parametrize(
    "text", [None, "", " ", "-", "--", "null", "'null", "NA", "未知", "保密", "0000-00-00", '=""']
)
def test_a_text_that_says_nothing_is_no_birthday_and_no_fault(text: str | None) -> None:
    assert one(text) == (None, None, None, True)
    assert one(text, "lunar") == (None, None, None, True), "a calendar alone is no birthday"


@pytest.mark.parametrize("text", [text.strip() for text in NO_DAYS.split("|")])
def test_what_is_no_day_is_refused(text: str) -> None:
    assert one(text) == (None, None, None, False)


def test_a_column_of_its_own_says_the_calendar() -> None:
    assert one("1990-08-15", "lunar") == (AUTUMN, "lunar", "08-15", True)
    assert one("1990-08-15", "solar") == (dt.date(1990, 8, 15), "solar", "08-15", True)
    assert one("8-15", "lunar") == (None, "lunar", "08-15", True)
    assert one("1990-08-30", "lunar") == (None, None, None, False), "that month had 29 days"
    assert one("农历八月十五", "solar") == (None, "lunar", "08-15", True), "the text itself goes before"
    assert one("八月十五", "solar") == (None, "solar", "08-15", True)


def test_a_day_in_a_column_of_its_own_stands_beside_the_solar_day_of_birth() -> None:
    assert one("1990-10-03", "lunar", "08-15") == (AUTUMN, "lunar", "08-15", True)
    assert one("1991-02-07", "lunar", "12-23") == (dt.date(1991, 2, 7), "lunar", "12-23", True)
    assert one("2017-07-25", "lunar", "L06-03") == (dt.date(2017, 7, 25), "lunar", "L06-03", True)
    assert one("1990-05-01", None, "05-01") == (BORN, "solar", "05-01", True)
    assert one("", "lunar", "08-15") == (None, "lunar", "08-15", True)
    assert one("1990-05-01", None, "") == (BORN, "solar", "05-01", True)
    assert not one("1990-10-04", "lunar", "08-15").ok, "two days that are not one"
    assert not one("1990-05-02", "solar", "05-01").ok
    assert not one("never", "solar", "05-01").ok


def test_a_moment_with_an_offset_is_a_day_of_the_shop() -> None:
    assert one("1989-12-31T16:00:00.000Z", zone="Asia/Shanghai").birthday == dt.date(1990, 1, 1)
    assert one("1989-12-31T16:00:00.000Z", zone="UTC").birthday == dt.date(1989, 12, 31)
    assert one("1990-05-01 00:00:00 +0800", zone="Asia/Shanghai").birthday == BORN
    assert not one("1990-02-30T16:00:00Z").ok


def test_dates_of_a_crosswalk_and_of_excel() -> None:
    assert one("01/05/1990", dates=["%d/%m/%Y"]).birthday == BORN
    assert one("1 May 1990", dates=["%d %B %Y"]).birthday == BORN
    assert one("31/12", dates=["%d/%m/%Y"]) == (None, "solar", "12-31", True)
    assert one("12-31", dates=["%d/%m/%Y"]) == (None, "solar", "12-31", True)
    assert one("32994", serial_dates=True).birthday == BORN
    assert one("32994.0", serial_dates=True).birthday == BORN
    assert not one("32994").ok
    assert not one("99999", serial_dates=True).ok, "that would be in 2173"


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)))
def test_every_day_of_the_solar_calendar_comes_back(day: dt.date) -> None:
    expected = (day, "solar", f"{day:%m-%d}", True)
    for text in (f"{day}", f"{day:%Y%m%d}", f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日"):
        assert one(text) == expected
    assert one(f"{day:%m-%d}") == (None, *expected[1:])
    assert one(f"{day}", None, f"{day:%m-%d}") == expected


@given(st.integers(1900, 2099), st.integers(1, 12), st.integers(1, 30), st.booleans())
def test_a_lunar_day_is_there_or_refused_and_goes_round(year: int, month: int, day: int, leap: bool) -> None:
    written = f"{'L' if leap else ''}{month:02d}-{day:02d}"
    found = one(f"{year}-{'闰' if leap else ''}{month}-{day}", "lunar")
    if not found.ok:
        assert leap or day == 30, "twelve months of at least 29 days are in every year"
        return
    assert found.birthday is not None
    assert found[1:] == ("lunar", written, True)
    assert 20 <= (found.birthday - dt.date(year, 1, 1)).days <= 420
    assert one(f"{found.birthday}", "lunar", written) == found


@given(st.text(max_size=25), st.sampled_from([None, "solar", "lunar"]))
def test_no_text_breaks_the_reading(text: str, calendar: str | None) -> None:
    found = one(text, calendar)
    assert found.ok or found == (None, None, None, False)
    assert (found.day is None) == (found.calendar is None)


def test_two_days_that_follow_each_other_do_so_in_both_calendars() -> None:
    """Day 1 of each lunar month comes right after day 29 or 30 of the one before, over a century and a half."""
    last = None
    for year in range(1900, 2100):
        months = [name for m in range(1, 13) for name in (f"{m:02d}", f"L{m:02d}")]
        for month in months:
            days = [d for n in range(1, 31) if (d := solar_day(year, f"{month}-{n:02d}"))]
            if not days:
                continue
            assert last is None or days[0] == last + dt.timedelta(days=1)
            assert len(days) in (29, 30)
            last = days[-1]


def taken(tmp_path: Path, text: str) -> tuple[Account, pd.DataFrame]:
    """The account of an import of members, and the members as the lake holds them."""
    (tmp_path / "members.csv").write_text(text, encoding="utf-8")
    (account,) = import_files([tmp_path / "members.csv"], "tea", data=tmp_path, max_rejected_share=0.9)
    files = Lake(tmp_path / "lake").version("tea").files["members"]
    return account, duckdb.read_parquet(files).order("member_id").df().set_index("member_id")


def test_birthdays_on_their_way_into_the_lake(tmp_path: Path) -> None:
    account, members = taken(
        tmp_path,
        "member_id,birthday,birthday_calendar,birthday_day,stored_value,consent\n"
        "a,1990-05-01,,,12.50,yes\n"
        "b,1990-08-15,农历,,,no\n"
        "c,1990-10-03,lunar,08-15,0,\n"
        "d,农历八月十五,,,,\n"
        "e,02-30,,,,\n"
        "f,,,,,\n"
        "g,1990-10-04,lunar,08-15,,\n"
        "h,1990-05-01,martian,,,\n"
        "i,1990-05-01,,,-3,\n",
    )
    assert account.rules == {"bad_birthday": 3, "negative_amount": 1}
    assert (account.read_count, account.accepted_count, account.rejected_count) == (9, 5, 4)
    kept = members[["birthday", "birthday_calendar", "birthday_day"]].astype(object)
    kept = kept.where(kept.notna(), None)
    autumn = pd.Timestamp("1990-10-03")
    assert [tuple(row) for row in kept.itertuples(index=False)] == [
        (pd.Timestamp("1990-05-01"), "solar", "05-01"),
        (autumn, "lunar", "08-15"),
        (autumn, "lunar", "08-15"),
        (None, "lunar", "08-15"),
        (None, None, None),
    ]
    refused = Lake(tmp_path / "lake").rejected("tea")
    assert [tuple(row) for row in refused[["row", "rule", "column", "value"]].itertuples(index=False)] == [
        (6, "bad_birthday", "birthday", "02-30"),
        (8, "bad_birthday", "birthday", "1990-10-04"),
        (9, "bad_birthday", "birthday_calendar", "martian"),
        (10, "negative_amount", "stored_value", "-3"),
    ]
    assert [None if pd.isna(c) else bool(c) for c in members["consent"]] == [True, False, None, None, None]


def test_a_header_that_names_the_calendar_is_believed(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "salon-members.toml").write_text(
        'platform = "salon"\ntable = "members"\nrow_is = "member"\nlang = "zh"\ncurrency = "CNY"\n'
        'time_zone = "Asia/Shanghai"\nlenient = ["birthday"]\n'
        '[columns]\nmember_id = "卡号"\nbirthday = "农历生日"\n',
        encoding="utf-8",
    )
    account, members = taken(tmp_path, "卡号,农历生日\n1,1990-08-15\n2,8-15\n3,公历8-15\n4,someday\n")
    assert list(members["birthday_calendar"].fillna("")) == ["lunar", "lunar", "solar", ""]
    assert list(members["birthday_day"].fillna("")) == ["08-15", "08-15", "08-15", ""]
    assert [str(b)[:10] for b in members["birthday"]] == ["1990-10-03", "NaT", "NaT", "NaT"]
    assert account.rejected_count == 0
    assert "words of birthday that are not known, left empty: someday (1)" in account.notes
