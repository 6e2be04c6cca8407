import json
import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plugin_host.errors import PlateError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.resolve.clip import (
    UNTOLD,
    Facts,
    frames_of,
    is_readable,
    plate_of,
    source_of,
)
from plugin_host.hosts.resolve.rates import rate

PLAIN = Facts(
    name="a",
    item="1",
    path="/shots/a.[1001-1100].exr",
    fps="24",
    timeline_fps="24",
    frames=100,
    start=86400,
    duration=20,
    left=30,
    right=50,
    source_start=30,
    source_end=50,
    first=1001,
)


def said_of(position, duration, *, speed=1, media="24", timeline="24", frames=100, start=0):
    """Return what Resolve says of a clip that begins at a media frame and plays at a speed."""
    step = rate(media) / rate(timeline) * Fraction(speed)
    return replace(
        PLAIN,
        fps=media,
        timeline_fps=timeline,
        frames=frames,
        path=f"/shots/a.[{1001}-{1000 + frames}].exr",
        duration=duration,
        left=round(position / step),
        right=round((frames - position - step * duration) / step),
        source_start=start + math.floor(position),
        source_end=start + math.floor(position + step * duration),
    )


def test_when_a_clip_plays_at_full_speed_then_its_left_offset_says_where():
    source = source_of(PLAIN)
    assert (source.first, source.last, source.step, source.retimed) == (30, 49, 1, False)
    assert frames_of(source, 1001) == FrameRange.parse("1031-1050")
    assert [source.shown(offset) for offset in (0, 5, 19)] == [30, 35, 49]


@pytest.mark.parametrize("error", [-1, 1])
def test_when_the_source_start_is_off_by_one_then_the_left_offset_is_believed(error):
    source = source_of(replace(PLAIN, source_start=30 + error))
    assert (source.first, source.last, source.retimed) == (30, 49, False)


@pytest.mark.parametrize("first", [0, 1, 1001])
def test_when_source_frames_count_from_the_files_number_then_the_place_is_the_same(first):
    facts = replace(PLAIN, first=first, source_start=30 + first, source_end=50 + first)
    assert source_of(facts) == source_of(PLAIN)


RATES = st.tuples(
    st.sampled_from(["23.976", "24", "25", "29.97", "50"]),
    st.sampled_from(["23.976", "24", "25", "30"]),
)


@given(
    RATES,
    st.fractions(Fraction(1, 4), 4, max_denominator=8),
    st.integers(0, 300),
    st.integers(1, 120),
    st.sampled_from([0, 1001]),
)
def test_when_a_clip_is_retimed_then_every_frame_that_it_shows_is_among_those_restored(
    rates, speed, position, duration, start
):
    media, timeline = rates
    step = rate(media) / rate(timeline) * speed
    frames = 400
    assume(position + math.ceil(step * duration) <= frames)
    assume(math.floor(step * duration) >= 2)
    facts = said_of(
        position, duration, speed=speed, media=media, timeline=timeline, frames=frames, start=start
    )
    facts = replace(facts, first=start or facts.first)
    assume((facts.source_start, facts.source_end) != (0, 0))
    source = source_of(facts)
    shown = {math.floor(position + step * offset) for offset in range(duration)}
    whole = set(range(source.first, source.last + 1))
    assert shown <= whole | {max(whole) + 1}  # where the end is rounded down
    assert source.first == position
    assert all(abs(source.shown(o) - (position + step * o)) < 3 for o in range(duration))
    assert source.retimed or abs(step - source.natural) * duration <= 1


@given(
    RATES,
    st.sampled_from([2, 3, 4, Fraction(1, 2), Fraction(3, 2), Fraction(1, 4)]),
    st.integers(0, 100),
    st.integers(24, 60),
)
def test_when_a_clip_plays_at_a_common_speed_then_that_is_found_exactly(
    rates, speed, position, duration
):
    facts = said_of(position, duration, speed=speed, media=rates[0], timeline=rates[1], frames=1000)
    source = source_of(facts)
    assert source.step == rate(rates[0]) / rate(rates[1]) * speed
    assert [source.shown(o) for o in range(duration)] == [
        position + math.floor(source.step * o) for o in range(duration)
    ]


@pytest.mark.parametrize("percent", [33, 66, 90, 95, 110, 120])
@pytest.mark.parametrize("duration", [48, 200])
def test_when_a_speed_is_a_round_percentage_then_that_is_found_before_a_simple_fraction(
    percent, duration
):
    facts = said_of(7, duration, speed=Fraction(percent, 100), frames=1000)
    found = source_of(replace(facts, right=0)).step
    thirds = {33: Fraction(1, 3), 66: Fraction(2, 3)}  # where the bounds hold both
    assert found in {Fraction(percent, 100), thirds.get(percent)}


@given(st.integers(20, 400), st.integers(0, 100), st.integers(3, 200), RATES)
def test_when_offsets_are_said_with_fractions_then_any_percentage_is_found(
    percent, position, duration, rates
):
    speed, media, timeline = Fraction(percent, 100), *rates
    step = rate(media) / rate(timeline) * speed
    facts = said_of(position, duration, speed=speed, media=media, timeline=timeline, frames=2000)
    assume((facts.source_start, facts.source_end) != (0, 0))
    assume(facts.source_end - facts.source_start > 1)
    source = source_of(replace(facts, span=f"{float(2000 / step):.3f}"))
    exact = [position + math.floor(step * offset) for offset in range(duration)]
    assert [source.shown(offset) for offset in range(duration)] == exact


