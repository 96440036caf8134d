"""The folders of reports: where one lies while it is made, and where when it is finished.

``<out>/<store>/<as_of>/`` is a finished report. Beside it ``.<as_of>.new`` is one in the making, ``.<as_of>.old``
one that is just being replaced; both are gone at the end of a run. A run that is killed leaves them to the next.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memberlib.errors import InputError

LOCK = ".lock"


@dataclass
class Shop:
    """A shop on its way to a report.

    Attributes
    ----------
    wanted : dict
        What the report is to be made from: the parts of a manifest named in ``manifest.MADE_FROM``.
    state : str
        ``""`` until it is known, then ``unchanged``, ``made`` or ``failed`` with its ``reason``.
    """

    store: str
    wanted: dict[str, Any]
    state: str = ""
    reason: str = ""
    left: int = 0
    at_work: int = 0
    began: float = 0.0
    seconds: float = 0.0

    @property
    def parameters(self) -> dict[str, Any]:
        """Values for the parameters of its notebooks."""
        named = {name: self.wanted[name] for name in ("store", "as_of", "lang")}
        return {**named, "version": self.wanted["data"]["version"], **self.wanted.get("given", {})}

    @property
    def as_of(self) -> str | None:
        """Day of the report, once it is known."""
        return self.wanted["as_of"]


def alone(out: Path) -> Any:
    """Hold the folder of reports for one run, making it where it is not there.

    Raises
    ------
    InputError
        Where another run holds it, or nothing can be written there.
    """
    from filelock import FileLock, Timeout

    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{out} is a file, not a folder; give another --out") from None
    except OSError as error:
        raise InputError(f"cannot make the folder {out} ({_why(error)}); give another --out") from None
    trial = out / f".trial-{os.getpid()}.new"
    try:
        trial.write_bytes(b"0" * 4096)
        trial.unlink(missing_ok=True)
        return FileLock(out / LOCK, timeout=0).acquire()
    except Timeout:
        raise InputError(
            f"another run is making reports in {out}; wait for its end or give another --out"
        ) from None
    except (OSError, NotImplementedError) as error:
        _remove_empty(out)
        raise InputError(f"cannot write into {out} ({_why(error)}); give another --out") from None


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", "") or type(error).__name__).lower()


def sweep(out: Path) -> None:
    """Take away what a killed run left, and put back the report that it was about to replace."""
    for old in out.glob("*/.*.old"):
        place = old.with_name(old.name[1:-4])
        if place.exists():
            _remove(old)
        else:
            old.rename(place)
    for new in (*out.glob("*/.*.new"), *out.glob(".*.new")):
        _remove(new)
        if new.parent != out and not any(new.parent.iterdir()):
            new.parent.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def tidy(out: Path) -> None:
    """Leave no trace of a run that was broken off, not even the folder where nothing came of it."""
    with contextlib.suppress(OSError):
        sweep(out)
    _remove_empty(out)


def _remove_empty(out: Path) -> None:
    with contextlib.suppress(OSError):
        (out / f".trial-{os.getpid()}.new").unlink(missing_ok=True)
        if {path.name for path in out.iterdir()} <= {LOCK}:
            (out / LOCK).unlink(missing_ok=True)
            out.rmdir()


def making(out: Path, shop: Shop) -> Path:
    """Folder of the report in the making."""
    return out / shop.store / f".{shop.as_of}.new"


def fresh(out: Path, shop: Shop) -> None:
    """Make an empty folder for the report in the making."""
    shutil.rmtree(making(out, shop), ignore_errors=True)
    (making(out, shop) / "notebooks").mkdir(parents=True)
    (making(out, shop) / "files").mkdir()


def clear(out: Path, shop: Shop) -> None:
    """Leave nothing of a report that did not come about."""
    shutil.rmtree(making(out, shop), ignore_errors=True)
    with contextlib.suppress(OSError):
        (out / shop.store).rmdir()  # where there is nothing else in it


def publish(shop: Shop, out: Path) -> None:
    """Put the finished report in its place; the one that lay there goes only when the new one is there."""
    place, old = out / shop.store / str(shop.as_of), out / shop.store / f".{shop.as_of}.old"
    if place.exists():
        place.rename(old)
    making(out, shop).rename(place)
    shutil.rmtree(old, ignore_errors=True)
    log_of(out, shop).unlink(missing_ok=True)
    shop.state = "made"


def log_of(out: Path, shop: Shop) -> Path:
    """File with the whole story of a shop that failed."""
    return out / "logs" / f"{'_run' if shop.store == 'run' else shop.store}.log"
