"""Downloads from a real server of our own that can be told to misbehave."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.domain.errors import Cancelled, LensmithError
from core.store.download import announced_sha256, fetch
from tests.unit.store.helpers import posix_only, start_child

CONTENT = bytes(range(256)) * 8000  # 2 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    content = CONTENT
    etag = '"1"'
    break_after: int | None = None  # bytes of an answer after which the connection is cut
    breaks = 0  # how many more answers are cut
    ranges = True
    lie_about_ranges = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []  # the Range of every request
        self.url = f"http://127.0.0.1:{self.server_port}/weights.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        """Like Hugging Face: the hash comes with the redirect, the storage behind it knows nothing of it."""
        self.send_response(302 if self.path == "/redirected.bin" else 200)
        if self.path == "/redirected.bin":
            self.send_header("Location", self.server.url)
            self.send_header("X-Linked-ETag", f'"{SHA256}"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers["Range"]
        server.asked.append(wanted)
        if self.path != "/weights.bin":
            self.send_error(404)
            return
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if not server.ranges or self.headers["If-Range"] not in (None, server.etag):
            begin = 0
        if begin >= len(server.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.content)}")
            self.end_headers()
            return
        body = server.content[begin:]
        self.send_response(206 if begin else 200)
        shown = 0 if server.lie_about_ranges else begin
        if begin:
            self.send_header("Content-Range", f"bytes {shown}-{len(server.content) - 1}/{len(server.content)}")
        self.send_header("Content-Length", str(len(body)))
        if server.etag:
            self.send_header("ETag", server.etag)
        self.end_headers()
        if server.break_after is not None and server.breaks > 0:
            server.breaks -= 1
            body = body[: server.break_after]
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server():
    with serving() as running:
        yield running


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_that_a_file_arrives_whole_with_progress_and_nothing_else_stays(server, tmp_path):
    seen = []
    target = tmp_path / "new" / "weights.bin"
    assert fetch(server.url, target, SHA256, lambda done, total, _: seen.append((done, total))) == target
    assert target.read_bytes() == CONTENT
    assert names(target.parent) == ["weights.bin"]
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_that_a_broken_connection_is_resumed_by_itself(server, tmp_path):
    server.break_after, server.breaks = 700_000, 2
    fetch(server.url, tmp_path / "w", SHA256)
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=700000-", "bytes=1400000-"]


def test_that_a_cancelled_download_goes_on_where_it_was(server, tmp_path):
    def cancel(done, total, what):
        if done > 500_000:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(server.url, tmp_path / "w", SHA256, cancel)
    have = (tmp_path / "w.part").stat().st_size
    assert have > 500_000
    assert not (tmp_path / "w").exists()
    seen = []
    fetch(server.url, tmp_path / "w", SHA256, lambda done, total, _: seen.append(done))
    assert server.asked == [None, f"bytes={have}-"]
    assert seen[0] == have
    assert (tmp_path / "w").read_bytes() == CONTENT


@posix_only
def test_that_a_killed_download_goes_on_where_it_was(server, tmp_path):
    script = """
import os, sys
from pathlib import Path
from core.store.download import announced_sha256, fetch
fetch(sys.argv[1], Path(sys.argv[2]), progress=lambda done, *_: done > 1_000_000 and os._exit(9))
"""
    with start_child(script, server.url, tmp_path / "w") as child:
        child.communicate(timeout=60)
    assert child.returncode == 9
    fetch(server.url, tmp_path / "w", SHA256)
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert server.asked[1] is not None


def test_that_a_connection_that_keeps_breaking_is_told_and_what_arrived_is_kept(server, tmp_path):
    server.break_after, server.breaks = 1000, 3
    with pytest.raises(LensmithError, match="could not be fetched") as failure:
        fetch(server.url, tmp_path / "w", SHA256)
    assert "what has arrived is kept" in failure.value.remedy
    assert (tmp_path / "w.part").read_bytes() == CONTENT[:3000]
    fetch(server.url, tmp_path / "w", SHA256)
    assert names(tmp_path) == ["w"]


def test_that_wrong_bytes_are_refused_and_the_earlier_file_stays(server, tmp_path):
    (tmp_path / "w").write_bytes(b"earlier")
    with pytest.raises(LensmithError, match="other bytes than expected"):
        fetch(server.url, tmp_path / "w", "0" * 64)
    assert (tmp_path / "w").read_bytes() == b"earlier"
    assert names(tmp_path) == ["w"]


@pytest.mark.parametrize("change", ["etag", "no etag", "no ranges", "lie"])
def test_that_parts_of_different_files_are_never_joined(server, tmp_path, change):
    server.break_after, server.breaks = 1000, 3
    if change == "no etag":
        server.etag = ""
    with pytest.raises(LensmithError):
        fetch(server.url, tmp_path / "w")
    server.content = CONTENT[::-1]
    match change:
        case "etag":
            server.etag = '"2"'
        case "no ranges":
            server.ranges = False
        case "lie":
            server.lie_about_ranges = True
    fetch(server.url, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT[::-1]


def test_that_a_whole_part_whose_rename_was_missed_is_not_fetched_again(server, tmp_path):
    server.break_after, server.breaks = 1000, 3
    with pytest.raises(LensmithError):
        fetch(server.url, tmp_path / "w")
    (tmp_path / "w.part").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "w", SHA256)
    assert server.asked[-1] == f"bytes={len(CONTENT)}-"
    assert names(tmp_path) == ["w"]


def test_that_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    server.break_after, server.breaks = 1000, 3
    with pytest.raises(LensmithError):
        fetch(server.url, tmp_path / "w")
    (tmp_path / "w.part").write_bytes(CONTENT + b"more")
    fetch(server.url, tmp_path / "w", SHA256)
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_that_a_missing_file_is_told_at_once(server, tmp_path):
    with pytest.raises(LensmithError, match="answered 404"):
        fetch(server.url + ".absent", tmp_path / "w")
    assert len(server.asked) == 1
    assert names(tmp_path) == []


def test_that_no_network_is_told_with_a_way_out(tmp_path):
    with serving() as gone:
        url = gone.url
    with pytest.raises(LensmithError, match="could not be fetched") as failure:
        fetch(url, tmp_path / "w")
    assert "Offline, bring the file on a disk and import it." in failure.value.remedy


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/w", "weights.bin", ""])
def test_that_only_web_addresses_are_fetched(tmp_path, url):
    with pytest.raises(LensmithError, match="is not a web address"):
        fetch(url, tmp_path / "w")


@posix_only
def test_that_a_full_disk_stops_the_download_in_words(server, tmp_path):
    script = """
import resource, sys
from pathlib import Path
from core.store.download import announced_sha256, fetch
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
fetch(sys.argv[1], Path(sys.argv[2]))
"""
    with start_child(script, server.url, tmp_path / "w") as child:
        _, errors = child.communicate(timeout=60)
    assert "The disk is full" in errors
    fetch(server.url, tmp_path / "w", SHA256)
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_that_a_hash_announced_with_a_redirect_is_known_before_the_download(server):
    assert announced_sha256(server.url.replace("weights.bin", "redirected.bin")) == SHA256
    assert announced_sha256(server.url) is None
    assert server.asked == []


def test_that_no_announced_hash_is_no_error_without_a_network():
    assert announced_sha256("http://127.0.0.1:9/nothing.bin") is None
