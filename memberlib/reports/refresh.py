"""How do the project's own notebooks get the outputs they are committed with?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from memberlib.errors import InputError
from memberlib.kernels import KERNEL_ENVIRONMENT, Nursery, can_be_warm
from memberlib.reports import notebooks
from memberlib.reports.failures import reason_of, story_of


def refresh_notebooks(
    names: Sequence[str] | None = None,
    *,
    data: str | Path | None = None,
    folder: str | Path | None = None,
    check: bool = False,
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
    os.environ.update(KERNEL_ENVIRONMENT)
    if data is not None:
        os.environ["MEMBERLIB_DATA"] = str(Path(data).resolve())
    nursery = Nursery() if can_be_warm() else None
    changed = []
    try:
        for path in [known[name] for name in names] if names else paths:
            if _refreshed(path, nursery, check=check):
                changed.append(path.stem)
    finally:
        if nursery is not None:
            nursery.close()
    return changed


def _refreshed(path: Path, nursery: Nursery | None, *, check: bool) -> bool:
    try:
        done = notebooks.run(notebooks.read(path), {}, folder=path.parent, nursery=nursery)
    except InputError:
        raise
    except Exception as error:
        print(story_of(error))
        raise InputError(f"{path.stem} does not run through: {reason_of(error)}") from None
    content = notebooks.written(done)
    changed = path.read_bytes() != content
    print(f"{path.stem}: {'changed' if changed else 'as it was'}", flush=True)
    if changed and not check:
        path.write_bytes(content)
    return changed
