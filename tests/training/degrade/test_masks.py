import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.degrade.pictures import moving
from training.degrade.masks import brush_mask, fill_holes
from training.degrade.recipe import SHARES, Brush


def rng(seed=0):
    return np.random.Generator(np.random.PCG64(seed))


@settings(max_examples=30, deadline=None)
@given(
    st.floats(*SHARES),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.05, 0.2, 0.5]),
    st.tuples(st.integers(1, 12), st.integers(4, 70), st.integers(4, 70)),
    st.integers(0, 99),
)
def test_when_strokes_are_painted_then_every_frame_is_within_the_shares(
    share, strokes, motion, shape, seed
):
    mask = brush_mask(Brush(share, strokes, motion, 12), shape, rng(seed))
    assert mask.shape == shape
    assert mask.dtype == np.float32
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert mask.mean() == pytest.approx(share, abs=2e-3)
    shares = mask.mean((1, 2))
    assert shares.min() > SHARES[0] - 2e-3
    assert shares.max() < SHARES[1] + 2e-3


def test_when_a_brush_is_static_then_every_frame_is_the_same():
    mask = brush_mask(Brush(0.2), (8, 96, 96), rng())
    assert (mask == mask[:1]).all()
    assert (mask > 0.99).mean() > 0.1


def test_when_a_brush_moves_then_it_glides():
    brush = Brush(0.2, 1, 0.1, 48)
    mask = brush_mask(brush, (24, 96, 96), rng(4))
    steps = np.abs(np.diff(mask, axis=0)).mean((1, 2))
    assert (steps > 0).all()
    # At most 2 pi reach / period pixels a frame, in each direction: the hole never jumps.
    y, x = np.mgrid[:96, :96]
    middles = np.array([[(m * y).sum() / m.sum(), (m * x).sum() / m.sum()] for m in mask])
    speed = 2 * np.pi * 0.1 * 96 / 48
    assert np.abs(np.diff(middles, axis=0)).max() < 1.5 * speed
    assert np.abs(np.diff(middles, 2, axis=0)).max() < 0.5 * speed
    assert np.ptp(middles, 0).max() > 2


def test_when_strokes_are_thin_then_they_are_connected_lines():
    mask = brush_mask(Brush(0.08, 1), (1, 128, 128), rng(2))[0]
    count = cv2.connectedComponents((mask > 0.5).astype(np.uint8))[0] - 1
    assert count == 1
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    assert inside.max() < 128 / 6


def test_when_seeds_differ_then_strokes_do():
    one, other = (brush_mask(Brush(0.2), (1, 64, 64), rng(seed)) for seed in (1, 2))
    assert np.abs(one - other).mean() > 0.05


@pytest.mark.parametrize("fill", ["grey", "mean", "noise"])
def test_when_holes_are_filled_then_only_they_change(fill):
    pixels = moving(4, 64, 64)
    mask = brush_mask(Brush(0.3, motion=0.1), (4, 64, 64), rng())
    out = fill_holes(pixels, mask, fill, rng(1))
    assert out.dtype == np.float32
    outside = np.broadcast_to(mask[:, None] == 0, pixels.shape)
    assert (out[outside] == pixels[outside]).all()
    hole = out.transpose(1, 0, 2, 3)[:, mask == 1]
    if fill == "grey":
        assert np.allclose(hole, 0.5)
    elif fill == "mean":
        known = pixels.transpose(1, 0, 2, 3)[:, mask == 0].mean(1)
        assert np.allclose(hole, known[:, None], atol=0.01)
        assert np.ptp(hole, 1).max() < 1e-6
    else:
        assert hole.std() == pytest.approx(12**-0.5, rel=0.05)
        assert (
            abs(
                np.corrcoef(
                    out[0][:, mask.min(0) == 1].ravel(), out[1][:, mask.min(0) == 1].ravel()
                )[0, 1]
            )
            < 0.1
        )
