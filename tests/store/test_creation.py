"""A portfolio that is being made is there as a whole or not at all, whoever dies or comes between."""

import os
import signal
import sqlite3
import time
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import pytest

from renewctl.core.model import Change
from renewctl.errors import PortfolioError
from renewctl.store import portfolio as store
from renewctl.store.portfolio import SCHEMA_VERSION, open_portfolio
from tests.book import account
from tests.engines import place
from tests.store.older import held, layout

KILLED = -signal.SIGKILL
AS_OF = date(2026, 3, 2)
both_engines = pytest.mark.both_engines
file_only = pytest.mark.file_only


def in_another_process(work):
    """Start `work` in a process of its own; its number."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def ended(pid):
    """How a process ended."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def create(where):
    open_portfolio(str(where), create=True).close()


def record(where, no):
    """Note one account in a portfolio that is made where there is none."""
    with open_portfolio(str(where), create=True) as opened, opened.write("set", "ana", AS_OF) as operation:
        operation.apply([Change("account", (no,), no, None, account(no)._asdict())])


@pytest.fixture
def where(tmp_path, engine):
    return place(tmp_path / "portfolio.db")


@pytest.fixture
def whole(tmp_path, engine):
    """What a portfolio looks like that was made in peace."""
    peaceful = place(tmp_path / "peaceful.db")
    create(peaceful)
    return layout(peaceful)


def nothing_or_all(where, whole):
    """Whether there is no portfolio yet, or one as good as any; and a reader is told which."""
    try:
        open_portfolio(str(where)).close()
    except PortfolioError as error:
        refusal = error
    else:
        assert layout(where) == whole
        return "all"
    assert refusal.exit_code == 12
    assert refusal.hint
    if isinstance(where, Path) and where.exists():
        with closing(sqlite3.connect(where)) as found:
            assert found.execute("SELECT COUNT(*) FROM sqlite_master").fetchone() == (0,)
    return "nothing"


@both_engines
def test_killed_before_any_statement_that_lays_it_out_a_portfolio_is_not_there_yet(where, whole, monkeypatch):
    plain = store.layout

    def killed_at(at):
        def layout(name):
            for number, statement in enumerate(plain(name)):
                if number == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield statement

        return layout

    count = len(plain("schema.sql"))
    for at in range(0, count, 1 if isinstance(where, Path) else 5):
        monkeypatch.setattr(store, "layout", killed_at(at))
        assert ended(in_another_process(lambda: create(where))) == KILLED
        assert nothing_or_all(where, whole) == "nothing"
    monkeypatch.setattr(store, "layout", plain)
    create(where)
    assert nothing_or_all(where, whole) == "all"


@both_engines
def test_killed_at_any_moment_a_portfolio_is_made_whole_by_the_next_who_wants_one(tmp_path, engine, whole):
    begun = time.perf_counter()
    assert ended(in_another_process(lambda: create(place(tmp_path / "timed.db")))) == 0
    lasts = time.perf_counter() - begun
    trials = 40 if engine == "sqlite" else 6
    found = []
    for at in range(trials):
        where = place(tmp_path / f"m{at}.db")
        pid = in_another_process(lambda where=where: create(where))
        time.sleep(lasts * at / trials)
        os.kill(pid, signal.SIGKILL)
        found.append((ended(pid), nothing_or_all(where, whole)))
        create(where)
        assert nothing_or_all(where, whole) == "all"
    assert [code for code, _ in found].count(KILLED) > trials / 3


@file_only("control")
def test_control_half_a_layout_would_be_told_from_a_whole_one(tmp_path, whole):
    file = tmp_path / "half.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as half:  # every statement on its own
        for statement in store.layout("schema.sql")[:20]:
            half.execute(statement)
    with pytest.raises(AssertionError):
        nothing_or_all(file, whole)
    with pytest.raises(PortfolioError) as refusal:  # nor is it taken for an empty file
        create(file)
    assert refusal.value.code == "not-a-portfolio"


@both_engines
def test_many_who_make_the_same_portfolio_at_once_all_write_to_one(where, whole):
    waits, opens = os.pipe()

    def work(no):
        def go():
            os.read(waits, 1)
            record(where, no)

        return go

    pids = [in_another_process(work(no)) for no in range(1, 9)]
    os.write(opens, b"g" * len(pids))
    assert [ended(pid) for pid in pids] == [0] * len(pids)
    os.close(waits)
    os.close(opens)
    assert layout(where) == whole
    tables = held(where)
    assert sorted(row[0] for row in tables["account"][1]) == list(range(1, 9))
    assert sorted(row[0] for row in tables["operation"][1]) == list(range(1, 9))
    assert [row[:2] for row in tables["migration"][1]] == [(SCHEMA_VERSION, "laid out")]


# --- taken away again ---------------------------------------------------------------------------------------


@both_engines
def test_a_portfolio_into_which_nothing_was_brought_is_taken_away(where):
    create(where)
    store.discard(str(where))
    with pytest.raises(PortfolioError) as refusal:
        open_portfolio(str(where))
    assert refusal.value.code == "portfolio-missing"


@both_engines
def test_a_portfolio_in_which_somebody_recorded_something_meanwhile_stays(where):
    create(where)
    record(where, 1)
    store.discard(str(where))
    assert len(held(where)["account"][1]) == 1


@both_engines
def test_who_opened_it_before_it_was_taken_away_is_refused_and_writes_to_nothing(where):
    create(where)
    with open_portfolio(str(where)) as opened:
        store.discard(str(where))
        with pytest.raises(PortfolioError), opened.write("set", "ana", AS_OF) as operation:
            operation.apply([Change("account", (1,), 1, None, account(1)._asdict())])
    record(where, 2)
    assert [row[0] for row in held(where)["account"][1]] == [2]


@file_only("a file of the same name")
def test_who_opened_a_file_that_was_replaced_is_refused_and_leaves_the_new_one_alone(where, tmp_path):
    record(where, 1)
    record(tmp_path / "other.db", 2)
    with open_portfolio(str(where)) as opened:
        (tmp_path / "other.db").replace(where)
        before = where.read_bytes()
        with pytest.raises(PortfolioError) as refusal, opened.write("set", "ana", AS_OF):
            pass
    assert refusal.value.code == "portfolio-replaced"
    assert where.read_bytes() == before


@both_engines
def test_one_who_makes_and_takes_away_never_takes_what_another_was_told_is_kept(where):
    waits, opens = os.pipe()

    def makes_and_takes():
        os.read(waits, 1)
        for _ in range(12):
            with suppress(PortfolioError):
                create(where)
                store.discard(str(where))

    def writes():
        os.read(waits, 1)
        for no in range(1, 200):
            with suppress(PortfolioError):
                record(where, no)
                os._exit(no)

    pids = [
        in_another_process(makes_and_takes),
        in_another_process(makes_and_takes),
        in_another_process(writes),
    ]
    os.write(opens, b"ggg")
    *_, told = [ended(pid) for pid in pids]
    os.close(waits)
    os.close(opens)
    assert told > 0
    assert told in [row[0] for row in held(where)["account"][1]]
