import json
from functools import partial

import pytest

from engine.__main__ import main
from engine.catalogue import LICENCE
from engine.restorers import build_restorer, load_restorer
from engine.restorers.svfr import layout
from engine.restorers.svfr.networks import PARTS, seeded_part
from engine.restorers.svfr.sizes import TINY
from plugin_host.errors import WeightsError
from tests.engine.restorers.svfr.test_layout import at, write


@pytest.fixture(autouse=True)
def weights(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEPLATE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(layout, "add_official", partial(layout.add_official, sizes=TINY))
    return tmp_path / "weights"


@pytest.fixture
def official(tmp_path):
    for part in PARTS:
        write(at(tmp_path / "official", part), seeded_part(part, TINY))
    return tmp_path / "official"


def test_when_the_licence_is_not_accepted_then_it_is_shown_and_nothing_is_added(
    official, weights, capsys
):
    for words in ([], ["--accept-licence", "yes"]):
        assert main(["weights", "add", "svfr", str(official), *words]) == 1
        shown = capsys.readouterr().out
        assert f'--accept-licence "{LICENCE}"' in shown
        assert "fffiloni/SVFR" in shown
    assert not weights.exists()


def test_when_weights_are_added_then_the_lists_miss_them_no_more(official, capsys):
    assert main(["restorers"]) == 0
    assert "missing: svfr has no weights in" in capsys.readouterr().out
    with pytest.raises(WeightsError, match="faceplate weights add svfr DIR"):
        load_restorer("svfr")
    assert main(["weights", "add", "svfr", str(official), "--accept-licence", LICENCE]) == 0
    added = capsys.readouterr().out
    assert main(["restorers", "--json"]) == 0
    listed = {one["name"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert not any(one["missing"] for one in listed.values())
    assert "not a restorer" in listed["svfr-tiny"]["title"]
    digest = build_restorer("svfr").info.weights
    assert load_restorer("svfr-official").info.weights == digest
    assert main(["weights", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"svfr: {digest[:12]} " in listed
    assert "svfr-tiny: needs none (SVFR mechanism with random weights (not a restorer);" in listed
    assert digest[:12] in added


def test_when_what_is_added_is_wrong_then_the_command_says_so_and_ends_with_5(tmp_path, capsys):
    assert main(["weights", "add", "svfr", str(tmp_path), "--accept-licence", LICENCE]) == 5
    assert "has no models/face_restoration/unet.pth" in capsys.readouterr().err
