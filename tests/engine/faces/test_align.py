import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faces.align import plan_crops, smooth, whole_frame
from engine.faces.track import Track
from engine.image import Box
from engine.restorer import Crop
from plugin_host.errors import SettingsError

PLATE = Box(0, 0, 1919, 1079)


def moving(count=60, *, noise=0.0, pace=2.0, size=80.0, start=(400.0, 300.0)):
    rng = np.random.default_rng(2)
    frames = np.arange(1001, 1001 + count)
    x = start[0] + pace * np.arange(count) + rng.normal(0, noise, count)
    y = start[1] + rng.normal(0, noise, count)
    sizes = size + rng.normal(0, noise, count)
    return Track(
        1,
        tuple(frames.tolist()),
        tuple(zip(x.tolist(), y.tolist(), strict=True)),
        tuple(sizes.tolist()),
    )


def jitter(values):
    """Root mean square of the second difference: 0 for even motion."""
    return float(np.sqrt(np.mean(np.diff(values, 2) ** 2)))


def test_when_a_track_trembles_then_smoothing_calms_it_without_delay():
    rough, calm = moving(noise=2.0), smooth(moving(noise=2.0))
    for axis in range(2):
        before = jitter([centre[axis] for centre in rough.centres])
        assert jitter([centre[axis] for centre in calm.centres]) < 0.05 * before
    truth = 400 + 2.0 * np.arange(60)
    # Holding the ends pulls the last few frames inwards; the middle is where it was.
    assert np.abs([x for x, _ in calm.centres] - truth)[9:-9].max() < 2.5
    assert np.abs([x for x, _ in calm.centres] - truth)[9:-9].mean() < 1


def test_when_frames_are_missing_then_smoothing_knows_how_much_time_passed():
    frames = (1, 2, 3, 40, 41, 42)
    track = Track(1, frames, ((0.0, 0.0),) * 3 + ((100.0, 0.0),) * 3, (50.0,) * 6)
    calm = smooth(track)
    assert calm.centres[0][0] < 10
    assert calm.centres[-1][0] > 90


def gone(between, *, pace=0.0):
    """Return a face that was gone for some frames and is back elsewhere, larger."""
    whole = moving(100, noise=1.0, pace=pace)
    kept = [at for at, frame in enumerate(whole.frames) if frame not in between]
    late = [whole.frames[at] > between[0] for at in kept]
    return Track(
        1,
        tuple(whole.frames[at] for at in kept),
        tuple(
            (whole.centres[at][0] + 700 * back, whole.centres[at][1])
            for at, back in zip(kept, late, strict=True)
        ),
        tuple(whole.sizes[at] + 40 * back for at, back in zip(kept, late, strict=True)),
        (between[-1] + 1,),
    )


def test_when_a_face_was_gone_then_smoothing_does_not_reach_over_the_gap():
    track = gone(range(1041, 1043))
    calm = smooth(track)
    assert (calm.frames, calm.returns) == (track.frames, track.returns)
    alone = Track(1, track.frames[:40], track.centres[:40], track.sizes[:40])
    assert smooth(alone).centres == calm.centres[:40]
    assert {round(x, -2) for x, _ in calm.centres} == {400, 1100}
    assert {round(size / 40) * 40 for size in calm.sizes} == {80, 120}


@pytest.mark.parametrize("crop", [Crop(multiple=16), Crop(size=512)], ids=["native", "aligned"])
def test_when_a_face_was_gone_then_its_crops_are_where_it_is_and_nowhere_in_between(crop):
    track = gone(range(1041, 1071))
    crops = plan_crops(track, crop, PLATE)
    assert tuple(crops) == track.frames
    assert len({transform.shape for transform in crops.values()}) == 1
    for transform, (x, _) in zip(crops.values(), track.centres, strict=True):
        middle = transform.left + transform.step * (transform.shape[1] - 1) / 2
        assert abs(middle - x) < 24


def test_when_there_is_one_frame_then_smoothing_leaves_it():
    track = moving(1)
    assert np.allclose(smooth(track).centres, track.centres)


def test_when_crops_are_native_then_they_share_a_shape_and_hold_the_head():
    crops = plan_crops(moving(noise=1.0), Crop(multiple=16), PLATE)
    assert list(crops) == list(range(1001, 1061))
    (shape,) = {transform.shape for transform in crops.values()}
    assert shape[0] % 16 == shape[1] % 16 == 0
    for transform in crops.values():
        assert transform.native
        box = transform.footprint
        (x, y), reach = transform.centre, transform.reach
        assert box.left < x - reach
        assert x + reach < box.right
        assert box.top < y - reach
        assert y + reach < box.bottom


def test_when_a_still_face_trembles_then_its_native_crop_rests():
    crops = plan_crops(moving(noise=2.0, pace=0.0), Crop(multiple=16), PLATE)
    assert len({(transform.left, transform.top) for transform in crops.values()}) == 1


def test_when_a_face_moves_then_its_native_crop_moves_by_whole_steps():
    crops = plan_crops(moving(noise=1.0), Crop(multiple=16), PLATE)
    moves = set(np.diff([transform.left for transform in crops.values()]).tolist())
    assert moves == {0, 16}


def test_when_a_face_is_at_the_edge_then_its_native_crop_stays_inside():
    bounds = Box(-100, -50, 1819, 1029)
    crops = plan_crops(moving(start=(-90.0, -40.0)), Crop(multiple=16), bounds)
    assert all(
        transform.footprint.intersection(bounds) == transform.footprint
        for transform in crops.values()
    )


def test_when_a_face_fills_the_frame_then_its_native_crop_is_the_frame_rounded_up():
    crops = plan_crops(moving(size=900.0), Crop(multiple=16), PLATE)
    (place,) = {(transform.shape, transform.left, transform.top) for transform in crops.values()}
    assert place == ((1088, 1920), 0, 0)


def test_when_crops_are_aligned_then_the_head_is_square_centred_and_smooth():
    crops = plan_crops(moving(noise=2.0), Crop(size=512), PLATE)
    assert {transform.shape for transform in crops.values()} == {(512, 512)}
    assert jitter([transform.left for transform in crops.values()]) < 0.5
    calm = smooth(moving(noise=2.0))
    for transform, (x, _), size in zip(crops.values(), calm.centres, calm.sizes, strict=True):
        assert transform.left + 511 / 2 * transform.step == pytest.approx(x)
        assert 1.8 < 512 * transform.step / size < 2.5


@given(
    st.integers(-500, 500),
    st.integers(-500, 500),
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from([1, 8, 16]),
)
def test_when_the_whole_frame_is_wanted_then_the_crop_holds_it(left, top, width, height, multiple):
    bounds = Box(left, top, left + width - 1, top + height - 1)
    crops = whole_frame((3, 5), bounds, Crop(multiple=multiple))
    assert list(crops) == [3, 5]
    box = crops[3].footprint
    assert box.intersection(bounds) == bounds
    assert (box.left, box.top) == (left, top)
    assert box.width % multiple == box.height % multiple == 0
    assert box.width - width < multiple
    assert box.height - height < multiple


def test_when_an_aligned_restorer_is_asked_for_a_whole_frame_then_it_is_refused():
    with pytest.raises(SettingsError, match="content agnostic"):
        whole_frame((1,), PLATE, Crop(size=256))
