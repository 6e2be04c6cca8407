"""`lite`: the restorer that ships with its weights, so that a fresh machine restores real footage.

A small recurrent network on top of the average along the motion; a second one for colour. Trained
by `make train` on procedural pictures alone. Frame after frame runs through `restore_frame`, so it
does not matter how frames are grouped into windows. torch is loaded with the weights.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.compute import opencv_on_one_thread
from engine.frugal import Step
from engine.restorer import TASKS, Clip, Crop, Parameter, Restored, RestorerInfo, check_reference
from engine.restorers.lite.memory import Memory
from engine.restorers.lite.motion import MULTIPLE
from engine.weights import read_weights

if TYPE_CHECKING:
    from engine.reference import TemporalReference
    from engine.restorers.lite.frame import Networks

WEIGHTS = Path(__file__).with_name("weights.safetensors")

INFO = RestorerInfo(
    name="lite",
    title="Lite",
    tasks=TASKS,
    link="chained",
    window=8,
    licence="Apache-2.0",
    source="docs/restorers.md",
    crop=Crop(multiple=MULTIPLE),
    curve="open",  # noise that the knee has bent no longer averages out
    content_agnostic=True,
    guides=("mask",),
    parameters=(
        Parameter("strength", 100, 0, 100, "percent", "How much of the restoration is delivered."),
    ),
    weights="7def3af9ff9bcbf06a380b4f5968ad66ba7cd227e54e5a4b9e3820bcb69c0820",
)


class Lite:
    """Fills, averages, restores and colours, one frame after the other."""

    info = INFO

    def __init__(self) -> None:
        self.device = "cpu"

    def to(self, device: str) -> None:
        """Restore on this device, ``cpu`` or ``cuda:N``, from now on."""
        self.device = device

    def step_down(self) -> Step | None:
        """Return the step to the CPU: frames already run one after the other."""
        return None if self.device == "cpu" else Step("restores on the CPU", Lite())

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        """Restore the clip's frames one after the other.

        Confidence is ``(T, H, W)`` float32 in [0, 1]: less where noise is expected to be left, half
        where the colour is made up, 0 where the picture is.

        Raises:
            ReferenceMismatchError: `reference` does not lead into `clip`, or holds crops of another
                size.
            WeightsError: The weights are not there, or not the declared ones.
        """
        import torch  # noqa: PLC0415

        from engine.restorers.lite.frame import Asked, restore_frame  # noqa: PLC0415

        check_reference(INFO, clip, reference)
        memory = Memory.of(reference.tensors, clip.pixels.shape[2:])
        asked = Asked(frozenset(clip.tasks), clip.parameters.get("strength", 100) / 100)
        if asked == (frozenset({"bfr"}), 0):
            return Restored(clip.pixels, reference.followed_by(clip.frames[-1], {}))
        networks = load_networks(self.device)
        masks = np.zeros_like(clip.matte) if clip.guides.mask is None else clip.guides.mask
        pixels, confidence = np.empty_like(clip.pixels), np.empty_like(clip.matte)
        with opencv_on_one_thread(), torch.inference_mode():
            for t, (crop, mask) in enumerate(zip(clip.pixels, masks, strict=True)):
                done = restore_frame(crop, mask, asked, memory, networks)
                pixels[t], confidence[t], memory = done
        assert memory is not None
        return Restored(
            pixels, reference.followed_by(clip.frames[-1], memory.tensors()), confidence
        )


@lru_cache(maxsize=1)
def load_networks(device: str) -> Networks:
    """Return the networks with the shipped weights, in float32.

    Raises:
        WeightsError: The weights are not there, or not the declared ones.
    """
    from engine.restorers.lite.chroma import Chroma  # noqa: PLC0415
    from engine.restorers.lite.frame import Networks  # noqa: PLC0415
    from engine.restorers.lite.network import Restoring, placed  # noqa: PLC0415

    tensors = read_weights(WEIGHTS, INFO.weights)
    restoring, chroma = Restoring(), Chroma()
    for name, network in (("restoring", restoring), ("chroma", chroma)):
        own = {
            key.removeprefix(f"{name}."): tensor.float()
            for key, tensor in tensors.items()
            if key.startswith(f"{name}.")
        }
        network.load_state_dict(own)
        placed(network, device).requires_grad_(requires_grad=False)
    return Networks(restoring, chroma, device)
