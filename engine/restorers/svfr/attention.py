"""The UNet asked for predictions: plainly, or with what can be saved without changing the result.

Identity tokens enter 32 attention layers (`attn2`), 16 along space and 16 along time. The plain
computation copies the 49 tokens to every frame and to every pixel column, and projects every copy.
Saved:

- Keys and values of the tokens are made once per layer, for all frames, columns, steps and windows.
- Tokens of zero (there is no identity, or the row is the unconditional one) make values of zero, as
  the projections have no bias: the layer returns the bias of its output projection.
- Rows of a batch that are equal are computed once.

References:
    svfr.md section 10 of the specification: the first two are algebraic identities.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from engine.restorers.svfr.sizes import TOKENS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffusers import UNetSpatioTemporalConditionModel
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of the batch: what a prediction is conditioned on. A row equals only itself.

    Attributes:
        reference: Latents of the reference frame ``(4, h, w)``; None for zeros.
        tokens: Identity tokens ``(1, 49, D)``, or ``(F, 49, D)`` where they differ from frame to
            frame; None for zeros.
    """

    reference: Tensor | None = None
    tokens: Tensor | None = None
    kept: dict[str, tuple[Tensor, Tensor]] = field(
        default_factory=dict[str, "tuple[Tensor, Tensor]"], repr=False
    )


NOTHING = Row()


class TokenAttention:
    """Stands in for the attention of one layer to the tokens; holds no weights.

    Args:
        name: Of the layer.
        asked: The rows of the batch that is computed now.
    """

    def __init__(self, name: str, asked: list[Row]) -> None:
        self._name = name
        self._temporal = "temporal_transformer_blocks" in name
        self._asked = asked

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Return what the layer adds, ``(rows * sequences, length, C)``."""
        del encoder_hidden_states, attention_mask
        assert self._asked
        bias: Tensor = attn.to_out[0].bias
        if all(row.tokens is None for row in self._asked):
            return bias.expand_as(hidden_states)
        if len(self._asked) == 1:
            return self._attend(attn, hidden_states, self._asked[0])
        result = torch.empty_like(hidden_states)
        count = len(self._asked)
        for row, states, into in zip(
            self._asked, hidden_states.chunk(count), result.chunk(count), strict=True
        ):
            into.copy_(bias if row.tokens is None else self._attend(attn, states, row))
        return result

    def _attend(self, attn: Any, states: Tensor, row: Row) -> Tensor:
        keys, values = self._projected(attn, row)
        query = attn.to_q(states)
        shape = states.shape
        # All sequences that share keys are one long sequence of queries.
        query = query.view(len(keys), -1, attn.heads, shape[-1] // attn.heads).transpose(1, 2)
        found = F.scaled_dot_product_attention(query, keys, values)
        return attn.to_out[0](found.transpose(1, 2).reshape(shape))

    def _projected(self, attn: Any, row: Row) -> tuple[Tensor, Tensor]:
        if self._name not in row.kept:
            tokens = row.tokens
            assert tokens is not None
            if self._temporal:
                tokens = tokens.mean(0, keepdim=True)
            heads: list[Tensor] = [
                project(tokens).unflatten(-1, (attn.heads, -1)).transpose(1, 2).contiguous()
                for project in (attn.to_k, attn.to_v)
            ]
            row.kept[self._name] = heads[0], heads[1]
        return row.kept[self._name]


class Predictor:
    """Asks the UNet.

    Args:
        unet: Its parameters stay as they are, and so do their names.
        saves: Whether it saves what can be saved; else it computes plainly.
        together: Rows of a batch computed at a time: 2 is faster, 1 takes less memory.
    """

    def __init__(
        self, unet: UNetSpatioTemporalConditionModel, *, saves: bool = True, together: int = 2
    ) -> None:
        self.unet = unet
        self.saves = saves
        self.together = together
        self._asked: list[Row] = []
        layers = [(name, one) for name, one in unet.named_modules() if name.endswith(".attn2")]
        self._layers = [layer for _, layer in layers]
        self._processors = [
            TokenAttention(name, self._asked) if saves else _stock(unet) for name, _ in layers
        ]

    def __call__(
        self, latents: Tensor, plate: Tensor, rows: Sequence[Row], timestep: Tensor, task: Tensor
    ) -> list[Tensor]:
        """Return a prediction for each row.

        Args:
            latents: ``(F, 4, h, w)`` noisy, scaled to unit variance; or ``(W, F, 4, h, w)`` of
                several windows, which are computed together.
            plate: Conditioning latents, of the same shape.
            rows: What each prediction is conditioned on.
            timestep: A number.
            task: ``(3,)`` whether to restore, colour, inpaint.

        Returns:
            Of the shape of `latents` each.
        """
        windows = latents.shape[:-4]
        distinct = [row for i, row in enumerate(rows) if not self.saves or row not in rows[:i]]
        predicted: list[Tensor] = []
        for first in range(0, len(distinct), self.together):
            some = distinct[first : first + self.together]
            sample = torch.stack([torch.cat([latents, plate, _seen(r, plate)], -3) for r in some])
            every = [row for row in some for _ in range(windows.numel())]
            made = self.ask(sample.flatten(0, -5), every, timestep, task)
            predicted += made.view(len(some), *latents.shape).unbind()
        return [predicted[distinct.index(row)] for row in rows] if self.saves else predicted

    def ask(self, sample: Tensor, rows: Sequence[Row], timestep: Tensor, task: Tensor) -> Tensor:
        """Return the UNet's output for a batch, computed together.

        Args:
            sample: ``(R, F, 12, h, w)``; the rows' references are not read.
            rows: The R rows, for their tokens.
            timestep: A number.
            task: ``(3,)``.

        Returns:
            ``(R, F, 4, h, w)``.
        """
        for layer, processor in zip(self._layers, self._processors, strict=True):
            layer.set_processor(processor)  # another predictor may have asked the same UNet
        self._asked[:] = rows
        try:
            ids = task.to(sample.dtype).expand(len(rows), -1)
            return self.unet(sample, timestep, self._told(rows, sample), ids).sample
        finally:
            self._asked.clear()

    def _told(self, rows: Sequence[Row], sample: Tensor) -> Tensor:
        """Return the tokens as the UNet takes them; where they go by another way, next to none."""
        if self.saves:
            return sample.new_zeros(len(rows), 1, 1)
        width: int = self.unet.config.cross_attention_dim
        zeros = sample.new_zeros(TOKENS, width)
        return torch.stack([zeros if row.tokens is None else row.tokens[0] for row in rows])


def _seen(row: Row, plate: Tensor) -> Tensor:
    if row.reference is None:
        return torch.zeros_like(plate)
    return row.reference.expand_as(plate)


def _stock(unet: UNetSpatioTemporalConditionModel) -> Any:
    layer: Any = unet.get_submodule("mid_block.attentions.0.transformer_blocks.0.attn1")
    return type(layer.processor)()
