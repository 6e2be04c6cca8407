from __future__ import annotations

import random
import struct
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.frame_io.exr import pixel_hash
from engine.frame_io.movie import open_movie
from engine.frame_io.movie_frame import image_of
from engine.image import Box
from plugin_host.errors import FrameCorrupt, FrameMissing, PlateError
from plugin_host.frame_range import FrameRange
from tests.engine.movies import KINDS, opened, picture, write_movie

COUNT = 15
TAGGED = {"color_range": 1, "colorspace": 1, "color_primaries": 1, "color_trc": 1}
NTSC = Fraction(30000, 1001)


def decoded_in_one_go(movie):
    """Return hash and digest of every frame, decoded from the first one on, on one thread."""
    with av.open(movie._path) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "NONE", 1
        made = [image_of(f, movie._place(i)) for i, f in enumerate(container.decode(stream))]
    return [(pixel_hash(image), digest) for image, digest in made]


def rgb(image):
    """Return the pixels of an image, ``(H, W, 3)`` float64."""
    return np.stack([image.beauty.channels[name] for name in "RGB"], 2).astype(np.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_when_frames_are_asked_for_in_any_order_then_each_has_the_bits_of_one_go(tmp_path, kind):
    movie = opened(write_movie(tmp_path / kind, COUNT, **TAGGED))
    assert movie.frames == FrameRange.between(1, COUNT)
    expected = decoded_in_one_go(movie)
    assert len(set(expected)) == COUNT
    order = [*range(1, COUNT + 1), *range(COUNT, 0, -1), *random.Random(0).sample(range(1, 16), 15)]
    for frame in order:
        image, digest = movie.read(frame)
        assert (pixel_hash(image), digest) == expected[frame - 1], frame


@pytest.mark.parametrize("kind", KINDS)
def test_when_the_index_tells_the_times_then_they_are_those_of_the_packets(tmp_path, kind):
    movie = opened(write_movie(tmp_path / kind, COUNT, rate=NTSC))
    with av.open(movie._path) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    assert movie._times == sorted(packet.pts for packet in packets)
    assert movie._keys == [packet.pts for packet in packets if packet.is_keyframe]


@pytest.mark.parametrize("kind", ["h264.mp4", "hevc.mov"])
def test_when_a_leading_picture_is_asked_for_first_then_the_group_before_is_decoded(tmp_path, kind):
    path = write_movie(tmp_path / kind, COUNT)
    expected = decoded_in_one_go(opened(path))
    movie = opened(path)
    assert len(movie._keys) > 2
    leading = movie._times.index(movie._keys[1])  # the frame before the second key frame
    assert movie.read(leading)[1] == expected[leading - 1][1]


@pytest.mark.parametrize("kind", KINDS)
def test_when_a_movie_is_read_then_frames_show_what_they_are_of(tmp_path, kind):
    def colour(index):
        return np.full((128, 256, 3), (20 + 15 * index, 100, 200 - 10 * index), np.uint8)

    def make(index):
        frame = av.VideoFrame.from_ndarray(colour(index), format="rgb24")
        return frame.reformat(format=KINDS[kind][1], dst_colorspace="itu709")

    movie = opened(write_movie(tmp_path / kind, 6, make=make, **TAGGED))
    for frame in (5, 2, 6, 1):
        pixels = rgb(movie.read(frame)[0]) * 255
        assert np.abs(pixels - colour(frame - 1)).max() < 4, frame


@pytest.mark.parametrize("kind", KINDS)
def test_when_a_movie_has_timecode_and_tags_then_each_frame_has(tmp_path, kind):
    tags = {"color_range": 1, "colorspace": 9, "color_primaries": 9, "color_trc": 16}
    path = write_movie(tmp_path / kind, 12, rate=NTSC, timecode="00:00:59;20", **tags)
    image, _ = opened(path).read(11)
    said = image.beauty.attributes
    time = said["timeCode"]
    assert (time.minutes, time.seconds, time.frame, time.dropFrame) == (1, 0, 2, True)
    assert said["framesPerSecond"] == NTSC
    assert said["colorInteropID"] == "pq_rec2020_display"
    assert said["pixelAspectRatio"] == 1
    assert image.note == ""


def test_when_a_movie_has_no_timecode_then_frames_have_none(tmp_path):
    image, _ = opened(write_movie(tmp_path / "prores.mov", 2)).read(1)
    assert "timeCode" not in image.beauty.attributes


@pytest.mark.parametrize(
    ("size", "name"), [((48, 64), "BT.601"), ((576, 720), "BT.601"), ((578, 720), "BT.709")]
)
def test_when_tags_are_missing_then_what_is_taken_is_noted(tmp_path, size, name):
    image, _ = opened(write_movie(tmp_path / "h264.mp4", 1, size=size)).read(1)
    assert image.note == (
        "The movie does not say its range; taken as limited. "
        f"The movie does not say its matrix; {name} taken for its size."
    )


def test_when_the_range_is_full_then_codes_are_read_so(tmp_path):
    white = np.full((128, 256, 3), 255, np.uint8)
    for value in (1, 2):
        path = tmp_path / f"{value}"
        path.mkdir()
        made = write_movie(path / "h264.mp4", 1, make=lambda _: white, color_range=value)
        peak = rgb(opened(made).read(1)[0]).max()
        # 235 is what swscale writes for white in either case.
        assert peak == pytest.approx(1 if value == 1 else 235 / 255, abs=0.005)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("h264.mp4", np.float16), ("hevc.mov", np.float16), ("prores4444.mov", np.float32)],
)
def test_when_samples_have_more_bits_than_half_then_they_are_floats(tmp_path, kind, dtype):
    image, _ = opened(write_movie(tmp_path / kind, 6)).read(1)
    assert image.beauty.channels["R"].dtype == dtype


