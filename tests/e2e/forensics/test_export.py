"""``export`` and ``open``: what is in the file, who may read it, and what of it is believed."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard

from support.exported_reader import Reader
from support.past_of_a_stack import WEB

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.past_of_a_stack import PastOfAStack

pytestmark = pytest.mark.timeout(600)  # the first one waits for three releases


@pytest.fixture(scope="module", name="exported")
def _exported(past: PastOfAStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("export") / "prod.released"
    past.client("export", str(file))
    return file


@pytest.fixture(scope="module", name="reader")
def _reader(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(exported, tmp_path_factory.mktemp("home"))


# --- the file ----------------------------------------------------------------------------------------------------


def test_a_ticket_alone_takes_no_other_along(past: PastOfAStack, tmp_path: Path) -> None:
    past.client("export", WEB, str(tmp_path / "one.released"))
    reader = Reader(tmp_path / "one.released", tmp_path)
    assert [one["ticket"] for one in reader.document("list")["releases"]] == [WEB]
    assert reader.document("diagnose", WEB)["kind"] == "released"


def test_only_its_owner_may_read_it_and_it_replaces_nothing(past: PastOfAStack, exported: Path) -> None:
    before = exported.read_bytes()
    assert exported.stat().st_mode & 0o777 == 0o600
    assert "File exists" in past.client("export", str(exported), code=1).stderr
    assert exported.read_bytes() == before


@pytest.mark.parametrize("typed", [(), ("status",), ("--", "status")], ids=" ".join)
def test_without_a_command_it_shows_how_the_environment_stood(reader: Reader, typed: tuple[str, ...]) -> None:
    told = reader.ask(*typed).stdout
    assert told.startswith("released is read-only: this is a copy of the record of prod out of prod.released, made at ")


@pytest.mark.parametrize("typed", ["run 1303", "resume 1302", "drift", "doctor", "services logs web"])
def test_what_needs_a_host_or_changes_something_is_refused(reader: Reader, typed: str) -> None:
    assert "this is a copy of the record of prod" in reader.ask(*typed.split(), code=3).stderr


def test_no_secret_is_in_it(past: PastOfAStack, exported: Path) -> None:
    content = zstandard.ZstdDecompressor().stream_reader(exported.read_bytes()).read()
    assert past.stack.secret.encode() not in content
    assert b"1302-move.sh" in content


# --- a file that somebody signed ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="signed")
def _signed(past: PastOfAStack, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Give the reader of an export that mara signed; ``allowed`` beside it says that she may, ``others`` who else."""
    home = tmp_path_factory.mktemp("signed")
    for name in ("mara", "olu"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(home / name)]
        subprocess.run(keygen, check=True)
    for allowed, name in (("allowed", "mara"), ("others", "olu")):
        key = (home / f"{name}.pub").read_text()
        (home / allowed).write_text(f'{name}@example.org namespaces="released-export" {key}')
    file = home / "prod.released"
    told = past.client("export", "--sign", str(home / "mara"), str(file)).stderr
    assert f"Signed in {file}.sig." in told
    return Reader(file, home)


def test_a_file_is_opened_where_one_of_the_allowed_signed_it(signed: Reader) -> None:
    told = signed.ask("list", signers=signed.home / "allowed")
    assert told.stderr == "Signed by mara@example.org.\n"
    assert WEB in told.stdout


def test_a_file_that_somebody_else_signed_is_not_opened(signed: Reader) -> None:
    refused = signed.ask("list", signers=signed.home / "others", code=1)
    assert "prod.released is signed by nobody in " in refused.stderr
    assert refused.stdout == ""


def test_a_signed_file_that_was_changed_is_not_opened(signed: Reader, tmp_path: Path) -> None:
    changed = tmp_path / "prod.released"
    changed.write_bytes(signed.file.read_bytes() + b"x")
    (tmp_path / "prod.released.sig").write_bytes(Path(f"{signed.file}.sig").read_bytes())

    refused = Reader(changed, tmp_path).ask("list", signers=signed.home / "allowed", code=1)

    assert "prod.released is not what mara@example.org signed" in refused.stderr


def test_a_file_without_a_signature_is_not_opened_where_one_is_wanted(signed: Reader, exported: Path) -> None:
    reader = Reader(exported, signed.home)
    assert "is signed by nobody in " in reader.ask(signers=signed.home / "allowed", code=1).stderr


def test_an_export_that_could_not_be_signed_is_told(past: PastOfAStack, tmp_path: Path) -> None:
    file = tmp_path / "prod.released"
    told = past.client("export", "--sign", str(tmp_path / "no-key"), str(file), code=1).stderr
    assert "was written, and not signed: " in told


# --- a file that somebody changed --------------------------------------------------------------------------------


def repacked(exported: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write the export again with something changed in its files, which are given by name in their order."""
    content = zstandard.ZstdDecompressor().stream_reader(exported.read_bytes()).read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr] # all are files
    change(files)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    target.write_bytes(zstandard.ZstdCompressor().compress(packed.getvalue()))


def edit_an_event(files: dict[str, bytes]) -> None:
    """Change who did something."""
    files["events.jsonl"] = files["events.jsonl"].replace(b"pages are slow", b"pages are fast")


def edit_an_event_and_the_manifest(files: dict[str, bytes]) -> None:
    """Change it, and make the manifest fit."""
    import hashlib  # noqa: PLC0415 (only here)

    edit_an_event(files)
    told = json.loads(files["manifest.json"])
    told["files"]["events.jsonl"]["sha256"] = hashlib.sha256(files["events.jsonl"]).hexdigest()
    files["manifest.json"] = json.dumps(told).encode()


def lead_out(files: dict[str, bytes]) -> None:
    """Name a file that would lie elsewhere."""
    told = json.loads(files["manifest.json"])
    told["files"]["outputs/../../evil"] = {"bytes": 1, "sha256": "0" * 64}
    files["manifest.json"] = json.dumps(told).encode()


def drop_an_output(files: dict[str, bytes]) -> None:
    """Leave a file out."""
    files.popitem()


def add_a_file(files: dict[str, bytes]) -> None:
    """Put a file in that nobody listed."""
    files["outputs/1301/1/more/1/output"] = b"x"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (edit_an_event, "events.jsonl is not what was written"),
        (edit_an_event_and_the_manifest, "is not the one that was recorded there"),
        (lead_out, "its manifest names 'outputs/../../evil', which no export has"),
        (drop_an_output, "is missing"),
        (add_a_file, "'outputs/1301/1/more/1/output' is not in its manifest like that"),
    ],
    ids=lambda change: getattr(change, "__name__", ""),
)
def test_a_file_that_was_changed_is_not_opened(
    exported: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], told: str
) -> None:
    repacked(exported, tmp_path / "changed.released", change)
    refused = Reader(tmp_path / "changed.released", tmp_path).ask(code=1)
    assert "changed.released is no export of released, or was changed: " in refused.stderr
    assert told in refused.stderr


def test_what_is_no_export_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "any").write_bytes(b"no archive")
    assert "any is no export of released" in Reader(tmp_path / "any", tmp_path).ask(code=1).stderr


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    assert "cannot be opened: No such file" in Reader(tmp_path / "missing", tmp_path).ask(code=1).stderr
