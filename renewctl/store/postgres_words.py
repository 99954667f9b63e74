"""What PostgreSQL says, as one line that a person can act on; and how its values pass to and fro."""

from typing import TYPE_CHECKING, Any

from renewctl.errors import PortfolioError

if TYPE_CHECKING:
    import psycopg

_BUSY = "try again in a moment"
_RIGHTS = "ask the owner of the portfolio for the role of a writer, or a reader (docs/postgresql.md)"
# Class or code of an error -> our code, what is the matter, what to do.
_KNOWN = {
    "55P03": ("portfolio-locked", "is in use by another command", _BUSY),
    "40001": ("portfolio-locked", "is in use by another command", _BUSY),
    "40P01": ("portfolio-locked", "is in use by another command", _BUSY),
    "53100": ("disk-full", "has no room left to write", "free some space on the server; nothing was changed"),
    "53": ("portfolio-unreachable", "is on a server that is at its limits", _BUSY),
    "25006": ("portfolio-not-writable", "can only be read here", "name the server that takes writes"),
    "57P01": ("connection-lost", "is on a server that ended the connection", "run the command again"),
    "57P02": ("connection-lost", "is on a server that broke down", "run the command again"),
    "57014": ("portfolio-locked", "is on a server that stopped the command", _BUSY),
    "25P03": ("connection-lost", "waited too long for this command", "run the command again"),
    "23": ("invariant", "refused a change that breaks its rules", ""),
    "54": ("value-refused", "cannot hold a value", "shorten it"),
    "22": ("value-refused", "cannot hold a value", "change it"),
}


def refusal(error: Exception, path: str, *, broken: bool, writes: bool) -> PortfolioError:
    """An error of a statement; `broken`: the connection is gone, `writes`: inside a write."""
    state = getattr(error, "sqlstate", None) or ""
    if state == "42501":
        code, done = ("portfolio-not-writable", "written") if writes else ("portfolio-not-readable", "read")
        return PortfolioError(code, f"{path} may not be {done} by this user: {line(error)}", _RIGHTS)
    known = _KNOWN.get(state) or _KNOWN.get(state[:2])
    if known:
        code, what, hint = known
        more = f": {_unique(state)}{line(error)}" if state[:2] in ("22", "23", "54") else ""
        return PortfolioError(code, f"{path} {what}{more}", hint)
    if broken or (not state and _is_lost(error)):
        return PortfolioError(
            "connection-lost",
            f"the connection to {path} broke; nothing was changed",
            "run the command again",
        )
    if not state:  # refused before it was sent, such as text with a NUL in it
        return PortfolioError("value-refused", f"{path} cannot hold a value: {line(error)}", "change it")
    return PortfolioError(
        "portfolio-damaged",
        f"{path} cannot be read as a portfolio: {line(error)}",
        "see what is wrong with: renewctl doctor",
    )


def _unique(state: str) -> str:
    """The word by which those who may be second know that somebody was first, on either engine."""
    return "UNIQUE: " if state == "23505" else ""


def _is_lost(error: Exception) -> bool:
    import psycopg

    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


def unreachable(error: "psycopg.Error", path: str) -> PortfolioError:
    """An error of connecting."""
    text = " ".join(str(error).split())
    low = text.lower()
    if 'database "' in low and "does not exist" in low:
        return PortfolioError("portfolio-missing", f"there is no such database: {path}", "createdb NAME")
    if any(word in low for word in ("password", "authentication", "pg_hba", 'role "', "not permitted")):
        return PortfolioError(
            "login-refused",
            f"{path} does not let this user in: {line(error)}",
            "give a password by PGPASSWORD, RENEWCTL_PORTFOLIO or ~/.pgpass, never as an argument",
        )
    if any(word in low for word in ("ssl", "certificate", "tls")):
        return PortfolioError(
            "not-encrypted",
            f"{path} cannot be reached safely: {line(error)}",
            "give the server's authority with ?sslrootcert=FILE; ?sslmode=require encrypts without proof of "
            "who answers; RENEWCTL_ALLOW_PLAINTEXT=1 does without (docs/postgresql.md)",
        )
    return PortfolioError(
        "portfolio-unreachable", f"{path} cannot be reached: {line(error)}", "see that the server is running"
    )


def line(error: Exception) -> str:
    """The gist of what the engine said: its own sentence, without the rows it is about."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    text = primary or str(error).strip().split("\n")[-1] or type(error).__name__
    for mark in ("FATAL:", "failed:", "error:"):
        text = text.rpartition(mark)[2]
    return " ".join(text.split())


def adapt(connection: "psycopg.Connection[Any]") -> None:
    """Values as the other engine takes and gives them: yes/no as 0/1, dates as text, whole sums as int."""
    from datetime import date
    from decimal import Decimal

    from psycopg.adapt import Dumper, Loader

    class YesNo(Dumper):
        oid = 23  # int4

        def dump(self, obj: bool) -> bytes:
            return b"1" if obj else b"0"

    class Day(Dumper):
        def dump(self, obj: date) -> bytes:
            return obj.isoformat().encode()

    class ZeroOne(Loader):
        def load(self, data: Any) -> int:
            return int(bytes(data) == b"t")

    class Whole(Loader):
        def load(self, data: Any) -> Any:
            text = bytes(data).decode()
            return int(text) if text.lstrip("-").isdecimal() else Decimal(text)

    adapters = connection.adapters
    adapters.register_dumper(bool, YesNo)
    adapters.register_dumper(date, Day)
    adapters.register_loader("bool", ZeroOne)
    adapters.register_loader("numeric", Whole)
