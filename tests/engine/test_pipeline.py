from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from OpenEXR import Compression
from PIL import Image as Picture

from engine.clips import Clips
from engine.frame_io.exr import pixel_hash, read_image
from engine.frame_io.exr_rows import read_rows
from engine.image import Box
from engine.restorers.passthrough import Passthrough
from engine.take import Take
from plugin_host.errors import JobCancelled, RestorerFailed
from plugin_host.plate import Plate
from plugin_host.replies import Finished
from tests.engine.plates import (
    SPACE,
    Run,
    delivered,
    delivered_image,
    image,
    litter,
    manifest,
    picture,
    put_faces,
    request,
    track,
    write_frame,
    write_plate,
)
from tests.engine.probes import ALIGNED, GUIDED, LINKS, NotFinite, Spy, failing_at

CHAINED, INDEPENDENT = LINKS["chained"], LINKS["independent"]
SHOT = "1001-1010"


@pytest.fixture
def plate(tmp_path):
    return write_plate(tmp_path / "plates", range(1001, 1011))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def take_of(submit, restorer):
    return Take(submit, restorer.info, {})


# what is delivered


def test_when_a_shot_is_restored_then_every_frame_is_delivered_with_a_receipt(plate, out):
    submit = request(plate, out, SHOT)
    run = Run(submit, CHAINED)
    assert run.statuses == dict.fromkeys(range(1001, 1011), "restored")
    assert [progress.done for progress in run.said.values()] == list(range(1, 11))
    assert run.finished == Finished(
        "0" * 16, str(out / "shot.take"), 10, 0, run.finished.milliseconds
    )
    assert {"analyse", "read", "crop", "restore", "write", "total"} <= set(
        run.finished.milliseconds
    )
    take = take_of(submit, CHAINED)
    for frame in range(1001, 1011):
        assert run.said[frame].path == str(take.frame_path(frame))
        delivered = take.frame_path(frame).read_bytes()
        assert take.receipt(frame).sha256 == hashlib.sha256(delivered).hexdigest()
    assert litter(out) == []


def test_when_a_frame_is_delivered_then_its_header_says_of_what_by_what(plate, out):
    submit = request(plate, out, SHOT)
    Run(submit, CHAINED)
    take = take_of(submit, CHAINED)
    attributes = delivered_image(out, 1003).beauty.attributes
    assert {name: attributes[name] for name in attributes if name.startswith("faceplate/")} == {
        "faceplate/restorer": "chained",
        "faceplate/weights": "none",
        "faceplate/settings": take.settings_hash,
        "faceplate/take": take.id,
        "faceplate/status": "restored",
        "faceplate/source": take.receipt(1003).source,
    }


def strange(frame):
    """What a restorer must not touch: highlights, negatives, colours outside any gamut."""
    planes = picture(frame)
    planes[:, 5, 5] = 60
    planes[:, 6, 6] = -0.25
    planes[:, 7, 7] = (1.5, -0.5, 0.0)
    planes[:, 8, 8] = (-0.0, 6e-8, 65504)
    return planes


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("space", [SPACE, "lin_ap1_scene", "ARRI LogC3 (EI800)", "raw"])
def test_when_nothing_is_changed_then_the_plate_is_delivered_bit_for_bit(
    tmp_path, out, dtype, space
):
    plate = write_plate(tmp_path / "plates", range(1, 4), strange, dtype=dtype)
    plate = plate._replace(colourspace=space)
    run = Run(request(plate, out, "1-3"), Passthrough())
    assert set(run.statuses.values()) == {"restored"}
    for frame in range(1, 4):
        there, here = read_image(plate.path(frame)), delivered_image(out, frame)
        assert pixel_hash(here) == pixel_hash(there)


DWAA = {"compression": Compression.DWAA_COMPRESSION}


