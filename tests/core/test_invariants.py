"""A row a command would write breaks nothing; each single damage to it is named."""

import json
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.invariants import LARGEST, SUBJECT, Invariants, is_date, is_instant, of_account
from renewctl.core.model import SaveCase
from renewctl.store.portfolio import ENTITIES, columns
from tests.book import POLICY, TODAY, account, contract, reading, state

RULES = Invariants(POLICY, {entity: columns(entity) for entity in ENTITIES})
SAVE = SaveCase(
    3, 1, 1, "product", "saved", TODAY, "2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z",
    "2026-03-03T09:00:00Z", "ana", None, "0badcafe", TODAY, date(2026, 3, 9),
)  # fmt: skip


def stored(value):
    """A value as its cells are kept: dates as ISO text."""
    return {
        name: each.isoformat() if isinstance(each, date) else each for name, each in value._asdict().items()
    }


def blank(entity, /, **filled):
    return dict.fromkeys(columns(entity)) | filled


SOUND = {
    "account": stored(account(segment_override="smb", ticket_severity=1, growth_rate=0.2, early_on=TODAY)),
    "contract": stored(
        contract(start_on=date(2025, 9, 1), notice_days=30, auto_renew=1, cycle=2, won_on=TODAY)
    ),
    "health_reading": stored(reading(score=80.0)),
    "stakeholder": blank(
        "stakeholder", no=1, account_no=1, name="Jo", role="champion", influence="high", sentiment="neutral",
        last_contact_on="2026-01-05",
    ),
    "value_metric": blank(
        "value_metric", no=1, account_no=1, metric="hours saved", value="-12.50", baseline="0", rate="1E+2",
        currency="EUR", period_start_on="2025-01-01", period_end_on="2025-12-31",
    ),
    "outcome": blank(
        "outcome", no=1, account_no=1, contract_no=1, cycle=1, closed_on="2026-03-02", result="partial",
        arr_before_minor=0, arr_after_minor=LARGEST, currency="JPY",
    ),
    "save_case": stored(SAVE),
    "item_state": stored(state(state="snoozed", until_on=TODAY, minutes=0)),
    "activity": blank(
        "activity", no=1, account_no=1, happened_on="2026-03-02", kind="call", text="", minutes=15
    ),
    "renewal": blank(
        "renewal", contract_no=1, cycle=1, account_no=1, target_minor=0, currency="EUR", bundle=0,
        kind="co_term", uplift_minor=-5, successor_no=2,
    ),
    "amendment": blank(
        "amendment", no=1, account_no=1, contract_no=1, cycle=1, kind="extension", effective_on="2026-03-02",
        arr_before_minor=0, arr_after_minor=LARGEST, currency="JPY", renewal_after_on="2026-09-01",
        actor="ana",
    ),
    "health_override": blank(
        "health_override", account_no=1, score=100.0, reason="new_product", set_on="2026-03-02",
        until_on="2026-03-02", actor="ana",
    ),
    "assignment": blank(
        "assignment", subject="a12", cycle=1, step="qbr-2026q4", account_no=12, person="rui",
        set_on="2026-03-02", actor="ana",
    ),
    "departure": blank("departure", stakeholder_no=1, account_no=1, left_on="2026-03-02"),
    "save_event": blank(
        "save_event", no=1, account_no=1, save_no=1, round=1, kind="contact", name="call",
        happened_on="2026-03-02", happened_at="2026-03-02T09:00:00Z", actor="ana",
    ),
    "promise": blank(
        "promise", no=2, account_no=1, save_no=1, text="fix", due_on="2026-03-09", owner="rui", after_no=1,
        made_on="2026-03-02", state="kept", settled_on="2026-03-08", actor="ana",
    ),
    "offer": blank(
        "offer", no=1, account_no=1, save_no=1, instrument="bridge", terms='{"months": 6}',
        from_on="2026-03-02", until_on="2026-09-02", currency="BRL", arr_minor=0, kept_minor=LARGEST,
        cost_minor=0, later_minor=5, discount_pct="12.5", state="pending", asked_on="2026-03-02",
        asked_by="ana",
    ),
    "service_level": blank(
        "service_level", no=1, account_no=1, name="support", text="4 hours", respond_minutes=240,
        from_on="2026-03-02", actor="ana",
    ),
    "service_response": blank(
        "service_response", no=1, account_no=1, level_no=1, asked_at="2026-03-02T09:00:00Z",
        answered_at="2026-03-02T09:00:00Z", actor="ana",
    ),
    "worth": blank(
        "worth", no=1, account_no=1, save_no=1, minutes=0, concession_minor=0, chance_pct="40", years=1,
        currency="USD", decision="fight", reason="big", decided_on="2026-03-02", actor="ana",
    ),
    "pin": blank("pin", entity="account", row_no=1, field="name", source_value='"Acme"'),
    "erasure": blank("erasure", no=1, op=1, was="0" * 64, now="f" * 64),
}  # fmt: skip


