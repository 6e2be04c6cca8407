# The part of diffusers that Faceplate calls.
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

class _Sampled:
    sample: Tensor

class UNetSpatioTemporalConditionModel(nn.Module):
    config: Any
    def __init__(self, **config: Any) -> None: ...
    def named_modules(self) -> Iterator[tuple[str, Any]]: ...  # type: ignore[override]
    def __call__(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        added_time_ids: Tensor,
    ) -> _Sampled: ...

class _Distribution:
    def mode(self) -> Tensor: ...

class _Encoded:
    latent_dist: _Distribution

class AutoencoderKLTemporalDecoder(nn.Module):
    encoder: nn.Module
    decoder: nn.Module
    quant_conv: nn.Conv2d
    def __init__(self, **config: Any) -> None: ...
    def encode(self, x: Tensor) -> _Encoded: ...
    def decode(self, z: Tensor, num_frames: int) -> _Sampled: ...

class EulerDiscreteScheduler:
    sigmas: Tensor
    timesteps: Tensor
    alphas_cumprod: Any
    def __init__(self, **config: Any) -> None: ...
    def set_timesteps(self, num_inference_steps: int) -> None: ...
