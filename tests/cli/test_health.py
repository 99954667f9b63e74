"""`health`: readings, overrides, history and the check, from the command to the log and back (HLT)."""

import json

import pytest

from renewctl.views.health import sparkline
from tests.processes import ROOT

BOOK = """id,name,arr,currency,renewal_date,start_date,term_months,csm,usage_trend,engagement,relationship
A1,Acme Ltd,120000,USD,2026-05-31,2025-05-31,12,Ana,10,80,80
B2,Beta Ltda,5000,USD,2026-07-15,2026-01-10,12,Bob,-40,30,
"""


@pytest.fixture
def book(desk):
    desk.import_(BOOK)
    return desk


def shown(desk, *words):
    return desk.json("health", "show", "A1", *words)


def said_on(desk, day, *words):
    done = desk.run(*words, "--as-of", day)
    assert done.code == 0, done.err


def override(desk, day, score, until, reason="known_risk"):
    said_on(desk, day, "health", "override", "A1", "--score", score, "--reason", reason, "--until", until)


# --- add --------------------------------------------------------------------------------------------


def test_a_reading_is_added_and_moves_the_score_by_what_is_said(book):
    """HLT-2: the moves add up."""
    before = shown(book)["score"]
    told = book.json("health", "add", "A1", "usage_trend=-45", "nps=0", "--on", "2026-03-02")
    assert (told["changed"], [each["field"] for each in told["changes"]]) == (True, ["usage_trend", "nps"])
    after = shown(book)
    assert after["score"] < before
    found = book.json("health", "history", "A1")
    assert found["points"][-1]["score"] == after["score"]
    again = book.run("health", "add", "A1", "nps=0")
    assert "nothing changed" in again.err


def test_readings_of_earlier_days_make_a_history(book):
    """HLT: the score as it was on each day, with what moved it."""
    book.run("health", "add", "A1", "usage_trend=20", "engagement=90", "--on", "2025-12-01")
    book.run("health", "add", "A1", "usage_trend=-20", "--on", "2026-01-15")
    found = book.json("health", "history", "A1")
    assert [each["on"] for each in found["points"]] == ["2025-12-01", "2026-01-15", "2026-03-02"]
    assert len(found["sparkline"]) == 3
    for before, after in zip(found["points"], found["points"][1:], strict=False):
        change = after["change"]
        assert (change["before"], change["after"]) == (before["score"], after["score"])
        assert round(sum(each["points"] for each in change["moves"]), 1) == change["points"]
    text = book.run("health", "history", "A1").out
    assert "2026-01-15" in text
    assert "usage -" in text


def test_words_that_are_no_inputs_are_refused(book):
    for code, words in (
        ("no-assignment", ["nps"]), ("unknown-input", ["arr=5"]), ("input-twice", ["nps=1", "nps=2"]),
    ):  # fmt: skip
        book.fails(2, code, "health", "add", "A1", *words)
    book.fails(10, "number-out-of-range", "health", "add", "A1", "csat=9")
    book.fails(10, "not-yet", "health", "add", "A1", "nps=9", "--on", "2026-03-03")
    assert book.json("health", "history", "A1")["points"][0]["change"] is None


def test_a_dry_run_of_health_writes_nothing(book):
    facts = book.facts()
    book.run("health", "add", "A1", "nps=9", "--dry-run")
    words = ("--score", "30", "--reason", "known_risk", "--until", "2026-03-30", "--dry-run")
    book.run("health", "override", "A1", *words)
    assert book.facts() == facts


# --- override ---------------------------------------------------------------------------------------


