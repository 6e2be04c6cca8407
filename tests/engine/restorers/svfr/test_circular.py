import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.restorers.svfr.circular import calls, circular_windows, triangle
from plugin_host.errors import SettingsError
from tests.engine.restorers.svfr.tiny import GOLDEN, needs_golden

COUNTS = st.integers(1, 60)


@given(st.integers(0, 60), COUNTS, st.integers(1, 20), st.integers(0, 25))
def test_when_windows_are_laid_then_every_frame_is_seen(step, frames, window, overlap):
    laid = circular_windows(step, frames, window, overlap)
    assert {frame for one in laid for frame in one} == set(range(frames))
    for one in laid:
        assert len(one) == window
        assert all((b - a) % frames == 1 % frames for a, b in pairwise(one))


@given(COUNTS, st.integers(1, 20), st.integers(0, 19), st.integers(1, 60))
def test_when_steps_are_counted_then_the_sum_is_the_published_one(frames, window, overlap, steps):
    overlap = min(overlap, window - 1)
    early, late = -(-frames // (window - overlap)), -(-frames // window)
    wanted = min(steps, 3) * early + max(steps - 3, 0) * late
    assert calls(frames, window, overlap, steps) == wanted


def test_when_sixteen_frames_take_fifty_steps_then_there_are_fifty_three_windows():
    assert calls(16, 16, 3, 50) == 53


def test_when_the_overlap_leaves_no_stride_then_it_is_shortened():
    assert circular_windows(0, 3, 3, 3) == circular_windows(0, 3, 3, 2)


@pytest.mark.parametrize("numbers", [(-1, 3, 3, 0), (0, 0, 3, 0), (0, 3, 0, 0), (0, 3, 3, -1)])
def test_when_a_number_makes_no_sense_then_it_is_refused(numbers):
    with pytest.raises(SettingsError, match="begin at"):
        circular_windows(*numbers)


def test_when_a_window_is_weighed_then_its_middle_counts_most():
    assert triangle(6) == (1, 2, 3, 3, 2, 1)
    assert triangle(5) == (1, 2, 3, 2, 1)
    assert triangle(1) == (1,)


@needs_golden
def test_when_the_official_program_was_watched_then_its_windows_are_ours():
    meta = json.loads((GOLDEN / "meta.json").read_text("utf-8"))
    for name, steps in meta["windows_real"].items():
        frames, window, overlap = map(int, re.findall(r"\d+", name))
        for step, told in steps.items():
            ours = circular_windows(int(step), frames, window, overlap)
            assert [list(one) for one in ours] == told
