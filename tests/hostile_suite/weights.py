# ruff: noqa: E501 - parts of workbooks
"""Files that are far larger inside than outside: each is refused or read within bounds, in a real process."""

import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.processes import Person

MEMORY = 512 << 10  # KiB of resident memory
SECONDS = 10.0
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class Weighed(NamedTuple):
    """What one import took: exit code, seconds (on the wall, of the processor), resident KiB at the peak, words.

    Judged by the processor's seconds: a machine that does much else has others on the wall.
    """

    name: str
    code: int
    seconds: float
    cpu: float
    peak: int
    said: str

    @property
    def live(self) -> str:
        """What is wrong with it, empty where nothing is."""
        if self.code not in (0, 1, 2, 10, 11):
            return f"exit {self.code}: {self.said}"
        if self.cpu > SECONDS:
            return f"{self.cpu:.1f} s"
        return f"{self.peak:,} KiB" if self.peak > MEMORY else ""


def _workbook(file: Path, sheet: Iterator[bytes], more: dict[str, Iterator[bytes]] | None = None) -> None:
    """A workbook of one sheet whose XML comes in pieces, and whatever other parts."""
    parts: dict[str, Iterator[bytes]] = {
        "[Content_Types].xml": iter([
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.'
            'openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>'.encode()
        ]),
        "_rels/.rels": iter([
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/'
            'officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode()
        ]),
        "xl/_rels/workbook.xml.rels": iter([
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/worksheet" '
            f'Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" '
            'Target="sharedStrings.xml"/></Relationships>'.encode()
        ]),
        "xl/workbook.xml": iter([
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="rId1"/>'
            "</sheets></workbook>".encode()
        ]),
        "xl/worksheets/sheet1.xml": sheet,
        **(more or {}),
    }  # fmt: skip
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, pieces in parts.items():
            with archive.open(name, "w", force_zip64=True) as part:
                for piece in pieces:
                    part.write(piece)


def _sheet(cells: Iterator[bytes]) -> Iterator[bytes]:
    yield f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
    yield from cells
    yield b"</sheetData></worksheet>"


def _cell(place: str, text: str = "x") -> bytes:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


_TABLE = b'<row r="1">' + _cell("A1", "id") + _cell("B1", "name") + _cell("C1", "arr") + b"</row>"


