"""Where settings come from, and what is said where code would leave this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.conftest import Graded, Review
from review.stand_in import StandIn, serving
from spotlight.review.errors import ReviewError
from spotlight.review.settings import Settings, announcement, read_settings


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write the file of settings."""
    monkeypatch.setattr(
        "spotlight.review.settings.user_config_path", lambda name: tmp_path / "config" / name
    )
    file = tmp_path / "config" / "spotlight" / "review.toml"
    file.parent.mkdir(parents=True)
    return lambda text: file.write_text(text, encoding="utf-8")


def test_without_any_it_is_ollama_on_this_machine(write) -> None:
    settings = read_settings({})
    assert settings.server == "http://127.0.0.1:11434"
    assert settings.models == ()
    assert not settings.is_remote
    assert not settings.speaks_openai


def test_a_file_sets_what_it_names(write) -> None:
    write('server = "http://127.0.0.1:8080/v1"\nmodels = ["gemma3", "phi4"]\ntimeout = 30\n')
    settings = read_settings({})
    assert settings.speaks_openai
    assert (settings.models, settings.timeout) == (("gemma3", "phi4"), 30)


def test_variables_overrule_the_file(write) -> None:
    write('models = ["gemma3"]\nclass_minutes = 5\n')
    settings = read_settings(
        {"SPOTLIGHT_REVIEW_MODELS": "phi4, qwen3", "SPOTLIGHT_REVIEW_CLASS_MINUTES": "7"}
    )
    assert (settings.models, settings.class_minutes) == (("phi4", "qwen3"), 7)


def test_ollamas_own_variable_is_obeyed_unless_spotlight_has_an_address_of_its_own(write) -> None:
    assert read_settings({"OLLAMA_HOST": "127.0.0.1:9"}).server == "http://127.0.0.1:9"
    own = {"OLLAMA_HOST": "127.0.0.1:9", "SPOTLIGHT_REVIEW_SERVER": "localhost:8"}
    assert read_settings(own).server == "http://localhost:8"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server = ", "review.toml cannot be read"),
        ('server = "ftp://x"', "an address looks like http://127.0.0.1:11434"),
        ("timeout = 0", "timeout = 0 in "),
        ('tiemout = "1"', "tiemout"),
        ("models = 3", "models = 3 in "),
        ("models = [3]", "models = [3] in "),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(text: str, said: str, write) -> None:
    write(text)
    with pytest.raises(ReviewError) as found:
        read_settings({})
    assert said in str(found.value)
    assert str(found.value).startswith("No code was reviewed: ")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":9000", "http://127.0.0.1:9000"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("http://gpu.example", "http://gpu.example:80"),
        ("https://gpu.example/ollama/", "https://gpu.example:443/ollama"),
        ("gpu.example", "http://gpu.example:11434"),
    ],
)
def test_addresses_are_read_as_ollama_reads_them(given: str, whole: str) -> None:
    assert Settings(server=given).server == whole


# What leaves the machine


@pytest.mark.parametrize(
    ("server", "remote"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8:1", False),
        ("localhost:1", False),
        ("[::1]:1", False),
        ("192.168.1.7", True),
        ("gpu.example", True),
        ("localhost.example", True),
        ("127.0.0.1.example", True),
        ("https://api.example/v1", True),
    ],
)
def test_every_machine_but_this_one_is_remote(server: str, remote: bool) -> None:
    assert Settings(server=server).is_remote is remote


def test_it_is_said_before_code_leaves_and_only_then(
    write, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert announcement() == ""
    monkeypatch.setenv("SPOTLIGHT_REVIEW_SERVER", "gpu.example")
    assert announcement() == (
        "Code is sent for review to http://gpu.example:11434, which is not this machine."
    )


def test_no_proxy_is_told_of_code_that_stays_here(
    review: Review, partly_wrong: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(StandIn()) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        for path in ("", "/v1"):
            assert len(review(partly_wrong, path=path).exercises) == 5
        assert proxy.requests == []