def test_when_prores_has_alpha_then_it_is_kept(tmp_path):
    cover = np.zeros((128, 256), np.uint8)
    cover[:, 100:] = 255

    def make(index):
        return av.VideoFrame.from_ndarray(
            np.dstack([picture(index), cover]), format="rgba"
        ).reformat(format="yuva444p10le")

    path = write_movie(tmp_path / "prores4444.mov", 2, make=make, options={"alpha_bits": "16"})
    channels = opened(path).read(2)[0].beauty.channels
    assert list(channels) == ["R", "G", "B", "A"]
    np.testing.assert_allclose(channels["A"], cover / 255, atol=0.001)


@pytest.mark.parametrize(
    ("rotation", "turned"),
    [
        ((90,), np.rot90),
        ((-90,), lambda p: np.rot90(p, -1)),
        ((180,), lambda p: np.rot90(p, 2)),
        ((0, True), lambda p: p[:, ::-1]),
        ((0, False, True), lambda p: p[::-1]),
    ],
)
def test_when_a_movie_is_to_be_shown_turned_then_frames_are(tmp_path, rotation, turned):
    paths = []
    for name in ("plain", "turned"):
        (tmp_path / name).mkdir()
        fields = {"rotation": rotation} if name == "turned" else {}
        paths.append(write_movie(tmp_path / name / "h264.mp4", 1, size=(48, 64), **fields))
    plain, other = (opened(path).read(1)[0] for path in paths)
    np.testing.assert_array_equal(turned(rgb(plain)), rgb(other))
    assert other.display_window == Box(0, 0, rgb(other).shape[1] - 1, rgb(other).shape[0] - 1)


def test_when_a_movie_is_turned_by_no_right_angle_then_it_is_refused(tmp_path):
    path = write_movie(tmp_path / "h264.mp4", 1, rotation=(45,))
    with pytest.raises(PlateError, match="turned by no right angle"):
        opened(path)


def test_when_an_edit_list_trims_the_movie_then_only_what_is_presented_counts(tmp_path):
    path = Path(write_movie(tmp_path / "h264.mp4", 24, rate=Fraction(24)))
    whole = [pixel_hash(opened(str(path)).read(frame)[0]) for frame in range(1, 25)]
    data = bytearray(path.read_bytes())
    at = data.index(b"elst")
    duration, start = struct.unpack_from(">Ii", data, at + 12)
    tick = 1000 // 24  # of the movie's clock, a frame nearly
    struct.pack_into(">Ii", data, at + 12, 10 * tick, start + 5 * 512)
    path.write_bytes(data)
    assert duration == 1000
    movie = opened(str(path))
    assert movie.frames == FrameRange.between(1, 10)
    for frame in (8, 1, 3, 2, 10, 9, 1):
        assert whole.index(pixel_hash(movie.read(frame)[0])) == frame + 4


