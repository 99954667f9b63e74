"""What a person may ask of an import."""

from typing import Any, NamedTuple


class ImportOptions(NamedTuple):
    """The options of one import command; None and empty where nothing was said."""

    kind: str | None = None
    pinned: tuple[tuple[str, str], ...] = ()  # field -> heading; '' leaves the field unmapped
    auto: bool = True  # match the other headings by themselves
    preset: str | None = None
    where: tuple[tuple[str, str], ...] = ()  # (heading, value): OR within a heading, AND across
    date_order: str | None = None  # dmy | mdy | ymd
    decimal: str | None = None  # . | ,
    currency: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    clear_blanks: bool = False
    strict: bool = False
    dry_run: bool = False
    full: bool = False
    rejects: str | None = None
    backup: bool = True  # before a large change

    def meaning(self) -> tuple[Any, ...]:
        """The options that decide what a file's bytes mean."""
        return self[:12]
