from fractions import Fraction

import pytest
from opentimelineio import schema

from engine.timeline.media import Library, stem_of
from engine.timeline.names import path_of
from plugin_host.errors import TimelineError
from tests.engine.movies import write_movie
from tests.engine.timeline.cuts import (
    NTSC24,
    NTSC30,
    clip,
    planned,
    span,
    timeline_of,
    told,
    write_media,
    write_otio,
)

HOUR = 86400


@pytest.fixture
def root(tmp_path):
    return tmp_path / "media"


def one(tmp_path, made, *roots):
    (found,) = told(write_otio(tmp_path / "cut.otio", timeline_of(made)), *roots)
    return found


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("A001C003_140429_R1AB.mov", "a001c003_140429_r1ab"),
        ("/x/shot.%04d.exr", "shot"),
        ("shot_####.dpx", "shot"),
        ("C:\\x\\shot.[1001-1100].exr", "shot"),
        ("shot.1001.exr", "shot"),
        ("v1.2", "v1.2"),
        ("a.b.c", "a.b.c"),
        ("clip.2.mov", "clip.2"),
    ],
)
def test_when_names_are_compared_then_by_what_they_share(name, stem):
    assert stem_of(name) == stem


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/a/b c.mov", "/a/b c.mov"),
        ("file:///a/b%20c.mov", "/a/b c.mov"),
        ("file://localhost/a/b.%04d.exr", "/a/b.%04d.exr"),
        ("file:///a/%5B1-9%5D%23.exr", "/a/[1-9]#.exr"),
        ("file:///C:/a/b.mov", "C:/a/b.mov"),
        ("C:\\a\\b.mov", "C:\\a\\b.mov"),
        ("https://example.org/b.mov", "https://example.org/b.mov"),
    ],
)
def test_when_a_reference_is_a_url_then_its_path_is_meant(url, path):
    assert path_of(url) == path


@pytest.mark.parametrize(
    "url", [f"/x/{'a' * 5000}.mov", f"{'/x' * 3000}/a.%04d.exr", "file://[::1/x.exr", "a\0.exr"]
)
def test_when_a_reference_is_no_path_then_the_other_clips_are_found(tmp_path, root, url):
    write_media(root, "s", range(10), "01:00:00:00")
    path = write_otio(
        tmp_path / "c.otio", timeline_of(clip("a", 0, 5, url=url), clip("s", HOUR, 2))
    )
    one, two = told(path, root)
    assert "no media found" in one
    assert two == "0-1"


# which media


def test_when_the_reference_is_there_then_it_is_the_media(tmp_path, root):
    plate = write_media(root, "s", range(10, 40), "01:00:00:00")
    made = clip("x", HOUR + 5, 10, url=plate, available=span(HOUR, 30))
    assert one(tmp_path, made) == "15-24"


def test_when_the_reference_is_one_picture_then_its_sequence_is_the_media(tmp_path, root):
    write_media(root, "s", range(10, 40), "01:00:00:00")
    made = clip("x", HOUR + 5, 10, url=f"file://{root}/s.0010.exr", available=span(HOUR, 30))
    assert one(tmp_path, made) == "15-24"


def test_when_the_reference_is_relative_then_it_is_from_the_timelines_folder(tmp_path, root):
    write_media(root, "s", range(10, 40), "01:00:00:00")
    assert one(tmp_path, clip("x", HOUR, 2, url="media/s.%04d.exr")) == "10-11"


def test_when_the_reference_has_moved_then_the_longest_tail_of_its_path_counts(tmp_path, root):
    write_media(root / "day1" / "A", "s", range(10), "01:00:00:00")
    write_media(root / "day2" / "A", "s", range(20, 30), "01:00:00:00")
    gone = clip("x", HOUR, 2, url="/gone/day2/A/s.[0020-0029].exr")
    assert one(tmp_path, gone, root) == "20-21"


@pytest.mark.parametrize("reel", ["A001C003_0614", "a001c003", "A001C003"])
def test_when_a_reel_is_named_then_media_of_that_name_or_beginning_is_found(tmp_path, root, reel):
    write_media(root, "A001C003_0614", range(10), "01:00:00:00")
    write_media(root, "A001C004_0614", range(10), "01:00:00:00")
    assert one(tmp_path, clip("x", HOUR, 2, Reel_Name=reel), root) == "0-1"


def test_when_a_reel_is_a_folder_or_in_a_header_then_it_is_found_there(tmp_path, root):
    write_media(root / "TAPE1", "frames", range(10), "01:00:00:00")
    write_media(root / "two", "other", range(20, 30), "01:00:00:00", reel="TAPE2")
    for reel, frames in (("Tape1", "0-1"), ("TAPE2", "20-21")):
        made = clip("x", HOUR, 2, cmx_3600={"reel": reel})
        assert one(tmp_path, made, root) == frames


def test_when_only_the_clip_is_named_then_media_of_that_name_is_found(tmp_path, root):
    write_media(root, "s010", range(10), "01:00:00:00")
    assert one(tmp_path, clip("S010.mov", HOUR, 2), root) == "0-1"


