"""What `lite` carries from frame to frame, and the tensors of the temporal reference that hold it.

Parts that a request does not need are not there: the fill without holes, the colour without the
task, everything about restoring where only colour is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.averaging.fusion import History
from engine.restorers.lite.motion import Filled, small_luma
from plugin_host.errors import ReferenceMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_AVERAGE = "average."


@dataclass(frozen=True, slots=True)
class Memory:
    """The state after a frame; H and W are the crop's.

    Attributes:
        searched: ``(h, w)`` uint8, the small luma in which the next motion is searched.
        history: Of the average along the motion; None where nothing is restored.
        restored: ``(3, H, W)`` float32, codes, at full strength; None ditto.
        hidden: ``(C, H/4, W/4)`` float32, the network's own; None ditto.
        filled: The frame with its holes filled; None where nothing is inpainted.
        colour: ``(2, h, w)`` float32 colour differences; None where none are made up.
    """

    searched: NDArray[np.uint8]
    history: History | None = None
    restored: Floats | None = None
    hidden: Floats | None = None
    filled: Filled | None = None
    colour: Floats | None = None

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        named: dict[str, NDArray[Any] | None] = {
            "searched": self.searched,
            "restored": self.restored,
            "hidden": self.hidden,
            "colour": self.colour,
        }
        if self.history is not None:
            named |= {_AVERAGE + name: array for name, array in self.history.tensors().items()}
        if self.filled is not None:
            named |= {"filled": self.filled.pixels, "trust": self.filled.trust}
        return {name: array for name, array in named.items() if array is not None}

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]], size: tuple[int, int]) -> Memory | None:
        """Read what `tensors` returned; None where there is none yet.

        Args:
            tensors: Arrays by name, or none.
            size: Height and width of the clip's crops.

        Raises:
            ReferenceMismatchError: They are of crops of another size, or no memory of `lite`.
        """
        if not tensors:
            return None
        quarter = (size[0] // 4, size[1] // 4)
        shapes = {
            "searched": small_luma(np.zeros((3, *size), np.float32)).shape,
            "restored": (3, *size),
            "hidden": (None, *quarter),
            "colour": (2, None, None),
            "filled": (3, *size),
            "trust": size,
        }
        rest = {name: array for name, array in tensors.items() if not name.startswith(_AVERAGE)}
        fits = "searched" in rest and all(
            name in shapes and _is(array.shape, shapes[name]) for name, array in rest.items()
        )
        if not fits:
            raise ReferenceMismatchError(
                f"the temporal reference holds no crops of {size} (height, width): a track keeps "
                "one crop size"
            )
        average = {
            name.removeprefix(_AVERAGE): array
            for name, array in tensors.items()
            if name.startswith(_AVERAGE)
        }
        filled = Filled(rest["filled"], rest["trust"]) if "filled" in rest else None
        return cls(
            rest["searched"],
            History.of(average, size),
            rest.get("restored"),
            rest.get("hidden"),
            filled,
            rest.get("colour"),
        )


def _is(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        side in {None, is_} for is_, side in zip(shape, wanted, strict=True)
    )
