"""``releasectl export``."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

import click
import grpc

from releasectl.arguments.global_flags import command as declare
from releasectl.arguments.parameters import TICKET
from releasectl.calls.connection import Connection, connect
from releasectl.calls.signature import sign, signature_of
from releasectl.errors import ClientError, Next, usage
from releasectl.exit_codes import ExitCode
from releasectl.rpc_errors import from_rpc
from releasectl.settings import of
from releasepb.v1 import history_pb2 as pb


@declare("export")
@click.argument("words", nargs=-1, required=True, metavar="[TICKET] FILE")
@click.option("--sign", "key", type=click.Path(path_type=Path), metavar="KEY", help="Sign it with this SSH key.")
@click.pass_context
def command(context: click.Context, *, words: tuple[str, ...], key: Path | None) -> None:
    """Write what is on record of a ticket, or of the whole environment, to FILE.

    The file holds events with their hashes and what steps printed, secrets masked; releasectl open reads it anywhere.
    Only its owner may read it. A file that is there already is left alone.
    """
    settings = of(context)
    tickets, file = [TICKET.convert(word, None, context) for word in words[:-1]], Path(words[-1])
    if len(tickets) > 1:
        raise usage("One ticket can be named, or none for the whole environment.")
    if key is not None and signature_of(file).exists():
        raise _not_written(signature_of(file), FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)))
    with connect(settings) as connection:
        request = pb.ExportRequest(environment=connection.environment, ticket="".join(tickets))
        target = _made(file)
        try:
            with target:
                _fetch(connection, request, target)
        except BaseException as error:
            file.unlink(missing_ok=True)  # a part of an export is none
            if isinstance(error, OSError):
                raise _not_written(file, error) from None
            raise
    if key is not None:
        settings.say(f"Signed in {sign(file, key)}.")
    settings.say(f"Written to {file}. Look into it with: releasectl open {file} status")


def _made(file: Path) -> IO[bytes]:
    try:
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise _not_written(file, error) from None


def _fetch(connection: Connection, request: pb.ExportRequest, target: IO[bytes]) -> None:
    try:
        for piece in connection.history.Export(request):
            target.write(piece.data)
    except grpc.RpcError as error:
        raise from_rpc(error) from None


def _not_written(file: Path, error: OSError) -> ClientError:
    if error.errno == errno.ENOSPC:
        look = Next(("df", "-h", str(file.parent)), "shows how full that file system is")
    else:
        look = Next(("ls", "-ld", str(file.parent), str(file)), "shows what is there, and whose it is")
    return ClientError(ExitCode.FAILED, "file_not_written", f"{file} was not written: {error.strerror}.", (look,))
