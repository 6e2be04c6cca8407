import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.faces.camera import Camera
from training.faces.geometry import EYE_ROW, MOUTH_ROW, MOVEMENTS, build_head
from training.faces.identity import draw_identity
from training.faces.landmarks import landmark_places, landmarks_of
from training.faces.raster import rasterise

HEAD = build_head(draw_identity(4).shape)
PLACES = landmark_places(HEAD)


def marks_under(**strengths):
    posed = HEAD.posed(np.array([strengths.get(name, 0.0) for name in MOVEMENTS]))
    return landmarks_of(PLACES, posed[..., :2])


def test_when_landmarks_are_placed_then_their_order_is_that_of_ibug():
    marks = marks_under()
    x, y = marks.T
    assert (np.diff(x[:17]) > -0.02).all()
    assert y[8] == y.max()
    assert (np.diff(x[17:27]) > 0).all()
    assert (np.diff(y[27:31]) > 0).all()
    assert (np.diff(x[31:36]) > 0).all()
    assert x[36] < x[39] < x[42] < x[45]
    assert x[48] == pytest.approx(-x[54], abs=0.01)
    assert y[17:27].max() < y[36:48].min() < y[36:48].max() < y[31:36].min()
    assert y[31:36].max() < y[48:68].min() < y[48:68].max() < y[8]
    assert y[51] < y[62] <= y[66] < y[57]


def test_when_the_face_moves_then_the_right_landmarks_do():
    rest = marks_under()
    assert marks_under(blink=1.0)[[37, 38], 1].mean() > rest[[37, 38], 1].mean() + 0.05
    shut = marks_under(blink=1.0)
    assert np.abs(shut[[41, 40], 1] - shut[[37, 38], 1]).max() < 0.012
    gap = marks_under(jaw=1.0)[66, 1] - marks_under(jaw=1.0)[62, 1]
    assert gap > 0.15 > rest[66, 1] - rest[62, 1]
    smile = marks_under(smile=1.0)
    assert smile[54, 0] > rest[54, 0]
    assert smile[54, 1] < rest[54, 1]
    assert marks_under(brows=1.0)[19, 1] < rest[19, 1] - 0.04


def test_when_eyes_and_mouth_are_shut_then_their_strips_have_no_height():
    strengths = np.array([1.0 if name == "blink" else 0.0 for name in MOVEMENTS])
    posed = HEAD.posed(strengths)
    for row in (EYE_ROW, MOUTH_ROW):
        assert np.abs(posed[row + 1, :, 1] - posed[row, :, 1]).max() < 0.012


@given(st.integers(0, 2**31))
def test_when_any_person_is_drawn_then_it_is_the_same_person_again(seed):
    person = draw_identity(seed)
    assert person == draw_identity(seed)
    numbers = person.parameters()
    assert np.isfinite(numbers).all()
    assert np.abs(numbers).max() <= 4


def test_when_a_head_is_turned_then_the_nose_moves_before_the_ears():
    camera = Camera((0.0, 0.4, 0.0), (0.0, 0.0), 100.0)
    placed = camera.placed(HEAD.rest, HEAD.stiffness)
    turned = landmarks_of(PLACES, camera.projected(placed))
    assert turned[30, 0] - turned[[0, 16], 0].mean() > 20


def test_when_a_grid_is_rasterised_then_each_pixel_knows_its_place():
    y, x = np.mgrid[0:6, 0:9] * 10.0 + 3.0
    surface = rasterise(np.stack([x, y], -1), np.zeros((6, 9)), (64, 96))
    rows, columns = np.mgrid[surface.box]
    inside = surface.seen & (columns < 80) & (rows < 50)
    assert inside.sum() > 3000
    np.testing.assert_allclose(surface.column[inside], (columns[inside] - 3) / 10, atol=0.06)
    np.testing.assert_allclose(surface.row[inside], (rows[inside] - 3) / 10, atol=0.06)


def test_when_cells_overlap_then_the_nearer_one_is_seen():
    x = np.array([[2.0, 30.0], [2.0, 30.0], [2.0, 30.0], [2.0, 30.0]])
    y = np.array([[2.0, 2.0], [30.0, 30.0], [2.0, 2.0], [30.0, 30.0]])
    for near in (0, 2):
        depth = np.zeros((4, 2))
        depth[near : near + 2] = 1
        surface = rasterise(np.stack([x, y], -1), depth, (40, 40))
        middle = surface.row[10 - surface.box[0].start, 15 - surface.box[1].start]
        assert near <= middle <= near + 1
