from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.timeline.reading import read_cut
from engine.timeline.xml_cut import parse
from plugin_host.errors import RestorerFailed, TimelineError
from plugin_host.replies import FrameErrorText
from tests.engine.timeline.cuts import NTSC30, conformed, planned, told, write_media, write_text
from tests.engine.timeline.xml_texts import (
    HEAD,
    dissolve,
    file,
    item,
    rate,
    sequence,
    speed,
)


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_media(tmp_path_factory.mktemp("media"), "REELA", range(1001, 1101), "01:00:00:00")


@pytest.fixture
def described(plate):
    return file("f1", f"file://localhost{plate.parent}/REELA.1001.exr", 100, "01:00:00:00", 86400)


def of(tmp_path, *items, **how):
    return write_text(tmp_path / "cut.xml", sequence(*items, **how))


def test_when_clips_name_one_file_then_each_shows_its_own_frames(tmp_path, described):
    path = of(tmp_path, item(1, 0, 10, 20, 30, described), item(2, 10, 34, 50, 74, "f1"))
    assert told(path) == ["1021-1030", "1051-1074"]


def test_when_clips_dissolve_then_both_show_the_frames_of_the_transition(tmp_path, described):
    path = of(
        tmp_path,
        item(1, 0, -1, 20, 34, described),
        dissolve(6, 14),
        item(2, -1, 34, 50, 78, "f1"),
    )
    assert told(path) == ["1021-1034", "1051-1078"]


@pytest.mark.parametrize(
    ("ends", "last"), [((20, 30, 20), "1041-1060"), ((40, 60, 20), "1041-1060")]
)
def test_when_a_speed_is_constant_then_in_and_out_count_as_played_or_as_in_the_media(
    tmp_path, described, ends, last
):
    first, end, _ = ends
    path = of(tmp_path, item(1, 0, 10, first, end, described, more=speed(200)))
    assert told(path) == [last]


@pytest.mark.parametrize(
    ("remap", "reason"),
    [
        (speed(100, variable=1), "speed changes within the clip"),
        (speed(100, reverse=True), "runs backwards"),
        (speed(300), "at 300 % it lasts 10 frames"),
        (speed("fast"), "'fast' is no number"),
    ],
)
def test_when_a_speed_cannot_be_mapped_then_that_clip_says_why(tmp_path, described, remap, reason):
    path = of(tmp_path, item(1, 0, 10, 20, 35, described, more=remap), item(2, 10, 20, 0, 10, "f1"))
    one, two = told(path)
    assert reason in one
    assert two == "1001-1010"


def test_when_a_whole_file_runs_backwards_then_all_of_it_is_needed(tmp_path, described):
    path = of(tmp_path, item(1, 0, 100, 0, 100, described, more=speed(100, reverse=True)))
    assert told(path) == ["1001-1100"]


def test_when_clips_or_tracks_are_disabled_then_they_are_left(tmp_path, described):
    off = "<enabled>FALSE</enabled>"
    assert told(of(tmp_path, item(1, 0, 10, 20, 30, described, more=off))) == ["it is disabled"]
    path = of(tmp_path, item(1, 0, 10, 20, 30, described), track=off)
    assert told(path) == ["it is disabled"]


def test_when_media_is_drop_frame_then_its_frames_are_exact(tmp_path):
    write_media(tmp_path / "media", "TAPE7", range(30), "01:00:59;20", rate=NTSC30)
    text = file(
        *("f1", "file:///gone/TAPE7.%5B0000-0029%5D.exr", 30, "01:00:59;20", 109682),
        shown="DF",
        base=30,
        ntsc=True,
        reel="TAPE7",
    )
    path = of(
        tmp_path,
        item(1, 0, 10, 12, 22, text, base=30, ntsc=True),
        begin=107892,
        shown="DF",
        base=30,
        ntsc=True,
    )
    (one,) = planned(path, tmp_path / "media")
    assert one.edit.record == "01:00:00;00"
    assert str(one.shot.frames) == "12-21", one.problem
    assert one.found.drop


