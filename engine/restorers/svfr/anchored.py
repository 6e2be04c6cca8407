"""Window by window, all of them after one reference: the same bits whatever is asked for first.

The track's first window, the anchor, is restored without a reference; its best frame becomes the
reference picture and the identity of every window, its own included. Frames that the user named
are restored in its stead, each alone; pictures of the user's own are taken as they are. Windows are
those of the engine's grid, they do not wrap around; a frame's noise is the same in every window
that holds it.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.restorer import Guides, random_seed
from engine.restorers.svfr.attention import NOTHING, Predictor, Row
from engine.restorers.svfr.choice import best, fitted
from engine.restorers.svfr.compose import shown, task_ids
from engine.restorers.svfr.denoise import Conditions, guidance, schedule, step
from engine.restorers.svfr.identity import as_bytes, seen, tokens_of, usual_points
from engine.restorers.svfr.latents import decode, encode, start
from engine.restorers.svfr.sizes import TOKENS
from plugin_host.errors import ReferenceMismatchError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from engine.restorer import Clip, Watch
    from engine.restorers.svfr.asked import Asked, Economy
    from engine.restorers.svfr.networks import Networks

FIRST, SECOND = 1, 0
"""Which of a frame's random fields a pass takes."""


class Anchored:
    """Restores windows.

    Args:
        networks: Of any size.
        asked: What the user chose.
        economy: How much memory is used.
        seed: Of the take.
        watch: Called before each step, and after the last.
    """

    def __init__(
        self,
        networks: Networks,
        asked: Asked,
        economy: Economy,
        seed: int,
        watch: Watch | None = None,
    ) -> None:
        self._networks = networks
        self._watch = watch or _unwatched
        self._asked = asked
        self._economy = economy
        self._seed = seed
        self._predict = Predictor(networks.unet, together=economy.together)

    def plate(self, clip: Clip) -> Tensor:
        """Return the conditioning latents of the window, ``(T, 4, h, w)``."""
        return self._encoded(shown(clip))

    def anchor(self, clip: Clip, plate: Tensor) -> dict[str, NDArray[Any]]:
        """Return the tensors of the reference that the anchor window makes.

        ``latents`` ``(4, h, w)`` of the reference picture and ``tokens`` ``(1, 49, D)``, float32.
        """
        side = clip.pixels.shape[-1]
        pictures = self._exemplars(clip, plate)
        chosen = best(pictures)
        if not clip.guides.references:
            pictures, chosen = [pictures[chosen]], 0  # of one scene: the others tell nothing new
        points = usual_points(side)
        views = torch.cat([seen(as_bytes(one), points, self._asked.crop) for one in pictures])
        with self._placed(self._networks.arcface, self._networks.projection):
            tokens = tokens_of(self._networks.arcface, self._networks.projection, views)
        latents = self._encoded(pictures[chosen][None], exact=False)[0]
        return {"latents": _array(latents), "tokens": _array(tokens)}

    def _exemplars(self, clip: Clip, plate: Tensor) -> list[NDArray[np.float32]]:
        """Return pictures of the person, ``(3, H, W)``, as they should look."""
        guides, side = clip.guides, clip.pixels.shape[-1]
        named = guides.heroes or (None,) * len(guides.references)
        given = list(zip(named, guides.references, strict=True))
        own = [fitted(picture, side) for frame, picture in given if frame is None]
        if own:
            return sorted(own, key=lambda picture: picture.tobytes())  # in whatever order given
        heroes = {frame: fitted(picture, side) for frame, picture in given if frame is not None}
        alone = [
            replace(clip, pixels=picture[None], frames=(frame,), guides=Guides())
            for frame, picture in sorted(heroes.items())
        ]
        made = [self._first(one, self.plate(one)) for one in alone] or [self._first(clip, plate)]
        return [picture for part in made for picture in part]

    def _first(self, clip: Clip, plate: Tensor) -> NDArray[np.float32]:
        """Return what the first pass makes of a clip, without a reference."""
        latents = self._denoised(clip, plate, (NOTHING,), self._asked.first_steps, FIRST)
        return np.clip(self._pictures(latents), 0, 1)

    def restore(
        self, clip: Clip, plate: Tensor, tensors: Mapping[str, NDArray[Any]]
    ) -> NDArray[np.float32]:
        """Return the window's pictures ``(T, 3, H, W)`` after a reference, not clamped.

        Raises:
            ReferenceMismatchError: The reference is of another crop or network.
        """
        height, width = clip.pixels.shape[2:]
        wanted = {
            "latents": (4, height // 8, width // 8),
            "tokens": (1, TOKENS, self._networks.sizes.identity.tokens),
        }
        for name, shape in wanted.items():
            found = tensors[name].shape if name in tensors else None
            if found != shape:
                raise ReferenceMismatchError(
                    f"the reference's {name} are {found}, should be {shape}: begin a new take"
                )
        latents, tokens = (self._placed_tensor(tensors[name]) for name in wanted)
        rows = NOTHING, Row(latents, tokens)
        return self._pictures(self._denoised(clip, plate, rows, self._asked.steps, SECOND))

    def _denoised(
        self, clip: Clip, plate: Tensor, rows: tuple[Row, ...], steps: int, which: int
    ) -> Tensor:
        levels = schedule(self._networks.scheduler(), steps, self._asked.strength)
        conditions = Conditions(
            plate,
            rows,
            guidance(levels, self._asked.guidance, self._asked.guidance),
            torch.tensor(task_ids(clip.tasks), device=plate.device),
        )
        noise = frame_noise(self._seed, clip.track, clip.frames, plate.shape[1:], which)
        scale = self._networks.sizes.vae.scaling_factor
        latents = start(plate, noise.to(plate), levels.sigmas[0], scale)
        with torch.inference_mode():
            for index in range(len(levels)):
                self._watch(index, len(levels))
                everything = range(len(latents))
                latents = step(
                    self._predict, latents, conditions, frames=everything, noise=levels, index=index
                )
        self._watch(len(levels), len(levels))
        return latents

    def _encoded(self, pictures: NDArray[np.float32], *, exact: bool = True) -> Tensor:
        scaled = torch.tensor(pictures).mul_(2).sub_(1)
        vae = self._networks.vae
        with self._placed(vae.encoder, vae.quant_conv):
            latents = encode(vae, scaled, chunk=self._economy.encode_chunk, exact=exact)
        return latents.to(self._networks.device, self._networks.dtype)

    def _pictures(self, latents: Tensor) -> NDArray[np.float32]:
        vae, scale = self._networks.vae, self._networks.sizes.vae.scaling_factor
        with self._placed(vae.decoder, vae.quant_conv):
            made = decode(vae, latents, scale, chunk=self._economy.decode_chunk)
        pictures = _array(made)
        pictures *= 0.5  # in place: fresh pages cost more than the sum
        pictures += 0.5
        return pictures

    def _placed_tensor(self, tensor: NDArray[Any]) -> Tensor:
        return torch.tensor(tensor).to(self._networks.device, self._networks.dtype)

    @contextmanager
    def _placed(self, *parts: nn.Module) -> Generator[None]:
        """Have parts on the device for as long as they work."""
        with ExitStack() as stack:
            for part in parts:
                part.to(self._networks.device)  # whoever restored before may have put it away
                if self._economy.offload:
                    stack.callback(part.to, "cpu")
            yield


def frame_noise(
    seed: int, track: int, frames: Sequence[int], shape: Sequence[int], which: int
) -> Tensor:
    """Return unit normal noise ``(T, *shape)``, float32 on the CPU, that follows from each frame.

    Args:
        seed: Of the take.
        track: Its number.
        frames: Frame numbers.
        shape: Of a frame's noise.
        which: `FIRST` or `SECOND`.
    """
    fields: list[Tensor] = []
    for frame in frames:
        generator = torch.Generator().manual_seed(random_seed(seed, track, frame))
        fields.append(torch.randn((2, *shape), generator=generator)[which])
    return torch.stack(fields)


def _unwatched(done: int, steps: int) -> None:
    del done, steps


def _array(tensor: Tensor) -> NDArray[Any]:
    return tensor.float().cpu().numpy()
