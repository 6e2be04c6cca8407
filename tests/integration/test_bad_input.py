"""Bad plates and bad places: each refused or reported with what, where, and what would be right.

Most of these call the command line's `main` in this process, which spares them a start each.
"""

import json
from pathlib import Path

import numpy as np
import pytest

WHOLE = ("--whole-frame", "--restorer", "passthrough")


@pytest.fixture
def four(tmp_path, tools):
    """Four frames that a test may spoil; their pattern."""
    return tools.write_plate(tmp_path / "plate", range(1001, 1005))


@pytest.fixture
def restore(command, tmp_path):
    def run(*arguments, output=None):
        out = tmp_path / "out" if output is None else output
        return command("restore", "--output", out, *WHOLE, "--json", *arguments)

    return run


def told(done):
    """Return each frame's line, and the last line."""
    assert "Traceback" not in done.err, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    return {line["frame"]: line for line in lines if line["event"] == "frame"}, lines[-1]


def refused(done, code, *words):
    """The command was refused with that code before anything was delivered."""
    assert done.returncode == 2, done.out + done.err
    frames, last = told(done)
    assert not frames
    assert (last["event"], last["code"]) == ("failed", code)
    said = f"{last['message']} [{last['path']}]"
    for word in words:
        assert word in said, said


def test_when_the_plate_is_missing_then_it_is_refused_with_its_path(restore, tmp_path):
    for path in ("plate/p.%04d.exr", "plate/p.1001.exr"):
        done = restore(tmp_path / path)
        refused(done, "request.plate", str(tmp_path / "plate"))
    (tmp_path / "plate").mkdir()
    refused(restore(tmp_path / "plate" / "p.####.exr"), "request.plate", "p.%04d.exr")


@pytest.mark.parametrize("policy", ["skip", "stop", "source"])
def test_when_frames_are_missing_inside_the_range_then_the_policy_decides(
    restore, four, policy, tmp_path, tools
):
    Path(four % 1002).unlink()
    done = restore(four, "--frames", "1001-1004", "--on-error", policy)
    assert done.returncode == 1
    frames, last = told(done)
    (error,) = last["errors"]
    assert (error["frame"], error["code"]) == (1002, "frame.missing")
    assert error["path"] == four % 1002
    assert frames[1002]["status"] == "failed", "there is no source to deliver in its place"
    if policy == "stop":
        assert last["frames"] < 3
        assert any("--on-error stop" in note for note in last["notes"])
    else:
        assert last["frames"] == 3
        assert len(tools.delivered(tmp_path / "out")) == 3


def test_when_no_frames_are_named_then_a_gap_is_no_error(restore, four):
    Path(four % 1002).unlink()
    done = restore(four)
    assert done.returncode == 0
    assert told(done)[1]["frames"] == 3


