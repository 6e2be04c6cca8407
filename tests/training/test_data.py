import numpy as np
import pytest
import torch

from training.data import HELD_OUT, LONGEST, Mix, Stream, collated, make_sample, turned
from training.stills import SEEDS_PER_STILL

KINDS = (("patterns", 1.0),)
MIX = Mix(seed=1, clips=2, size=32, holes=0.5, kinds=KINDS)


def batches(count, first=0, workers=0):
    with Stream(MIX, first, lambda step: 2 + step % 2, workers) as stream:
        return [batch for _, batch in zip(range(count), stream, strict=False)]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_when_a_batch_is_made_then_its_arrays_fit_together():
    batch = batches(1)[0]
    assert batch.clean.shape == batch.degraded.shape == (2, 2, 3, 32, 32)
    assert batch.average.shape == batch.clean.shape
    assert batch.noise.shape == (2, 2, 1, 32, 32)
    assert not torch.equal(batch.average, batch.degraded)
    assert batch.doubt.shape == (2, 2, 1, 32, 32)
    assert batch.motion.shape == (2, 2, 3, 32, 32)
    assert all(tensor.dtype == torch.float32 for tensor in batch)
    assert not batch.motion[:, 0].any()
    assert not torch.equal(batch.clean, batch.degraded)


def test_when_the_stream_begins_later_then_the_batches_are_the_same():
    assert all(map(same, batches(3)[1:], batches(2, first=1)))


def test_when_processes_make_the_batches_then_the_bits_are_the_same():
    assert all(map(same, batches(3), batches(3, workers=2)))


def test_when_the_step_or_the_slot_differs_then_the_clip_does():
    first = make_sample(MIX, 0, 0, 2)
    for step, slot in ((1, 0), (0, 1), (SEEDS_PER_STILL, 0)):
        assert not np.array_equal(first.clean, make_sample(MIX, step, slot, 2).clean)


def test_when_steps_share_a_face_then_they_take_it_differently():
    mix = Mix(seed=0, clips=1, size=32, kinds=(("face", 1.0),))
    taken = [make_sample(mix, step, 0, 4).clean.tobytes() for step in range(4)]
    assert len(set(taken)) > 2


def test_when_colour_is_lost_then_the_channels_are_equal():
    mix = Mix(seed=1, clips=1, size=32, colour=1.0, kinds=KINDS)
    samples = [make_sample(mix, step, 0, 1) for step in range(6)]
    spread = [np.ptp(sample.degraded, axis=1).max() for sample in samples]
    assert max(spread) < 1e-6
    assert max(np.ptp(sample.clean, axis=1).max() for sample in samples) > 0.1


def test_when_clips_would_be_held_out_or_too_long_then_they_are_refused():
    with pytest.raises(ValueError, match="held-out"):
        make_sample(Mix(HELD_OUT, 1, 32, kinds=KINDS), 0, 0, 1)
    with pytest.raises(ValueError, match="at most"):
        make_sample(MIX, 0, 0, LONGEST + 1)


def test_when_samples_are_collated_then_clips_come_first():
    sample = make_sample(MIX, 0, 0, 2)
    assert torch.equal(collated([sample, sample]).clean[1], torch.from_numpy(sample.clean))


def test_when_a_batch_is_turned_then_motion_turns_with_the_pictures():
    batch = batches(1)[0]
    other = turned(batch)
    assert torch.equal(other.clean, batch.clean.transpose(-1, -2))
    assert torch.equal(other.motion[:, :, 0], batch.motion[:, :, 1].transpose(-1, -2))
    assert torch.equal(other.motion[:, :, 2], batch.motion[:, :, 2].transpose(-1, -2))
    assert same(turned(other), batch)


def test_when_nothing_is_damaged_or_averaged_then_all_pictures_are_the_clean_ones():
    mix = Mix(seed=1, clips=1, size=32, damage=0.0, averaged=False, kinds=KINDS)
    sample = make_sample(mix, 0, 0, 2)
    assert np.array_equal(sample.degraded, sample.clean)
    assert np.array_equal(sample.average, sample.clean)
    assert not sample.noise.any()
