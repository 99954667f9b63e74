"""Health over time: bars, trend, history, flag and the check of outcomes, for a person and as JSON."""

import sys
import textwrap
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from renewctl.core.health_change import Change, Move
from renewctl.core.health_check import Rate, Report
from renewctl.core.health_flag import INVESTIGATE, Flag
from renewctl.core.health_past import Trend
from renewctl.core.health_reasons import Health, Part
from renewctl.core.health_story import Point, Story
from renewctl.core.model import Account, HealthOverride
from renewctl.core.policy import HealthWork
from renewctl.views.account import bold, word
from renewctl.views.terminal import aligned, coloured, put_lines, safe, width

_LEVELS = "▁▂▃▄▅▆▇█"
_PLAIN_LEVELS = "_.:-=+*#"
_BAR = 20  # cells
_WIDEST = 120
_STYLES = {"green": "32", "yellow": "33", "red": "1;31"}
_WHAT = {"imported": "imported score", "caps": "caps", "override": "override"}


class Told(NamedTuple):
    """What `health show` and `health history` tell."""

    as_of: date
    account: Account
    detail: Health
    story: Story
    rules: HealthWork


# --- shapes -------------------------------------------------------------------------------------------


def _draws(text: str) -> bool:
    """Whether stdout can carry these letters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def sparkline(scores: Sequence[float | None]) -> str:
    """Scores as a row of columns, a blank for an unknown one; plain signs where stdout has no others."""
    levels = _LEVELS if _draws(_LEVELS) else _PLAIN_LEVELS
    return "".join(" " if each is None else levels[min(int(each / 12.5), 7)] for each in scores)


def _bar(value: float) -> str:
    full, empty = "█░" if _draws("█░") else "#."
    filled = round(value / 100 * _BAR)
    return full * filled + empty * (_BAR - filled)


def _paint(band: str | None, text: str) -> str:
    style = _STYLES.get(band or "")
    return f"\x1b[{style}m{text}\x1b[0m" if style and coloured() else text


def _standing(detail: Health) -> str:
    if detail.score is None:
        return "unknown"
    return _paint(detail.band, f"{detail.band} {detail.score:g}")


def _wrapped(text: str, indent: int) -> list[str]:
    head = " " * indent
    columns = max(40, min(width(), _WIDEST))
    return textwrap.wrap(text, columns, initial_indent=head, subsequent_indent=head + "  ")


# --- health show ----------------------------------------------------------------------------------------


def show(told: Told) -> None:
    """Every input with its bar, then what stands beside the mix, the trend, the flag and the changes."""
    detail, account = told.detail, told.account
    line = sparkline([each.score for each in told.story.points])
    out = [bold(f"{safe(account.name)} ({safe(account.id)})") + f"  health as of {told.as_of}", ""]
    out.append(f"  {_standing(detail)}  {line}".rstrip())
    out += [line for each in beside(told.story, detail) for line in _wrapped(each, 2)]
    out.append("")
    for part in detail.parts:
        out += _part(part, told)
    for name in detail.missing:
        out.append(
            f"  {name:<13} {'no reading; its weight goes to the others' if detail.parts else 'no reading'}"
        )
    out += _other_scores(detail)
    changed = why_changed(told.story.changes)
    out += ["", *(f"  {line}" for line in changed)] if changed else []
    put_lines(out)


def _part(part: Part, told: Told) -> list[str]:
    points = f"{part.weight:>5.0%} {part.points:>5.1f} points"
    head = f"  {part.input:<13} {_bar(part.scaled)} {part.scaled:>5.1f} {points}"
    return [head, *_wrapped(f"{part.raw}, read {part.read_on}, {_age(part, told.as_of)}", 16)]


def _age(part: Part, as_of: date) -> str:
    """What age does to a reading, and when."""
    if as_of < part.fades_on:
        return f"fades from {part.fades_on}"
    if as_of < part.spent_on:
        return f"fading since {part.fades_on}, spent on {part.spent_on}"
    return f"spent since {part.spent_on}"


def _other_scores(detail: Health) -> list[str]:
    """The reasons that are no input's: an imported score, an override, caps, the guard, too little known."""
    parts = {part.raw for part in detail.parts}
    out = []
    for each in detail.because[1:] if detail.score is not None else detail.because:
        of_input = any(each.observed.startswith(f"{raw}, read ") for raw in parts)
        if not of_input and not each.observed.startswith("no reading of"):
            out += _wrapped(f"{safe(each.observed)}; {safe(each.threshold)} ({each.rule})", 2)
    return ["", *out] if out else []


