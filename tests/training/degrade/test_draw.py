from collections import Counter

import numpy as np
import pytest

from training.degrade import TASKS, draw_recipe
from training.degrade.draw import _ENCODERS, _PRESETS, CLEAN, ORDERS
from training.degrade.recipe import Down, Gauss, Jpeg, Lens, Shake, Shot, Up, Video

COUNT = 4000
NOISE = Gauss | Shot
CODEC = Jpeg | Video


@pytest.fixture(scope="module")
def recipes():
    rng = np.random.Generator(np.random.PCG64(11))
    return [draw_recipe(rng) for _ in range(COUNT)]


def places(recipe, kind):
    return [place for place, step in enumerate(recipe.steps) if isinstance(step, kind)]


def test_when_many_are_drawn_then_the_mixture_is_the_one_promised(recipes):
    seen = Counter(recipe.name for recipe in recipes)
    shares = {"clean": CLEAN}
    shares |= {order: (1 - CLEAN) * share for order, (share, _) in ORDERS.items()}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["keep"] == pytest.approx(0.92 * 0.45)
    for name, share in shares.items():
        # Four standard deviations of a count.
        assert abs(seen[name] / COUNT - share) < 4 * np.sqrt(share * (1 - share) / COUNT)
    for table in (_ENCODERS, _PRESETS):
        assert sum(table.values()) == pytest.approx(1)


def test_when_an_order_is_drawn_then_its_steps_stand_in_it(recipes):
    order = {
        "keep": (Lens | Shake, NOISE, Down, CODEC, Up),
        "codec-free": (Lens | Shake, NOISE, Down, Up),
        "regrained": (Lens | Shake, Down, CODEC, Up, NOISE),
    }
    for recipe in recipes:
        if recipe.name in {"clean", "alone"}:
            continue
        kinds = [
            next(k for k, c in enumerate(order[recipe.name]) if isinstance(s, c))
            for s in recipe.steps
        ]
        assert kinds == sorted(set(kinds))
        assert kinds
        assert bool(places(recipe, CODEC)) == (recipe.name != "codec-free")
        assert bool(places(recipe, Down)) == bool(places(recipe, Up))


def test_when_nothing_or_one_thing_is_done_then_no_other_step_is_there(recipes):
    assert not any(recipe.steps for recipe in recipes if recipe.name == "clean")
    for recipe in recipes:
        if recipe.name == "alone":
            scaled = places(recipe, Down)
            assert len(recipe.steps) == (2 if scaled else 1)
            assert len(places(recipe, Up)) == len(scaled)


def test_when_many_are_drawn_then_each_damage_is_also_seen_alone(recipes):
    alone = Counter(type(r.steps[0]) for r in recipes if len(r.steps) == 1)
    assert set(alone) == {Lens, Shake, Gauss, Shot, Video, Jpeg}


def test_when_many_are_drawn_then_parameters_fill_their_ranges(recipes):
    steps = [step for recipe in recipes for step in recipe.steps]
    limits = {
        (Lens, "major"): (0.4, 3),
        (Shake, "length"): (2, 10),
        (Gauss, "sigma"): (1, 30),
        (Shot, "sigma"): (1, 30),
        (Gauss, "grain"): (0, 1.2),
        (Gauss, "colour"): (0, 1),
        (Down, "factor"): (1, 5),
        (Video, "crf"): (18, 36),
        (Jpeg, "quality"): (30, 95),
    }
    for (kind, field), (low, high) in limits.items():
        values = [getattr(step, field) for step in steps if isinstance(step, kind)]
        assert low <= min(values) <= low + 0.1 * (high - low), (kind, field)
        assert high - 0.1 * (high - low) <= max(values) <= high, (kind, field)
    assert {step.encoder for step in steps if isinstance(step, Video)} == set(_ENCODERS)


@pytest.mark.parametrize("tasks", [(), ("bfr",), ("colour",), ("inpaint", "colour"), TASKS])
def test_when_tasks_are_named_then_only_they_are_drawn(tasks):
    rng = np.random.Generator(np.random.PCG64(5))
    drawn = [draw_recipe(rng, tasks) for _ in range(100)]
    assert any(recipe.steps for recipe in drawn) == ("bfr" in tasks)
    assert {recipe.grey for recipe in drawn} == (
        {"codes", "linear"} if "colour" in tasks else {None}
    )
    assert all((recipe.brush is not None) == ("inpaint" in tasks) for recipe in drawn)
    if "inpaint" in tasks:
        assert {recipe.brush.fill for recipe in drawn} == {"grey", "mean", "noise"}
        assert {recipe.brush.motion > 0 for recipe in drawn} == {True, False}


def test_when_a_task_is_unknown_then_it_is_named():
    with pytest.raises(ValueError, match="sharpen"):
        draw_recipe(np.random.default_rng(0), ("bfr", "sharpen"))


def test_when_the_seed_is_the_same_then_so_are_the_recipes_in_whatever_order_tasks_stand():
    one, other = (
        [draw_recipe(rng, tasks) for _ in range(50)]
        for rng, tasks in (
            (np.random.default_rng(3), TASKS),
            (np.random.default_rng(3), {*reversed(TASKS)}),
        )
    )
    assert one == other
