"""Accounts with hostile names come out harmless in every view, on a pipe and on a terminal."""

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from renewctl.core.policy import SAVE_PAPERS
from tests import hostile
from tests.conftest import program
from tests.processes import Person, Result

IDS = {f"H{no:02d}": name for no, name in enumerate(hostile.NAMES.values(), 1)}
HEAD = (
    "id,name,country,status,arr,currency,renewal_date,term_months,notice_days,auto_renew,csm,sales_owner,"
    "industry,usage_trend,engagement,relationship,expansion_arr,champion,competitor\n"
)
VALUE_HEAD = "account_id,metric,value,unit,period_start,period_end,baseline,rate,currency,quote\n"


_OFFER = ("--instrument", "roadmap", "--months", "6", "--discount", "5")
_OVERRIDE = ("--score", "40", "--reason", "known_risk", "--until", "2026-04-30")


def _book() -> str:
    sheet = io.StringIO(newline="")
    sheet.write(HEAD)
    writer = csv.writer(sheet)
    for no, (key, name) in enumerate(IDS.items()):
        date = f"2026-{4 + no % 5:02d}-{1 + no:02d}"
        fixed = [12, 30, "yes" if no % 2 else "no"]
        health = [-20 + 3 * no, 50, 70, 4000]
        row = [key, name, "US", "active", 3000 * (no + 1), "USD", date, *fixed, name, name, name, *health]
        writer.writerow([*row, name, name])
    return sheet.getvalue()


def _metrics() -> str:
    sheet = io.StringIO(newline="")
    sheet.write(VALUE_HEAD)
    writer = csv.writer(sheet)
    for key, name in IDS.items():
        writer.writerow([key, name, "120", "hours", "2025-05-01", "2026-02-28", "40", "50", "USD", name])
    return sheet.getvalue()


def _people() -> str:
    sheet = io.StringIO(newline="")
    sheet.write("account_id,name,role,last_contact,thread_owner\n")
    writer = csv.writer(sheet)
    for no, (key, name) in enumerate(IDS.items()):
        writer.writerow([key, name, ("champion", "")[no % 2], "2026-02-20", name])
    return sheet.getvalue()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Person:
    """A portfolio of nothing but hostile names, a save opened for each."""
    somebody = Person(tmp_path_factory.mktemp("hostile"))
    (somebody.home / "book.csv").write_bytes(_book().encode())
    (somebody.home / "value.csv").write_bytes(_metrics().encode())
    (somebody.home / "people.csv").write_bytes(_people().encode())
    (somebody.home / "csm.toml").write_text('[ownership]\nmodel = "csm"\n')
    calls = [
        ("import", "book.csv"),
        ("import", "value.csv", "--kind", "value"),
        *(("save", "start", key, "--scenario", "product") for key in IDS),
        *(
            ("save", "why", key, "--enough=said so", f"--root-cause={name} left us")
            for key, name in IDS.items()
        ),
        *(
            ("save", "offer", key, *_OFFER, f"--what={name}", f"--condition={name} signs")
            for key, name in IDS.items()
        ),
        ("import", "people.csv", "--kind", "stakeholders"),
        *(
            ("save", "promise", "add", key, "--due=2026-03-20", f"--owner={name}", f"--to={name}", "--", name)
            for key, name in IDS.items()
        ),
        *(("save", "why", key, f"--why={name}") for key, name in IDS.items()),
        *(("health", "override", key, *_OVERRIDE, "--note", name) for key, name in IDS.items()),
    ]
    for done in somebody.run_many([(words, {}) for words in calls]):
        assert done.code in (0, 1, 14), done.err
        hostile.check_plain(done.out + done.err)
    return somebody


def _piped(result: Result) -> Result:
    assert result.code in (0, 1), result.err
    assert "Traceback" not in result.err
    hostile.check_plain(result.err)
    return result


def test_the_names_are_really_there(book: Person) -> None:
    """Otherwise everything below would pass by their absence."""
    told = {each["id"]: each["name"] for each in json.loads(book.run("list", "--json").out)["accounts"]}
    assert told.keys() == IDS.keys()
    for key, name in IDS.items():
        assert told[key].split() == name.split(), key


