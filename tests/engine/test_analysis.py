from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

from engine.analysis import (
    TILE,
    analyse_shot,
    beauty_planes,
    proxy_picture,
    read_frame,
)
from engine.analysis import ShotAnalysis as Found
from engine.frame_io.colour import PlateColour, resolve_colourspace
from engine.frame_io.plates import read_frame_of
from engine.image import Box
from plugin_host.errors import (
    ColourspaceError,
    FrameChanged,
    FrameMissing,
    FrameSizeChanged,
    FrameUnsupported,
)
from plugin_host.frame_range import FrameRange
from plugin_host.requests import Shot
from tests.engine.plates import Run, image, picture, request, track, write_frame, write_plate
from tests.engine.probes import LINKS


def shot_of(plate, frames="1-6", handles=0):
    return Shot(plate, FrameRange.parse(frames), handles)


@pytest.fixture
def plate(tmp_path):
    return write_plate(tmp_path, range(1, 7))


def test_when_a_shot_is_analysed_then_every_frame_is_read_once_with_its_handles(plate):
    heard = []
    found = analyse_shot(shot_of(plate, "3-4", 1), find_faces=False, heard=heard.append)
    assert heard == [1, 2, 3, 4]
    assert found.frames == (2, 3, 4, 5)
    assert (found.bad, found.not_finite, found.faces.tracks) == ({}, {}, ())
    assert found.display == found.bounds == Box(0, 0, 47, 39)
    assert found.colour.evidence == "requested"
    assert found.sources == {frame: read_frame_of(plate, frame)[1] for frame in found.frames}


def test_when_frames_are_bad_then_the_others_are_usable_and_the_reasons_are_kept(plate):
    write_frame(plate, 1, b"no picture")
    write_frame(plate, 4, picture(4, (8, 8)))
    found = analyse_shot(shot_of(plate, "1-8"), find_faces=True)
    assert found.frames == (2, 3, 5, 6)
    assert {frame: code for frame, (code, _) in found.bad.items()} == {
        1: "frame.corrupt",
        4: "frame.size_changed",
        7: "frame.missing",
        8: "frame.missing",
    }
    error = found.error(4, plate)
    assert isinstance(error, FrameSizeChanged)
    assert error.path == plate.path(4)
    assert "is 8x8+0+0, the shot's is 48x40+0+0" in error.message
    assert found.error(5, plate) is None


def test_when_no_frame_is_usable_then_the_analysis_says_so(tmp_path):
    plate = write_plate(tmp_path, [1, 2], lambda _: b"no picture")
    found = analyse_shot(shot_of(plate, "1-3"), find_faces=True)
    assert (found.frames, found.colour) == ((), None)
    assert len(found.bad) == 3


def test_when_data_windows_move_then_the_bounds_hold_them_all(tmp_path):
    def make(frame):
        window = Box(frame, 2 * frame, frame + 47, 2 * frame + 39)
        return image(picture(frame), window=window, display=Box(0, 0, 63, 63))

    found = analyse_shot(shot_of(write_plate(tmp_path, range(1, 4), make), "1-3"), find_faces=True)
    assert found.display == Box(0, 0, 63, 63)
    assert found.bounds == Box(1, 2, 50, 45)


def test_when_pixels_are_not_finite_then_their_tiles_are_known(plate):
    planes = picture(3)
    planes[0, 20, 40] = np.nan
    planes[2, 0, 0] = -np.inf
    write_frame(plate, 3, planes)
    found = analyse_shot(shot_of(plate), find_faces=False)
    assert found.not_finite == {3: ((0, 0), (2, 1))}
    assert not found.is_finite(3, Box(0, 0, 5, 5))
    assert not found.is_finite(3, Box(2 * TILE, TILE, 2 * TILE, TILE))
    assert found.is_finite(3, Box(TILE, 0, 3 * TILE, TILE - 1))
    assert found.is_finite(4, Box(0, 0, 47, 39))


def test_when_the_data_window_begins_elsewhere_then_tiles_are_plate_pixels(tmp_path):
    planes = picture(1)
    planes[1, 3, 2] = np.nan
    window = Box(-10, -20, 37, 19)
    plate = write_plate(tmp_path, [1], lambda _: image(planes, window=window))
    found = analyse_shot(shot_of(plate, "1"), find_faces=False)
    assert found.not_finite == {1: ((-1, -2),)}
    assert not found.is_finite(1, Box(-8, -17, -8, -17))