def test_when_the_xml_says_other_timecode_than_the_media_then_it_is_not_that_media(tmp_path):
    write_media(tmp_path / "media", "TAPE7", range(30), "01:00:59:20", rate=NTSC30)
    text = file(
        *("f1", "file:///gone/TAPE7.mov", 30, "01:00:59;20", 109682),
        shown="DF",
        base=30,
        ntsc=True,
    )
    path = of(tmp_path, item(1, 0, 10, 12, 22, text, base=30, ntsc=True), base=30, ntsc=True)
    assert "no media holds what it shows" in told(path, tmp_path / "media")[0]


def test_when_a_file_has_no_timecode_then_its_clips_count_from_its_first_frame(tmp_path, plate):
    bare = f'<file id="f1"><name>f</name><pathurl>file://{plate.parent}/REELA.1001.exr</pathurl></file>'
    path = of(tmp_path, item(1, 0, 10, 20, 30, bare))
    assert told(path) == ["1021-1030"]
    written, _ = conformed(path, tmp_path / "out", handles=5)
    assert told(written[".xml"]) == told(written[".otio"]) == ["1021-1030"]


def test_when_a_cut_is_nested_and_trimmed_then_only_what_shows_is_needed(tmp_path, described):
    inner = item(2, 0, 20, 20, 40, described) + item(3, 20, 60, 40, 80, "f1")
    nest = (
        f'<sequence id="n"><name>inner</name><duration>60</duration>{rate()}'
        f"<media><video><track>{inner}</track></video></media></sequence>"
    )
    whole = item(1, 0, 20, 10, 30, "f1").replace('<file id="f1"/>', nest)
    path = of(tmp_path, whole)
    assert told(path) == ["1031-1040", "1041-1050"]
    written, _ = conformed(path, tmp_path / "out")
    clips = ET.parse(written[".xml"]).getroot().findall(".//sequence//sequence//clipitem")
    for clip in clips:  # its in and out would lie outside of what is delivered
        assert "does not show all of it" in clip.findtext("marker/comment")
    assert told(written[".xml"]) == told(written[".otio"]) == ["1031-1040", "1041-1050"]


def test_when_file_and_clip_count_23_976_and_24_then_frames_are_mapped_one_to_one(tmp_path, plate):
    text = file("f1", f"file://{plate.parent}/REELA.1001.exr", 100, "01:00:00:00", 86400, ntsc=True)
    path = of(tmp_path, item(1, 0, 10, 2, 12, text))
    assert told(path) == ["1003-1012"]
    written, _ = conformed(path, tmp_path / "out", handles=1)
    assert told(written[".xml"]) == told(written[".otio"]) == ["1003-1012"]


def test_when_a_bin_describes_the_file_then_only_what_the_sequence_shows_is_a_clip(
    tmp_path, described
):
    master = f"<clip>{rate()}<media><video><track>{item(9, 0, 9, 0, 9, described)}</track></video>"
    path = of(tmp_path, item(1, 0, 10, 20, 30, "f1"))
    whole = path.read_text("utf-8").replace(
        "<sequence", f"<bin>{master}</media></clip></bin><sequence"
    )
    assert told(write_text(path, whole)) == ["1021-1030"]


