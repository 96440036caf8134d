"""Settings of shops: what is read, what is refused in one line, what is added."""

import pytest

from memberlib.errors import InputError
from memberlib.settings import (
    LevelRule,
    Settings,
    all_settings,
    check_store_id,
    ensure_settings,
    level_rules,
    load_settings,
    rising,
    scaled_rules,
    settings_from,
)


def test_what_a_shop_says_is_read_and_the_rest_is_default(tmp_path):
    (tmp_path / "stores.toml").write_text(
        '[tea]\nname = { zh = "茶", en = "Tea" }\nlang = "zh-Hant"\ncurrency = "TWD"\namount_edges = [300, 600.5]\n'
        '[[tea.level_rules]]\nlevel = "regular"\n[[tea.level_rules]]\nlevel = "vip"\norders = 5\ndiscount = 0.8\n',
        encoding="utf-8",
    )
    tea = load_settings(tmp_path, "tea")
    assert (tea.lang, tea.currency, tea.amount_edges) == ("zh-Hant", "TWD", (300, 600.5))
    assert [rule.level for rule in tea.level_rules] == ["regular", "vip"]
    assert tea.level_rules[1].discount == 0.8
    assert tea.count_edges == (2, 5, 10)
    assert tea.name_in("zh-Hant") == "茶"
    assert tea.name_in("fr") == "Tea"
    assert load_settings(tmp_path, "elsewhere") == Settings()


def test_the_digest_follows_every_decision():
    assert Settings().digest == Settings().digest
    assert Settings(churn_days=90).digest != Settings().digest


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"amont_edges": [1]}, "did you mean 'amount_edges'"),
        ({"lang": "fr"}, "lang 'fr'"),
        ({"currency": "XXX"}, "currency 'XXX'"),
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"counted_statuses": ["pending"]}, "counted_statuses"),
        ({"counted_statuses": []}, "counted_statuses"),
        ({"amount_edges": [100, 50]}, "50 does not rise above 100"),
        ({"count_edges": [1.5]}, "whole number"),
        ({"churn_days": 0}, "churn_days"),
        ({"peak_ratio": True}, "peak_ratio"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(table, words):
    with pytest.raises(InputError, match=words) as caught:
        settings_from(table, "tea")
    assert "\n" not in str(caught.value)
    assert "[tea]" in str(caught.value)


@pytest.mark.parametrize("edges", [[], [0], [-1], ["x"], [5, 5], [float("nan")], [float("inf")], [None]])
def test_bad_edges_are_refused(edges):
    with pytest.raises(InputError, match="edges"):
        rising(edges, whole=False, what="edges")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{"level": "gold"}], "'gold' is not a level"),
        ([{"level": "regular"}, {"level": "advanced"}], "needs an amount"),
        ([{"level": "regular", "amount": 5}], "lowest level"),
        ([{"level": "regular"}, {"level": "advanced", "amount": 5, "discount": 0}], "discount"),
        (
            [{"level": "regular"}, {"level": "vip", "amount": 5}, {"level": "advanced", "amount": 9}],
            "stand above",
        ),
        (
            [{"level": "regular"}, {"level": "advanced", "amount": 9}, {"level": "vip", "amount": 9}],
            "above that of the level",
        ),
        ([{"level": "regular"}, {"level": "advanced", "price": 9}], "unknown word 'price'"),
        ([{"level": "regular"}, {"level": "advanced", "amount": "many"}], "not a number"),
        ([{"level": "regular"}, {"level": "advanced", "amount": 5, "discount": None}], "not a number"),
        (["regular"], "'regular' is not a rule"),
    ],
)
def test_bad_level_rules_are_refused(rules, words):
    with pytest.raises(InputError, match=words):
        level_rules(rules)


@pytest.mark.parametrize("store_id", ["../x", "", "Tea", "a/b", "茶", "-a", "a" * 65])
def test_a_shop_id_cannot_name_another_folder(store_id):
    with pytest.raises(InputError, match="is not a shop id"):
        check_store_id(store_id)


def test_a_new_shop_is_added_once_and_the_file_is_kept(tmp_path):
    path = tmp_path / "stores.toml"
    path.write_text('# ours\n[tea]\nlang = "zh"\n', encoding="utf-8")
    made = ensure_settings(tmp_path, "new", {"lang": "en", "currency": "GBP", "time_zone": "Europe/London"})
    again = ensure_settings(tmp_path, "new", {"lang": "zh", "currency": "CNY", "time_zone": "Asia/Shanghai"})
    assert made == again
    assert made.currency == "GBP"
    assert path.read_text(encoding="utf-8").startswith("# ours\n[tea]\n")
    assert list(all_settings(tmp_path)) == ["tea", "new"]