def breaches(entity, /, rules=RULES, **damage):
    assert damage.keys() <= SOUND[entity].keys()
    return rules.row(entity, list((SOUND[entity] | damage).values()))


@pytest.mark.parametrize("entity", list(ENTITIES))
def test_a_sound_row_of_every_entity_breaks_nothing(entity):
    assert list(SOUND[entity]) == list(columns(entity))
    assert breaches(entity) == []


CLOSED = {
    "account": {"strategic": 2, "champion_gone": "1", "segment_override": "tiny", "ticket_severity": 5,
                "growth_rate": "0.2", "seats_used": -1, "early_on": "soon", "currency": "XXY"},
    "contract": {"arr_minor": -1, "renewal_day": 32, "term_months": 0, "notice_days": 1001, "cycle": 0,
                 "state": "won", "auto_renew": 3, "no": 0, "renewal_on": "2026-02-30", "implied": 0.0},
    "health_reading": {"csat": 0.9, "nps": 101, "engagement": "80", "score": 100.1, "read_on": ""},
    "stakeholder": {"role": "boss", "influence": "huge", "sentiment": "sad", "last_contact_on": 20260105},
    "value_metric": {"value": "1e", "baseline": "nan", "rate": 5, "period_end_on": "2025-13-01"},
    "outcome": {"result": "draw", "arr_before_minor": 1.0, "arr_after_minor": LARGEST + 1, "closed_on": ""},
    "save_case": {"state": "open", "flagged_at": "2026-03-02 09:00", "respond_by": 5, "closed_on": "x"},
    "item_state": {"state": "open", "cycle": True, "until_on": "2026-2-3", "minutes": -1},
    "activity": {"kind": "lunch", "happened_on": "yesterday", "minutes": "15"},
    "renewal": {"cycle": 0, "target_minor": -1, "bundle": 2, "kind": "amendment", "uplift_minor": "5",
                "currency": "XXY"},
    "amendment": {"no": 0, "kind": "early", "arr_before_minor": -1, "arr_after_minor": LARGEST + 1,
                  "effective_on": "", "renewal_after_on": "2026-02-30"},
    "health_override": {"score": 100.5, "set_on": "now", "until_on": "2026-3-2"},
    "assignment": {"cycle": 0, "set_on": "2026"},
    "departure": {"left_on": "soon"},
    "save_event": {"round": 0, "kind": "dream", "happened_on": "", "happened_at": "09:00"},
    "promise": {"state": "done", "due_on": "soon", "made_on": 5},
    "offer": {"state": "made", "arr_minor": -1, "kept_minor": 1.5, "cost_minor": -1, "discount_pct": "10 %",
              "until_on": "2026-2-3", "currency": "XXY"},
    "service_level": {"respond_minutes": 0, "from_on": "now"},
    "service_response": {"asked_at": "2026-03-02", "answered_at": "later"},
    "worth": {"minutes": -1, "rate_minor": -1, "concession_minor": -5, "chance_pct": "half", "years": 0,
              "decided_on": "x"},
    "erasure": {"was": "0" * 63, "now": "F" * 64},
}  # fmt: skip


@pytest.mark.parametrize(
    ("entity", "column", "wrong"),
    [(entity, column, wrong) for entity, damages in CLOSED.items() for column, wrong in damages.items()],
)
def test_a_cell_that_no_command_writes_is_named_by_its_column(entity, column, wrong):
    (found,) = breaches(entity, **{column: wrong})
    assert found.what.startswith(f"{column} is {wrong!r}"[:40])
    assert not found.is_note


@given(st.sampled_from([name for name in ENTITIES if name != "pin"]), st.data())
def test_a_cell_of_a_foreign_type_is_found_in_every_column_that_is_checked(entity, data):
    checked = [
        name
        for name in columns(entity)
        if name.endswith(("_on", "_minor", "_at", "_by")) and name not in ("asked_by", "decided_by")
    ]
    if checked:
        column = data.draw(st.sampled_from(checked))
        wrong = data.draw(st.one_of(st.binary(), st.floats(), st.text("abc", min_size=1)))
        assert any(each.what.startswith(f"{column} is") for each in breaches(entity, **{column: wrong}))


