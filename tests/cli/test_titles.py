"""What is to be done, in the language of a digest: all that is shipped, and nobody's own words."""

import pytest

from tests.faults import bitflips

LINES = "[digest]\nlines = 200\n"  # as many as there may be


def told(desk, as_of, lang, overlay=LINES):
    """(bold, what is to be done, what is said of it) for each item of everybody's digest."""
    policy = desk.folder / "policy.toml"
    policy.write_text(overlay, encoding="utf-8")
    words = ["digest", "--owner", "all", "--days", "200", "--as-of", as_of, "--lang", lang]
    done = desk.run(*words, "--policy", str(policy))
    assert done.code == 0, done.err
    lines = [line for line in done.out.splitlines() if line.startswith("- ")]
    parted = [line[2:].partition(": ") for line in lines]
    return [(who, *rest.rpartition(" (")[::2]) for who, _, rest in parted]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    bitflips.make(folder)
    return folder / "portfolio.db"


@pytest.mark.file_only("a book made once, by commands of its own")
@pytest.mark.parametrize("as_of", ["2026-03-02", "2026-03-20", "2026-05-04", "2026-09-01"])
def test_nothing_of_a_digest_in_portuguese_is_left_in_english(desk, made, monkeypatch, as_of):
    monkeypatch.setenv("RENEWCTL_PORTFOLIO", str(made))
    english, portuguese = told(desk, as_of, "en"), told(desk, as_of, "pt-BR")
    assert len(english) == len(portuguese) > 100
    for there, here in zip(english, portuguese, strict=True):
        assert there[0] == here[0]
        assert there[1] != here[1]
        _, _, noted = there[2].partition("; ")
        assert bool(noted) == ("; " in here[2])
        if noted:
            assert noted.rpartition(" [")[0] not in here[2]


ONE = "id,name,arr,currency,renewal_date,notice_days,auto_renew,csm,health_score\n"


def test_what_the_agenda_makes_of_facts_is_said_with_its_figures(desk, monkeypatch):
    monkeypatch.setattr("renewctl.views.digest._TITLE", 1000)
    desk.import_(
        ONE + "A1,Acme,60000,USD,2026-07-31,60,yes,Ana,78\nB2,Beta,60000,USD,2026-04-10,,no,Ana,78\n"
        "C3,Ceta,60000,USD,2027-01-31,,no,Ana,78\n"
    )
    assert desk.run("save", "start", "B2", "--scenario", "value", "--yes").code == 0
    said = [f"{title} ({rest}" for _, title, rest in told(desk, "2026-05-05", "pt-BR")]

    def one(*parts):
        assert sum(all(part in line for part in parts) for line in said) == 1, (parts, said)

    decide = "decidir antes se haverá renovação automática"
    one(f"Prazo de aviso prévio em 1 de junho de 2026: {decide}", "[1-opt-out-30]")
    one("Enviar o e-mail mensal de resultados", "2 pendentes até agora")
    one("Ligar: levar a dúvida a sério", "responder até 2026-03-04 09:00 UTC")
    one("[s1-checkin-30]", "provisório: conta a partir do alerta")
    one("Passou da data de renovação sem desfecho")


def test_a_catch_up_names_three_steps_and_counts_the_others(desk, monkeypatch):
    monkeypatch.setattr("renewctl.views.digest._TITLE", 1000)
    desk.import_(ONE + "A1,Acme,60000,USD,2026-04-10,,no,Ana,78\nB2,Beta,5000,USD,2026-04-20,,no,Ana,78\n")
    titles = {who: title for who, title, _ in told(desk, "2026-03-02", "pt-BR") if "pôr em dia" in title}
    english = {who: title for who, title, _ in told(desk, "2026-03-02", "en") if "Catch up" in title}
    assert english["Acme"].startswith("Catch up on 11: Notify the key contacts of the coming renewal; ")
    assert titles["Acme"].startswith(
        "Etapas a pôr em dia (11): Avisar os principais contatos da renovação que se aproxima; "
    )
    assert english["Acme"].endswith("; and 8 more")
    assert titles["Acme"].endswith("; e mais 8")
    two = "Verificar rapidamente a saúde da conta; Enviar o lembrete automático de renovação"
    assert titles["Beta"] == f"Etapas a pôr em dia (2): {two}"


def test_a_policy_that_renames_a_step_keeps_its_own_words(desk):
    desk.import_(ONE + "A1,Acme,60000,USD,2026-07-31,,no,Ana,78\n")
    own = LINES + '[timelines.mid_market.notice]\ntitle = "Mandar o nosso aviso; and 3 more"\n'
    said = {title for _, title, _ in told(desk, "2026-05-20", "pt-BR", own)}
    assert "Mandar o nosso aviso; and 3 more" in said
    assert "Avisar os principais contatos da renovação que se aproxima" not in said
    assert "Entregar uma revisão de resultados ou um resumo de valor" in said


def test_the_words_of_another_language_are_read_for_it_alone(desk, monkeypatch):
    desk.import_(ONE + "A1,Acme,60000,USD,2026-07-31,,no,Ana,78\n")
    read = []
    monkeypatch.setattr("renewctl.store.titles.tomllib.loads", lambda text: read.append(text) or {})
    assert desk.run("digest", "--owner", "all").code == 0
    assert desk.run("due").code == 0
    assert read == []


def test_words_of_ones_own_that_look_like_a_day_stay_as_they_are(desk):
    desk.import_(ONE + "A1,Acme,60000,USD,2026-05-31,,no,Ana,78\n")
    overlay = LINES + '[timelines.mid_market.notice]\ntitle = "Opt-out deadline on 2026-99-99: decide"\n'
    assert any("2026-99-99" in title for _, title, _ in told(desk, "2026-04-01", "pt-BR", overlay))
