"""The command line's words for timelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_timeline(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a timeline instead of a plate."""
    add = parser.add_argument_group(
        "timelines", "every clip of a cut, see docs/timeline.md"
    ).add_argument
    add(
        "--timeline",
        metavar="FILE",
        help=".otio, .edl, .xml (Final Cut Pro 7) or .aaf, not a PLATE",
    )
    add(
        "--media-root",
        action="append",
        default=[],
        metavar="DIR",
        help="where its media is looked for; may be repeated",
    )
    add("--rate", metavar="R", help="frames a second of an EDL: 24, 23.976, 25, 29.97")
    add("--list", action="store_true", help="show clips, shots and ranges; restore nothing")


def restore_cut(args: argparse.Namespace) -> int:
    """Restore a timeline in this process."""
    from engine.timeline.doors import restore_here  # noqa: PLC0415 - --help need not load it

    return restore_here(args)


def submit_cut(args: argparse.Namespace) -> int:
    """Restore a timeline through the engine."""
    from engine.timeline.doors import submit_there  # noqa: PLC0415 - --help need not load it

    return submit_there(args)
