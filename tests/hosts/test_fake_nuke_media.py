"""The fake's Reads and Writes: exact files, exact frames, and the errors that Nuke gives."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenEXR import Compression

from engine.frame_io.exr import encode_image, read_image
from tests.engine.plates import image, picture
from tests.hosts import exr_file as exr
from tests.hosts.nuke import NotModelled, NukeKit, pictures
from tests.hosts.nuke.exercise import digest, plate


@pytest.fixture
def kit():
    with NukeKit() as running:
        yield running


@pytest.fixture
def nuke(kit):
    return kit.nuke


@pytest.fixture
def read(nuke, tmp_path):
    """A Read of four frames, 1001-1004."""
    node = nuke.nodes.Read()
    node["file"].fromUserText(plate(str(tmp_path), range(1001, 1005)) + " 1001-1004")
    return node


def writer(nuke, node, folder, **knobs):
    """Return a Write behind a node that changes nothing, unless knobs say so."""
    values = {"file": f"{folder}/out.%04d.exr", "channels": "all", "raw": True, **knobs}
    return nuke.nodes.Write(inputs=[node], **values)


def pixels(path):
    """Return a file's channels as the engine reads them."""
    return read_image(str(path)).parts[0].channels


# the files


@pytest.mark.parametrize("packing", ["NO_COMPRESSION", "ZIPS_COMPRESSION", "ZIP_COMPRESSION"])
@pytest.mark.parametrize("written", [exr.NONE, exr.ZIPS, exr.ZIP])
def test_when_the_kit_copies_a_file_then_the_engine_reads_the_same_bits(tmp_path, packing, written):
    random = np.random.default_rng(7)
    extra = {
        "A": random.integers(0, 2**16, (37, 51), dtype=np.uint16).view(np.float16),
        "depth.Z": random.normal(size=(37, 51)).astype(np.float32),
        "id.u": random.integers(0, 2**32, (37, 51), dtype=np.uint32),
    }
    attributes = {"compression": getattr(Compression, packing), "owner": "someone"}
    source = image(picture(1, (37, 51)), extra=extra, attributes=attributes)
    (tmp_path / "in.exr").write_bytes(encode_image(source))
    exr.write_exr(tmp_path / "out.exr", exr.read_exr(tmp_path / "in.exr"), written)
    ours, theirs = pixels(tmp_path / "out.exr"), source.parts[0].channels
    assert set(ours) == set(theirs)
    for name, samples in theirs.items():
        assert ours[name].tobytes() == samples.tobytes(), name


def test_when_a_file_is_truncated_then_reading_it_raises(read, tmp_path):
    path = tmp_path / "plate.1001.exr"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RuntimeError, match=r"Read1: .*1001\.exr: the file is torn"):
        pictures.pull(read, 1001, "main")


# frames of a Read


def test_when_a_path_is_typed_with_a_range_then_the_read_and_the_root_take_it(nuke, read):
    knobs = ("first", "last", "origfirst", "origlast", "origset")
    assert [read[name].value() for name in knobs] == [1001, 1004, 1001, 1004, True]
    assert (nuke.root().firstFrame(), nuke.root().lastFrame()) == (1, 1004)
    nuke.root()["last_frame"].setValue(100)
    nuke.root()["lock_range"].setValue(True)
    read["file"].fromUserText("/other.%04d.exr 1-2000")
    assert nuke.root().lastFrame() == 100
    read["file"].setValue("/third.%04d.exr")
    assert read["last"].value() == 2000


@pytest.mark.parametrize(
    ("mode", "typed", "shown", "covered"),
    [
        ("expression", "", {1001: 1001, 1004: 1004}, (1001, 1004)),
        ("expression", "frame + 1000", {1: 1001, 3: 1003}, (1001, 1004)),
        ("start at", "1", {1: 1001, 4: 1004}, (1, 4)),
        ("offset", "1000", {1: 1001, 4: 1004}, (1, 4)),
        ("offset", "-10", {1011: 1001, 1014: 1004}, (1011, 1014)),
    ],
)
def test_when_frames_are_shifted_then_the_right_file_is_read(read, mode, typed, shown, covered):
    read["frame_mode"].setValue(mode)
    read["frame"].setValue(typed)
    for frame, number in shown.items():
        assert read.metadata("input/frame", frame) == number
    assert (read.firstFrame(), read.lastFrame()) == covered


