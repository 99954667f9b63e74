"""Sending a message to a chat's webhook: over https, once, to the address that was given and nowhere else.

The address holds a secret, so it comes from the environment, and nothing that is said of it names more than
its host.
"""

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from renewctl.errors import InputRefused, UsageError

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

VARIABLE = "RENEWCTL_WEBHOOK"
SECONDS = 10.0
_LONGEST = 4096
_ANSWER = 1024  # bytes of an answer that are read


class Webhook(NamedTuple):
    """Where messages go. `host` is what may be said of it."""

    url: str
    host: str
    loopback: bool


def webhook() -> Webhook:
    """The address in RENEWCTL_WEBHOOK. UsageError where there is none, InputRefused where it is unfit."""
    from urllib.parse import urlsplit

    url = os.environ.get(VARIABLE, "").strip()
    if not url:
        raise UsageError(
            "webhook-missing",
            f"{VARIABLE} names no address to post to",
            f"export {VARIABLE}=https://… (it holds a secret: never on the command line)",
        )
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise _unfit("is no address")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _unfit("is no address") from None
    if not host or parts.scheme not in ("https", "http"):
        raise _unfit("is no https address")
    if "@" in parts.netloc:
        raise _unfit("has a name or password before its host")
    loopback = _is_loopback(host)
    if parts.scheme != "https" and not loopback:
        raise _unfit("is not https: what is posted would be open to read on its way")
    return Webhook(url, f"{host}:{port}" if port else host, loopback)


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unfit(why: str) -> InputRefused:
    return InputRefused(
        "webhook-refused",
        f"the address in {VARIABLE} {why}",
        "use the https address your chat gives out; http only to this machine",
    )


def payload(text: str) -> str:
    """The message as it is sent: JSON with one key, in ASCII."""
    return json.dumps({"text": text})


def post(to: Webhook, text: str, seconds: float = SECONDS) -> int:
    """Send a message; the status of the answer, 200 to 299. InputRefused (exit 10) where it was not taken.

    Redirects are not followed: an address that moved is for a person to look at.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request

    request = Request(  # noqa: S310 - webhook() lets https, and http to this machine, through
        to.url,
        data=payload(text).encode("ascii"),
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "renewctl"},
        method="POST",
    )
    try:
        with _opener(to).open(request, timeout=seconds) as answer:
            answer.read(_ANSWER)
            return int(answer.status)
    except HTTPError as error:
        status = error.code
        error.close()
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(to, _reason(error)) from None  # its own text may hold the address
    if 300 <= status < 400:
        raise _failed(to, f"it answered {status} and would send the message elsewhere")
    raise _failed(to, f"it answered {status}")


def _opener(to: Webhook) -> "OpenerDirector":
    from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    return build_opener(Stay, *([ProxyHandler({})] if to.loopback else []))


def _reason(error: Exception) -> str:
    """What went wrong, in words that cannot hold the address."""
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return "it did not answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return f"the exchange broke off ({type(cause).__name__})"


def _failed(to: Webhook, why: str) -> InputRefused:
    return InputRefused(
        "webhook-failed",
        f"{to.host} did not take the message: {why}",
        f"check the address in {VARIABLE}, and whether this machine reaches it",
    )
