"""The Pythons of host applications, as far as this machine has them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def old_python(version):
    """Return a Python of that version, on the path or one of pyenv's; skip where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    listed = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))]
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    for python in filter(None, listed):
        ran = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
        if ran.stdout.strip() == version:  # a version manager's stand-in may exist and not run
            return str(python)
    return pytest.skip(f"no Python {version} here")
