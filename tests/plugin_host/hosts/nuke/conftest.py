"""A fake Nuke with tiny plates, what an engine would describe, and results that it would give."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from plugin_host.frame_range import FrameRange
from plugin_host.host import Result
from plugin_host.plate import Plate
from plugin_host.replies import Description, Finished, ParameterText, RestorerText
from plugin_host.requests import Settings, Submit
from tests.hosts.exr_file import flat, write_exr
from tests.hosts.nuke import NukeKit, pictures

SIZE = (6, 4)


def restorer(name, *, guides=(), parameters=()):
    return RestorerText(
        name=name,
        title=name.title(),
        tasks=("bfr", "colour"),
        link="independent",
        window=8,
        overlap=2,
        guides=guides,
        content_agnostic=True,
        parameters=parameters,
        licence="Apache-2.0",
        source="here",
    )


DESCRIPTION = Description(
    (
        restorer("lite", parameters=(ParameterText("strength", 100, 0, 100, "%", "How much."),)),
        restorer("svfr-tiny", guides=("reference",)),
    )
)


def write_plate(folder, frames, *, level=0.1, names="RGBA"):
    """Write flat frames, each a little lighter; return their pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        value = level + (frame % 100) / 1024
        write_exr(folder / f"p.{frame:04d}.exr", flat(*SIZE, [value] * 3 + [1.0], names))
    return str(folder / "p.%04d.exr")


def write_restored(folder, frames, *, level=0.5, matte=None):
    """Write what an engine would deliver; return its plate."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        picture = flat(*SIZE, [level + (frame % 100) / 1024] * 3 + [1.0])
        if matte is not None:
            picture.planes.update(flat(*SIZE, [matte], ["faceplate.matte"]).planes)
        write_exr(folder / f"p_restored.{frame:04d}.exr", picture)
    return Plate.parse(str(folder / "p_restored.%04d.exr"))


def result_of(selection, plate, frames=None, *, take="", layers=("beauty",), errors=()):
    """Return a verified result of a selection."""
    delivered = selection.frames if frames is None else frames
    settings = Settings("lite", layers=layers)
    submit = Submit(selection.shot, selection.frames, settings, plate.folder)
    take = take or str(Path(plate.folder) / "p.take")
    finished = Finished("0" * 16, take, len(delivered), 0, {}, tuple(errors), ())
    return Result(selection, submit, plate, delivered, take, finished)


def read_node(nuke, pattern, begin, end, **knobs):
    """Return a Read as an artist makes one, and selects it."""
    read = nuke.createNode("Read")
    read["file"].fromUserText(f"{pattern} {begin}-{end}")
    for name, value in {"colorspace": "linear", **knobs}.items():
        read[name].setValue(value)
    return read


def red(node, frame, view="main"):
    """Return a node's red sample in the middle, as a comp would see it."""
    return pictures.sample(pictures.pull(node, frame, view), "red", 2, 2)


@pytest.fixture
def kit():
    with NukeKit(version=(13, 2, 8), gui=True) as kit:
        yield kit
        assert kit.errors == []


@pytest.fixture
def nuke(kit):
    return kit.nuke


@pytest.fixture(scope="session")
def made():
    """What tests of this folder share."""
    return SimpleNamespace(
        DESCRIPTION=DESCRIPTION,
        ranged=FrameRange.parse,
        read=read_node,
        red=red,
        restored=write_restored,
        result=result_of,
        plate=write_plate,
    )
