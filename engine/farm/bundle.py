"""A bundle of Open Job Description, read as a job that can be run.

The only file, with `slot`, that knows openjd-model and openjd-sessions: they are an extra.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from openjd import model

from engine.farm.agenda import Step, Task
from plugin_host.errors import SettingsError
from plugin_host.farms.openjd import TEMPLATE
from plugin_host.farms.openjd_template import from_openjd_range
from plugin_host.frame_range import FrameRange

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXTENSIONS = ("TASK_CHUNKING",)
_FLAG = "--frames="
_GPU = "amount.worker.gpu"


class Bundle(NamedTuple):
    """A job to be run.

    Attributes:
        job: As openjd-model has it, with the values of its parameters.
        values: Those.
        steps: Its steps and tasks; what each task is holds its step and its parameters.
        gpu: Whether a task needs a GPU.
    """

    job: model.Job
    values: model.JobParameterValues
    steps: tuple[Step, ...]
    gpu: bool


def read_bundle(folder: Path, given: Sequence[str] = ()) -> Bundle:
    """Read a bundle.

    Args:
        folder: It.
        given: Values of parameters in place of the bundle's, ``NAME=VALUE``.

    Raises:
        SettingsError: There is none, or it is no job.
    """
    values = {one["name"]: one["value"] for one in _values(folder)}
    values.update(map(_value, given))
    try:
        template = model.decode_job_template(
            template=_json(folder / TEMPLATE), supported_extensions=_EXTENSIONS
        )
        checked = model.preprocess_job_parameters(
            job_template=template,
            job_parameter_values=values,
            job_template_dir=folder,
            current_working_dir=Path.cwd(),
        )
        job = model.create_job(job_template=template, job_parameter_values=checked)
        graph = model.StepDependencyGraph(job=job)
        steps = tuple(map(_step, graph.topo_sorted()))
    except (ValueError, model.DecodeValidationError) as error:
        raise SettingsError(f"not a job: {error}", path=str(folder / TEMPLATE)) from None
    amounts = [one for step in job.steps for one in _amounts(step)]
    return Bundle(job, checked, steps, _GPU in amounts)


def _step(step: model.Step) -> Step:
    tasks = [
        _task(step, parameters)
        for parameters in model.StepParameterSpaceIterator(space=step.parameterSpace)
    ]
    after = tuple(dependency.dependsOn for dependency in step.dependencies or ())
    return Step(step.name, after, tuple(tasks))


def _task(step: model.Step, parameters: model.TaskParameterSet) -> Task:
    label = ",".join(parameter.value for parameter in parameters.values())
    return Task(step.name, label, _weight(step, parameters), (step, parameters))


def _weight(step: model.Step, parameters: model.TaskParameterSet) -> int:
    """Return how many frames a task restores; 1 where it does something else."""
    if "Frames" in parameters:
        return len(FrameRange.parse(from_openjd_range(parameters["Frames"].value)))
    arguments = list(map(str, step.script.actions.onRun.args or ()))
    frames = [word[len(_FLAG) :] for word in arguments if word.startswith(_FLAG)]
    restores = frames and "submit" in arguments and "--until" not in arguments
    return len(FrameRange.parse(frames[0])) if restores else 1


def _amounts(step: model.Step) -> list[str]:
    needs = step.hostRequirements
    return [one.name for one in (needs.amounts if needs else None) or ()]


def _values(folder: Path) -> list[dict[str, str]]:
    path = folder / "parameter_values.json"
    try:
        return cast("list[dict[str, str]]", _json(path)["parameterValues"])
    except (LookupError, TypeError):
        raise SettingsError("holds no parameterValues", path=str(path)) from None


def _value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--parameter {text}: write it like --parameter ChunkSize=50")
    return name, value


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        what = "no bundle; `faceplate farm PLATE ... --bundle DIR` writes one"
        raise SettingsError(what, path=str(path)) from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot be read: {error}", path=str(path)) from None
