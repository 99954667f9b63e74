"""Limits of what is read, each with its own refusal, and where files are kept on each platform."""

import io
import os
import sys
from pathlib import Path

import pytest

from renewctl.errors import InputRefused
from renewctl.store import files
from renewctl.store.files import TextRecords, make_folder, open_input, open_text, sync_folder, write_atomic
from renewctl.store.places import data_folder


def refused(name: str) -> str:
    with pytest.raises(InputRefused) as caught:
        open_input(name)
    return caught.value.code


def records(text: str) -> TextRecords:
    return TextRecords("a.csv", io.StringIO(text, newline="\n"), ",")


def refused_records(text: str) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        records(text).next_batch(100)
    return caught.value


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_kept_in_a_private_file_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"id,name\n")
    source = open_input("-")
    assert source.path.read_bytes() == b"id,name\n"
    assert source.path.stat().st_mode & 0o777 == 0o600
    source.close()
    assert not source.path.exists()
    source.close()  # somebody has tidied up: no failure


def test_a_file_or_stream_beyond_the_limit_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spool"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "spool").mkdir()
    (tmp_path / "a.csv").write_bytes(b"x" * 21)
    monkeypatch.setattr(files, "MAX_BYTES", 20)
    assert refused(str(tmp_path / "a.csv")) == "file-too-large"
    stdin(monkeypatch, b"x" * 21)
    assert refused("-") == "file-too-large"
    stdin(monkeypatch, b"")
    assert refused("-") == "file-empty"
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_CHUNK", 1000)
    monkeypatch.setattr(files, "_LONGEST", 5000)
    file = tmp_path / "a.csv"
    for head, code in ((b"id,name\n", "line-too-long"), (b"PK", None), (b"id\rname\r", "line-too-long")):
        file.write_bytes(head + b"x" * 80_000)
        if code:
            assert refused(str(file)) == code
        else:
            assert open_input(str(file)).size == 80_002  # a workbook has no lines
    file.write_bytes(b"id,name\n" + (b"x" * 900 + b"\n") * 90)
    assert open_input(str(file)).size > 80_000


def test_a_text_of_one_endless_line_is_refused() -> None:
    assert refused_records("x" * (65 << 20)).code == "line-too-long"


def test_rows_and_columns_beyond_the_limits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ROWS", 2)
    assert records("a\nb\n").next_batch(9)[0] == [["a"], ["b"]]
    assert refused_records("a\nb\nc\n").code == "too-many-rows"
    assert refused_records('"a"\nb\nc\n').code == "too-many-rows"
    monkeypatch.setattr(files, "MAX_COLUMNS", 3)
    assert records("a,b,c\n").next_batch(9)[0] == [["a", "b", "c"]]
    assert refused_records("a,b,c,d\n").code == "too-many-columns"


def test_a_cell_beyond_the_limit_or_a_broken_record_is_refused_by_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "MAX_CELL", 10)
    assert refused_records("a\n" + "b" * 11 + "\n").code == "cell-too-long"
    assert refused_records('a\n"' + "b" * 11 + '"\n').code == "cell-too-long"
    broken = refused_records('"a",b\nc\rd,e\n')
    assert (broken.code, "a.csv" in broken.message) == ("csv-broken", True)
    assert records("c\rd,e\n").next_batch(9)[0] == [["c d", "e"]]


def test_bytes_that_do_not_fit_the_encoding_are_refused_with_the_option_to_name_it(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"id,name\nA1,Caf\xe9\n")
    opened = open_text(open_input(str(file)), "utf-8", ",")
    with pytest.raises(InputRefused) as caught:
        opened.next_batch(9)
    opened.close()
    assert (caught.value.code, "--encoding" in caught.value.hint) == ("encoding-wrong", True)
    opened = open_text(open_input(str(file)), "cp1252", ",")
    assert opened.next_batch(9)[0][1] == ["A1", "Café"]
    opened.close()


def test_paths_that_no_system_can_open_or_write_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused("a\0b") == "file-unreadable"
    assert refused(str(tmp_path / ("x" * 300))) == "file-unreadable"
    for name, code in (("x" * 300, "cannot-write"), (".", "not-a-file"), ("no/where.csv", "cannot-write")):
        with pytest.raises(InputRefused) as caught:
            write_atomic(tmp_path / name, "a")
        assert caught.value.code == code

    def came(temporary: Path, target: Path) -> None:
        target.write_text("theirs")
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(os, "link", came)
    with pytest.raises(InputRefused) as caught:
        write_atomic(tmp_path / "a.csv", "ours")
    assert (caught.value.code, (tmp_path / "a.csv").read_text()) == ("file-exists", "theirs")
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


def test_a_folder_one_may_not_read_and_a_system_that_syncs_none_are_lived_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    sync_folder(tmp_path)
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700

    def called(*_: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", called)
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        sync_folder(tmp_path)


@pytest.mark.parametrize(
    ("platform", "env", "expected"),
    [
        ("linux", {}, "HOME/.local/share/renewctl"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/renewctl"),
        ("linux", {"LOCALAPPDATA": "/local"}, "HOME/.local/share/renewctl"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "HOME/Library/Application Support/renewctl"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/renewctl"),
        ("win32", {}, "HOME/AppData/Local/renewctl"),
    ],
)
def test_each_platform_keeps_a_users_data_where_its_programs_do(
    platform: str, env: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert data_folder() == Path(expected.replace("HOME", str(tmp_path)))
