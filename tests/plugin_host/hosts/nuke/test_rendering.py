"""A node's picture becomes half EXR, raw, once."""

from pathlib import Path

import pytest

from plugin_host.errors import FrameMissing, JobCancelled, OutputError, PlateError
from plugin_host.hosts.nuke.rendering import default_folder, fingerprint, render
from tests.hosts import exr_file as exr


@pytest.fixture
def graded(nuke, made, tmp_path):
    read = made.read(nuke, made.plate(tmp_path / "plate", range(1001, 1005)), 1001, 1004)
    return nuke.nodes.Grade(inputs=[read], multiply=2.0)


@pytest.fixture
def rendered(graded, made, tmp_path):
    def run(frames="1001-1004", node=graded, view=""):
        folder = str(tmp_path / "renders")
        return render(node, made.ranged(frames), view=view, folder=folder, colourspace="ACEScg")

    return run


def test_when_a_node_is_rendered_then_it_is_half_raw_and_what_nuke_shows(
    kit, nuke, graded, rendered, made
):
    nuke.root()["colorManagement"].setValue("OCIO")
    nuke.root()["OCIO_config"].setValue("custom")
    found = rendered()
    assert found.rendered
    assert (found.plate.colourspace, str(found.frames), found.offset) == ("ACEScg", "1001-1004", 0)
    for frame in found.frames:
        picture = exr.read_exr(found.plate.path(frame))
        assert set(picture.planes) == set("RGBA")
        assert {plane.kind for plane in picture.planes.values()} == {exr.HALF}
        assert picture.planes["R"].floats()[0] == pytest.approx(made.red(graded, frame), abs=1e-3)


def test_when_nothing_changed_then_no_frame_is_rendered_again(kit, rendered):
    first = rendered("1001-1002")
    assert rendered("1001-1004").plate == first.plate
    assert [frame for _, _, frame, _ in kit.renders] == [1001, 1002, 1003, 1004]
    rendered()
    assert len(kit.renders) == 4


def test_when_a_knob_a_file_or_a_connection_changes_then_it_is_another_plate(
    nuke, made, graded, rendered, tmp_path
):
    plates = [rendered().plate]
    graded["multiply"].setValue(3.0)
    plates.append(rendered().plate)
    made.plate(tmp_path / "plate", [1003], level=0.2)
    plates.append(rendered().plate)
    graded.setInput(0, nuke.nodes.Multiply(inputs=[graded.input(0)]))
    plates.append(rendered().plate)
    nuke.root()["workingSpaceLUT"].setValue("sRGB")
    graded.input(0).input(0)["raw"].setValue(True)
    plates.append(rendered().plate)
    assert len(set(plates)) == 5


def test_when_only_looks_change_then_it_is_the_same_plate(nuke, graded, rendered):
    before = rendered().plate
    graded.setXYpos(50, 60)
    graded.input(0).setName("Plate")
    graded["label"].setValue("warm")
    assert rendered().plate == before


def test_when_a_node_within_a_group_changes_then_it_is_another_picture(nuke, made, graded):
    group = nuke.nodes.Group()
    with group:
        inside = nuke.nodes.Grade(inputs=[nuke.nodes.Input()])
        nuke.nodes.Output(inputs=[inside])
    group.setInput(0, graded)
    frames = made.ranged("1001")
    before = fingerprint(group, frames)
    inside["multiply"].setValue(4.0)
    assert fingerprint(group, frames) != before


def test_when_a_result_is_placed_in_the_same_group_then_it_is_the_same_picture(nuke, made, graded):
    outer = nuke.nodes.Group()
    with outer:
        inside = nuke.nodes.Grade(inputs=[nuke.nodes.Input()])
        beside = nuke.nodes.Group(inputs=[])
    outer.setInput(0, graded)
    frames = made.ranged("1001")
    before = fingerprint(inside, frames)
    beside["label"].setValue("v001")
    with outer:
        nuke.nodes.Read(file="/shots/restored.%04d.exr")
    assert fingerprint(inside, frames) == before
    graded["multiply"].setValue(5.0)
    assert fingerprint(inside, frames) != before


