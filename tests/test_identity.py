"""One member across channels: what counts as the same contact, who is joined by it, what a decision changes."""

from __future__ import annotations

import itertools

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memberlib.cli import main
from memberlib.errors import InputError
from memberlib.identity import MOST_MEMBERS, Joining, groups, pairs
from memberlib.identity import contacts as written
from memberlib.identity.deciding import decide
from memberlib.identity.groups import smallest_linked, split_groups
from memberlib.lake import Lake
from memberlib.settings import Settings
from memberlib.store import open_store, store_from

COLUMNS = ["member_id", "name", "phone", "email", "person_key"]
ALL = Settings(currency="CNY", join_by=("phone", "email", "key"))


def frame(*rows):
    """Contacts from rows as long as they need be."""
    return pd.DataFrame([(*row, *[None] * (5 - len(row))) for row in rows], columns=COLUMNS)


def decided(*rows):
    return pd.DataFrame(rows, columns=["member_id", "other_id", "decision"])


def shop(contacts, *, decisions=None, members=None, rules=ALL):
    """A shop in which each member of the contacts has one order of 10."""
    ids = sorted({*contacts["member_id"], *(decisions["member_id"] if decisions is not None else [])})
    orders = pd.DataFrame({"order_id": [f"o{i}" for i in ids], "member_id": ids, "status": "completed",
                           "paid_at": pd.Timestamp("2026-01-05 10:00"), "paid_amount": 10.0})  # fmt: skip
    return store_from(orders, contacts=contacts, decisions=decisions, members=members, settings=rules)


def found(store):
    """(member, other) → (by, state, why)."""
    listed = pairs(store)
    return {(r.member_id, r.other_id): (r.by, r.state, r.why) for r in listed.itertuples()}


def grouped(store):
    return groups(store).set_index("member_id")["joined_id"].to_dict()


def folded(function, texts, **options):
    con = duckdb.connect()
    con.register("given", pd.DataFrame({"text": texts}))
    made = dict(con.execute(function("SELECT text FROM given", **options)).fetchall())
    return [made[text] for text in texts]


@pytest.mark.parametrize("text", [
    "13800001234", "138 0000 1234", "138-0000-1234", "(138)00001234", "１３８００００１２３４",
    "＋８６ １３８００００１２３４",
    "0086-13800001234", "8613800001234", "+86 13800001234", "+86 013800001234", "(+86)13800001234", "'13800001234",
    "13800001234.0", "tel:13800001234", "手机：13800001234", "138—0000—1234", " 13800001234　", "+8613800001234",
])  # fmt: skip
def test_one_mobile_phone_in_many_forms(text):
    assert folded(written.phones, [text]) == ["+8613800001234"]


def test_phones_of_other_kinds_and_countries():
    texts = [
        "0571-88880011",
        "(0571)88880011",
        "0571-88880011-20",
        "0571-88880011转20",
        "+86 571 8888 0011 ext 5",
    ]
    assert set(folded(written.phones, texts)) == {"+8657188880011"}
    assert folded(written.phones, ["010-88880011", "+86 (0)10 8888 0011"]) == ["+861088880011"] * 2
    texts = ["+886 0912 345 678", "+886-912345678", "886912345678"]
    assert set(folded(written.phones, texts)) == {"+886912345678"}
    assert set(folded(written.phones, ["0912345678", "912345678", "+886 912-345-678"], home="886")) == {
        "+886912345678"
    }
    assert set(
        folded(written.phones, ["3105550142", "1-310-555-0142", "+1 (310) 555-0142 x9"], home="1")
    ) == {"+13105550142"}
    assert folded(written.phones, ["+1 (310) 555-0142"]) == ["+13105550142"]
    assert set(folded(written.phones, ["07700 900123", "+44 (0)7700 900123"], home="44")) == {"+447700900123"}
    assert set(folded(written.phones, ["91230004", "+852 9123 0004", "85291230004"], home="852")) == {
        "+85291230004"
    }
    assert folded(written.phones, ["+39 06 1234 5670", "+86 13800001234"], home="") == [
        "+390612345670",
        "+8613800001234",
    ]
    assert folded(written.phones, ["07700 900123"], home="") == ["07700900123"]


