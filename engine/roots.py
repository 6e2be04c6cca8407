"""Which folders requests may touch: what lies outside the engine's roots is refused.

It guards against mistakes and against clients that know the key. Whoever may change the folders
themselves while a job runs is not held by it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from plugin_host.errors import PathRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugin_host.plate import Plate
    from plugin_host.requests import Submit


def confine(submit: Submit, roots: Sequence[str]) -> None:
    """Refuse paths outside the roots, symbolic links followed.

    Args:
        submit: The request.
        roots: Real paths of folders; none for no limit.

    Raises:
        PathRefused: A path lies outside, or is one of another operating system.
    """
    plate, settings = submit.shot.plate, submit.settings
    paths = [plate.folder, submit.output, f"{submit.output}/{plate.stem}.take"]
    paths += [settings.mask] if settings.mask else []
    paths += [path for path in settings.references if not path.startswith("frame:")]
    for path in paths:
        if not Path(path).is_absolute():
            raise PathRefused("this is no path of the engine's system", path=path)
    for path in [*paths, *_links(plate)] if roots else []:
        if not any(Path(os.path.realpath(path)).is_relative_to(root) for root in roots):
            raise PathRefused("outside the folders that this engine may touch", path=path)


def _links(plate: Plate) -> list[str]:
    """Return the symbolic links among what may be the plate's frames."""
    start = os.path.basename(plate.prefix)  # noqa: PTH119 - a prefix, not a path
    try:
        with os.scandir(plate.folder) as entries:
            return [e.path for e in entries if e.is_symlink() and e.name.startswith(start)]
    except OSError:
        return []
