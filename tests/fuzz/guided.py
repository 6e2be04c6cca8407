"""One target under atheris, which watches what its inputs reach.

python -m tests.fuzz.guided TARGET OPTIONS-OF-LIBFUZZER FOLDER...
"""

from __future__ import annotations

import sys

import atheris


def main() -> None:
    with atheris.instrument_imports(include=["plugin_host", "engine"]):
        from tests.fuzz.targets import TARGETS, replay  # noqa: PLC0415 - they load watched

    name = sys.argv.pop(1)
    assert name in TARGETS
    atheris.Setup(sys.argv, lambda data: replay(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