@pytest.mark.parametrize("text", [
    "138****1234", "138xxxx1234", "186******05", "１３８＊＊＊＊１２３４", "*", "00000000000",
    "12345678", "12345678901",
    "98765432", "11111111111", "13000000000", "13800138000", "88880011", "1234", "abc", "null", "2.0E+10", "-",
    "13800001234-5678", "13800001234转5678", "13800001234,5678", "13800001234 13900001234", "138000012345",
])  # fmt: skip
def test_masked_void_and_lent_numbers_are_nobodys(text):
    assert folded(written.phones, [text]) == [None]


def test_two_phones_in_one_cell_are_two():
    store = shop(
        frame(("a", "", "13800001234/13900005678"), ("b", "", "13900005678"), ("c", "", "13800001234"))
    )
    assert grouped(store) == {"a": "a", "b": "a", "c": "a"}


def test_mails_keys_and_names_as_they_are_compared():
    texts = [" Ann@Example.com", "ＡＮＮ＠example.com", "mailto:ann@example.com"]
    assert set(folded(written.emails, texts)) == {"ann@example.com"}
    void = ["noemail@shop.example", "a***@example.com", "none", "a@b", "x@noemail.com", "a b", ""]
    assert folded(written.emails, void) == [None] * len(void)
    assert folded(written.keys, [" K-1", "k-1", "0", "无", "12*4"]) == ["K-1", "k-1", None, None, None]
    same = ["Lee, Ann", "ann  lee", "ANN LEE", "Ánn-Lee"]
    assert set(folded(written.names, same)) == {"annlee"}
    assert folded(written.names, ["张 三", "张**", "*三", "匿名", "**", "12"]) == [
        "张三",
        "张*",
        "*三",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(("one", "other", "expected"), [
    ("张*", "张三", True), ("张*", "张三丰", True), ("张三", "张三丰", False), ("张*", "李四", False),
    ("*三", "张*", True),
    ("*三", "李四", False), ("j*smith", "johnsmith", True), ("张三*", "张三", False), ("张*丰", "张三丰", True),
])  # fmt: skip
def test_hidden_letters_stand_for_any(one, other, expected):
    for a, b in ((one, other), (other, one)):
        row = f"SELECT {written.alike('a', 'b')} FROM (VALUES ('{a}', '{b}')) AS t(a, b)"
        assert duckdb.sql(row).fetchall() == [(expected,)]


def test_phone_mail_and_key_each_join():
    store = shop(frame(
        ("jd:1", "张三", "13800001234"), ("tb:1", "张**", "+86 138-0000-1234"),
        ("jd:2", None, None, "x@y.com"), ("tb:2", None, None, " X@Y.COM"),
        ("jd:3", None, None, None, "card-7"), ("tb:3", None, None, None, "card-7"),
        ("jd:4", "李四", "13800004444"),
    ))  # fmt: skip
    assert found(store) == {
        ("jd:1", "tb:1"): ("phone", "joined", ""),
        ("jd:2", "tb:2"): ("email", "joined", ""),
        ("jd:3", "tb:3"): ("key", "joined", ""),
    }
    assert pairs(store)["shared"].tolist() == ["138****1234", "x***@y.com", "ca***-7"]
    assert grouped(store) == {f"{c}:{n}": f"jd:{n}" for n in (1, 2, 3) for c in ("jd", "tb")}
    kept = store.facts.to_pandas().set_index("member_id")["order_count"].to_dict()
    assert kept == {"jd:1": 2, "jd:2": 2, "jd:3": 2, "jd:4": 1}


def test_only_what_the_settings_name_joins():
    contacts = frame(("a", None, "13800001234", "x@y.com", "k"), ("b", None, "13800001234", "x@y.com", "k"))
    for kind in ("phone", "email", "key"):
        store = shop(contacts, rules=Settings(currency="CNY", join_by=(kind,)))
        assert found(store) == {("a", "b"): (kind, "joined", "")}
    assert found(shop(contacts)) == {("a", "b"): ("phone", "joined", "")}
    store = shop(contacts, rules=Settings(currency="CNY"))
    assert found(store) == {} and store.buyer_count == 2


def test_a_phone_of_several_names_is_reported():
    contacts = frame(("a", "张三", "13800001234"), ("b", "张**", "13800001234"), ("c", "李四", "13800001234"))
    store = shop(contacts)
    assert set(found(store).values()) == {("phone", "reported", "several_names")} and len(found(store)) == 3
    assert grouped(store) == {}
    joins = Settings(currency="CNY", join_by=("phone",), join_shared_phone="join")
    assert grouped(shop(contacts, rules=joins)) == {"a": "a", "b": "a", "c": "a"}


def test_a_member_may_have_several_names_for_one_phone():
    contacts = frame(("a", "张三", "13800001234"), ("a", "妈妈", "13800001234"), ("b", "张三", "13800001234"))
    assert grouped(shop(contacts)) == {"a": "a", "b": "a"}
    assert grouped(shop(frame(("a", "张三", "13800001234"), ("b", None, "13800001234")))) == {
        "a": "a",
        "b": "a",
    }


@pytest.mark.parametrize("kind", ["phone", "email"])
def test_what_very_many_share_joins_nobody(kind):
    contact = {"phone": (None, "13800001234"), "email": (None, None, "shop@example.com")}[kind]
    for many in (MOST_MEMBERS, MOST_MEMBERS + 1):
        rows = [(f"m{i:02d}", *contact) for i in range(many)]
        store = shop(frame(*rows), rules=Settings(currency="CNY", join_by=(kind,), join_shared_phone="join"))
        if many == MOST_MEMBERS:
            assert set(grouped(store).values()) == {"m00"} and len(grouped(store)) == many
        else:
            assert grouped(store) == {}
            assert found(store) == {
                ("m00", f"m{i:02d}"): (kind, "reported", "many_members") for i in range(1, many)
            }


def test_a_key_may_have_any_number():
    rows = [(f"m{i:03d}", None, None, None, "card-7") for i in range(40)]
    assert set(grouped(shop(frame(*rows))).values()) == {"m000"}


def test_masked_phones_never_join():
    rows = [("a", "张三", "138****1234"), ("b", "张三", "138****1234"), ("c", "张三", "13800001234")]
    store = shop(frame(*rows))
    assert found(store) == {} and store.buyer_count == 3


def test_decisions_overrule_the_rules_both_ways():
    contacts = frame(("a", None, "13800001234"), ("b", None, "13800001234"), ("c", None, "13900001234"))
    store = shop(contacts, decisions=decided(("a", "b", "apart"), ("b", "c", "together")))
    assert found(store) == {("a", "b"): ("decision", "apart", ""), ("b", "c"): ("decision", "together", "")}
    assert grouped(store) == {"b": "b", "c": "b"}


def test_a_decision_holds_however_its_pair_is_written():
    contacts = frame(("a", None, "13800001234"), ("b", None, "13800001234"))
    for rows in (
        [("b", "a", "apart")],
        [("b", "a", "apart"), ("a", "b", "together"), ("a", "a", "together")],
    ):
        assert found(shop(contacts, decisions=decided(*rows))) == {("a", "b"): ("decision", "apart", "")}
    with pytest.raises(InputError, match="decisions: column other_id is missing"):
        shop(contacts, decisions=decided(("a", "b", "apart")).drop(columns="other_id"))
    with pytest.raises(InputError, match="contacts: column member_id is missing"):
        store_from(shop(contacts).orders.to_pandas(), contacts=contacts.drop(columns="member_id"))


def test_a_decision_joins_in_a_shop_without_rules():
    store = shop(frame(("a",), ("b",)), decisions=decided(("a", "b", "together")), rules=Settings())
    assert grouped(store) == {"a": "a", "b": "a"} and store.buyer_count == 1


def test_members_kept_apart_split_a_group_by_a_stated_rule():
    phone = "13800001234"
    contacts = frame(("a", None, phone), ("b", None, phone), ("c", None, phone))
    # a links first, from the smallest ids on: c goes with a, and b with nobody
    store = shop(contacts, decisions=decided(("a", "b", "apart")))
    assert grouped(store) == {"a": "a", "c": "a"}
    assert found(store)[("b", "c")] == ("phone", "reported", "parted")
    assert grouped(shop(contacts, decisions=decided(("a", "b", "apart"), ("a", "c", "apart")))) == {
        "b": "b",
        "c": "b",
    }
    # a decision links before any contact does
    together = decided(("a", "b", "apart"), ("b", "c", "together"))
    assert grouped(shop(contacts, decisions=together)) == {"b": "b", "c": "b"}
    # three decisions that cannot all hold: apart always does
    unholdable = decided(("a", "b", "together"), ("b", "c", "together"), ("a", "c", "apart"))
    store = shop(frame(("a",), ("b",), ("c",)), decisions=unholdable)
    assert grouped(store) == {"a": "a", "b": "a"}
    assert found(store)[("b", "c")] == ("decision", "reported", "parted")


def test_groups_by_hand():
    assert smallest_linked(6, np.array([5, 4, 2]), np.array([4, 2, 1])).tolist() == [0, 1, 1, 3, 1, 1]
    chain = np.arange(999)
    assert smallest_linked(1000, chain[::-1] + 1, chain[::-1]).tolist() == [0] * 1000
    assert split_groups([], [[1, 2], [2, 3], [3, 4]], [(1, 4)]) == {1: 1, 2: 1, 3: 1, 4: 4}
    assert split_groups([(3, 4)], [[1, 2], [2, 3]], [(1, 4)]) == {1: 1, 2: 1, 3: 3, 4: 3}
    assert split_groups([], [[1, 2, 3, 4, 5]], [(1, 2), (1, 4), (2, 4)]) == {1: 1, 2: 2, 3: 1, 4: 4, 5: 1}
    many = split_groups([], [range(20_000)], [(7, 9)])
    assert set(many.values()) == {0, 9} and sum(root == 9 for root in many.values()) == 1


CONTACT = st.fixed_dictionaries({
    "member_id": st.sampled_from("abcdefgh"),
    "name": st.sampled_from([None, "张三", "张**", "李四", "Ann Lee"]),
    "phone": st.sampled_from([None, "13800001234", "138 0000 1234", "13900005678", "137****1234", "12345678"]),
    "email": st.sampled_from([None, "x@y.com", "X@Y.com", "z@y.com"]),
    "person_key": st.sampled_from([None, "1", "2", "0"]),
})  # fmt: skip
RULES = st.builds(
    lambda kinds, shared: Settings(currency="CNY", join_by=tuple(kinds), join_shared_phone=shared),
    st.lists(st.sampled_from(["phone", "email", "key"]), min_size=1, unique=True),
    st.sampled_from(["report", "join"]),
)


def looked_at(rows, decisions, rules):
    con = duckdb.connect()
    con.register("contacts", pd.DataFrame(rows, columns=COLUMNS).astype("object"))
    con.register("decisions", decided(*[(*pair, word) for pair, word in decisions]).astype("object"))
    text = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in COLUMNS)
    pair = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in ("member_id", "other_id", "decision"))
    return Joining(con, f"SELECT {text} FROM contacts", f"SELECT {pair} FROM decisions", settings=rules)


