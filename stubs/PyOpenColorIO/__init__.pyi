# ruff: noqa: A001, N802, N803  # the names are the library's
# The part of OpenColorIO's Python module that Faceplate calls.
import builtins
from collections.abc import Iterable, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

class Exception(builtins.Exception): ...
class ExceptionMissingFile(builtins.Exception): ...

class OptimizationFlags(IntEnum):
    OPTIMIZATION_LOSSLESS = ...

OPTIMIZATION_LOSSLESS: OptimizationFlags

class SearchReferenceSpaceType(IntEnum):
    SEARCH_REFERENCE_SPACE_ALL = ...

SEARCH_REFERENCE_SPACE_ALL: SearchReferenceSpaceType

class ColorSpaceVisibility(IntEnum):
    COLORSPACE_ALL = ...

COLORSPACE_ALL: ColorSpaceVisibility

class NegativeStyle(IntEnum):
    NEGATIVE_PASS_THRU = ...

NEGATIVE_PASS_THRU: NegativeStyle

class TransformDirection(IntEnum):
    TRANSFORM_DIR_INVERSE = ...

TRANSFORM_DIR_INVERSE: TransformDirection

class Transform: ...

class BuiltinTransform(Transform):
    def __init__(self, style: str) -> None: ...

class ColorSpaceTransform(Transform):
    def __init__(self, src: str, dst: str) -> None: ...

class ExponentTransform(Transform):
    def __init__(
        self, value: Sequence[float], negativeStyle: NegativeStyle, direction: TransformDirection
    ) -> None: ...

class GroupTransform(Transform):
    def __init__(self, transforms: Sequence[Transform]) -> None: ...

class LogCameraTransform(Transform):
    def __init__(
        self,
        linSideBreak: Sequence[float],
        base: float,
        logSideSlope: Sequence[float],
        logSideOffset: Sequence[float],
        linSideSlope: Sequence[float],
        linSideOffset: Sequence[float],
        linearSlope: Sequence[float],
    ) -> None: ...

class ColorSpace:
    def __init__(
        self,
        *,
        name: str,
        toReference: Transform | None = None,
        fromReference: Transform | None = None,
    ) -> None: ...
    def addAlias(self, alias: str) -> None: ...
    def setInteropID(self, interopID: str) -> None: ...
    def getName(self) -> str: ...
    def getAliases(self) -> Iterable[str]: ...
    def getInteropID(self) -> str: ...
    def isData(self) -> bool: ...

class PlanarImageDesc:
    def __init__(
        self,
        rData: NDArray[np.float32],
        gData: NDArray[np.float32],
        bData: NDArray[np.float32],
        width: int,
        height: int,
    ) -> None: ...

class CPUProcessor:
    def apply(self, imageDesc: PlanarImageDesc) -> None: ...

class Processor:
    def getOptimizedCPUProcessor(self, oFlags: OptimizationFlags) -> CPUProcessor: ...

class Config:
    @staticmethod
    def CreateFromFile(fileName: str) -> Config: ...
    @staticmethod
    def GetProcessorFromConfigs(
        srcConfig: Config, srcColorSpaceName: str, dstConfig: Config, dstColorSpaceName: str
    ) -> Processor: ...
    def setVersion(self, major: int, minor: int) -> None: ...
    def addColorSpace(self, colorSpace: ColorSpace) -> None: ...
    def getCanonicalName(self, name: str) -> str: ...
    def getColorSpace(self, name: str) -> ColorSpace | None: ...
    def getColorSpaces(
        self, searchReferenceType: SearchReferenceSpaceType, visibility: ColorSpaceVisibility
    ) -> Iterable[ColorSpace]: ...
    def getRoleNames(self) -> Iterable[str]: ...
    def getProcessor(self, srcColorSpaceName: str, dstColorSpaceName: str) -> Processor: ...
