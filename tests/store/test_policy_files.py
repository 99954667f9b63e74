"""Reading policy files from disk: what is merged, what is refused and how it is said."""

import re
import tomllib
import zoneinfo
from zoneinfo import ZoneInfoNotFoundError

import pytest

from renewctl.errors import PolicyError
from renewctl.policies.shipped import FINGERPRINT, RAW
from renewctl.policies.starter import STARTER
from renewctl.store.policy_files import (
    _COUNTRIES,
    LARGEST,
    check_file,
    load_policy,
    policy_layers,
    shipped,
)


@pytest.fixture
def own(tmp_path):
    """Writes a policy file and gives its path."""

    def write(text, name="own.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def refused(path):
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert caught.value.exit_code == 11
    assert "\n" not in caught.value.message
    return caught.value


def test_without_a_file_the_shipped_rules_are_in_force():
    policy = load_policy(None)
    assert policy.fingerprint == FINGERPRINT
    assert policy.base_currency == "USD"
    assert policy.playbooks.keys() == shipped()["playbooks"].keys()
    assert policy.raw.get("rules") == shipped()["rules"]
    assert policy.raw.get("nothing") is None


def test_an_overlay_of_one_key_changes_that_key_and_nothing_else(own):
    policy, plain = load_policy(own("[health.bands]\ngreen = 80\n")), load_policy(None)
    assert (policy.health.green, policy.health.yellow) == (80, plain.health.yellow)
    for section in ("segments", "timelines", "ownership", "saves", "playbooks", "pricing", "rates", "rules"):
        assert getattr(policy, section) == getattr(plain, section)


def test_an_overlay_may_change_one_word_of_a_playbook(own):
    text = '[playbooks.product.steps.beta]\ntitle = "Let them try it"\n'
    steps = {step.step: step for step in load_policy(own(text)).playbooks["product"].steps}
    before = {step.step: step for step in load_policy(None).playbooks["product"].steps}
    assert steps.pop("beta") == before.pop("beta")._replace(title="Let them try it")
    assert steps == before


def test_loading_an_overlay_leaves_the_shipped_tables_as_they_were(own):
    load_policy(own("[health.bands]\ngreen = 80\n[rates]\nCHF = 1.1\n"))
    assert RAW["health"]["bands"]["green"] == 75
    assert "CHF" not in load_policy(None).rates


def test_the_fingerprint_follows_the_bytes_of_the_overlay(own):
    one, two = own("[rates]\nCHF = 1.1\n", "a.toml"), own("[rates]\nCHF = 1.2\n", "b.toml")
    prints = [load_policy(path).fingerprint for path in (None, one, two)]
    assert len(set(prints)) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in prints[1:])
    assert load_policy(own("[rates]\nCHF = 1.1\n", "c.toml")).fingerprint == prints[1]


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(own):
    path = own(b"\xef\xbb\xbf[health.bands]\r\n# note\r\ngreen = 101\r\n")
    assert refused(path).message == f"{path}:3: health.bands.green: 101 is too large; a number from 0 to 100"


def test_the_first_problem_is_the_error_and_the_check_lists_them_all(own):
    path = own("[health.bands]\nyelow = 1\n\n[pricing]\nvalid_days = 0\n")
    error = refused(path)
    assert error.message == f"{path}:2: health.bands.yelow: unknown key; did you mean yellow? (and 1 more)"
    assert error.hint == f"renewctl policy check {path}"
    assert [problem.line for problem in check_file(path)] == [2, 5]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[a]\nx = \n", 2, "not TOML: invalid value at column 5"),
        ("x = 1\nx = 2\n", 2, "not TOML: cannot overwrite a value"),
        ('x = """\n\n', 3, "not TOML: "),
        ("[x\n", 1, "not TOML: "),
        (b"[a]\n\nx = '\xff'\n", 3, "not UTF-8 text; save the file as UTF-8"),
        ("x = " + "[" * 5000 + "]" * 5000, 1, "nested too deeply"),
        ("x = " + "9" * 5000, 1, "not TOML: "),
        (b"PK\x03\x04\x00\x00", 1, "not TOML: "),
    ],
)
def test_what_is_no_toml_is_one_line_with_its_place(own, text, line, said):
    path = own(text)
    message = refused(path).message
    assert message.startswith(f"{path}:{line}: {said}")
    assert len(check_file(path)) == 1