def test_when_a_nest_stands_in_two_places_then_its_clips_keep_what_both_can_show(
    tmp_path, described
):
    inner = f"<media><video><track>{item(2, 0, 60, 20, 80, described)}</track></video></media>"
    nest = f'<sequence id="n"><name>inner</name><duration>60</duration>{rate()}{inner}</sequence>'
    one, two = item(1, 0, 60, 0, 60, "f1"), item(3, 60, 70, 5, 15, "f1")
    same = one.replace('<file id="f1"/>', nest) + two.replace("<file", "<sequence").replace(
        "f1", "n"
    )
    path = of(tmp_path, same)
    assert told(path) == ["1021-1080", "1026-1035"]
    written, _ = conformed(path, tmp_path / "out")
    root = ET.parse(written[".xml"]).getroot()
    assert root.findtext(".//sequence//sequence//clipitem/file/duration") == "100"
    assert told(written[".xml"]) == told(written[".otio"]) == ["1021-1080", "1026-1035"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<xmeml", "no well-formed XML"),
        ('<fcpxml version="1.9"/>', "FCPXML of Final Cut Pro X"),
        ("<svg/>", "XML of 'svg'"),
        (HEAD.format(""), "No top-level sequences"),
        (HEAD.format("<a>" * 300 + "</a>" * 300), "more than 200 deep"),
        (
            '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><xmeml>&c;</xmeml>',
            "declares an entity",
        ),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xmeml>&a;</xmeml>', "an entity"),
    ],
)
def test_when_a_document_is_bad_then_it_is_refused_with_the_reason(tmp_path, text, reason):
    with pytest.raises(TimelineError, match=reason):
        read_cut(write_text(tmp_path / "cut.xml", text))


def test_when_sequences_name_each_other_then_what_they_come_to_is_limited(tmp_path, described):
    def named(name, items):
        of = f"<name>n</name><duration>9</duration>{rate()}<media><video><track>{''.join(items)}"
        return f'<sequence id="{name}">{of}</track></video></media></sequence>'

    def nest(place, cut):
        return item(place, place * 10, place * 10 + 10, 0, 10, "x").replace('<file id="x"/>', cut)

    again = nest(0, named("a", [nest(0, '<sequence id="a"/>')]))
    with pytest.raises(TimelineError, match="'a' is nested in itself"):
        told(of(tmp_path, again))
    cut = named("0", [item(0, 0, 10, 0, 10, described)])
    for level in range(1, 7):
        tenfold = (f'<sequence id="{level - 1}"/>' if place else cut for place in range(10))
        cut = named(level, [nest(place, one) for place, one in enumerate(tenfold)])
    with pytest.raises(TimelineError, match="come to 1000000 clips"):
        told(of(tmp_path, nest(0, cut)))


# out


def test_when_the_cut_is_restored_then_the_document_names_the_restored_media(tmp_path, described):
    path = of(
        tmp_path,
        item(1, 0, 10, 20, 30, described, more="<labels><label2>Iris</label2></labels>"),
        item(2, 10, 20, 20, 30, "f1"),
        item(3, 20, 30, 60, 70, "f1"),
        sound=item(9, 0, 30, 0, 30, "f1"),
    )
    output = tmp_path / "out"
    bad = {"REELA_1057-1074": RestorerFailed("it broke")}
    written, _ = conformed(path, output, handles=4, bad=bad)
    root = ET.parse(written[".xml"]).getroot()
    one, two, three = root.findall(".//video/track/clipitem")
    assert [(c.findtext("in"), c.findtext("out")) for c in (one, two, three)] == [
        *(("4", "14"), ("4", "14"), ("60", "70"))
    ]
    media = one.find("file")
    assert media.findtext("pathurl").endswith("/out/REELA_1017-1034/REELA_restored.1017.exr")
    assert media.findtext("duration") == "18"
    assert media.findtext("timecode/string") == "01:00:00:16"
    assert media.findtext("timecode/frame") == "86416"
    assert two.find("file").attrib == media.attrib
    assert not len(two.find("file"))
    assert three.findtext("file/duration") == "100", "the description moved to who needs it"
    assert "it broke" in three.findtext("marker/comment")
    assert root.find(".//audio/track/clipitem/file").get("id") == "f1"
    assert one.findtext("labels/label2") == "Iris"
    assert told(written[".xml"]) == ["1021-1030", "1021-1030", "1061-1070"]
    assert told(written[".otio"]) == ["1021-1030", "1021-1030", "1061-1070"]
    again = planned(written[".otio"])
    assert [one.edit.names.paths[0].startswith(str(output)) for one in again] == [True, True, False]


