"""Write the account of a change that was made by hand, as if it were that of a file."""

from __future__ import annotations

from typing import Any

from memberlib.model import Table

BY_HAND = "by hand"
"""What stands where the name of a file would."""


def account(
    spec: Table, digest: str, *, accepted: int = 0, same: int = 0, replaced: int = 0
) -> dict[str, Any]:
    """The record of a version that changed rows of one table.

    Parameters
    ----------
    digest : str
        Fingerprint of what was decided.
    accepted, same, replaced : int
        Numbers of rows, as in :class:`memberlib.imports.Account`.
    """
    part = {
        "platform": "generic",
        "table": spec.name,
        "read_count": accepted + same + replaced,
        "accepted_count": accepted,
        "same_count": same,
        "replaced_count": replaced,
        "rejected_count": 0,
    }
    return {"file": BY_HAND, "sha256": f"{BY_HAND}:{digest}", "options": {}, "parts": [part]}
