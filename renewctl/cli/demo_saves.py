"""The past of the demo: customers that left, readings of earlier months, and saves with what came of them.

Days count back from the day of the demo. Saves are told in short; `cli.demo_past` makes rows of them.
"""

from typing import NamedTuple


class Told(NamedTuple):
    """One round of a save that has ended, in short."""

    account: str
    scenario: str
    flagged: int  # days ago
    call: float | None  # hours after the flag; None: there never was one
    cause: str  # root cause; "": never found
    days: int  # from the flag to its end
    state: str
    promises: str = ""  # k: kept, l: kept late, b: broken, r: broken and made good
    offer: str = ""  # instrument
    answer: str = "accepted"  # the customer's, to the offer
    before_pct: int = 100  # ARR before the renewal, in percent of today's


class Left(NamedTuple):
    """A customer that left."""

    account: str
    name: str
    arr: int
    csm: str
    lost: int  # days ago, when the customer decided
    told: int  # days ago, when we were told
    reason: str
    competitor: str = ""
    notice: int | None = None  # days ago


RIVAL = "Rivalware"
LEFT = (
    Left("C201", "Agate Foods", 41_000, "ana", 392, 388, "no return to show", notice=392),
    Left("C202", "Bramble Logistics", 63_500, "diego", 348, 330, "a rival does what we need", RIVAL),
    Left("C203", "Cinder Health", 18_400, "bruno", 301, 298, "missing feature"),
    Left("C204", "Drift Software", 88_000, "chloe", 262, 255, "a rival does what we need", RIVAL),
    Left("C205", "Echo Energy", 27_300, "diego", 214, 210, "a better offer", "Otherline"),
    Left("C206", "Flint Retail", 12_900, "ana", 187, 187, "budget cut", notice=187),
    Left("C207", "Glacier Bank", 134_000, "bruno", 158, 150, "new management", notice=158),
    Left("C208", "Haven Labs", 22_700, "chloe", 131, 117, "a better offer", RIVAL),
    Left("C209", "Inlet Schools", 9_800, "diego", 96, 95, "nobody answers"),
    Left("C210", "Jasper Media", 54_600, "ana", 64, 60, "a rival does what we need", RIVAL),
    Left("C211", "Krill Foods", 16_200, "bruno", 240, 233, "broken integration"),
    Left("C212", "Larch Logistics", 31_500, "diego", 171, 149, "a better offer", RIVAL),
    Left("C213", "Moss Health", 7_400, "chloe", 412, 410, "budget cut"),
    Left("C214", "North Software", 45_900, "diego", 82, 79, "they need it no longer", notice=79),
)

SAVES = (
    Told("C104", "value", 512, 5, "roi-never-shown", 41, "saved", "kk", before_pct=95),
    Told("C119", "product", 486, 9, "defect-unfixed", 38, "saved", "kkk"),
    Told("C112", "value", 470, 20, "roi-never-shown", 35, "saved", "k"),
    Told("C117", "product", 455, 3, "defect-unfixed", 52, "saved", "kkr"),
    Told("C110", "champion_departure", 441, 22, "successor-neutral", 33, "saved", "kk"),
    Told("C201", "value", 420, 96, "roi-never-shown", 32, "lost", "kb"),
    Told("C122", "budget", 409, 30, "budget-cut-lasting", 29, "partly_saved", "k", "seats", before_pct=140),
    Told("C109", "value", 398, 28, "features-unused", 40, "saved", "kl", before_pct=104),
    Told("C133", "competitive", 377, 2, "strength-unseen", 45, "saved", "kkk", "trial"),
    Told("C202", "competitive", 362, 150, "need-unmet", 32, "lost", "b", "price_lock", "declined"),
    Told("C119", "product", 352, 40, "technical-fit", 44, "saved", "kkl"),
    Told("C111", "relationship", 343, 4, "slow-answers", 37, "saved", "kkkk"),
    Told("C145", "budget", 332, 26, "budget-cut-temporary", 31, "partly_saved", "k", "bridge",
         before_pct=130),
    Told("C203", "product", 325, 200, "missing-feature", 27, "lost", "lb"),
    Told("C135", "product", 318, 11, "defect-unfixed", 48, "saved", "kkk", "bridge"),
    Told("C127", "value", 306, 70, "goals-missed", 39, "saved", "k"),
    Told("C113", "budget", 297, 7, "cash-flow", 24, "saved", "k", "payment_terms"),
    Told("C204", "competitive", 283, 19, "need-unmet", 28, "lost", "k", "trial", "declined"),
    Told("C124", "product", 276, 16, "missing-feature", 46, "saved", "kkl", "roadmap"),
    Told("C205", "competitive", 236, 190, "strength-unseen", 26, "lost"),
    Told("C206", "budget", 194, 30, "budget-cut-lasting", 7, "let_go"),
    Told("C207", "champion_departure", 181, 12, "successor-has-favourite", 31, "lost", "kk"),
    Told("C139", "champion_departure", 171, 6, "single-thread", 43, "saved", "kkk"),
    Told("C208", "competitive", 129, None, "", 12, "lost"),
    Told("C209", "relationship", 118, 110, "promise-broken", 23, "lost", "bb"),
    Told("C210", "competitive", 90, 46, "need-unmet", 30, "lost", "kk", "price_lock", "declined"),
    Told("C129", "product", 79, 8, "technical-fit", 34, "saved", "kk"),
)  # fmt: skip
RUNS = Told("C136", "product", 9, 5, "defect-unfixed", 0, "executing", "k")

