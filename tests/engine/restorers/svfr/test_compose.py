from itertools import combinations

import numpy as np
import pytest

from engine.restorer import TASKS, Clip, Guides
from engine.restorers.svfr.compose import (
    LUMA,
    confidence,
    delivered,
    shown,
    task_ids,
    with_luma,
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
    return (LUMA * pictures).sum(1)


def test_when_a_task_is_asked_for_then_the_clip_is_shown_as_it_was_learnt():
    np.testing.assert_array_equal(shown(clip("bfr")), PLATE)
    grey = shown(clip("colour"))
    np.testing.assert_allclose(grey, np.repeat(luma(PLATE)[:, None], 3, 1), atol=1e-6)
    holes = shown(clip("bfr", "inpaint"))
    assert (holes[np.broadcast_to(HOLE, holes.shape)] == 1).all()
    known = np.broadcast_to(KNOWN, holes.shape)
    np.testing.assert_array_equal(holes[known], PLATE[known])


def test_when_only_holes_are_filled_then_known_pixels_keep_their_bits():
    made = delivered(clip("inpaint"), MADE)
    known, hole = (np.broadcast_to(where, made.shape) for where in (KNOWN, HOLE))
    assert made[known].tobytes() == PLATE[known].tobytes()
    np.testing.assert_array_equal(made[hole], np.clip(MADE, 0, 1)[hole])
    soft = made[:, :, 5] - PLATE[:, :, 5]
    np.testing.assert_allclose(soft, 0.25 * (np.clip(MADE, 0, 1) - PLATE)[:, :, 5], atol=1e-6)


def test_when_a_clip_is_coloured_then_its_luma_stays():
    made = delivered(clip("colour"), MADE)
    np.testing.assert_allclose(luma(made), luma(PLATE), atol=2e-6)
    assert np.abs(made - PLATE).max() > 0.1
    assert 0 <= made.min() <= made.max() <= 1


def test_when_colours_fit_then_they_are_those_that_were_made():
    pictures = np.full((1, 3, 2, 2), 0.4, np.float32)
    pictures[:, 0] = 0.6
    np.testing.assert_allclose(with_luma(pictures, luma(pictures)[:, None]), pictures, atol=1e-6)


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
