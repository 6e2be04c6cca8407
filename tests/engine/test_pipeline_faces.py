"""Requests that pick, leave out and name faces."""

from __future__ import annotations

import numpy as np
import pytest

from engine.frame_io.exr import read_image
from engine.take import Take
from tests.engine.plates import (
    Run,
    delivered,
    delivered_image,
    manifest,
    picture,
    put_faces,
    request,
    track,
    write_frame,
    write_plate,
)
from tests.engine.probes import GUIDED, LINKS, Spy

CHAINED = LINKS["chained"]
SHOT = "1001-1008"
SIZE = (96, 200)
LEFT, RIGHT = (slice(None), slice(0, 100)), (slice(None), slice(100, 200))


@pytest.fixture
def plate(tmp_path, monkeypatch):
    """A plate with one face on the left, and one on the right that leaves and returns."""
    put_faces(
        monkeypatch,
        track(1, range(1001, 1007), (50, 48), 10),
        track(2, range(1001, 1004), (150, 48), 10),
        track(3, range(1006, 1009), (150, 48), 12),
    )
    return write_plate(tmp_path / "plates", range(1001, 1009), lambda f: picture(f, SIZE))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def asked(plate, out, *faces, frames=None, **settings):
    return request(plate, out, SHOT, frames, whole_frame=False, faces=faces, **settings)


def changed(plate, out, frame):
    """Return where a delivered frame differs from the plate: on the left, on the right."""
    here, there = (
        image.beauty.channels["G"]
        for image in (delivered_image(out, frame), read_image(plate.path(frame)))
    )
    return bool((here != there)[LEFT].any()), bool((here != there)[RIGHT].any())


@pytest.mark.parametrize(
    ("faces", "left", "right"),
    [
        ((), range(1001, 1007), (1001, 1002, 1003, 1006, 1007, 1008)),
        (("1",), range(1001, 1007), ()),
        (("-1",), (), (1001, 1002, 1003, 1006, 1007, 1008)),
        (("2=Anna",), (), (1001, 1002, 1003)),
        (("-2", "-3"), range(1001, 1007), ()),
    ],
)
def test_when_faces_are_picked_then_only_their_pixels_differ(plate, out, faces, left, right):
    assert Run(asked(plate, out, *faces), CHAINED).error is None
    for frame in range(1001, 1009):
        assert changed(plate, out, frame) == (frame in left, frame in right), frame


def test_when_a_face_is_restored_alone_then_its_pixels_are_those_it_has_among_others(plate, out):
    for name, faces in (("all", ()), ("left", ("1",)), ("right", ("-1",))):
        assert Run(asked(plate, out / name, *faces), CHAINED).error is None
    for frame in range(1001, 1009):
        green = {
            name: delivered_image(out / name, frame).beauty.channels["G"]
            for name in ("all", "left", "right")
        }
        assert np.array_equal(green["left"][LEFT], green["all"][LEFT])
        assert np.array_equal(green["right"][RIGHT], green["all"][RIGHT])


def test_when_no_face_of_a_frame_is_picked_then_it_is_delivered_and_says_so(plate, out):
    submit = asked(plate, out, "1")
    run = Run(submit, CHAINED)
    assert [run.statuses[f] for f in range(1006, 1009)] == ["restored", "no face", "no face"]
    take = Take(submit, CHAINED.info, {})
    notes = {frame: take.receipt(frame).note for frame in range(1001, 1009)}
    assert {frame for frame, note in notes.items() if "Face 3 was not picked." in note} == {
        1007,
        1008,
    }
    assert "Face 3 was not picked." in manifest(out)["notes"]
    assert run.finished.faceless == 2


def test_when_no_picked_face_is_in_the_asked_frames_then_that_is_said(plate, out):
    run = Run(asked(plate, out, "1", frames="1007-1008"), CHAINED)
    assert any("none of the picked faces was found" in note for note in run.finished.notes)
    assert not any("no face was found" in note for note in run.finished.notes)


