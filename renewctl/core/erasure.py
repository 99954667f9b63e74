"""What is personal in a portfolio, and what stands in its place once somebody is forgotten.

Two reaches. A whole account loses every name, text and place it came from; of a person go the columns of
their own row, the champion's name, and each mention in free text. Money, dates, segments, health and who
of us did what stay, so that totals, retention and the agenda remain true. All of it is a function of the
value and of where it stands: applied to a row and to every line of the log about it, it gives the same,
and so the log still replays to the tables.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from renewctl.core.text import fold

ERASED: Final = "(erased)"
NOW: Final = 2**63 - 1  # "number" of a log row for what stands in the tables: after every one

Put = Callable[[Any, str], Any]
"""(value, key of its row) -> what stands in its place."""


def erased_id(key: str) -> str:
    """The id of an account or contract that was erased: unique, and nothing but its number."""
    return f"erased-{key}"


def erased_name(key: str) -> str:
    """The name of an account that was erased."""
    return f"Erased {key}"


def _mark(_: Any, __: str) -> str:
    return ERASED


def _none(_: Any, __: str) -> None:
    return None


def _unless_a_code(value: Any, _: str) -> Any:
    """A reason of one word is a code that losses are counted by (WIN-3); a sentence may say anything."""
    return value if re.fullmatch(r"[a-z_]{1,30}", str(value)) else ERASED


def _no_terms(_: Any, __: str) -> str:
    """The parameters of an offer, in words of whoever made it: none are left."""
    return "{}"


_PLACE: dict[str, Put] = {"source": _none, "source_line": _none}

# Of a person's own row. The role at the customer and who of us talks to them stay; what was thought of
# them does not.
PERSON: dict[str, Put] = {
    "name": _mark,
    "email": _none,
    "influence": _none,
    "sentiment": _none,
    "last_contact_on": _none,
    **_PLACE,
}

# That they left stays, and when; what was said of it does not.
DEPARTED: dict[str, Put] = {"note": _mark}
_OF_PERSON = {"stakeholder": PERSON, "departure": DEPARTED}  # entities with the key of a person's row

# Of an account that is forgotten as a whole.
ACCOUNT: dict[str, dict[str, Put]] = {
    "account": {
        "id": lambda _, key: erased_id(key),
        "name": lambda _, key: erased_name(key),
        "search_name": lambda _, key: fold(erased_name(key)),
        "champion": _none,
        "segment_reason": _mark,
        **_PLACE,
    },
    "contract": {"id": lambda _, key: erased_id(key), "name": _none, **_PLACE},
    "health_reading": _PLACE,
    "stakeholder": PERSON,
    "value_metric": {"quote": _none, **_PLACE},
    "outcome": {"reason": _unless_a_code, **_PLACE},
    "save_case": {"reason": _mark},
    "item_state": {"reason": _mark},
    "activity": {"text": _mark},
    "renewal": {"note": _mark},
    "amendment": {"reason": _mark},
    "health_override": {"reason": _unless_a_code, "note": _mark},
    "departure": DEPARTED,
    "save_event": {"text": _mark},
    "promise": {"text": _mark, "to_whom": _none, "chain": _unless_a_code, "evidence": _mark},
    "offer": {"terms": _no_terms, "root_cause": _unless_a_code, "condition": _mark, "note": _mark},
    "service_level": {"name": _unless_a_code, "text": _mark},
    "service_response": {"note": _mark},
    "worth": {"reason": _mark},
}

# Columns in which a person may be mentioned.
TEXTS: dict[str, tuple[str, ...]] = {
    "account": ("segment_reason", "champion", "competitor", "source"),
    "contract": ("name", "source"),
    "health_reading": ("source",),
    "stakeholder": ("role", "influence", "sentiment", "source"),
    "value_metric": ("metric", "unit", "quote", "source"),
    "outcome": ("reason", "competitor", "source"),
    "save_case": ("reason",),
    "item_state": ("reason",),
    "activity": ("text",),
    "renewal": ("note",),
    "amendment": ("reason",),
    "health_override": ("reason", "note"),
    "departure": ("note",),
    "save_event": ("name", "text"),
    "promise": ("text", "to_whom", "chain", "evidence"),
    "offer": ("terms", "root_cause", "condition", "note"),
    "service_level": ("name", "text"),
    "service_response": ("note",),
    "worth": ("reason",),
}

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = r"[\W_]{1,3}"  # "Joe Bloggs", "joe.bloggs", "Bloggs, Joe"
SHORTEST = 3  # letters of a part of a name worth a look


class _Folded(dict[int, str]):
    """Code point -> what it compares as; one letter at a time, so that places can be found again."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        found = self[code] = " " if letter.isspace() else fold(letter)
        return found


