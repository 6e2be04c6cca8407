import json
from dataclasses import replace
from pathlib import Path

import pytest

from plugin_host.errors import OutputError, SettingsError
from plugin_host.farming import Farm, bundle
from plugin_host.hosts.headless import Headless
from plugin_host.path_map import PathMap
from plugin_host.replies import Description
from plugin_host.requests import Settings
from tests.plugin_host import scripted

CHAINED = Settings("lite")
ANCHORED = Settings("full")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes the job of a plate."""
    monkeypatch.setenv("FACEPLATE_JOBS", str(tmp_path / "jobs"))
    selection = scripted.write_frames(tmp_path / "plate")
    template = str(tmp_path / "out/{version}")

    def write(settings=CHAINED, farm=Farm(), template=template, **how):  # noqa: B008 - it is frozen
        return bundle(
            Headless(), scripted.Scripted(), selection, settings, template, farm=farm, **how
        )

    return write


def test_when_nothing_is_said_of_a_farm_then_it_is_an_open_job(write):
    bundled = write(farm=Farm.from_environment({}))
    folder = Path(bundled.folder)
    assert json.loads((folder / "template.json").read_text("utf-8"))["name"] == "Faceplate p"
    assert str(bundled).splitlines()[:2] == [
        f"p: a job for the farm lies in {folder}",
        f"submit it: faceplate farm run {folder}",
    ]
    assert "one after the other" in bundled.notes[0]
    assert str(bundled).splitlines()[-1] == f"(such a job: {bundled.checked})"


def test_when_the_environment_names_a_farm_then_its_files_are_written_as_it_wants_them(write):
    studio = Farm.from_environment(
        {
            "FACEPLATE_FARM": "slurm",
            "FACEPLATE_FARM_CHUNK": "2",
            "FACEPLATE_FARM_COMMAND": "env 'A=b c' /opt/faceplate",
            "FACEPLATE_THREADS": "6",
        }
    )
    assert studio == Farm("slurm", 2, ("env", "A=b c", "/opt/faceplate"), 6)
    script = Path(write(farm=studio).folder, "restore.sh").read_text("utf-8")
    assert "env 'A=b c' /opt/faceplate restore" in script
    assert "#SBATCH --array=0-2%1" in script
    assert "#SBATCH --cpus-per-task=6" in script


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FACEPLATE_FARM", "tractor", "none of openjd, slurm, deadline10, opencue"),
        ("FACEPLATE_FARM_CHUNK", "0", "whole number from 1"),
        ("FACEPLATE_THREADS", "two", "FACEPLATE_THREADS is 'two'"),
    ],
)
def test_when_the_environment_names_what_cannot_be_then_it_is_refused(name, value, said):
    with pytest.raises(SettingsError, match=said):
        Farm.from_environment({name: value})


def test_when_the_restorer_is_anchored_then_the_job_has_that_step(write):
    folder = Path(write(ANCHORED, Farm("deadline10")).folder)
    names = ["1_Analyse", "2_Anchor", "3_Restore", "4_Verify"]
    assert [(folder / f"{name.lower()}.job").exists() for name in names] == [True] * 4


def test_when_the_farm_calls_folders_differently_then_its_files_do_and_lie_where_the_host_sees_them(
    write, tmp_path
):
    bundled = write(farm=Farm("slurm"), path_map=PathMap.parse(f"{tmp_path}=/mnt/show"))
    assert bundled.folder == str(tmp_path / "out/v001/p.farm")
    script = Path(bundled.folder, "restore.sh").read_text("utf-8")
    assert "restore /mnt/show/plate/p.%04d.exr --output /mnt/show/out/v001" in script


def test_when_another_job_waits_there_then_the_next_version_is_taken_and_a_job_again_is_its_own(
    write, tmp_path
):
    folders = [write(settings).folder for settings in (CHAINED, ANCHORED, CHAINED, ANCHORED)]
    versions = [str(Path(folder).parent.relative_to(tmp_path / "out")) for folder in folders]
    assert versions == ["v001", "v002", "v001", "v002"]


def test_when_the_restorer_needs_a_gpu_then_the_farm_is_asked_for_one(write, monkeypatch):
    heavy = Description((replace(scripted.LITE, vram=16 << 30),))
    monkeypatch.setattr(scripted, "DESCRIPTION", heavy)
    bundled = write(farm=Farm("slurm"))
    assert "#SBATCH --gres=gpu:1" in Path(bundled.folder, "restore.sh").read_text("utf-8")
    assert any("16 GiB" in note for note in bundled.notes)


def test_when_no_storage_is_shared_then_no_job_is_written(write, tmp_path):
    with pytest.raises(SettingsError, match="must be shared storage"):
        write(shared=False)
    assert not (tmp_path / "out").exists()


def test_when_the_job_cannot_be_written_then_it_is_said(write, tmp_path):
    (tmp_path / "out/v001").mkdir(parents=True)
    (tmp_path / "out/v001/p.farm").write_text("a file")
    with pytest.raises(OutputError):
        write()
    (tmp_path / "out/v001/p.farm").unlink()
    fixed = str(tmp_path / "fixed")
    write(template=fixed)
    with pytest.raises(OutputError, match="another shot's job"):
        write(ANCHORED, template=fixed)
