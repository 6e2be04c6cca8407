import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.degrade import LEVELS, TASKS, Recipe, draw_recipe
from training.degrade.recipe import STEPS, Brush, Down, Gauss, Jpeg, Lens, Shake, Shot, Up, Video


@given(st.integers(0, 2**32), st.sets(st.sampled_from(TASKS)))
def test_when_a_recipe_goes_through_json_then_it_is_the_same(seed, tasks):
    recipe = draw_recipe(np.random.default_rng(seed), tasks)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize("name", LEVELS)
def test_when_a_level_goes_through_json_then_it_is_the_same(name):
    level = LEVELS[name]
    assert level.name == name
    assert Recipe.from_json(json.loads(json.dumps(level.to_json()))) == level


def test_when_a_recipe_is_printed_then_every_number_has_its_name():
    recipe = Recipe("one", (Lens(1, 2), Jpeg(40)), grey="codes", brush=Brush(0.1))
    assert recipe.to_json() == {
        "name": "one",
        "steps": [
            {"step": "lens", "major": 1, "minor": 2, "angle": 0.0, "light": "codes"},
            {"step": "jpeg", "quality": 40},
        ],
        "grey": "codes",
        "brush": {"share": 0.1, "strokes": 3, "motion": 0.0, "period": 48.0, "fill": "grey"},
    }
    assert set(STEPS) == {"lens", "shake", "gauss", "shot", "down", "up", "jpeg", "video"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: v.pop("steps"),
        lambda v: v.update(steps=[{"step": "melt"}]),
        lambda v: v.update(steps=[{"sigma": 3}]),
        lambda v: v.update(steps=[{"step": "gauss", "sigma": 3, "taste": 1}]),
        lambda v: v.update(steps=[{"step": "gauss", "sigma": "3"}]),
        lambda v: v.update(grey="sepia"),
        lambda v: v.update(brush={"share": 0.9}),
        lambda v: v.update(brush=[]),
    ],
)
def test_when_json_is_no_recipe_then_it_is_refused(spoil):
    values = LEVELS["x2 mix"].to_json()
    spoil(values)
    with pytest.raises(ValueError, match=r"\w"):
        Recipe.from_json(values)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Lens(0, 1),
        lambda: Lens(1, 1, light="sRGB"),
        lambda: Shake(-1, 0),
        lambda: Gauss(-1),
        lambda: Gauss(float("nan")),
        lambda: Shot(1, colour=2),
        lambda: Down(0.5, "area"),
        lambda: Up("nearest"),
        lambda: Jpeg(0),
        lambda: Video("libx264", 52),
        lambda: Video("prores", 20),
        lambda: Video("libx264", 20, "placebo"),
        lambda: Brush(0.01),
        lambda: Brush(0.5),
        lambda: Brush(0.2, fill="flowers"),
        lambda: Recipe("small", (Down(2, "area"),)),
        lambda: Recipe("small", (Up("bicubic"), Down(2, "area"))),
    ],
)
def test_when_a_number_is_impossible_then_the_part_is_refused(build):
    with pytest.raises(ValueError, match=r"\w"):
        build()


def test_when_a_recipe_is_built_then_nobody_changes_it():
    with pytest.raises(dataclasses.FrozenInstanceError):
        LEVELS["clean"].name = "dirty"
    with pytest.raises(TypeError):
        LEVELS["clean"] = LEVELS["x2 mix"]
