"""In which words, numbers, money and dates does a reader read a result?

Words stand in ``memberlib/words/<language>/<area>.toml`` for English and simplified Chinese, under the same
keys; traditional Chinese is made from the simplified by OpenCC when it is first asked for.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from memberlib.errors import InputError

LANGUAGES = ("en", "zh", "zh-Hant")
NO_VALUE = "–"
SYMBOLS = {"CNY": "¥", "TWD": "NT$", "GBP": "£", "USD": "$", "EUR": "€", "HKD": "HK$", "JPY": "JP¥"}

_ALIASES = {
    "zh-hans": "zh", "zh-cn": "zh", "zh-sg": "zh",
    "zh-hant": "zh-Hant", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant",
}  # fmt: skip
_WHOLE_CURRENCIES = ("TWD", "JPY")
_SCALES = {
    "en": ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m"), (Decimal(10) ** 3, "k")),
    "zh": ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "zh-Hant": ((Decimal(10) ** 8, "億"), (Decimal(10) ** 4, "萬")),
}
_SHORT_FROM = 10_000
_WORDS = Path(__file__).parent / "words"

_default = "en"
_here: ContextVar[str | None] = ContextVar("memberlib_language", default=None)


# ---------------------------------------------------------------- the language


def check_language(lang: str) -> str:
    """Return the language a tag stands for: ``en``, ``zh`` or ``zh-Hant``.

    Examples
    --------
    >>> check_language("zh_TW")
    'zh-Hant'
    """
    tag = str(lang).replace("_", "-").lower()
    found = _ALIASES.get(tag, tag.split("-")[0])
    if found not in LANGUAGES:
        raise InputError(f"no language '{lang}'; choose one of: {', '.join(LANGUAGES)}")
    return found


def set_language(lang: str) -> None:
    """Set the language of everything this process says from now on."""
    global _default
    _default = check_language(lang)


def language(lang: str | None = None) -> str:
    """Return the language in use, or the one `lang` stands for."""
    return check_language(lang) if lang is not None else (_here.get() or _default)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak another language inside a ``with`` block (this thread or task only)."""
    token = _here.set(check_language(lang))
    try:
        yield
    finally:
        _here.reset(token)


# ---------------------------------------------------------------- words


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
    return words


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
    return converted | _overrides()["words"]


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
    '重要价值'
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


# ---------------------------------------------------------------- numbers


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


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) or (hasattr(value, "dtype") and value.dtype.kind in "iu"):
        return Decimal(int(value))
    try:
        return Decimal(repr(float(value)))
    except (TypeError, ValueError, InvalidOperation):
        raise TypeError(f"{value!r} is not a number") from None


def rounded(value: object, digits: int = 0) -> Decimal:
    """Round half up on the number as written: 46.945 becomes 46.95, as in the platforms' own tables."""
    return _decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _grouped(value: Decimal) -> str:
    return f"{value:,}".replace("-", "−") if value else f"{abs(value):,}"


def _shortened(value: Decimal, lang: str) -> str | None:
    if abs(value) < _SHORT_FROM:
        return None
    scales = _SCALES[lang]
    for position, (size, suffix) in enumerate(scales):
        if abs(value) >= size:
            small = rounded(value / size, 1)
            if position and abs(small) * size >= scales[position - 1][0]:
                size, suffix = scales[position - 1]
                small = rounded(value / size, 1)
            if small == small.to_integral_value():
                small = small.quantize(Decimal(1))
            return f"{_grouped(small)}{suffix}"
    return None


def number(value: object, lang: str | None = None, *, digits: int | None = None, short: bool = False) -> str:
    """Return a number as a reader writes it; "–" for no value.

    Parameters
    ----------
    value : number
    lang : str, optional
    digits : int, optional
        Decimals; where left out, none for a whole number and at most two otherwise.
    short : bool
        From 10,000 on in ``k``, ``m``, ``bn`` or 万, 亿.

    Examples
    --------
    >>> number(1234), number(12345, "zh", short=True), number(2.5), number(None)
    ('1,234', '1.2万', '2.5', '–')
    """
    if is_empty(value):
        return NO_VALUE
    exact = _decimal(value)
    if short:
        found = _shortened(exact, language(lang))
        if found:
            return found
    if digits is None:
        exact = rounded(exact, 2).normalize()
        return _grouped(exact if exact.as_tuple().exponent <= 0 else exact.quantize(Decimal(1)))  # type: ignore[operator]
    return _grouped(rounded(exact, digits))


def symbol(currency: str, lang: str | None = None) -> str:
    """Return a currency's sign, as written in front of an amount ("US$" where Chinese is read)."""
    if currency == "USD" and language(lang) != "en":
        return "US$"
    return SYMBOLS.get(currency, f"{currency} ")