PAIRS = st.sampled_from(list(itertools.combinations("abcdefgh", 2)))
DECISIONS = st.dictionaries(PAIRS, st.sampled_from(["together", "apart"]), max_size=4)


@settings(max_examples=40)
@given(st.lists(CONTACT, max_size=14), DECISIONS, RULES, st.randoms(use_true_random=False))
def test_what_holds_whatever_the_rows_and_their_order(rows, by_pair, rules, random):
    decisions = list(by_pair.items())
    first = looked_at(rows, decisions, rules)
    again_rows, again_decisions = [*rows, *rows[:3]], decisions[:]
    random.shuffle(again_rows)
    random.shuffle(again_decisions)
    again = looked_at(again_rows, again_decisions, rules)
    pd.testing.assert_frame_equal(first.groups(), again.groups())
    pd.testing.assert_frame_equal(first.pairs(), again.pairs())

    joined = first.groups().set_index("member_id")["joined_id"].to_dict()
    for (one, other), decision in decisions:
        same = joined.get(one, one) == joined.get(other, other)
        assert not (decision == "apart" and same)
        if decision == "together" and "apart" not in by_pair.values():
            assert same
    for member, root in joined.items():
        assert root == min(m for m, r in joined.items() if r == root) <= member
    listed = first.pairs()
    for row in listed.itertuples():
        same = joined.get(row.member_id, row.member_id) == joined.get(row.other_id, row.other_id)
        assert row.member_id < row.other_id
        assert same == (row.state in ("joined", "together")) and (row.why != "") == (row.state == "reported")
    # every group hangs together by pairs that are listed as joined
    linked = {(r.member_id, r.other_id) for r in listed.itertuples() if r.state in ("joined", "together")}
    for root in set(joined.values()):
        reached = {root}
        for _ in joined:
            reached |= {m for pair in linked for m in pair if reached & set(pair)}
        assert reached == {m for m, r in joined.items() if r == root}


