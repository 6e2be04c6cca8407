# ruff: noqa: N802, N803, N815  # the names are the library's
# The part of the OpenEXR wheel that Faceplate calls.
from collections.abc import Mapping
from enum import IntEnum
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

class Compression(IntEnum):
    NO_COMPRESSION = ...
    RLE_COMPRESSION = ...
    ZIPS_COMPRESSION = ...
    ZIP_COMPRESSION = ...
    PIZ_COMPRESSION = ...
    PXR24_COMPRESSION = ...
    B44_COMPRESSION = ...
    B44A_COMPRESSION = ...
    DWAA_COMPRESSION = ...
    DWAB_COMPRESSION = ...
    HTJ2K256_COMPRESSION = ...
    HTJ2K32_COMPRESSION = ...
    ZSTD_COMPRESSION = ...

class Storage(IntEnum):
    scanlineimage = ...
    tiledimage = ...
    deepscanline = ...
    deeptile = ...

class LevelMode(IntEnum):
    ONE_LEVEL = ...
    MIPMAP_LEVELS = ...
    RIPMAP_LEVELS = ...

class TileDescription:
    xSize: int
    ySize: int
    mode: LevelMode
    def __init__(self) -> None: ...

class TimeCode:
    hours: int
    minutes: int
    seconds: int
    frame: int
    dropFrame: bool
    fieldPhase: bool
    def __init__(self, *fields: int) -> None: ...

class Channel:
    name: str
    pixels: NDArray[Any]
    xSampling: int
    ySampling: int
    pLinear: bool
    def __init__(
        self,
        name: str,
        pixels: NDArray[Any],
        xSampling: int,
        ySampling: int,
        pLinear: bool = False,
    ) -> None: ...

class Part:
    header: dict[str, Any]
    channels: dict[str, Channel]
    def __init__(
        self,
        header: Mapping[str, Any],
        channels: Mapping[str, Channel | NDArray[np.generic]],
        name: str = "",
    ) -> None: ...

class File:
    parts: list[Part]
    def __init__(
        self,
        source: BytesIO | str | list[Part],
        separate_channels: bool = False,
        header_only: bool = False,
        num_threads: int = -1,
    ) -> None: ...
    def write(self, target: BytesIO | str) -> None: ...

def chromaticitiesToColorInteropID(
    chromaticities: tuple[float, ...], tolerance: float = 0.001
) -> str | None: ...
