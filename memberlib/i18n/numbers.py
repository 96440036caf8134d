"""How are numbers, money and shares written?"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from memberlib.i18n.language import NO_VALUE, is_empty, language, say

SYMBOLS = {"CNY": "¥", "TWD": "NT$", "GBP": "£", "USD": "$", "EUR": "€", "HKD": "HK$", "JPY": "JP¥"}
_WHOLE_CURRENCIES = ("TWD", "JPY")
_SCALES = {
    "en": ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m"), (Decimal(10) ** 3, "k")),
    "zh": ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "zh-Hant": ((Decimal(10) ** 8, "億"), (Decimal(10) ** 4, "萬")),
}
_SHORT_FROM = 10_000


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


def is_whole(currency: str) -> bool:
    """Return whether a currency is written without decimals."""
    return currency in _WHOLE_CURRENCIES


def money(
    value: object, currency: str, lang: str | None = None, *, digits: int | None = None, short: bool = False
) -> str:
    """Return an amount with its currency; "–" for no value.

    Whole amounts by default; two decimals only for broken amounts below 100 in currencies that have them.

    Parameters
    ----------
    value : number or None
    currency : str
        Of ISO 4217.
    lang : str, optional
    digits : int, optional
        Decimals, where others than by default.
    short : bool
        Large amounts in thousands or 万.

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

    Parameters
    ----------
    share : number or None
    lang : str, optional
    digits : int
        Decimals.
    signed : bool
        Whether a plus sign is written.

    Examples
    --------
    >>> percent(192 / 409, digits=2), percent(-0.1, signed=True), percent(None)
    ('46.94%', '−10.0%', '–')
    """
    if is_empty(share):
        return NO_VALUE
    value = rounded(_decimal(share) * 100, digits)
    return f"{'+' if signed and value > 0 else ''}{_grouped(value)}%"


def discount(rate: object, lang: str | None = None) -> str:
    """Return a price rate (0.9) as shops write it: "10% off", 9折; 1 is no discount.

    Examples
    --------
    >>> discount(0.85, "en"), discount(0.85, "zh"), discount(1, "en")
    ('15% off', '8.5折', 'no discount')
    """
    if is_empty(rate):
        return NO_VALUE
    exact = _decimal(rate)
    if exact == 1:
        return say("discount.none", lang)
    off = number((1 - exact) * 100, lang)
    return say("discount.off", lang, percent=f"{off}%", zhe=number(exact * 10, lang))


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
