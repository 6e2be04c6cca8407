from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine import manifest as manifest_module
from engine.take import Take
from plugin_host.errors import TakeConflict
from plugin_host.plate import Plate
from tests.engine.plates import request
from tests.engine.probes import LINKS

INFO = LINKS["chained"].info


@pytest.fixture
def submit(tmp_path):
    plate = Plate.parse(str(tmp_path / "plates" / "shot.%04d.exr"), "lin_rec709_scene")
    return request(plate, tmp_path / "out", "1001-1010")


@pytest.fixture
def other(submit):
    """A request for another take in the same folder."""
    return replace(submit, settings=replace(submit.settings, seed=7))


def open_take(submit):
    return Take(submit, INFO, {})


def stored(take):
    return json.loads((take.folder / "manifest.json").read_text("utf-8"))


def test_when_two_begin_different_takes_at_once_then_the_first_analysis_wins(submit, other):
    first, second = open_take(submit), open_take(other)
    assert stored(first)["id"] == second.id
    first.store_analysis({"frames": [1]})
    with pytest.raises(TakeConflict, match="another take lies there"):
        second.store_analysis({"frames": [2]})
    assert first.analysis() == {"frames": [1]}
    with pytest.raises(TakeConflict):
        open_take(other)
    assert open_take(submit).id == stored(first)["id"] == first.id


def test_when_the_manifest_is_a_losers_then_the_winners_first_word_mends_it(submit, other):
    first = open_take(submit)
    open_take(other).add_notes(["theirs"])
    first.store_analysis({"frames": [1]})
    first.add_notes([])
    assert (stored(first)["id"], stored(first)["notes"]) == (first.id, [])
    first.add_notes(["ours"])
    assert stored(first)["notes"] == ["ours"]


def test_when_two_begin_the_same_take_at_once_then_both_go_on_with_one_analysis(submit):
    first, second = open_take(submit), open_take(submit)
    first.store_analysis({"frames": [1]})
    second.store_analysis({"frames": [2]})
    assert first.analysis() == second.analysis() == {"frames": [1]}


def test_when_an_analysis_is_torn_or_says_nothing_then_another_takes_its_place(submit):
    take = open_take(submit)
    (take.folder / "analysis.json").write_bytes(b'{"fra')
    take.store_analysis({"frames": [1]})
    assert take.analysis() == {"frames": [1]}
    take.forget_analysis()
    take.forget_analysis()
    take.store_analysis({"frames": [2]})
    assert take.analysis() == {"frames": [2]}


def test_when_the_manifest_is_lost_then_the_analysis_says_whose_the_take_is(submit, other):
    take = open_take(submit)
    take.store_analysis({"frames": [1]})
    (take.folder / "manifest.json").unlink()
    with pytest.raises(TakeConflict, match="another take lies there"):
        open_take(other)
    assert stored(open_take(submit))["id"] == take.id


def test_when_another_release_began_the_take_then_it_is_refused_by_name(submit, monkeypatch):
    monkeypatch.setattr("engine.take.version", lambda _: "0.9.1")
    open_take(submit)
    monkeypatch.setattr("engine.take.version", lambda _: "0.9.2")
    open_take(submit).store_analysis({"frames": [1]})  # what 0.9.1 had not begun
    monkeypatch.setattr("engine.take.version", lambda _: "0.9.3")
    with pytest.raises(TakeConflict, match=r"begun by release 0\.9\.2 .* is release 0\.9\.3"):
        open_take(submit)


def test_when_writers_note_at_once_then_the_manifest_holds_what_all_have_noted(submit, monkeypatch):
    """The second notes between the first one's look and its writing, which then overwrites."""
    first, second = open_take(submit), open_take(submit)
    write = manifest_module.write_atomically

    def interrupted(path, data, **how):
        if path.name == "manifest.json":
            monkeypatch.setattr(manifest_module, "write_atomically", write)
            second.add_notes(["theirs"])
        write(path, data, **how)

    monkeypatch.setattr(manifest_module, "write_atomically", interrupted)
    first.add_notes(["ours"])
    assert sorted(stored(first)["notes"]) == ["ours", "theirs"]


def test_when_a_writer_dies_after_noting_then_the_next_one_tells_it(submit, monkeypatch):
    take = open_take(submit)
    with monkeypatch.context() as patch:
        patch.setattr(take._manifest, "_write", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take.add_notes(["said"])
    assert stored(take)["notes"] == []
    open_take(submit).add_notes([])
    assert stored(take)["notes"] == ["said"]
