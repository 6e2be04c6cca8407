from typing import Any

from opentimelineio.core import SerializableObject

def read_from_string(
    input_str: str, adapter_name: str = ..., media_linker_name: str = ..., **argument_map: Any
) -> SerializableObject: ...
def read_from_file(
    filepath: str, adapter_name: str = ..., media_linker_name: str = ..., **argument_map: Any
) -> SerializableObject: ...
def write_to_string(
    input_otio: SerializableObject, adapter_name: str = ..., **argument_map: Any
) -> str: ...
def write_to_file(
    input_otio: SerializableObject, filepath: str, adapter_name: str = ..., **argument_map: Any
) -> bool: ...
