import argparse
from dataclasses import replace

import pytest

from engine.arguments import add_request, build_request
from plugin_host.errors import PlateError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.protocol import canonical
from plugin_host.schema import to_json
from tests.engine.movies import write_movie
from tests.engine.plates import write_plate


def request_of(*words):
    parser = argparse.ArgumentParser()
    add_request(parser)
    return build_request(parser.parse_args([str(word) for word in words]))


def test_when_a_movie_is_named_then_all_its_frames_are_asked_for(tmp_path):
    path = write_movie(tmp_path / "prores.mov", 5)
    submit = request_of(path, "--output", tmp_path / "out", "--colourspace", "LogC3")
    assert submit.shot.plate.is_movie
    assert (submit.shot.plate.path(3), submit.shot.plate.colourspace) == (path, "LogC3")
    assert submit.frames == submit.shot.frames == FrameRange.between(1, 5)


def test_when_a_movie_is_not_there_then_the_request_is_refused(tmp_path):
    with pytest.raises(PlateError, match="the movie is not there"):
        request_of(tmp_path / "none.mov", "--output", tmp_path / "out", "--frames", "1-3")


@pytest.fixture
def with_faces(tmp_path):
    """Makes a request for a plate of one frame."""
    plate = write_plate(tmp_path, [1001])

    def make(*words):
        return request_of(plate.pattern, "--output", tmp_path / "out", *words).settings

    return make


@pytest.mark.parametrize(
    ("words", "faces"),
    [
        ((), ()),
        (("--faces", "all"), ()),
        (("--faces", "3=Anna,1"), ("1", "3=Anna")),
        (("--faces", "1, 3=Anna Maria"), ("1", "3=Anna Maria")),
        (("--faces=-2",), ("-2",)),
        (("--faces", "-2"), ("-2",)),
        (("--faces=-10,-9",), ("-9", "-10")),
    ],
)
def test_when_faces_are_named_then_the_request_has_them_in_one_order(with_faces, words, faces):
    assert with_faces(*words).faces == faces


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--faces", ","), "--faces names none; write 1,3=Anna, --faces=-2 or all"),
        (("--faces", "Anna"), "'Anna' is no face"),
        (("--faces", "1,-2"), "face 1 is picked and face 2 left out"),
        (("--faces", "1", "--whole-frame"), "no face can be picked"),
        (("--reference", "Eva=frame:1001"), "no face is called 'Eva'; call one so in faces"),
        (("--faces", "1=Anna", "--reference", "Eva=frame:1001"), "or say Anna"),
        (("--faces", "1=Anna", "--reference", "Eva=/hero.exr"), "or say Anna"),
    ],
)
def test_when_faces_contradict_each_other_then_the_request_is_refused(with_faces, words, said):
    with pytest.raises(SettingsError) as raised:
        with_faces(*words)
    assert said in raised.value.message


def test_when_references_are_of_a_person_then_her_pictures_are_found_from_here(
    with_faces, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = ("Anna=frame:1001", "Anna=hero.exr", "Anna=/h/a=b.exr", "a=b.exr", "frame:1001")
    named = [word for text in words for word in ("--reference", text)]
    assert with_faces("--faces", "1=Anna", *named).references == (
        "Anna=frame:1001",
        f"Anna={tmp_path}/hero.exr",
        "Anna=/h/a=b.exr",
        f"{tmp_path}/a=b.exr",
        "frame:1001",
    )


def test_when_a_detector_is_named_then_it_is_found_from_here(tmp_path, monkeypatch):
    path = write_movie(tmp_path / "prores.mov", 5)
    monkeypatch.chdir(tmp_path)
    assert request_of(path, "--output", "out").settings.detector is None
    asked = request_of(path, "--output", "out", "--detector", "yunet.onnx")
    assert asked.settings.detector == f"{tmp_path}/yunet.onnx"


@pytest.mark.parametrize("spelt", ["patch,matte", "matte,beauty,patch"])
def test_when_layers_are_named_in_any_way_then_it_is_the_same_take(with_faces, spelt):
    assert with_faces("--layers", spelt).layers == ("beauty", "matte", "patch")


def test_when_it_is_said_how_far_and_what_anew_then_the_request_says_so_and_the_settings_do_not(
    tmp_path,
):
    plate = write_plate(tmp_path, [1001])
    words = (plate.pattern, "--output", tmp_path / "out")
    plain = request_of(*words)
    assert (plain.redo, plain.until) == ("missing", "end")
    assert request_of(*words, "--verify").redo == "differing"
    asked = request_of(*words, "--force", "--until", "anchor")
    assert (asked.redo, asked.until) == ("all", "anchor")
    assert asked.settings == plain.settings
    with pytest.raises(SystemExit):
        request_of(*words, "--force", "--verify")


def test_when_a_job_is_read_from_a_file_then_flags_say_what_of_it_is_done_now(tmp_path):
    plate = write_plate(tmp_path, [1001])
    job = request_of(plate.pattern, "--output", tmp_path / "out", "--until", "analysis")
    (tmp_path / "job.json").write_bytes(canonical(to_json(job)))
    assert request_of("--job", tmp_path / "job.json") == job
    forced = request_of("--job", tmp_path / "job.json", "--force", "--until", "anchor")
    assert forced == replace(job, redo="all", until="anchor")
