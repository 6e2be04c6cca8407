"""Which folders requests may touch: what lies outside the engine's roots is refused.

It refuses mistakes and lies when a request comes, with a word. Who changes folders while a job
runs is held by `landlock`, where the system has it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from plugin_host.errors import PathRefused
from plugin_host.picks import picture_paths
from plugin_host.plate import Plate

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    paths += filter(None, [settings.mask, settings.detector])
    paths += picture_paths(settings.references)
    for path in paths:
        confine_path(path, ())
    if not roots:
        return
    links = [*_links(*_files_of(plate)), *_links(paths[2], "")]
    if settings.mask:
        links += _links(*_files_of(Plate.parse(settings.mask)))
    for path in [*paths, *links]:
        confine_path(path, roots)


def confine_path(path: str, roots: Sequence[str]) -> None:
    """Refuse one path outside the roots, symbolic links followed.

    Raises:
        PathRefused: It lies outside, or is one of another operating system.
    """
    if not Path(path).is_absolute():
        raise PathRefused("this is no path of the engine's system", path=path)
    real = Path(os.path.realpath(path))
    if roots and not any(real.is_relative_to(root) for root in roots):
        raise PathRefused("outside the folders that this engine may touch", path=path)


def _files_of(plate: Plate) -> tuple[str, str]:
    """Return the folder of a plate's files, and what their names begin with."""
    return plate.folder, os.path.basename(plate.prefix)  # noqa: PTH119 - a prefix, not a path


def _links(folder: str, start: str) -> list[str]:
    """Return the symbolic links in a folder whose names begin so."""
    try:
        with os.scandir(folder) as entries:
            return [e.path for e in entries if e.is_symlink() and e.name.startswith(start)]
    except OSError:
        return []