def test_an_override_counts_everywhere_up_to_its_last_day(book):
    """HLT-1, HLT-3: list, show, explain and the agenda all go by it."""
    override(book, "2026-03-02", "30", "2026-03-20")
    told = shown(book)
    assert (told["score"], told["band"], told["override"]["score"]) == (30, "red", 30)
    assert told["score_without_override"] > 75
    listed = {each["id"]: each for each in book.json("list")["accounts"]}
    assert listed["A1"]["health"]["score"] == 30
    assert listed["A1"]["opportunity"] == "at_risk"
    assert book.json("show", "A1")["classification"]["health"]["override"]["actor"] == "ana"
    days = ("--days", "120", "--limit", "0")
    owed = {each["step"] for each in book.json("due", *days)["items"] if each["account"] == "A1"}
    assert "at-risk" in owed or any("catch-up" in step for step in owed)
    assert shown(book, "--as-of", "2026-03-20")["score"] == 30
    assert shown(book, "--as-of", "2026-03-21")["band"] == "green"


def test_what_an_override_lacks_is_said(book):
    whole = {"--score": "30", "--reason": "known_risk", "--until": "2026-03-30"}
    for left_out in whole:
        words = [word for pair in whole.items() if pair[0] != left_out for word in pair]
        assert left_out in book.fails(2, "override-incomplete", "health", "override", "A1", *words)
    book.fails(2, "clear-alone", "health", "override", "A1", "--clear", "--score", "3")
    asked = {**whole, "--reason": "because"}
    words = [word for pair in asked.items() for word in pair]
    told = book.fails(10, "unknown-reason", "health", "override", "A1", *words)
    assert "known_strength: A commitment is known that no reading shows" in told
    for until, code in (("2026-03-01", "until-past"), ("2026-06-01", "until-too-far")):
        words = [word for pair in {**whole, "--until": until}.items() for word in pair]
        book.fails(10, code, "health", "override", "A1", *words)
    words = [word for pair in {**whole, "--score": "300"}.items() for word in pair]
    book.fails(10, "number-out-of-range", "health", "override", "A1", *words)


def test_an_override_set_replaced_and_cleared_is_history(book):
    """HLT-2: the log knows when each was in force."""
    override(book, "2026-03-02", "30", "2026-03-20")
    override(book, "2026-03-06", "60", "2026-03-30", "one_off")
    said_on(book, "2026-03-10", "health", "override", "A1", "--clear")
    found = book.json("health", "history", "A1", "--as-of", "2026-03-12")
    by_day = {each["on"]: each["score"] for each in found["points"]}
    assert (by_day["2026-03-02"], by_day["2026-03-06"]) == (30, 60)
    assert by_day["2026-03-10"] > 75
    assert [each["what"] for each in found["points"][1]["change"]["moves"]] == ["override"]
    again = book.run("health", "override", "A1", "--clear", "--as-of", "2026-03-10")
    assert "no override is in force" in again.err
    assert book.values("health_override")[0].until_on.isoformat() == "2026-03-09"


def test_an_override_taken_back_is_over_that_day(book):
    override(book, "2026-03-02", "30", "2026-03-20")
    override(book, "2026-03-04", "30", "2026-03-25")
    assert book.run("undo", "--yes", "--as-of", "2026-03-05").code == 0
    assert shown(book, "--as-of", "2026-03-21")["override"] is None
    assert book.run("undo", "2", "--yes", "--as-of", "2026-03-05").code == 0
    found = book.json("health", "history", "A1", "--as-of", "2026-03-06")
    by_day = {each["on"]: each["score"] for each in found["points"]}
    assert by_day["2026-03-02"] == 30
    assert by_day["2026-03-06"] > 75


def test_an_override_of_today_that_is_cleared_was_never_there(book):
    override(book, "2026-03-02", "30", "2026-03-20")
    told = book.json("health", "override", "A1", "--clear")
    assert (told["override"], told["changed"]) == (None, True)
    assert book.values("health_override") == []
    assert book.json("health", "history", "A1")["points"][-1]["score"] > 75


def test_the_same_override_twice_is_one(book):
    words = ("--score", "30", "--reason", "known_risk", "--until", "2026-03-20", "--note", "CFO called")
    first = book.json("health", "override", "A1", *words)
    second = book.json("health", "override", "A1", *words)
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["override"] == second["override"]
    assert first["override"]["note"] == "CFO called"
    assert "it stands so already" in book.run("health", "override", "A1", *words).err
    assert "dry run" in book.run("health", "override", "A1", "--clear", "--dry-run").err


