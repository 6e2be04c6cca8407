from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime, TimeRange, from_timecode

from engine.frame_io.timecode import Timecode
from engine.timeline.spans import Span, exact, rate_of, timecode_text
from plugin_host.errors import TimelineError
from tests.engine.timeline.cuts import NTSC24, NTSC30, span

RATES = [NTSC24, Fraction(24), Fraction(25), NTSC30, Fraction(30), Fraction(50), 2 * NTSC30]
DAY = st.integers(0, 86400 * 24 - 1)


@given(DAY, st.integers(1, 100000), st.sampled_from(RATES))
def test_when_a_range_of_whole_frames_is_taken_over_then_every_frame_is_exact(start, length, rate):
    found = Span.of(span(start, length, rate))
    assert (found.first, found.last, found.rate) == (start, start + length - 1, rate)
    assert found.length == length


@given(DAY, st.sampled_from(RATES), st.sampled_from(RATES))
def test_when_a_count_went_to_another_rate_and_back_then_it_is_the_same(count, rate, other):
    there = RationalTime(count, float(rate)).rescaled_to(float(other))
    assert exact(there.rescaled_to(float(rate)).value) == count


@given(DAY, st.sampled_from([NTSC30, 2 * NTSC30]), st.booleans())
def test_when_timecode_is_printed_then_it_is_read_as_the_same_frame(count, rate, drop):
    text = timecode_text(count, rate, drop=drop)
    found = Timecode.parse(text, rate)
    assert (found.count, found.drop) == (count, drop)
    if drop:  # what OpenTimelineIO counts is the same
        assert exact(from_timecode(text, float(rate)).value) == count


@pytest.mark.parametrize("written", [23.976, 23.98, 24000 / 1001, 23.97602])
def test_when_a_rate_is_written_short_then_it_is_24000_over_1001(written):
    assert rate_of(written) == NTSC24


def test_when_29_97_is_not_drop_frame_then_an_hour_has_108000_numbers():
    assert timecode_text(108000, NTSC30, drop=False) == "01:00:00:00"
    assert timecode_text(107892, NTSC30, drop=True) == "01:00:00;00"


def test_when_a_range_lies_between_frames_then_all_that_it_touches_are_needed():
    found = Span(Fraction(21, 2), Fraction(3), Fraction(24))
    assert (found.first, found.last) == (10, 13)


def test_when_the_length_has_another_rate_then_it_is_counted_at_the_starts():
    found = Span.of(TimeRange(RationalTime(48, 24), RationalTime(50, 25)))
    assert (found.first, found.last) == (48, 95)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e15])
def test_when_a_time_is_none_then_it_is_refused(value):
    with pytest.raises(TimelineError, match="no number of frames"):
        Span.of(span(value, 10))


@pytest.mark.parametrize("rate", [0.0, -24.0, 1e-9, 1e9, float("nan")])
def test_when_a_rate_is_none_then_it_is_refused(rate):
    with pytest.raises(TimelineError, match="no frame rate"):
        rate_of(rate)
