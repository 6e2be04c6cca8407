"""An AAF file read by a process of its own, with limits: ``python -m engine.timeline.aaf FILE``.

An AAF is a file system within a file, and the library that reads it trusts it. What it makes of the
file comes back as OpenTimelineIO's JSON, which is read as that of any stranger.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

from plugin_host.errors import TimelineError

DEADLINE_S = 120.0
MOST_MEMORY = 2 << 30  # bytes
_MOST_TOLD = 300  # characters of an error


def read_as_json(path: str, most: int) -> str:
    """Return a cut in AAF as OpenTimelineIO's JSON.

    Args:
        path: The file.
        most: How many characters it may become.

    Raises:
        TimelineError: It cannot be read within the limits.
    """
    command = [sys.executable, "-m", "engine.timeline.aaf", path]
    try:
        done = subprocess.run(  # noqa: S603 - this very program; the path is an argument of its own
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise TimelineError(f"no AAF that can be read within {DEADLINE_S:.0f} s") from None
    if done.returncode or len(done.stdout) > most:
        told = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise TimelineError(f"no AAF that can be read: {told[:_MOST_TOLD]}")
    return done.stdout


def _main(path: str) -> int:
    with suppress(ImportError, ValueError, OSError):  # where the system has such limits
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # reading writes nothing
    from opentimelineio import adapters  # noqa: PLC0415

    sys.stdout.write(adapters.read_from_file(path, "AAF").to_json_string())
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
