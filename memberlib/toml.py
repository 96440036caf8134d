"""Take the words of a TOML file one by one, so that a mistake in it ends in one clear line."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from memberlib.errors import InputError

_KINDS: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a whole number",
          list: "a list", Mapping: "a table"}  # fmt: skip


def loaded(content: bytes, where: str) -> dict[str, Any]:
    """What a TOML file states.

    Parameters
    ----------
    where : str
        What an error calls the file.

    Raises
    ------
    InputError
        For a file that is no TOML.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{where} cannot be read: {error}") from None


def among(value: Any, choices: Iterable[str], what: str) -> str:
    """The value itself, where it is one of the choices.

    Raises
    ------
    InputError
        Naming the choices, and the one that may have been meant.

    Examples
    --------
    >>> among("tabels", ("backend", "tables"), "word")
    Traceback (most recent call last):
    memberlib.errors.InputError: word 'tabels' is not one of backend, tables (did you mean 'tables'?)
    """
    known = list(choices)
    if not isinstance(value, str) or value not in known:
        near = difflib.get_close_matches(str(value), known, 1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise InputError(f"{what} {value!r} is not one of {', '.join(known)}{meant}")
    return value


def texts(value: Any, where: str) -> tuple[str, ...]:
    """One text or several."""
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(text, str) for text in listed):
        raise InputError(f"{where} must be a text or a list of texts, not {value!r}")
    return tuple(listed)


class Words:
    """The words of a table, taken one by one; what is left at the end is unknown.

    Parameters
    ----------
    where : str
        What an error begins with.
    """

    def __init__(self, stated: Any, where: str) -> None:
        if not isinstance(stated, Mapping):
            raise InputError(f"{where} must be a table, not {stated!r}")
        self._where, self._left, self._known = where, dict(stated), dict[str, None]()

    def _taken(self, key: str, kind: type, default: Any) -> Any:
        self._known[key] = None
        value = self._left.pop(key, default)
        if value is None:
            raise InputError(f"{self._where}: {key} is missing")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InputError(f"{self._where}: {key} must be {_KINDS[kind]}, not {value!r}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text; it must be there where there is no default."""
        return str(self._taken(key, str, default))

    def one_of(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """A text that is one of the choices."""
        known = list(choices)
        if self._left.get(key, default) is None:
            raise InputError(f"{self._where}: {key} is missing; choose among {', '.join(known)}")
        return among(self.text(key, default), known, f"{self._where}: {key}")

    def texts(self, key: str, choices: Iterable[str] = ()) -> tuple[str, ...]:
        """One text or several, each one of the choices where there are some; none where the word is not there."""
        self._known[key] = None
        known = list(choices)
        found = texts(self._left.pop(key, []), f"{self._where}: {key}")
        return tuple(among(text, known, f"{self._where}: {key}:") if known else text for text in found)

    def groups(self, key: str) -> tuple[tuple[str, ...], ...]:
        """A list of texts and of lists of texts; a text alone is the only one."""
        value = self._left.get(key)
        listed = [self.text(key)] if isinstance(value, str) else self.list(key)
        return tuple(texts(group, f"{self._where}: {key}") for group in listed)

    def flag(self, key: str) -> bool:
        """True or false; false where it is not there."""
        return bool(self._taken(key, bool, False))

    def whole(self, key: str, least: int = 1) -> int | None:
        """A whole number that is not below the least; None where it is not there."""
        if key not in self._left:
            self._known[key] = None
            return None
        value = int(self._taken(key, int, None))
        if value < least:
            raise InputError(f"{self._where}: {key} must be a number from {least} on, not {value}")
        return value

    def list(self, key: str) -> list[Any]:
        """A list; an empty one where it is not there."""
        return list(self._taken(key, list, []))

    def table(self, key: str) -> dict[str, Any]:
        """A table; an empty one where it is not there."""
        return dict(self._taken(key, Mapping, {}))

    def end(self) -> None:
        """See that every word has been taken."""
        for key in self._left:
            among(key, self._known, f"{self._where}: word")
