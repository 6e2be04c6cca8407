"""A job's files in a folder: what lies there is not lost."""

import os
from dataclasses import replace

import pytest

from plugin_host.bundle import REQUEST, write_bundle
from plugin_host.errors import OutputError
from plugin_host.frame_range import FrameRange
from plugin_host.plate import Plate
from plugin_host.requests import Settings, Shot, Submit

SHOT = Shot(Plate.parse("/shots/a.%04d.exr"), FrameRange.parse("1-9"))
ASKED = Submit(SHOT, SHOT.frames, Settings("lite"), "/out")


def test_when_a_job_is_written_then_its_files_and_its_request_are_there(tmp_path):
    folder = tmp_path / "deep" / "job"
    write_bundle(str(folder), ASKED, {"template.json": "{}\n", "submit.sh": "#!/bin/sh\n"})
    assert sorted(path.name for path in folder.iterdir()) == [REQUEST, "submit.sh", "template.json"]
    assert os.access(folder / "submit.sh", os.X_OK)
    assert not os.access(folder / "template.json", os.X_OK)


def test_when_the_same_shot_is_cut_anew_then_its_job_gives_way(tmp_path):
    write_bundle(str(tmp_path), ASKED, {"template.json": "old"})
    other = replace(ASKED, frames=FrameRange([3]))
    write_bundle(str(tmp_path), other, {"template.json": "new"})
    assert (tmp_path / "template.json").read_text() == "new"


@pytest.mark.parametrize(
    "changes",
    [{"output": "/elsewhere"}, {"settings": Settings("svfr")}, {"shot": replace(SHOT, handles=3)}],
)
def test_when_another_shots_job_lies_there_then_it_is_left_alone(tmp_path, changes):
    write_bundle(str(tmp_path), ASKED, {"template.json": "old"})
    with pytest.raises(OutputError, match="another shot's job lies there"):
        write_bundle(str(tmp_path), replace(ASKED, **changes), {"template.json": "new"})
    assert (tmp_path / "template.json").read_text() == "old"


def test_when_something_else_lies_there_then_it_is_left_alone(tmp_path):
    (tmp_path / "template.json").write_text("mine")
    with pytest.raises(OutputError, match="something else lies there"):
        write_bundle(str(tmp_path), ASKED, {"template.json": "new"})
    assert (tmp_path / "template.json").read_text() == "mine"


def test_when_the_folder_cannot_be_made_then_the_reason_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write there"):
        write_bundle(str(tmp_path / "file" / "job"), ASKED, {})
