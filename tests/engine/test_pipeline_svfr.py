"""SVFR's mechanism through the pipeline, on plates with faces whose places are given."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image as Picture

from engine.frame_io.colour import PlateColour
from engine.frame_io.colourspace import resolve_colourspace
from engine.frame_io.exr import read_image, to_float32
from engine.luma import luma as luma_of
from engine.restorer import TASKS
from engine.restorers.svfr import LADDER, OFFICIAL_INFO, TINY_INFO, SvfrOfficial, SvfrTiny
from plugin_host.errors import JobCancelled
from tests.engine.plates import (
    SPACE,
    Run,
    delivered,
    delivered_image,
    litter,
    manifest,
    picture,
    put_faces,
    request,
    track,
    write_plate,
)
from tests.engine.probes import Spy

COLOUR = PlateColour(resolve_colourspace(SPACE, {}))
QUICK = {"steps": 1, "first_steps": 1}
SIZE = (75, 163)  # no multiple of anything
FACE = 64 / 2.2  # of that size a face's crop has the plate's own pixels


class Short(SvfrTiny):
    """The same in short windows."""

    declared = replace(TINY_INFO, window=4, overlap=1)


class Whole(SvfrOfficial):
    """The official mode at the tiny size."""

    declared = replace(OFFICIAL_INFO, name="whole", crop=TINY_INFO.crop)

    def __init__(self, folder):
        super().__init__(folder)
        self.info = self.declared

    networks = SvfrTiny.networks


SHORT, TINY = Short(), SvfrTiny()


@pytest.fixture
def whole(tmp_path):
    return Whole(tmp_path)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def plate_of(folder, frames, make=lambda frame: picture(frame, SIZE)):
    return write_plate(folder / "plates", frames, make)


def asked(plate, out, shot, frames=None, **fields):
    parameters = QUICK | fields.pop("parameters", {})
    return request(plate, out, shot, frames, whole_frame=False, parameters=parameters, **fields)


def planes(of):
    return np.stack([to_float32(of.beauty.channels[name]) for name in "RGB"])


def pair(plate, out, frame):
    """Return a frame of the plate and as it was delivered, float32 ``(3, H, W)``."""
    return planes(read_image(plate.path(frame))), planes(delivered_image(out, frame))


# the same bits, however a shot is cut into requests


class Crash(BaseException):
    """The end of the process, as far as the pipeline can tell."""


def crashing(restorer, step):
    """Return a restorer, watched already, that does not survive that step of all it takes."""
    left = iter(range(step, -1, -1))

    def watch(_done, _steps):
        if next(left, 0) == 0:
            raise Crash

    return restorer.watched(watch)


def in_pieces(plate, out, shot, restorer, pieces):
    for frames, step in pieces:
        one = restorer if step is None else Spy(crashing(restorer, step))
        try:
            assert Run(asked(plate, out, shot, frames), one).error is None
        except Crash:
            continue
    last = Run(asked(plate, out, shot), restorer)
    assert last.error is None
    assert litter(out) == []
    return delivered(out)


def references(out):
    folder = out / "shot.take" / "references"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.safetensors")}


def test_when_two_faces_are_restored_in_pieces_then_every_bit_is_that_of_one_run(
    tmp_path, monkeypatch
):
    put_faces(
        monkeypatch,
        track(1, range(1, 9), (40, 38), 20, drift=0.7),
        track(2, range(6, 9), (120, 36), 17, drift=-0.4),  # begins in the midst of a window
    )
    plate = plate_of(tmp_path, range(1, 9))
    whole = in_pieces(plate, tmp_path / "whole", "1-8", SHORT, [])
    assert len(whole) == 8
    carried = references(tmp_path / "whole")
    assert len(carried) == 2, "each track's anchor, and nothing else"
    pieces = st.lists(
        st.tuples(
            st.sets(st.integers(1, 8), min_size=1),
            st.none() | st.integers(0, 8),
        ),
        max_size=3,
    )

    @settings(max_examples=2)
    @example([({8}, None), ({1, 5}, 3)])
    @given(pieces)
    def check(some):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            assert in_pieces(plate, out, "1-8", SHORT, some) == whole
            assert references(out) == carried

    check()


def test_when_the_official_mode_is_asked_for_pieces_then_the_bits_are_those_of_one_run(
    tmp_path, monkeypatch, whole
):
    put_faces(monkeypatch, track(1, range(1, 7), (80, 38), 20))
    plate = plate_of(tmp_path, range(1, 7))
    one = in_pieces(plate, tmp_path / "one", "1-6", whole, [])
    spy = Spy(whole)
    assert Run(asked(plate, tmp_path / "two", "1-6", [4]), spy).error is None
    assert in_pieces(plate, tmp_path / "two", "1-6", spy, [({2, 6}, None)]) == one
    assert spy.windows == [(1, 2, 3, 4, 5, 6)], "the track is restored once"


@pytest.mark.parametrize("count", [1, 3, 15, 16, 17, 40])
def test_when_a_shot_has_any_number_of_frames_then_each_is_restored(
    tmp_path, out, monkeypatch, count
):
    shot = f"1-{count}"
    put_faces(monkeypatch, track(1, range(1, count + 1), (80, 38), 20))
    plate = plate_of(tmp_path, range(1, count + 1))
    spy = Spy(TINY)
    run = Run(asked(plate, out, shot), spy)
    assert list(run.statuses.values()) == ["restored"] * count
    starts = [frames[0] for frames in spy.windows]
    assert starts == list(range(1, max(count - 3, 1) + 1, 13))
    for frame in (1, count):
        there, here = pair(plate, out, frame)
        assert (there != here).any()


@pytest.mark.parametrize("count", [1, 3, 15, 17])
def test_when_a_track_has_any_number_of_frames_then_the_official_mode_restores_it(
    tmp_path, out, monkeypatch, whole, count
):
    put_faces(monkeypatch, track(1, range(3, 3 + count), (80, 38), 20))  # begins mid-shot
    plate = plate_of(tmp_path, range(1, 21))
    run = Run(asked(plate, out, "1-20"), whole)
    restored = [frame for frame, status in run.statuses.items() if status == "restored"]
    assert restored == list(range(3, 3 + count))


def test_when_a_track_is_short_and_begins_mid_shot_then_it_is_its_own_anchor(
    tmp_path, out, monkeypatch
):
    put_faces(monkeypatch, track(1, (15, 16, 18), (80, 38), 20))
    plate = plate_of(tmp_path, range(1, 21))
    spy = Spy(TINY)
    run = Run(asked(plate, out, "1-20", "14-18"), spy)
    assert list(run.statuses.values()) == ["no face", "restored", "restored", "no face", "restored"]
    assert spy.windows == [(15, 16), (15, 16, 18)]


def test_when_there_is_no_face_then_the_plate_is_delivered_and_no_network_is_built(
    tmp_path, out, monkeypatch
):
    put_faces(monkeypatch)
    monkeypatch.setattr("engine.restorers.svfr._seeded", lambda _: pytest.fail("built"))
    plate = plate_of(tmp_path, range(1, 4))
    run = Run(asked(plate, out, "1-3"), TINY)
    assert set(run.statuses.values()) == {"no face"}
    said = "no face was found in the asked frames; they are delivered unchanged"
    assert said in run.finished.notes
    assert said in manifest(out)["notes"]
    for frame in (1, 2, 3):
        there, here = pair(plate, out, frame)
        assert there.tobytes() == here.tobytes()


# cancelled


@pytest.fixture
def calls():
    """How often the UNet is asked."""
    made = []
    hook = TINY.networks().unet.register_forward_pre_hook(lambda *_: made.append(1))
    yield made
    hook.remove()


@pytest.mark.parametrize(
    ("make", "step", "kept"),
    [(lambda _: SHORT, 8, 3), (Whole, 5, 0)],
    ids=["anchored", "official"],
)
def test_when_it_is_cancelled_amid_a_window_then_no_step_follows_and_finished_frames_stay(  # noqa: PLR0917 - fixtures
    tmp_path, out, monkeypatch, calls, make, step, kept
):
    restorer = make(tmp_path)
    put_faces(monkeypatch, track(1, range(1, 7), (80, 38), 20))
    plate = plate_of(tmp_path, range(1, 7))
    steps = {"steps": 3, "first_steps": 3}
    submit = asked(plate, out, "1-6", parameters=steps)
    run = Run(submit, restorer, cancelled=lambda: len(calls) >= step)
    assert isinstance(run.error, JobCancelled)
    assert len(calls) == step
    assert list(run.said) == list(range(1, kept + 1))
    assert len(delivered(out)) == kept
    assert litter(out) == []
    assert not list((out / "shot.take" / "windows").rglob("*.safetensors"))
    statuses = list(Run(submit, restorer).statuses.values())
    assert statuses == ["kept"] * kept + ["restored"] * (6 - kept)
    assert Run(asked(plate, out / "whole", "1-6", parameters=steps), restorer).error is None
    assert delivered(out) == delivered(out / "whole")


# tasks and masks


def aligned_track(frames):
    """Return a track whose crops lie on the plate's pixels, from 48, 6 to 111, 69."""
    return track(1, frames, (79.5, 37.5 + 0.08 * FACE), FACE)


