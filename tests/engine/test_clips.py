from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Picture

from engine.analysis import analyse_shot
from engine.clips import WHOLE_FRAME, Clips, Delta
from engine.frame_io.colour import PlateColour
from engine.frame_io.exr import read_image
from engine.frame_io.exr_rows import read_rows
from engine.image import Box
from engine.plan import Step
from engine.restorer import Crop, Restored
from plugin_host.errors import SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.requests import Settings, Shot
from tests.engine.plates import image, picture, put_faces, track, write_plate
from tests.engine.probes import LINKS

INFO = LINKS["chained"].info
FRAMES = (1, 2, 3, 4)


@pytest.fixture
def made(tmp_path, monkeypatch):
    put_faces(monkeypatch, track(1, FRAMES, (50, 40), 10), track(2, (2, 3), (90, 40), 10))
    window = Box(4, 2, 131, 97)
    plate = write_plate(
        tmp_path,
        FRAMES,
        lambda frame: image(picture(frame, (96, 128)), window=window, display=Box(0, 0, 135, 99)),
    )
    images = {frame: read_image(plate.path(frame)) for frame in FRAMES}
    analysis = analyse_shot(Shot(plate, FrameRange(FRAMES)), find_faces=True)

    def make(info=INFO, **settings):
        asked = Settings("probe", **settings)
        clips = Clips(analysis, info, asked, PlateColour(analysis.colour), {"tint": 25})
        return clips, images

    return make


def cut(clips, step, images):
    looks = {
        frame: clips.look(images[frame], frame, [step.track])
        for frame in (*step.warm_up, *step.frames)
    }
    return clips.clip(step, looks)


def test_when_faces_are_tracked_then_each_track_has_its_crops(made):
    clips, _ = made()
    assert {number: tuple(crops) for number, crops in clips.transforms.items()} == {
        1: FRAMES,
        2: (2, 3),
    }
    assert {crop.shape for crop in clips.transforms[1].values()} == {(48, 48)}
    assert clips.transforms[1][1].footprint.intersection(Box(50, 40, 50, 40))


def test_when_frames_are_whole_then_one_crop_holds_every_data_window(made):
    clips, images = made(whole_frame=True)
    assert list(clips.transforms) == [WHOLE_FRAME]
    assert clips.transforms[WHOLE_FRAME][1].footprint == Box(4, 2, 131, 97)
    clip = cut(clips, Step(WHOLE_FRAME, 0, FRAMES), images)
    assert clip.pixels.shape == (4, 3, 96, 128)
    assert (clip.matte == 1).all()


def test_when_whole_frames_are_no_multiple_then_the_matte_ends_with_the_plate(made):
    clips, images = made(replace(INFO, crop=Crop(multiple=50)), whole_frame=True)
    clip = cut(clips, Step(WHOLE_FRAME, 0, (1,)), images)
    assert clip.pixels.shape == (1, 3, 100, 150)
    assert (clip.matte[0, :96, :128] == 1).all()
    assert clip.matte.sum() == 96 * 128
    assert (clip.pixels[0, :, :, 128:] == clip.pixels[0, :, :, 127:128]).all()


def test_when_whole_frames_meet_an_aligning_restorer_then_they_are_refused(made):
    with pytest.raises(SettingsError, match="aligned faces only"):
        made(replace(INFO, crop=Crop(size=64)), whole_frame=True)


def test_when_a_clip_is_cut_then_it_says_what_the_step_says(made):
    clips, images = made(tasks=("bfr", "colour"))
    step = Step(1, 1, (3, 4), warm_up=(1, 2), needs=0, follows=2)
    clip = cut(clips, step, images)
    assert clip.frames == FRAMES
    assert (clip.warm_up, clip.follows, clip.track) == (2, 2, 1)
    assert clip.tasks == ("bfr", "colour")
    assert clip.parameters == {"tint": 25}
    assert clip.pixels.dtype == clip.matte.dtype == np.float32
    assert clip.pixels.shape == (4, 3, 48, 48)
    assert clip.matte.shape == (4, 48, 48)
    assert clip.pixels.min() >= 0
    assert clip.pixels.max() <= 1


def test_when_a_native_crop_is_cut_then_it_holds_the_plates_own_pixels(made):
    clips, images = made()
    box = clips.transforms[1][3].footprint
    clip = cut(clips, Step(1, 0, (3,)), images)
    part = images[3].beauty
    rows, columns = box.slices(part.data_window)
    plate = np.stack([part.channels[c][rows, columns] for c in "RGB"]).astype(np.float32)
    colour = PlateColour(clips.colour.resolved)
    assert np.array_equal(clip.pixels[0], colour.encode(plate))


def test_when_nothing_was_changed_then_the_delta_is_minus_zero_everywhere(made):
    clips, images = made()
    clip = cut(clips, Step(1, 0, FRAMES), images)
    delta = clips.change(clip, Restored(clip.pixels, INFO.begin(1, 0))).only((2, 4))
    assert delta.frames == (2, 4)
    assert delta.delta.shape == (2, 3, 48, 48)
    assert (delta.delta == 0).all()
    assert np.signbit(delta.delta).all()
    assert (delta.confidence == 1).all()


