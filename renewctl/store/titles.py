"""What the shipped titles are called in another language, as the files beside the policy have it."""

import tomllib
from pathlib import Path

import renewctl.policies

Words = dict[str, dict[str, str]]
"""`titles` and `phrases`: English text -> text in the language. See `policies/titles.pt-BR.toml`."""


def titles(lang: str) -> Words | None:
    """The words of a language tag; None where there are none, as for English."""
    file = Path(renewctl.policies.__file__).with_name(f"titles.{lang}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
