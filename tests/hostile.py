"""Names nobody should have, and checkers that say whether what came out of them is harmless.

Each checker raises AssertionError on harmful output; tests/cli/test_hostile_names.py feeds each one
something harmful and sees it raise.
"""

import csv
import io
import re
import unicodedata
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

NAMES = {
    "template": "{{7*7}}",
    "template that would show": "{{1234567*7}}{% for x in y %}",
    "formula": '=HYPERLINK("http://evil.example","click")',
    "formula with at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula with plus": "+1+cmd|' /C calc'!A0",
    "script": "<script>document.title='pwned'</script>",
    "image": "<img src=x onerror=\"document.title='pwned'\">",
    "attribute": "\" onmouseover=\"document.title='pwned'",
    "colour": "\x1b[31mpwned\x1b[0m",
    "title of the terminal": "\x1b]0;pwned\x07bell",
    "one-byte escape": "\x9b31mpwned",
    "closing markup": "Acme [/] Ltd",
    "markup": "[bold]pwned[/bold] [link=http://evil.example]x[/link]",
    "bidi": "Acme \u202etxt.exe\u202c \u2066x",
    "line break": "First line\nA9  Second  red",
    "carriage return": "Visible\rpwned",
    "path": "../../etc/passwd",
    "absolute path": "/etc/passwd",
    "drive": "C:\\Windows\\system32",
    "device": "CON.txt",
    "percent": "%s %(name)s {0} $HOME `id`",
    "markdown": "[click](javascript:alert(1)) | cell | ![x](http://evil.example/x.png)",
}
COMPUTED = "8641969"  # what the second template would come to
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_SCREEN = re.compile(r"\x1b\[(?:[0-9;]*m|[0-9]*[ABCDGJK]|\?25[hl])")
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?%?")


def check_plain(text: str) -> None:
    """Output through a pipe: nothing that a terminal would obey, were it shown on one."""
    for letter in text:
        assert letter == "\n" or not _harmful(letter), f"raw {letter!r} in {_around(text, letter)!r}"
    assert COMPUTED not in text


def check_terminal(text: str) -> None:
    """Output on a terminal: our own colours, and nothing that came out of the data."""
    assert "\x1b[31mpwned" not in text
    assert "\x1b]0;" not in text
    rest = _SCREEN.sub("", text.replace("\r\n", "\n").replace("\r\x1b", "\x1b"))
    check_plain(rest)


def _harmful(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Zl", "Zp") or letter in _BIDI


def _around(text: str, letter: str) -> str:
    at = text.index(letter)
    return text[max(0, at - 40) : at + 40]


def bare(text: str) -> str:
    """A screen's text without colours and without the ways lines were broken."""
    return " ".join(_SGR.sub("", text).split())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.trouble: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "base", "form", "img"):
            self.trouble.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on"):
                self.trouble.append(f"{name}=")
            if value and re.match(r"\s*(javascript|data|vbscript|file|https?):", value, re.I):
                self.trouble.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def check_html(text: str) -> str:
    """A page in which no name became markup, code or a link; its visible text."""
    page = _Page()
    page.feed(text)
    page.close()
    assert not page.trouble, page.trouble
    shown = "".join(page.text)
    assert COMPUTED not in shown
    for letter in shown:
        assert letter in "\n\t\r" or not _harmful(letter), f"raw {letter!r}"
    return shown


def check_markdown(text: str) -> None:
    """Markdown that shows names as text: no HTML, no links, no images of theirs."""
    assert not re.search(r"<\s*(script|img|iframe)", text, re.I)
    assert "](javascript:" not in re.sub(r"\\.", "", text)
    assert "![x](" not in re.sub(r"\\.", "", text)
    check_plain(text)


def is_number(cell: str) -> bool:
    """Whether a spreadsheet reads the cell as a plain number."""
    return _NUMBER.fullmatch(cell) is not None


def check_csv(text: str) -> None:
    """Cells that a spreadsheet would compute are guarded; numbers are left alone."""
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not cell.startswith(_FORMULA) or _NUMBER.fullmatch(cell), f"unguarded {cell!r}"
    assert COMPUTED not in text


def check_xlsx(file: Path) -> None:
    """A workbook without formulas or links, whose texts are guarded as those of a CSV are."""
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            assert not name.startswith("/"), name
            assert ".." not in name, name
            if not name.endswith(".xml"):
                continue
            tree = ElementTree.fromstring(archive.read(name))  # noqa: S314 - our own writer's
            for node in tree.iter():
                kind = node.tag.rpartition("}")[2]
                assert kind not in ("f", "hyperlink", "externalLink"), f"<{kind}> in {name}"
                if kind == "t":
                    text = node.text or ""
                    assert not text.startswith(_FORMULA) or _NUMBER.fullmatch(text), f"unguarded {text!r}"


def check_files(folder: Path, before: set[Path], root: Path) -> list[Path]:
    """All files that appeared under `root` since `before` are plainly named and inside `folder`."""
    new = [path for path in root.rglob("*") if path not in before and path.is_file()]
    for path in new:
        assert path.resolve().is_relative_to(folder.resolve()), f"{path} is outside {folder}"
        assert path.parent == folder, f"{path} made a folder of its own"
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", path.name), path.name
        assert len(path.name.encode()) <= 200, path.name
    return new
