"""From deltas to a delivered file: blend windows, paste, add layers, encode, receipt."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from engine.faces.paste import Patch, add, paste
from engine.frame_io.exr import to_float32
from engine.frame_io.exr_copy import encode_changes
from engine.frame_io.exr_parts import encode_patch
from engine.image import BEAUTY
from engine.logs import about, inherited
from engine.luma import luma, with_luma
from engine.patch import patch_of
from engine.windowing import ramp
from plugin_host.errors import FrameError, FrameUnsupported, FrameWriteFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.clips import Change, Clips, Delta
    from engine.image import Image
    from engine.take import Take
    from engine.windowing import Window
    from plugin_host.requests import Settings

WRITERS = 2
"""Threads that deliver: one alone is slower than what reads for it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One frame that lies in the output now."""

    frame: int
    status: str
    path: Path
    note: str


class Delivery:
    """Delivers the frames of a take.

    Args:
        take: Where to.
        settings: Which layers.
        clips: Where the crops lie.
        header: Attributes that name the restorer and its settings.
    """

    def __init__(
        self, take: Take, settings: Settings, clips: Clips, header: Mapping[str, str]
    ) -> None:
        self._take = take
        self._layers = settings.layers
        self._tasks = set(settings.tasks)
        self._clips = clips
        self._header = header

    def deliver(
        self, image: Image, frame: int, deltas: Mapping[int, Delta], source: str
    ) -> Delivered:
        """Write a frame and its receipt.

        Args:
            image: The plate's frame.
            frame: Its number.
            deltas: What each track adds, track to a delta of this one frame.
            source: sha256 of the plate's file.

        Raises:
            FrameWriteFailed: The disk is full, gone or read-only.
            FrameUnsupported: The plate's frame holds what cannot be written as EXR again.
        """
        patches = [self._patch(image, frame, track, deltas[track]) for track in sorted(deltas)]
        status = "restored" if patches else "no face"
        people = self._clips.people(sorted(deltas))
        holes = self._clips.holes(frame, image.beauty.data_window)
        layered = self._layered(image, patches, holes)
        return self._write(layered, image, frame, status, source, people=people)

    def attempt(
        self, image: Image, frame: int, deltas: Mapping[int, Delta], source: str
    ) -> Delivered | FrameError:
        """Deliver a frame; return the error of one that has no EXR form, for others may have.

        Raises:
            FrameWriteFailed: Nothing can be written any more; see `deliver`.
        """
        try:
            with about(frame=frame):
                return self.deliver(image, frame, deltas, source)
        except FrameWriteFailed:
            raise
        except FrameError as error:
            return error

    def deliver_source(self, image: Image, frame: int, source: str) -> Delivered:
        """Write the plate's own frame in place of one that could not be restored."""
        return self._write(self._layered(image, [], None), image, frame, "source", source)

    def _patch(self, image: Image, frame: int, track: int, delta: Delta) -> Patch:
        transform = self._clips.transforms[track][frame]
        matte = self._clips.matte(image, transform)
        return Patch(delta.delta[0], matte, transform, delta.confidence[0])

    def _layered(
        self, image: Image, patches: Sequence[Patch], holes: NDArray[np.bool_] | None
    ) -> Image:
        part = image.beauty
        plate = {name: part.channels[name] for name in BEAUTY}
        free = holes if self._tasks == {"inpaint"} else None  # what is known keeps its bits
        pasted = paste(plate, part.data_window, patches, free)
        channels: dict[str, NDArray[Any]] = dict(pasted.channels)
        if patches and "colour" in self._tasks and "bfr" not in self._tasks:
            known = None if holes is None else ~holes[pasted.place]
            self._keep_luma(plate, channels, pasted.place, known)
        if "matte" in self._layers:
            channels["faceplate.matte"] = pasted.matte.astype(np.float16)
        if "confidence" in self._layers:
            channels["faceplate.confidence"] = pasted.confidence.astype(np.float16)
        if "source" in self._layers:
            channels.update({f"source.{name}": samples for name, samples in plate.items()})
        if "patch" in self._layers:
            return patch_of(image, channels, pasted.matte)
        return image.with_beauty(channels, {})

    def _keep_luma(
        self,
        plate: Mapping[str, NDArray[Any]],
        channels: Mapping[str, NDArray[Any]],
        place: tuple[slice, slice],
        known: NDArray[np.bool_] | None,
    ) -> None:
        """Give what was coloured the plate's own luma, from which resampling has moved it."""
        before, after = (
            np.stack([to_float32(of[name][place]) for name in BEAUTY]) for of in (plate, channels)
        )
        touched = (before != after).any(0)
        if known is not None:
            touched &= known
        colour = self._clips.colour
        seen, made = colour.encode(before), colour.encode(after)
        most = np.maximum(seen, made).max(0, keepdims=True)
        right = with_luma(made, luma(seen), most).astype(np.float32)
        everywhere = np.ones(made.shape[1:], np.float32)  # however bright it is
        change = colour.delta(made, right, everywhere)
        for name, added in zip(BEAUTY, np.where(touched, change, 0), strict=True):
            add(channels[name][place].copy(), added, channels[name][place])

    def _write(
        self, image: Image, plate: Image, frame: int, status: str, source: str, *, people: str = ""
    ) -> Delivered:
        header = {**self._header, "faceplate/status": status, "faceplate/source": source}
        image = image.with_beauty({}, {**header, **({"faceplate/faces": people} if people else {})})
        try:
            encode = encode_patch if "patch" in self._layers else encode_changes
            data, note = encode(image, plate)
        except FrameWriteFailed as error:
            path = self._take.plate.path(frame)
            raise FrameUnsupported(error.message, frame=frame, path=path) from None
        left = self._clips.not_picked(frame) if status == "no face" else ""
        note = " ".join(filter(None, (plate.note, note, left)))
        path = self._take.deliver(
            frame,
            data,
            status=status,
            source=source,
            note=note,
        )
        return Delivered(frame, status, path, note)