def test_when_a_render_is_done_then_no_node_and_no_undo_is_left(kit, nuke, rendered):
    before = len(kit.undo_blocks)
    rendered()
    assert nuke.allNodes("Write") == []
    assert len(kit.undo_blocks) == before
    assert not nuke.Undo.disabled()


def test_when_the_user_cancels_a_render_then_what_is_done_is_done_again_later(kit, nuke, rendered):
    kit.cancel_render_at(1003)
    with pytest.raises(JobCancelled, match="nothing was sent"):
        rendered()
    assert nuke.allNodes("Write") == []
    kit.cancel_render_at(None)
    rendered()
    assert [frame for _, _, frame, _ in kit.renders] == [1001, 1002, 1001, 1002, 1003, 1004]


def test_when_nuke_cannot_render_then_its_reason_is_told(rendered, tmp_path):
    (tmp_path / "plate/p.1002.exr").unlink()
    with pytest.raises(PlateError, match=r"could not render Grade1: .*1002.exr"):
        rendered()


def test_when_nuke_says_that_it_rendered_and_did_not_then_it_is_noticed(
    nuke, rendered, monkeypatch
):
    monkeypatch.setattr(nuke, "execute", lambda *_: None)
    with pytest.raises(FrameMissing, match="frame 1001"):
        rendered()


def test_when_a_rendered_frame_is_lost_then_it_alone_is_made_again(kit, rendered):
    found = rendered()
    Path(found.plate.path(1002)).unlink()
    rendered()
    assert [frame for _, _, frame, _ in kit.renders] == [1001, 1002, 1003, 1004, 1002]


@pytest.mark.parametrize("text", ["", "no JSON", "{}", '{"frames": 3}', '{"frames": "3-1"}', "[]"])
def test_when_the_memory_of_a_render_is_spoilt_then_all_is_rendered_again(kit, rendered, text):
    found = rendered("1001")
    (Path(found.plate.folder) / "rendered.json").write_text(text, "utf-8")
    rendered("1001")
    assert len(kit.renders) == 2


def test_when_frames_have_gaps_then_those_alone_are_rendered(kit, rendered):
    rendered("1001,1003-1004")
    assert [frame for _, _, frame, _ in kit.renders] == [1001, 1003, 1004]


def test_when_a_view_is_asked_for_then_that_one_is_rendered(kit, nuke, made, rendered, tmp_path):
    nuke.root()["views"].setValue("left\nright")
    for view in ("left", "right"):
        made.plate(tmp_path / view, [1001], level=0.1 if view == "left" else 0.3)
    read = made.read(nuke, f"{tmp_path}/%V/p.%04d.exr", 1001, 1001)
    plates = [rendered("1001", read, view).plate for view in ("left", "right")]
    assert [view for _, view, _, _ in kit.renders] == ["left", "right"]
    reds = [exr.read_exr(plate.path(1001)).planes["R"].floats()[0] for plate in plates]
    assert reds[1] - reds[0] == pytest.approx(0.2, abs=1e-3)


def test_when_proxy_mode_is_on_then_it_is_refused(nuke, rendered):
    nuke.root()["proxy"].setValue(True)
    with pytest.raises(PlateError, match="switch it off"):
        rendered()


def test_when_the_folder_cannot_be_written_then_it_is_said(rendered, tmp_path):
    (tmp_path / "renders").write_text("a file")
    with pytest.raises(OutputError, match="cannot write there"):
        rendered()


def test_when_a_script_was_never_saved_then_the_choices_are_named(nuke, tmp_path):
    with pytest.raises(OutputError, match="save the script, or name a folder"):
        default_folder()
    nuke.scriptSaveAs(str(tmp_path / "comp.nk"))
    assert default_folder() == f"{tmp_path}/faceplate/plates"
