"""Cuts of OpenTimelineIO: speeds, transitions, nests, tracks, and what is left."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentimelineio import schema
from opentimelineio.opentime import RationalTime

from engine.timeline.retimes import shown_by, speed_of
from plugin_host.errors import TimelineError
from tests.engine.timeline.cuts import (
    clip,
    planned,
    span,
    timeline_of,
    told,
    write_media,
    write_otio,
)

HOUR = 86400


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_media(tmp_path_factory.mktemp("media"), "s", range(1001, 1101), "01:00:00:00")


def made_of(plate, start, length, *effects, **how):
    available = span(HOUR, 100)
    return clip("s", HOUR + start, length, url=plate, available=available, effects=effects, **how)


def of(tmp_path, *children):
    return told(write_otio(tmp_path / "cut.otio", timeline_of(*children)))


def warp(scalar):
    return schema.LinearTimeWarp(time_scalar=scalar)


def transition(before, after):
    offsets = RationalTime(before, 24), RationalTime(after, 24)
    return schema.Transition("x", "SMPTE_Dissolve", *offsets)


@pytest.mark.parametrize(
    ("effects", "frames"),
    [
        ((), "1011-1020"),
        ((warp(2.0),), "1011-1030"),
        ((warp(0.5),), "1011-1015"),
        ((warp(1.25),), "1011-1023"),
        ((warp(-1.0),), "1011-1020"),
        ((warp(-2.0),), "1011-1030"),
        ((schema.FreezeFrame(),), "1011"),
        ((warp(2.0), warp(0.5)), "1011-1020"),
        ((schema.Effect("Blur", "Blur"),), "1011-1020"),
    ],
)
def test_when_a_speed_is_constant_then_all_frames_from_in_to_out_are_needed(
    tmp_path, plate, effects, frames
):
    assert of(tmp_path, made_of(plate, 10, 10, *effects)) == [frames]


@pytest.mark.parametrize(
    "effect",
    [
        schema.TimeEffect("ramp", "TimeWarp"),
        schema.Effect("Time Remap", "timeremap"),
        schema.Effect("x", "Retime Controls"),
        schema.LinearTimeWarp(time_scalar=1e9),
        schema.LinearTimeWarp(
            time_scalar=2.0, metadata={"AAF": {"Parameters": {"PARAM_OFFSET_MAP_U": {}}}}
        ),
    ],
)
def test_when_a_speed_is_no_constant_then_that_clip_alone_is_refused(tmp_path, plate, effect):
    one, two = of(tmp_path, made_of(plate, 10, 10, effect), made_of(plate, 0, 5))
    assert "speed" in one
    assert two == "1001-1005"


def test_when_an_effect_is_of_a_kind_unknown_here_then_the_cut_is_refused(tmp_path, plate):
    path = write_otio(tmp_path / "cut.otio", timeline_of(made_of(plate, 10, 10)))
    data = json.loads(path.read_text("utf-8"))
    effect = {"OTIO_SCHEMA": "TimeRemap.7", "metadata": {}, "name": "n", "effect_name": "n"}
    data["tracks"]["children"][0]["children"][0]["effects"] = [effect]
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(TimelineError, match="UnknownSchema"):
        told(path)


def test_when_clips_dissolve_then_each_shows_the_other_ones_frames_too(tmp_path, plate):
    made = of(tmp_path, made_of(plate, 10, 10), transition(3, 4), made_of(plate, 50, 10))
    assert made == ["1011-1024", "1048-1060"]


def test_when_a_retimed_clip_dissolves_then_the_frames_are_counted_at_its_speed(tmp_path, plate):
    made = of(tmp_path, made_of(plate, 10, 10, warp(2.0)), transition(0, 4), made_of(plate, 50, 9))
    assert made[0] == "1011-1038"
    back = of(tmp_path, made_of(plate, 10, 10, warp(-1.0)), transition(0, 4), made_of(plate, 50, 9))
    assert back[0] == "1007-1020"


def test_when_a_transition_shows_more_than_there_is_then_it_is_said(tmp_path, plate):
    path = write_otio(
        tmp_path / "cut.otio",
        timeline_of(made_of(plate, 10, 10), transition(3, 0), made_of(plate, 0, 10)),
    )
    _, two = planned(path)
    assert str(two.shot.frames) == "1001-1010"
    assert two.notes == ("its transitions show 998-1010, the media has 1001-1100",)


@given(
    st.integers(0, 40),
    st.integers(1, 10),
    st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(4)]),
    st.booleans(),
)
def test_when_any_constant_speed_is_mapped_then_every_shown_frame_is_needed_and_no_other(
    start, length, speed, reverse
):
    item = clip("s", start, length, effects=(warp(float(-speed if reverse else speed)),))
    core = shown_by(item, None, speed_of(item)).core
    shown = {int(start + speed * i) for i in range(length)}
    assert core.first == min(shown)
    assert core.last >= max(shown)
    assert core.last < start + speed * length


# nests, tracks


def nested(*children, window=None, effects=()):
    track = schema.Track("inner", kind=schema.TrackKind.Video)
    track.extend(children)
    nest = schema.Stack("nest")
    nest.append(track)
    nest.source_range = window
    nest.effects.extend(effects)
    return nest


def test_when_a_nest_is_whole_then_all_its_clips_are_restored(tmp_path, plate):
    nest = nested(made_of(plate, 0, 10), made_of(plate, 50, 10))
    assert of(tmp_path, nest, made_of(plate, 90, 2)) == ["1001-1010", "1051-1060", "1091-1092"]


def test_when_a_nest_is_trimmed_then_only_what_shows_is_restored(tmp_path, plate):
    inner = (made_of(plate, 0, 10), made_of(plate, 20, 10, warp(2.0)), made_of(plate, 60, 10))
    made = of(tmp_path, nested(*inner, window=span(14, 2)))
    assert made == [
        "its nested cut is trimmed, and never shows it",
        "1029-1032",
        "its nested cut is trimmed, and never shows it",
    ]


def test_when_a_nest_lies_in_a_trimmed_nest_then_both_trims_hold(tmp_path, plate):
    inner = nested(made_of(plate, 0, 50), window=span(10, 30))
    assert of(tmp_path, nested(inner, window=span(5, 10))) == ["1016-1025"]


def test_when_a_nest_is_retimed_then_its_clips_say_so(tmp_path, plate):
    nest = nested(made_of(plate, 0, 10), effects=(warp(2.0),))
    one, two = of(tmp_path, nest, made_of(plate, 50, 10))
    assert "nested in a cut whose speed is changed" in one
    assert two == "1051-1060"


def test_when_cuts_lie_within_cuts_without_end_then_they_are_refused(tmp_path, plate):
    nest = made_of(plate, 0, 10)
    for _ in range(40):
        nest = nested(nest)
    with pytest.raises(TimelineError, match="more than 64 deep"):
        of(tmp_path, nest)


def test_when_a_cut_has_sound_gaps_and_disabled_clips_then_only_pictures_count(tmp_path, plate):
    gap = schema.Gap(source_range=span(0, 10))
    off = made_of(plate, 0, 10)
    off.enabled = False
    made = timeline_of(gap, off, made_of(plate, 20, 5))
    sound = schema.Track("A1", kind=schema.TrackKind.Audio)
    sound.append(made_of(plate, 0, 10))
    hidden = schema.Track("V2", kind=schema.TrackKind.Video)
    hidden.append(made_of(plate, 0, 10))
    hidden.enabled = False
    black = clip("bars", 0, 10)
    black.media_reference = schema.GeneratorReference("b", "SMPTEBars")
    upper = schema.Track("V3", kind=schema.TrackKind.Video)
    upper.append(black)
    made.tracks.extend([sound, hidden, upper])
    path = write_otio(tmp_path / "cut.otio", made)
    assert told(path) == [
        "it is disabled",
        "1021-1025",
        "it is disabled",
        "it is generated: SMPTEBars",
    ]
    assert [(one.edit.track, one.edit.record) for one in planned(path)][:2] == [
        *(("V1", "01:00:00:10"), ("V1", "01:00:00:20"))
    ]


def test_when_a_clip_does_not_say_what_it_shows_then_that_clip_alone_is_refused(tmp_path, plate):
    untold = schema.Clip("untold", schema.ExternalReference(str(plate)))
    one, two = of(tmp_path, untold, made_of(plate, 0, 5))
    assert "which frames it shows is not told" in one
    assert two == "1001-1005"
    alone = schema.Clip("all", schema.ExternalReference(str(plate), span(HOUR, 100)))
    assert of(tmp_path, alone) == ["1001-1100"]
