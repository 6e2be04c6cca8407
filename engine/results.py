"""What windows add to the plate: in memory while it is blended, in the take until delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.clips import Change, Delta
from plugin_host.errors import RestorerFailed

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.take import Take


class Results:
    """The deltas of a run.

    Args:
        take: Where those are kept that nobody asked for yet.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._held: dict[tuple[int, int], Change | Delta] = {}

    def add(self, track: int, window: int, change: Change) -> None:
        """Take up a window just computed."""
        self._held[track, window] = change

    def keep(self, track: int, window: int, delta: Delta) -> None:
        """Keep frames of a window that had to be computed and were not asked for."""
        self._take.keep(
            track,
            window,
            {
                "frames": np.asarray(delta.frames, np.int64),
                "delta": delta.delta,
                "confidence": delta.confidence,
            },
        )

    def are_kept(self, track: int, window: int, frames: Collection[int]) -> bool:
        """Whether all these frames of a window are kept from an earlier run."""
        return self._take.kept_frames(track, window).issuperset(frames)

    def get(self, track: int, window: int, frame: int) -> Change | Delta:
        """Return what a window changed, computed in this run or kept from an earlier one.

        Raises:
            RestorerFailed: The frame was kept, and has vanished from the take meanwhile.
        """
        if (track, window) not in self._held:
            kept = self._take.kept(track, window)
            if kept is None or frame not in kept["frames"]:
                raise RestorerFailed(
                    f"window {window} of track {track} is gone from the take; ask again",
                    path=str(self._take.folder),
                )
            frames = tuple(int(frame) for frame in kept["frames"])
            self._held[track, window] = Delta(frames, kept["delta"], kept["confidence"])
        return self._held[track, window]

    def let_go(self, index: int) -> None:
        """Drop from memory what no window after `index` is blended with."""
        self._held = {key: held for key, held in self._held.items() if key[1] >= index}

    def forget_delivered(self) -> None:
        """Drop from the take what is delivered by now."""
        for track, window in self._take.kept_numbers():
            if all(self._take.receipt(frame) for frame in self._take.kept_frames(track, window)):
                self._take.forget(track, window)