_FOLDED = _Folded()


def plain(text: str) -> str:
    """Text as it is compared: no case, no accents. Its length may differ."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


class Mentions:
    """Finds names, e-mail addresses and ids in text, as whole words, whatever their case and accents."""

    def __init__(
        self,
        names: Iterable[str],
        emails: Iterable[str],
        titles: Iterable[str] = (),
        ids: Iterable[str] = (),
    ) -> None:
        """Names of people, also as `Bloggs, Joe` and without what stands between first and last; addresses;
        titles, such as a company's name, as they are; and ids.
        """
        found: dict[str, tuple[str, ...]] = {}  # pattern -> pieces that every text with it holds
        for name in names:
            found |= _name_patterns(name)
        for title in titles:
            found |= _run_pattern(words(title)) or _literal_pattern(title)
        for email in emails:
            found |= _email_pattern(email)
        for id_ in ids:
            said = plain(id_).strip()
            if said:
                found[rf"(?<![\w-]){re.escape(said)}(?![\w-])"] = (_longest(said),)
        patterns = sorted(found, key=lambda pattern: (-len(pattern), pattern))
        self._pattern = re.compile("|".join(patterns)) if patterns else None
        self._needles = tuple(sorted(set(found.values())))

    def maybe(self, folded: str) -> bool:
        """Whether text, already `plain`, may hold a mention: quick, and never wrong when it says no."""
        return any(all(piece in folded for piece in needle) for needle in self._needles)

    def erase(self, text: str) -> str:
        """The text with each mention replaced."""
        if self._pattern is None:
            return text
        folded = plain(text)
        if not self.maybe(folded):
            return text
        spans = [found.span() for found in self._pattern.finditer(folded)]
        if not spans:
            return text
        if text.isascii():
            return _cut(text, spans)
        places = [at for at, letter in enumerate(text) for _ in letter.translate(_FOLDED)]
        places.append(len(text))
        return _cut(text, [(places[start], places[end]) for start, end in spans])

    def within(self, text: str) -> bool:
        """Whether text holds a mention."""
        return self._pattern is not None and bool(self._pattern.search(plain(text)))


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], ERASED]
        at = end
    return "".join([*parts, text[at:]])


def words(name: str) -> list[str]:
    """The words of a name as they are compared."""
    return _WORD.findall(plain(name))


def full(name: str) -> bool:
    """Whether a name tells a person in anybody's texts: two words, or a script without case."""
    found = words(name)
    return len(found) > 1 or (bool(found) and _uncased(found[0]) and len(found[0]) > 2)


def _uncased(word: str) -> bool:
    """Whether a word is of a script without case, whose names stand in text without blanks round them."""
    return word.isalpha() and word.upper() == word.lower()


def _name_patterns(name: str) -> dict[str, tuple[str, ...]]:
    found = words(name)
    if len(found) < 2:
        return _run_pattern(found) or _literal_pattern(name)
    first, *_, last = found
    patterns: dict[str, tuple[str, ...]] = {}
    for run in (found, [first, last], [last, first], [last, *found[:-1]]):
        patterns |= _run_pattern(run)
    return patterns


