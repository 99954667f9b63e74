# ruff: noqa: E501 - tables of payloads
"""User templates that try to get out of the sandbox, at files, or at all the time and memory there is."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from renewctl.errors import RenderError
from renewctl.views.documents import templates_folder
from renewctl.views.limited import Job, Limits, render_limited
from tests.processes import ROOT

SMALL = Limits(seconds=8, cpu_seconds=1, memory=256 << 20, output=1 << 20)
CANARY = "canary-in-a-file-outside"
VARIABLE = "canary-in-a-variable"
NAME = "en/value.md.j2"


class Template(NamedTuple):
    """A hostile template; a `bomb` must end in an error, whatever it is."""

    family: str
    source: str
    bomb: bool = False


class Page(NamedTuple):
    """What the templates are given."""

    customer: str
    items: tuple[str, ...]


PAGE = Page("Acme Ltd", ("one", "two"))
_ESCAPES = (
    "''.__class__.__mro__[1].__subclasses__()",
    "page.__class__.__init__.__globals__",
    "page._asdict()", "page._replace(customer='x')", "page._make([1, 2])", "page._fields",
    "page['__class__']", "page|attr('__class__')", "page|attr('__cla' ~ 'ss__')", "page|attr('\\x5f_class__')",
    "''|attr('format')|attr('__self__')", "'{0.__class__}'.format(page)", "'{0.__class__.__mro__}'.format('')",
    "'{x.__class__}'.format_map({'x': page})", "'{0.customer.__class__}'.format(page)",
    "('{0.__cla' ~ 'ss__}').format(page)", "page.customer.format.__globals__", "'%(x)s'|format(x=page.__class__)",
    "lipsum.__globals__", "lipsum.__globals__['os'].environ", "lipsum|attr('__globals__')",
    "cycler.__init__.__globals__.os.popen('id').read()", "joiner.__init__.__globals__",
    "namespace.__init__.__globals__", "range.__class__", "dict.__base__.__subclasses__()",
    "self.__init__.__globals__", "self._TemplateReference__context", "self|attr('_TemplateReference__context')",
    "config", "request", "get_flashed_messages.__globals__", "url_for.__globals__", "loop.__class__",
    "(page.items|map(attribute='__class__'))|list", "page.items|map('attr', '__class__')|list",
    "page.items|groupby('__class__')|list", "page.items|sort(attribute='__class__.__mro__')",
    "[page]|sum(attribute='__class__')", "page.items|selectattr('__class__')|list",
    "[].append.__self__.__class__", "{}.update.__objclass__", "(1).__class__", "true.__class__.__base__",
    "('x' for x in y).gi_frame", "caller.__globals__", "varargs.__class__", "page.customer.encode.__self__.__class__",
    "undefined.__class__", "page.nothing.__class__", "''.join.__func__.__code__", "cycler('a').next.__func__",
)  # fmt: skip
_FILES = (
    "../secret.txt", "/etc/passwd", "..\\secret.txt", "en/../../secret.txt", "shipped/../../pyproject.toml",
    "shipped//etc/passwd", "en/link.j2", "en/folder.j2", "en/pipe.j2", "file:///etc/passwd", "en/./../../secret.txt",
    "shipped/../secret.txt", "C:\\\\secret.txt", "en/value.md.j2\\0.txt", "base/../../secret.txt", "~/secret.txt",
    "en/zero.j2", "en/linked/secret.txt",
)  # fmt: skip
_LOOP = "{% for i in range(99999) %}"
_BOMBS = {
    "loops": (
        _LOOP * 3 + "{% endfor %}" * 3,
        _LOOP * 2 + "{{ i }}" + "{% endfor %}" * 2,
        _LOOP + "{{ lipsum(n=50, min=99, max=100) }}{% endfor %}",
        "{{ lipsum(n=100000000) }}",
        _LOOP + "{% set x = range(99999)|list %}{% endfor %}",
        "{% set c = cycler('a') %}" + _LOOP * 2 + "{% set x = c.next() %}" + "{% endfor %}" * 2,
        _LOOP + "{{ range(99999)|join }}{% endfor %}",
        _LOOP + "{% set x = range(99999)|sort(reverse=true) %}{% endfor %}",
        _LOOP + "{% for a, b in range(99999)|groupby('real') %}{% endfor %}{% endfor %}",
    ),
    "numbers": (
        "{{ 9 ** (9 ** 9) }}", "{{ (10 ** (10 ** 8)) % 7 }}", "{% set x = 7 ** (7 ** (7 ** 7)) %}", "{{ 3 ** (3 ** 18) // 7 }}",
        "{{ " + "9" * 10**5 + " }}", "{{ (2 ** 10000000)|string }}", "{{ " + "2 ** (" * 30 + "9" + ")" * 30 + " }}",
    ),
    "memory": (
        "{{ 'a' * 10 ** 9 }}", "{{ 'a' * 10 ** 12 }}", "{% set x = [0] * 10 ** 9 %}", "{% set x = (1,) * 10 ** 10 %}",
        "{{ 'x'.rjust(10 ** 9)|length }}", "{{ 'x'.center(10 ** 10) }}", "{{ '5'.zfill(10 ** 9)|upper }}",
        "{{ '%1000000000d' % 1 }}", "{{ '{:1000000000d}'.format(1) }}", "{{ '%*d'|format(1000000000, 1) }}",
        "{{ 'x'|center(10 ** 9) }}", "{{ ('a' * 10 ** 6)|replace('a', 'a' * 10 ** 6) }}",
        "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{{ ('a ' * 10 ** 8)|wordwrap(1) }}", "{{ ('x\\n' * 10 ** 7)|indent(1000) }}", "{{ 'a'.ljust(10**9)|list }}",
        "{{ [1]|batch(10 ** 10, 'x')|list }}", "{{ 'a,'.__mul__(10 ** 9) }}", "{{ ('a' * 10**8).encode() * 99 }}",
        "{{ 'a'.join('b' * 10 ** 9) }}", "{{ ('\\t' * 10 ** 6).expandtabs(10 ** 6) }}",
    ),
    "output": (
        _LOOP + "{{ 'x' * 1000 }}{% endfor %}",
        "{% macro m(n) %}{{ 'x' * 999 }}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(30) }}",
        "{% for i in range(200) %}{% include 'en/long.j2' %}{% endfor %}",
    ),
    "recursion": (
        "{% include 'en/value.md.j2' %}", "{% extends 'en/value.md.j2' %}", "{% import 'en/value.md.j2' as x %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% block a %}{{ self.a() }}{% endblock %}",
        "{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}", "{% include 'en/two.j2' %}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "{{ " + "[" * 3000 + "]" * 3000 + " }}",
        "{% if 1 %}" * 2000 + "{% endif %}" * 2000, "{{ " + "not " * 50000 + "1 }}",
        "{% filter upper %}" * 1000 + "x" + "{% endfilter %}" * 1000, "{% for a in [1] %}" * 100 + "{% endfor %}" * 100,
    ),
    "size": ("{# " + "x" * (1 << 20) + " #}",),
}  # fmt: skip
_ODD = (
    "{{ '\\ud800' }}", "{{ 1e400 }}", "{% raw %}{{ x }}{% endraw %}", "{{ ('<' * 10 ** 5)|striptags }}", "{{ 1 / 0 }}",
    "{{ ('a@' * 20000)|urlize }}", "{{ ('www.' * 20000)|urlize }}", "\x1b]0;pwned\x07{{ page.customer }}",
    "{{ page.items|random }}", "{{ {'a': page.items}|pprint }}", "{{ page.items|tojson }}", "{{ '<b>'|safe }}",
    "{% include ['en/none.j2', 'shipped/en/value.md.j2'] ignore missing %}", "{{ debug() }}", "{% do x %}",
)  # fmt: skip


def hostile_templates() -> list[Template]:
    """All of them."""
    found = [Template("sandbox escapes", "{{ " + each + " }}") for each in _ESCAPES]
    for at, name in enumerate(_FILES):
        source = ("{% include '" + name + "' %}", "{% import '" + name + "' as x %}{{ x }}")[at % 2]
        found.append(Template("files", source))
    found += [Template(f"bombs: {kind}", each, True) for kind, sources in _BOMBS.items() for each in sources]
    return found + [Template("odd text", each) for each in _ODD]


def make_folder(place: Path) -> Path:
    """A templates folder with traps in it, beside a file that no page may ever show."""
    own = place / "own"
    (own / "en").mkdir(parents=True, exist_ok=True)
    (place / "secret.txt").write_text(CANARY)
    (own / "en" / "link.j2").symlink_to(place / "secret.txt")
    (own / "en" / "linked").symlink_to(place)
    (own / "en" / "zero.j2").symlink_to("/dev/zero")
    (own / "en" / "folder.j2").mkdir()
    os.mkfifo(own / "en" / "pipe.j2")
    (own / "en" / "two.j2").write_text("{% include 'en/value.md.j2' %}")
    (own / "en" / "long.j2").write_text("x" * 100_000)
    return own


class Outcome(NamedTuple):
    """How a template ended: with text, or the code of an error. `live`: what went wrong, empty if nothing."""

    template: Template
    code: str
    text: str
    seconds: float
    live: str


def try_template(own: Path, template: Template, limits: Limits = SMALL) -> Outcome:
    """Render it as the user's own, in the limited child."""
    (own / NAME).write_text(template.source)
    began = time.monotonic()
    try:
        text = render_limited(Job(NAME, "md", "en", PAGE, own, templates_folder()), limits)
        code = ""
    except RenderError as error:
        text, code = f"{error.message} {error.hint}", error.code
        if not error.code.startswith("template-") or "\n" in error.message:
            return Outcome(template, code, text, 0, f"error {error.code}: {error.message!r}")
    seconds = time.monotonic() - began
    return Outcome(template, code, text, seconds, _judged(template, code, text, seconds, limits))


