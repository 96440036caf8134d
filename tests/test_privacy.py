"""What must not leave the shop: phones and e-mails that stand for a member's id are shown by their ends."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memberlib import charts, findings, i18n, tables
from memberlib.cli import main
from memberlib.errors import InputError
from memberlib.imports import import_files
from memberlib.privacy import masked, masked_ids, short
from memberlib.reports.run import make_reports
from memberlib.store import open_store
from memberlib.themes import THEMES

matplotlib.use("Agg")
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"

PHONES = [f"1380000{1000 + 7 * i}" for i in range(40)]
MAILS = [f"person{i}.lee@example.com" for i in range(40)]
MEMBERS = [
    *PHONES,
    *[f"jd:{phone.replace('138', '139', 1)}" for phone in PHONES],
    *MAILS,
    "+8613700001234",
    "tb84620417",
]


@pytest.mark.parametrize(("text", "expected"), [
    ("13800001234", "138****1234"), ("+86 138 0000 1234", "138****1234"), ("8613800001234", "138****1234"),
    ("jd:13800001234", "jd:138****1234"), ("会员13800001234", "会员138****1234"),
    ("１３８００００１２３４", "138****1234"),
    ("13800001234-5678", "138****1234"), ("138****1234 小李", "138****1234 小李"), ("186******05", "186******05"),
    ("+886912345678", "886****5678"), ("0912345678", "091****678"), ("(020) 7946 0018", "020****0018"),
    ("555-010-1234", "555****234"), ("ann.lee@example.com", "a***@example.com"), ("jd:a@x.co", "jd:a***@x.co"),
    ("tb84620417", "tb84620417"), ("2088102123456789", "2088102123456789"), ("C-2026-000123", "C-2026-000123"),
    ("2026-01-02", "2026-01-02"), ("100023456789", "100023456789"), ("", ""), ("张三", "张三"),
])  # fmt: skip
def test_what_is_masked_and_what_is_not(text, expected):
    assert masked(text) == expected
    assert masked(masked(text)) == masked(text)


@pytest.mark.parametrize(("currency", "text", "expected"), [
    ("HKD", "91230004", "91****04"), ("TWD", "912345678", "91****78"), ("GBP", "7700900123", "770****123"),
    ("USD", "3105550142", "310****142"), ("JPY", "9012345678", "901****678"), ("CNY", "91230004", "91230004"),
])  # fmt: skip
def test_a_number_that_only_the_shops_country_takes_for_a_phone(currency, text, expected):
    assert masked(text, currency=currency) == expected
    frame = pd.DataFrame({"member_id": [text]})
    frame.attrs["currency"] = currency
    assert masked_ids(frame)["member_id"].tolist() == [expected]


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", "jd:", "tb:", "会员", "+86", "86 "]),
)
def test_no_mobile_phone_stays(phone, before):
    assert phone not in masked(before + phone) and phone[3:7] + phone[7:] not in masked(before + phone)


@given(st.text(max_size=12), st.text(max_size=6))
def test_any_text_can_be_masked(text, other):
    masked(text), short(text), masked(f"{text}@{other}.com")


def test_a_frame_without_such_ids_is_handed_back_as_it_is():
    frame = pd.DataFrame({"member_id": ["ann", None], "amount": [1.0, 2.0]})
    assert masked_ids(frame) is frame
    given_ids = pd.DataFrame({"member_id": ["13800001234", None]})
    given_ids.attrs["store"] = "shop"
    made = masked_ids(given_ids)
    assert made["member_id"].tolist()[0] == "138****1234" and made.attrs == {"store": "shop"}
    assert given_ids["member_id"].tolist()[0] == "13800001234"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A shop whose members' ids are phones and e-mails, in the lake."""
    root = tmp_path_factory.mktemp("privacy")
    lines = ["order_id,member_id,paid_at,paid_amount,status,region"]
    for i, member in enumerate(m for m in MEMBERS for _ in range(1 + len(m) % 3)):
        day = f"2026-0{1 + i % 6}-{1 + i % 27:02d} 1{i % 9}:00:00"
        lines.append(f"o{i},{member},{day},{20 + (i * 37) % 400},completed,{('浙江', '江苏', '上海')[i % 3]}")
    file = root / "orders.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "stores.toml").write_text(
        '[shop]\nname = "Shop"\nlang = "zh"\ncurrency = "CNY"\ntime_zone = "Asia/Shanghai"\n',
        encoding="utf-8",
    )
    import_files([file], "shop", data=root)
    return root


def leaks(text):
    """Ids in a text that should not be there."""
    return [m for m in MEMBERS[:-1] if m in text or (m[-11:].isdigit() and m[-11:] in text)]


def analyses(store):
    for theme in THEMES:
        for analysis in theme.analyses:
            try:
                yield analysis, analysis(store)
            except InputError:
                continue


def test_no_table_picture_or_sentence_shows_such_an_id(world):
    store = open_store("shop", data=world)
    with_ids = 0
    for analysis, result in analyses(store):
        with_ids += "member_id" in result and bool(leaks(" ".join(map(str, result["member_id"]))))
        shown = [tables.text(result, format=form) for form in tables.FORMATS]
        one = tables.show(result, limit=None)
        shown += [
            one._repr_html_(),
            one._repr_markdown_(),
            repr(one),
            findings.read(result, settings=store.settings)._repr_markdown_(),
        ]
        if analysis.chart:
            figure = charts.draw(result).figure
            shown += [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
            plt.close(figure)
        assert not leaks("\n".join(shown)), analysis.name
    assert with_ids >= 2, "high spenders and the members of segments list ids"
    i18n.set_language("en")


def said(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("form", tables.FORMATS)
def test_the_prompt_shows_them_when_asked(world, capsys, form):
    words = ["table", "rfm", "--view", "members", "--store", "shop", "--data", world, "--format", form]
    assert not leaks(said(capsys, *words))
    whole = said(capsys, *words, "--contacts")
    assert len(leaks(whole)) == len(MEMBERS) - 1
    i18n.set_language("en")


def test_no_file_of_a_report_has_such_an_id(world, tmp_path):
    chosen = tmp_path / "notebooks"
    chosen.mkdir()
    for name in ("03-amount.ipynb",):
        shutil.copy(NOTEBOOKS / name, chosen / name)
    out = tmp_path / "reports"
    assert make_reports(["shop"], data=world, out=out, notebooks=chosen, jobs=1) == 0
    files = [p for p in out.rglob("*") if p.is_file()]
    assert any(p.suffix == ".html" for p in files) and any(p.suffix == ".ipynb" for p in files)
    for path in files:
        assert not leaks(path.read_bytes().decode("utf-8", "replace")), path.name
    notebook = next(p for p in files if p.suffix == ".ipynb")
    assert re.search(r"13[89]?\*+\d", json.dumps(json.loads(notebook.read_text(encoding="utf-8")))), (
        "spenders are listed"
    )