def test_when_nothing_of_a_lossy_plate_is_changed_then_its_blocks_are_delivered(tmp_path, out):
    plate = write_plate(tmp_path / "plates", range(1, 4), attributes=DWAA)
    run = Run(request(plate, out, "1-3"), Passthrough())
    assert run.finished.notes == ()
    for frame in range(1, 4):
        there, here = read_image(plate.path(frame)), delivered_image(out, frame)
        assert here.beauty.attributes["compression"] == Compression.DWAA_COMPRESSION
        assert pixel_hash(here) == pixel_hash(there)
        assert here.file[-1000:] == there.file[-1000:]


def test_when_a_face_of_a_lossy_plate_is_restored_then_nothing_else_differs(
    tmp_path, out, monkeypatch
):
    put_faces(monkeypatch, track(1, range(1, 4), (50, 100), 8))
    plate = write_plate(
        tmp_path / "plates", range(1, 4), lambda f: picture(f, (224, 96)), attributes=DWAA
    )
    run = Run(request(plate, out, "1-3", whole_frame=False), CHAINED)
    there, here = read_image(plate.path(2)), delivered_image(out, 2)
    assert here.beauty.attributes["compression"] == Compression.DWAA_COMPRESSION
    differing = here.beauty.channels["G"] != there.beauty.channels["G"]
    assert 0 < differing.mean() < 0.3
    assert "uncompressed" in run.finished.notes[0]
    assert manifest(out)["notes"] == list(run.finished.notes)
    for frames in ("3", "1-3"):
        Run(request(plate, out / "pieces", "1-3", frames, whole_frame=False), CHAINED)
    assert delivered(out / "pieces") == delivered(out)


def test_when_all_of_a_lossy_plate_is_restored_then_it_is_delivered_as_zip_and_said_so(
    tmp_path, out
):
    plate = write_plate(tmp_path / "plates", range(1, 4), attributes=DWAA)
    run = Run(request(plate, out, "1-3"), CHAINED)
    note = "The plate's DWAA compression is lossy; delivered with ZIP to keep untouched pixels."
    assert run.finished.notes == (note,)
    assert manifest(out)["notes"] == [note]
    here = delivered_image(out, 2)
    assert here.beauty.attributes["compression"] == Compression.ZIP_COMPRESSION


def rich(frame):
    """An image with other channels, a small data window and a timecode."""
    ids = np.random.default_rng(frame).integers(0, 2**32, (96, 128), np.uint32)
    return image(
        picture(frame, (96, 128)),
        extra={
            "A": np.full((96, 128), 0.5, np.float16),
            "id": ids,
            "depth.Z": ids.view(np.float32),
        },
        window=Box(-8, 4, 119, 99),
        display=Box(0, 0, 111, 95),
        attributes={
            "compression": Compression.PIZ_COMPRESSION,
            "timeCode": OpenEXR.TimeCode(1, 2, 3, 4, *[0] * 14),
            "camera": "A",
        },
    )


def test_when_a_face_is_restored_then_only_pixels_inside_its_matte_differ(
    tmp_path, out, monkeypatch
):
    put_faces(monkeypatch, track(1, range(1, 7), (50, 50), 14))
    plate = write_plate(tmp_path / "plates", range(1, 7), rich)
    Run(request(plate, out, "1-6", whole_frame=False, layers=("beauty", "matte")), CHAINED)
    there, here = read_image(plate.path(3)), delivered_image(out, 3)
    matte = here.beauty.channels["faceplate.matte"]
    assert matte.max() == 1
    assert matte.min() == 0
    outside = matte == 0
    for name in "RGB":
        before = there.beauty.channels[name].view(np.uint16)
        after = here.beauty.channels[name].view(np.uint16)
        assert (before[outside] == after[outside]).all()
        assert (before[matte == 1] != after[matte == 1]).mean() > 0.9
    for name in ("A", "id", "depth.Z"):
        before, after = there.beauty.channels[name], here.beauty.channels[name]
        assert after.dtype == before.dtype
        assert after.tobytes() == before.tobytes()
    assert here.beauty.data_window == there.beauty.data_window
    assert here.display_window == there.display_window
    for name in ("compression", "camera", "timeCode"):
        assert str(here.beauty.attributes[name]) == str(there.beauty.attributes[name])