def money(
    value: object, currency: str, lang: str | None = None, *, digits: int | None = None, short: bool = False
) -> str:
    """Return an amount with its currency; "–" for no value.

    Whole amounts by default; two decimals only for broken amounts below 100 in currencies that have them.

    Examples
    --------
    >>> money(12345.6, "CNY", "zh"), money(12345.6, "CNY", "zh", short=True), money(1234, "TWD")
    ('¥12,346', '¥1.2万', 'NT$1,234')
    """
    if is_empty(value):
        return NO_VALUE
    exact = _decimal(value)
    if digits is None:
        broken = rounded(exact, 2) != rounded(exact) and abs(exact) < 100
        digits = 2 if broken and currency not in _WHOLE_CURRENCIES else 0
    text = (_shortened(exact, language(lang)) if short else None) or _grouped(rounded(exact, digits))
    sign = "−" if text.startswith("−") else ""
    return f"{sign}{symbol(currency, lang)}{text.removeprefix('−')}"


def percent(share: object, lang: str | None = None, *, digits: int = 1, signed: bool = False) -> str:
    """Return a share (0–1) as a percentage, rounded half up; "–" for no value.

    Examples
    --------
    >>> percent(192 / 409, digits=2), percent(-0.1, signed=True), percent(None)
    ('46.94%', '−10.0%', '–')
    """
    if is_empty(share):
        return NO_VALUE
    value = rounded(_decimal(share) * 100, digits)
    return f"{'+' if signed and value > 0 else ''}{_grouped(value)}%"


def counted(value: object, what: str, lang: str | None = None) -> str:
    """Return a number of things, in the singular where the language has one.

    Parameters
    ----------
    value : number
    what : str
        A key under ``count``: members, orders, months, days, items …

    Examples
    --------
    >>> counted(1, "members", "en"), counted(454, "members", "en"), counted(454, "members", "zh")
    ('1 member', '454 members', '454 位会员')
    """
    text = number(value, lang)
    return say(f"count.{what}.{'one' if text == '1' else 'many'}", lang, n=text)


# ---------------------------------------------------------------- dates


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value)[:10])


def day(value: object, lang: str | None = None) -> str:
    """Return a date in full: "30 Jun 2026", 2026年6月30日.

    Examples
    --------
    >>> day("2026-06-30", "en")
    '30 Jun 2026'
    """
    if is_empty(value):
        return NO_VALUE
    on = _date(value)
    return say("date.day", lang, year=on.year, month=on.month, day=on.day, name=month_name(on.month, lang))


def month(value: object, lang: str | None = None, *, year: bool = True) -> str:
    """Return a date's month: "Jun 2026", 2026年6月; without the year "Jun", 6月."""
    if is_empty(value):
        return NO_VALUE
    on = _date(value)
    name = month_name(on.month, lang)
    return say("date.month", lang, year=on.year, month=on.month, name=name) if year else name


def month_name(value: int, lang: str | None = None) -> str:
    """Return the short name of month 1–12."""
    return say(f"date.month_name.{value}", lang)


def weekday(value: object, lang: str | None = None) -> str:
    """Return the short name of a weekday (0 = Monday) or of a date's weekday."""
    if is_empty(value):
        return NO_VALUE
    index = value if isinstance(value, int) or hasattr(value, "dtype") else _date(value).weekday()
    return say(f"date.weekday.{int(index)}", lang)  # type: ignore[call-overload]


# ---------------------------------------------------------------- intervals


def interval(
    lower: object, upper: object, lang: str | None = None, *, unit: str = "plain", currency: str | None = None
) -> str:
    """Return an interval, open at the left and closed at the right, in words.

    Parameters
    ----------
    lower, upper : number or None
        None where the interval is open.
    lang : str, optional
    unit : str
        plain, months, days, orders or money (with `currency`).

    Examples
    --------
    >>> interval(None, 50, "en"), interval(50, 100, "en"), interval(200, None, "en")
    ('50 and below', 'above 50 to 100', 'above 200')
    """
    if is_empty(lower) and is_empty(upper):
        return say("interval.all", lang)
    form = "below" if is_empty(lower) else "above" if is_empty(upper) else "between"

    def written(value: object, *, whole: bool) -> str:
        if is_empty(value):
            return NO_VALUE
        if unit == "money" and currency:
            return money(value, currency, lang, digits=0 if _decimal(value) % 1 == 0 else 2)
        return counted(value, unit, lang) if whole and unit != "plain" else number(value, lang)

    kind = "plain" if unit == "money" else unit
    return say(
        f"interval.{kind}.{form}",
        lang,
        lower=written(lower, whole=form == "above"),
        upper=written(upper, whole=True),
    )