# --- the flag ---------------------------------------------------------------------------------------


def test_the_flag_stands_alike_in_list_show_explain_and_health(book):
    """HLT-3: since when, and which playbook."""
    said_on(book, "2026-03-10", "health", "add", "A1", "usage_trend=-50", "engagement=10")
    at = ("--as-of", "2026-03-14")
    listed = {each["id"]: each["health"]["flagged_on"] for each in book.json("list", *at)["accounts"]}
    assert listed == {"A1": "2026-03-10", "B2": "2026-03-02"}
    whole = book.json("show", "A1", *at)["classification"]["health"]
    assert whole["flagged_on"] == "2026-03-10"
    assert (whole["flag"]["kind"], whole["flag"]["scenario"]) == ("below", "value")
    assert whole["flag"]["change"]["moves"][0]["input"] == "usage"
    assert book.json("explain", "A1", *at)["health"]["flag"] == whole["flag"]
    assert shown(book, *at)["flag"] == whole["flag"]
    for command in (("show",), ("explain",), ("health", "show"), ("health", "history")):
        text = " ".join(book.run(*command, "A1", *at).out.split())
        assert "2026-03-10: score" in text, command
        assert "playbook" in text


def test_a_cap_counts_from_the_day_it_is_on_record(book):
    """HLT-3: the champion left on the 8th, not with the account's first import."""
    said_on(book, "2026-03-05", "set", "A1", "champion=gone")
    said_on(book, "2026-03-06", "set", "A1", "champion=Joe")
    said_on(book, "2026-03-08", "set", "A1", "champion=gone")
    said_on(book, "2026-03-09", "set", "A1", "csm=Eve")
    found = book.json("health", "history", "A1", "--as-of", "2026-03-12")
    assert [(each["on"], each["score"] > 60) for each in found["points"]] == [
        ("2026-03-02", True), ("2026-03-08", False), ("2026-03-12", False),
    ]  # fmt: skip
    (move,) = found["points"][1]["change"]["moves"]
    assert move["what"] == "caps"
    listed = {each["id"]: each["health"]["flagged_on"] for each in
              book.json("list", "--as-of", "2026-03-12")["accounts"]}  # fmt: skip
    assert listed["A1"] == "2026-03-08"


def test_a_drop_that_an_override_ended_in_is_seen_by_the_list(book):
    """HLT-3: nothing was read lately, and still 15 points went."""
    override(book, "2026-03-02", "99", "2026-03-09")
    said_on(book, "2026-03-09", "set", "A1", "competitor=Rival")
    told = {each["id"]: each["health"]["flagged_on"] for each in
            book.json("list", "--as-of", "2026-03-12")["accounts"]}  # fmt: skip
    assert told["A1"] == shown(book, "--as-of", "2026-03-12")["flagged_on"] == "2026-03-09"


def test_an_account_that_was_stirred_and_stands_well_is_not_flagged(book):
    """HLT-3: a severity-1 ticket of today, a second reading: nothing is lost yet."""
    said_on(book, "2026-03-02", "set", "A1", "ticket_severity=1", "--reason", "ticket 81")
    said_on(book, "2026-03-03", "health", "add", "A1", "nps=50")
    at = ("--as-of", "2026-03-04")
    listed = {each["id"]: each["health"]["flagged_on"] for each in book.json("list", *at)["accounts"]}
    assert listed["A1"] is None


def test_an_account_without_a_renewal_is_not_flagged(book):
    """HLT-3 is about renewals: a lost account has none."""
    assert book.run("lost", "B2", "--reason", "budget").code == 0
    listed = {each["id"]: each["health"]["flagged_on"] for each in book.json("list")["accounts"]}
    assert listed["B2"] is None
    assert book.json("health", "show", "B2")["flag"] is None
    assert book.json("show", "B2")["classification"]["health"]["flagged_on"] is None
    assert book.json("explain", "B2")["health"]["flag"] is None


