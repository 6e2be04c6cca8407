"""The golden cases of faces: aligned, recognised, found, cropped. See `cases`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from engine.restorers.svfr import detection, identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from engine.restorers.svfr.golden import Golden

    Rule = tuple[str, Callable[..., Any], float]
    """A pattern of names, what computes them from the pattern's groups, and the limit."""

EXACT, NETWORK, ARCFACE, LATENTS, FRAMES, POINTS = 0.0, 1e-4, 1e-3, 1e-3, 2e-3, 1e-4


class Case(NamedTuple):
    """One comparison.

    Attributes:
        name: As in the folder.
        compute: Returns what ours makes of it.
        wanted: What the official program made of it.
        limit: Greatest absolute difference.
    """

    name: str
    compute: Callable[[], Any]
    wanted: Any
    limit: float

    @property
    def asks_unet(self) -> bool:
        """Whether the exact savings can make a difference."""
        return self.name.endswith((".latents", ".frames", ".ref")) or self.name.startswith("unet.")


class FaceCases:
    """Those of a folder."""

    def __init__(self, golden: Golden) -> None:
        self.golden = golden

    @property
    def rules(self) -> tuple[Rule, ...]:
        """How tensors are computed."""
        golden = self.golden
        return (
            (r"align\.warped_u8", self._warped, EXACT),
            (r"align\.arcface_input", self._seen, NETWORK),
            (r"arcface\.(layer4|features)", self._arcface, ARCFACE),
            (r"det\.input_(shape|sub)", self._detector_input, NETWORK),
            (r"det\.(bboxes_xywh|kps|scores|maxface_bbox|maxface_kps)", self._faces, POINTS),
            (r"gray\.out", lambda: detection.grey(golden.expected["gray.in"].numpy()), EXACT),
            (r"resize\.out_sub(\d+)", self._resized, EXACT),
        )

    def of_meta(self) -> Iterator[Case]:
        """Yield the cases that ``meta.json`` holds."""
        meta = self.golden.meta
        for i, one in enumerate(meta.get("bbox_cases", [])):
            ours = partial(_squared, one)
            yield Case(f"bbox_cases.{i}", ours, [*one["union"], *one["square"]], EXACT)
        for i, one in enumerate(meta.get("align_cases", [])):
            ours = partial(identity.alignment, np.array(one["points"]))
            yield Case(f"align_cases.{i}", ours, one["matrix"], POINTS)
        for text, shape in meta.get("detector_shapes", {}).items():
            height, width = (int(word) for word in text.split("x"))
            ours = partial(detection.detector_shape, height, width)
            yield Case(f"detector_shapes.{text}", ours, shape, EXACT)
        if "mean_face_lm5p_256" in meta:
            ours = partial(np.array, identity.TEMPLATE, np.float32)
            yield Case("mean_face_lm5p_256", ours, meta["mean_face_lm5p_256"], EXACT)

    def _warped(self) -> Any:
        golden = self.golden
        step = identity.ALIGNED // golden.expected["align.warped_u8"].shape[0]
        return identity.aligned(golden.aligned_picture, golden.face)[::step, ::step]

    def _seen(self) -> Tensor:
        return identity.seen(self.golden.aligned_picture, self.golden.face)

    @torch.inference_mode()
    def _arcface(self, which: str) -> Tensor:
        network = self.golden.arcface
        known = self.golden.expected.get("align.arcface_input")
        maps = network(self._seen() if known is None else known)
        return maps if which == "layer4" else network.embed(maps)

    def _detector_input(self, which: str) -> Any:
        picture = self.golden.detected_picture[..., ::-1]
        seen = detection.detector_input(np.ascontiguousarray(picture))
        if which == "shape":
            return seen.shape
        step = -(-seen.shape[-1] // self.golden.expected["det.input_sub"].shape[-1])
        return seen[..., ::step, ::step]

    def _faces(self, which: str) -> Any:
        height, width = self.golden.detected_picture.shape[:2]
        shape = detection.detector_shape(height, width)
        predicted = self.golden.expected["det.pred"][0].numpy()
        faces = detection.decode_faces(predicted, shape, (height, width))
        if which.startswith("maxface"):
            one = detection.official_largest(faces.boxes)
            return faces.boxes[one] if which == "maxface_bbox" else faces.points[one]
        named = {"bboxes_xywh": faces.boxes, "kps": faces.points, "scores": faces.scores}
        return named[which]

    def _resized(self, step: str) -> Any:
        part = np.ascontiguousarray(self.golden.aligned_picture[:100, :60])
        return detection.resized(part, identity.ALIGNED)[:: int(step), :: int(step)]


def _squared(one: dict[str, Any]) -> list[float]:
    box = detection.union(one["boxes"])
    return [*box, *detection.square(box, one["height"], one["width"])]
