"""Every way a command can end other than well, with the exit code that scripts rely on.

An error carries a kebab-case `code`, one line that names the thing, and a hint with the next
command to try. The README's exit-code table is generated from these classes.
"""


class RenewctlError(Exception):
    """A command cannot continue; printed as `error[code]: message` and a `hint:` line."""

    exit_code = 3
    meaning = "an internal error (traceback in the log whose path is printed)"

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class UsageError(RenewctlError):
    """The words of the command are off."""

    exit_code = 2
    meaning = "wrong usage"


class InputRefused(RenewctlError):
    """A file or value from outside cannot be read or may not be taken."""

    exit_code = 10
    meaning = "unreadable or refused input"


class PolicyError(RenewctlError):
    """A policy or playbook file is wrong."""

    exit_code = 11
    meaning = "a bad policy or playbook file"


class PortfolioError(RenewctlError):
    """The portfolio cannot be used."""

    exit_code = 12
    meaning = "the portfolio cannot be used: missing, locked, damaged, newer schema"


class NotFound(RenewctlError):
    """No such account, item or save, or several of them."""

    exit_code = 13
    meaning = "no such account, item or save, or an ambiguous name"


class RefusedByRule(RenewctlError):
    """A rule of the policy forbids it."""

    exit_code = 14
    meaning = "refused by a rule: an illegal transition, an offer over its approval limit"


class RenderError(RenewctlError):
    """A template or document could not be rendered."""

    exit_code = 15
    meaning = "a template or document could not be rendered"


class Interrupted(RenewctlError):
    """The person stopped it, or declined a prompt."""

    exit_code = 130
    meaning = "interrupted, or a prompt declined"
    too_late = False  # the store sets it on the class once a change of this process is made to last

    @classmethod
    def told(cls) -> str:
        """What ^C came to, in words: it takes nothing back that was made to last before."""
        if cls.too_late:
            return "stopped; what was changed before is kept, see it: renewctl history"
        return "stopped; nothing was changed"
