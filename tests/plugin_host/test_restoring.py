"""What becomes of an order when the engine behaves as is written down; the compliance suite of
hosts does the same with real ones."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from plugin_host import following, restoring
from plugin_host.errors import (
    EngineUnreachable,
    FrameChanged,
    FrameCorrupt,
    FrameMissing,
    JobCancelled,
    OutputError,
    PlateError,
    RestorerFailed,
    SettingsError,
    TakeConflict,
    UnknownJob,
)
from plugin_host.frame_range import FrameRange
from plugin_host.hosts.headless import Headless
from plugin_host.job_note import notes
from plugin_host.path_map import PathMap
from plugin_host.proof import Proof
from plugin_host.requests import Settings
from tests.plugin_host import scripted
from tests.plugin_host.test_zmtp import interpreters

AT_ONCE = scripted.AT_ONCE
LITE = Settings("lite")
CONFLICT = TakeConflict("another take lies there")


class Way:
    """A host, an engine and a selection."""

    def __init__(self, folder):
        self.folder, self.said = folder, []
        self.cancels = False
        self.host = Headless(say=self._say, cancelled=lambda: self.cancels)
        self.engine = scripted.Scripted()
        self.selection = scripted.write_frames(folder / "plate")
        self.template = str(folder / "out" / "{version}")

    def _say(self, *told):
        self.said.append(told)

    def restore(self, settings=LITE, **how):
        how = {"proof": AT_ONCE, "template": self.template, **how}
        return restoring.restore(
            self.host, self.engine, self.selection, settings, how.pop("template"), **how
        )

    def leave(self, settings=LITE, **how):
        how = {"proof": AT_ONCE, **how}
        return restoring.submit_only(
            self.host, self.engine, self.selection, settings, self.template, **how
        )

    def collect(self, note, **how):
        return restoring.collect(self.host, self.engine, note, **how)

    @property
    def outputs(self):
        return [Path(submit.output).name for submit in self.engine.submitted]


@pytest.fixture
def way(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEPLATE_JOBS", str(tmp_path / "jobs"))
    return Way(tmp_path)


# restore


def test_when_a_job_goes_well_then_the_host_hears_of_each_step_and_gets_the_result(way):
    result = way.restore()
    assert way.host.placed == [result]
    assert result.selection == way.selection
    assert result.finished.notes == ("a note",)
    assert way.said[:2] == [(0, 0, "Restoring p"), (1, 5, "looking through the shot")]
    assert (1, 5, "frame 1003: restored") in way.said
    assert way.said[-1] == (5, 5, "verifying")


def test_when_the_result_is_not_to_be_placed_then_only_the_caller_has_it(way):
    assert way.restore(place=False).frames == way.selection.frames
    assert way.host.placed == []


def test_when_an_order_says_how_then_the_request_does(way):
    way.restore(on_error="source", urgent=True)
    (submit,) = way.engine.submitted
    assert (submit.on_error, submit.urgent) == ("source", True)


def test_when_the_session_is_open_then_no_other_is_asked_for(way):
    way.engine.release = "1.0"
    way.engine.hello = None
    way.restore()


def test_when_a_request_contradicts_itself_then_nothing_is_sent(way):
    way.selection = replace(way.selection, frames=FrameRange.parse("1"))
    with pytest.raises(SettingsError, match="outside the shot"):
        way.restore()
    with pytest.raises(OutputError, match="whole path"):
        way.restore(template="out")
    assert way.engine.submitted == []


def test_when_the_engine_refuses_a_take_then_the_next_version_is_tried(way):
    way.engine.refusals = [CONFLICT, FrameChanged("changed"), None]
    result = way.restore()
    assert way.outputs == ["v001", "v002", "v003"]
    assert result.take.endswith("v003/p.take")


def test_when_the_template_has_no_version_then_the_refusal_says_what_would_help(way):
    way.engine.refusals = [CONFLICT]
    with pytest.raises(TakeConflict, match=r"another take.*; with {version} in the output"):
        way.restore(template=str(way.folder / "out"))


def test_when_a_plate_changes_again_and_again_then_it_is_given_up(way):
    way.engine.refusals = [FrameChanged("changed", frame=1003)] * 9
    with pytest.raises(FrameChanged, match=r"^frame 1003: changed$"):
        way.restore()
    assert way.outputs == ["v001", "v002", "v003"]


def test_when_the_engine_fails_then_its_error_names_the_hosts_path(way):
    way.engine.path_map = PathMap.parse(f"{way.folder}=/mnt/far")
    way.engine.refusals = [RestorerFailed("no memory", path="/mnt/far/plate/p.1001.exr")]
    with pytest.raises(RestorerFailed) as failed:
        way.restore(path_map=way.engine.path_map)
    assert failed.value.path == str(way.folder / "plate/p.1001.exr")


def test_when_the_engine_calls_folders_otherwise_then_only_it_hears_its_names(way):
    way.engine.path_map = PathMap.parse(f"{way.folder}=/mnt/far")
    way.engine.bad = (1003,)
    result = way.restore(path_map=way.engine.path_map)
    (submit,) = way.engine.submitted
    assert submit.output == "/mnt/far/out/v001"
    assert submit.shot.plate.folder == "/mnt/far/plate"
    assert result.submit == submit
    assert result.finished.take == result.take == str(way.folder / "out/v001/p.take")
    assert result.finished.errors[0].path == str(way.folder / "plate/p.1003.exr")
    way.restore(path_map=way.engine.path_map)
    assert way.outputs == ["v001", "v001"]


def test_when_frames_are_bad_then_the_rest_is_a_result(way):
    way.engine.bad = (1001, 1004)
    result = way.restore()
    assert result.frames == FrameRange([1002, 1003, 1005])
    assert (1, 5, "frame 1004: not there") in way.said


def test_when_all_frames_are_bad_then_there_is_no_result(way):
    way.engine.bad = tuple(way.selection.frames)
    with pytest.raises(FrameMissing, match="frame 1001: not there"):
        way.restore()
    assert way.host.placed == []


# cancel


def test_when_the_user_cancels_then_the_engine_is_told_once_and_what_is_kept_is_said(way):
    way.engine.waits, way.cancels = 3, True
    with pytest.raises(JobCancelled, match=r"5 of 5 frames are kept, .* goes on from there"):
        way.restore()
    assert len(way.engine.cancelled) == 1
    assert way.host.placed == []


def test_when_a_job_ends_before_it_hears_of_the_cancel_then_nothing_is_placed_either(way):
    way.cancels = True
    with pytest.raises(JobCancelled, match="5 of 5 frames are kept"):
        way.restore()
    assert way.host.placed == []


def test_when_an_engine_that_was_started_anew_is_told_to_cancel_then_it_is_cancelled(way):
    way.cancels = True

    def unknown(job):
        raise UnknownJob("no job is called so")

    way.engine.cancel = unknown
    with pytest.raises(JobCancelled):
        way.restore()


def test_when_a_cancelled_job_does_not_end_then_nobody_waits_for_it(way, monkeypatch):
    way.engine.waits, way.cancels = 1000, True
    way.engine.cancel = str  # hears it, and does nothing
    clock = iter(range(0, 10000, 10))
    monkeypatch.setattr(following.time, "monotonic", lambda: next(clock))
    with pytest.raises(JobCancelled, match="frames are kept"):
        way.restore()


def test_when_the_host_does_not_keep_the_result_then_that_is_said(way):
    def refuse(result):
        raise PlateError("the track is locked")

    way.host.place_result = refuse
    with pytest.raises(PlateError, match="locked"):
        way.restore()


# submit and leave


def test_when_a_job_is_left_then_it_is_noted_before_the_engine_hears_of_it(way):
    def submit(asked):
        assert [note.submit for note in notes()] == [asked]

    way.engine.submit = submit
    way.leave()


@pytest.mark.parametrize("error", [SettingsError("no such knob"), EngineUnreachable("gone")])
def test_when_a_left_job_is_refused_then_there_is_no_note(way, error):
    def submit(asked):
        raise error

    way.engine.submit = submit
    with pytest.raises(type(error)):
        way.leave()
    assert notes() == []


def test_when_the_same_is_left_again_and_refused_then_the_first_note_stays(way):
    note = way.leave()

    def submit(asked):
        raise EngineUnreachable("gone")

    way.engine.submit = submit
    with pytest.raises(EngineUnreachable):
        way.leave()
    assert notes() == [note]


def test_when_a_forgotten_job_was_finished_then_it_is_collected_at_once(way):
    note = way.leave()
    list(way.engine.events(note.job, pulse_s=1))
    assert way.collect(note) == way.host.placed[0]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_when_a_left_job_is_not_finished_then_nothing_is_collected_unless_waited_for(way, state):
    note = way.leave()
    way.engine.states = {note.job: state}
    assert way.collect(note) is None
    assert notes() == [note]
    assert len(way.engine.submitted) == 1
    assert way.collect(note, wait=True) == way.host.placed[0]


def test_when_a_job_is_finished_and_all_of_it_is_on_disk_then_the_engine_is_not_asked_again(way):
    note = way.leave()
    list(way.engine.events(note.job, pulse_s=1))
    way.engine.states = {note.job: "finished"}
    result = way.collect(note)
    assert len(way.engine.submitted) == 1
    assert result.finished.notes == ("a note",)
    assert (result.finished.delivered, result.finished.errors) == (5, ())
    assert result.take == result.finished.take


@pytest.mark.parametrize("state", ["finished", "failed"])
def test_when_a_job_ended_with_errors_then_an_urgent_one_tells_them(way, state):
    way.engine.bad = (1003,)
    note = way.leave()
    list(way.engine.events(note.job, pulse_s=1))
    way.engine.states = {note.job: state}
    result = way.collect(note)
    assert [submit.urgent for submit in way.engine.submitted] == [False, True]
    assert [error.frame for error in result.finished.errors] == [1003]
    assert notes() == []


def test_when_the_plates_own_frame_stands_in_for_a_bad_one_then_the_engine_tells_why(way):
    way.engine.bad = way.engine.stand_ins = (1003,)
    note = way.leave(on_error="source")
    list(way.engine.events(note.job, pulse_s=1))
    way.engine.states = {note.job: "finished"}
    result = way.collect(note)
    assert [error.frame for error in result.finished.errors] == [1003]
    assert result.frames == way.selection.frames


def test_when_two_cuts_of_one_plate_are_left_then_each_has_a_version_before_either_began(way):
    whole = way.selection
    cut = FrameRange.parse("1001-1002")
    notes_ = [way.leave()]
    way.selection = replace(whole, shot=replace(whole.shot, frames=cut), frames=cut)
    notes_.append(way.leave())
    way.selection = replace(whole, frames=cut)  # other frames of the first
    notes_.append(way.leave())
    assert [note.version for note in notes_] == [1, 2, 1]


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_when_a_forgotten_job_has_to_be_made_then_it_goes_on_and_is_not_waited_for(
    way, monkeypatch, seconds
):
    note = way.leave()
    monkeypatch.setattr(restoring, "ENOUGH_S", seconds)
    assert way.collect(note) is None
    assert way.engine.submitted == [note.submit, note.submit]
    assert notes() == [note]


def test_when_the_user_stops_waiting_then_the_job_goes_on(way):
    note = way.leave()
    way.cancels = True
    assert way.collect(note, wait=True) is None
    assert way.engine.cancelled == []
    assert notes() == [note]


def test_when_a_left_job_fails_then_it_is_said_once(way):
    note = way.leave()
    way.engine.states = {note.job: "failed"}
    way.engine.refusals = [RestorerFailed("no memory")]
    with pytest.raises(RestorerFailed, match="no memory"):
        way.collect(note)
    assert notes() == []


def test_when_the_engine_is_out_of_reach_then_the_note_stays(way):
    note = way.leave()
    way.engine.refusals = [EngineUnreachable("gone")]
    with pytest.raises(EngineUnreachable):
        way.collect(note)
    assert notes() == [note]


def test_when_the_proof_of_a_left_job_fails_then_the_note_stays(way):
    note = way.leave()
    list(way.engine.events(note.job, pulse_s=1))
    way.engine.states = {note.job: "finished"}
    Path(note.folder, "p_restored.1002.exr").write_bytes(b"torn")
    with pytest.raises(FrameCorrupt, match="frame 1002"):
        way.collect(note)
    assert (notes(), way.host.placed) == ([note], [])


def test_when_a_result_cannot_be_placed_then_the_note_stays(way):
    def refuse(result):
        raise PlateError("the track is locked")

    note = way.leave()
    way.host.place_result = refuse
    with pytest.raises(PlateError, match="locked"):
        way.collect(note, wait=True)
    assert notes() == [note]
    del way.host.place_result
    assert way.collect(note, wait=True, place=False) is not None
    assert way.host.placed == []


def test_when_a_left_job_meets_another_take_then_the_note_is_of_the_next_version(way):
    note = way.leave()
    way.engine.refusals = [CONFLICT]
    assert way.collect(note) is None
    (again,) = notes()
    assert (again.version, again.order.tried) == (2, (1,))
    assert again.order.selection == way.selection
    assert way.collect(again, wait=True).take.endswith("v002/p.take")


def test_when_standings_are_asked_for_then_each_note_has_its_own(way):
    note, other = way.leave(), way.leave(Settings("lite", seed=3))
    way.engine.states = {other.job: "running"}
    standings = restoring.standings(way.engine, [note, other])
    assert [standing and standing.state for standing in standings] == [None, "running"]


# no shared storage


def test_when_no_storage_is_shared_then_an_engine_that_forgot_the_job_is_asked_again(way):
    way.engine.spool, way.engine.forgets, way.engine.bad = str(way.folder / "spool"), 1, (1002,)
    result = way.restore(shared=False)
    assert len(way.engine.submitted) == 2
    assert (1, 4, "fetching") in [(d, 4, m) for d, _, m in way.said]
    assert result.frames == FrameRange([1001, 1003, 1004, 1005])
    assert result.finished.take == result.take == str(way.folder / "out/v001/p.take")
    assert way.restore(shared=False).take == result.take
    assert way.restore(Settings("lite", seed=2), shared=False).take.endswith("v002/p.take")


def test_when_frames_travelled_then_it_is_said_that_they_stay_with_the_engine(way):
    way.engine.spool = str(way.folder / "spool")
    result = way.restore(shared=False)
    assert result.finished.notes == ("a note", following.STAYS)
    assert way.restore(Settings("lite", seed=2)).finished.notes == ("a note",)
    assert way.engine.discarded == []
    assert list((way.folder / "spool").iterdir())


def test_when_the_engine_shall_forget_then_nothing_stays_there_and_the_next_is_another_version(way):
    way.engine.spool = str(way.folder / "spool")
    result = way.restore(shared=False, forget=True)
    assert result.finished.notes == ("a note",)
    assert not list((way.folder / "spool").iterdir())
    assert len(list((way.folder / "out/v001").glob("*.exr"))) == 5
    assert way.restore(shared=False).take.endswith("v002/p.take")


def test_when_the_engine_cannot_forget_then_the_result_says_so(way):
    way.engine.spool, way.engine.busy = str(way.folder / "spool"), True
    result = way.restore(shared=False, forget=True)
    assert "still with the engine: job 1 still works there" in result.finished.notes[-1]
    assert way.host.placed == [result]


def test_when_a_forgotten_result_could_not_be_placed_then_it_is_collected_from_here(way):
    way.engine.spool = str(way.folder / "spool")
    note = way.leave(shared=False, forget=True)
    place, way.host.place_result = way.host.place_result, None
    with pytest.raises(TypeError):
        way.collect(note, wait=True)
    way.host.place_result = place
    way.engine.states = {note.job: "finished"}
    asked = len(way.engine.submitted)
    assert way.collect(note).frames == way.selection.frames
    assert len(way.engine.submitted) == asked
    assert notes() == []


def test_when_the_engine_makes_frames_anew_then_what_was_fetched_before_is_not_shown(way):
    way.engine.spool = str(way.folder / "spool")
    template = str(way.folder / "out")
    first = way.restore(shared=False, template=template)
    way.engine.discard(first.submit.output.split("/")[-2])
    deliver = way.engine._deliver
    way.engine._deliver = lambda submit, *rest: deliver(
        replace(submit, settings=replace(submit.settings, seed=9)), *rest
    )
    way.restore(shared=False, template=template)
    assert (way.folder / "out/p_restored.1003.exr").read_bytes() == b"1003 9"


def test_when_the_user_cancels_while_frames_are_sent_then_nothing_is_submitted(way):
    way.engine.spool, way.cancels = str(way.folder / "spool"), True
    with pytest.raises(JobCancelled, match="nothing was submitted"):
        way.restore(shared=False)
    assert way.engine.submitted == []


def test_when_the_engine_forgets_the_job_each_time_then_it_is_given_up(way):
    way.engine.spool, way.engine.forgets = str(way.folder / "spool"), 9
    with pytest.raises(UnknownJob):
        way.restore(shared=False)


def test_when_fetched_frames_cannot_be_written_then_it_is_said(way):
    way.engine.spool = str(way.folder / "spool")
    (way.folder / "out").write_bytes(b"a file in the folder's place")
    with pytest.raises(OutputError, match="cannot write there"):
        way.restore(shared=False)


# old hosts


def test_when_a_hosts_own_python_restores_then_the_standard_library_is_enough():
    found = interpreters()
    if not found:
        pytest.skip("no other Python on this machine")
    for version, interpreter in [list(found.items())[end] for end in (0, -1)]:
        command = [interpreter, "-S", "-W", "error", scripted.__file__]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.stdout, result.stderr) == (f"2 placed on {version}\n", ""), interpreter


def test_when_patience_is_asked_for_then_the_note_keeps_it(way):
    note = way.leave(proof=Proof(digests=False, patience_s=60))
    assert notes()[0].order.proof == Proof(digests=False, patience_s=60) == note.order.proof
