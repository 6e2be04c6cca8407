"""Batch scripts, run by bash as Slurm runs them; `tests/slurm` has a real one."""

import itertools
import os
import signal
import subprocess
import time

import pytest

from plugin_host.bundle import write_bundle
from plugin_host.farms import slurm
from plugin_host.task_words import FRAMES, VERB
from tests.plugin_host.farms.jobs import CHAINED, EVIL, job_of, request

SAY = '#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word"; done > "$SAID"\n'


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a script with programs of one's own; its words are kept."""
    programs = tmp_path / "bin"
    programs.mkdir()

    def run(script, *words, wait=True, **variables):
        path = tmp_path / "script.sh"
        path.write_text(script)
        said = {"SAID": str(tmp_path / "said"), "PATH": f"{programs}:{os.environ['PATH']}"}
        command = subprocess.Popen(
            ["bash", str(path), *words],
            cwd=tmp_path,
            env={**os.environ, **said, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return (command.communicate(timeout=60)[0], command.returncode) if wait else command

    def program(name, text):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)

    run.program = program
    run.words = lambda: (tmp_path / "said").read_bytes().decode().split("\0")[:-1]
    return run


def words_of(job, step, frames):
    def fill(token):
        return {VERB: "restore", FRAMES: frames}.get(token) or job.value(token)

    return list(step.command_line(fill))


def lines(script, word):
    """Return the lines that sbatch reads: it looks no further than the first command."""
    head = itertools.takewhile(lambda line: line.startswith("#"), script.splitlines())
    return [line for line in head if line.startswith(f"#SBATCH --{word}")]


def test_when_paths_are_hostile_then_every_task_hears_them_as_they_are(run, tmp_path):
    asked = request(
        folder=EVIL,
        output=f"{EVIL}/\n#SBATCH --wrap=x",
        references=("Al $(touch x)=frame:1007", f"Al $(touch x)=/{EVIL}.exr"),
        faces=("1=Al $(touch x)",),
    )
    job = job_of(asked, command=["say it", "$(touch x)"])
    scripts = slurm.files(job)
    run.program("say it", SAY)
    for step in job.steps:
        for number, frames in enumerate(step.tasks or [""]):
            variables = {"SLURM_ARRAY_TASK_ID": str(number)}
            _, code = run(scripts[f"{step.name.lower()}.sh"], **variables)
            assert code == 0
            assert run.words() == ["$(touch x)", *words_of(job, step, str(frames))]
    assert not (tmp_path / "x").exists()
    assert not any("--wrap" in line for text in scripts.values() for line in lines(text, ""))


def test_when_tasks_run_side_by_side_then_they_are_an_array_with_a_limit_and_gpus():
    script = slurm.files(job_of(request()), 3)["restore.sh"]
    assert lines(script, "array") == ["#SBATCH --array=0-4%3"]
    assert lines(script, "gres") == ["#SBATCH --gres=gpu:1"]
    assert lines(script, "cpus") == ["#SBATCH --cpus-per-task=2"]
    assert "\nexport FACEPLATE_THREADS=2 " in script
    assert lines(slurm.files(job_of(request()))["restore.sh"], "array") == ["#SBATCH --array=0-4"]


def test_when_tasks_are_a_chain_then_one_runs_at_a_time_and_none_asks_for_a_gpu():
    scripts = slurm.files(job_of(request(), CHAINED), 3)
    assert sorted(scripts) == ["analyse.sh", "restore.sh", "submit.sh", "verify.sh"]
    assert lines(scripts["restore.sh"], "array") == ["#SBATCH --array=0-8%1"]
    assert not any(lines(text, "gres") for text in scripts.values())


def test_when_a_job_is_submitted_then_steps_wait_for_each_other_and_options_reach_all(
    run, tmp_path
):
    run.program("sbatch", '#!/bin/sh\necho "$@" >> called\necho "$(wc -l < called);cluster"\n')
    said, code = run(slurm.files(job_of(request()))["submit.sh"], "--time=9", "--comment=a b")
    assert (code, said.splitlines()[0]) == (0, "analyse: job 1")
    own = "--time=9 --comment=a b"
    ill = "--kill-on-invalid-dep=yes"
    assert (tmp_path / "called").read_text().splitlines() == [
        f"--parsable {own} analyse.sh",
        f"--parsable {own} --dependency=afterok:1 {ill} anchor.sh",
        f"--parsable {own} --dependency=afterok:2 {ill} restore.sh",
        f"--parsable {own} --dependency=afterany:3 {ill} verify.sh",
    ]
    assert (tmp_path / "logs").is_dir()
    assert said.splitlines()[-1] == "to stop them all: scancel 1 2 3 4"


def test_when_cdpath_names_another_folder_of_that_name_then_the_jobs_own_is_gone_to(run, tmp_path):
    run.program("sbatch", "#!/bin/sh\npwd >> $SAID\necho 1\n")
    for folder in ("there/job", "job"):
        (tmp_path / folder).mkdir(parents=True)
    script = slurm.files(job_of(request()))["submit.sh"]
    (tmp_path / "job" / "submit.sh").write_text(script)
    _, code = run("bash job/submit.sh", CDPATH=str(tmp_path / "there"))
    assert code == 0
    assert set((tmp_path / "said").read_text().splitlines()) == {str(tmp_path / "job")}


def test_when_a_step_is_refused_then_those_before_it_are_cancelled(run, tmp_path):
    run.program("sbatch", '#!/bin/sh\ncase "$*" in *restore.sh) exit 1;; esac\necho 7\n')
    run.program("scancel", '#!/bin/sh\necho "$@" > cancelled\n')
    _, code = run(slurm.files(job_of(request()))["submit.sh"])
    assert code == 1
    assert (tmp_path / "cancelled").read_text() == "7 7\n"


PATIENT = "#!/bin/sh\ntrap 'exit 4' TERM\n: > started\nwhile :; do sleep 0.02; done\n"


def started(run, script, tmp_path):
    task = run(script, wait=False, SLURM_JOB_ID="42")
    end = time.monotonic() + 60
    while not (tmp_path / "started").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    return task


def test_when_a_task_is_stopped_then_faceplate_is_and_its_exit_code_is_the_tasks(run, tmp_path):
    run.program("faceplate", PATIENT)
    task = started(run, slurm.files(job_of(request()))["analyse.sh"], tmp_path)
    task.send_signal(signal.SIGTERM)
    task.communicate(timeout=60)
    assert task.returncode == 4


def test_when_a_task_may_be_put_back_then_slurm_is_told_of_it_and_its_log_goes_on():
    for name, script in slurm.files(job_of(request())).items():
        told = [line.split(" ", 1)[1] for line in lines(script, "")]
        needs = ["--requeue", "--signal=B:USR1@120", "--open-mode=append"]
        assert name == "submit.sh" or set(needs) <= set(told)


def test_when_the_time_is_nearly_up_then_the_task_asks_to_be_put_back(run, tmp_path):
    run.program("faceplate", PATIENT)
    run.program("scontrol", '#!/bin/sh\necho "$@" > asked\nkill -TERM $PPID\n')  # as Slurm does
    task = started(run, slurm.files(job_of(request()))["analyse.sh"], tmp_path)
    task.send_signal(signal.SIGUSR1)
    task.communicate(timeout=60)
    assert (tmp_path / "asked").read_text() == "requeue 42\n"


def test_when_scripts_are_written_then_they_are_programs_and_the_command_is_quoted(tmp_path):
    asked = request()
    folder = tmp_path / "the 'bundle'"
    write_bundle(str(folder), asked, slurm.files(job_of(asked)))
    assert (folder / "submit.sh").stat().st_mode & 0o111
    run = subprocess.run(["bash", "-nc", slurm.how(str(folder))], check=True, capture_output=True)
    assert run.stderr == b""


def test_when_a_job_is_large_then_it_is_said():
    notes = slurm.notes(job_of(request("1-20000"), chunk=10))
    assert any("2000 tasks" in note for note in notes)
    assert any("16 GiB" in note for note in notes)
    assert slurm.notes(job_of(request(), CHAINED)) == []
