"""The jobs that a worker does, and how it answers."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from memberlib.errors import InputError
from memberlib.reports.failures import of_the_disk, reason_of, story_of


def open_shop(*, store: str, as_of: str | None, data: str, version: int | None = None) -> dict[str, Any]:
    """Look into a shop: the day that its report is of."""
    from memberlib.store import open_store

    with contextlib.closing(open_store(store, as_of, data=data, at_version=version)) as shop:
        last = shop.last_order_on
        return {"as_of": shop.as_of.isoformat(), "last_order_on": last.isoformat() if last else None}


def run_notebook(*, source: str, target: str, parameters: dict[str, Any], lang: str, folder: str) -> None:
    """Run a notebook for one shop and write it in the report's language."""
    from memberlib.reports import manifest, notebooks

    notebook = notebooks.for_a_report(notebooks.read(Path(source)), lang)
    done = notebooks.run(notebook, parameters, folder=Path(folder))
    manifest.replace(Path(target), notebooks.written(done))


def refresh_notebook(*, source: str) -> str:
    """Run a notebook of the project as it stands; its new content."""
    from memberlib.reports import notebooks

    path = Path(source)
    done = notebooks.run(notebooks.read(path), {}, folder=path.parent)
    return notebooks.written(done).decode("utf-8")


def finish_report(**details: Any) -> dict[str, Any]:
    """Write the pages and the manifest of one shop whose notebooks have run; the manifest."""
    from memberlib.reports.finish import finish

    return finish(**details)


JOBS: dict[str, Callable[..., Any]] = {
    "open_shop": open_shop,
    "run_notebook": run_notebook,
    "finish_report": finish_report,
    "refresh_notebook": refresh_notebook,
}


def serve() -> int:
    """Do the jobs that come in as lines of JSON on the standard input, answer each with a line."""
    before_fork()
    # Answers go out by a pipe of their own: whatever a job prints must not stand between them.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return _serve(sys.stdin.buffer, answers)


def serve_socket(line: socket.socket) -> None:
    """Do the jobs that come in through a socket, in a fork of the fork server."""
    with line, line.makefile("rb") as jobs, line.makefile("wb") as answers:
        _serve(jobs, answers)


def _serve(jobs: IO[bytes], answers: IO[bytes]) -> int:
    faulthandler.enable()
    try:
        for line in jobs:
            answers.write(json.dumps(_done(json.loads(line))).encode() + b"\n")
            answers.flush()
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    return 0


def before_fork() -> None:
    """Import what every worker needs."""
    _leave_out_a_grammar()
    with contextlib.suppress(ImportError):
        import memberlib.kernels.client
        import memberlib.reports.finish  # noqa: F401


def _leave_out_a_grammar() -> None:
    """Import papermill without the grammar of web addresses, which takes a second to build and has no use here."""
    if "papermill" in sys.modules:
        return
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    try:
        import papermill  # noqa: F401
    finally:
        del sys.modules["rfc3987_syntax"]


def _done(job: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": JOBS[job.pop("job")](**job)}
    except Exception as error:
        return {
            "reason": reason_of(error),
            "story": story_of(error),
            "by_user": isinstance(error, InputError),
            "by_disk": of_the_disk(error),
        }
