import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import resource
from engine.heap import keep_large_blocks
print(keep_large_blocks())
def faults():
    bytearray(64 << 20)[::4096] = bytes(16384)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
first = faults()
for _ in range(4):
    last = faults()
print(last - first < 4 * 16384)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_when_large_blocks_are_kept_then_their_pages_are_touched_once():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=ROOT, check=True
    )
    told, kept = done.stdout.split()
    if told == "False":
        pytest.skip("another C library")
    assert kept == "True"
