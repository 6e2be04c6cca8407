import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.errors import FrameRangeError
from plugin_host.frame_range import GREATEST_FRAME, MOST_FRAMES, FrameRange

NUMBERS = st.one_of(
    st.integers(-GREATEST_FRAME, GREATEST_FRAME), st.integers(-20, 40), st.integers(995, 1010)
)
RANGES = st.frozensets(NUMBERS, min_size=1, max_size=60).map(FrameRange)


@given(RANGES)
def test_when_a_range_is_printed_then_it_is_read_back(frames):
    assert FrameRange.parse(str(frames)) == frames


@given(st.text(alphabet="0123456789-x,: \n\u0663", max_size=30))
def test_when_text_is_read_then_it_is_a_range_or_refused(text):
    try:
        frames = FrameRange.parse(text)
    except FrameRangeError:
        return
    assert FrameRange.parse(str(frames)) == frames


@given(RANGES, st.integers(1, 70))
def test_when_a_range_is_split_then_the_pieces_are_it_in_order(frames, size):
    pieces = frames.split(size)
    assert [frame for piece in pieces for frame in piece] == list(frames)
    assert all(len(piece) == size for piece in pieces[:-1])
    assert 1 <= len(pieces[-1]) <= size


@given(st.frozensets(st.integers(-50, 50), min_size=1), st.integers(0, 30))
def test_when_a_range_is_widened_then_nothing_inside_is_left_out(numbers, handles):
    wide = FrameRange(numbers).widened(handles)
    assert list(wide) == list(range(min(numbers) - handles, max(numbers) + handles + 1))


@given(RANGES, st.frozensets(NUMBERS))
def test_when_ranges_meet_then_the_common_frames_ascend(frames, others):
    assert frames.intersection(others) == tuple(sorted(set(frames) & others))


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("1001", [1001]),
        ("1001-1004", [1001, 1002, 1003, 1004]),
        ("1001-1100x33", [1001, 1034, 1067, 1100]),
        ("1001-1020x7", [1001, 1008, 1015]),
        ("-3--1", [-3, -2, -1]),
        ("-1-1", [-1, 0, 1]),
        ("-0", [0]),
        ("0007", [7]),
        ("5,1 3,,1", [1, 3, 5]),
        ("1-3,2-4", [1, 2, 3, 4]),
        ("-999999999-999999999x999999999", [-999999999, 0, 999999999]),
    ],
)
def test_when_a_range_is_read_then_it_holds_these_frames(text, frames):
    assert list(FrameRange.parse(text)) == frames


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([1, 2, 4, 6, 8], "1-2,4-8x2"),
        ([1, 3], "1,3"),
        ([1, 3, 4, 5], "1,3-5"),
        ([-2, -1], "-2--1"),
        ([0, 2000000, 4000000], "0-4000000x2000000"),
    ],
)
def test_when_a_range_is_printed_then_it_is_written_as_people_do(frames, text):
    assert str(FrameRange(frames)) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" , ", "empty"),
        ("1100-1001", "write 1001-1100"),
        ("1-10x0", "step of 0"),
        ("1-10x", "is not a frame range"),
        ("1-10:2", "is not a frame range"),
        ("10x2", "is not a frame range"),
        ("1001\n", "is not a frame range"),
        ("\u0661\u0660", "is not a frame range"),
        ("\uff11-\uff13", "is not a frame range"),
        ("1-1\u00b2", "is not a frame range"),
        ("+1", "is not a frame range"),
        ("1_0", "is not a frame range"),
        ("--1", "is not a frame range"),
        ("1-", "is not a frame range"),
        ("1000000000", "is not a frame range"),
        ("0-1000000", "more than"),
        ("1-600000,1-600000", "more than"),
    ],
)
def test_when_text_is_no_range_then_the_refusal_says_what_would_be_right(text, why):
    with pytest.raises(FrameRangeError, match=why):
        FrameRange.parse(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: FrameRange([]),
        lambda: FrameRange.between(5, 3),
        lambda: FrameRange.between(0, 10**15),
        lambda: FrameRange([GREATEST_FRAME + 1]),
        lambda: FrameRange([-GREATEST_FRAME - 1]),
        lambda: FrameRange(range(MOST_FRAMES + 1)),
        lambda: FrameRange([GREATEST_FRAME]).widened(1),
        lambda: FrameRange([1]).split(0),
    ],
)
def test_when_numbers_make_no_range_then_they_are_refused(make):
    with pytest.raises(FrameRangeError):
        make()


@pytest.mark.parametrize("number", [1.0, "1", None])
def test_when_a_frame_is_no_whole_number_then_it_is_refused(number):
    with pytest.raises(TypeError):
        FrameRange([number])


def test_when_ranges_are_equal_then_they_are_one_key():
    one, other = FrameRange.parse("1-3"), FrameRange([3, 2, 1, 1])
    assert {one: "x"}[other] == "x"
    assert one != FrameRange([1, 2])
    assert one != (1, 2, 3)
    assert repr(one) == "FrameRange.parse('1-3')"
    assert (one.first, one.last, len(one), 2 in one, 4 in one, "2" in one) == (
        1,
        3,
        3,
        True,
        False,
        False,
    )


def test_when_as_many_frames_are_asked_for_as_there_may_be_then_they_are_read():
    assert len(FrameRange.parse(f"1-{MOST_FRAMES}")) == MOST_FRAMES
