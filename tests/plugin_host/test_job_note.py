"""Notes of jobs: private, whole, and held by one process at a time."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.errors import OutputError, RequestRefused, UnknownJob
from plugin_host.frame_range import FrameRange
from plugin_host.host import Selection
from plugin_host.job_note import JobNote, default_folder, held, notes, read_note
from plugin_host.order import Order
from plugin_host.path_map import PathMap
from plugin_host.plate import Plate
from plugin_host.proof import Proof
from plugin_host.protocol import job_id
from plugin_host.requests import Settings, Shot, Submit
from plugin_host.schema import Record, to_json

ROOT = Path(__file__).resolve().parents[2]
MAP = PathMap.parse(r"S:\shows=/mnt/shows")
posix = pytest.mark.skipif(os.name != "posix", reason="files have no modes there")


def make_note(*, origin="Read1", host="nuke 15.1", frames="1001-1003", **how):
    asked = FrameRange.parse(frames)
    shot = Shot(Plate.parse(r"S:\shows\p.%04d.exr", "ACEScg"), asked, 4)
    selection = Selection("Röad/1", shot, asked, origin, how.pop("rate", (24000, 1001)))
    settings = Settings("lite", mask=r"S:\shows\m.exr", tasks=("inpaint",))
    order = Order.of(host, selection, settings, "{folder}/{version}", path_map=MAP, **how)
    submit = MAP.submit_to_engine(Submit(shot, asked, settings, r"S:\shows\v001"))
    return JobNote(order, r"S:\shows\v001", 1, submit, job_id(submit))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEPLATE_JOBS", str(tmp_path / "a/jobs"))
    return tmp_path / "a/jobs"


@given(
    st.sampled_from([None, (24, 1), (24000, 1001)]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
    st.booleans(),
    st.sampled_from(["skip", "stop", "source"]),
)
def test_when_an_order_is_noted_then_all_of_it_comes_back(rate, origin, shared, on_error):
    proof = Proof(digests=False, patience_s=9)
    note = make_note(
        rate=rate, origin=origin, shared=shared, on_error=on_error, urgent=True, proof=proof
    )
    back = Record(JobNote).from_json(to_json(note), "note")
    assert back == note
    assert (back.order.paths, back.order.proof) == (MAP, proof)
    assert back.order.selection == Selection(
        "Röad/1", note.order.shot, note.order.frames, origin, rate
    )


def test_when_a_note_is_written_then_another_process_finds_it(folder):
    note = make_note()
    note.write()
    assert notes() == [note] == notes("nuke 14.0")
    assert notes("resolve") == []
    assert read_note(note.file()) == note
    assert Path(note.file()).parent == folder
    note.write()
    assert len(list(folder.iterdir())) == 1


@posix
def test_when_a_note_is_written_then_it_is_the_users_alone(folder):
    note = make_note()
    note.write()
    assert Path(note.file()).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    Path(note.file()).chmod(0o666)
    with pytest.raises(OutputError, match="chmod 600"):
        read_note(note.file())
    assert notes() == []


def test_when_two_places_ask_for_the_same_then_each_has_a_note(folder):
    made = [make_note(), make_note(origin="Read2"), make_note(host="resolve 20")]
    for age, note in enumerate(made):
        note.write()
        os.utime(note.file(), (age, age))
    assert notes() == made


def test_when_a_note_is_discarded_then_it_is_gone_and_once_more_is_harmless(folder):
    note = make_note()
    note.write()
    note.discard()
    note.discard()
    assert notes() == []
    with pytest.raises(UnknownJob, match="collected already"):
        read_note(note.file())


@pytest.mark.parametrize("data", [b"{}", b"no JSON", b'{"order": 1}', b""])
def test_when_a_note_is_damaged_then_it_is_said_and_the_others_are_found(folder, data):
    note, other = make_note(), make_note(origin="Read2")
    note.write()
    other.write()
    Path(note.file()).write_bytes(data)
    with pytest.raises(OutputError, match="no note of a job"):
        read_note(note.file())
    assert notes() == [other]


def test_when_a_note_would_be_too_long_then_it_is_refused_before_it_is_written(folder):
    scattered = ",".join(str(frame**2) for frame in range(1, 9000))
    with pytest.raises(OutputError, match="too scattered"):
        make_note(frames=scattered).write()
    assert notes() == []


def test_when_the_folder_cannot_be_written_then_it_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be noted"):
        make_note().write(str(tmp_path / "file"))
    assert notes(folder=str(tmp_path / "file")) == []


def test_when_no_folder_is_named_then_notes_lie_among_the_users_own_files(monkeypatch):
    monkeypatch.delenv("FACEPLATE_JOBS", raising=False)
    monkeypatch.setenv("HOME", "/home/anna")
    assert default_folder() == "/home/anna/.local/state/faceplate/jobs"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert default_folder() == "/local/Faceplate/jobs"


HOLD = """
import sys, time
from plugin_host.job_note import held
with held(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_when_another_process_holds_a_note_then_it_is_said_and_ends_with_that_process(folder):
    folder.mkdir(parents=True)
    path = make_note().file()
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RequestRefused, match="another process"), held(path):
            pass
        other.kill()
    with held(path):
        pass
    assert list(folder.iterdir()) == []


def test_when_a_note_cannot_be_held_then_it_is_said(tmp_path):
    with pytest.raises(OutputError, match="cannot be held"), held(str(tmp_path / "none" / "a")):
        pass


def test_when_work_on_a_held_note_fails_then_it_is_let_go(folder):
    note = make_note()
    note.write()
    with pytest.raises(ZeroDivisionError), held(note.file()):
        1 / 0  # noqa: B018
    with held(note.file()):
        assert notes() == [note]


def test_when_only_the_version_differs_then_it_is_another_job(folder):
    note = make_note()
    again = replace(note, submit=replace(note.submit, output="/mnt/shows/v002"))
    assert job_id(again.submit) != note.job
