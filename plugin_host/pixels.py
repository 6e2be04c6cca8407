"""A frame's pixels as a client holds them: looked at where they lie, never copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugin_host.frame_replies import PixelsText
    from plugin_host.ring import Slot


class Pixels:
    """A frame's pixels, scene-linear, in a slot that is this object's until it is released.

    Or in a message's own memory, where they were sent along.

    Attributes:
        layout: Where each sample lies, and of what type it is; see `replies.PixelsText`.
        memory: All bytes: ``(C, H, W)`` samples, or ``(H, W, C)`` where they were asked for so.
    """

    def __init__(
        self, layout: PixelsText, slot: Slot | None, memory: bytes | memoryview = b""
    ) -> None:
        self.layout = layout
        self.memory = memoryview(slot.memory if slot else memory)[: layout.size]
        self._slot = slot

    def plane(self, channel: str) -> memoryview[Any]:
        """Return one channel of planar pixels, ``(H, W)``: float32, or half as its 16 bits.

        Raises:
            ValueError: There is no such channel, or the channels are interleaved.
        """
        layout = self.layout
        left, top, right, bottom = layout.data_window
        if layout.row_bytes != (right - left + 1) * (4 if layout.samples == "float" else 2):
            raise ValueError("interleaved channels lie in `memory`, not in planes")
        begin = layout.channels.index(channel) * layout.channel_bytes
        form = "f" if layout.samples == "float" else "H"
        rows = bottom - top + 1
        flat = self.memory[begin : begin + rows * layout.row_bytes]
        return flat.cast(form, (rows, right - left + 1))

    def release(self) -> None:
        """Give the slot back; `memory` can be used no more.

        Raises:
            BufferError: A plane, an array or the like, made from it, still looks at it.
        """
        self.memory.release()
        if self._slot is not None:
            self._slot.release()

    def __enter__(self) -> Pixels:  # noqa: PYI034 - Self needs a newer Python than hosts have
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