def test_a_file_that_is_missing_unreadable_or_huge_is_named(own, tmp_path):
    gone = refused(str(tmp_path / "gone.toml"))
    assert (gone.code, gone.hint) == ("policy-missing", f"renewctl policy init -o {tmp_path / 'gone.toml'}")
    assert refused(str(tmp_path)).code == "policy-unreadable"
    assert load_policy(own("#" * LARGEST)).fingerprint
    assert refused(own("#" * (LARGEST + 1))).code == "policy-too-large"


def test_a_time_zone_has_to_exist_and_a_country_to_have_a_calendar(own):
    zone = own('[general]\ntime_zone = "Mars/Olympus"\n')
    assert refused(zone).message.startswith(
        f'{zone}:2: general.time_zone: "Mars/Olympus" is no known time zone; '
    )
    assert load_policy(own('[general]\ntime_zone = "America/Sao_Paulo"\n')).time_zone == "America/Sao_Paulo"
    assert load_policy(own('[general]\ncountry = ""\n')).country == ""
    assert check_file(own('[general]\ncountry = "BR"\n')) == ()
    unknown = own('[general]\nvalue_scope = "contract"\ncountry = "ZZ"\n')
    assert [problem.column for problem in check_file(unknown)] == ["general.country"]
    said = f'{unknown}:3: general.country: "ZZ" has no holiday calendar; '
    assert refused(unknown).message.startswith(said)


def test_a_country_taken_without_asking_the_library_has_a_calendar_there():
    import holidays

    assert set(holidays.list_supported_countries()) >= _COUNTRIES
    assert load_policy(None).country in _COUNTRIES


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/passwd", "UTC\\u0000", "a b", ""])
def test_a_time_zone_is_never_a_path(own, zone):
    assert "time_zone" in refused(own(f'[general]\ntime_zone = "{zone}"\n')).message


def test_layers_name_every_value_an_overlay_says_with_its_line_and_what_it_replaces(own):
    path = own('[rates]\nCHF = "1.1"\n\n[health]\nbands = {green = 80}\n')
    layers = policy_layers(path)
    assert [(each.path, each.value, each.shipped, each.line) for each in layers.overrides] == [
        (("rates", "CHF"), "1.1", None, 2),
        (("health", "bands", "green"), 80, 75, 5),
    ]
    assert layers.merged["health"]["bands"] == {"green": 80, "yellow": 50}
    assert layers.fingerprint == load_policy(path).fingerprint
    assert policy_layers(None).overrides == ()


def test_the_starter_changes_nothing_and_each_of_its_lines_is_sound_when_uncommented(own):
    assert check_file(own(STARTER)) == ()
    assert policy_layers(own(STARTER)).overrides == ()
    all_on = re.sub(r"^# (?=[\w\"-]+ = )", "", STARTER, flags=re.MULTILINE)
    assert len(policy_layers(own(all_on)).overrides) == len(
        re.findall(r"^# [\w\"-]+ = ", STARTER, re.MULTILINE)
    )
    assert check_file(own(all_on)) == ()
    for at, line in enumerate(STARTER.splitlines()):
        if re.match(r"# [\w\"-]+ = ", line):
            lines = STARTER.splitlines()
            lines[at] = line[2:]
            assert tomllib.loads("\n".join(lines))
            assert check_file(own("\n".join(lines))) == (), line


def test_a_key_of_very_many_parts_is_refused_with_its_line_before_it_is_parsed(own):
    problem = refused(own('[general]\ncountry = "BR"\n' + "a." * 40 + "b = 1\n"))
    assert ":3: " in problem.message
    assert "nested too deeply" in problem.message


def test_a_country_beyond_the_usual_ones_has_its_holidays_too(own):
    assert load_policy(own('[general]\ncountry = "AM"\n')).country == "AM"
    assert "no holiday calendar" in refused(own('[general]\ncountry = "QQ"\n')).message


def test_a_system_without_time_zone_data_still_knows_utc(own, monkeypatch):
    def none(zone):
        raise ZoneInfoNotFoundError(zone)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", none)
    assert load_policy(own('[general]\ntime_zone = "UTC"\n')).time_zone == "UTC"
    assert "no known time zone" in refused(own('[general]\ntime_zone = "Europe/Lisbon"\n')).message
