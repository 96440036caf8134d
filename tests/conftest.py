"""What every test stands on: no shop of the user's, and random shops that are the same each time."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings

# `make test` draws the same examples on every machine, so that it passes or fails for a reason in the
# code; `make fuzz` draws others each time, and many more.
_slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("test", deadline=None, derandomize=True, suppress_health_check=_slow)
settings.register_profile(
    "fuzz", deadline=timedelta(seconds=30), max_examples=3_000, suppress_health_check=_slow
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


@pytest.fixture(autouse=True)
def _no_data_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the variable that names a data folder: a test says itself which folder it means."""
    monkeypatch.delenv("MEMBERLIB_DATA", raising=False)
