from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.timeline.edl import parse
from plugin_host.errors import TimelineError
from tests.engine.timeline.cuts import (
    NTSC24,
    NTSC30,
    conformed,
    planned,
    told,
    write_media,
    write_text,
)

CUT = "001  REELA V C 01:00:00:00 01:00:02:00 10:00:00:00 10:00:02:00\n"


def only(text, rate=Fraction(24)):
    (event,) = parse(text, rate).events
    return event


def event(source, record="10:00:00:00 10:00:01:00", after="", *, kind="C", rate=Fraction(24)):
    return only(f"001  REELA  V  {kind}  {source} {record}\n{after}", rate)


# speeds


@pytest.mark.parametrize(
    "comments",
    [
        "M2   REELA       048.0                01:00:00:00\n* FROM CLIP NAME: A\n",
        "* FROM CLIP NAME: A\n* LOC: 01:00:00:02 RED X\nM2   REELA  048.0  01:00:00:00\n",
    ],
)
def test_when_an_m2_stands_anywhere_after_its_event_then_it_counts(comments):
    assert event("01:00:00:00 01:00:02:00", after=comments).speed == 2


def test_when_a_speed_was_rounded_then_the_lengths_say_it_exactly():
    found = event("01:00:00:00 01:00:00:07", after="M2 REELA 007.0 01:00:00:00")
    assert found.speed == Fraction(7, 24)


@pytest.mark.parametrize(("last", "fits"), [("01:00:02:01", True), ("01:00:02:03", False)])
def test_when_an_m2_was_rounded_then_a_frame_more_or_less_is_no_contradiction(last, fits):
    found = event(f"01:00:00:00 {last}", after="M2 REELA 048.0 01:00:00:00")
    assert (not found.problem) == fits


@pytest.mark.parametrize(
    "channel", ["A", "A2", "AA", "A12", "A1A2", "AA/V", "A2/V", "V2", "NONE", "B"]
)
def test_when_an_event_is_of_any_channel_then_it_is_read(channel):
    assert only(CUT.replace(" V ", f" {channel} ")).channel == channel


def test_when_an_m2_runs_backwards_then_the_speed_is_negative():
    assert event("01:00:00:00 01:00:01:00", after="M2 REELA -024.0 01:00:00:00").speed == -1


@pytest.mark.parametrize("after", ["M2 REELA 000.0 01:00:00:00", "M2 REELA 0 01:00:00:00"])
def test_when_an_m2_stands_still_then_it_is_a_freeze_of_any_length(after):
    assert event("01:00:00:00 01:00:00:01", after=after).speed == 0
    assert event("01:00:00:00 01:00:01:00", after=after).speed == 0


def test_when_an_event_is_marked_as_freeze_frame_then_it_is_one():
    assert event("01:00:00:00 01:00:00:01", after="* * FREEZE FRAME").speed == 0


@pytest.mark.parametrize(
    ("rate", "fps"), [(NTSC24, "23.976"), (NTSC24, "024.0"), (NTSC30, "29.97")]
)
def test_when_an_m2_only_repeats_the_rate_then_nothing_is_retimed(rate, fps):
    assert (
        event("01:00:00:00 01:00:01:00", after=f"M2 REELA {fps} 01:00:00:00", rate=rate).speed == 1
    )


def test_when_an_m2_does_not_fit_its_event_then_that_is_its_problem():
    found = event("01:00:00:00 01:00:01:00", after="M2 REELA 048.0 01:00:00:00")
    assert "M2 says 48 frames a second" in found.problem


def test_when_source_and_record_differ_without_an_m2_then_that_is_its_problem():
    assert "no M2 says why" in event("01:00:00:00 01:00:02:00").problem


# timecodes


def test_when_a_list_is_drop_frame_then_its_rate_and_frames_follow():
    edl = parse("TITLE: X\nFCM: DROP FRAME\n" + CUT.replace(":00 ", ";00 "), None)
    assert edl.rate == NTSC30
    first, _, record, _ = edl.events[0].times
    assert (first.count, first.drop) == (107892, True)
    assert record.count == 1078920


def test_when_fcm_says_drop_frame_and_nothing_is_marked_then_all_is_drop_frame():
    text = "FCM: DROP FRAME\n" + CUT
    assert all(time.drop for time in parse(text, None).events[0].times)