def test_what_would_change_a_health_that_a_person_said_is_what_they_say(book):
    override(book, "2026-03-02", "74", "2026-03-20")
    (health,) = [each for each in book.json("explain", "A1")["decisions"] if each["decision"] == "health"]
    assert {(each["field"], each["to"], each["becomes"]) for each in health["flips"]} == {
        ("score", 75.0, "green")
    }


# --- segments and ages ------------------------------------------------------------------------------

OVERLAY = """
[health.segments.smb]
weights = { usage = 1, engagement = 99 }
[[health.ages]]
below_days = 90
green = 25
yellow = 20
"""


def test_weights_of_a_segment_and_bands_of_an_age_hold_in_every_command(book, monkeypatch):
    """HLT-1, HLT-2: B2 is smb, 51 days old; the agenda reads the same facts as the list."""
    policy = book.folder / "policy.toml"
    policy.write_text(OVERLAY)
    plain = {each["id"]: each["health"] for each in book.json("list")["accounts"]}
    monkeypatch.setenv("RENEWCTL_POLICY", str(policy))
    weighed = {each["id"]: each for each in book.json("list")["accounts"]}
    assert weighed["A1"]["health"]["score"] == plain["A1"]["score"]
    assert (plain["B2"]["band"], weighed["B2"]["health"]["band"]) == ("red", "green")
    assert book.json("health", "show", "B2")["bands"] == {"green": 25, "yellow": 20}
    assert book.json("health", "show", "A1")["bands"] == {"green": 75, "yellow": 50}
    assert weighed["B2"]["opportunity"] != "at_risk"
    owed = book.json("due", "--days", "150", "--limit", "0")["items"]
    assert not [each for each in owed if each["account"] == "B2" and each["step"] == "at-risk"]
    assert "customers of under 90 days" in book.run("explain", "B2").out
    older = {each["id"]: each for each in book.json("list", "--as-of", "2026-04-10")["accounts"]}
    assert older["B2"]["health"]["band"] == "red"


# --- the check --------------------------------------------------------------------------------------


def outcomes(desk, lost, kept):
    """So many lost with low scores and kept with high ones, renewed on 2026-02-20."""
    rows = [f"{'L' if no < lost else 'K'}{no},{20 + no % 40 if no < lost else 60 + no % 40}"
            for no in range(lost + kept)]  # fmt: skip
    names = [row.split(",")[0] for row in rows]
    desk.import_(
        "id,name,arr,currency,renewal_date\n" + "".join(f"{n},Firm {n},9000,USD,2026-09-01\n" for n in names)
    )
    desk.import_(
        "account_id,date,health_score\n" + "".join(f"{row.replace(',', ',2025-12-10,')}\n" for row in rows),
        "--kind", "health", name="health.csv",
    )  # fmt: skip
    results = "".join(f"{n},2026-02-20,{'lost' if n[0] == 'L' else 'won'}\n" for n in names)
    head = "account_id,closed_on,result\n"
    desk.import_(head + results, "--kind", "outcomes", name="outcomes.csv")


def test_the_check_tells_churn_by_band_and_whether_there_is_a_signal(desk):
    """HLT: counts, intervals, AUC and Brier against the constant rate, on imported outcomes."""
    outcomes(desk, 24, 40)
    told = desk.json("health", "check")
    assert told["schema"] == "renewctl/health-check/1"
    assert (told["outcomes"], told["counted_from_closing"]) == (64, 64)
    assert {each["band"]: (each["outcomes"], each["lost"]) for each in told["bands"]} == {
        "green": (25, 0), "yellow": (15, 0), "red": (24, 24), "unknown": (0, 0),
    }  # fmt: skip
    assert (told["auc"], told["signal"]) == (1.0, True)
    assert told["brier"] < told["brier_constant"]
    text = desk.run("health", "check").out
    for words in ("red", "24 lost and 40 kept with a score", "signal: lost renewals had lower scores",
                  "losses neither red nor yellow then: 0 of 24", "accounts green today"):  # fmt: skip
        assert words in text


