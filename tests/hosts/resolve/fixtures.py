"""For a `conftest.py`: `from tests.hosts.resolve.fixtures import resolve_kit`."""

import contextlib

import pytest

from .kit import Kit


@pytest.fixture
def resolve_kit(tmp_path):
    """Start fake Resolves; at the end, no host may have been lost, nobody's jobs touched.

    resolve_kit(version="21.1", edition="free", locale="es")
    """
    with contextlib.ExitStack() as stack:
        started = []

        def start(**options):
            folder = tmp_path / f"resolve{len(started)}"
            folder.mkdir()
            kit = stack.enter_context(Kit(folder, **options))
            started.append(kit)
            return kit

        yield start
    assert not [violation for kit in started for violation in kit.violations]
    assert not [kit.failure for kit in started if kit.failure]