def test_when_only_the_record_is_marked_then_the_source_is_not_drop_frame():
    text = "FCM: DROP FRAME\n001 A V C 01:00:00:00 01:00:02:00 10:00:00;00 10:00:02;00\n"
    assert [time.drop for time in parse(text, None).events[0].times] == [False, False, True, True]


def test_when_fcm_changes_within_a_list_then_it_holds_from_there():
    text = f"FCM: NON-DROP FRAME\n{CUT}FCM: DROP FRAME\n{CUT.replace('001', '002')}"
    one, two = parse(text, NTSC30).events
    assert (one.times[0].count, two.times[0].count) == (108000, 107892)


@pytest.mark.parametrize(
    ("text", "rate", "reason"),
    [
        (CUT, None, "--rate"),
        ("FCM: DROP FRAME\n" + CUT, Fraction(24), "drop-frame, which 24 never is"),
        (CUT.replace("01:00:02:00", "01:00:02:24"), Fraction(24), "no timecode at 24"),
        ("001 A V C 01:01:00;00 01:01:02;00 10:00:00;00 10:00:02;00", None, "no drop-frame"),
        ("001 A V C 01:00:00:00\n", Fraction(24), "line 1 is no event"),
        ("hello\n", Fraction(24), "no event of an EDL"),
    ],
)
def test_when_a_list_cannot_be_counted_then_it_is_refused_with_the_reason(text, rate, reason):
    with pytest.raises(TimelineError, match=reason):
        parse(text, rate)


def test_when_a_source_passes_midnight_then_its_frames_count_on():
    found = event("23:59:59:12 00:00:00:12")
    assert found.source == 24
    assert not found.problem


def test_when_an_event_ends_with_the_day_then_24_hours_are_midnight():
    assert event("23:59:59:00 24:00:00:00").source == 24
    with pytest.raises(TimelineError, match="24:00:00:01 is no timecode"):
        event("23:59:59:00 24:00:00:01")


def test_when_a_source_ends_before_it_begins_then_that_is_its_problem():
    assert "ends before it begins" in event("02:00:00:00 01:00:01:00").problem


# names


def test_when_a_reel_has_a_long_name_in_a_comment_then_that_is_its_name():
    text = CUT + "FINAL CUT PRO REEL: A001_C003_0614XY REPLACED BY: REELA\n"
    assert only(text).reel == "A001_C003_0614XY"


def test_when_a_dissolve_has_two_lines_then_each_side_has_its_comments():
    text = CUT + (
        "002  REELA V C     01:00:02:00 01:00:02:00 10:00:02:00 10:00:02:00\n"
        "002  REELB V D 012 02:00:00:00 02:00:01:00 10:00:02:00 10:00:03:00\n"
        "* FROM CLIP NAME: one\n* TO CLIP NAME: two\n* TO FILE: /m/two.mov\n"
    )
    _, two = parse(text, Fraction(24)).events
    assert (two.reel, two.name, two.files, two.length) == ("REELB", "two", ["/m/two.mov"], 12)


def test_when_the_first_line_of_a_dissolve_shows_something_then_it_is_an_event_of_its_own():
    text = (
        "002  REELA V C     01:00:00:00 01:00:02:00 10:00:00:00 10:00:02:00\n"
        "002  REELB V D 012 02:00:00:00 02:00:01:00 10:00:02:00 10:00:03:00\n"
        "* FROM CLIP NAME: one\n* TO CLIP NAME: two\n"
    )
    assert [e.name for e in parse(text, Fraction(24)).events] == ["one", "two"]


@pytest.mark.parametrize("what", ["CLIP NAME:  x", "CLIP NAME: x", "CLIP NAME IS: x"])
def test_when_a_clip_is_named_in_any_way_then_that_is_its_name(what):
    assert only(f"{CUT}*FROM {what}\n").name == "x"


