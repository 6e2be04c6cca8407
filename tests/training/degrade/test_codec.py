import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.degrade.pictures import flat, moving, psnr
from training.degrade import codec

FAST = "veryfast"
CLIP = moving(6, 64, 64)


def size(encoder, crf):
    return sum(p.size for p in codec.encode(codec.to_yuv420(CLIP), encoder, crf, FAST))


@pytest.mark.parametrize("encoder", codec.ENCODERS)
def test_when_crf_rises_then_bits_and_likeness_fall(encoder):
    crfs = (18, 24, 30, 36)
    sizes = [size(encoder, crf) for crf in crfs]
    likeness = [psnr(codec.video(CLIP, encoder, crf, FAST), CLIP) for crf in crfs]
    assert all(more > less for more, less in itertools.pairwise(sizes))
    assert all(more > less for more, less in itertools.pairwise(likeness))
    assert sizes[0] > 2 * sizes[-1]
    assert likeness[0] - likeness[-1] > 4


@pytest.mark.parametrize("crf", [20, 28, 36])
def test_when_encoders_get_one_crf_then_their_quality_is_near(crf):
    every = [psnr(codec.video(CLIP, encoder, crf, "medium"), CLIP) for encoder in codec.ENCODERS]
    assert max(every) - min(every) < 3.5


def test_when_a_clip_is_a_stream_then_frames_lean_on_each_other():
    still = np.repeat(CLIP[:1], 6, 0)
    packets = codec.encode(codec.to_yuv420(still), "libx264", 27, "medium")
    assert len(packets) == 6
    assert packets[0].size > 10 * sum(p.size for p in packets[2:]) / 4


@pytest.mark.parametrize("encoder", codec.ENCODERS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 64, 64), (2, 15, 33), (5, 40, 17)])
def test_when_a_clip_is_short_or_odd_then_it_comes_back_whole(encoder, shape):
    frames, height, width = shape
    clip = moving(frames, height, width)
    out = codec.video(clip, encoder, 18, FAST)
    assert out.shape == clip.shape
    assert out.dtype == np.float32
    assert np.abs(out - clip).mean() < 0.1


def test_when_sizes_are_odd_then_the_edge_is_continued_and_nothing_moves():
    clip = np.broadcast_to(np.linspace(0.2, 0.8, 33, dtype=np.float32), (3, 3, 31, 33)).copy()
    out = codec.video(clip, "libx264", 10, FAST)
    assert np.abs(out - clip).max() < 6 / 255


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40))
def test_when_any_clip_is_coded_then_its_shape_stays(frames, height, width):
    clip = moving(frames, height, width)
    assert codec.video(clip, "libx264", 30, "ultrafast").shape == clip.shape
    assert codec.jpeg(clip, 50).shape == clip.shape


def test_when_frames_are_in_motion_then_they_come_back_in_their_order():
    steps = np.linspace(0.2, 0.8, 9, dtype=np.float32)
    clip = np.broadcast_to(steps[:, None, None, None], (9, 3, 32, 32)).copy()
    for encoder in codec.ENCODERS:
        means = codec.video(clip, encoder, 18, "medium").mean((1, 2, 3))
        assert np.abs(means - steps).max() < 0.02, encoder


def test_when_colours_go_to_video_and_back_then_they_keep_their_mean():
    colours = np.random.default_rng(0).random((40, 3, 1, 1), np.float32)
    clip = np.broadcast_to(colours, (40, 3, 4, 4)).copy()
    error = codec.from_yuv420(codec.to_yuv420(clip)) - clip
    assert np.abs(error).max() * 255 < 2
    assert np.abs(error.mean((0, 2, 3))).max() * 255 < 0.25


def test_when_white_and_black_are_coded_then_video_levels_are_narrow():
    luma = slice(None, 4), slice(None)
    for code, level in ((0, 16), (255, 235)):
        planes = codec.to_yuv420(flat(code, 1, 4))[0]
        assert (planes[luma] == level).all()
        assert (planes[4:] == 128).all()


def test_when_chroma_is_halved_then_it_stays_where_it_was():
    clip = flat(100, 1, 32)
    clip[:, 0, :, 16:] = 0.8
    out = codec.from_yuv420(codec.to_yuv420(clip))
    assert np.abs(out - clip)[..., :14].max() < 2 / 255
    assert np.abs(out - clip)[..., 18:].max() < 2 / 255


def test_when_jpeg_quality_falls_then_likeness_falls_as_in_libjpeg():
    likeness = [psnr(codec.jpeg(CLIP, quality), CLIP) for quality in (95, 75, 50, 30)]
    assert all(more > less for more, less in itertools.pairwise(likeness))
    bgr = np.rint(CLIP[2, ::-1].transpose(1, 2, 0) * 255).astype(np.uint8)
    file = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    expected = cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1].transpose(2, 0, 1)
    assert (np.rint(codec.jpeg(CLIP, 40)[2] * 255) == expected).all()


def test_when_an_encoder_is_missing_then_the_message_names_it(monkeypatch):
    table = {"libnone": codec._ENCODERS["mpeg4"]}
    monkeypatch.setattr(codec, "_ENCODERS", table)
    with pytest.raises(RuntimeError, match="no libnone"):
        codec.video(CLIP, "libnone", 20, FAST)


def test_when_frames_are_lost_then_it_is_an_error(monkeypatch):
    whole = codec.encode
    monkeypatch.setattr(codec, "encode", lambda *given: whole(*given)[:-1])
    with pytest.raises(RuntimeError, match="libx264 made"):
        codec.video(CLIP, "libx264", 20, FAST)
