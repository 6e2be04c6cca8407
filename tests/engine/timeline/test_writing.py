import json
from dataclasses import replace
from fractions import Fraction

import pytest
from opentimelineio import adapters, schema
from opentimelineio.opentime import RationalTime

from engine.timeline.media import Media
from engine.timeline.reading import read_cut
from engine.timeline.writing import write_cut
from plugin_host.errors import FrameWriteFailed, OutputError
from plugin_host.plate import Plate
from tests.engine.timeline.cuts import (
    NTSC30,
    clip,
    conformed,
    planned,
    span,
    timeline_of,
    told,
    write_media,
    write_otio,
    write_text,
)

HOUR = 86400
EDL = """TITLE: REEL 1
FCM: NON-DROP FRAME

001  TAPE1    V     C        01:00:00:10 01:00:00:20 10:00:00:00 10:00:00:10
* FROM CLIP NAME: one
* FROM FILE: /old/tape1.mov
* LOC: 10:00:00:04 RED     fix
002  TAPE1    V     C        01:00:00:10 01:00:00:10 10:00:00:10 10:00:00:10
002  TAPE2    V     D    004 02:00:00:05 02:00:00:15 10:00:00:10 10:00:00:20
* FROM CLIP NAME: one
* TO CLIP NAME: two
003  TAPE1    V     C        01:00:01:00 01:00:01:20 10:00:00:20 10:00:01:06
M2   TAPE1      048.0                01:00:01:00
004  GONE     V     C        01:00:00:10 01:00:00:20 10:00:01:06 10:00:01:16
005  TAPE2    A     C        02:00:00:05 02:00:00:15 10:00:00:10 10:00:00:20
"""


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    root = tmp_path_factory.mktemp("media")
    write_media(root, "TAPE1", range(1001, 1101), "01:00:00:00")
    write_media(root, "TAPE2", range(60), "02:00:00:00")
    return root


def mapped(path, output, **how):
    """Return, for each clip, the source timecodes of the delivered files that it shows."""
    found = []
    for one in planned(path, **how):
        if one.shot is None:
            found.append(one.problem)
            continue
        assert one.shot.plate.pattern.startswith(str(output))
        first = Media(Plate.parse(one.shot.plate.path(one.shot.frames.first)))
        time = first.facts.start(one.shot.frames.first, Fraction(24))
        assert time.count - one.edit.shown.whole.first == 0, "the file is of that source frame"
        found.append((time.count, len(one.shot.frames)))
    return found


def test_when_an_edl_was_restored_then_all_that_comes_out_shows_the_same_source(tmp_path, media):
    path = write_text(tmp_path / "cut.edl", EDL)
    before = planned(path, media, rate=Fraction(24))
    shown = [
        (one.edit.shown.whole.first, one.edit.shown.whole.last - one.edit.shown.whole.first + 1)
        for one in before[:3]
    ]
    assert shown == [(HOUR + 10, 14), (2 * HOUR + 5, 10), (HOUR + 24, 20)]
    written, notes = conformed(path, tmp_path / "out", media, rate=Fraction(24), handles=3)
    assert not notes
    for suffix in (".otio", ".edl"):
        *restored, failed = mapped(written[suffix], tmp_path / "out", rate=Fraction(24))
        assert restored == shown
        assert "no media found" in failed


def test_when_an_edl_comes_out_then_only_comments_of_files_differ(tmp_path, media):
    path = write_text(tmp_path / "cut.edl", EDL)
    written, _ = conformed(path, tmp_path / "out", media, rate=Fraction(24))
    lines = written[".edl"].read_text("utf-8").splitlines()
    added = [line for line in lines if line not in EDL.splitlines()]
    dropped = [line for line in EDL.splitlines() if line not in lines]
    assert dropped == ["* FROM FILE: /old/tape1.mov"]
    out = tmp_path / "out"
    assert added[:3] == [
        f"* FROM FILE: {out}/TAPE1_1011-1024/TAPE1_restored.%04d.exr",
        f"* TO FILE: {out}/TAPE2_5-14/TAPE2_restored.%04d.exr",
        f"* FROM FILE: {out}/TAPE1_1025-1044/TAPE1_restored.%04d.exr",
    ]
    assert added[3].startswith("* FACEPLATE: NOT RESTORED: no media found")
    assert len(added) == 4
    assert adapters.read_from_string("\n".join(lines), "cmx_3600", rate=24)


