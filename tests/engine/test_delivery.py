from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clips import Delta
from engine.delivery import Delivered, WriteBehind, blend
from engine.windowing import Window, windows
from plugin_host.errors import FrameWriteFailed

LONG = 10  # seconds; reached only where a test fails


def delta(frames, value):
    planes = np.full((len(frames), 3, 2, 2), value, np.float32)
    return Delta(tuple(frames), planes, planes[:, 0])


def test_when_one_window_holds_a_frame_then_its_very_bits_are_taken():
    strange = delta((1, 2), -0.0)
    blended = blend(2, [(Window(0, (1, 2)), strange)], 1)
    assert blended.frames == (2,)
    assert blended.delta.tobytes() == strange.delta[1:].tobytes()
    assert np.signbit(blended.delta).all()


@given(st.integers(1, 9), st.data())
def test_when_windows_overlap_then_their_weights_rise_evenly_and_sum_to_one(length, data):
    overlap = data.draw(st.integers(0, length // 2))
    shot = range(100, 100 + data.draw(st.integers(1, 40)))
    grid = windows(tuple(shot), length, overlap)
    for frame in shot:
        parts = [
            (window, delta(window.frames, window.index))
            for window in grid
            if frame in window.frames
        ]
        blended = blend(frame, parts, overlap)
        (first, _), (last, _) = parts[0], parts[-1]
        place = last.frames.index(frame)
        share = 0 if len(parts) == 1 else (place + 1) / (overlap + 1)
        assert len(parts) <= 2
        expected = first.index + (last.index - first.index) * share
        assert np.allclose(blended.delta, expected)
        assert np.allclose(blended.confidence, expected)
        assert blended.delta.dtype == blended.confidence.dtype == np.float32


def test_when_a_track_misses_frames_then_the_grid_still_says_the_weight():
    """Frame 4 is second of three in the overlap, also where the track has no frame 3."""
    earlier, later = Window(0, (0, 1, 2, 3, 4, 5)), Window(1, (3, 4, 5, 6, 7, 8))
    parts = [(earlier, delta((0, 4), 0)), (later, delta((4, 5, 6), 1))]
    assert np.allclose(blend(4, parts, 3).delta, 0.5)


def test_when_both_windows_change_nothing_then_the_blend_is_exactly_zero():
    parts = [(Window(0, (1, 2)), delta((1, 2), -0.0)), (Window(1, (2, 3)), delta((2, 3), -0.0))]
    assert (blend(2, parts, 1).delta == 0).all()


# writing behind


def frame(number):
    return Delivered(number, "restored", Path(f"/out/{number}.exr"), "")


def test_when_deliveries_are_begun_then_each_is_told_in_order():
    told = []
    with WriteBehind(lambda delivered: told.append(delivered.frame), 2) as writer:
        for number in range(10):
            writer.begin(lambda n=number: frame(n))
    assert told == list(range(10))


def test_when_a_later_delivery_is_faster_then_it_is_told_in_its_turn():
    told, gate = [], threading.Event()

    def slowly():
        assert gate.wait(LONG)
        return frame(0)

    with WriteBehind(lambda delivered: told.append(delivered.frame), 8) as writer:
        writer.begin(slowly)
        for number in range(1, 5):
            writer.begin(lambda n=number: frame(n))
        assert told == []
        gate.set()
    assert told == [0, 1, 2, 3, 4]


def test_when_a_delivery_is_done_then_it_is_told_whatever_the_caller_does_meanwhile():
    told = threading.Event()
    with WriteBehind(lambda _: told.set(), 8) as writer:
        writer.begin(lambda: frame(1))
        assert told.wait(LONG)


def test_when_too_many_are_under_way_then_begin_waits_for_the_oldest():
    told, gate = [], threading.Event()

    def slowly(number):
        assert gate.wait(LONG)
        return frame(number)

    with WriteBehind(lambda delivered: told.append(delivered.frame), 2) as writer:
        for number in range(2):
            writer.begin(lambda n=number: slowly(n))
        assert told == []
        threading.Timer(0.05, gate.set).start()
        writer.begin(lambda: slowly(2))
        assert told[:1] == [0]
    assert told == [0, 1, 2]


def fail(number):
    raise FrameWriteFailed("the disk is full", frame=number)


def test_when_a_delivery_fails_then_the_error_comes_and_what_was_written_is_told():
    told = []

    def write_all():
        with WriteBehind(lambda delivered: told.append(delivered.frame), 1) as writer:
            for number in range(6):
                writer.begin(lambda n=number: fail(n) if n == 2 else frame(n))

    with pytest.raises(FrameWriteFailed, match="frame 2"):
        write_all()
    assert told[:2] == [0, 1]
    assert 2 not in told


def test_when_the_last_delivery_fails_then_leaving_the_block_raises_it():
    def write_last():
        with WriteBehind(lambda _: None, 4) as writer:
            writer.begin(lambda: fail(9))

    with pytest.raises(FrameWriteFailed, match="frame 9"):
        write_last()


def test_when_the_block_is_left_by_an_error_then_what_was_begun_is_finished_and_told():
    told = []

    def leave():
        with WriteBehind(lambda delivered: told.append(delivered.frame), 4) as writer:
            for number in range(3):
                writer.begin(lambda n=number: frame(n))
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert told == [0, 1, 2]
    assert threading.active_count() == before