def test_when_a_dissolve_names_sources_without_a_side_then_each_is_taken_in_turn_or_none():
    lines = (
        "002  REELA V C     01:00:02:00 01:00:02:01 10:00:02:00 10:00:02:01\n"
        "002  REELB V D 012 02:00:00:00 02:00:01:00 10:00:02:01 10:00:03:01\n"
    )
    one, two = parse(f"{lines}* SOURCE FILE: a\n* SOURCE FILE: b\n", Fraction(24)).events
    assert (one.files, two.files) == (["a"], ["b"])
    one, two = parse(f"{lines}* SOURCE FILE: a\n", Fraction(24)).events
    assert not one.files + two.files, "nobody says whose it is"


# as a cut


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    root = tmp_path_factory.mktemp("media")
    write_media(root / "REELA", "REELA", range(1001, 1101), "01:00:00:00")
    write_media(root / "x", "REELB_0614", range(60), "02:00:00:00")
    return root


def frames(tmp_path, media, text, **how):
    path = write_text(tmp_path / "cut.edl", text)
    return told(path, media, rate=Fraction(24), **how)


LINES = {
    "one line": "002 REELB V D 012 02:00:00:00 02:00:01:00 10:00:01:00 10:00:02:00\n",
    "two lines": (
        "002 REELA V C     01:00:01:00 01:00:01:00 10:00:01:00 10:00:01:00\n"
        "002 REELB V D 012 02:00:00:00 02:00:01:00 10:00:01:00 10:00:02:00\n"
    ),
}


@pytest.mark.parametrize("written", LINES)
def test_when_a_dissolve_follows_then_the_outgoing_side_shows_its_frames_too(
    tmp_path, media, written
):
    text = "001 REELA V C 01:00:00:00 01:00:01:00 10:00:00:00 10:00:01:00\n" + LINES[written]
    assert frames(tmp_path, media, text) == ["1001-1036", "0-23"]


def test_when_a_cut_fades_in_from_black_then_it_is_no_dissolve(tmp_path, media):
    text = (
        "001 BL    V C     00:00:00:00 00:00:00:00 10:00:00:00 10:00:00:00\n"
        "001 REELA V D 012 01:00:00:00 01:00:01:00 10:00:00:00 10:00:01:00\n"
        "002 BL    V D 006 00:00:00:00 00:00:01:00 10:00:01:00 10:00:02:00\n"
    )
    assert frames(tmp_path, media, text) == ["1001-1030", "it is generated: black"]


def test_when_a_clip_is_retimed_then_all_frames_between_in_and_out_are_needed(tmp_path, media):
    text = (
        "001 REELA V C 01:00:00:00 01:00:02:00 10:00:00:00 10:00:01:00\n"
        "* FROM CLIP NAME: x\nM2 REELA 048.0 01:00:00:00\n"
        "002 REELA V C 01:00:02:00 01:00:02:05 10:00:01:00 10:00:01:10\n"
        "M2 REELA -012.0 01:00:02:00\n"
        "003 REELA V C 01:00:03:00 01:00:03:01 10:00:01:10 10:00:03:00\n"
        "M2 REELA 000.0 01:00:03:00\n"
    )
    assert frames(tmp_path, media, text) == ["1001-1048", "1049-1053", "1073"]


def test_when_one_event_is_bad_then_the_others_are_found(tmp_path, media):
    text = (
        "001 REELA V C 01:00:00:00 01:00:02:00 10:00:00:00 10:00:01:00\n"
        "002 REELB V C 02:00:00:00 02:00:01:00 10:00:01:00 10:00:02:00\n"
        "003 REELC V C 02:00:00:00 02:00:01:00 10:00:02:00 10:00:03:00\n"
    )
    one, two, three = frames(tmp_path, media, text)
    assert "no M2 says why" in one
    assert two == "0-23"
    assert "looked for the reel REELC" in three


def test_when_an_event_is_of_sound_then_it_is_no_clip(tmp_path, media):
    text = (
        "001 REELA AA/V C 01:00:00:00 01:00:01:00 10:00:00:00 10:00:01:00\n"
        "002 REELB A    C 02:00:00:00 02:00:01:00 10:00:00:00 10:00:01:00\n"
    )
    assert frames(tmp_path, media, text) == ["1001-1024"]


