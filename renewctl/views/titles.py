"""What is to be done, said in the reader's language; words that somebody chose stay as they are."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from renewctl.core import money
from renewctl.core.due import Item
from renewctl.core.policy import Step
from renewctl.core.timeline import CATCH_UP
from renewctl.views.wording import Writer

Words = Mapping[str, Mapping[str, str]]
_SHOWN = 3  # steps that a catch-up names

# What stands in the places of a phrase. One with other places is filled in by whoever knows them.
_PLACES = {
    "count": r"\d+",
    "day": r"\d{4}-\d\d-\d\d",
    "money": r"[A-Z]{3} [\d,]+(?:\.\d+)?",
    "moment": r"\d{4}-\d\d-\d\d \d\d:\d\d",
    "months": r"months? \d+(?: to \d+)?",
    "name": ".+",
    "number": r"[+-]?\d+(?:\.\d+)?",
    "period": r"(?:\d+ )?months?",
    "until": r"until \d{4}-\d\d-\d\d",
    "usual": r"\d+",
    "what": ".+",
    "zone": r"\S+",
}
_SAID = ("months", "period", "until", "what")  # which are words themselves
_PLACE = re.compile(r"{(\w+)}")


class Titles:
    """The titles and notes of items in one language."""

    def __init__(self, words: Words, timelines: Mapping[str, Sequence[Step]], lang: str) -> None:
        """`words` are `titles` and `phrases` by their English text, `timelines` those of the policy."""
        self._say = Writer(lang)
        self._titles, self._phrases = words["titles"], words["phrases"]
        self._timelines = timelines
        self._patterns = [
            (re.compile(pattern), said)
            for text, said in self._phrases.items()
            if (pattern := _pattern(text)) is not None
        ]

    def put(self, item: Item) -> Item:
        """An item with its title and note in the language."""
        task = item.task
        title = self._catch_up(item) if task.step == CATCH_UP else self.said(task.title)
        return item._replace(task=task._replace(title=title, note=self.said(task.note)))

    def said(self, text: str) -> str:
        """A title or note as the language has it; as it is where nobody put it into that language."""
        if text in self._titles:
            return self._titles[text]
        for pattern, said in self._patterns:
            if found := pattern.fullmatch(text):
                return said.format(
                    **{name: self._place(name, each) for name, each in found.groupdict().items()}
                )
        return text

    def _place(self, name: str, value: str) -> str:
        if name == "day":
            try:
                return self._say.day(date.fromisoformat(value))
            except ValueError:  # somebody's own words, which only look like a day
                return value
        if name == "number":
            return self._say.number(Fraction(value), signed=value.startswith("+"))
        if name == "money" and (code := value[:3]) in money.CURRENCIES:
            return self._say.money(money.to_minor(Fraction(value[4:].replace(",", "")), code), code)
        return self.said(value) if name in _SAID else value

    def _catch_up(self, item: Item) -> str:
        """The first steps that a catch-up covers, and how many more there are."""
        covers = item.task.covers
        steps = {step.step: step.title for step in self._timelines[item.renewal.segment or ""]}
        told = "; ".join(self.said(steps[step]) for step in covers[:_SHOWN])
        if len(covers) > _SHOWN:
            told = self._phrases["{titles}; and {more} more"].format(titles=told, more=len(covers) - _SHOWN)
        return self._phrases["Catch up on {count}: {titles}"].format(count=len(covers), titles=told)


def _pattern(phrase: str) -> str | None:
    """What an English phrase with places looks like once they are filled; None where only a caller can."""
    first, *parts = _PLACE.split(phrase)
    names, between = parts[::2], parts[1::2]
    if not set(names) <= _PLACES.keys():
        return None
    filled = (
        f"(?P<{name}>{_PLACES[name]}){re.escape(text)}" for name, text in zip(names, between, strict=True)
    )
    return re.escape(first) + "".join(filled)
