import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.image import Box, Image, Part
from plugin_host.errors import FrameUnsupported

SIDES = st.integers(-6, 6)
BOXES = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height),
    SIDES,
    SIDES,
    st.integers(0, 6),
    st.integers(0, 6),
)


def pixels_of(box):
    return {(x, y) for x in range(box.left, box.right + 1) for y in range(box.top, box.bottom + 1)}


def part(*names, dtype="f2", **attributes):
    box = Box(0, 0, 1, 1)
    samples = {name: np.zeros((box.height, box.width), dtype) for name in names}
    return Part(samples, box, attributes)


@given(BOXES)
def test_when_a_box_is_measured_then_both_edges_count(box):
    assert len(pixels_of(box)) == box.width * box.height


@given(BOXES, BOXES)
def test_when_boxes_meet_then_the_intersection_is_what_both_hold(one, other):
    both = one.intersection(other)
    assert (pixels_of(both) if both else set()) == pixels_of(one) & pixels_of(other)
    assert both == other.intersection(one)


@given(BOXES, BOXES)
def test_when_a_box_is_cut_out_of_an_array_then_its_own_pixels_come(origin, other):
    inside = origin.intersection(other)
    if inside is None:
        return
    y, x = np.mgrid[origin.top : origin.bottom + 1, origin.left : origin.right + 1]
    rows, columns = inside.slices(origin)
    cut = zip(x[rows, columns].ravel(), y[rows, columns].ravel(), strict=True)
    assert {(int(a), int(b)) for a, b in cut} == pixels_of(inside)
    assert x[rows, columns].shape == (inside.height, inside.width)


@pytest.mark.parametrize("box", [Box(-1, 0, 3, 3), Box(0, -1, 3, 3)])
def test_when_a_box_begins_before_the_array_then_it_is_refused(box):
    with pytest.raises(ValueError, match="begins before"):
        box.slices(Box(0, 0, 9, 9))


def test_when_beauty_is_looked_for_then_the_first_flat_part_with_it_is_found():
    deep = part("R", "G", "B", type="Storage.deepscanline")
    objects = part("R", "G", "B", dtype=object)
    image = Image(
        (part("Z"), deep, objects, part("A", "B", "G", "R"), part("R", "G", "B")), Box(0, 0, 1, 1)
    )
    assert [p.is_deep for p in image.parts] == [False, True, True, False, False]
    assert image.beauty_index == 3
    assert image.beauty is image.parts[3]


def test_when_there_is_no_beauty_then_the_refusal_says_what_there_is():
    image = Image((part("Z"), part("diffuse.R", "G", "B")), Box(0, 0, 1, 1))
    with pytest.raises(FrameUnsupported, match=r"holds Z, diffuse\.R, G, B"):
        image.beauty_index  # noqa: B018  (a property that may refuse)
    with pytest.raises(FrameUnsupported, match="holds none"):
        Image((), Box(0, 0, 1, 1)).beauty  # noqa: B018  (ditto)


def test_when_beauty_is_replaced_then_everything_else_is_shared():
    image = Image(
        (part("Z", name="depth"), part("R", "G", "B", "A", "id", owner="x", name="rgb")),
        Box(0, 0, 1, 1),
    )
    red = np.ones((2, 2), np.float16)
    new = image.with_beauty({"R": red, "faceplate.matte": red}, {"owner": "y", "take": "t"})
    assert new.parts[0] is image.parts[0]
    assert list(new.beauty.channels) == ["R", "G", "B", "A", "id", "faceplate.matte"]
    assert new.beauty.channels["R"] is red
    assert all(new.beauty.channels[n] is image.beauty.channels[n] for n in ("G", "B", "A", "id"))
    assert new.beauty.attributes == {"owner": "y", "name": "rgb", "take": "t"}
    assert new.beauty.data_window == image.beauty.data_window
    assert "faceplate.matte" not in image.beauty.channels
    assert image.beauty.attributes == {"owner": "x", "name": "rgb"}
    assert not image.beauty.channels["R"].any()