def _judged(template: Template, code: str, text: str, seconds: float, limits: Limits) -> str:
    for secret in (CANARY, VARIABLE, "root:x:", "<class 'object'>", "<module", "__builtins__", "0x7f"):
        if secret in text:
            return f"{secret} in {text[:200]!r}"
    if seconds > limits.seconds + 3:
        return f"{seconds:.1f} s"
    if len(text) > limits.output:
        return f"{len(text):,} characters"
    return f"rendered {text[:80]!r}" if template.bomb and not code else ""


# What the child is there for: the same sandbox in a process of no limits but what keeps the machine alive.
_UNBOUNDED = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
import jinja2
from renewctl.views import documents
source = sys.stdin.read()
size = sum(map(len, documents.environment("md", jinja2.DictLoader({"x": source})).get_template("x").generate()))
print(size)
"""


def unbounded(template: Template, limits: Limits, memory: int = 2 << 30) -> bool:
    """Whether the sandbox alone lets the template past the limits; a machine's worth of memory is the bound."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds + 1, limits.cpu_seconds + 2))

    try:
        done = subprocess.run(
            [sys.executable, "-c", _UNBOUNDED, json.dumps([str(ROOT), *filter(None, sys.path)])],
            input=template.source,
            text=True,
            capture_output=True,
            timeout=limits.cpu_seconds * 6 + 10,
            preexec_fn=bound,
        )
    except subprocess.TimeoutExpired:
        return True
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    past = peak > used and peak * 1024 > limits.memory
    return (
        past or done.returncode < 0 or "MemoryError" in done.stderr or int(done.stdout or 0) > limits.output
    )


def outcomes(place: Path, chosen: list[Template]) -> Iterator[Outcome]:
    """How each of them ends, with a secret in the environment that none may tell."""
    own = make_folder(place)
    os.environ["RENEWCTL_HOSTILE_CANARY"] = VARIABLE
    for template in chosen:
        yield try_template(own, template)
