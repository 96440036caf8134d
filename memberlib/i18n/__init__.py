"""In which words, numbers, money and dates does a reader read a result?

Words stand in ``memberlib/words/<language>/<area>.toml`` for English and simplified Chinese, under the same
keys; traditional Chinese is made from the simplified by OpenCC when it is first asked for.
"""

from memberlib.i18n.dates import day, month, month_name, weekday
from memberlib.i18n.language import (
    LANGUAGES,
    NO_VALUE,
    check_language,
    is_empty,
    language,
    say,
    set_language,
    speaking,
    traditional,
    word,
    words,
)
from memberlib.i18n.numbers import counted, discount, is_whole, money, number, percent, rounded, symbol
from memberlib.i18n.results import base, caption, interval, intervals, title, view_key

__all__ = [
    "LANGUAGES",
    "NO_VALUE",
    "base",
    "caption",
    "check_language",
    "counted",
    "day",
    "discount",
    "interval",
    "intervals",
    "is_empty",
    "is_whole",
    "language",
    "money",
    "month",
    "month_name",
    "number",
    "percent",
    "rounded",
    "say",
    "set_language",
    "speaking",
    "symbol",
    "title",
    "traditional",
    "view_key",
    "weekday",
    "word",
    "words",
]


def __dir__() -> list[str]:
    return __all__
