"""Which heading fills which field: pins, presets and synonyms, and what is refused as ambiguous."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from renewctl.core import intake_synonyms as words
from renewctl.core.intake import Refusal
from renewctl.core.intake_fields import HEALTH_INPUTS, KINDS
from renewctl.core.intake_words import Fit, is_known, label, normalise, one_list, synonyms, unit

__all__ = [
    "Mapping",
    "detect_kind",
    "is_known",
    "label",
    "match_headings",
    "missing_fields",
    "missing_refusal",
    "normalise",
    "unit",
]

_IN_BRACKETS: Final = re.compile(r"[(\[{]([^)\]}]+)[)\]}]")
_OCCURRENCE: Final = re.compile(r"^(.*)#([1-9]\d?)$", re.S)


class Mapping(NamedTuple):
    """How the columns of one file are read."""

    kind: str
    columns: dict[str, int]  # field -> column index
    headings: dict[str, str]  # field -> heading as written, cleaned (the JSON's `mapping`)
    currencies: dict[str, str]  # field -> unit in its heading: a code, or `$` for any dollar or peso
    unmapped: tuple[str, ...]  # headings that fill nothing
    notes: tuple[str, ...]  # sentences a person should read: weak matches, turnover left out …
    refusals: tuple[Refusal, ...]  # non-empty: stop; ambiguous or unknown pins, unknown kind
    portuguese: int  # how many headings matched a Portuguese synonym (a locale hint)


class _Match(NamedTuple):
    """One kind tried against the headings."""

    columns: dict[str, int]
    fits: dict[str, Fit]
    currencies: dict[str, str]
    clashes: dict[str, list[int]]  # field -> equally good columns


def _try_kind(
    headings: Sequence[str], kind: str, preset: str | None, taken: dict[str, int], left_out: set[str]
) -> _Match:
    """Best column per field; `taken` are pins, `left_out` fields pinned to nothing."""
    table = synonyms(kind, preset)
    offers: list[tuple[int, str, int, Fit]] = []
    units: dict[int, str] = {}
    for index, heading in enumerate(headings):
        bare, code = unit(heading)
        if code:
            units[index] = code
        fields = table.get(normalise(heading))
        if fields is None and code:
            of_money = KINDS[kind]
            known = table.get(normalise(bare), {})
            fields = {
                field: fit for field, fit in known.items() if of_money[field].type in ("amount", "decimal")
            }
        for field, fit in (fields or {}).items():
            offers.append((fit.tier, field, index, fit))
    columns = dict(taken)
    fits: dict[str, Fit] = {}
    clashes: dict[str, list[int]] = {}
    used = set(taken.values())
    order = list(KINDS[kind])
    offers.sort(key=lambda offer: (offer[0], order.index(offer[1]), offer[2]))
    for tier, field, index, fit in offers:
        if index in used or field in left_out or field in taken:
            continue
        if field in columns:
            if fits[field].tier == tier:
                clashes.setdefault(field, [columns[field]]).append(index)
            continue
        columns[field], fits[field] = index, fit
        used.add(index)
    currencies = {field: units[index] for field, index in columns.items() if index in units}
    return _Match(columns, fits, currencies, clashes)


def detect_kind(headings: Sequence[str], preset: str | None = None) -> str:
    """The kind of facts these headings hold; `accounts` when nothing speaks for another."""

    def has(kind: str) -> set[str]:
        found = _try_kind(headings, kind, preset, {}, set())
        weak = {field for field, fit in found.fits.items() if fit.weak and field in ("account_id", "result")}
        return set(found.columns) - weak

    accounts = has("accounts")
    terms = accounts & {"arr", "mrr", "renewal_date", "start_date", "contract_id"}
    people = has("stakeholders")
    value = has("value")
    outcomes = has("outcomes")
    health = has("health")
    if {"metric", "value"} <= value and value & {
        "unit",
        "baseline",
        "rate",
        "period_start",
        "period_end",
        "quote",
    }:
        return "value"
    if (
        "account_id" in outcomes
        and "reason" in outcomes
        and outcomes & {"closed_on", "lost_on"}
        and not terms
    ):
        return "outcomes"
    if "result" in outcomes and outcomes & {"closed_on", "arr_after", "lost_on"}:
        return "outcomes"
    if {"input", "value", "date"} <= health:
        return "health"
    if "name" in people and people & {"email", "influence", "sentiment", "role"} and not terms:
        return "stakeholders"
    if {"account_id", "date"} <= health and health & set(HEALTH_INPUTS) and not terms & {"arr", "mrr"}:
        return "health"
    if {"metric", "value"} <= value:
        return "value"
    contracts = has("contracts")
    named = any(_fits_well(heading, "name") for heading in headings)
    if {"account_id", "id"} <= contracts and not named:
        return "contracts"
    return "accounts"


def _fits_well(heading: str, field: str) -> bool:
    """Whether a heading names the customer itself, not merely `name`."""
    fit = synonyms("accounts", None).get(normalise(heading), {}).get(field)
    return fit is not None and normalise(heading) not in ("name", "nome")


def _pins(
    headings: Sequence[str], kind: str, pinned: dict[str, str]
) -> tuple[dict[str, int], set[str], list[Refusal]]:
    """Pinned fields as columns, the fields pinned to nothing, and pins that cannot be followed."""
    taken: dict[str, int] = {}
    left_out: set[str] = set()
    refusals: list[Refusal] = []
    for field, wanted in pinned.items():
        if field not in KINDS[kind]:
            fields = " ".join(KINDS[kind])
            refusals.append(Refusal("unknown-field", f"{kind} have no field {field!r}", f"fields: {fields}"))
            continue
        if not wanted.strip():
            left_out.add(field)
            continue
        found = _find_heading(headings, wanted)
        if len(found) == 1:
            taken[field] = found[0]
        elif found:
            hint = f"say which: --map {field}='{label(wanted)}#1' or --map {field}='{label(wanted)}#2'"
            refusals.append(Refusal("ambiguous-heading", f"{len(found)} headings are {wanted!r}", hint))
        else:
            shown = ", ".join(label(each) for each in headings if each.strip())
            refusals.append(
                Refusal("unknown-heading", f"no heading {wanted!r} for --map {field}", f"headings: {shown}")
            )
    return taken, left_out, refusals


def _find_heading(headings: Sequence[str], wanted: str) -> list[int]:
    """Columns with this heading: as written, else in any case and punctuation, else `Heading#2`."""
    shown = [label(each) for each in headings]
    for candidates in (
        [i for i, each in enumerate(shown) if each == label(wanted)],
        [i for i, each in enumerate(headings) if normalise(each) and normalise(each) == normalise(wanted)],
    ):
        if candidates:
            return candidates
    numbered = _OCCURRENCE.match(wanted.strip())
    if numbered:
        same = _find_heading(headings, numbered[1])
        return same[int(numbered[2]) - 1 : int(numbered[2])]
    return []


def match_headings(
    headings: Sequence[str],
    kind: str | None = None,
    preset: str | None = None,
    pinned: dict[str, str] | None = None,
    auto: bool = True,
) -> Mapping:
    """Which column fills which field.

    `pinned` maps a field to a heading (`Heading#2` for the second of that name) or to '' to leave the field
    unmapped; `auto` False maps pins only. `kind` None: detected from the headings. Errors are in `refusals`:
    `unknown-kind`, `unknown-preset`, `unknown-field`, `unknown-heading`, `ambiguous-heading`.
    """
    refusals: list[Refusal] = []
    if preset is not None and preset not in words.PRESETS:
        hint = "presets: " + ", ".join(words.PRESETS)
        refusals.append(Refusal("unknown-preset", f"no preset {preset!r}", hint))
        preset = None
    if kind is not None and kind not in KINDS:
        refusals.append(Refusal("unknown-kind", f"no kind {kind!r}", "kinds: " + ", ".join(KINDS)))
        kind = None
    kind = kind or detect_kind(headings, preset)
    taken, left_out, wrong = _pins(headings, kind, pinned or {})
    refusals += wrong
    if auto:
        match = _try_kind(headings, kind, preset, taken, left_out | (set(pinned or {}) - set(taken)))
    else:
        units = {field: unit(headings[index])[1] for field, index in taken.items()}
        match = _Match(taken, {}, {field: code for field, code in units.items() if code}, {})
    for field, same in match.clashes.items():
        both = " and ".join(repr(label(headings[index])) for index in same)
        wanted = label(headings[same[0]])
        if sum(label(each) == wanted for each in headings) > 1:
            wanted += "#1"
        hint = f"say which: --map {field}='{wanted}' (or --map {field}= for none)"
        refusals.append(Refusal("ambiguous-heading", f"{both} could each be {field}", hint))
    used = set(match.columns.values())
    return Mapping(
        kind,
        {field: match.columns[field] for field in KINDS[kind] if field in match.columns},
        {field: label(headings[match.columns[field]]) for field in KINDS[kind] if field in match.columns},
        {
            field: code
            for field, code in match.currencies.items()
            if KINDS[kind][field].type in ("amount", "decimal")
        },
        tuple(label(each) for index, each in enumerate(headings) if index not in used and each.strip()),
        _notes(headings, kind, match, used),
        tuple(refusals),
        sum(fit.portuguese for fit in match.fits.values()),
    )


def _notes(headings: Sequence[str], kind: str, match: _Match, used: set[int]) -> tuple[str, ...]:
    """What a person should know about the mapping before trusting it."""
    notes = []
    for index, heading in enumerate(headings):
        also = index not in used and "renewal_date" in synonyms(kind, None).get(normalise(heading), {})
        if also and "renewal_date" in match.fits:
            shown = label(headings[match.columns["renewal_date"]])
            notes.append(f"{label(heading)!r} is left out: {shown!r} is the renewal date")
    for field, fit in match.fits.items():
        if fit.weak:
            shown = label(headings[match.columns[field]])
            notes.append(f"{shown!r} is taken for {field}; if it is something else: --map {field}=")
    turnover = one_list(words.TURNOVER)
    for index, heading in enumerate(headings):
        if normalise(heading) in turnover and index not in used:
            notes.append(f"{label(heading)!r} is the customer's turnover, not ARR: left out")
        perhaps = _perhaps(heading, kind) if index not in used else None
        if perhaps is not None and perhaps not in match.columns:
            shown = label(heading)
            notes.append(f"{shown!r} is left out; if it is the {perhaps}: --map {_pin(perhaps, shown)}")
    return tuple(notes)


def _perhaps(heading: str, kind: str) -> str | None:
    """The field a heading names only in brackets or beside words for turnover: offered, never taken."""
    table = synonyms(kind, None)
    word = normalise(heading)
    if word in table or len(word) > 100:
        return None
    parts = [normalise(each) for each in _IN_BRACKETS.findall(label(heading))]
    for turnover in one_list(words.TURNOVER):
        if word.startswith(turnover):
            parts.append(word.removeprefix(turnover))
        if word.endswith(turnover):
            parts.append(word.removesuffix(turnover))
    found = {
        field
        for part in parts
        for field, fit in table.get(part, {}).items()
        if not fit.weak and len(part) > 2
    }
    return next((field for field in KINDS[kind] if field in found), None)


def _pin(field: str, heading: str) -> str:
    """A field and its heading as `--map` takes them in a shell."""
    mark = '"' if "'" in heading else "'"
    return f"{field}={mark}{heading}{mark}"


def missing_fields(mapping: Mapping) -> tuple[str, ...]:
    """Fields without which the file cannot be used, such as `("arr or mrr", "renewal_date")`; () is fine."""
    has = mapping.columns
    lacks: list[str] = []

    def need(*fields: str) -> None:
        if not any(field in has for field in fields):
            lacks.append(" or ".join(fields))

    if mapping.kind == "accounts":
        need("id", "name")
    else:
        need("account_id")
    if mapping.kind == "contracts":
        need("id")
    if mapping.kind in ("accounts", "contracts") and not has.keys() & {"arr", "mrr", "renewal_date"}:
        lacks += ["arr or mrr", "renewal_date"]
    if mapping.kind == "health":
        need("date")
        if not has.keys() & set(HEALTH_INPUTS) and not {"input", "value"} <= has.keys():
            lacks.append("input and value, or one column per input")
    if mapping.kind == "stakeholders":
        need("name")
    if mapping.kind == "value":
        need("metric")
        need("value", "quote")
    if mapping.kind == "outcomes":
        need("closed_on")
        need("result")
    return tuple(lacks)


def missing_refusal(mapping: Mapping) -> Refusal | None:
    """The refusal for `missing_fields`, naming them, with a `--map` example; None when nothing is missing."""
    lacks = missing_fields(mapping)
    if not lacks:
        return None
    offered = {"arr": one_list(words.NOT_YEARLY), "renewal_date": one_list(words.PERHAPS_RENEWAL)}
    pins = []
    for lack in lacks:
        field = lack.split()[0]
        likely = [each for each in mapping.unmapped if _perhaps(each, mapping.kind) == field]
        likely += [each for each in mapping.unmapped if normalise(each) in offered.get(field, frozenset())]
        pins.append(f"--map {_pin(field, likely[0] if likely else 'HEADING')}")
    turnover = [each for each in mapping.unmapped if normalise(each) in one_list(words.TURNOVER)]
    said = f" ({turnover[0]!r} is the customer's turnover, not ARR)" if turnover else ""
    shown = ", ".join(mapping.unmapped[:20]) + (" …" if len(mapping.unmapped) > 20 else "")
    return Refusal(
        "missing-fields",
        f"read as {mapping.kind}, the file has no column for {', '.join(lacks)}{said}",
        f"if one is there under another name: {' '.join(pins)}, or another --kind"
        + (f"; not used: {shown}" if shown else ""),
    )
