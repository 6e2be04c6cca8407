"""The rounds of a watcher, with a clock of the test's own and an engine that does as it is told."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from engine.watch.watcher import How, Watcher
from plugin_host.errors import EngineUnreachable, FrameWriteFailed, RestorerFailed, TakeConflict
from plugin_host.path_map import PathMap
from plugin_host.protocol import job_id
from plugin_host.replies import Analysed, Finished, FrameErrorText, Progress
from plugin_host.schema import to_json
from tests.engine.plates import request, write_plate

SETTLE_S = 20.0


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += max(seconds, 0.01)


class Engine:
    """Restores at once, unless it is told what to do with a job.

    Attributes:
        asked: The requests, as they came.
        does: What becomes of the next ones, first to last: an error, or frames that are bad by
            code; for others, all is well.
    """

    def __init__(self):
        self.asked, self.does, self.cancelled, self.closed = [], [], [], 0
        self.waits, self.looks, self.breaks = False, 0, 0

    def __call__(self):
        return self

    def submit(self, submit):
        if self.does and isinstance(self.does[0], Exception):
            raise self.does.pop(0)
        self.asked.append(submit)

    def events(self, job, *, pulse_s):
        assert pulse_s > 0
        submit = self.asked[-1]
        assert job == job_id(submit)
        yield None
        if self.looks:
            yield Analysed(job, self.looks, len(submit.frames))
        bad = self.does.pop(0) if self.does else {}
        for done, frame in enumerate(submit.frames, 1):
            while self.waits:
                yield None
            yield Progress(job, done, len(submit.frames), frame, "restored", "/f")
            if done == self.breaks:
                raise RestorerFailed("no memory")
        errors = tuple(FrameErrorText(frame, code, "bad", None) for frame, code in bad.items())
        yield Finished(job, "/take", len(submit.frames) - len(errors), 0, {}, errors, ())

    def cancel(self, job):
        self.cancelled.append(job)

    def close(self):
        self.closed += 1


class Scene:
    """A watch folder, and one watcher after the other."""

    def __init__(self, folder):
        self.folder, self.clock, self.engine = folder, Clock(), Engine()
        (folder / "settings.json").write_text('{"restorer": "passthrough"}')
        self.watcher = self.another()

    def another(self, **how):
        settled = {"settle_s": SETTLE_S, **how}
        how = How([str(self.folder)], PathMap(), **settled)
        return Watcher(self.folder, how, self.engine, clock=self.clock, sleep=self.clock.sleep)

    def pass_s(self, seconds):
        self.clock.now += seconds

    def look(self):
        """Look once, and follow what was begun to its end."""
        self.watcher.look()
        while self.watcher._active and not self.engine.waits:
            self.watcher.follow()

    def settle(self):
        """Look until everything is still."""
        self.look()
        self.pass_s(SETTLE_S)
        self.look()

    def state(self, name):
        path = self.folder / f"{name}.faceplate.json"
        return json.loads(path.read_text()) if path.exists() else None


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


@pytest.fixture
def dropped(scene):
    write_plate(scene.folder / "sh010", [1001, 1002, 1004])
    return scene


def outputs(scene):
    return [submit.output.rpartition("/")[2] for submit in scene.engine.asked]


def test_when_a_folder_is_still_for_long_enough_then_it_is_restored_once(dropped):
    dropped.look()
    dropped.pass_s(SETTLE_S - 1)
    dropped.look()
    assert dropped.state("sh010")["state"] == "waiting"
    assert not dropped.engine.asked
    dropped.pass_s(1)
    dropped.look()
    told = dropped.state("sh010")
    assert (told["state"], told["done"], told["total"]) == ("done", 3, 3)
    assert told["why"] == "these frames are not there: 1003"
    assert told["plates"][0]["missing"] == "1003"
    assert outputs(dropped) == ["sh010_restored"]
    dropped.watcher = dropped.another()
    dropped.settle()
    assert len(dropped.engine.asked) == 1
    assert not list(dropped.folder.glob("*.claim"))


def test_when_frames_still_come_then_it_waits_from_the_last_one_on(dropped):
    dropped.look()
    dropped.pass_s(SETTLE_S - 1)
    write_plate(dropped.folder / "sh010", [1005])
    dropped.look()
    dropped.pass_s(SETTLE_S - 1)
    dropped.look()
    assert not dropped.engine.asked
    dropped.pass_s(1)
    dropped.look()
    assert str(dropped.engine.asked[0].frames) == "1001-1002,1004-1005"


def test_when_somebody_says_that_it_is_whole_then_it_is_begun_at_once(dropped):
    (dropped.folder / "sh010.done").touch()
    dropped.look()
    assert dropped.state("sh010")["state"] == "done"


def test_when_a_frame_is_torn_then_it_waits_and_says_which_and_is_restored_in_the_end(dropped):
    path = dropped.folder / "sh010" / "shot.1004.exr"
    path.write_bytes(path.read_bytes()[:-1])
    (dropped.folder / "sh010.done").touch()
    dropped.settle()
    assert dropped.state("sh010")["why"] == "sh010/shot.1004.exr: it is truncated"
    assert not dropped.engine.asked
    dropped.pass_s(10 * SETTLE_S)
    dropped.look()
    assert len(dropped.engine.asked) == 1


def test_when_a_job_fails_then_it_is_tried_again_once_something_has_changed(dropped):
    dropped.engine.does = [RestorerFailed("no memory")]
    dropped.settle()
    assert dropped.state("sh010")["why"] == "no memory [restorer]"
    dropped.settle()
    assert not dropped.engine.asked
    (dropped.folder / "sh010.faceplate.json").unlink()
    dropped.settle()
    assert dropped.state("sh010")["state"] == "done"


@pytest.mark.parametrize("what", ["settings", "frames"])
def test_when_the_room_or_the_drop_is_mended_then_what_failed_is_tried_again(dropped, what):
    (dropped.folder / "settings.json").write_text('{"restorer": "pasthrough"}')
    dropped.settle()
    assert "settings.json" in dropped.state("sh010")["why"]
    assert dropped.watcher.failed
    if what == "settings":
        (dropped.folder / "settings.json").write_text('{"restorer": "passthrough"}')
    else:
        (dropped.folder / "sh010" / "settings.json").write_text("{}")
    dropped.settle()
    state = dropped.state("sh010")["state"]
    assert state == ("done" if what == "settings" else "failed")


def test_when_the_rooms_settings_change_then_what_is_done_stays(dropped):
    dropped.settle()
    (dropped.folder / "settings.json").write_text('{"seed": 3}')
    dropped.settle()
    assert len(dropped.engine.asked) == 1


def test_when_a_take_of_something_else_is_in_the_way_then_another_folder_is_taken(dropped):
    dropped.engine.does = [TakeConflict("of another"), {1001: "frame.changed"}]
    dropped.settle()
    assert outputs(dropped) == ["sh010_restored_2", "sh010_restored_3"]
    assert dropped.state("sh010")["plates"][0]["output"].endswith("sh010_restored_3")


def test_when_frames_are_bad_then_it_is_done_and_they_are_named(dropped):
    dropped.engine.does = [{1002: "frame.corrupt"}]
    dropped.settle()
    told = dropped.state("sh010")
    assert told["state"] == "done"
    assert told["why"].startswith("frames that could not be restored: 1; ")
    assert told["plates"][0]["errors"][0]["frame"] == 1002
    assert dropped.watcher.failed


def test_when_all_frames_are_bad_then_it_has_failed(dropped):
    dropped.engine.does = [dict.fromkeys((1001, 1002, 1004), "frame.corrupt")]
    dropped.settle()
    assert (dropped.state("sh010")["state"], dropped.state("sh010")["why"]) == ("failed", "bad")


def test_when_one_of_several_sequences_is_refused_then_the_others_are_restored(dropped):
    write_plate(dropped.folder / "sh010", [1], name="other")
    dropped.engine.does = [RestorerFailed("no")]
    dropped.settle()
    told = dropped.state("sh010")
    assert told["state"] == "failed"
    assert [("error" in plate) for plate in told["plates"]] == [True, False]
    assert [str(submit.frames) for submit in dropped.engine.asked] == ["1001-1002,1004"]


def test_when_no_engine_answers_then_it_waits_and_is_tried_again_later(dropped):
    dropped.engine.does = [EngineUnreachable("none runs")]
    dropped.settle()
    told = dropped.state("sh010")
    assert (told["state"], told["why"]) == (
        "waiting",
        "none runs [engine]; it is tried again",
    )
    dropped.look()
    assert not dropped.engine.asked
    dropped.pass_s(30)
    dropped.look()
    assert dropped.state("sh010")["state"] == "done"


def test_when_the_disk_is_full_then_it_waits_lets_others_go_on_and_is_tried_again(dropped):
    write_plate(dropped.folder / "sh020", [1001])
    dropped.engine.does = [FrameWriteFailed("No space left on device", frame=1003)]
    dropped.settle()
    told = dropped.state("sh010")
    assert (told["state"], told["why"].endswith("[frame.write]; it is tried again")) == (
        "waiting",
        True,
    )
    dropped.look()
    assert dropped.state("sh020")["state"] == "done"
    assert dropped.state("sh010")["state"] == "waiting"
    dropped.pass_s(30)
    dropped.look()
    assert dropped.state("sh010")["state"] == "done"


def test_when_a_job_fails_amid_its_frames_then_those_that_were_done_are_counted(dropped):
    dropped.engine.breaks = 2
    dropped.settle()
    told = dropped.state("sh010")
    assert (told["state"], told["done"], told["total"]) == ("failed", 2, 3)


def test_when_another_watcher_works_on_a_drop_then_it_is_left_to_that_one(dropped):
    dropped.settle()
    (dropped.folder / "sh010.faceplate.json").unlink()
    other = dropped.another()
    dropped.engine.waits = True
    other.look()
    dropped.pass_s(SETTLE_S)
    other.look()
    dropped.settle()
    assert len(dropped.engine.asked) == 1
    assert dropped.state("sh010")["state"] == "restoring"
    other.follow()
    assert len(dropped.engine.asked) == 2
    assert not dropped.watcher._active


def test_when_another_was_done_before_the_claim_then_nothing_is_done_and_it_is_let_go(
    dropped, monkeypatch
):
    dropped.settle()
    state, claims = dropped.folder / "sh010.faceplate.json", dropped.watcher._claims
    told, take = state.read_text(), claims.take
    state.unlink()
    monkeypatch.setattr(claims, "take", lambda name: state.write_text(told) and take(name))
    dropped.settle()
    assert len(dropped.engine.asked) == 1
    assert not list(dropped.folder.glob("*.claim"))


def test_when_it_is_stopped_amid_a_drop_then_the_job_is_cancelled_and_the_next_goes_on(dropped):
    dropped.engine.waits = True
    dropped.settle()
    dropped.watcher.follow()
    dropped.watcher.stopping = True
    dropped.watcher.run()
    assert dropped.engine.cancelled == [job_id(dropped.engine.asked[0])]
    assert "stopped" in dropped.state("sh010")["why"]
    assert not list(dropped.folder.glob("*.claim"))
    dropped.engine.waits = False
    dropped.watcher = dropped.another()
    dropped.settle()
    assert dropped.engine.asked[0] == dropped.engine.asked[1]


def test_when_another_takes_the_drop_over_then_its_job_is_left_alone(dropped):
    dropped.engine.waits = True
    dropped.settle()
    (dropped.folder / "sh010.faceplate.claim").write_text('{"watcher": "other"}')
    dropped.pass_s(3600)
    dropped.watcher.follow()
    assert not dropped.watcher._active
    assert not dropped.engine.cancelled
    assert (dropped.folder / "sh010.faceplate.claim").exists()


def test_when_several_may_run_then_as_many_are_begun(dropped):
    write_plate(dropped.folder / "sh020", [1001])
    write_plate(dropped.folder / "sh030", [1001])
    dropped.engine.waits = True
    dropped.watcher = dropped.another(at_once=2)
    dropped.settle()
    assert sorted(dropped.watcher._active) == ["sh010", "sh020"]
    assert dropped.state("sh030")["state"] == "waiting"


def test_when_run_once_then_what_is_whole_is_restored_and_it_ends(dropped):
    path = write_plate(dropped.folder / "sh020", [1001]).path(1001)
    Path(path).write_bytes(Path(path).read_bytes()[:100])
    dropped.watcher.run_once()
    assert dropped.state("sh010")["state"] == "done"
    assert dropped.state("sh020")["state"] == "waiting"
    assert not dropped.watcher.failed
    assert dropped.engine.closed == 1


def test_when_run_once_without_an_engine_then_it_ends_and_says_so(dropped):
    dropped.engine.does = [EngineUnreachable("none runs")] * 9
    dropped.watcher.run_once()
    assert dropped.watcher.unreachable
    assert dropped.state("sh010")["state"] == "waiting"


def test_when_a_link_is_dropped_then_it_is_refused_with_its_name(scene, tmp_path_factory):
    far = tmp_path_factory.mktemp("far")
    write_plate(far, [1001])
    (scene.folder / "sh010").mkdir()
    (scene.folder / "sh010" / "a.1001.exr").symlink_to(far / "shot.1001.exr")
    scene.settle()
    assert "sh010/a.1001.exr is a link" in scene.state("sh010")["why"]
    assert not scene.engine.asked


def test_when_a_job_is_dropped_with_its_frames_then_they_are_waited_for_and_restored_once(dropped):
    plate = write_plate(dropped.folder / "sh020", [1001])
    submit = request(plate, dropped.folder / "out", "1001-1002", restorer="passthrough")
    (dropped.folder / "night.json").write_text(json.dumps(to_json(submit)))
    dropped.look()
    dropped.pass_s(SETTLE_S - 1)
    write_plate(dropped.folder / "sh020", [1002])
    dropped.look()
    dropped.pass_s(1)
    dropped.look()
    assert dropped.state("night.json")["state"] == "waiting"
    assert dropped.state("sh010")["state"] == "done"
    dropped.pass_s(SETTLE_S)
    dropped.look()
    assert dropped.engine.asked[1:] == [submit]
    assert dropped.state("sh020") is None


def test_when_something_lies_in_the_place_of_a_state_then_the_other_drops_go_on(dropped, caplog):
    (dropped.folder / "aaa").mkdir()
    write_plate(dropped.folder / "aaa", [1])
    (dropped.folder / "aaa.faceplate.json" / "x").mkdir(parents=True)
    dropped.settle()
    assert dropped.state("sh010")["state"] == "done"
    assert "cannot be dealt with" in caplog.text


def test_when_looking_at_many_files_takes_long_then_what_is_restored_meanwhile_stays_ours(
    dropped, monkeypatch
):
    dropped.engine.waits = True
    dropped.settle()
    write_plate(dropped.folder / "sh020", [1, 2])
    kept = []
    monkeypatch.setattr(dropped.watcher._claims, "keep", kept.append)
    dropped.settle()
    assert kept == ["sh010"] * 2


def test_when_the_rooms_settings_make_no_sense_then_a_job_says_all_itself(scene):
    (scene.folder / "settings.json").write_text('{"restorer": "pasthrough"}')
    plate = write_plate(scene.folder / "sh020", [1001])
    submit = request(plate, scene.folder / "out", "1001", restorer="passthrough")
    (scene.folder / "night.json").write_text(json.dumps(to_json(submit)))
    scene.settle()
    assert scene.state("night.json")["state"] == "done"


def test_when_a_shot_is_looked_through_then_its_state_says_how_far(dropped):
    dropped.engine.looks, dropped.engine.waits = 2, True
    dropped.settle()
    for _ in range(3):
        dropped.pass_s(1)
        dropped.watcher.follow()
    assert dropped.state("sh010")["why"] == "looking for faces: 2 of 3 frames"
    dropped.engine.waits = False
    dropped.look()
    assert "faces" not in dropped.state("sh010")["why"]


def test_when_it_is_stopped_while_it_looks_then_nothing_more_is_begun(dropped):
    dropped.look()
    dropped.pass_s(SETTLE_S)
    dropped.watcher.stopping = True
    dropped.watcher.look()
    assert not dropped.watcher._active


def test_when_the_folder_is_away_for_a_while_then_the_watcher_stays(dropped, caplog):
    looks = []

    def listing(folder):
        looks.append(folder)
        dropped.watcher.stopping = len(looks) == 3
        raise OSError(116, "Stale file handle")

    dropped.watcher._listing = listing
    dropped.watcher.run()
    assert len(looks) == 3
    assert "Stale file handle" in caplog.text


def test_when_looking_takes_long_then_it_looks_less_often(scene):
    looks = []

    def listing(folder):
        looks.append(scene.clock.now)
        scene.pass_s(10)
        scene.watcher.stopping = len(looks) == 3
        return []

    scene.watcher._listing = listing
    scene.watcher.run()
    assert all(later - sooner >= 50 for sooner, later in pairwise(looks))
    assert len(looks) == 3


def test_when_a_name_is_no_text_then_the_drop_fails_and_the_watcher_stays(dropped):
    write_plate(dropped.folder / "sh\udcff", [1001])
    dropped.settle()
    dropped.look()
    assert dropped.state("sh010")["state"] == "done"
    told = dropped.state("sh\udcff")
    assert told["state"] == "failed"
    assert "is not UTF-8; give it another name" in told["why"]
