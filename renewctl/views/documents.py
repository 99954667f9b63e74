"""Documents for customers: Jinja templates over plain, frozen data.

A template gets strings that are already formatted for the language, never stored objects, and runs
in a sandbox. What an account is called cannot become markup: HTML is escaped by the engine, data
for Markdown is escaped before it reaches the template. What is unknown prints as a blank to fill.
"""

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renewctl.errors import RenderError, UsageError

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

FORMATS = ("html", "md")
BLANK = "_" * 14

# Marks that reorder text and so make a name read as another one; joiners stay, scripts need them.
_REORDER = dict.fromkeys(
    [0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


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
    """Text from outside for a page: one line, without control characters and reordering marks."""
    kept = "".join(
        " " if char in "\t\n\v\f\r\x85\u2028\u2029" else "\ufffd" if category == "Cs" else char
        for char in text.translate(_REORDER)
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
    looked in before the shipped ones, which stay reachable as `shipped/…`. RenderError names the
    template and line.
    """
    import jinja2

    if folder is not None and not folder.is_dir():
        raise RenderError("templates-missing", f"no such templates folder: {tidy(str(folder))}")
    name = f"{lang.replace('-', '_')}/{document}.{form}.j2"
    try:
        return _environment(form, folder).get_template(name).render(page=_prepared(page, form), lang=lang)
    except jinja2.TemplateNotFound as error:
        raise RenderError(
            "template-missing",
            f"no template {tidy(str(error.name))}",
            f"templates are in {templates_folder()}",
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise _failed(error.name or name, error.lineno, error) from error
    except Exception as error:  # whatever a template's own expressions raise
        raise _failed(*_place(error, name), error) from error


def _environment(form: str, folder: Path | None) -> "ImmutableSandboxedEnvironment":
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from markupsafe import Markup

    shipped = FileSystemLoader(templates_folder())
    own = [FileSystemLoader(folder)] if folder else []
    is_html = form == "html"
    blank: str = Markup('<span class="blank"></span>') if is_html else MarkdownText(BLANK)
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([*own, shipped, PrefixLoader({"shipped": shipped})]),
        autoescape=is_html,  # by format: select_autoescape does not know .html.j2
        undefined=StrictUndefined,
        finalize=lambda value: blank if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown
    return environment


def _prepared(value: Any, form: str) -> Any:
    """The page with every string tidied, and for Markdown escaped."""
    if isinstance(value, str):
        return markdown(tidy(value)) if form == "md" else tidy(value)
    if isinstance(value, tuple):
        parts = [_prepared(part, form) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if value is None or isinstance(value, int):
        return value
    raise TypeError(f"a page holds plain values, not {type(value).__name__}")


def _place(error: BaseException, main: str) -> tuple[str, int]:
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
