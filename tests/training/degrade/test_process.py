import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.degrade.pictures import flat, moving, psnr
from training.degrade import LEVELS, TASKS, Recipe, apply, draw_recipe
from training.degrade.codec import ENCODERS
from training.degrade.recipe import Brush, Down, Gauss, Jpeg, Lens, Shake, Shot, Up, Video

ROOT = Path(__file__).parents[3]
CLIP = moving(6, 96, 96)

# Every kind of step, every encoder, colour and holes, in two recipes.
EVERY = (
    Recipe(
        "all",
        (
            Lens(1.2, 0.6, 0.4, "linear"),
            Shake(5, 1),
            Shot(4, 0.5, 0.7),
            Down(1.7, "lanczos"),
            *(Video(encoder, 24) for encoder in ENCODERS),
            Up("bicubic"),
            Jpeg(60),
            Gauss(6),
        ),
        grey="linear",
        brush=Brush(0.2, motion=0.1, fill="noise"),
    ),
    LEVELS["x4 mix"],
)


def digest(seed):
    hashed = hashlib.sha256()
    for recipe in EVERY:
        degraded = apply(recipe, CLIP, seed)
        hashed.update(degraded.pixels.tobytes())
        if degraded.mask is not None:
            hashed.update(degraded.mask.tobytes())
    return hashed.hexdigest()


def test_when_the_seed_is_the_same_then_a_fresh_process_makes_the_same_bits():
    code = (
        "import cv2\n"
        "from tests.training.degrade.test_process import digest\n"
        "cv2.setNumThreads(1)\n"
        "print(digest(7))\n"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "5", "OMP_NUM_THREADS": "1"},
    )
    assert fresh.stdout.strip() == digest(7)
    assert digest(8) != digest(7)


def test_when_a_clip_stays_clean_then_every_bit_does():
    degraded = apply(LEVELS["clean"], CLIP, 0)
    assert (degraded.pixels == CLIP).all()
    assert degraded.mask is None
    assert degraded.pixels is not CLIP


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**20),
    st.tuples(st.integers(1, 4), st.integers(1, 48), st.integers(1, 48)),
    st.sets(st.sampled_from(TASKS)),
)
def test_when_any_recipe_meets_any_clip_then_a_clip_comes_out(seed, shape, tasks):
    frames, height, width = shape
    clip = moving(frames, height, width, seed)
    before = clip.copy()
    recipe = draw_recipe(np.random.default_rng(seed), tasks)
    degraded = apply(recipe, clip, seed)
    assert degraded.pixels.shape == clip.shape
    assert degraded.pixels.dtype == np.float32
    assert degraded.pixels.flags.c_contiguous
    assert np.isfinite(degraded.pixels).all()
    assert degraded.pixels.min() >= 0
    assert degraded.pixels.max() <= 1
    assert (clip == before).all()
    assert (degraded.mask is None) == ("inpaint" not in tasks)
    if degraded.mask is not None:
        assert degraded.mask.shape == shape


@pytest.mark.parametrize("name", [name for name in LEVELS if name != "clean"])
def test_when_a_level_is_applied_then_it_damages_and_does_not_tint(name):
    pixels = apply(LEVELS[name], CLIP, 1).pixels
    assert 12 < psnr(pixels, CLIP) < 45
    if name not in {"greyscale", "brush masks"}:
        assert np.abs((pixels - CLIP).mean((0, 2, 3))).max() * 255 < 1.5


def test_when_levels_are_named_then_they_are_the_tables_rows():
    assert list(LEVELS) == [
        "clean",
        "noise 20",
        "blur 1.5",
        "x2 mix",
        "x4 mix",
        "crf 34",
        "greyscale",
        "brush masks",
    ]
    noisy = apply(LEVELS["noise 20"], flat(128), 3).pixels
    assert noisy.std() * 255 == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize(
    "steps",
    [(Lens(2, 1, 0.3),), (Shake(6, 1),), (Down(3, "bicubic"), Up("lanczos")), (Jpeg(40),)],
)
def test_when_frames_are_alike_then_a_step_treats_them_alike(steps):
    still = np.repeat(CLIP[:1], 4, 0)
    pixels = apply(Recipe("one", steps), still, 2).pixels
    assert (pixels == pixels[:1]).all()
    assert psnr(pixels, still) < 45


@pytest.mark.parametrize("noise", [Gauss(9), Shot(9), Gauss(9, 0.3, 0.8)])
def test_when_frames_are_alike_then_noise_is_equally_strong_in_each(noise):
    clip = flat(128, 6)
    strengths = (apply(Recipe("one", (noise,)), clip, 2).pixels - clip).std((1, 2, 3)) * 255
    assert strengths == pytest.approx([9] * 6, rel=0.05)


def test_when_a_step_is_taken_away_then_the_noise_before_it_stays():
    one = apply(Recipe("one", (Gauss(5),)), CLIP, 4).pixels
    nothing = Lens(0.05, 0.05)  # its kernel is a single one
    assert (apply(Recipe("two", (Gauss(5), nothing)), CLIP, 4).pixels == one).all()
    assert (apply(Recipe("one", (Gauss(5),)), CLIP, 5).pixels != one).any()


def test_when_two_steps_make_noise_then_they_make_different_noise():
    clip = flat(128)
    twice = apply(Recipe("twice", (Gauss(6), Gauss(6))), clip, 0).pixels - clip
    assert twice.std() * 255 == pytest.approx(6 * 2**0.5, rel=0.05)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((3, 8, 8), np.float32),
        np.zeros((1, 4, 8, 8), np.float32),
        np.zeros((1, 3, 8, 8)),
        np.zeros((0, 3, 8, 8), np.float32),
    ],
)
def test_when_pixels_are_no_clip_then_they_are_refused(pixels):
    with pytest.raises(ValueError, match="a clip is"):
        apply(LEVELS["clean"], pixels, 0)


def test_when_the_seed_is_negative_then_it_is_refused():
    with pytest.raises(ValueError, match="negative"):
        apply(LEVELS["noise 20"], CLIP, -1)


def test_when_a_recipe_comes_from_a_log_then_it_makes_the_same_clip():
    recipe = draw_recipe(np.random.default_rng(2), TASKS)
    again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
    assert (apply(again, CLIP, 6).pixels == apply(recipe, CLIP, 6).pixels).all()
