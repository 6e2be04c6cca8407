"""``python -m engine.watch.probe MOVIE ROOT...``: prints which frames a movie has, or why none."""

from __future__ import annotations

import sys

from engine.frame_io.plates import frames_of
from engine.landlock import confine_process
from plugin_host.errors import FaceplateError
from plugin_host.plate import Plate


def main() -> int:
    """Run in the place of a watcher, which outlives a library that crashes."""
    path, *roots = sys.argv[1:]
    confine_process(roots)
    try:
        said, code = str(frames_of(Plate.parse(path))), 0
    except FaceplateError as error:
        said, code = error.message, 1
    sys.stdout.write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
