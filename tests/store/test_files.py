import csv
import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renewctl.core.text import clean
from renewctl.errors import InputRefused, PortfolioError
from renewctl.store.files import (
    csv_text,
    guarded,
    make_folder,
    open_input,
    open_text,
    sync_folder,
    write_atomic,
)


def test_a_file_is_written_whole_private_and_without_leftovers(tmp_path: Path) -> None:
    target = write_atomic(tmp_path / "out.csv", "a,b\n")
    assert target.read_text() == "a,b\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


def test_a_file_that_is_there_is_kept_unless_overwriting_is_asked(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    with pytest.raises(InputRefused) as caught:
        write_atomic(target, "new")
    assert (caught.value.code, target.read_text()) == ("file-exists", "old")
    write_atomic(target, "new", overwrite=True)
    assert target.read_text() == "new"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_symbolic_link_is_never_followed(tmp_path: Path, overwrite: bool) -> None:
    precious = tmp_path / "precious"
    precious.write_text("old")
    link = tmp_path / "out.csv"
    link.symlink_to(precious)
    with pytest.raises(InputRefused):
        write_atomic(link, "new", overwrite=overwrite)
    assert precious.read_text() == "old"


def test_a_writer_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def blocks():  # type: ignore[no-untyped-def]
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomic(target, blocks(), overwrite=True)
    assert target.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@sum", "\tx", "\rx", "=HYPERLINK(1)"])
def test_a_cell_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-5", "+5", "-1234.50", "-1,5", "-3e4", "-12%", "plain", "", "'x", "a=b"])
def test_numbers_and_plain_text_are_left_alone(cell: str) -> None:
    assert guarded(cell) == cell


@given(st.text(alphabet="=+-@'ab1 ", max_size=8))
def test_the_import_takes_off_what_the_export_put_on(text: str) -> None:
    stored = clean(text)  # only what an import has cleaned is ever stored
    if stored.startswith(("'=", "'+", "'-", "'@")):
        return  # such a text can only be typed by hand; its own apostrophe is taken for a guard
    assert clean(guarded(stored)) == stored


@given(st.lists(st.lists(st.text(alphabet='a,"\n\r;é', max_size=6), min_size=2, max_size=4), max_size=6))
def test_records_are_those_of_the_csv_reader_with_the_line_each_begins_on(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("records") / "in.csv"
    text = csv_text([["head", "er"], *rows])
    path.write_bytes(text.encode())
    records = open_text(open_input(str(path)), "utf-8", ",")
    found, lines = [], []
    while True:
        batch, begins, raws = records.next_batch(2)
        if not batch:
            break
        found += batch
        lines += list(begins)
        assert len(raws) == len(batch)
    records.close()
    reader = csv.reader(io.StringIO(text, newline="\n"))
    expected, expected_lines, line = [], [], 1
    for row in reader:
        expected.append(row)
        expected_lines.append(line)
        line = reader.line_num + 1
    assert (found, lines) == (expected, expected_lines)


@pytest.mark.parametrize(("name", "code"), [("nothing.csv", "file-missing"), (".", "not-a-file")])
def test_what_is_no_file_is_refused_by_name(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(InputRefused) as caught:
        open_input(str(tmp_path / name))
    assert caught.value.code == code


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(InputRefused) as caught:
        open_input(str(tmp_path / "empty.csv"))
    assert caught.value.code == "file-empty"


def test_a_pipe_is_copied_to_a_private_file_that_goes_away(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    if os.fork() == 0:
        pipe.write_bytes(b"id,name\n1,A\n")
        os._exit(0)
    source = open_input(str(pipe))
    assert source.path.read_bytes() == b"id,name\n1,A\n"
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o600
    source.close()
    assert not source.path.exists()


def test_a_cell_past_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,name\n1," + "x" * 2_000_000 + "\n")
    records = open_text(open_input(str(path)), "utf-8", ",")
    with pytest.raises(InputRefused) as caught:
        records.next_batch(10)
    assert caught.value.code in ("cell-too-long", "line-too-long")


@given(st.lists(st.lists(st.text("a\r\n,\"' ", max_size=4), min_size=2, max_size=2), min_size=1, max_size=4))
def test_rows_written_as_csv_are_read_back_cell_by_cell_whatever_line_breaks_they_hold(
    rows: list[list[str]],
) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert read == [[guarded(cell) for cell in row] for row in rows]
    assert csv_text([["a\rb", "c"]]) == '"a\rb",c\n'


# --- folders -------------------------------------------------------------------------------------------


def _failing(code: int) -> Callable[[int], None]:
    def fails(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))

    return fails


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_that_cannot_sync_folders_is_lived_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(os, "fsync", _failing(code))
    sync_folder(tmp_path)
    assert write_atomic(tmp_path / "a.txt", "x").read_text() == "x"


def test_a_folder_that_cannot_be_synced_is_told_with_what_is_there_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _failing(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(tmp_path)
    with pytest.raises(OSError, match="Input/output error"):
        make_folder(tmp_path / "new" / "newer")
    with pytest.raises(PortfolioError) as found:
        write_atomic(tmp_path / "a.txt", "x")
    assert (found.value.code, found.value.exit_code) == ("commit-uncertain", 12)
    assert "a.txt is written" in found.value.message
    assert (tmp_path / "a.txt").read_text() == "x"


def _without_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_file_is_written_and_one_that_came_meanwhile_kept_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _without_links)
    target = tmp_path / "a.txt"
    assert write_atomic(target, "x").read_text() == "x"
    target.unlink()

    def text() -> Iterator[bytes]:
        target.write_text("another's")  # while ours is being written
        yield b"ours"

    with pytest.raises(InputRefused, match="is there already"):
        write_atomic(target, text())
    assert target.read_text() == "another's"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_a_temporary_name_that_cannot_be_removed_is_no_failure_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "unlink", _without_links)
    assert write_atomic(tmp_path / "a.txt", "x").read_text() == "x"