@settings(max_examples=25)
@given(st.lists(CONTACT, min_size=1, max_size=10))
def test_masked_phones_alone_never_join(rows):
    masked = [{**row, "phone": "138****1234", "email": None, "person_key": None} for row in rows]
    assert len(looked_at(masked, [], ALL).pairs()) == 0


def make_lake(root, contacts):
    """A lake with an order of each member and the contacts, as an import leaves it."""
    from memberlib.model import CONTACTS, ORDERS

    ids = sorted(set(contacts["member_id"]))
    with duckdb.connect() as con, Lake(root / "lake").writing("shop") as writer:
        con.execute(f"CREATE TABLE orders ({ORDERS.sql_columns()})")
        for place, member_id in enumerate(ids):
            con.execute(
                "INSERT INTO orders (order_id, member_id, paid_at, status, paid_amount, refund_amount,"
                " shipping_amount) VALUES (?, ?, TIMESTAMP '2026-01-05', 'completed', 10, 0, 0)",
                [f"o{place}", member_id],
            )
        con.execute(f"CREATE TABLE contacts ({CONTACTS.sql_columns()})")
        con.executemany("INSERT INTO contacts VALUES ('1', ?, ?, ?, ?, ?)", contacts.to_numpy().tolist())
        writer.put(con, "orders", "SELECT * FROM orders")
        writer.add(con, "contacts", "SELECT * FROM contacts")
        counts = {"same_count": 0, "replaced_count": 0, "rejected_count": 0}
        part = {
            "platform": "generic",
            "table": "orders",
            "read_count": len(ids),
            "accepted_count": len(ids),
            **counts,
        }
        record = {"file": "orders.csv", "sha256": "0" * 64, "options": {}, "parts": [part]}
        writer.commit(record, digest_of={"sha256": "0" * 64})
    (root / "stores.toml").write_text(
        '[shop]\nname = "Shop"\nlang = "en"\ncurrency = "CNY"\njoin_by = ["phone"]\n', encoding="utf-8"
    )


