"""The morning's digest as text, Markdown, a page, or a message for a chat, in two languages."""

import html
from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from renewctl.core import money
from renewctl.core.digest import Digest
from renewctl.core.due import Item
from renewctl.views import terminal
from renewctl.views.documents import markdown, tidy
from renewctl.views.wording import Writer

FORMATS = ("text", "markdown", "html", "slack")
LANGUAGES = ("en", "pt-BR")
_TITLE = 100  # letters of a title before it is cut

_WORDS = {
    "en": {
        "title": "Renewals of {owner}, {day}",
        "unowned": "Renewal work that nobody owns, {day}",
        "counts": "{overdue} overdue, {today} today, {ahead} in the next {days}",
        "stake": "{worth} of ARR in {count} with work in these days",
        "renewal": "1 renewal",
        "renewals": "{count} renewals",
        "unknown": " ({count} of unknown ARR)",
        "loud": "First",
        "items": "Then",
        "only": "To do",
        "nothing": "Nothing is due.",
        "late": "{days} late",
        "today_is": "today",
        "due": "due {day}",
        "internal": "internal",
        "customer": "to the customer",
        "call": "by phone",
        "more": "… and {count} more: {command}",
    },
    "pt-BR": {
        "title": "Renovações de {owner}, {day}",
        "unowned": "Trabalho de renovação sem responsável, {day}",
        "counts": "{overdue} em atraso, {today} para hoje, {ahead} nos próximos {days}",
        "stake": "{worth} de ARR em {count} com trabalho nestes dias",
        "renewal": "1 renovação",
        "renewals": "{count} renovações",
        "unknown": " ({count} com ARR desconhecido)",
        "loud": "Primeiro",
        "items": "Depois",
        "only": "A fazer",
        "nothing": "Nada a fazer.",
        "late": "{days} de atraso",
        "today_is": "hoje",
        "due": "até {day}",
        "internal": "interno",
        "customer": "para o cliente",
        "call": "por telefone",
        "more": "… e mais {count}: {command}",
    },
}


class Block(NamedTuple):
    """One line of a digest. `bold` stands before `text` and louder."""

    kind: str  # title | line | heading | item
    bold: str
    text: str


class Laid(NamedTuple):
    """A digest laid out in lines, and what of it had to be left out."""

    blocks: tuple[Block, ...]
    shown: tuple[str, ...]  # items
    left_out: int


def laid_out(of: Digest, lang: str, most: int, base: str) -> Laid:
    """The lines of a digest, at most `most`; figures first, then what is loud, then the rest."""
    say, words = Writer(lang), _WORDS[lang]
    owner = tidy(of.owner) if of.owner else None
    title = words["title" if owner else "unowned"].format(owner=owner, day=say.day(of.as_of))
    blocks = [Block("title", title, "")]
    if not of.loud and not of.items:
        return Laid((*blocks, Block("line", "", words["nothing"])), (), 0)
    blocks.append(
        Block(
            "line", "", words["counts"].format(
                overdue=of.overdue, today=of.today, ahead=of.ahead, days=say.days(of.days)
            ),
        )
    )  # fmt: skip
    if of.renewals:
        blocks.append(Block("line", "", _stake(of, words, say, base)))
    parts = [("loud", of.loud), ("items" if of.loud else "only", of.items)]
    room = most - len(blocks)
    if sum(len(items) + 1 for _, items in parts if items) > room:
        room -= 1  # for the line that says what is left out
    shown: list[Item] = []
    for name, items in parts:
        fits = items[: max(0, room - 1)]
        if fits:
            blocks.append(Block("heading", words[name], ""))
            blocks += [_item(item, of.as_of, words, say) for item in fits]
            shown += fits
            room -= len(fits) + 1
    left = len(of.loud) + len(of.items) - len(shown)
    if left:
        command = f"renewctl due --days {of.days}"
        blocks.append(Block("line", "", words["more"].format(count=left, command=command)))
    return Laid(tuple(blocks), tuple(item.item for item in shown), left)


def _stake(of: Digest, words: dict[str, str], say: Writer, base: str) -> str:
    count = words["renewal" if of.renewals == 1 else "renewals"].format(count=of.renewals)
    if of.arr_unknown:
        count += words["unknown"].format(count=of.arr_unknown)
    units = Fraction(money.round_half_even(Fraction(of.arr_base_minor, 10 ** money.digits(base))))
    return words["stake"].format(worth=f"{base} {say.number(units)}", count=count)


