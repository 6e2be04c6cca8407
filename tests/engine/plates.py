"""Small plates on disk, and requests for them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from OpenEXR import Compression

from engine.faces.analysis import Analysis
from engine.faces.track import Track
from engine.frame_io.exr import encode_image, read_image
from engine.image import Box, Image, Part
from engine.pipeline import restore_shot
from plugin_host.errors import FaceplateError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.replies import Analysed
from plugin_host.requests import Settings, Shot, Submit

SIZE = (40, 48)
"""Height and width of a plate, unless a test says otherwise."""
SPACE = "lin_rec709_scene"
GENTLE = {"compression": Compression.ZIP_COMPRESSION}


def picture(frame, size=SIZE):
    """Return a smooth scene-linear picture that moves, ``(3, H, W)`` float32."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    noise = np.random.default_rng(frame).normal(0, 0.01, (3, *size))
    waves = [0.3 + 0.2 * np.sin((x + frame) / (5 + c) + y / 7) for c in range(3)]
    return (np.stack(waves) + noise).astype(np.float32)


def image(planes, *, extra=None, window=None, display=None, attributes=None, dtype=np.float16):
    """Return an image of R, G and B with extra channels beside them."""
    height, width = planes.shape[1:]
    window = window or Box(0, 0, width - 1, height - 1)
    channels = dict(zip("RGB", planes.astype(dtype), strict=True)) | (extra or {})
    return Image((Part(channels, window, attributes or GENTLE),), display or window)


def write_plate(folder, frames, make=picture, *, name="shot", **fields):
    """Write a plate and return it; `make` gives a frame's planes, image or bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    plate = Plate.parse(str(folder / f"{name}.%04d.exr"), SPACE)
    for frame in frames:
        write_frame(plate, frame, make(frame), **fields)
    return plate


def write_frame(plate, frame, made, **fields):
    """Write, or write anew, one frame."""
    if isinstance(made, np.ndarray):
        made = image(made, **fields)
    data = encode_image(made) if isinstance(made, Image) else made
    Path(plate.path(frame)).write_bytes(data)


def request(plate, output, shot, frames=None, *, handles=0, on_error="skip", **settings):
    """Return a request; ranges are text, whole frames are the default."""
    shot = Shot(plate, FrameRange.parse(shot), handles)
    asked = shot.frames if frames is None else frames
    asked = FrameRange.parse(asked) if isinstance(asked, str) else FrameRange(asked)
    settings = {"restorer": "probe", "whole_frame": True, **settings}
    return Submit(shot, asked, Settings(**settings), str(output), on_error)


class Run:
    """One call of `restore_shot`, with what it said.

    Attributes:
        finished: The last word, None where it raised.
        error: What it raised of our own errors.
        said: Frame to the progress that spoke of it.
        analysed: How many frames were looked through, of how many, one after the other.
    """

    def __init__(self, submit, restorer, *, emit=lambda _: None, cancelled=lambda: False):
        self.said = {}
        self.analysed = []
        self.finished = self.error = None

        def hear(progress):
            if isinstance(progress, Analysed):
                self.analysed.append((progress.done, progress.total))
                return
            assert progress.frame not in self.said, "a frame is spoken of once"
            self.said[progress.frame] = progress
            emit(progress)

        try:
            self.finished = restore_shot(
                submit, restorer, job="0" * 16, emit=hear, cancelled=cancelled
            )
        except FaceplateError as error:
            self.error = error

    @property
    def statuses(self):
        return {frame: progress.status for frame, progress in self.said.items()}

    @property
    def codes(self):
        return {error.frame: error.code for error in self.finished.errors}


def delivered(output, name="shot"):
    """Return each delivered file's name and bytes."""
    return {path.name: path.read_bytes() for path in Path(output).glob(f"{name}_restored.*")}


def delivered_image(output, frame, name="shot"):
    """Return a delivered frame."""
    return read_image(str(Path(output) / f"{name}_restored.{frame:04d}.exr"))


def manifest(output, name="shot"):
    """Return the take's manifest."""
    return json.loads((Path(output) / f"{name}.take" / "manifest.json").read_text())


def litter(output):
    """Return the names of files that a writer left half done."""
    return [path.name for path in Path(output).rglob(".*")]


def track(number, frames, centre=(24.0, 20.0), size=8.0, drift=0.0):
    """Return a track of a face that moves right by `drift` pixels a frame."""
    frames = tuple(frames)
    centres = tuple((centre[0] + drift * i, centre[1]) for i in range(len(frames)))
    return Track(number, frames, centres, (size,) * len(frames))


def put_faces(monkeypatch, *tracks):
    """Let the analysis of every shot find these tracks, in the frames that are usable."""

    def analyse(pictures, _proxy, _detector=None):
        frames = tuple(frame for frame, _ in pictures)
        return Analysis(frames, (), tuple(_only(t, frames) for t in tracks))

    monkeypatch.setattr("engine.analysis.analyse", analyse)


def _only(found, frames):
    kept = [i for i, frame in enumerate(found.frames) if frame in frames]
    return Track(
        found.number,
        tuple(found.frames[i] for i in kept),
        tuple(found.centres[i] for i in kept),
        tuple(found.sizes[i] for i in kept),
        tuple(frame for frame in found.returns if frame in frames),
    )
