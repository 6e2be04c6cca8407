"""Fuzz what reads bytes of others: `make fuzz`, or

    python -m tests.fuzz [TARGET ...] [--seconds S]

A line for each target: what was run, what was reached, what was found. Findings are kept, as small
as they could be made, in tests/fuzz/corpus/TARGET/, where the ordinary tests find them. Exits 1
where there is one.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tests.fuzz.mutants import mutant
from tests.fuzz.samples import KINDS
from tests.fuzz.targets import TARGETS, replay

Finding = tuple[str, bytes]
"""How the file's name ends, and the file."""
CORPUS = Path(__file__).parent / "corpus"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
SLOW_S, MOST_MIB = 2, 2048
"""What one input may take, and the process that runs them."""
SILENT_S = 60.0
"""How long one file may take before its reader counts as hung."""


def guided(name: str, seconds: int) -> tuple[str, list[Finding]]:
    """Run one target under atheris; return what to say and what was found."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        seeds, grown, found = (Path(folder) / part for part in ("seeds", "grown", "found"))
        for path in (seeds, grown, found):
            path.mkdir()
        for index, data in enumerate(TARGETS[name].seeds()):
            (seeds / str(index)).write_bytes(data)
        options = [f"-max_total_time={seconds}", f"-timeout={SLOW_S}", f"-rss_limit_mb={MOST_MIB}"]
        options += ["-print_final_stats=1", "-max_len=200000", f"-artifact_prefix={found}/"]
        if TARGETS[name].words:
            words = Path(folder) / "words"
            lines = (word.replace('"', r"\"") for word in TARGETS[name].words)
            words.write_text("".join(f'"{line}"\n' for line in lines), "utf-8")
            options.append(f"-dict={words}")
        command = [sys.executable, "-m", "tests.fuzz.guided", name, *options, str(grown)]
        known = [str(path) for path in (seeds, CORPUS / name) if path.is_dir()]
        done = subprocess.run(
            [*command, *known],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            env={**_environment(), "TMPDIR": folder},  # it ends without tidying up
        )
        said = done.stdout.decode("utf-8", "replace")
        findings = [("", smallest(name, p.read_bytes())) for p in sorted(found.iterdir())]
    patterns = (r"number_of_executed_units:\s*(\d+)", r"cov: (\d+)", r"ft: (\d+)")
    runs, edges, features = (_last(pattern, said) for pattern in patterns)
    if done.returncode and not findings:
        sys.exit(f"{name} did not run, exit {done.returncode}: {said[-400:]}")
    for why in re.findall(r"Uncaught Python exception: ===\s*(.*)", said):
        print(f"  {name}: {why}")
    return f"{runs} inputs, {edges} edges, {features} features", findings


def _last(pattern: str, text: str) -> str:
    found = re.findall(pattern, text)
    return found[-1] if found else "?"


def spoilt(kind: str, seconds: int) -> tuple[str, list[Finding]]:
    """Read spoilt files in processes that may die of it."""
    said: collections.Counter[str] = collections.Counter()
    findings, number, left = [], 0, float(seconds)
    samples = KINDS[kind]()
    begun = os.times().elapsed
    while samples and left > 0:
        command = [sys.executable, "-m", "tests.fuzz.files", kind, str(number), str(left)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        ) as process:
            lines = list(_lines_of(process))
        for line in lines:
            number = line["number"] + 1
            word = line.get("said", "")
            said[word.split(":")[0]] += bool(word)
            if word.startswith(("raised", "took")):
                findings.append(_finding(kind, line, word, samples))
        if lines and "said" not in lines[-1]:
            findings.append(_finding(kind, lines[-1], f"ended {process.returncode}", samples))
        elif process.returncode:
            sys.exit(f"{kind} did not run: exit {process.returncode}")
        left = seconds - (os.times().elapsed - begun)
    counts = ", ".join(f"{count} {word}" for word, count in said.most_common() if count)
    return f"{number} files: {counts or 'PyAV is not installed'}", findings


def _lines_of(process):
    """Yield what a reader says; end one that says nothing for too long."""
    watch = threading.Timer(SILENT_S, process.kill)
    watch.start()
    for line in process.stdout:
        watch.cancel()
        yield json.loads(line)
        watch = threading.Timer(SILENT_S, process.kill)
        watch.start()
    watch.cancel()


def _finding(kind, line, word, samples):
    name, number = line["name"], line["number"] // len(samples)
    print(f"  {kind}: {name}, mutant {number}: {word}")
    suffix = name.rpartition(".")[2]
    return f".{suffix}", mutant(suffix, samples[name], number)


def _environment():
    return {**os.environ, "OMP_WAIT_POLICY": "passive"}


def smallest(name: str, data: bytes) -> bytes:
    """Return a finding with all left out that it does without; slow ones are kept as they are."""
    size = len(data) if _fails(name, data) else 0
    while size:
        size //= 2
        at = 0
        while size and at < len(data):
            shorter = data[:at] + data[at + size :]
            if _fails(name, shorter):
                data = shorter
            else:
                at += size
    return data


def _fails(name: str, data: bytes) -> bool:
    try:
        replay(name, data)
    except Exception:  # noqa: BLE001 - that is what is looked for
        return True
    return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the readers.")
    names = [*TARGETS, *KINDS]
    parser.add_argument("target", nargs="*", help=f"of {', '.join(names)} (all)")
    parser.add_argument("--seconds", type=int, default=60, help="for each (60)")
    wanted = parser.parse_args()
    if not set(wanted.target) <= set(names):
        parser.error(f"targets are {', '.join(names)}")
    every = 0
    for name in wanted.target or names:
        run = guided if name in TARGETS else spoilt
        said, findings = run(name, wanted.seconds)
        print(f"{name:16} {said}; {len(findings)} found", flush=True)
        for suffix, data in findings:
            folder = CORPUS / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{hashlib.sha256(data).hexdigest()[:12]}{suffix}").write_bytes(data)
        every += len(findings)
    return int(every > 0)


if __name__ == "__main__":
    sys.exit(main())
