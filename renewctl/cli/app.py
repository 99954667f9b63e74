"""The program: which commands there are, loaded one at a time, and the boundary every error meets.

Only the module of the command that was typed is imported; the one-line helps stand here, held
against the docstrings by a test, so that `--help` imports none of them.
"""

import errno
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from renewctl import __version__
from renewctl.errors import InputRefused, Interrupted, PortfolioError, RenewctlError

# name -> (module, function, the first line of its docstring); a dict is a group of commands
COMMANDS: dict[str, Any] = {
    "demo": ("demo", "demo", "Make a small believable portfolio to try things on."),
    "init": ("start", "init", "Make an empty portfolio."),
    "import": (
        "import_",
        "import_",
        "Import accounts, contracts and other facts from CSV, TSV or XLSX files.",
    ),
    "export": ("export", "export", "Write accounts or other facts as CSV, JSON or XLSX."),
    "list": ("look", "list_", "List the accounts with their classification."),
    "show": ("look", "show", "Show everything known about one account, with its plan."),
    "explain": ("look", "explain", "Explain how an account is classified and what would change it."),
    "history": ("history", "history", "Show what was changed, when and by whom."),
    "undo": ("undo", "undo", "Take a command back: the last one, or the one of that number."),
    "forget": ("forget", "forget", "Erase a stakeholder or an account, also from the history, for good."),
    "set": ("change", "set_", "Change facts of an account by hand, with the reason."),
    "health": {
        "help": "Read, override and judge the health of accounts.",
        "add": ("health", "add", "Add what was read of an account's health on a day."),
        "show": (
            "health",
            "show",
            "Show an account's health: each input, the trend, the flag, why it changed.",
        ),
        "history": (
            "health",
            "history",
            "Show the score of every day on which something was read, and what moved it.",
        ),
        "override": ("health", "override", "Set a score by hand, with a reason and an end, or end it."),
        "check": ("health", "check", "Check on your own outcomes whether the scores told who would leave."),
    },
    "due": ("due", "due", "List the actions owed, the first thing to do first."),
    "done": ("item", "done", "Mark an item as done."),
    "skip": ("item", "skip", "Skip an item, with the reason."),
    "snooze": ("item", "snooze", "Put an item off until a date."),
    "draft": ("draft", "draft", "Write the mail of a step as a draft for your mail program."),
    "calendar": ("calendar", "calendar", "Write the agenda as a calendar file, or bring one up to date."),
    "digest": ("digest", "digest", "Write the morning text of a person, or post it where your team talks."),
    "log": ("change", "log", "Note what happened with an account, and the time it took."),
    "stage": ("renew", "stage", "Move a renewal to another stage."),
    "won": ("renew", "won", "Record a renewal as won and open its next cycle."),
    "lost": ("renew", "lost", "Record a renewal as lost."),
    "roll": (
        "roll",
        "roll",
        "Record the contracts that have renewed by themselves since their opt-out deadline.",
    ),
    "amend": ("terms", "amend", "Record a change inside a term: another ARR, or a later end."),
    "coterm": (
        "terms",
        "coterm",
        "Show what bringing an account's contracts to one end date costs, or do it.",
    ),
    "renewal": (
        "terms",
        "renewal",
        "Show or set what one renewal aims for: its target value, and what goes with it.",
    ),
    "stakeholder": {
        "help": "People at customers: who they are, who speaks to them, where that is too few.",
        "add": ("stakeholder", "add", "Note a person at a customer: role, influence, who speaks to them."),
        "list": ("stakeholder", "list_", "List the people at customers, of one account or of all."),
        "set": ("stakeholder", "set_", "Change what is known of a person at a customer."),
        "remove": ("stakeholder", "remove", "Take a person off the record who should never have been on it."),
        "gone": (
            "stakeholder",
            "gone",
            "Note that a person left the customer; a champion's leaving flags the account.",
        ),
        "map": (
            "stakeholder",
            "map_",
            "Show who of us speaks to whom at a customer, and which threads are stale or missing.",
        ),
        "risks": (
            "stakeholder",
            "risks",
            "List the accounts that hang by too few people or miss a role, the largest ARR first.",
        ),
    },
    "save": {
        "help": "Save customers at risk: open a case, work its steps.",
        "start": ("save", "start", "Open a save: the clock, the steps, their owners."),
        "suggest": (
            "save_suggest",
            "suggest",
            "Suggest which saves to open, by which scenario and on what evidence.",
        ),
        "rehearse": (
            "save_rehearse",
            "rehearse",
            "Replay the triggers over the past: losses they would have seen, and false alarms.",
        ),
        "results": (
            "save_results",
            "results",
            "Show what the saves came to, by how they were run, and what recurs.",
        ),
        "list": ("save", "list_", "List the saves, the most urgent first."),
        "show": ("save", "show", "Show one save with its steps and clock."),
        "standup": (
            "save_standup",
            "standup",
            "Show every running save: clock, next step, next promise, blocker, ARR, decision.",
        ),
        "done": ("save", "done", "Mark a step of a save as done."),
        "why": (
            "save_why",
            "why",
            "Ask why until the root cause is found, and go on with the playbook that answers it.",
        ),
        "answer": (
            "save_why",
            "answer",
            "Answer the questions of the investigation; steps that hang on them follow.",
        ),
        "team": (
            "save_case",
            "team",
            "Show who does what on a save, or give a role to a person for this case.",
        ),
        "worth": (
            "save_worth",
            "worth",
            "Weigh what a save costs against what it may keep, and record whether to fight or let go.",
        ),
        "note": (
            "save_case",
            "note",
            "Note what is in the way of a save, or the decision it needs; the stand-up shows both.",
        ),
        "promise": {
            "help": "The ledger of what was promised, with its day, its owner and what shows it was kept.",
            "add": (
                "save_promise",
                "add",
                "Write a promise into the ledger, with its day and its one owner.",
            ),
            "chain": (
                "save_promise",
                "chain",
                "Promise a fix as a chain of dated steps: build, QA, beta, release.",
            ),
            "kept": ("save_promise", "kept", "Mark a promise as kept, with what shows it."),
            "broken": (
                "save_promise",
                "broken",
                "Mark a promise as broken, with the reason; make it good with another.",
            ),
            "withdraw": (
                "save_promise",
                "withdraw",
                "Withdraw a promise the customer let us off, with what they said.",
            ),
            "list": ("save_promise", "list_", "List what was promised, what is missed first."),
        },
        "level": {
            "help": "Service levels given in writing, and how they were held.",
            "add": (
                "save_level",
                "add",
                "Give a service level in writing: a time to answer in, or a rhythm.",
            ),
            "log": (
                "save_level",
                "log",
                "Log that a service level was called upon, and when it was answered.",
            ),
            "list": (
                "save_level",
                "list_",
                "List service levels and how they were held, from what was logged.",
            ),
        },
        "evidence": (
            "save_case",
            "evidence",
            "Show how far the four measures of success are met, or record what shows one of them.",
        ),
        "close": (
            "save_case",
            "close",
            "Close a save with its result; saved only where all four measures are shown.",
        ),
        "reopen": (
            "save_case",
            "reopen",
            "Open a kept save again after a relapse, with its history: the clock starts anew.",
        ),
        "paper": (
            "save_paper",
            "paper",
            "Write a paper of a save: plan, letter, update, ROI sheet, briefing, card.",
        ),
        "offer": (
            "save_offer",
            "offer",
            "Make an offer to keep a customer: what it costs month by month, and who has to approve it.",
        ),
        "offers": (
            "save_offer",
            "list_",
            "List the offers made to keep customers, of one save or of all.",
        ),
        "approve": (
            "save_offer_step",
            "approve",
            "Approve an offer that is over the limit of whoever asked for it.",
        ),
        "refuse": ("save_offer_step", "refuse", "Refuse to approve an offer, with the reason."),
        "accept": (
            "save_offer_step",
            "accept",
            "Record that the customer accepted an offer: what was promised, and how to record the new terms.",
        ),
        "decline": (
            "save_offer_step",
            "decline",
            "Record that the customer declined an offer, with the reason.",
        ),
        "withdraw": (
            "save_offer_step",
            "withdraw",
            "Take an offer back that was not accepted yet, with the reason.",
        ),
    },
    "playbook": {
        "help": "What is done in each scenario of a save, and whether it can be.",
        "list": (
            "playbook",
            "list_",
            "List the playbooks: urgency, steps, hours, length and benchmark of each.",
        ),
        "show": (
            "playbook",
            "show",
            "Show a playbook whole: questions, steps, branches, what to say, papers.",
        ),
        "check": (
            "playbook",
            "check",
            "Check the playbooks: steps nobody reaches, dates that cannot be, roles nobody fills.",
        ),
    },
    "proposal": ("papers", "proposal", "Write a renewal proposal for a customer."),
    "value": ("papers", "value", "Write what an account has got out of it, from measured figures."),
    "reassign": (
        "reassign",
        "reassign",
        "Hand accounts over from one person to another, after showing what moves.",
    ),
    "owners": ("team", "owners", "Show who owns what, who has too much, and what nobody owns."),
    "effort": (
        "team",
        "effort",
        "Hold the hours logged against each renewal's budget, and say where they belong.",
    ),
    "capacity": (
        "team",
        "capacity",
        "Hold each person's coming weeks against their hours, and say what to move.",
    ),
    "timeline": (
        "timeline",
        "timeline",
        "Write the way to a renewal for the customer: review, proposal, agreement, signature.",
    ),
    "doctor": ("doctor", "doctor", "Check that the portfolio is sound, and say what to do where it is not."),
    "backup": ("backup", "backup", "Put a verified copy of the portfolio aside."),
    "restore": ("backup", "restore", "Put a backup back, after showing what would be lost."),
    "policy": {
        "help": "Show, check or start the rules, and what they make of the book.",
        "show": ("policy", "show", "Show the rules in force, and what an overlay changed."),
        "check": ("policy", "check", "Check a policy file, naming file, line and key."),
        "init": ("policy", "init", "Write a policy overlay to start from."),
        "audit": (
            "rollout",
            "audit",
            "Show how today's book would be segmented, owned and scheduled, with the misfits.",
        ),
        "diff": (
            "rollout",
            "diff",
            "List every account that another policy would change, before it is applied.",
        ),
        "pilot": ("rollout", "pilot", "Compare the pilot segment with the rest and with its own past."),
    },
}


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they are called."""

    table: dict[str, Any] = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return [name for name in self.table if name != "help"]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command or group of that name, or None."""
        entry = self.table.get(cmd_name) if cmd_name != "help" else None
        if entry is None:
            return None
        return _group(cmd_name, entry) if isinstance(entry, dict) else _command(cmd_name, *entry)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The one-line helps, from the table."""
        rows = [
            (name, entry["help"] if isinstance(entry, dict) else entry[2])
            for name, entry in self.table.items()
            if name != "help"
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Suggest near names of commands that are not loaded."""
        self.commands = dict.fromkeys(self.list_commands(ctx))  # type: ignore[assignment]
        return super().resolve_command(ctx, args)


