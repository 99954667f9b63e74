"""A user's own templates, rendered where they can do no harm: in a child process that is limited.

The sandbox of the template language bounds neither time nor memory, so a page that a user's template has a
part in is rendered by `limited_child` in a process of its own: bare environment, no files, bounded seconds,
memory and output. It asks for templates through its pipe; this side reads them, out of the user's folder and
the shipped one and nowhere else. Where the system has no resource limits (Windows) the clock on the wall
and the bound on what comes back still hold.
"""

import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from renewctl.errors import RenderError

if TYPE_CHECKING:
    import subprocess

LARGEST_TEMPLATE = 1 << 20  # bytes of one template file
_MOST_TEMPLATES = 1000  # asked for while one page is made
_START = "import sys; sys.path[:] = {!r}; from renewctl.views.limited_child import main; main()"


class Limits(NamedTuple):
    """What rendering one page may take."""

    seconds: int = 10  # on the wall
    cpu_seconds: int = 5
    memory: int = 512 << 20  # bytes of address space
    output: int = 8 << 20  # characters of the page


class Job(NamedTuple):
    """One page to be rendered."""

    name: str  # of the template, such as `en/value.md.j2`
    form: str
    lang: str
    page: Any  # NamedTuples, tuples, str, int, None
    folder: Path  # the user's templates
    shipped: Path


def render_limited(job: Job, limits: Limits | None = None) -> str:
    """The page as text, as `documents.render` would give it in this process.

    RenderError (exit 15) names the template: `template-too-long` past its time, `template-too-large` past its
    memory, output or size, `template-missing`, `template-outside` for a link that leaves its folder, and
    `template-failed` for whatever the template itself does wrong.
    """
    import threading

    limits = limits or Limits()
    late = threading.Event()
    with _started(job) as child:

        def stop() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limits.seconds, stop)
        timer.start()
        try:
            answer = _converse(child, job, limits)
        except BrokenPipeError:
            answer = None
        finally:
            timer.cancel()
            child.kill()  # it has said what it had to say
            with suppress(OSError):  # what it did not read is still waiting, and closing sends it
                child.stdin.close()  # type: ignore[union-attr]
            code = child.wait()
    if answer is None or late.is_set():
        raise _died(job, code, late.is_set(), limits)
    return _result(answer, job, limits)


def _started(job: Job) -> "subprocess.Popen[bytes]":
    """The child, waiting for its work."""
    import subprocess

    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd=job.shipped,
        )
    except OSError as error:
        raise RenderError(
            "template-failed",
            f"{job.name}: no process can be started to render it: {error.strerror}",
            "close other programs, or leave out --templates",
        ) from error


def _command() -> list[str]:
    """The child's interpreter, isolated from environment, user site and current folder."""
    package = str(Path(__file__).resolve().parents[2])
    bytecode = ["-B"] if sys.dont_write_bytecode else []
    return [sys.executable, "-I", "-S", *bytecode, "-c", _START.format([package, *filter(None, sys.path)])]


def _environment() -> dict[str, str]:
    """Nothing of the user's: no password in a variable can be told by a template. Windows needs its root."""
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


def _converse(child: "subprocess.Popen[bytes]", job: Job, limits: Limits) -> dict[str, Any] | None:
    """Give the child its work and the templates it asks for; its last word, None where it had none."""
    given, told = child.stdin, child.stdout
    if given is None or told is None:  # both are pipes
        return None
    work = {"name": job.name, "form": job.form, "lang": job.lang, "page": packed(job.page)}
    _send(given, {**work, "limits": limits._asdict()})
    most = limits.output * 12 + 4096  # a character is at most two escapes of six letters
    for _ in range(_MOST_TEMPLATES):
        line = told.readline(most)
        if not line.endswith(b"\n"):
            return None
        message: dict[str, Any] = json.loads(line)
        if "need" not in message:
            return message
        _send(given, _source(str(message["need"]), job))
    return {"error": "too-large", "name": job.name, "what": f"asks for more than {_MOST_TEMPLATES} templates"}


def _send(pipe: IO[bytes], message: dict[str, Any]) -> None:
    pipe.write(json.dumps(message).encode() + b"\n")
    pipe.flush()


def packed(value: Any) -> Any:
    """A page as JSON can hold it; a tuple becomes its fields (None where it has no names) and its values.

    Raises TypeError for anything but str, int, None and tuples of such.
    """
    if isinstance(value, tuple):
        return [getattr(value, "_fields", None), [packed(part) for part in value]]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"a page holds plain values, not {type(value).__name__}")


def _source(name: str, job: Job) -> dict[str, Any]:
    """What a template is called and holds, or why it cannot be had; the own folder comes first."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or set(part) & set("\\:\0") for part in parts):
        return {"missing": name}
    try:
        own = _read(job.folder, parts)
        if own is None:
            own = _read(job.shipped, parts[1:] if parts[0] == "shipped" else parts)
    except RenderError as error:
        return {"refused": [error.code, error.message, error.hint]}
    return {"missing": name} if own is None else {"name": name, "text": own}


def _read(root: Path, parts: list[str]) -> str | None:
    """The text of a template file, None where there is none."""
    name = "/".join(parts)
    try:
        file = root.joinpath(*parts).resolve(strict=True)
        if not file.is_file():
            return None
        if not file.is_relative_to(root.resolve()):
            raise RenderError(
                "template-outside",
                f"{name}: is a link to a file outside the templates folder",
                "put a copy of the file there",
            )
        with open(file, "rb", opener=_opener) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return None
            data = stream.read(LARGEST_TEMPLATE + 1)
    except (OSError, ValueError, RuntimeError):
        return None
    if len(data) > LARGEST_TEMPLATE:
        raise RenderError(
            "template-too-large",
            f"{name}: larger than {LARGEST_TEMPLATE >> 10} KiB",
            "a template is a page or two of text; leave out --templates to use the shipped one",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RenderError(
            "template-failed", f"{name}, line {line}: not UTF-8 text", "save the file as UTF-8"
        ) from error


def _opener(path: str, flags: int) -> int:
    """Open without following a link or waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _died(job: Job, code: int, late: bool, limits: Limits) -> RenderError:
    """Why a child ended without a word."""
    import signal

    stopped = {getattr(signal, name, None) for name in ("SIGXCPU", "SIGALRM")} - {None}
    if late or -code in stopped:
        return _too_long(job, limits)
    return RenderError(
        "template-failed",
        f"{job.name}: the process that renders it ended with {code}",
        "make the template simpler, or leave out --templates",
    )


def _too_long(job: Job, limits: Limits) -> RenderError:
    return RenderError(
        "template-too-long",
        f"{job.name}: not rendered within {limits.cpu_seconds} s of computing or {limits.seconds} s in all",
        "look for a loop without an end or a huge calculation in it, or leave out --templates",
    )


def _result(answer: dict[str, Any], job: Job, limits: Limits) -> str:
    """The child's text, or its complaint as an error."""
    if "text" in answer:
        text: str = answer["text"]
        return text
    if "refused" in answer:
        raise RenderError(*answer["refused"])
    name = str(answer.get("name", job.name))
    error = answer["error"]
    if error == "too-large":
        raise RenderError(
            "template-too-large",
            f"{name}: {answer['what']}",
            "look for repetition that multiplies text, or leave out --templates",
        )
    if error == "missing":
        raise RenderError(
            "template-missing", f"no template {answer['what']}", f"templates are in {job.shipped}"
        )
    raise RenderError(
        "template-failed", f"{name}: {answer['what']}", "mend the template, or leave out --templates"
    )
