"""With which language, currency and time zone does a new shop of a strange file start?"""

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
_ZONES = {"zh": ("CNY", "Asia/Shanghai"), "zh-Hant": ("TWD", "Asia/Taipei"), "en": ("USD", "UTC")}
_JAPANESE = re.compile("[\u3040-\u30ff]|会員|番号")
_TRADITIONAL = re.compile("[訂單會員時間號碼額數總編產類別貨運價電話]")
_CHINESE = re.compile("[\u4e00-\u9fff]")


def defaults(made: Choices) -> tuple[str, tuple[str, str], str]:
    """Language, currency with the reason for it, and time zone that a new shop starts with."""
    names = "".join(c.header for c in made.sample.columns)
    lang = "zh-Hant" if _TRADITIONAL.search(names) else "zh" if _CHINESE.search(names) else "en"
    currency, zone = _ZONES[lang]
    if _JAPANESE.search(names):
        lang, currency, zone = "en", "JPY", "Asia/Tokyo"
    told = naming.beside(made.sample, "currency")
    if told and told.counts:
        stated = next(iter(told.counts)).upper()
        if stated in _MONEY_MARKS:
            return lang, (stated, f'sure: said in "{plain_text(told.header)}"'), zone
    paid = made.columns.get("paid_amount") or made.columns.get("amount") or made.columns.get("stored_value")
    if paid and paid.shown:
        text = " ".join(list(paid.shown.counts)[:50]) + paid.shown.header
        for code, marks in _MONEY_MARKS.items():
            if re.search(marks, text, re.IGNORECASE):
                return lang, (code, "likely: the mark beside the amounts"), zone
    return lang, (currency, "a guess by the language of the header"), zone


def plain_text(text: str) -> str:
    """A text for a comment: on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)
