"""Receipts against files, and frames that are fetched."""

import hashlib
import threading
from pathlib import Path

import pytest

from engine.receipt import Receipt as Written
from plugin_host import proof as module
from plugin_host.delivered import (
    Receipt,
    delivered_plate,
    read_receipt,
    receipt_path,
    take_folder,
    write_like,
)
from plugin_host.errors import FrameChanged, FrameCorrupt, FrameMissing, OutputError, UnknownJob
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.proof import Proof, download, prove, verify
from plugin_host.replies import FrameErrorText

AT_ONCE = Proof(patience_s=0)
ASKED = FrameRange.parse("1-4")
JOB = "0123456789abcdef"


class Place:
    """An output folder with delivered frames."""

    def __init__(self, folder):
        plate = Plate.parse("/plates/p.%04d.exr", "ACEScg")
        self.delivered = delivered_plate(str(folder), plate)
        self.take = take_folder(str(folder), plate)

    def deliver(self, frame, data=b"restored", other=None):
        path = Path(self.delivered.path(frame))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        receipt = Written(frame, "restored", path.name, len(data), digest, "5" * 64)
        fields = {name: getattr(receipt, name) for name in Written.__slots__}
        write_like(self.take, f"receipts/{frame}.json", {**fields, "seal": "s", **(other or {})})
        return path

    def verify(self, errors=(), proof=AT_ONCE, **how):
        return verify(self.delivered, self.take, ASKED, errors, proof=proof, **how)


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    for frame in ASKED:
        place.deliver(frame)
    return place


def told(frame, code="frame.missing"):
    return FrameErrorText(frame, code, "the plate's frame is not there", f"/plates/p.{frame}.exr")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/p.%04d.exr", "p_restored.0007.exr"),
        ("/a/p.%d.exr", "p_restored.0007.exr"),
        ("/a/p_######.dpx", "p_restored.000007.exr"),
        ("/a/p.7.exr", "p_restored.0007.exr"),
        ("/a/p.mov", "p_restored.0007.exr"),
    ],
)
def test_when_a_plate_is_delivered_then_a_host_and_the_engine_call_its_frames_the_same(path, name):
    plate = Plate.parse(path, "ACEScg")
    delivered = delivered_plate("/out", plate)
    assert (delivered.path(7), delivered.colourspace) == (f"/out/{name}", "ACEScg")
    assert delivered.single is None


def test_when_every_frame_is_what_its_receipt_says_then_all_are_proven(place):
    heard = []
    assert place.verify(heard=heard.append) == ASKED
    assert heard == [1, 2, 3, 4]


def test_when_a_receipt_is_read_then_it_says_what_the_engine_wrote(place):
    digest = hashlib.sha256(b"restored").hexdigest()
    expected = Receipt(2, "restored", "p_restored.0002.exr", 8, digest, "5" * 64)
    assert read_receipt(place.take, 2) == expected


@pytest.mark.parametrize(
    "other", [{"size": "8"}, {"size": True}, {"frame": 3}, {"sha256": None}, {"file": 1}]
)
def test_when_a_receipt_is_not_what_its_kind_says_then_it_counts_as_not_there(place, other):
    place.deliver(2, other=other)
    with pytest.raises(FrameMissing, match=r"frame 2: it has no receipt.*2\.json"):
        place.verify()


def spoil_receipt(place):
    Path(receipt_path(place.take, 2)).unlink()


def spoil_file(place):
    Path(place.delivered.path(2)).unlink()


def spoil_size(place):
    Path(place.delivered.path(2)).write_bytes(b"torn")


def spoil_bytes(place):
    Path(place.delivered.path(2)).write_bytes(b"r3stored")


def spoil_name(place):
    place.deliver(2, other={"file": "p_restored.0001.exr"})