WHOLE = [
    ("list",),
    ("due", "--days", "400"),
    ("history",),
    ("save", "list"),
    ("save", "offers"),
    ("stakeholder", "list", "--limit", "0"),
    ("stakeholder", "risks", "--limit", "0"),
    ("owners",),
    ("effort", "--limit", "0"),
    ("capacity",),
    ("policy", "audit"),
    ("policy", "diff", "shipped", "csm.toml"),
    ("policy", "pilot"),
    ("health", "check"),
    ("digest", "--owner", "all", "--days", "365"),
    ("calendar", "--days", "400", "--dry-run"),
    ("draft", "--all", "--days", "90", "--dry-run"),
]
EACH = [
    ("show",),
    ("explain",),
    ("save", "show"),
    ("save", "offer", *_OFFER, "--dry-run", "--what=a fix", "--condition=they stay"),
    ("save", "offers"),
    ("stakeholder", "list"),
    ("stakeholder", "map"),
    ("health", "show"),
    ("health", "history"),
]


def _see(book: Person, how: str, *calls: tuple[str, ...]) -> None:
    listed = [((*words, *(("--json",) if how == "json" else ())), {}) for words in calls]
    for words, shown in zip(calls, book.run_many(listed, how == "terminal"), strict=True):
        if how == "terminal":
            assert shown.code in (0, 1), shown.out
            hostile.check_terminal(shown.out)
            continue
        # JSON keeps every character; those that a terminal obeys it has to write as \\uXXXX.
        assert _piped(shown).out.strip(), words
        hostile.check_plain(shown.out)
        if how == "json":
            json.loads(shown.out)


HOW = ["pipe", "terminal", "json"]


@pytest.mark.parametrize("how", HOW)
def test_every_view_of_the_whole_book_is_harmless(book: Person, how: str) -> None:
    _see(book, how, *WHOLE)


PAPERS = ("md", "html")
WRITTEN = ("save-plan", "battle-card", "commitment-letter")  # papers of a save that are made for every name
FORMS = [
    ("list", "--format", "csv"),
    ("list", "--format", "md"),
    ("list", "--format", "table"),
    *(("export", kind, "--format", how) for kind in ("accounts", "log") for how in ("csv", "json")),
    *(
        (paper, "H07", "--format", how, "-o", "-")
        for paper in ("proposal", "value", "timeline")
        for how in PAPERS
    ),
    *(("save", "paper", "H07", kind, "-o", "-") for kind in SAVE_PAPERS),
    *(("digest", "--owner", "all", "--format", how) for how in ("text", "markdown", "html", "slack")),
    ("calendar", "--days", "400", "-o", "-"),
    ("draft", "7-notice", "-o", "-"),
]


def test_every_other_form_is_harmless_on_a_terminal(book: Person) -> None:
    _see(book, "terminal", *FORMS)


@pytest.mark.parametrize("how", HOW)
def test_every_view_of_one_account_is_harmless(book: Person, how: str) -> None:
    _see(book, how, *((*words, key) for words in EACH for key in IDS))


@pytest.mark.parametrize("how", ["terminal", "json"])
def test_handing_the_accounts_of_hostile_people_over_is_harmless(book: Person, how: str) -> None:
    owners = {each["owner"] for each in json.loads(book.run("list", "--json").out)["accounts"]}
    assert len(owners) == len(IDS)
    _see(book, how, *(("reassign", f"--from={name}", "--to", name + " II", "--dry-run") for name in owners))


def test_markup_of_the_screen_library_is_shown_as_typed(book: Person) -> None:
    for key in ("H12", "H13"):
        for shown in (book.run("show", key).out, book.run_on_terminal("show", key).out):
            assert " ".join(IDS[key].split()) in hostile.bare(shown), key


