"""Taking operations back, and going back in time, over random histories held against whole states."""

import os
import shutil
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from renewctl.cli.app import run
from renewctl.core.model import Amendment, Assignment, Departure, HealthOverride, Renewal, Stakeholder
from renewctl.errors import NotFound, PortfolioError, RefusedByRule
from renewctl.store import rewind as rewinding
from renewctl.store import undo
from renewctl.store.agenda import refresh
from renewctl.store.portfolio import columns, open_portfolio
from renewctl.store.rewind import first_after, last_by, rewind
from tests.book import POLICY, TODAY, account, contract, insert, portfolio, reading
from tests.book import state as step_done
from tests.histories import agenda, fresh_agenda, recorded_at, state, without

sizes = st.integers(3, 6)


def book(seed, size, decimals):
    """An accounts file: some columns differ from one seed to the next."""
    random = Random(seed)
    rows = ["id,name,arr,currency,renewal_date,csm,usage_trend,growth_rate"]
    for no in range(1, size + 1):
        trend = random.choice(["", "10", "-40"] + ["7.123456789012345678"] * decimals)
        rows.append(
            f"A{no},Name {no},{random.choice([5000, 40000, 150000])},USD,"
            f"2026-{random.choice([5, 9]):02}-15,{random.choice(['Ana', 'Bob', ''])},{trend},"
            f"{random.choice(['', '7.1%'])}"
        )
    return "\n".join(rows) + "\n"


COMMANDS = [
    tuple(line.split())
    for line in """
    set A{no} arr=77000 --reason agreed
    set A{no} csm=Zoe
    set A{no} nps=12
    set A{no} renewal_date=2026-08-01 --reason agreed
    log A{no} talked --kind reply
    stage A{no} notified
    won A{no} --arr 60000 --yes
    won A{no} --arr 90000 --yes
    lost A{no} --reason price
    done {no}-catch-up
    done {no}-notice
    skip {no}-collect-health --reason no
    snooze {no}-catch-up --until 2026-03-05
    save start A{no} --scenario value
    save done s{no}-call
    save close s{no} --result lost --note gone
    amend A{no} --arr 81000 --reason seats --yes
    health override A{no} --score 40 --reason one_off --until 2026-04-01 --yes
    stage A{no} in_review --evidence met
    stakeholder add A{no} Joe --role champion
    stakeholder gone A{no} Joe --note moved
    reassign --from Ana --to Bob --yes
    won A{no} --arr 60000 --uplift 1000 --successor N{no} --yes
    """.strip().splitlines()
]


