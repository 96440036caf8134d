"""Which language is spoken, and what does it say under a key?"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.theme import word_files

LANGUAGES = ("en", "zh", "zh-Hant")
NO_VALUE = "–"

_ALIASES = {
    "zh-hans": "zh", "zh-cn": "zh", "zh-sg": "zh",
    "zh-hant": "zh-Hant", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant",
}  # fmt: skip
_WORDS = Path(__file__).parent.parent / "words"

ENVIRONMENT = "MEMBERLIB_LANG"
"""Variable that names the language where a program sets none."""
_default: str | None = None
_here: ContextVar[str | None] = ContextVar("memberlib_language", default=None)


def check_language(lang: str) -> str:
    """Return the language a tag stands for: ``en``, ``zh`` or ``zh-Hant``.

    Examples
    --------
    >>> check_language("zh_TW")
    'zh-Hant'
    """
    tag = str(lang).split(".")[0].replace("_", "-").lower()  # zh_CN.UTF-8 is a locale
    found = _ALIASES.get(tag, tag.split("-")[0])
    if found not in LANGUAGES:
        raise InputError(f"no language '{lang}'; choose one of: {', '.join(LANGUAGES)}")
    return found


def set_language(lang: str | None = None, *, otherwise: str = "en") -> None:
    """Set the language of everything this process says from now on.

    Parameters
    ----------
    lang : str, optional
        Where it is left out or empty: the one that the variable ``MEMBERLIB_LANG`` names, as ``make lab`` sets it.
    otherwise : str
        The language where neither names one, such as that of the shop.
    """
    global _default
    _default = check_language(lang or os.environ.get(ENVIRONMENT) or otherwise)


def language(lang: str | None = None) -> str:
    """Return the language in use, or the one `lang` stands for."""
    if lang is not None:
        return check_language(lang)
    return _here.get() or _default or check_language(os.environ.get(ENVIRONMENT) or "en")


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak another language inside a ``with`` block (this thread or task only)."""
    token = _here.set(check_language(lang))
    try:
        yield
    finally:
        _here.reset(token)


def _flatten(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", str(value)


def _read_words(lang: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for file in sorted((_WORDS / lang).glob("*.toml")):
        for key, text in _flatten(tomllib.loads(file.read_text(encoding="utf-8"))):
            if key in words:
                raise ValueError(f"{lang}/{file.name} says '{key}' a second time")
            words[key] = text
    for key, text in _theme_words().get(lang, {}).items():
        if key in words:
            raise ValueError(f"'{key}' of {lang} is said a second time, in a theme's words.toml")
        words[key] = text
    return words


@lru_cache(maxsize=1)
def _theme_words() -> dict[str, dict[str, str]]:
    """Language → key → text of all themes; what is of one theme alone begins with its name."""
    made: dict[str, dict[str, str]] = {lang: {} for lang in LANGUAGES}
    for theme, file in word_files().items():
        for path, text in _flatten(file.get("words", {})):
            key, _, lang = path.rpartition(".")
            if lang not in made:
                raise ValueError(f"{theme}/words.toml: '{path}' ends in no language ({', '.join(LANGUAGES)})")
            if key == "name":
                key = f"theme.{theme}"
            elif key.split(".")[0] in ("view", "option", "finding", "chart", "word"):
                key = f"{theme}.{key}"
            if key in made[lang]:
                raise ValueError(f"{theme}/words.toml says '{key}' a second time")
            made[lang][key] = text
    return made


@lru_cache(maxsize=1)
def _overrides() -> dict[str, dict[str, str]]:
    file = _WORDS / "zh-Hant" / "overrides.toml"
    kept = tomllib.loads(file.read_text(encoding="utf-8"))
    return {"replace": kept.get("replace", {}), "words": dict(_flatten(kept.get("words", {})))}


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2twp")


@lru_cache(maxsize=4096)
def traditional(text: str) -> str:
    """Return simplified Chinese text as a reader in Taiwan writes it.

    OpenCC's ``s2twp`` does the work; ``words/zh-Hant/overrides.toml`` lists the phrases it leaves in mainland
    usage.

    Examples
    --------
    >>> traditional("复购会员的订单")
    '回購會員的訂單'
    """
    result = str(_converter().convert(text))
    for found, better in _overrides()["replace"].items():
        result = result.replace(found, better)
    return result


@lru_cache(maxsize=len(LANGUAGES))
def words(lang: str) -> dict[str, str]:
    """Return every key and its text in one language (areas merged, dotted keys)."""
    lang = check_language(lang)
    if lang != "zh-Hant":
        return _read_words(lang)
    simplified = _read_words("zh")
    converted = {key: traditional(text) for key, text in simplified.items()}
    return converted | _overrides()["words"] | _theme_words()["zh-Hant"]


def say(key: str, lang: str | None = None, **values: object) -> str:
    """Return the text under a dotted key, its ``{placeholders}`` filled in.

    Parameters
    ----------
    key : str
        For example ``"label.member_count"`` or ``"segment.important_value"``.
    lang : str, optional
        ``en``, ``zh`` or ``zh-Hant``; the language in use where left out.
    **values
        One for each placeholder of the text, already formatted.

    Raises
    ------
    KeyError
        Naming the key that has no text, or the placeholder that has no value.

    Examples
    --------
    >>> say("segment.important_value", "zh")
    '重要价值会员'
    """
    lang = language(lang)
    try:
        text = words(lang)[key]
    except KeyError:
        raise KeyError(f"no words under '{key}' in language '{lang}'") from None
    if "{" not in text:
        return text
    try:
        return text.format(**values)
    except (KeyError, IndexError) as missing:
        raise KeyError(f"words under '{key}' in language '{lang}' need a value for {missing}") from None


def is_empty(value: object) -> bool:
    """Return whether a value is no value: None, NaN, NaT, pandas.NA or infinite."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, Decimal):
        return not value.is_finite()
    if isinstance(value, str):
        return not value
    try:
        return not math.isfinite(value)  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        return str(value) in ("NaT", "nan")


def word(group: str, code: object, lang: str | None = None) -> str:
    """Return the word for a code of a group, or the code itself where it is a shop's own.

    Examples
    --------
    >>> word("level", "vip", "en"), word("level", "gold", "en")
    ('VIP', 'gold')
    """
    if is_empty(code):
        return NO_VALUE
    return words(language(lang)).get(f"{group}.{code}", str(code))