@pytest.mark.parametrize("kind", ["accounts", "contracts", "health", "value", "saves", "log"])
def test_an_export_is_harmless_in_a_spreadsheet(book: Person, kind: str) -> None:
    hostile.check_csv(_piped(book.run("export", kind, "--format", "csv", "-o", "-")).out)
    file = book.home / f"{kind}.xlsx"
    _piped(book.run("export", kind, "--format", "xlsx", "-o", str(file)))
    hostile.check_xlsx(file)


@pytest.mark.parametrize("kind", ["accounts", "value", "saves", "log"])
def test_an_export_as_json_is_harmless_on_a_terminal(book: Person, kind: str) -> None:
    hostile.check_plain(_piped(book.run("export", kind, "--format", "json", "-o", "-")).out)


def test_an_export_of_hostile_names_imports_again_as_the_same(book: Person, tmp_path: Path) -> None:
    exported = _piped(book.run("export", "accounts", "--format", "csv", "-o", "-")).out
    other = Person(tmp_path)
    (tmp_path / "again.csv").write_bytes(exported.encode())
    assert other.run("import", "again.csv").code in (0, 1)
    for words in (("list", "--json"),):
        one, two = (json.loads(each.run(*words).out)["accounts"] for each in (book, other))
        assert [(each["id"], each["name"], each["arr"]) for each in one] == [
            (each["id"], each["name"], each["arr"]) for each in two
        ]


def test_rejected_rows_with_hostile_names_are_guarded_and_import_again_once_mended(person: Person) -> None:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows([("id", "name", "arr"), *((*each, "a lot") for each in IDS.items())])
    (person.home / "book.csv").write_bytes(sheet.getvalue().encode())
    done = person.run("import", "book.csv", "--rejects", "rejects.csv")
    assert done.code == 1, done.err
    hostile.check_plain(done.out + done.err)
    rejects = (person.home / "rejects.csv").read_bytes().decode()
    hostile.check_csv(rejects)
    (person.home / "mended.csv").write_bytes(rejects.replace("a lot", "5000").encode())
    done = person.run("import", "mended.csv")
    assert done.code == 0, done.err
    told = json.loads(person.run("list", "--json").out)["accounts"]
    assert {each["id"]: each["name"].split() for each in told} == {
        key: name.split() for key, name in IDS.items()
    }


@pytest.fixture(scope="module")
def papers(book: Person) -> dict[str, list[Path]]:
    """Every account's proposal, value page and papers of its save, in a folder; nothing lands elsewhere."""
    written: dict[str, list[Path]] = {}
    tiers = ("--tiers", "good,better,best", "--format", "html", "--format", "md", "--lang", "en")
    before = set(book.home.rglob("*"))
    folders = {key: book.home / key for key in IDS}
    calls = []
    for key, folder in folders.items():
        folder.mkdir()
        calls += [
            ("proposal", key, *tiers, "-o", str(folder)),
            ("value", key, "--lang", "pt-BR", "-o", str(folder)),
            ("timeline", key, "-o", str(folder)),
            *(("save", "paper", key, kind, "-o", str(folder)) for kind in WRITTEN),
        ]
    for done in book.run_many([(words, {}) for words in calls]):
        _piped(done)
    for key, folder in folders.items():
        others = {path for other in folders.values() if other != folder for path in other.iterdir()}
        written[key] = hostile.check_files(folder, before | others, book.home)
        assert len(written[key]) >= 3, (key, written[key])
    return written


def test_papers_are_named_plainly_and_stay_in_their_folder(papers: dict[str, list[Path]]) -> None:
    every = [file for files in papers.values() for file in files]
    assert len(every) == len(set(every)), "two accounts share a file"


def test_papers_show_names_as_text(papers: dict[str, list[Path]]) -> None:
    seen = set()
    for key, files in papers.items():
        for file in files:
            text = file.read_text(encoding="utf-8")
            seen.add(file.suffix)
            if file.suffix == ".html":
                shown = hostile.check_html(text)
                if IDS[key].isprintable():
                    assert " ".join(IDS[key].split()) in " ".join(shown.split()), file
            else:
                hostile.check_markdown(text)
    assert seen >= {".html", ".md"}