def test_when_layers_are_asked_for_then_they_lie_beside_the_beauty(tmp_path, out, monkeypatch):
    put_faces(monkeypatch, track(1, range(1, 4), (50, 50), 14))
    plate = write_plate(tmp_path / "plates", range(1, 4), rich)
    layers = ("beauty", "matte", "confidence", "source")
    Run(request(plate, out, "1-3", whole_frame=False, layers=layers), CHAINED)
    there, here = read_image(plate.path(2)).beauty.channels, delivered_image(out, 2).beauty.channels
    assert set(here) - set(there) == {
        "faceplate.matte",
        "faceplate.confidence",
        "source.R",
        "source.G",
        "source.B",
    }
    for name in "RGB":
        assert here[f"source.{name}"].tobytes() == there[name].tobytes()
    matte, confidence = here["faceplate.matte"], here["faceplate.confidence"]
    assert matte.dtype == confidence.dtype == np.float16
    assert (confidence[matte == 0] == 0).all()
    assert len(np.unique(confidence[matte == 1])) == 1


def test_when_two_faces_are_there_then_each_has_its_own_track_and_reference(
    tmp_path, out, monkeypatch
):
    plate = write_plate(tmp_path / "plates", range(1, 9), lambda f: picture(f, (96, 160)))
    one, two = track(1, range(1, 9), (40, 50), 12), track(2, range(3, 7), (120, 50), 12)
    layers = ("beauty", "matte")
    put_faces(monkeypatch, one, two)
    spy = Spy(CHAINED)
    run = Run(request(plate, out, "1-8", whole_frame=False, layers=layers), spy)
    assert run.finished.faceless == 0
    assert {clip.track for clip in spy.clips} == {1, 2}
    assert {f for clip in spy.clips if clip.track == 2 for f in clip.frames} == {3, 4, 5, 6}
    put_faces(monkeypatch, one)
    Run(request(plate, out / "one", "1-8", whole_frame=False, layers=layers), CHAINED)
    for frame in range(1, 9):
        both, alone = (
            delivered_image(folder, frame).beauty.channels for folder in (out, out / "one")
        )
        assert both["R"][:, :80].tobytes() == alone["R"][:, :80].tobytes()
        assert both["faceplate.matte"][50, 40] == 1
        assert both["faceplate.matte"][50, 120] == (frame in two.frames)


def test_when_there_is_no_face_then_the_plate_is_delivered_and_said_so(plate, out, monkeypatch):
    put_faces(monkeypatch)
    run = Run(request(plate, out, SHOT, whole_frame=False), CHAINED)
    assert set(run.statuses.values()) == {"no face"}
    assert run.finished.faceless == run.finished.delivered == 10
    assert "no face was found" in run.finished.notes[0]
    assert manifest(out)["notes"] == list(run.finished.notes)
    here = delivered_image(out, 1001)
    assert pixel_hash(here) == pixel_hash(read_image(plate.path(1001)))
    assert here.beauty.attributes["faceplate/status"] == "no face"


def test_when_a_restorer_wants_aligned_faces_then_it_gets_them(tmp_path, out, monkeypatch):
    put_faces(monkeypatch, track(1, range(1, 6), (50, 50), 14, drift=0.4))
    plate = write_plate(tmp_path / "plates", range(1, 6), lambda f: picture(f, (96, 128)))
    spy = Spy(ALIGNED)
    run = Run(request(plate, out, "1-5", whole_frame=False), spy)
    assert set(run.statuses.values()) == {"restored"}
    assert {clip.pixels.shape[1:] for clip in spy.clips} == {(3, 64, 64)}


