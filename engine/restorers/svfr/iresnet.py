"""IResNet-100, the identity network, declared anew with the key names of the published weights.

SVFR reads the map of the last stage; what follows it (`bn2`, `fc`, `features`) makes the identity
embedding of other programs and is here only to be compared.

References:
    Deng et al., ArcFace, arXiv 1801.07698: residual blocks that begin with a batch norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from engine.restorers.svfr.sizes import IdentitySizes

EMBEDDING = 512
PLACES = 49
UNUSED = ("bn2.", "fc.", "features.")
"""How the entries begin that SVFR does not need of the published weights."""


class Block(nn.Module):
    """Two 3x3 convolutions between batch norms, and a shortcut."""

    def __init__(self, entering: int, leaving: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(entering)
        self.conv1 = nn.Conv2d(entering, leaving, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(leaving)
        self.prelu = nn.PReLU(leaving)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(leaving)
        self.downsample = (
            nn.Sequential(
                nn.Conv2d(entering, leaving, 1, stride, bias=False), nn.BatchNorm2d(leaving)
            )
            if stride > 1
            else None
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Return the block's maps, half as large where it strides."""
        shortcut = maps if self.downsample is None else self.downsample(maps)
        maps = self.prelu(self.bn2(self.conv1(self.bn1(maps))))
        return self.bn3(self.conv2(maps)) + shortcut


class IResNet(nn.Module):
    """The identity network.

    Args:
        sizes: Blocks and widths.
        embeds: Whether it has the layers that make an embedding.
    """

    def __init__(self, sizes: IdentitySizes, *, embeds: bool = False) -> None:
        super().__init__()
        first, last = sizes.widths[0], sizes.widths[-1]
        self.conv1 = nn.Conv2d(3, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.prelu = nn.PReLU(first)
        entering = (first, *sizes.widths)
        for index, (blocks, leaving) in enumerate(zip(sizes.blocks, sizes.widths, strict=True)):
            stage = [Block(entering[index], leaving, 2)]
            stage += [Block(leaving, leaving, 1) for _ in range(blocks - 1)]
            setattr(self, f"layer{index + 1}", nn.Sequential(*stage))
        if embeds:
            self.bn2 = nn.BatchNorm2d(last)
            self.fc = nn.Linear(last * PLACES, EMBEDDING)
            self.features = nn.BatchNorm1d(EMBEDDING)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the map of the last stage.

        Args:
            pictures: ``(N, 3, 112, 112)`` RGB in [-1, 1].

        Returns:
            ``(N, C, 7, 7)``.
        """
        maps = self.prelu(self.bn1(self.conv1(pictures)))
        for index in range(4):
            maps = self.get_submodule(f"layer{index + 1}")(maps)
        return maps

    def embed(self, maps: Tensor) -> Tensor:
        """Return the identity embedding ``(N, 512)``, not yet of unit length, of those maps."""
        return self.features(self.fc(self.bn2(maps).flatten(1)))
