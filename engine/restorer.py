"""The contract at the heart: clip and reference in, restored pixels and the next reference out.

    begin(track, seed)           -> TemporalReference
    restore(clip, reference)     -> Restored(pixels, reference')

A restorer is pure: the same inputs give the same bits, and nothing but weights lives on `self`.
Random numbers come from `random_seed(seed, track, frame)`. Whatever a window needs of the past is
in the reference or, for `warmed` restorers, in the clip's leading warm-up frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from engine.reference import TemporalReference
from plugin_host.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from plugin_host.requests import Settings

Task = Literal["bfr", "colour", "inpaint"]
TASKS: tuple[Task, ...] = ("bfr", "colour", "inpaint")
Link = Literal["independent", "warmed", "anchored", "chained"]
"""How a window's reference depends on other windows:

independent  on none
warmed       on none; the window also reads its own `warm_up` preceding source frames
anchored     on the anchor window only, the first of the track
chained      on its left neighbour
"""
Curve = Literal["knee", "open"]
"""What becomes of codes above scene-linear 0.6:

knee  a logarithm up to 1, for networks, which were trained on [0, 1]
open  the sRGB curve goes on, to 5.9 at scene-linear 64, for methods that average pixels
"""
Watch = Callable[[int, int], None]
"""Called within a window with the steps done and their number; what it raises ends the window."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A knob that hosts show for a restorer; whole numbers, since the wire carries no floats.

    Attributes:
        name: Key in the settings.
        default: Neutral value.
        minimum: Lowest value, included.
        maximum: Highest value, included.
        unit: What one step is, such as ``percent``.
        description: One sentence for the artist.
    """

    name: str
    default: int
    minimum: int
    maximum: int
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class Crop:
    """What a restorer wants to see of a face.

    Attributes:
        size: Side of the square picture in pixels, into which the face is aligned by a smoothed
            similarity; None for `native`: plate pixels, moved by whole pixels and never resampled.
        multiple: Height and width of a native crop are multiples of this.
    """

    size: int | None = None
    multiple: int = 16


@dataclass(frozen=True, slots=True)
class RestorerInfo:
    """What a restorer declares about itself.

    Attributes:
        name: Key in the table of restorers.
        title: Name for people.
        tasks: What it can do, alone or together.
        link: How windows depend on each other.
        window: Frames in a window.
        overlap: Frames shared by neighbouring windows, blended.
        warm_up: Preceding frames that a `warmed` window also reads; 0 for the others.
        crop: What it wants to see.
        curve: How it wants to see highlights.
        content_agnostic: Whether it may run on a whole frame without a face.
        guides: Which of ``reference``, ``text``, ``audio``, ``mask`` it reads.
        parameters: Its knobs.
        weights: sha256 of its weights, empty where it has none.
        licence: SPDX id or the licence's own name.
        source: Paper or page that describes the method.
        vram: Device memory in bytes for one clip; 0 where it needs no accelerator.
        vram_least: The same at its smallest step, see `frugal`; 0 where it has none.
        half: Whether it may run in fp16.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    link: Link
    window: int
    licence: str
    source: str
    overlap: int = 0
    warm_up: int = 0
    crop: Crop = field(default_factory=Crop)
    curve: Curve = "knee"
    content_agnostic: bool = False
    guides: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    weights: str = ""
    vram: int = 0
    vram_least: int = 0
    half: bool = False

    def begin(self, track: int, seed: int) -> TemporalReference:
        """Return the reference of a track of which nothing was seen yet."""
        return TemporalReference(self.name, self.weights, track, seed)


