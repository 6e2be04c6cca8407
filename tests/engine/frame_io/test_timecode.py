from fractions import Fraction

import OpenEXR
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.frame_io.timecode import Timecode, exr_timecode, rational_rate

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("text", "rate", "after", "fields"),
    [
        ("01:00:00:00", Fraction(24), 25, (1, 0, 1, 1)),
        ("01:00:00:00", Fraction(24000, 1001), 24, (1, 0, 1, 0)),
        ("00:00:59;29", NTSC, 1, (0, 1, 0, 2)),
        ("00:00:59:29", NTSC, 1, (0, 1, 0, 0)),
        ("00:09:59;29", NTSC, 1, (0, 10, 0, 0)),
        ("00:01:00;02", NTSC, -1, (0, 0, 59, 29)),
        ("00:00:00;00", NTSC, 17982, (0, 10, 0, 0)),
        ("00:00:59.59", 2 * NTSC, 1, (0, 1, 0, 4)),
        ("23:59:59;29", NTSC, 1, (0, 0, 0, 0)),
        ("23:59:59:24", Fraction(25), 1, (0, 0, 0, 0)),
        ("10:00:00;00", Fraction(25), 1, (10, 0, 0, 1)),
    ],
)
def test_when_frames_pass_then_timecode_counts_as_its_clock_does(text, rate, after, fields):
    assert Timecode.parse(text, rate).later(after).fields == fields


@given(st.sampled_from([24, 25, 30, 50, 60]), st.booleans(), st.integers(0, 2_000_000))
def test_when_a_timecode_is_printed_then_it_is_read_as_the_same(base, drop, frames):
    first = Timecode(0, base, drop and base % 30 == 0).later(frames)
    hours, minutes, seconds, frame = first.fields
    mark = ";" if first.drop else ":"
    text = f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frame:02}"
    assert Timecode.parse(text, Fraction(base)) == first
    assert first.later(1).fields > first.fields or first.later(1).count == 0


@pytest.mark.parametrize("text", ["", "1:00:00:00", "24:00:00:00", "00:60:00:00", "00:00:00:24"])
def test_when_text_is_no_timecode_then_there_is_none(text):
    assert Timecode.parse(text, Fraction(24)) is None


def test_when_frames_are_many_a_second_then_pairs_are_numbered():
    made = Timecode.parse("01:02:03;57", 2 * NTSC).to_exr()
    assert (made.hours, made.minutes, made.seconds, made.frame) == (1, 2, 3, 28)
    assert (made.dropFrame, made.fieldPhase) == (True, True)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 29))
def test_when_a_word_holds_a_timecode_then_it_is_that(hours, minutes, seconds, frame):
    word = int(f"{hours:02}{minutes:02}{seconds:02}{frame:02}", 16)
    made, dropped = exr_timecode(word), exr_timecode(word | 1 << 6)
    assert (made.hours, made.minutes, made.seconds, made.frame) == (hours, minutes, seconds, frame)
    assert (made.dropFrame, dropped.dropFrame, dropped.frame) == (False, True, frame)
    assert isinstance(made, OpenEXR.TimeCode)


@given(
    st.integers(0, 86400 * 24 - 1),
    st.sampled_from([Fraction(24), Fraction(25), NTSC, Fraction(50), 2 * NTSC]),
    st.booleans(),
)
def test_when_a_timecode_went_through_a_header_then_it_is_the_same(count, rate, drop):
    base = round(rate)
    made = Timecode(count, base, drop and base % 30 == 0)
    assert Timecode.from_exr(made.to_exr(), rate) == made


@pytest.mark.parametrize("word", [0xFFFFFFFF, 0x24000000, 0x00600000, 0x0000000A])
def test_when_a_word_holds_no_timecode_then_there_is_none(word):
    assert exr_timecode(word) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (24.0, Fraction(24)),
        (23.976, Fraction(24000, 1001)),
        (23.976024627685547, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (29.97, NTSC),
        (59.94, 2 * NTSC),
        (12.5, Fraction(25, 2)),
        (0.0, None),
        (-1.0, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_when_a_rate_is_a_float_then_it_is_the_rational_one_that_it_means(said, meant):
    assert rational_rate(said) == meant
