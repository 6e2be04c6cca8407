"""`svfr`: restores, colours and inpaints faces with Stable Video Diffusion.

Every window of a track depends on its first one, the anchor, only. `svfr-official` restores a whole
track at once, as published; `svfr-tiny` is the mechanism with random weights.

The networks are built when they are first needed; neither torch nor diffusers is loaded before.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from engine.compute import opencv_on_one_thread
from engine.frugal import Step
from engine.restorer import TASKS, Crop, Parameter, Restored, RestorerInfo, check_reference
from engine.restorers.svfr.asked import Asked, Economy
from engine.restorers.svfr.compose import confidence, delivered
from engine.restorers.svfr.sizes import FULL, TINY
from engine.settings import weights_folder
from plugin_host.errors import WeightsError

if TYPE_CHECKING:
    from typing import Self

    from engine.reference import TemporalReference
    from engine.restorer import Clip, Watch
    from engine.restorers.svfr.networks import Networks


def _parameters(steps: int, first_steps: int, most: int) -> tuple[Parameter, ...]:
    return (
        Parameter("steps", steps, 1, most, "steps", "How finely a window is restored."),
        Parameter(
            "first_steps", first_steps, 1, most, "steps", "How finely the first is, for reference."
        ),
        Parameter("guidance", 200, 100, 400, "percent", "How strongly the reference is followed."),
        Parameter("strength", 100, 1, 100, "percent", "How far the plate is made anew."),
        Parameter(
            "whole_face_id",
            0,
            0,
            1,
            "switch",
            "Whether identity sees the whole face; the official program's sees a quarter.",
        ),
    )


INFO = RestorerInfo(
    name="svfr",
    title="SVFR",
    tasks=TASKS,
    link="anchored",
    window=16,
    overlap=3,
    licence="SVFR weights: non-commercial research only",
    source="arXiv 2501.01235",
    crop=Crop(FULL.crop),
    guides=("reference", "mask"),
    parameters=_parameters(30, 50, 100),
    vram=16 << 30,  # 12.0 GB by estimate, see docs/svfr.md
    vram_least=8 << 30,  # 6.1 GB
    half=True,
)
TINY_INFO = replace(
    INFO,
    name="svfr-tiny",
    title="SVFR mechanism with random weights (not a restorer)",
    licence="Apache-2.0",
    crop=Crop(TINY.crop),
    parameters=_parameters(2, 2, 3),
    vram=0,
    vram_least=0,
    half=False,
)
OFFICIAL_INFO = replace(
    INFO,
    name="svfr-official",
    title="SVFR, a whole track at once as published",
    link="independent",
    window=1 << 20,  # one window, however long the track
    overlap=0,
    guides=("mask",),
)
LADDER: tuple[tuple[str, dict[str, int | bool]], ...] = (
    ("encodes 4 pictures at a time", {"encode_chunk": 4}),
    ("computes the rows of guidance one after the other", {"together": 1}),
    ("keeps VAE and identity network off the device while they rest", {"offload": True}),
    ("decodes 4 frames at a time", {"decode_chunk": 4}),
)


class Svfr:
    """Restores windows after the anchor's reference.

    Args:
        folder: Of its weights; None for `weights_folder`.
    """

    declared = INFO
    ladder = LADDER

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = weights_folder() / INFO.name if folder is None else folder
        self.info = replace(self.declared, weights=installed(self.folder))
        self.device = "cpu"
        self.economy = Economy()
        self.watch: Watch | None = None

    def to(self, device: str) -> None:
        """Restore on this device, ``cpu`` or ``cuda:N``, from now on."""
        self.device = device

    def let_go(self) -> None:
        """Forget the weights; they are loaded anew when they are needed again."""
        _load.cache_clear()

    def step_down(self) -> Step | None:
        """Return the next smaller step: what changes nothing comes first."""
        for name, change in self.ladder:
            economy = replace(self.economy, **change)  # type: ignore[arg-type]
            if economy != self.economy:
                smaller = copy.copy(self)
                smaller.economy = economy
                return Step(name, smaller)
        return None

    def watched(self, watch: Watch) -> Self:
        """Return the same restorer that calls `watch` before each step; it may raise to stop."""
        other = copy.copy(self)
        other.watch = watch
        return other

    def networks(self) -> Networks:
        """Return the networks with their weights, in half precision on an accelerator.

        Raises:
            WeightsError: They are not there, or damaged.
        """
        if missing := self.missing():
            raise WeightsError(missing)
        return _load(self.folder, self.info.weights, self.device)

    def missing(self) -> str:
        """Return what it lacks and where to get it; empty where nothing."""
        if self.info.weights:
            return ""
        return (
            f"{self.info.name} has no weights in {self.folder}: get the official files (Hugging "
            "Face: fffiloni/SVFR, stabilityai/stable-video-diffusion-img2vid-xt; docs/svfr.md "
            "lists them) and say `faceplate weights add svfr DIR`"
        )

    def asked(self, clip: Clip) -> Asked:
        """Return what the clip's parameters say; what they leave out is the default."""
        defaults = {parameter.name: parameter.default for parameter in self.info.parameters}
        return Asked.of({**defaults, **clip.parameters})

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        """Restore a window.

        The anchor window also makes the reference: its ``latents`` and ``tokens`` are float32.

        Raises:
            ReferenceMismatchError: `reference` does not lead into `clip`, or holds other sizes.
            WeightsError: The weights are not there, or damaged.
        """
        import torch  # noqa: PLC0415 - see above

        from engine.restorers.svfr.anchored import Anchored  # noqa: PLC0415

        check_reference(self.info, clip, reference)
        anchored = Anchored(
            self.networks(), self.asked(clip), self.economy, reference.seed, self.watch
        )
        with opencv_on_one_thread(), torch.inference_mode():
            plate = anchored.plate(clip)
            tensors = reference.tensors or anchored.anchor(clip, plate)
            made = anchored.restore(clip, plate, tensors)
        return Restored(
            delivered(clip, made),
            reference.followed_by(clip.frames[-1], tensors),
            confidence(clip),
        )


