"""The address of a portfolio on a PostgreSQL server: what it names, and what is kept out of sight.

An address is taken apart once, at the door: a password in it leaves the text there, so that no message,
log or traceback can show it. Over a network it goes encrypted to a server that has proved who it is,
unless told otherwise.
"""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from itertools import zip_longest
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote, unquote, urlencode

from renewctl.errors import PortfolioError, UsageError

SCHEMA = "renewctl"  # of an address that names none
KINDS = ("postgresql", "postgres")
_SECRET = frozenset(
    ["password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"]
)
# What libpq knows, in whatever version; another word is a slip that may stand beside a password.
_KNOWN = frozenset(
    "schema user host hostaddr port dbname passfile connect_timeout client_encoding options application_name "
    "fallback_application_name keepalives keepalives_idle keepalives_interval keepalives_count "
    "tcp_user_timeout replication gssencmode gssdelegation gsslib krbsrvname requirepeer require_auth "
    "channel_binding ssl sslmode sslnegotiation requiressl sslcompression sslcert sslkey sslcertmode "
    "sslrootcert sslcrl sslcrldir sslsni sslkeylogfile ssl_min_protocol_version ssl_max_protocol_version "
    "min_protocol_version max_protocol_version service servicefile target_session_attrs load_balance_hosts "
    "oauth_issuer oauth_client_id oauth_scope".split()
)
# A setting of this name in any spelling of a connection, such as `host=… password=…`.
_SECRET_WORD = re.compile(rf"(?i)(?:^|[\s?&;])(?:{'|'.join(_SECRET)})\s*=")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")  # of a schema; needs no quotes
_PROVEN = ("require", "verify-ca", "verify-full")  # values of sslmode that never go unencrypted
_HERE = ("", "localhost", "localhost.", "ip6-localhost")


class Address(str):
    """An address as people may see it; beside the text, what must not be seen."""

    secrets: Mapping[str, str]
    schema: str
    target: str  # the address as libpq takes it: without secrets, without `schema`


def address(text: str, *, argument: bool = False) -> Address:
    """An address taken apart. `argument`: it stood on the command line, where others can read it.

    UsageError (exit 2) for a password in an argument, for another kind of database, and for what is no
    address; none of them repeats what could be part of a password.
    """
    if isinstance(text, Address):
        return text
    kind, _, rest = text.partition("://")
    if kind.lower() not in KINDS:
        raise UsageError(
            "unknown-engine",
            f"there is no portfolio at a {kind[:20]}:// address",
            "name a file, or postgresql://HOST/DATABASE",
        )
    place, asked = _split(rest)
    user, at, hosts = place.rpartition("@")
    name, colon, password = user.partition(":")
    secrets = {"password": unquote(password)} if colon else {}
    settings: list[tuple[str, str]] = []
    for key, value in asked:
        if key.lower() in _SECRET:
            secrets[key.lower()] = value
        elif key not in _KNOWN:
            _unreadable("a setting in the address of the portfolio is none that PostgreSQL knows")
        else:
            settings.append((key, value))
    if argument and secrets:
        refuse_secret()
    schema = dict(settings).get("schema", SCHEMA)
    if not _NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise UsageError(
            "bad-schema",
            f"schema={schema} is no name for a portfolio",
            "use lower-case letters, digits and _, beginning with a letter",
        )
    _check_hosts(hosts)
    shown = f"postgresql://{name}{at}{hosts}"
    return _made(shown, settings, schema, secrets)


def _made(shown: str, settings: list[tuple[str, str]], schema: str, secrets: Mapping[str, str]) -> Address:
    made = Address(_with(shown, settings))
    made.secrets, made.schema = secrets, schema
    made.target = _with(shown, [each for each in settings if each[0] != "schema"])
    return made


def _with(shown: str, settings: list[tuple[str, str]]) -> str:
    return shown + ("?" + urlencode(settings, quote_via=quote) if settings else "")


def refuse_secret() -> NoReturn:
    """Refuse a password on the command line, without repeating it."""
    raise UsageError(
        "password-in-argument",
        "a URL with a password in it is not taken as an argument, where others can see it",
        "set RENEWCTL_PORTFOLIO or PGPASSWORD in the environment, or keep it in ~/.pgpass",
    )


