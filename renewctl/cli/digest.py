"""`digest`: the morning text of a person, to read, to send, or to post where the team talks."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from renewctl.cli.options import Env, command, owned_by, say
from renewctl.errors import InputRefused, UsageError
from renewctl.views.terminal import is_terminal, put, safe, width

if TYPE_CHECKING:
    from renewctl.core.digest import Digest
    from renewctl.core.due import Item
    from renewctl.views.digest import Laid
    from renewctl.views.titles import Titles

EVERYBODY = "all"


class Told(NamedTuple):
    """One digest with its text."""

    digest: "Digest"
    laid: "Laid"
    text: str


@command(writes=True)
def digest(
    env: Env,
    owner: Annotated[
        str, typer.Option("--owner", metavar="NAME|me|all", help="Whose; `me` is you, `all` one for each.")
    ] = "me",
    days: Annotated[int, typer.Option("--days", min=0, max=365, help="How far ahead to look.")] = 7,
    form: Annotated[
        str | None, typer.Option("--format", metavar="text|markdown|html|slack", help="How it is written.")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="en|pt-BR", help="Language of the digest.")] = "en",
    post: Annotated[bool, typer.Option("--post", help="Post it to the address in RENEWCTL_WEBHOOK.")] = False,
) -> None:
    """Write the morning text of a person, or post it where your team talks."""
    from renewctl.core.digest import most_lines
    from renewctl.views import digest as view

    how, tag = _format(form, post), _language(lang)
    to = _webhook() if post else None
    base, most = env.policy.base_currency, most_lines(env.policy)
    told = []
    for each in _digests(env, owner, days, _titles(env, tag)):
        laid = view.laid_out(each, tag, most, base)
        text = view.page([laid.blocks], tag) if how == "html" else view.RENDER[how](laid.blocks)
        told.append(Told(each, laid, text))
    posted = _post(env, to, told) if to else []
    if env.json:
        from renewctl.views.machine import emit

        emit(
            {
                "schema": "renewctl/digest/1",
                "as_of": env.as_of.isoformat(),
                "days": days,
                "lang": tag,
                "format": how,
                "digests": [view.document(*each, base) for each in told],
                "posted": posted,
            }
        )
    elif to is None and how == "html":
        put(view.page([each.laid.blocks for each in told], tag))
    elif to is None:
        whole = "\n".join(each.text for each in told)
        put(view.fitted(whole, width()) if how == "text" and is_terminal() else whole)


def _format(form: str | None, post: bool) -> str:
    """The format meant; what is posted is a chat's unless another is asked for."""
    from renewctl.views.digest import FORMATS

    how = (form or ("slack" if post else "text")).strip().lower()
    if how not in FORMATS:
        raise UsageError(
            "unknown-format", f"--format {form}: not one of {', '.join(FORMATS)}", "renewctl digest --help"
        )
    if post and how == "html":
        raise UsageError("page-not-posted", "a page is no message for a chat", "leave out --format html")
    # A chat takes <…> in plain text for more than text as well.
    return "slack" if post and how == "text" else how


def _language(lang: str) -> str:
    from renewctl.views.digest import LANGUAGES

    for tag in LANGUAGES:
        if tag.casefold() == lang.strip().replace("_", "-").casefold():
            return tag
    raise UsageError(
        "unknown-language", f"a digest in {lang!r} is not there", f"use one of: {', '.join(LANGUAGES)}"
    )


def _titles(env: Env, tag: str) -> "Titles | None":
    """What is to be done in a language; None where the policy's own words are in it."""
    from renewctl.store.titles import titles
    from renewctl.views.titles import Titles

    words = titles(tag)
    return None if words is None else Titles(words, env.policy.timelines, tag)


def _digests(env: Env, owner: str, days: int, titles: "Titles | None") -> "list[Digest]":
    """The digest of the person asked for, or with `all` one of each who has work, unowned work last."""
    from renewctl.cli.due import Reading, Wanted
    from renewctl.core.digest import digest as made
    from renewctl.core.text import fold

    until = env.as_of + timedelta(days=days)
    with env.open() as portfolio:
        portfolio.execute("BEGIN")
        person = None if owner == EVERYBODY else owned_by(env, portfolio, owner)
        reading = Reading(portfolio, env, Wanted(env.as_of, until, person, None, None))
        items: Sequence[Item] = reading.agenda(days, 0, True).items
    if titles is not None:
        items = [titles.put(item) for item in items]
    if person is not None:
        return [made(min(person), items, env.as_of, days)]
    mine: dict[str, list[Item]] = {}
    for item in items:
        mine.setdefault(fold(item.who.person or ""), []).append(item)
    names = sorted(mine, key=lambda name: (not name, name))
    return [made(mine[name][0].who.person, mine[name], env.as_of, days) for name in names]


def _webhook() -> Any:
    from renewctl.store.webhook import webhook

    return webhook()


def _post(env: Env, to: Any, told: Sequence[Told]) -> list[dict[str, Any]]:
    """Post each digest as a message of its own; with --dry-run show what would be sent."""
    from renewctl.store.webhook import payload, post

    done: list[dict[str, Any]] = []
    for each in told:
        whose = safe(each.digest.owner or "nobody")
        if env.dry_run:
            if not env.json:
                sys.stdout.write(payload(each.text) + "\n")
            continue
        try:
            status = post(to, each.text)
        except InputRefused as error:
            if done:
                names = ", ".join(one["owner"] or "nobody" for one in done)
                error.hint += f"; posted before it were those of {names}"
            raise
        done.append({"owner": each.digest.owner, "host": to.host, "status": status})
        say(f"posted the digest of {whose} to {safe(to.host)}: {len(each.laid.blocks)} lines")
    if env.dry_run:
        say(f"dry run: nothing was posted; it would go to {safe(to.host)}")
    return done