def test_when_some_frames_are_delivered_then_the_delta_holds_theirs(made):
    clips, images = made()
    clip = cut(clips, Step(1, 0, (2, 3, 4), warm_up=(1,)), images)
    lifted = clip.pixels + np.float32([0, 0.1, 0.2, 0.3])[:, None, None, None]
    confidence = np.broadcast_to(np.float32([0, 0.25, 0.5, 1])[:, None, None], clip.matte.shape)
    restored = Restored(np.clip(lifted, 0, 1), INFO.begin(1, 0), confidence)
    delta = clips.change(clip, restored).only((2, 3, 4))
    assert delta.delta.dtype == np.float32
    assert delta.delta.flags.c_contiguous
    assert [float(np.median(one)) > 0 for one in delta.delta] == [True] * 3
    assert np.median(delta.delta[0]) < np.median(delta.delta[1]) < np.median(delta.delta[2])
    assert [float(one.mean()) for one in delta.confidence] == [0.25, 0.5, 1]


def test_when_part_of_a_delta_is_wanted_then_its_rows_follow_its_frames():
    rows = np.arange(3, dtype=np.float32)
    planes = np.broadcast_to(rows[:, None, None, None], (3, 3, 2, 2))
    delta = Delta((5, 7, 9), planes, planes[:, 0])
    part = delta.only((9, 5))
    assert part.frames == (9, 5)
    assert part.delta[:, 0, 0, 0].tolist() == part.confidence[:, 0, 0].tolist() == [2, 0]
    with pytest.raises(ValueError, match="not in tuple"):
        delta.only((6,))


def test_when_hero_frames_are_given_then_only_tracks_that_hold_them_see_them(made):
    clips, images = made(references=("frame:1", "frame:3"))
    assert clips.hero_frames == (1, 3)
    clips.set_heroes({frame: images[frame] for frame in clips.hero_frames})
    seen = {number: cut(clips, Step(number, 0, (2, 3)), images) for number in (1, 2)}
    assert [len(seen[number].guides.references) for number in (1, 2)] == [2, 1]
    for clip in seen.values():
        assert clip.guides.references[-1].tobytes() == clip.pixels[1].tobytes()


def test_when_a_mask_is_given_then_it_is_cut_as_the_crop_is(made, tmp_path):
    codes = np.zeros((100, 136), np.uint8)
    codes[:, 60:] = 255
    Picture.fromarray(codes).save(tmp_path / "mask.png")
    clips, images = made(mask=str(tmp_path / "mask.png"), tasks=("inpaint",))
    clip = cut(clips, Step(1, 0, (2, 3)), images)
    left = clips.transforms[1][2].footprint.left
    assert clip.guides.mask.shape == (2, 48, 48)
    assert (clip.guides.mask[:, :, : 60 - left] == 0).all()
    assert (clip.guides.mask[:, :, 60 - left :] == 1).all()


@pytest.mark.parametrize("aligned", [False, True])
def test_when_only_the_rows_that_can_change_are_read_then_the_clip_is_the_same(made, aligned):
    info = replace(INFO, crop=Crop(size=64)) if aligned else INFO
    clips, images = made(info)
    step = Step(1, 0, (2, 3))
    rows = {frame: clips.rows(frame) for frame in step.frames}
    footprints = [clips.transforms[number][2].footprint for number in (1, 2)]
    assert rows[2] == range(min(b.top for b in footprints), max(b.bottom for b in footprints) + 1)
    bands = {frame: read_rows(images[frame].file, rows[frame]) for frame in step.frames}
    assert all(band.is_band for band in bands.values())
    here, there = cut(clips, step, bands), cut(clips, step, images)
    assert np.array_equal(here.pixels, there.pixels)
    assert np.array_equal(here.matte, there.matte)


def test_when_all_rows_are_wanted_then_no_band_is_named(made):
    assert made(whole_frame=True)[0].rows(2) is None
    assert made(layers=("beauty", "matte"))[0].rows(2) is None


def test_when_a_frame_holds_no_face_then_one_row_stands_for_it(made, monkeypatch):
    clips, _ = made()
    monkeypatch.setattr(clips, "transforms", {1: {}})
    assert clips.rows(2) == range(2, 3)


def test_when_a_reference_picture_guides_many_windows_then_it_is_read_once(
    made, tmp_path, monkeypatch
):
    path = tmp_path / "hero.png"
    Picture.new("RGB", (4, 4), (255, 0, 0)).save(path)
    clips, images = made(references=(str(path),))
    (first,) = cut(clips, Step(1, 0, (1,)), images).guides.references
    monkeypatch.setattr("engine.guides.read_picture", lambda *_: pytest.fail("read again"))
    assert cut(clips, Step(1, 1, (2,)), images).guides.references[0] is first
