"""What windows add to the plate: in memory while it is blended, in the take until delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clips import Change, Delta

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
        self._held: dict[tuple[int, int], Change] = {}

    def add(self, track: int, window: int, change: Change) -> None:
        """Take up a window just computed."""
        self._held[track, window] = change

    def keep(self, track: int, window: int, delta: Delta) -> None:
        """Keep frames of a window that had to be computed and were not asked for."""
        for frame, added, confidence in zip(
            delta.frames, delta.delta, delta.confidence, strict=True
        ):
            tensors = {"delta": added, "confidence": confidence}
            self._take.windows.keep((track, window, frame), tensors)

    def are_kept(self, track: int, window: int, frames: Collection[int]) -> bool:
        """Whether all these frames of a window are kept from an earlier run."""
        return all(self._take.windows.has(track, window, frame) for frame in frames)

    def get(self, track: int, window: int, frame: int) -> Change | Delta | None:
        """Return what a window changed, computed in this run or kept from an earlier one.

        None where the frame was kept, and has vanished from the take meanwhile.
        """
        if (track, window) in self._held:
            return self._held[track, window]
        kept = self._take.windows.get(track, window, frame)
        if kept is None:
            return None
        return Delta((frame,), kept["delta"][None], kept["confidence"][None])

    def let_go(self, index: int) -> None:
        """Drop from memory what no window after `index` is blended with."""
        self._held = {key: held for key, held in self._held.items() if key[1] >= index}

    def forget_delivered(self) -> None:
        """Drop from the take what is delivered by now."""
        for track, window, frame in self._take.windows.numbers(3):
            if self._take.receipt(frame):
                self._take.windows.forget(track, window, frame)
