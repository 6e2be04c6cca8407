"""The tiny restorer; what it makes is no picture, how it makes it is what counts."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.restorer import Guides
from engine.restorers import load_restorer
from engine.restorers.svfr import (
    LADDER,
    OFFICIAL_INFO,
    Svfr,
    SvfrOfficial,
    SvfrTiny,
    anchored,
    asked,
    circular,
)
from engine.restorers.svfr.networks import seeded
from engine.restorers.svfr.sizes import TINY
from engine.worker import describe
from plugin_host.errors import JobCancelled, ReferenceMismatchError, WeightsError
from plugin_host.replies import RestorerText
from plugin_host.schema import Record, to_json
from tests.compliance.restorer_suite import bits, clips_of, make_clip, play

TINY_ONE = SvfrTiny()
INFO = TINY_ONE.info
QUICK = {"steps": 1, "first_steps": 1}


def clip(count=3, first=1001, references=(), **fields):
    made = make_clip(INFO, range(first, first + count), **fields)
    return replace(made, guides=Guides(references, made.guides.mask))


def restore(one, reference=None, restorer=TINY_ONE):
    return restorer.restore(one, reference or INFO.begin(1, 7))


def test_when_a_track_has_several_windows_then_all_follow_the_anchor_in_any_order():
    frames = tuple(range(1001, 1031))
    clips = clips_of(INFO, frames, parameters=QUICK)
    assert [len(one.frames) for _, one in clips] == [16, 16, 4]
    assert [step.needs for step, _ in clips] == [None, 0, 0]
    results = play(TINY_ONE, clips)
    last = TINY_ONE.restore(clips[-1][1], results[0].reference)
    assert bits(last) == bits(results[-1])
    for restored in results[1:]:
        for name, tensor in results[0].reference.tensors.items():
            np.testing.assert_array_equal(restored.reference.tensors[name], tensor)


def test_when_windows_share_a_frame_then_it_has_the_same_noise_in_both():
    shape = 4, 2, 2
    a = anchored.frame_noise(7, 1, (1, 2, 3), shape, anchored.SECOND)
    b = anchored.frame_noise(7, 1, (3, 4), shape, anchored.SECOND)
    assert torch.equal(a[2], b[0])
    assert not torch.equal(a[0], a[1])
    for other in (
        anchored.frame_noise(8, 1, (1,), shape, anchored.SECOND),
        anchored.frame_noise(7, 2, (1,), shape, anchored.SECOND),
        anchored.frame_noise(7, 1, (1,), shape, anchored.FIRST),
    ):
        assert not torch.equal(a[0], other[0])


def test_when_the_user_gives_pictures_then_the_first_pass_is_skipped_and_order_is_free():
    pictures = tuple(np.clip(clip(3).pixels * [[[[0.9]]], [[[1]]], [[[0.7]]]], 0, 1))
    pictures = tuple(np.float32(one) for one in pictures)
    calls = []
    watched = TINY_ONE.watched(lambda index, count: calls.append((index, count)))
    results = [
        restore(clip(references=tuple(pictures[i] for i in order)), restorer=watched)
        for order in ([0, 1, 2], [2, 0, 1])
    ]
    assert calls == [(0, 2), (1, 2), (2, 2)] * 2
    assert bits(results[0]) == bits(results[1])
    calls.clear()
    without = restore(clip(), restorer=watched)
    assert calls == [(0, 2), (1, 2), (2, 2)] * 2
    assert bits(without) != bits(results[0])


def test_when_the_whole_face_is_asked_for_then_only_the_identity_differs():
    official = restore(clip()).reference.tensors
    whole = restore(clip(parameters={"whole_face_id": 1})).reference.tensors
    np.testing.assert_array_equal(official["latents"], whole["latents"])
    assert np.abs(official["tokens"] - whole["tokens"]).max() > 0.01


@pytest.fixture
def work(monkeypatch):
    """Return the greatest batch of UNet, encoder and decoder, and whether one of them left."""
    networks, most = TINY_ONE.networks(), {}
    parts = {"unet": networks.unet, "encoder": networks.vae.encoder}
    parts["decoder"] = networks.vae.decoder

    def note(name, count):
        most[name] = max(most.get(name, 0), count)

    hooks = [
        part.register_forward_pre_hook(lambda _, given, name=name: note(name, len(given[0])))
        for name, part in parts.items()
    ]
    left = lambda where: note("left", int(where == "cpu"))  # noqa: E731 - one line of a fixture
    monkeypatch.setattr(networks.vae.encoder, "to", left)
    yield most
    [hook.remove() for hook in hooks]


WORK = [(2, 4, 5), (1, 4, 5), (1, 4, 5), (1, 4, 4)]
"""Of each step down: rows, pictures encoded and frames decoded at a time, of five frames."""


def test_when_memory_runs_out_then_each_step_is_told_and_changes_next_to_nothing(work):
    one = clip(5, parameters=QUICK)
    whole = restore(one)
    assert (work["unet"], work["encoder"], work["decoder"]) == (2, 5, 5)
    restorer, told = TINY_ONE, []
    while (step := restorer.step_down()) is not None:
        told.append(step.name)
        restorer = step.restorer
        work.clear()
        made = restore(one, restorer=restorer)
        assert (work["unet"], work["encoder"], work["decoder"]) == WORK[len(told) - 1]
        assert work["left"] == (len(told) >= 3), "the third is to leave the device"
        apart = np.abs(made.pixels - whole.pixels)
        if "decodes" in step.name:  # the decoder's chunk is what it sees along time
            assert 1e-3 < apart.mean() < 0.1
        else:
            assert apart.max() < 1e-3, step.name
    assert told == [name for name, _ in LADDER]
    assert TINY_ONE.economy == asked.Economy()


def test_when_the_watch_says_stop_then_the_window_ends_between_two_steps():
    def stop(index, count):
        raise JobCancelled(f"before step {index} of {count}")

    with pytest.raises(JobCancelled, match="before step 0 of 2"):
        restore(clip(), restorer=TINY_ONE.watched(stop))


def test_when_the_reference_is_another_then_the_window_follows_it(monkeypatch):
    one = clip(2, parameters=QUICK)
    monkeypatch.setattr(anchored, "best", lambda _: 0)
    first = restore(one)
    monkeypatch.setattr(anchored, "best", lambda _: 1)
    second = restore(one)
    for name, tensor in first.reference.tensors.items():
        assert np.abs(tensor - second.reference.tensors[name]).max() > 1e-3
    after = clip(1, first=1003, follows=1002, parameters=QUICK)
    tensors = first.reference.tensors
    for name in tensors:
        moved = {**tensors, name: second.reference.tensors[name]}
        made = [
            restore(after, INFO.begin(1, 7).followed_by(1002, some)).pixels
            for some in (tensors, moved)
        ]
        assert not np.array_equal(*made), name


def test_when_a_reference_is_of_another_size_then_it_is_refused():
    one = clip()
    reference = INFO.begin(1, 7).followed_by(1000, {"latents": np.zeros((4, 9, 9), np.float32)})
    with pytest.raises(ReferenceMismatchError, match=r"latents are \(4, 9, 9\), should be"):
        restore(replace(one, follows=1000), reference)


def test_when_half_precision_is_asked_for_then_the_same_code_restores(monkeypatch):
    half = seeded(TINY, dtype=torch.float16)
    whole = restore(clip(1, parameters=QUICK))
    monkeypatch.setattr(SvfrTiny, "networks", lambda _: half)
    made = restore(clip(1, parameters=QUICK))
    assert np.isfinite(made.pixels).all()
    assert np.abs(made.pixels - whole.pixels).mean() < 0.05


class TinyWhole(SvfrOfficial):
    declared = replace(OFFICIAL_INFO, crop=INFO.crop, parameters=INFO.parameters)

    def networks(self):
        return TINY_ONE.networks()


@pytest.mark.parametrize("count", [1, 3, 18])
def test_when_a_whole_track_is_restored_then_it_is_one_window_as_published(count, tmp_path):
    restorer = TinyWhole(tmp_path)
    ((step, one),) = clips_of(restorer.info, range(1, count + 1), parameters=QUICK)
    assert step.frames == tuple(range(1, count + 1))
    calls = []
    begin = restorer.info.begin(1, 7)
    made = restorer.watched(lambda *at: calls.append(at)).restore(one, begin)
    begun = min(count, 16)
    windows = circular.calls(begun, begun, 3, 1), circular.calls(count, 16, 3, 1)
    assert calls == [call for n in windows for call in [(0, 1)] * n + [(1, 1)]]
    assert made.pixels.shape == one.pixels.shape
    assert np.isfinite(made.pixels).all()
    assert not made.reference.tensors
    assert made.reference.last_frame == count
    if count == 3:
        assert bits(restorer.restore(one, begin)) == bits(made)
        assert bits(restorer.restore(one, restorer.info.begin(1, 8))) != bits(made)


@pytest.mark.parametrize("cls", [Svfr, SvfrOfficial, SvfrTiny])
def test_when_it_is_described_then_hosts_understand_it(cls):
    told = describe(cls().info)
    assert Record(RestorerText).from_json(to_json(told), "restorer") == told
    assert ("not a restorer" in told.title) == (cls is SvfrTiny)
    assert ("non-commercial" in told.licence) == (cls is not SvfrTiny)


def test_when_weights_were_added_then_their_sum_is_declared(tmp_path):
    (tmp_path / "weights.json").write_text(json.dumps({"sha256": "a" * 64}))
    assert Svfr(tmp_path).info.weights == "a" * 64
    (tmp_path / "weights.json").write_text("[]")
    assert Svfr(tmp_path).info.weights == ""


def test_when_another_restorer_takes_over_then_weights_make_room_unless_they_are_its_own(
    tmp_path, monkeypatch
):
    (tmp_path / "svfr").mkdir()
    (tmp_path / "svfr" / "weights.json").write_text(json.dumps({"sha256": "a" * 64}))
    monkeypatch.setenv("FACEPLATE_WEIGHTS", str(tmp_path))
    loads = []
    monkeypatch.setattr("engine.restorers.svfr.layout.check_installed", lambda *_: None)
    monkeypatch.setattr("engine.restorers.svfr.networks.load", lambda *_: loads.append(1))
    restorer = None
    for name, loaded in (("svfr", 1), ("svfr-official", 1), ("lite", 1), ("svfr", 2)):
        restorer = load_restorer(name, after=restorer)
        if isinstance(restorer, Svfr):
            restorer.networks()
        assert len(loads) == loaded, name
    restorer.let_go()


def test_when_there_are_no_weights_then_the_user_is_told_how_to_add_them(tmp_path):
    restorer = Svfr(tmp_path)
    one = make_clip(INFO, (1,))
    with pytest.raises(WeightsError, match="faceplate weights add svfr"):
        restorer.restore(one, restorer.info.begin(1, 7))
