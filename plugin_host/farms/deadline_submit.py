"""Submit the jobs that lie beside this file to Deadline 10.

    python3 submit.py [KEY=VALUE...]     options of every job, such as Pool=gpu Priority=70

Needs Python 3.7 and deadlinecommand, which is looked for in $DEADLINE_PATH, then on the PATH.
Each pair NAME.job, NAME.plugin is one job. Names in its JobDependencies are put ids for; to them
come the ids of an option JobDependencies=ID,ID. Where a job is refused, what is printed names those
that were submitted before it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from typing import Callable, Sequence

WAIT_S = 600
_AFTER = "JobDependencies"


def submit(folder: str, options: Sequence[str], command: Callable[[list[str]], str]) -> list[str]:
    """Submit every pair in a folder, in the order of their names; return the jobs' ids.

    Args:
        folder: Where they lie.
        options: Lines for every job, in place of its own.
        command: Runs deadlinecommand with arguments, returns what it printed.

    Raises:
        RuntimeError: A job was refused; says which, and names those before it.
    """
    ids: dict[str, str] = {}
    given = dict(map(_pair, options))
    names = [name[:-4] for name in os.listdir(folder) if name.endswith(".job")]
    for name in sorted(names):
        with open(os.path.join(folder, name + ".job"), encoding="utf-8") as file:
            own = dict(map(_pair, file.read().splitlines()))
        lines = {**own, **given}
        before = [ids[one] for one in own.get(_AFTER, "").split(",") if one]
        if _AFTER in lines:
            lines[_AFTER] = ",".join([*before, *filter(None, [given.get(_AFTER)])])
        with tempfile.TemporaryDirectory(prefix="faceplate-") as temporary:
            filled = os.path.join(temporary, name + ".job")
            with open(filled, "w", encoding="utf-8") as file:
                file.writelines(f"{key}={value}\n" for key, value in lines.items())
            printed = command([filled, os.path.join(folder, name + ".plugin")])
        found = re.search(r"^JobID=(\w+)", printed, re.MULTILINE)
        if found is None:
            there = ", ".join(ids.values()) or "none"
            raise RuntimeError(f"{name} was refused; submitted before it: {there}\n{printed}")
        ids[name] = found.group(1)
        sys.stdout.write(f"{name}: job {ids[name]}\n")
    return list(ids.values())


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition("=")
    return key, value


def _deadlinecommand(arguments: list[str]) -> str:
    program = "deadlinecommand"
    folder = os.environ.get("DEADLINE_PATH")
    if folder:
        program = os.path.join(folder, program)
    try:
        done = subprocess.run(  # noqa: S603 - the user's own Deadline
            [program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=WAIT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{program}: {error}"
    return done.stdout.decode("utf-8", "replace")


def main(arguments: Sequence[str]) -> int:
    """Submit; 1 where a job was refused, 2 where an option is none."""
    wrong = [argument for argument in arguments if not re.match(r"\w+=", argument)]
    if wrong:
        sys.stderr.write(f"{wrong[0]}: an option is KEY=VALUE, such as Pool=gpu\n")
        return 2
    try:
        submit(os.path.dirname(os.path.abspath(__file__)), arguments, _deadlinecommand)
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