def mask_of(folder, plane, name="mask"):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.png"
    Picture.fromarray(np.rint(plane * 255).astype(np.uint8)).save(path)
    return str(path)


def hole(shape=SIZE):
    """Return a mask: a hard hole, and one that is soft."""
    plane = np.zeros(shape, np.float32)
    plane[20:36, 60:75] = 1
    plane[50:60, 70:100] = np.linspace(0, 1, 30)
    return plane


def luma(of):
    """Return the luma of display-referred codes, which is what colouring keeps."""
    return luma_of(COLOUR.encode(of))[0]


@pytest.mark.parametrize(
    "tasks", [some for n in (1, 2, 3) for some in combinations(TASKS, n)], ids="-".join
)
def test_when_tasks_are_combined_then_what_they_must_keep_is_kept(
    tmp_path, out, monkeypatch, tasks
):
    put_faces(monkeypatch, aligned_track((1, 2)))
    plate = plate_of(tmp_path, (1, 2))
    mask = mask_of(tmp_path, hole()) if "inpaint" in tasks else None
    layers = ("beauty", "matte")
    run = Run(asked(plate, out, "1-2", tasks=tasks, mask=mask, layers=layers), TINY)
    assert run.error is None
    there, here = pair(plate, out, 2)
    matte = to_float32(delivered_image(out, 2).beauty.channels["faceplate.matte"])
    changed = (there != here).any(0)
    known = hole() == 0
    assert changed[matte == 1].any()
    assert not changed[matte == 0].any()
    if tasks == ("inpaint",):
        assert not changed[known].any()
        assert not matte[known].any()
    if "bfr" not in tasks and "colour" in tasks:
        apart = np.abs(luma(here) - luma(there))[known if "inpaint" in tasks else ...]
        assert apart.max() < 4e-3, "one code of 255, where a sample lies below 0"
        assert apart.mean() < 2e-5
        assert np.abs(COLOUR.encode(here) - COLOUR.encode(there)).max() > 0.05


