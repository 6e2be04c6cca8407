"""Looking for faces with the engine's program, and asking the artist."""

import json
import shlex
import sys
import threading
from pathlib import Path

import pytest

from plugin_host.errors import EngineStartFailed, JobCancelled, RequestRefused
from plugin_host.hosts.nuke.adapter import plate_of
from plugin_host.hosts.nuke.faces import choose_faces, look_through
from plugin_host.hosts.nuke.group import make
from plugin_host.hosts.nuke.knobs import Wanted
from plugin_host.hosts.nuke.progress import Bar
from plugin_host.requests import Settings


@pytest.fixture
def group(nuke, made):
    return make(made.read(nuke, "/shots/a.%04d.exr", 1001, 1010), made.DESCRIPTION)


@pytest.fixture
def look(group, monkeypatch, made, kit):
    """Looks through a shot with a program of the test's in place of the engine's."""

    def run(program, bar=None, **wanted):
        command = [sys.executable, "-c", program]
        monkeypatch.setenv("FACEPLATE_ENGINE", shlex.join(command))
        selection = plate_of(group, Wanted(**wanted))
        with bar or Bar("Looking") as progress:
            return look_through(selection, Settings("lite", detector="/y.onnx"), progress)

    return run


def test_when_a_shot_is_looked_through_then_the_program_is_told_all_that_numbers_hold_for(
    look, made
):
    program = (
        "import json, sys; print('a word'); print(json.dumps({'faces': [], 'a': sys.argv[1:]}))"
    )
    told = look(program, shot=made.ranged("1003-1006"), handles=2)["a"]
    *told, sheet, as_json = told
    assert told == [
        "analyse",
        "/shots/a.%04d.exr",
        "--shot=1003-1006",
        "--handles=2",
        "--colourspace=linear",
        "--detector=/y.onnx",
    ]
    assert sheet.startswith("--out=")
    assert as_json == "--json"


def test_when_the_program_refuses_then_its_reason_is_told(look):
    refused = {"event": "failed", "message": "no such plate"}
    with pytest.raises(RequestRefused, match="no such plate"):
        look(f"import sys; print({json.dumps(refused)!r}); sys.exit(2)")
    with pytest.raises(RequestRefused, match="no words of ours"):
        look("import sys; sys.exit('{ no words of ours')")
    with pytest.raises(RequestRefused, match="exit code 3"):
        look("import sys; sys.exit(3)")


def test_when_the_program_is_not_there_then_it_is_said(look, monkeypatch, group):
    monkeypatch.setattr("plugin_host.hosts.nuke.faces.engine_command", lambda: ["/no/such/program"])
    with pytest.raises(EngineStartFailed, match="cannot start /no/such/program"):
        look("")


def test_when_the_user_cancels_then_the_program_is_ended(look, kit, tmp_path):
    mark = tmp_path / "runs"

    class Impatient(Bar):
        def cancelled(self):
            return mark.exists()

    program = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    with pytest.raises(JobCancelled, match="cancelled"):
        look(program, bar=Impatient("Looking"))
    assert not [t for t in threading.enumerate() if t.name.startswith("faceplate")]


def faces(count):
    return [{"number": n, "frames": f"1001-{1000 + n}"} for n in range(1, count + 1)]


def test_when_faces_are_found_then_the_artist_is_asked_by_the_timeline_and_undo_takes_it_back(
    kit, nuke, group, tmp_path
):
    sheet = tmp_path / "faces.png"
    kit.answer("getInput", " 1,3=Anna ")
    choose_faces(group, {"faces": faces(14), "sheet": str(sheet)}, offset=1000)
    text = kit.shown[-1].text
    assert "3: 1-3" in text
    assert text.endswith("and 2 more")
    assert group["fp_faces"].value() == "1,3=Anna"
    choose_faces(group, {"faces": faces(1), "sheet": str(sheet)}, offset=1000)
    assert group["fp_faces"].value() == "1,3=Anna"
    names = [block.name.partition(": ")[2] for block in kit.undo_blocks]
    assert names[-2:] == ["contact sheet", "pick faces"]
    (read,) = [node for node in nuke.allNodes("Read") if node.name() != "Read1"]
    assert (read.name(), Path(read["file"].value())) == ("FaceplateRestore1_faces", sheet)
    nuke.Undo.undo()
    assert group["fp_faces"].value() == ""


def test_when_there_is_no_face_then_nothing_is_asked(kit, group):
    choose_faces(group, {"faces": []}, offset=0)
    assert [one.kind for one in kit.shown] == ["message"]
    assert "no face was found" in kit.messages[0]