@pytest.mark.parametrize(("size", "frames"), [((1, 1), "1"), ((1, 1), "1-3"), ((2, 5), "1-3")])
def test_when_a_plate_is_tiny_then_it_is_delivered_in_its_size(tmp_path, out, size, frames):
    plate = write_plate(tmp_path / "plates", range(1, 4), lambda f: picture(f, size))
    run = Run(request(plate, out, frames), CHAINED)
    assert set(run.statuses.values()) == {"restored"}
    assert delivered_image(out, 1).beauty.channels["R"].shape == size


@pytest.mark.parametrize("size", [(1, 1), (40, 48)])
def test_when_a_tiny_plate_is_searched_for_faces_then_there_are_none(tmp_path, out, size):
    plate = write_plate(tmp_path / "plates", range(1, 4), lambda f: picture(f, size))
    run = Run(request(plate, out, "1-3", whole_frame=False), CHAINED)
    assert set(run.statuses.values()) == {"no face"}


# what is asked for, and what is there already


def test_when_it_is_asked_again_then_nothing_is_restored_or_written(plate, out):
    Run(request(plate, out, SHOT), CHAINED)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    spy = Spy(CHAINED)
    again = Run(request(plate, out, SHOT), spy)
    assert spy.clips == []
    assert set(again.statuses.values()) == {"kept"}
    assert again.finished.delivered == 10
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


def test_when_a_delivered_frame_is_deleted_then_it_alone_is_made_again_with_the_same_bits(
    plate, out
):
    submit = request(plate, out, SHOT)
    Run(submit, CHAINED)
    before = delivered(out)
    (out / "shot_restored.1006.exr").unlink()
    spy = Spy(CHAINED)
    run = Run(submit, spy)
    assert spy.windows == [(1004, 1005, 1006, 1007)]
    assert [f for f, status in run.statuses.items() if status == "restored"] == [1006]
    assert delivered(out) == before


@pytest.mark.parametrize("kind", sorted(LINKS))
def test_when_the_second_half_comes_first_then_no_window_is_restored_twice(plate, out, kind):
    spy = Spy(LINKS[kind])
    for frames in ("1006-1010", "1001-1005"):
        assert set(Run(request(plate, out, SHOT, frames), spy).statuses.values()) == {"restored"}
    assert len(set(spy.windows)) == len(spy.windows)
    assert list((out / "shot.take" / "windows").rglob("*.safetensors")) == []
    whole = Run(request(plate, out / "whole", SHOT), LINKS[kind])
    assert whole.error is None
    assert delivered(out) == delivered(out / "whole")


def test_when_a_window_was_computed_before_it_was_asked_for_then_it_is_kept_and_then_forgotten(
    plate, out
):
    spy = Spy(CHAINED)
    Run(request(plate, out, SHOT, "1003"), spy)
    kept = out / "shot.take" / "windows" / "0" / "0.1004.safetensors"
    assert kept.exists()
    assert spy.windows == [(1001, 1002, 1003, 1004)]
    Run(request(plate, out, SHOT, "1001-1002"), spy)
    assert spy.windows == [(1001, 1002, 1003, 1004)]
    assert kept.exists()  # 1004 still waits there
    Run(request(plate, out, SHOT, "1004"), spy)
    assert not kept.exists()
    assert spy.windows == [(1001, 1002, 1003, 1004), (1004, 1005, 1006, 1007)]


def test_when_a_kept_window_or_reference_is_torn_then_it_is_made_again_with_the_same_bits(
    plate, out
):
    Run(request(plate, out / "whole", SHOT), CHAINED)
    Run(request(plate, out, SHOT, "1005"), CHAINED)
    for path in (out / "shot.take").rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])
    run = Run(request(plate, out, SHOT), CHAINED)
    assert run.finished.errors == ()
    assert delivered(out) == delivered(out / "whole")