@dataclass(frozen=True, slots=True)
class Guides:
    """What the user gives beside the plate; each absent unless the restorer declares it.

    Attributes:
        references: Display-referred sRGB exemplar pictures of the person, each ``(3, H, W)``
            float32 in [0, 1].
        mask: Where to inpaint, ``(T, H, W)`` float32 in [0, 1], 1 where pixels are to be made up.
        heroes: For each of `references` the frame of the plate that it was cut out of, as damaged
            as the plate is; None for a picture of the user's own, as all are by default.
    """

    references: tuple[NDArray[np.float32], ...] = ()
    mask: NDArray[np.float32] | None = None
    heroes: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Clip:
    """Aligned crops of consecutive frames of one track.

    Attributes:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB in [0, 1]; where the restorer
            declares the curve ``open``, highlights go beyond 1.
        matte: ``(T, H, W)`` float32 in [0, 1], 1 where a change will be delivered in full.
        frames: The T frame numbers, ascending.
        track: Number of the track.
        follows: Last frame of the window that the reference must come from; None for none.
        warm_up: How many leading frames are read only to warm up, never delivered.
        tasks: What is asked for.
        guides: What the user gave.
        parameters: Every parameter of the restorer with its value.
    """

    pixels: NDArray[np.float32]
    matte: NDArray[np.float32]
    frames: tuple[int, ...]
    track: int
    follows: int | None = None
    warm_up: int = 0
    tasks: tuple[Task, ...] = ("bfr",)
    guides: Guides = field(default_factory=Guides)
    parameters: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Restored:
    """What `restore` returns.

    Attributes:
        pixels: ``(T, 3, H, W)`` float32, display-referred sRGB; a frame that was not changed
            holds the clip's very bits.
        reference: The reference after this window.
        confidence: ``(T, H, W)`` float32 in [0, 1], how much to trust each pixel; None where the
            restorer cannot tell.
    """

    pixels: NDArray[np.float32]
    reference: TemporalReference
    confidence: NDArray[np.float32] | None = None


@runtime_checkable
class Restorer(Protocol):
    """One method behind the contract."""

    @property
    def info(self) -> RestorerInfo:
        """What it declares."""
        ...

    def restore(self, clip: Clip, reference: TemporalReference) -> Restored:
        """Restore one window.

        Raises:
            ReferenceMismatchError: `reference` does not lead into `clip`.
            RestorerFailed: The method could not go on.
        """
        ...


@runtime_checkable
class Watched(Protocol):
    """A restorer whose window takes so long that it must be left in its midst."""

    def watched(self, watch: Watch) -> Restorer:
        """Return the same restorer, which calls `watch` before each of a window's steps.

        The bits do not depend on it. What `watch` raises goes through `restore`.
        """
        ...


def check_reference(info: RestorerInfo, clip: Clip, reference: TemporalReference) -> None:
    """Refuse a reference that does not lead into the clip; every `restore` begins with this.

    Raises:
        ReferenceMismatchError: See `TemporalReference.check_leads_into`.
    """
    reference.check_leads_into(
        restorer=info.name, weights=info.weights, track=clip.track, follows=clip.follows
    )


def check_settings(info: RestorerInfo, settings: Settings) -> dict[str, int]:
    """Refuse what the restorer does not declare; return all its parameters with their values.

    Raises:
        SettingsError: An unknown task, guide or parameter, a value out of range, an inpainting
            task without a mask, or whole frames for a restorer that only knows faces.
    """
    unknown = [task for task in settings.tasks if task not in info.tasks]
    if unknown:
        raise SettingsError(
            f"{info.name} cannot do {', '.join(unknown)}; it can do {', '.join(info.tasks)}"
        )
    if settings.whole_frame and not info.content_agnostic:
        raise SettingsError(f"{info.name} restores faces only; leave --whole-frame out")
    if settings.references and "reference" not in info.guides:
        raise SettingsError(f"{info.name} reads no reference pictures; leave --reference out")
    if settings.mask is not None and "mask" not in info.guides:
        raise SettingsError(f"{info.name} reads no mask; leave --mask out")
    if ("inpaint" in settings.tasks) != (settings.mask is not None):
        raise SettingsError("the task inpaint and --mask go together; give both or neither")
    known = {parameter.name: parameter for parameter in info.parameters}
    for name, value in settings.parameters.items():
        if name not in known:
            raise SettingsError(
                f"{info.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}"
            )
        if not known[name].minimum <= value <= known[name].maximum:
            raise SettingsError(
                f"{name} = {value} is out of range; "
                f"it goes from {known[name].minimum} to {known[name].maximum} {known[name].unit}"
            )
    return {name: settings.parameters.get(name, known[name].default) for name in known}


def random_seed(seed: int, track: int, frame: int) -> int:
    """Return the seed, below 2**63, of the random numbers of one frame of one track."""
    digest = hashlib.sha256(f"{seed}/{track}/{frame}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
