"""Checks the values that a user gives for the parameters of notebooks.

A notebook declares its parameters in the cell tagged ``parameters``, one ``name = value`` a line; the value there says
the type. Only declared names go into a notebook: papermill escapes values, but not names.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memberlib.errors import InputError
from memberlib.reports import notebooks
from memberlib.themes import all_themes

OF_THE_RUN = {
    "store": "--store",
    "as_of": "--as-of",
    "lang": "--lang",
    "data": "--data",
    "version": "--at-version",
}
"""Parameters that a report gives itself, and the options that say them."""
_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list": list}
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}
_KINDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list such as 2,4,6",
}


def declarations(sources: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Names and default values of the parameters of each notebook, by the notebook's name.

    Raises
    ------
    InputError
        Where a notebook cannot be read, or does not take the shop it is to be run for.
    """
    return {source.stem: _declared(source) for source in sources}


def _declared(source: Path) -> dict[str, Any]:
    try:
        cells = notebooks.read(source)["cells"]
        code = [c for c in cells if c["cell_type"] == "code" and "parameters" in notebooks.tags(c)]
        found = {name: value for cell in code for name, value in _values(cell["source"])}
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise InputError(
            f"{source.name}: its parameters cell is no Python ({error.msg}{line}); mend it"
        ) from None
    except (KeyError, TypeError, AttributeError, OSError, RecursionError):
        raise InputError(f"{source.name} is not a notebook; get it anew or repair it in JupyterLab") from None
    if "store" not in found:
        what = "its cell tagged 'parameters' has no 'store'" if code else "it has no cell tagged 'parameters'"
        raise InputError(f'{source.name} cannot be run for a shop: {what}; write store = "" there')
    return found


def _values(source: str) -> list[tuple[str, Any]]:
    """Each name that is given a value, with that value; the type alone where it is no plain value."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said = ast.unparse(node.annotation).split("[")[0].split("|")[0].strip()
            found.append((node.target.id, _TYPES.get(said, _plain(node.value))))
        elif isinstance(node, ast.Assign):
            found += [(name.id, _plain(node.value)) for name in node.targets if isinstance(name, ast.Name)]
    return found


def _plain(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None


def checked(asked: Sequence[str] | Mapping[str, Any], sources: Sequence[Path]) -> dict[str, Any]:
    """What a user gives to notebooks, checked against what they declare; values by ``name`` or ``notebook.name``.

    Parameters
    ----------
    asked : sequence of str, or mapping
        ``name=value`` for every notebook that has the name, ``05-rfm.days=30`` for one of them.
    sources : sequence of Path
        The notebooks.

    Raises
    ------
    InputError
        For a broken notebook, a name that none has, or a value of another type.
    """
    known = declarations(sources)
    pairs = list(asked.items()) if isinstance(asked, Mapping) else [_parted(text) for text in asked]
    found: dict[str, Any] = {}
    for name, text in pairs:
        only, _, short = str(name).rpartition(".")
        if only and only not in known:
            raise InputError(f"no notebook '{only}'; there are {', '.join(known)}")
        if short in OF_THE_RUN:
            raise InputError(f"'{short}' is not given as a parameter; use {OF_THE_RUN[short]}")
        takes = {book: names[short] for book, names in known.items() if short in names and only in ("", book)}
        if not takes:
            others = sorted({n for book in known.values() for n in book} - set(OF_THE_RUN))
            of = f"{only} has no parameter" if only else "no notebook has a parameter"
            raise InputError(f"{of} {short!r}; there are {', '.join(others) or 'none'}")
        values = [_converted(text, default, name=name, book=book) for book, default in takes.items()]
        for book, value in zip(takes, values, strict=True):
            _check_option(short, value, name=name, book=book)
        if any(type(value) is not type(values[0]) or value != values[0] for value in values):
            one = f"{next(iter(takes))}.{short}=…"
            raise InputError(
                f"{short!r} means different things in {', '.join(takes)}; give it to one, as {one}"
            )
        if found.setdefault(str(name), values[0]) != values[0]:
            raise InputError(f"parameter {name!r} is given twice")
    return dict(sorted(found.items()))


def of_notebook(values: Mapping[str, Any], book: str) -> dict[str, Any]:
    """The values for one notebook; what is given to it alone comes first."""
    every = {name: value for name, value in values.items() if "." not in name}
    own = {
        name.rpartition(".")[2]: value for name, value in values.items() if name.rpartition(".")[0] == book
    }
    return every | own


def _parted(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not re.fullmatch(r"(?:[\w-]+\.)?[A-Za-z_]\w*", name.strip()):
        raise InputError(f"parameter {text!r} is not of the form name=value")
    return name.strip(), value.strip()


def _converted(value: Any, default: Any, *, name: str, book: str) -> Any:
    kind = default if isinstance(default, type) else type(default)
    if kind not in _KINDS:
        raise InputError(f"parameter '{name}' of {book} cannot be given: its default does not say what it is")
    try:
        return _as(kind, value, default)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise InputError(f"parameter '{name}' of {book} is {_KINDS[kind]}, not {value!r}") from None


def _check_option(option: str, value: Any, *, name: str, book: str) -> None:
    """See that the notebook's theme takes the value, where the parameter is one of its options.

    An empty value stands for the default.
    """
    theme = next((one for one in all_themes() if one.notebook == book), None)
    kinds = [view.option(option) for view in theme.analyses] if theme and value else []
    for one in [known for known in kinds if known is not None][:1]:
        try:
            one.kind.check(value, option)
        except InputError as error:
            raise InputError(f"parameter '{name}' of {book}: {error}") from None


def _as(kind: type, value: Any, default: Any) -> Any:
    if not isinstance(value, str):
        value = _written(value)
    if kind is str:
        return value
    if kind is bool:
        return _TRUTH[value.lower()] if value.lower() in _TRUTH else _refuse()
    if kind is int:
        return int(value) if re.fullmatch(r"[+-]?[0-9]+", value) else _refuse()
    if kind is float:
        number = float(value) if re.fullmatch(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?", value) else _refuse()
        return number if math.isfinite(number) else _refuse()
    return _listed(value, default if isinstance(default, list) else [])


def _listed(value: str, default: Sequence[Any]) -> list[Any]:
    """A list of plain values: numbers, or texts where the default has texts."""
    if value and not value.startswith("["):
        texts = [part.strip() for part in value.split(",")]
        if default and isinstance(default[0], str):
            return texts
        value = f"[{','.join(texts)}]"
    found = ast.literal_eval(value or "[]")
    kinds: tuple[type, ...] = (int, float, str)
    if default:
        kinds = (int, float) if type(default[0]) in (int, float) else (type(default[0]),)
    if not isinstance(found, list) or any(type(one) not in kinds for one in found):
        _refuse()
    if any(isinstance(one, float) and not math.isfinite(one) for one in found):
        _refuse()
    return found


def _written(value: Any) -> str:
    """A value given in Python, in the form that it has at a prompt."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | list):
        return repr(value)
    return _refuse()


def _refuse() -> Any:
    raise ValueError