def test_when_several_have_the_name_then_their_timecode_tells(tmp_path, root):
    write_media(root / "a", "s", range(10), "01:00:00:00")
    write_media(root / "b", "s", range(50, 60), "02:00:00:00")
    assert one(tmp_path, clip("s", 2 * HOUR + 3, 2), root) == "53-54"


def test_when_several_fit_then_nothing_is_guessed(tmp_path, root):
    write_media(root / "a", "s", range(10), "01:00:00:00")
    write_media(root / "b", "s", range(10), "01:00:00:00")
    problem = one(tmp_path, clip("s", HOUR, 2), root)
    assert "several media fit the clip s" in problem
    assert f"{root}/a/s.%04d.exr, {root}/b/s.%04d.exr" in problem


def test_when_nothing_has_the_name_then_the_message_says_what_was_looked_for_and_where(
    tmp_path, root
):
    write_media(root, "other", range(10), "01:00:00:00")
    made = clip("s010", HOUR, 2, url="/gone/s.mov", cmx_3600={"reel": "TAPE1"})
    problem = one(tmp_path, made, root)
    assert (
        problem
        == (
            f"no media found in {root}; looked for the file s.mov, the reel TAPE1, the clip s010 "
        ).rstrip()
    )


def test_when_the_media_does_not_hold_the_range_then_both_are_said(tmp_path, root):
    write_media(root, "s", range(10), "01:00:00:00")
    problem = one(tmp_path, clip("s", HOUR + 5, 10, reel="S"), root)
    assert problem.count("from 01:00:00:00 to 01:00:00:09, and the clip shows 01:00:00:05 to") == 1


def test_when_a_root_is_no_folder_then_it_is_refused(tmp_path):
    with pytest.raises(TimelineError, match="no folder"):
        Library([tmp_path / "gone"], tmp_path)


def test_when_folders_are_walked_then_the_output_takes_and_links_are_passed_over(tmp_path, root):
    write_media(root / "a", "s", range(2))
    write_media(root / "out", "s_restored", range(2))
    write_media(root / "a" / "s.take", "kept", range(2))
    (root / "round").symlink_to(root)
    (root / "a" / "notes.txt").write_text("no media")
    (root / "a" / "single.exr").write_bytes(b"")
    found = Library([root, root / "a"], (root / "out").resolve()).media
    assert [media.plate.pattern for media in found] == [
        *(f"{root}/a/single.exr", f"{root}/a/s.%04d.exr")
    ]


# which frames


def test_when_media_has_no_timecode_then_its_frame_numbers_are_the_source(tmp_path, root):
    write_media(root, "s", range(1001, 1011), rate=None)
    assert one(tmp_path, clip("s", 1003, 2), root) == "1003-1004"
    assert "would be 3-4" in one(tmp_path, clip("s", 3, 2), root)


def test_when_the_reference_says_where_media_without_timecode_begins_then_that_counts(
    tmp_path, root
):
    write_media(root, "s", range(1001, 1011), rate=None)
    made = clip("s", 3, 2, url="/gone/s.mov", available=span(0, 10))
    assert one(tmp_path, made, root) == "1004-1005"


def test_when_the_reference_is_there_then_its_own_range_comes_before_the_timecode(tmp_path, root):
    plate = write_media(root, "s", range(1001, 1100), "00:00:00:10")
    made = clip("s", 20, 2, url=plate, available=span(0, 99))
    assert one(tmp_path, made) == "1021-1022"


@pytest.mark.parametrize("name", ["s.[1010-1100].exr", "s.1010.exr"])
@pytest.mark.parametrize("folder", ["", "/gone/"])
@pytest.mark.parametrize("first", [1001, 1012])
def test_when_a_reference_begins_elsewhere_than_the_files_then_its_own_first_frame_counts(
    tmp_path, root, name, folder, first
):
    write_media(root, "s", range(first, 1101), None)
    made = clip("s", 5, 2, url=f"{folder or root}/{name}", available=span(0, 91))
    assert one(tmp_path, made, root) == "1015-1016"


def test_when_the_timecode_of_a_clip_is_of_after_midnight_then_its_frames_are_found(tmp_path, root):
    write_media(root, "s", range(1, 73), "23:59:59:00")
    assert one(tmp_path, clip("s", 5, 2), root) == "30-31"
    assert one(tmp_path, clip("s", 24 * HOUR + 5, 2), root) == "30-31"


def test_when_only_the_reference_tells_the_medias_rate_then_another_is_refused(tmp_path, root):
    plate = write_media(root, "s", range(100), rate=None)
    made = clip("s", HOUR, 2, url=plate, available=span(90000, 100, 25))
    assert one(tmp_path, made) == "the clip counts 24 frames a second, the media has 25"


def test_when_a_sequence_reference_names_its_first_frame_then_that_counts(tmp_path, root):

    write_media(root, "s", range(990, 1100), rate=None)
    made = clip("s", 5, 2)
    made.media_reference = schema.ImageSequenceReference(
        target_url_base=f"{root}/",
        name_prefix="s.",
        name_suffix=".exr",
        start_frame=1001,
        frame_zero_padding=4,
        rate=24.0,
        available_range=span(0, 50),
    )
    assert one(tmp_path, made) == "1006-1007"