def test_the_check_says_no_signal_where_there_is_none(desk):
    outcomes(desk, 3, 5)
    done = desk.run("health", "check")
    assert (done.code, "no signal: 3 losses" in done.out) == (0, True)
    told = desk.json("health", "check", "--from", "2026-02-21")
    assert (told["outcomes"], told["signal"], told["auc"]) == (0, False, None)
    assert desk.json("health", "check", "--from", "2026-02-20", "--to", "2026-02-20")["outcomes"] == 8
    assert desk.json("health", "check", "--as-of", "2026-02-19")["outcomes"] == 0
    desk.fails(2, "bad-span", "health", "check", "--from", "2026-02-20", "--to", "2026-01-01")


# --- import and drawing -----------------------------------------------------------------------------


def test_the_example_file_of_readings_makes_a_history(desk):
    """HLT-2: the long form, one input a line."""
    assert desk.run("import", str(ROOT / "examples" / "accounts.csv"), "--as-of", "2026-11-10").code == 0
    done = desk.run("import", str(ROOT / "examples" / "health.csv"), "--as-of", "2026-11-10")
    assert done.code == 0, done.err
    found = desk.json("health", "history", "A-001", "--as-of", "2026-11-10")
    assert [each["on"] for each in found["points"]] == ["2026-11-01", "2026-11-10"]
    assert found["points"][-1]["band"] == "green"


def test_messy_readings_are_named_and_the_good_ones_kept(book):
    rows = "A1,2026-02-01,nps,40\nA1,2026-02-01,nps,20\nA1,31/31/2026,csat,4\nA1,2026-02-02,mood,4\n"
    rows += "A1,2026-02-03,csat,4\n"
    file = book.folder / "health.csv"
    file.write_text("account_id,date,input,value\n" + rows)
    done = book.run("import", str(file), "--kind", "health", "--json")
    assert done.code == 1
    (report,) = json.loads(done.out)["files"]
    assert (report["inserted"], report["rejected"]) == (1, 4)
    assert {each["line"]: each["code"] for each in report["problems"]} == {
        2: "duplicate-id", 3: "duplicate-id", 4: "date-impossible", 5: "enum-unknown",
    }  # fmt: skip
    assert [each["on"] for each in book.json("health", "history", "A1")["points"]] == [
        "2026-02-03",
        "2026-03-02",
    ]


def test_an_account_of_which_nothing_was_read_says_what_to_do(desk):
    desk.import_("id,name,arr,currency,renewal_date\nN1,New Co,9000,USD,2026-09-01\n")
    assert "renewctl health add N1 nps=" in desk.run("health", "history", "N1").out
    text = desk.run("health", "show", "N1").out
    assert "collect health" in text
    assert desk.json("health", "show", "N1")["flag"] is None


def test_a_reading_says_how_old_it_is_and_what_took_its_place(book):
    """HLT-2: fading, spent, read for the first time, and a score of which nothing else is known."""
    said_on(book, "2026-04-20", "health", "add", "A1", "nps=30", "csat=4")
    text = book.run("health", "show", "A1", "--as-of", "2026-04-20").out
    assert "fading since 2026-04-02, spent on 2026-06-30" in text
    assert "NPS 30, CSAT 4, read 2026-04-20 for the first time: new weights" in text
    assert "fading with age: usage, " in text
    assert "spent since 2026-06-30" in book.run("health", "show", "A1", "--as-of", "2026-07-10").out
    desk_words = ("--score", "40", "--reason", "onboarding", "--until", "2026-03-30")
    book.import_("id,name,arr,currency,renewal_date\nN1,New Co,9000,USD,2026-09-01\n", name="more.csv")
    assert book.run("health", "override", "N1", *desk_words).code == 0
    assert "(onboarding); without it unknown" in book.run("show", "N1").out


def test_a_change_that_nothing_moved_is_said_to_be_one(book):
    said_on(book, "2026-03-20", "health", "add", "B2", "relationship=50")
    assert "since 2026-03-02" in book.run("explain", "B2", "--as-of", "2026-03-20").out
    assert "nothing moved it" in book.run("explain", "A1", "--as-of", "2026-03-30").out


