import numpy as np
import pytest

from engine.frame_io.exr import encode_image
from engine.image import Box, Image, Part
from engine.pixels import fetch_pixels, lay_out, write
from plugin_host.errors import FrameMissing, SettingsError
from plugin_host.requests import Fetch, Into

WINDOW, DISPLAY = Box(-3, 2, 4, 6), Box(0, 0, 9, 9)
JOB = "0123456789abcdef"


class Slots:
    """A ring of ordinary memory."""

    def __init__(self, size):
        self.memory = bytearray(b"\xee" * size)

    def slot(self, _index):
        return memoryview(self.memory)


def image_of(names="RGB", dtype=np.float16):
    rng = np.random.default_rng(3)
    shape = (WINDOW.height, WINDOW.width)
    channels = {name: rng.normal(0, 100, shape).astype(dtype) for name in names}
    return Image((Part(channels, WINDOW, {}),), DISPLAY)


def sample(memory, laid, channel, x, y):
    """Return a sample by the formula of PROTOCOL.md."""
    left, top, *_ = laid.data_window
    begin = (y - top) * laid.row_bytes + (x - left) * laid.pixel_bytes
    begin += laid.channels.index(channel) * laid.channel_bytes
    dtype = np.float16 if laid.samples == "half" else np.float32
    return np.frombuffer(memory, dtype, 1, begin)[0]


@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize("samples", ["half", "float"])
def test_when_pixels_are_written_then_each_lies_where_it_was_told(samples, interleaved):
    image = image_of()
    into = Into(0, ("B", "A", "R"), samples, interleaved)
    laid = lay_out(image, into)
    memory = bytearray(laid.size)
    write(image, laid, memoryview(memory), interleaved=interleaved)
    assert laid.data_window == (-3, 2, 4, 6)
    assert laid.display_window == (0, 0, 9, 9)
    for x, y in ((-3, 2), (4, 6), (0, 3)):
        for name in "BR":
            wanted = image.beauty.channels[name][y - 2, x + 3]
            assert sample(memory, laid, name, x, y) == wanted
        assert sample(memory, laid, "A", x, y) == 1


def test_when_floats_become_half_then_they_are_rounded_and_the_largest_are_infinite():
    shape = (WINDOW.height, WINDOW.width)
    channel = np.full(shape, 1e6, np.float32)
    channel[0, 0] = 1 + 2**-12
    image = Image((Part(dict.fromkeys("RGB", channel), WINDOW, {}),), DISPLAY)
    laid = lay_out(image, Into(0, ("R",)))
    memory = bytearray(laid.size)
    write(image, laid, memoryview(memory), interleaved=False)
    assert sample(memory, laid, "R", -3, 2) == 1
    assert sample(memory, laid, "R", 4, 6) == np.inf


def test_when_a_channel_is_not_there_then_the_others_are_named():
    with pytest.raises(SettingsError, match="no channel Z; there are R, G, B"):
        lay_out(image_of(), Into(0, ("R", "Z")))
    with pytest.raises(SettingsError, match="at least one"):
        lay_out(image_of(), Into(0, ()))
    shape = (WINDOW.height, WINDOW.width)
    part = Part({**image_of().beauty.channels, "id": np.zeros(shape, np.uint32)}, WINDOW, {})
    with pytest.raises(SettingsError, match="whole numbers"):
        lay_out(Image((part,), DISPLAY), Into(0, ("id",)))


def test_when_a_frame_is_fetched_then_it_lies_in_the_slot_or_its_size_is_told(tmp_path):
    image, path = image_of("RGBA", np.float32), tmp_path / "f.exr"
    path.write_bytes(encode_image(image))
    size = 4 * 4 * WINDOW.height * WINDOW.width
    small, large = Slots(size - 1), Slots(size)
    into = Into(0, samples="float")
    for ring, slot in ((small, None), (large, 0)):
        fetched, buffers = fetch_pixels(Fetch(JOB, 7, into), path, (), ring)
        assert (fetched.pixels.slot, fetched.pixels.size) == (slot, size)
        assert (fetched.sha256, buffers) == (None, ())
    assert set(small.memory) == {0xEE}
    planes = np.frombuffer(large.memory, np.float32).reshape(4, WINDOW.height, WINDOW.width)
    for name, plane in zip("RGBA", planes, strict=True):
        np.testing.assert_array_equal(plane, image.beauty.channels[name])
    told, _ = fetch_pixels(Fetch(JOB, 7, Into(None)), path, (), None)
    assert (told.pixels.slot, told.pixels.size) == (None, size // 2)


def test_when_the_frame_or_the_ring_is_not_there_then_it_says_so(tmp_path):
    with pytest.raises(FrameMissing) as missing:
        fetch_pixels(Fetch(JOB, 7, Into(0)), tmp_path / "none.exr", (), Slots(1))
    assert missing.value.frame == 7
    path = tmp_path / "f.exr"
    path.write_bytes(encode_image(image_of()))
    with pytest.raises(SettingsError, match="no ring"):
        fetch_pixels(Fetch(JOB, 7, Into(0)), path, (), None)
    with pytest.raises(FrameMissing, match="outside"):
        fetch_pixels(Fetch(JOB, 7, Into(0)), path, ("/nowhere",), Slots(1))
