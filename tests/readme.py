"""The parts of the README that are generated, and the ones a test reads.

`python -m tests.readme` says whether they are up to date, `python -m tests.readme --update` writes them.
"""

import re
import sys

from renewctl import errors
from tests.processes import ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- exit-codes -->", "<!-- /exit-codes -->"  # the table between them is generated
# The two ways to end that are no errors; the others are classes in renewctl/errors.py.
DONE = {
    0: "done",
    1: "done, with findings: rows rejected, a check that failed, `due --fail-if-overdue`",
}


def exit_codes() -> dict[int, str]:
    """Every exit code with its meaning, ascending."""
    found = dict(DONE)
    kinds = [errors.RenewctlError]
    while kinds:
        kind = kinds.pop()
        found[kind.exit_code] = kind.meaning
        kinds += kind.__subclasses__()
    return dict(sorted(found.items()))


def exit_code_table() -> str:
    """The table as it stands between the two comments."""
    rows = [f"| {code} | {meaning} |" for code, meaning in exit_codes().items()]
    return "\n".join(["| code | meaning |", "|---|---|", *rows])


def updated(text: str) -> str:
    """The README with its generated parts as they should be. ValueError where the comments are missing."""
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise ValueError(f"README.md lacks {BEGIN} or {END}, between which the table goes")
    return f"{text[: begin + len(BEGIN)]}\n\n{exit_code_table()}\n\n{text[end:]}"


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of a language."""
    return re.findall(rf"^```{language}[ \t]*\n(.*?)^```", text, re.M | re.S)


def main(words: list[str]) -> int:
    """Check or update the README; the exit code."""
    text = README.read_text(encoding="utf-8")
    wanted = updated(text)
    if wanted == text:
        return 0
    if "--update" in words:
        README.write_text(wanted, encoding="utf-8")
        sys.stdout.write("README.md: exit codes updated\n")
        return 0
    sys.stderr.write("README.md is out of date: python -m tests.readme --update\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
