"""Migrations that others take first, long logs, and steps that lie behind a portfolio already."""

import pytest

from renewctl.store import backup, migrations, sqlite
from renewctl.store.migrations import Step
from renewctl.store.portfolio import SCHEMA_VERSION, open_portfolio
from tests.store.older import facts, lay, layout
from tests.store.test_chain import second_opinion


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where backups go."""
    monkeypatch.setenv("RENEWCTL_BACKUPS", str(tmp_path / "backups"))


@pytest.fixture
def old(tmp_path):
    """A portfolio of the first schema."""
    file = tmp_path / "portfolio.db"
    lay(file, 1)
    return file


def test_whoever_comes_second_finds_it_migrated_and_makes_no_backup_of_its_own(old, monkeypatch):
    real, migrated = sqlite.SqlitePortfolio.restructuring, []

    def late(self, prepare):
        monkeypatch.setattr(sqlite.SqlitePortfolio, "restructuring", real)
        with open_portfolio(str(old)) as first:  # while the second was about to begin
            migrated.append(first.migrated)
        return real(self, prepare)

    monkeypatch.setattr(sqlite.SqlitePortfolio, "restructuring", late)
    with open_portfolio(str(old)) as second:
        assert second.migrated is None
        assert second.schema_version() == SCHEMA_VERSION
        second.rows("SELECT nonce FROM operation")
    assert migrated[0] is not None
    assert [each.file for each in backup.listing(str(old))] == [migrated[0].copy]


def test_a_step_that_led_to_the_schema_a_portfolio_has_is_not_taken_again(old, monkeypatch):
    taken = []
    behind = Step(1, "lay-out", taken.append)
    monkeypatch.setattr(migrations, "MIGRATIONS", (behind, *migrations.MIGRATIONS))
    with open_portfolio(str(old)) as opened:
        assert opened.schema_version() == SCHEMA_VERSION
        assert 1 not in [version for (version,) in opened.rows("SELECT version FROM migration")]
    assert taken == []


@pytest.mark.parametrize("block", [1, 7])
def test_a_log_longer_than_a_block_is_chained_as_a_short_one(old, tmp_path, monkeypatch, block):
    short = tmp_path / "short.db"
    lay(short, 1)
    open_portfolio(str(short)).close()
    monkeypatch.setattr(migrations, "_BLOCK", block)
    with open_portfolio(str(old)) as opened:
        found = list(second_opinion(opened))
    assert len(found) > 3 * block
    assert all(row[-3:] == expected for row, expected in found)
    assert layout(old) == layout(short)
    assert {name: rows for name, rows in facts(old).items() if name != "operation"} == {
        name: rows for name, rows in facts(short).items() if name != "operation"
    }
