"""Runs the project's own notebooks in place, for the outputs that they are committed with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memberlib.errors import InputError
from memberlib.i18n.language import ENVIRONMENT
from memberlib.reports import notebooks
from memberlib.reports.workers import Workers


def refresh_notebooks(
    names: Sequence[str] | None = None,
    *,
    data: str | Path | None = None,
    folder: str | Path | None = None,
    check: bool = False,
    jobs: int = 2,
) -> list[str]:
    """Run notebooks in place, with the values that their parameters cells hold; names of those that change.

    The same notebook on the same data comes out as the same bytes: outputs and execution counts stay, times and
    random names do not.

    Parameters
    ----------
    names : sequence of str, optional
        Only these, such as ``03-amount``.
    data : path, optional
        Data folder; else as the notebooks find it.
    folder : path, optional
        Folder of the notebooks; else the project's.
    check : bool
        Write nothing.
    jobs : int
        Notebooks at work at once.

    Raises
    ------
    InputError
        For a name that no notebook has, and where a notebook does not run through.
    """
    paths = notebooks.find_notebooks(folder)
    known = {path.stem: path for path in paths}
    for name in names or ():
        if name not in known:
            raise InputError(f"no notebook '{name}'; there are {', '.join(known)}")
    environment = {ENVIRONMENT: "en"}  # the language of the prose
    if data is not None:
        environment["MEMBERLIB_DATA"] = str(Path(data).resolve())
    changed = []
    with Workers(jobs, environment) as workers:
        wanted = [known[name] for name in names] if names else paths
        runs = [workers.submit({"job": "refresh_notebook", "source": str(path.resolve())}) for path in wanted]
        for path, run in zip(wanted, runs, strict=True):
            answer = run.result()
            if not answer.ok:
                print(answer.story)
                raise InputError(f"{path.stem} does not run through: {answer.reason}")
            if _differs(path, answer.value.encode("utf-8"), check=check):
                changed.append(path.stem)
    return changed


def _differs(path: Path, content: bytes, *, check: bool) -> bool:
    changed = path.read_bytes() != content
    print(f"{path.stem}: {'changed' if changed else 'as it was'}", flush=True)
    if changed and not check:
        path.write_bytes(content)
    return changed