@pytest.mark.parametrize("data", [b"", b"{}", b'{"frames": [1001]}', b'{"frames": 7'])
def test_when_the_analysis_is_torn_then_it_is_made_again(plate, out, data):
    Run(request(plate, out, SHOT, "1001-1005"), CHAINED)
    (out / "shot.take" / "analysis.json").write_bytes(data)
    run = Run(request(plate, out, SHOT), CHAINED)
    assert run.error is None
    assert run.finished.delivered == 10


def test_when_there_are_handles_then_they_feed_the_reference_and_are_not_delivered(plate, out):
    spy = Spy(CHAINED)
    run = Run(request(plate, out, "1004-1006", handles=2), spy)
    assert list(run.statuses) == [1004, 1005, 1006]
    assert spy.windows[0] == (1002, 1003, 1004, 1005)
    assert len(delivered(out)) == 3
    bare = Run(request(plate, out / "bare", "1004-1006"), CHAINED)
    assert bare.error is None
    assert delivered(out / "bare").keys() == delivered(out).keys()
    assert pixel_hash(delivered_image(out, 1005)) != pixel_hash(delivered_image(out / "bare", 1005))


def test_when_handles_reach_beyond_the_plate_then_that_is_no_error(plate, out):
    run = Run(request(plate, out, SHOT, handles=5), CHAINED)
    assert run.finished.errors == ()
    assert run.finished.delivered == 10


def test_when_an_approximate_start_is_asked_for_then_the_chain_is_not_computed(plate, out):
    spy = Spy(CHAINED)
    Run(request(plate, out, SHOT, "1010", warm_up=2), spy)
    assert [(clip.frames, clip.warm_up, clip.follows) for clip in spy.clips] == [
        ((1005, 1006, 1007, 1008, 1009, 1010), 2, None)
    ]
    assert any("approximate start" in note for note in manifest(out)["notes"])


@given(st.permutations(["1001-1003", "1004-1009", "1010-1012"]), st.integers(0, 9))
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_when_approximate_chunks_run_in_any_order_and_again_then_their_bits_are_the_same(
    tmp_path_factory, tmp_path, order, patience
):
    plate = write_plate(tmp_path / "plates", range(1001, 1013))

    def restore(out, chunk, patience=1000):
        looks = iter(range(patience))
        submit = request(plate, out, "1001-1012", chunk, warm_up=2)
        return Run(submit, CHAINED, cancelled=lambda: next(looks, None) is None)

    once, again = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("again")
    for chunk in sorted(order):
        restore(once, chunk)
    for chunk in order:
        restore(again, chunk, patience)
    for chunk in order:
        restore(again, chunk)
    assert len(delivered(once)) == 12
    assert delivered(again) == delivered(once)


# stopping


def test_when_a_shot_is_looked_through_then_its_progress_is_told_the_first_time_only(plate, out):
    first = Run(request(plate, out, SHOT, "1001", handles=1), CHAINED)
    assert first.analysed == [(done, 12) for done in range(1, 13)]
    assert Run(request(plate, out, SHOT, handles=1), CHAINED).analysed == []


def test_when_it_is_cancelled_then_delivered_frames_stay_and_the_rest_is_done_later(plate, out):
    begun = []  # ten frames are analysed, then two windows restored
    run = Run(
        request(plate, out, SHOT), CHAINED, cancelled=lambda: begun.append(1) or len(begun) > 12
    )
    assert run.analysed[-1] == (10, 10)
    assert isinstance(run.error, JobCancelled)
    assert list(run.said) == [1001, 1002, 1003, 1004, 1005, 1006]
    assert len(delivered(out)) == 6
    spy = Spy(CHAINED)
    again = Run(request(plate, out, SHOT), spy)
    assert list(again.statuses.values()) == ["kept"] * 6 + ["restored"] * 4
    # 1007 is blended from two windows, and the first of them was not delivered in full.
    assert spy.windows == [(1004, 1005, 1006, 1007), (1007, 1008, 1009, 1010)]
    Run(request(plate, out / "whole", SHOT), CHAINED)
    assert delivered(out) == delivered(out / "whole")


