"""What keeps samples exact when an EXR part is compressed again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from OpenEXR import Compression

if TYPE_CHECKING:
    from engine.image import Image, Part

_LOSSLESS = {
    Compression.NO_COMPRESSION,
    Compression.RLE_COMPRESSION,
    Compression.ZIPS_COMPRESSION,
    Compression.ZIP_COMPRESSION,
    Compression.PIZ_COMPRESSION,
    Compression.HTJ2K256_COMPRESSION,
    Compression.HTJ2K32_COMPRESSION,
    Compression.ZSTD_COMPRESSION,
}


def deliverable(image: Image) -> tuple[Image, str | None]:
    """Return the image with lossless compression, and what was changed for that.

    A lossy part cannot be compressed again without changing pixels that nobody touched.

    Returns:
        The image itself and None; or a copy with ZIP where compression was lossy, and a sentence
        for the manifest.
    """
    lossy = {compression_name(part) for part in image.parts if is_lossy(part)}
    if not lossy:
        return image, None
    names = ", ".join(sorted(lossy))
    parts = tuple(
        replace(part, attributes={**part.attributes, "compression": Compression.ZIP_COMPRESSION})
        if is_lossy(part)
        else part
        for part in image.parts
    )
    return (
        replace(image, parts=parts),
        f"The plate's {names} compression is lossy; delivered with ZIP to keep untouched pixels.",
    )


def is_lossy(part: Part) -> bool:
    """Return whether the part's compression may change samples of its types."""
    compression = _compression(part)
    if compression == Compression.PXR24_COMPRESSION:
        return any(samples.dtype == np.float32 for samples in part.channels.values())
    return compression not in _LOSSLESS


def compression_name(part: Part) -> str:
    """Return what the part's compression is called: ``DWAA``."""
    return _compression(part).name.removesuffix("_COMPRESSION")


def _compression(part: Part) -> Compression:
    return part.attributes.get("compression", Compression.ZIP_COMPRESSION)