@pytest.mark.parametrize("size", [20, 33.3], ids=["enlarged", "shrunk"])
def test_when_the_crop_is_resampled_then_known_pixels_still_keep_their_bits(
    tmp_path, out, monkeypatch, size
):
    put_faces(monkeypatch, track(1, (1,), (79.2, 38.7), size))
    plate = plate_of(tmp_path, (1,))
    masks = mask_of(tmp_path, hole())
    fields = {"tasks": ("inpaint",), "mask": masks, "layers": ("beauty", "matte")}
    assert Run(asked(plate, out, "1", **fields), TINY).error is None
    there, here = pair(plate, out, 1)
    matte = to_float32(delivered_image(out, 1).beauty.channels["faceplate.matte"])
    changed = (there != here).any(0)
    assert not changed[hole() == 0].any()
    assert changed[(hole() == 1) & (matte == 1)].all()


@pytest.mark.parametrize("level", [0, 1])
def test_when_there_is_no_hole_or_nothing_else_then_the_shot_is_delivered(
    tmp_path, out, monkeypatch, level
):
    put_faces(monkeypatch, aligned_track((1, 2)))
    plate = plate_of(tmp_path, (1, 2))
    for frame in (1, 2):  # a mask for each frame
        mask_of(tmp_path / "masks", np.full(SIZE, level), f"m.{frame:04d}")
    masks = str(tmp_path / "masks" / "m.%04d.png")
    run = Run(asked(plate, out, "1-2", tasks=("inpaint",), mask=masks), TINY)
    assert set(run.statuses.values()) == {"restored"}
    there, here = pair(plate, out, 2)
    assert (there != here).any() == level
    assert (there != here)[:, 30:45, 72:87].all() == level


