"""``faceplate analyse``: which faces a shot has, as a table, as JSON, and on a contact sheet.

The numbers are those that `--faces` takes: both follow from the same analysis of the same shot. It
writes nothing but the sheet, and never into a take.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from engine.arguments import add_shot, build_shot, path_map_of
from engine.console import Console
from plugin_host.errors import OutputError, SettingsError
from plugin_host.frame_range import FrameRange
from plugin_host.replies import Analysed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from engine.analysis import ShotAnalysis
    from engine.faces.track import Track
    from plugin_host.plate import Plate
    from plugin_host.requests import Shot


def add_analyse(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_shot(parser)
    parser.add_argument(
        "--out", metavar="FILE", help="the contact sheet, a PNG; PLATE_faces.png where you are"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def analyse(args: argparse.Namespace) -> int:
    """Say which faces a shot has; 1 where a frame of it cannot be used."""
    shot = path_map_of(args).shot_to_engine(build_shot(args)[0])
    path = _sheet_path(args.out, shot)
    from engine.analysis import analyse_shot  # noqa: PLC0415 - --help need not load it

    console = Console(as_json=False)

    def heard(done: int) -> None:
        if not args.json:
            console.heard(Analysed("", done, len(shot.all_frames)))

    analysis = analyse_shot(shot, find_faces=True, detector=args.detector, heard=heard)
    if sys.stderr.isatty() and not args.json:
        sys.stderr.write("\r\033[K")
    way = _way(args, shot, analysis)
    if not args.json:
        sys.stdout.writelines(line + "\n" for line in table(shot.plate, analysis))
    if analysis.frames:
        _draw(path, shot.plate, analysis, way and f"restore with {way}")
    if args.json:
        told = {**described(shot, analysis), "restore": way, "sheet": str(path)}
        sys.stdout.write(json.dumps(told if analysis.frames else {**told, "sheet": None}) + "\n")
    elif analysis.frames:
        sys.stdout.write(f"sheet {path}\n" + (way and f"restore with {way}\n"))
    return 1 if analysis.bad else 0


def table(plate: Plate, analysis: ShotAnalysis) -> Iterator[str]:
    """Yield the lines that tell a person what was found."""
    name, display, colour = Path(plate.pattern).name, analysis.display, analysis.colour
    if colour is not None:
        frames = FrameRange(analysis.frames)
        yield f"{name}  {frames}  {display.width}x{display.height}  {colour.space}"
        yield from _rows(analysis.faces.tracks)
        cuts = ", ".join(map(str, analysis.faces.cuts))
        yield f"cuts at {cuts}" if cuts else "no cut"
    for (code, message), frames in _bad(analysis).items():
        yield f"frame{'' if len(frames) == 1 else 's'} {frames}: {message} [{code}]"


def _rows(tracks: tuple[Track, ...]) -> Iterator[str]:
    if not tracks:
        yield "no face was found"
        return
    ranges = [str(FrameRange(track.frames)) for track in tracks]
    wide = max(len("frames"), *map(len, ranges))
    yield f"face  {'frames':{wide}}  size in pixels, brows to lower lip"
    for track, frames in zip(tracks, ranges, strict=True):
        least, middle, most = _sizes(track)
        between = f" ({least} to {most})" if least != most else ""
        yield f"{track.number:4}  {frames:{wide}}  {middle}{between}"


def described(shot: Shot, analysis: ShotAnalysis) -> dict[str, Any]:
    """Return what was found, for JSON: plain numbers, and ranges as text."""
    display, colour = analysis.display, analysis.colour
    return {
        "plate": shot.plate.pattern,
        "shot": str(shot.frames),
        "handles": shot.handles,
        "frames": str(FrameRange(analysis.frames)) if analysis.frames else "",
        "width": display.width if colour else None,
        "height": display.height if colour else None,
        "colourspace": colour.space if colour else None,
        "cuts": list(analysis.faces.cuts),
        "faces": [
            {
                "number": track.number,
                "frames": str(FrameRange(track.frames)),
                "size": dict(zip(("least", "median", "most"), _sizes(track), strict=True)),
            }
            for track in analysis.faces.tracks
        ],
        "bad": [
            {"frame": frame, "code": code, "message": message}
            for frame, (code, message) in sorted(analysis.bad.items())
        ],
    }


def _sizes(track: Track) -> tuple[int, int, int]:
    return round(min(track.sizes)), round(median(track.sizes)), round(max(track.sizes))


def _bad(analysis: ShotAnalysis) -> dict[tuple[str, str], FrameRange]:
    frames: dict[tuple[str, str], list[int]] = {}
    for frame, why in sorted(analysis.bad.items()):
        frames.setdefault(why, []).append(frame)
    return {why: FrameRange(held) for why, held in frames.items()}


def _way(args: argparse.Namespace, shot: Shot, analysis: ShotAnalysis) -> str:
    """Return the arguments by which `restore` finds the same faces; empty where there are none."""
    if not analysis.faces.tracks:
        return ""
    words = ["--shot", str(shot.frames)]
    words += ["--handles", str(shot.handles)] if shot.handles else []
    words += ["--colourspace", args.colourspace] if args.colourspace else []
    words += ["--detector", args.detector] if args.detector else []
    return shlex.join([*words, "--faces", str(analysis.faces.tracks[0].number)])


def _sheet_path(named: str | None, shot: Shot) -> Path:
    """Return where the sheet goes.

    Raises:
        SettingsError: It is not called PNG.
        OutputError: Its folder is not there, or it would overwrite the plate.
    """
    path = Path(named or f"{shot.plate.stem}_faces.png").absolute()
    if path.suffix.lower() != ".png":
        raise SettingsError("--out is a PNG; call it so, like faces.png", path=str(path))
    if not path.parent.is_dir():
        raise OutputError("there is no such folder for the contact sheet", path=str(path))
    frames = {Path(shot.plate.path(frame)).resolve() for frame in shot.all_frames}
    if path.resolve() in frames:
        raise OutputError("the sheet would overwrite the plate", path=str(path))
    return path


def _draw(path: Path, plate: Plate, analysis: ShotAnalysis, hint: str) -> None:
    import cv2  # noqa: PLC0415 - only after the arguments were found good

    from engine.atomic import write_atomically  # noqa: PLC0415
    from engine.contact_sheet import draw_sheet  # noqa: PLC0415

    sheet = cv2.cvtColor(draw_sheet(plate, analysis, hint), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", sheet)
    assert done
    try:
        write_atomically(path, data.tobytes())
    except OSError as error:
        raise OutputError(
            f"cannot write the contact sheet: {error.strerror}", path=str(path)
        ) from None
