"""What a portfolio costs on PostgreSQL, by row and command: `python -m tests.benchmarks.server [ACCOUNTS…]`.

A server of its own on this machine, with fsync on as it ships. Times are the best and the median of 15
runs inside one process, so without the start of the interpreter but with connecting.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from renewctl.cli.app import run
from tests.benchmarks.books import write_book
from tests.postgres import Server, server

RUNS = 15
WRITERS, COMMITS = 8, 200
SIZES = """
SELECT relname, round(reltuples), round(pg_relation_size(oid) / reltuples),
  round(pg_indexes_size(oid) / reltuples)
FROM pg_class WHERE relnamespace = '{}'::regnamespace AND relkind = 'r' AND reltuples >= 1000 ORDER BY 1
"""


def command(*words: str) -> str:
    """Run a command that must end well; what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(list(words))
    if code:
        raise RuntimeError(err.getvalue())
    return out.getvalue()


def milliseconds(work: Callable[[], object]) -> str:
    """The best and the median of several runs."""
    spent = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return f"{min(spent):6.1f} ms best {statistics.median(spent):6.1f} median"


def wal(running: Server) -> int:
    """Bytes written to the server's log so far."""
    return int(running.run("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")[0][0])


def measure(running: Server, folder: Path, accounts: int) -> None:
    """Print what a book of that many accounts costs."""
    schema = f"m{accounts}"
    os.environ["RENEWCTL_PORTFOLIO"] = running.url(schema)
    book = folder / f"{schema}.csv"
    write_book(book, accounts)
    before, began = wal(running), time.perf_counter()
    command("import", str(book))
    spent, logged = time.perf_counter() - began, wal(running) - before
    print(f"{accounts:,} accounts: imported {accounts / spent:,.0f} a second")
    print(f"  WAL of each      {logged / accounts:,.0f} bytes")
    print(f"  due, first page  {milliseconds(lambda: command('due', '--days', '90', '--limit', '50'))}")
    told = json.loads(command("due", "--days", "300", "--limit", str(RUNS * 2), "--json"))
    items = iter([each["item"] for each in told["items"]])
    before = wal(running)
    print(f"  done             {milliseconds(lambda: command('done', next(items)))}")
    print(f"  WAL of one done  {(wal(running) - before) / RUNS:,.0f} bytes")
    running.run("VACUUM ANALYZE")
    for name, rows, heap, indexes in running.run(SIZES.format(schema)):
        print(f"  {name:<15} {rows:>9,.0f} rows  {heap:>4.0f} bytes a row and {indexes:>4.0f} of indexes")


_WRITER = """
import sys, time
from datetime import date
from renewctl.core.model import Change
from renewctl.store.portfolio import open_portfolio
who, count = sys.argv[2], int(sys.argv[3])
with open_portfolio(sys.argv[1]) as portfolio:
    print(time.time())
    for at in range(count):
        with portfolio.write("bench", "ana", date(2026, 3, 2)) as operation:
            row = {"entity": "bench", "row_no": at, "field": who, "source_value": "1"}
            operation.apply([Change("pin", ("bench", at, who), None, None, row)])
    print(time.time())
"""


def commits(running: Server) -> None:
    """Print how many operations a second one portfolio takes, from one writer and from eight."""
    for writers in (1, WRITERS):
        words = [sys.executable, "-c", _WRITER, os.environ["RENEWCTL_PORTFOLIO"]]
        processes = [
            subprocess.Popen([*words, f"{writers}-{each}", str(COMMITS)], stdout=subprocess.PIPE, text=True)
            for each in range(writers)
        ]
        told = [float(line) for process in processes for line in process.communicate()[0].split()]
        rate = writers * COMMITS / (max(told) - min(told))
        print(f"{writers} writers: {rate:,.0f} operations a second")


def main() -> None:
    """Measure the sizes asked for."""
    os.environ |= {"RENEWCTL_AS_OF": "2026-03-02", "RENEWCTL_USER": "ana"}
    with tempfile.TemporaryDirectory() as folder, server("fsync = on\nfull_page_writes = on") as running:
        for accounts in [int(each) for each in sys.argv[1:]] or [10_000, 100_000]:
            measure(running, Path(folder), accounts)
        commits(running)


if __name__ == "__main__":
    main()
