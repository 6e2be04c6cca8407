"""What is selected becomes plates; results find their way back."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_host.errors import (
    FaceplateError,
    FrameRangeError,
    OutputError,
    PlateError,
    SettingsError,
)
from plugin_host.hosts.nuke.adapter import NukeHost, plate_of, plates_of, template_of
from plugin_host.hosts.nuke.group import make
from plugin_host.hosts.nuke.knobs import Wanted, wanted_of
from plugin_host.hosts.nuke.placing import Origin, group_behind
from plugin_host.replies import FrameErrorText
from tests.hosts.nuke import NukeKit


@pytest.fixture
def pattern(made, tmp_path):
    return made.plate(tmp_path / "plate", range(1001, 1011))


@pytest.fixture
def read(nuke, made, pattern):
    return made.read(nuke, pattern, 1001, 1010)


def test_when_several_nodes_are_selected_then_each_is_a_plate_in_the_order_of_selection(
    nuke, made, tmp_path
):
    reads = [made.read(nuke, made.plate(tmp_path / name, [1, 2]), 1, 2) for name in ("a", "b", "c")]
    for one in reads:
        one.setSelected(False)
    for one in (reads[2], reads[0]):
        one.setSelected(True)
    assert [s.name for s in NukeHost().selected_plates()] == ["Read3", "Read1"]


def test_when_nothing_is_selected_then_it_is_said(nuke):
    with pytest.raises(PlateError, match="nothing is selected"):
        NukeHost().selected_plates()


def test_when_a_read_and_its_group_are_selected_then_the_group_counts(nuke, made, read):
    make(read, made.DESCRIPTION).setSelected(True)
    read.setSelected(True)
    (selection,) = NukeHost().selected_plates()
    assert Origin.parse(selection.origin).node == "FaceplateRestore1"


def test_when_a_read_is_plain_then_its_path_is_taken_and_nothing_is_rendered(kit, read, pattern):
    (selection,) = plates_of(read)
    assert (selection.shot.plate.pattern, str(selection.frames)) == (pattern, "1001-1010")
    assert (selection.shot.plate.colourspace, selection.shot.handles) == ("linear", 0)
    assert kit.renders == []


def test_when_frames_are_asked_for_by_the_timeline_then_the_plates_numbers_are_meant(
    nuke, made, read
):
    read["frame_mode"].setValue("start at")
    read["frame"].setValue("1")
    wanted = Wanted(shot=made.ranged("3-8"), frames=made.ranged("4-6x2"), handles=2)
    selection = plate_of(read, wanted)
    assert (str(selection.shot.frames), str(selection.frames)) == ("1003-1008", "1004,1006")
    assert Origin.parse(selection.origin).offset == 1000


def test_when_a_frame_is_outside_the_shot_then_it_is_told_by_the_timeline(nuke, made, read):
    read["frame_mode"].setValue("offset")
    read["frame"].setValue("1000")
    with pytest.raises(FrameRangeError, match=r"frame 11 is not in the shot 1-10 of Read1"):
        plate_of(read, Wanted(frames=made.ranged("9-12")))


def test_when_handles_reach_beyond_the_read_then_it_is_said(made, read):
    with pytest.raises(SettingsError, match=r"has frames 1001-1010; .* takes 999-1008"):
        plate_of(read, Wanted(shot=made.ranged("1001-1006"), handles=2))


def test_when_a_node_is_no_read_then_it_is_rendered_with_its_handles(
    kit, nuke, made, read, tmp_path
):
    grade = nuke.nodes.Grade(inputs=[read], multiply=2.0)
    wanted = Wanted(made.ranged("1003-1006"), made.ranged("1004"), 1, plates=str(tmp_path / "r"))
    selection = plate_of(grade, wanted)
    assert [frame for _, _, frame, _ in kit.renders] == [1002, 1003, 1004, 1005, 1006, 1007]
    assert (str(selection.shot.frames), selection.shot.handles) == ("1003-1006", 1)
    assert selection.shot.plate.colourspace == "linear"
    assert not Origin.parse(selection.origin).direct


def test_when_a_read_renumbers_its_frames_then_it_is_rendered_by_the_timeline(
    kit, nuke, made, read, tmp_path
):
    nuke.scriptSaveAs(str(tmp_path / "comp.nk"))
    read["frame"].setValue("1001+(frame%10)")
    wanted = Wanted(shot=made.ranged("1-4"))
    selection = plate_of(read, wanted)
    assert str(selection.frames) == "1-4"
    assert selection.shot.plate.folder.startswith(f"{tmp_path}/faceplate/plates/Read1_")
    assert template_of(selection, wanted) == f"{tmp_path}/faceplate/{{name}}/{{version}}"
    wanted = wanted._replace(plates="/renders/")
    assert template_of(selection, wanted) == "/renders/restored/{name}/{version}"


def test_when_a_script_was_never_saved_and_must_be_rendered_then_nothing_is(kit, nuke, read):
    grade = nuke.nodes.Grade(inputs=[read])
    with pytest.raises(OutputError, match="save the script"):
        plates_of(grade)
    assert kit.renders == []


def test_when_no_output_is_named_then_it_lies_beside_the_plate(read):
    (selection,) = plates_of(read)
    assert template_of(selection, Wanted()) == "{folder}/restored/{plate}/{version}"
    assert template_of(selection, Wanted(output="/x/{name}")) == "/x/{name}"


def test_when_a_script_is_stereo_then_each_view_of_a_read_is_a_plate(nuke, made, tmp_path):
    nuke.root()["views"].setValue("left\nright")
    for view in ("left", "right"):
        made.plate(tmp_path / view, [1, 2])
    selections = plates_of(made.read(nuke, f"{tmp_path}/%V/p.%04d.exr", 1, 2))
    assert [s.name for s in selections] == ["Read1_left", "Read1_right"]
    folders = [s.shot.plate.folder for s in selections]
    assert folders == [str(tmp_path / "left"), str(tmp_path / "right")]


def test_when_proxy_mode_is_on_then_it_is_refused(nuke, read):
    nuke.root()["proxy"].setValue(True)
    with pytest.raises(PlateError, match="proxy mode is on"):
        plates_of(read)


def test_when_a_group_has_no_input_then_it_is_said(nuke, made, read):
    group = make(read, made.DESCRIPTION)
    group.setInput(0, None)
    with pytest.raises(PlateError, match="has no input"):
        plate_of(group, wanted_of(group))


@pytest.mark.parametrize(
    ("fps", "rate"),
    [(24.0, (24, 1)), (23.976, (24000, 1001)), (59.94, (60000, 1001)), (12.5, (12500, 1000))],
)
def test_when_a_script_has_a_rate_then_it_is_a_fraction(fps, rate, made, tmp_path):
    with NukeKit(fps=fps) as kit:
        (selection,) = plates_of(made.read(kit.nuke, made.plate(tmp_path / "plate", [1]), 1, 1))
        assert selection.rate == rate


def test_when_a_result_comes_then_a_group_is_made_behind_the_node_once(
    kit, nuke, made, read, tmp_path
):
    (selection,) = plates_of(read)
    result = made.result(selection, made.restored(tmp_path / "v001", selection.frames))
    assert NukeHost().place_result(result) == "FaceplateRestore1"
    assert NukeHost().place_result(result) == "FaceplateRestore1"
    group = group_behind(read, "")
    assert group["label"].value() == "v001: 1001-1010"
    assert read.isSelected()
    assert made.red(group, 1004) > 0.4
    assert kit.undo_blocks[-1].name.startswith("Faceplate:")


def test_when_a_result_has_errors_then_the_label_says_so_and_holds_no_tcl(
    nuke, made, read, tmp_path
):
    (selection,) = plates_of(read)
    frames = made.ranged("1001-1009")
    plate = made.restored(tmp_path / "v[001]", frames)
    wrong = FrameErrorText(1010, "frame.missing", "gone")
    NukeHost().place_result(made.result(selection, plate, frames, errors=[wrong]))
    label = group_behind(read, "")["label"].value()
    assert label == "v(001): 1001-1009\nnot restored: 1"


def test_when_the_node_is_gone_then_it_is_said_where_the_frames_are(nuke, made, read, tmp_path):
    (selection,) = plates_of(read)
    result = made.result(selection, made.restored(tmp_path / "v001", selection.frames))
    nuke.delete(read)
    with pytest.raises(FaceplateError, match=r"Read1 is gone .* on disk .*v001"):
        NukeHost().place_result(result)


@pytest.fixture
def ours(nuke, made, read, tmp_path):
    """A group, and what was restored for it."""
    group = make(read, made.DESCRIPTION)
    selection = plate_of(group, wanted_of(group))
    return group, made.result(selection, made.restored(tmp_path / "v001", selection.frames))


def test_when_the_group_was_renamed_or_moved_meanwhile_then_its_result_finds_it(nuke, ours):
    group, result = ours
    group.setName("Anna")
    assert NukeHost().place_result(result) == "Anna"
    assert group["fp_done"].value() == "1001-1010"


def test_when_another_node_has_the_name_meanwhile_then_the_result_is_not_put_there(
    nuke, made, ours, pattern
):
    group, result = ours
    nuke.delete(group)
    other = make(made.read(nuke, pattern, 1001, 1010), made.DESCRIPTION)
    assert other.name() == "FaceplateRestore1"
    with pytest.raises(FaceplateError, match=r"is gone from the script; .* on disk"):
        NukeHost().place_result(result)
    assert other["fp_done"].value() == ""


def test_when_the_read_has_another_file_meanwhile_then_the_result_is_not_shown(
    made, read, ours, tmp_path
):
    _, result = ours
    read["file"].setValue(made.plate(tmp_path / "v2", range(1001, 1011)))
    with pytest.raises(FaceplateError, match=r"FaceplateRestore1 has another plate now"):
        NukeHost().place_result(result)
    read["file"].setValue(result.selection.shot.plate.pattern)
    assert NukeHost().place_result(result) == "FaceplateRestore1"


def test_when_a_script_becomes_stereo_then_the_group_wants_to_know_its_view(
    nuke, made, read, tmp_path
):
    group = make(read, made.DESCRIPTION)
    assert not group["fp_view"].visible()
    nuke.root()["views"].setValue("left\nright")
    read["file"].setValue(f"{tmp_path}/%V/p.%04d.exr")
    with pytest.raises(SettingsError, match=r"differs between the views left, right: name one"):
        plate_of(group, wanted_of(group))
    group["fp_view"].setValue("middle")
    with pytest.raises(SettingsError, match=r"no view 'middle'; there are left, right"):
        plate_of(group, wanted_of(group))
    group["fp_view"].setValue("right")
    assert plate_of(group, wanted_of(group)).shot.plate.folder == str(tmp_path / "right")


def test_when_a_node_lies_in_a_group_then_its_result_does_too(nuke, made, pattern, tmp_path):
    outer = nuke.nodes.Group()
    with outer:
        read = made.read(nuke, pattern, 1001, 1010)
        nuke.nodes.Output(inputs=[read])
    (selection,) = plates_of(read)
    result = made.result(selection, made.restored(tmp_path / "v001", selection.frames))
    assert NukeHost().place_result(result) == "Group1.FaceplateRestore1"
    assert nuke.toNode("FaceplateRestore1") is None


def test_when_a_worker_uses_the_host_then_nuke_is_called_on_its_main_thread_only(
    kit, made, read, tmp_path
):
    came = []

    def work():
        host = NukeHost()
        (selection,) = host.selected_plates()
        plate = made.restored(tmp_path / "v001", selection.frames)
        with host.show_progress("Restoring") as progress:
            progress.say(1, 10, "restoring")
            assert not progress.cancelled()
        came.append(host.place_result(made.result(selection, plate)))

    thread = threading.Thread(target=work)
    thread.start()
    kit.run_until(lambda: not thread.is_alive())
    assert came == ["FaceplateRestore1"]
    assert kit.tasks[0].closed
    assert kit.tasks[0].progress == [10]


@settings(max_examples=30)
@given(st.builds(Origin, *[st.text()] * 3, st.integers(-(10**9), 10**9), *[st.booleans()] * 2))
def test_when_an_origin_is_written_then_it_is_read_the_same(origin):
    assert Origin.parse(str(origin)) == origin
