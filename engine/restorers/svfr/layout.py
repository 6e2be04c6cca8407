"""SVFR's official files brought in: checked, converted once, known by their sha256 from then on.

Rules of this file:
    - Only tensors are read: `.pth` files by ``weights_only``, which runs no code of theirs.
    - All four files are checked before anything is written; `weights.json` is written last.
    - What SVFR never asks is neither asked for nor kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import (
    load_file,  # pyright: ignore[reportUnknownVariableType]
    save_file,  # pyright: ignore[reportUnknownVariableType]
)

from engine.atomic import temporary_name, write_atomically
from engine.restorers.svfr.iresnet import UNUSED
from engine.restorers.svfr.networks import PARTS, build, check_state
from engine.restorers.svfr.sizes import FULL
from plugin_host.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from engine.restorers.svfr.sizes import Sizes

_RESTORATION = "models/face_restoration"
_VAE = "models/stable-video-diffusion-img2vid-xt/vae/diffusion_pytorch_model"
OFFICIAL: Mapping[str, tuple[str, ...]] = {
    "unet": (f"{_RESTORATION}/unet.pth",),
    "id_linear": (f"{_RESTORATION}/id_linear.pth",),
    "arcface": (f"{_RESTORATION}/insightface_glint360k.pth",),
    "vae": (f"{_VAE}.fp16.safetensors", f"{_VAE}.safetensors"),
}
"""Where the official program has the file of each part; the first that is there is taken."""
RECORD = "weights.json"


def add_official(
    source: Path, folder: Path, licence: str, *, replace: bool = False, sizes: Sizes = FULL
) -> str:
    """Check the official files and convert them to those that `networks.load` reads.

    Args:
        source: Holds the files, laid out as the official program has them or side by side.
        folder: Where the converted files go.
        licence: What was accepted; it is recorded.
        replace: Whether other weights that are there give way.
        sizes: What the files must fit.

    Returns:
        The sha256 that stands for the weights.

    Raises:
        WeightsError: A file is missing, damaged, of another network or holds more than tensors;
            or other weights are there.
    """
    paths = {part: _find(source, part) for part in PARTS}
    sources = {path.name: _sha256(path) for path in paths.values()}
    known = _record(folder)
    if known and known["sources"] != sources and not replace:
        other = next((name for name in sources if known["sources"].get(name) != sources[name]), "")
        raise WeightsError(
            f"{source} differs from the weights in {folder}, first in {other}; to put it in their "
            "place, say --replace"
        )
    if known and known["sources"] == sources and not _damaged(folder, known):
        return str(known["sha256"])
    states = {f"{part}.safetensors": _read(part, path, sizes) for part, path in paths.items()}
    results = {name: _write(folder / name, state) for name, state in states.items()}
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()
    record = {"sha256": digest, "licence": licence, "sources": sources, "results": results}
    write_atomically(folder / RECORD, json.dumps(record, indent=2).encode())
    return digest


def check_installed(folder: Path, sha256: str) -> None:
    """Compare installed weights with what was recorded when they were added.

    Args:
        folder: Of the converted files.
        sha256: What stands for the weights that are meant.

    Raises:
        WeightsError: Others were added since, or a file is damaged or missing.
    """
    known = _record(folder)
    if known is None or known["sha256"] != sha256:
        raise WeightsError(f"the weights in {folder} were replaced meanwhile; begin anew")
    if damaged := _damaged(folder, known):
        raise WeightsError(
            f"the weights {folder / damaged} are damaged or missing: their sha256 should be "
            f"{known['results'][damaged][:12]}…; say `faceplate weights add svfr DIR` again"
        )


def _find(source: Path, part: str) -> Path:
    for official in OFFICIAL[part]:
        for name in (official, official.removeprefix("models/"), Path(official).name):
            if (source / name).is_file():
                return source / name
    raise WeightsError(f"{source} has no {OFFICIAL[part][0]}; it may also lie in {source} itself")


def _read(part: str, path: Path, sizes: Sizes) -> dict[str, Tensor]:
    """Return the entries that are used, checked."""
    state = _safetensors(path) if path.suffix == ".safetensors" else _state_dict(path)
    if part == "arcface":
        state = {name: tensor for name, tensor in state.items() if not name.startswith(UNUSED)}
    state = {n: tensor for n, tensor in state.items() if not n.endswith("num_batches_tracked")}
    check_state(str(path), build(part, sizes), {n: tuple(t.shape) for n, t in state.items()})
    for name, tensor in sorted(state.items()):
        if not tensor.is_floating_point() or tensor.layout != torch.strided:
            raise WeightsError(
                f"in the weights {path}, {name!r} is {tensor.dtype}; it should be dense numbers "
                "in floating point"
            )
    return state


def _state_dict(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if zipped and not zipfile.is_zipfile(path):
        raise WeightsError(f"the weights {path} are truncated; get the file again")
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except Exception as error:  # noqa: BLE001 - bytes of others make it raise anything
        raise WeightsError(
            f"cannot read the weights {path} ({type(error).__name__}): a state dict as torch.save "
            "writes it is wanted, whole, with nothing in it but tensors"
        ) from None
    entries = cast("dict[object, object]", found) if type(found) in {dict, OrderedDict} else {}
    state = {
        name: tensor
        for name, tensor in entries.items()
        if isinstance(name, str) and isinstance(tensor, torch.Tensor) and _holds_numbers(tensor)
    }
    if not state or len(state) < len(entries):
        odd = next((repr(name) for name in entries if name not in state), type(found).__name__)
        raise WeightsError(
            f"the weights {path} are no plain state dict: {odd} is not a tensor by its name"
        )
    return state


def _holds_numbers(tensor: Tensor) -> bool:
    """Return whether there is one array of numbers; a file may also hold a shape alone, or many."""
    return not tensor.is_meta and not tensor.is_nested


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot read the weights {path}: {error}; get it again") from None


def _write(path: Path, state: Mapping[str, Tensor]) -> str:
    """Write a file that is whole or not there; return its sha256."""
    temporary = temporary_name(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        mode = temporary.stat().st_mode  # a library's own is the user's alone, whom a farm is not
        save_file({name: _own(tensor) for name, tensor in state.items()}, temporary)
        temporary.chmod(mode)
        digest = _sha256(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot write the weights {path}: {error}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return digest


def _own(tensor: Tensor) -> Tensor:
    """Return a tensor that shares its memory with no other, which a file could not tell."""
    whole = tensor.untyped_storage().nbytes() == tensor.nbytes
    return tensor.detach().contiguous() if whole else tensor.detach().clone().contiguous()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror}") from None


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / RECORD).read_text("utf-8"))
        wanted = {f"{part}.safetensors" for part in PARTS}
        if set(found["results"]) == wanted and found["sha256"] and dict(found["sources"]):
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _damaged(folder: Path, known: Mapping[str, Any]) -> str:
    """Return the first file that is not what was recorded; empty where all are."""
    for name, sha256 in known["results"].items():
        path = folder / name
        if not path.is_file() or _sha256(path) != sha256:
            return name
    return ""