@pytest.mark.parametrize(
    ("entity", "damage", "said", "is_note"),
    [
        ("account", {"id": ""}, "no id or no name", False),
        ("promise", {"state": "open"}, "is open with settled_on '2026-03-08'", False),
        ("promise", {"settled_on": None}, "is kept with settled_on blank", False),
        ("promise", {"after_no": 2}, "follows or replaces itself", False),
        ("promise", {"replaces_no": 2}, "follows or replaces itself", False),
        ("offer", {"currency": None}, "amount without a currency", False),
        ("offer", {"terms": "[]"}, "no JSON object", False),
        ("offer", {"terms": "{"}, "no JSON object", False),
        ("service_level", {"respond_minutes": None}, "neither a time to answer nor a rhythm", False),
        ("service_level", {"every_days": 7}, "neither a time to answer nor a rhythm", False),
        ("service_response", {"answered_at": "2026-03-02T08:00:00Z"}, "before it was asked", False),
        ("account", {"name": ""}, "no id or no name", False),
        ("account", {"search_name": "acme"}, "search_name is 'acme' and not 'account 1'", False),
        ("contract", {"currency": None}, "ARR without a currency", False),
        ("contract", {"renewal_on": None}, "renewal_day without a renewal_on", False),
        ("contract", {"renewal_day": None}, "renewal_day blank does not fit", False),
        ("contract", {"renewal_day": 2}, "renewal_day 2 does not fit", False),
        ("contract", {"start_on": "2026-09-02"}, "after its renewal", True),
        ("contract", {"cycle": 1}, "in cycle 1 with won_on", False),
        ("contract", {"won_on": None}, "in cycle 2 with won_on blank", False),
        ("contract", {"state": "lost"}, "is lost in stage 'planned'", False),
        ("contract", {"stage": "lost"}, "is open in stage 'lost'", False),
        ("contract", {"stage": "haggling"}, "none of the policy's", True),
        ("contract", {"stage": "won"}, "none of the policy's", True),
        ("save_case", {"closed_on": None}, "is saved with closed_on blank", False),
        ("save_case", {"state": "detected"}, "is detected with closed_on", False),
        ("save_case", {"closed_on": "2026-03-01"}, "before its flag", False),
        ("save_case", {"respond_by": "2026-03-02T08:59:59Z"}, "respond_by 2026-03-02T08:59:59Z", False),
        ("save_case", {"target_by": "2026-03-01T09:00:00Z"}, "target_by 2026-03-01T09:00:00Z", False),
        ("item_state", {"subject": "x1"}, "neither a contract, a save nor an account", False),
        ("assignment", {"subject": "a0"}, "neither a contract, a save nor an account", False),
        ("renewal", {"currency": None}, "amount without a currency", False),
        ("renewal", {"successor_no": 1}, "succeeds itself", False),
        ("amendment", {"currency": None}, "amount without a currency", False),
        ("health_override", {"until_on": "2026-03-01"}, "ends on 2026-03-01, before", False),
        ("item_state", {"until_on": None}, "put off without a day", False),
        ("value_metric", {"period_end_on": "2024-12-31"}, "its period begins on 2025-01-01", True),
        ("pin", {"field": "nothing"}, "pins a column that does not exist", False),
        ("pin", {"entity": "nobody"}, "pins a column that does not exist", False),
        ("pin", {"source_value": "{"}, "source_value is no JSON", False),
        ("pin", {"source_value": "[" * 100_000}, "source_value is no JSON", False),
    ],
)
def test_cells_that_are_right_one_by_one_may_be_wrong_together(entity, damage, said, is_note):
    (found,) = breaches(entity, **damage)
    assert said in found.what
    assert found.is_note is is_note


@pytest.mark.parametrize(
    ("entity", "change"),
    [
        ("contract", {"arr_minor": None, "currency": None}),
        ("contract", {"renewal_on": None, "renewal_day": None}),
        ("contract", {"renewal_on": "2027-02-28", "renewal_day": 31}),
        ("contract", {"start_on": None}),
        ("contract", {"state": "lost", "stage": "lost"}),
        ("contract", {"state": "superseded"}),
        ("contract", {"state": "superseded", "stage": "won", "implied": 0}),
        ("contract", {"cycle": 1, "won_on": None}),
        ("save_case", {"state": "detected", "closed_on": None, "target_by": None}),
        ("save_case", {"closed_on": "2026-03-02", "respond_by": "2026-03-02T09:00:00Z"}),
        ("item_state", {"state": "done", "until_on": None, "subject": "s3"}),
        ("value_metric", {"period_end_on": None}),
        ("value_metric", {"period_end_on": "2025-01-01"}),
    ],
)
def test_what_commands_do_leave_behind_is_no_breach(entity, change):
    assert breaches(entity, **change) == []


def test_a_row_with_a_broken_cell_is_not_judged_as_a_whole():
    found = breaches("contract", cycle=0, currency=None, won_on=None)
    assert [each.what.split()[0] for each in found] == ["cycle"]


