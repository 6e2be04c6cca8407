"""What every host must keep to: real engine processes, real EXR, and the host's own machinery."""

import re
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from engine.arguments import read_job
from plugin_host import farming, restoring
from plugin_host.errors import (
    FrameCorrupt,
    FrameMissing,
    JobCancelled,
    RequestRefused,
    SettingsError,
    UnknownJob,
)
from plugin_host.following import STAYS
from plugin_host.frame_range import FrameRange
from plugin_host.job_note import held, notes
from plugin_host.panel import settings
from plugin_host.path_map import PathMap
from plugin_host.proof import Proof
from tests.compliance import host_suite as suite
from tests.integration.conftest import ROOT, Engine, wait_until, write_frame, write_plate

FRAMES = range(1001, 1011)
MANY = range(1001, 1033)  # long enough to be met while they are restored
AT_ONCE = Proof(patience_s=0)


@pytest.fixture(scope="module")
def spool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spool")
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def engine(tmp_path_factory, spool):
    shared = Engine(tmp_path_factory.mktemp("engine"), "--spool", str(spool))
    yield shared
    shared.end()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    """An engine that is killed and started again."""
    shared = Engine(tmp_path_factory.mktemp("mortal"))
    yield shared
    shared.end()


@pytest.fixture
def client(engine):
    with engine.client() as session:
        yield session


