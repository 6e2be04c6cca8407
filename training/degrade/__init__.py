"""What time, lens, sensor and codec do to a clip: the damage that restorers learn to undo.

A recipe says what is done, in which order and how hard; it is drawn once per clip, so that every
frame of a clip suffers the same. A recipe, a clip and a seed always give the same bits.

    recipe = draw_recipe(rng)                      or LEVELS["x2 mix"]
    damaged = apply(recipe, pixels, seed).pixels   (T, 3, H, W), as long and as large as before
"""

from training.degrade.draw import TASKS, draw_recipe
from training.degrade.levels import LEVELS
from training.degrade.process import Degraded, apply
from training.degrade.recipe import Recipe

__all__ = ["LEVELS", "TASKS", "Degraded", "Recipe", "apply", "draw_recipe"]
