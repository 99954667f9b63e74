"""The backup before an import that changes much."""

from pathlib import Path

from renewctl.store.portfolio import Portfolio

# A backup reads the whole portfolio twice, so what it costs grows with the accounts that are there, what an
# import costs with the rows that it takes. Rows up to a twentieth of the accounts, or a hundred, are a small
# change: a backup would take longer than they do, and `undo` has their values from before.
_FEW = 100
_SHARE = 20


class BackupFirst(Exception):
    """A large change comes after something was written: undo it, make the backup, and begin anew."""


class Guard:
    """Has a backup made, once, before the first write of an import that is about to take many rows."""

    def __init__(self, portfolio: Portfolio, *, wanted: bool) -> None:
        self._portfolio = portfolio
        self._wanted = wanted
        self._clean = True
        self.made: Path | None = None

    def about_to_take(self, rows: int) -> None:
        """Called before rows are written. BackupFirst, or PortfolioError where no backup can be made."""
        if self._wanted and rows > max(_FEW, (self._portfolio.next_no("account") - 1) // _SHARE):
            if not self._clean:
                raise BackupFirst
            self.make()
        self._clean = False

    def make(self) -> None:
        """Make the backup now, and none later; a portfolio in which nothing was recorded needs none."""
        from renewctl.store import backup

        self.made = backup.before(self._portfolio, "before-import")
        self._wanted = False