# account -> (days ago, usage trend, open tickets, CSAT, engagement); what is not worth a word stays away.
READINGS: dict[str, tuple[tuple[int, float, int, float, int], ...]] = {
    "C201": ((560, 4, 1, 4.2, 70), (470, -18, 2, 3.8, 52), (431, -37, 3, 3.1, 40)),
    "C202": ((520, 6, 2, 4.4, 74), (430, -6, 4, 3.6, 60), (374, -22, 6, 3.0, 48)),
    "C203": ((500, 2, 3, 4.0, 66), (410, -3, 5, 2.9, 58), (330, -14, 8, 2.2, 44)),
    "C204": ((480, 9, 1, 4.6, 80), (390, 7, 1, 4.5, 78), (300, 3, 2, 4.4, 75)),
    "C205": ((450, 3, 2, 4.1, 64), (330, -12, 3, 3.7, 55), (244, -33, 4, 3.2, 41)),
    "C206": ((400, 1, 0, 4.3, 70), (280, 0, 1, 4.2, 69)),
    "C207": ((430, 8, 1, 4.5, 82), (310, 6, 2, 4.4, 80), (190, 5, 1, 4.5, 78)),
    "C208": ((360, -5, 3, 3.8, 57), (240, -19, 4, 3.3, 46), (151, -36, 6, 2.4, 33)),
    "C209": ((330, 2, 2, 4.0, 61), (210, -4, 4, 3.4, 50), (122, -9, 6, 2.3, 38)),
    "C210": ((300, 5, 1, 4.3, 72), (180, 2, 3, 3.9, 66), (97, -11, 5, 3.2, 52)),
    "C211": (
        (460, 3, 2, 4.1, 65),
        (345, -8, 6, 3.0, 54),
        (290, -20, 9, 2.1, 40),
    ),  # seen, no save run
    "C213": ((600, 4, 1, 4.2, 70), (500, 3, 1, 4.3, 71), (420, 2, 1, 4.2, 70)),  # nothing was wrong to see
    "C214": ((320, 2, 1, 4.4, 68), (200, 1, 1, 4.3, 66), (104, -2, 2, 4.1, 63)),
    "C104": ((518, -38, 2, 3.3, 45), (462, -6, 1, 4.0, 64)),
    "C109": ((405, -34, 2, 3.5, 47), (350, -4, 1, 4.1, 62)),
    "C111": ((350, -7, 6, 2.2, 50), (301, 2, 1, 4.2, 68)),
    "C112": ((474, -41, 1, 3.4, 42), (430, -3, 1, 4.0, 61)),
    "C117": ((460, -8, 9, 2.3, 55), (398, 3, 2, 4.1, 67)),
    "C119": ((493, -10, 7, 2.1, 52), (440, 4, 2, 4.2, 68), (356, -6, 6, 2.6, 57), (302, 5, 1, 4.3, 70)),
    "C124": ((280, -9, 5, 2.5, 53), (226, 2, 2, 3.9, 65)),
    "C127": ((312, -32, 1, 3.6, 46), (262, -2, 1, 4.0, 63)),
    "C135": ((324, -7, 8, 2.0, 51), (266, 4, 1, 4.2, 69)),
    "C129": ((80, -5, 6, 2.4, 55), (46, 1, 2, 3.9, 66)),
    "C136": ((10, -9, 7, 2.3, 56),),
    "C106": ((388, -4, 6, 3.0, 58), (330, 1, 1, 4.0, 66)),  # looked bad and came to nothing
    "C121": ((291, -31, 1, 3.6, 50), (231, 2, 1, 4.1, 66)),
    "C125": ((274, 1, 5, 3.1, 60), (214, 3, 1, 4.1, 67)),
    "C140": ((296, 0, 3, 2.4, 59), (240, 2, 1, 4.0, 68)),
}
RENEWED = ("C140", "C125", "C101", "C130", "C141", "C142", "C134")  # went on, and no save was run

STATED = {
    "value": "they do not see what it brings them",
    "product": "it keeps failing them in daily work",
    "relationship": "they feel that nobody cares",
    "budget": "their budget was cut",
    "competitive": "they are looking at another vendor",
    "champion_departure": "the person who brought us in has left",
}
PROMISED = {
    "value": ("a sheet of what it saved them", "training for two teams", "a review with their director"),
    "product": (
        "a workaround in writing",
        "a named engineer",
        "the fix in the next release",
        "a weekly word",
    ),
    "relationship": ("a direct line", "an answer within four hours", "a weekly check-in", "a visit"),
    "budget": ("figures for their finance", "a slimmer plan in writing"),
    "competitive": ("a comparison on their own data", "a call with a customer like them", "a beta seat"),
    "champion_departure": ("a briefing for the successor", "a first result in two weeks", "a review"),
}
MANAGER = "paulo"  # who approved what a CSM may not grant
ANSWERS = (  # what the investigation of the running save has found: day of the save, question, answer
    (1, "ticket-age", "seven weeks; the last word was that it is known"),
    (1, "answered-in-time", "no"),
    (1, "usage-since", "the two shift leads went back to their own lists"),
    (1, "already-there", "no"),
    (1, "first-heard", "two months ago, from their operations manager"),
    (1, "promised-before", "no"),
    (1, "on-roadmap", "yes"),
    (1, "rival-has-it", "no"),
    (4, "how-often", "every night shift; half an hour of copying each time"),
    (4, "others-affected", "three more have asked for it"),
    (5, "fixable", "yes"),
    (5, "fix-dates", "a build within the fortnight, release four weeks after it"),
)
FIXED = "the nightly sync"  # what its chain of dates promises
GIVES = {
    "bridge": "two years signed", "seats": "the plan to grow back", "price_lock": "one year signed",
    "trial": "a test team of theirs", "roadmap": "feedback on the beta", "payment_terms": "a written order",
}  # fmt: skip
