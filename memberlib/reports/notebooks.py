"""Reads a notebook, runs it with parameters, and keeps of it what is the same in every run.

papermill runs it, in a kernel of this very environment. What differs from one run to the next (times, random
cell names, process numbers) is taken out, so that the same notebook on the same data gives the same bytes.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memberlib import i18n, prose
from memberlib.errors import InputError
from memberlib.jupyter import LAST_SHOWN, without_controls
from memberlib.kernels import can_be_warm

Notebook = dict[str, Any]

CELL_SECONDS = 900
"""A cell that works longer than this is taken to hang."""
_KEPT_METADATA = ("tags", "slideshow", "jupyter", "nbval", prose.KEY)
_TEMPORARY_SOURCE = re.compile(r"(?:[A-Za-z]:)?[^\s'\"<>:]*ipykernel_\d+[/\\]\d+\.py")


def find_notebooks(folder: str | Path | None = None) -> list[Path]:
    """The themed notebooks ``NN-topic.ipynb``, by their numbers.

    Parameters
    ----------
    folder : path, optional
        Where to look; else ``notebooks/`` beside the package (a checkout), in the current folder or above it.

    Raises
    ------
    InputError
        Where there is none.
    """
    if folder is not None:
        places = [Path(folder)]
    else:
        here = Path.cwd()
        places = [
            Path(__file__).resolve().parents[2] / "notebooks",
            *(p / "notebooks" for p in (here, *here.parents)),
        ]
    for place in places:
        found = sorted(p for p in place.glob("*.ipynb") if re.fullmatch(r"\d\d-[a-z0-9-]+", p.stem))
        if found:
            return found
    raise InputError(
        f"no notebooks in {places[0]}; run this in the project's folder, where notebooks/ is"
        if folder is not None
        else "no notebooks/ folder here or beside memberlib; run this in the project's folder"
    )


def read(path: Path) -> Notebook:
    """A notebook file as plain dictionaries; every source and text as one string.

    Raises
    ------
    InputError
        Where the file is not a notebook of format 4.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(f"{path.name} is not a notebook; get it anew or repair it in JupyterLab") from None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4:
        raise InputError(f"{path.name} is not a notebook of format 4; save it anew in JupyterLab")
    for cell in notebook["cells"]:
        cell["source"] = _joined(cell.get("source", ""))
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = _joined(output["text"])
            output.get("data", {}).update(
                {
                    kind: _joined(v)
                    for kind, v in output.get("data", {}).items()
                    if kind.startswith(("text/", "image/"))
                }
            )
    return notebook


def _joined(text: Any) -> Any:
    return "".join(text) if isinstance(text, list) and all(isinstance(t, str) for t in text) else text


def tags(cell: Mapping[str, Any]) -> frozenset[str]:
    """The tags of a cell."""
    return frozenset(cell.get("metadata", {}).get("tags", ()))


def declared(notebook: Notebook) -> list[str]:
    """Names that the cell tagged ``parameters`` gives a value to, in order.

    Examples
    --------
    >>> cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "store = 'x'  # shop"}
    >>> declared({"cells": [cell]})
    ['store']
    """
    names = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "parameters" in tags(cell):
            for node in ast.parse(cell["source"]).body:
                targets = (
                    node.targets
                    if isinstance(node, ast.Assign)
                    else [node.target]
                    if isinstance(node, ast.AnnAssign)
                    else []
                )
                names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def for_a_report(notebook: Notebook, lang: str) -> Notebook:
    """The notebook with its prose in one language, and without what has no place in one shop's report.

    Controls are left out, other cells tagged ``not-in-report``, and those tagged with another language; 繁體 is made
    from 简体.
    """
    spoken = "zh" if lang.startswith("zh") else lang
    cells = []
    for cell in prose.without_others(prose.in_language(notebook, lang))["cells"]:
        other = bool(tags(cell) & {"en", "zh"}) and spoken not in tags(cell)
        if tags(cell) & {"not-in-report", "control"} or other:
            continue
        if cell["cell_type"] == "markdown" and "zh" in tags(cell) and lang == "zh-Hant":
            cell = {**cell, "source": i18n.traditional(cell["source"])}
        cells.append(cell)
    return {**notebook, "cells": cells}


