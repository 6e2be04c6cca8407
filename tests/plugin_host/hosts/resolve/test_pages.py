import shlex
import sys

import pytest

from plugin_host.hosts.resolve import pages


@pytest.fixture(autouse=True)
def none_left():
    yield
    for process in pages._started:
        process.wait(20)
    pages._started.clear()


def program(folder, code):
    path = folder / "faceplate.py"
    path.write_text(code)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))}"


def test_when_the_page_says_where_it_is_then_that_is_returned(tmp_path, monkeypatch):
    code = "import sys; print('http://127.0.0.1:9/x#' + ' '.join(sys.argv[1:]), flush=True)"
    monkeypatch.setenv("FACEPLATE_ENGINE", program(tmp_path, code))
    assert pages.progress_page("ab") == "http://127.0.0.1:9/x#page --job ab"


def test_when_resolves_python_has_a_home_then_the_engines_does_not_hear_of_it(
    tmp_path, monkeypatch
):
    code = "import os; print('http://' + str('PYTHONHOME' in os.environ), flush=True)"
    monkeypatch.setenv("FACEPLATE_ENGINE", program(tmp_path, code))
    monkeypatch.setenv("PYTHONHOME", "/opt/resolve")
    assert pages.progress_page() == "http://False"


def test_when_the_page_does_not_start_then_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "ADDRESS_S", 0.3)
    monkeypatch.setenv("FACEPLATE_ENGINE", str(tmp_path / "nothing"))
    assert pages.progress_page() is None
    monkeypatch.setenv("FACEPLATE_ENGINE", program(tmp_path, "pass"))
    assert pages.progress_page() is None


def test_when_a_notice_is_written_then_it_shows_text_and_runs_nothing(tmp_path):
    address = pages.notice("Faceplate", ["a <script> & b"], str(tmp_path))
    assert address == f"file://{tmp_path}/resolve.html"
    assert "a &lt;script&gt; &amp; b" in (tmp_path / "resolve.html").read_text("utf-8")