def test_when_an_edl_has_the_line_ends_of_windows_then_it_keeps_them(tmp_path, media):
    path = tmp_path / "cut.edl"
    path.write_bytes(EDL.replace("\n", "\r\n").encode())
    written, _ = conformed(path, tmp_path / "out", media, rate=Fraction(24))
    data = written[".edl"].read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") == EDL.count("\n") + 3


def test_when_a_cut_was_restored_then_clips_name_it_and_keep_the_rest(tmp_path, media):
    held = clip("one", HOUR + 5, 10, cmx_3600={"reel": "TAPE1"}, mine={"a": 1})
    path = write_otio(tmp_path / "cut.otio", timeline_of(held))
    written, _ = conformed(path, tmp_path / "out", media, handles=4)
    found = adapters.read_from_string(written[".otio"].read_text("utf-8"), "otio_json")
    (made,) = found.tracks[0]
    assert (made.name, made.source_range) == ("one", span(HOUR + 5, 10))
    assert json.loads(str(made.metadata["mine"]).replace("'", '"')) == {"a": 1}
    reference = made.media_reference
    assert reference.target_url == f"{tmp_path}/out/TAPE1_1002-1019/TAPE1_restored.[1002-1019].exr"
    assert reference.available_range == span(HOUR + 1, 18)
    facts = reference.metadata["faceplate"]
    assert (facts["start_timecode"], facts["reel"], list(facts["rate"])) == (
        *("01:00:00:01", "TAPE1"),
        [24, 1],
    )
    others = made.media_references()
    assert isinstance(others["faceplate original"], schema.MissingReference)
    sequence = others["faceplate sequence"]
    first, last = sequence.frame_range_for_time_range(made.trimmed_range())
    assert (first, last) == (1006, 1015)
    assert sequence.target_url_for_image_number(0) == (
        f"{tmp_path}/out/TAPE1_1002-1019/TAPE1_restored.1002.exr"
    )


@pytest.mark.parametrize("key", ["", "proxy"])
def test_when_references_have_names_of_their_own_then_the_active_one_is_replaced(
    tmp_path, media, key
):
    data = json.loads(timeline_of(clip("TAPE1", HOUR, 5)).to_json_string())
    (made,) = data["tracks"]["children"][0]["children"]
    made["media_references"] = dict.fromkeys(
        (key, "other"), made["media_references"]["DEFAULT_MEDIA"]
    )
    made["active_media_reference_key"] = key
    path = write_text(tmp_path / "cut.otio", json.dumps(data))
    written, _ = conformed(path, tmp_path / "out", media)
    found = adapters.read_from_string(written[".otio"].read_text("utf-8"), "otio_json")
    (made,) = found.tracks[0]
    assert made.active_media_reference_key == (key or "DEFAULT_MEDIA")
    assert made.media_reference.target_url.endswith("TAPE1_restored.[1001-1005].exr")
    assert "other" in made.media_references()


def test_when_29_97_drop_frame_comes_out_then_rate_flag_and_frame_are_exact(tmp_path):
    write_media(tmp_path / "media", "TAPE7", range(30), "01:00:59;20", rate=NTSC30)
    text = (
        "TITLE: X\nFCM: DROP FRAME\n"
        "001  TAPE7 V C 01:00:59;28 01:01:00;08 10:00:00;00 10:00:00;08\n"
    )
    path = write_text(tmp_path / "cut.edl", text)
    written, _ = conformed(path, tmp_path / "out", tmp_path / "media", handles=1)
    data = json.loads(written[".otio"].read_text("utf-8"))
    (made,) = data["tracks"]["children"][0]["children"]
    reference = made["media_references"]["DEFAULT_MEDIA"]
    facts = reference["metadata"]["faceplate"]
    assert (facts["rate"], facts["drop"], facts["start_timecode"]) == (
        *([30000, 1001], True),
        "01:00:59;27",
    )
    assert reference["available_range"]["start_time"]["value"] == 109689
    assert made["source_range"]["start_time"]["rate"] == 30000 / 1001
    assert data["global_start_time"]["value"] == 1078920
    assert data["metadata"]["faceplate"] == {
        "drop": True,
        "rate": [30000, 1001],
        "start_timecode": "10:00:00;00",
    }
    assert [one.edit.record for one in planned(written[".otio"])] == ["10:00:00;00"]
    assert told(written[".edl"]) == ["8-15"]


