"""The words of `faceplate resolve`, apart from what they do, which takes a while to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

ATTACHED = {
    "restore": "submit the chosen clips and leave",
    "farm": "write jobs of the chosen clips for the studio's farm",
    "preview": "restore the frame under the playhead, into the bin",
    "collect": "place what is finished",
    "status": "how the jobs stand",
    "cancel": "stop the jobs of the chosen clips",
}


def add_resolve(parser: argparse.ArgumentParser) -> None:
    """Add the words of `faceplate resolve`."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    for name, text in ATTACHED.items():
        sub = what.add_parser(name, help=text + " (Studio)", description=text)
        if name == "collect":
            sub.add_argument("--wait", action="store_true", help="until nothing is left")
    for name, text in (
        ("choices", "write which clips the user has chosen to be meant"),
        ("submit", "submit clips that a Lua script wrote down"),
        ("bundle", "write jobs for the farm of clips that a Lua script wrote down"),
        ("plan", "write what a Lua script is to place"),
        ("placed", "hear what a Lua script has placed"),
    ):
        sub = what.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--file", required=True, metavar="FILE", help="see resolve_scripts/README.md"
        )
        if name == "plan":
            sub.add_argument("--project", required=True, metavar="ID", help="its unique id")
