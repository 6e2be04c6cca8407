"""The conventions that no other tool holds."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from engine.__main__ import EXIT_CODES, _parser
from engine.restorers import DEFAULT, TABLE, build_restorer
from plugin_host import errors
from plugin_host.protocol import VERSION

ROOT = Path(__file__).parents[1]
PACKAGES = ("plugin_host", "engine", "training", "bench", "resolve_scripts")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MODULE_LINES = 300
FUNCTION_LINES = 50
VAGUE = {"utils", "common", "helpers", "lib", "types", "manager"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_when_a_module_is_read_then_it_ends_before_the_ceiling(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < FUNCTION_LINES, node.name


def test_when_modules_are_named_then_the_name_says_something():
    assert not [path for path in SOURCES if path.stem in VAGUE]


def test_when_tests_are_named_then_they_are_sentences():
    for path in TESTS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert re.match(r"test_when_\w+_then_\w+$", node.name), f"{path.name}: {node.name}"


@pytest.mark.parametrize("package", ["plugin_host", "engine"])
def test_when_each_module_is_imported_alone_then_it_loads(package):
    names = [name_of(path) for path in SOURCES if name_of(path).split(".")[0] == package]
    names.remove(f"{package}.__main__") if f"{package}.__main__" in names else None
    code = (
        "import sys, importlib\n"
        "for name in sys.argv[1:]:\n"
        "    package = name.split('.')[0]\n"
        "    [sys.modules.pop(n) for n in list(sys.modules) if n.split('.')[0] == package]\n"
        "    importlib.import_module(name)\n"
    )
    run(code, *names)


def test_when_plugin_host_is_imported_then_only_the_standard_library_is_loaded():
    names = [name_of(path) for path in SOURCES if name_of(path).startswith("plugin_host.")]
    code = (
        "import sys, importlib\n"
        "[importlib.import_module(name) for name in sys.argv[1:]]\n"
        "roots = {name.split('.')[0] for name in sys.modules}\n"
        "foreign = roots - set(sys.stdlib_module_names) - {'plugin_host', '__main__'}\n"
        "assert not {n for n in foreign if not n.startswith('_')}, foreign\n"
    )
    run(code, *names, flags=["-S"])  # without site-packages, as in a host


def run(code, *args, flags=()):
    command = [sys.executable, *flags, "-c", code, *args]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_when_the_protocol_changes_then_its_document_says_the_same_version():
    text = (ROOT / "plugin_host" / "PROTOCOL.md").read_text("utf-8")
    assert re.search(rf"^\s*Version:\s+{VERSION.decode()}$", text, re.MULTILINE)
    for path in (ROOT / "tests" / "vectors" / "protocol").glob("*.json"):
        assert VERSION.hex() in path.read_text("utf-8")
    header = (ROOT / "ofx_bridge" / "src" / "base" / "protocol.h").read_text("utf-8")
    assert f'kVersion = "{VERSION.decode()}"' in header


def test_when_the_plugin_names_an_error_then_it_is_of_the_tree():
    header = (ROOT / "ofx_bridge" / "src" / "base" / "errors.h").read_text("utf-8")
    codes = re.findall(r'inline constexpr char k\w+\[\] = "(.+)";', header)
    assert set(codes) <= set(errors.every_error())
    assert len(codes) > 10


def test_when_errors_are_drawn_then_the_tree_is_the_code():
    drawn = dict(
        re.findall(r"(\w+)\s+([a-z]+(?:\.[a-z_]+)*)(?:\s{2,}.*)?$", errors.__doc__, re.MULTILINE)
    )
    written = {cls.__name__: code for code, cls in errors.every_error().items()}
    assert {name: code for name, code in drawn.items() if name in written} == written


def test_when_an_error_has_a_code_then_no_other_has_it_and_its_parent_begins_it():
    every = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.FaceplateError)
    ]
    codes = [cls.code for cls in every]
    assert len(set(codes)) == len(codes)
    for cls in every:
        parent = cls.__mro__[1]
        if parent not in {errors.FaceplateError, Exception}:
            assert cls.code.startswith(parent.code + ".")


def test_when_any_error_ends_a_command_then_there_is_an_exit_code():
    for cls in errors.every_error().values():
        if cls is not errors.FaceplateError:
            assert any(issubclass(cls, known) for known, _ in EXIT_CODES), cls


def test_when_a_restorer_is_in_the_table_then_it_names_licence_source_and_weights():
    assert DEFAULT in TABLE
    for name in TABLE:
        info = build_restorer(name).info
        assert info.name == name
        assert info.licence
        assert info.source
        assert re.match(r"([0-9a-f]{64})?$", info.weights)


def test_when_a_module_is_added_then_the_architecture_has_a_line_for_it():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    known = set(re.findall(r"`([\w/]+)`", text))
    stems = {part for name in known for part in name.split("/")}
    missing = {
        path.stem
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in {"engine", "plugin_host"}
        if path.parts[-2] in {"engine", "plugin_host", "faces", "frame_io"}
        if path.stem not in stems | {"__init__"}
    }
    assert not missing


@pytest.mark.parametrize(
    "page", ["README.md", "docs/command_line.md", "docs/client.md", "docs/farm.md", "docs/nuke.md"]
)
def test_when_a_page_names_a_file_then_it_is_there(page):
    text = (ROOT / page).read_text("utf-8")
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert ((ROOT / page).parent / link).exists(), link


def test_when_the_readme_shows_a_command_then_it_is_understood():
    text = (ROOT / "README.md").read_text("utf-8")
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.split("\n")
    ]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    seen = set()
    for line in lines:
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            assert words[1] in targets
        elif words[:1] == ["faceplate"]:
            _parser().parse_args(words[1:])
        elif words:
            assert words[0] == ".", line
        seen.update(words[:1])
    assert {"make", "faceplate"} <= seen


def test_when_the_client_page_shows_a_script_then_it_compiles_and_its_names_exist():
    text = (ROOT / "docs" / "client.md").read_text("utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    tree = ast.parse(script, feature_version=(3, 7))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names)


def test_when_versions_are_pinned_then_every_dependency_is():
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text("utf-8").split()
    }
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (block,) = re.findall(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    named = {re.match(r"[\w-]+", name).group().lower() for name in re.findall(r'"([^"]+)"', block)}
    assert named <= pinned


def test_when_vectors_are_read_then_each_has_an_id_of_its_own():
    ids = [
        test["id"]
        for path in (ROOT / "tests" / "vectors" / "protocol").glob("*.json")
        for test in json.loads(path.read_text("utf-8"))["tests"]
    ]
    assert len(ids) >= 60
    assert len(set(ids)) == len(ids)
