import cv2
import numpy as np
import pytest

from engine.faces.appearance import signature
from engine.faces.detect import FaceBox


def test_when_a_person_is_seen_noisier_then_the_looks_stay_nearer_than_another_persons(people):
    box = FaceBox(65, 64, 98, 98, 3)
    noise = np.random.default_rng(0).normal(0, 30, people[0].shape)
    noisy = np.clip(people[0] + noise, 0, 255).astype(np.uint8)
    moved = FaceBox(62, 67, 92, 92, 3)
    own = signature(people[0], box)
    other = FaceBox(230 - 65 - 98, 64, 98, 98, 3)
    assert np.linalg.norm(own - signature(noisy, moved)) < 0.8
    assert np.linalg.norm(own - signature(people[1], other)) > 1.0


@pytest.mark.parametrize("change", ["brighter", "flatter", "larger"])
def test_when_light_or_distance_change_then_the_looks_stay(people, change):
    box = FaceBox(65, 64, 98, 98, 3)
    own = signature(people[0], box)
    if change == "larger":
        picture = cv2.resize(people[0], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        box = FaceBox(130.5, 128.5, 196, 196, 3)
    else:
        gain, lift = (1.25, 0) if change == "brighter" else (0.7, 40)
        picture = np.clip(people[0] * gain + lift, 0, 255).astype(np.uint8)
    assert np.linalg.norm(own - signature(picture, box)) < 0.35
