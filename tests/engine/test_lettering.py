import numpy as np
import pytest

from engine.lettering import GROUND, centred, fitted, letter, width_of

WHITE = (255, 255, 255)


def canvas():
    return np.full((60, 200, 3), GROUND, np.uint8)


def ink(picture):
    rows, columns = np.nonzero((picture != GROUND).any(axis=2))
    return rows.min(), rows.max(), columns.min(), columns.max()


@pytest.mark.parametrize("size", [13, 16, 38])
def test_when_a_text_is_written_then_it_stands_on_its_line_and_is_as_wide_as_said(size):
    picture = canvas()
    letter(picture, "1001", (20, 50), size, WHITE)
    top, bottom, left, right = ink(picture)
    assert abs(bottom - 50) <= 2
    assert abs((bottom - top) - 0.7 * size) <= 2 + size / 10  # the pen has a width
    assert left >= 18
    assert right <= 20 + width_of("1001", size)


def test_when_a_text_is_centred_then_as_much_lies_on_either_side():
    picture = canvas()
    centred(picture, "1001-1024", (100, 40), 16, WHITE)
    _, _, left, right = ink(picture)
    assert abs((left + right) / 2 - 100) <= 2


@pytest.mark.parametrize("at", [(-30, 30), (190, 30), (20, -5), (20, 70), (500, 500)])
def test_when_a_text_reaches_out_of_the_picture_then_the_rest_is_drawn(at):
    picture = canvas()
    letter(picture, "1042", at, 30, WHITE)
    assert picture.shape == (60, 200, 3)


def test_when_a_text_is_too_long_then_dots_end_it():
    assert fitted("1001", 16, 200) == "1001"
    short = fitted("1001-1010,1020-1040,1060-1080", 16, 120)
    assert short.endswith("...")
    assert width_of(short, 16) <= 120
    assert short.startswith("1001-1")


def test_when_the_font_lacks_a_letter_then_a_question_mark_stands_for_it():
    one, other = canvas(), canvas()
    letter(one, "\u9762", (20, 40), 16, WHITE)
    letter(other, "?", (20, 40), 16, WHITE)
    assert np.array_equal(one, other)