def test_a_segment_that_the_policy_dropped_is_a_remark_on_its_override():
    class Fewer:
        """The shipped policy without the segment for small accounts."""

        segments = tuple(each for each in POLICY.segments if each.name != "smb")

        def __getattr__(self, name):
            return getattr(POLICY, name)

    rules = Invariants(Fewer(), {entity: columns(entity) for entity in ENTITIES})
    (found,) = breaches("account", rules)
    assert (found.what, found.is_note) == ("segment_override 'smb' is no segment of the policy", True)


def test_a_long_value_is_cut_where_it_is_shown():
    (found,) = breaches("contract", renewal_on="9" * 1_000)
    assert len(found.what) < 100
    assert "…" in found.what


@given(st.dates())
def test_every_calendar_date_in_iso_form_is_one(day):
    assert is_date(day.isoformat())
    assert not is_date(day.isoformat()[:-1] + "x")


@pytest.mark.parametrize(
    "value", [None, 5, b"2026-03-02", "2026-02-29", "20260302", "２０２６-03-02", " 2026-03-02"]
)
def test_anything_else_is_no_date(value):
    assert not is_date(value)


@given(st.datetimes(datetime(1900, 1, 1)))
def test_an_instant_is_utc_to_the_second(at):
    assert is_instant(at.replace(microsecond=0).isoformat() + "Z")
    assert not is_instant(at.replace(microsecond=0).isoformat())
    assert not is_instant(at.replace(microsecond=0).isoformat() + "+00:00")


@pytest.mark.parametrize(
    "value",
    [None, 5, "", "2026-02-29T09:00:00Z", "2026-03-02 09:00:00Z", "2026-03-02T24:00:00Z",
     "２026-03-02T09:00:00Z", "2026-W10-1T09:00:00Z"],
)  # fmt: skip
def test_anything_else_is_no_instant(value):
    assert not is_instant(value)


@pytest.mark.parametrize(
    ("subject", "holds"),
    [("12", True), ("s3", True), ("0", False), ("s", False), ("12x", False), ("١", False), ("9" * 20, False)],
)
def test_an_item_is_of_a_contracts_number_or_a_saves(subject, holds):
    assert bool(SUBJECT.fullmatch(subject)) is holds


@pytest.mark.parametrize("segment", list(POLICY.timelines))
def test_every_step_of_the_policy_is_known_and_another_is_remarked_on(segment):
    for step in POLICY.timelines[segment]:
        assert RULES.step(None, step.step) is None
    for special in ("catch-up", "past-due", "opt-out", "collect-health"):
        assert RULES.step(None, special) is None
    assert RULES.step(None, "call").is_note


def test_a_step_of_a_save_is_known_by_its_own_playbook_and_check_ins_by_all():
    for scenario, book in POLICY.playbooks.items():
        assert all(RULES.step(scenario, step.step) is None for step in book.steps)
        assert all(RULES.step(scenario, f"checkin-{days}") is None for days in (30, 60, 90))
        assert RULES.step(scenario, "notice").is_note
    assert RULES.step("pricing", "call").is_note


@pytest.mark.parametrize(
    "step",
    ["update-3", "touch-2", "report-1", "attention-4", "checkin-30", "p7", "level2-3", "answer5",
     "technical-lead", "plan-product"],
)  # fmt: skip
def test_a_save_may_hold_what_comes_back_what_was_promised_and_what_an_earlier_playbook_asked_for(step):
    # SAV-9, SAV-10: duties no playbook lists; SAV-2: after a switch of playbook what was done stays.
    assert RULES.step("budget", step) is None
    assert RULES.step("pricing", step).is_note
    assert RULES.step(None, step).is_note


def test_the_agreement_on_each_playbooks_plan_may_stay_after_a_switch():
    for scenario, book in POLICY.playbooks.items():
        for each in book.steps:
            kept = f"{each.step}-{scenario.replace('_', '-')}"
            assert (RULES.step("budget", kept) is None) == (each.state == "planned")


@pytest.mark.parametrize("step", ["update-", "update-x", "p", "level2", "answer", "plan-pricing", "Update-3"])
def test_what_only_looks_like_a_duty_of_a_save_is_remarked_on(step):
    assert RULES.step("budget", step).is_note


def test_an_account_has_at_most_one_implied_contract_and_one_open_save():
    rows = [{"no": 4, "implied": 1}, {"no": 5, "implied": 0}, {"no": 6, "implied": 0}]
    assert list(of_account(rows, [3])) == []
    assert list(of_account([], [])) == []
    twice = [*rows, {"no": 7, "implied": 1}]
    assert [each.what for each in of_account(twice, [3, 8])] == [
        "has 2 implied contracts: numbers 4, 7",
        "has 2 open saves: s3, s8",
    ]


@given(st.recursive(st.one_of(st.none(), st.integers(), st.text()), st.lists, max_leaves=5))
def test_any_json_a_source_may_have_said_can_be_pinned(value):
    assert breaches("pin", source_value=json.dumps(value)) == []
