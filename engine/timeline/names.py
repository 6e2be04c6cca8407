"""What a clip's media may be called, and where it is said to be."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from opentimelineio import schema

from engine.timeline.spans import Span
from plugin_host.errors import PlateError, TimelineError
from plugin_host.plate import Plate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_REELS = {"reel", "reelname", "tape", "tapeid", "tapename", "camroll", "reelnumber"}
_MOST_DEPTH = 6
_NUMBER = re.compile(r"%0[1-9]d")
_BRACKETS = re.compile(r"\[(-?[0-9]{1,9})-(-?[0-9]{1,9})\][^\\/]*\Z")
_WINDOWS = re.compile(r"/?[A-Za-z]:[\\/]")


@dataclass(frozen=True, slots=True)
class Names:
    """How a clip's media may be found.

    Attributes:
        paths: Where it is said to be: paths, or patterns of them; relative ones as they are.
        reels: Reels and tapes that it is said to be on.
        clips: What clip and media are called.
        declared: What its media is said to hold, in the source's own time.
        numbered: The frame number that it is said to begin with, of an image sequence: files
            may lie before it, or be missing.
    """

    paths: tuple[str, ...] = ()
    reels: tuple[str, ...] = ()
    clips: tuple[str, ...] = ()
    declared: Span | None = None
    numbered: int | None = None

    @property
    def reel(self) -> str:
        """The reel, for people and for what is written; empty for none."""
        return next(iter(self.reels), "")


def names_of(clip: schema.Clip, files: Iterable[str] = ()) -> Names:
    """Return how a clip's media may be found.

    Args:
        clip: The clip.
        files: What else was said of its files: paths or bare names.
    """
    reference = clip.media_reference or schema.MissingReference()
    paths = [path_of(text) for text in files]
    numbered: int | None = None
    if isinstance(reference, schema.ExternalReference) and reference.target_url:
        paths.insert(0, path_of(reference.target_url))
        numbered = _first_in(paths[0])
    elif isinstance(reference, schema.ImageSequenceReference):
        number = f"%0{max(1, min(reference.frame_zero_padding, 9))}d"
        base = path_of(reference.target_url_base).rstrip("/")
        name = f"{reference.name_prefix}{number}{reference.name_suffix}"
        paths.insert(0, f"{base}/{name}" if base else name)
        numbered = reference.start_frame
    try:
        declared = None if not reference.available_range else Span.of(reference.available_range)
    except TimelineError:
        declared = None
    reels = [*_reels(clip.metadata), *_reels(reference.metadata)]
    return Names(
        tuple(dict.fromkeys(path for path in paths if path)),
        tuple(dict.fromkeys(reels)),
        tuple(dict.fromkeys(name for name in (reference.name, clip.name) if name)),
        declared,
        numbered,
    )


def _first_in(path: str) -> int | None:
    """Return the frame number that a path says its sequence begins with; None for none."""
    between = _BRACKETS.search(path)
    if between:
        return int(between[1])
    with suppress(PlateError):
        plate = Plate.parse(path)
        return plate.single if plate.digits else None
    return None


def path_of(url: str) -> str:
    """Return the path that a URL or a path says; what is not of a file, as it is."""
    if not url.lower().startswith("file:"):
        return url
    kept = _NUMBER.sub(lambda match: "%25" + match[0][1:], url)  # of a pattern, and no code
    try:
        path = unquote(urlsplit(kept.replace("#", "%23").replace("?", "%3F")).path)
    except ValueError:  # such as an address without end
        return url
    return path[1:] if _WINDOWS.match(path) else path


def _reels(said: Any, depth: int = 0) -> Iterator[str]:
    """Yield what anybody's metadata calls a reel or tape."""
    if depth > _MOST_DEPTH or not hasattr(said, "items"):
        return
    for key, value in said.items():
        if re.sub(r"[^a-z]", "", str(key).lower()) in _REELS:
            named = value.get("name") if hasattr(value, "items") else value
            if isinstance(named, str) and named.strip():
                yield named.strip()
                continue
        yield from _reels(value, depth + 1)
