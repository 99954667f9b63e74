"""`policy show`, `policy check` and `policy init` as people and scripts meet them."""

import json
import stat
import tomllib

import pytest

from renewctl.cli.app import run


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("RENEWCTL_POLICY", "RENEWCTL_PORTFOLIO", "RENEWCTL_AS_OF"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def renewctl(capsys):
    def call(*args):
        code = run(list(args))
        seen = capsys.readouterr()
        return code, seen.out, seen.err

    return call


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.toml").write_text("[health.bands]\ngreen = 80\n\n[rates]\nCHF = 1.1\n")
    return "own.toml"


def test_show_prints_the_rules_in_force_and_marks_what_the_overlay_says(renewctl, own):
    code, out, _ = renewctl("policy", "show", "health.bands", "--policy", own)
    assert code == 0
    assert out.splitlines() == [
        "health.bands.green = 80  # own.toml:2, shipped: 75",
        "health.bands.yellow = 50",
    ]


def test_what_show_prints_is_toml_and_the_whole_policy(renewctl):
    from renewctl.store.policy_files import shipped

    code, out, _ = renewctl("policy", "show")
    assert code == 0
    assert tomllib.loads(out) == shipped().whole()


def test_show_as_json_carries_values_and_overrides(renewctl, own, monkeypatch):
    monkeypatch.setenv("RENEWCTL_POLICY", own)
    code, out, _ = renewctl("policy", "show", "rates.CHF", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["schema"] == "renewctl/policy/1"
    assert document["value"] == 1.1
    assert document["overridden"] == [
        {"key": "rates.CHF", "value": 1.1, "shipped": None, "file": "own.toml", "line": 5}
    ]


def test_show_of_a_key_that_is_not_there_offers_the_nearest(renewctl):
    code, out, err = renewctl("policy", "show", "health.band")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "error[no-such-key]: health.band: the policy has no such key",
        "hint: renewctl policy show health.bands",
    ]
    assert renewctl("policy", "show", "a = 1 # ")[0] == 2


def test_show_under_a_bad_overlay_ends_with_11_and_one_clear_line(renewctl, tmp_path):
    (tmp_path / "own.toml").write_text("[healt]\n")
    code, out, err = renewctl("policy", "show", "--policy", "own.toml")
    assert (code, out) == (11, "")
    assert err.splitlines() == [
        "error[bad-policy]: own.toml:1: healt: unknown key; did you mean health?",
        "hint: renewctl policy check own.toml",
    ]


def test_check_of_a_sound_file_says_so(renewctl, own):
    assert renewctl("policy", "check", own) == (0, "own.toml: sound; sets 2 keys\n", "")


def test_check_lists_every_problem_and_ends_with_11(renewctl, tmp_path):
    (tmp_path / "bad.toml").write_text("[health.bands]\ngreen = 40\n[pricing]\nvalid_days = 0\n")
    code, out, err = renewctl("policy", "check", "bad.toml")
    assert code == 11
    assert out.splitlines() == [
        "bad.toml:2: health.bands.green: 40 is not over yellow's 50; more than yellow",
        "bad.toml:4: pricing.valid_days: 0 is too small; a whole number from 1 to 365",
    ]
    assert err == "bad.toml: 2 problems\n"
    code, out, _ = renewctl("policy", "check", "bad.toml", "--json")
    document = json.loads(out)
    assert code == 11
    assert (document["schema"], document["file"]) == ("renewctl/policy-check/1", "bad.toml")
    assert [(each["line"], each["key"]) for each in document["problems"]] == [
        (2, "health.bands.green"),
        (4, "pricing.valid_days"),
    ]


def test_check_looks_at_the_policy_in_force_when_no_file_is_named(renewctl, own, monkeypatch):
    code, out, err = renewctl("policy", "check")
    assert (code, out) == (0, "")
    assert "shipped" in err
    monkeypatch.setenv("RENEWCTL_POLICY", own)
    assert renewctl("policy", "check")[1] == "own.toml: sound; sets 2 keys\n"


def test_check_of_a_missing_file_says_how_to_make_one(renewctl):
    code, _, err = renewctl("policy", "check", "none.toml")
    assert code == 11
    assert err == (
        "error[policy-missing]: none.toml: no such policy file\nhint: renewctl policy init -o none.toml\n"
    )


def test_escape_sequences_in_a_policy_file_reach_no_terminal(renewctl, tmp_path):
    (tmp_path / "esc.toml").write_text(
        '"\\u001b[31mred" = 1\n[supplier]\nname = "\\u001b]0;x\\u0007\\u202e"\n'
    )
    _, out, err = renewctl("policy", "check", "esc.toml")
    assert out
    (tmp_path / "esc.toml").write_text('[supplier]\nname = "\\u001b]0;x\\u0007\\u202e"\n')
    _, shown, _ = renewctl("policy", "show", "supplier", "--policy", "esc.toml")
    assert "supplier.name" in shown
    for text in (out, err, shown):
        assert not set(text) & {"\x1b", "\x07", "\u202e"}


def test_init_writes_a_sound_private_file_once(renewctl, tmp_path):
    code, out, err = renewctl("policy", "init")
    assert (code, out) == (0, "")
    assert "policy.toml" in err
    path = tmp_path / "policy.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert renewctl("policy", "check", "policy.toml")[0] == 0
    path.write_text("# mine\n")
    code, _, err = renewctl("policy", "init")
    assert code == 2
    assert err.startswith("error[needs-yes]: policy.toml is there already")
    assert path.read_text() == "# mine\n"
    assert renewctl("policy", "init", "--yes", "--dry-run")[0] == 0
    assert path.read_text() == "# mine\n"
    assert renewctl("policy", "init", "--yes")[0] == 0
    assert path.read_text() != "# mine\n"


def test_init_writes_to_stdout_or_elsewhere_and_never_through_a_link(renewctl, tmp_path):
    code, out, _ = renewctl("policy", "init", "-o", "-")
    assert code == 0
    assert tomllib.loads(out)
    assert not (tmp_path / "policy.toml").exists()
    assert renewctl("policy", "init", "-o", "sub/x.toml")[0] == 10
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link.toml").symlink_to(tmp_path / "target")
    assert renewctl("policy", "init", "-o", "link.toml", "--yes")[0] == 10
    assert (tmp_path / "target").read_text() == "kept"
