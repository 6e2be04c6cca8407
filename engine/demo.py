"""The demonstration: a degraded plate of real pixels goes through the engine in two ranges.

It makes the plate, starts an engine of its own, submits 1001-1030 and then 1031-1060 over ZeroMQ
with the standard-library client, restores the same shot once more in one request, compares the two
bit for bit, and measures the gain against the clean truth.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import OpenEXR

from engine.compute import pin
from engine.console import Console
from engine.demo_plate import RATE, DemoFrames, demo_frames, linear
from engine.demo_report import draw_contact_sheet, draw_time_stack, gains
from engine.frame_io.colour import PlateColour
from engine.frame_io.colourspace import resolve_colourspace
from engine.frame_io.exr import encode_image, read_image, to_float32, to_half
from engine.image import BEAUTY, Box, Image, Part
from engine.restorers import DEFAULT
from plugin_host.client import EngineClient
from plugin_host.frame_range import FrameRange
from plugin_host.launcher import find_or_start
from plugin_host.plate import Plate
from plugin_host.replies import Finished
from plugin_host.requests import Settings, Shot, Submit

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SHOT = FrameRange.between(1001, 1060)
RANGES = (FrameRange.between(1001, 1030), FrameRange.between(1031, 1060))
COLOURSPACE = "lin_rec709_scene"
DISPLAY = Box(0, 0, 639, 479)
DATA = Box(12, 8, 627, 471)  # smaller than the display window, as a comp's bounding box is


def run_demo(folder: Path) -> int:
    """Run it all in `folder`; return the exit code: 1 where the two ranges differ from one run."""
    pin(2, "cpu")
    begun = time.monotonic()
    folder = folder.absolute()
    for name in ("plate", "two_ranges", "one_run"):
        shutil.rmtree(folder / name, ignore_errors=True)
    print("making the plate: a portrait in motion, blurred, with noise, through H.264")
    frames = demo_frames(len(SHOT), (DISPLAY.width, DISPLAY.height))
    pattern = write_plate(folder / "plate", frames)
    connection = str(folder / "engine" / "connection.json")
    os.environ.setdefault("FACEPLATE_ENGINE", f"{sys.executable} -m engine")

    def again():  # noqa: ANN202 - Connection
        return find_or_start(connection)

    print("starting an engine")
    with EngineClient(again(), "demo", again=again) as client:
        for asked in RANGES:
            _submit(client, pattern, asked, folder / "two_ranges")
        _submit(client, pattern, SHOT, folder / "one_run")
        client.stop()
    same = _compare(folder)
    _measure(folder, frames)
    print(f"all in {time.monotonic() - begun:.0f} s")
    return 0 if same else 1


def write_plate(folder: Path, frames: DemoFrames) -> str:
    """Write the degraded frames as half-float scene-linear EXR; return their path pattern.

    Each frame has an extra AOV channel, a timecode, a rational rate, and a data window smaller than
    its display window.
    """
    folder.mkdir(parents=True)
    rows, columns = DATA.slices(DISPLAY)
    depth = np.linspace(1, 4, DATA.width, dtype=np.float32)[None].repeat(DATA.height, axis=0)
    for frame, codes in zip(SHOT, frames.degraded, strict=True):
        light = np.moveaxis(linear(codes[rows, columns]), 2, 0)
        channels: dict[str, NDArray[Any]] = {
            name: to_half(np.ascontiguousarray(plane))
            for name, plane in zip(BEAUTY, light, strict=True)
        }
        attributes: dict[str, Any] = {
            "colorInteropID": COLOURSPACE,
            "timeCode": _timecode(frame),
            "framesPerSecond": Fraction(RATE, 1),
            "compression": OpenEXR.Compression.ZIP_COMPRESSION,
        }
        part = Part({**channels, "depth.Z": depth}, DATA, attributes)
        data = encode_image(Image((part,), DISPLAY))
        (folder / f"portrait.{frame:04d}.exr").write_bytes(data)
    return str(folder / "portrait.%04d.exr")


def _timecode(frame: int) -> OpenEXR.TimeCode:
    """Return hours, minutes, seconds and frame since 01:00:00:00; no flags, no user bits."""
    seconds, rest = divmod(frame, RATE)
    return OpenEXR.TimeCode(1, seconds // 60, seconds % 60, rest, *[0] * 14)


def _submit(client: EngineClient, pattern: str, frames: FrameRange, output: Path) -> None:
    print(f"restoring {frames} of shot {SHOT} with {DEFAULT}")
    shot = Shot(Plate.parse(pattern), SHOT)
    settings = Settings(DEFAULT, layers=("beauty", "matte", "source"))
    console = Console(as_json=False)
    accepted = client.submit(Submit(shot, frames, settings, str(output)))
    for event in client.events(accepted.job):
        if isinstance(event, Finished):
            console.finished(event)
        else:
            console.heard(event)


def _compare(folder: Path) -> bool:
    """Say whether the two ranges gave the very bytes of the one run."""
    names = sorted(path.name for path in (folder / "one_run").glob("*.exr"))
    differ = [
        name
        for name in names
        if (folder / "one_run" / name).read_bytes() != (folder / "two_ranges" / name).read_bytes()
    ]
    if differ or len(names) != len(SHOT):
        print(
            f"PROBLEM: {len(differ)} of {len(names)} frames differ between two ranges and one run"
        )
        return False
    print(f"two ranges equal one run bit for bit: {len(names)} of {len(names)} files identical")
    return True


def _measure(folder: Path, frames: DemoFrames) -> None:
    colour = PlateColour(resolve_colourspace(COLOURSPACE, {}))
    plate: list[NDArray[np.float32]] = []
    restored: list[NDArray[np.float32]] = []
    matte: list[NDArray[np.float32]] = []
    for path in sorted((folder / "two_ranges").glob("*.exr")):
        channels = read_image(str(path)).beauty.channels
        for prefix, into in (("source.", plate), ("", restored)):
            planes = np.stack([to_float32(channels[prefix + name]) for name in BEAUTY])
            into.append(colour.picture(planes).astype(np.float32) / np.float32(255))
        matte.append(to_float32(channels["faceplate.matte"]))
    rows, columns = DATA.slices(DISPLAY)
    clean = frames.clean[:, rows, columns].astype(np.float32) / np.float32(255)
    pictures = {"plate": np.stack(plate), "restored": np.stack(restored)}
    for gain in gains(clean, pictures["plate"], pictures["restored"], np.stack(matte)):
        print(f"{gain.name}: {gain.before:.2f} -> {gain.after:.2f} {gain.unit}")
    sheet, stack = folder / "before_after.png", folder / "column_over_time.png"
    draw_contact_sheet(sheet, {**pictures, "clean": clean}, np.stack(matte), SHOT.first)
    draw_time_stack(stack, {**pictures, "clean": clean}, np.stack(matte))
    print(f"before and after: {sheet}\none pixel column over time: {stack}")
