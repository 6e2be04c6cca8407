"""A request as arguments: what comes out of the command line is what went in."""

import argparse
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as limited
from hypothesis import strategies as st

from engine.arguments import add_request, build_request
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import LAYERS, ON_ERROR, TASKS, Settings, Shot, Submit
from plugin_host.task_words import VERB, Token, arguments_of, files_read
from tests.plugin_host.scripted import write_frames

ANNA = "Anna {{x}} %d"


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    return write_frames(tmp_path_factory.mktemp("plate {a}")).shot.plate


def words_of(request, **values):
    arguments, parameters = arguments_of(request)
    told = {one.name: one.value for one in parameters} | values | {VERB.name: "restore"}
    return [
        "".join(told[piece.name] if isinstance(piece, Token) else piece for piece in argument)
        for argument in arguments
    ]


def parsed(words, monkeypatch):
    for name in ("FACEPLATE_RESTORER", "FACEPLATE_WHOLE_FRAME", "FACEPLATE_PATH_MAP"):
        monkeypatch.delenv(name, raising=False)
    parser = argparse.ArgumentParser()
    add_request(parser)
    return build_request(parser.parse_args(words[1:]))


def test_when_a_farms_machine_has_settings_of_its_own_then_they_change_nothing(
    plate, monkeypatch, tmp_path
):
    file = tmp_path / "faceplate.toml"
    file.write_text(
        '[restore]\ncolourspace = "ACEScg"\ndetector = "y.onnx"\nparameters.lite.strength = 7\n'
        'tasks = "inpaint"\nlayers = "matte"\nhandles = 9\nseed = 9\nwarm_up = 9\n'
        'on_error = "stop"\nrestorer = "svfr"\nwhole_frame = true\noutput = "/elsewhere"\n'
    )
    monkeypatch.setitem(os.environ, "FACEPLATE_CONFIG", str(file))
    shot = Shot(plate._replace(colourspace=None), FrameRange([1001]))
    asked = Submit(shot, shot.frames, Settings("lite"), "/out")
    assert parsed([*words_of(asked), "--frames=1001"], monkeypatch) == asked


@st.composite
def settings(draw):
    people = draw(st.booleans())
    return Settings(
        restorer="svfr",
        tasks=draw(st.sampled_from([("bfr",), ("bfr", "colour")])),
        seed=draw(st.integers(0, 2**31)),
        layers=draw(st.sampled_from([("beauty",), LAYERS[:3]])),
        faces=("1=" + ANNA, "4") if people else draw(st.sampled_from([(), ("-2", "-3")])),
        detector=draw(st.sampled_from([None, "/models/yu net.onnx"])),
        mask=None,
        references=draw(
            st.lists(
                st.sampled_from(["frame:1042", "/refs/a=b.png", "/refs/c.png"]), max_size=3
            ).map(tuple)
        )
        + ((f"{ANNA}=frame:7", f"{ANNA}=/refs/anna.png") if people else ()),
        parameters=draw(st.dictionaries(st.sampled_from(["steps", "strength"]), st.integers(0, 9))),
        warm_up=draw(st.integers(0, 9)),
    )


@st.composite
def requests(draw):
    """Return a request without its plate."""
    whole = FrameRange.parse(draw(st.sampled_from(["1001-1003", "-7--2x2", "0"])))
    space = draw(st.sampled_from([None, "ACEScg", "lin_rec709_scene"]))
    shot = Shot(Plate.parse("/a.exr", space), whole, draw(st.integers(0, 4)))
    on_error = draw(st.sampled_from(ON_ERROR))
    return Submit(shot, FrameRange([whole.first]), draw(settings()), "/out {b}", on_error)


@given(requests())
@limited(max_examples=40)
def test_when_a_request_becomes_arguments_then_the_same_comes_out_again(plate, asked):
    space = asked.shot.plate.colourspace
    asked = replace(asked, shot=replace(asked.shot, plate=plate._replace(colourspace=space)))
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert parsed([*words_of(asked), f"--frames={asked.frames}"], monkeypatch) == asked


def test_when_frames_are_masked_and_whole_then_these_come_out_again(plate, monkeypatch):
    chosen = Settings("lite", TASKS[:1], whole_frame=True)
    asked = Submit(Shot(plate, FrameRange([1001])), FrameRange([1001]), chosen, "/out")
    assert parsed([*words_of(asked), "--frames=1001"], monkeypatch) == asked
    inpainting = replace(chosen, tasks=("inpaint",), mask="/masks/m.%04d.png")
    asked = replace(asked, settings=inpainting)
    assert parsed([*words_of(asked), "--frames=1001"], monkeypatch) == asked


def test_when_a_farm_maps_the_paths_then_the_request_is_of_the_mapped_ones(plate, monkeypatch):
    chosen = Settings("svfr", detector="/models/y.onnx", references=("/refs/a.png",))
    asked = Submit(Shot(plate, FrameRange([1001])), FrameRange([1001]), chosen, "/out")
    values = {"Detector": "/m/y.onnx", "Reference1": "/r/a.png", "Output": "/o"}
    found = parsed([*words_of(asked, **values), "--frames=1001"], monkeypatch)
    assert found.output == "/o"
    assert (found.settings.detector, found.settings.references) == ("/m/y.onnx", ("/r/a.png",))


def test_when_files_are_listed_then_they_are_those_that_are_there(tmp_path):
    shot = write_frames(tmp_path / "plate").shot
    detector, picture = tmp_path / "y.onnx", tmp_path / "a.png"
    detector.write_bytes(b"y")
    chosen = Settings("svfr", detector=str(detector), references=(str(picture), "frame:1001"))
    wide = replace(shot, handles=50)
    asked = Submit(wide, shot.frames, chosen, "/out")
    frames = [shot.plate.path(frame) for frame in shot.frames]
    assert files_read(asked) == (*frames, str(detector)), "the picture is not there"


@pytest.mark.parametrize("path", ["/mnt/farm/a.%04d.exr", "S:\\farm\\a.%04d.exr", "a.mov", "a.png"])
def test_when_paths_are_another_machines_then_no_file_is_listed(path):
    plate = Plate.parse(path)
    asked = Submit(Shot(plate, FrameRange([1])), FrameRange([1]), Settings("lite"), "/out")
    assert files_read(asked) == ()
