"""What the user gives beside the plate: exemplar pictures and inpainting masks.

A picture file is display-referred sRGB, as any picture for people is; an EXR is scene-linear in the
plate's colourspace. A mask's first channel counts, 1 where pixels are to be made up; it shows the
plate's display window, at any resolution.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.faces.align import plan_crops
from engine.faces.analysis import Proxy
from engine.faces.detect import FaceDetector
from engine.faces.pick import picked
from engine.faces.track import Track
from engine.faces.transform import cut_out
from engine.frame_io.pictures import open_picture
from engine.image import Box
from engine.regular import read_regular
from plugin_host.errors import (
    FrameCorrupt,
    FrameError,
    FrameMissing,
    FrameSizeChanged,
    SettingsError,
)
from plugin_host.frame_range import FrameRange
from plugin_host.picks import split_reference
from plugin_host.plate import Plate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from engine.frame_io.colour import PlateColour
    from engine.restorer import Crop
    from plugin_host.requests import Settings, Shot

SAME_SHAPE = 0.01
"""How far a mask's aspect ratio may be from the plate's: as far as rounding takes a small one."""
_HERO = re.compile(r"^frame:(-?\d+)$")


def hero_frame(reference: str) -> int | None:
    """Return the frame that ``frame:1042`` or ``Anna=frame:1042`` names; None for a path."""
    match = _HERO.match(split_reference(reference)[1])
    return int(match.group(1)) if match else None


def check_faces(settings: Settings, tracks: Sequence[Track]) -> None:
    """Refuse, once the shot's faces are known, settings that speak of others.

    Raises:
        SettingsError: A face that the shot does not have, or a hero frame without its person.
    """
    people = picked(settings.faces, tracks)
    for reference in settings.references:
        (name, exemplar), frame = split_reference(reference), hero_frame(reference)
        held = {f for track in tracks if people.get(track.number) == name for f in track.frames}
        if name and frame is not None and frame not in held:
            raise SettingsError(
                f"reference {exemplar} does not show {name}, who is seen in {FrameRange(held)}"
            )


def guide_hashes(settings: Settings, shot: Shot) -> dict[str, str]:
    """Return the sha256 of every file that the settings name, all masks as one.

    Raises:
        SettingsError: A picture or the detector is not there, the mask is a movie, or a hero frame
            lies outside the shot.
    """
    hashes: dict[str, str] = {}
    if settings.mask is not None:
        masks = Plate.parse(settings.mask)
        if masks.is_movie:
            raise SettingsError("a mask is pictures, not a movie", path=settings.mask)
        digest = hashlib.sha256()
        for frame in shot.all_frames if masks.single is None else [masks.single]:
            digest.update(f"{frame}:".encode())
            with suppress(OSError):  # it is missed where it is needed
                digest.update(read_regular(masks.path(frame)))
        hashes["mask"] = digest.hexdigest()
    if settings.detector is not None:
        try:
            hashes["detector"] = hashlib.sha256(read_regular(settings.detector)).hexdigest()
        except OSError as error:
            what = f"the face detector cannot be read: {error.strerror}; give a YuNet ONNX file"
            raise SettingsError(what, path=settings.detector) from None
    for number, reference in enumerate(settings.references, 1):
        frame = hero_frame(reference)
        if frame is not None:
            if frame not in shot.all_frames:
                raise SettingsError(f"hero frame {frame} lies outside the shot {shot.all_frames}")
            continue
        path = split_reference(reference)[1]
        try:
            hashes[f"reference {number}"] = hashlib.sha256(read_regular(path)).hexdigest()
        except OSError as error:
            raise SettingsError(
                f"the reference picture cannot be read: {error.strerror}; "
                "give a picture's path or frame:1042",
                path=path,
            ) from None
    return hashes


def read_picture(path: str, colour: PlateColour) -> NDArray[np.float32]:
    """Return a reference picture as ``(3, H, W)`` float32, display-referred sRGB in [0, 1].

    Raises:
        SettingsError: It is no picture.
    """
    try:
        pixels = _read_pixels(path)
    except FrameError as error:
        raise SettingsError(f"the reference picture {error.message}", path=path) from None
    planes = np.ascontiguousarray(np.moveaxis(_three_channels(pixels), 2, 0))
    if path.lower().endswith(".exr"):
        return colour.encode(planes)
    return np.clip(planes, 0.0, 1.0)


def portrait(picture: NDArray[np.float32], crop: Crop) -> NDArray[np.float32]:
    """Return a picture's surest face, cropped as faces of the plate are; else the picture.

    Args:
        picture: ``(3, H, W)`` float32, display-referred sRGB in [0, 1].
        crop: What the restorer wants to see; a native crop has no size to fit the picture to.
    """
    if crop.size is None:
        return picture
    codes = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    bounds = Box(0, 0, picture.shape[2] - 1, picture.shape[1] - 1)
    proxy = Proxy.of(bounds)
    small = cv2.resize(
        codes.transpose(1, 2, 0), (proxy.width, proxy.height), interpolation=cv2.INTER_AREA
    )
    found = FaceDetector().detect(np.asarray(small, np.uint8))
    if not found:
        return picture
    face = proxy.to_plate(found[0])
    track = Track(1, (0,), (face.centre,), (face.size,))
    made = cut_out(picture, bounds, plan_crops(track, crop, bounds)[0])
    return np.clip(made, 0.0, 1.0)  # for enlarging overshoots


class Exemplars:
    """The user's own pictures, each read once.

    Args:
        colour: The plate's colours.
        crop: What the restorer wants to see.
    """

    def __init__(self, colour: PlateColour, crop: Crop) -> None:
        self._colour = colour
        self._crop = crop
        self._held: dict[str, NDArray[np.float32]] = {}

    def picture(self, path: str) -> NDArray[np.float32]:
        """Return a picture as the restorer sees it, display-referred sRGB; not to be written to.

        Raises:
            SettingsError: It is no picture.
        """
        if path not in self._held:
            self._held[path] = portrait(read_picture(path, self._colour), self._crop)
        return self._held[path]


class Mask:
    """The inpainting mask of a shot.

    Args:
        pattern: Path pattern, or one picture for all frames.
        display: Display window of the plate.
    """

    def __init__(self, pattern: str, display: Box) -> None:
        self._plate = Plate.parse(pattern)
        self._display = display
        self._held: tuple[str, NDArray[np.float32]] | None = None  # the last one that was read

    def _path(self, frame: int) -> str:
        single = self._plate.single
        return self._plate.path(frame if single is None else single)

    def error(self, frame: int) -> FrameError | None:
        """Return why there is no usable mask for a frame, None where there is; reads no pixels."""
        path = self._path(frame)
        if not os.path.isfile(path):  # noqa: PTH113  # which, unlike pathlib, takes every name
            return FrameMissing("the mask is not there", frame=frame, path=path)
        try:
            picture = open_picture(path)
        except FrameError as error:
            return type(error)(f"the mask {error.message}", frame=frame, path=path)
        width, height = picture.spec().full_width, picture.spec().full_height
        picture.close()
        across, down = self._display.width / width, self._display.height / height
        if abs(across / down - 1) > SAME_SHAPE:
            return FrameSizeChanged(
                f"the mask is {width}x{height}, "
                f"the plate {self._display.width}x{self._display.height}: another shape",
                frame=frame,
                path=path,
            )
        return None

    def errors(self, frames: Iterable[int]) -> dict[int, FrameError]:
        """Return the frames that have no usable mask, and why."""
        frames = tuple(frames)
        if self._plate.single is not None and frames and self.error(frames[0]) is None:
            return {}  # it is the same picture for all
        found = {frame: self.error(frame) for frame in frames}
        return {frame: error for frame, error in found.items() if error is not None}

    def plane(self, frame: int) -> NDArray[np.float32]:
        """Return the mask of a frame over the display window, ``(H, W)`` float32 in [0, 1].

        One picture for all frames is read once. What is returned is not to be written to.

        Raises:
            FrameError: See `error`.
        """
        path, held = self._path(frame), self._held
        if held is None or held[0] != path:
            self._held = held = path, self._read(frame, path)
        return held[1]  # not what another thread may have put there meanwhile

    def _read(self, frame: int, path: str) -> NDArray[np.float32]:
        error = self.error(frame)
        if error is not None:
            raise error
        try:
            pixels = _read_pixels(path)
        except FrameError as error:
            raise type(error)(f"the mask {error.message}", frame=frame, path=path) from None
        return self._shown(np.nan_to_num(np.clip(pixels[:, :, 0], 0.0, 1.0)))

    def _shown(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mask at the plate's resolution; known pixels stay known but at an edge."""
        width, height = self._display.width, self._display.height
        if plane.shape == (height, width):
            return np.ascontiguousarray(plane)
        how = cv2.INTER_AREA if plane.shape[0] > height else cv2.INTER_LINEAR
        made = np.asarray(cv2.resize(plane, (width, height), interpolation=how), np.float32)
        return np.minimum(made, 1)  # which rounding goes beyond


def _read_pixels(path: str) -> NDArray[np.float32]:
    """Return ``(H, W, C)`` float32 as OpenImageIO reads it: integers scaled to [0, 1].

    What lies outside an EXR's data window is 0.
    """
    picture = open_picture(path)
    try:
        pixels, spec = picture.read_image("float"), picture.spec()
    finally:
        picture.close()
    if pixels is None:
        raise FrameCorrupt("cannot be decoded")
    held = Box(spec.x, spec.y, spec.x + spec.width - 1, spec.y + spec.height - 1)
    left, top = spec.full_x, spec.full_y
    shown = Box(left, top, left + spec.full_width - 1, top + spec.full_height - 1)
    if held == shown:
        return np.asarray(pixels, np.float32)
    whole = np.zeros((shown.height, shown.width, spec.nchannels), np.float32)
    both = held.intersection(shown)
    if both is not None:
        whole[both.slices(shown)] = pixels[both.slices(held)]
    return whole


def _three_channels(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] < 3 else pixels[:, :, :3]
