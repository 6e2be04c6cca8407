import hashlib
import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from engine.weights import read_facts, read_weights
from plugin_host.errors import WeightsError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(save({"a": torch.arange(3.0)}, {"training": json.dumps({"commit": "c0ffee"})}))
    return path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_when_weights_are_the_declared_ones_then_they_are_read_with_their_facts(file):
    assert torch.equal(read_weights(file, sha256(file))["a"], torch.arange(3.0))
    assert read_facts(file) == {"commit": "c0ffee"}


def test_when_a_byte_of_the_weights_differs_then_they_are_refused(file):
    declared = sha256(file)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(WeightsError, match=f"sha256 is .*, should be {declared[:12]}.*install"):
        read_weights(file, declared)


def test_when_weights_are_missing_then_the_error_names_the_file(tmp_path):
    with pytest.raises(
        WeightsError, match=r"cannot read the weights .*nowhere.safetensors: No such"
    ):
        read_weights(tmp_path / "nowhere.safetensors", "0" * 64)
    with pytest.raises(WeightsError, match="tells nothing"):
        read_facts(tmp_path / "nowhere.safetensors")


@given(st.binary(max_size=64))
def test_when_a_file_is_anything_then_its_facts_are_refused_clearly(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "w.safetensors"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="tells nothing"):
        read_facts(path)
