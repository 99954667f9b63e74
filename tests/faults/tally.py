"""What a part of the suite counts, and the table it is printed in."""

from collections import Counter

from tests.faults.states import CorruptError, State, difference, same, state

_KEPT = 12  # failures told in full


class Tally:
    """Trials of one part and what went wrong in them."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.trials = 0
        self.acknowledged = 0
        self.wrong: Counter[str] = Counter()  # lost, partial, corrupt, exit, refused …
        self.told: list[str] = []
        self.notes: list[str] = []
        self.seconds = 0.0
        self.control = False  # a control has to find something

    def fail(self, kind: str, what: str) -> None:
        """Count a failure and keep the first ones' descriptions."""
        self.wrong[kind] += 1
        if self.wrong[kind] <= _KEPT:
            self.told.append(f"{kind}: {what}")

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not self.wrong

    def judge(self, acknowledged: bool, before: State, after: State, path: object, what: str) -> str:
        """Compare what is there with what may be; returns which it is: before, after, or what is wrong."""
        self.trials += 1
        self.acknowledged += acknowledged
        try:
            found = state(path)  # type: ignore[arg-type]
        except CorruptError as error:
            self.fail("corrupt", f"{what}: {error}")
            return "corrupt"
        if same(found, after):
            return "after"
        if not same(found, before):
            self.fail("partial", f"{what}: {difference(found, after)}")
            return "partial"
        if acknowledged:
            self.fail("lost", f"{what}: told done, and not there")
            return "lost"
        return "before"


_HEADINGS = ("part", "trials", "told done", "lost", "partial", "corrupt", "other", "time", "verdict")


def table(tallies: list[Tally]) -> str:
    """The figures, one line a part."""
    rows = [_HEADINGS]
    for each in tallies:
        other = {k: v for k, v in each.wrong.items() if k not in ("lost", "partial", "corrupt")}
        verdict = (
            ("caught" if each.wrong else "NOT CAUGHT") if each.control else "ok" if each.clean else "FAILED"
        )
        rows.append(
            (
                each.part,
                f"{each.trials:,}",
                f"{each.acknowledged:,}",
                *(str(each.wrong[kind]) for kind in ("lost", "partial", "corrupt")),
                " ".join(f"{kind} {count}" for kind, count in sorted(other.items())) or "0",
                f"{each.seconds:.0f} s",
                verdict,
            )
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