def test_when_a_cut_has_gaps_and_tracks_then_each_clip_stands_where_it_was(tmp_path, media):
    text = (
        "001 REELA V  C 01:00:00:00 01:00:01:00 10:00:00:00 10:00:01:00\n"
        "002 REELB V  C 02:00:00:00 02:00:01:00 10:00:05:00 10:00:06:00\n"
        "003 REELB V2 C 02:00:00:00 02:00:01:00 10:00:03:00 10:00:04:00\n"
    )
    path = write_text(tmp_path / "cut.edl", text)
    made = planned(path, media, rate=Fraction(24))
    assert [(one.edit.track, one.edit.record) for one in made] == [
        *(("V", "10:00:00:00"), ("V", "10:00:05:00"), ("V2", "10:00:03:00"))
    ]
    assert made[1].shot == made[2].shot


def test_when_a_clip_is_keyed_over_another_then_it_lies_on_a_track_of_its_own(tmp_path, media):
    text = (
        "001 REELA V C       01:00:00:00 01:00:01:00 10:00:00:00 10:00:01:00\n"
        "002 REELA V K B     01:00:01:00 01:00:02:00 10:00:01:00 10:00:02:00\n"
        "002 AX    V K   000 02:00:00:00 02:00:01:00 10:00:01:00 10:00:02:00\n"
        "* FROM CLIP NAME: one\n* KEY CLIP NAME: REELB_0614\n"
    )
    made = planned(write_text(tmp_path / "cut.edl", text), media, rate=Fraction(24))
    assert [(one.edit.track, one.edit.name, str(one.shot.frames)) for one in made] == [
        *(("V", "REELA", "1001-1024"), ("V", "one", "1025-1048"), ("VK", "REELB_0614", "0-23"))
    ]


def test_when_source_and_record_pass_midnight_then_frames_and_timecodes_go_on(tmp_path):
    write_media(tmp_path / "media", "NIGHT", range(1, 73), "23:59:59:00")
    text = (
        "001 NIGHT V C 23:59:59:12 24:00:00:00 23:59:59:00 23:59:59:12\n"
        "002 NIGHT V C 23:59:59:12 00:00:00:12 23:59:59:12 00:00:00:12\n"
        "003 NIGHT V C 00:00:00:20 00:00:01:20 00:00:00:12 00:00:01:12\n"
    )
    path = write_text(tmp_path / "cut.edl", text)
    made = planned(path, tmp_path / "media", rate=Fraction(24))
    assert [(one.edit.record, one.problem or str(one.shot.frames)) for one in made] == [
        *(("23:59:59:00", "13-24"), ("23:59:59:12", "13-36"), ("00:00:00:12", "45-68"))
    ]
    root, how = tmp_path / "media", {"rate": Fraction(24), "handles": 40}
    written, _ = conformed(path, tmp_path / "out", root, **how)
    for suffix in (".edl", ".otio"):
        assert told(written[suffix], rate=Fraction(24)) == ["13-24", "13-36", "45-68"]


def test_when_a_list_is_in_the_order_of_its_sources_then_it_is_the_same_cut(tmp_path, media):
    text = (
        "001 REELA V C 01:00:00:00 01:00:01:00 10:00:01:00 10:00:02:00\n"
        "002 REELB V C 02:00:00:00 02:00:01:00 10:00:00:00 10:00:01:00\n"
    )
    assert frames(tmp_path, media, text) == ["0-23", "1001-1024"]


def test_when_events_overlap_in_the_record_then_the_list_is_refused(tmp_path, media):
    text = (
        "001 REELA V C 01:00:00:00 01:00:01:00 10:00:00:00 10:00:01:00\n"
        "002 REELB V C 02:00:00:00 02:00:01:00 10:00:00:12 10:00:01:12\n"
    )
    with pytest.raises(TimelineError, match="line 2: the event before it ends after it begins"):
        frames(tmp_path, media, text)


_PIECES = ["001", "REELA", "V", "AA/V", "C", "D", "012", "M2", "024.0", "-1", "FCM: DROP FRAME"]
_PIECES += ["01:00:00:00", "01:00:00;02", "99:99:99:99", "* FROM CLIP NAME:", "\n", "é", CUT]


@given(st.lists(st.sampled_from(_PIECES)).map(" ".join) | st.text())
def test_when_any_text_is_read_as_a_list_then_it_is_one_or_refused(text):
    try:
        found = parse(text, NTSC30)
    except TimelineError:
        return
    assert found.events
