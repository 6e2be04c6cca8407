import cv2
import numpy as np
import pytest
from skimage import data

from engine.faces.cuts import find_cuts


def thumbnails(pictures, first=1001):
    return {
        first + index: cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA)
        for index, picture in enumerate(pictures)
    }


@pytest.fixture(scope="module")
def setups(portrait):
    return portrait, data.coffee(), data.rocket(), data.chelsea()


def test_when_the_setup_changes_then_each_change_is_a_cut(setups):
    pictures = [setup for setup in setups for _ in range(6)]
    assert find_cuts(thumbnails(pictures)) == (1007, 1013, 1019)


def test_when_frames_are_missing_then_the_cut_is_at_the_next_that_is_there(setups):
    found = thumbnails([setups[0]] * 6 + [setups[1]] * 6)
    del found[1007], found[1003]
    assert find_cuts(found) == (1008,)


@pytest.mark.parametrize("length", [1, 2])
def test_when_a_flash_goes_off_then_it_is_no_cut(setups, length):
    flash = np.clip(setups[0].astype(int) * 2 + 120, 0, 255).astype(np.uint8)
    pictures = [setups[0]] * 6 + [flash] * length + [setups[0]] * 6
    assert find_cuts(thumbnails(pictures)) == ()


def test_when_every_other_frame_flashes_then_it_is_no_cut(setups):
    white = np.full_like(setups[0], 255)
    pictures = [white if index % 2 else setups[0] for index in range(12)]
    assert find_cuts(thumbnails(pictures)) == ()


@pytest.mark.parametrize("speed", [4, 20, 60])
def test_when_the_camera_pans_then_it_is_no_cut(portrait, speed):
    wide = np.concatenate([portrait, portrait[:, ::-1], portrait], axis=1)
    pictures = [wide[:, x : x + 512] for x in range(0, 1000, speed)][:20]
    assert find_cuts(thumbnails(pictures)) == ()


def test_when_a_lamp_is_switched_on_then_it_is_no_cut(setups):
    dim = (setups[0] * 0.35).astype(np.uint8)
    assert find_cuts(thumbnails([dim] * 6 + [setups[0]] * 6)) == ()


@pytest.mark.parametrize("level", [0, 60])
def test_when_there_is_nothing_but_noise_then_it_is_no_cut(level):
    rng = np.random.default_rng(3)
    pictures = [
        np.clip(level + rng.normal(0, 30, (180, 320, 3)), 0, 255).astype(np.uint8)
        for _ in range(10)
    ]
    assert find_cuts(thumbnails(pictures)) == ()


def test_when_the_plate_is_noisy_then_its_cut_is_found_still(setups):
    rng = np.random.default_rng(3)
    pictures = [
        np.clip(setup + rng.normal(0, 40, setup.shape), 0, 255).astype(np.uint8)
        for setup in setups[:2]
        for _ in range(5)
    ]
    assert find_cuts(thumbnails(pictures)) == (1006,)


@pytest.mark.parametrize("count", [0, 1])
def test_when_there_are_too_few_frames_then_there_is_no_cut(setups, count):
    assert find_cuts(thumbnails([setups[0]] * count)) == ()
