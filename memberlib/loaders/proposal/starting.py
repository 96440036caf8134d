"""Guess the language, currency and time zone that a new shop starts with."""

from __future__ import annotations

import re

from memberlib.loaders.proposal import naming
from memberlib.loaders.proposal.choices import Choices

_MONEY_MARKS = {
    "CNY": "CNY|RMB|元",
    "TWD": r"NT\$|TWD",
    "HKD": r"HK\$|HKD",
    "GBP": "£|GBP",
    "EUR": "€|EUR",
    "JPY": "JPY|円",
    "USD": r"US\$|USD|\$",
}
_CURRENCIES = {"zh": "CNY", "zh-Hant": "TWD", "en": "USD"}
_ZONES = {
    "CNY": "Asia/Shanghai",
    "TWD": "Asia/Taipei",
    "HKD": "Asia/Hong_Kong",
    "JPY": "Asia/Tokyo",
    "GBP": "Europe/London",
}
_JAPANESE = re.compile("[\u3040-\u30ff]|会員|番号")
_TRADITIONAL = re.compile("[訂單會員時間號碼額數總編產類別貨運價電話]")
_CHINESE = re.compile("[\u4e00-\u9fff]")


def defaults(made: Choices) -> tuple[str, tuple[str, str], str]:
    """Language, currency with the reason for it, and time zone that a new shop starts with."""
    names = "".join(c.header for c in made.sample.columns)
    japanese = _JAPANESE.search(names) is not None
    lang = "zh-Hant" if _TRADITIONAL.search(names) else "zh" if _CHINESE.search(names) else "en"
    lang = "en" if japanese else lang
    currency = _currency(made) or (
        "JPY" if japanese else _CURRENCIES[lang],
        "a guess by the language of the header",
    )
    return lang, currency, _ZONES.get(currency[0], "UTC")


def _currency(made: Choices) -> tuple[str, str] | None:
    """The currency that a column names, or that a mark beside the amounts tells."""
    told = naming.beside(made.sample, "currency")
    stated = next(iter(told.counts), "").upper() if told else ""
    if told and stated in _MONEY_MARKS:
        return stated, f'sure: said in "{plain_text(told.header)}"'
    paid = made.columns.get("paid_amount") or made.columns.get("amount") or made.columns.get("stored_value")
    if paid and paid.shown:
        text = " ".join(list(paid.shown.counts)[:50]) + paid.shown.header
        for code, marks in _MONEY_MARKS.items():
            if re.search(marks, text, re.IGNORECASE):
                return code, "likely: the mark beside the amounts"
    return None


def plain_text(text: str) -> str:
    """A text for a comment: on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)
