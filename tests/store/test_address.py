"""An address tells people where a portfolio is, never how to get in; and nothing goes out unencrypted."""

import itertools
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from renewctl.errors import PortfolioError, UsageError
from renewctl.store.address import _KNOWN, _SECRET, address, check_file_name, connection_settings, stays_here

SECRET = "c4nary-Xq7"  # noqa: S105


def parsed(text):
    """How libpq itself reads an address."""
    return conninfo_to_dict(address(text).target)


@given(
    st.text(min_size=1, max_size=12),
    st.sampled_from(["ana", "a%20na", ""]),
    st.sampled_from(["", "?sslmode=require", "?schema=x"]),
)
def test_a_password_is_taken_out_of_the_text_and_kept_to_the_letter(password, user, tail):
    made = address(f"postgresql://{user}:{quote(password, safe='')}@db.example.com:5432/crm{tail}")
    assert made.secrets == {"password": password}
    assert made == f"postgresql://{user}@db.example.com:5432/crm{tail}"
    assert repr(made) == repr(str(made))


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ana:{SECRET}@h/d",
        f"postgres://ana:{SECRET}@h/d",
        f"POSTGRESQL://ana:{SECRET}@h/d",
        f"postgresql://:{SECRET}@h/d",
        f"postgresql://ana:{SECRET}@h1,h2/d",
        f"postgresql://ana:{SECRET}@[::1]:5432/d",
        f"postgresql://ana@h/d?password={SECRET}",
        f"postgresql://ana@h/d?sslmode=require&PASSWORD={SECRET}",
        f"postgresql://ana@h/d?p%61ssword={SECRET}",
        f"postgresql://ana@h/d?sslpassword={SECRET}",
        f"postgresql://h/d?user=ana&password={SECRET}",
        f"postgresql://ana%3Ax:{SECRET}@h/d",
    ],
)
def test_an_argument_with_a_password_in_any_spelling_is_refused_without_repeating_it(text):
    with pytest.raises(UsageError) as refused:
        address(text, argument=True)
    assert refused.value.code == "password-in-argument"
    assert SECRET not in str(refused.value) + refused.value.hint
    made = address(text)  # the control: from the environment it is taken, and out of sight
    assert SECRET not in made + made.target + repr(made)
    assert SECRET in made.secrets.values()


@pytest.mark.parametrize(
    "text", [f"host=h password={SECRET}", f"host=h  PassWord = {SECRET}", f"x%20password={SECRET}"]
)
def test_a_connection_string_with_a_password_is_seen_for_what_it_is(text):
    for argument, code in ((True, "password-in-argument"), (False, "not-an-address")):
        with pytest.raises(UsageError) as refused:
            check_file_name(text, argument=argument)
        assert refused.value.code == code
        assert SECRET not in str(refused.value) + refused.value.hint


@pytest.mark.parametrize("text", [f"postgresql:/ana:{SECRET}@h/d", f"Postgres:ana:{SECRET}@h/d"])
def test_an_address_with_a_slash_too_few_is_not_taken_for_a_file(text):
    for argument in (False, True):
        with pytest.raises(UsageError) as refused:
            check_file_name(text, argument=argument)
        assert SECRET not in str(refused.value) + refused.value.hint


@pytest.mark.parametrize(
    "text",
    ["notes=2026.db", "password.db", "my-password=", "folder/a=b.db", "postgres.db", "postgresql/a.db"],
)
def test_a_file_whose_name_only_looks_like_it_is_just_a_file(text):
    check_file_name(text, argument=True)


def test_every_setting_of_the_library_is_known():
    defaults = psycopg.pq.Conninfo.get_defaults()
    own = {each.keyword.decode() for each in defaults} - {"dbname"}
    assert len(own) > 30
    assert own <= _KNOWN | _SECRET


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ana:pa/{SECRET}@h/d",
        f"postgresql://ana:pa?{SECRET}@h/d",
        f"postgresql://ana:pa#{SECRET}@h/d",
        f"postgresql://ana:pa/{SECRET}",
        f"postgresql://h:{SECRET}/d",
        f"postgresql://[::1:{SECRET}/d",
        f"postgresql://h/d?{SECRET}",
        f"postgresql://ana@h/d?passwd={SECRET}",
        f"postgresql://ana@h/d?sslmode=require&{SECRET}=x",
        f"postgresql://ana:a:b@h:{SECRET}/d",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(text):
    for argument in (False, True):
        with pytest.raises(UsageError) as refused:
            address(text, argument=argument)
        assert SECRET not in str(refused.value) + refused.value.hint


@pytest.mark.parametrize("schema", ["Sales", "a-b", "a b", "pg_catalog", "1a", "", 'x";drop', "é", "a" * 64])
def test_a_schema_is_a_plain_name(schema):
    with pytest.raises(UsageError, match="no name for a portfolio"):
        address(f"postgresql://h/d?schema={quote(schema)}")


