"""The state of a training as one safetensors file, whole or not there.

Tensors: ``network.``, ``average.`` (weights and their running mean), ``first.`` and ``second.``
(AdamW's moments) before a weight's name. Metadata: `training` as JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open
from safetensors.torch import save

from engine.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

_MOMENTS = {"first": "exp_avg", "second": "exp_avg_sq"}


@dataclass(slots=True)
class Training:
    """What changes from step to step.

    Attributes:
        network: Being trained.
        average: The running mean of its weights.
        optimiser: AdamW over the network's parameters.
        step: The next step.
        lessons: Taken so far.
        minutes: Wall time spent.
        best: The best mean PSNR of the held-out clips so far, dB.
    """

    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.AdamW
    step: int = 0
    lessons: int = 0
    minutes: float = 0.0
    best: float = 0.0


def save_weights(path: Path, network: nn.Module, facts: Mapping[str, object]) -> None:
    """Write weights alone, with facts about them as JSON in the metadata `training`."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_atomically(path, save(tensors, {"training": json.dumps(facts, sort_keys=True)}))


def save_training(path: Path, training: Training, settings: Mapping[str, object]) -> None:
    """Write everything that `load_training` needs to go on bit for bit.

    Raises:
        OSError: The file system refused; what was at `path` is still there.
    """
    tensors: dict[str, Tensor] = {}
    for part in ("network", "average"):
        for name, tensor in getattr(training, part).state_dict().items():
            tensors[f"{part}.{name}"] = tensor
    for name, parameter in training.network.named_parameters():
        state = training.optimiser.state.get(parameter, {})
        for moment, key in _MOMENTS.items():
            if key in state:
                tensors[f"{moment}.{name}"] = state[key]
    facts = {
        "step": training.step,
        "lessons": training.lessons,
        "minutes": training.minutes,
        "best": training.best,
        "settings": settings,
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save(tensors, {"training": json.dumps(facts, sort_keys=True)}))


def load_training(path: Path, training: Training, settings: Mapping[str, object]) -> None:
    """Put a training into the state that was saved.

    Raises:
        ValueError: It was saved under other settings.
        OSError: There is no such file.
    """
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["training"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    if facts["settings"] != dict(settings):
        raise ValueError(f"{path} was trained with {facts['settings']}, not {dict(settings)}")
    for part in ("network", "average"):
        weights = {
            name.removeprefix(f"{part}."): tensor
            for name, tensor in tensors.items()
            if name.startswith(f"{part}.")
        }
        getattr(training, part).load_state_dict(weights)
    for name, parameter in training.network.named_parameters():
        if f"first.{name}" in tensors:
            training.optimiser.state[parameter] = {
                "step": torch.tensor(float(facts["lessons"])),
                **{
                    key: tensors[f"{moment}.{name}"].to(parameter.device)
                    for moment, key in _MOMENTS.items()
                },
            }
    for name in ("step", "lessons", "minutes", "best"):
        setattr(training, name, facts[name])
