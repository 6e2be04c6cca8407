import numpy as np
import pytest

from bench.plates import HELD_OUT, STRANGERS, VIEWS, Extent, Subject, _view
from training.faces import make_face_clip


@pytest.mark.parametrize("subject", Extent(clips=3, views=1).subjects)
def test_when_a_clip_is_made_then_it_moves_within_its_range_and_is_the_same_again(subject):
    pixels = subject.pixels(2, 48)
    assert pixels.shape == (2, 3, 48, 48)
    assert pixels.dtype == np.float32
    assert 0 <= pixels.min() < pixels.max() <= 1
    assert np.abs(np.diff(pixels, axis=0)).max() > 1 / 255
    assert np.array_equal(pixels, subject.pixels(2, 48))


def test_when_clips_are_named_then_each_has_a_seed_and_a_still_of_its_own():
    extent = Extent(clips=40, views=9)
    assert sum(subject.source == "real" for subject in extent.subjects) == len(VIEWS)
    stills = [subject.seed // 16 for subject in extent.subjects]
    assert len(set(stills)) == len(stills) == 40 + len(VIEWS)
    assert min(subject.seed for subject in extent.subjects) == HELD_OUT


def test_when_a_clip_chooses_its_own_identity_then_it_is_no_held_out_one():
    assert make_face_clip(HELD_OUT, 1, 16).labels.identity < STRANGERS


def test_when_a_face_is_held_out_then_its_person_is_a_stranger():
    shown = Subject("procedural", 1)
    by_itself = make_face_clip(shown.seed, 1, 32).pixels
    assert not np.array_equal(shown.pixels(1, 32), by_itself)


@pytest.mark.parametrize(
    ("middle", "first"), [((20, 16), (12, 8)), ((0, 0), (0, 0)), ((99, 99), (24, 16))]
)
def test_when_a_view_is_cut_then_it_stays_inside_the_frame(middle, first):
    y, x = np.mgrid[:32, :40]
    codes = np.stack([x, y, x + y], axis=-1)[None].astype(np.uint8)
    view = _view(codes, middle, 16)
    assert view.shape == (1, 3, 16, 16)
    assert np.allclose(view[0, :2, 0, 0] * 255, first)
