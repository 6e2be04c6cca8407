"""A farm's job as Deadline 10's: a pair of files for each step, and a program that submits them.

    1_analyse.job      general options
    1_analyse.plugin   what the plug-in CommandLine runs
    submit.py          `deadline_submit.py`: deadlinecommand, job after job

Rules of this file:
    - In a file of Deadline's a line is a key and its value: what holds a line break is refused. So
      is what Deadline would replace.
    - ``JobDependencies`` holds names of pairs, for which `deadline_submit.py` puts ids.
    - Tasks of a serial step are one machine's at a time, in whichever order: what one finds missing
      before its own frames it makes, and what lies there already it does not.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

from plugin_host.errors import SettingsError
from plugin_host.farms.counted import LINE_BREAK, counted
from plugin_host.plate import is_absolute
from plugin_host.task_words import FRAMES, VERB

if TYPE_CHECKING:
    from plugin_host.farm import FarmJob, FarmStep
    from plugin_host.task_words import Token

CHECKED = "written by its documentation; no Deadline has run it"
_COUNTED = "<STARTFRAME>-<ENDFRAME>"
_REPLACED = re.compile(r"<[A-Za-z]+[0-9]*(%[0-9]+)?>")


def files(job: FarmJob, at_once: int = 0) -> dict[str, str]:
    """Return the pairs of files and the program that submits them, by name.

    Args:
        job: What is to be done.
        at_once: How many machines may work on a step at the same time; 0 for as many as there are.

    Raises:
        SettingsError: A path cannot stand in a file of Deadline's.
    """
    written: dict[str, str] = {}
    names = {step.name: f"{n}_{step.name.lower()}" for n, step in enumerate(job.steps, 1)}
    for step in job.steps:
        after = [names[before] for before in step.after]
        written[f"{names[step.name]}.job"] = _job(job, step, after, at_once)
        written[f"{names[step.name]}.plugin"] = _plugin(job, step)
    with open(os.path.join(os.path.dirname(__file__), "deadline_submit.py"), "rb") as file:
        written["submit.py"] = file.read().decode("utf-8")
    return written


def how(folder: str) -> str:
    """Return the command that submits what lies in a folder."""
    program = f"{folder}/submit.py"
    if os.name == "nt":
        return subprocess.list2cmdline(["python", program])
    return f"python3 {shlex.quote(program)}"


def notes(job: FarmJob) -> list[str]:
    """Return what the one who submits should know."""
    said = ["submit.py takes options for every job: Pool=gpu Group=linux Priority=70"]
    vram = max(step.vram for step in job.steps)
    if vram:
        said.append(
            f"Deadline knows of no GPU memory: name a group whose machines have {vram / 2**30:.0f} "
            "GiB of it, such as submit.py Group=NAME"
        )
    if not is_absolute(job.command[0]):
        said.append(f"Deadline looks for {job.command[0]} on each machine's PATH")
    return said


def _job(job: FarmJob, step: FarmStep, after: list[str], at_once: int) -> str:
    first, last, chunk = counted(step)
    lines = {
        "Plugin": "CommandLine",
        "Name": f"{job.name} {step.name}",
        "BatchName": f"Faceplate {job.name}",
        "Comment": f"Faceplate; {CHECKED}",
        "Frames": f"{first}-{last}",
        "ChunkSize": str(chunk),
        "ConcurrentTasks": "1",
        "MachineLimit": str(1 if step.serial else at_once),
        "OnTaskTimeout": "Error",  # which is tried again, and goes on
        "OutputDirectory0": job.request.output,
        "EnvironmentKeyValue0": f"FACEPLATE_THREADS={step.cores}",  # sums depend on it
        "EnvironmentKeyValue1": "FACEPLATE_PROGRESS=deadline",
    }
    if after:
        lines["JobDependencies"] = ",".join(after)
    return _text(lines)


def _plugin(job: FarmJob, step: FarmStep) -> str:
    def fill(token: Token) -> str:
        if token == FRAMES:
            return _COUNTED
        return "restore" if token == VERB else job.value(token)

    before = job.divided(step) if step.tasks else ()
    arguments = [*job.command[1:], *before, *step.command_line(fill)]
    for argument in arguments:
        _check(argument.replace(_COUNTED, ""))
    return _text(
        {
            "Executable": job.command[0],
            "Arguments": subprocess.list2cmdline(arguments),
            "ShellExecute": "False",
            "SingleFramesOnly": "False",
        }
    )


def _text(lines: dict[str, str]) -> str:
    for value in lines.values():
        if LINE_BREAK.search(value):
            raise SettingsError(f"Deadline's files hold no line breaks and the like: {value!r}")
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def _check(argument: str) -> None:
    """Refuse what the plug-in would put something else for."""
    found = _REPLACED.search(argument)
    if found:
        raise SettingsError(f"Deadline replaces {found.group()} in {argument!r}; name it otherwise")
