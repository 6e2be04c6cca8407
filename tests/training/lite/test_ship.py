import hashlib
import json

import pytest
import torch
from safetensors import safe_open

from engine.weights import read_facts, read_weights
from training.lite import ship as shipping
from training.lite.checkpoint import save_weights
from training.lite.ship import data_version, ship


class Tiny(torch.nn.Linear):
    def __init__(self):
        super().__init__(2, 2)


@pytest.fixture
def folders(tmp_path):
    for part, step in (("restoring", 4), ("chroma", 2)):
        folder = tmp_path / part
        folder.mkdir()
        save_weights(folder / "best.safetensors", Tiny(), {"step": step, "psnr": 30.0})
        rows = ["step,level,psnr,flicker,psnr_before,flicker_before"]
        rows += [f"{s},clean,{s + 0.5},1,2,3" for s in (0, 2, 4)]
        (folder / "held_out.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        steps = ["step,minutes,loss,learning_rate,frames"]
        steps += [f"{s},{s / 2},0.1,0.001,3" for s in range(5)]
        (folder / "steps.csv").write_text("\n".join(steps) + "\n", encoding="utf-8")
    return {part: tmp_path / part for part in ("restoring", "chroma")}


def test_when_parts_are_shipped_then_one_file_holds_both_and_their_history(folders, tmp_path):
    out = tmp_path / "weights.safetensors"
    sha256 = ship(folders, out, "c0ffee")
    assert sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    tensors = read_weights(out, sha256)
    assert {name.partition(".")[0] for name in tensors} == {"restoring", "chroma"}
    assert all(tensor.dtype == torch.float16 for tensor in tensors.values())
    facts = read_facts(out)
    assert facts["commit"] == "c0ffee"
    assert facts["data"] == data_version()
    assert facts["parts"]["restoring"]["held_out"]["clean"]["psnr"] == 4.5
    assert facts["parts"]["chroma"]["minutes"] == 0.5
    with safe_open(out, "pt") as file:
        assert json.loads(file.metadata()["training"]) == facts


def test_when_the_weights_are_too_large_then_they_do_not_ship(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(shipping, "LIMIT", 100)
    with pytest.raises(ValueError, match="at most 100 ship"):
        ship(folders, tmp_path / "weights.safetensors", "c0ffee")
    assert not (tmp_path / "weights.safetensors").exists()
