import json
from math import inf

import pytest
import torch
from safetensors.torch import save_file

from engine.restorers.svfr import parity
from engine.restorers.svfr.cases import Cases
from engine.restorers.svfr.golden import Golden
from tests.engine.restorers.svfr.tiny import GOLDEN, needs_golden, normal

NEW = "p_strength-0.75"
CASE = {"n": 3, "fpb": 4, "overlap": 1, "steps": 4, "ref": True, "task": [0, 1, 1]}
CASE |= {"gmin": 1.5, "gmax": 3.0, "strength": 0.75, "chunk": 3}


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a case that was not given: fewer frames than a window, and so on."""
    frames = torch.arange(8 * 64 * 128 * 3).reshape(8, 64, 128, 3).remainder(256).to(torch.uint8)
    inputs = {"pipe.frames_u8": frames, "pipe.noise": normal(1, 8, 4, 8, 16)}
    save_file({**inputs, "id.feature": normal(1, 32, 7, 7)}, tmp_path / "inputs.safetensors")
    (tmp_path / "unet_config.json").write_text(json.dumps(UNET))
    (tmp_path / "vae_config.json").write_text(json.dumps(VAE))
    (tmp_path / "meta.json").write_text(
        json.dumps({"cases": {NEW: CASE}, "windows_real": {"n2_fpb3_ov1": {"0": WINDOWS}}})
    )
    return tmp_path


UNET = {
    "block_out_channels": [32, 64, 64, 64],
    "layers_per_block": 1,
    "num_attention_heads": [2, 4, 4, 4],
    "cross_attention_dim": 64,
    "addition_time_embed_dim": 32,
    "projection_class_embeddings_input_dim": 96,
}
VAE = {"block_out_channels": [32] * 4, "layers_per_block": 1}
WINDOWS = [[0, 1, 0]]
SLOW = (
    "arcface.",
    "p_ref_n11.latents",
    "p_ref_n11.frames",
    "p_ref_n11_nocfg.",
)  # the command does them too


def expect(folder, **tensors):
    save_file(tensors, folder / "expected.safetensors")


def test_when_a_case_was_not_given_then_it_is_computed_from_its_settings(folder, capsys):
    expect(folder, **{f"{NEW}.latents": torch.zeros(1, 3, 4, 8, 16)})
    plain = Cases(Golden(folder), saves=False)
    (latents,) = (one.compute() for one in plain.every() if one.name == f"{NEW}.latents")
    expect(folder, **{f"{NEW}.latents": latents.contiguous()})
    assert parity.main(["--golden", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "pass" in said
    assert "3 of 3 passed" in said


def test_when_only_a_part_of_the_chain_is_given_then_it_is_compared(folder):
    expect(folder, **{"chain.ref": torch.zeros(3, 64, 128)})
    (case,) = (one for one in Cases(Golden(folder), saves=True).every() if one.name == "chain.ref")
    assert case.compute().shape == (3, 64, 128)


def test_when_a_number_is_off_then_the_command_says_so_and_fails(folder, capsys):
    expect(folder, **{"vae.mode": normal(8, 4, 8, 16)})
    assert parity.main(["--golden", str(folder), "--savings", "on"]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_when_no_rule_knows_a_case_then_it_fails(folder, capsys):
    expect(folder, stranger=torch.zeros(1))
    assert parity.main(["--golden", str(folder), "--savings", "on"]) == 1
    assert "no rule knows 'stranger'" in capsys.readouterr().out


def test_when_the_folder_holds_nothing_then_it_is_refused(tmp_path, capsys):
    assert parity.main(["--golden", str(tmp_path)]) == 2
    assert "neither meta.json nor" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "data"),
    [("meta.json", b"{"), ("meta.json", b"[1]"), ("expected.safetensors", b"")],
)
def test_when_a_file_of_the_folder_is_damaged_then_it_is_named(folder, capsys, name, data):
    (folder / name).write_bytes(data)
    assert parity.main(["--golden", str(folder)]) == 2
    assert f"cannot read {folder / name}" in capsys.readouterr().err


def test_when_weights_of_the_folder_are_damaged_then_what_needs_them_fails(folder, capsys):
    expect(folder, **{"vae.mode": normal(8, 4, 8, 16)})
    (folder / "vae.safetensors").write_bytes(b"")
    assert parity.main(["--golden", str(folder), "--savings", "on"]) == 1
    said = capsys.readouterr().out
    assert f"cannot read {folder / 'vae.safetensors'}" in said
    assert "1 of 2 passed" in said


@pytest.mark.parametrize(
    ("ours", "theirs", "apart"),
    [
        ([1, 2], [1, 2.5], 0.5),
        ([1, 2], [1], inf),
        ({"a": [None]}, {"a": [None]}, 0),
        ({"a": 1}, {"b": 1}, inf),
        (torch.tensor([float("nan")]), torch.tensor([0.0]), inf),
        (torch.zeros(2, 3), torch.zeros(3, 2), inf),
    ],
)
def test_when_values_are_compared_then_the_worst_counts(ours, theirs, apart):
    assert parity.difference(ours, theirs) == apart


@needs_golden
def test_when_the_official_programs_numbers_are_here_then_ours_are_theirs():
    cases = [*Cases(Golden(GOLDEN), saves=True).every()]
    assert len(cases) > 80
    quick = (case for case in cases if not case.name.startswith(SLOW))
    assert not [str(one) for one in map(parity.compare, quick) if not one.passed]


@needs_golden
def test_when_nothing_is_saved_then_the_unet_is_theirs_too():
    cases = Cases(Golden(GOLDEN), saves=False).every()
    plain = [case for case in cases if case.name.startswith("unet.out.t1")]
    assert plain
    for case in plain:
        assert parity.compare(case).passed, case.name