def test_outcomes_without_a_score_before_them_are_counted_as_such(book):
    """HLT: nobody was warned of what nobody had read."""
    book.import_("account_id,closed_on,result\nA1,2026-03-01,lost\n", "--kind", "outcomes", name="out.csv")
    text = book.run("health", "check").out
    assert "losses neither red nor yellow then: 1 of 1" in text
    assert "without a score then: 1" in text
    told = book.json("health", "check")["losses_not_warned"]
    assert (told["count"], told["of"], told["without_score"]) == (1, 1, 1)


class Stream:
    def __init__(self, encoding):
        self.encoding = encoding


@pytest.mark.parametrize(
    ("encoding", "drawn"), [("utf-8", "▁▄█ "), ("ascii", "_-# "), (None, "_-# "), ("no-such", "_-# ")]
)
def test_a_sparkline_is_drawn_in_what_stdout_can_carry(monkeypatch, encoding, drawn):
    monkeypatch.setattr("sys.stdout", Stream(encoding))
    assert sparkline([0.0, 40.0, 100.0, None]) == drawn


# --- what each band changes ---------------------------------------------------------------------------

_HEAD = "id,name,arr,currency,renewal_date,auto_renew,payment_on_file,csm,expansion_arr,health_score"
BANDS = f"""{_HEAD},engagement,relationship
EG,Ent Guarded,200000,USD,2026-09-30,,,Ana,50000,95,90,90
EN,Ent Green,200000,USD,2026-09-30,,,Ana,50000,80,90,90
EY,Ent Yellow,200000,USD,2026-09-30,,,Ana,50000,60,90,90
ER,Ent Red,200000,USD,2026-09-30,,,Ana,50000,30,90,90
SG,Small Green,5000,USD,2026-09-30,yes,yes,Ana,,80,90,90
SY,Small Yellow,5000,USD,2026-09-30,yes,yes,Ana,,60,90,90
MG,Mid Green,20000,USD,2026-09-30,,,Ana,,80,90,90
MY,Mid Yellow,20000,USD,2026-09-30,,,Ana,,60,90,90
"""


def test_each_band_changes_the_motion_the_touch_and_the_steps(desk):
    """HLT-4, HLT-5: slim on green; on yellow no growth talk, but stakeholders, friction and an early
    commitment; a fight-or-let-go decision on red; the guard drops what only risk justifies and nothing else.
    """
    desk.import_(BANDS)
    told = {}
    for account in ("EG", "EN", "EY", "ER", "SG", "SY", "MG", "MY"):
        found = desk.json("show", account)
        why = found["classification"]
        steps = {action["step"] for day in found["plan"] for action in day["actions"]}
        told[account] = (why["opportunity"]["value"], why["touch"]["value"], steps, why["health"]["flag"])
    assert [told[each][0] for each in ("EG", "EN", "EY", "ER")] == [
        "expansion",
        "expansion",
        "flat",
        "at_risk",
    ]
    assert [told[each][1] for each in ("SG", "SY", "MG", "MY")] == [
        "auto_renew", "assisted", "assisted", "negotiated",
    ]  # fmt: skip
    guarded, green, yellow, red = (told[each][2] for each in ("EG", "EN", "EY", "ER"))
    assert green - guarded == {"risk-assessment"}
    assert guarded < green
    assert "expansion-talk" in green - yellow
    assert "risk-assessment" in yellow
    reinforced = {"friction", "relationships", "commitment"}
    assert yellow - green - red == reinforced
    assert told["MY"][2] - told["MG"][2] == reinforced
    assert told["SY"][2] - told["SG"][2] >= {"value-early", "commitment"}
    assert red - yellow == {"at-risk"}
    assert {"expansion-analysis", "future-needs"} <= yellow - red
    assert [each[3] and each[3]["kind"] for each in told.values()].count("below") == 1
    assert told["ER"][3]["scenario"] == "investigate"
    tiers = {each: desk.run("proposal", each, "--format", "md", "-o", "-").out for each in ("EN", "ER")}
    assert len(tiers["EN"]) > len(tiers["ER"])
