"""What a host asks for, in the host's words and paths: all that a later process needs to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plugin_host.host import Selection
from plugin_host.path_map import PathMap
from plugin_host.proof import Proof
from plugin_host.requests import NAME, ON_ERROR, PATH, Settings, Shot
from plugin_host.schema import Choice, Flag, Frames, Maybe, Record, Several, Text, Whole, wire

if TYPE_CHECKING:
    from plugin_host.frame_range import FrameRange

NOTHING_MAPPED = PathMap()
FULL_PROOF = Proof()


@dataclass(frozen=True)
class Order:
    """What was asked for, in the host's words and paths.

    Attributes:
        host: Name of the host.
        name: See `host.Selection`; so are origin, rate, shot and frames.
        settings: How it is restored.
        template: Of the output; see `versions`.
        on_error: See `requests.Submit`; so is urgent.
        path_map: As text; see `path_map`.
        shared: Whether host and engine see the same storage; else frames travel.
        forget: Whether the engine forgets what travelled once the result is here.
        digests: See `proof.Proof`; so is patience_s.
        tried: Versions that the engine refused.
    """

    host: str = wire(NAME)
    name: str = wire(Text())
    origin: str = wire(Text(65536))
    shot: Shot = wire(Record(Shot))
    frames: FrameRange = wire(Frames())
    settings: Settings = wire(Record(Settings))
    template: str = wire(PATH)
    rate: tuple[int, ...] | None = wire(Maybe(Several(Whole(1), 2)), None)
    on_error: str = wire(Choice(*ON_ERROR), "skip")
    urgent: bool = wire(Flag(), default=False)
    path_map: str = wire(Text(65536), "")
    shared: bool = wire(Flag(), default=True)
    forget: bool = wire(Flag(), default=False)
    digests: bool = wire(Flag(), default=True)
    patience_s: int = wire(Whole(), FULL_PROOF.patience_s)
    tried: tuple[int, ...] = wire(Several(Whole()), ())

    @classmethod
    def of(
        cls,
        host: str,
        selection: Selection,
        settings: Settings,
        template: str,
        *,
        path_map: PathMap = NOTHING_MAPPED,
        on_error: str = "skip",
        urgent: bool = False,
        shared: bool = True,
        forget: bool = False,
        proof: Proof = FULL_PROOF,
    ) -> Order:
        """Return the order for a selection; see the attributes."""
        return cls(
            host=host,
            name=selection.name,
            origin=selection.origin,
            shot=selection.shot,
            frames=selection.frames,
            settings=settings,
            template=template,
            rate=selection.rate,
            on_error=on_error,
            urgent=urgent,
            path_map=str(path_map),
            shared=shared,
            forget=forget,
            digests=proof.digests,
            patience_s=proof.patience_s,
        )

    @property
    def selection(self) -> Selection:
        """What was selected."""
        rate = (self.rate[0], self.rate[1]) if self.rate else None
        return Selection(self.name, self.shot, self.frames, self.origin, rate)

    def shares_take_with(self, other: Order) -> bool:
        """Whether both are about the same shot, restored in the same way."""
        mine, theirs = (
            (order.shot, order.settings, order.shared, order.path_map) for order in (self, other)
        )
        return mine == theirs

    @property
    def paths(self) -> PathMap:
        """What the host's machine and the engine's call the same folders."""
        return PathMap.parse(self.path_map)

    @property
    def proof(self) -> Proof:
        """How much is asked for before the result is placed."""
        return Proof(self.digests, self.patience_s)
