import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.restorers.svfr.identity import (
    TEMPLATE,
    aligned,
    alignment,
    seen,
    similarity,
    tokens_of,
    usual_points,
)
from tests.engine.restorers.svfr.tiny import networks, normal

FACE = np.array(TEMPLATE)


@given(st.floats(-3.1, 3.1), st.floats(0.1, 5), st.floats(-99, 99), st.floats(-99, 99))
def test_when_points_were_turned_then_the_similarity_is_found(angle, scale, x, y):
    turned = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity(FACE, FACE @ turned.T + [x, y])
    np.testing.assert_allclose(found, np.column_stack([turned, [x, y]]), atol=1e-9)


def test_when_points_are_mirrored_then_the_similarity_does_not_mirror():
    linear = similarity(FACE * [-1, 1], FACE)[:, :2]
    assert np.linalg.det(linear) > 0


def test_when_all_points_are_one_then_the_matrix_is_finite():
    assert np.isfinite(alignment(np.zeros((5, 2)))).all()


def test_when_a_face_is_aligned_then_its_points_lie_on_the_template():
    picture = np.zeros((400, 400, 3), np.uint8)
    points = FACE * 0.7 + [60, 20]
    for x, y in points.round().astype(int):
        picture[y - 1 : y + 2, x - 1 : x + 2] = 255
    for side in (256, 512):
        made = aligned(picture, points, side)
        assert made.shape == (side, side, 3)
        for x, y in (FACE * side / 256).round().astype(int):
            assert made[y, x].min() > 100


def test_when_a_crop_of_the_engine_is_looked_at_then_a_usual_face_lies_there():
    points = usual_points(512)
    assert (points[:2, 1] < points[2, 1]).all()
    assert (points[2, 1] < points[3:, 1]).all()
    assert abs(points[:, 0].mean() - 255.5) < 2
    assert 0.15 < (points[3:, 1].mean() - points[:2, 1].mean()) / 512 < 0.2
    linear = alignment(points)[:, :2]
    np.testing.assert_allclose(linear, linear[0, 0] * np.eye(2), atol=1e-6)


def test_when_the_whole_face_is_asked_for_then_another_part_is_seen():
    y, x, k = np.mgrid[:256, :256, :3]
    picture = ((x + 2 * y + 40 * k) % 256).astype(np.uint8)
    official, whole = (seen(picture, FACE, crop) for crop in ("official", "whole-face"))
    assert official.shape == whole.shape == (1, 3, 112, 112)
    assert -1 <= float(official.min()) < float(official.max()) <= 1
    # Magnified twice, the official crop shows a quarter.
    assert (official - whole).abs().mean() > 0.1


def test_when_pictures_of_a_person_come_in_another_order_then_the_tokens_are_the_same():
    views = normal(3, 3, 112, 112).clamp(-1, 1)
    arcface, projection = networks().arcface, networks().projection
    tokens = tokens_of(arcface, projection, views)
    assert tokens.shape == (1, 49, 64)
    for order in ([2, 1, 0], [1, 2, 0]):
        torch.testing.assert_close(
            tokens_of(arcface, projection, views[order]), tokens, atol=1e-5, rtol=0
        )
    assert not torch.equal(tokens, tokens_of(arcface, projection, views[:1]))


@pytest.mark.parametrize("count", [1, 2])
def test_when_pictures_are_equal_then_they_are_one(count):
    views = normal(1, 3, 112, 112).clamp(-1, 1)
    arcface, projection = networks().arcface, networks().projection
    torch.testing.assert_close(
        tokens_of(arcface, projection, views.expand(count, -1, -1, -1)),
        tokens_of(arcface, projection, views),
        atol=1e-5,
        rtol=0,
    )