def _title(page: Path, home: Path) -> str:
    """The title of a page after a real browser has run whatever it found in it."""
    browser = program("chromium")
    assert browser is not None
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *(f"--user-data-dir={home}", "--virtual-time-budget=2000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    dom = done.stdout.decode()
    return dom.partition("<title>")[2].partition("</title>")[0]


@pytest.mark.needs("chromium")
def test_a_browser_finds_nothing_to_run(papers: dict[str, list[Path]], tmp_path: Path) -> None:
    control = tmp_path / "control.html"
    control.write_text(f"<title>fine</title>{hostile.NAMES['script']}")
    assert _title(control, tmp_path / "browser") == "pwned", "the control did not run its script"
    together = tmp_path / "together.html"
    wanted = [key for key, name in IDS.items() if "document.title" in name]
    bodies = [
        file.read_text(encoding="utf-8") for key in wanted for file in papers[key] if file.suffix == ".html"
    ]
    assert len(bodies) >= 6
    together.write_text("<title>fine</title>" + "<hr>".join(bodies), encoding="utf-8")
    assert _title(together, tmp_path / "browser") == "fine"


@pytest.mark.parametrize(
    ("check", "harmful"),
    [
        (hostile.check_plain, hostile.NAMES["colour"]),
        (hostile.check_plain, hostile.NAMES["one-byte escape"]),
        (hostile.check_plain, hostile.NAMES["carriage return"]),
        (hostile.check_plain, hostile.NAMES["bidi"]),
        (hostile.check_plain, str(1234567 * 7)),
        (hostile.check_terminal, "fine \x1b[1mbold\x1b[0m " + hostile.NAMES["colour"]),
        (hostile.check_terminal, hostile.NAMES["title of the terminal"]),
        (hostile.check_terminal, hostile.NAMES["carriage return"]),
        (hostile.check_html, f"<p>{hostile.NAMES['script']}</p>"),
        (hostile.check_html, f"<p>{hostile.NAMES['image']}</p>"),
        (hostile.check_html, f'<p title="{hostile.NAMES["attribute"]}">x</p>'),
        (hostile.check_html, '<a href="javascript:alert(1)">x</a>'),
        (hostile.check_markdown, hostile.NAMES["markdown"]),
        (hostile.check_markdown, hostile.NAMES["script"]),
        (hostile.check_csv, 'H03,"=HYPERLINK(""http://evil.example"",""click"")"\n'),
        (hostile.check_csv, "H05,-2+3\n"),
    ],
)
def test_each_checker_catches_what_it_is_for(check: object, harmful: str) -> None:
    with pytest.raises(AssertionError):
        check(harmful)  # type: ignore[operator]


def test_the_checkers_let_harmless_output_pass() -> None:
    hostile.check_plain("Acme [/] Ltd {{7*7}} \\e[31mpwned ✓ – R$ 10\n")
    hostile.check_terminal("\x1b[1mAcme\x1b[0m\r\n")
    assert "{{7*7}} <script>" in hostile.check_html("<p>{{7*7}} &lt;script&gt;</p>")
    hostile.check_markdown("\\[click\\](javascript:alert(1)) &lt;script>\n")
    hostile.check_csv("'=1+1,-12.50,+3,'-2+3\n")


def test_an_unsafe_workbook_and_an_unsafe_folder_are_caught(tmp_path: Path) -> None:
    import zipfile

    book = tmp_path / "x.xlsx"
    for sheet in ("<c><f>1+1</f></c>", "<c><is><t>=1+1</t></is></c>"):
        with zipfile.ZipFile(book, "w") as archive:
            archive.writestr("xl/worksheets/sheet1.xml", sheet)
        with pytest.raises(AssertionError):
            hostile.check_xlsx(book)
    folder = tmp_path / "papers"
    folder.mkdir()
    (tmp_path / "passwd").write_text("")
    with pytest.raises(AssertionError):
        hostile.check_files(folder, {book, folder}, tmp_path)
