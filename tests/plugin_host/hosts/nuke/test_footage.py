"""Which file a Read shows at a frame: told exactly, or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_host.errors import ColourspaceError, PlateError
from plugin_host.hosts.nuke.footage import behind, footage_of_read, path_of, views_of
from tests.hosts.nuke import NukeKit, files

NUMBER = st.integers(-2000, 2000)


@settings(max_examples=60)
@given(
    first=NUMBER,
    length=st.integers(1, 30),
    mode=st.sampled_from(["expression", "start at", "offset"]),
    number=NUMBER,
    typed=st.sampled_from(["{}", "frame+{}", "frame - {}", "t", "frame*2", "{}+frame", ""]),
)
def test_when_a_read_renumbers_frames_then_its_footage_is_what_nuke_shows_or_is_refused(
    first, length, mode, number, typed
):
    with NukeKit() as kit:
        read = kit.nuke.nodes.Read(file="/shots/a.%04d.exr", first=first, last=first + length - 1)
        read["origfirst"].setValue(first)
        read["frame_mode"].setValue(mode)
        text = str(number) if mode != "expression" else typed.format(abs(number))
        read["frame"].setValue(text)
        found = footage_of_read(read)
        if isinstance(found, str):
            assert mode == "expression"
            assert typed in {"{}", "t", "frame*2", "{}+frame"}
            return
        assert (found.frames.first, found.frames.last) == (first, first + length - 1)
        for frame in found.to_timeline(found.frames):
            assert files.frame_in_file(read, frame) == frame + found.offset
        assert found.to_plate(found.to_timeline(found.frames)) == found.frames


def test_when_a_read_starts_at_1001_then_numbers_are_its_own(nuke, made):
    found = footage_of_read(made.read(nuke, "/shots/a.%04d.exr", 1001, 1100))
    assert (str(found.frames), found.offset, found.plate.pattern) == (
        "1001-1100",
        0,
        "/shots/a.%04d.exr",
    )


def test_when_a_trimmed_read_starts_at_a_frame_then_its_files_are_not_taken(nuke, made):
    read = made.read(nuke, "/shots/a.%04d.exr", 1001, 1100, first=1010)
    read["frame_mode"].setValue("start at")
    read["frame"].setValue("1")
    assert footage_of_read(read) == "its start at '1' renumbers frames"


@pytest.mark.parametrize("path", ["/shots/a.mov", "/shots/a.%04d.jpg", "/shots/a.%04d"])
def test_when_the_engine_reads_a_file_unlike_nuke_then_its_path_is_not_taken(nuke, made, path):
    assert "is not read by the engine as by Nuke" in footage_of_read(made.read(nuke, path, 1, 5))


def test_when_a_read_is_disabled_then_its_path_is_not_taken(nuke, made):
    read = made.read(nuke, "/shots/a.%04d.exr", 1, 5, disable=True)
    assert footage_of_read(read) == "it is disabled"


def test_when_nuke_itself_says_that_it_shows_another_frame_then_its_path_is_not_taken(
    nuke, made, tmp_path, monkeypatch
):
    read = made.read(nuke, made.plate(tmp_path / "plate", [1001, 1002]), 1001, 1002)
    read["frame_mode"].setValue("offset")
    read["frame"].setValue("1000")
    assert footage_of_read(read).offset == 1000
    monkeypatch.setattr(read, "metadata", lambda _, time, __: time - 1000)
    assert footage_of_read(read) == "Nuke shows frame -999 of it at 1, not 1001"


def test_when_a_read_holds_one_picture_then_it_is_shown_at_every_frame(nuke, made):
    found = footage_of_read(made.read(nuke, "/shots/still.0042.exr", 1, 100))
    assert found.still
    assert str(found.frames) == "42"
    assert found.to_plate(made.ranged("1-100")) == found.frames


def test_when_a_file_differs_by_view_then_it_is_that_views(nuke, made):
    nuke.root()["views"].setValue("left\nright")
    read = made.read(nuke, "/shots/%V/a_%v.%04d.exr", 1, 5)
    assert views_of(read) == ("left", "right")
    assert path_of(read, "right") == "/shots/right/a_r.%04d.exr"
    with pytest.raises(PlateError, match="choose one"):
        path_of(read)


def test_when_a_script_is_stereo_and_a_file_is_not_then_there_is_one_plate(nuke, made):
    nuke.root()["views"].setValue("left\nright")
    read = made.read(nuke, "/shots/a.%04d.exr", 1, 5)
    assert views_of(read) == ("",)
    dot = nuke.nodes.Dot(inputs=[read])
    assert views_of(dot) == ("",)
    assert views_of(nuke.nodes.Grade(inputs=[read])) == ("left", "right")


def test_when_dots_lie_between_then_the_read_behind_them_counts(nuke, made):
    read = made.read(nuke, "/shots/a.%04d.exr", 1, 5)
    dots = nuke.nodes.Dot(inputs=[nuke.nodes.Dot(inputs=[read])])
    assert behind(dots) is read
    assert behind(nuke.nodes.Dot()) is None


def test_when_a_path_is_relative_then_it_begins_at_the_project(nuke, made, tmp_path):
    read = made.read(nuke, "plates/a.%04d.exr", 1, 5)
    with pytest.raises(PlateError, match="no project directory"):
        path_of(read)
    nuke.scriptSaveAs(str(tmp_path / "comp.nk"))
    assert path_of(read) == f"{tmp_path}/plates/a.%04d.exr"
    nuke.root()["project_directory"].setValue("/show/")
    assert path_of(read) == "/show/plates/a.%04d.exr"


def test_when_a_farm_maps_paths_then_the_engine_is_told_what_nuke_opens(nuke, made):
    nuke.addFilenameFilter(lambda path: path.replace("P:/", "/mnt/"))
    read = made.read(nuke, "P:/shots/a.%04d.exr", 1001, 1002)
    assert footage_of_read(read).plate.pattern == "/mnt/shots/a.%04d.exr"


def test_when_a_path_holds_tcl_then_it_is_carried_out(nuke, made):
    read = made.read(nuke, "/shots/[file tail /x/y]/a.%04d.exr", 1, 5)
    assert path_of(read) == "/shots/y/a.%04d.exr"


def test_when_a_read_has_no_file_then_it_is_said(nuke):
    with pytest.raises(PlateError, match="Read1 names no file"):
        path_of(nuke.createNode("Read"))


def test_when_the_user_names_a_colourspace_then_it_goes_before_the_reads(nuke, made):
    read = made.read(nuke, "/shots/a.%04d.dpx", 1, 5, colorspace="Cineon")
    assert footage_of_read(read).plate.colourspace == "Cineon"
    assert footage_of_read(read, colourspace="LogC4").plate.colourspace == "LogC4"


def test_when_the_config_is_the_users_own_and_only_a_role_is_known_then_it_is_refused(nuke, made):
    read = made.read(nuke, "/shots/a.%04d.exr", 1, 5)
    nuke.root()["colorManagement"].setValue("OCIO")
    nuke.root()["OCIO_config"].setValue("custom")
    read["colorspace"].setValue("compositing_linear")
    with pytest.raises(ColourspaceError, match=r"name the space itself"):
        footage_of_read(read)
