"""The kernel's hold, tried in processes of their own: it cannot be let go again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.landlock import confine_process

ROOT = Path(__file__).parents[2]
TRY = r"""
import json, os, sys
from engine.landlock import confine_process
inside, outside, swapped, lent = sys.argv[1:]
if not confine_process([inside], [lent]):
    sys.exit(77)
os.rename(swapped, swapped + ".away")
os.symlink(outside, swapped)  # a folder that is exchanged while the job runs
def attempt(what):
    try:
        what()
    except OSError as error:
        return type(error).__name__
    return "done"
def write(path):
    with open(path, "w") as file:
        file.write("mine")
def read(path):
    with open(path) as file:
        file.read()
outcome = {}
for name, place in {"inside": inside, "outside": outside, "swapped": swapped, "lent": lent}.items():
    outcome[name] = {
        "read": attempt(lambda: read(place + "/file")),
        "write": attempt(lambda: write(place + "/new")),
        "list": attempt(lambda: os.listdir(place)),
        "make": attempt(lambda: os.mkdir(place + "/folder")),
        "rename": attempt(lambda: os.replace(place + "/file", place + "/moved")),
        "remove": attempt(lambda: os.unlink(place + "/other")),
        "cut": attempt(lambda: os.truncate(place + "/third", 0)),
    }
import numpy, OpenEXR, OpenImageIO  # what the worker lives on can still be loaded
outcome["library"] = attempt(lambda: OpenImageIO.ImageInput.open(outside + "/file"))
outcome["seen"] = OpenImageIO.ImageInput.open(outside + "/plate.exr") is not None
print(json.dumps(outcome), flush=True)
os._exit(0)  # a library would add what it did not like
"""


@pytest.fixture
def folders(tmp_path):
    made = [tmp_path / name for name in ("inside", "outside", "inside/swapped", "lent")]
    for folder in made:
        folder.mkdir()
        for name in ("file", "other", "third"):
            (folder / name).write_text("text", "utf-8")
    (made[1] / "plate.exr").write_bytes(b"\x76\x2f\x31\x01")
    return made


def test_when_a_process_is_confined_then_no_way_leads_outside(folders):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", TRY, *map(str, folders)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )
    if done.returncode == 77:
        pytest.skip("this system has no Landlock")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert set(outcome["inside"].values()) == {"done"}
    for name in ("outside", "swapped"):
        assert set(outcome[name].values()) == {"PermissionError"}, name
    assert not outcome["seen"]
    assert {how for how, said in outcome["lent"].items() if said == "done"} == {"read", "list"}
    _, outside, *_ = folders
    assert sorted(path.name for path in outside.iterdir()) == [
        "file",
        "other",
        "plate.exr",
        "third",
    ]
    assert (outside / "third").read_text("utf-8") == "text"


def test_when_the_system_cannot_do_it_then_it_says_so(monkeypatch):
    monkeypatch.setattr("engine.landlock._call", lambda *_: -1)
    assert not confine_process(["/"])
    monkeypatch.setattr("sys.platform", "darwin")
    assert not confine_process(["/"])
