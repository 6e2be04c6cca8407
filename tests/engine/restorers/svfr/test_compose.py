from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from engine.frame_io.colour import encode_knee
from engine.luma import luma as luma_of
from engine.restorer import TASKS, Clip, Guides
from engine.restorers.svfr.compose import (
    GREY,
    confidence,
    delivered,
    plain,
    shown,
    task_ids,
)

RANDOM = np.random.default_rng(3)
PLATE = RANDOM.random((2, 3, 8, 9), np.float32)
MADE = RANDOM.random((2, 3, 8, 9), np.float32) * 1.4 - 0.2
MASK = np.zeros((2, 8, 9), np.float32)
MASK[:, 2:5] = 1
MASK[:, 5] = 0.25
HOLE, KNOWN = MASK[:, None] == 1, MASK[:, None] == 0


def clip(*tasks):
    mask = MASK if "inpaint" in tasks else None
    matte = np.ones((2, 8, 9), np.float32)
    return Clip(PLATE, matte, (1, 2), 1, tasks=tasks, guides=Guides(mask=mask))


def luma(pictures):
    return luma_of(pictures)[:, 0]


def test_when_a_task_is_asked_for_then_the_clip_is_shown_as_it_was_learnt():
    np.testing.assert_array_equal(shown(clip("bfr")), PLATE)
    grey = shown(clip("colour"))
    seen = (GREY * PLATE).sum(1, keepdims=True)
    np.testing.assert_allclose(grey, np.repeat(seen, 3, 1), atol=1e-6)
    holes = shown(clip("bfr", "inpaint"))
    assert (holes[np.broadcast_to(HOLE, holes.shape)] == 1).all()
    known = np.broadcast_to(KNOWN, holes.shape)
    np.testing.assert_array_equal(holes[known], PLATE[known])


def test_when_only_holes_are_filled_then_known_pixels_keep_their_bits():
    made = delivered(clip("inpaint"), MADE)
    known, hole = (np.broadcast_to(where, made.shape) for where in (KNOWN, HOLE))
    assert made[known].tobytes() == PLATE[known].tobytes()
    white = plain(np.clip(MADE, 0, 1))
    np.testing.assert_array_equal(made[hole], white[hole])
    soft = made[:, :, 5] - PLATE[:, :, 5]
    np.testing.assert_allclose(soft, 0.25 * (white - PLATE)[:, :, 5], atol=1e-6)


def test_when_white_is_made_then_it_is_diffuse_white_unless_the_plate_is_brighter():
    codes = np.linspace(0, 1, 72, dtype=np.float32).reshape(8, 9)
    made = np.broadcast_to(codes, PLATE.shape)
    linear = np.where(codes < 0.04, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(plain(codes), encode_knee(linear.astype(np.float32)), atol=1e-6)
    assert plain(codes).max() < 0.83
    there = replace(clip("bfr"), pixels=np.full_like(PLATE, 0.9))
    np.testing.assert_array_equal(delivered(there, made)[0, 0], np.minimum(codes, np.float32(0.9)))
    there = replace(there, tasks=("bfr", "inpaint"), guides=Guides(mask=MASK))
    assert delivered(there, np.ones_like(PLATE))[:, :, 2:5].max() < 0.83, "damage is not kept"


def test_when_a_clip_is_coloured_then_its_luma_stays():
    made = delivered(clip("colour"), MADE)
    np.testing.assert_allclose(luma(made), luma(PLATE), atol=2e-6)
    assert np.abs(made - PLATE).max() > 0.1
    assert 0 <= made.min() <= made.max() <= 1


@pytest.mark.parametrize(
    "tasks", [some for n in (1, 2, 3) for some in combinations(TASKS, n)], ids="-".join
)
def test_when_tasks_are_combined_then_the_result_is_a_picture(tasks):
    one = clip(*tasks)
    made = delivered(one, MADE)
    assert made.shape == PLATE.shape
    assert made.dtype == np.float32
    assert 0 <= made.min() <= made.max() <= 1
    assert task_ids(tasks) == tuple(float(task in tasks) for task in TASKS)
    trust = confidence(one)
    assert (trust is None) == (tasks == ("bfr",))
    if trust is not None:
        assert trust.dtype == np.float32
        assert trust[MASK == 1].max() == (0 if "inpaint" in tasks else 0.5)
