"""Every command that prints, as it is called over the hostile book; one without a line here is an error."""

from collections.abc import Iterator
from typing import Any

from renewctl.cli.app import COMMANDS

# Words of a call, split at blanks; {a} an account, {i} one of its items, {j} another, {s} its save, {t} one
# of its steps, {p} the payload. Those without a mark are called once, the others for each payload.
VIEWS: dict[str, tuple[str, ...]] = {
    "list": ("", "--format csv", "--format md", "--format table", "--owner {p}"),
    "show": ("{a}",),
    "explain": ("{a}",),
    "history": ("", "{a}"),
    "due": ("--days 400", "--days 400 --owner {p}"),
    "export": tuple(
        f"{kind} --format {form}"
        for kind in ("accounts", "contracts", "health", "stakeholders", "value", "outcomes", "saves", "log")
        for form in ("csv", "json")
    ),
    "health show": ("{a}",),
    "health history": ("{a}",),
    "health check": ("",),
    "save list": ("",),
    "save show": ("{a}",),
    "save suggest": ("", "{a} --reason {p}"),
    "save rehearse": ("",),
    "save results": ("",),
    "save standup": ("", "--format html -o -", "--owner {p}"),
    "save promise list": ("", "{a} --all"),
    "save level list": ("",),
    "save offers": ("",),
    "playbook list": ("",),
    "playbook show": ("value", "{p}"),
    "playbook check": ("policy.toml",),
    "policy show": ("", "supplier"),
    "policy check": ("policy.toml",),
    "proposal": ("{a} -o - --format html --lang pt-BR", "{a} --dry-run"),
    "value": ("{a} -o - --format md", "{a} --dry-run"),
    "timeline": ("{a} -o - --format html --lang pt-BR", "{a} -o - --format md", "{a} --dry-run"),
    "draft": ("{i} -o -", "{p}", "--all --days 60 --dry-run", "--all --days 60 --owner {p} --dry-run"),
    "calendar": ("--days 400 -o -", "--days 400 --dry-run", "--owner {p} --dry-run"),
    "digest": (
        *(f"--owner all --days 400 --format {form}" for form in ("text", "markdown", "html", "slack")),
        "--owner {p}",
        "--lang {p}",
    ),
    "owners": ("",),
    "effort": ("", "--owner {p}"),
    "capacity": ("", "--weeks 8 --owner {p}"),
    "policy audit": ("",),
    "policy diff": ("shipped policy.toml",),
    "policy pilot": ("",),
    "stakeholder list": ("", "{a}"),
    "stakeholder map": ("{a}",),
    "stakeholder risks": ("", "--owner {p}"),
    "coterm": ("{a}", "{a} --to {p}"),
    "doctor": ("",),
}
# In an order in which each finds what it needs: FIRST, then the views, then LAST.
FIRST: dict[str, tuple[str, ...]] = {
    "import": ("book.csv --dry-run", "value.csv --kind value", "stakeholders.csv --kind stakeholders"),
    "set": ("{a} csm={p} industry={p} --reason {p}", "{a} {p}={p} --reason x"),
    "log": ("{a} {p} --kind call --hours 1",),
    "health add": ("{a} nps=10", "{a} {p}=3", "{a} nps={p}"),
    "health override": (
        "{a} --score 40 --reason known_risk --until 2026-04-01 --note {p}",
        "{a} --score {p} --reason {p} --until 2026-04-01",
    ),
    "done": ("{i} --note {p}", "{i}"),
    "skip": ("{j} --reason {p}",),
    "snooze": ("{j} --until 2026-04-01", "{j} --until {p}"),
    "stage": ("{a} negotiating --evidence {p}", "{a} {p}"),
    "renewal": ("{a} --target 9000 --note {p}", "{a} --target {p}"),
    "amend": ("{a} --arr 9000 --reason {p}", "{a} --until {p} --reason x"),
    "stakeholder add": ("{a} {p} --role champion --email {p}", "{a} {p} --role {p}"),
    "stakeholder set": ("{a} {p} influence=high", "{a} {p} {p}={p}"),
    "stakeholder gone": ("{a} {p} --on 2026-03-01",),
    "stakeholder remove": ("{a} {p} --yes",),
    "reassign": ("--from {p} --to {p} --dry-run", "--from ana --to {p} --dry-run"),
    "save start": ("{a} --scenario product --reason {p}", "{a} --scenario {p}"),
    "save why": ("{s} --why {p}", "{s} --root-cause {p} --enough {p} --stay {p}"),
    "save answer": ("{s} {p}={p}", "{s}"),
    "save team": ("{s} manager={p}", "{s}"),
    "save worth": ("{s} --hours 9 --chance 40 --decide fight --reason {p}", "{s} --hours {p} --chance {p}"),
    "save note": ("{s} --blocker {p} --decision {p}",),
    "save promise add": ("{s} {p} --to {p} --owner {p} --due 2026-06-01",),
    "save promise chain": ("{s} {p} --release 2026-09-01 --to {p}",),
    "save promise kept": ("p1 --evidence {p}", "{p} --evidence x"),
    "save promise broken": ("p2 --evidence {p}",),
    "save promise withdraw": ("p3 --evidence {p}",),
    "save level add": ("{s} {p} {p} --hours 4",),
    "save level log": ("l1 --note {p}", "{p}"),
    "save evidence": ("{s} commitment {p}", "{s} {p} x"),
    "save offer": ("{s} --instrument trial --what {p} --root-cause {p} --condition {p} --months 1",),
    "save approve": ("o1", "{p}"),
    "save accept": ("o1", "{p}"),
    "save refuse": ("o1 --reason {p}",),
    "save decline": ("o1 --reason {p}",),
    "save withdraw": ("o1 --reason {p}",),
    "save paper": ("{s} save-plan --format html -o -", "{s} commitment-letter --format md -o -"),
    "save reopen": ("{s} --reason {p}",),
}
LAST: dict[str, tuple[str, ...]] = {
    "save done": ("{t} --note {p}",),
    "save close": ("{s} --result lost --note {p}", "{p} --result saved"),
    "won": ("{a} --arr 5000", "{a} --arr {p}"),
    "lost": ("{a} --reason {p} --competitor {p}",),
    "roll": ("", "{a}", "{p}"),
    "undo": ("--yes",),
    "forget": ("{a} --yes",),
    "backup": ("",),
    "restore": ("no-such-{p}",),
    "demo": ("demo",),
    "init": ("",),
    "policy init": ("-o -", "-o policy.toml"),
}
# What any command may be given that it does not know, as `--debug` shows it too.
ARGUMENTS = (
    "{p}",
    "{p} --debug",
    "--{p}",
    "x --as-of {p}",
    "x --policy {p}",
    "x --portfolio {p}",
    "x --debug --policy policy{p}.toml",
)


def leaves(table: dict[str, Any] = COMMANDS, group: str = "") -> Iterator[str]:
    """Every command as it is typed, from the program's own table."""
    for name, entry in table.items():
        if isinstance(entry, dict):
            yield from leaves(entry, f"{group}{name} ")
        elif name != "help":
            yield f"{group}{name}"


def calls(table: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, list[str]]]:
    """`(command, words)` of every call of the commands there are; the marks are still in it."""
    there = set(leaves())
    for name, forms in table.items():
        if name in there:
            yield from ((name, [*name.split(), *form.split()]) for form in forms)


def unknown() -> list[str]:
    """Commands of the program that the suite does not call."""
    return [name for name in leaves() if name not in {**FIRST, **VIEWS, **LAST}]
