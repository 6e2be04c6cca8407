"""Proof that a restoration is on disk: nothing is placed in a host that its receipts do not prove.

Rules of this file:
    - Every asked frame that was not told as an error has a receipt, and its file has the receipt's
      size and sha256. What was told as an error counts where it is proven all the same, as the
      plate's own frames are that stand in for bad ones.
    - Disks of other machines show what is new with a delay: what is not there yet is asked for
      again until `Proof.patience_s` has passed.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, Callable, NamedTuple, Sequence

from plugin_host.delivered import read_receipt, receipt_path, write_like
from plugin_host.errors import FrameCorrupt, FrameError, FrameMissing, OutputError, from_code
from plugin_host.frame_range import FrameRange
from plugin_host.path_map import base_name
from plugin_host.whole_files import digest_of, write_whole

if TYPE_CHECKING:
    from plugin_host.client import EngineClient
    from plugin_host.plate import Plate
    from plugin_host.replies import FrameErrorText

_AGAIN_S = 0.25


class Proof(NamedTuple):
    """How much is asked for.

    Attributes:
        digests: Whether every file is read and its sha256 compared; else only sizes are.
        patience_s: Seconds for which a frame may be late on this machine's view of the disk.
    """

    digests: bool = True
    patience_s: int = 5


def verify(
    delivered: Plate,
    take: str,
    asked: FrameRange,
    errors: Sequence[FrameErrorText] = (),
    *,
    proof: Proof = Proof(),  # noqa: B008 - a tuple
    heard: Callable[[int], None] = lambda _: None,
) -> FrameRange:
    """Return the frames that are proven: all that were asked for, less those told as errors.

    Args:
        delivered: The delivered frames, as this machine finds them.
        take: Folder of the take, likewise.
        asked: What was asked for.
        errors: What the engine told of single frames.
        proof: How much is asked for.
        heard: Called with how many frames were looked at.

    Raises:
        FrameMissing: A frame or its receipt is not there.
        FrameCorrupt: A frame is not what its receipt says.
        FrameError: Not one frame was delivered; the first that the engine told.
    """
    end = time.monotonic() + proof.patience_s
    told = {error.frame for error in errors}
    proven: list[int] = []
    for count, frame in enumerate(asked, 1):
        try:
            _prove_in_time(
                delivered, take, frame, proof, time.monotonic() if frame in told else end
            )
            proven.append(frame)
        except FrameError:
            if frame not in told:
                raise
        heard(count)
    if not proven:
        first = errors[0]
        raise from_code(first.code, first.message, frame=first.frame, path=first.path)
    return FrameRange(proven)


def prove(delivered: Plate, take: str, frame: int, proof: Proof = Proof()) -> None:  # noqa: B008
    """Make sure that one frame is what its receipt says.

    Raises:
        FrameMissing: It or its receipt is not there.
        FrameCorrupt: It is not what its receipt says.
    """
    path = delivered.path(frame)
    receipt = read_receipt(take, frame)
    if receipt is None:
        where = receipt_path(take, frame)
        raise FrameMissing("it has no receipt; restore it again", frame=frame, path=where)
    if receipt.file != base_name(path):
        raise FrameCorrupt(f"its receipt is of {receipt.file}", frame=frame, path=path)
    try:
        size = os.stat(path).st_size
        if size != receipt.size:
            what = f"it holds {size} bytes and its receipt says {receipt.size}"
            raise FrameCorrupt(f"{what}; restore it again", frame=frame, path=path)
        if proof.digests and digest_of(path) != receipt.sha256:
            what = "its bytes are not those of its receipt; remove that file and restore it again"
            raise FrameCorrupt(what, frame=frame, path=path)
    except FileNotFoundError:
        what = "the delivered file is not there; restore it again"
        raise FrameMissing(what, frame=frame, path=path) from None
    except OSError as error:
        what = f"the delivered file cannot be read: {error.strerror}"
        raise FrameMissing(what, frame=frame, path=path) from None


def _prove_in_time(delivered: Plate, take: str, frame: int, proof: Proof, end: float) -> None:
    while True:
        try:
            return prove(delivered, take, frame, proof)
        except FrameError:
            if time.monotonic() >= end:
                raise
            time.sleep(_AGAIN_S)


def download(
    client: EngineClient,
    job: str,
    delivered: Plate,
    take: str,
    frames: Sequence[int],
    *,
    heard: Callable[[int], None] = lambda _: None,
) -> None:
    """Fetch frames from an engine whose storage this machine does not see, each with a receipt.

    What is proven to be here already is not fetched again.

    Args:
        client: A session with the engine.
        job: The job that delivered them.
        delivered: Where they go on this machine.
        take: Folder for their receipts.
        frames: Which.
        heard: Called after each with how many are here.

    Raises:
        UnknownJob: The engine has forgotten the job: submit it again.
        FrameMissing, FrameCorrupt: The engine cannot read one, or it changed on its way.
        OutputError: One cannot be written here.
    """
    for count, frame in enumerate(frames, 1):
        try:
            prove(delivered, take, frame)
        except FrameError:
            _fetch(client, job, delivered, take, frame)
        heard(count)


def _fetch(client: EngineClient, job: str, delivered: Plate, take: str, frame: int) -> None:
    data = client.fetch(job, frame)
    path = delivered.path(frame)
    try:
        os.makedirs(delivered.folder, exist_ok=True)
        write_whole(path, data)
        write_like(
            take,
            f"receipts/{frame}.json",
            {
                "frame": frame,
                "status": "restored",
                "file": base_name(path),
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "source": "",
            },
        )
    except OSError as error:
        raise OutputError(f"cannot write there: {error.strerror}", path=path) from None
