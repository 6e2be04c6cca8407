"""A farm's job as OpenCue's: one XML file, of the kind that Cuebot's DTD 1.15 describes.

A step is one layer.

Rules of this file:
    - A task is told of its frames by #FRAME_START# and #FRAME_END#, which may lie beyond the end;
      #FRAMESPEC# lacks the last frame of all in Cuebots that were looked at.
    - Tasks of a serial step are a layer each, one after the other: Cuebot's PREVIOUS_FRAME knows no
      chunks.
    - What Cuebot would refuse after it was submitted is refused here.
    - The command is a line of a shell on the machine that runs it: every argument is quoted. What
      Cuebot would replace in it is refused.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from plugin_host.errors import SettingsError
from plugin_host.farms.counted import LINE_BREAK, counted
from plugin_host.task_words import FRAMES, VERB

if TYPE_CHECKING:
    from plugin_host.farm import FarmJob, FarmStep
    from plugin_host.task_words import Token

CHECKED = "valid by Cuebot's DTD 1.15 and as pyoutline writes it; no Cuebot has run it"
FILE = "opencue.xml"
_COUNTED = "#FRAME_START#-#FRAME_END#"
_REPLACED = re.compile(r"#[A-Z_]+#")
_UNFIT = re.compile(r"[^a-z0-9_]+")
_GREATEST = 999999
_MOST_LAYERS = 1000  # of a job, in Cuebot's JobSpec
_LONGEST = 4000  # characters of a command, in Cuebot's tables
_SHORTEST = 3  # characters of a name that Cuebot takes
_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE spec PUBLIC "SPI Cue  Specification Language" \
"http://localhost:8080/spcue/dtd/cjsl-1.15.dtd">
"""


class _Layer(NamedTuple):
    """A layer.

    Attributes:
        name: Unique in the job.
        frames: As Cuebot is told; one number for what has none.
        chunk: Of these in a task.
        asked: Which frames a task is told.
        after: Layers that must have succeeded.
    """

    name: str
    frames: str
    chunk: int
    asked: str
    after: tuple[str, ...]


def files(job: FarmJob, at_once: int = 0) -> dict[str, str]:
    """Return the XML file, by name.

    Args:
        job: What is to be done.
        at_once: How many tasks may run at the same time; 0 for as many as there are.

    Raises:
        SettingsError: A path or frame number cannot stand in it.
    """
    layers: list[str] = []
    depends: list[str] = []
    names: dict[str, tuple[str, ...]] = {}
    job_name = _word(job.name)
    for step in job.steps:
        made = _layers(step, tuple(name for before in step.after for name in names[before]))
        names[step.name] = (made[-1].name,)
        for layer in made:
            layers.append(_layer(job, step, layer))
            depends += [_depend(job_name, layer.name, before) for before in layer.after]
    if len(layers) > _MOST_LAYERS:
        raise SettingsError(
            f"{len(layers)} layers, and Cuebot takes {_MOST_LAYERS}; a greater --chunk makes fewer"
        )
    most = max(job.steps, key=lambda step: (step.vram > 0, step.cores))
    return {FILE: _HEAD + _spec(job_name, layers, depends, _limit(most, at_once))}


def how(folder: str) -> str:
    """Return the command that submits what lies in a folder."""
    read = "open(sys.argv[1], encoding='utf-8').read()"
    launch = f"import sys, opencue; opencue.api.launchSpecAndWait({read})"
    return f"python3 -c {shlex.quote(launch)} {shlex.quote(f'{folder}/{FILE}')}"


def notes(job: FarmJob) -> list[str]:
    """Return what the one who submits should know."""
    whose = (
        "show and shot are $SHOW and $SHOT where it was written, and the user is who wrote it; "
        "OpenCue must know the show, and takes nothing of root"
    )
    count = sum(len(_layers(step, ())) for step in job.steps)
    many = f"{count} layers; a greater --chunk makes fewer"
    return [whose, many] if count > len(job.steps) else [whose]