@pytest.mark.parametrize(
    ("way", "before", "after"),
    [
        ("hold", [1001, 1001], [1004, 1004]),
        ("loop", [1003, 1004], [1001, 1002]),
        ("bounce", [1002, 1001], [1004, 1003]),
    ],
)
def test_when_a_frame_lies_outside_then_before_and_after_say_which(read, way, before, after):
    read["before"].setValue(way)
    read["after"].setValue(way)
    asked = [read.metadata("input/frame", frame) for frame in (999, 1000, 1005, 1006)]
    assert asked == before + after


def test_when_a_frame_is_lost_then_on_error_decides(nuke, read, tmp_path):
    Path(tmp_path / "plate.1002.exr").unlink()
    write = writer(nuke, read, tmp_path)
    with pytest.raises(RuntimeError, match=r"plate\.1002\.exr: No such file"):
        nuke.execute(write, 1002, 1002)
    nuke.frame(1002)
    assert read.hasError()
    read["on_error"].setValue("nearest frame")
    nuke.execute(write, 1002, 1002)
    assert digest(f"{tmp_path}/out.1002.exr") == digest(f"{tmp_path}/plate.1001.exr")
    read["on_error"].setValue("black")
    nuke.execute(write, 1002, 1002)
    assert not np.any(pixels(tmp_path / "out.1002.exr")["R"])


def test_when_a_path_has_backslashes_then_it_names_another_file(nuke, tmp_path):
    read = nuke.nodes.Read(file=str(tmp_path).replace("/", "\\") + "\\a.exr")
    assert "\\" in read["file"].value()
    assert nuke.filename(read) == str(tmp_path).replace("/", "") + "a.exr"
    assert read.hasError()


def test_when_the_header_has_timecode_and_rate_then_metadata_tells(read):
    found = read.metadata(time=1002)
    assert found["input/timecode"] == "01:00:41:18"
    assert found["input/frame_rate"] == pytest.approx(24000 / 1001)
    assert found["exr/reel"] == "A001"
    assert found["input/filename"].endswith("plate.1002.exr")
    assert found["input/bitsperchannel"] == "16-bit half float"


def test_when_a_filter_maps_paths_then_files_are_found_elsewhere(nuke, read, tmp_path):
    theirs = "P:/shots/plate.%04d.exr"
    read["file"].setValue(theirs)
    assert read.hasError()
    nuke.addFilenameFilter(lambda path: path.replace("P:/shots", str(tmp_path)))
    nuke.frame(1001)
    assert not read.hasError()
    assert read["file"].value() == theirs


# rendering


def test_when_a_read_is_rendered_raw_then_every_bit_passes(nuke, read, tmp_path):
    write = writer(nuke, read, tmp_path)
    nuke.execute(write, 1001, 1004, 3)
    for frame in (1001, 1004):
        assert digest(f"{tmp_path}/out.{frame}.exr") == digest(f"{tmp_path}/plate.{frame}.exr")
    assert not Path(tmp_path / "out.1002.exr").exists()


def test_when_a_grade_multiplies_then_only_its_channels_change(nuke, read, tmp_path):
    grade = nuke.nodes.Grade(inputs=[read], white=2.0)
    nuke.execute(writer(nuke, grade, tmp_path), 1001, 1001)
    before, after = pixels(tmp_path / "plate.1001.exr"), pixels(tmp_path / "out.1001.exr")
    for name in "RGB":
        assert np.array_equal(after[name], before[name] * np.float16(2))
    assert np.array_equal(after["A"], before["A"])


@pytest.mark.parametrize(("datatype", "dtype"), [("16 bit half", "f2"), ("32 bit float", "f4")])
def test_when_a_datatype_is_chosen_then_the_file_has_it(nuke, read, tmp_path, datatype, dtype):
    nuke.execute(writer(nuke, read, tmp_path, datatype=datatype), 1001, 1001)
    assert pixels(tmp_path / "out.1001.exr")["R"].dtype == np.dtype(dtype)


def test_when_channels_are_chosen_then_the_others_are_left_out(nuke, read, tmp_path):
    nuke.execute(writer(nuke, read, tmp_path, channels="rgb"), 1001, 1001)
    assert set(pixels(tmp_path / "out.1001.exr")) == set("RGB")


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ("no metadata", set()),
        ("default metadata", {"timeCode"}),
        ("all metadata", {"timeCode", "reel"}),
    ],
)
def test_when_metadata_is_chosen_then_so_much_of_the_header_passes(
    nuke, read, tmp_path, metadata, kept
):
    nuke.execute(writer(nuke, read, tmp_path, metadata=metadata), 1001, 1001)
    attributes = exr.read_exr(f"{tmp_path}/out.1001.exr").attributes
    assert set(attributes) & {"timeCode", "reel"} == kept