def test_a_broken_file_is_one_line(tmp_path):
    (tmp_path / "stores.toml").write_text("[tea\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"stores\.toml cannot be read"):
        load_settings(tmp_path, "tea")


def test_scaled_rules_keep_their_order_and_their_discounts():
    rules = (LevelRule("regular"), LevelRule("advanced", 1000, 5, 0.9), LevelRule("vip", 3000.5, None, 0.8))
    assert scaled_rules(rules, 0.5) == (
        LevelRule("regular"),
        LevelRule("advanced", 500, 3, 0.9),
        LevelRule("vip", 1500, None, 0.8),
    )
    with pytest.raises(InputError, match="above that of the level below"):
        scaled_rules((LevelRule("regular"), LevelRule("advanced", None, 2), LevelRule("vip", None, 3)), 0.1)
    with pytest.raises(InputError, match="factor 0"):
        scaled_rules(rules, 0)


def test_what_joins_members_and_what_levels_are_called():
    tea = settings_from(
        {
            "join_by": ["email", "phone", "email"],
            "join_shared_phone": "join",
            "level_words": {"金卡": "vip", "无": ""},
        }
    )
    assert tea.join_by == ("phone", "email"), "each once, in one order"
    assert tea.join_shared_phone == "join"
    assert tea.level_words == {"金卡": "vip", "无": ""}
    assert (Settings().join_by, Settings().join_shared_phone, Settings().level_words) == ((), "report", {})
    assert settings_from({"join_by": "phone"}).join_by == ("phone",)
    assert settings_from({"join_by": []}).digest == Settings().digest != tea.digest


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"join_by": ["phone", "name"]}, "join_by 'name' is not one of phone, email, key"),
        ({"join_by": True}, "join_by True"),
        ({"join_by": [["phone"]]}, "join_by"),
        ({"join_shared_phone": "maybe"}, "join_shared_phone 'maybe' is not one of report, join"),
        ({"level_words": "gold"}, "level_words must be words and levels"),
        ({"level_words": {"gold": "golden"}}, "'golden' of 'gold' is not a level"),
        ({"level_words": {"gold": 3}}, "3 of 'gold' is not a level"),
        ({"level_words": {" ": "vip"}}, "empty word"),
        ({"join_bye": []}, "did you mean 'join_by'"),
    ],
)
def test_a_wrong_joining_or_level_word_is_one_line(table, words):
    with pytest.raises(InputError, match=words) as caught:
        settings_from(table, "tea")
    assert "\n" not in str(caught.value)


ORDERS = {"orders": "sales.orders"}


def test_a_shop_says_where_its_tables_live():
    given = {
        "backend": "pyspark",
        "tables": {**ORDERS, "items": "lake/items"},
        "options": {
            "spark.master": "local[2]",
            "spark": {"sql": {"shuffle": {"partitions": 4}}, "ui.enabled": False},
        },
    }
    made = settings_from({"source": given, "lang": "zh"}, "tea")
    assert made.source.options == {
        "spark.master": "local[2]", "spark.sql.shuffle.partitions": 4, "spark.ui.enabled": False,
    }  # fmt: skip
    assert made.source.tables["items"] == "lake/items"
    assert made.digest == Settings(lang="zh").digest, "where the rows live decides nothing about them"
    assert Settings().source is None


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("pyspark", "must be a table, not 'pyspark'"),
        ({"tables": ORDERS}, "backend is missing; choose among .*duckdb.*pyspark"),
        (
            {"backend": "pysparc", "tables": ORDERS},
            "backend 'pysparc' is not one of .*did you mean 'pyspark'",
        ),
        ({"backend": "duckdb"}, "tables must name the orders"),
        ({"backend": "duckdb", "tables": {"items": "i"}}, "tables must name the orders"),
        (
            {"backend": "duckdb", "tables": {**ORDERS, "member": "m"}},
            "table 'member' is not one of orders.*did you mean 'members'",
        ),
        (
            {"backend": "duckdb", "tables": {"orders": 5}},
            "the table of orders must be a name or a path, not 5",
        ),
        ({"backend": "duckdb", "tables": {"orders": " "}}, "must be a name or a path"),
        (
            {"backend": "duckdb", "tables": ORDERS, "option": {}},
            "word 'option' is not one of backend, tables, url, options .did you mean 'options'",
        ),
        ({"backend": "duckdb", "tables": ORDERS, "options": "x"}, "options must be a table"),
        (
            {"backend": "duckdb", "tables": ORDERS, "options": {"path": "x"}},
            "'path' is not known; .*'database'",
        ),
        ({"backend": "duckdb", "tables": ORDERS, "url": "duckdb://x"}, "for backends other than"),
        (
            {"backend": "postgres", "tables": ORDERS, "url": "x", "options": {"host": "y"}},
            "instead of options",
        ),
        ({"backend": "pyspark", "tables": ORDERS, "options": {"master": "local"}}, "begin with 'spark.'"),
        (
            {"backend": "pyspark", "tables": ORDERS, "options": {"spark.x": []}},
            "spark.x must be a text, a number",
        ),
        (
            {
                "backend": "pyspark",
                "tables": ORDERS,
                "options": {"spark.sql.session.timeZone": "Asia/Shanghai"},
            },
            "is always UTC; leave it out",
        ),
    ],
)
def test_a_wrong_source_is_one_line(source, words):
    with pytest.raises(InputError, match=words) as caught:
        settings_from({"source": source}, "tea")
    assert "\n" not in str(caught.value)
    assert "[tea.source]" in str(caught.value)
