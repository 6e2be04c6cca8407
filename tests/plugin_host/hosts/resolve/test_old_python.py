"""The adapter under the oldest Python that a Resolve brings."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.pythons import old_python

ROOT = Path(__file__).parents[4]
SCENARIO = """
import importlib, pathlib, shutil, sys
folder = pathlib.Path(sys.argv[1])
for path in sorted(pathlib.Path("plugin_host/hosts/resolve").glob("*.py")):
    importlib.import_module("plugin_host.hosts.resolve." + path.stem)
from plugin_host.frame_range import FrameRange
from plugin_host.host import Result
from plugin_host.hosts.resolve.adapter import ResolveHost
from plugin_host.hosts.resolve.application import connect
from plugin_host.hosts.resolve.choices import Choices, read_choices
from plugin_host.plate import Plate
from plugin_host.replies import Finished
from plugin_host.requests import Settings, Submit
from tests.hosts.resolve import Kit

assert read_choices() == Choices()
with Kit(folder, version="20.3.2", edition="free", locale="ru") as kit:
    scene = kit.scene(rate="23.976")
    item = scene.clip(frames=4, offset=2, speed=2, under_playhead=True)
    for choices in (Choices(render="always"), Choices(place="track")):
        host = ResolveHost(connect(kit.globals()), choices)
        (selection,) = host.selected_plates()
        delivered = Plate.parse(str(folder / "out" / (selection.name + "_restored.%08d.exr")))
        pathlib.Path(delivered.folder).mkdir(exist_ok=True)
        for frame in selection.frames:
            shutil.copyfile(selection.shot.plate.path(frame), delivered.path(frame))
        submit = Submit(selection.shot, selection.frames, Settings("none"), delivered.folder)
        finished = Finished("0" * 16, "", len(selection.frames), 0, {})
        result = Result(selection, submit, delivered, selection.frames, "", finished)
        assert host.place_result(result).new
        assert not host.place_result(result).new
    assert (item.take, item.duration, len(scene.timeline.video)) == (2, 4, 2)
    assert not kit.violations and not kit.modals
"""


@pytest.mark.parametrize("version", ["3.7", "3.9"])
def test_when_resolve_brings_an_old_python_then_the_adapter_runs_there_too(tmp_path, version):
    command = [old_python(version), "-S", "-W", "error", "-c", SCENARIO, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