class SvfrOfficial(Svfr):
    """Restores a whole track at once; nothing is carried."""

    declared = OFFICIAL_INFO
    ladder = tuple(step for step in LADDER if "offload" not in step[1])

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        """Restore a track in the official program's two passes.

        Raises:
            ReferenceMismatchError: `reference` does not lead into `clip`.
            WeightsError: The weights are not there, or damaged.
        """
        import torch  # noqa: PLC0415 - see above

        from engine.restorers.svfr.whole import restore_whole  # noqa: PLC0415

        check_reference(self.info, clip, reference)
        with opencv_on_one_thread(), torch.inference_mode():
            made = restore_whole(
                self.networks(),
                clip,
                self.asked(clip),
                self.economy,
                seed=reference.seed,
                watch=self.watch,
            )
        return Restored(
            delivered(clip, made), reference.followed_by(clip.frames[-1], {}), confidence(clip)
        )


class SvfrTiny(Svfr):
    """The same code at a size for tests, with random weights."""

    declared = TINY_INFO

    def __init__(self) -> None:
        super().__init__(Path())
        self.info = self.declared

    def networks(self) -> Networks:
        """Return the tiny networks."""
        return _seeded(self.device)

    def missing(self) -> str:
        """Return nothing: its weights are made by a seed."""
        return ""


def installed(folder: Path) -> str:
    """Return the sha256 that stands for the weights in a folder; empty where there are none."""
    try:
        return str(json.loads((folder / "weights.json").read_text("utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@lru_cache(maxsize=1)
def _load(folder: Path, weights: str, device: str) -> Networks:
    import torch  # noqa: PLC0415 - see above

    import_module("engine.restorers.svfr.layout").check_installed(folder, weights)
    dtype = torch.float32 if device == "cpu" else torch.float16
    return import_module("engine.restorers.svfr.networks").load(folder, FULL, device, dtype)


@lru_cache(maxsize=1)
def _seeded(device: str) -> Networks:
    return import_module("engine.restorers.svfr.networks").seeded(TINY, device)
