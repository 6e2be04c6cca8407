import cv2
import numpy as np
import pytest

from engine.restorers.svfr.choice import best, fitted, merit
from training.faces import make_face_clip

Y, X = np.mgrid[-1:1:96j, -1:1:96j]
FACE = np.stack([0.5 + 0.3 * np.cos(9 * X) * np.cos(7 * Y)] * 3).astype(np.float32)


def blurred(picture, sigma):
    return np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in picture])


def portrait(seed, identity):
    """Return the crop that the engine would make of a drawn face."""
    clip = make_face_clip(seed, 3, 160, identity=identity)
    points = clip.labels.landmarks5[1]
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    height = np.linalg.norm(mouth - eyes)  # the tracked square is 2.5 of these, the crop 2.2 of it
    x, y = (eyes + mouth) / 2 - np.array([0, 0.45]) * height
    step = 5.5 * height / 96
    matrix = np.array([[step, 0, x - 48 * step], [0, step, y - 48 * step]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.stack([cv2.warpAffine(p, matrix, (96, 96), flags=how) for p in clip.pixels[1]])


def test_when_a_picture_is_blurred_then_it_is_worth_less():
    merits = [merit(FACE), merit(blurred(FACE, 2)), merit(blurred(FACE, 5))]
    assert merits == sorted(merits, reverse=True)
    assert merits[0] > merits[2] > 0


def test_when_a_face_is_turned_aside_then_it_is_worth_less():
    assert merit(np.roll(FACE, 9, axis=2)) < merit(FACE)


def test_when_only_the_surroundings_are_sharp_then_they_do_not_count():
    blurry = blurred(FACE, 4)
    busy = blurry.copy()
    busy[:, :16] = np.indices((16, 96)).sum(0) % 2
    assert merit(busy) == merit(blurry)


@pytest.mark.parametrize("identity", [0, 5])
def test_when_a_person_turns_her_head_then_the_frontal_picture_is_best(identity):
    # Seeds whose heads are turned by 3, 4, 21 and 23 degrees.
    frontal, other, *turned = (portrait(seed, identity) for seed in (1, 5, 3, 7))
    assert best([*turned, frontal]) == 2
    assert merit(frontal) > merit(blurred(frontal, 1))
    assert best([turned[0], other, turned[1]]) == 1
    assert best([blurred(frontal, 4), other, turned[0]]) == 1


def test_when_pictures_come_in_another_order_then_the_same_is_best():
    pictures = [blurred(FACE, 3), FACE, FACE[:, ::-1].copy(), blurred(FACE, 1)]
    chosen = pictures[best(pictures)]
    for order in ([3, 2, 1, 0], [1, 3, 0, 2]):
        other = [pictures[i] for i in order]
        assert np.array_equal(other[best(other)], chosen)


def test_when_nothing_is_there_then_the_merit_is_a_number():
    flat = np.zeros((3, 8, 8), np.float32)
    assert merit(flat) == 0
    assert merit(flat[:, :1, :1]) == 0
    assert best([flat, flat]) in {0, 1}


def test_when_a_picture_is_fitted_then_its_middle_is_kept():
    picture = np.zeros((3, 40, 80), np.float32)
    picture[:, :, 20:60] = 0.5
    for side in (16, 40, 64):
        made = fitted(picture, side)
        assert made.shape == (3, side, side)
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, 0.5, atol=1e-6)
