import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.restorers.svfr.detection import (
    decode_faces,
    detector_input,
    detector_shape,
    grey,
    official_largest,
    resized,
    square,
    union,
)


def predicted(*faces):
    """Return a detector's output: centre, size, two scores."""
    rows = np.zeros((len(faces), 16), np.float32)
    for row, (x, y, width, height, sure, kind) in zip(rows, faces, strict=True):
        row[:5] = x, y, width, height, sure
        row[5:15] = np.tile([x, y], 5)
        row[15] = kind
    return rows


@pytest.mark.parametrize(
    ("picture", "shape"), [((720, 1280), (416, 768)), ((512, 512), (416, 416))]
)
def test_when_a_picture_is_measured_then_the_detector_gets_whole_cells(picture, shape):
    assert detector_shape(*picture) == shape
    made = detector_input(np.full((*picture, 3), 51, np.uint8))
    assert made.shape == (1, 3, *shape)
    assert made.min() == made.max() == np.float32(0.2)


def test_when_faces_overlap_or_are_unsure_then_the_surest_is_kept():
    faces = decode_faces(
        predicted(
            (100, 100, 50, 50, 0.8, 0.9),
            (102, 100, 50, 50, 0.9, 1),
            (300, 200, 20, 40, 0.6, 1),
            (10, 10, 9, 9, 0.6, 0.6),  # both scores count together
            (10, 10, 9, 9, 0.5, 1),
        ),
        (416, 416),
        (832, 416),
    )
    np.testing.assert_allclose(faces.scores, [0.9, 0.6], rtol=1e-6)
    np.testing.assert_allclose(faces.boxes, [[77, 150, 50, 100], [290, 360, 20, 80]], rtol=1e-6)
    np.testing.assert_allclose(faces.points[:, 0], [[102, 200], [300, 400]], rtol=1e-6)


def test_when_there_is_no_face_then_nothing_is_returned():
    faces = decode_faces(predicted((9, 9, 9, 9, 0.1, 1)), (416, 416), (416, 416))
    assert faces.boxes.shape == (0, 4)
    assert faces.points.shape == (0, 5, 2)


def test_when_the_official_program_takes_the_largest_then_it_may_take_another():
    sizes = np.array([2.0, 5, 3, 1])
    boxes = np.stack([0 * sizes, 0 * sizes, sizes, sizes], 1)
    assert official_largest(boxes) == 2
    assert official_largest(boxes[[1, 0, 2]]) == 0


@given(st.data())
def test_when_a_box_is_made_square_then_it_lies_in_the_picture(data):
    height, width = data.draw(st.integers(64, 2000)), data.draw(st.integers(64, 2000))
    left, top = data.draw(st.floats(0, width - 20)), data.draw(st.floats(0, height - 20))
    right = data.draw(st.floats(left + 10, width))
    bottom = data.draw(st.floats(top + 10, height))
    box = union([(left, top, right, bottom), (left + 1, top, right, bottom - 1)])
    assert box == (left, top, right, bottom)
    a, b, c, d = square(box, height, width)
    assert 0 <= a < c <= width
    assert 0 <= b < d <= height
    assert abs((c - a) - (d - b)) <= 1


def test_when_colour_is_taken_away_then_all_channels_are_one():
    picture = np.random.default_rng(1).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    made = grey(picture)
    assert (made == made[..., :1]).all()
    np.testing.assert_allclose(made[..., 0], picture @ [0.299, 0.587, 0.114], atol=1)


def test_when_a_picture_is_resized_then_it_is_square():
    assert resized(np.full((10, 20, 3), 7, np.uint8), 32).shape == (32, 32, 3)