def test_when_faces_are_named_then_headers_name_those_of_the_frame(plate, out):
    run = Run(asked(plate, out, "1=Zo\u00eb", "2=Anna", "3"), CHAINED)
    assert run.error is None
    named = {
        frame: delivered_image(out, frame).beauty.attributes.get("faceplate/faces")
        for frame in range(1001, 1009)
    }
    assert named == {
        **dict.fromkeys((1001, 1002, 1003), "1=Zo\u00eb,2=Anna"),
        **dict.fromkeys((1004, 1005), "1=Zo\u00eb"),
        1006: "1=Zo\u00eb,3",
        **dict.fromkeys((1007, 1008), "3"),
    }
    assert manifest(out)["settings"]["faces"] == ["1=Zo\u00eb", "2=Anna", "3"]


def test_when_a_face_is_not_in_the_shot_then_nothing_is_restored_and_the_next_request_is_heard(
    plate, out
):
    run = Run(asked(plate, out, "1", "7"), CHAINED)
    assert run.error.code == "request.settings"
    assert run.error.message.startswith(
        "face 7 is not in this shot; it has 1 (1001-1006), 2 (1001-1003), 3 (1006-1008)"
    )
    assert (delivered(out), run.said) == ({}, {})
    assert not list((out / "shot.take").rglob("*.safetensors"))
    assert Run(asked(plate, out, "1"), CHAINED).error is None


def test_when_selections_differ_then_they_are_two_takes(plate, out):
    assert Run(asked(plate, out, "1"), CHAINED).error is None
    assert Run(asked(plate, out, "2"), CHAINED).error.code == "request.take"
    ids = {Take(asked(plate, out / f, f), CHAINED.info, {}).id for f in ("1", "1=Anna", "-1")}
    assert len(ids) == 3


def test_when_a_face_that_is_left_out_holds_nan_then_its_frame_is_restored(plate, out):
    planes = picture(1002, SIZE)
    planes[:, 48, 150] = np.nan
    write_frame(plate, 1002, planes)
    assert Run(asked(plate, out / "one", "1"), CHAINED).statuses[1002] == "restored"
    assert Run(asked(plate, out / "all"), CHAINED).codes == {1002: "frame.not_finite"}


# exemplars of one person


def heroes(plate, out, *faces, references):
    """Return each track's exemplar, by track, where it has one."""
    spy = Spy(GUIDED)
    run = Run(asked(plate, out, *faces, references=references), spy)
    assert run.error is None, run.error
    return {clip.track: clip.guides.references for clip in spy.clips}, spy.clips


def test_when_an_exemplar_is_of_a_person_then_all_her_tracks_see_it_and_no_other(plate, out):
    seen, clips = heroes(plate, out, "1", "2=Anna", "3=Anna", references=("Anna=frame:1002",))
    assert [len(seen[number]) for number in (1, 2, 3)] == [0, 1, 1]
    own = next(clip for clip in clips if clip.track == 2)
    crop = own.pixels[own.frames.index(1002)]
    assert seen[2][0].tobytes() == seen[3][0].tobytes() == crop.tobytes()


def test_when_an_exemplar_is_of_everybody_then_who_is_not_in_it_does_not_see_it(plate, out):
    seen, _ = heroes(plate, out, "1", "2", "3", references=("frame:1002",))
    assert [len(seen[number]) for number in (1, 2, 3)] == [1, 1, 0]


def test_when_an_exemplar_does_not_show_its_person_then_the_request_is_refused(plate, out):
    submit = asked(plate, out, "1", "2=Anna", "3=Anna", references=("Anna=frame:1004",))
    run = Run(submit, GUIDED)
    assert run.error.message == (
        "reference frame:1004 does not show Anna, who is seen in 1001-1003,1006-1008"
    )
    assert delivered(out) == {}


def test_when_a_picture_is_of_a_person_then_only_she_sees_it(plate, out, tmp_path):
    write_frame(plate._replace(prefix=f"{tmp_path}/hero."), 1, picture(1, (8, 8)))
    path = f"{tmp_path}/hero.0001.exr"
    seen, _ = heroes(plate, out, "1=Zoe", "2=Anna", references=(f"Zoe={path}",))
    assert [len(seen[number]) for number in (1, 2)] == [1, 0]
    assert list(manifest(out)["guides"]) == ["reference 1"]