def test_when_the_folder_is_missing_then_only_create_directories_makes_it(nuke, read, tmp_path):
    write = writer(nuke, read, tmp_path / "new")
    with pytest.raises(RuntimeError, match="can't open file"):
        nuke.execute(write, 1001, 1001)
    write["create_directories"].setValue(True)
    nuke.execute(write, 1001, 1001)
    assert Path(tmp_path / "new/out.1001.exr").exists()


def test_when_the_user_cancels_then_finished_frames_stay_and_it_raises(kit, nuke, read, tmp_path):
    kit.cancel_render_at(1003)
    write = writer(nuke, read, tmp_path)
    with pytest.raises(RuntimeError, match="Cancelled"):
        nuke.execute(write, 1001, 1004)
    assert [frame for _, _, frame, _ in kit.renders] == [1001, 1002]
    kit.cancel_render_at(None)
    nuke.addAfterFrameRender(nuke.cancel)
    with pytest.raises(RuntimeError, match="Cancelled"):
        nuke.execute(write, 1003, 1004)
    assert kit.renders[-1][2] == 1003


def test_when_frames_are_ranges_then_they_are_rendered_in_order(kit, nuke, read, tmp_path):
    nuke.execute(writer(nuke, read, tmp_path), nuke.FrameRanges("1004 1001-1003x2"))
    assert [frame for _, _, frame, _ in kit.renders] == [1004, 1001, 1003]


def test_when_a_write_has_limits_then_frames_outside_are_not_written(kit, nuke, read, tmp_path):
    write = writer(nuke, read, tmp_path, use_limit=True, first=1002, last=1003)
    nuke.executeMultiple([write], [(1001, 1004, 1)])
    assert [frame for _, _, frame, _ in kit.renders] == [1002, 1003]


def test_when_one_frame_fails_then_continue_on_error_goes_on(kit, nuke, read, tmp_path):
    Path(tmp_path / "plate.1002.exr").unlink()
    write = writer(nuke, read, tmp_path)
    nuke.execute(write, 1001, 1003, continueOnError=True)
    assert [frame for _, _, frame, _ in kit.renders] == [1001, 1003]
    assert len(kit.errors) == 1


def test_when_frame_numbers_are_floats_then_execute_refuses_them(nuke, read, tmp_path):
    write = writer(nuke, read, tmp_path)
    with pytest.raises(TypeError, match="integer"):
        nuke.execute(write, nuke.root()["first_frame"].value(), 3)


def test_when_a_render_begins_within_a_render_then_it_is_refused(nuke, read, tmp_path):
    write = writer(nuke, read, tmp_path)
    nuke.addBeforeFrameRender(lambda: nuke.execute(write, 1001, 1001))
    with pytest.raises(RuntimeError, match="already executing"):
        nuke.execute(write, 1001, 1001)
    assert not nuke.executing()


def test_when_the_terminal_renders_then_it_prints_frames(tmp_path, capsys):
    with NukeKit(gui=False) as kit:
        read = kit.nuke.nodes.Read(file=plate(str(tmp_path), [1]))
        kit.nuke.execute(writer(kit.nuke, read, tmp_path), 1, 1)
    assert capsys.readouterr().out == "Frame 1 (1 of 1)\n"


# trees


def restored(nuke, read, folder):
    """Return a group like Faceplate's: its input and a Read, blended by its knobs."""
    count, planes = 24, {}
    for name, value in {"R": 4.0, "G": 4.0, "B": 4.0, "A": 1.0, "face.matte": 0.5}.items():
        planes[name] = exr.Plane.constant(value, count, exr.HALF)
    exr.write_exr(f"{folder}/restored.exr", exr.Picture(planes, (0, 0, 5, 3)))
    group = nuke.nodes.Group()
    group.addKnob(nuke.Double_Knob("mix", "Mix"))
    group.addKnob(nuke.Double_Knob("matte", "Matte"))
    with group:
        source = nuke.nodes.Input()
        own = nuke.nodes.Read(file=f"{folder}/restored.exr", raw=True)
        held = nuke.nodes.Keymix(inputs=[source, own, own], maskChannel="face.matte")
        choice = nuke.nodes.Dissolve(inputs=[own, held])
        mixed = nuke.nodes.Dissolve(inputs=[source, choice])
        nuke.nodes.Output(inputs=[mixed])
    choice["which"].setExpression("parent.matte")
    mixed["which"].setExpression("parent.mix")
    group.setInput(0, read)
    return group


