"""Job files as their documentation has them; no Deadline is here."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_host.errors import SettingsError
from plugin_host.farms import deadline10, deadline_submit
from plugin_host.frame_range import FrameRange
from plugin_host.task_words import VERB
from tests.plugin_host.farms.jobs import ANCHORED, CHAINED, EVIL, job_of, request, restored_by


def pairs(text):
    return dict(line.split("=", 1) for line in text.splitlines())


def told(job, name, kind="job"):
    return pairs(deadline10.files(job)[f"{name}.{kind}"])


def arguments(line):
    """Return the words of a command line, as Windows and .NET part it."""
    words, word, quoted, slashes = [], "", False, 0
    for character in f"{line} ":
        if character == "\\":
            slashes += 1
            continue
        if character == '"':
            word += "\\" * (slashes // 2)
            word, quoted = (word + '"', quoted) if slashes % 2 else (word, not quoted)
        else:
            word += "\\" * slashes
            if character == " " and not quoted:
                words.append(word)
                word = ""
            else:
                word += character
        slashes = 0
    return words


def tasks(job, name):
    """Return the arguments of each task, as Deadline counts frames off and fills tokens in."""
    options, plugin = told(job, name), told(job, name, "plugin")
    frames, size = FrameRange.parse(options["Frames"]), int(options["ChunkSize"])
    for start in range(frames.first, frames.last + 1, size):
        line = plugin["Arguments"].replace("<STARTFRAME>", str(start))
        yield arguments(line.replace("<ENDFRAME>", str(min(start + size - 1, frames.last))))


def test_when_a_job_is_written_then_each_step_is_a_pair_that_waits_for_the_one_before():
    job = job_of(request())
    written = deadline10.files(job, 5)
    names = ["1_analyse", "2_anchor", "3_restore", "4_verify"]
    assert sorted(written) == sorted(
        [*(f"{n}.{k}" for n in names for k in ("job", "plugin")), "submit.py"]
    )
    assert [pairs(written[f"{n}.job"]).get("JobDependencies") for n in names] == [None, *names[:-1]]
    restore = pairs(written["3_restore.job"])
    assert (restore["Frames"], restore["ChunkSize"], restore["MachineLimit"]) == (
        "1001-1100",
        "20",
        "5",
    )
    assert restore["OnTaskTimeout"] == "Error"
    assert restore["ConcurrentTasks"] == "1"  # of a machine: a task has all of its GPU
    assert restore["EnvironmentKeyValue0"] == "FACEPLATE_THREADS=2"
    assert restore["EnvironmentKeyValue1"] == "FACEPLATE_PROGRESS=deadline"


def test_when_tasks_are_a_chain_then_one_machine_works_at_a_time():
    assert told(job_of(request(), CHAINED), "2_restore")["MachineLimit"] == "1"


def test_when_paths_are_hostile_then_every_task_hears_them_as_they_are():
    job = job_of(
        request(folder=EVIL, output=EVIL, references=(f"Anna=/{EVIL}.exr",), faces=("1=Anna",))
    )
    anchor = job.steps[1]
    (words,) = tasks(job, "2_anchor")
    assert words == list(
        anchor.command_line(lambda token: "restore" if token == VERB else job.value(token))
    )


@settings(max_examples=25, deadline=None)
@given(
    st.sets(st.integers(-30, 60), min_size=1).map(FrameRange),
    st.integers(1, 40),
    st.sampled_from([CHAINED, ANCHORED]),
)
def test_when_frames_have_gaps_then_tasks_restore_each_of_them_once(frames, chunk, declared):
    asked = request(str(frames), shot="-30-60")
    job = job_of(asked, declared, chunk)
    name = "2_restore" if declared is CHAINED else "3_restore"
    made = [frame for words in tasks(job, name) for frame in restored_by(words)]
    assert sorted(made) == list(frames)


def test_when_frames_have_steps_then_there_are_about_as_many_tasks_as_chunks():
    job = job_of(request("1001-1400x7"), CHAINED, 10)
    assert len(job.steps[1].tasks) == 6
    assert len(list(tasks(job, "2_restore"))) in (6, 7)


@pytest.mark.parametrize(
    "folder",
    ["/a<STARTFRAME>", "/a<QUOTE>b", "/a\nPlugin=x", "/a\u2028Plugin=x", "/a<endframe%4>"],
)
def test_when_deadline_would_take_a_path_for_its_own_then_it_is_refused(folder):
    with pytest.raises(SettingsError, match="Deadline"):
        deadline10.files(job_of(request(folder=folder)))


def test_when_a_name_holds_spaces_of_other_scripts_then_they_stay():
    folder = "/\u65e5\u3000\u672c/a\u00a0b"
    job = job_of(request(output=folder))
    assert told(job, "1_analyse")["OutputDirectory0"] == folder
    assert folder in next(tasks(job, "1_analyse"))


def test_when_the_folder_is_hostile_then_the_command_that_submits_names_it_as_it_is(tmp_path):
    program = 'python3() { printf "%s" "$1"; }; '
    command = program + deadline10.how(f"{tmp_path}{EVIL}")
    said = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert said.stdout.decode() == f"{tmp_path}{EVIL}/submit.py"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("program", "said"),
    [("faceplate", True), ("/opt/faceplate", False), (r"C:\faceplate.exe", False)],
)
def test_when_the_program_has_no_folder_then_it_is_said_where_it_is_looked_for(program, said):
    notes = deadline10.notes(job_of(request(), command=[program]))
    assert any("PATH" in note for note in notes) == said
    assert any("16 GiB" in note for note in notes)


# submitting


@pytest.fixture
def folder(tmp_path):
    for name, text in deadline10.files(job_of(request())).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_when_jobs_are_submitted_then_each_names_the_ids_of_those_before_it(folder):
    heard = []

    def command(words):
        heard.append(pairs(Path(words[0]).read_text("utf-8")))
        return f"Deadline\nJobID=id{len(heard)}\nThe job was submitted successfully.\n"

    ids = deadline_submit.submit(str(folder), ["Pool=gpu", "MachineLimit=3"], command)
    assert ids == ["id1", "id2", "id3", "id4"]
    assert [one.get("JobDependencies") for one in heard] == [None, "id1", "id2", "id3"]
    assert all((one["Pool"], one["MachineLimit"]) == ("gpu", "3") for one in heard)
    assert [one["Name"] for one in heard] == ["p Analyse", "p Anchor", "p Restore", "p Verify"]


def test_when_the_jobs_are_to_wait_for_others_then_each_waits_for_its_own_too(folder):
    heard = []

    def command(words):
        heard.append(pairs(Path(words[0]).read_text("utf-8"))["JobDependencies"])
        return f"JobID=id{len(heard)}\n"

    deadline_submit.submit(str(folder), ["JobDependencies=5f,6a"], command)
    assert heard == ["5f,6a", "id1,5f,6a", "id2,5f,6a", "id3,5f,6a"]


def test_when_a_job_is_refused_then_those_before_it_are_named(folder):
    said = iter(["JobID=a1\n", "Error: no such pool\n"])
    with pytest.raises(RuntimeError, match="2_anchor was refused; submitted before it: a1\nError"):
        deadline_submit.submit(str(folder), [], lambda _: next(said))


@pytest.mark.parametrize(("words", "code"), [(["Pool"], 2), ([], 1), (["Pool=a b"], 1)])
def test_when_there_is_no_deadline_then_the_program_says_so(folder, words, code):
    done = subprocess.run(
        [sys.executable, "-I", folder / "submit.py", *words],
        env={"DEADLINE_PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("KEY=VALUE" if code == 2 else "/nowhere/deadlinecommand") in done.stderr