def _command(name: str, module: str, function: str, summary: str) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, short_help=summary)(getattr(import_module(f"renewctl.cli.{module}"), function))
    return typer.main.get_command(app)


def _group(name: str, table: dict[str, Any]) -> Any:
    kind = type("Group", (LazyGroup,), {"table": table})
    app = typer.Typer(name=name, cls=kind, help=table["help"], add_completion=False, rich_markup_mode=None)
    app.callback()(_nothing)
    return typer.main.get_command(app)


def _nothing() -> None:
    pass


def _root() -> Any:
    app = typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )

    @app.callback(invoke_without_command=True)
    def renewctl(
        version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True),
    ) -> None:
        """Run customer renewals and saves: what is due, why, and what to do next."""
        if version:
            sys.stdout.write(f"renewctl {__version__}\n")
            raise typer.Exit

    return typer.main.get_command(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command; every way it can end passes through here."""
    gc.disable()  # a command lives for a moment and makes no cycles worth looking for
    args = sys.argv[1:] if arguments is None else arguments
    if not args and "_RENEWCTL_COMPLETE" not in os.environ:
        args = ["--help"]
    elif len(args) == 1 and isinstance(COMMANDS.get(args[0]), dict):
        args = [*args, "--help"]
    code = run(args)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _quiet_stdout()
    except OSError as error:
        code = _output_failed(error)
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)  # all is written and committed; taking a long agenda apart would cost a tenth of it


def run(args: list[str]) -> int:
    """Run one command and return its exit code; errors are printed as `error[code]` and `hint`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    Interrupted.too_late = False
    try:
        result = _root().main(args=args, prog_name="renewctl", standalone_mode=False)
        if result == 130:  # the parser swallows ^C and returns its code
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # and turns a closed pipe into exit 1
            _quiet_stdout()
            return 0
        raise
    except RenewctlError as error:
        if "--debug" in args:
            from renewctl.views.terminal import traceback_text

            sys.stderr.write(traceback_text())
        _complain(error.code, error.message, _kept(error.hint))
        return error.exit_code
    except BrokenPipeError:
        _quiet_stdout()
        return 0
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # which the parser takes for a person who has gone
            return _internal(error.__cause__, "--debug" in args)
        _complain("interrupted", Interrupted.told(), "")
        return 130
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
            return _output_failed(error)
        if hasattr(error, "format_message"):  # what the parser of arguments raises
            _complain("usage", error.format_message(), _usage_hint(args))
            return 2
        if type(error).__module__ == "sqlite3":  # met while rows were fetched
            from renewctl.store.sqlite import refusal

            told = refusal(error, "the portfolio")  # type: ignore[arg-type]
            _complain(told.code, told.message, _kept(told.hint))
            return told.exit_code
        if _damaged():
            _complain(
                "portfolio-damaged",
                f"the portfolio holds what no command has written ({type(error).__name__})",
                "see what is wrong: renewctl doctor",
            )
            return PortfolioError.exit_code
        return _internal(error, "--debug" in args)


def _kept(hint: str) -> str:
    """A hint that also tells whoever's command failed late of what it had made to last before."""
    return "; ".join(filter(None, (hint, _KEPT))) if Interrupted.too_late else hint


def _damaged() -> bool:
    """Whether a command that failed as none should met a portfolio that is not what was written.

    Asked then only: it reads all of it.
    """
    engine = sys.modules.get("renewctl.store.sqlite")
    path = None if engine is None else engine.SqlitePortfolio.last_opened
    if path is None:
        return False
    from renewctl.cli.options import today
    from renewctl.store import doctor
    from renewctl.store.doctor_file import examined
    from renewctl.store.policy_files import load_policy

    try:
        with examined(path, load_policy(None), today()) as subject:
            if subject.portfolio is None:
                return True
            return any(each.findings and each.check != "file" for each in doctor.examine(subject))
    except Exception:  # then it is the command that is wrong, as far as anybody can tell
        return False


def _complain(code: str, message: str, hint: str) -> None:
    from renewctl.views.terminal import fitted, safe, width

    told = [f"error[{code}]: {safe(message)}", *([f"hint: {safe(hint)}"] if hint else [])]
    with suppress(OSError):  # where stderr is full too, the exit code has to say it
        columns = width(sys.stderr)
        sys.stderr.write("".join(f"{part}\n" for line in told for part in fitted(line, None, columns)))


def _usage_hint(args: list[str]) -> str:
    entry = COMMANDS.get(args[0]) if args else None
    if isinstance(entry, dict) and len(args) > 1 and args[1] in entry:
        return f"renewctl {args[0]} {args[1]} --help"
    return f"renewctl {args[0]} --help" if entry else "renewctl --help"


def _internal(error: Exception, debug: bool) -> int:
    """Keep the traceback in a file only the user can read, and say where."""
    from renewctl.cli.options import default_portfolio
    from renewctl.views.terminal import traceback_text

    told = traceback_text()  # taken before anything else fails; harmless wherever it is read
    if debug:
        sys.stderr.write(told)
    log = default_portfolio().with_name("error.log")
    where = ""
    try:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(told)
        where = f"the traceback is in {log}"
    except OSError:
        where = "run it again with --debug to see the traceback"
    _complain("internal", f"{type(error).__name__}: {error}", where)
    return 3


_KEPT = "what was changed before is kept, see it: renewctl history"
# What writing to stdout fails with when its file can take no more.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _output_failed(error: OSError) -> int:
    """The output could not be written where the shell sends it, such as to a full disk."""
    done = "the change is made, but " if Interrupted.too_late else ""
    said = _kept("make room or send it elsewhere")
    _complain("output-failed", f"{done}the output could not be written: {error.strerror}", said)
    _quiet_stdout()
    return InputRefused.exit_code


def _quiet_stdout() -> None:
    """After the reader has gone or the disk is full: let the interpreter's last flush fail into nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