def _item(item: Item, as_of: date, words: dict[str, str], say: Writer) -> Block:
    late = (as_of - item.due_on).days
    when = (
        words["late"].format(days=say.days(late))
        if late > 0
        else words["due"].format(day=say.short_day(item.due_on) if late else words["today_is"])
    )
    channel = words.get(item.task.channel, item.task.channel)
    note = f"; {tidy(item.task.note)}" if item.task.note else ""
    title = tidy(item.task.title)
    title = title if len(title) <= _TITLE else title[: _TITLE - 1].rstrip() + "…"
    text = f"{title} ({channel}, {when}{note}) [{tidy(item.item)}]"
    return Block("item", tidy(item.renewal.account_name), text)


def text(blocks: Sequence[Block]) -> str:
    """Plain text."""
    return _joined(blocks, lambda part: part, _TEXT)


def fitted(told: str, columns: int) -> str:
    """Plain text on a screen so wide: longer lines go on below, indented, and no word is cut that fits."""
    lines = (part for line in told.splitlines() for part in terminal.fitted(line, "  ", columns))
    return "".join(f"{line}\n" for line in lines)


def as_markdown(blocks: Sequence[Block]) -> str:
    """Markdown, in which names are text."""
    return _joined(blocks, markdown, _MARKDOWN)


def slack(blocks: Sequence[Block]) -> str:
    """A chat message: `&`, `<` and `>` escaped, so that no name can call people or become a link."""
    return _joined(blocks, _chat, _SLACK)


def page(digests: Sequence[Sequence[Block]], lang: str) -> str:
    """A page of one or more digests, which asks nothing of the network and runs nothing."""
    parts = [_joined(blocks, html.escape, _HTML) for blocks in digests]
    body = "\n".join(parts)
    title = html.escape(digests[0][0].bold) if digests else ""
    return _PAGE.format(lang=lang, title=title, body=body)


def _chat(part: str) -> str:
    return part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# kind -> how its line reads; {b} is the louder part.
_TEXT = {"title": "{b}", "line": "{t}", "heading": "\n{b}", "item": "- {b}: {t}"}
_MARKDOWN = {"title": "## {b}\n", "line": "{t}  ", "heading": "\n**{b}**\n", "item": "- **{b}**: {t}"}
_SLACK = {"title": "*{b}*", "line": "{t}", "heading": "\n*{b}*", "item": "• {b}: {t}"}
_HTML = {
    "title": "<h1>{b}</h1>",
    "line": "<p>{t}</p>",
    "heading": "<h2>{b}</h2>",
    "item": '<p class="item"><strong><bdi>{b}</bdi></strong>: {t}</p>',
}
_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ margin: 2rem auto; max-width: 46rem; padding: 0 1rem; color: #1d2733; line-height: 1.5;
  font-family: system-ui, "Segoe UI", Roboto, Arial, sans-serif; }}
h1 {{ font-size: 1.4rem; margin: 2rem 0 .5rem; }}
h2 {{ font-size: 1rem; margin: 1.2rem 0 .4rem; color: #1f4e79; }}
p {{ margin: .2rem 0; }}
.item {{ padding: .3rem 0; border-bottom: 1px solid #d9dfe6; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def _joined(blocks: Sequence[Block], escape: Callable[[str], str], ways: dict[str, str]) -> str:
    lines = [ways[each.kind].format(b=escape(each.bold), t=escape(each.text)) for each in blocks]
    return "\n".join(lines) + "\n"


RENDER: dict[str, Callable[[Sequence[Block]], str]] = {"text": text, "markdown": as_markdown, "slack": slack}


def document(of: Digest, laid: Laid, told: str, base: str) -> dict[str, Any]:
    """One digest of `renewctl/digest/1`."""
    shown = set(laid.shown)
    return {
        "owner": of.owner,
        "counts": {"overdue": of.overdue, "today": of.today, "upcoming": of.ahead},
        "renewals": of.renewals,
        "arr_base": money.to_units(of.arr_base_minor, base),
        "arr_unknown": of.arr_unknown,
        "currency": base,
        "loud": [item.item for item in of.loud if item.item in shown],
        "items": [item.item for item in of.items if item.item in shown],
        "left_out": laid.left_out,
        "text": told,
    }
