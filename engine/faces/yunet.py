"""Finding faces with a YuNet file that the user supplies, through ONNX Runtime.

Rules of this file:
    - The file is read once, by its bytes, and its layout is checked before it is believed: what
      is no YuNet is refused with the first thing that differs.
    - CUDA runs it only if the session says so: a provider may be listed and yet not work.
    - Nothing leaves the machine: ONNX Runtime reports to its maker unless it is told not to, by the
      environment before it loads, and by a call where it heeds no environment (Windows).
    - One thread, so that the same picture gives the same boxes on any machine's number of them.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.faces.yunet_decode import STRIDES, WIDTHS, decode, face_box
from engine.regular import read_regular
from plugin_host.errors import SettingsError, WeightsError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession, NodeArg

    from engine.faces.detect import FaceBox

LONGEST_SIDE = 640
"""Longest side, in pixels, at which faces are looked for where the file allows any."""
MULTIPLE = max(STRIDES)
"""What the sides of the looked-at picture are multiples of."""
MOST_BYTES = 1 << 28
"""What a detector's file may hold; the official one has a quarter of a million."""
CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
FLOAT = "tensor(float)"
RIGHT_FILE = "give face_detection_yunet_2023mar.onnx or _2026may.onnx of the OpenCV Zoo"
SILENT = "ORT_DISABLE_TELEMETRY"
"""Variable that keeps ONNX Runtime from making an identifier of this machine and reporting."""
_OLDER = {"loc", "conf", "iou"}

_log = logging.getLogger("faceplate.faces")


class YuNet:
    """Finds faces as `FaceDetector` does, by a file in the layout of YuNet since 2023.

    Args:
        path: Of the ONNX file.

    Raises:
        WeightsError: It cannot be read, is damaged, or is another network.
        SettingsError: ONNX Runtime is not installed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._session = _open(path)
        self.provider: str = self._session.get_providers()[0]
        _log.info("%s runs on %s", path, self.provider)
        try:
            self._input, self._shape = _checked_input(self._session.get_inputs())
            self._outputs = _checked_outputs(self._session.get_outputs(), self._shape)
        except ValueError as error:
            raise self._refused(str(error)) from None

    def detect(self, picture: NDArray[np.uint8]) -> tuple[FaceBox, ...]:
        """Return the faces of a picture, the surest first.

        Args:
            picture: ``(H, W, 3)`` uint8, display-referred RGB.

        Returns:
            Boxes in the picture's pixels, of which no two are one face.

        Raises:
            WeightsError: The file does something else than it declares.
        """
        looked, scale = _fitted(picture, self._shape)
        try:
            values = self._session.run(self._outputs, {self._input: looked})
        except Exception as error:  # noqa: BLE001 - its errors have no common base but this
            raise self._refused(f"it does not run: {error}") from None
        outputs = dict(zip(self._outputs, values, strict=True))
        height, width = looked.shape[2:]
        for name, value in outputs.items():
            what, stride = name.split("_")
            right = (1, height * width // int(stride) ** 2, WIDTHS[what])
            if value.shape != right:
                raise self._refused(f"output {name} is {value.shape}, should be {right}")
        # Pixel 0 of a scaled picture has its centre not where the larger one's has.
        shift = (1 / scale - 1) / 2
        return tuple(
            face_box(score, landmarks / scale + shift)
            for score, landmarks in decode(outputs, width)
        )

    def _refused(self, why: str) -> WeightsError:
        return WeightsError(f"this is no YuNet: {why}; {RIGHT_FILE}", path=self._path)


def _open(path: str) -> InferenceSession:
    """Return a session, on CUDA where that works."""
    try:
        data = read_regular(path, most=MOST_BYTES)
    except OSError as error:
        raise WeightsError(
            f"the face detector cannot be read: {error.strerror}", path=path
        ) from None
    os.environ[SILENT] = "1"
    try:
        import onnxruntime  # noqa: PLC0415 - an extra, and it takes a while
    except ImportError as error:
        what = "a face detector of your own needs ONNX Runtime"
        hint = "pip install 'faceplate[yunet]', or 'faceplate[gpu]' on a machine with CUDA"
        raise SettingsError(f"{what} ({error}): {hint}", path=path) from None
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what goes wrong is said here, in words
    providers = [one for one in (CUDA, CPU) if one in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(data, options, providers=providers)
    except Exception as error:  # noqa: BLE001 - its errors have no common base but this
        raise WeightsError(
            f"this is no ONNX file, or a damaged one: {error}; {RIGHT_FILE}", path=path
        ) from None


def _checked_input(inputs: list[NodeArg]) -> tuple[str, tuple[int | None, int | None]]:
    """Return the input's name, and height and width where they are fixed."""
    if len(inputs) != 1:
        raise ValueError(f"it has {len(inputs)} inputs, should have 1")
    (only,) = inputs
    shape = list(only.shape)
    if only.type != FLOAT or len(shape) != 4 or shape[:2] != [1, 3]:
        raise ValueError(
            f"input {only.name} is {only.type} {shape}, should be {FLOAT} [1, 3, H, W]"
        )
    height, width = (side if isinstance(side, int) else None for side in shape[2:])
    for side in (height, width):
        if side is not None and (side < MULTIPLE or side % MULTIPLE):
            raise ValueError(f"input {only.name} is {shape}, sides should be multiples of 32")
    return only.name, (height, width)


def _checked_outputs(outputs: list[NodeArg], shape: tuple[int | None, int | None]) -> list[str]:
    """Return the outputs' names, in one order."""
    found = {output.name: output for output in outputs}
    if set(found) >= _OLDER:
        raise ValueError("its outputs are loc, conf and iou, the layout of 2022 and before")
    height, width = shape
    for name in (names := [f"{what}_{stride}" for what in WIDTHS for stride in STRIDES]):
        if name not in found:
            raise ValueError(f"it has no output {name}, only {', '.join(found) or 'none'}")
        what, stride = name.split("_")
        cells = height * width // int(stride) ** 2 if height and width else None
        right = [1, cells, WIDTHS[what]]
        given = list(found[name].shape)
        fits = len(given) == 3 and all(
            one == other or not isinstance(one, int) or other is None
            for one, other in zip(given, right, strict=True)
        )
        if found[name].type != FLOAT or not fits:
            wanted = str(right).replace("None", "N")
            raise ValueError(
                f"output {name} is {found[name].type} {given}, should be {FLOAT} {wanted}"
            )
    return names


def _fitted(
    picture: NDArray[np.uint8], shape: tuple[int | None, int | None]
) -> tuple[NDArray[np.float32], float]:
    """Return the picture as YuNet reads it, and how much smaller it is made for that.

    ``(1, 3, H, W)`` float32, display-referred BGR in [0, 255], black right and below.
    """
    height, width = picture.shape[:2]
    most_high, most_wide = (LONGEST_SIDE if side is None else side for side in shape)
    scale = min(most_high / height, most_wide / width, 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    if scale < 1:
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    full = [
        -(-side // MULTIPLE) * MULTIPLE if fixed is None else fixed
        for side, fixed in zip(size[::-1], shape, strict=True)
    ]
    looked = np.zeros((1, 3, *full), np.float32)
    looked[0, :, : size[1], : size[0]] = picture[..., ::-1].transpose(2, 0, 1)
    return looked, scale
