from dataclasses import replace

import numpy as np
import pytest

from bench.drive import restore
from engine.frame_io.colour import KNEE, encode_open
from engine.restorer import Restored, RestorerInfo, check_reference
from engine.restorers import load_restorer

INFO = RestorerInfo(
    name="probe", title="Probe", tasks=("bfr", "inpaint"), link="chained", window=4,
    licence="Apache-2.0", source="none", content_agnostic=True, guides=("mask",),
)  # fmt: skip
KNEE_CODE = float(encode_open(np.array([KNEE], np.float32))[0])


class Probe:
    """Adds a tenth and remembers what it was given."""

    def __init__(self, **declared):
        self.info = replace(INFO, **declared)
        self.clips = []

    def restore(self, clip, reference):
        check_reference(self.info, clip, reference)
        self.clips.append(clip)
        after = reference.followed_by(clip.frames[-1], {})
        return Restored(clip.pixels + np.float32(0.1), after)


def plate(frames=10):
    rng = np.random.Generator(np.random.PCG64(1))
    return rng.uniform(0.05, 0.65, (frames, 3, 16, 16)).astype(np.float32)


@pytest.mark.parametrize(
    "declared",
    [
        {"link": "chained"},
        {"link": "independent", "overlap": 2},
        {"link": "anchored", "overlap": 1},
        {"link": "warmed", "warm_up": 3},
        {"curve": "open"},
    ],
)
def test_when_windows_are_linked_in_any_way_then_each_frame_comes_back_once_restored(declared):
    probe = Probe(**declared)
    restored, seconds = restore(probe, plate(), "bfr")
    assert np.abs(restored - plate() - 0.1).max() < 1e-5
    assert seconds >= 0
    assert len(probe.clips) > 2
    assert all(len(c.frames) <= 4 + probe.info.warm_up for c in probe.clips)
    # check_reference has refused every reference that does not lead into its clip


def test_when_nothing_is_changed_then_the_plate_comes_back():
    restored, _ = restore(load_restorer("passthrough"), plate(), "bfr")
    assert np.abs(restored - plate()).max() < 1e-6


def test_when_a_curve_is_declared_then_highlights_are_seen_through_it():
    bright = np.full((2, 3, 16, 16), 1, np.float32)
    seen = {}
    for curve in ("knee", "open"):
        probe = Probe(curve=curve)
        restore(probe, bright, "bfr")
        seen[curve] = probe.clips[0].pixels.max()
    assert seen["open"] == pytest.approx(1, abs=1e-6)
    assert KNEE_CODE < seen["knee"] < 0.9


def test_when_there_are_holes_then_the_mask_of_each_frame_is_given():
    mask = np.arange(10, dtype=np.float32)[:, None, None] / 10 * np.ones((1, 16, 16), np.float32)
    probe = Probe()
    restore(probe, plate(), "inpaint", mask)
    for clip in probe.clips:
        assert clip.tasks == ("inpaint",)
        assert np.array_equal(clip.guides.mask, mask[list(clip.frames)])


def test_when_a_restorer_declares_parameters_then_it_gets_their_defaults():
    restorer = load_restorer("temporal-denoise")
    probe = Probe(parameters=restorer.info.parameters)
    restore(probe, plate(4), "bfr")
    assert probe.clips[0].parameters == {"strength": 100}
