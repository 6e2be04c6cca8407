"""An image as a plate holds it: parts, channels, windows, attributes. Pure values, no files.

Rules of this file:
    - Pixels are never converted here: a half channel stays half, a uint32 id stays uint32.
    - A data window says where the stored samples lie; a display window says what is looked at.
      Both are inclusive pixel coordinates, y downward, and may be negative, as in OpenEXR.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from plugin_host.errors import FrameUnsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

BEAUTY = ("R", "G", "B")
MOST_PIXELS = 1 << 28
"""Pixels that a frame may claim: 16384 x 16384. Whoever claims more means to exhaust memory."""
MOST_BYTES = 1 << 32
"""What the samples of a frame may take, all its parts together."""


@dataclass(frozen=True, slots=True)
class Box:
    """An inclusive pixel rectangle, as OpenEXR writes one.

    Attributes:
        left: Lowest x.
        top: Lowest y.
        right: Highest x, included.
        bottom: Highest y, included.
    """

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top + 1

    def intersection(self, other: Box) -> Box | None:
        """Return what both hold, or None."""
        left, right = max(self.left, other.left), min(self.right, other.right)
        top, bottom = max(self.top, other.top), min(self.bottom, other.bottom)
        return Box(left, top, right, bottom) if left <= right and top <= bottom else None

    def union(self, other: Box) -> Box:
        """Return the smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def slices(self, origin: Box) -> tuple[slice, slice]:
        """Return the rows and columns of this box in an array whose first sample is `origin`'s.

        Raises:
            ValueError: The box begins left of or above `origin`; a negative index would silently
                name other pixels.
        """
        if self.left < origin.left or self.top < origin.top:
            raise ValueError(f"{self} begins before {origin}")
        return (
            slice(self.top - origin.top, self.bottom - origin.top + 1),
            slice(self.left - origin.left, self.right - origin.left + 1),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file.

    Attributes:
        channels: Full name (``R``, ``diffuse.R``) to samples ``(H, W)`` over the data window, of
            dtype float16, float32 or uint32; object arrays for deep channels.
        data_window: Where the samples lie.
        attributes: The header as the file gave it, structural attributes included.
    """

    channels: Mapping[str, NDArray[Any]]
    data_window: Box
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_deep(self) -> bool:
        """Whether pixels hold lists of samples; such a part is passed through, never restored."""
        return str(self.attributes.get("type", "")).startswith("Storage.deep") or any(
            samples.dtype == object for samples in self.channels.values()
        )

    def is_restorable(self, name: str) -> bool:
        """Whether a channel is there, not of whole numbers, and at every pixel."""
        samples = self.channels.get(name)
        shape = self.data_window.height, self.data_window.width
        return samples is not None and samples.dtype.kind == "f" and samples.shape == shape


@dataclass(frozen=True, slots=True)
class Image:
    """A frame: one or more parts under one display window.

    Attributes:
        parts: At least one, in the file's order.
        display_window: What is looked at.
        note: What a person should know of how it was read; empty for nothing.
    """

    parts: tuple[Part, ...]
    display_window: Box
    note: str = field(default="", kw_only=True)

    @property
    def beauty_index(self) -> int:
        """Index of the first flat part that holds R, G and B, half or float, at every pixel.

        Raises:
            FrameUnsupported: No part does.
        """
        for index, part in enumerate(self.parts):
            if not part.is_deep and all(map(part.is_restorable, BEAUTY)):
                return index
        held = ", ".join(filter(None, map(_described, self.parts))) or "none"
        raise FrameUnsupported(
            f"needs channels R, G and B in a flat part, half or float; it holds {held}"
        )

    @property
    def beauty(self) -> Part:
        """The part that is restored."""
        return self.parts[self.beauty_index]

    @property
    def plate_window(self) -> Box:
        """The beauty's data window in the plate, also where only some rows of it were read."""
        return self.beauty.data_window

    def with_beauty(
        self, channels: Mapping[str, NDArray[np.generic]], attributes: Mapping[str, Any]
    ) -> Self:
        """Return a copy whose beauty part holds `channels` and `attributes` beside its own.

        A channel or attribute of the same name is replaced; every other part is shared as it is.
        """
        index = self.beauty_index
        part = self.parts[index]
        new = replace(
            part,
            channels={**part.channels, **channels},
            attributes={**part.attributes, **attributes},
        )
        return replace(self, parts=(*self.parts[:index], new, *self.parts[index + 1 :]))


def _described(part: Part) -> str:
    """Return what a part holds, for a message."""
    if part.is_deep:
        return f"deep {', '.join(part.channels)}"
    shape = part.data_window.height, part.data_window.width
    kinds = {"u": " of whole numbers", "i": " of whole numbers"}
    texts = [
        name + (kinds.get(samples.dtype.kind, "") if samples.shape == shape else " subsampled")
        for name, samples in part.channels.items()
    ]
    return ", ".join(texts)
