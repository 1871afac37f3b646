"""Which daemon is meant: flag, else variable, else profile, else the usual place."""

from __future__ import annotations

from pathlib import Path

import pytest

from releasectl.calls.target import DEFAULT_ADDRESS, Target, resolve
from releasectl.errors import ClientError
from releasectl.settings import Settings

PROFILES = """
[profiles.default]
address = "unix:///default.sock"
env = "prod"
[profiles.staging]
address = "unix:///staging.sock"
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / ".config" / "releasectl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(PROFILES)
    return {"HOME": str(tmp_path)}


def test_the_flag_comes_first(home: dict[str, str]) -> None:
    variables = {**home, "RELEASECTL_ADDRESS": "unix:///variable.sock"}
    assert resolve(Settings(address="unix:///flag.sock"), variables) == Target("unix:///flag.sock")


def test_the_variable_comes_before_the_profile(home: dict[str, str]) -> None:
    variables = {**home, "RELEASECTL_ADDRESS": "unix:///variable.sock"}
    assert resolve(Settings(), variables) == Target("unix:///variable.sock")


def test_the_profile_gives_address_and_environment(home: dict[str, str]) -> None:
    assert resolve(Settings(), home) == Target("unix:///default.sock", "prod")


def test_another_profile_is_taken_by_name(home: dict[str, str]) -> None:
    assert resolve(Settings(profile="staging"), home) == Target("unix:///staging.sock")


def test_the_environment_flag_comes_before_the_profile(home: dict[str, str]) -> None:
    assert resolve(Settings(environment="test"), home).environment == "test"


def test_without_anything_it_is_the_usual_place(tmp_path: Path) -> None:
    assert resolve(Settings(), {"HOME": str(tmp_path)}) == Target(DEFAULT_ADDRESS)


@pytest.mark.parametrize(
    ("text", "profile", "sentence"),
    [
        (PROFILES, "nope", "there is no profile 'nope'; known: default, staging."),
        ("[profiles", None, "cannot be read"),
        ("profiles = 1", None, "expected a table"),
        ("[profiles]\ndefault = 1", None, "profiles.default: expected a table with address and env."),
        ("[profiles.default]\naddres = 'x'", None, "profiles.default.addres: unknown key; known: address, env."),
        ("[profiles.default]\naddress = 1", None, "profiles.default.address: expected a text, got 1."),
    ],
)
def test_a_wrong_configuration_is_a_usage_error(
    text: str, profile: str | None, sentence: str, home: dict[str, str]
) -> None:
    (Path(home["HOME"]) / ".config" / "releasectl" / "config.toml").write_text(text)
    with pytest.raises(ClientError) as caught:
        resolve(Settings(profile=profile), home)
    assert caught.value.code == 2
    assert sentence in caught.value.message
