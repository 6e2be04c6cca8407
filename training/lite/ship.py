"""`python -m training.lite.ship`: make the file of weights that the package ships with.

Both networks go into one safetensors file, in float16, with a header that says how they came to be:
the commit, the digest of the code that makes the data, and for each part its settings, its steps
and its scores on the held-out clips. The file's sha256 is printed; it belongs into
``engine/restorers/lite/__init__.py``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file, save

from engine.atomic import write_atomically
from engine.weights import read_facts
from training.lite.parts import PARTS

if TYPE_CHECKING:
    import torch

LIMIT = 8_000_000  # bytes, of the file


def data_version() -> str:
    """Return the digest of the code that makes the training data, 16 hexadecimal digits."""
    folder = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(("lite/", "svfr/")) and name != "gallery.py":
            digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def part_of(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the best weights of a training in float16, and the facts about them.

    Args:
        folder: That `training.lite` wrote into.

    Raises:
        OSError: There is no whole training in it.
        WeightsError: Its best weights are not there, or tell nothing of themselves.
    """
    weights = folder / "best.safetensors"
    facts = read_facts(weights)
    tensors = {name: tensor.half() for name, tensor in load_file(weights).items()}
    with (folder / "held_out.csv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if int(row["step"]) == facts["step"]]
    scores = {
        row["level"]: {name: float(row[name]) for name in row if name not in {"step", "level"}}
        for row in rows
    }
    with (folder / "steps.csv").open(encoding="utf-8", newline="") as table:
        minutes = [float(row["minutes"]) for row in csv.DictReader(table)]
    return tensors, {**facts, "minutes": minutes[facts["step"] - 1], "held_out": scores}


def ship(folders: dict[str, Path], out: Path, commit: str) -> str:
    """Write the file; return its sha256.

    Args:
        folders: Name of each part to the folder of its training.
        out: The file.
        commit: That the training ran at.

    Raises:
        ValueError: The file would be larger than LIMIT.
    """
    tensors: dict[str, torch.Tensor] = {}
    facts: dict[str, Any] = {"commit": commit, "data": data_version(), "parts": {}}
    for name, folder in folders.items():
        own, facts["parts"][name] = part_of(folder)
        tensors |= {f"{name}.{key}": tensor for key, tensor in own.items()}
    data = save(tensors, {"training": json.dumps(facts, sort_keys=True)})
    if len(data) > LIMIT:
        raise ValueError(f"{len(data)} bytes of weights; at most {LIMIT} ship")
    write_atomically(out, data)
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.lite.ship", description=__doc__)
    for part in PARTS:
        parser.add_argument(f"--{part}", type=Path, required=True, help="folder of its training")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--commit", required=True, help="that the training ran at")
    asked = vars(parser.parse_args())
    print(ship({part: asked[part] for part in PARTS}, asked["out"], asked["commit"]))


if __name__ == "__main__":
    main()
