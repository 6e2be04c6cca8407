import cv2
import numpy as np

from engine.restorers.svfr.choice import best, fitted, merit

Y, X = np.mgrid[-1:1:96j, -1:1:96j]
FACE = np.stack([0.5 + 0.3 * np.cos(9 * X) * np.cos(7 * Y)] * 3).astype(np.float32)


def blurred(picture, sigma):
    return np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in picture])


def test_when_a_picture_is_blurred_then_it_is_worth_less():
    merits = [merit(FACE), merit(blurred(FACE, 2)), merit(blurred(FACE, 5))]
    assert merits == sorted(merits, reverse=True)
    assert merits[0] > merits[2] > 0


def test_when_a_face_is_turned_aside_then_it_is_worth_less():
    assert merit(np.roll(FACE, 9, axis=2)) < merit(FACE)


def test_when_only_the_surroundings_are_sharp_then_the_matte_leaves_them_out():
    matte = np.zeros((96, 96), np.float32)
    matte[24:72, 24:72] = 1
    fooled = blurred(FACE, 4)
    fooled[:, :16] = np.indices((16, 96)).sum(0) % 2
    assert merit(fooled) > merit(FACE)
    assert merit(fooled, matte) < merit(FACE, matte)


def test_when_pictures_come_in_another_order_then_the_same_is_best():
    pictures = [blurred(FACE, 3), FACE, FACE[:, ::-1].copy(), blurred(FACE, 1)]
    chosen = pictures[best(pictures)]
    for order in ([3, 2, 1, 0], [1, 3, 0, 2]):
        other = [pictures[i] for i in order]
        assert np.array_equal(other[best(other)], chosen)


def test_when_nothing_is_there_then_the_merit_is_a_number():
    flat = np.zeros((3, 8, 8), np.float32)
    assert merit(flat, np.zeros((8, 8), np.float32)) == 0
    assert best([flat, flat]) in {0, 1}


def test_when_a_picture_is_fitted_then_its_middle_is_kept():
    picture = np.zeros((3, 40, 80), np.float32)
    picture[:, :, 20:60] = 0.5
    for side in (16, 40, 64):
        made = fitted(picture, side)
        assert made.shape == (3, side, side)
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, 0.5, atol=1e-6)
