"""Bundles of Open Job Description, read by the library that its runners use."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from openjd.model import IntRangeExpr, StepParameterSpaceIterator, create_job, decode_job_template
from openjd.model import preprocess_job_parameters as preprocess

from plugin_host.errors import SettingsError
from plugin_host.farm import Declaration, farm_job
from plugin_host.farms import openjd
from plugin_host.farms.openjd import TEMPLATE
from plugin_host.farms.openjd_template import from_openjd_range, job_template, openjd_range
from plugin_host.frame_range import FrameRange
from plugin_host.requests import Settings, Submit
from tests.plugin_host.scripted import write_frames

CHAIN = Declaration("chained", 8)
ANCHOR = Declaration("anchored", 16, 3, vram=16 << 30)


@pytest.fixture
def request_(tmp_path):
    shot = write_frames(tmp_path / "plate").shot
    return Submit(shot, shot.frames, Settings("lite"), str(tmp_path / "out"))


def decoded(template):
    extensions = ["TASK_CHUNKING"] if "extensions" in template else []
    return decode_job_template(template=template, supported_extensions=extensions)


def created(job, tmp_path, *, plain=False, **values):
    template = decoded(job_template(job, plain=plain))
    values = {one.name: one.value for one in job.parameters} | values
    checked = preprocess(
        job_template=template,
        job_parameter_values=values,
        job_template_dir=tmp_path,
        current_working_dir=tmp_path,
    )
    return create_job(job_template=template, job_parameter_values=checked)


def tasks(step):
    return [task["Frames"].value for task in StepParameterSpaceIterator(space=step.parameterSpace)]


def long(request, frames="1-100"):
    whole = FrameRange.parse(frames)
    return replace(request, shot=replace(request.shot, frames=whole), frames=whole)


def test_when_tasks_run_side_by_side_then_the_scheduler_may_cut_them(request_, tmp_path):
    job = farm_job(long(request_), ANCHOR, 26)
    restore = created(job, tmp_path).steps[2]
    assert tasks(restore) == ["1-25", "26-50", "51-75", "76-100"]
    assert tasks(created(job, tmp_path, ChunkSize="50").steps[2]) == ["1-50", "51-100"]
    arguments = list(map(str, restore.script.actions.onRun.args))
    given = ["--asked=1-100", "--grid=1-100", "--stride=13", "--overlap=3"]
    assert arguments[:7] == ["farm-session", "task", *given, "submit"]
    assert arguments[-1] == "--frames={{Task.Param.Frames}}"


def test_when_frames_have_gaps_then_a_task_may_reach_over_them(request_, tmp_path):
    job = farm_job(long(request_, "1-10,31-50,61-70"), Declaration("independent", 1), 20)
    (_, restore, _) = created(job, tmp_path).steps
    assert tasks(restore) == ["1-10,31-40", "41-50,61-70"]


def test_when_a_session_begins_then_it_has_an_engine_and_tasks_are_asked_to_end(request_):
    template = job_template(farm_job(long(request_), ANCHOR, 26))
    (engine,) = template["jobEnvironments"]
    actions = engine["script"]["actions"]
    called = {name: action["args"][:2] for name, action in actions.items()}
    assert called == {
        "onEnter": ["farm-session", "enter"],
        "onExit": ["farm-session", "leave"],
    }
    assert engine["variables"] == {"FACEPLATE_PROGRESS": "openjd", "FACEPLATE_THREADS": "2"}
    ends = [step["script"]["actions"]["onRun"]["cancelation"] for step in template["steps"]]
    assert {end["mode"] for end in ends} == {"NOTIFY_THEN_TERMINATE"}


def test_when_a_runner_knows_no_chunks_then_each_task_is_written_out(request_, tmp_path):
    job = farm_job(long(request_), ANCHOR, 26)
    assert "extensions" not in job_template(job, plain=True)
    restore = created(job, tmp_path, plain=True).steps[2]
    assert tasks(restore) == ["1-26", "27-52", "53-78", "79-100"]


def test_when_tasks_run_one_after_the_other_then_each_is_a_step_after_the_one_before(request_):
    template = job_template(farm_job(long(request_), CHAIN, 40))
    after = {step["name"]: step.get("dependencies", []) for step in template["steps"]}
    assert after == {
        "Analyse": [],
        "Restore 1-40": [{"dependsOn": "Analyse"}],
        "Restore 41-80": [{"dependsOn": "Restore 1-40"}],
        "Restore 81-100": [{"dependsOn": "Restore 41-80"}],
        "Verify": [{"dependsOn": "Restore 81-100"}],
    }
    decoded(template)


def test_when_a_gpu_is_needed_then_a_machine_must_have_its_memory(request_):
    template = job_template(farm_job(request_, ANCHOR, 26))
    needs = {step["name"]: step["hostRequirements"]["amounts"] for step in template["steps"]}
    memory = {"name": "amount.worker.gpu.memory", "min": 16384}
    assert memory in needs["Restore"]
    assert memory in needs["Anchor"]
    assert needs["Analyse"] == [{"name": "amount.worker.vcpu", "min": 2}]


def test_when_a_bundle_is_made_then_the_files_that_it_reads_are_named(request_, tmp_path):
    files = {name: json.loads(text) for name, text in openjd.files(_job(request_)).items()}
    references = files["asset_references.json"]["assetReferences"]
    plate = request_.shot.plate
    read = [plate.path(frame) for frame in request_.shot.frames]
    assert references["inputs"]["filenames"] == read
    assert references["outputs"]["directories"] == [str(tmp_path / "out")]
    flows = {one["name"]: one.get("dataFlow") for one in files[TEMPLATE]["parameterDefinitions"]}
    assert (flows["PlateFolder"], flows["Output"]) == ("NONE", "OUT"), "its frames are named"
    values = files["parameter_values.json"]["parameterValues"]
    assert {one["name"]: one["value"] for one in values} == files["parameters.json"]
    assert files["parameters.json"]["PlateFolder"] == plate.folder


def _job(request):
    return farm_job(request, CHAIN, 5)


@pytest.mark.parametrize("text", ["1001-1099x2", "-9--1x4", "1-4,7,9-21x3", "0"])
def test_when_a_range_is_written_for_openjd_then_it_means_the_same_there_and_reads_back(text):
    written = openjd_range(FrameRange.parse(text))
    assert from_openjd_range(written) == text
    assert list(IntRangeExpr.from_str(written)) == list(FrameRange.parse(text))
    theirs = str(IntRangeExpr.from_list(list(FrameRange.parse(text))))
    assert FrameRange.parse(from_openjd_range(theirs)) == FrameRange.parse(text)


def test_when_a_chain_is_too_long_then_the_chunk_that_fits_is_said(request_):
    job = farm_job(long(request_, "1-1000"), CHAIN, 1)
    with pytest.raises(SettingsError, match="say --chunk 10 or more"):
        job_template(job)
    job_template(farm_job(long(request_, "1-1000"), CHAIN, 10))


def test_when_a_list_is_too_long_then_it_is_refused_and_a_range_is_not(request_):
    job = farm_job(long(request_, "1-2000"), Declaration("independent", 1), 1)
    with pytest.raises(SettingsError, match="OpenJD lists 1024 at most"):
        job_template(job, plain=True)
    decoded(job_template(job))


def test_when_a_text_would_be_a_format_string_then_it_is_refused(request_):
    named = replace(request_, settings=replace(request_.settings, faces=("1={{Param.Output}}",)))
    with pytest.raises(SettingsError, match="for its own"):
        job_template(_job(named))


def test_when_there_are_more_paths_than_parameters_then_it_is_refused(request_):
    pictures = tuple(f"/refs/{number}.png" for number in range(60))
    many = replace(request_, settings=replace(request_.settings, references=pictures))
    with pytest.raises(SettingsError, match="fewer reference pictures"):
        job_template(_job(many))


@pytest.mark.skipif(not shutil.which("deadline"), reason="AWS Deadline Cloud's command is not here")
def test_when_deadline_cloud_reads_a_bundle_then_it_finds_its_steps(request_, tmp_path):
    for name, text in openjd.files(_job(request_)).items():
        (tmp_path / name).write_text(text)
    told = subprocess.run(["deadline", "bundle", "info", tmp_path], capture_output=True, check=True)
    found = json.loads(told.stdout)
    assert found["steps"][0] == "Analyse"
    assert [one["_display_value"] for one in found["parameters"]][2] == str(tmp_path / "out")