def _run_pattern(run: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Words one after the other; none for no words."""
    pattern = _BETWEEN.join(map(re.escape, run))
    if not any(map(_uncased, run)):
        pattern = rf"(?<![^\W_]){pattern}(?![^\W_])"
    return {pattern: tuple(run)} if run else {}


def _literal_pattern(name: str) -> dict[str, tuple[str, ...]]:
    """A name of signs alone."""
    said = plain(name).strip()
    return {re.escape(said): ()} if said else {}


def _email_pattern(email: str) -> dict[str, tuple[str, ...]]:
    said = plain(email).strip()
    if not said:
        return {}
    needle = said if said.isprintable() and not {'"', "\\"} & set(said) else _longest(said)
    return {rf"(?<![\w.+-]){re.escape(said)}(?!\w|[.-]\w)": (needle,)}


def _longest(text: str) -> str:
    """The longest run of letters and digits: JSON writes those as they are."""
    return max(_WORD.findall(text), key=len, default="")


class Eraser(NamedTuple):
    """What a forgetting takes out, of the tables and of the log alike."""

    accounts: frozenset[int]  # forgotten as a whole
    homes: frozenset[int]  # accounts of the person: there a name of one word counts too
    spans: Mapping[str, Sequence[tuple[int, int]]]  # key of a person's row -> log rows about that person
    champions: frozenset[str]  # folded names
    near: Mentions  # in texts of `homes` and `accounts`
    far: Mentions  # in everybody else's
    mail: Mentions  # in those of `namesakes`
    namesakes: frozenset[int]  # accounts that know somebody else of the same name
    tail: str = ""  # behind erased ids, where somebody else has one of them already

    def mentions(self, account_no: int | None) -> Mentions:
        """What counts as a mention in the texts of an account."""
        if account_no in self.homes or account_no in self.accounts:
            return self.near
        return self.mail if account_no in self.namesakes else self.far

    def changed(
        self, entity: str, key: str, account_no: int | None, at: int, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The columns of a row that have to change, with what they become.

        `values` are all or some columns of it as stored, `at` the number of the log row they stand in, or
        NOW. Of a pin it is what the source had said that may be personal.
        """
        if entity == "pin":
            return self._of_pin(key, account_no, at, values)
        found = {}
        for column, value in values.items():
            if value is not None:
                new = self._value(entity, key, account_no, at, column, value)
                if new != value:
                    found[column] = new
        return found

    def _of_pin(self, key: str, account_no: int | None, at: int, values: Mapping[str, Any]) -> dict[str, Any]:
        said = values.get("source_value")
        if said is None:
            return {}
        entity, row_no, column = key.split("|", 2)
        value = json.loads(said)
        new = value if value is None else self._value(entity, row_no, account_no, at, column, value)
        return {} if new == value else {"source_value": dump(new)}

    def _value(self, entity: str, key: str, account_no: int | None, at: int, column: str, value: Any) -> Any:
        put: Put | None = None
        if account_no in self.accounts:
            put = ACCOUNT.get(entity, {}).get(column)
        elif entity in _OF_PERSON and self.is_person(key, at):
            put = _OF_PERSON[entity].get(column)
        if put is not None:
            return put(value, key + self.tail)
        if not isinstance(value, str) or column not in TEXTS.get(entity, ()):
            return value
        if column == "champion" and account_no in self.homes and fold(value) in self.champions:
            return None
        return self.mentions(account_no).erase(value)

    def is_person(self, key: str, at: int) -> bool:
        """Whether the stakeholder row `key` was the person when log row `at` was written."""
        return any(first <= at <= last for first, last in self.spans.get(key, ()))

    def side(
        self, entity: str, names: Sequence[str], key: str, account_no: int | None, at: int, text: str | None
    ) -> str | None:
        """One side of a log row, a JSON array in the order of `names` or an object, as it becomes."""
        if text is None:
            return None
        kept = json.loads(text)
        whole = isinstance(kept, list)
        values = dict(zip(names, kept, strict=False)) if whole else kept
        changed = self.changed(entity, key, account_no, at, values)
        if not changed:
            return text
        new = values | changed
        return dump(list(new.values()) if whole else new)


def dump(value: Any) -> str:
    """JSON as the log writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Incarnation(NamedTuple):
    """One stakeholder row from its making to its removal: numbers are given out again after an undo."""

    key: str
    account_no: int
    first: int  # log rows
    last: int
    names: frozenset[str]
    emails: frozenset[str]


class LogRow(NamedTuple):
    """A change row of a stakeholder, its sides as values by column; None: no such side."""

    no: int
    key: str
    account_no: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def incarnations(rows: Iterable[LogRow]) -> list[Incarnation]:
    """Log rows of stakeholders, ordered by number, as the lives they tell of."""
    found: list[Incarnation] = []
    alive: dict[str, list[LogRow]] = {}
    for row in rows:
        if row.before is None and row.key in alive:  # a life whose end was not told
            found.append(_life(alive.pop(row.key), row.no - 1))
        alive.setdefault(row.key, []).append(row)
        if row.after is None:
            found.append(_life(alive.pop(row.key), row.no))
    return found + [_life(told, NOW) for told in alive.values()]


def _life(rows: Sequence[LogRow], last: int) -> Incarnation:
    sides = [side for row in rows for side in (row.before, row.after) if side]
    names = frozenset(str(side["name"]) for side in sides if side.get("name"))
    emails = frozenset(str(side["email"]) for side in sides if side.get("email"))
    return Incarnation(rows[0].key, rows[0].account_no, rows[0].no, last, names - {ERASED}, emails)
