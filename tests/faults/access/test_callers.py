"""Who may call, and who the record says it was: asked of the kernel for each connection."""

from __future__ import annotations

import grp
import json
import os
import socket
import sqlite3
import stat
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
import yaml

from releasepb.v1 import releases_pb2 as pb
from releasepb.v1 import releases_pb2_grpc as rpc
from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S
from support.other_user import NOBODY, acting_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.evidence import Evidence

GROUP_NAME = "games"
"""Any group of the host that the daemon's user is not in."""
REQUEST = "another-user"


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    """Give an environment whose socket belongs to a group, in a folder that everybody may enter."""
    environment = BareEnvironment(tmp_path_factory.mktemp("served"))
    document = yaml.safe_load(environment.config.read_text())
    document["listen"] = [{"address": environment.address, "group": GROUP_NAME}]
    environment.config.write_text(yaml.safe_dump(document))
    with environment:
        environment.runtime.chmod(0o755)
        yield environment


@contextmanager
def _channel(environment: BareEnvironment, uid: int, gid: int) -> Iterator[grpc.Channel]:
    """Connect as another user; the channel stays that user's."""
    with grpc.insecure_channel(environment.address.replace("unix://", "unix:")) as channel:
        with acting_as(uid, gid):
            grpc.channel_ready_future(channel).result(PATIENCE_S)
        yield channel


def _connect(place: Path, uid: int, gid: int) -> None:
    with acting_as(uid, gid), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(place))


def _callers(environment: BareEnvironment) -> list[tuple[str, int]]:
    """List the types of all events on record, and the uid of whoever caused each."""
    database = environment.config.with_name("state") / "released.db"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        rows = opened.execute("SELECT type, actor FROM events ORDER BY position").fetchall()
    return [(kind, json.loads(actor)["uid"]) for kind, actor in rows]


@pytest.mark.parametrize("group", ["nogroup", "users"])
def test_who_is_not_in_the_group_of_the_socket_cannot_connect(
    served: BareEnvironment, group: str, evidence: Evidence
) -> None:
    """Row 45: another user, in no group or in a wrong one, in a folder that he may enter."""
    place = served.runtime / "released.sock"

    with pytest.raises(PermissionError):
        _connect(place, NOBODY, grp.getgrnam(group).gr_gid)

    assert stat.S_IMODE(place.stat().st_mode) == 0o660
    evidence.fired()


def test_who_may_use_the_socket_cannot_reach_the_one_behind_it(served: BareEnvironment, evidence: Evidence) -> None:
    """Row 46: the private socket, where a caller could say that he is somebody else."""
    private = served.runtime / "released.sock.in" / "s"

    with pytest.raises(PermissionError):
        _connect(private, NOBODY, grp.getgrnam(GROUP_NAME).gr_gid)

    assert stat.S_ISSOCK(private.stat().st_mode)
    evidence.fired()


def test_each_call_stands_on_record_with_the_user_whom_the_kernel_names(
    served: BareEnvironment, evidence: Evidence
) -> None:
    """Row 46: another user, whom gRPC's own local credentials would not tell from root."""
    before = len(_callers(served))
    with _channel(served, NOBODY, grp.getgrnam(GROUP_NAME).gr_gid) as channel:
        releases, environments = rpc.ReleasesStub(channel), rpc.EnvironmentsStub(channel)
        environments.Hold(pb.HoldRequest(reason="mine", request_id=REQUEST))
        environments.Unhold(pb.UnholdRequest(request_id=f"{REQUEST}-2"))
        with pytest.raises(grpc.RpcError, match="up-to-date"):
            releases.Run(pb.RunRequest(ticket="1", request_id=f"{REQUEST}-3"))
    served.client("hold", "--reason", "ours")

    recorded = _callers(served)[before:]

    assert recorded == [
        *(("held", NOBODY), ("unheld", NOBODY), ("refused", NOBODY)),
        ("held", os.geteuid()),
    ]
    evidence.fired(3)
