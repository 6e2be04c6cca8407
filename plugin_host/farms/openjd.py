"""A farm's job as a bundle of Open Job Description, version 2023-09.

    template.json           the job
    parameter_values.json   its paths, as AWS Deadline Cloud reads them
    asset_references.json   the files that it reads and the folder that it fills: job attachments
    parameters.json         the paths once more, as `openjd run -p file://` reads them

It is JSON, which is YAML too, so that no library is needed to write it.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from plugin_host.errors import SettingsError
from plugin_host.farms.openjd_template import job_template
from plugin_host.task_words import files_read

if TYPE_CHECKING:
    from plugin_host.farm import FarmJob

CHECKED = "passes `openjd check` and `deadline bundle info`, ran to its end with `openjd run`"
TEMPLATE = "template.json"


def files(job: FarmJob, at_once: int = 0, *, plain: bool = False) -> dict[str, str]:
    """Return the bundle's files, by name.

    Args:
        job: What is to be done.
        at_once: 0: only the scheduler says how many tasks run at the same time.
        plain: See `job_template`.

    Raises:
        SettingsError: It is more than a template can say; the message says what would fit.
    """
    if at_once:
        raise SettingsError("OpenJD leaves to the scheduler how many run; leave --at-once out")
    values = {parameter.name: parameter.value for parameter in job.parameters}
    listed = [{"name": name, "value": value} for name, value in values.items()]
    written = [parameter.value for parameter in job.parameters if parameter.written]
    references: dict[str, Any] = {
        "inputs": {"filenames": list(files_read(job.request)), "directories": []},
        "outputs": {"directories": written},
        "referencedPaths": [],
    }
    made: dict[str, Any] = {
        TEMPLATE: job_template(job, plain=plain),
        "parameter_values.json": {"parameterValues": listed},
        "asset_references.json": {"assetReferences": references},
        "parameters.json": values,
    }
    return {name: json.dumps(data, indent=1) + "\n" for name, data in made.items()}


def how(folder: str) -> str:
    """Return the command that runs what lies in a folder on this machine."""
    return f"faceplate farm run {shlex.quote(folder)}"


def notes(job: FarmJob) -> list[str]:
    """Return what the one who submits should know."""
    vram = max(step.vram for step in job.steps)
    if not vram:
        return []
    return [f"only machines with a GPU of {vram / 2**30:.0f} GiB take its tasks"]