def test_when_it_is_cancelled_while_it_is_analysed_then_nothing_is_delivered(plate, out):
    run = Run(request(plate, out, SHOT), CHAINED, cancelled=lambda: True)
    assert isinstance(run.error, JobCancelled)
    assert run.analysed == []
    assert delivered(out) == {}
    assert not (out / "shot.take" / "analysis.json").exists()
    assert Run(request(plate, out, SHOT), CHAINED).finished.delivered == 10


def test_when_the_restorer_fails_then_the_error_is_its_own_and_earlier_frames_stay(plate, out):
    run = Run(request(plate, out, SHOT), failing_at(1007))
    assert isinstance(run.error, RestorerFailed)
    assert "cannot restore frame 1007" in str(run.error)
    assert list(run.said) == [1001, 1002, 1003]
    assert set(Run(request(plate, out, SHOT), CHAINED).statuses.values()) == {"kept", "restored"}


def test_when_the_restorer_returns_nan_then_nothing_of_it_is_delivered(plate, out):
    run = Run(request(plate, out, SHOT), NotFinite())
    assert isinstance(run.error, RestorerFailed)
    assert "returned NaN in window 0" in run.error.message
    assert delivered(out) == {}


# guides


def test_when_hero_frames_are_named_then_the_restorer_sees_them(plate, out):
    spy = Spy(GUIDED)
    references = ("frame:1002", "frame:1001", "frame:1009")
    run = Run(request(plate, out, SHOT, "1001-1004", references=references), spy)
    assert run.error is None
    (clip,) = spy.clips
    assert len(clip.guides.references) == 3
    for hero, frame in zip(clip.guides.references[:2], (1002, 1001), strict=True):
        assert hero.tobytes() == clip.pixels[clip.frames.index(frame)].tobytes()


def test_when_a_hero_frame_is_named_twice_then_it_is_seen_twice(plate, out):
    spy = Spy(GUIDED)
    run = Run(request(plate, out, SHOT, references=("frame:1001", "frame:1001")), spy)
    assert run.error is None
    assert len(spy.clips[0].guides.references) == 2


def test_when_a_hero_frame_lies_outside_the_shot_then_the_request_is_refused(plate, out):
    run = Run(request(plate, out, SHOT, references=("frame:1011",)), GUIDED)
    assert run.error.code == "request.settings"
    assert "hero frame 1011 lies outside the shot 1001-1010" in run.error.message


def test_when_a_hero_frame_is_missing_then_that_is_said_and_not_another_restored(plate, out):
    Path(plate.path(1005)).unlink()
    run = Run(request(plate, out, SHOT, references=("frame:1005",)), GUIDED)
    assert run.error is not None
    assert run.error.frame == 1005 or "1005" in run.error.message
    assert delivered(out) == {}


def test_when_pictures_and_masks_are_given_then_they_reach_the_restorer(tmp_path, plate, out):
    Picture.new("RGB", (20, 30), (255, 0, 51)).save(tmp_path / "hero.png")
    mask = np.zeros((40, 48), np.uint8)
    mask[10:20, 12:30] = 255
    Picture.fromarray(mask).save(tmp_path / "mask.png")
    submit = request(
        plate,
        out,
        SHOT,
        tasks=("inpaint",),
        references=(str(tmp_path / "hero.png"),),
        mask=str(tmp_path / "mask.png"),
    )
    spy = Spy(GUIDED)
    run = Run(submit, spy)
    assert run.error is None
    clip = spy.clips[0]
    assert clip.tasks == ("inpaint",)
    assert clip.guides.references[0].shape == (3, 30, 20)
    assert np.allclose(clip.guides.references[0][:, 0, 0], (1, 0, 0.2))
    assert (clip.guides.mask[0, :40] == mask / 255).all()
    before, after = (
        one.beauty.channels["R"].astype(np.float32)
        for one in (read_image(plate.path(1004)), delivered_image(out, 1004))
    )
    inside = mask > 0
    assert (before[~inside] == after[~inside]).all()
    assert (after[inside] > before[inside]).all()


