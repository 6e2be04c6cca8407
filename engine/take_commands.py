"""``faceplate take show|verify|prune DIR``: what a take holds, whether it is whole, what may go."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.console import add_progress, console_of
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.schema import to_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from engine.stored_take import StoredTake


def add_take(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `take`."""
    commands = parser.add_subparsers(required=True, metavar="show|verify|prune")
    for name, command, text in (
        ("show", show, "what it is of, and what is delivered"),
        ("verify", verify, "hold every receipt against the files; exit code 1 where one differs"),
        ("prune", prune, "remove what is kept and needed no more; never a delivered frame"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(what=command)
        sub.add_argument("folder", metavar="DIR", help="a .take folder, or the output it lies in")
        if name == "verify":
            add_progress(sub)
            sub.add_argument("--frames", metavar="R", help="which must be there; the whole shot")
            sub.add_argument("--plate", metavar="PLATE", help="where the plate lies now")
        else:
            sub.add_argument("--json", action="store_true", help="JSON")
        if name == "prune":
            sub.add_argument("--dry-run", action="store_true", help="only say what would go")


def take(args: argparse.Namespace) -> int:
    """Look at a take, verify it, or prune it."""
    return args.what(args)


def show(args: argparse.Namespace) -> int:
    """Say what a take is of and how far it is."""
    from engine.stored_take import StoredTake  # noqa: PLC0415 - --help needs none

    told = _told(StoredTake.at(Path(args.folder)))
    if args.json:
        _say(json.dumps(told))
        return 0
    plate = told["plate"]
    _say(f"take {told['take']} in {told['folder']}")
    where = "" if plate["there"] else " (not there)"
    _say(f"  plate      {plate['path']}{where}")
    handles = f", handles {told['handles']}" if told["handles"] else ""
    _say(f"  shot       {told['shot']}{handles}; {plate['colourspace'] or 'colourspace as found'}")
    _say(f"  settings   {', '.join(_words(told['settings']))}; release {told['release']}")
    counts = ", ".join(f"{count} {status}" for status, count in told["statuses"].items())
    _say(f"  delivered  {told['delivered']} of {told['frames']} frames ({counts or 'none'})")
    if told["missing"]:
        _say(f"  missing    {told['missing']}")
    for bad in told["errors"]:
        _say(f"  error      frame {bad['frame']}: {bad['message']} [{bad['code']}]")
    if not told["analysed"]:
        _say("  the shot is not looked through yet")
    for note in told["notes"]:
        _say(f"  note       {note}")
    for seam in told["seams"]:
        far = "not measured" if seam["codes"] is None else f"{seam['codes']:.2f} codes of 255"
        _say(f"  seam       after frame {seam['frame']} of track {seam['track']}: {far}")
    sizes = ", ".join(f"{name} {_size(size)}" for name, size in told["bytes"].items() if size)
    _say(f"  size       {sizes}")
    return 0


def _told(found: StoredTake) -> dict[str, Any]:
    from engine.seams import seams_of  # noqa: PLC0415

    manifest, shot = found.manifest, found.shot
    receipts = {f: receipt for f in shot.frames if (receipt := found.receipt(f))}
    missing = [f for f in shot.frames if f not in receipts and f not in found.bad]
    path = to_json(shot)["plate"]["path"]
    first = shot.plate.pattern if shot.plate.is_movie else shot.plate.path(shot.frames.first)
    sizes = {"frames": sum(receipt.size for receipt in receipts.values())}
    return {
        "take": found.id,
        "folder": str(found.folder),
        "plate": {
            "path": path,
            "colourspace": shot.plate.colourspace,
            "there": Path(first).exists(),
        },
        "shot": str(shot.frames),
        "handles": shot.handles,
        "settings": to_json(found.settings),
        "weights": manifest.get("weights"),
        "release": manifest.get("release"),
        "analysed": found.analysed,
        "frames": len(shot.frames),
        "delivered": len(receipts),
        "statuses": dict(sorted(Counter(r.status for r in receipts.values()).items())),
        "missing": str(FrameRange(missing)) if missing else "",
        "errors": [
            {"frame": frame, "code": code, "message": why}
            for frame, (code, why) in sorted(found.bad.items())
            if frame in shot.frames
        ],
        "notes": found.notes,
        "seams": [
            {"track": s.track, "frame": s.frame, "codes": s.codes} for s in seams_of(found.folder)
        ],
        "bytes": {**sizes, **_sizes(found.folder)},
    }


def _sizes(folder: Path) -> dict[str, int]:
    """Return how many bytes each part of a take has."""
    sizes: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file():
            part = path.relative_to(folder).parts[0]
            sizes[part if (folder / part).is_dir() else "take"] += path.stat().st_size
    return dict(sorted(sizes.items()))


def _words(settings: Mapping[str, Any]) -> Iterable[str]:
    """Yield what the settings say beside what is said by default."""
    from plugin_host.requests import Settings  # noqa: PLC0415

    default = to_json(Settings(""))
    for name, value in settings.items():
        if value != default[name]:
            yield f"{name} {value if isinstance(value, (str, int)) else json.dumps(value)}"


def verify(args: argparse.Namespace) -> int:
    """Hold every receipt of a take against the files."""
    from engine.stored_take import StoredTake  # noqa: PLC0415 - --help needs none
    from engine.take_check import check_take  # noqa: PLC0415

    console = console_of(args)
    found = StoredTake.at(Path(args.folder))
    frames = FrameRange.parse(args.frames) if args.frames else found.shot.frames
    plate = Plate.parse(args.plate) if args.plate else found.shot.plate
    finished = check_take(found, frames, plate, console.heard)
    console.finished(finished)
    return 1 if finished.errors else 0


def prune(args: argparse.Namespace) -> int:
    """Remove what a take keeps for nobody."""
    from engine.stored_take import StoredTake  # noqa: PLC0415 - --help needs none
    from engine.take_prune import leftovers  # noqa: PLC0415

    found = StoredTake.at(Path(args.folder))
    going = leftovers(found)
    for leftover in () if args.dry_run else going:
        leftover.path.unlink(missing_ok=True)
    freed = {"files": len(going), "bytes": sum(leftover.size for leftover in going)}
    kinds = Counter(leftover.kind for leftover in going)
    if args.json:
        _say(json.dumps({"take": found.id, "dry_run": args.dry_run, **freed, "kinds": kinds}))
        return 0
    parts = ", ".join(f"{count} of {kind}" for kind, count in sorted(kinds.items()))
    would = "would free" if args.dry_run else "freed"
    _say(f"{would} {_size(freed['bytes'])} in {freed['files']} files ({parts or 'nothing'})")
    return 0


def _size(size: int) -> str:
    amount, units = float(size), ["bytes", "KB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.1f} {units[0]}" if units[0] != "bytes" else f"{size} bytes"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
