from collections.abc import Mapping
from typing import Any

from opentimelineio.core import (
    Composition,
    Item,
    MediaReference,
    SerializableObject,
    SerializableObjectWithMetadata,
)
from opentimelineio.opentime import RationalTime, TimeRange

class TrackKind:
    Video: str
    Audio: str

class MarkerColor:
    RED: str

class Effect(SerializableObjectWithMetadata):
    effect_name: str

class TimeEffect(Effect): ...

class LinearTimeWarp(TimeEffect):
    def __init__(self, name: str = ..., time_scalar: float = ...) -> None: ...
    time_scalar: float

class FreezeFrame(LinearTimeWarp):
    def __init__(self, name: str = ...) -> None: ...

class Marker(SerializableObjectWithMetadata):
    def __init__(
        self,
        name: str = ...,
        marked_range: TimeRange = ...,
        color: str = ...,
        metadata: Mapping[str, Any] | None = ...,
    ) -> None: ...
    comment: str
    marked_range: TimeRange

class ExternalReference(MediaReference):
    def __init__(
        self,
        target_url: str = ...,
        available_range: TimeRange | None = ...,
        metadata: Mapping[str, Any] | None = ...,
    ) -> None: ...
    target_url: str

class ImageSequenceReference(MediaReference):
    def __init__(
        self,
        target_url_base: str = ...,
        name_prefix: str = ...,
        name_suffix: str = ...,
        start_frame: int = ...,
        frame_step: int = ...,
        rate: float = ...,
        frame_zero_padding: int = ...,
        available_range: TimeRange | None = ...,
    ) -> None: ...
    target_url_base: str
    name_prefix: str
    name_suffix: str
    start_frame: int
    frame_step: int
    rate: float
    frame_zero_padding: int

class GeneratorReference(MediaReference):
    generator_kind: str

class MissingReference(MediaReference): ...

class Clip(Item):
    media_reference: MediaReference | None
    active_media_reference_key: str
    def media_references(self) -> dict[str, MediaReference | None]: ...
    def set_media_references(
        self, media_references: Mapping[str, MediaReference], new_active_key: str
    ) -> None: ...

class Gap(Item):
    def __init__(self, source_range: TimeRange | None = ...) -> None: ...

class Transition(SerializableObjectWithMetadata): ...

class Track(Composition):
    kind: str

class Stack(Composition): ...

class Timeline(SerializableObjectWithMetadata):
    tracks: Stack | None
    global_start_time: RationalTime | None
    def video_tracks(self) -> list[Track]: ...
    def find_children(self) -> list[Item]: ...

class SerializableCollection(SerializableObjectWithMetadata, list[SerializableObject]): ...
