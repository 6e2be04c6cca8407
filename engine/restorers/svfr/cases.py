"""The golden cases, each with how ours computes it and how far it may be off.

Which cases there are, and with what settings, is read from the folder; a name that no rule knows is
a case that fails. Limits are absolute.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import torch

from engine.restorers.svfr.attention import Predictor, Row
from engine.restorers.svfr.circular import circular_windows
from engine.restorers.svfr.denoise import schedule
from engine.restorers.svfr.face_cases import EXACT, FRAMES, LATENTS, NETWORK, Case, FaceCases
from engine.restorers.svfr.golden import empty_arcface
from engine.restorers.svfr.latents import decode, encode
from engine.restorers.svfr.networks import build, euler_scheduler, shapes
from engine.restorers.svfr.official import Noise, Pass, Passed, run_both, run_pass
from engine.restorers.svfr.sizes import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from engine.restorers.svfr.face_cases import Rule
    from engine.restorers.svfr.golden import Golden

REFERENCE_FRAME = 7
MATERIAL = {"det.pred", "gray.in"}
"""Entries of the expected values that are inputs."""


class Cases:
    """The cases of a folder, for one way of asking the UNet."""

    def __init__(self, golden: Golden, *, saves: bool) -> None:
        self.golden = golden
        self.saves = saves
        self._passed = lru_cache(maxsize=None)(self._run_case)
        self._chained = lru_cache(maxsize=None)(self._run_chain)
        self._rules: tuple[Rule, ...] = (
            (r"unet\.out\.t(\d)(\d)(\d)\.ts(\d+)(\.per_frame_tokens)?", self._unet, NETWORK),
            (r"chain\.(ref|frames)", self._chain_pictures, FRAMES),
            (r"chain\.latents", lambda: self._chained()[1].latents[None], LATENTS),
            (r"(.+)\.latents", self._latents, LATENTS),
            (r"(.+)\.frames", self._frames, FRAMES),
            (r"vae\.mode", lambda: encode(golden.networks.vae, golden.pictures()), NETWORK),
            (r"vae\.decode_n(\d+)", self._decoded, NETWORK),
            (r"id\.tokens", self._tokens, NETWORK),
            (r"()sched\.(sigmas|timesteps)(\d+)", self._levels, NETWORK),
            (r"(.+)\.(sigmas|timesteps)()", self._levels, NETWORK),
            *FaceCases(golden).rules,
        )

    def every(self) -> Iterator[Case]:
        """Yield every case of the folder: tensors by name, then those of ``meta.json``."""
        for name, wanted in sorted(self.golden.expected.items()):
            if name not in MATERIAL:
                yield self._ruled(name, wanted)
        yield from self._of_meta()

    def _ruled(self, name: str, wanted: Tensor) -> Case:
        for pattern, compute, limit in self._rules:
            match = re.fullmatch(pattern, name)
            if match is not None:
                words = [word or "" for word in match.groups()]
                return Case(name, partial(compute, *words), wanted, limit)
        return Case(name, partial(_unknown, name), wanted, EXACT)

    def _of_meta(self) -> Iterator[Case]:
        meta = self.golden.meta
        for name, steps in meta.get("windows_real", {}).items():
            yield Case(f"windows_real.{name}", partial(_windows, name, steps), steps, EXACT)
        for name, told in meta.get("windows_recorded_tiny", {}).items():
            wanted = [[call[0] for call in told], [call[1] for call in told]]
            ours = partial(self._recorded, name, told)
            yield Case(f"windows_recorded_tiny.{name}", ours, wanted, 2e-6)  # told to 6 digits
        yield from FaceCases(self.golden).of_meta()
        for part, told in (("unet", "unet"), ("arcface", "iresnet100")):
            keys = self.golden.json(f"official_{told}_keys_shapes")
            if keys is not None:
                yield Case(f"keys.{told}", partial(self._strange, part, keys), 0, EXACT)

    # the networks

    def _predictor(self, *, saves: bool | None = None) -> Predictor:
        saves = self.saves if saves is None else saves
        return Predictor(self.golden.networks.unet, saves=saves)

    def _unet(self, bfr: str, colour: str, inpaint: str, index: str, per_frame: str) -> Tensor:
        inputs = self.golden.inputs
        sample = inputs["unet.sample"]
        tokens = inputs["unet.tokens_per_frame" if per_frame else "unet.tokens"]
        tokens = tokens.view(*sample.shape[:2], *tokens.shape[1:])
        rows = [
            Row(tokens=(row if per_frame else row[:1]) if bool(torch.any(row)) else None)
            for row in tokens
        ]
        task = torch.tensor([float(word) for word in (bfr, colour, inpaint)])
        # The plain UNet takes one set of tokens for all frames.
        predict = self._predictor(saves=True if per_frame else None)
        with torch.inference_mode():
            return predict.ask(sample, rows, inputs["unet.timesteps"][int(index)], task)

    def _decoded(self, count: str) -> Tensor:
        golden, frames = self.golden, int(count)
        latents = golden.expected.get("vae.mode")
        if latents is None:
            latents = encode(golden.networks.vae, golden.pictures(frames))
        return decode(golden.networks.vae, latents[:frames], 1.0, chunk=frames)

    @torch.inference_mode()
    def _tokens(self) -> Tensor:
        return self.golden.networks.projection(self.golden.inputs["id.feature"])

    def _levels(self, case: str, which: str, steps: str) -> Tensor:
        settings: dict[str, Any] = self.golden.meta["cases"][case] if case else {}
        wanted = self.golden.expected[f"{case}.{which}" if case else f"sched.{which}{steps}"]
        scheduler = euler_scheduler(self.golden.scheduler_sizes)
        scheduler.set_timesteps(int(steps or settings["steps"]))
        return getattr(scheduler, which)[-len(wanted) :]

    # the passes

    def _run_case(self, name: str) -> Passed:
        golden, told = self.golden, self.golden.meta["cases"][name]
        count = told["n"]
        pictures = golden.pictures(count)
        if "seed" in told:
            noise = Noise.seeded(torch.Generator().manual_seed(told["seed"]), pictures)
        else:
            noise = Noise(None, golden.inputs["pipe.noise"][0, :count])
        which = told.get("ref_frame", REFERENCE_FRAME)
        return run_pass(
            golden.networks,
            self._predictor(),
            pictures,
            noise,
            _settings(told),
            reference=golden.pictures()[which] if told["ref"] else None,
            tokens=self._id_tokens() if told["ref"] else None,
        )

    def _latents(self, name: str) -> Tensor:
        return self._passed(name).latents[None]

    def _frames(self, name: str) -> Tensor:
        return _video(self._passed(name))

    def _id_tokens(self) -> Tensor:
        known = self.golden.expected.get("id.tokens")
        return self._tokens() if known is None else known

    def _run_chain(self) -> tuple[Passed, Passed]:
        golden = self.golden
        told = golden.meta.get("chain", {})
        first, second = Pass(steps=5, window=6, overlap=2), Pass(steps=4, window=6, overlap=2)
        noise = golden.inputs["pipe.noise"][0]
        return run_both(
            golden.networks,
            self._predictor(),
            golden.pictures(told.get("n")),  # all of them, unless told otherwise
            noise=lambda pictures: Noise(None, noise[: len(pictures)]),
            identify=lambda _: self._id_tokens(),
            first=replace(first, **told.get("first", {})),
            second=replace(second, **told.get("second", {})),
        )

    def _chain_pictures(self, which: str) -> Tensor:
        early, late = self._chained()
        return early.pictures[-1] if which == "ref" else _video(late)

    def _recorded(self, name: str, told: list[Any]) -> list[Any]:
        case = self.golden.meta["cases"][name]
        scheduler = euler_scheduler(self.golden.scheduler_sizes)
        levels = schedule(scheduler, case["steps"], case.get("strength", 1.0))
        ours = [
            (float(time), list(frames))
            for index, time in enumerate(levels.timesteps)
            for frames in circular_windows(index, case["n"], case["fpb"], case["overlap"])
        ]
        silent = [i for i, call in enumerate(told) if call[1] is None]
        frames = [None if i in silent else frames for i, (_, frames) in enumerate(ours)]
        return [[time for time, _ in ours], frames]

    def _strange(self, part: str, keys: dict[str, list[int]]) -> int:
        """Return how many keys differ; the identity network's are those with its embedding."""
        ours = shapes(empty_arcface() if part == "arcface" else build(part, FULL))
        theirs = {name: tuple(shape) for name, shape in keys.items()}
        return len(set(ours.items()) ^ set(theirs.items()))


def _settings(told: dict[str, Any]) -> Pass:
    return Pass(
        steps=told["steps"],
        window=told["fpb"],
        overlap=told["overlap"],
        task=tuple(told["task"]),
        guidance=(told["gmin"], told["gmax"]),
        strength=told.get("strength", 1.0),
        augmentation=told.get("aug", 0.0),
        guided=told.get("cfg", True),
        decode_chunk=told.get("chunk", 16),
    )


def _video(passed: Passed) -> Tensor:
    return passed.pictures.transpose(0, 1)[None]


def _windows(name: str, steps: dict[str, Any]) -> dict[str, Any]:
    count, window, overlap = (int(word) for word in re.findall(r"\d+", name))
    return {
        step: [list(one) for one in circular_windows(int(step), count, window, overlap)]
        for step in steps
    }


def _unknown(name: str) -> Any:
    raise KeyError(f"no rule knows {name!r}")
