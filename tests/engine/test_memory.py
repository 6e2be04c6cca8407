from __future__ import annotations

import sys

import pytest

from engine.memory import SCARCE, available, is_short

MEMINFO = "MemTotal:       24000000 kB\nMemFree:         100000 kB\nMemAvailable:   {} kB\n"


@pytest.fixture
def accounts(tmp_path):
    def write(free_kb, limit=None, used=0, files=0):
        (tmp_path / "meminfo").write_text(MEMINFO.format(free_kb))
        if limit is not None:
            (tmp_path / "memory.max").write_text(f"{limit}\n")
            (tmp_path / "memory.current").write_text(f"{used}\n")
            (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {files}\n")
        return available(tmp_path / "meminfo", tmp_path)

    return write


def test_when_only_the_machine_tells_then_its_word_counts(accounts):
    assert accounts(2048) == 2048 * 1024
    assert accounts(2048, "max") == 2048 * 1024


def test_when_a_container_has_less_then_that_counts_and_its_cache_is_free(accounts):
    assert accounts(2048, 1_000_000, 700_000, 100_000) == 400_000
    assert accounts(2048, 1 << 40) == 2048 * 1024


def test_when_nobody_tells_then_nothing_is_known(tmp_path):
    assert available(tmp_path / "none", tmp_path) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_when_this_machine_is_asked_then_it_tells():
    left = available()
    assert left is not None
    assert left > 0
    assert is_short() == (left < SCARCE)