def test_when_a_reference_picture_changes_then_its_take_is_another(tmp_path, plate, out):
    hero = tmp_path / "hero.png"
    Picture.new("RGB", (8, 8), (255, 0, 0)).save(hero)
    submit = request(plate, out, SHOT, references=(str(hero),))
    assert Run(submit, GUIDED).error is None
    Picture.new("RGB", (8, 8), (0, 255, 0)).save(hero)
    assert Run(submit, GUIDED).error.code == "request.take"


def test_when_a_mask_changes_then_its_take_is_another(tmp_path, plate, out):
    mask = tmp_path / "mask.png"
    Picture.new("L", (48, 40), 255).save(mask)
    submit = request(plate, out, SHOT, tasks=("inpaint",), mask=str(mask))
    assert Run(submit, GUIDED).error is None
    Picture.new("L", (48, 40), 128).save(mask)
    assert Run(submit, GUIDED).error.code == "request.take"


def test_when_a_frame_has_no_mask_then_that_frame_fails_and_the_others_do_not(tmp_path, plate, out):
    for frame in range(1001, 1011):
        size = (48, 40) if frame != 1007 else (24, 40)
        if frame != 1004:
            Picture.new("L", size, 255).save(tmp_path / f"mask.{frame}.png")
    masks = str(tmp_path / "mask.%04d.png")
    run = Run(request(plate, out, SHOT, tasks=("inpaint",), mask=masks), GUIDED)
    assert run.codes == {1004: "frame.missing", 1007: "frame.size_changed"}
    assert run.finished.delivered == 8


def test_when_the_source_stands_in_then_the_next_run_keeps_it_and_says_why(plate, out):
    write_frame(plate, 1003, np.full((3, 20, 24), 0.5, np.float32))
    submit = request(plate, out, SHOT, on_error="source")
    first, second = Run(submit, CHAINED), Run(submit, CHAINED)
    assert first.statuses[1003] == "source"
    assert second.statuses[1003] == "kept"
    assert first.codes == second.codes == {1003: "frame.size_changed"}


def test_when_an_approximate_start_follows_a_handle_then_no_seam_waits_for_it(plate, out):
    Run(request(plate, out, "1005-1010", handles=4, warm_up=2), CHAINED)
    assert not any("measured once" in note for note in manifest(out)["notes"])


# requests that cannot be meant


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tasks": ()}, "no task"),
        ({"tasks": ("inpaint",)}, "inpaint and --mask go together"),
        ({"parameters": {"tint": 101}}, "tint = 101 is out of range; it goes from 0 to 100"),
        ({"parameters": {"taint": 1}}, "no parameter 'taint'; it has tint"),
        ({"references": ("/no/such.png",)}, "cannot be read: No such file"),
    ],
)
def test_when_settings_do_not_fit_then_they_are_refused_before_anything_is_written(
    plate, out, settings, message
):
    run = Run(request(plate, out, SHOT, **settings), CHAINED)
    assert run.error.code == "request.settings"
    assert message in run.error.message
    assert not out.exists()


def test_when_a_restorer_knows_faces_only_then_whole_frames_are_refused(plate, out):
    run = Run(request(plate, out, SHOT), ALIGNED)
    assert "restores faces only; leave --whole-frame out" in run.error.message


def test_when_no_frame_is_there_then_the_plate_is_refused(tmp_path, out):
    plate = Plate.parse(str(tmp_path / "none.%04d.exr"), SPACE)
    run = Run(request(plate, out, "1-3"), CHAINED)
    assert run.error.code == "request.plate"


