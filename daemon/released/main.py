"""The program ``released``."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from released.version import VERSION

if TYPE_CHECKING:
    from released.domain.configuration import Configuration

# gRPC would otherwise hook into every fork and warn about each child that a step starts.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

_CONFIG = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    required=True,
    help="The configuration file (YAML).",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="released")
def main() -> None:
    """The daemon that releases services and remembers everything it did."""


@main.command()
@_CONFIG
def serve(config: Path) -> None:
    """Run in the foreground until SIGTERM, SIGINT or SIGHUP; logs go to stderr."""
    import asyncio  # noqa: PLC0415 (only this command pays for what it needs)

    from released import daemon  # noqa: PLC0415
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415
    from released.domain.errors import ReleasedError  # noqa: PLC0415
    from released.logs import set_up  # noqa: PLC0415

    set_up()
    try:
        from released.config import load_with_secrets  # noqa: PLC0415

        asyncio.run(daemon.serve(load_with_secrets(config)))
    except (InvalidConfiguration, ReleasedError) as error:
        _refuse(str(error))
    sys.stderr.flush()
    # A step that did not end in time still runs in its thread; it is recovered by the next start.
    os._exit(0)


@main.command("open")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--listen", "address", required=True, help="The socket to serve on, such as unix:///run/user/1000/x.sock."
)
def open_export(file: Path, address: str) -> None:
    """Serve what is in an export, read-only, until SIGTERM or SIGINT; ``releasectl open`` does it for one command."""
    import asyncio  # noqa: PLC0415 (only this command pays for what it needs)

    from released import exported_daemon  # noqa: PLC0415
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415
    from released.domain.errors import ReleasedError  # noqa: PLC0415
    from released.logs import set_up  # noqa: PLC0415

    set_up()
    try:
        asyncio.run(exported_daemon.serve(file, address))
    except (InvalidConfiguration, ReleasedError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{file} cannot be opened: {error.strerror}.")


@main.command("check-config")
@_CONFIG
def check_config(config: Path) -> None:
    """Validate a configuration file as a whole."""
    from released.config import load_with_secrets  # noqa: PLC0415
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415

    try:
        environments = load_with_secrets(config).environments
    except InvalidConfiguration as error:
        _refuse(str(error))
    else:
        click.echo(f"{config} is valid; environments: {', '.join(environments)}")


@main.command()
@_CONFIG
@click.option(
    "--cut", is_flag=True, required=True, help="Cut each release after each of its events, and recover from that."
)
@click.option("--environment", required=True, help="The environment whose releases are taken.")
@click.option("--ticket", default="", help="Only this ticket.")
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="How many releases at most.")
def selftest(config: Path, cut: bool, environment: str, ticket: str, last: int) -> None:  # noqa: ARG001, FBT001 (--cut is the only one there is)
    """Prove this version against your own record, also while the daemon runs: nothing is changed.

    Every release is cut after each of its events, as if the daemon had died there, or the host; what a new daemon does
    then is played through on a simulated world. It must come to rest, do nothing twice that is not safe to repeat, and
    say that it is in doubt where it cannot know. Ends with code 1 where it would not.
    """
    import tempfile  # noqa: PLC0415 (only this command pays for what it needs)

    from released.config import load  # noqa: PLC0415
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415
    from released.domain.errors import ReleasedError  # noqa: PLC0415
    from released.engine.selftest.cut import cut_everywhere  # noqa: PLC0415
    from released.store.histories import histories  # noqa: PLC0415

    findings, releases, lives = 0, 0, 0
    try:
        configuration = load(config)
        _refuse_unknown(environment, config, configuration)
        path = configuration.store.path
        with tempfile.TemporaryDirectory() as folder:
            for stream, events in histories(path, environment, ticket, last):
                releases += 1
                for life, finding in cut_everywhere(stream, events, Path(folder)):
                    lives += 1
                    if finding is not None:
                        findings += 1
                        click.echo(f"[ERROR] {stream}, cut after event {life.version}: {finding.message}", err=True)
    except (InvalidConfiguration, ReleasedError) as error:
        _refuse(str(error))
    if not releases:
        _refuse(f"Nothing is on record of {f'ticket {ticket}' if ticket else 'any ticket'} in {environment}.")
    click.echo(f"{releases} releases, {lives} lives of a daemon, {findings} findings.")
    sys.exit(1 if findings else 0)


@main.group()
def db() -> None:
    """Look after the database that holds the record."""


@db.command()
@_CONFIG
@click.argument("file", type=click.Path(path_type=Path))
def backup(config: Path, file: Path) -> None:
    """Copy the database to FILE, also while the daemon runs.

    The copy is as of one moment, whole, and on the disk when this ends.
    """
    from released.config import load  # noqa: PLC0415 (only this command pays for what it needs)
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415
    from released.domain.errors import ReleasedError  # noqa: PLC0415
    from released.store.backup import back_up  # noqa: PLC0415

    try:
        head = back_up(load(config).store.path, file)
    except (InvalidConfiguration, ReleasedError) as error:
        _refuse(str(error))
    else:
        click.echo(f"{file} holds the record up to event {head}.")


@db.command()
@_CONFIG
def upgrade(config: Path) -> None:
    """Bring the schema up to date without serving.

    The daemon does so at its start, too. The database as it was is kept beside it.
    """
    from released.config import load  # noqa: PLC0415 (only this command pays for what it needs)
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415
    from released.domain.errors import ReleasedError  # noqa: PLC0415
    from released.store.schema import HEAD  # noqa: PLC0415
    from released.store.sqlite import open_store  # noqa: PLC0415

    try:
        configuration = load(config)
        store = configuration.store
        open_store(store.url, lambda error: _refuse(str(error)), configuration.state).close()
    except (InvalidConfiguration, ReleasedError) as error:
        _refuse(str(error))
    else:
        click.echo(f"{store.path} has schema {HEAD}.")


@db.command()
@_CONFIG
@click.option("--environment", required=True, help="The environment whose record is taken as it is.")
@click.option("--reason", required=True, help="Why; it is put on the record.")
def accept(config: Path, environment: str, reason: str) -> None:
    """Take a record that lacks what was done, while no daemon runs.

    Where the database is an older copy (restored, or without its -wal file), the daemon does nothing in an environment
    that was worked on since. Bring the newer database back. Where it is lost, this takes the older one: it is put on
    record, and a release that is under way there is halted in doubt.
    """
    from released.api.identity import own_actor  # noqa: PLC0415 (only this command pays for what it needs)
    from released.config import load  # noqa: PLC0415
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415
    from released.domain.errors import ReleasedError  # noqa: PLC0415
    from released.engine import acceptance  # noqa: PLC0415
    from released.engine.instruments import Instruments  # noqa: PLC0415
    from released.engine.station import open_world  # noqa: PLC0415
    from released.store.sqlite import open_store  # noqa: PLC0415

    try:
        configuration = load(config)
        _refuse_unknown(environment, config, configuration)
        world = open_world(environment, configuration.environments[environment], configuration.state)
        store = open_store(configuration.store.url, lambda error: _refuse(str(error)), configuration.state)
        with contextlib.closing(store):
            acceptance.accept(world, store, reason, own_actor(), Instruments())
    except (InvalidConfiguration, ReleasedError) as error:
        _refuse(str(error))
    else:
        click.echo(f"The record of environment {environment} is accepted as it is. Start released again.")


@db.command()
@_CONFIG
@click.option("--reason", required=True, help="Why; it is put on the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def redact(config: Path, reason: str, yes: bool) -> None:  # noqa: FBT001 (a flag of the command line)
    """Take a secret out of the record, while no daemon runs.

    It is read from standard input, or asked for. It goes out of every event and every output that tells it, for ever;
    who did that, when and why goes on the record, and its hashes still hold. Ends with code 1 where some of it stays.
    """
    from released.api.identity import own_actor  # noqa: PLC0415 (only this command pays for what it needs)
    from released.config import load  # noqa: PLC0415
    from released.domain.configuration import InvalidConfiguration  # noqa: PLC0415
    from released.domain.errors import ReleasedError  # noqa: PLC0415
    from released.domain.forensics.masking import redactor_of  # noqa: PLC0415
    from released.engine.instruments import Instruments  # noqa: PLC0415
    from released.engine.redacting import Redaction  # noqa: PLC0415
    from released.store.shredding import is_rewritten  # noqa: PLC0415
    from released.store.sqlite import open_store  # noqa: PLC0415

    if not yes and not sys.stdin.isatty():
        _refuse("Nobody can be asked here: look with a terminal first, or add --yes.")
    left: list[str] = []
    try:
        configuration = load(config)
        redactor = redactor_of(_secret(), reason)
        store = open_store(configuration.store.url, lambda error: _refuse(str(error)), configuration.state)
        with contextlib.closing(store):
            redaction = Redaction(store, configuration.state, redactor)
            found = redaction.find()
            if found.places:
                click.echo("\n".join(("It stands in:", *(f"  {place}" for place in found.places))))
                if not yes:
                    click.confirm("Take it out of these, for ever?", abort=True)
                left += map(str, redaction.remove(found, reason, own_actor(), Instruments()))
            left += found.stuck
        if not is_rewritten(configuration.store.path):
            held = "until nobody else has them open and there is room for a copy; type this again then"
            left.append(f"the files of {configuration.store.path}, {held}")
    except (InvalidConfiguration, ReleasedError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"Not all of the record can be read: {error}.")
    for place in left:
        click.echo(f"[ERROR] It is still in {place}.", err=True)
    if left:
        sys.exit(1)
    if not found.places:
        click.echo("It is nowhere on the record; nothing was changed.")
        return
    click.echo(
        "It is taken out. Copies that were made before still hold it: backups of the database "
        f"({configuration.store.path.name}.before-… beside it, too), exports, logs of the host. Renew the secret."
    )


def _secret() -> str:
    """Read a secret: never from the command line, which every user of the host can see."""
    if sys.stdin.isatty():
        secret: str = click.prompt("The secret", hide_input=True)
        return secret
    return sys.stdin.read().rstrip("\r\n")


def _refuse_unknown(environment: str, config: Path, configuration: Configuration) -> None:
    if environment not in configuration.environments:
        _refuse(f"{config} has no environment {environment!r}, but {', '.join(configuration.environments)}.")


def _refuse(message: str) -> NoReturn:
    for line in message.splitlines():
        click.echo(f"[ERROR] {line}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