@pytest.mark.parametrize("kind", ["truncated", "text", "empty"])
def test_when_a_frame_is_no_whole_exr_then_only_that_frame_fails(restore, four, kind):
    bad = Path(four % 1003)
    data = bad.read_bytes()
    bad.write_bytes(
        {"truncated": data[: len(data) // 2], "text": b"not an image", "empty": b""}[kind]
    )
    done = restore(four)
    assert done.returncode == 1
    frames, last = told(done)
    assert frames[1003]["status"] == "failed"
    assert frames[1003]["code"] == "frame.corrupt"
    assert last["errors"][0]["path"] == str(bad)
    assert last["frames"] == 3
    assert {frames[n]["status"] for n in (1001, 1002, 1004)} == {"restored"}


def test_when_the_first_frame_is_bad_then_the_others_are_still_delivered(restore, four):
    Path(four % 1001).write_bytes(b"")
    done = restore(four)
    assert done.returncode == 1
    assert told(done)[1]["frames"] == 3


def test_when_every_frame_is_bad_then_each_is_named_and_nothing_is_delivered(
    restore, four, tmp_path, tools
):
    for frame in range(1001, 1005):
        Path(four % frame).write_bytes(b"text")
    done = restore(four)
    assert done.returncode == 1
    frames, last = told(done)
    assert {line["code"] for line in frames.values()} == {"frame.corrupt"}
    assert last["frames"] == 0
    assert not tools.delivered(tmp_path / "out")


@pytest.mark.parametrize("policy", ["skip", "source"])
def test_when_a_frames_size_changes_then_it_is_named_with_both_sizes(restore, four, tools, policy):
    tools.write_frame(Path(four % 1003), 1003, size=(32, 48))
    done = restore(four, "--on-error", policy)
    assert done.returncode == 1
    frames, last = told(done)
    assert frames[1003]["code"] == "frame.size_changed"
    assert "64x48" in frames[1003]["message"]
    assert "32x48" in frames[1003]["message"]
    assert frames[1003]["status"] == {"skip": "failed", "source": "source"}[policy]
    assert last["frames"] == {"skip": 3, "source": 4}[policy]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_when_pixels_are_not_finite_then_the_frame_fails_and_the_others_hold(
    restore, four, tools, value
):
    pixels = np.random.default_rng(3).uniform(0, 1, (48, 64, 3))
    pixels[10, 20, 1] = value
    tools.write_frame(Path(four % 1002), 1002, pixels=pixels)
    done = restore(four)
    assert done.returncode == 1
    frames, last = told(done)
    assert frames[1002]["code"] == "frame.not_finite"
    assert last["frames"] == 3


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ("1004-1001", "write 1001-1004"),
        ("", "empty frame range"),
        (",", "empty frame range"),
        ("1001-1004x0", "step of 0"),
        ("1001..1004", "write it like 1001"),
        ("1-999999999", "more than 1000000 frames"),
    ],
)
def test_when_a_range_is_wrong_then_it_is_refused_and_says_how_to_write_it(
    restore, four, frames, words
):
    for flag in ("--frames", "--shot"):
        refused(restore(four, f"{flag}={frames}"), "request.frame_range", words)


def test_when_the_colourspace_is_unknown_then_it_is_refused_with_near_names(restore, four):
    done = restore(four, "--colourspace", "lin_rec709_scena")
    refused(done, "request.colourspace", "lin_rec709_scena", "lin_rec709_scene")


def test_when_a_refused_request_is_corrected_then_it_is_carried_out(restore, tmp_path, tools):
    pattern = tools.write_plate(tmp_path / "unnamed", range(1, 3), attributes={})
    refused(restore(pattern), "request.colourspace")
    done = restore(pattern, "--colourspace", "lin_rec709_scene")
    assert done.returncode == 0, done.out


def test_when_the_colourspace_is_not_named_then_it_is_refused_with_choices(
    restore, tmp_path, tools
):
    pattern = tools.write_plate(tmp_path / "unnamed", range(1, 3), attributes={})
    refused(restore(pattern), "request.colourspace", "does not say its colourspace", "name ")
    done = restore(pattern, "--colourspace", "lin_rec709_scene", output=tmp_path / "named")
    assert done.returncode == 0, done.err


def test_when_a_file_is_in_the_outputs_way_then_it_is_refused(restore, four, tmp_path):
    way = tmp_path / "way"
    way.write_text("mine", "utf-8")
    for output in (way, way / "deeper"):
        refused(restore(four, output=output), "request.output", "cannot write there", str(way))
    assert way.read_text("utf-8") == "mine"


def test_when_the_output_lies_in_a_read_only_place_then_it_is_refused(restore, four):
    if not Path("/proc/self").is_dir():
        pytest.skip("no folder here that even root cannot write")
    refused(restore(four, output="/proc/self/out"), "request.output", "cannot write there")


def test_when_a_folder_takes_a_frames_place_then_it_is_said_which(restore, four, tmp_path):
    (tmp_path / "out" / "p_restored.1002.exr").mkdir(parents=True)
    done = restore(four)
    assert done.returncode == 1
    last = told(done)[1]
    assert last["code"] == "frame.write"
    assert last["frame"] == 1002
    assert last["path"].endswith("p_restored.1002.exr")


def test_when_the_output_would_overwrite_the_plate_then_it_is_refused(restore, tmp_path, tools):
    folder = tmp_path / "plate"
    folder.mkdir()
    tools.write_frame(folder / "p_restored.1001.exr", 1001)
    (folder / "p.1001.exr").symlink_to(folder / "p_restored.1001.exr")
    before = (folder / "p_restored.1001.exr").read_bytes()
    done = restore(folder / "p.%04d.exr", output=folder)
    refused(done, "request.output", "overwrite the plate")
    assert (folder / "p_restored.1001.exr").read_bytes() == before


