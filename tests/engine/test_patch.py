from __future__ import annotations

from dataclasses import replace

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenEXR import Compression

from engine.frame_io.exr import encode_image, read_image
from engine.frame_io.plates import read_frame_of
from engine.image import Box, Image, Part
from engine.patch import COVERAGE, patch_of
from plugin_host.plate import Plate
from tests.engine.frame_io.matrix import COLOURS, OPAQUE, RATES, TEXTS, with_attributes
from tests.engine.frame_io.test_exr_matrix import headers
from tests.engine.plates import (
    SPACE,
    Run,
    delivered,
    delivered_image,
    image,
    manifest,
    picture,
    put_faces,
    request,
    track,
    write_plate,
)
from tests.engine.probes import LINKS

CHAINED = LINKS["chained"]
SHOT = "1-5"
FACE, BAD = 2, 5
WINDOW = Box(-10, -6, 149, 89)
DISPLAY = Box(0, 0, 127, 79)
STATUSES = {1: "restored", 2: "restored", 3: "restored", 4: "no face", 5: "source"}


def beauty(frame, **attributes):
    """Return a picture with alpha and more channels; that of the last frame has NaN in the face."""
    planes = picture(frame, (WINDOW.height, WINDOW.width))
    planes[:, 2, 3] = np.inf, -np.inf, -0.0
    if frame == BAD:
        planes[0, 50, 60] = np.nan
    rng = np.random.default_rng(frame)
    shape = WINDOW.height, WINDOW.width
    extra = {
        "A": rng.uniform(0, 1, shape).astype(np.float16),
        "Z": rng.uniform(0, 9, shape).astype(np.float32),
        "faceplate.matte": np.full(shape, 7, np.float16),
    }
    named = {"compression": Compression.PIZ_COMPRESSION, **attributes}
    return image(planes, extra=extra, window=WINDOW, display=DISPLAY, attributes=named)


def single(frame):
    held = {n.encode(): v for n, v in {**RATES, **COLOURS, **TEXTS, **OPAQUE}.items()}
    return with_attributes(encode_image(beauty(frame)), held)


def lossy(frame):
    return encode_image(beauty(frame, compression=Compression.DWAA_COMPRESSION))


def tiled(frame):
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 32, 16
    return encode_image(beauty(frame, type=OpenEXR.tiledimage, tiles=tiles))


def several(frame):
    made = beauty(frame, name="rgba", type=OpenEXR.scanlineimage, view="left", owner="me")
    ids = Part(
        {"id": np.full((4, 5), frame, np.uint32)},
        Box(3, 3, 7, 6),
        {"name": "ids", "type": OpenEXR.scanlineimage},
    )
    return encode_image(replace(made, parts=(ids, *made.parts)))


def restored(plate, out, frames=None, *, layers=("beauty",), **more):
    fields = {"whole_frame": False, "on_error": "source", "layers": layers, **more}
    return Run(request(plate, out, SHOT, frames, **fields), CHAINED)


def statuses(make):
    """Return what becomes of each frame; DWAA makes a number of every NaN."""
    return STATUSES | ({BAD: "restored"} if make is lossy else {})


@pytest.fixture
def face(monkeypatch):
    put_faces(monkeypatch, track(1, (1, 2, 3, 5), (50, 44), 8, drift=3.0))


def merged(plate, patch, names):
    """Return what a compositor makes of both: the patch where it covers, else the plate."""
    box = patch.beauty.data_window
    place = box.slices(plate.beauty.data_window)
    made = {name: plate.beauty.channels[name].copy() for name in names}
    for name, samples in made.items():
        covered = patch.beauty.channels[COVERAGE] == 1
        samples[place][covered] = patch.beauty.channels[name][covered]
    return made


@pytest.mark.parametrize("make", [single, lossy, tiled, several])
def test_when_patches_lie_over_the_plate_then_they_are_the_whole_delivery(tmp_path, face, make):
    plate = write_plate(tmp_path / "plates", range(1, 6), make)
    whole, patches = tmp_path / "whole", tmp_path / "patches"
    runs = restored(plate, whole), restored(plate, patches, layers=("beauty", "patch"))
    expected = statuses(make)
    for run in runs:
        assert run.statuses == expected
    for frame in STATUSES:
        there, patch = read_image(plate.path(frame)), delivered_image(patches, frame)
        complete = delivered_image(whole, frame).beauty.channels
        for name, samples in merged(there, patch, "RGBA").items():
            assert samples.tobytes() == complete[name].tobytes(), (frame, name)
        assert set(patch.beauty.channels) == {*"RGBA", COVERAGE}
        assert len(patch.parts) == 1
        assert patch.display_window == DISPLAY
        window = patch.beauty.data_window
        if expected[frame] == "restored":
            assert window.intersection(WINDOW) == window
            assert window.width * window.height < WINDOW.width * WINDOW.height / 4
            restored_pixels = complete["G"] != there.beauty.channels["G"]
            assert restored_pixels.any()
        else:
            assert window == Box(WINDOW.left, WINDOW.top, WINDOW.left, WINDOW.top)
    size = sum(map(len, delivered(whole).values()))
    assert sum(map(len, delivered(patches).values())) < size / 4


