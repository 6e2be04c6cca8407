import subprocess
import sys
from functools import cache
from hashlib import sha256

import numpy as np
import pytest

from engine.faces.detect import FaceDetector
from training.clip import make_clip
from training.faces import make_face_clip

SIZE, FRAMES = 96, 8


@cache
def clip_of(seed, identity=None, frames=FRAMES, size=SIZE, *, frontal=False):
    return make_face_clip(seed, frames, size, identity=identity, frontal=frontal)


def digest(clip):
    labels = clip.labels
    parts = (clip.pixels, labels.matte, labels.landmarks68, labels.sound, labels.parameters)
    return sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def test_when_a_clip_is_made_then_pixels_and_labels_have_the_declared_shapes():
    clip = clip_of(3)
    labels = clip.labels
    assert clip.kind == "face"
    assert clip.pixels.shape == (FRAMES, 3, SIZE, SIZE)
    assert labels.landmarks68.shape == (FRAMES, 68, 2)
    assert labels.landmarks5.shape == (FRAMES, 5, 2)
    assert labels.matte.shape == (FRAMES, SIZE, SIZE)
    assert labels.sound.shape == (FRAMES * 640,)
    arrays = (clip.pixels, labels.matte, labels.landmarks68, labels.landmarks5, labels.sound)
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays)
    assert clip.pixels.min() >= 0
    assert clip.pixels.max() <= 1
    assert np.abs(labels.sound).max() <= 1
    assert len(labels.expressions) == FRAMES


def test_when_another_process_makes_the_clip_then_the_bits_are_the_same():
    code = (
        "import sys; from hashlib import sha256; from training.clip import make_clip\n"
        f"c = make_clip('face', 3, {FRAMES}, {SIZE}); l = c.labels\n"
        "parts = (c.pixels, l.matte, l.landmarks68, l.sound, l.parameters)\n"
        "print(sha256(b''.join(p.tobytes() for p in parts)).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(clip_of(3))


def test_when_the_table_makes_a_face_then_it_is_this_one():
    assert digest(make_clip("face", 3, FRAMES, SIZE)) == digest(clip_of(3))


def test_when_one_person_moves_twice_then_only_the_person_stays():
    one, other = clip_of(1, identity=9), clip_of(2, identity=9)
    assert one.labels.identity == other.labels.identity == 9
    np.testing.assert_array_equal(one.labels.parameters, other.labels.parameters)
    assert np.abs(one.pixels - other.pixels).mean() > 0.02


def test_when_people_differ_then_parameters_and_pictures_do():
    one, other = clip_of(1, identity=9), clip_of(1, identity=10)
    assert np.abs(one.labels.parameters - other.labels.parameters).max() > 0.1
    assert np.abs(one.pixels - other.pixels).mean() > 0.02


def test_when_a_head_moves_then_landmarks_follow_what_is_seen():
    clip = clip_of(3)
    marks, matte = clip.labels.landmarks68, clip.labels.matte
    assert np.abs(np.diff(marks, axis=0)).max() > 0.05
    for frame in range(FRAMES):
        x, y = np.round(marks[frame]).astype(int).T
        assert matte[frame][y[27:], x[27:]].min() > 0.9
        assert matte[frame][y[8] + 3, x[8]] < 0.1


def test_when_eyes_are_labelled_then_the_picture_has_dark_pupils_there():
    dark = 0
    for seed in range(200, 206):
        clip = clip_of(seed, frames=1, size=256, frontal=True)
        grey, marks = clip.pixels[0].mean(0), np.round(clip.labels.landmarks68[0]).astype(int)
        for eye in (marks[36:42], marks[42:48]):
            x, y = eye.mean(0).astype(int)
            cheek = grey[marks[33, 1] - 12 : marks[33, 1], x - 4 : x + 5]
            dark += grey[y - 3 : y + 4, x - 9 : x + 10].min() < 0.6 * cheek.mean()
    assert dark >= 10


def test_when_a_face_is_seen_from_the_front_then_the_detector_finds_it():
    found, detector = 0, FaceDetector()
    for seed in range(200, 210):
        clip = clip_of(seed, frames=1, size=256, frontal=True)
        picture = np.round(clip.pixels[0].transpose(1, 2, 0) * 255).astype(np.uint8)
        middle = clip.labels.landmarks68[0, 17:].mean(0)
        found += any(
            np.abs(np.subtract(box.centre, middle)).max() < 0.3 * box.size
            for box in detector.detect(np.ascontiguousarray(picture))
        )
    assert found >= 8


def test_when_the_matte_is_laid_on_then_it_is_the_middle_of_the_picture_only():
    matte = clip_of(3).labels.matte
    assert 0 <= matte.min() < 0.01
    assert 0.99 < matte.max() <= 1
    assert 0.08 < matte.mean() < 0.5
    assert matte[:, [0, -1]].max() < 0.01


@pytest.mark.parametrize(("seed", "frames", "size"), [(-1, 1, 64), (0, 0, 64), (0, 1, 0)])
def test_when_a_clip_is_impossible_then_it_is_refused(seed, frames, size):
    with pytest.raises(ValueError, match="no face of seed"):
        make_face_clip(seed, frames, size)
