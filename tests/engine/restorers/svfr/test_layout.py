"""The official files, laid out as published, at the tiny size."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import engine.restorers.svfr as restorer_module
from engine.restorers.svfr import Svfr
from engine.restorers.svfr.iresnet import UNUSED, IResNet
from engine.restorers.svfr.layout import OFFICIAL, add_official, check_installed
from engine.restorers.svfr.networks import PARTS, load, seeded_part
from engine.restorers.svfr.sizes import TINY
from plugin_host.errors import WeightsError

LICENCE = "for tests"
STATES = {part: seeded_part(part, TINY) for part in PARTS}
EMBEDS = IResNet(TINY.identity, embeds=True).state_dict()
STATES["arcface"] |= {name: EMBEDS[name] for name in EMBEDS if name.startswith(UNUSED)}


def write(path, state, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    save = save_file if path.suffix == ".safetensors" else torch.save
    save(state, path, **how)


def at(source, part):
    return source / OFFICIAL[part][0]


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    for part, state in STATES.items():
        write(at(folder, part), state)
    return folder


@pytest.fixture
def source(official, tmp_path):
    return Path(shutil.copytree(official, tmp_path / "official"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "weights" / "svfr"


def add(source, folder, **how):
    return add_official(source, folder, LICENCE, sizes=TINY, **how)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def test_when_the_official_files_are_added_then_the_networks_have_exactly_their_weights(
    source, folder
):
    digest = add(source, folder)
    assert set(files(folder)) == {f"{part}.safetensors" for part in PARTS} | {"weights.json"}
    networks = load(folder, TINY)
    for part, network in (("unet", networks.unet), ("vae", networks.vae)):
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, STATES[part][name])
    kept = load_file(folder / "arcface.safetensors")
    assert not [n for n in kept if n.startswith(UNUSED) or n.endswith("num_batches_tracked")]
    modes = {path.stat().st_mode for path in folder.iterdir()}
    assert len(modes) == 1, "who may read the one may read all"
    record = json.loads((folder / "weights.json").read_text())
    assert record["licence"] == LICENCE
    assert set(record["sources"]) == {Path(names[0]).name for names in OFFICIAL.values()}
    assert record["sha256"] == digest == Svfr(folder).info.weights


@pytest.mark.parametrize("place", ["face_restoration", "."])
def test_when_the_files_lie_elsewhere_then_they_are_found(source, tmp_path, folder, place):
    inner = source / "models"
    if place == ".":
        inner = tmp_path / "flat"
        inner.mkdir()
        for part in PARTS:
            at(source, part).rename(inner / at(source, part).name)
    assert add(inner, folder)


def test_when_the_vae_is_the_full_one_or_a_file_is_of_the_old_kind_then_it_is_read(source, folder):
    at(source, "vae").rename(source / OFFICIAL["vae"][1])
    write(at(source, "id_linear"), STATES["id_linear"], _use_new_zipfile_serialization=False)
    half = {name: tensor.half() for name, tensor in STATES["unet"].items()}
    write(at(source, "unet"), half)
    add(source, folder)
    with safe_open(folder / "unet.safetensors", "pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118 - no mapping


def test_when_entries_share_memory_then_each_is_kept(source, folder):
    state = dict(STATES["id_linear"])
    both = torch.cat([state["final_norm.weight"], state["final_norm.bias"]])
    state["final_norm.weight"], state["final_norm.bias"] = both.chunk(2)
    write(at(source, "id_linear"), state)
    add(source, folder)
    kept = load_file(folder / "id_linear.safetensors")
    assert all(torch.equal(kept[name], tensor) for name, tensor in STATES["id_linear"].items())


def test_when_the_same_is_added_again_then_nothing_is_written_but_what_was_damaged(source, folder):
    digest = add(source, folder)
    before = files(folder), (folder / "unet.safetensors").stat().st_ino
    assert add(source, folder) == digest
    assert (files(folder), (folder / "unet.safetensors").stat().st_ino) == before
    (folder / "vae.safetensors").unlink()
    assert add(source, folder) == digest
    assert files(folder) == before[0]


def test_when_other_files_are_added_then_only_replace_lets_them(source, folder):
    digest = add(source, folder)
    before = files(folder)
    write(at(source, "id_linear"), {n: t + 1 for n, t in STATES["id_linear"].items()})
    with pytest.raises(WeightsError, match=r"first in id_linear\.pth; .* --replace"):
        add(source, folder)
    assert files(folder) == before
    assert add(source, folder, replace=True) != digest


def without_least(state):
    return {n: t for n, t in state.items() if n != min(state)}


def wider(state):
    last = max(state)
    return {**state, last: torch.zeros(7)}


def whole_numbers(state):
    return {n: t.to(torch.int8) for n, t in state.items()}


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        *((part, wider, r"'{last}' is \(7,\); it should be") for part in PARTS),
        ("unet", without_least, "have no '{least}'; it should be"),
        ("unet", lambda state: {**state, "lora.up": torch.zeros(1)}, "have 'lora.up'"),
        ("vae", whole_numbers, "'{least}' is torch.int8; it should be"),
    ],
)
def test_when_entries_differ_then_the_first_is_named(source, folder, part, change, words):
    used = {n: t for n, t in STATES[part].items() if not n.startswith(UNUSED)}
    used = {n: t for n, t in used.items() if not n.endswith("num_batches_tracked")}
    write(at(source, part), change(used))
    expected = words.format(least=min(used), last=max(used))
    with pytest.raises(WeightsError, match=expected) as caught:
        add(source, folder)
    assert str(at(source, part)) in str(caught.value)
    assert not files(folder)


class Code:
    def __reduce__(self):
        return print, ("it ran",)


ROWS = [torch.zeros(3), torch.zeros(2)]


def of_shapes_alone():
    empty = torch.zeros_like(STATES["unet"]["conv_in.bias"], device="meta")
    return {**STATES["unet"], "conv_in.bias": empty}


def archive():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("a.txt", "hello")
    return data.getvalue()


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.unlink(), "has no models/.*unet.pth; it may also lie in"),
        (lambda path: path.write_bytes(path.read_bytes()[:-999]), "truncated; get the file again"),
        (lambda path: path.write_bytes(b""), "cannot read .* a state dict as torch.save"),
        (lambda path: path.write_bytes(b"version https://git-lfs.github.com"), "cannot read"),
        (lambda path: path.write_bytes(archive()), "cannot read"),
        (lambda path: torch.save(Code(), path), "cannot read .* nothing in it but tensors"),
        (lambda path: torch.save([1], path), "no plain state dict: list"),
        (lambda path: torch.save({}, path), "no plain state dict"),
        (lambda path: torch.save({"state_dict": STATES["unet"]}, path), "dict: 'state_dict' is"),
        (lambda path: torch.save({**STATES["unet"], "step": 7}, path), "dict: 'step' is not"),
        (lambda path: torch.save(of_shapes_alone(), path), "dict: 'conv_in.bias' is not"),
        (lambda path: torch.save({"a": torch.nested.nested_tensor(ROWS)}, path), "dict: 'a' is"),
    ],
)
def test_when_a_file_is_no_state_dict_then_it_is_refused_and_runs_nothing(
    source, folder, make, words, capsys
):
    make(at(source, "unet"))
    with pytest.raises(WeightsError, match=words):
        add(source, folder)
    assert "it ran" not in capsys.readouterr().out
    assert not files(folder)


def test_when_the_vae_is_truncated_then_it_is_refused(source, folder):
    path = at(source, "vae")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(WeightsError, match=r"fp16\.safetensors: .*get it again"):
        add(source, folder)


def test_when_the_folder_cannot_be_made_then_the_error_says_where(source, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match=r"cannot write the weights .*file/svfr/unet"):
        add(source, tmp_path / "file" / "svfr")


def test_when_installed_weights_change_then_they_are_refused_at_load(source, folder, monkeypatch):
    monkeypatch.setattr(restorer_module, "FULL", TINY)
    add(source, folder)
    restorer = Svfr(folder)
    assert restorer.networks().sizes == TINY
    restorer_module._load.cache_clear()
    path = folder / "vae.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"vae.safetensors are damaged .* weights add svfr"):
        restorer.networks()
    with pytest.raises(WeightsError, match="were replaced meanwhile"):
        check_installed(folder, "f" * 64)