def test_when_an_analysis_goes_through_json_then_it_comes_back(plate):
    planes = picture(3)
    planes[0, 20, 40] = np.nan
    write_frame(plate, 3, planes)
    found = analyse_shot(shot_of(plate, "1-9"), find_faces=False)
    found = replace(found, faces=replace(found.faces, tracks=(track(1, (1, 2)),), cuts=(2,)))
    assert Found.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_when_the_colourspace_is_unnamed_then_the_first_frames_header_counts(tmp_path):
    tagged = {"colorInteropID": "lin_ap1_scene"}
    plate = write_plate(tmp_path, [1], attributes=tagged)._replace(colourspace=None)
    found = analyse_shot(shot_of(plate, "1"), find_faces=False)
    assert (found.colour.interop, found.colour.evidence) == ("lin_ap1_scene", "colorInteropID")


def test_when_nothing_names_the_colourspace_then_it_is_not_guessed(plate):
    with pytest.raises(ColourspaceError):
        analyse_shot(shot_of(plate._replace(colourspace=None)), find_faces=False)


def test_when_a_frame_is_read_again_then_it_must_be_the_one_that_was_analysed(plate):
    found = analyse_shot(shot_of(plate, "1-7"), find_faces=False)
    assert read_frame(plate, 2, found).beauty.data_window == found.bounds
    write_frame(plate, 2, picture(9))
    with pytest.raises(FrameChanged, match=r"frame 2: .* another --output"):
        read_frame(plate, 2, found)
    with pytest.raises(FrameMissing, match="frame 7"):
        read_frame(plate, 7, found)


def test_when_a_frame_holds_no_beauty_then_it_is_named_with_what_it_holds(plate):
    whole = image(picture(2))
    part = whole.parts[0]
    depth = replace(whole, parts=(replace(part, channels={"Z": part.channels["R"]}),))
    write_frame(plate, 2, depth)
    with pytest.raises(FrameUnsupported, match="it holds Z") as raised:
        read_frame_of(plate, 2)
    assert raised.value.path == plate.path(2)


def test_when_planes_of_a_box_are_read_then_they_are_those_of_the_whole():
    whole = image(picture(2), window=Box(-4, 6, 43, 45))
    planes = beauty_planes(whole, Box(0, 10, 9, 19))
    assert planes.dtype == np.float32
    assert (planes == beauty_planes(whole)[:, 4:14, 4:14]).all()


def test_when_a_proxy_is_drawn_then_it_shows_the_display_window_and_black_outside():
    planes = np.full((3, 40, 48), 1.0, np.float32)
    planes[:, 0, 0] = (np.nan, np.inf, -np.inf)
    wide = image(planes, window=Box(10, 0, 57, 39), display=Box(0, 0, 47, 39))
    colour = PlateColour(resolve_colourspace("lin_rec709_scene", {}))
    drawn = proxy_picture(wide, colour, wide.display_window)
    assert drawn.shape == (40, 48, 3)
    assert drawn.dtype == np.uint8
    assert (drawn[:, :10] == 0).all()
    assert (drawn[1:, 10:] >= 254).all()


# real faces


def people(frame, centres, size=(180, 320)):
    """Return a scene-linear picture of a textured wall with the same person at some places."""
    rng = np.random.default_rng(7)
    wall = 110 + 12 * cv2.GaussianBlur(rng.normal(0, 60, (*size, 3)), (0, 0), 8)
    codes = np.clip(wall, 0, 255)
    face = data.astronaut()[0:230, 110:340]
    small = cv2.resize(face, (100, 100), interpolation=cv2.INTER_AREA)
    for x, y in centres:
        codes[y - 50 : y + 50, x - 50 + frame % 3 : x + 50 + frame % 3] = small
    return ((codes / 255) ** 2.2).astype(np.float32).transpose(2, 0, 1)


@pytest.mark.parametrize("centres", [[], [(160, 90)], [(80, 90), (240, 90)]])
def test_when_people_are_in_the_plate_then_each_is_found_and_only_they_are_restored(
    tmp_path, centres
):
    plate = write_plate(tmp_path / "p", range(1, 6), lambda frame: people(frame, centres))
    run = Run(request(plate, tmp_path / "out", "1-5", whole_frame=False), LINKS["chained"])
    assert set(run.statuses.values()) == {"restored" if centres else "no face"}
    assert run.finished.faceless == (0 if centres else 5)
    found = json.loads((tmp_path / "out" / "shot.take" / "analysis.json").read_text())
    tracks = found["faces"]["tracks"]
    assert [round(one["centres"][0][0] / 80) * 80 for one in tracks] == [x for x, _ in centres]
    before, after = (
        read_frame_of(one, 3)[0].beauty.channels["R"]
        for one in (plate, plate._replace(prefix=str(tmp_path / "out" / "shot_restored.")))
    )
    changed = np.nonzero((before != after).any(axis=0))[0]
    near = [x for x in changed if any(abs(x - centre) < 75 for centre, _ in centres)]
    assert len(near) == len(changed)
    assert bool(len(changed)) == bool(centres)
