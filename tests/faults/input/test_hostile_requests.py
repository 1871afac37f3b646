"""Every text of every method filled with what a shell, a path, git or a terminal could take for more than a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from released.api.services import METHODS
from support.bare_environment import BareEnvironment
from support.daemon_process import PATIENCE_S
from support.every_method import ask, request_with, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from google.protobuf.descriptor import MethodDescriptor

    from support.every_method import Place
    from support.evidence import Evidence

REFUSED = frozenset({grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION})
_FREE = frozenset({"reason", "text", "content", "key", "value", "by", "code"})
"""What a person may write as he likes, or is only compared with what is on record."""
_OF_ITS_WRITER = ("files", "name")
"""How the client calls a file of its own; it only comes back."""
_UNUSED = ("MatchPlaybooks", "request_id")
"""It only counts where detection commands are to run."""

WORST = (
    "../../$(touch {canary})\n",
    "--upload-pack=touch {canary}",
    "a\0\u202e;`touch {canary}`" + "x" * 300,
)
OTHERS = (
    *("/etc/passwd", "-rf", ".", "a\n", "\na", "a\r", "a b", "a/"),
    *("a;touch {canary}", "`touch {canary}`", "--output={canary}", "-c", "ext::touch% {canary}", "@{{1}}", ":/"),
    *("\u0442\u0438\u043a\u0435\u0442", "\u202e", "\x1b[31m", "\x7f", "a" * 100_000, "{{0.__class__}}", "%s%n"),
)
MALFORMED = (b"\x0a\x02\xff\xfe", b"\xff\xff\xff", b"\x0a\x7fa")
"""A text that is no UTF-8, no message at all, and one that breaks off."""


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareEnvironment]:
    with BareEnvironment(tmp_path_factory.mktemp("served")) as environment:
        yield environment


@pytest.fixture(name="canary")
def _canary(served: BareEnvironment, tmp_path: Path) -> Iterator[Path]:
    """Give a file that no command may make; the daemon lives on, and met nothing unforeseen."""
    canary = tmp_path / "ran"
    yield canary
    assert not canary.exists()
    assert served.daemon.process.poll() is None
    assert "Traceback" not in served.daemon.log


@pytest.fixture(scope="module", name="channel")
def _channel(served: BareEnvironment) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(served.address.replace("unix://", "unix:")) as channel:
        yield channel


def _is_free(method: MethodDescriptor, place: Place) -> bool:
    return place[-1] in _FREE or place == _OF_ITS_WRITER or (method.name, *place) == _UNUSED


def _asked(channel: grpc.Channel, method: MethodDescriptor, place: Place, text: str) -> str:
    """Ask; gives nothing where it was refused, or answered where it may be, and else what was told."""
    request = request_with(method, place, text).SerializeToString()
    code, told = ask(channel, method, request, PATIENCE_S)
    fine = code in REFUSED or (code is grpc.StatusCode.OK and _is_free(method, place))
    return "" if fine else f"{method.name} {place} {text!r}: {code} {told}"


@pytest.mark.parametrize(
    "method", [method for method in METHODS if any(texts(method.input_type))], ids=lambda method: method.name
)
@pytest.mark.parametrize("inputs", [WORST, pytest.param(OTHERS, marks=pytest.mark.tier1)], ids=["worst", "others"])
def test_a_text_that_could_be_more_than_a_name_is_refused(
    channel: grpc.Channel, canary: Path, method: MethodDescriptor, inputs: tuple[str, ...], evidence: Evidence
) -> None:
    """Row 49: paths, options, shell text, control characters, other scripts, and far too much of it."""
    tried = [(place, text.format(canary=canary)) for place in texts(method.input_type) for text in inputs]

    told = [_asked(channel, method, place, text) for place, text in tried]

    evidence.fired(len(told))
    evidence.add(hostile_requests=len(told), commands_run=int(canary.exists()))
    assert list(filter(None, told)) == []


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.usefixtures("canary")
def test_what_is_no_message_is_refused(channel: grpc.Channel, method: MethodDescriptor, evidence: Evidence) -> None:
    """Row 49: bytes that are no message, or hold a text that is none."""
    sent = [raw for raw in MALFORMED if raw != MALFORMED[0] or _begins_with_text(method)]

    codes = {ask(channel, method, raw, PATIENCE_S)[0] for raw in sent}

    assert codes == {grpc.StatusCode.INVALID_ARGUMENT}
    evidence.fired(len(sent))
    evidence.add(hostile_requests=len(sent))


def _begins_with_text(method: MethodDescriptor) -> bool:
    first = method.input_type.fields_by_number.get(1)
    return first is not None and first.type in (first.TYPE_STRING, first.TYPE_MESSAGE)


@pytest.mark.tier1
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.usefixtures("canary")
def test_whatever_a_text_holds_the_daemon_answers(
    channel: grpc.Channel, method: MethodDescriptor, evidence: Evidence
) -> None:
    """Row 49: any text in any place of a request, and any bytes instead of one."""
    places = tuple(texts(method.input_type))
    answered = {*REFUSED, grpc.StatusCode.OK}
    tried = 0

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        nonlocal tried
        tried += 1
        raw = data.draw(st.binary(max_size=200))
        if data.draw(st.booleans()) and places:
            place, text = data.draw(st.sampled_from(places)), data.draw(st.text(max_size=400))
            raw = request_with(method, place, text).SerializeToString()
        code, told = ask(channel, method, raw, PATIENCE_S)
        assert code in answered, told

    try_one()
    evidence.fired(tried)
    evidence.add(hostile_requests=tried)
