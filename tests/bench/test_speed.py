import numpy as np

from bench import speed
from engine.restorer import Restored
from engine.restorers import load_restorer


class Slow:
    """Takes a second a frame by the clock that it is given."""

    info = load_restorer("passthrough").info

    def __init__(self):
        self.now = 0.0
        self.sides = set()

    def restore(self, clip, reference):
        self.now += len(clip.frames)
        self.sides.add(clip.pixels.shape[2:])
        return Restored(clip.pixels, reference.followed_by(clip.frames[-1], {}))


def test_when_a_restorer_takes_a_second_a_frame_then_the_rate_is_one(monkeypatch):
    slow = Slow()
    monkeypatch.setattr(speed.time, "process_time", lambda: slow.now)
    assert speed.frames_per_second(slow, 96, 16, cpu=True) == 1.0
    assert slow.sides == {(96, 96)}
    assert slow.now == 24  # the first window is not counted


def test_when_the_side_is_larger_than_the_plate_then_it_is_tiled(monkeypatch):
    slow = Slow()
    monkeypatch.setattr(speed.time, "perf_counter", lambda: slow.now)
    assert speed.frames_per_second(slow, 512, 8, cpu=False) == 1.0
    assert slow.sides == {(512, 512)}
    assert np.isfinite(slow.now)