@given(
    st.sampled_from([25, 50, 75, 90, 110, 150, 200, 300]),
    st.integers(0, 100),
    st.integers(24, 200),
    RATES.filter(lambda rates: rates[0] != rates[1]),
)
def test_when_offsets_are_source_frames_with_fractions_then_any_percentage_is_found_too(
    percent, position, duration, rates
):
    speed, media, timeline = Fraction(percent, 100), *rates
    step = rate(media) / rate(timeline) * speed
    facts = said_of(position, duration, speed=speed, media=media, timeline=timeline, frames=2000)
    right = 2000 - position - step * duration
    span = f"{float(position + duration + right):.3f}"
    source = source_of(replace(facts, left=position, right=round(right), span=span))
    assert source.step == step


@pytest.mark.parametrize("span", ["120.250", "500.000"])
def test_when_the_offsets_contradict_the_rest_then_a_clip_at_full_speed_stays_one(span):
    assert source_of(replace(PLAIN, span=span)) == source_of(PLAIN)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"source_start": 50, "source_end": 30}, "plays backwards"),
        ({"source_start": 30, "source_end": 31}, "one frame held"),
        ({"source_start": 30, "source_end": 30}, "one frame held"),
        ({"source_start": 0, "source_end": 0}, "unknown speed"),
        ({"source_start": 60, "source_end": 80}, "speed ramp"),
        ({"source_start": 30, "source_end": 70, "right": 50}, "speed ramp"),
        ({"right": 10}, "speed ramp"),
        ({"path": ""}, "compound"),
        ({"duration": 0}, "0 frames"),
        ({"left": 99, "right": 0, "source_start": 99, "source_end": 119}, "beyond its media"),
        ({"fps": "soon"}, "frame rate"),
    ],
)
def test_when_a_clip_cannot_be_mapped_exactly_then_it_is_refused_with_the_reason(change, why):
    with pytest.raises(PlateError, match=why):
        source_of(replace(PLAIN, **change))


def test_when_this_resolve_has_no_call_for_source_frames_then_its_surroundings_say_full_speed():
    untold = replace(PLAIN, source_start=UNTOLD, source_end=UNTOLD)
    assert source_of(untold) == source_of(PLAIN)
    with pytest.raises(PlateError, match="may be retimed"):
        source_of(replace(untold, right=0))


def test_when_resolve_rounds_a_length_up_then_no_frame_beyond_the_media_is_meant():
    whole = said_of(0, 105, timeline="25")
    source = source_of(replace(whole, left=0, right=0, source_start=UNTOLD, source_end=UNTOLD))
    assert (source.first, source.last) == (0, 99)


def test_when_a_clip_has_media_around_it_then_it_has_handles_as_far_as_that_goes():
    assert source_of(PLAIN).handles(8) == 8
    assert source_of(PLAIN).handles(80) == 50
    whole = replace(PLAIN, left=0, right=0, duration=100, source_start=0, source_end=100)
    assert source_of(whole).handles(8) == 0


def test_when_media_is_a_sequence_then_its_files_say_the_numbers():
    plate, first = plate_of(PLAIN, "lin_ap1_scene")
    assert (plate.path(1031), first) == ("/shots/a.1031.exr", 1001)
    assert plate.colourspace == "lin_ap1_scene"


def test_when_media_is_a_movie_then_its_first_frame_is_1():
    plate, first = plate_of(replace(PLAIN, path="/shots/a.mov", first=0))
    assert (plate.is_movie, first) == (True, 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"path": "/shots/a.mov", "first": 12}, "subclip"),
        ({"path": "/shots/a.[1001-1050].exr"}, "subclip or lacks files"),
        ({"first": 1005}, "subclip or lacks files"),
        ({"path": "/shots/a.exr"}, "one picture"),
    ],
)
def test_when_files_cannot_be_counted_then_the_clip_is_refused(change, why):
    with pytest.raises(PlateError, match=why):
        plate_of(replace(PLAIN, **change))


def test_when_facts_come_from_lua_then_numbers_may_be_floats_and_strange_keys_are_ignored():
    data = {**json.loads(json.dumps(PLAIN.to_json())), "left": 30.0, "frames": "100", "new": 1}
    assert Facts.from_json(data) == PLAIN


@pytest.mark.parametrize("data", [None, [], {}, {"name": "a"}, {**PLAIN.to_json(), "left": "x"}])
def test_when_facts_are_incomplete_then_it_is_said(data):
    with pytest.raises(PlateError, match="facts of a clip"):
        Facts.from_json(data)


def test_when_files_are_of_a_kind_then_the_engine_reads_them_or_not():
    assert all(map(is_readable, ["a.[1-9].exr", "a.DPX", "a.mov", "a.mxf", "a.tif", "a.mp4"]))
    assert not any(map(is_readable, ["a.braw", "a.r3d", "a.ari", "a.jpg", ""]))
