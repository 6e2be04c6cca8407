"""``faceplate restore --timeline`` and ``faceplate submit --timeline``."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from engine.arguments import ALL, build_request, path_map_of
from engine.defaults import fill_in
from engine.frame_io.timecode import rational_rate
from engine.timeline.reading import read_cut
from engine.timeline.restoring import report, restore_all, say
from plugin_host.errors import SettingsError, TimelineError
from plugin_host.picks import HERO
from plugin_host.requests import MOST_HANDLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.console import Console
    from engine.timeline.restoring import Restore, Said
    from engine.timeline.shots import CutShot
    from plugin_host.requests import Submit

_OF_ONE_SHOT = (
    *(("plate", None), ("frames", None), ("shot", None), ("job", None)),
    *(("faces", ALL), ("until", "end")),
)


def restore_timeline(args: argparse.Namespace, console: Console, restore: Restore) -> int:
    """Restore the clips of a timeline, and write the timeline of the restored media.

    Args:
        args: What the command line says.
        console: Hears of the frames.
        restore: Carries out the request of one shot.

    Returns:
        The exit code: 0 where all is delivered, 1 with errors of clips or frames, 2 where no clip
        could be restored.

    Raises:
        RequestRefused: An argument does not go with a timeline, or the timeline cannot be read.
        JobCancelled: What is delivered is kept; the same command goes on.
        EngineUnreachable: No engine answers.
    """
    fill_in(args)
    _check(args)
    rate = None if args.rate is None else _rate(args.rate)
    output = Path(args.output).absolute()
    cut = read_cut(Path(args.timeline), rate)
    from engine.timeline.media import Library  # noqa: PLC0415 - OpenTimelineIO is there
    from engine.timeline.shots import plan, shots_of  # noqa: PLC0415
    from engine.timeline.walking import edits_of  # noqa: PLC0415
    from engine.timeline.writing import write_cut  # noqa: PLC0415

    edits = edits_of(cut)
    if all(edit.left for edit in edits):
        raise TimelineError("the timeline has no clip to restore", path=args.timeline)
    library = Library((Path(root) for root in args.media_root), output.resolve())
    base, here = cut.path.absolute().parent, path_map_of(args).to_engine
    planned = plan(
        edits, library, base, here=here, handles=args.handles, colourspace=args.colourspace
    )
    shots = shots_of(planned)
    if args.list:
        return _tell(report(planned, None), shots, [], args)

    def build(shot: CutShot) -> Submit:
        return request_of(args, shot, output)

    outcomes = restore_all(shots, build, restore, console, as_json=args.json)
    said = report(planned, outcomes)
    written: list[Path] = []
    notes: list[str] = []
    if any(one.is_restored for one in said):
        written, notes = write_cut(cut, said, output)
    return _tell(said, shots, [*_written(written), *notes], args)


def request_of(args: argparse.Namespace, shot: CutShot, output: Path) -> Submit:
    """Return the request of a shot, with the settings of the command line.

    Raises:
        RequestRefused: They contradict themselves.
    """
    frames = str(shot.frames)
    plate = shot.plate.pattern if shot.plate.single is None else shot.plate.path(shot.frames.first)
    own = {"plate": plate, "frames": frames, "shot": frames, "handles": 0}
    return build_request(
        argparse.Namespace(**{**vars(args), **own, "output": str(output / shot.folder)})
    )


def _check(args: argparse.Namespace) -> None:
    for name, unsaid in _OF_ONE_SHOT:
        if getattr(args, name) != unsaid:
            raise SettingsError(f"{name} is of one shot; it does not go with --timeline")
    if any(HERO in text for text in args.reference):
        raise SettingsError(f"--reference {HERO}N is of one shot; with --timeline name pictures")
    if not args.output:
        raise SettingsError("name an --output DIR")
    if not 0 <= args.handles <= MOST_HANDLES:
        raise SettingsError(f"--handles is 0 to {MOST_HANDLES}, not {args.handles}")


def _rate(text: str) -> Fraction:
    try:
        rate = rational_rate(float(Fraction(text)))
    except (ValueError, ZeroDivisionError, OverflowError):
        rate = None
    if rate is None:
        raise SettingsError(f"--rate {text}: write it like 24, 23.976, 30000/1001")
    return rate


def _written(paths: Sequence[Path]) -> list[str]:
    return [f"written: {path}" for path in paths]


def _tell(
    said: Sequence[Said], shots: Sequence[CutShot], notes: Sequence[str], args: argparse.Namespace
) -> int:
    for one in said:
        say({"event": "clip", **one.as_json()}, str(one), as_json=args.json)
    counts = {
        word: sum(one.status == word for one in said)
        for word in dict.fromkeys(one.status for one in said)
    }
    frames = sum(len(shot.frames) for shot in shots)
    words = ", ".join(f"{count} {word}" for word, count in counts.items())
    for note in notes:
        say({"event": "note", "message": note}, note, as_json=args.json)
    say(
        {"event": "timeline", "clips": counts, "shots": len(shots), "frames": frames},
        f"{len(said)} clips ({words}), {len(shots)} shots, {frames} frames",
        as_json=args.json,
    )
    if not any(one.is_restored or one.status == "to do" for one in said):
        return max(one.code for one in said)
    return 1 if counts.get("failed") or counts.get("in part") else 0