def blend(frame: int, parts: Sequence[tuple[Window, Change | Delta]], overlap: int) -> Delta:
    """Blend what neighbouring windows add to one frame of a track.

    Args:
        frame: The frame.
        parts: One window, or two neighbours in the grid's order, with what they changed.
        overlap: Frames that neighbours share.
    """
    _, first = parts[0]
    blended = first.only((frame,))
    for window, delta in parts[1:]:
        later = delta.only((frame,))
        weight = ramp(window.frames.index(frame), overlap)
        blended = replace(
            later,
            delta=_mixed(blended.delta, later.delta, weight),
            confidence=_mixed(blended.confidence, later.confidence, weight),
        )
    return blended


def _mixed(
    earlier: NDArray[np.float32], later: NDArray[np.float32], weight: float
) -> NDArray[np.float32]:
    mixed = earlier * np.float32(1 - weight) + later * np.float32(weight)
    return mixed.astype(np.float32, copy=False)


class WriteBehind:
    """Delivers on threads of its own while the next window is restored; a few at a time.

    Leaving the block waits for every delivery begun, also when the block was left by an error.

    Args:
        done: Called, on one of those threads and in the order in which deliveries were begun, with
            each frame once its receipt is on disk, or with the error of one that could not be
            delivered.
        most: How many deliveries may be under way.
    """

    def __init__(self, done: Callable[[Delivered | FrameError], None], most: int) -> None:
        self._done = done
        self._most = most
        self._under_way: deque[Future[None]] = deque()
        self._thread = ThreadPoolExecutor(
            WRITERS, thread_name_prefix="writer", initializer=inherited()
        )
        self._begun = self._told = 0
        self._outcomes: dict[int, Delivered | FrameError | None] = {}
        self._telling = Lock()

    def begin(self, deliver: Callable[[], Delivered | FrameError]) -> None:
        """Begin a delivery; wait for the oldest where too many are under way.

        Raises:
            FrameWriteFailed: An earlier delivery failed.
        """
        self._under_way.append(self._thread.submit(self._carry_out, self._begun, deliver))
        self._begun += 1
        while len(self._under_way) > self._most or (self._under_way and self._under_way[0].done()):
            self._under_way.popleft().result()

    def _carry_out(self, number: int, deliver: Callable[[], Delivered | FrameError]) -> None:
        outcome = None
        try:
            outcome = deliver()
        finally:
            with self._telling:
                self._outcomes[number] = outcome
                while self._told in self._outcomes:
                    told = self._outcomes.pop(self._told)
                    self._told += 1
                    if told is not None:
                        self._done(told)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown(wait=True)
        if kind is None:
            for future in self._under_way:
                future.result()