def test_when_a_clip_was_not_restored_then_it_keeps_its_media_and_is_marked(tmp_path, media):
    plate = media / "TAPE1.%04d.exr"
    bad = clip("bad", HOUR, 5, url=plate, available=span(HOUR, 100))
    off = clip("off", HOUR, 5)
    off.enabled = False
    path = write_otio(tmp_path / "cut.otio", timeline_of(bad, clip("TAPE2", 2 * HOUR, 5), off))
    failed = FrameWriteFailed("the disk is full")
    written, _ = conformed(path, tmp_path / "out", media, bad={"TAPE1_1001-1005": failed})
    found = adapters.read_from_string(written[".otio"].read_text("utf-8"), "otio_json")
    one, two, left = found.tracks[0]
    assert one.media_reference.target_url == str(plate)
    (marker,) = one.markers
    assert (marker.name, marker.color) == ("Faceplate: not restored", "RED")
    assert "the disk is full" in marker.comment
    assert marker.marked_range == span(HOUR, 5)
    assert not two.markers
    assert not left.markers


def test_when_the_same_is_written_twice_then_the_bytes_are_the_same(tmp_path, media):
    path = write_text(tmp_path / "cut.edl", EDL)
    written, _ = conformed(path, tmp_path / "out", media, rate=Fraction(24))
    before = [written[suffix].read_bytes() for suffix in (".otio", ".edl")]
    (tmp_path / "out").rename(tmp_path / "gone")
    written, _ = conformed(path, tmp_path / "out", media, rate=Fraction(24))
    assert before == [written[suffix].read_bytes() for suffix in (".otio", ".edl")]


def test_when_the_output_cannot_be_written_then_that_is_said(tmp_path, media):
    (tmp_path / "file").write_text("no folder")
    path = write_text(tmp_path / "cut.edl", EDL)
    with pytest.raises(OutputError, match="the timeline cannot be written"):
        write_cut(read_cut(path, Fraction(24)), [], tmp_path / "file" / "out")


def test_when_an_aaf_was_restored_then_one_comes_out_that_names_the_restored_media(tmp_path, media):
    plate = media / "TAPE1.%04d.exr"
    made = clip("one", HOUR + 5, 10, url=f"file://{plate}", available=span(HOUR, 100))
    path = tmp_path / "cut.aaf"
    adapters.write_to_file(timeline_of(made), str(path), "AAF", use_empty_mob_ids=True)
    written, notes = conformed(path, tmp_path / "out")
    assert not notes
    assert told(written[".otio"]) == ["1006-1015"]
    read = adapters.read_from_file(str(written[".aaf"]), "AAF")
    (again,) = planned(write_otio(tmp_path / "again.otio", read))
    assert str(again.shot.frames) == "1006-1015"
    assert again.edit.names.paths[0].startswith(f"{tmp_path}/out/")


def test_when_the_aaf_writer_refuses_a_cut_then_that_is_said_and_the_otio_is_there(tmp_path, media):
    offsets = RationalTime(2, 24), RationalTime(2, 24)
    dissolve = schema.Transition("x", "SMPTE_Dissolve", *offsets)
    made = timeline_of(clip("a", HOUR, 5), dissolve, clip("b", HOUR, 5))
    cut = read_cut(write_otio(tmp_path / "cut.otio", made))
    written, (note,) = write_cut(replace(cut, path=tmp_path / "cut.aaf"), [], tmp_path / "out")
    assert [path.name for path in written] == ["cut_restored.otio"]
    assert note.startswith("no AAF is written, since OpenTimelineIO's writer refuses it")
    assert not (tmp_path / "out" / "cut_restored.aaf").exists()
