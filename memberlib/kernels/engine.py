"""papermill's engine ``memberlib``, which runs a notebook in a warm kernel.

``papermill --engine memberlib in.ipynb out.ipynb`` does, and so does ``papermill.execute_notebook(…,
engine_name="memberlib")``. Cells run in a process of their own, forked from one that has imported what notebooks
import; nbclient handles what they say, so the outputs are those of papermill's own engine.
"""

from __future__ import annotations

from typing import Any

NAME = "memberlib"


def register() -> str:
    """Make the engine known to papermill, whether its entry point was installed or not; its name."""
    from papermill.engines import papermill_engines

    papermill_engines.register(NAME, WarmEngine)
    return NAME


class WarmEngine:
    """papermill's engine ``memberlib``: a notebook of Python in a warm fork, any other as papermill does it.

    papermill looks for it while it is still being imported itself, so it is asked for nothing before it is used.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """The notebook with what its cells gave; papermill's own options hold."""
        return _engine().execute_notebook(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Name of the kernel that a notebook asks for."""
        return str(_engine().nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Language of a notebook."""
        return str(_engine().nb_language(nb, language))


def _engine() -> Any:
    from memberlib.kernels.client import Engine

    return Engine
