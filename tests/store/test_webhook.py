"""Posting to a webhook: held against a real server on this machine."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from renewctl.errors import InputRefused, UsageError
from renewctl.store import webhook
from renewctl.views.terminal import traceback_text

HOOK = "/services/T0/S3CRET"
PLAIN = "http" + "://"


class Heard:
    """What a server was sent."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], Any]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"{PLAIN}127.0.0.1:{self.port}{HOOK}"


Answer = Callable[[BaseHTTPRequestHandler], None]


def say(status: int, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(b"ok" * 5000)

    return answer


@contextmanager
def server(answer: Answer) -> Iterator[Heard]:
    """A server on this machine that answers every request so, in a thread of its own."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.calls.append((self.path, dict(self.headers), body))
            answer(self)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(5)


def named(monkeypatch: pytest.MonkeyPatch, url: str) -> webhook.Webhook:
    monkeypatch.setenv("RENEWCTL_WEBHOOK", url)
    return webhook.webhook()


def test_a_message_arrives_as_json_with_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """DSH: posted once, to the address given."""
    text = "Olá – “42” <&> \u2028\n"
    with server(say(200)) as heard:
        assert webhook.post(named(monkeypatch, heard.url), text) == 200
    [(path, headers, body)] = heard.calls
    assert path == HOOK
    assert json.loads(body) == {"text": text}
    assert body.isascii()
    assert headers["Content-Type"].startswith("application/json")
    assert headers["User-Agent"] == "renewctl"
    assert "Authorization" not in headers


def test_a_message_is_taken_without_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(say(204)) as heard:
        assert webhook.post(named(monkeypatch, heard.url), "x") == 204


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """The message is for the address that was given and nobody else."""
    with server(say(200)) as elsewhere, server(say(status, Location=elsewhere.url)) as heard:
        to = named(monkeypatch, heard.url)
        with pytest.raises(InputRefused, match=f"answered {status} and would send the message elsewhere"):
            webhook.post(to, "x")
    assert len(heard.calls) == 1
    assert elsewhere.calls == []


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_a_refusal_is_told_with_its_status(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with server(say(status)) as heard:
        to = named(monkeypatch, heard.url)
        with pytest.raises(InputRefused, match=f"answered {status}$") as told:
            webhook.post(to, "x")
    assert told.value.exit_code == 10
    assert "S3CRET" not in told.value.message + told.value.hint


def _hangs(_: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(1)


def _nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"what?\r\n\r\n")


def _nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [(_hangs, "did not answer in time"), (_nonsense, "broke off"), (_nothing, "broke off")],
)
def test_silence_and_nonsense_are_told_without_the_address(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, why: str
) -> None:
    with server(answer) as heard:
        to = named(monkeypatch, heard.url)
        with pytest.raises(InputRefused, match=why) as told:
            webhook.post(to, "x", seconds=0.3)
    assert "S3CRET" not in told.value.message
    assert f"127.0.0.1:{heard.port}" in told.value.message


def test_no_traceback_holds_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even with --debug."""
    with server(say(200)) as heard:
        url = heard.url
    to = named(monkeypatch, url)  # nobody listens there any more
    told = ""

    def posted() -> None:
        nonlocal told
        try:
            webhook.post(to, "x")
        finally:
            told = traceback_text()

    with pytest.raises(InputRefused, match=r"(?i)refused"):
        posted()
    assert "InputRefused" in told
    assert "S3CRET" not in told


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/x", "is not https"),
        ("http://127.0.0.1.evil.example/x", "is not https"),
        (PLAIN + "169.254.169.254/x", "is not https"),
        ("https:" + "//ana:pw@hooks.example.com/x", "has a name or password"),
        ("ftp://hooks.example.com/x", "is no https address"),
        ("file:///etc/passwd", "is no https address"),
        ("hooks.example.com/x", "is no https address"),
        ("https:///x", "is no https address"),
        ("https://[::1/x", "is no address"),
        ("https://hooks.example.com:port/x", "is no address"),
        ("https://hooks.example.com/x y", "is no address"),
        ("https://hooks.example.com/x\nHost: evil.example", "is no address"),
        ("https://höoks.example.com/x", "is no address"),
        ("https://hooks.example.com/" + "x" * 5000, "is no address"),
    ],
)
def test_an_address_that_could_leak_what_is_posted_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    with pytest.raises(InputRefused, match=why) as told:
        named(monkeypatch, url)
    assert url not in told.value.message + told.value.hint


@pytest.mark.parametrize(
    ("url", "host", "loopback"),
    [
        ("https://hooks.example.com/services/x", "hooks.example.com", False),
        ("https://hooks.example.com:8443/x", "hooks.example.com:8443", False),
        (PLAIN + "localhost:8065/x", "localhost:8065", True),
        (PLAIN + "127.8.9.10/x", "127.8.9.10", True),
        ("http://[::1]:80/x", "::1:80", True),
        ("https:" + "//10.0.0.1/x", "10.0.0.1", False),
    ],
)
def test_of_an_address_only_the_host_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, loopback: bool
) -> None:
    found = named(monkeypatch, f"  {url}  ")
    assert (found.url, found.host, found.loopback) == (url, host, loopback)


def test_without_an_address_nothing_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RENEWCTL_WEBHOOK", raising=False)
    with pytest.raises(UsageError, match="RENEWCTL_WEBHOOK"):
        webhook.webhook()
    with pytest.raises(UsageError, match="RENEWCTL_WEBHOOK"):
        named(monkeypatch, "  ")


def test_a_proxy_is_never_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", PLAIN + "127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with server(say(200)) as heard:
        assert webhook.post(named(monkeypatch, heard.url), "x") == 200
    opener = webhook._opener(webhook.Webhook("https://hooks.example.com/x", "hooks.example.com", False))
    assert any(type(each).__name__ == "ProxyHandler" for each in opener.handlers)
