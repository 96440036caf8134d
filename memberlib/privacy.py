"""Mask what must not leave the shop: phones, e-mails and other ids of persons.

A platform may give a phone number or an e-mail address for a member's id. Such an id is shown by its ends alone; who
needs it whole asks for it. An id of another kind says nothing about a person outside the shop and stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

ID_COLUMNS = ("member_id", "other_id", "joined_id", "value")
"""Columns whose values are ids of members, or may be: the value that had a row rejected may be any."""

_EMAIL = re.compile(r"([^\s@:/|]+)@([^\s@]+\.[^\s@]+)")
_GAP = r"[ .()（）\-‐-―]"
_MOBILE = re.compile(
    r"(?<![\d*+])(?:(?:\+|00)?86[ -]?)?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?:-\d{1,6})?(?![\d*])"
)
_PHONE = re.compile(
    rf"""(?<![A-Za-z\d*+_])(?:
        (?:\+|00)\d(?:{_GAP}{{0,2}}\d){{6,14}}          # with its country's code
      | \(?0\d(?:{_GAP}{{0,2}}\d){{7,10}}              # with the 0 for calls within a country
      | (?:(?<=[: ])|^)\(?\d{{2,4}}\)?[ .-]\d{{3,4}}[ .-]\d{{3,4}}(?=[ -]|$)   # in three groups
    )(?:-\d{{1,6}})?(?![A-Za-z\d*_])""",
    re.VERBOSE,
)
# Numbers that a shop of this currency would take for a phone although nothing but digits says so.
_LOCAL = {
    "HKD": re.compile(r"(?<![\w*+])[4-9]\d{7}(?![\w*])"),
    "TWD": re.compile(r"(?<![\w*+])(?:886)?9\d{8}(?![\w*])"),
    "JPY": re.compile(r"(?<![\w*+])(?:81)?[789]0\d{8}(?![\w*])"),
    "GBP": re.compile(r"(?<![\w*+])(?:44)?7\d{9}(?![\w*])"),
    "USD": re.compile(r"(?<![\w*+])1?[2-9]\d{2}[2-9]\d{6}(?![\w*])"),
}
_DATE = re.compile(r"(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2\d{4})(?:[ T][\d:]*)?")


def masked(value: object, *, currency: str = "") -> str:
    """Return a text whose phone numbers and e-mail addresses show their ends alone.

    Parameters
    ----------
    value : object
        An id or another short text. What is neither a phone nor an e-mail stays as it is.
    currency : str
        The shop's, which tells apart a number that a phone in its country looks like.

    Examples
    --------
    >>> masked("13800001234"), masked("jd:ann.lee@example.com"), masked("tb84620417")
    ('138****1234', 'jd:a***@example.com', 'tb84620417')
    >>> masked("91230004"), masked("91230004", currency="HKD")
    ('91230004', '91****04')
    """
    text = str(value)
    plain = made = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if "@" in made:
        made = _EMAIL.sub(lambda found: f"{found[1][0]}***@{found[2]}", made)
    if sum(sign.isdigit() for sign in made) >= 7:
        made = _PHONE.sub(_without_middle, _MOBILE.sub(r"\1****\3", made))
        local = _LOCAL.get(currency)
        made = local.sub(_without_middle, made) if local else made
    return text if made == plain else made


def _without_middle(found: re.Match[str]) -> str:
    written = found[0]
    if _DATE.fullmatch(written):
        return written
    digits = re.sub(r"\D", "", written)
    first, last = (3, 4) if len(digits) >= 11 else (3, 3) if len(digits) >= 10 else (2, 2)
    return f"{digits[:first]}****{digits[-last:]}"


def short(value: object) -> str:
    """Return a text of which only the beginning and the end are shown, whatever it is.

    Examples
    --------
    >>> short("CARD-88120417"), short("ann")
    ('CA***17', 'a***')
    """
    text = str(value)
    if len(text) < 5:
        return f"{text[:1]}***"
    return f"{text[: 1 if len(text) == 5 else 2]}***{text[-2:]}"


def masked_ids(frame: Any) -> Any:
    """Return a result whose ids of members are masked where they are phones or e-mails.

    Parameters
    ----------
    frame : DataFrame
        Its ``attrs`` may name the shop's currency. It is not changed.

    Returns
    -------
    DataFrame
        The same frame where nothing had to be masked.

    Examples
    --------
    >>> import pandas as pd
    >>> masked_ids(pd.DataFrame({"member_id": ["13800001234", "ann"]}))["member_id"].tolist()
    ['138****1234', 'ann']
    """
    currency = str(frame.attrs.get("currency") or "")
    made = frame
    for name in ID_COLUMNS:
        if name not in frame.columns:
            continue
        before = frame[name].tolist()
        after = [
            value if not isinstance(value, str) else masked(value, currency=currency) for value in before
        ]
        if after != before:
            made = made.copy() if made is frame else made
            made[name] = after
            made.attrs = dict(frame.attrs)
    return made
