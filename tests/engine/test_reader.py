from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.reader import Reader
from plugin_host.errors import FrameMissing

LONG = 10  # seconds; reached only where a test fails


@given(st.lists(st.integers(1, 30), unique=True), st.integers(0, 5))
def test_when_frames_are_asked_for_in_order_then_each_is_read_once(order, ahead):
    read = []
    with Reader(lambda frame: read.append(frame) or -frame, order, ahead) as reader:
        assert [reader.get(frame) for frame in order] == [-frame for frame in order]
    assert read == order


def test_when_frames_are_asked_for_out_of_order_then_they_come_all_the_same():
    with Reader(lambda frame: -frame, [1, 2, 3, 4], 1) as reader:
        assert [reader.get(frame) for frame in (3, 1, 4, 2)] == [-3, -1, -4, -2]


def test_when_one_frame_is_taken_then_the_next_few_are_read_and_no_more():
    read, third = [], threading.Event()

    def slowly(frame):
        read.append(frame)
        if frame == 3:
            third.set()
        return frame

    with Reader(slowly, range(1, 10), 2, lambda: False) as reader:
        assert len(reader._waiting) == 2
        reader.get(1)
        assert third.wait(LONG)
        assert len(reader._waiting) == 2
        assert read == [1, 2, 3]


def test_when_the_block_is_entered_then_reading_begins_unless_memory_is_short():
    begun = threading.Event()
    with Reader(lambda _: begun.set(), [1, 2], 2, lambda: False):
        assert begun.wait(LONG)
    begun.clear()
    with Reader(lambda _: begun.set(), [1, 2], 2, lambda: True) as reader:
        assert not reader._waiting
    assert not begun.is_set()


def test_when_reading_fails_then_the_error_comes_with_its_frame_and_the_others_go_on():
    def read(frame):
        if frame == 2:
            raise FrameMissing("gone", frame=frame)
        return frame

    with Reader(read, [1, 2, 3], 4) as reader:
        assert reader.get(1) == 1
        with pytest.raises(FrameMissing, match="frame 2"):
            reader.get(2)
        assert reader.get(3) == 3


def test_when_the_block_is_left_then_no_reading_goes_on():
    def leave_in_anger():
        with Reader(lambda frame: frame, range(100), 8) as reader:
            reader.get(0)
            raise RuntimeError

    before = threading.active_count()
    with pytest.raises(RuntimeError):
        leave_in_anger()
    assert threading.active_count() == before


def test_when_a_frame_stands_in_the_order_twice_then_it_is_handed_out_twice():
    order = [2, 1, 1, 2, 3]
    with Reader(lambda frame: -frame, order, 4) as reader:
        assert [reader.get(frame) for frame in (2, 1, 1, 2, 3)] == [-2, -1, -1, -2, -3]


class Held:
    """A frame that takes up room as long as somebody holds it."""

    most = 99
    alive = 0

    def __init__(self, frame):
        if Held.alive >= Held.most:
            raise MemoryError
        Held.alive += 1
        self.frame = frame

    def __del__(self):
        if hasattr(self, "frame"):
            Held.alive -= 1


@given(st.permutations(range(8)), st.integers(0, 6), st.integers(1, 5))
def test_when_memory_runs_out_then_every_frame_still_comes_and_fewer_wait(order, ahead, most):
    Held.most, Held.alive = most, 0
    with Reader(Held, order, ahead, lambda: False) as reader:
        for frame in order:
            held = reader.get(frame)
            assert held.frame == frame
            del held
    assert Held.alive == 0


def test_when_not_even_one_frame_fits_then_it_is_said():
    Held.most, Held.alive = 0, 0
    with Reader(Held, [1, 2], 4, lambda: False) as reader, pytest.raises(MemoryError):
        reader.get(1)


def test_when_memory_is_short_then_nothing_is_read_before_it_is_asked_for():
    read, short = [], True
    with Reader(lambda frame: read.append(frame) or frame, range(9), 3, lambda: short) as reader:
        assert [reader.get(frame) for frame in (0, 1)] == [0, 1]
        assert read == [0, 1]
        short = False
        reader.get(2)
        assert [reader.get(frame) for frame in (3, 4)] == [3, 4]
    assert len(read) > 5
