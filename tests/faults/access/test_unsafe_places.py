"""Places and files that others could use against the daemon keep it from starting."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support.bare_environment import BareEnvironment
from support.other_user import NOBODY
from support.webhook_receiver import secret_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.evidence import Evidence

USAGE = 2


@pytest.fixture(scope="module", name="stopped")
def _stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    """Give an environment whose daemon has run and is stopped."""
    with BareEnvironment(tmp_path_factory.mktemp("stopped")) as environment:
        environment.daemon.stop()
        yield environment


@pytest.fixture(autouse=True)
def _put_back(stopped: BareEnvironment) -> Iterator[None]:
    configuration = stopped.config.read_bytes()
    yield
    stopped.config.unlink()
    stopped.config.write_bytes(configuration)
    stopped.runtime.chmod(0o700)
    (stopped.runtime / "released.sock.in").chmod(0o700)
    (stopped.runtime / "released.sock").unlink(missing_ok=True)


def _private_folder(environment: BareEnvironment, mode: int) -> str:
    folder = environment.runtime / "released.sock.in"
    folder.chmod(mode)
    return f"{folder} must be a folder that only the daemon's user may enter"


def _socket_folder(environment: BareEnvironment, mode: int) -> str:
    environment.runtime.chmod(mode)
    return f"Others may write in {environment.runtime} (uid {os.geteuid()}, mode {mode:04o})"


def _in_the_place_of_the_socket(environment: BareEnvironment, put: Callable[[Path], object]) -> str:
    place = environment.runtime / "released.sock"
    put(place)
    return f"{place} is no socket but something else"


def _configuration_of_all(environment: BareEnvironment) -> str:
    environment.config.chmod(0o646)
    return f"{environment.config}:1: expected a file that others cannot write, got mode 0646"


def _configuration_of_another(environment: BareEnvironment) -> str:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(environment.config, NOBODY, -1)
    return f"{environment.config}:1: expected a file of root or of the user that reads it, got one of uid {NOBODY}"


def _credentials(environment: BareEnvironment) -> str:
    file = environment.config.with_name("credentials")
    file.write_text("https://bot:t0ken@git.example.org\n")
    file.chmod(0o644)
    document = _document(environment)
    document["environments"]["prod"]["git"] = {"credential_file": str(file)}
    environment.config.write_text(yaml.safe_dump(document))
    return "environments.prod.git.credential_file: expected a file for its owner and group alone, got mode 0644"


def _webhook_secret(environment: BareEnvironment) -> str:
    secret = secret_file(environment.config.parent, 0o644)
    document = _document(environment)
    document["webhook"] = {"url": "https://alarm.example/hook", "secret_file": str(secret)}
    environment.config.write_text(yaml.safe_dump(document))
    return "webhook.secret_file: expected a file for its owner and group alone, got mode 0644"


def _document(environment: BareEnvironment) -> Any:  # noqa: ANN401 (a document of any shape)
    return yaml.safe_load(environment.config.read_text())


SPOILT: dict[str, Callable[[BareEnvironment], str]] = {
    "its group may enter the private folder": partial(_private_folder, mode=0o750),
    "others may enter the private folder": partial(_private_folder, mode=0o707),
    "others may write in the socket's folder": partial(_socket_folder, mode=0o777),
    "others may write in the socket's folder, which is sticky": partial(_socket_folder, mode=0o1777),
    "its group may write in the socket's folder": partial(_socket_folder, mode=0o770),
    "a link is in the place of the socket": partial(
        _in_the_place_of_the_socket, put=lambda place: place.symlink_to("elsewhere")
    ),
    "a file is in the place of the socket": partial(
        _in_the_place_of_the_socket, put=lambda place: place.write_text("work")
    ),
    "others may write the configuration": _configuration_of_all,
    "the configuration is another user's": _configuration_of_another,
    "others may read the credentials": _credentials,
    "others may read the webhook's secret": _webhook_secret,
}
"""What is spoilt, and how: each tells what the daemon has to say of it."""
ONE_OF_EACH_KIND = {
    "its group may enter the private folder",
    "others may write in the socket's folder",
    "a link is in the place of the socket",
    "others may write the configuration",
    "others may read the credentials",
}


@pytest.mark.parametrize(
    "what",
    [pytest.param(one, marks=() if one in ONE_OF_EACH_KIND else pytest.mark.tier1, id=one) for one in SPOILT],
)
def test_a_daemon_does_not_start_where(stopped: BareEnvironment, what: str, evidence: Evidence) -> None:
    """Row 45: sockets, folders and secrets that others could read, replace or write."""
    complaint = SPOILT[what](stopped)
    place = stopped.runtime / "released.sock"
    before = place.lstat().st_ino if os.path.lexists(place) else None

    code = stopped.daemon.start_and_die("")

    assert (code, complaint in stopped.daemon.log) == (USAGE, True), stopped.daemon.log
    assert (place.lstat().st_ino if os.path.lexists(place) else None) == before
    evidence.fired()