def aging(detail: Health) -> list[str]:
    """When the oldest reading behind the score fades; nothing without one."""
    if detail.ages is None:
        return []
    read_on, fades_on, spent_on = detail.ages
    return [f"readings from {read_on} on: fade from {fades_on}, spent on {spent_on}"]


def beside(story: Story, detail: Health) -> list[str]:
    """Trend, override, flag and playbook, each beginning with its word; nothing where there is none."""
    out = []
    if story.trend.slope is not None:
        out.append(f"trend {_trend(story.trend)}")
    if detail.override is not None:
        without = "unknown" if detail.without is None else f"{detail.without:g}"
        out.append(
            f"override {detail.override.score:g} until {detail.override.until_on} "
            f"({safe(detail.override.reason)}); without it {without}"
        )
    if story.flag is not None:
        out += _flag(story.flag)
    return out


def _trend(trend: Trend) -> str:
    return f"{trend.direction}: {trend.slope:+.1f} points in 30 days, over the last {trend.days}"


def _flag(flag: Flag) -> list[str]:
    reason, scenario = flag.because
    moved = moves(flag.change.moves)
    out = [f"flagged since {flag.flagged_on}: {reason.observed}; {reason.threshold} ({reason.rule})"]
    out[0] += f"; moved by {moved}" if moved else ""
    what = "none yet" if flag.scenario == INVESTIGATE else flag.scenario
    return [*out, f"playbook {what}: {safe(scenario.observed)} ({scenario.rule})"]


def moves(found: Sequence[Move]) -> str:
    """What moved a score in a line, those that mattered most first, fading summed up last."""
    told = [f"{_name(each)} {each.points:+.1f}" for each in found if each.what != "fading"]
    fading = _fading(found)
    return ", ".join([*told, *([f"fading {fading:+.1f}"] if fading else [])])


def _fading(found: Sequence[Move]) -> float:
    return sum(round(each.points * 10) for each in found if each.what == "fading") / 10


def _name(move: Move) -> str:
    name = _WHAT.get(move.what) or move.input or move.what
    return f"{name} (first read)" if move.what == "reweighting" else name


def _moved(move: Move) -> str:
    """A move in words: what was read, before and after."""
    if move.what == "reweighting":
        return f"{safe(move.now)}, read {move.on} for the first time: new weights"
    if move.was is not None and move.now is not None:
        return f"{safe(move.was)} → {safe(move.now)}, read {move.on}"
    since = f" of {move.on}" if move.on else ""
    return f"{_name(move)}{since}"


def why_changed(changes: Sequence[Change]) -> list[str]:
    """Why the score is another one than on earlier days: a line for each thing that moved it."""
    out = []
    for each in changes:
        rows = [(f"{move.points:+.1f}", _moved(move)) for move in each.moves if move.what != "fading"]
        fading = _fading(each.moves)
        if fading:
            names = [move.input or "" for move in each.moves if move.what == "fading"]
            rows.append((f"{fading:+.1f}", f"fading with age: {', '.join(names)}"))
        out.append(f"since {each.from_on}: {each.before:g} → {each.after:g} ({each.points:+.1f})")
        out += [f"  {line}" for line in aligned(rows, frozenset({0}))] or ["  nothing moved it"]
    return out


# --- health history -------------------------------------------------------------------------------------


def history(told: Told) -> None:
    """The score of every day with an event, what moved it, the trend and the flag."""
    account, points = told.account, told.story.points
    line = sparkline([each.score for each in points])
    out = [bold(f"{safe(account.name)} ({safe(account.id)})") + f"  {line}".rstrip()]
    if not points:
        out.append(f"nothing was read yet; add it: renewctl health add {word(account.id)} nps=…")
    for each in points:
        score = "" if each.score is None else f"{each.score:.1f}"
        gone = f"{each.change.points:+.1f}" if each.change and each.change.points is not None else ""
        band = _paint(each.band, f"{each.band or 'unknown':<8}")
        out += _hung(f"{each.on}  {band} {score:>5} {gone:>6}  ", 34, _what(each, told.as_of))
    out += [line for each in beside(told.story, told.detail) for line in _wrapped(each, 0)]
    put_lines(out)


