"""From a whole drop to requests: a sequence each, a movie, or what a job file says.

Rules of this file:
    - A sequence with gaps is restored with the frames that are there.
    - Whatever a drop says is confined to the watch folder and the configured roots, links followed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.arguments import read_request
from engine.defaults import told_defaults, values_of
from engine.regular import read_regular
from engine.roots import confine
from engine.watch.drops import PICTURES, PlateFiles, is_media
from plugin_host.errors import FaceplateError, PlateError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import MOVIES, Plate
from plugin_host.requests import Settings, Shot, Submit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from engine.defaults import Defaults, Layer
    from engine.watch.drops import Drop, Entry
    from plugin_host.path_map import PathMap

_MOST_JOB = 16 << 20  # bytes of a job file
_PROBE_S = 300.0  # to count the frames of a movie


class Wish(NamedTuple):
    """A request that a drop makes.

    Attributes:
        submit: It.
        gaps: Frames between its first and its last that are not there; empty for none.
        moves: Whether its output is ours to choose: another beside it, where a take is in its way.
    """

    submit: Submit
    gaps: str = ""
    moves: bool = True


class Found(NamedTuple):
    """A plate that lies in a drop, and its frames."""

    plate: Plate
    frames: FrameRange


def read_job(path: Path, roots: Sequence[str]) -> Submit:
    """Read a job file.

    Raises:
        FaceplateError: It cannot be read, lies elsewhere, or is no request.
    """
    try:
        data = read_regular(path, most=_MOST_JOB, roots=roots)
    except OSError as error:
        raise SettingsError(f"cannot read the job: {error.strerror}", path=str(path)) from None
    return read_request(data)


def plates_of(
    found: Iterable[Drop], root: Path, roots: Sequence[str], paths: PathMap
) -> dict[str, PlateFiles]:
    """Return where the plates of job files lie, as far as these can be read yet."""
    plates: dict[str, PlateFiles] = {}
    for drop in found:
        if drop.kind == "job" and not drop.refused:
            try:
                submit = paths.submit_to_engine(read_job(root / drop.name, roots))
            except FaceplateError:  # half copied, perhaps; else it is said when it is begun
                continue
            lies = plate_files(submit, root)
            plates.update({} if lies is None else {drop.name: lies})
    return plates


def plate_files(submit: Submit, root: Path) -> PlateFiles | None:
    """Return how the plate of a job lies in the watch folder; None where it lies elsewhere."""
    plate = submit.shot.plate
    path = plate.path(plate.single) if plate.single is not None else ""
    prefix, suffix = (path, "") if path else (plate.prefix, plate.suffix)
    try:
        return PlateFiles(Path(prefix).relative_to(root).as_posix() + _end(prefix), suffix)
    except ValueError:
        return None


def _end(prefix: str) -> str:
    return "/" if prefix.endswith("/") else ""


def wishes(
    drop: Drop, root: Path, roots: Sequence[str], layers: Sequence[Layer], paths: PathMap
) -> list[Wish]:
    """Return the requests of a drop.

    Args:
        drop: What was dropped; whole.
        root: The watch folder, a real path.
        roots: It and the configured ones.
        layers: Settings of rooms, the foremost first.
        paths: What this machine calls the folders of those who write job files.

    Raises:
        FaceplateError: It cannot be understood, or reaches out of the roots.
    """
    if drop.kind == "job":
        submit = paths.submit_to_engine(read_job(root / drop.name, roots))
        found = [Wish(submit, moves=False)]
    else:
        defaults = values_of(told_defaults(os.environ, *layers))
        output = root / f"{drop.name}_restored"
        found = [
            _wish(one, defaults, str(output / _below(one.plate, root / drop.name)))
            for one in (*sequences(root, drop.media), *_movies(root, drop.media, roots))
        ]
    for wish in found:
        confine(wish.submit, roots)
    return found


def _below(plate: Plate, folder: Path) -> Path:
    """Return in which folder of a dropped one a plate lies."""
    here = Path(plate.folder)
    return here.relative_to(folder) if here.is_relative_to(folder) else Path()


def _wish(one: Found, defaults: Defaults, output: str) -> Wish:
    settings = Settings(
        defaults.restorer,
        tasks=defaults.tasks,
        seed=defaults.seed,
        layers=defaults.layers,
        whole_frame=defaults.whole_frame,
        detector=defaults.detector,
        parameters=defaults.parameters.get(defaults.restorer, {}),
        warm_up=defaults.warm_up,
    )
    plate = one.plate._replace(colourspace=defaults.colourspace)
    shot = Shot(plate, one.frames, defaults.handles)
    return Wish(Submit(shot, one.frames, settings, output, defaults.on_error), _gaps(one.frames))


def _gaps(frames: FrameRange) -> str:
    """Return which frames between the first and the last are not there; a date may be a number."""
    holes = [(a + 1, b - 1) for a, b in pairwise(frames) if b - a > 1]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in holes)


def sequences(root: Path, entries: Iterable[Entry]) -> Iterator[Found]:
    """Yield the sequences, and pictures without a number, among files."""
    numbered: dict[tuple[str, str], list[Plate]] = {}
    for entry in entries:
        if not (is_media(entry.name) and entry.name.lower().endswith(PICTURES)):
            continue
        plate = Plate.parse(str(root / entry.path))
        if plate.single is None:  # its name is a pattern's, and would stand for other files
            raise PlateError("a frame has a number where this has a token", path=entry.path)
        if plate.digits:
            numbered.setdefault((plate.prefix, plate.suffix), []).append(plate)
        else:
            yield Found(plate, FrameRange([plate.single]))
    for (prefix, suffix), pictures in sorted(numbered.items()):
        for digits, frames in _by_width(pictures):
            yield Found(Plate(prefix, digits, suffix), FrameRange(frames))


def _by_width(pictures: Sequence[Plate]) -> Iterator[tuple[int, list[int]]]:
    """Yield frames by the width that they are padded to; 9 and 10 are padded to none."""
    padded = {p.digits for p in pictures if len(str(p.single)) < p.digits}
    least = min(p.digits for p in pictures)
    by_width: dict[int, list[int]] = {}
    for picture in pictures:
        fitting = [width for width in padded if width <= picture.digits]
        assert picture.single is not None
        by_width.setdefault(max(fitting, default=least), []).append(picture.single)
    yield from sorted(by_width.items())


def _movies(root: Path, entries: Iterable[Entry], roots: Sequence[str]) -> Iterator[Found]:
    for entry in entries:
        if is_media(entry.name) and entry.name.lower().endswith(MOVIES):
            plate = Plate.parse(str(root / entry.path))
            yield Found(plate, _frames_of(plate, roots))


def _frames_of(plate: Plate, roots: Sequence[str]) -> FrameRange:
    """Count the frames of a movie in a process of its own: a crash of a library stays there.

    Raises:
        PlateError: It cannot be read.
    """
    command = [sys.executable, "-m", "engine.watch.probe", plate.pattern, *roots]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, capture_output=True, text=True, timeout=_PROBE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlateError(f"the movie cannot be counted: {error}", path=plate.pattern) from None
    if done.returncode:
        last = done.stdout.strip() or f"the reader of movies ended with {done.returncode}"
        raise PlateError(last, path=plate.pattern)
    return FrameRange.parse(done.stdout.strip())


def moved(submit: Submit, root: Path, roots: Sequence[str], name: str, *, attempt: int) -> Submit:
    """Return a request with the next folder beside the first: `x_restored`, `x_restored_2`.

    Raises:
        PathRefused: That leads out of the roots.
    """
    first = root / f"{name}_restored"
    folder = first if attempt == 1 else first.with_name(f"{first.name}_{attempt}")
    other = replace(submit, output=str(folder / Path(submit.output).relative_to(first)))
    confine(other, roots)
    return other
