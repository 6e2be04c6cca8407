"""The XML that a Cuebot reads, held against its DTD's order, and its commands by a shell."""

import getpass
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_host.errors import SettingsError
from plugin_host.farms import opencue
from plugin_host.frame_range import FrameRange
from plugin_host.task_words import VERB
from tests.plugin_host.farms.jobs import ANCHORED, CHAINED, EVIL, job_of, request, restored_by

ORDER = {  # of DTD 1.15, as far as we write it
    "spec": ["show", "shot", "user", "uid", "job", "depends"],
    "job": ["paused", "maxretries", "maxcores", "maxgpus", "autoeat", "env", "layers"],
    "layer": [
        "cmd",
        "range",
        "chunk",
        "cores",
        "threadable",
        "gpus",
        "gpu_memory",
        "env",
        "services",
    ],
    "depend": ["depjob", "deplayer", "onjob", "onlayer"],
}


def spec(job, at_once=0):
    return ET.fromstring(opencue.files(job, at_once)["opencue.xml"])


def layers(job):
    return {layer.get("name"): layer for layer in spec(job).iter("layer")}


def tasks(layer):
    """Return each task's command, as a Cuebot counts frames off: the last may go beyond the end."""
    first, _, last = layer.findtext("range").partition("-")
    size = int(layer.findtext("chunk"))
    for frame in range(int(first), int(last or first) + 1, size):
        command = layer.findtext("cmd").replace("#FRAME_START#", str(frame))
        yield command.replace("#FRAME_END#", str(frame + size - 1))


def words_of(command, tmp_path):
    said = tmp_path / "said"
    program = f'faceplate() {{ for word in "$@"; do printf "%s\\0" "$word"; done > "{said}"; }}\n'
    subprocess.run(["sh", "-c", program + command], check=True, cwd=tmp_path)
    return said.read_bytes().decode().split("\0")[:-1]


def test_when_a_job_is_written_then_its_elements_are_in_the_order_that_the_dtd_has():
    for job in (job_of(request()), job_of(request(), CHAINED)):
        root = spec(job, 4)
        assert root.tag == "spec"
        for parent in root.iter():
            if parent.tag in ORDER:
                order = ORDER[parent.tag]
                found = [child.tag for child in parent]
                assert found == sorted(found, key=order.index)
        assert all(layer.get("type") == "Render" for layer in root.iter("layer"))


def test_when_steps_wait_for_each_other_then_layers_do():
    root = spec(job_of(request()), 3)
    waits = [(d.findtext("deplayer"), d.findtext("onlayer")) for d in root.iter("depend")]
    assert waits == [("anchor", "analyse"), ("restore", "anchor"), ("verify", "restore")]
    assert {d.get("type") for d in root.iter("depend")} == {"LAYER_ON_LAYER"}
    restore = next(one for one in root.iter("layer") if one.get("name") == "restore")
    assert (restore.findtext("gpus"), restore.findtext("gpu_memory")) == ("1", "16384m")
    assert restore.findtext("env/key[@name='FACEPLATE_THREADS']") == "2"
    assert root.findtext("job/maxretries") == "1"
    assert (root.findtext("job/maxcores"), root.findtext("job/maxgpus")) == ("6", "3")


def test_when_tasks_are_a_chain_then_each_is_a_layer_behind_the_one_before():
    root = spec(job_of(request(), CHAINED, 40))
    names = [layer.get("name") for layer in root.iter("layer")]
    assert names == ["analyse", "restore_1", "restore_2", "restore_3", "verify"]
    waits = [(d.findtext("deplayer"), d.findtext("onlayer")) for d in root.iter("depend")]
    assert waits == list(zip(names[1:], names, strict=False))


def test_when_paths_are_hostile_then_every_task_hears_them_as_they_are(tmp_path):
    job = job_of(request(folder=EVIL, output=f"{EVIL}<&>]]>"))
    command = layers(job)["anchor"].findtext("cmd")
    expected = job.steps[1].command_line(lambda t: "restore" if t == VERB else job.value(t))
    assert words_of(command, tmp_path) == list(expected)
    assert not (tmp_path / "x").exists()


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 90), min_size=1).map(FrameRange), st.integers(1, 40))
def test_when_frames_have_gaps_then_tasks_restore_each_of_them_once(frames, chunk):
    job = job_of(request(str(frames), shot="1-90"), ANCHORED, chunk)
    commands = [command.replace("'", "").split() for command in tasks(layers(job)["restore"])]
    made = [frame for words in commands for frame in restored_by(words)]
    assert sorted(made) == list(frames)


@pytest.mark.parametrize("name", ["#FRAME_END#", "#JOB#", "a\nb", "a\uffffb", "a\udce9b"])
def test_when_opencue_would_take_a_path_for_its_own_then_it_is_refused(name):
    with pytest.raises(SettingsError, match="OpenCue"):
        opencue.files(job_of(request(output=f"/{name}")))


@pytest.mark.parametrize(
    ("stem", "name"), [("p", "faceplate_p"), ("Sh-010 é", "sh_010"), ("é", "faceplate_0")]
)
def test_when_a_plate_has_any_name_then_the_jobs_is_one_that_cuebot_takes(stem, name):
    job = replace(job_of(request()), name=stem)
    assert spec(job).find("job").get("name") == name


def test_when_cuebot_would_refuse_the_job_then_it_is_refused_before(monkeypatch):
    for frames in ("-1", "1000000"):
        with pytest.raises(SettingsError, match="from 0 to 999999"):
            opencue.files(job_of(request(frames)))
    with pytest.raises(SettingsError, match="1002 layers"):
        opencue.files(job_of(request("1-1000"), CHAINED, 1))
    gaps = ",".join(str(frame * frame) for frame in range(900))
    with pytest.raises(SettingsError, match="fewer gaps"):
        opencue.files(job_of(request(gaps, shot="0-999999")))

    def nobody():
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nobody)
    with pytest.raises(SettingsError, match="USER=NAME"):
        opencue.files(job_of(request()))


def test_when_a_user_has_any_name_then_the_job_is_theirs(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "Jo.O'Neil-Ng<&>")
    assert spec(job_of(request())).findtext("user") == "Jo.O'Neil-Ng<&>"


def test_when_the_job_is_launched_then_cuebot_hears_the_file_whatever_the_locale(tmp_path):
    (tmp_path / "opencue.py").write_text(
        "class api:\n    launchSpecAndWait = lambda text: print(ascii(text))\n"
    )
    (tmp_path / opencue.FILE).write_text("<\u65e5>", "utf-8")
    command = opencue.how(str(tmp_path)).replace("python3", f"{sys.executable} -X utf8=0", 1)
    variables = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-c", command], env=variables, capture_output=True, text=True, check=True
    )
    assert done.stdout == "'<\\u65e5>'\n"
