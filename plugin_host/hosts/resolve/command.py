"""`faceplate resolve`: what the scripts of the menu do, from outside or for Lua.

restore, preview, collect, status, cancel    a running Resolve Studio, by external scripting
choices, submit, plan, placed                what Resolve's Lua scripts call; see `written`
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Sequence

from plugin_host.errors import FaceplateError, JobCancelled
from plugin_host.hosts.resolve import scripts, written
from plugin_host.hosts.resolve.adapter import NAME, tell
from plugin_host.hosts.resolve.choices import read_choices
from plugin_host.hosts.resolve.external import attach
from plugin_host.hosts.resolve.origin import Origin
from plugin_host.job_note import notes
from plugin_host.restoring import collect as collect_one
from plugin_host.whole_files import write_whole

if TYPE_CHECKING:
    import argparse

ATTACHED = {
    "restore": (scripts.restore_in, "submit the chosen clips and leave"),
    "preview": (scripts.preview_in, "restore the frame under the playhead, into the bin"),
    "collect": (scripts.collect_in, "place what is finished"),
    "status": (scripts.status_in, "how the jobs stand"),
    "cancel": (scripts.cancel_in, "stop the jobs of the chosen clips"),
}
AGAIN_S = 5.0  # between two looks of `collect --wait`


def add_resolve(parser: argparse.ArgumentParser) -> None:
    """Add the words of `faceplate resolve`."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    for name, (_, text) in ATTACHED.items():
        sub = what.add_parser(name, help=text + " (Studio)", description=text)
        if name == "collect":
            sub.add_argument("--wait", action="store_true", help="until nothing is left")
    for name, text in (
        ("choices", "write which clips the user has chosen to be meant"),
        ("submit", "submit clips that a Lua script wrote down"),
        ("plan", "write what a Lua script is to place"),
        ("placed", "hear what a Lua script has placed"),
    ):
        sub = what.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--file", required=True, metavar="FILE", help="see resolve_scripts/README.md"
        )
        if name == "plan":
            sub.add_argument("--project", required=True, metavar="ID", help="its unique id")


def resolve(args: argparse.Namespace) -> int:
    """Do what the words say; 1 where something could not be done.

    Raises:
        FaceplateError: Nothing could be.
    """
    if args.what in ATTACHED:
        lines = _attached(args.what, wait=getattr(args, "wait", False))
    else:
        lines = _written(args)
    for line in lines:
        tell(line)
    return 1 if _is_bad(lines) else 0


def _is_bad(lines: Sequence[str]) -> bool:
    return any(line.startswith("not ") for line in lines)


def _written(args: argparse.Namespace) -> list[str]:
    """Do what a Lua script asks; few have its console open, so errors are shown on a page too."""
    try:
        if args.what == "choices":
            lines = choices(args.file)
        elif args.what == "submit":
            lines = submit(args.file)
        elif args.what == "plan":
            lines = plan(args.project, args.file)
        else:
            lines = written.placed(args.file)
    except FaceplateError as error:
        scripts.show_errors([str(error)])
        raise
    if _is_bad(lines):
        scripts.show_errors(lines)
    return lines


def _attached(what: str, *, wait: bool) -> list[str]:
    action, _ = ATTACHED[what]
    lines = action(attach())
    while wait and any(line.endswith(scripts.UNFINISHED) for line in lines):
        for line in lines:
            if not line.endswith(scripts.UNFINISHED):
                tell(line)
        time.sleep(AGAIN_S)
        lines = action(attach())
    return lines


def choices(path: str) -> list[str]:
    """Write which clips are meant, as a script reads it; there is nothing to say.

    Raises:
        SettingsError: The choices cannot be read.
        OSError: They cannot be written.
    """
    chosen = read_choices()
    entry = {"clips": chosen.clips, "colour": chosen.colour, "track": str(chosen.track)}
    write_whole(path, written.lines_of(entry).encode("utf-8"), private=True)
    return []


def submit(path: str) -> list[str]:
    """Submit clips that a script wrote down; return what became of each.

    Raises:
        FaceplateError: None can be restored, or the engine refused.
    """
    chosen = read_choices()
    host = written.WrittenHost(chosen, path)
    selections = host.selected_plates()
    with scripts.client(host.name) as engine:
        lines, jobs = scripts.submit_all(engine, host, chosen, selections, urgent=host.is_preview)
    if not host.is_preview:
        scripts.show_progress(chosen, jobs)
    return [f"not restored: {error}" for error in host.refused] + lines


def plan(project: str, path: str) -> list[str]:
    """Write what is to be placed in a project; return what is not finished, or failed.

    Raises:
        EngineUnreachable: The engine cannot be asked.
        OSError: The plan cannot be written.
    """
    host = written.WrittenHost(read_choices())
    lines: list[str] = []
    ours = [n for n in notes(NAME) if Origin.from_text(n.order.origin).facts.project == project]
    if ours:
        with scripts.client(host.name) as engine:
            for note in ours:
                try:
                    if collect_one(host, engine, note) is None:
                        lines.append(f"{note.order.name}: {scripts.UNFINISHED}")
                except JobCancelled as error:
                    lines.append(f"{note.order.name}: {error}")
                except FaceplateError as error:
                    lines.append(f"not collected: {note.order.name}: {error}")
    write_whole(path, written.plan(project).encode("utf-8"), private=True)
    return lines