def _repeated(block: bytes, times: int) -> Iterator[bytes]:
    big = block * max(1, (1 << 20) // len(block))
    for _ in range(max(1, times * len(block) // len(big))):
        yield big


def _far(place: str, row: int) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        far = f'<row r="{row}">'.encode() + _cell(place) + b"</row>"
        _workbook(file, _sheet(iter([_TABLE, far])))

    return make


def _zeros(size: int) -> Callable[[Path], None]:
    return lambda file: _workbook(file, _sheet(_repeated(b" ", size)))


def _shared(size: int) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        strings = iter([f'<sst xmlns="{_MAIN}"><si><t>'.encode()])
        more = {"xl/sharedStrings.xml": _chain(strings, _repeated(b"A", size), iter([b"</t></si></sst>"]))}
        _workbook(file, _sheet(iter([_TABLE])), more)

    return make


def _chain(*parts: Iterator[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield from part


def _many_parts(file: Path) -> None:
    more = {f"xl/media/{at}.bin": iter([b""]) for at in range(60_000)}
    _workbook(file, _sheet(iter([_TABLE])), more)


def _entities(file: Path) -> None:
    names = "".join(f'<!ENTITY a{at} "{f"&a{at - 1};" * 10 if at else "lol"}">' for at in range(12))
    text = f'<!DOCTYPE x [{names}]><worksheet xmlns="{_MAIN}"><sheetData><row r="1"><c t="inlineStr"><is><t>&a11;'
    _workbook(file, iter([f"{text}</t></is></c></row></sheetData></worksheet>".encode()]))


def _lied(file: Path) -> None:
    """An archive whose directory says a part is small."""
    _workbook(file, _sheet(_repeated(b"<row/>", 10**7)))
    data = bytearray(file.read_bytes())
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"xl/worksheets/sheet1.xml"))
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    file.write_bytes(data)


def _nested(file: Path) -> None:
    """An archive in an archive in an archive."""
    inner = b"0" * (1 << 20)
    for at in range(5):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", b"<workbook/>")
            for copy in range(10):
                archive.writestr(f"{at}-{copy}.xlsx", inner)
        inner = file.read_bytes()


def _rows(count: int, width: int) -> Callable[[Path], None]:
    def make(file: Path) -> None:
        row = b"<row>" + b"<c><v>1</v></c>" * width + b"</row>"
        _workbook(file, _sheet(_repeated(row, count)))

    return make


def _long_cell(file: Path) -> None:
    _workbook(file, _sheet(_chain(iter([_TABLE, b'<row r="2"><c t="inlineStr"><is><t>']), _repeated(b"A", 50 << 20),
                                  iter([b"</t></is></c></row>"]))))  # fmt: skip


def _tag(file: Path) -> None:
    _workbook(
        file, _sheet(_chain(iter([_TABLE, b"<row "]), _repeated(b'r="1" ', 4 << 20), iter([b"></row>"])))
    )


def _places(file: Path) -> None:
    """A cell that says again and again where it is, and then is no cell: slow for a careless pattern."""
    said = _repeated(b' r="A1"', 20_000)
    _workbook(file, _sheet(_chain(iter([_TABLE, b'<row r="1"><c']), said, iter([b"!></c></row>"]))))


def _csv(text: bytes) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(b"id,name,arr,currency,renewal_date\n" + text) and None


def _sparse(size: int, first: bytes = b"") -> Callable[[Path], None]:
    def make(file: Path) -> None:
        with file.open("wb") as out:
            out.write(first)
            out.truncate(size)

    return make


def _line(size: int, block: bytes) -> Callable[[Path], None]:
    """One line of that many bytes."""

    def make(file: Path) -> None:
        with file.open("wb") as out:
            out.write(b"id,name,arr\nA1,")
            for piece in _repeated(block, size // len(block)):
                out.write(piece)

    return make


def _numbers() -> bytes:
    texts = (
        "1e100000000", "1E+999999999", "-1e999999999", "1e-999999999", "9" * 9999, "0." + "0" * 9000 + "1", "1e400",
        "NaN", "Infinity", "-inf", "0x7fffffffffffffff", "9223372036854775808", "1_000", "\u0661\u0662\u0663", "1e1e1",
        "1" + ",000" * 2000, "--1", "+-1", "1.2.3", "\uff11\uff12", "1e+", "." * 5000, "%" * 5000, "1/0", "(" * 5000,
    )  # fmt: skip
    dates = (
        "9999-12-31",
        "0001-01-01",
        "99999-01-01",
        "2026-02-30",
        "1e9",
        "9" * 5000,
        "-1",
        "2026-13-45",
        "1" * 20,
    )
    rows = [f'N{at},"{text}","{text}",USD,2026-05-01\n' for at, text in enumerate(texts)]
    rows += [f'D{at},x,100,USD,"{text}"\n' for at, text in enumerate(dates)]
    return "".join(rows).encode()


def heavy_files(*, whole: bool) -> dict[str, Callable[[Path], None]]:
    """Names of files to import and how each is made; not `whole`: those that are made and refused at once."""
    quick: dict[str, Callable[[Path], None]] = {
        "far cell XFD1048576.xlsx": _far("XFD1048576", 1_048_576),
        "far cell A1048576.xlsx": _far("A1048576", 1_048_576),
        "far row ALL999999999.xlsx": _far("ALL999999999", 999_999_999),
        "far cell ZZZZ1.xlsx": _far("ZZZZ1", 1),
        "zip bomb 100 MB.xlsx": _zeros(100 << 20),
        "shared string 100 MB.xlsx": _shared(100 << 20),
        "entities.xlsx": _entities,
        "cell of many places.xlsx": _places,
        "nested archives.xlsx": _nested,
        "numbers.csv": _csv(_numbers()),
        "unterminated quote.csv": _csv(b'A1,"' + b"x\n" * 500_000),
        "NULs.csv": _csv(b"A1,x\0y,1\n" * 1000),
        "sparse 1 GB.csv": _sparse(1 << 30, b"id,name,arr\n"),
        "columns.csv": lambda file: file.write_bytes(b"a," * 500_000) and None,
        "quotes.csv": _csv(b'"' * 1_000_001),
        "not a workbook.xlsx": lambda file: file.write_bytes(b"PK\x03\x04" + b"x" * 100_000) and None,
    }
    if not whole:
        return quick
    return {
        **quick,
        "zip bomb 1 GB.xlsx": _zeros(1 << 30),
        "shared string 1 GB.xlsx": _shared(1 << 30),
        "wrong sizes.xlsx": _lied,
        "60,000 parts.xlsx": _many_parts,
        "cell of 50 MB.xlsx": _long_cell,
        "tag of 4 MB.xlsx": _tag,
        "5 million cells.xlsx": _rows(5000, 1000),
        "700,000 rows.xlsx": _rows(700_000, 3),
        "one line of 1 GB.csv": _line(1 << 30, b"abcdefgh"),
        "one line of 1 GB of commas.csv": _line(1 << 30, b","),
        "one line of 1 GB of quotes.csv": _line(1 << 30, b'"'),
        "one cell of 1 GB.csv": _line(1 << 30, b"x\r"),
        "blank 200 MB.csv": _line(200 << 20, b"\n"),
    }


def _policies() -> dict[str, str | bytes]:
    return {
        "nested arrays": "x = " + "[" * 100_000 + "]" * 100_000,
        "nested tables": "x = " + "{a=" * 50_000 + "1" + "}" * 50_000,
        "dotted keys": "a" + ".a" * 100_000 + " = 1",
        "table headers": "".join(f"[a{'.a' * at}]\n" for at in range(900)),
        "huge": b"# " + b"x" * (64 << 20),
        "million digits": "x = " + "9" * 1_000_000,
        "million-digit exponent": "[general]\nx = 1e" + "9" * 100_000,
        "long string": '[supplier]\nname = "' + "x" * 1_000_000 + '"',
        "many keys": "".join(f"k{at} = 1\n" for at in range(80_000)),
        "NULs": b"[general]\0\0",
        "unterminated": '[supplier]\nname = """' + "x\n" * 100_000,
        "not UTF-8": b"\xff\xfe[general]",
        "exponents": "[fx]\nEUR = 1e999999999\nBRL = -inf\nGBP = nan\n",
        "many headers": "[[a]]\n" * 150_000,
        "many quotes": "'''" * 300_000,
    }


def weigh(somebody: Person, name: str, words: list[str], seconds: float = 60) -> Weighed:
    """Run a command in a process of its own and measure it."""
    began = time.monotonic()
    with (somebody.home / "said.txt").open("w+b") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "renewctl", *words],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=somebody.home, env=somebody.env,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
        )  # fmt: skip
        found, status, used = 0, 0, None
        while not found and time.monotonic() - began < seconds:
            found, status, used = os.wait4(process.pid, os.WNOHANG)
            time.sleep(0.01)
        if not found:
            process.kill()
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read(400).decode(errors="backslashreplace").split("\n")[0]
    assert used is not None
    cpu = used.ru_utime + used.ru_stime
    return Weighed(name, process.returncode, time.monotonic() - began, cpu, used.ru_maxrss, text[:120])


def weights(place: Path, *, whole: bool) -> Iterator[Weighed]:
    """Every heavy file imported, every heavy policy read; each file is gone before the next is made."""
    somebody = Person(place)
    for name, make in heavy_files(whole=whole).items():
        file = place / f"heavy{Path(name).suffix}"
        make(file)
        yield weigh(somebody, name, ["import", file.name])
        file.unlink()
    for name, text in _policies().items():
        file = place / "heavy.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        yield weigh(somebody, f"policy: {name}", ["policy", "check", file.name])
        file.unlink()
