"""An extension of the Jupyter server: a notebook is saved with the picture and settings of its controls.

Controls live in a kernel. A saved notebook that still asks for them shows "Error displaying widget: model not found"
once the kernel is gone, even where the same output holds a picture; so what is written to disk is the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LAST_SHOWN = "application/vnd.memberlib.last-shown+json"
"""An output that no browser shows: which control it is of, and what that shows now, as HTML."""


def without_controls(output: Mapping[str, Any], *, beside: str = "text/html") -> dict[str, Any]:
    """An output as it is kept: its static form, of type ``beside``, in place of a control, where it has one.

    Examples
    --------
    >>> without_controls({"data": {WIDGET_VIEW: {"model_id": "1f"}, "text/html": "<p>8 members</p>"}})["data"]
    {'text/html': '<p>8 members</p>'}
    """
    kept = dict(output)
    data = kept.get("data")
    if isinstance(data, Mapping) and WIDGET_VIEW in data and beside in data:
        kept["data"] = {kind: value for kind, value in data.items() if kind != WIDGET_VIEW}
        kept["metadata"] = {k: v for k, v in kept.get("metadata", {}).items() if k != WIDGET_VIEW}
    return kept


def save_static(model: dict[str, Any], **_: Any) -> None:
    """Write pictures in place of controls, as they stood last; what Jupyter calls a pre-save hook."""
    content = model.get("content")
    if model.get("type") != "notebook" or not isinstance(content, dict):
        return
    for cell in content.get("cells", ()):
        if cell.get("cell_type") == "code":
            cell["outputs"] = _static(cell.get("outputs", ()))


def _static(outputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    last = {
        one["data"][LAST_SHOWN]["model_id"]: one["data"][LAST_SHOWN]["html"]
        for one in outputs
        if LAST_SHOWN in one.get("data", ())
    }
    kept = []
    for output in outputs:
        data = output.get("data", {})
        if LAST_SHOWN not in data:
            kept.append(without_controls(output))
            shown = last.get((data.get(WIDGET_VIEW) or {}).get("model_id"))
            if shown is not None:
                kept[-1]["data"]["text/html"] = shown
    return kept


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "memberlib.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    server.contents_manager.register_pre_save_hook(save_static)
