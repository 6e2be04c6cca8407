"""Restoring within the memory that there is: step down before giving up.

Rules of this file:
    - A restorer is never changed; a smaller step is another restorer, with the same weights.
    - Each step is told once, in the manifest: numbers may differ in the last digits from there on.
"""

from __future__ import annotations

import gc
import logging
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from plugin_host.errors import RestorerFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.reference import TemporalReference
    from engine.restorer import Clip, Restored, Restorer

_log = logging.getLogger("faceplate.memory")


class Step(NamedTuple):
    """A way to do with less.

    Attributes:
        name: What is done, for people: ``decodes 4 frames at a time``.
        restorer: Who does it.
    """

    name: str
    restorer: Restorer


@runtime_checkable
class Frugal(Protocol):
    """A restorer that can do with less memory, at the price of time."""

    def step_down(self) -> Step | None:
        """Return the next smaller step; None where this is the smallest."""
        ...


def restore_within_memory(
    restorer: Restorer, clip: Clip, reference: TemporalReference, note: Callable[[str], None]
) -> tuple[Restored, Restorer]:
    """Restore a window; where memory runs out, with ever smaller steps.

    Args:
        restorer: The method.
        clip: The window.
        reference: What leads into it.
        note: Takes a sentence for the manifest.

    Returns:
        What was restored, and the restorer to go on with.

    Raises:
        ReferenceMismatchError: See `Restorer.restore`.
        RestorerFailed: The method could not go on, or memory ran out at its smallest step.
    """
    while True:
        try:
            return restorer.restore(clip, reference), restorer
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            what = str(error).splitlines()[0] if str(error) else "no memory is left"
        # Outside the handler, where the error no longer holds the frames that hold the tensors.
        name = restorer.info.name
        step = restorer.step_down() if isinstance(restorer, Frugal) else None
        height, width = clip.pixels.shape[2:]
        if step is None:
            raise RestorerFailed(
                f"{name} ran out of memory at its smallest step, with {len(clip.frames)} crops of "
                f"{width}x{height}: free the device, take another or --device cpu ({what})"
            )
        gc.collect()
        _empty_device()
        _log.warning("%s: %s; from here on it %s", name, what, step.name)
        note(f"out of memory at frame {clip.frames[0]}: from there on, {name} {step.name}")
        restorer = step.restorer


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError):
        return True
    if "torch" not in sys.modules:  # the error is none of its own
        return False
    import torch  # noqa: PLC0415 - waits for its end, where another thread is loading it

    return isinstance(error, torch.OutOfMemoryError)


def _empty_device() -> None:
    if "torch" in sys.modules:
        import torch  # noqa: PLC0415 - see above

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
