"""A folder of golden data: what the official program returned on tiny random weights."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType]

from engine.restorers.svfr import networks
from engine.restorers.svfr.iresnet import IResNet
from engine.restorers.svfr.seeded import seeded_iresnet
from engine.restorers.svfr.sizes import (
    FULL,
    IdentitySizes,
    SchedulerSizes,
    Sizes,
    UnetSizes,
    VaeSizes,
)
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from engine.restorers.svfr.networks import Networks

PICTURE_SIDE = 512
DETECTED = (360, 640)


def empty_arcface() -> IResNet:
    """Return the identity network at full size, with its embedding, without weights."""
    with torch.device("meta"):
        return IResNet(FULL.identity, embeds=True)


class Golden:
    """The folder, read as far as it is asked for.

    Args:
        folder: Holds ``meta.json``, ``expected.safetensors`` and what the cases need.

    Raises:
        SettingsError: It holds no golden data, or a file that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta: dict[str, Any] = self.json("meta") or {}
        self.expected = self._tensors("expected")
        if not self.meta and not self.expected:
            raise SettingsError(
                f"{folder} holds neither meta.json nor expected.safetensors; name one that does"
            )

    def json(self, name: str) -> dict[str, Any] | None:
        """Return what a JSON file of the folder holds; None where it is not there."""
        path = self.folder / f"{name}.json"
        try:
            found: Any = json.loads(path.read_text("utf-8")) if path.exists() else {}
        except (OSError, ValueError) as error:
            raise SettingsError(f"cannot read {path}: {error}") from None
        if not isinstance(found, dict):
            raise SettingsError(f"cannot read {path}: it should hold an object")
        return cast("dict[str, Any]", found) or None

    def _config(self, name: str) -> dict[str, Any]:
        config = self.json(name)
        if config is None:
            raise SettingsError(
                f"{self.folder} has no {name}.json, which tells the network's sizes"
            )
        return config

    def _tensors(self, name: str) -> dict[str, Tensor]:
        path = self.folder / f"{name}.safetensors"
        try:
            return load_file(path) if path.exists() else {}
        except (OSError, SafetensorError) as error:
            raise SettingsError(f"cannot read {path}: {error}") from None

    @cached_property
    def inputs(self) -> dict[str, Tensor]:
        """The inputs of all cases."""
        return self._tensors("inputs")

    @cached_property
    def networks(self) -> Networks:
        """The tiny networks, with the folder's weights; where it has none, with the seeded ones."""
        linear = self._tensors("id_linear").get("project1024.weight")
        identity = IdentitySizes((1, 1, 1, 1), (8, 8, 16, 32), 64)
        if linear is not None:
            widths = (8, 8, 16, linear.shape[1])
            identity = replace(identity, widths=widths, tokens=linear.shape[0])
        sizes = Sizes(
            unet=UnetSizes.of(self._config("unet_config")),
            vae=VaeSizes.of(self._config("vae_config")),
            identity=identity,
            scheduler=self.scheduler_sizes,
        )

        def state(part: str) -> dict[str, Tensor]:
            given = self._tensors(part)
            if not given:
                return networks.seeded_part(part, sizes)
            return {name: tensor.float() for name, tensor in given.items()}

        return networks.filled(sizes, state)

    @cached_property
    def scheduler_sizes(self) -> SchedulerSizes:
        """What the folder tells of the scheduler."""
        return SchedulerSizes.of(self.json("scheduler_config") or {})

    @cached_property
    def arcface(self) -> IResNet:
        """The identity network at full size, with the seeded weights."""
        network = empty_arcface()
        networks.fill("arcface", network, seeded_iresnet(networks.shapes(network)))
        return network

    def pictures(self, count: int | None = None) -> Tensor:
        """Return the first pictures of the plate, ``(N, 3, H, W)`` in [-1, 1]."""
        frames = self.inputs["pipe.frames_u8"][:count]
        return (frames.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5

    @cached_property
    def aligned_picture(self) -> NDArray[np.uint8]:
        """The picture of the alignment cases, by its formula."""
        y, x, k = np.mgrid[:PICTURE_SIDE, :PICTURE_SIDE, :3]
        waves = 127.5 + 100 * np.sin(x / 23 + k) * np.cos(y / (31 + 4 * k))
        return np.clip(waves, 0, 255).astype(np.uint8)

    @cached_property
    def detected_picture(self) -> NDArray[np.uint8]:
        """The picture of the detector's cases, by its formula; its first channel is blue."""
        y, x, k = np.mgrid[: DETECTED[0], : DETECTED[1], :3]
        return ((x * (k + 1) + 2 * y) % 256).astype(np.uint8)

    @cached_property
    def face(self) -> NDArray[np.float64]:
        """The five points of the first alignment case, ``(5, 2)``."""
        return np.array(self.meta["align_cases"][0]["points"])
