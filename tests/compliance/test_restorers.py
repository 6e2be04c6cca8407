"""What every restorer must keep to; whoever stands in the table is tested by standing there."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251 - to compare, never to load
import random
import re
from dataclasses import FrozenInstanceError, replace
from itertools import combinations

import cv2
import numpy as np
import pytest
import torch

from engine.reference import TemporalReference
from engine.restorer import TASKS, Restorer, check_settings
from engine.restorers import DEFAULT, TABLE, build_restorer, load_restorer, missing
from engine.worker import describe
from plugin_host.errors import ReferenceMismatchError, SettingsError
from plugin_host.replies import RestorerText
from plugin_host.requests import Settings
from plugin_host.schema import Record, to_json
from tests.compliance.restorer_suite import (
    SEED,
    bits,
    check_shape,
    clip_bits,
    clips_of,
    fresh_copy,
    make_clip,
    play,
    side,
)
from tests.engine.probes import PROBES

FRAMES = tuple(range(1001, 1012))


def built(name):
    return copy.copy(PROBES[name]) if name in PROBES else build_restorer(name)


def load(name):
    """Return it ready to restore; one whose weights are not here can only be asked what it is."""
    if lacks := missing(built(name)):
        pytest.skip(lacks)
    return built(name) if name in PROBES else load_restorer(name)


@pytest.fixture(params=[*TABLE, *PROBES])
def name(request):
    return request.param


@pytest.fixture
def restorer(name):
    return load(name)


@pytest.fixture
def info(name):
    return built(name).info


def begin(info):
    return info.begin(1, SEED)


# what it declares


def test_when_the_table_is_read_then_its_default_is_in_it_and_strangers_are_refused():
    assert DEFAULT in TABLE
    with pytest.raises(SettingsError, match="no restorer 'nobody'; there are"):
        load_restorer("nobody")


def test_when_a_restorer_is_loaded_then_it_declares_all_that_people_must_know(name, info):
    assert isinstance(built(name), Restorer)
    assert info.name == name
    assert info.title
    assert info.licence
    assert info.source
    assert info.tasks
    assert set(info.tasks) <= set(TASKS)
    assert set(info.guides) <= {"reference", "mask"}
    assert ("inpaint" in info.tasks) == ("mask" in info.guides)
    assert re.fullmatch("|[0-9a-f]{64}", info.weights)
    assert 0 <= info.vram_least <= info.vram


def test_when_a_restorer_is_loaded_then_its_windows_can_be_laid_and_blended(info):
    assert info.link in {"independent", "warmed", "anchored", "chained"}
    assert info.window >= 1
    assert 0 <= 2 * info.overlap <= info.window  # a frame lies in two windows at most
    assert (info.warm_up > 0) == (info.link == "warmed")
    assert info.crop.multiple >= 1
    assert info.crop.size is None or info.crop.size >= 1
    assert not (info.content_agnostic and info.crop.size)  # whole frames are not aligned


def test_when_a_restorer_is_loaded_then_hosts_can_build_a_panel_from_its_parameters(info):
    names = [parameter.name for parameter in info.parameters]
    assert len(set(names)) == len(names)
    for parameter in info.parameters:
        assert parameter.minimum <= parameter.default <= parameter.maximum
        assert parameter.unit
        assert parameter.description.endswith(".")
    told = describe(info)
    assert Record(RestorerText).from_json(to_json(told), "restorer") == told


def test_when_somebody_writes_to_the_declaration_then_it_is_frozen(info):
    with pytest.raises(FrozenInstanceError):
        info.window = 3


def test_when_settings_are_the_defaults_then_they_are_accepted(info):
    settings = Settings(info.name, tasks=info.tasks[:1])
    assert check_settings(info, settings) == {p.name: p.default for p in info.parameters}


# what it returns


def test_when_a_track_is_restored_then_every_window_is_well_formed(restorer, info):
    clips = clips_of(info, FRAMES)
    for (_, clip), restored in zip(clips, play(restorer, clips), strict=True):
        check_shape(clip, restored)
        assert restored.reference.restorer == info.name
        assert restored.reference.weights == info.weights
        assert (restored.reference.track, restored.reference.seed) == (1, SEED)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_when_a_clip_is_short_then_it_is_restored(restorer, info, count):
    clip = make_clip(info, FRAMES[:count])
    check_shape(clip, restorer.restore(clip, begin(info)))


def test_when_a_crop_is_as_small_as_declared_then_it_is_restored(restorer, info):
    least = info.crop.size or info.crop.multiple
    clips = clips_of(info, FRAMES, size=(least, least))
    for (_, clip), restored in zip(clips, play(restorer, clips), strict=True):
        check_shape(clip, restored)


def test_when_a_crop_is_no_square_then_it_is_restored(restorer, info):
    if info.crop.size:
        pytest.skip("its crops are squares")
    clip = make_clip(info, FRAMES[:2], size=(side(info), 2 * side(info)))
    check_shape(clip, restorer.restore(clip, begin(info)))


def test_when_frames_are_missing_then_the_others_are_restored(restorer, info):
    frames = tuple(frame for frame in FRAMES if frame not in {1003, 1004, 1007})
    clips = clips_of(info, frames)
    for (_, clip), restored in zip(clips, play(restorer, clips), strict=True):
        check_shape(clip, restored)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_when_the_picture_is_flat_then_the_result_is_well_formed(restorer, info, level):
    clip = make_clip(info, FRAMES[:3])
    clip.pixels[:] = level
    check_shape(clip, restorer.restore(clip, begin(info)))


def test_when_tasks_are_combined_then_each_combination_is_restored(restorer, info):
    for count in range(1, len(info.tasks) + 1):
        for tasks in combinations(info.tasks, count):
            clip = make_clip(info, FRAMES[:2], tasks=tasks)
            check_shape(clip, restorer.restore(clip, begin(info)))


def test_when_a_parameter_is_at_an_end_of_its_scale_then_the_result_is_well_formed(restorer, info):
    for parameter in info.parameters:
        for value in {parameter.minimum, parameter.maximum} - {parameter.default}:
            clips = clips_of(info, FRAMES, parameters={parameter.name: value})
            for (_, clip), restored in zip(clips, play(restorer, clips), strict=True):
                check_shape(clip, restored)


# that it is a function


def test_when_the_same_is_asked_again_then_the_bits_are_the_same(name, restorer, info):
    clips = clips_of(info, FRAMES)
    first = [bits(restored) for restored in play(restorer, clips)]
    copies = [(step, fresh_copy(clip)) for step, clip in clips]
    assert [bits(restored) for restored in play(restorer, copies)] == first
    assert [bits(restored) for restored in play(load(name), clips)] == first


def test_when_a_window_is_restored_out_of_turn_then_the_bits_are_the_same(restorer, info):
    clips = clips_of(info, FRAMES)
    results = play(restorer, clips)
    references = {None: begin(info)} | {
        step.window: restored.reference for (step, _), restored in zip(clips, results, strict=True)
    }
    for (step, clip), restored in reversed(list(zip(clips, results, strict=True))):
        assert bits(restorer.restore(clip, references[step.needs])) == bits(restored)


def test_when_a_clip_is_restored_then_its_inputs_and_the_restorer_stay_as_they_were(restorer, info):
    before = pickle.dumps(vars(restorer))
    clips = clips_of(info, FRAMES)
    seen = [clip_bits(clip) for _, clip in clips]
    for _, clip in clips:
        for array in (clip.pixels, clip.matte, *clip.guides.references):
            array.setflags(write=False)
    play(restorer, clips)
    assert [clip_bits(clip) for _, clip in clips] == seen
    assert pickle.dumps(vars(restorer)) == before


def test_when_a_clip_was_restored_then_its_reference_shares_no_memory_with_it(restorer, info):
    clip = make_clip(info, FRAMES[:2])
    restored = restorer.restore(clip, begin(info))
    before = restored.reference.to_bytes()
    clip.pixels[:] = 0
    restored.pixels.setflags(write=True)
    restored.pixels[:] = 0
    assert restored.reference.to_bytes() == before


def test_when_global_random_numbers_differ_then_the_bits_are_the_same(restorer, info):
    clips = clips_of(info, FRAMES[:5])

    def run(seed):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the very thing that must not matter
        torch.manual_seed(seed)
        before = random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()  # noqa: NPY002
        result = [bits(restored) for restored in play(restorer, clips)]
        after = random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()  # noqa: NPY002
        assert after == before
        return result

    assert run(1) == run(2)


def test_when_the_seed_is_the_same_then_the_bits_are_the_same_on_every_track(restorer, info):
    clip = make_clip(info, FRAMES[:2])
    for track, seed in [(1, 0), (1, 1), (2, 0)]:
        mine = replace(clip, track=track)
        once = restorer.restore(mine, info.begin(track, seed))
        again = restorer.restore(mine, info.begin(track, seed))
        assert bits(once) == bits(again)


@pytest.mark.parametrize("threads", [2, 3])
def test_when_opencv_has_more_threads_then_the_bits_are_the_same(restorer, info, threads):
    clips = clips_of(
        info, FRAMES, size=None if info.crop.size else (side(info, 64), side(info, 96))
    )
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = [bits(restored) for restored in play(restorer, clips)]
        cv2.setNumThreads(threads)
        assert [bits(restored) for restored in play(restorer, clips)] == alone
        assert cv2.getNumThreads() == threads
    finally:
        cv2.setNumThreads(before)


# what it carries


def test_when_references_go_through_a_file_then_the_bits_are_the_same(restorer, info):
    clips = clips_of(info, FRAMES)
    direct = play(restorer, clips)
    through = play(restorer, clips, carried=lambda r: TemporalReference.from_bytes(r.to_bytes()))
    assert [bits(restored) for restored in through] == [bits(restored) for restored in direct]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"restorer": "another"}, "was made by 'another'"),
        ({"weights": "f" * 64}, "was made with weights ffffffffffff"),
        ({"track": 2}, "belongs to track 2, the clip to track 1"),
        ({"last_frame": 1000}, "the clip begins its track, but .* saw frame 1000"),
    ],
)
def test_when_a_reference_is_foreign_then_it_is_refused(restorer, info, change, message):
    clip = make_clip(info, FRAMES[:2])
    with pytest.raises(ReferenceMismatchError, match=message):
        restorer.restore(clip, replace(begin(info), **change))


@pytest.mark.parametrize(
    ("last_frame", "message"),
    [
        (None, "follows frame 1003, but the reference has seen no frame"),
        (1002, "ends at frame 1002: the track skips ahead; restore its windows in order"),
        (1004, "ends at frame 1004: the track is played again; restore its windows in order"),
    ],
)
def test_when_a_reference_does_not_lead_here_then_it_is_refused(
    restorer, info, last_frame, message
):
    clip = make_clip(info, (1004, 1005), follows=1003)
    with pytest.raises(ReferenceMismatchError, match=message):
        restorer.restore(clip, replace(begin(info), last_frame=last_frame))