def check_file_name(name: str, *, argument: bool = False) -> None:
    """Refuse what is neither an address nor meant as a file: a file of that name would show a password."""
    secret = holds_secret(name)
    if secret and argument:
        refuse_secret()
    if secret or name.lower().startswith(tuple(f"{kind}:" for kind in KINDS)):
        raise UsageError(
            "not-an-address",
            "what is given as the portfolio is neither a URL nor the name of a file",
            "write it as postgresql://USER:PASSWORD@HOST/DATABASE",
        )


def holds_secret(text: str) -> bool:
    """Whether a text that is no address spells out a password all the same."""
    return _SECRET_WORD.search(unquote(text)) is not None


def _split(rest: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the `?`, and the settings behind it."""
    place, _, query = rest.partition("?")
    _, slash, database = place.partition("/")
    if "@" in database or "/" in database or "#" in rest or (slash and "@" in query.partition("=")[0]):
        _unreadable()
    try:
        return place, parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        _unreadable()


def _check_hosts(hosts: str) -> None:
    """Refuse a port that is none: it may be the rest of a password that was not written with %."""
    authority = hosts.partition("/")[0]
    for each in authority.split(","):
        name, colon, port = each.rpartition(":")
        if each.startswith("["):
            _, bracket, port = each.partition("]")
            if not bracket or not re.fullmatch(r"(:\d*)?", port):
                _unreadable()
        elif colon and (":" in name or not re.fullmatch(r"\d*", port)):
            _unreadable()


def _unreadable(why: str = "the address of the portfolio cannot be read") -> NoReturn:
    raise UsageError(
        "bad-address",
        why,
        "write it as postgresql://USER@HOST:PORT/DATABASE, with %2F %40 %3F %23 for / @ ? # in a password",
    ) from None


def connection_settings(where: Address, parsed: Mapping[str, Any]) -> dict[str, Any]:
    """What to connect with, beside the address itself, of which `parsed` is libpq's own reading.

    Raises PortfolioError (exit 12) where a password or a portfolio would go over a network unencrypted.
    """
    settings: dict[str, Any] = {**where.secrets, "application_name": "renewctl", "client_encoding": "UTF8"}
    if "connect_timeout" not in parsed and "PGCONNECT_TIMEOUT" not in os.environ:
        settings["connect_timeout"] = 10
    # A line that died is noticed in a minute, not in two hours.
    settings |= {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    settings = {
        name: value for name, value in settings.items() if name not in parsed or name in where.secrets
    }
    if stays_here(parsed) or os.environ.get("RENEWCTL_ALLOW_PLAINTEXT") == "1":
        return settings
    wanted = parsed.get("sslmode") or os.environ.get("PGSSLMODE") or ""
    if not wanted:
        settings["sslmode"] = "verify-full"
    elif wanted not in _PROVEN:
        raise PortfolioError(
            "plaintext-refused",
            f"{where} is not on this machine, and sslmode={wanted} would let it be reached unencrypted",
            "leave sslmode out (verify-full) or say require; RENEWCTL_ALLOW_PLAINTEXT=1 does without",
        )
    elif "sslmode" not in parsed:
        settings["sslmode"] = wanted  # said again: a service file would come before the environment
    return settings


def stays_here(parsed: Mapping[str, Any]) -> bool:
    """Whether every host that a connection may go to is this machine itself.

    A service file may name any host, so what it says is not known here. `hostaddr` is where a
    connection goes, whatever the host beside it in the list is called.
    """
    if parsed.get("service") or os.environ.get("PGSERVICE"):
        return False
    named = str(parsed.get("host") or os.environ.get("PGHOST") or "").split(",")
    numbers = str(parsed.get("hostaddr") or os.environ.get("PGHOSTADDR") or "").split(",")
    return all(_is_here(number or host) for number, host in zip_longest(numbers, named, fillvalue=""))


def _is_here(host: str) -> bool:
    host = host.strip().lower()
    if host in _HERE or host.startswith(("/", "@")):  # the last two are sockets
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return bool(
        found.is_loopback or (found.version == 6 and found.ipv4_mapped and found.ipv4_mapped.is_loopback)
    )