def test_when_rates_share_a_base_then_frames_are_mapped_one_to_one_and_said(tmp_path, root):
    write_media(root, "s", range(10), "01:00:00:00", rate=Fraction(24))
    path = write_otio(tmp_path / "c.otio", timeline_of(clip("s", HOUR, 2, rate=NTSC24)))
    (found,) = planned(path, root)
    assert str(found.shot.frames) == "0-1"
    assert found.notes == (
        (
            "the clip counts 24000/1001 frames a second, the media has 24; frames are mapped "
            "one to one"
        ),
    )


def test_when_clip_and_reference_count_23_976_and_24_then_only_what_is_unambiguous_is_found(
    tmp_path, root
):
    write_media(root, "s", range(200), "01:00:00:00", rate=NTSC24)
    late = clip("s", HOUR + 100, 2, available=span(HOUR, 200, NTSC24), url="/gone/s.mov")
    assert "by frames and by seconds" in one(tmp_path, late, root)
    early = clip("s", 100, 2, available=span(0, 200, NTSC24), url=f"{root}/s.%04d.exr")
    write_media(root, "s", range(200), rate=NTSC24)
    assert one(tmp_path, early) == "100-101"


def test_when_rates_differ_then_the_clip_is_refused(tmp_path, root):
    write_media(root, "s", range(10), "01:00:00:00", rate=Fraction(25))
    assert "counts 24 frames a second, the media has 25" in one(tmp_path, clip("s", HOUR, 2), root)


@pytest.mark.parametrize(("timecode", "count"), [("01:00:00;00", 107892), ("01:00:00:00", 108000)])
def test_when_media_runs_at_29_97_then_drop_frame_and_non_drop_are_each_exact(
    tmp_path, root, timecode, count
):
    write_media(root, "s", range(10), timecode, rate=NTSC30)
    path = write_otio(tmp_path / "c.otio", timeline_of(clip("s", count + 3, 2, rate=NTSC30)))
    (found,) = planned(path, root)
    assert str(found.shot.frames) == "3-4"
    assert found.found.drop == (";" in timecode)


def test_when_media_is_at_59_94_then_pairs_of_timecode_are_told_apart(tmp_path, root):
    rate = Fraction(60000, 1001)
    write_media(root, "s", range(8), "01:00:00:00", rate=rate)
    made = timeline_of(clip("s", 216000 + 3, 3, rate=rate), rate=rate)
    assert told(write_otio(tmp_path / "c.otio", made), root) == ["3-5"]


def test_when_the_media_is_a_movie_then_its_timecode_and_frames_count(tmp_path, root):
    root.mkdir()
    write_movie(root / "prores.mov", 12, rate=Fraction(24), timecode="01:00:00:00")
    made = timeline_of(clip("ProRes", HOUR + 3, 4))
    (found,) = planned(write_otio(tmp_path / "c.otio", made), root, handles=5)
    assert (str(found.shot.frames), found.shot.folder) == ("1-12", "prores_1-12")


def test_when_a_header_is_torn_then_the_next_frame_is_asked(tmp_path, root):
    plate = write_media(root, "s", range(10), "01:00:00:00")
    (plate.parent / "s.0000.exr").write_bytes(b"torn")
    assert one(tmp_path, clip("s", HOUR + 4, 2), root) == "4-5"


def test_when_a_movie_is_there_and_cannot_be_read_then_the_reason_is_said(tmp_path, root):
    root.mkdir()
    (root / "s.mov").write_bytes(b"no movie")
    for name in (root / "s.mov", "media/s.mov"):
        assert "its media is there: " in one(tmp_path, clip("s", HOUR, 2, url=name))
    assert "cannot be read as a movie" in one(tmp_path, clip("s", HOUR, 2), root)


def test_when_a_reference_counts_from_nought_then_the_media_as_long_as_it_is_meant(tmp_path, root):
    write_media(root, "s", range(1001, 1011), "01:00:00:00")
    made = clip("s", 3, 2, url="/gone/s.mov", available=span(0, 10))
    assert one(tmp_path, made, root) == "1004-1005"
    made = clip("s", 3, 2, url="/gone/s.mov", available=span(0, 50))
    assert "no media holds what it shows" in one(tmp_path, made, root)


@pytest.mark.parametrize(
    ("field", "reason"), [({"frame_step": 2}, "one frame in 2"), ({"rate": 25.0}, "sequence 25")]
)
def test_when_an_image_sequence_skips_frames_or_has_another_rate_then_it_is_refused(
    tmp_path, root, field, reason
):
    made = clip("s", 5, 2)
    fields = {"rate": 24.0, "frame_step": 1, "available_range": span(0, 50), **field}
    made.media_reference = schema.ImageSequenceReference(f"{root}/", "s.", ".exr", **fields)
    assert reason in one(tmp_path, made)
