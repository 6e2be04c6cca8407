import json
import threading
import urllib.error
import urllib.request
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from engine.page import Engine, Page

JOB = "0" * 16


class Told:
    """An engine that says what it is told to say."""

    def __init__(self):
        self.cancelled = []
        self.closed = False

    def jobs(self):
        return {"report": {"jobs": [], "worker": "idle", "counts": {}}}

    def cancel(self, job):
        self.cancelled.append(job)
        return {"kept": 3}

    def close(self):
        self.closed = True


@pytest.fixture
def engine():
    return Told()


@pytest.fixture
def page(engine):
    shown = Page(engine)
    thread = threading.Thread(target=shown.serve, args=(3.0,))
    thread.start()
    yield shown
    shown._seen = 0.0
    thread.join(10)
    assert not thread.is_alive()
    assert engine.closed


def look(address, **how):
    with urllib.request.urlopen(urllib.request.Request(address, **how), timeout=10) as answer:
        return answer.read(), answer.headers


def asked(page, path, host=None, method="GET"):
    there = urlsplit(page.address)
    connection = HTTPConnection(there.hostname, there.port, timeout=10)
    connection.request(method, path, headers={"Host": host or there.netloc})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def test_when_a_browser_looks_then_it_gets_the_page_its_script_and_the_jobs(page, engine):
    html, headers = look(page.address)
    assert b"<title>Faceplate</title>" in html
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    for name, kind in (("page.js", "text/javascript"), ("page.css", "text/css")):
        assert look(page.address + name)[1]["Content-Type"].startswith(kind)
    assert json.loads(look(page.address + "jobs")[0]) == engine.jobs()


def test_when_a_job_is_cancelled_then_the_engine_hears_it_once(page, engine):
    answer, _ = look(page.address + f"cancel/{JOB}", method="POST")
    assert json.loads(answer) == {"kept": 3}
    assert engine.cancelled == [JOB]
    with pytest.raises(urllib.error.HTTPError):  # a link, a picture or a prefetch cancels nothing
        look(page.address + f"cancel/{JOB}")
    assert engine.cancelled == [JOB]


@pytest.mark.parametrize(
    "path", ["/", "/jobs", "/" + "0" * 32 + "/jobs", "//etc/passwd", "/favicon.ico"]
)
def test_when_the_secret_is_not_known_then_there_is_nothing(page, path):
    assert asked(page, path) == 404
    assert asked(page, path, method="POST") == 404


@pytest.mark.parametrize(
    "name", ["../__init__.py", "__init__.py", "index.html", "cancel", "cancel/a/b"]
)
def test_when_something_else_is_asked_for_then_there_is_nothing(page, name):
    path = urlsplit(page.address).path + name
    assert asked(page, path) == 404
    assert asked(page, path, method="POST") == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "127.0.0.1"])
def test_when_another_site_s_name_leads_here_then_it_learns_nothing(page, host):
    path = urlsplit(page.address).path
    assert asked(page, path, host) == 404
    assert asked(page, path + f"cancel/{JOB}", host, "POST") == 404


def test_when_two_pages_are_made_then_their_addresses_cannot_be_guessed(engine):
    pages = [Page(engine) for _ in range(2)]
    addresses = {page.address for page in pages}
    assert len(addresses) == 2
    for page in pages:
        page.serve(0.0)
    for address in addresses:
        assert address.startswith("http://127.0.0.1:")
        assert len(urlsplit(address).path) == 34


def test_when_nobody_looks_then_the_page_ends(engine):
    Page(engine).serve(0.0)
    assert engine.closed


def test_when_there_is_no_engine_then_the_page_says_why(tmp_path):
    engine = Engine(str(tmp_path / "none.json"))
    assert "error" in engine.jobs()
    assert "error" in engine.cancel(JOB)
    engine.close()