def _layers(step: FarmStep, after: tuple[str, ...]) -> list[_Layer]:
    name = _word(step.name)
    if not step.tasks:
        return [_Layer(name, "1", 1, "", after)]
    if step.tasks[0].first < 0 or step.tasks[-1].last > _GREATEST:
        raise SettingsError(f"OpenCue numbers frames from 0 to {_GREATEST}; it cannot count these")
    if not step.serial:
        first, last, chunk = counted(step)
        return [_Layer(name, f"{first}-{last}", chunk, _COUNTED, after)]
    layers: list[_Layer] = []
    for number, task in enumerate(step.tasks, 1):
        one = f"{name}_{number}"
        layers.append(_Layer(one, str(task.first), 1, str(task), after))
        after = (one,)
    return layers


def _layer(job: FarmJob, step: FarmStep, layer: _Layer) -> str:
    def fill(token: Token) -> str:
        if token == FRAMES:
            return layer.asked
        return "restore" if token == VERB else job.value(token)

    before = job.divided(step) if layer.asked == _COUNTED else ()
    words = [*job.command, *before, *step.command_line(fill)]
    for word in words:
        _check(word.replace(_COUNTED, ""))
    line = " ".join(map(shlex.quote, words))
    if len(line) > _LONGEST:
        raise SettingsError(
            f"a command of {len(line)} characters, and Cuebot takes {_LONGEST}; ask for frames "
            "with fewer gaps, or use shorter paths"
        )
    gpu = ""
    if step.vram:
        gpu = f"<gpus>1</gpus><gpu_memory>{-(-step.vram // 2**20)}m</gpu_memory>"
    return (
        f'<layer name="{layer.name}" type="Render">'
        f"<cmd>{escape(line)}</cmd>"
        f"<range>{layer.frames}</range><chunk>{layer.chunk}</chunk>"
        f"<cores>{step.cores}.0</cores><threadable>False</threadable>{gpu}"
        f'<env><key name="FACEPLATE_THREADS">{step.cores}</key></env>'
        "<services><service>default</service></services></layer>\n"
    )


def _depend(job: str, layer: str, before: str) -> str:
    return (
        '<depend type="LAYER_ON_LAYER" anyframe="False">'
        f"<depjob>{job}</depjob><deplayer>{layer}</deplayer>"
        f"<onjob>{job}</onjob><onlayer>{before}</onlayer></depend>\n"
    )


def _limit(most: FarmStep, at_once: int) -> str:
    if not at_once:
        return ""
    kind = f"<maxgpus>{at_once}</maxgpus>" if most.vram else ""
    return f"<maxcores>{at_once * most.cores}</maxcores>" + kind


def _spec(job: str, layers: list[str], depends: list[str], limit: str) -> str:
    uid = f"<uid>{os.getuid()}</uid>" if hasattr(os, "getuid") else ""
    show, shot = os.environ.get("SHOW", "testing"), os.environ.get("SHOT", "faceplate")
    return (
        f"<!-- Faceplate: {CHECKED}. -->\n"
        f"<spec><show>{escape(show)}</show><shot>{_word(shot)}</shot><user>{escape(_user())}</user>{uid}\n"
        f'<job name="{job}"><paused>False</paused><maxretries>1</maxretries>{limit}'
        "<autoeat>False</autoeat><env></env>\n"
        f"<layers>\n{''.join(layers)}</layers></job>\n"
        f"<depends>\n{''.join(depends)}</depends></spec>\n"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        raise SettingsError(
            "this user has no name; say USER=NAME, as whom OpenCue is to run it"
        ) from None


def _word(text: str, of: str = "faceplate") -> str:
    """Return a text as a name that Cuebot takes: three letters, digits or underscores at least."""
    name = _UNFIT.sub("_", text.lower()).strip("_")
    return name if len(name) >= _SHORTEST else f"{of}_{name or 0}"


def _check(word: str) -> None:
    """Refuse what Cuebot would put something else for, and what is more than a line."""
    found = _REPLACED.search(word)
    if found:
        raise SettingsError(f"OpenCue replaces {found.group()} in {word!r}; name it otherwise")
    if LINE_BREAK.search(word):
        raise SettingsError(f"OpenCue's commands hold no line breaks and the like: {word!r}")