@pytest.fixture
def lake(tmp_path):
    make_lake(
        tmp_path,
        frame(("a", "张三", "13800001234"), ("b", "张三", "13800001234"), ("c", "李四", "13900001234")),
    )
    return tmp_path


def say(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    out = capsys.readouterr()
    return ended.value.code, out.out, out.err


def test_a_pair_is_parted_and_joined_at_the_prompt_and_each_is_undone(lake, capsys):
    def state():
        store = open_store("shop", data=lake)
        return grouped(store), store.buyer_count, store.digest

    before = state()
    assert before[:2] == ({"a": "a", "b": "a"}, 2)
    code, out, err = say(capsys, "part", "b", "a", "--store", "shop", "--data", lake)
    assert (code, err) == (0, "") and "are two from now on" in out
    assert out.endswith(f": memberlib undo 2 --store shop --data {lake}\n")
    parted_now = state()
    assert parted_now[:2] == ({}, 3) and parted_now[2] != before[2]
    assert say(capsys, "part", "a", "b", "--undo", "--store", "shop", "--data", lake)[0] == 0
    assert state()[:2] == before[:2]
    say(capsys, "part", "a", "b", "--store", "shop", "--data", lake)
    say(capsys, "join", "a", "b", "--store", "shop", "--data", lake)
    say(capsys, "join", "c", "a", "--store", "shop", "--data", lake)
    assert state()[:2] == ({"a": "a", "b": "a", "c": "a"}, 1)
    assert grouped(open_store("shop", data=lake, at_version=1)) == before[0], "an old version stays as it was"
    version = open_store("shop", data=lake).version
    assert say(capsys, "undo", version, "--store", "shop", "--data", lake)[0] == 0
    assert state()[:2] == ({"a": "a", "b": "a"}, 2)
    assert Lake(lake / "lake").check("shop") == []


def test_the_list_at_the_prompt(lake, capsys):
    _, out, _ = say(capsys, "joined", "--store", "shop", "--data", lake)
    assert "138****1234" in out and "joined" in out and "13800001234" not in out
    _, out, _ = say(capsys, "joined", "--store", "shop", "--data", lake, "--format", "csv")
    assert out == "member_id,other_id,by,shared,state,why\na,b,phone,138****1234,joined,\n"
    _, out, _ = say(
        capsys, "joined", "--store", "shop", "--data", lake, "--format", "csv", "--state", "apart"
    )
    assert out == "member_id,other_id,by,shared,state,why\n"


def test_pairs_of_a_file_are_joined_in_one_version(lake, capsys):
    path = lake / "pairs.csv"
    path.write_text("member_id,other_id,probability\na,c,0.99\nc,b,0.9\n", encoding="utf-8")
    assert say(capsys, "join", "--from", path, "--store", "shop", "--data", lake)[0] == 0
    store = open_store("shop", data=lake)
    assert store.version == 2 and set(grouped(store).values()) == {"a"}


def test_what_cannot_be_decided_is_one_line(lake, capsys):
    (lake / "none.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (lake / "masked.csv").write_text("member_id,other_id\n138****1234,a\n", encoding="utf-8")
    for words, said in [
        (["join", "a", "nobody"], "knows no member 'nobody'"),
        (["join", "a"], "name two members"),
        (["join", "a", "a"], "are the same member"),
        (["part", "a", "b", "--undo"], "has no decision"),
        (["part", "13800001111", "b", "--undo"], "the pair '138****1111', 'b' has no decision"),
        (["join", "a", "13800001111"], "knows no member '138****1111'"),
        (["join", "13800001111", "13800001111"], "'138****1111' and '138****1111' are the same"),
        (["join", "--from", lake / "none.csv"], "must name member_id and other_id"),
        (["join", "--from", lake / "masked.csv"], "masked ids"),
        (["join", "--from", lake / "absent.csv"], "cannot be read"),
        (["joined", "--store", "nowhere"], "no shop 'nowhere'"),
    ]:
        shop = [] if "--store" in words else ["--store", "shop"]
        code, out, err = say(capsys, *words, *shop, "--data", lake)
        assert (code, out) == (2, "") and said in err and err.count("\n") == 1, words
    say(capsys, "join", "a", "c", "--store", "shop", "--data", lake)
    code, _, err = say(capsys, "join", "c", "a", "--store", "shop", "--data", lake)
    assert code == 2 and "decided as together already" in err
    assert open_store("shop", data=lake).version == 2


def test_a_decision_needs_a_word_it_knows(lake):
    with (
        Lake(lake / "lake").writing("shop") as writer,
        pytest.raises(InputError, match="choose among together"),
    ):
        decide(writer, [("a", "b")], decision="maybe")


def test_contacts_come_with_an_import_and_go_with_it(tmp_path, capsys):
    (tmp_path / "stores.toml").write_text(
        '[shop]\nname = "Shop"\nlang = "en"\ncurrency = "CNY"\njoin_by = ["phone"]\n', encoding="utf-8"
    )
    head = "order_id,member_id,paid_at,paid_amount,status\n"
    files = {
        "tb.csv": head + "1,ann,2026-01-05,80,completed\n",
        "jd.csv": head + "1,13800001234,2026-02-05,20,completed\n",
        "tb-members.csv": "member_id,name,phone\nann,张三,138 0000 1234\n",
        "jd-members.csv": "member_id,name,phone\n13800001234,张**,13800001234\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        channel = ["--channel", "jd"] if name.startswith("jd") else []
        words = ["import", tmp_path / name, "--store", "shop", "--data", tmp_path, *channel]
        assert say(capsys, *words)[0] == 0
    store = open_store("shop", data=tmp_path)
    assert grouped(store) == {"ann": "ann", "jd:13800001234": "ann"}
    assert store.facts.to_pandas()[["member_id", "order_count", "total_amount"]].values.tolist() == [
        ["ann", 2, 100.0]
    ]
    assert say(capsys, "undo", "4", "--store", "shop", "--data", tmp_path)[0] == 0
    store = open_store("shop", data=tmp_path)
    assert grouped(store) == {} and store.buyer_count == 2
    assert Lake(tmp_path / "lake").check("shop") == []
