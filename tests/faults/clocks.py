"""Clocks that go backwards, time zones, days that are 23 hours long, and 29 February.

The real clock is moved under the program: by a library that is loaded before the system's, where a C
compiler is there to make it. Every run is a program of its own.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.faults.states import CorruptError, state
from tests.faults.tally import Tally
from tests.processes import ROOT, environment

_SHIM = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static long long wanted(void) { const char *at = getenv("CLOCK_AT"); return at ? atoll(at) : -1; }
int clock_gettime(clockid_t id, struct timespec *to) {
  int found = syscall(SYS_clock_gettime, id, to);
  if (id == CLOCK_REALTIME && wanted() >= 0) to->tv_sec = wanted();
  return found;
}
int gettimeofday(struct timeval *to, void *zone) {
  struct timespec now; clock_gettime(CLOCK_REALTIME, &now);
  to->tv_sec = now.tv_sec; to->tv_usec = now.tv_nsec / 1000; return 0;
}
time_t time(time_t *to) {
  struct timespec now; clock_gettime(CLOCK_REALTIME, &now);
  if (to) *to = now.tv_sec;
  return now.tv_sec;
}
"""

# (instant, zone): midnights that do not exist, the ends of the world's dates, leap days, the turn of years
MOMENTS = [
    ("2026-03-01T10:30:00", "Pacific/Kiritimati"),
    ("2026-03-01T10:30:00", "Etc/GMT+12"),
    ("2026-03-01T10:30:00", "UTC"),
    ("2018-11-04T03:00:00", "America/Sao_Paulo"),  # clocks went from 00:00 to 01:00
    ("2018-11-04T02:59:59", "America/Sao_Paulo"),
    ("2019-02-17T01:59:59", "America/Sao_Paulo"),  # and back at midnight
    ("2026-03-29T00:59:59", "Europe/Berlin"),
    ("2026-03-29T01:00:00", "Europe/Berlin"),
    ("2026-10-25T00:30:00", "Europe/Berlin"),
    ("2028-02-29T12:00:00", "UTC"),
    ("2028-02-28T23:30:00", "Asia/Kolkata"),
    ("2028-03-01T00:30:00", "America/New_York"),
    ("2026-12-31T23:59:59", "Pacific/Auckland"),
    ("2011-12-30T09:59:59", "Pacific/Apia"),  # a day that was left out there
    ("2011-12-30T10:00:00", "Pacific/Apia"),
    ("1970-01-01T00:00:01", "UTC"),
    ("2099-12-31T23:59:59", "UTC"),
]


def shim(folder: Path) -> Path | None:
    """The library that moves the clock, or None where it cannot be made."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    source, made = folder / "clock.c", folder / "clock.so"
    source.write_text(_SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(made), str(source)], check=True)
    return made


class Desk:
    """Commands at moments of our choosing."""

    def __init__(self, folder: Path, library: Path) -> None:
        self.folder = folder
        self.env = environment(
            folder, RENEWCTL_PORTFOLIO=str(folder / "portfolio.db"), LD_PRELOAD=str(library)
        )
        self.env.pop("RENEWCTL_AS_OF")

    def run(
        self, words: tuple[str, ...], moment: str, zone: str, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command when it is that instant (UTC) in that zone."""
        at = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
        return subprocess.run(
            [sys.executable, "-m", "renewctl", *words], cwd=self.folder, capture_output=True, text=True,
            env={**self.env, "CLOCK_AT": str(at), "TZ": zone, **env}, check=False, timeout=120,
        )  # fmt: skip


_CSV = "id,name,arr,renewal_date,start_date,term_months,notice_days,auto_renew\n" + "".join(
    f"L{no},Leap {no},{no}0000,{day},2024-02-29,12,30,yes\n"
    for no, day in enumerate(("2028-02-29", "2026-03-29", "2026-06-30", "2099-12-31", "2018-11-04"), 1)
)


def clocks(
    *, moments: list[tuple[str, str]] | None = None, leap: bool = True, part: str = "clocks and zones"
) -> Tally:
    """Writes at moments that go back and forth; today is the zone's, the log keeps its order and chain."""
    tally = Tally(part)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="renewctl-clock-") as root:
        folder = Path(root)
        library = shim(folder)
        if library is None:
            tally.notes.append("moving the clock needs a C compiler: not run")
            return tally
        desk = Desk(folder, library)
        (folder / "book.csv").write_text(_CSV)
        _expect(tally, desk.run(("import", "book.csv"), "2026-03-01T12:00:00", "UTC"), "import")
        for moment, zone in moments or MOMENTS:
            _at(tally, desk, moment, zone)
        _order(tally, folder)
        if (ROOT / "renewctl/cli/doctor.py").exists():
            _expect(tally, desk.run(("doctor",), "2026-03-01T12:00:00", "UTC"), "doctor after all")
        if leap:
            _leap_days(tally, desk)
    tally.seconds = time.monotonic() - begun
    return tally


def _expect(tally: Tally, done: "subprocess.CompletedProcess[str]", what: str) -> bool:
    tally.trials += 1
    tally.acknowledged += done.returncode == 0
    if done.returncode != 0:
        tally.fail("exit", f"{what}: {done.returncode} {done.stderr[:300]}")
    return done.returncode == 0


def _at(tally: Tally, desk: Desk, moment: str, zone: str) -> None:
    """Today is today there; a note is taken and found again."""
    what = f"{moment}Z in {zone}"
    today = datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date().isoformat()
    done = desk.run(("due", "--days", "400", "--json"), moment, zone)
    if _expect(tally, done, f"due at {what}"):
        found = json.loads(done.stdout)
        if found["as_of"] != today:
            tally.fail("day", f"{what}: today is {found['as_of']}, and there {today}")
    mark = f"noted {what}"
    if _expect(tally, desk.run(("log", "L1", mark, "--kind", "note"), moment, zone), f"log at {what}"):
        history = json.loads(desk.run(("history", "--json"), moment, zone).stdout)
        newest = max(history["operations"], key=lambda each: each["seq"])
        if mark not in newest["summary"] or newest["at"] != f"{moment}Z" or newest["as_of"] != today:
            tally.fail("log", f"{what}: the newest is {newest}")


def _order(tally: Tally, folder: Path) -> None:
    """The log is in the order in which things happened, whatever the clock said."""
    try:
        state(folder / "portfolio.db")
    except CorruptError as error:
        tally.fail("corrupt", str(error))
    connection = sqlite3.connect(folder / "portfolio.db")
    rows = connection.execute("SELECT seq, at FROM operation ORDER BY seq").fetchall()
    connection.close()
    if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
        tally.fail("log", f"operations are numbered {[row[0] for row in rows]}")
    if [row[1] for row in rows] == sorted(row[1] for row in rows) and len(rows) > 5:
        tally.fail("control", "the clock never went backwards")


def _leap_days(tally: Tally, desk: Desk) -> None:
    """A renewal on 29 February comes back to it: 2028 -> 2029-02-28 … -> 2032-02-29."""
    wanted = ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]
    for year, day in zip(range(2028, 2032), wanted, strict=True):
        moment = f"{year}-02-20T12:00:00"
        _expect(
            tally,
            desk.run(("won", "L1", "--arr", "10000", "--term-months", "12"), moment, "UTC"),
            f"won in {year}",
        )
        shown = json.loads(desk.run(("list", "--json"), moment, "UTC").stdout)
        found = next(each["renewal_date"] for each in shown["accounts"] if each["id"] == "L1")
        if found != day or date.fromisoformat(found).isoformat() != found:
            tally.fail("day", f"won in {year}: renews {found}, not {day}")