def test_when_a_group_blends_then_its_knobs_dial_it(nuke, read, tmp_path):
    group = restored(nuke, read, tmp_path)
    nuke.frame(1001)
    source = read.sample("rgba.red", 1, 1)
    seen = []
    for mix, matte in ((0, 0), (1, 0), (1, 1), (0.5, 0)):
        group["mix"].setValue(mix)
        group["matte"].setValue(matte)
        seen.append(group.sample("rgba.red", 1, 1))
    assert seen == pytest.approx([source, 4.0, (source + 4) / 2, (source + 4) / 2])
    assert "face.matte" in group.channels()


def test_when_a_mask_channel_is_missing_then_keymix_fails(nuke, read):
    keymix = nuke.nodes.Keymix(inputs=[read, read, read], maskChannel="face.matte")
    nuke.frame(1001)
    with pytest.raises(RuntimeError, match=r"face\.matte"):
        keymix.sample("rgba.red", 0, 0)


def test_when_a_switch_turns_away_then_the_other_branch_is_not_read(nuke, read):
    lost = nuke.nodes.Read(file="/nowhere.exr")
    switch = nuke.nodes.Switch(inputs=[read, lost])
    nuke.frame(1001)
    assert not switch.hasError()
    switch["which"].setValue(1)
    assert switch.hasError()


def test_when_a_node_is_disabled_then_its_input_passes(nuke, read, tmp_path):
    grade = nuke.nodes.Grade(inputs=[read], white=2.0, disable=True)
    nuke.execute(writer(nuke, grade, tmp_path), 1001, 1001)
    assert digest(f"{tmp_path}/out.1001.exr") == digest(f"{tmp_path}/plate.1001.exr")


def test_when_time_moves_then_frames_do(nuke, read, tmp_path):
    moved = nuke.nodes.TimeOffset(inputs=[read], time_offset=10)
    nuke.execute(writer(nuke, moved, tmp_path), 1011, 1011)
    assert digest(f"{tmp_path}/out.1011.exr") == digest(f"{tmp_path}/plate.1001.exr")


def test_when_a_node_is_beyond_the_kit_then_it_says_so(nuke, read, tmp_path):
    blur = nuke.nodes.Blur(inputs=[read], size=3.0)
    with pytest.raises(NotModelled, match="Blur"):
        nuke.execute(writer(nuke, blur, tmp_path), 1001, 1001)


# views, proxies, colour


def test_when_a_script_has_two_views_then_each_has_its_files(kit, nuke, tmp_path):
    nuke.root()["views"].setValue("left\nright")
    for index, view in enumerate(("left", "right")):
        (tmp_path / view).mkdir()
        plate(str(tmp_path / view), [index + 1])
        (tmp_path / view / f"plate.{index + 1:04d}.exr").rename(tmp_path / view / "plate.0007.exr")
    read = nuke.nodes.Read(file=f"{tmp_path}/%V/plate.%04d.exr", first=7, last=7)
    assert nuke.filename(read) == f"{tmp_path}/%V/plate.%04d.exr"
    write = writer(nuke, read, tmp_path, file=f"{tmp_path}/out_%v.%04d.exr")
    nuke.execute(write, 7, 7)
    assert [view for _, view, _, _ in kit.renders] == ["left", "right"]
    for letter, view in (("l", "left"), ("r", "right")):
        source = f"{tmp_path}/{view}/plate.0007.exr"
        assert digest(f"{tmp_path}/out_{letter}.0007.exr") == digest(source)
    assert digest(f"{tmp_path}/out_l.0007.exr") != digest(f"{tmp_path}/out_r.0007.exr")
    nuke.execute(write, 7, 7, 1, ["right"])
    assert [view for _, view, _, _ in kit.renders[2:]] == ["right"]
    with pytest.raises(RuntimeError, match="no view"):
        nuke.execute(write, 7, 7, 1, ["middle"])
    with pytest.raises(NotModelled, match="several views"):
        nuke.execute(writer(nuke, read, tmp_path), 7, 7)


def test_when_views_are_joined_and_one_is_taken_then_it_is_that_one(nuke, tmp_path):
    nuke.root()["views"].setValue("left\nright")
    reads = [nuke.nodes.Constant(color=float(index)) for index in range(2)]
    nuke.root()["format"].setValue(nuke.Format(4, 2))
    joined = nuke.nodes.JoinViews(inputs=reads, viewassoc="left\nright")
    taken = nuke.nodes.OneView(inputs=[joined], view="right")
    assert taken.sample("rgba.red", 0, 0) == 1.0
    with pytest.raises(ValueError, match="no entry"):
        taken["view"].setValue("middle")


