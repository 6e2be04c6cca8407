"""`faceplate resolve`: what the scripts of the menu do, from outside or for Lua.

restore, farm, preview, collect, status, cancel    a running Resolve Studio, by external scripting
choices, submit, bundle, plan, placed              what Resolve's Lua scripts call; see `written`
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
from plugin_host.hosts.resolve.words import ATTACHED
from plugin_host.job_note import notes
from plugin_host.restoring import collect as collect_one
from plugin_host.whole_files import write_whole

if TYPE_CHECKING:
    import argparse

AGAIN_S = 5.0  # between two looks of `collect --wait`


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
        elif args.what == "bundle":
            lines = bundle(args.file)
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
    action = getattr(scripts, f"{what}_in")
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


def bundle(path: str) -> list[str]:
    """Write jobs for the farm of clips that a script wrote down; return what became of each.

    Raises:
        FaceplateError: None can be restored, or the engine cannot be asked.
    """
    chosen = read_choices()
    host = written.WrittenHost(chosen, path)
    selections = host.selected_plates()
    with scripts.client(host.name) as engine:
        lines = scripts.bundle_all(engine, host, chosen, selections)
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
