"""Chunks of a shot in processes of their own, in any order, killed and retried: the same bits.

The long form is `make bench-farm`.
"""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_when_a_farm_restores_chunks_under_fire_then_the_take_is_that_of_one_run(tmp_path, tools):
    """The strictest link, a chain: see tests/soak/farm.py for what is drawn."""
    words = ["--farms", "1", "--seed", "8", "--folder", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *words],
        cwd=tools.ROOT,
        env=tools.environment(),
        capture_output=True,
        text=True,
        timeout=tools.DEADLINE_S * 10,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 jobs survived" in done.stdout
