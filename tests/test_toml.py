"""The words of a TOML file: each mistake is one line that says where, what, and what may have been meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from memberlib.errors import InputError
from memberlib.toml import Words, loaded

STATED: dict[str, Any] = {"name": "tea", "days": 3, "on": True, "some": ["a", ["b", "c"]], "more": {"x": 1}}


def test_words_are_taken_by_their_kind() -> None:
    take = Words(STATED, "f.toml")
    assert (take.text("name"), take.text("lang", "en"), take.whole("days"), take.whole("hours")) == (
        "tea", "en", 3, None,
    )  # fmt: skip
    assert (take.flag("on"), take.flag("off"), take.table("more"), take.table("less")) == (
        True, False, {"x": 1}, {},
    )  # fmt: skip
    assert (take.groups("some"), take.texts("none")) == ((("a",), ("b", "c")), ())
    take.end()
    assert Words({"a": "x"}, "f").groups("a") == (("x",),)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda take: take.text("days"), "f.toml: days must be a text, not 3"),
        (lambda take: take.whole("on"), "f.toml: on must be a whole number, not True"),
        (lambda take: take.whole("days", least=4), "f.toml: days must be a number from 4 on, not 3"),
        (lambda take: take.text("title"), "f.toml: title is missing"),
        (lambda take: take.one_of("kind", ("a", "b")), "f.toml: kind is missing; choose among a, b"),
        (
            lambda take: take.one_of("name", ("teas", "gifts")),
            "f.toml: name 'tea' is not one of teas, gifts (did you mean 'teas'?)",
        ),
        (
            lambda take: take.texts("some"),
            "f.toml: some must be a text or a list of texts, not ['a', ['b', 'c']]",
        ),
        (lambda take: take.list("more"), "f.toml: more must be a list, not {'x': 1}"),
        (lambda take: take.table("name"), "f.toml: name must be a table, not 'tea'"),
        (lambda take: take.end(), "f.toml: word 'name' is not one of "),
    ],
)
def test_a_mistake_is_one_line(ask: Callable[[Words], Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        ask(Words(STATED, "f.toml"))
    assert str(caught.value) == said


def test_a_word_that_is_left_was_meant_otherwise() -> None:
    take = Words({"nmae": "tea"}, "f.toml")
    take.text("name", "")
    with pytest.raises(InputError, match=r"word 'nmae' is not one of name \(did you mean 'name'\?\)"):
        take.end()


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe"])
def test_what_is_no_toml_is_named(content: bytes) -> None:
    with pytest.raises(InputError, match=r"f\.toml cannot be read"):
        loaded(content, "f.toml")
    assert loaded(b"\xef\xbb\xbfa = 1", "f.toml") == {"a": 1}