def test_when_a_frame_failed_then_the_clip_has_its_restored_media_and_a_marker(tmp_path, described):
    path = of(tmp_path, item(1, 0, 10, 20, 30, described))
    bad = {"REELA_1021-1030": FrameErrorText(1025, "frame.corrupt", "is torn")}
    written, _ = conformed(path, tmp_path / "out", bad=bad)
    (one,) = ET.parse(written[".xml"]).getroot().findall(".//video/track/clipitem")
    assert one.findtext("file/name") == "REELA_restored.1021.exr"
    assert one.findtext("marker/name") == "Faceplate: restored in part"
    assert one.findtext("marker/comment") == "frame 1025: is torn"


def test_when_a_retime_counts_as_played_then_its_ends_move_by_played_frames(tmp_path, described):
    path = of(
        tmp_path,
        item(1, 0, 10, 20, 30, described, more=speed(200)),
        item(2, 10, 20, 21, 31, "f1", more=speed(300)),
    )
    written, _ = conformed(path, tmp_path / "out", handles=4)
    one, two = ET.parse(written[".xml"]).getroot().findall(".//video/track/clipitem")
    assert (one.findtext("in"), one.findtext("out")) == ("2", "12")
    assert "between frames" in two.findtext("marker/comment")
    assert told(written[".xml"]) == ["1041-1060", "1064-1093"]


def test_when_the_media_passes_midnight_then_the_document_counts_within_the_day(tmp_path):
    plate = write_media(tmp_path / "media", "NIGHT", range(1, 73), "23:59:59:00")
    text = file("f1", f"file://{plate.parent}/NIGHT.0031.exr", 42, "00:00:00:06", 6)
    path = of(tmp_path, item(1, 0, 10, 0, 10, text))
    written, _ = conformed(path, tmp_path / "out", handles=8)
    timecode = ET.parse(written[".xml"]).getroot().find(".//clipitem/file/timecode")
    assert timecode.findtext("string") == "23:59:59:22"
    assert timecode.findtext("frame") == "2073598"
    assert told(written[".xml"]) == told(written[".otio"]) == ["31-40"]


def test_when_the_media_is_drop_frame_then_the_document_says_so(tmp_path):
    write_media(tmp_path / "media", "TAPE7", range(30), "01:00:59;20", rate=NTSC30)
    drop = {"shown": "DF", "base": 30, "ntsc": True}
    text = file("f1", "file:///x/TAPE7.mov", 30, "01:00:59;20", 109682, **drop)
    path = of(tmp_path, item(1, 0, 10, 12, 22, text, base=30, ntsc=True), begin=0, **drop)
    written, _ = conformed(path, tmp_path / "out", tmp_path / "media", handles=2)
    timecode = ET.parse(written[".xml"]).getroot().find(".//clipitem/file/timecode")
    assert timecode.findtext("string") == "01:01:00;02"
    assert timecode.findtext("frame") == str(109692)
    assert timecode.findtext("displayformat") == "DF"
    assert told(written[".xml"]) == ["12-21"]


_PIECES = [
    sequence(),
    item(1, 0, -1, 20, 34, "f1"),
    dissolve(6, 14),
    speed(50),
    rate(),
    "<a>",
    "</a>",
]
_PIECES += [
    "<xmeml>",
    "</xmeml>",
    "<sequence>",
    "</sequence>",
    "<media><video><track>",
    "&lt;",
    "\0",
]


@given(st.lists(st.sampled_from(_PIECES)).map("".join).map(str.encode) | st.binary())
def test_when_any_bytes_are_read_as_xml_then_they_are_a_document_or_refused(data):
    try:
        assert parse(data).tag == "xmeml"
    except TimelineError:
        return
