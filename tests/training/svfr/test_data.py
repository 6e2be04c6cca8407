import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from engine.restorers.svfr.networks import seeded
from engine.restorers.svfr.sizes import TINY
from training.degrade import LEVELS, TASKS, Recipe
from training.degrade.recipe import Brush, Gauss
from training.svfr import data
from training.svfr.data import TASK_SETS, Lessons, Mix, damage, face, make_pair, vector

EVERYTHING = Recipe("all", (Gauss(20),), "codes", Brush(0.2))
MIX = Mix(seed=0, clips=2, frames=2, people=2)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(data, "LONG", 4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_when_everything_is_asked_then_the_target_is_the_clean_clip():
    clip = face(0, 64)
    row = damage(clip, 1, 2, TASKS, EVERYTHING)
    assert_array_equal(row.target, clip.pixels[1:4])
    assert_array_equal(row.landmarks68, clip.labels.landmarks68[1:4])
    assert np.abs(row.plate - row.target).mean() > 0.02


@pytest.mark.parametrize("asked", TASK_SETS)
def test_when_a_damage_is_not_asked_to_be_undone_then_it_is_in_the_target(asked):
    row = damage(face(0, 64), 0, 2, asked, EVERYTHING)
    grey = np.ptp(row.target, axis=1).max() < 1e-5
    assert ("colour" in asked) != grey
    if not grey:
        kept = (row.target == face(0, 64).pixels[:3]).mean() > 0.5
        assert ("bfr" in asked) == kept
    holes = (row.target == 0.5).all(1).mean() > 0.1
    assert ("inpaint" in asked) != holes


def test_when_a_damage_is_left_then_plate_and_target_have_the_same():
    recipe = Recipe("noise and holes", (Gauss(20),), None, Brush(0.2))
    row = damage(face(0, 64), 0, 2, ("inpaint",), recipe)
    assert (row.plate == row.target).mean() > 0.6


def test_when_tasks_are_listed_then_every_combination_is_there():
    assert len(set(TASK_SETS)) == 7
    assert vector(("colour",)) == [0, 1, 0]


@pytest.fixture(scope="module")
def networks():
    return seeded(TINY)


def test_when_a_batch_is_made_again_then_it_is_the_same_and_pairs_share_a_clip(networks):
    lessons = Lessons(networks, MIX)
    lessons.batch(4)
    one, other = lessons.batch(3), Lessons(networks, MIX).batch(3)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert one.target.shape == one.plate.shape == (4, 2, 4, 8, 8)
    assert torch.equal(one.landmarks[0], one.landmarks[1])
    assert not torch.equal(one.landmarks[0], one.landmarks[2])
    assert not torch.equal(one.task[0], one.task[1])
    assert one.maps.shape == (4, 32, 7, 7)


def test_when_a_pair_was_made_then_it_is_kept(networks, monkeypatch):
    monkeypatch.setattr(data, "WAYS", 1)
    lessons = Lessons(networks, MIX)
    lessons.batch(0)
    monkeypatch.setattr(data, "make_pair", None)
    assert lessons.batch(1).target.shape == (4, 2, 4, 8, 8)


def test_when_a_person_is_damaged_in_another_way_then_the_tasks_differ():
    pairs = [make_pair(MIX, 0, way, 64) for way in range(4)]
    assert all(pair[0].asked != pair[1].asked for pair in pairs)
    assert len({tuple(row.asked) for pair in pairs for row in pair}) > 2


def test_when_a_clean_face_is_encoded_then_plate_and_target_are_the_same(networks):
    lessons = Lessons(networks, MIX)
    rows = [damage(face(n, 64), 0, 3, ("bfr",), LEVELS["clean"]) for n in range(2)]
    batch = lessons.encoded(rows)
    assert torch.equal(batch.target, batch.plate)
    assert 0.5 < batch.target.std() < 2
