"""What a group shows: the restored frames where they are, the input everywhere else."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_host.errors import FaceplateError
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.nuke.adapter import plate_of
from plugin_host.hosts.nuke.group import Placing, coverage, make, place
from plugin_host.hosts.nuke.knobs import Wanted
from plugin_host.plate import Plate
from tests.hosts.nuke import NukeKit, text

PLATE, RESTORED = 0.1, 0.5


def level(frame, base):
    return base + (frame % 100) / 1024


@pytest.fixture
def scene(nuke, made, tmp_path):
    """A Read of ten frames, a group behind it, and what to place there."""

    class Scene:
        read = made.read(nuke, made.plate(tmp_path / "plate", range(1001, 1011)), 1001, 1010)
        group = make(read, made.DESCRIPTION)

        def place(self, frames="1001-1010", folder="v001", *, matte=None, offset=0, **how):
            selection = plate_of(self.read, Wanted())
            wanted = made.ranged(frames)
            plate = made.restored(tmp_path / folder, wanted, matte=matte)
            layers = ("beauty",) if matte is None else ("beauty", "matte")
            result = made.result(selection, plate, wanted, layers=layers, **how)
            return place(self.group, result, Placing(offset, read=self.read))

        def red(self, frame):
            return made.red(self.group, frame)

    return Scene()


def near(value):
    return pytest.approx(value, abs=2e-3)


def test_when_nothing_is_restored_then_the_group_is_its_input(scene):
    assert scene.red(1004) == near(level(1004, PLATE))


def test_when_a_result_is_placed_then_each_frame_is_its_own(scene):
    scene.place()
    for frame in range(1001, 1011):
        assert scene.red(frame) == near(level(frame, RESTORED))


def test_when_frames_have_gaps_then_the_input_shows_there_and_no_file_is_missed(scene):
    scene.place("1002,1004-1008x2")
    shown = {frame for frame in range(1001, 1011) if scene.red(frame) > 0.4}
    assert shown == {1002, 1004, 1006, 1008}


def test_when_another_range_of_the_take_is_placed_then_both_are_shown(scene):
    scene.place("1001-1003")
    scene.place("1007-1008")
    shown = {frame for frame in range(1001, 1011) if scene.red(frame) > 0.4}
    assert shown == {1001, 1002, 1003, 1007, 1008}
    assert scene.group["fp_done"].value() == "1001-1003,1007-1008"


def test_when_another_take_is_placed_then_it_alone_is_shown(scene):
    scene.place("1001-1003")
    scene.place("1007-1008", "v002")
    shown = {frame for frame in range(1001, 1011) if scene.red(frame) > 0.4}
    assert shown == {1007, 1008}
    assert len([n for n in scene.group.nodes() if n.Class() == "Read"]) == 1


def test_when_a_restored_frame_is_gone_then_it_is_an_error_and_not_another_picture(scene, tmp_path):
    scene.place()
    (tmp_path / "v001/p_restored.1004.exr").unlink()
    with pytest.raises(RuntimeError, match="No such file"):
        scene.red(1004)
    assert scene.red(1005) == near(level(1005, RESTORED))


def test_when_the_read_is_offset_then_the_result_is_too(scene, made):
    scene.read["frame_mode"].setValue("offset")
    scene.read["frame"].setValue("1000")
    read = scene.place("1002-1003", offset=1000)
    assert (read["frame_mode"].value(), read["frame"].value()) == ("start at", "2")
    assert scene.red(2) == near(level(1002, RESTORED))
    assert scene.red(4) == near(level(1004, PLATE))
    assert scene.group["fp_done"].value() == "1002-1003"
    scene.read["frame"].setValue("900")
    scene.place("1005", offset=900)
    assert [scene.red(frame) > 0.4 for frame in (102, 103, 104, 105)] == [True, True, False, True]


def test_when_mix_and_matte_are_turned_then_the_input_comes_back(scene):
    scene.place(matte=0.5)
    frame, group = 1004, scene.group
    plate, full = level(frame, PLATE), level(frame, RESTORED)
    assert scene.red(frame) == near(full)
    group["fp_mix"].setValue(0.25)
    assert scene.red(frame) == near(plate + 0.25 * (full - plate))
    group["fp_matte"].setValue(1)
    assert scene.red(frame) == near(plate + 0.125 * (full - plate))
    group["fp_mix"].setValue(0)
    assert scene.red(frame) == near(plate)


def test_when_no_matte_was_delivered_then_its_knob_is_off(scene):
    scene.place()
    assert not scene.group["fp_matte"].enabled()
    scene.place(folder="v002", matte=1)
    assert scene.group["fp_matte"].enabled()


def test_when_a_result_is_placed_then_its_read_is_as_the_sources_and_never_localised(scene):
    scene.read["colorspace"].setValue("sRGB")
    scene.read["premultiplied"].setValue(True)
    read = scene.place()
    same = ("colorspace", "raw", "premultiplied", "auto_alpha")
    assert [read[name].value() for name in same] == [scene.read[name].value() for name in same]
    assert read["localizationPolicy"].value() == "off"
    assert read["on_error"].value() == "error"
    assert (read["first"].value(), read["last"].value()) == (1001, 1010)
    assert (read["origfirst"].value(), read["origlast"].value()) == (1001, 1010)
    assert read["origset"].value()


def test_when_the_source_is_no_exr_then_its_default_space_is_named(nuke, made, scene):
    scene.read["file"].setValue("/shots/a.%04d.dpx")
    scene.read["colorspace"].setValues(["default (Cineon)", "Cineon", "linear"])
    scene.read["colorspace"].setValue("default (Cineon)")
    assert scene.place()["colorspace"].value() == "Cineon"


@pytest.mark.parametrize(
    ("version", "space"), [((13, 2, 8), "ACES/ACES - ACEScg"), ((16, 0, 1), "ACES - ACEScg")]
)
def test_when_that_default_lies_in_an_ocio_submenu_then_it_is_found_there(
    version, space, made, tmp_path
):
    with NukeKit(version=version, config="aces_1.2") as kit:
        entries = kit.nuke.nodes.Read()["colorspace"].values()
        default = entries[0].split("\t")[0]
        read = made.read(kit.nuke, "/shots/a.%04d.dpx", 1001, 1002, colorspace=default)
        result = made.result(
            plate_of(read, Wanted()), made.restored(tmp_path / "v001", [1001, 1002])
        )
        placed = place(make(read, made.DESCRIPTION), result, Placing(read=read))
        assert placed["colorspace"].value() == space


def test_when_a_plate_was_rendered_then_the_result_is_read_raw(nuke, made, scene, tmp_path):
    selection = plate_of(scene.read, Wanted())
    result = made.result(selection, made.restored(tmp_path / "v001", range(1001, 1011)))
    assert place(scene.group, result, Placing())["raw"].value() is True


def test_when_a_still_is_placed_then_it_is_shown_at_every_frame(nuke, made, tmp_path):
    made.plate(tmp_path / "plate", [42])
    read = made.read(nuke, str(tmp_path / "plate/p.0042.exr"), 1, 1)
    group = make(read, made.DESCRIPTION)
    selection = plate_of(group, Wanted())
    result = made.result(selection, made.restored(tmp_path / "v001", [42]))
    place(group, result, Placing(still=True, read=read))
    assert [made.red(group, frame) for frame in (1, 500)] == [near(level(42, RESTORED))] * 2


def test_when_the_engine_runs_on_windows_then_paths_have_no_backslash(scene, made):
    selection = plate_of(scene.read, Wanted())
    plate = Plate.parse(r"S:\shots\v001\p_restored.%04d.exr")
    result = made.result(selection, plate, take=r"S:\shots\v001\p.take")
    read = place(scene.group, result, Placing(read=scene.read))
    assert read["file"].value() == "S:/shots/v001/p_restored.%04d.exr"
    assert scene.group["fp_take"].value() == "S:/shots/v001/p.take"


def test_when_nuke_does_not_keep_a_value_then_it_is_said(scene, monkeypatch):
    scene.place()
    read = scene.group.node("Restored")
    monkeypatch.setattr(read["last"], "setValue", lambda _: False)
    with pytest.raises(FaceplateError, match=r"did not keep last = 1012: 1010"):
        scene.place("1011-1012", "v002")


def test_when_a_result_is_placed_then_its_path_is_given_as_a_user_types_it(scene, monkeypatch):
    knob, typed = scene.place().knob("file"), []
    monkeypatch.setattr(type(knob), "fromUserText", lambda _, text: typed.append(text))
    scene.place()
    assert typed == [knob.value()]


def test_when_a_result_is_placed_again_then_nuke_reads_its_files_again(kit, scene):
    read = scene.place("1001-1003")
    read["reload"].setValue("nuke.tprint('read again')")
    kit.printed.clear()
    assert scene.place("1004-1005") is read
    assert kit.printed == ["read again\n"]


def test_when_a_result_is_placed_then_one_undo_takes_it_back(kit, scene, nuke):
    before = len(kit.undo_blocks)
    nuke.Undo.begin("all")
    scene.place()
    nuke.Undo.end()
    assert len(kit.undo_blocks) == before + 1
    nuke.Undo.undo()
    assert scene.red(1004) == near(level(1004, PLATE))


def test_when_a_script_is_opened_without_faceplate_then_the_frames_are_shown(
    scene, nuke, made, tmp_path, monkeypatch
):
    scene.place("1002-1004", matte=1)
    nuke.scriptSaveAs(str(tmp_path / "comp.nk"))
    hidden = [name for name in sys.modules if name.split(".")[0] == "plugin_host"]
    for name in (*hidden, "plugin_host"):
        monkeypatch.setitem(sys.modules, name, None)
    with NukeKit(version=(16, 0, 1)) as other:
        other.nuke.scriptOpen(str(tmp_path / "comp.nk"))
        group = other.nuke.toNode("FaceplateRestore1")
        assert made.red(group, 1003) == near(level(1003, RESTORED))
        assert made.red(group, 1005) == near(level(1005, PLATE))
        other.press(group, "fp_do_restore")
        assert other.messages == [
            "Faceplate is not installed here; what was restored is shown all the same."
        ]
        assert other.errors == []


@settings(max_examples=40)
@given(
    st.lists(st.integers(-30, 30), min_size=1, max_size=20).map(FrameRange),
)
def test_when_frames_are_covered_then_the_expression_is_true_there_and_nowhere_else(frames):
    with NukeKit():
        found = {f for f in range(-35, 36) if text.expression(coverage(frames), None, f)}
    assert found == set(frames)