def test_when_the_output_is_the_plates_folder_then_the_plate_is_untouched(restore, four):
    before = [Path(four % frame).read_bytes() for frame in range(1001, 1005)]
    done = restore(four, output=Path(four).parent)
    assert done.returncode == 0, done.err
    assert [Path(four % frame).read_bytes() for frame in range(1001, 1005)] == before
    again = restore(four, output=Path(four).parent)
    assert told(again)[1]["frames"] == 4, "what was delivered is not taken for plate"


@pytest.mark.parametrize("restorer", ["passthrough", "temporal-denoise"])
@pytest.mark.parametrize("more", [("--whole-frame",), ()])
def test_when_the_plate_is_one_pixel_then_it_is_delivered(tmp_path, tools, command, restorer, more):
    pattern = tools.write_plate(tmp_path / "dot", range(1, 4), size=(1, 1))
    done = command(
        *("restore", pattern, "--output", tmp_path / "out", "--json"), "--restorer", restorer, *more
    )
    assert done.returncode == 0, done.err
    frames, last = told(done)
    assert last["frames"] == 3
    assert {line["status"] for line in frames.values()} == {"restored" if more else "no face"}


def test_when_the_plate_is_three_frames_then_they_are_delivered(tmp_path, tools, command):
    pattern = tools.write_plate(tmp_path / "short", range(1, 4))
    done = command(
        *("restore", pattern, "--output", tmp_path / "out", "--json", "--whole-frame"),
        *("--handles", "5"),
    )
    assert done.returncode == 0, done.out + done.err
    assert told(done)[1]["frames"] == 3


def test_when_a_mask_comes_without_inpaint_or_the_other_way_then_it_is_refused(restore, four):
    done = restore(four, "--mask", four % 1001)
    refused(done, "request.settings", "inpaint and --mask go together")
    done = restore(four, "--tasks", "inpaint")
    refused(done, "request.settings", "inpaint and --mask go together")


def test_when_a_hero_frame_lies_outside_the_shot_then_it_is_refused(restore, four):
    refused(restore(four, "--reference", "frame:9"), "request.settings", "hero frame 9")
    refused(restore(four, "--reference", "no.png"), "request.settings", "frame:1042", "no.png")


def test_when_another_take_is_in_the_way_then_it_is_refused_and_says_what_differs(
    restore, four, tmp_path, tools
):
    assert restore(four).returncode == 0
    before = tools.delivered(tmp_path / "out")
    refused(restore(four, "--seed", "2"), "request.take", "seed", "--output", "p.take")
    refused(restore(four, "--frames", "1001-1002"), "request.take", "--shot 1001-1004")
    assert tools.delivered(tmp_path / "out") == before


def test_when_a_frame_changes_after_the_take_was_begun_then_it_is_said(restore, four, tools):
    assert restore(four, "--frames", "1001-1002", "--shot", "1001-1004").returncode == 0
    tools.write_frame(Path(four % 1003), 7)
    tools.write_frame(Path(four % 1004), 8)
    done = restore(four, "--frames", "1003-1004", "--shot", "1001-1004")
    frames, last = told(done)
    assert done.returncode in {0, 1}
    if done.returncode:
        assert last["code"] == "frame.changed"
    else:
        assert {line["status"] for line in frames.values()} == {"restored"}


def test_when_bad_input_comes_through_the_engine_then_codes_are_the_same(
    engine, four, tmp_path, command
):
    Path(four % 1002).write_bytes(b"text")
    common = ("submit", four, *WHOLE, "--json", "--connection", engine.path)
    done = command(*common, "--output", tmp_path / "out", "--frames", "1001-1005")
    assert done.returncode == 1
    frames, last = told(done)
    assert (frames[1002]["code"], frames[1005]["code"]) == ("frame.corrupt", "frame.missing")
    assert last["frames"] == 3
    done = command(*common, "--output", "/proc/self/out")
    refused(done, "request.output", "cannot write there")
    done = command(*common, "--output", tmp_path / "out", "--seed", "5", "--frames", "1001-1005")
    refused(done, "request.take", "seed")