class Histories(RuleBasedStateMachine):
    """Random commands and undos; `states[n]` is every fact when operation n was the newest."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = str(self.folder / "p.db")
        self.before = {name: os.environ.get(name) for name in ("RENEWCTL_PORTFOLIO", "RENEWCTL_AS_OF")}
        os.environ.update(RENEWCTL_PORTFOLIO=self.path, RENEWCTL_AS_OF=TODAY.isoformat())
        self.states = [{}]
        self.undoes = {}

    def teardown(self):
        for name, value in self.before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        try:
            if Path(self.path).exists():
                self.prefixes()
        finally:
            shutil.rmtree(self.folder)

    def prefixes(self):
        """Every point of the past is found again, its log with it."""
        with open_portfolio(self.path) as made:
            log = made.rows("SELECT * FROM operation ORDER BY seq")
            for seq, expected in enumerate(self.states):
                with rewind(made, seq) as then:
                    assert state(then) == expected
                    assert then.rows("SELECT * FROM operation ORDER BY seq") == log[:seq]
                    assert then.value("SELECT COALESCE(MAX(op), 0) FROM change") <= seq
                    assert not then.rows("PRAGMA foreign_key_check")

    def play(self, *words):
        """Run a command; whether it added to the log. The model is kept up."""
        code = run(list(words))
        with open_portfolio(self.path) as made:
            newest = made.value("SELECT COALESCE(MAX(seq), 0) FROM operation")
            now = state(made)
            assert agenda(made) == fresh_agenda(made)
        if newest == len(self.states):
            self.states.append(now)
            return True, code
        assert newest == len(self.states) - 1
        assert now == self.states[-1]
        return False, code

    @initialize(seed=st.integers(0, 99), size=sizes)
    def begin(self, seed, size):
        (self.folder / "a.csv").write_text(book(seed, size, 1))
        assert self.play("import", str(self.folder / "a.csv")) == (True, 0)

    @rule(seed=st.integers(0, 99), size=sizes, decimals=st.integers(0, 2))
    def import_again(self, seed, size, decimals):
        (self.folder / "a.csv").write_text(book(seed, size, decimals))
        assert self.play("import", str(self.folder / "a.csv"))[1] == 0

    @rule(no=st.integers(1, 3), words=st.sampled_from(COMMANDS))
    def command(self, no, words):
        self.play(*(word.format(no=no) for word in words))

    @rule(at=st.sampled_from([0, 0, 1, 2, 3, 4, 5, 7, 9]))
    def undo_something(self, at):
        """The operation that comes without a number, or one counted from the newest."""
        target = len(self.states) - at
        if at and target > 0:
            self.take_back(target, "undo", str(target), "--yes")
            return
        with open_portfolio(self.path) as made:
            try:
                target = undo.newest(made, undo.chains(made))
            except NotFound:
                target = None
        self.take_back(target, "undo", "--yes")

    def take_back(self, target, *words):
        now = self.states[-1]
        applied, code = self.play(*words)
        assert code == (0 if applied else 13 if target is None else 14)
        if applied:
            before, after = self.states[target - 1], self.states[target]
            assert self.states[-1] == without(after, before, now)
        elif target is not None:
            self.check_refusal(target)

    def check_refusal(self, target):
        """Refused because the effect is gone already, or because of what came later and is in effect."""
        with open_portfolio(self.path) as made:
            known = undo.chains(made)
            with pytest.raises(RefusedByRule) as refused:
                undo.find(made, target)
        if refused.value.code == "undo-done":
            assert known.taken_back_by(target)
            return
        named = [int(word[1:]) for word in refused.value.message.split() if word.startswith("#")]
        assert named
        idle = known.idle_after(target)
        own = self.rows_of(target)
        accounts = {self.account_of(key, target) for key in own}
        for seq in named:
            assert seq > target
            assert seq not in idle
            assert self.rows_of(seq) & own or accounts & {self.account_of(k, seq) for k in self.rows_of(seq)}

    def rows_of(self, seq):
        before, after = self.states[seq - 1], self.states[seq]
        return {key for key in {*before, *after} if before.get(key) != after.get(key)}

    def account_of(self, key, seq):
        row = self.states[seq].get(key) or self.states[seq - 1][key]
        names = columns(key[0])
        return row[names.index(next(each for each in ("account_no", "row_no", "no") if each in names))]


Histories.TestCase.settings = settings(max_examples=10, stateful_step_count=16, deadline=None)
TestHistories = Histories.TestCase


def walk(seed, steps):
    """A history with more to and fro than the search above comes by."""
    random = Random(seed)
    machine = Histories()
    try:
        machine.begin(seed, 3)
        for _ in range(steps):
            lot = random.random()
            if lot < 0.45:
                machine.command(random.randint(1, 3), random.choice(COMMANDS))
            elif lot < 0.55:
                machine.import_again(random.randrange(99), random.randint(3, 6), 1)
            else:
                machine.undo_something(random.choice([0, 1, 1, 2, 2, 3, 4, 5, 6, 8]))
    finally:
        machine.teardown()


@pytest.mark.parametrize("seed", range(3))
def test_a_long_history_is_taken_back_and_had_again_in_any_order(seed):
    walk(seed, 40)


# --- the rules, one by one ----------------------------------------------------------------------------


def take_back(made, seq=None):
    done = undo.find(made, seq)
    with made.write(f"undo {done.seq}", "ana", TODAY) as operation:
        undo.take_back(made, operation, undo.find(made, done.seq), POLICY, TODAY)
    return operation.seq


def add(made, *values, command="add"):
    with made.write(command, "ana", TODAY) as operation:
        operation.apply(insert(value) for value in values)
    return operation.seq


def named(made, seq):
    """The operations a refusal names."""
    with pytest.raises(RefusedByRule) as refused:
        undo.find(made, seq)
    assert refused.value.code == "undo-conflict"
    return [int(word[1:]) for word in refused.value.message.split() if word.startswith("#")]


def save(no=1, **given):
    from renewctl.core.model import SaveCase

    filled = dict.fromkeys(SaveCase._fields) | {
        "no": no, "account_no": 1, "scenario": "value", "state": "detected", "flagged_on": TODAY,
        "flagged_at": "2026-03-02T09:00:00Z", "respond_by": "2026-03-04T09:00:00Z", "playbook": "x",
        "opened_on": TODAY,
    }  # fmt: skip
    return SaveCase(**(filled | given))


def renewal(contract_no, **given):
    filled = dict.fromkeys(Renewal._fields) | {"contract_no": contract_no, "cycle": 1, "account_no": 1}
    return Renewal(**(filled | given))


def amendment(no=1, **given):
    filled = dict.fromkeys(Amendment._fields) | {
        "no": no, "account_no": 1, "contract_no": 1, "cycle": 1, "kind": "amendment", "effective_on": TODAY,
        "actor": "ana",
    }  # fmt: skip
    return Amendment(**(filled | given))


def person(no=1, **given):
    filled = dict.fromkeys(Stakeholder._fields) | {"no": no, "account_no": 1, "name": "Jo"}
    return Stakeholder(**(filled | given))


def note(no=1, **given):
    from renewctl.core.model import Activity

    return Activity(**({"no": no, "account_no": 1, "contract_no": None, "happened_on": TODAY, "kind": "note",
                        "text": "x", "minutes": None, "actor": "ana"} | given))  # fmt: skip


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "child",
    [
        contract(5, account_no=2),
        reading(2),
        step_done("9", account_no=2),
        save(account_no=2),
        note(account_no=2),
        step_done("a2", "qbr-2026q4", account_no=2),
        HealthOverride(2, 50.0, "new_product", None, TODAY, TODAY, "ana"),
        Assignment("a2", 1, "qbr-2026q4", 2, "rui", TODAY, "ana"),
    ],
    ids=lambda child: type(child).__name__,
)
def test_an_account_cannot_go_while_anything_of_it_is_there(tmp_path, engine, child):
    with portfolio(tmp_path, account()) as made:
        parent = add(made, account(2))
        later = add(made, child)
        other = add(made, reading(1))
        assert named(made, parent) == [later]
        take_back(made, later)
        take_back(made, parent)
        assert undo.find(made, None).seq == other


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("parent", "child"),
    [
        (contract(5, account_no=1), note(contract_no=5)),
        (contract(5, account_no=1), save(contract_no=5)),
        (contract(5, account_no=1), step_done("5")),
        (save(3), step_done("s3", "call")),
        (save(3), Assignment("s3", 1, "call", 1, "rui", TODAY, "ana")),
        (contract(5, account_no=1), renewal(5)),
        (contract(5, account_no=1), renewal(1, successor_no=5)),
        (contract(5, account_no=1), amendment(contract_no=5)),
        (contract(5, account_no=1), Assignment("5", 1, "notice", 1, "rui", TODAY, "ana")),
        (person(5), Departure(5, 1, TODAY, None)),
    ],
)
def test_a_contract_or_save_cannot_go_while_something_refers_to_it(tmp_path, engine, parent, child):
    with portfolio(tmp_path, account(), contract()) as made:
        first = add(made, parent)
        unrelated = add(made, step_done("1"), note(9, contract_no=1))
        later = add(made, child)
        assert named(made, first) == [later]
        gone = take_back(made, later)
        away = take_back(made, first)
        assert named(made, gone) == [away]  # nor come back to what is no longer there
        take_back(made, away)
        take_back(made, gone)
        assert undo.find(made, unrelated)


def test_what_was_taken_back_does_not_stand_in_the_way_and_brought_back_it_does(tmp_path):
    with portfolio(tmp_path, account()) as made:
        first = add(made, contract())
        second = add(made, note(contract_no=1))
        gone = take_back(made, second)
        assert undo.find(made, first)
        again = take_back(made, gone)
        assert named(made, first) == [again]
        with pytest.raises(RefusedByRule, match="taken back by operation 5 already"):
            undo.find(made, gone)


def test_five_are_named_the_newest_first_and_the_others_counted(tmp_path):
    with portfolio(tmp_path, account()) as made:
        seqs = [add(made, note(no)) for no in range(1, 8)]
        assert named(made, 1) == seqs[:1:-1]
        with pytest.raises(RefusedByRule) as refused:
            undo.find(made, 1)
        assert "and 2 more" in refused.value.message
        assert refused.value.hint.startswith(f"undo those first: renewctl undo {seqs[-1]}, then ")
        assert refused.value.exit_code == 14


def test_an_id_that_was_given_to_another_account_since_keeps_the_first_from_coming_back(tmp_path):
    with portfolio(tmp_path, account(1), account(2)) as made:
        first = add(made, account(3, id="X"))
        add(made, account(4))
        gone = take_back(made, first)
        taken = add(made, account(5, id="X"))
        assert named(made, gone) == [taken]
        take_back(made, taken)
        assert take_back(made, gone)


def test_a_number_that_was_given_to_a_row_of_another_account_keeps_the_first_from_coming_back(tmp_path):
    with portfolio(tmp_path, account(1), account(2)) as made:
        for value in (contract(), save(), note(), person()):
            gone = take_back(made, add(made, value))
            again = add(made, value._replace(account_no=2))
            assert named(made, gone) == [again]


def test_a_number_that_was_given_again_keeps_the_first_from_coming_back(tmp_path):
    with portfolio(tmp_path, account(1)) as made:
        gone = take_back(made, add(made, account(2, id="X")))
        again = add(made, account(2, id="Y"))
        assert named(made, gone) == [again]


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE account SET csm = 'Mallory' WHERE no = 2",
        "UPDATE account SET growth_rate = 0.25 WHERE no = 2",
        "DELETE FROM account WHERE no = 2",
    ],
)
def test_a_table_altered_outside_the_log_is_not_built_upon(tmp_path, engine, spoil):
    with portfolio(tmp_path, account()) as made:
        seq = add(made, account(2))
        made.execute(spoil)
        before = state(made)
        with pytest.raises(PortfolioError, match="account 2 is not what operation 2 made of it") as refused:
            take_back(made, seq)
        assert refused.value.code == "facts-altered"
        assert "renewctl doctor" in refused.value.hint
        assert state(made) == before


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE change SET after = NULL, before = after WHERE op = 2",
        "UPDATE change SET key = '1' WHERE op = 2",
        "DELETE FROM change WHERE op = 2",
        "UPDATE operation SET command = 'other' WHERE seq = 2",
        "UPDATE operation SET actor = 'other' WHERE seq = 2",
    ],
)
def test_a_log_that_was_altered_is_not_built_upon(tmp_path, spoil):
    with portfolio(tmp_path, account()) as made:
        seq = add(made, account(2))
        add(made, note())
        made.execute(spoil)
        before = state(made)
        with pytest.raises(PortfolioError, match="operation 2 is not what was written") as refused:
            take_back(made, seq)
        assert refused.value.code == "log-altered"
        assert state(made) == before


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("UPDATE operation SET command = 'forget Joe' WHERE seq = 2", "forgot somebody"),
        ("UPDATE operation SET nonce = NULL WHERE seq = 2", "forgotten since"),
        ("INSERT INTO erasure (no, op, was, now) VALUES (1, 2, 'a', 'b')", "forgotten since"),
    ],
)
def test_what_was_forgotten_stays_forgotten(tmp_path, spoil, why):
    with portfolio(tmp_path, account()) as made:
        seq = add(made, account(2))
        made.execute(spoil)
        with pytest.raises(RefusedByRule, match=why) as refused:
            undo.find(made, seq)
        assert refused.value.code == "undo-erased"


def test_what_somebody_was_forgotten_from_since_cannot_be_told_to_be_undone_first(tmp_path):
    with portfolio(tmp_path, account()) as made:
        seq = add(made, account(2))
        add(made, note(account_no=2), command="forget Joe")
        with pytest.raises(RefusedByRule) as refused:
            undo.find(made, seq)
        assert "cannot be taken back, so neither can this" in refused.value.hint


def test_an_update_whose_row_changed_twice_in_one_operation_goes_back_to_the_first(tmp_path):
    from renewctl.core.model import Change

    with portfolio(tmp_path, account(csm="a")) as made:
        before = state(made)
        with made.write("twice", "ana", TODAY) as operation:
            for old, new in (("a", "b"), ("b", "c")):
                operation.apply([Change("account", (1,), 1, {"csm": old}, {"csm": new})])
            operation.apply(
                [insert(contract()), Change("contract", (1,), 1, {"stage": "planned"}, {"stage": "x"})]
            )
        after = state(made)
        gone = take_back(made)
        assert state(made) == before
        take_back(made, gone)
        assert state(made) == after


@pytest.mark.both_engines
def test_a_measurement_with_all_its_digits_comes_back_as_it_was(tmp_path, engine):
    with portfolio(tmp_path, account(), reading(usage_trend=0.1 + 0.2)) as made:
        exact = state(made)
        # as a bulk import may log it: SQLite writes 15 digits
        made.execute("UPDATE change SET after = REPLACE(after, '0.30000000000000004', '0.3')")
        made.execute("UPDATE operation SET content = '' WHERE seq = 1")
        reseal(made)
        take_back(made, take_back(made, 1))
        assert state(made) == exact


def reseal(made):
    """Make the only operation of a log digest to what it is."""
    from renewctl.store.chain import CHANGE, OPERATION, content_of, digest_of

    row = list(made.rows(f"SELECT {','.join(OPERATION)} FROM operation")[0])
    rows = made.rows(f"SELECT {','.join(CHANGE)} FROM change ORDER BY no")
    row[9] = content_of(rows, row[7], row[4], row[5])
    made.execute("UPDATE operation SET content = ?, digest = ?", (row[9], digest_of(row)))


def test_the_files_remembered_are_forgotten_since_their_rows_may_be_gone(tmp_path):
    with portfolio(tmp_path, account()) as made:
        cells = "(no, file, kind, digest, salt, rows, imported_on, head, lines, checksum)"
        made.execute(
            f"INSERT INTO source {cells} VALUES (1, 'a', 'b', 'c', 'd', 1, '2026-03-02', '', ?, '')", (b"",)
        )
        take_back(made)
        assert made.value("SELECT COUNT(*) FROM source") == 0


# --- the past -----------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_the_past_is_read_from_a_copy_and_the_portfolio_stays_as_it_is(tmp_path, engine):
    with portfolio(tmp_path, account(), contract()) as made:
        states = [{}, state(made)]
        for value in (reading(), note(), account(2), step_done("1")):
            add(made, value)
            states.append(state(made))
        take_back(made, 4)
        states.append(state(made))
        cells = "(no, file, kind, digest, salt, rows, imported_on, head, lines, checksum)"
        made.execute(
            f"INSERT INTO source {cells} VALUES (1, 'a', 'b', 'c', 'd', 1, '2026-03-02', '', ?, '')", (b"",)
        )
        log = made.rows("SELECT seq, digest FROM operation ORDER BY seq")
        for seq, expected in enumerate(states):
            with rewind(made, seq) as then:
                assert state(then) == expected
                assert (then.meta("agenda_mark"), agenda(then)) == (None, [])
                assert not then.value("SELECT COUNT(*) FROM source")
                assert then.rows("SELECT seq, digest FROM operation ORDER BY seq") == log[:seq]
                then.execute("DELETE FROM item_state")
        assert state(made) == states[-1]
        assert made.rows("SELECT seq, digest FROM operation ORDER BY seq") == log


def test_first_after_finds_where_each_operation_ends_whatever_numbers_are_missing(tmp_path):
    with portfolio(tmp_path, account()) as made:
        for no in range(2, 9):
            add(made, *(account(each) for each in range(no * 10, no * 10 + no)))
        made.execute("DELETE FROM change WHERE no IN (4, 5, 9)")
        rows = made.rows("SELECT no, op FROM change")
        last = max(no for no, _ in rows)
        for seq in range(10):
            expected = min((no for no, op in rows if op > seq), default=last + 1)
            found = first_after(made, seq)
            assert {no for no, _ in rows if no >= found} == {no for no, _ in rows if no >= expected}


def test_a_day_ends_at_midnight_in_utc_and_a_clock_that_was_wrong_hides_nothing(tmp_path):
    with recorded_at("2026-03-02T23:59:59Z"):
        made = portfolio(tmp_path, account())
    with made:
        for instant in ("2026-03-03T00:00:00Z", "2026-03-09T12:00:00Z", "2026-03-04T12:00:00Z"):
            with recorded_at(instant):
                add(made, note(made.next_no("activity")))
        days = {day: last_by(made, TODAY.replace(day=day)) for day in (1, 2, 3, 4, 8, 9)}
        assert days == {1: 0, 2: 1, 3: 2, 4: 4, 8: 4, 9: 4}


def test_what_touches_most_accounts_a_part_at_a_time_is_taken_back_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(undo, "_BLOCK", 2)
    with portfolio(tmp_path, *(account(no) for no in range(1, 8))) as made:
        before, cached = state(made), agenda(made)
        add(made, *(contract(no) for no in range(1, 8)))
        take_back(made)
        assert state(made) == before
        assert agenda(made) == fresh_agenda(made) == cached


def test_a_contract_that_goes_again_leaves_no_line_in_the_agenda(tmp_path):
    with portfolio(tmp_path, *(account(no) for no in range(1, 8)), contract(1)) as made:
        before, cached = state(made), agenda(made)
        with made.write("add", "ana", TODAY) as operation:
            operation.apply([insert(contract(2))])
            refresh(made, POLICY, TODAY, [2])
        assert len(agenda(made)) == len(cached) + 1
        take_back(made)
        assert state(made) == before
        assert agenda(made) == fresh_agenda(made) == cached


def test_among_many_that_build_on_it_the_search_ends_early_and_it_is_still_refused(tmp_path, monkeypatch):
    with portfolio(tmp_path, account(1)) as made:
        added = add(made, contract(1))
        for at in range(3):
            add(made, note(at + 1, contract_no=1))
        monkeypatch.setattr(undo, "_NAMED", 0)
        with pytest.raises(RefusedByRule) as caught:
            take_back(made, added)
        assert caught.value.code == "undo-conflict"
        assert "and 1 more" in caught.value.message


def test_a_copy_of_the_past_that_cannot_be_made_is_closed(tmp_path, monkeypatch):
    made_copies = []
    copy_of = rewinding._copy

    def copied(of):
        made_copies.append(copy_of(of))
        return made_copies[-1]

    def broken(*_):
        raise OSError("no")

    with portfolio(tmp_path, account(1)) as made:
        monkeypatch.setattr(rewinding, "_copy", copied)
        monkeypatch.setattr(rewinding, "backwards", broken)
        with pytest.raises(OSError, match="no"):
            rewind(made, 0)
        with pytest.raises(PortfolioError):
            made_copies[0].execute("SELECT 1")
        assert made.value("SELECT COUNT(*) FROM account") == 1
