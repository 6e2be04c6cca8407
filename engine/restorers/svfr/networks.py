"""SVFR's networks: built without weights, filled from safetensors files, nothing unused.

This is the one module that imports diffusers. Of Stable Video Diffusion only the VAE is loaded: its
UNet would be overwritten, and its image encoder is never asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    UNetSpatioTemporalConditionModel,
)
from safetensors import SafetensorError, safe_open

from engine.restorers.svfr.identity import Projection
from engine.restorers.svfr.iresnet import IResNet
from engine.restorers.svfr.seeded import seeded_iresnet, seeded_state
from plugin_host.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor, nn

    from engine.restorers.svfr.sizes import SchedulerSizes, Sizes

PARTS = ("unet", "vae", "id_linear", "arcface")
"""The files of weights, ``unet.safetensors`` and so on."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks on their device.

    Attributes:
        sizes: How large they are.
        unet: The denoiser.
        vae: Pictures to latents and back.
        arcface: The identity network.
        projection: Its last map to tokens.
    """

    sizes: Sizes
    unet: UNetSpatioTemporalConditionModel
    vae: AutoencoderKLTemporalDecoder
    arcface: IResNet
    projection: Projection

    @property
    def device(self) -> torch.device:
        """Where the denoiser is."""
        return self._weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The denoiser's precision."""
        return self._weight.dtype

    @property
    def _weight(self) -> Tensor:
        return next(self.unet.parameters())

    def scheduler(self) -> EulerDiscreteScheduler:
        """Return a new scheduler."""
        return euler_scheduler(self.sizes.scheduler)


def euler_scheduler(sizes: SchedulerSizes) -> EulerDiscreteScheduler:
    """Return a new scheduler."""
    scheduler = EulerDiscreteScheduler(**sizes.config())
    # It makes an array of this tensor in a way of which numpy 2 warns.
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.numpy()
    return scheduler


def build(part: str, sizes: Sizes) -> nn.Module:
    """Return one of `PARTS` without memory for its weights."""
    makers: Mapping[str, Callable[[], nn.Module]] = {
        "unet": lambda: UNetSpatioTemporalConditionModel(**sizes.unet.config()),
        "vae": lambda: AutoencoderKLTemporalDecoder(**sizes.vae.config()),
        "id_linear": lambda: Projection(sizes.identity),
        "arcface": lambda: IResNet(sizes.identity),
    }
    with torch.device("meta"):
        return makers[part]()


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shape of every entry of a network's state."""
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def check_state(part: str, network: nn.Module, state: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse weights of another network.

    Args:
        part: What to call it.
        network: What the weights are for.
        state: Shapes of the weights by name. Counters of batch norms may be missing.

    Raises:
        WeightsError: Names the first entry that is missing, unknown or of another shape.
    """
    wanted = shapes(network)
    for name, shape in wanted.items():
        if name not in state:
            if name.endswith("num_batches_tracked"):
                continue
            raise WeightsError(f"the weights {part} have no {name!r}; it should be {shape}")
        if tuple(state[name]) != shape:
            raise WeightsError(
                f"in the weights {part}, {name!r} is {tuple(state[name])}; it should be {shape}"
            )
    for name in state:
        if name not in wanted:
            raise WeightsError(f"the weights {part} have {name!r}, which the network has not")


def fill(part: str, network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give a network its weights; they are not copied.

    Raises:
        WeightsError: See `check_state`.
    """
    check_state(part, network, {name: tuple(tensor.shape) for name, tensor in state.items()})
    counters = {
        name: torch.zeros((), dtype=torch.int64)
        for name in network.state_dict()
        if name.endswith("num_batches_tracked")
    }
    network.load_state_dict({**counters, **state}, assign=True)
    network.requires_grad_(requires_grad=False).eval()


def load(
    folder: Path, sizes: Sizes, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Networks:
    """Load the networks from a folder of safetensors files, one tensor after the other.

    Args:
        folder: Holds a file for each of `PARTS`.
        sizes: What the files must fit.
        device: ``cpu`` or ``cuda:N``.
        dtype: Precision to compute in, float32 or float16.

    Raises:
        WeightsError: A file is not there, damaged, or of another network.
    """

    def state(part: str) -> dict[str, Tensor]:
        path = folder / f"{part}.safetensors"
        try:
            opened: Any = safe_open(path, framework="pt", device=device)
            with opened as file:
                names: list[str] = file.keys()
                return {name: _cast(file.get_tensor(name), dtype) for name in names}
        except (OSError, SafetensorError) as error:
            raise WeightsError(f"cannot read the weights {path}: {error}") from None

    return filled(sizes, state)


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def seeded(sizes: Sizes, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Networks:
    """Return networks with random weights that are the same everywhere."""

    def state(part: str) -> dict[str, Tensor]:
        return {
            name: _cast(tensor, dtype).to(device)
            for name, tensor in seeded_part(part, sizes).items()
        }

    return filled(sizes, state)


def seeded_part(part: str, sizes: Sizes) -> dict[str, Tensor]:
    """Return random weights of one of `PARTS`, float32 on the CPU."""
    make = seeded_iresnet if part == "arcface" else seeded_state
    return make(shapes(build(part, sizes)))


def filled(sizes: Sizes, state: Callable[[str], Mapping[str, Tensor]]) -> Networks:
    """Return the networks with weights.

    Args:
        sizes: How large they are.
        state: Returns the weights of one of `PARTS`.

    Raises:
        WeightsError: The weights are of another network.
    """
    networks = {part: build(part, sizes) for part in PARTS}
    for part, network in networks.items():
        fill(part, network, state(part))
    unet, vae, projection, arcface = networks.values()
    assert isinstance(unet, UNetSpatioTemporalConditionModel)
    assert isinstance(vae, AutoencoderKLTemporalDecoder)
    assert isinstance(projection, Projection)
    assert isinstance(arcface, IResNet)
    return Networks(sizes, unet, vae, arcface, projection)
