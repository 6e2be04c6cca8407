"""A fake Resolve, an editor's choices, and results as the engine would have delivered them."""

import shutil

import pytest

from plugin_host.delivered import write_like
from plugin_host.frame_range import FrameRange
from plugin_host.host import Result
from plugin_host.hosts.resolve.adapter import ResolveHost
from plugin_host.hosts.resolve.application import connect
from plugin_host.hosts.resolve.choices import Choices
from plugin_host.plate import Plate
from plugin_host.replies import Finished
from plugin_host.requests import Settings, Submit
from tests.hosts.resolve.fixtures import resolve_kit

__all__ = ["resolve_kit"]
JOB = "0123456789abcdef"


@pytest.fixture(autouse=True)
def own_files(tmp_path, monkeypatch):
    """Nothing of the user's is read or written, and no browser is opened."""
    monkeypatch.setenv("FACEPLATE_JOBS", str(tmp_path / "state" / "jobs"))
    monkeypatch.setenv("FACEPLATE_CONNECTION", str(tmp_path / "state" / "connection.json"))
    monkeypatch.delenv("FACEPLATE_RESOLVE", raising=False)
    monkeypatch.setattr("webbrowser.open", lambda address: pytest.fail(f"opens {address}"))


@pytest.fixture
def user(resolve_kit, tmp_path):
    """Return a function that starts a Resolve with a scene in it."""

    def start(rate="24", project="Film", **options):
        options = {"version": "21.0.4", **options}
        kit = resolve_kit(**options)
        return User(kit, kit.scene(rate=rate, project=project), tmp_path)

    return start


class User:
    """A Resolve and whoever sits before it."""

    def __init__(self, kit, scene, folder):
        self.kit, self.scene, self.folder = kit, scene, folder

    def application(self):
        return connect(self.kit.globals())

    def host(self, **choices):
        return ResolveHost(self.application(), Choices(**choices))

    def result(self, item=None, *, host=None, without=(), job=JOB, version="v001", **choices):
        """Return what the engine would have delivered of the clip: the plate's own frames."""
        if item is not None:
            self.scene.timeline.selected = [item]
        (selection,) = (host or self.host(**choices)).selected_plates()
        plate = selection.shot.plate
        folder = self.folder / "out" / version
        folder.mkdir(parents=True, exist_ok=True)
        delivered = Plate.parse(str(folder / f"{plate.stem}_restored.%04d.exr"))
        frames = FrameRange(frame for frame in selection.frames if frame not in without)
        for frame in frames:
            shutil.copyfile(plate.path(frame), delivered.path(frame))
        submit = Submit(selection.shot, selection.frames, Settings("passthrough"), str(folder))
        take = str(folder / f"{plate.stem}.take")
        write_like(take, "manifest.json", {"release": "a test"})
        finished = Finished(job, take, len(frames), 0, {})
        return Result(selection, submit, delivered, frames, take, finished)
