"""A farm's job as an Open Job Description template, version 2023-09. Pure functions.

Rules of this file:
    - One engine a session: the job's environment starts it, every task submits to it, and it is
      stopped when the session ends. What a task needs of the session it finds in the environment.
    - OpenJD knows dependencies of steps only. Tasks that run one after the other are steps.
    - Frame ranges of OpenJD are written ``1-9:2`` and only here; `faceplate farm-session` reads
      them back.

References:
    Open Job Description, 2023-09 Template Schemas: 1.1 (names), 2 (job parameters), 3.3 (host
    requirements), 3.4 (task parameters), 4 (environments), 7.3 (format strings); RFC 0001, task
    chunking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plugin_host.errors import SettingsError
from plugin_host.farm import SESSION
from plugin_host.task_words import FRAMES, VERB

if TYPE_CHECKING:
    from plugin_host.farm import FarmJob, FarmStep
    from plugin_host.frame_range import FrameRange
    from plugin_host.task_words import FarmParameter, Token

_MOST_NAME = 128  # 1.1
_MOST_VALUES = 1024  # 3.4, of a list
_MOST_PARAMETERS = 50  # 1.1
_MOST_LINKS = 100  # steps of a chain: more is no chain that anybody can look at
_START_S, _STOP_S = 300, 60  # to load a restorer; to end
_NOTICE_S = 60  # to finish the frame that is being written, before a task is killed


def job_template(job: FarmJob, *, plain: bool = False) -> dict[str, Any]:
    """Return the template.

    Args:
        job: What is to be done.
        plain: Whether to leave the extension ``TASK_CHUNKING`` out: each task's frames are fixed.

    Raises:
        SettingsError: It is more than a template can say; the message says what would fit.
    """
    chunked = not plain and any(step.tasks and not step.serial for step in job.steps)
    definitions = [_program(job), *map(_path, job.parameters)]
    if chunked:
        definitions.append(_chunk_size(max(step.chunk for step in job.steps)))
    if len(definitions) > _MOST_PARAMETERS:
        raise SettingsError(
            f"{len(definitions)} paths and settings; OpenJD has room for {_MOST_PARAMETERS}: give "
            "fewer reference pictures"
        )
    name = _literal(f"Faceplate {job.name}")
    return {
        "specificationVersion": "jobtemplate-2023-09",
        **({"extensions": ["TASK_CHUNKING"]} if chunked else {}),
        "name": name[:_MOST_NAME],
        "description": "\n".join(_description(job)),
        "parameterDefinitions": definitions,
        "jobEnvironments": [_engine(job)],
        "steps": [one for step in job.steps for one in _steps(job, step, chunked=chunked)],
    }


def openjd_range(frames: FrameRange) -> str:
    """Return a frame range as OpenJD writes it."""
    return str(frames).replace("x", ":")


def from_openjd_range(text: str) -> str:
    """Return a frame range as `FrameRange.parse` reads it."""
    return text.replace(":", "x")


def _description(job: FarmJob) -> list[str]:
    request = job.request
    first = f"Restores frames {request.frames} with {request.settings.restorer}."
    return [first[:1000], *job.notes]  # the field holds 2048 characters


# parameters


def _program(job: FarmJob) -> dict[str, Any]:
    return {
        "name": "Faceplate",
        "type": "STRING",
        "default": job.command[0],
        "description": "The program faceplate, as the farm's machines find it.",
        "userInterface": {"control": "LINE_EDIT", "label": "Program"},
    }


def _path(parameter: FarmParameter) -> dict[str, Any]:
    control = "CHOOSE_DIRECTORY" if parameter.folder else "CHOOSE_INPUT_FILE"
    flow = "OUT" if parameter.written else "IN"
    return {
        "name": parameter.name,
        "type": "PATH",
        "objectType": "DIRECTORY" if parameter.folder else "FILE",
        # Of a folder of frames, asset_references names those that are read.
        "dataFlow": "NONE" if parameter.folder and not parameter.written else flow,
        "description": f"{parameter.text[0].upper()}{parameter.text[1:]}.",
        "userInterface": {"control": control, "label": parameter.text.capitalize()[:64]},
    }


def _chunk_size(chunk: int) -> dict[str, Any]:
    return {
        "name": "ChunkSize",
        "type": "INT",
        "minValue": 1,
        "default": chunk,
        "description": "Frames in a task.",
        "userInterface": {"control": "SPIN_BOX", "label": "Chunk size"},
    }


# the engine


def _engine(job: FarmJob) -> dict[str, Any]:
    def action(word: str, seconds: int) -> dict[str, Any]:
        arguments = (SESSION, word, "{{Session.WorkingDirectory}}")
        return {**_action(job, arguments), "timeout": seconds}

    return {
        "name": "Engine",
        "description": "One engine for all tasks of a session.",
        "variables": {
            "FACEPLATE_PROGRESS": "openjd",
            "FACEPLATE_THREADS": str(max(step.cores for step in job.steps)),  # sums depend on it
        },
        "script": {
            "actions": {"onEnter": action("enter", _START_S), "onExit": action("leave", _STOP_S)}
        },
    }


def _action(job: FarmJob, arguments: tuple[str, ...]) -> dict[str, Any]:
    before = tuple(map(_literal, job.command[1:]))
    return {"command": "{{Param.Faceplate}}", "args": [*before, *arguments]}


# steps


def _steps(job: FarmJob, step: FarmStep, *, chunked: bool) -> list[dict[str, Any]]:
    if step.serial:
        return _chain(job, step)
    after = [_last(job, name) for name in step.after]
    made = _step(job, step, step.name, after)
    if step.tasks and chunked:
        made["parameterSpace"] = _chunked(step)
        made["script"] = _script(job, (*job.divided(step), *_words(step)))
    elif step.tasks:
        made["parameterSpace"] = _listed(step)
    return [made]


def _chain(job: FarmJob, step: FarmStep) -> list[dict[str, Any]]:
    count = len(step.tasks)
    if count > _MOST_LINKS:
        raise SettingsError(
            f"a chain of {count} tasks, which are as many steps of OpenJD; say --chunk "
            f"{-(-sum(map(len, step.tasks)) // _MOST_LINKS)} or more for {_MOST_LINKS} at most"
        )
    made: list[dict[str, Any]] = []
    after = [_last(job, name) for name in step.after]
    for frames in step.tasks:
        name = _link(step, frames)
        one = _step(job, step, name, after)
        one["script"] = _script(job, _words(step, str(frames)))
        made.append(one)
        after = [name]
    return made


def _link(step: FarmStep, frames: FrameRange) -> str:
    return f"{step.name} {frames.first}-{frames.last}"


def _last(job: FarmJob, name: str) -> str:
    """Return what the last of a step's tasks is called."""
    step = next(step for step in job.steps if step.name == name)
    return _link(step, step.tasks[-1]) if step.serial else name


