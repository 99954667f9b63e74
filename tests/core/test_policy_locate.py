"""The key finder against tomllib, on documents whose lines are known because they were written here."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from renewctl.core.policy_locate import locate, positions

SCALARS = st.sampled_from(
    [
        "1",
        "-3.5e2",
        "true",
        "1979-05-27 07:32:00",
        "1979-05-27T07:32:00Z",
        '""',
        "''",
        '"# no comment, [no] {table} = \\" here"',
        "'C:\\[x] # \"'",
        '"""one\n[fake]\nkey = 1\n"""',
        '"""ends in quotes"""""',
        '"""a \\""" b \\\n   c"""',
        "'''\n[[fake]]\n'it''s' # = ]\n'''",
        "'''two'''''",
        '""""""',
        "inf",
    ]
)
NAMES = st.one_of(
    st.from_regex(r"\A[A-Za-z0-9_-]{1,6}\Z"),
    st.text("ab.#[]={}\"' \\\n\t\x00é漢\u202e😀", max_size=5),
)


class Writer:
    """Writes a TOML document piece by piece and notes the line of each key as it does."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[tuple[str | int, ...], int] = {}

    def note(self, path: tuple[str | int, ...]) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def names(self, count: int) -> list[str]:
        return self.draw(st.lists(NAMES, min_size=count, max_size=count, unique=True))

    def key(self, name: str) -> None:
        styles = ["basic"]
        if name and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in name):
            styles.append("bare")
        if "'" not in name and name.isprintable():
            styles.append("literal")
        style = self.draw(st.sampled_from(styles))
        if style == "basic":
            plain = "".join(
                letter if letter.isprintable() and letter not in '"\\' else f"\\U{ord(letter):08X}"
                for letter in name
            )
            self.text += f'"{plain}"'
        else:
            self.text += name if style == "bare" else f"'{name}'"

    def keys(self, base: tuple[str | int, ...], names: list[str]) -> tuple[str | int, ...]:
        for at, name in enumerate(names):
            self.text += self.draw(st.sampled_from([".", " . ", "\t."])) if at else ""
            base = (*base, name)
            self.note(base)
            self.key(name)
        return base

    def value(self, path: tuple[str | int, ...], depth: int) -> None:
        kind = self.draw(st.sampled_from(["scalar", "scalar", "list", "inline"] if depth < 3 else ["scalar"]))
        if kind == "scalar":
            self.text += self.draw(SCALARS)
            return
        count = self.draw(st.integers(0, 3))
        if kind == "list":
            gap = st.sampled_from(["", " ", "\n", " # ] note, [\n  ", "\n\n\t"])
            self.text += "["
            for at in range(count):
                self.text += self.draw(gap)
                self.note((*path, at))
                self.value((*path, at), depth + 1)
                last = at == count - 1
                self.text += self.draw(gap) + ("" if last and self.draw(st.booleans()) else ",")
            self.text += self.draw(gap) + "]"
            return
        self.text += "{ "
        for at, name in enumerate(self.names(count)):
            self.text += ", " if at else ""
            below = self.keys(path, [name])
            self.text += " = "
            self.value(below, depth + 1)
        self.text += " }"

    def body(self, base: tuple[str | int, ...]) -> None:
        for name in self.names(self.draw(st.integers(0, 3))):
            self.filler()
            path = self.keys(base, [name, *self.names(self.draw(st.integers(0, 2)))])
            self.text += self.draw(st.sampled_from(["=", " = "]))
            self.value(path, 0)
            self.text += self.draw(st.sampled_from(["\n", "  # [note] x = 1\n"]))

    def filler(self) -> None:
        self.text += self.draw(st.sampled_from(["", "\n", "# [a]\n", "  ", "\t# k = 'v\n\n"]))

    def headers(self) -> None:
        # Longer names than `NAMES` gives, so that no key of the root collides with a table.
        for at in range(self.draw(st.integers(0, 4))):
            self.filler()
            root = f"table{at}zz"
            if self.draw(st.booleans()):
                for number in range(self.draw(st.integers(1, 3))):
                    self.note((root,))
                    self.note((root, number))
                    self.text += f"[[{root}]]\n"
                    self.body((root, number))
                    self.note((root, number, "subzzzzz"))
                    self.text += f"[ {root} . subzzzzz ] # of the last one\n"
                    self.body((root, number, "subzzzzz"))
            else:
                self.text += "["
                path = self.keys((), [root, *self.names(self.draw(st.integers(0, 2)))])
                self.text += "]\n"
                self.body(path)


@st.composite
def documents(draw: Any) -> Writer:
    writer = Writer(draw)
    writer.body(())
    writer.headers()
    return writer


def paths(tree: Any, base: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    if isinstance(tree, dict):
        below = tree.items()
    elif isinstance(tree, list):
        below = enumerate(tree)
    else:
        return set()
    found = set()
    for key, value in below:
        found |= {(*base, key)} | paths(value, (*base, key))
    return found


@given(documents(), st.booleans())
@settings(max_examples=60)
def test_every_key_that_tomllib_finds_is_located_on_the_line_where_it_was_written(writer, windows):
    text = writer.text.replace("\n", "\r\n") if windows else writer.text
    assert positions(text) == writer.lines
    assert paths(tomllib.loads(text)) == set(writer.lines)


@given(documents())
@settings(max_examples=40)
def test_a_key_that_was_not_written_is_located_at_the_table_it_would_stand_in(writer):
    for path, line in writer.lines.items():
        assert locate(writer.text, (*path, "not written here", "nor here")) == line
    assert locate(writer.text, ("never a table",)) == 1


def test_dotted_and_quoted_keys_and_lists_over_several_lines_are_found():
    text = 'a . "b.c" = 1\n\n[x.\'y z\'] # here\nlist = [\n  1, # one\n  { k = 2 },\n]\nafter = """\n"""\n'
    assert positions(text) == {
        ("a",): 1,
        ("a", "b.c"): 1,
        ("x",): 3,
        ("x", "y z"): 3,
        ("x", "y z", "list"): 4,
        ("x", "y z", "list", 0): 5,
        ("x", "y z", "list", 1): 6,
        ("x", "y z", "list", 1, "k"): 6,
        ("x", "y z", "after"): 8,
    }