def test_the_schema_is_ours_and_not_the_servers_to_read():
    made = address("postgresql://ana@h/d?schema=sales&sslmode=require")
    assert (made.schema, made.target) == ("sales", "postgresql://ana@h/d?sslmode=require")
    assert address("postgresql://h/d").schema == "renewctl"


HERE = ["localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "%2Ftmp%2Fsocket", ""]
AWAY = ["db.example.com", "10.0.0.1", "192.168.1.1", "128.0.0.1", "localhost.example.com", "0.0.0.0"]  # noqa: S104


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in (
        "PGHOST",
        "PGHOSTADDR",
        "PGSERVICE",
        "PGSSLMODE",
        "PGCONNECT_TIMEOUT",
        "RENEWCTL_ALLOW_PLAINTEXT",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", [*HERE, "[::1]", "[::ffff:127.0.0.1]"])
def test_this_machine_needs_no_encryption(host):
    assert "sslmode" not in connection_settings(
        address(f"postgresql://{host}/d"), parsed(f"postgresql://{host}/d")
    )


@pytest.mark.parametrize("host", [*AWAY, "[fe80::1]", "[2001:db8::1]", "[::ffff:10.0.0.1]"])
def test_another_machine_is_reached_encrypted_and_proved(host):
    text = f"postgresql://{host}/d"
    assert connection_settings(address(text), parsed(text))["sslmode"] == "verify-full"


@pytest.mark.parametrize(("here", "away"), [*itertools.product(HERE[:3], AWAY[:2])])
def test_one_host_of_several_that_is_away_is_enough(here, away):
    for text in (f"postgresql://{here},{away}/d", f"postgresql://{away},{here}/d"):
        assert not stays_here(parsed(text))


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("postgresql://localhost/d?hostaddr=10.0.0.1", {}),
        ("postgresql:///d?host=db.example.com", {}),
        ("postgresql:///d?service=crm", {}),
        ("postgresql:///d", {"PGHOST": "db.example.com"}),
        ("postgresql:///d", {"PGHOSTADDR": "10.0.0.1"}),
        ("postgresql://localhost,db.example.com/d?hostaddr=127.0.0.1,", {}),
        ("postgresql://db.example.com,localhost/d?hostaddr=,127.0.0.1", {}),
        ("postgresql://a,db.example.com/d", {"PGHOSTADDR": "127.0.0.1,"}),
        ("postgresql://localhost/d", {"PGHOSTADDR": "10.0.0.1"}),
        ("postgresql://localhost/d", {"PGSERVICE": "crm"}),
    ],
)
def test_what_else_decides_where_a_connection_goes_is_looked_at(text, env, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert connection_settings(address(text), parsed(text))["sslmode"] == "verify-full"


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_mode_that_is_never_unencrypted_is_left_as_it_is_said(mode, monkeypatch):
    text = f"postgresql://db.example.com/d?sslmode={mode}"
    assert connection_settings(address(text), parsed(text)).get("sslmode", mode) == mode
    monkeypatch.setenv("PGSSLMODE", mode)
    text = "postgresql://db.example.com/d"
    assert connection_settings(address(text), parsed(text))["sslmode"] == mode


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "nonsense"])
def test_a_weaker_mode_is_refused_unless_it_is_allowed_in_so_many_words(mode, monkeypatch):
    text = f"postgresql://db.example.com/d?sslmode={mode}"
    with pytest.raises(PortfolioError) as refused:
        connection_settings(address(text), {"host": "db.example.com", "sslmode": mode})
    assert refused.value.code == "plaintext-refused"
    assert "RENEWCTL_ALLOW_PLAINTEXT=1" in refused.value.hint
    monkeypatch.setenv("PGSSLMODE", mode)
    with pytest.raises(PortfolioError):
        connection_settings(address("postgresql://db.example.com/d"), {"host": "db.example.com"})
    monkeypatch.setenv("RENEWCTL_ALLOW_PLAINTEXT", "1")
    assert "sslmode" not in connection_settings(address(text), {"host": "db.example.com", "sslmode": mode})


@pytest.mark.parametrize(("text", "env"), [("connect_timeout=3", ""), ("", "4"), ("", "")])
def test_a_connection_is_waited_for_as_long_as_somebody_says_else_ten_seconds(text, env, monkeypatch):
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)
    if env:
        monkeypatch.setenv("PGCONNECT_TIMEOUT", env)
    made = address(f"postgresql://127.0.0.1/d?{text}")
    found = connection_settings(made, conninfo_to_dict(made.target)).get("connect_timeout")
    assert found == (None if text or env else 10)
