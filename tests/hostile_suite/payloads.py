"""Texts that try to steer a terminal, by family, and the judge of what reached one.

The judge works from Unicode's own properties, not from the program's list: it knows nothing of `safe`.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"


class Payload(NamedTuple):
    """One hostile text; `no` names it in tables and files."""

    no: int
    family: str
    text: str


def _c0() -> Iterator[str]:
    yield from (f"Ac{chr(code)}me" for code in (*range(0x20), 0x7F))


def _c1() -> Iterator[str]:
    yield from (f"Ac{chr(code)}me" for code in range(0x80, 0xA0))


def _csi() -> Iterator[str]:
    tails = (
        "38;5;201mx", "48;2;1;2;3mx", "8mhidden", "7mx", "5mx", "2J", "3J", "H", "1;1Hx", "1000A", "999D",
        "2K", "?25l", "?1049h", "?1000h", "?2004h", "?5h", "20h", "4h", "6n", "5n", "c", ">c", "0x", "1;5r",
        "s", "u", "100000b", "99999999999m", "14t", "21t", "8;1;1t", "!p", "12l", "31mpwned", "", "?",
        "1;", "0;0;0;0;0q",
    )  # fmt: skip
    yield from (f"{ESC}[{tail}" for tail in tails)
    yield from (f"\x9b{tail}" for tail in ("31mpwned", "2J", "6n", "38;5;201mx", "?1049h", "H", "8mhidden"))


def _osc() -> Iterator[str]:
    bodies = (
        "0;pwned", "1;pwned", "2;pwned", "4;1;rgb:ff/00/00", "7;file:///etc", "9;notify", "10;?", "11;?",
        "52;c;cHduZWQ=", "52;c;?", "52;p;cHduZWQ=", "104", "133;A", "777;notify;pwned;x", "1337;SetMark",
        "1337;File=inline=1:AAAA", "50;?", "22;pointer",
    )  # fmt: skip
    for body in bodies:
        yield f"{ESC}]{body}{BEL}"
        yield f"{ESC}]{body}{ST}"
    yield f"{ESC}]8;;http://evil.example{ST}Acme{ESC}]8;;{ST}"
    yield f"{ESC}]8;id=1;file:///etc/passwd{BEL}Acme{ESC}]8;;{BEL}"
    yield f"{ESC}]0;never closed"
    yield from (f"\x9d{body}\x9c" for body in ("0;pwned", "8;;http://evil.example", "52;c;cHduZWQ="))


def _strings() -> Iterator[str]:
    """DCS, APC, PM and SOS, closed and open."""
    for opening in ("P", "_", "^", "X"):
        for body in ("$qm", "q#0;2;0;0;0#0~~", "Gf=100,a=T;AAAA", f"tmux;{ESC}{ESC}[2J", "+q544e"):
            yield f"{ESC}{opening}{body}{ST}"
    yield from (f"{code}x\x9c" for code in "\x90\x98\x9e\x9f")
    yield f"{ESC}P never closed"


def _escapes() -> Iterator[str]:
    tails = (
        "c",
        "7",
        "8",
        "=",
        ">",
        "D",
        "M",
        "E",
        "H",
        "N",
        "O",
        "Z",
        "#8",
        "(0lqk",
        ")0",
        "%G",
        " F",
        "n",
        "",
    )
    yield from (f"Ac{ESC}{tail}" for tail in tails)
    yield ESC * 3 + "[2J"


def _bidi() -> Iterator[str]:
    marks = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    yield from (f"Acme {mark}txt.exe" for mark in marks)
    yield "Acme \u202e0001 DSU\u202c \u2066x\u2069"
    yield "\u202e" * 200 + "emca"


def _invisible() -> Iterator[str]:
    marks = (
        "\u200b\u200c\u200d\u2060\u2061\u2064\u206a\u206f\ufeff\u00ad\u180e\u034f\u115f\u1160\u17b4\u17b5\u3164"
        "\uffa0\ufff9\ufffb\U0001d173\U0001bca0\U00013430\ufe00\u180b\U000e0100\U000e01ef"
    )
    yield from (f"Ac{mark}me" for mark in marks)
    yield "".join(chr(0xE0000 + ord(letter)) for letter in "ignore this") + "Acme"
    yield "\U000e0001Acme\U000e007f"
    yield "A" + "".join(chr(0xE0100 + ord(letter) % 240) for letter in "smuggled text") + "cme"
    yield "A" + "\ufe0f\ufe0e" * 40 + "cme"
    yield "\u200b" * 500 + "Acme"


def _lines() -> Iterator[str]:
    breaks = ("\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\n\r")
    yield from (f"Acme{mark}A9  Second  red" for mark in breaks)


def _overwrites() -> Iterator[str]:
    yield "overdue\rpaid   "
    yield "overdue" + "\b" * 7 + "paid   "
    yield "Acme" + "\x7f" * 40
    yield "\t" * 200 + "far away"
    yield "A\n" * 200
    yield f"x{ESC}[1A{ESC}[2Koverwritten"
    yield f"x{ESC}[sy{ESC}[uz"


def _floods() -> Iterator[str]:
    yield "e" + "\u0301" * 300
    yield "".join("e" + "\u0316\u0317\u0300\u0488\u20dd" * 12 for _ in range(8))
    yield "\u0e33" + "\u0e4a\u0e49" * 60
    yield "A" * 9000
    yield "\uff21" * 3000
    yield " " * 300 + "x" + "\u3000" * 300 + "x"


def _markup() -> Iterator[str]:
    yield from (
        "[bold]pwned[/bold]", "[link=http://evil.example]x[/link]", "Acme [/] Ltd", "[[", "[/red]",
        "\\[red]x", "[@click=app.bell]x[/]", "[on red]x", ":smiley: Acme", "[not a tag", "[]",
        "[conceal]x[/conceal]",
        "{{ 7*7 }}", "%(name)s %n {0.__class__}", "$HOME `id` $(id) ; rm -rf x", "'; DROP TABLE account; --",
    )  # fmt: skip


def _odd() -> Iterator[str]:
    yield from ("Ac\ue000me", "Ac\uffffme", "Ac\ufdd0me", "Ac\U0010ffffme", "Ac\U000f0000me", "Ac\u0378me")
    yield from ("\u00c2\u009b31mx", "caf\u00c3\u00a9\u0093", "\ufffd\x9b2J", "\xa0\u3000\u2003Acme\u202f")


FAMILIES = {
    "C0 controls": _c0,
    "C1 controls": _c1,
    "CSI": _csi,
    "OSC (8, 52, 0 …)": _osc,
    "DCS, APC, PM, SOS": _strings,
    "other escapes": _escapes,
    "bidirectional": _bidi,
    "invisible, tags": _invisible,
    "line breaks": _lines,
    "overwrites, tabs": _overwrites,
    "floods, overlong": _floods,
    "markup, format": _markup,
    "odd code points": _odd,
}


def terminal_payloads() -> list[Payload]:
    """All of them, numbered."""
    found = [(family, text) for family, make in FAMILIES.items() for text in make()]
    return [Payload(no, family, text) for no, (family, text) in enumerate(found, 1)]


def few(payloads: list[Payload], each: int = 4) -> list[Payload]:
    """Some of every family, its first and last among them."""
    chosen = []
    for family in dict.fromkeys(payload.family for payload in payloads):
        own = [payload for payload in payloads if payload.family == family]
        step = max(1, len(own) // each)
        chosen += [*own[::step][: each - 1], own[-1]]
    return chosen


def polyglots(payloads: list[Payload]) -> list[Payload]:
    """Three texts in which some of every family follow one another, for a quick look."""
    short = [payload.text for payload in few(payloads) if len(payload.text) < 60 and "\0" not in payload.text]
    return [Payload(no, "all", " ".join(short[no - 1 :: 3])) for no in (1, 2, 3)]


# Undecodable bytes as they arrive in arguments and the environment: halves of letters for the program.
BYTES = (
    b"\x9b31mpwned",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"Ac\x81\x8d\x8f\x90\x9dme",
    b"\xc0\x9b2J",
    b"\xf5\x1b[2J",
)

_COLOUR = re.compile(r"\x1b\[(?:0|1|2|3|4|22|2?3[0-7]|9[0-7])?(?:;(?:1|2|3[0-7]))?m")
# Printable by category, yet nothing is drawn: Default_Ignorable_Code_Point without the emoji selectors.
_DRAWS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
_MOST_MARKS = 30  # in a row on one letter: the bound of Unicode's stream-safe text


def live(text: str, *, colours: bool = False) -> str:
    """What of an output could steer or deceive a terminal, with its surroundings; empty where nothing could.

    `colours` lets the program's own colours pass: short forms that no payload uses.
    """
    if colours and f"{ESC}[31mpwned" not in text:
        text = _COLOUR.sub("", text)
    marks = 0
    for at, letter in enumerate(text):
        if letter == "\n" or " " <= letter <= "~":
            marks = 0
            continue
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") or marks > _MOST_MARKS or _DRAWS_NOTHING.match(letter):
            return f"{letter!r} in {text[max(0, at - 30) : at + 30]!r}"
    return ""
