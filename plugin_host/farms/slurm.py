"""A farm's job as Slurm's: a batch script for each step, and one that submits them.

    analyse.sh ... verify.sh   one step each; an array where it has several tasks
    submit.sh                  sbatch, step after step, each after those that it needs

Rules of this file:
    - No text of a request becomes a word of the shell: every argument is quoted, and what stands
      in a `#SBATCH` line is letters, digits and ``._-``.
    - A task may be stopped and put back at any time. It runs as a child of the script, which hands
      SIGTERM on, and which asks to be put back where its time is nearly up.
    - Tasks of a serial step run one at a time, in whichever order: what one finds missing before
      its own frames it makes, and what lies there already it does not.
    - What comes after an array begins where one of its tasks failed too: it says what is missing.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Iterator

from plugin_host.task_words import FRAMES, VERB

if TYPE_CHECKING:
    from plugin_host.farm import FarmJob, FarmStep
    from plugin_host.task_words import Token

CHECKED = "ran to its end on Slurm 22.05: dependencies, arrays, requeue, SIGTERM, gres/gpu"
NOTICE_S = 120  # before a task's time is up: a window of a slow restorer
MOST_TASKS = 1001  # of an array, where the site has not set MaxArraySize
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")

_TASK = """\
#!/bin/bash
# Faceplate: {step} of {name}. Such a job {checked}.
#SBATCH --job-name={name}.{step}
#SBATCH --output=logs/%x-{log}.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@{notice}
#SBATCH --cpus-per-task={cores}
{needs}
export FACEPLATE_THREADS={cores}  # sums depend on it: the same for every task
{frames}echo "$(date -Is) $SLURMD_NODENAME: {step} {said}, start ${{SLURM_RESTART_COUNT:-0}}"

# USR1: the time is nearly up; what is done is kept, and the rest goes on from there.
trap 'scontrol requeue "$SLURM_JOB_ID"' USR1
trap 'kill -TERM "$task" 2>/dev/null' TERM
{command} &
task=$!
while kill -0 "$task" 2>/dev/null; do wait "$task"; done
wait "$task"
"""

_SUBMIT = """\
#!/bin/bash
# Faceplate: {name} on Slurm. Such a job {checked}.
# ./submit.sh [OPTION...]   what sbatch takes, for every step: --partition=gpu --time=4:00:00;
#                           --dependency is the first one's, the others wait for those before them
set -Eeuo pipefail
CDPATH='' cd -- "$(dirname -- "${{BASH_SOURCE[0]}}")"  # from there tasks write to logs/
mkdir -p logs
declare -A jobs
submitted=()
trap '((${{#submitted[@]}})) && scancel "${{submitted[@]}}"' ERR  # all steps or none
submit() {{ # STEP AFTER [OPTION...]; of two options, sbatch takes the last
  local id
  id=$(sbatch --parsable "${{@:3}}" ${{2:+"--dependency=$2" --kill-on-invalid-dep=yes}} "$1.sh")
  jobs[$1]=${{id%%;*}}
  submitted+=("${{jobs[$1]}}")
  echo "$1: job ${{jobs[$1]}}"
}}
{steps}echo "to stop them all: scancel ${{submitted[*]}}"
"""


def files(job: FarmJob, at_once: int = 0) -> dict[str, str]:
    """Return the scripts, by name.

    Args:
        job: What is to be done.
        at_once: How many of a step's tasks may run at the same time; 0 for as many as there are.
    """
    name = _word(job.name)
    scripts = {f"{_file(step.name)}.sh": _script(job, step, name, at_once) for step in job.steps}
    steps = "".join(_submission(job, step) for step in job.steps)
    submit = _SUBMIT.format(name=name, checked=CHECKED, steps=steps)
    return {**scripts, "submit.sh": submit}


def _submission(job: FarmJob, step: FarmStep) -> str:
    many = any(before.tasks for before in job.steps if before.name in step.after)
    kind = "afterany" if many and not step.tasks else "afterok"
    after = ":".join([kind, *(f"${{jobs[{_file(name)}]}}" for name in step.after)])
    return f'submit {_file(step.name)} "{after if step.after else ""}" "$@"\n'


def how(folder: str) -> str:
    """Return the command that submits what lies in a folder."""
    return shlex.quote(f"{folder}/submit.sh")


def notes(job: FarmJob) -> list[str]:
    """Return what the one who submits should know."""
    said: list[str] = []
    most = max(len(step.tasks) for step in job.steps)
    if most > MOST_TASKS:
        said.append(
            f"{most} tasks: Slurm takes {MOST_TASKS} where MaxArraySize is not set; a greater "
            "--chunk makes fewer"
        )
    vram = max(step.vram for step in job.steps)
    if vram:
        said.append(
            f"Slurm knows of no GPU memory: name a partition or constraint whose GPUs have "
            f"{vram / 2**30:.0f} GiB, such as submit.sh --constraint=NAME"
        )
    return said


def _script(job: FarmJob, step: FarmStep, name: str, at_once: int) -> str:
    needs, frames, said = "", "", "all frames"
    if step.tasks:
        limit = 1 if step.serial else at_once
        needs += f"#SBATCH --array=0-{len(step.tasks) - 1}" + f"%{limit}" * bool(limit) + "\n"
        chunks = " ".join(map(str, step.tasks))
        frames = f"chunks=({chunks})\nframes=${{chunks[$SLURM_ARRAY_TASK_ID]}}\n"
        said = "task $SLURM_ARRAY_TASK_ID, frames $frames"
    if step.vram:
        needs += "#SBATCH --gres=gpu:1\n"
        said += ", GPU $CUDA_VISIBLE_DEVICES"
    return _TASK.format(
        step=_word(step.name),
        name=name,
        checked=CHECKED,
        log="%A_%a" if step.tasks else "%j",
        notice=NOTICE_S,
        cores=step.cores,
        needs=needs,
        frames=frames,
        said=said,
        command=" ".join([*map(shlex.quote, job.command), *_words(job, step)]),
    )


def _words(job: FarmJob, step: FarmStep) -> Iterator[str]:
    """Yield a step's arguments as words of the shell; its task's frames are the script's."""
    for argument in step.arguments:
        yield "".join(_piece(job, piece) for piece in argument)


def _piece(job: FarmJob, piece: str | Token) -> str:
    if isinstance(piece, str):
        return shlex.quote(piece)
    if piece == FRAMES:
        return '"$frames"'
    return "restore" if piece == VERB else shlex.quote(job.value(piece))


def _word(text: str) -> str:
    """Return a text as one word, which no shell and no `#SBATCH` line reads as more."""
    return _UNFIT.sub("_", text) or "_"


def _file(step: str) -> str:
    return _word(step).lower()