def test_when_proxy_mode_is_on_then_names_and_sizes_are_the_proxys(nuke, read, tmp_path):
    (tmp_path / "small").mkdir()
    small = plate(str(tmp_path / "small"), range(1001, 1005), size=(3, 2))
    nuke.frame(1001)
    nuke.root()["proxy"].setValue(True)
    assert (read.width(), read.height()) == (3, 2)  # half of it, for want of a proxy
    assert "small" not in nuke.filename(read)
    read["proxy"].setValue(small)
    assert nuke.filename(read) == small
    write = writer(nuke, read, tmp_path)
    with pytest.raises(RuntimeError, match="proxy"):
        nuke.execute(write, 1001, 1001)


@pytest.mark.parametrize(
    ("version", "config", "listed", "value"),
    [
        ((13, 2, 8), "nuke-default", "sRGB", "default (linear)"),
        ((13, 2, 8), "aces_1.2", "ACES - ACEScg", "default (ACES - ACEScg)"),
        ((15, 1, 3), "aces_1.2", "ACES - ACEScg\tACES/ACES - ACEScg", "default"),
    ],
)
def test_when_colourspaces_are_listed_then_the_entries_are_the_versions(
    version, config, listed, value
):
    with NukeKit(version, config=config) as kit:
        nuke = kit.nuke
        read = nuke.nodes.Read()
        assert listed in nuke.getColorspaceList(read["colorspace"])
        assert read["colorspace"].value() == value
        assert nuke.root()["colorManagement"].value() == ("OCIO" if "aces" in config else "Nuke")


def test_when_a_write_is_not_raw_then_its_space_is_applied_or_the_kit_refuses(tmp_path):
    with NukeKit(config="aces_1.2") as kit:
        nuke = kit.nuke
        read = nuke.nodes.Read(file=plate(str(tmp_path), [1]))
        write = writer(nuke, read, tmp_path, raw=False, colorspace="Utility - sRGB - Texture")
        nuke.execute(write, 1, 1)
        before, after = pixels(tmp_path / "plate.0001.exr"), pixels(tmp_path / "out.0001.exr")
        assert not np.array_equal(before["R"], after["R"])
        assert np.array_equal(before["A"], after["A"])
        write["colorspace"].setValue("ACES - ACEScg")
        nuke.execute(write, 1, 1)
        assert digest(f"{tmp_path}/out.0001.exr") == digest(f"{tmp_path}/plate.0001.exr")
        write["colorspace"].setValue("ACES - ACES2065-1")
        with pytest.raises(NotModelled, match="raw"):
            nuke.execute(write, 1, 1)
        write["colorspace"].setValue("nothing like it")
        with pytest.raises(RuntimeError, match="Bad value for colorspace"):
            nuke.execute(write, 1, 1)


def test_when_read_and_write_are_raw_then_no_space_touches_a_bit(tmp_path):
    with NukeKit(config="aces_1.2") as kit:
        nuke = kit.nuke
        read = nuke.nodes.Read(file=plate(str(tmp_path), [1]), raw=True)
        write = writer(nuke, read, tmp_path)
        for node in (read, write):
            node["colorspace"].setValue("Utility - sRGB - Texture")
        nuke.execute(write, 1, 1)
        assert digest(f"{tmp_path}/out.0001.exr") == digest(f"{tmp_path}/plate.0001.exr")
        read["raw"].setValue(False)
        nuke.execute(write, 1, 1)
        assert digest(f"{tmp_path}/out.0001.exr") != digest(f"{tmp_path}/plate.0001.exr")


# ranges


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("3", [3]),
        ("-3", [-3]),
        ("1 3 4 8", [1, 3, 4, 8]),
        ("-3-1", [-3, -2, -1, 0, 1]),
        ("-8--5", [-8, -7, -6, -5]),
        ("1-10x3", [1, 4, 7, 10]),
        ("1-4x1 8-10x1", [1, 2, 3, 4, 8, 9, 10]),
    ],
)
def test_when_ranges_are_written_as_the_user_guide_does_then_they_are_those_frames(
    nuke, text, frames
):
    assert nuke.FrameRanges(text).toFrameList() == frames
    assert [frame for part in nuke.FrameRanges(text) for frame in part] == frames


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=20))
def test_when_ranges_are_compacted_then_each_frame_comes_once_in_order(frames):
    with NukeKit() as kit:
        ranges = kit.nuke.FrameRanges(frames)
        ranges.compact()
        assert ranges.toFrameList() == sorted(set(frames))
        assert kit.nuke.FrameRanges(str(ranges)).toFrameList() == sorted(set(frames))


def test_when_a_range_is_nonsense_then_it_raises(nuke):
    for text in ("a", "1-", "1-10x0", "1..3"):
        with pytest.raises(RuntimeError):
            nuke.FrameRange(text)