@pytest.fixture(params=suite.HOSTS)
def case(request, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEPLATE_JOBS", str(tmp_path / "jobs"))
    with suite.case_of(request.param, tmp_path) as case:
        yield case


@pytest.fixture
def pattern(tmp_path):
    return write_plate(tmp_path / "plate", FRAMES)


@pytest.fixture
def selection(case, pattern):
    return case.offer(pattern, FRAMES[0], FRAMES[-1])


def chosen(client, restorer="passthrough", **values):
    return settings(client.describe(), {"restorer": restorer, "whole_frame": True, **values})


def restore(case, client, selection, folder, host=None, **how):
    """Restore as a user of the host would see it."""
    made = how.pop("settings", None) or chosen(client)
    how = {"proof": AT_ONCE, **how}
    template = str(folder / "out" / "{version}")
    work = partial(restoring.restore, host or case.host, client, selection, made, template, **how)
    return case.run(work)


# frames


def test_when_a_selection_is_restored_then_the_original_stays_and_the_result_is_placed(
    case, client, selection, tmp_path
):
    before, plate = case.original(), suite.digests(tmp_path / "plate")
    result = restore(case, client, selection, tmp_path)
    assert suite.digests(tmp_path / "plate") == plate
    assert case.original() == before
    assert len(case.placed()) == 1
    assert case.placed()[0][1:] == (1001, 1010)
    assert suite.delivered_names(tmp_path / "out/v001") == suite.names(FRAMES)
    assert result.finished.errors == ()


def test_when_a_shot_starts_at_1001_then_each_frame_is_made_of_the_plates_same_frame(
    case, client, selection, tmp_path
):
    result = restore(case, client, selection, tmp_path)
    assert list(result.frames) == list(FRAMES)
    assert suite.sources(result) == suite.sources_of(selection.shot.plate, FRAMES)


def test_when_frames_with_gaps_are_wanted_then_those_alone_are_delivered(
    case, client, selection, tmp_path
):
    wanted = FrameRange.parse("1001,1003-1005,1010")
    result = restore(case, client, replace(selection, frames=wanted), tmp_path)
    assert result.frames == wanted
    assert suite.delivered_names(tmp_path / "out/v001") == suite.names(wanted)
    assert suite.sources(result) == suite.sources_of(selection.shot.plate, wanted)


def test_when_a_shot_has_handles_then_they_are_read_and_not_delivered(
    case, client, selection, tmp_path
):
    inside = FrameRange.parse("1004-1006")
    shot = replace(selection.shot, frames=inside, handles=2)
    result = restore(case, client, replace(selection, shot=shot, frames=inside), tmp_path)
    assert result.frames == inside
    assert suite.delivered_names(tmp_path / "out/v001") == suite.names(inside)
    assert result.submit.shot.handles == 2


# versions


def test_when_the_same_is_asked_for_again_then_the_take_is_used_and_nothing_is_written_anew(
    case, client, selection, tmp_path
):
    first = restore(case, client, selection, tmp_path)
    stamps = suite.stamps(tmp_path / "out/v001")
    again = restore(case, client, selection, tmp_path)
    assert again.take == first.take
    assert suite.stamps(tmp_path / "out/v001") == stamps
    assert not (tmp_path / "out/v002").exists()


def test_when_settings_change_then_the_next_version_is_made_and_the_first_stays(
    case, client, selection, tmp_path
):
    restore(case, client, selection, tmp_path)
    before = suite.digests(tmp_path / "out/v001")
    changed = chosen(client, seed=7)
    second = restore(case, client, selection, tmp_path, settings=changed)
    assert Path(second.take).parent == tmp_path / "out/v002"
    assert suite.digests(tmp_path / "out/v001") == before
    first = restore(case, client, selection, tmp_path)
    assert Path(first.take).parent == tmp_path / "out/v001"


def test_when_the_plate_is_rendered_anew_then_the_next_version_is_made(
    case, client, selection, tmp_path
):
    restore(case, client, selection, tmp_path)
    write_frame(tmp_path / "plate/p.1005.exr", 77)
    second = restore(case, client, selection, tmp_path)
    assert Path(second.take).parent == tmp_path / "out/v002"
    assert suite.sources(second) == suite.sources_of(selection.shot.plate, FRAMES)


def test_when_a_guide_changes_then_the_engine_refuses_and_the_next_version_is_made(
    case, client, selection, tmp_path
):
    write_frame(tmp_path / "hero.exr", 3)
    made = chosen(client, reference=str(tmp_path / "hero.exr"))
    restore(case, client, selection, tmp_path, settings=made)
    write_frame(tmp_path / "hero.exr", 4)
    for _ in range(2):
        second = restore(case, client, selection, tmp_path, settings=made)
        assert Path(second.take).parent == tmp_path / "out/v002"


# what goes wrong


def offer_many(case, folder):
    pattern = write_plate(folder / "plate", MANY, size=(160, 120))
    return case.offer(pattern, MANY[0], MANY[-1])


def test_when_the_user_cancels_then_frames_are_kept_and_it_is_said(case, client, tmp_path):
    selection = offer_many(case, tmp_path)
    made = chosen(client, "temporal-denoise")
    output = tmp_path / "out/v001"

    def cancel():
        wait_until(lambda: len(list(output.glob("*.exr"))) > 0, "frames are delivered")
        case.wants_cancel.set()

    user = threading.Thread(target=cancel)
    user.start()
    with pytest.raises(JobCancelled, match=r"cancelled; [0-9]+ of 32 frames are kept.*v001"):
        restore(case, client, selection, tmp_path, settings=made)
    user.join()
    stamps = suite.stamps(output)
    assert 0 < len(stamps) < 32
    assert case.placed() == []
    case.wants_cancel.clear()
    result = restore(case, client, selection, tmp_path, settings=made)
    assert len(result.frames) == 32
    assert stamps.items() <= suite.stamps(output).items()


def test_when_frames_are_missing_or_corrupt_then_the_rest_is_placed_and_it_is_said(
    case, client, selection, tmp_path
):
    (tmp_path / "plate/p.1003.exr").unlink()
    (tmp_path / "plate/p.1006.exr").write_bytes(b"no EXR")
    result = restore(case, client, selection, tmp_path)
    told = {error.frame: error.code for error in result.finished.errors}
    assert told == {1003: "frame.missing", 1006: "frame.corrupt"}
    assert result.frames == FrameRange(f for f in FRAMES if f not in told)
    assert len(case.placed()) == 1


def test_when_a_bad_frame_stops_the_job_then_nothing_is_placed(case, client, selection, tmp_path):
    (tmp_path / "plate/p.1003.exr").unlink()
    with pytest.raises(FrameMissing, match="frame 1003"):
        restore(case, client, selection, tmp_path, on_error="stop")
    assert case.placed() == []


def test_when_the_engine_refuses_then_nothing_is_placed(case, client, selection, tmp_path):
    made = replace(chosen(client), faces=("9",), whole_frame=False)
    with pytest.raises(SettingsError):
        restore(case, client, selection, tmp_path, settings=made)
    assert case.placed() == []


@pytest.mark.parametrize("harm", ["bytes", "size", "file", "receipt"])
def test_when_the_proof_fails_then_the_frame_is_named_and_nothing_is_placed(
    case, client, selection, monkeypatch, harm
):
    tmp_path = case.folder

    def spoilt(*args, **kwargs):
        frame = tmp_path / "out/v001/p_restored.1004.exr"
        if harm == "bytes":
            data = bytearray(frame.read_bytes())
            data[-1] ^= 1
            frame.write_bytes(data)
        elif harm == "size":
            frame.write_bytes(frame.read_bytes()[:-1])
        elif harm == "file":
            frame.unlink()
        else:
            (tmp_path / "out/v001/p.take/receipts/1004.json").unlink()
        return proven(*args, **kwargs)

    proven = restoring.proven
    monkeypatch.setattr(restoring, "proven", spoilt)
    expected = FrameCorrupt if harm in {"bytes", "size"} else FrameMissing
    with pytest.raises(expected, match="1004"):
        restore(case, client, selection, tmp_path)
    assert case.placed() == []


def test_when_the_engine_is_killed_amid_a_job_then_another_goes_on_and_all_is_placed(
    case, mortal, tmp_path
):
    selection = offer_many(case, tmp_path)
    output = tmp_path / "out/v001"
    dead = threading.Event()

    def again():
        if dead.is_set():
            dead.clear()
            mortal.start()
        return mortal.connection

    def kill():
        wait_until(lambda: len(list(output.glob("*.exr"))) > 0, "frames are delivered")
        mortal.kill()
        dead.set()

    user = threading.Thread(target=kill)
    with mortal.client(again=again) as client:
        made = chosen(client, "temporal-denoise")
        user.start()
        first = client.engine
        result = restore(case, client, selection, tmp_path, settings=made)
        assert client.engine != first
    user.join()
    assert len(result.frames) == 32
    assert case.placed()[0][1:] == (1001, 1032)


# threads


def test_when_a_host_is_used_then_it_is_called_on_the_calling_thread_and_placed_once_at_the_end(
    case, client, selection, tmp_path
):
    watched = suite.Watched(case.host)
    threads = set()

    def work():
        threads.add(threading.get_ident())
        template = str(tmp_path / "{version}")
        made = chosen(client)
        return restoring.restore(watched, client, selection, made, template, proof=AT_ONCE)

    case.run(work)
    assert {thread for _, thread in watched.calls} == threads
    whats = [what for what, _ in watched.calls]
    assert whats.count("place_result") == 1
    assert whats[-1] == "place_result"
    assert "say 10/10 verifying" in whats[:-1]


# submit and leave


def test_when_a_job_is_left_then_another_session_collects_it_once(
    case, engine, client, selection, tmp_path
):
    template = str(tmp_path / "out/{version}")
    made = chosen(client)
    note = case.run(
        partial(restoring.submit_only, case.host, client, selection, made, template, proof=AT_ONCE)
    )
    (kept,) = notes(case.host.name)
    assert kept == note
    assert Path(note.file()).stat().st_mode & 0o777 == 0o600
    with engine.client() as other:
        result = wait_until(lambda: collect(case, other, kept), "the job has ended")
        assert (result.selection, list(result.frames)) == (selection, list(FRAMES))
        assert len(case.placed()) == 1
        with pytest.raises(UnknownJob, match="collected already"):
            collect(case, other, kept)
    assert notes() == []
    assert len(case.placed()) == 1


def leave(case, client, selection, made, template):
    work = partial(restoring.submit_only, case.host, client, selection, made, template)
    return case.run(partial(work, proof=AT_ONCE))


def collect(case, client, note, **how):
    return case.run(partial(restoring.collect, case.host, client, note, **how))


def test_when_the_engine_forgot_a_left_job_then_collecting_goes_on_with_it(
    case, mortal, selection, tmp_path
):
    (tmp_path / "plate/p.1003.exr").unlink()
    with mortal.client() as client:
        made, template = chosen(client), str(tmp_path / "out/{version}")
        note = leave(case, client, selection, made, template)
    mortal.kill()
    mortal.start()
    with mortal.client() as client:
        result = wait_until(lambda: collect(case, client, note), "the job has ended")
    assert [error.frame for error in result.finished.errors] == [1003]
    assert len(result.frames) == 9


def test_when_two_processes_collect_at_once_then_one_is_told_so(case, client, selection, tmp_path):
    note = leave(case, client, selection, chosen(client), str(tmp_path / "{version}"))
    with held(note.file()), pytest.raises(RequestRefused, match="another process"):
        collect(case, client, note)
    assert collect(case, client, note, wait=True) is not None


def test_when_a_left_job_is_cancelled_then_it_is_said_and_the_note_is_forgotten(
    case, client, tmp_path
):
    selection = offer_many(case, tmp_path)
    made, template = chosen(client, "temporal-denoise"), str(tmp_path / "{version}")
    note = leave(case, client, selection, made, template)
    assert collect(case, client, note) is None
    client.cancel(note.job)
    with pytest.raises(JobCancelled, match="of 32 frames are kept"):
        wait_until(lambda: collect(case, client, note), "the job has ended")
    assert notes() == []


def test_when_a_left_job_meets_another_take_then_it_goes_into_the_next_version(
    case, client, selection, tmp_path
):
    write_frame(tmp_path / "hero.exr", 3)
    made = chosen(client, reference=str(tmp_path / "hero.exr"))
    restore(case, client, selection, tmp_path, settings=made)
    write_frame(tmp_path / "hero.exr", 4)
    template = str(tmp_path / "out/{version}")
    leave(case, client, selection, made, template)

    def collected():
        (note,) = notes()
        return collect(case, client, note)

    result = wait_until(collected, "the job has ended")
    assert Path(result.take).parent == tmp_path / "out/v002"


# the farm


def test_when_a_selection_goes_to_the_farm_then_a_job_is_written_and_its_frames_are_placed_later(
    case, client, selection, tmp_path
):
    before, made, template = case.original(), chosen(client), str(tmp_path / "out/{version}")
    studio = farming.Farm("slurm", 4, ("/opt/faceplate",))
    work = partial(farming.bundle, case.host, client, selection, made, template, farm=studio)
    bundled = case.run(work)
    assert bundled.folder == str(tmp_path / "out/v001/p.farm")
    assert bundled.how == f"{bundled.folder}/submit.sh"
    assert (case.placed(), case.original()) == ([], before)
    assert "/opt/faceplate restore" in Path(bundled.folder, "restore.sh").read_text("utf-8")
    asked = read_job(Path(bundled.folder, "request.json"), alone=True)
    for _ in client.events(client.submit(asked).job):  # as a farm would
        pass
    stamps = suite.stamps(tmp_path / "out/v001")
    assert len(stamps) == len(FRAMES)
    result = restore(case, client, selection, tmp_path)
    assert result.take == str(tmp_path / "out/v001/p.take")
    assert suite.stamps(tmp_path / "out/v001") == stamps
    assert len(case.placed()) == 1


def test_when_another_job_waits_for_the_farm_then_the_next_version_is_taken(
    case, client, selection, tmp_path
):
    template, studio = str(tmp_path / "out/{version}"), farming.Farm()
    for seed, version in (0, "v001"), (7, "v002"), (0, "v001"):
        made = chosen(client, seed=seed)
        work = partial(farming.bundle, case.host, client, selection, made, template, farm=studio)
        assert case.run(work).folder == str(tmp_path / "out" / version / "p.farm")
    with pytest.raises(SettingsError, match="shared storage"):
        case.run(partial(work, shared=False))


# other machines


def test_when_the_engine_sees_other_paths_then_they_are_mapped_both_ways(
    case, client, pattern, tmp_path
):
    theirs = tmp_path / "theirs"  # what the engine's machine calls it
    theirs.symlink_to(tmp_path, target_is_directory=True)
    selection = case.offer(pattern, FRAMES[0], FRAMES[-1])
    path_map = PathMap.parse(f"{tmp_path}={theirs}")
    result = restore(case, client, selection, tmp_path, path_map=path_map)
    assert result.submit.output == str(theirs / "out/v001")
    assert result.submit.shot.plate.folder == str(theirs / "plate")
    assert result.take == result.finished.take == str(tmp_path / "out/v001/p.take")
    assert result.plate.folder == str(tmp_path / "out/v001")
    assert result.selection == selection
    assert len(case.placed()) == 1


def test_when_no_storage_is_shared_then_frames_travel_and_are_proven_here(
    case, client, selection, spool, tmp_path
):
    (tmp_path / "plate/p.1003.exr").unlink()
    result = restore(case, client, selection, tmp_path, shared=False)
    assert [error.frame for error in result.finished.errors] == [1003]
    assert result.frames == FrameRange(f for f in FRAMES if f != 1003)
    for folder in (result.submit.output, result.submit.shot.plate.folder):
        assert Path(folder).is_relative_to(spool)
    assert result.take == str(tmp_path / "out/v001/p.take")
    stamps = suite.stamps(tmp_path / "out/v001")
    again = restore(case, client, selection, tmp_path, shared=False)
    assert (again.take, suite.stamps(tmp_path / "out/v001")) == (result.take, stamps)
    changed = chosen(client, seed=7)
    second = restore(case, client, selection, tmp_path, shared=False, forget=True, settings=changed)
    assert Path(second.take).parent == tmp_path / "out/v002"
    assert STAYS in again.finished.notes
    assert STAYS not in second.finished.notes
    assert not Path(second.submit.shot.plate.folder).exists()


def test_when_the_page_of_hosts_shows_a_script_then_it_restores(
    engine, pattern, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("FACEPLATE_CONNECTION", str(engine.path))
    monkeypatch.setenv("FACEPLATE_JOBS", str(tmp_path / "jobs"))
    text = (ROOT / "docs" / "hosts.md").read_text("utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for said, ours in (
        ("/shots/sh010.%04d.exr", pattern),
        ("1001-1100", "1001-1010"),
        ('"ACEScg"', '"lin_rec709_scene"'),
    ):
        assert said in script
        script = script.replace(said, ours)
    names = {}
    exec(compile(script, "hosts.md", "exec"), names)
    assert capsys.readouterr().out.strip() == (
        f"{tmp_path}/plate/restored/p/v001/p_restored.%04d.exr 1001-1010 []"
    )
    assert names["result"] is None or names["result"].frames == FrameRange(FRAMES)