def _hung(head: str, size: int, text: str) -> list[str]:
    """A text behind its head of so many columns, further lines under its beginning."""
    lines = textwrap.wrap(text, max(20, min(width(), _WIDEST) - size)) or [""]
    return [(head + lines[0]).rstrip(), *(" " * size + line for line in lines[1:])]


def _what(point: Point, as_of: date) -> str:
    today = "today" if point.on == as_of else ""
    if point.change is None:
        return today
    return ", ".join(filter(None, (moves(point.change.moves), today)))


# --- health check ---------------------------------------------------------------------------------------


def check(found: Report, rules: HealthWork) -> None:
    """What the outcomes say of the scores, each rate with its count."""
    span = f"{rules.check_far_days} to {rules.check_near_days} days before the renewal"
    noun = "outcome, its" if found.outcomes == 1 else "outcomes, their"
    out = [bold(f"{found.outcomes:,} {noun} lowest score from {span}")]
    if found.shifted:
        out.append(
            f"{found.shifted:,} of them counted from the day they closed: closed earlier, or no renewal date"
        )
    head = ("BAND", "OUTCOMES", "WON", "PARTIAL", "LOST", "CHURN", "95 % INTERVAL")
    rows = [
        (each.band, str(each.lost.of), str(each.won), str(each.partial), str(each.lost.part),
         _share(each.lost.share), _interval(each.lost))
        for each in found.bands
    ]  # fmt: skip
    out += ["", *aligned([head, *rows], frozenset({1, 2, 3, 4, 5})), ""]
    missed = f"losses neither red nor yellow then: {_told_rate(found.not_warned)}"
    if found.unread:
        missed += f"; without a score then: {found.unread}"
    book = f"accounts green today: {_told_rate(found.book)}"
    if found.book_unknown:
        book += f"; {found.book_unknown} without a band besides"
    out += [missed, book, *_ranks(found)]
    put_lines([*out, "", found.why])


def _ranks(found: Report) -> list[str]:
    counts = f"{found.losses} lost and {found.kept} kept with a score"
    if found.auc is None:
        return [f"AUC: none to be had of {counts}"]
    interval = ""
    if found.auc_low is not None and found.auc_high is not None:
        interval = f", 95 % interval {found.auc_low:.2f} to {found.auc_high:.2f}"
    out = [f"AUC {found.auc:.2f}{interval}, of {counts}; 0.5 is chance"]
    if found.brier is not None and found.brier_constant is not None:
        out.append(
            f"Brier {found.brier:.3f} against {found.brier_constant:.3f} of the constant rate, of {counts}; "
            "smaller is better"
        )
        out.append(
            "  (chance of loss: the churn rate of its band; constant: that of all; itself left out of both)"
        )
    return out


def _told_rate(rate: Rate) -> str:
    if rate.share is None:
        return f"{rate.part} of {rate.of}"
    return f"{rate.part} of {rate.of} ({_share(rate.share)}, 95 % interval {_interval(rate)})"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _interval(rate: Rate) -> str:
    return "" if rate.low is None or rate.high is None else f"{rate.low:.0%} to {rate.high:.0%}"


# --- JSON -----------------------------------------------------------------------------------------------


def document(told: Told) -> dict[str, Any]:
    """`renewctl/health-show/1`."""
    detail = told.detail
    return {
        "schema": "renewctl/health-show/1",
        "as_of": told.as_of.isoformat(),
        "account": {"id": told.account.id, "name": told.account.name},
        "score": detail.score,
        "band": detail.band,
        "bands": {"green": detail.green, "yellow": detail.yellow},
        "imported": detail.imported,
        "missing": list(detail.missing),
        "caps": list(detail.caps),
        "over_engineering_guard": detail.guard,
        "parts": [part_document(part) for part in detail.parts],
        "because": [each._asdict() for each in detail.because],
        **story_document(told.story, detail),
    }


