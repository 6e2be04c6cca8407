"""Runs these tests on the bundle of a build: `python -m tests.ofx_host.sanitized BUILD`.

A sanitizer's runtime has to be in the process before the plugin is, so before Python is.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUNTIMES = {
    "": (),
    "address,undefined": ("libasan.so", "libubsan.so", "libstdc++.so"),
    "thread": ("libtsan.so",),
}


def runtime(name):
    """Return where the compiler has a library."""
    found = subprocess.run(
        ["c++", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def main():
    """Run them; the exit code is pytest's, or the sanitizer's."""
    build = Path(sys.argv[1]).resolve()
    cache = (build / "CMakeCache.txt").read_text("utf-8")
    (sanitize,) = re.findall(r"^SANITIZE:\w+=(.*)$", cache, re.MULTILINE)
    environment = {
        **os.environ,
        "FACEPLATE_OFX": str(build / "Faceplate.ofx.bundle"),
        "LD_PRELOAD": " ".join(runtime(name) for name in RUNTIMES[sanitize]),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
        "TSAN_OPTIONS": f"exitcode=66 suppressions={HERE / 'tsan.supp'}",
    }
    # ThreadSanitizer knows fewer places for mappings than some kernels choose from.
    fixed = ["setarch", "-R"] if sanitize == "thread" and shutil.which("setarch") else []
    command = [*fixed, sys.executable, "-m", "pytest", "-q", str(HERE)]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
