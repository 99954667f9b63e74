"""What an import did, for a person and for a script."""

from shlex import quote
from typing import Any

from renewctl.views.machine import emit as emit
from renewctl.views.terminal import aligned, is_terminal, put_lines, safe

_SHOWN = 10


def show(document: dict[str, Any], *, dry_run: bool, strict: bool, again: str) -> None:
    """The report of `renewctl/import/1` as text on stdout; problems shortened on a terminal only."""
    lines: list[str] = []
    for each in document["files"]:
        lines += _file(each)
    rejected = sum(each["rejected"] for each in document["files"])
    if dry_run:
        lines.append("dry run: nothing was written")
    elif strict and rejected:
        lines.append("nothing was imported: --strict, and rows were rejected")
    elif not document["applied"] and any(each["inserted"] or each["updated"] for each in document["files"]):
        lines.append("nothing was imported")
    if rejected:
        lines.append(_mend(document, again, dry_run))
    put_lines(lines)


def _file(each: dict[str, Any]) -> list[str]:
    counts = [f"{each[name]:,} {name}" for name in ("inserted", "updated", "unchanged", "rejected")]
    if each["filtered"]:
        counts.append(f"{each['filtered']:,} left out by --where")
    lines = [f"{safe(each['file'])}: {each['rows']:,} {each['kind']} rows — {', '.join(counts)}"]
    dialect = each["dialect"]
    if dialect:
        told = [dialect["encoding"], _delimiter(dialect["delimiter"])]
        told += [f"dates {dialect['date_order']}"] if dialect["date_order"] else []
        told += [f"decimal {dialect['decimal']}"] if dialect["decimal"] else []
        lines.append("  read as " + ", ".join(text for text in told if text))
    named = [field for field, heading in each["mapping"].items() if heading == field]
    if named:
        lines.append("  by their own names: " + ", ".join(named))
    pairs = [(f, "<-", safe(heading)) for f, heading in each["mapping"].items() if heading != f]
    lines += [f"  {line}" for line in aligned(pairs)]
    if each["unmapped"]:
        lines.append("  not used: " + ", ".join(safe(heading) for heading in each["unmapped"]))
    lines += [f"  note: {safe(note)}" for note in each["notes"]]
    if each["skipped_lines"]:
        lines.append("  no records on lines " + _numbers(each["skipped_lines"]))
    for field, count in each["unknown"].items():
        if count:
            lines.append(f"  {count:,} without {field}: kept as unknown, no agenda until it is known")
    lines += _problems(each)
    if each.get("missing"):
        lines.append(f"  in the portfolio but not in this file: {_some(each['missing'])}")
    return lines


def _delimiter(mark: str | None) -> str:
    return {None: "", ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(mark, f"{mark!r}")


def _problems(each: dict[str, Any]) -> list[str]:
    problems = each["problems"]
    shown = problems[:_SHOWN] if is_terminal() else problems
    lines = []
    for problem in shown:
        said = problem["message"].startswith(problem["column"])
        column = f" {safe(problem['column'])}:" if problem["column"] and not said else ""
        told = problem["value"][:60]
        value = f" ({safe(told)})" if told and told not in problem["message"] else ""
        lines.append(
            f"  {safe(each['file'])}:{problem['line']}:{column} "
            f"{safe(problem['message'])}{value} [{problem['code']}]"
        )
    if len(problems) > len(shown):
        lines.append(f"  … and {len(problems) - len(shown):,} more problems; all of them with --json")
    return lines


def _mend(document: dict[str, Any], again: str, dry_run: bool) -> str:
    file = document["rejects_file"]
    if file:
        words = " ".join(word for word in ("renewctl import", quote(safe(file)), safe(again)) if word)
        return f"rejected rows are in {safe(file)}: mend them there, then: {words}"
    if dry_run:
        return "the rejected rows are written by --rejects FILE, without --dry-run"
    return "to get the rejected rows as a file to mend and import again, add: --rejects rejects.csv"


def _numbers(lines: list[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:20])
    return shown + (f" and {len(lines) - 20:,} more" if len(lines) > 20 else "")


def _some(ids: list[str]) -> str:
    shown = ids[:20] if is_terminal() else ids
    return ", ".join(safe(each) for each in shown) + (
        f" and {len(ids) - len(shown):,} more" if len(ids) > len(shown) else ""
    )