@pytest.mark.parametrize(
    "times", [[0, 1, 2, 3, 5, 6, 7], [0, 1, 4, 5], [0, 1, 2, 4, 5, 6], [0, 1, 3, 4, 6, 7]]
)
def test_when_frames_do_not_come_at_one_rate_then_the_movie_is_refused(tmp_path, times):
    path = write_movie(tmp_path / "h264.mp4", len(times), times=times)
    with pytest.raises(PlateError, match=r"variable frame rate.* at frame \d+;") as refused:
        opened(path)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("h264.mp4", {"x264-params": "tff=1:interlaced=1"}),
        ("h264.mov", {"flags": "+ildct+ilme"}),
        ("prores.mov", {"flags": "+ildct"}),
    ],
)
def test_when_a_movie_is_interlaced_then_it_is_refused(tmp_path, kind, options):
    like = "h264.mp4" if kind.startswith("h264") else kind
    path = write_movie(tmp_path / kind, 3, kind=like, options=options)
    with pytest.raises(PlateError, match="is interlaced"):
        opened(path)


@pytest.mark.parametrize(
    ("codec", "pixels", "reason"),
    [
        ("qtrle", "rgb24", "is of qtrle; h264, hevc, prores, dnxhd can be read"),
        ("libx265", "gray", "pixels of gray, which are not read"),
    ],
)
def test_when_samples_are_others_then_the_movie_is_refused(
    tmp_path, monkeypatch, codec, pixels, reason
):
    monkeypatch.setitem(KINDS, "other.mov", (codec, pixels, {}))
    path = write_movie(tmp_path / "other.mov", 6)
    with pytest.raises(PlateError, match=reason):
        opened(path)


def test_when_a_text_in_a_movie_is_no_utf8_then_its_frames_are_read(tmp_path):
    path = Path(write_movie(tmp_path / "prores.mov", 1))
    path.write_bytes(path.read_bytes().replace(b"VideoHandler", b"VideoH\xe4ndler"))
    assert opened(str(path)).frames.last == 1


def test_when_a_frame_lies_outside_then_it_is_missing(tmp_path):
    path = write_movie(tmp_path / "prores.mov", 3)
    movie = opened(path)
    for frame in (0, 4, -1):
        with pytest.raises(FrameMissing, match="has frames 1-3") as missing:
            movie.read(frame)
        assert (missing.value.frame, missing.value.path) == (frame, path)


def test_when_a_movie_is_not_there_then_it_is_missing(tmp_path):
    with pytest.raises(FrameMissing, match="not there"):
        open_movie(str(tmp_path / "none.mov"))


@pytest.mark.parametrize("name", ["a.mov", "a.mp4", "a.mxf"])
@pytest.mark.parametrize("content", [b"", b"no movie", b"#EXTM3U\n/etc/passwd\n"])
def test_when_a_file_is_no_movie_then_it_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PlateError) as refused:
        open_movie(str(path))
    assert refused.value.path == str(path)


def test_when_a_movie_is_damaged_then_frames_are_right_or_refused(tmp_path):
    path = Path(write_movie(tmp_path / "prores.mov", 4))
    expected = decoded_in_one_go(opened(str(path)))
    data = path.read_bytes()
    at = data.index(b"icpf", data.index(b"icpf") + 4)  # the second frame's header
    path.write_bytes(data[:at] + bytes(600) + data[at + 600 :])
    movie = opened(str(path))
    for frame in (1, 3, 4, 1):
        assert movie.read(frame)[1] == expected[frame - 1][1]
        with pytest.raises(FrameCorrupt) as refused:
            movie.read(2)
        assert (refused.value.frame, refused.value.path) == (2, str(path))


def test_when_a_movie_is_torn_then_it_is_refused(tmp_path):
    path = Path(write_movie(tmp_path / "h264.mp4", 4))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(PlateError):
        opened(str(path))


def test_when_a_movie_is_asked_for_again_then_it_is_open_until_it_changes(tmp_path):
    path = write_movie(tmp_path / "prores.mov", 3)
    movie = open_movie(path)
    assert open_movie(path) is movie
    write_movie(tmp_path / "prores.mov", 2, make=lambda index: picture(index + 40))
    assert open_movie(path).frames == FrameRange.between(1, 2)
    assert open_movie(path).read(1)[1] != movie.read(1)[1]


def test_when_pyav_is_missing_then_the_refusal_says_what_to_install(tmp_path, monkeypatch):
    path = write_movie(tmp_path / "prores.mov", 1)
    monkeypatch.setitem(sys.modules, "av.error", None)
    with pytest.raises(PlateError, match=r"pip install 'faceplate\[movies\]'"):
        opened(path)
