"""What must hold at every instant, whoever was killed a moment ago."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from safetensors import SafetensorError, safe_open

from engine.manifest import read_json

TEMPORARY = re.compile(r"\.faceplate-[0-9a-f]{8}-[0-9]+-[0-9a-f]{8}\.tmp\Z")
TAKE = "soak.take"


class Violation(Exception):
    """A promise was broken; says which, and where to look."""


def require(holds, what, where):
    if not holds:
        raise Violation(f"{what}: {where}")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Undisturbed:
    """What a run without a kill leaves; nothing else may ever have a final name.

    Args:
        output: Where that run went to.
    """

    def __init__(self, output):
        self.frames = {path.name: digest(path) for path in output.glob("*.exr")}
        self.take = {
            str(path.relative_to(output)): digest(path)
            for path in (output / TAKE).rglob("*")
            if path.is_file() and path.name != "manifest.json" and path.parent.name != "notes"
        }
        manifest = json.loads((output / TAKE / "manifest.json").read_text("utf-8"))
        self.manifest = {name: value for name, value in manifest.items() if name != "notes"}

    def look(self, output):
        """Check all that has its final name; return how many frames are delivered."""
        delivered = set()
        for path in [*output.glob("*"), *(output / TAKE).rglob("*")]:
            if path.is_dir() or TEMPORARY.match(path.name):
                continue
            name = str(path.relative_to(output))
            if path.parent == output:
                require(self.frames.get(name) == digest(path), "a frame is torn or wrong", path)
                delivered.add(name)
            elif path.parent.parent.name == "windows":
                self._check_kept(path)
            elif path.name == "manifest.json":
                self._check_manifest(path)
            elif path.parent.name == "notes":
                require(read_json(path), "a torn note", path)
            else:
                require(self.take.get(name) == digest(path), "torn, wrong or not known", path)
        for path in (output / TAKE / "receipts").glob("*.json"):
            file = json.loads(path.read_bytes())["file"]
            require((output / file).is_file(), "a receipt without its frame", path)
        return len(delivered)

    def look_at_the_end(self, output):
        """Check that all is there, and nothing else is left."""
        count = self.look(output)
        require(count == len(self.frames), f"{count} of {len(self.frames)} frames", output)
        for name in self.take:
            require((output / name).is_file(), "it is lost", output / name)
        left = [p for p in output.rglob("*") if p.is_file() and TEMPORARY.match(p.name)]
        require(not left, "a dead writer's file is left", left)
        kept = [*(output / TAKE / "windows").rglob("*.safetensors")]
        require(not kept, "a delivered window is kept", kept)
        require((output / TAKE / "manifest.json").is_file(), "there is no manifest", output)
        return count

    def _check_manifest(self, path):
        try:
            found = json.loads(path.read_bytes())
        except ValueError:
            raise Violation(f"a torn manifest: {path}") from None
        found.pop("notes")
        require(found == self.manifest, "another take's manifest", path)

    @staticmethod
    def _check_kept(path):
        try:
            with safe_open(path, "numpy") as tensors:
                require(tensors.get_tensor("delta").size > 0, "an empty window", path)
        except FileNotFoundError:
            pass  # delivered meanwhile
        except SafetensorError as error:
            raise Violation(f"a torn window: {path}: {error}") from None


def processes_with(token):
    """Return the ids of living processes whose environment holds a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            state = (folder / "stat").read_text("ascii").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if token.encode() in environment and state != "Z":
            found.append(int(folder.name))
    return found
