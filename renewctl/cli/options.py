"""The options every command shares, and what they stand for.

`@command(...)` gives a function the common options and hands it an `Env` as its first argument.
Today's date and the actor are settled here and nowhere else.
"""

import errno
import inspect
import os
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renewctl.core.dates import parse_iso
from renewctl.errors import InputRefused, Interrupted, NotFound, UsageError

if TYPE_CHECKING:
    from renewctl.core.policy import Policy
    from renewctl.store.portfolio import Portfolio

_SHELL = frozenset("\"'`$&|;<>()[]{}*?!#~\\^=%")  # letters that mean something to some shell
# What each common option looks like on every command; order is the order of `--help`.
_COMMON: dict[str, Any] = {
    "portfolio": (
        Annotated[
            str | None,
            typer.Option(
                "--portfolio",
                metavar="FILE",
                help="Portfolio file (RENEWCTL_PORTFOLIO; default: your data folder).",
            ),
        ],
        None,
    ),
    "policy": (
        Annotated[
            str | None,
            typer.Option(
                "--policy", metavar="FILE", help="Policy overlay (RENEWCTL_POLICY; default: as shipped)."
            ),
        ],
        None,
    ),
    "as_of": (
        Annotated[
            str | None,
            typer.Option(
                "--as-of", metavar="DATE", help="The day to reckon from (RENEWCTL_AS_OF; default: today)."
            ),
        ],
        None,
    ),
    "json": (Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")], False),
    "dry_run": (
        Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")],
        False,
    ),
    "yes": (Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")], False),
    "debug": (Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")], False),
}


_FIRST_YEAR, _LAST_YEAR = 1900, 9000  # what is reckoned ahead of a day has to be a day too


class Env:
    """What a command works with: where, under which policy, on which day, who, and how to show it."""

    def __init__(self, common: dict[str, Any], command: str) -> None:
        self.command = command
        self.json: bool = common.get("json", False)
        self.dry_run: bool = common.get("dry_run", False)
        self.yes: bool = common.get("yes", False)
        self.debug: bool = common["debug"]
        self.portfolio_path = _portfolio_path(common["portfolio"])
        self.policy_path: str | None = common["policy"] or os.environ.get("RENEWCTL_POLICY") or None
        given = common["as_of"] or os.environ.get("RENEWCTL_AS_OF")
        self.as_of = day(given, "--as-of") if given else today()
        if not _FIRST_YEAR <= self.as_of.year < _LAST_YEAR:
            raise UsageError("bad-date", f"--as-of {self.as_of}: out of range", "give a day of our times")

    @cached_property
    def policy(self) -> "Policy":
        """The shipped policy, or the user's overlay on it (checked; PolicyError where it is wrong)."""
        from renewctl.store.policy_files import load_policy

        return load_policy(self.policy_path)

    @cached_property
    def actor(self) -> str:
        """Who acts: RENEWCTL_USER, else the system user."""
        return os.environ.get("RENEWCTL_USER") or os.environ.get("USER") or _system_user()

    def open(self, *, create: bool = False) -> "Portfolio":
        """The portfolio, open; only `create` makes one that is missing."""
        from renewctl.store.portfolio import open_portfolio

        opened = open_portfolio(self.portfolio_path, create=create)
        self.opened(opened)
        return opened

    def opened(self, portfolio: "Portfolio") -> None:
        """Say that a portfolio was migrated as it was opened, where it was."""
        if (done := portfolio.migrated) is not None:
            from renewctl.views.terminal import safe

            kept = f"; its earlier state is kept at {done.copy}" if done.copy else ""
            say(safe(f"{portfolio.path} was migrated from schema {done.version} to {done.now}{kept}"))

    def open_as_known(self, known_on: str | None) -> "Portfolio":
        """The portfolio to read from; given a day, a copy with the facts as they were recorded by its end.

        Says so where nothing was recorded by then. UsageError for no date, or a day still to come.
        """
        if known_on is None:
            return self.open()
        found = day(known_on, "--as-known-on")
        from renewctl.store.portfolio import utc_now
        from renewctl.store.rewind import known_on as as_known

        if found > max(today(), date.fromisoformat(utc_now()[:10])):
            raise UsageError(
                "day-to-come",
                f"--as-known-on {known_on} is still to come: nobody knows what will be recorded then",
                "to reckon from a later day with the facts of today: --as-of DATE",
            )
        with self.open() as portfolio:
            copy, seq = as_known(portfolio, found, self.policy, self.as_of)
            first = portfolio.value("SELECT MIN(at) FROM operation")
        if not seq:
            since = f"; the first entry is of {first[:10]}" if first else ""
            say(f"as known on {found}: nothing had been recorded yet{since}")
        return copy

    @property
    def now(self) -> datetime | None:
        """This instant, when the day reckoned from is today; None on any other day."""
        from renewctl.store.portfolio import utc_now

        return datetime.fromisoformat(utc_now()) if self.as_of == today() else None

    @property
    def dry(self) -> str:
        """What a message ends with where nothing was written."""
        return " (dry run: nothing was written)" if self.dry_run else ""

    def owner(self, name: str | None) -> str | None:
        """A person as given to `--owner`; `me` is the actor."""
        return self.actor if name == "me" else name

    def asks(self) -> bool:
        """Whether there is somebody at a terminal to be asked, and `--yes` has not answered already."""
        return not self.yes and sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str) -> None:
        """Ask before going on, unless `--yes`; without a terminal to ask at it is a refusal."""
        if self.yes:
            return
        if not self.asks():
            raise UsageError("needs-yes", question, "say --yes to go ahead")
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes", "s", "sim"):
            raise Interrupted("declined", "nothing was changed")


def command(
    *, json: bool = True, writes: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the common options: `json` where it shows something, `dry_run`/`yes` where it writes."""
    names = ["portfolio", "policy", "as_of"]
    names += ["json"] if json else []
    names += ["dry_run", "yes"] if writes else []
    names.append("debug")

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        title = function.__name__.rstrip("_").replace("_", " ")

        def run(**given: Any) -> None:
            common = {name: given.pop(name) for name in names}
            try:
                function(Env(common, title), **given)
            except UnicodeEncodeError as error:
                raise _not_text(error) from error
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                shown = str(error.filename or "")[:60]
                raise InputRefused(
                    "name-too-long", f"{shown}…: too long for the name of a file", "give the path of a file"
                ) from error

        parameters = own + [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=_COMMON[name][0], default=_COMMON[name][1]
            )
            for name in names
        ]
        run.__name__ = function.__name__
        run.__doc__ = function.__doc__
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        )
        return run

    return decorate


def _not_text(error: UnicodeEncodeError) -> Exception:
    """Bytes of an argument or variable that are no text of this system came to where text is stored."""
    if not any("\ud800" <= letter <= "\udfff" for letter in error.object):
        return error
    shown = error.object if len(error.object) <= 40 else error.object[:40] + "…"
    return UsageError("not-text", f"{shown!r} is not text in UTF-8", "type it anew, or set a UTF-8 locale")


def owned_by(env: Env, portfolio: "Portfolio", name: str | None) -> frozenset[str] | None:
    """Every spelling on record of the person of `--owner`, whatever its case and accents; None: anybody.

    NotFound (exit 13) for a name the portfolio knows nowhere. Whoever asks for `me` and is not known is told
    so, and finds nothing.
    """
    wanted = env.owner(name)
    if wanted is None:
        return None
    if not wanted.strip():
        raise UsageError("owner-missing", "--owner is blank", "give a person's name, or me")
    from renewctl.store.lookup import person

    try:
        return person(portfolio, env.policy, wanted)
    except NotFound as error:
        if name != "me":
            raise
        from renewctl.views.terminal import safe

        say(f"{safe(error.message)}: {safe(error.hint)}")
        return frozenset((wanted,))


def complete_account(incomplete: str) -> list[str]:
    """Names of accounts that begin with what was typed, for the shell.

    The shell puts a completion on its line as it is, so a name with anything in it that a shell would act on
    or a terminal obey is not offered.
    """
    from renewctl.store.lookup import account_names

    try:
        names = account_names(_portfolio_path(None), incomplete)
        return [name for name in names if name.isprintable() and not _SHELL.intersection(name)]
    except Exception:  # a completion must never disturb the prompt
        return []


AccountArg = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT", help="Id, name or an unambiguous part of one.", autocompletion=complete_account
    ),
]


AsKnownOn = Annotated[
    str | None,
    typer.Option(
        "--as-known-on",
        metavar="DATE",
        help="Facts as recorded by the end of that day, UTC (--as-of moves the calendar instead).",
    ),
]


def day(text: str, option: str) -> date:
    """An ISO date given as an option, or exit 2."""
    found = parse_iso(text)
    if found is None:
        raise UsageError(
            "bad-date", f"{option} {text}: not a date", "write it as YYYY-MM-DD, such as 2026-03-31"
        )
    return found


def minutes(hours: str | None) -> int | None:
    """`--hours` as whole minutes, exactly; exit 2 where it is no time spent."""
    if hours is None:
        return None
    from renewctl.core.edits import minutes_of

    spent = minutes_of(hours)
    if spent is None:
        raise UsageError("bad-hours", f"--hours {hours}: no time spent", "write hours such as 0.5 or 2")
    return spent


def say(text: str) -> None:
    """A message for the person: on stderr, so that stdout stays data."""
    from renewctl.views.terminal import fitted, width

    columns = width(sys.stderr)
    lines = (part for line in text.split("\n") for part in fitted(line, None, columns))
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def default_portfolio() -> Path:
    """The user's own portfolio file, where the platform keeps application data."""
    from renewctl.store.places import data_folder

    return data_folder() / "portfolio.db"


def _portfolio_path(given: str | None) -> str:
    path = given or os.environ.get("RENEWCTL_PORTFOLIO")
    if not path:
        return str(default_portfolio())
    if "://" in path or "=" in path or path.lower().startswith("postgres"):
        from renewctl.store.address import address, check_file_name

        if "://" in path:
            return address(path, argument=bool(given))
        check_file_name(path, argument=bool(given))
    return path


def today() -> date:
    """The calendar day where the person is."""
    return date.today()


def _system_user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
