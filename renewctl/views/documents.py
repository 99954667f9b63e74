"""Documents for customers: Jinja templates over plain, frozen data.

A template gets strings that are already formatted for the language, never stored objects, and runs
in a sandbox. What an account is called cannot become markup: HTML is escaped by the engine, data
for Markdown is escaped before it reaches the template. What is unknown prints as a blank to fill.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renewctl.core.text import HIDDEN, thinned
from renewctl.errors import RenderError, UsageError

if TYPE_CHECKING:
    from jinja2 import BaseLoader
    from jinja2.sandbox import ImmutableSandboxedEnvironment

FORMATS = ("html", "md")
BLANK = "_" * 14

# Marks that reorder text or draw nothing, and so make a name read as another one or hide words in it;
# joiners and the selectors of emoji stay, scripts need them.
_DECEPTIVE = re.compile(f"[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff{HIDDEN}]")


class MarkdownText(str):
    """Text that is already safe to stand in a Markdown document."""

    __slots__ = ()


def templates_folder() -> Path:
    """The shipped templates: inside an installed wheel, else beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_share" / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def languages(folder: Path | None = None) -> tuple[str, ...]:
    """The languages that have templates, as tags (`en`, `pt-BR`), shipped and the user's own together."""
    roots = [templates_folder(), *([folder] if folder else [])]
    found = {each.parent.name for root in roots for each in root.glob("*/*.j2") if each.parent.name != "base"}
    return tuple(sorted(name.replace("_", "-") for name in found))


def language(asked: str, folder: Path | None = None) -> str:
    """The language tag meant by `asked` (`pt_br` is `pt-BR`); UsageError when it has no templates."""
    known = languages(folder)
    for tag in known:
        if tag.casefold() == asked.replace("_", "-").casefold():
            return tag
    raise UsageError(
        "unknown-language", f"no templates in language {asked!r}", f"use one of: {', '.join(known)}"
    )


def tidy(text: str) -> str:
    """Text from outside for a page: one line, without controls, marks that reorder or hide, and floods."""
    kept = "".join(
        " " if char in "\t\n\v\f\r\x85\u2028\u2029" else "\ufffd" if category == "Cs" else char
        for char in thinned(_DECEPTIVE.sub("", text), lambda _: "")
        if (category := unicodedata.category(char)) != "Cc" or char.isspace()
    )
    return " ".join(kept.split())


def markdown(text: str) -> MarkdownText:
    """`text` as Markdown that reads as `text`: no markup, link, HTML or table cell can begin in it."""
    if isinstance(text, MarkdownText):
        return text
    safe = re.sub(r"&(?=#|\w+;)", "&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    safe = re.sub(r"([\\`*_{}\[\]|~]|#(?!\d+;)|:(?=//)|(?<=\bwww)\.)", r"\\\1", safe)
    safe = re.sub(r"^([-+=])(?=\s|[-=\s]*$)", r"\\\1", safe)  # a list, a rule or an underline
    safe = re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", safe)  # a numbered list
    return MarkdownText(safe)


def render(document: str, form: str, lang: str, page: object, folder: Path | None = None) -> str:
    """The `document` (`proposal`, `value`) as text in a format and language.

    `page` is a NamedTuple of str, int, None and tuples of such. `folder` holds the user's templates,
    looked in before the shipped ones, which stay reachable as `shipped/…`; with it the page is made in a
    process of its own, which is limited (see `limited`). RenderError names the template and line.
    """
    name = f"{lang.replace('-', '_')}/{document}.{form}.j2"
    if folder is not None:
        if not folder.is_dir():
            raise RenderError("templates-missing", f"no such templates folder: {tidy(str(folder))}")
        return _apart(name, form, lang, page, folder)
    import jinja2

    try:
        template = _shipped(form).get_template(name)
        return encodable(template.render(page=prepared(page, form), lang=lang))
    except jinja2.TemplateNotFound as error:
        raise RenderError(
            "template-missing",
            f"no template {tidy(str(error.name))}",
            f"templates are in {templates_folder()}",
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise _failed(error.name or name, error.lineno, error) from error
    except Exception as error:  # whatever a template's own expressions raise
        raise _failed(*place(error, name), error) from error


def _apart(name: str, form: str, lang: str, page: object, folder: Path) -> str:
    """The page made by a limited process from the user's templates."""
    from renewctl.views.limited import Job, render_limited

    try:
        return render_limited(Job(name, form, lang, page, folder, templates_folder()))
    except TypeError as error:
        raise _failed(name, 0, error) from error


@cache
def _shipped(form: str) -> "ImmutableSandboxedEnvironment":
    """What the shipped templates of a format run in; compiled once however many pages are made."""
    return environment(form, _shipped_loader())


def _shipped_loader() -> "BaseLoader":
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

    shipped = FileSystemLoader(templates_folder())
    return ChoiceLoader([shipped, PrefixLoader({"shipped": shipped})])


def environment(form: str, loader: "BaseLoader") -> "ImmutableSandboxedEnvironment":
    """What templates of a format run in: sandboxed, strict, HTML escaped, None a blank to fill."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from markupsafe import Markup

    is_html = form == "html"
    blank: str = Markup('<span class="blank"></span>') if is_html else MarkdownText(BLANK)
    made = ImmutableSandboxedEnvironment(
        loader=loader,
        auto_reload=False,  # a page is made of one version of its templates
        autoescape=is_html,  # by format: select_autoescape does not know .html.j2
        undefined=StrictUndefined,
        finalize=lambda value: blank if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["md"] = markdown
    return made


def encodable(text: str) -> str:
    """Text that can be written as UTF-8: halves of letters, which only a template can make, become marks."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def prepared(value: Any, form: str) -> Any:
    """The page with every string tidied, and for Markdown escaped."""
    if isinstance(value, str):
        return markdown(tidy(value)) if form == "md" else tidy(value)
    if isinstance(value, tuple):
        parts = [prepared(part, form) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"a page holds plain values, not {type(value).__name__}")


def place(error: BaseException, main: str) -> tuple[str, int]:
    """The template and line an error came from: the innermost template frame of its traceback."""
    place, step = (main, 0), error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            place = ("/".join(Path(file).parts[-2:]), step.tb_lineno)
        step = step.tb_next
    return place


def _failed(name: str, line: int, error: BaseException) -> RenderError:
    where = f"{name}, line {line}" if line else name
    return RenderError(
        "template-failed",
        f"{tidy(where)}: {tidy(str(error))[:300]}",
        "mend the template, or leave out --templates",
    )
