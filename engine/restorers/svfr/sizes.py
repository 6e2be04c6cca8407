"""Everything in which the real SVFR and the tiny one differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKENS = 49
"""Identity tokens: the 7x7 places of the identity network's last map."""


class _Config:
    """A dataclass whose fields are named as in the config files of diffusers."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return the sizes that a config file tells; what it does not tell stays the default."""
        names = {one.name for one in fields(cls)}  # type: ignore[arg-type]
        told = {name: value for name, value in config.items() if name in names}
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in told.items()})  # pyright: ignore[reportUnknownArgumentType]

    def config(self) -> dict[str, Any]:
        """Return the fields as arguments."""
        return asdict(self)  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class UnetSizes(_Config):
    """Arguments of `UNetSpatioTemporalConditionModel`; the defaults are SVD-XT's and SVFR's."""

    sample_size: int = 96
    in_channels: int = 12
    out_channels: int = 4
    down_block_types: tuple[str, ...] = (
        *("CrossAttnDownBlockSpatioTemporal",) * 3,
        "DownBlockSpatioTemporal",
    )
    up_block_types: tuple[str, ...] = (
        "UpBlockSpatioTemporal",
        *("CrossAttnUpBlockSpatioTemporal",) * 3,
    )
    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    layers_per_block: int = 2
    num_attention_heads: tuple[int, ...] = (5, 10, 20, 20)
    cross_attention_dim: int = 1024
    transformer_layers_per_block: int = 1
    addition_time_embed_dim: int = 256
    projection_class_embeddings_input_dim: int = 768
    num_frames: int = 25


@dataclass(frozen=True, slots=True)
class VaeSizes(_Config):
    """Arguments of `AutoencoderKLTemporalDecoder`; the defaults are SVD-XT's."""

    in_channels: int = 3
    out_channels: int = 3
    down_block_types: tuple[str, ...] = ("DownEncoderBlock2D",) * 4
    block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    layers_per_block: int = 2
    latent_channels: int = 4
    sample_size: int = 768
    scaling_factor: float = 0.18215
    force_upcast: bool = True


@dataclass(frozen=True, slots=True)
class SchedulerSizes(_Config):
    """Arguments of `EulerDiscreteScheduler`; the defaults are SVD-XT's, at every size."""

    num_train_timesteps: int = 1000
    beta_start: float = 0.00085
    beta_end: float = 0.012
    beta_schedule: str = "scaled_linear"
    prediction_type: str = "v_prediction"
    interpolation_type: str = "linear"
    use_karras_sigmas: bool = True
    sigma_min: float = 0.002
    sigma_max: float = 700.0
    timestep_spacing: str = "leading"
    timestep_type: str = "continuous"
    steps_offset: int = 1


@dataclass(frozen=True, slots=True)
class IdentitySizes:
    """The identity network and the projection of its last map to tokens.

    Attributes:
        blocks: Residual blocks of each of the four stages.
        widths: Their channels; the last is the projection's input.
        tokens: Width of a token, the UNet's `cross_attention_dim`.
    """

    blocks: tuple[int, int, int, int] = (3, 13, 30, 3)
    widths: tuple[int, int, int, int] = (64, 128, 256, 512)
    tokens: int = 1024


@dataclass(frozen=True, slots=True)
class Sizes:
    """One size of SVFR.

    Attributes:
        crop: Side of the square crop in pixels, a multiple of 64.
        unet: Of the denoiser.
        vae: Of the latents' encoder and decoder.
        identity: Of the identity path.
        scheduler: Of the noise.
    """

    crop: int = 512
    unet: UnetSizes = field(default_factory=UnetSizes)
    vae: VaeSizes = field(default_factory=VaeSizes)
    identity: IdentitySizes = field(default_factory=IdentitySizes)
    scheduler: SchedulerSizes = field(default_factory=SchedulerSizes)


FULL = Sizes()
"""As published: 1,524,634,602 parameters in the UNet alone."""
TINY = Sizes(
    crop=64,
    unet=UnetSizes(
        sample_size=16,
        # Three levels: a fourth would be one pixel, where group norms make noise of rounding.
        down_block_types=("CrossAttnDownBlockSpatioTemporal",) * 2 + ("DownBlockSpatioTemporal",),
        up_block_types=("UpBlockSpatioTemporal",) + ("CrossAttnUpBlockSpatioTemporal",) * 2,
        block_out_channels=(32, 64, 64),
        layers_per_block=1,
        num_attention_heads=(2, 4, 4),
        cross_attention_dim=64,
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96,
    ),
    vae=VaeSizes(block_out_channels=(32,) * 4, layers_per_block=1, sample_size=64),
    identity=IdentitySizes(blocks=(1, 1, 1, 1), widths=(8, 8, 16, 32), tokens=64),
)
"""For tests and demonstrations of the mechanism: three million parameters."""
