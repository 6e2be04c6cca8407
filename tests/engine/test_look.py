from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pytest

from engine.frame_io.exr import encode_image
from engine.image import Box, Image, Part
from engine.look import look_up
from engine.manifest import sealed
from plugin_host.errors import FrameCorrupt, FrameMissing, MessageOversized, PathRefused
from plugin_host.requests import Into, Look

WINDOW = Box(0, 0, 6, 4)
FRAME = 1003


class Slots:
    """A ring of ordinary memory."""

    def __init__(self, size):
        self.memory = bytearray(b"\xee" * size)

    def slot(self, _index):
        return memoryview(self.memory)


def image_of(frame):
    rng = np.random.default_rng(frame)
    shape = (WINDOW.height, WINDOW.width)
    channels = {name: rng.normal(0, 100, shape).astype(np.float32) for name in "RGBA"}
    return Image((Part(channels, WINDOW, {}),), WINDOW)


@pytest.fixture
def delivered(tmp_path):
    """A take with one frame, as a delivery leaves it."""
    take, file = tmp_path / "out" / "p.take", tmp_path / "out" / "p_restored.1003.exr"
    receipt = take / "receipts" / f"{FRAME}.json"
    receipt.parent.mkdir(parents=True)
    data = encode_image(image_of(FRAME))
    file.write_bytes(data)
    told = {
        "frame": FRAME,
        "status": "restored",
        "file": file.name,
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "source": "0" * 64,
        "note": "",
    }
    receipt.write_bytes(sealed(told))
    return SimpleNamespace(take=str(take), file=file, data=data, receipt=receipt, told=told)


def test_when_a_frame_is_looked_up_then_file_and_receipt_agree(delivered):
    looked, buffers = look_up(Look(delivered.take, FRAME), (), None)
    assert (looked.take, looked.frame, looked.status) == (delivered.take, FRAME, "restored")
    assert looked.sha256 == sha256(buffers[0]).hexdigest()
    assert buffers == (delivered.data,)
    assert looked.pixels is None


@pytest.mark.parametrize("interleaved", [False, True])
def test_when_pixels_are_sent_along_then_they_are_those_of_the_file(delivered, interleaved):
    into = Into(None, tuple("RGBA"), "float", interleaved)
    looked, buffers = look_up(Look(delivered.take, FRAME, into, along=True), (), None)
    shape = (WINDOW.height, WINDOW.width)
    pixels = np.frombuffer(buffers[0], np.float32)
    pixels = pixels.reshape(*shape, 4) if interleaved else pixels.reshape(4, *shape)
    axis = -1 if interleaved else 0
    planes = [image_of(FRAME).beauty.channels[name] for name in "RGBA"]
    np.testing.assert_array_equal(pixels, np.stack(planes, axis))
    assert (looked.pixels.slot, looked.pixels.size) == (None, len(buffers[0]))
    assert looked.sha256 == delivered.told["sha256"]


def test_when_a_slot_is_named_then_pixels_lie_in_it_or_their_size_is_told(delivered):
    size = 4 * 4 * WINDOW.height * WINDOW.width
    small, large = Slots(size - 1), Slots(size)
    look = Look(delivered.take, FRAME, Into(0, samples="float"), along=True)
    for ring, slot in ((small, None), (large, 0)):
        looked, buffers = look_up(look, (), ring)
        assert (looked.pixels.slot, looked.pixels.size, buffers) == (slot, size, ())
    assert set(small.memory) == {0xEE}
    assert large.memory[: size // 4] == image_of(FRAME).beauty.channels["R"].tobytes()
    told, buffers = look_up(Look(delivered.take, FRAME, Into(None)), (), None)
    assert (told.pixels.slot, told.pixels.size, buffers) == (None, size // 2, ())


def test_when_no_receipt_tells_of_a_frame_then_it_is_missing(delivered):
    for frame in (FRAME + 1, -FRAME):
        with pytest.raises(FrameMissing, match="not delivered") as missing:
            look_up(Look(delivered.take, frame), (), None)
        assert missing.value.frame == frame
    with pytest.raises(FrameMissing, match="not delivered"):
        look_up(Look("/nowhere/p.take", FRAME), (), None)


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../p_restored.1003.exr"},
        {"file": "/etc/hostname"},
        {"file": ".."},
        {"file": ""},
        {"file": 3},
        {"frame": FRAME + 1},
        {"size": "1"},
        {"more": 1},
    ],
)
def test_when_a_receipt_is_not_one_then_the_frame_is_missing(delivered, change):
    delivered.receipt.write_bytes(sealed({**delivered.told, **change}))
    with pytest.raises(FrameMissing):
        look_up(Look(delivered.take, FRAME), (), None)


def test_when_a_receipt_was_changed_or_torn_then_the_frame_is_missing(delivered):
    whole = delivered.receipt.read_bytes()
    for spoilt in (whole[:-9], whole.replace(b"restored.", b"restorea."), b"", b"[]"):
        delivered.receipt.write_bytes(spoilt)
        with pytest.raises(FrameMissing):
            look_up(Look(delivered.take, FRAME), (), None)


def test_when_the_file_is_not_the_receipts_then_it_is_not_handed_out(delivered):
    other = bytearray(delivered.data)
    other[-1] ^= 1
    delivered.file.write_bytes(other)
    for into in (None, Into(None)):
        with pytest.raises(FrameCorrupt, match="restore it anew") as corrupt:
            look_up(Look(delivered.take, FRAME, into), (), None)
        assert corrupt.value.path == str(delivered.file)
    delivered.file.unlink()
    with pytest.raises(FrameMissing, match="No such file"):
        look_up(Look(delivered.take, FRAME), (), None)


def test_when_the_take_is_outside_the_roots_then_it_is_refused(delivered, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    roots = (str(tmp_path / "elsewhere"),)
    link = tmp_path / "elsewhere" / "p.take"
    link.symlink_to(delivered.take)
    for take in (delivered.take, str(link), f"{roots[0]}/../out/p.take"):
        with pytest.raises(PathRefused, match="outside"):
            look_up(Look(take, FRAME), roots, None)
    for take in ("S:\\out\\p.take", "out/p.take", ""):
        with pytest.raises(PathRefused, match="no path of the engine's system"):
            look_up(Look(take, FRAME), (), None)
    assert look_up(Look(delivered.take, FRAME), (str(tmp_path / "out"),), None)


def test_when_a_file_inside_leads_outside_then_it_is_missing(delivered, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    roots = (str(tmp_path / "out"),)
    for path in (delivered.file, delivered.receipt):
        moved = path.rename(outside / path.name)
        path.symlink_to(moved)
        with pytest.raises(FrameMissing):
            look_up(Look(delivered.take, FRAME), roots, None)
        assert look_up(Look(delivered.take, FRAME), (), None)
        path.unlink()
        moved.rename(path)


def test_when_it_is_too_large_for_one_message_then_it_is_refused(delivered, monkeypatch):
    monkeypatch.setattr("engine.look.MOST_PART_BYTES", 100)
    for into in (None, Into(None)):
        with pytest.raises(MessageOversized, match="into a slot"):
            look_up(Look(delivered.take, FRAME, into, along=True), (), None)
