"""The process that renders a user's template for `limited`: takes work on stdin, answers on stdout.

One JSON object a line. First the work; then a request for each template (`need`) and its answer; at last
the text, or an error. Nothing of the template is looked at before the limits are set, and from then on
no file can be opened.
"""

import json
import sys
from collections import namedtuple
from contextlib import suppress
from typing import Any

from renewctl.views import documents

_MEMORY = json.dumps({"error": "too-large", "what": "needs more memory than a page may take"}) + "\n"


class _Refused(Exception):
    """The other side would not give a template; holds its answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__()
        self.answer = answer


class _TooMuch(Exception):
    """The page grew past its bound."""


def main() -> None:
    """Render the one page asked for and say how it went."""
    work = json.loads(sys.stdin.buffer.readline())
    _prepare()
    limit(**work["limits"])
    last = _MEMORY
    with suppress(MemoryError):  # its frames, and what they hold, are gone before anything is written
        last = json.dumps(_answer(work)) + "\n"
    sys.stdout.write(last)
    sys.stdout.flush()


def _prepare() -> None:
    """Import what rendering imports late: from here on no file opens."""
    import pprint  # noqa: F401 - a filter's
    import random  # noqa: F401 - lipsum's
    import textwrap  # noqa: F401 - a filter's
    import traceback  # noqa: F401 - of the interpreter, where an error has a cause
    import urllib.parse  # noqa: F401 - a filter's

    import jinja2.constants
    import jinja2.debug
    import jinja2.sandbox  # noqa: F401 - compiled templates and the environment use both

    "".encode("unicode-escape").decode("unicode-escape")  # codecs of string literals


def limit(seconds: int, cpu_seconds: int, memory: int, output: int) -> None:
    """Take from this process, for good, whatever a page does not need. Nothing where the system cannot."""
    del output  # counted while it is made
    try:
        import resource
    except ImportError:  # Windows: the parent's clock has to do
        return
    import signal

    signal.alarm(seconds + 1)  # should the parent be gone by then
    bounds = {
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_NPROC": (0, 0),
        "RLIMIT_CPU": (cpu_seconds, cpu_seconds + 1),
        "RLIMIT_AS": (memory, memory),
        "RLIMIT_NOFILE": (0, 0),
    }
    for name, bound in bounds.items():
        with suppress(AttributeError, ValueError, OSError):  # not every system has or keeps every limit
            resource.setrlimit(getattr(resource, name), bound)


def _answer(work: dict[str, Any]) -> dict[str, Any]:
    """The page's text, or what went wrong with which template."""
    import jinja2

    name = work["name"]
    environment = documents.environment(work["form"], jinja2.FunctionLoader(_ask))
    try:
        page = documents.prepared(_unpacked(work["page"]), work["form"])
        template = environment.get_template(name)
        return {"text": _bounded(template, page, work["lang"], work["limits"]["output"])}
    except _Refused as error:
        return error.answer
    except _TooMuch:
        return {"error": "too-large", "name": name, "what": "writes more text than a page may have"}
    except jinja2.TemplateNotFound as error:
        return {"error": "missing", "what": documents.tidy(str(error.name))}
    except jinja2.TemplateSyntaxError as error:
        return {"error": "failed", **_told(error.name or name, error.lineno, error)}
    except RecursionError as error:
        place = documents.place(error, name)
        return {"error": "failed", **_told(*place, "calls or includes itself without an end")}
    except MemoryError:
        raise
    except Exception as error:  # whatever a template's own expressions raise
        return {"error": "failed", **_told(*documents.place(error, name), error)}


def _bounded(template: Any, page: Any, lang: str, most: int) -> str:
    """The text a template makes, piece by piece; past `most` characters it is stopped."""
    pieces: list[str] = []
    size = 0
    for piece in template.generate(page=page, lang=lang):
        size += len(piece)
        if size > most:
            raise _TooMuch
        pieces.append(piece)
    return documents.encodable("".join(pieces))


def _told(name: str, line: int, error: object) -> dict[str, str]:
    where = f"{name}, line {line}" if line else name
    return {"name": documents.tidy(where), "what": documents.tidy(str(error)[:1000])[:300]}


def _ask(name: str) -> tuple[str, str, Any] | None:
    """A template's source from the other side of the pipe; None where there is none."""
    sys.stdout.write(json.dumps({"need": name[:1000]}) + "\n")
    sys.stdout.flush()
    answer = json.loads(sys.stdin.buffer.readline())
    if "missing" in answer:
        return None
    if "refused" in answer:
        raise _Refused(answer)
    return answer["text"], answer["name"], None


def _unpacked(value: Any) -> Any:
    """What `limited.packed` took apart, as named tuples again."""
    if not isinstance(value, list):
        return value
    fields, values = value
    parts = [_unpacked(part) for part in values]
    return tuple(parts) if fields is None else namedtuple("Part", fields)(*parts)
