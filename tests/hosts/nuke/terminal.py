"""`nuke -t script.py args`: a process of its own that runs a script in the fake's terminal mode.

    python -m tests.hosts.nuke [--version 13.2.8] -t script.py [args...]
    python -m tests.hosts.nuke -x script.nk    (what scriptSave wrote; -X node, -F range)

References:
    - host_facts.md C, "Rendering": a number or range at the end never reaches the script.
    - host_facts.md C, "Loading": ~/.nuke and NUKE_PATH, init.py only.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_RANGE = re.compile(r"-?\d+(-(-?\d+)(x\d+)?)?(,\d+)*$")


def stripped(arguments):
    """Return arguments without the number or range at their end, and that."""
    if arguments and _RANGE.match(arguments[-1]):
        return arguments[:-1], arguments[-1]
    return list(arguments), None


def run_terminal(*arguments, python=sys.executable, version=(13, 2, 8), env=None, timeout_s=120):
    """Run `nuke arguments...` in a process; return it, with its output as text."""
    command = [python, "-m", "tests.hosts.nuke", "--version", "{}.{}.{}".format(*version)]
    own = dict(os.environ, PYTHONPATH=ROOT, PYTHONDONTWRITEBYTECODE="1", **(env or {}))
    return subprocess.run(
        command + [str(one) for one in arguments],
        env=own,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def folders():
    """Return Nuke's start-up folders: ~/.nuke, then those of NUKE_PATH."""
    home = os.path.join(os.path.expanduser("~"), ".nuke")
    return [home] + [one for one in os.environ.get("NUKE_PATH", "").split(os.pathsep) if one]


def main(arguments):
    """Run as Nuke would; return the exit status."""
    import runpy

    from .kit import NukeKit

    options, version = list(arguments), (13, 2, 8)
    if options[:1] == ["--version"]:
        version = tuple(int(piece) for piece in options[1].split("."))
        del options[:2]
    mode, node, frames = None, None, None
    while options and options[0].startswith("-") and mode is None:
        flag = options.pop(0)
        if flag in ("-t", "-x"):
            mode = flag
        elif flag in ("-X", "-F", "-m", "-c"):
            value = options.pop(0)
            node, frames = (value, frames) if flag == "-X" else (node, frames)
            frames = value if flag == "-F" else frames
    if mode is None or not options:
        sys.stderr.write(
            "usage: nuke -t script.py [args...] | nuke [-X node] [-F range] -x script\n"
        )
        return 1
    kept, last = stripped(options)
    with NukeKit(version, gui=False) as kit:
        kit.nuke.rawArgs = ["nuke", *arguments]
        kit.start(*folders())
        if mode == "-t":
            sys.argv = kept
            runpy.run_path(kept[0], run_name="__main__")
            return 0
        nuke = kit.nuke
        nuke.scriptOpen(kept[0])
        writes = [nuke.toNode(node)] if node else list(reversed(nuke.allNodes("Write")))
        for write in writes:
            nuke.execute(write, nuke.FrameRanges(frames or last or str(nuke.root().frameRange())))
    return 0
