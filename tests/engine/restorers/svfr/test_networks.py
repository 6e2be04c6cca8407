import subprocess
import sys
import weakref
from dataclasses import fields

import pytest
import torch
from safetensors.torch import save_file

from engine.restorers.svfr.networks import PARTS, build, check_state, fill, load, shapes
from engine.restorers.svfr.seeded import seeded_state
from engine.restorers.svfr.sizes import FULL, TINY, UnetSizes
from plugin_host.errors import WeightsError
from tests.engine.restorers.svfr.tiny import networks

STATES = {
    "unet": networks().unet,
    "vae": networks().vae,
    "id_linear": networks().projection,
    "arcface": networks().arcface,
}


@pytest.fixture
def folder(tmp_path):
    for part in PARTS:
        state = {
            name: tensor.half() if tensor.is_floating_point() else tensor
            for name, tensor in STATES[part].state_dict().items()
        }
        save_file(state, tmp_path / f"{part}.safetensors")
    return tmp_path


def test_when_the_engine_starts_then_diffusers_is_not_loaded():
    code = (
        "import sys, engine.__main__, engine.restorers.svfr as svfr\n"
        "svfr.Svfr().info, svfr.SvfrTiny().info\n"
        "assert 'diffusers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_when_weights_are_loaded_then_they_are_those_of_the_files(folder):
    loaded = load(folder, TINY)
    for part, network in zip(
        PARTS, (loaded.unet, loaded.vae, loaded.projection, loaded.arcface), strict=True
    ):
        found, wanted = network.state_dict(), STATES[part].state_dict()
        assert set(found) == set(wanted)
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert (loaded.device.type, loaded.dtype) == ("cpu", torch.float32)
    assert load(folder, TINY, dtype=torch.float16).dtype == torch.float16
    assert not any(parameter.requires_grad for parameter in loaded.unet.parameters())


def test_when_weights_change_precision_then_one_tensor_at_a_time_is_held_twice(folder, monkeypatch):
    before = []

    def cast(tensor, dtype):
        assert not any(ref() is not None for ref in before)
        before.append(weakref.ref(tensor))
        return tensor.to(dtype)

    monkeypatch.setattr("engine.restorers.svfr.networks._cast", cast)
    load(folder, TINY)
    assert len(before) > 500


def test_when_a_file_is_missing_or_damaged_then_it_is_named(folder):
    path = folder / "vae.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"vae\.safetensors"):
        load(folder, TINY)
    path.unlink()
    with pytest.raises(WeightsError, match=r"vae\.safetensors"):
        load(folder, TINY)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"final_norm.bias": None}, "have no 'final_norm.bias'; it should be \\(64,\\)"),
        ({"final_norm.bias": (65,)}, r"'final_norm.bias' is \(65,\); it should be \(64,\)"),
        ({"stranger": (1,)}, "have 'stranger', which the network has not"),
    ],
)
def test_when_weights_are_of_another_network_then_the_first_difference_is_named(change, message):
    network = build("id_linear", TINY)
    told = {k: shape for k, shape in (shapes(network) | change).items() if shape is not None}
    with pytest.raises(WeightsError, match=message):
        check_state("id_linear", network, told)


def test_when_counters_are_missing_then_the_weights_are_taken():
    state = STATES["arcface"].state_dict()
    few = {name: tensor for name, tensor in state.items() if "num_batches" not in name}
    network = build("arcface", TINY)
    fill("arcface", network, few)
    assert set(network.state_dict()) == set(state)


def test_when_the_published_size_is_built_then_it_has_the_published_number_of_weights():
    unet = build("unet", FULL)
    assert sum(parameter.numel() for parameter in unet.parameters()) == 1_524_634_602
    assert len(unet.state_dict()) == 1428
    assert next(unet.parameters()).is_meta
    arcface = shapes(build("arcface", FULL))
    assert len(arcface) == 925 - 12  # without what makes an embedding
    assert sum(p.numel() for p in build("id_linear", FULL).parameters()) == 526_336


def test_when_a_config_file_tells_more_or_less_then_the_rest_stays_as_published():
    sizes = UnetSizes.of({"layers_per_block": 1, "block_out_channels": [32], "_class_name": "x"})
    assert sizes.block_out_channels == (32,)
    assert sizes.layers_per_block == 1
    assert sizes.in_channels == 12
    assert set(sizes.config()) == {one.name for one in fields(UnetSizes)}


def test_when_weights_are_seeded_then_they_follow_from_their_names():
    shape = {"a.weight": (4, 3), "b.bias": (5,), "c.running_var": (6,)}
    once, again = seeded_state(shape), seeded_state(shape)
    assert all(torch.equal(once[name], again[name]) for name in shape)
    assert once["a.weight"][0, 0].item() == once["a.weight"].half()[0, 0].item()
    assert (once["c.running_var"] >= 1).all()