def spoil_kind(place):
    spoil_file(place)
    Path(place.delivered.path(2)).mkdir()


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (spoil_receipt, FrameMissing, "no receipt; restore it again"),
        (spoil_file, FrameMissing, "delivered file is not there"),
        (spoil_size, FrameCorrupt, "holds 4 bytes and its receipt says 8"),
        (spoil_bytes, FrameCorrupt, "remove that file and restore it again"),
        (spoil_name, FrameCorrupt, r"its receipt is of p_restored\.0001"),
        (spoil_kind, FrameCorrupt, "holds"),
    ],
)
def test_when_a_frame_is_not_proven_then_it_is_named_with_what_would_be_right(
    place, spoil, error, said
):
    spoil(place)
    with pytest.raises(error, match=said) as raised:
        place.verify()
    assert raised.value.frame == 2
    assert raised.value.path


@pytest.mark.parametrize("spoil", [spoil_receipt, spoil_size, spoil_bytes])
def test_when_a_frame_was_told_as_an_error_then_it_is_left_out(place, spoil):
    spoil(place)
    assert place.verify([told(2)]) == FrameRange([1, 3, 4])


def test_when_the_plates_own_frame_stands_in_for_a_bad_one_then_it_is_there(place):
    place.deliver(2, other={"status": "source"})
    assert place.verify([told(2)]) == ASKED


def test_when_not_one_frame_was_delivered_then_the_first_error_is_raised(tmp_path):
    errors = [told(frame, "frame.changed") for frame in ASKED]
    with pytest.raises(FrameChanged, match="frame 1: the plate's frame"):
        Place(tmp_path).verify(errors)


def test_when_digests_are_not_asked_for_then_sizes_are_enough(place):
    spoil_bytes(place)
    assert place.verify(proof=Proof(digests=False, patience_s=0)) == ASKED


def test_when_a_disk_shows_a_frame_late_then_it_is_waited_for(place):
    spoil_file(place)
    late = threading.Timer(0.3, place.deliver, [2])
    late.start()
    assert place.verify(proof=Proof(patience_s=60)) == ASKED
    late.join()


def test_when_a_frame_never_comes_then_the_patience_is_for_all_together(place, monkeypatch):
    slept = []
    clock = [0.0]

    def sleep(seconds):
        slept.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(module.time, "sleep", sleep)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    spoil_file(place)
    Path(place.delivered.path(4)).unlink()
    with pytest.raises(FrameMissing, match="frame 2"):
        place.verify(proof=Proof(patience_s=2))
    assert sum(slept) == 2
    slept.clear()
    with pytest.raises(FrameMissing, match="frame 4"):  # no second is spent on what was told
        place.verify([told(2)], proof=Proof(patience_s=2))
    assert sum(slept) == 2


# fetched


class Far:
    """An engine whose frames are fetched."""

    def __init__(self):
        self.asked = []

    def fetch(self, job, frame):
        self.asked.append((job, frame))
        if frame == 9:
            raise UnknownJob("no job is called so")
        return b"of frame %d" % frame


def test_when_frames_are_fetched_then_they_are_proven_like_any_other(tmp_path):
    place, far, heard = Place(tmp_path / "new"), Far(), []
    download(far, JOB, place.delivered, place.take, [1, 2, 3, 4], heard=heard.append)
    assert place.verify() == ASKED
    assert Path(place.delivered.path(3)).read_bytes() == b"of frame 3"
    assert heard == [1, 2, 3, 4]
    assert far.asked == [(JOB, frame) for frame in ASKED]


def test_when_a_frame_is_here_already_then_it_is_not_fetched_again(place):
    far = Far()
    spoil_bytes(place)
    download(far, JOB, place.delivered, place.take, list(ASKED))
    assert far.asked == [(JOB, 2)]
    assert place.verify() == ASKED


def test_when_a_fetched_frame_cannot_be_written_then_it_is_said(tmp_path):
    (tmp_path / "out").write_bytes(b"a file in the folder's place")
    place = Place(tmp_path / "out")
    with pytest.raises(OutputError, match="cannot write there") as refused:
        download(Far(), JOB, place.delivered, place.take, [1])
    assert refused.value.path == place.delivered.path(1)


def test_when_the_engine_has_forgotten_the_job_then_it_is_said_and_nothing_is_written(tmp_path):
    place = Place(tmp_path)
    with pytest.raises(UnknownJob):
        download(Far(), JOB, place.delivered, place.take, [9])
    with pytest.raises(FrameMissing):
        prove(place.delivered, place.take, 9)
