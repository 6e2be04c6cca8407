"""A request as arguments of the command line, with a place for every path.

Rules of this file:
    - Every path stands in a parameter, so that a farm may map it for each machine. What an argument
      says beyond it is joined by "/", which every system reads.
    - The same request comes out of the arguments again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Tuple, Union

from plugin_host.errors import PlateError
from plugin_host.path_map import base_name
from plugin_host.picks import HERO, picture_paths, split_reference
from plugin_host.plate import Plate

if TYPE_CHECKING:
    from plugin_host.frame_range import FrameRange
    from plugin_host.requests import Submit


class Token(NamedTuple):
    """A place in an argument that is filled when the task runs.

    Attributes:
        name: That of a `FarmParameter`, or of one of the two below.
    """

    name: str


VERB = Token("Verb")
"""``restore`` where the task is a process of its own, ``submit`` where it asks an engine."""
FRAMES = Token("Frames")
"""The task's frames, written as `FrameRange` prints them."""

Argument = Tuple[Union[str, Token], ...]
"""One argument of a command line, in pieces."""


class FarmParameter(NamedTuple):
    """A path that a farm may map.

    Attributes:
        name: Letters and digits, unique in the job.
        value: The absolute path, as the machine of the request calls it.
        folder: Whether it is a folder; else a file.
        written: Whether tasks write there; else they read.
        text: What it is, for people.
    """

    name: str
    value: str
    folder: bool
    written: bool
    text: str


def arguments_of(request: Submit) -> tuple[tuple[Argument, ...], tuple[FarmParameter, ...]]:
    """Return what to do with a shot as arguments of ``restore`` and ``submit``.

    With ``--frames`` the same request comes out of them again.
    """
    shot, settings = request.shot, request.settings
    parameters = [
        FarmParameter("PlateFolder", shot.plate.folder, True, False, "folder of the plate"),
        FarmParameter("Output", request.output, True, True, "folder of the restored frames"),
    ]
    words: list[Argument] = [(VERB,), (Token("PlateFolder"), "/" + _name(shot.plate))]
    words += [("--output",), (Token("Output"),), (f"--shot={shot.frames}",)]
    words += _plain(request)
    if settings.mask is not None:
        mask = Plate.parse(settings.mask)
        parameters.append(
            FarmParameter("MaskFolder", mask.folder, True, False, "folder of the mask")
        )
        words += [("--mask",), (Token("MaskFolder"), "/" + _name(mask))]
    if settings.detector is not None:
        what = "YuNet file that finds the faces"
        parameters.append(FarmParameter("Detector", settings.detector, False, False, what))
        words += [("--detector",), (Token("Detector"),)]
    else:
        words.append(("--detector=",))
    for number, reference in enumerate(settings.references, 1):
        person, exemplar = split_reference(reference)
        before = f"{person}=" if person else ""
        words.append(("--reference",))
        if exemplar.startswith(HERO):
            words.append((before + exemplar,))
            continue
        name, what = f"Reference{number}", f"picture of {person or 'the person'}"
        parameters.append(FarmParameter(name, exemplar, False, False, what))
        words.append((before, Token(name)) if before else (Token(name),))
    return tuple(words), tuple(parameters)


def _plain(request: Submit) -> list[Argument]:
    """Return the arguments without a path, empty ones included: a farm's machines have defaults."""
    shot, settings = request.shot, request.settings
    words = [
        f"--handles={shot.handles}",
        f"--restorer={settings.restorer}",
        f"--tasks={','.join(settings.tasks)}",
        f"--layers={','.join(settings.layers)}",
        f"--seed={settings.seed}",
        f"--on-error={request.on_error}",
        f"--warm-up={settings.warm_up}",
        "--whole-frame" if settings.whole_frame else "--no-whole-frame",
        f"--faces={','.join(settings.faces) or 'all'}",
        "--set=",
        *(f"--set={name}={value}" for name, value in sorted(settings.parameters.items())),
        f"--colourspace={shot.plate.colourspace or ''}",
    ]
    return [(word,) for word in words]


def _name(plate: Plate) -> str:
    return base_name(plate.pattern if plate.single is None else plate.path(plate.single))


def files_read(request: Submit) -> tuple[str, ...]:
    """Return every file that the job reads and that is there now, for farms that carry them along.

    Of paths that are the farm's own machines', nothing is there.
    """
    shot, settings = request.shot, request.settings
    paths = _pictures(shot.plate, shot.all_frames)
    if settings.mask is not None:
        paths += _pictures(Plate.parse(settings.mask), shot.all_frames)
    loose = [settings.detector] if settings.detector else []
    loose += picture_paths(settings.references)
    return tuple(paths + [path for path in loose if os.path.isfile(path)])


def _pictures(plate: Plate, frames: FrameRange) -> list[str]:
    if plate.is_movie or plate.single is not None:
        path = plate.pattern if plate.single is None else plate.path(plate.single)
        return [path] if os.path.isfile(path) else []
    try:
        found = plate.frames_on_disk()
    except PlateError:
        return []
    return [plate.path(frame) for frame in found.intersection(frames)]