def _step(job: FarmJob, step: FarmStep, name: str, after: list[str]) -> dict[str, Any]:
    amounts: list[dict[str, Any]] = [{"name": "amount.worker.vcpu", "min": step.cores}]
    if step.vram:
        amounts.append({"name": "amount.worker.gpu", "min": 1})
        # 3.3.1.1: in MiB
        amounts.append({"name": "amount.worker.gpu.memory", "min": -(-step.vram // (1 << 20))})
    return {
        "name": name,
        **({"dependencies": [{"dependsOn": one} for one in after]} if after else {}),
        "hostRequirements": {"amounts": amounts},
        "script": _script(job, _words(step)),
    }


def _script(job: FarmJob, words: tuple[str, ...]) -> dict[str, Any]:
    notice = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": _NOTICE_S}
    return {"actions": {"onRun": {**_action(job, words), "cancelation": notice}}}


def _words(step: FarmStep, frames: str = "{{Task.Param.Frames}}") -> tuple[str, ...]:
    def fill(token: Token) -> str:
        return {VERB: "submit", FRAMES: frames}.get(token, "{{Param." + token.name + "}}")

    for argument in step.arguments:
        for piece in argument:
            if isinstance(piece, str):
                _literal(piece)
    return step.command_line(fill)


def _chunked(step: FarmStep) -> dict[str, Any]:
    assert step.frames is not None
    chunks = {"defaultTaskCount": "{{Param.ChunkSize}}", "rangeConstraint": "NONCONTIGUOUS"}
    frames = openjd_range(step.frames)
    return _space({"type": "CHUNK[INT]", "range": frames, "chunks": chunks})


def _listed(step: FarmStep) -> dict[str, Any]:
    if len(step.tasks) > _MOST_VALUES:
        raise SettingsError(
            f"{len(step.tasks)} tasks; OpenJD lists {_MOST_VALUES} at most: say a greater --chunk, "
            "or leave --plain out"
        )
    return _space({"type": "STRING", "range": [str(frames) for frames in step.tasks]})


def _space(parameter: dict[str, Any]) -> dict[str, Any]:
    return {"taskParameterDefinitions": [{"name": "Frames", **parameter}]}


def _literal(text: str) -> str:
    """Return text that stands for itself.

    Raises:
        SettingsError: It begins a format string, which cannot be escaped (7.3).
    """
    if "{{" in text:
        raise SettingsError(f"OpenJD would take the {{{{ in {text!r} for its own; leave it out")
    return text