@pytest.mark.parametrize("make", [single, lossy, tiled, several])
def test_when_a_patch_is_delivered_then_attributes_are_the_plates(tmp_path, face, make):
    plate = write_plate(tmp_path / "plates", range(1, 6), make)
    run = restored(plate, tmp_path / "out", layers=("patch",))
    for frame, status in statuses(make).items():
        there = read_image(plate.path(frame))
        old = headers(there.file)[there.beauty_index]
        (new,) = headers(delivered_image(tmp_path / "out", frame).file)
        stored = {"channels", "dataWindow", "chunkCount"} | (
            {"compression"} if make is lossy else set()
        )
        assert {n: v for n, v in old.items() if n not in stored} == {
            n: v for n, v in new.items() if n in old and n not in stored
        }
        assert new["faceplate/status"] == (b"string", status.encode())
    assert any("DWAA compression is lossy" in note for note in run.finished.notes) == (
        make is lossy
    )


def test_when_layers_are_asked_for_with_a_patch_then_they_are_cut_alike(tmp_path, face):
    layers = ("beauty", "matte", "confidence", "source", "patch")
    plate = write_plate(tmp_path / "plates", range(1, 6), single)
    restored(plate, tmp_path / "whole", layers=layers[:-1])
    restored(plate, tmp_path / "out", layers=layers)
    for frame, status in STATUSES.items():
        whole = delivered_image(tmp_path / "whole", frame).beauty
        patch = delivered_image(tmp_path / "out", frame).beauty
        place = patch.data_window.slices(WINDOW)
        added = {"faceplate.matte", "faceplate.confidence", "source.R", "source.G", "source.B"}
        assert set(patch.channels) == {*"RGBA", COVERAGE, *added}
        for name in {*"RGBA", *added}:
            assert patch.channels[name].tobytes() == whole.channels[name][place].tobytes()
        if status == "restored":
            outside = whole.channels["faceplate.matte"].copy()
            outside[place] = 0
            assert not outside.any()
            rim = patch.channels["faceplate.matte"]
            assert all(edge.any() for edge in (rim[0], rim[-1], rim[:, 0], rim[:, -1]))


def test_when_patches_are_asked_for_in_pieces_then_they_equal_one_run_and_are_kept(tmp_path, face):
    plate = write_plate(tmp_path / "plates", range(1, 6), single)
    restored(plate, tmp_path / "one", layers=("patch",))
    for frames in ("5", "2-3", "1-5"):
        restored(plate, tmp_path / "two", frames, layers=("patch",))
    assert delivered(tmp_path / "two") == delivered(tmp_path / "one")
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "two").glob("*.exr")}
    run = restored(plate, tmp_path / "two", layers=("patch",))
    assert set(run.statuses.values()) == {"kept"}
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "two").glob("*.exr")} == before


def test_when_whole_frames_lie_in_a_take_then_patches_are_refused_there(tmp_path, face):
    plate = write_plate(tmp_path / "plates", range(1, 6), single)
    restored(plate, tmp_path / "out")
    run = restored(plate, tmp_path / "out", layers=("beauty", "patch"))
    assert run.error.code == "request.take"
    assert "settings.layers" in run.error.message
    assert manifest(tmp_path / "out")["settings"]["layers"] == ["beauty"]


def test_when_the_plate_is_no_exr_then_its_patches_lie_over_it_too(tmp_path, face):
    plate = Plate.parse(str(tmp_path / "shot.%04d.tif"), SPACE)
    for frame in range(1, 4):
        out = OpenImageIO.ImageOutput.create(plate.path(frame))
        assert out.open(plate.path(frame), OpenImageIO.ImageSpec(160, 96, 4, "half"))
        planes = picture(frame, (96, 160)).astype(np.float16)
        assert out.write_image(np.stack([*planes, planes[0]], axis=2))
        assert out.close()
    for name, layers in (("whole", ("beauty",)), ("out", ("patch",))):
        fields = {"whole_frame": False, "layers": layers}
        Run(request(plate, tmp_path / name, "1-3", **fields), CHAINED)
    there = read_frame_of(plate, FACE)[0]
    patch = delivered_image(tmp_path / "out", FACE)
    complete = delivered_image(tmp_path / "whole", FACE).beauty.channels
    assert patch.beauty.data_window != there.beauty.data_window
    for name, samples in merged(there, patch, "RGBA").items():
        assert samples.tobytes() == complete[name].tobytes()


boxes = st.tuples(*[st.integers(0, 11)] * 2, *[st.integers(0, 8)] * 2)


@given(st.lists(boxes, max_size=3), st.floats(2**-24, 1, width=32))
def test_when_mattes_lie_anywhere_then_the_patch_is_the_least_that_holds_them(places, value):
    window = Box(-5, 7, 6, 15)
    matte = np.zeros((9, 12), np.float32)
    for x, to_x, y, to_y in places:
        matte[min(y, to_y) : max(y, to_y) + 1, min(x, to_x) : max(x, to_x) + 1] = value
    samples = np.arange(108, dtype=np.float32).reshape(9, 12)
    plate = Image((Part(dict.fromkeys(("R", "G", "B", "Z"), samples), window),), Box(0, 0, 3, 3))
    patch = patch_of(plate, dict.fromkeys("RGB", samples), matte).beauty
    assert set(patch.channels) == {*"RGB", COVERAGE}
    rows, columns = np.nonzero(matte) if places else ([0], [0])
    assert patch.data_window == Box(
        min(columns) - 5, min(rows) + 7, max(columns) - 5, max(rows) + 7
    )
    assert np.array_equal(patch.channels["G"], samples[patch.data_window.slices(window)])
    assert (patch.channels[COVERAGE] == 1).all()
