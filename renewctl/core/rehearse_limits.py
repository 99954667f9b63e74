"""What a rehearsal cannot know of the past: which accounts it may judge, and what it takes on trust."""

from collections.abc import Iterable
from typing import NamedTuple

from renewctl.core.classify import all_lost
from renewctl.core.segment import in_force
from renewctl.core.triggers import Past


class Unknown(NamedTuple):
    """What a rehearsal cannot know, in counts."""

    ended: int  # accounts out of force of which no loss is on record: when they left is not known
    undated: int  # facts without a day of their own, which count from the first record of their account
    unread: int  # accounts of which nothing was ever read


def judged(past: Past) -> bool:
    """Whether it is known how long an account was there."""
    lost = any(each.result == "lost" for each in past.outcomes)
    return lost or (in_force(past.account.status) and not all_lost(past.contracts))


def unknown(pasts: Iterable[Past]) -> Unknown:
    """What cannot be known of these accounts."""
    ended = undated = unread = 0
    for past in pasts:
        ended += not judged(past)
        unread += not past.record.readings
        spells = past.record.spells or {}
        facts = (each for name in ("champion_gone", "competitor") for each in spells.get(name, ()))
        undated += sum(each.from_on == past.account.recorded_on for each in facts)
    return Unknown(ended, undated, unread)