def history_document(told: Told) -> dict[str, Any]:
    """`renewctl/health-history/1`."""
    return {
        "schema": "renewctl/health-history/1",
        "as_of": told.as_of.isoformat(),
        "account": {"id": told.account.id, "name": told.account.name},
        "points": [
            {
                "on": each.on.isoformat(),
                "score": each.score,
                "band": each.band,
                "change": None if each.change is None else change_document(each.change),
            }
            for each in told.story.points
        ],
        "sparkline": "".join(
            " " if each.score is None else _LEVELS[min(int(each.score / 12.5), 7)]
            for each in told.story.points
        ),
        "trend": _trend_document(told.story.trend),
        "flag": flag_document(told.story.flag),
    }


def part_document(part: Part) -> dict[str, Any]:
    """One input of the mix."""
    return {
        **part._asdict(),
        "read_on": part.read_on.isoformat(),
        "fades_on": part.fades_on.isoformat(),
        "spent_on": part.spent_on.isoformat(),
        "scaled": round(part.scaled, 2),
        "weight": round(part.weight, 4),
        "points": round(part.points, 2),
    }


def story_document(story: Story, detail: Health) -> dict[str, Any]:
    """What stands beside a score: trend, override, flag and why it changed."""
    return {
        "trend": _trend_document(story.trend),
        "override": override_document(detail.override),
        "score_without_override": detail.without,
        "flag": flag_document(story.flag),
        "flagged_on": None if story.flag is None else story.flag.flagged_on.isoformat(),
        "changes": [change_document(each) for each in story.changes],
    }


def _trend_document(trend: Trend) -> dict[str, Any]:
    return {"direction": trend.direction, "points_per_30_days": trend.slope, "days": trend.days}


def override_document(said: HealthOverride | None) -> dict[str, Any] | None:
    """An override that is in force."""
    if said is None:
        return None
    days = {"set_on": said.set_on.isoformat(), "until_on": said.until_on.isoformat()}
    return {"score": said.score, "reason": said.reason, "note": said.note, **days, "actor": said.actor}


def flag_document(flag: Flag | None) -> dict[str, Any] | None:
    """HLT-3: the flag with what led to it."""
    if flag is None:
        return None
    return {
        "flagged_on": flag.flagged_on.isoformat(),
        "kind": flag.kind,
        "scenario": flag.scenario,
        "change": change_document(flag.change),
        "because": [each._asdict() for each in flag.because],
    }


def change_document(change: Change) -> dict[str, Any]:
    """A change with its moves, which add up to `points`."""
    return {
        "from": change.from_on.isoformat(),
        "to": change.to_on.isoformat(),
        "before": change.before,
        "after": change.after,
        "points": change.points,
        "moves": [
            {**each._asdict(), "on": each.on.isoformat() if each.on else None} for each in change.moves
        ],
    }


def check_document(found: Report, as_of: date, rules: HealthWork) -> dict[str, Any]:
    """`renewctl/health-check/1`; shares and intervals are fractions of 1."""
    return {
        "schema": "renewctl/health-check/1",
        "as_of": as_of.isoformat(),
        "from": found.from_on.isoformat() if found.from_on else None,
        "to": found.to_on.isoformat() if found.to_on else None,
        "days_before": {"far": rules.check_far_days, "near": rules.check_near_days},
        "outcomes": found.outcomes,
        "counted_from_closing": found.shifted,
        "bands": [
            {"band": each.band, "outcomes": each.lost.of, "won": each.won, "partial": each.partial,
             "lost": each.lost.part, "churn_rate": each.lost.share, "interval": _ends(each.lost)}
            for each in found.bands
        ],
        "losses_not_warned": {**_rate_document(found.not_warned), "without_score": found.unread},
        "book_green": {**_rate_document(found.book), "without_band": found.book_unknown},
        "losses": found.losses,
        "kept": found.kept,
        "least_losses": rules.check_losses,
        "auc": found.auc,
        "auc_interval": None if found.auc_low is None else [found.auc_low, found.auc_high],
        "brier": found.brier,
        "brier_constant": found.brier_constant,
        "mapping": "churn rate of the band, leave one out; constant: churn rate of all, leave one out",
        "signal": found.signal,
        "verdict": found.why,
    }  # fmt: skip


def _ends(rate: Rate) -> list[float | None] | None:
    return None if rate.low is None else [rate.low, rate.high]


def _rate_document(rate: Rate) -> dict[str, Any]:
    return {"count": rate.part, "of": rate.of, "share": rate.share, "interval": _ends(rate)}