# exemplars


def portrait(folder, name, seed):
    """Write a picture of something without a face."""
    codes = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    path = folder / f"{name}.png"
    Picture.fromarray(codes).resize((90, 70)).save(path)
    return str(path)


def test_when_people_have_pictures_then_each_track_is_guided_by_its_own(
    tmp_path, out, monkeypatch, calls
):
    put_faces(
        monkeypatch, track(1, range(1, 3), (40, 38), 20), track(2, range(1, 3), (120, 36), 20)
    )
    plate = plate_of(tmp_path, range(1, 3))
    anna, ben, other = (portrait(tmp_path, name, i) for i, name in enumerate("abc"))
    both = (f"Anna={anna}", f"Ben={ben}", f"Ben={other}")
    faces, pictures = ("1=Anna", "2=Ben"), {}
    for name, references in (
        ("both", both),
        ("swapped", both[::-1]),
        ("anna", both[:1]),
        ("without", ()),
    ):
        calls.clear()
        where = out / name
        submit = asked(plate, where, "1-2", faces=faces, references=references)
        assert Run(submit, SHORT).error is None
        # A window for each of two faces; where a face has no picture, a first pass.
        assert len(calls) == 2 + {"anna": 1, "without": 2}.get(name, 0)
        pictures[name] = planes(delivered_image(where, 2)).tobytes()
    assert pictures["both"] == pictures["swapped"]
    assert len(set(pictures.values())) == 3


@pytest.mark.parametrize("hero", [1, 9], ids=["handle in the anchor window", "later window"])
def test_when_a_hero_frame_is_named_then_it_is_restored_in_place_of_the_anchor_window(
    tmp_path, out, monkeypatch, calls, hero
):
    put_faces(monkeypatch, track(1, range(1, 12), (80, 38), 20, drift=0.3))
    plate = plate_of(tmp_path, range(1, 12))
    kept = []
    for name, frames in (("late", "10"), ("whole", None)):
        spy = Spy(SHORT)
        where = out / name
        submit = asked(plate, where, "3-10", frames, handles=2, references=(f"frame:{hero}",))
        calls.clear()
        assert Run(submit, spy).error is None
        # One step for the hero frame, one for each window.
        assert len(calls) == 1 + len(spy.windows)
        kept.append((references(where), delivered(where)["shot_restored.0010.exr"]))
        guides = spy.clips[0].guides
        assert guides.heroes == (hero,)
        seen = [clip for clip in spy.clips if hero in clip.frames]
        assert seen
        for clip in seen:
            crop = clip.pixels[clip.frames.index(hero)]
            assert guides.references[0].tobytes() == crop.tobytes()
    assert kept[0] == kept[1]


# memory


class Hungry(Short):
    """Has no memory for a window until it has taken every step there is."""

    def restore(self, clip, reference):
        if self.step_down() is not None:
            raise torch.OutOfMemoryError
        return super().restore(clip, reference)


def test_when_memory_runs_out_then_each_step_is_noted_once_however_many_faces(
    tmp_path, out, monkeypatch
):
    put_faces(
        monkeypatch, track(1, range(1, 9), (40, 38), 20), track(2, range(1, 9), (120, 36), 20)
    )
    plate = plate_of(tmp_path, range(1, 9))
    assert Run(asked(plate, out, "1-8"), Hungry()).error is None
    begin = "out of memory at frame 1: from there on, svfr-tiny "
    assert manifest(out)["notes"] == [begin + name for name, _ in LADDER]
    Run(asked(plate, tmp_path / "much", "1-8"), SHORT)
    for frame in (1, 4, 8):
        # No window is longer than what is decoded at a time: all the rest agrees to rounding.
        little, much = (COLOUR.encode(pair(plate, o, frame)[1]) for o in (out, tmp_path / "much"))
        np.testing.assert_allclose(little, much, atol=1e-3)
