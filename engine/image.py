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
        """Index of the first flat part that holds R, G and B.

        Raises:
            FrameUnsupported: No part does.
        """
        for index, part in enumerate(self.parts):
            if not part.is_deep and all(name in part.channels for name in BEAUTY):
                return index
        held = ", ".join(name for part in self.parts for name in part.channels) or "none"
        raise FrameUnsupported(f"needs channels R, G and B in a flat part; it holds {held}")

    @property
    def beauty(self) -> Part:
        """The part that is restored."""
        return self.parts[self.beauty_index]

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
