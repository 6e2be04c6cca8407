"""``faceplate farm`` writes the job of a shot for a render farm, ``farm run`` runs it here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.arguments import add_request, build_request, path_map_of
from engine.dialects import DIALECTS, chosen
from engine.farm.session import add_farm_session, farm_session
from engine.precedence import variable
from engine.serving import add_log, settings_of
from plugin_host.errors import PlateError, SettingsError
from plugin_host.farms import SCHEDULERS, scheduler

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from plugin_host.farm import FarmJob

_RUN = ["farm", "run"]


def add_farm(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `farm`."""
    add_request(parser)
    add = parser.add_argument_group("the farm's job").add_argument
    add("--bundle", metavar="DIR", help="folder for the job's files")
    add("--chunk", type=int, metavar="N", help="frames in a task")
    add(
        "--for", dest="farm", default=SCHEDULERS[0], choices=SCHEDULERS, help="whose files they are"
    )
    add("--plain", action="store_true", help="no task chunking of OpenJD: each task is written out")
    add(
        "--at-once", type=int, default=0, metavar="N", help="tasks at the same time; 0 for no limit"
    )
    add("--program", default="faceplate", metavar="P", help="as the farm's machines find it")


def add_farm_run(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `farm run`."""
    add = parser.add_argument
    add("folder", metavar="BUNDLE", help="what `faceplate farm` wrote")
    add("--slots", type=int, metavar="N", help="tasks at the same time; one for each GPU, or one")
    add("--retries", type=int, default=1, metavar="N", help="how often a failed task is run again")
    add("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the bundle")
    add("--progress", choices=tuple(DIALECTS), help="whose lines tell of progress")
    add_log(parser)


def joined(words: Sequence[str]) -> list[str]:
    """Return a command line with ``farm run`` as one word, as its parser knows it."""
    at = next((index for index, word in enumerate(words) if not word.startswith("-")), 0)
    both = list(words[at : at + 2])
    return [*words[:at], " ".join(both), *words[at + 2 :]] if both == _RUN else list(words)


def farm(args: argparse.Namespace) -> int:
    """Write a job."""
    from plugin_host.bundle import write_bundle  # noqa: PLC0415 - commands load what they need

    if not args.bundle or args.chunk is None:
        raise SettingsError("say --chunk N and --bundle DIR")
    if args.at_once < 0:
        raise SettingsError(f"--at-once {args.at_once}: 0 is no limit, 1 is the least")
    job = _job(args)
    folder = str(Path(args.bundle).absolute())
    system = scheduler(args.farm)
    options = {"plain": True} if args.plain else {}
    if options and args.farm != SCHEDULERS[0]:
        raise SettingsError("--plain is of OpenJD's jobs only; leave it out")
    write_bundle(folder, job.request, system.files(job, args.at_once, **options))
    _say(
        *_told(job), *(f"note: {note}" for note in (*_absent(job), *job.notes, *system.notes(job)))
    )
    _say(f"{folder}: for {args.farm}; such a job: {system.CHECKED}")
    _say(f"now say: {system.how(folder)}")
    return 0


def _job(args: argparse.Namespace) -> FarmJob:
    request = path_map_of(args).submit_to_engine(build_request(args))
    from engine.restorer import check_settings  # noqa: PLC0415
    from engine.restorers import build_restorer  # noqa: PLC0415
    from engine.settings import resolve_settings  # noqa: PLC0415
    from plugin_host.farm import Declaration, command_of, farm_job  # noqa: PLC0415

    info = build_restorer(request.settings.restorer).info
    check_settings(info, request.settings)
    declared = Declaration(info.link, info.window, info.overlap, info.warm_up, info.vram)
    cores = resolve_settings({}).threads
    return farm_job(request, declared, args.chunk, command=command_of(args.program), cores=cores)


def _absent(job: FarmJob) -> list[str]:
    """Return a sentence where asked frames are not there yet, as far as this machine can see."""
    from engine.frame_io.plates import frames_of  # noqa: PLC0415

    try:
        found = frames_of(job.request.shot.plate)
    except PlateError:
        return []
    absent = [frame for frame in job.request.frames if frame not in found]
    many = f"{len(absent)} of {len(job.request.frames)}"
    return [f"{many} asked frames are not there now, such as {absent[0]}"] if absent else []


def _told(job: FarmJob) -> list[str]:
    """Return a line for each step."""
    lines: list[str] = []
    for step in job.steps:
        how = "one after the other" if step.serial else "side by side"
        many = f"{len(step.tasks)} tasks of up to {step.chunk} frames, {how}"
        after = f", after {', '.join(step.after)}" if step.after else ""
        lines.append(f"{step.name}: {many if len(step.tasks) > 1 else 'one task'}{after}")
    return lines


def farm_run(args: argparse.Namespace) -> int:
    """Run a job."""
    for name, least in ("slots", 1), ("retries", 0):
        value = getattr(args, name)
        if value is not None and value < least:
            raise SettingsError(f"--{name} {value}: the least is {least}")
    dialect = chosen(args.progress)
    os.environ[variable("log")] = settings_of(args, "log").log  # its tasks' lines are written alike
    try:
        from engine.farm.bundle import read_bundle  # noqa: PLC0415
        from engine.farm.runner import run_bundle  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f'{error.name} is not installed; say pip install "faceplate[farm]"'
        ) from None
    folder = Path(args.folder).absolute()
    bundle = read_bundle(folder, args.parameter)
    return run_bundle(
        bundle, folder / "logs", slots=args.slots, retries=args.retries, dialect=dialect
    )


def _say(*lines: str) -> None:
    for line in lines:
        print(line)  # noqa: T201 - what the command is for


FARM = (
    ("farm", farm, add_farm, "write the job of a shot for a render farm"),
    ("farm run", farm_run, add_farm_run, "run such a job on this machine"),
    ("farm-session", farm_session, add_farm_session, "what a farm's job calls on its machines"),
)
"""Rows of the command line's table."""