def run(notebook: Notebook, parameters: Mapping[str, Any], *, folder: Path) -> Notebook:
    """The notebook with the outputs of a run.

    Parameters
    ----------
    notebook : dict
        As :func:`read` gives it; it is not changed.
    parameters : mapping
        Values for the parameters cell; those that the notebook does not declare are not passed.
    folder : path
        Where the kernel stands while it runs.

    Raises
    ------
    papermill.PapermillExecutionError
        Where a cell raises; nbclient's DeadKernelError or CellTimeoutError where it dies or hangs.
    """
    import nbformat
    import papermill

    known = declared(notebook)
    passed = {name: value for name, value in parameters.items() if name in known}
    node = nbformat.from_dict(_fit_for_a_run(notebook))
    options = {
        "parameters": passed or None, "cwd": str(folder), "kernel_name": "python3", "language": "python",
        "progress_bar": False, "log_output": False, "request_save_on_cell_execute": False,
        "autosave_cell_every": 0, "start_timeout": 120, "execution_timeout": CELL_SECONDS, "iopub_timeout": 60,
    }  # fmt: skip
    if can_be_warm():
        from memberlib.kernels import engine

        node = papermill.execute_notebook(node, None, engine_name=engine.register(), **options)
    else:
        from memberlib.kernels.cold import kernel_manager

        with tempfile.TemporaryDirectory(prefix="memberlib-") as home:
            own = {"kernel_manager_class": kernel_manager(Path(home)), "shutdown_kernel": "immediate"}
            node = papermill.execute_notebook(node, None, **options, **own)
    return cleaned(json.loads(json.dumps(node)))


def _fit_for_a_run(notebook: Notebook) -> Notebook:
    fresh = copy.deepcopy(notebook)
    fresh.setdefault("metadata", {}).pop("papermill", None)
    fresh["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    fresh["nbformat_minor"] = max(5, fresh.get("nbformat_minor", 5))
    for number, cell in enumerate(fresh["cells"]):
        cell.setdefault("id", f"cell-{number}")
        cell.setdefault("metadata", {})
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return fresh


def cleaned(notebook: Notebook) -> Notebook:
    """The notebook without what differs from run to run: times, random names, live widgets."""
    clean = copy.deepcopy(notebook)
    language = clean.get("metadata", {}).get("language_info", {})
    clean["metadata"] = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {
            "name": "python",
            "file_extension": ".py",
            "mimetype": language.get("mimetype", "text/x-python"),
        },
    }
    clean["nbformat"], clean["nbformat_minor"] = 4, 5
    seen: set[str] = set()
    for number, cell in enumerate(clean["cells"]):
        meta = {key: value for key, value in cell.get("metadata", {}).items() if key in _KEPT_METADATA}
        cell["metadata"] = meta
        if "injected-parameters" in tags(cell) or not cell.get("id") or cell["id"] in seen:
            cell["id"] = hashlib.sha256(f"{number}\n{cell['source']}".encode()).hexdigest()[:8]
        seen.add(cell["id"])
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                _clean_output(one) for one in cell.get("outputs", ()) if LAST_SHOWN not in one.get("data", ())
            ]
    return clean


def _clean_output(output: Mapping[str, Any]) -> dict[str, Any]:
    kept = without_controls(output, beside="text/plain")
    if kept.get("output_type") == "stream":
        kept["text"] = _TEMPORARY_SOURCE.sub("cell", kept["text"])
    return kept


def written(notebook: Notebook) -> bytes:
    """The notebook as the bytes of a file, as nbformat writes it."""
    import nbformat

    text: str = nbformat.writes(nbformat.from_dict(notebook), version=4)
    return text.encode("utf-8") + b"\n"
