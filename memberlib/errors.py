"""What a user reads when something cannot be done."""

from __future__ import annotations

from typing import Any


class InputError(ValueError):
    """One clear line about a user's mistake; the command line prints it and ends with status 2.

    Parameters
    ----------
    message : str
        The line, in English.
    key : str
        Under which words the same is said in the reader's language; "" where it has none.
    **values
        What the words' placeholders stand for, as plain values.
    """

    def __init__(self, message: str = "", /, *, key: str = "", **values: Any) -> None:
        super().__init__(message)
        self.key, self.values = key, values