@pytest.mark.parametrize("space", [None, "lin_nowhere"])
def test_when_the_colourspace_is_unnamed_or_unknown_then_choices_are_offered(plate, out, space):
    run = Run(request(plate._replace(colourspace=space), out, SHOT), CHAINED)
    assert run.error.code == "request.colourspace"
    assert "lin_ap1_scene (ACEScg)" in run.error.message


def test_when_another_request_lies_there_then_it_is_left_alone(plate, out):
    Run(request(plate, out, SHOT), CHAINED)
    before = delivered(out)
    run = Run(request(plate, out, SHOT, seed=1), CHAINED)
    assert run.error.code == "request.take"
    assert "settings.seed = 0 lies there and this request has 1" in run.error.message
    assert delivered(out) == before


def test_when_the_seed_differs_then_a_random_restorer_makes_something_else(plate, out):
    for seed in (0, 1):
        Run(request(plate, out / str(seed), SHOT, "1001", seed=seed), INDEPENDENT)
    hashes = {pixel_hash(delivered_image(out / str(seed), 1001)) for seed in (0, 1)}
    assert len(hashes) == 2


def test_when_windows_overlap_then_their_frames_are_blended(plate, out):
    """Window 5, overlap 2: frame 1004 is two thirds the first window, one third the second."""
    flat = replace(INDEPENDENT, info=replace(INDEPENDENT.info, window=5, overlap=2))

    class Steps:
        """Brightens by the number of its window."""

        info = flat.info

        def restore(self, clip, reference):
            lift = np.float32(0.1 * (clip.frames[0] - 1001) / 3)
            restored = flat.restore(clip, reference)
            return replace(restored, pixels=clip.pixels + lift)

    Run(request(plate._replace(colourspace="raw"), out, SHOT, "1001-1007"), Steps())

    def lift(frame):
        before, after = read_image(plate.path(frame)), delivered_image(out, frame)
        both = [one.beauty.channels["G"].astype(np.float64) for one in (before, after)]
        return float(np.median(both[1] - both[0]))

    lifts = [lift(frame) for frame in range(1001, 1007)]
    assert lifts[:3] == [0, 0, 0]
    assert lifts[3] == pytest.approx(lifts[5] / 3, rel=0.15)
    assert lifts[4] == pytest.approx(lifts[5] * 2 / 3, rel=0.15)


@pytest.mark.parametrize("compression", ["ZIP", "PIZ", "DWAA"])
@pytest.mark.parametrize("centre", [(24.0, 20.0), (24.0, 1.0), (24.0, -30.0), (90.0, 20.0)])
def test_when_only_the_faces_rows_are_read_then_the_files_are_the_same(
    tmp_path, monkeypatch, compression, centre
):
    header = {"compression": getattr(Compression, f"{compression}_COMPRESSION")}
    mask = np.arange(160 * 64, dtype=np.uint32).reshape(160, 64)
    plate = write_plate(
        tmp_path / "plates",
        range(1001, 1005),
        lambda frame: image(picture(frame, (160, 64)), extra={"id": mask}, attributes=header),
    )
    put_faces(monkeypatch, track(1, range(1001, 1004), centre))  # 1004 is without a face
    read: list[bool] = []
    monkeypatch.setattr("engine.frame_io.plates.read_rows", _telling(read))
    files = {}
    for name in ("band", "whole"):
        if name == "whole":
            monkeypatch.setattr(Clips, "rows", lambda *_: None)
        Run(request(plate, tmp_path / name, "1001-1004", whole_frame=False), CHAINED)
        files[name] = delivered(tmp_path / name)
    assert files["band"] == files["whole"]
    assert len(files["band"]) == 4
    assert read == [True] * 4  # of the plate's 160 rows


def _telling(read):
    def reading(*args, **fields):
        found = read_rows(*args, **fields)
        read.append(found.is_band)
        return found

    return reading
