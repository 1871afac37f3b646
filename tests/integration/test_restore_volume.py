"""A volume comes back from its backup to the last byte, also after a crash, or is left as it is."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from released.adapters.backups.sets import BackupFile, open_tar, set_directory, write_volume
from released.adapters.docker.engine import DockerEngine
from released.adapters.docker.restoring import VolumeFacts
from released.adapters.docker.volumes import HELPER_LABEL
from released.domain.errors import Refused, StepFailed
from support import doomed_restore
from support.docker_stack import ENGINE_URL, DockerStack, docker_stack
from support.tars import Member, hard_link, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILL = r"""
cd /v
echo one > plain; ln plain hard; ln -s plain soft; ln -s /etc/passwd outside; ln -s ../../../../etc/shadow up
echo dash > -rf; echo odd > '  odd ünïcode "$x".txt '; echo feed > "$(printf 'new\nline')"; echo f > "$(printf 'ä\nb')"
echo byte > "$(printf 'bad\377\376')"; echo white > .wh.plain; echo opaque > .wh..wh..opq
n=$(head -c 250 /dev/zero | tr '\0' n); mkdir -p $n/$n/$n; echo deep > $n/$n/$n/$n; ln $n/$n/$n/$n z-linked
mkdir empty sticky private; chmod 1777 sticky; chmod 0700 private; chown 1234:5678 private
mkfifo pipe; mknod null c 1 3; mknod loop b 7 200
: > suid; chown 4:5 suid; chmod 6755 suid; : > key; chmod 0 key
echo > far; chown 4000000:3000000 far; head -c 3000000 /dev/urandom > large
touch -d '2001-02-03 04:05:06' plain empty; touch -h -d '2002-03-04 05:06:07' soft; touch -d '2040-01-01' far
chown 33:44 .; chmod 1770 .; touch -d '2010-02-03 04:05:06' .
"""
SPOIL = r"""
cd /v
rm -rf ./* .wh*; mkdir plain; echo else > hard; ln -s /etc soft; mkfifo empty; echo new > added
chown 0:0 .; chmod 777 .
"""
EMPTY = "cd /v; rm -rf ./*; chmod 750 .; chown 7:8 ."


@dataclass(frozen=True)
class Scene:
    """A volume with labels, and an engine to restore it."""

    stack: DockerStack
    engine: DockerEngine
    image: str
    volume: str
    labels: dict[str, str]
    set_dir: Path

    def change(self, script: str) -> None:
        """Run a script that has the volume at ``/v``."""
        self.stack.run_to_end(script, volumes={self.volume: "/v"})

    def save(self) -> BackupFile:
        """Back the volume up."""
        return write_volume(self.set_dir, self.volume, self.engine.read_volume(self.volume, self.image))

    def content(self) -> bytes:
        """Give all that the engine tells of the volume's content."""
        return b"".join(self.engine.read_volume(self.volume, self.image))

    def facts(self) -> VolumeFacts:
        """Describe the volume."""
        facts = self.engine.describe_volume(self.volume)
        assert facts is not None
        return facts

    def restore(self, archive: BackupFile | bytes, facts: VolumeFacts | None = None) -> None:
        """Restore the volume from a backup or a plain tar archive."""
        chunks = partial(open_tar, self.set_dir, archive) if isinstance(archive, BackupFile) else lambda: [archive]
        self.engine.restore_volume(facts or self.facts(), self.image, chunks)


@pytest.fixture(scope="module", autouse=True)
def warm_build_cache() -> Iterator[None]:
    with docker_stack() as kept:
        kept.image()
        yield


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    with docker_stack() as stack:
        engine = DockerEngine(ENGINE_URL, stack.prefix)
        image = engine.image_id(stack.image())
        assert image
        labels = {"com.docker.compose.project": stack.prefix, "team": "ops: a=b", "released.test": stack.prefix}
        volume = stack.volume(f"{stack.prefix}-data", labels)
        set_dir = set_directory(tmp_path, "prod", "wiki", "20260518_153012")
        yield Scene(stack, engine, image, volume, labels, set_dir)
        engine.close()


# What comes back


@pytest.mark.parametrize("spoil", [SPOIL, "rm -rf /v/*", ":"], ids=["all changed", "emptied", "nothing changed"])
def test_a_volume_comes_back_to_the_last_byte(scene: Scene, spoil: str) -> None:
    scene.change(FILL)
    saved, before = scene.save(), scene.content()
    scene.change(spoil)
    scene.restore(saved)
    assert scene.content() == before


def test_an_empty_volume_comes_back_empty_with_mode_and_owner(scene: Scene) -> None:
    scene.change(EMPTY)
    saved, before = scene.save(), scene.content()
    scene.change(FILL)
    scene.restore(saved)
    assert scene.content() == before


def test_a_restored_volume_has_its_labels_and_leaves_no_helper(scene: Scene) -> None:
    saved = scene.save()
    scene.restore(saved)
    assert scene.stack.api.inspect_volume(scene.volume)["Labels"] == scene.labels
    assert scene.stack.api.containers(all=True, filters={"label": [HELPER_LABEL], "volume": [scene.volume]}) == []


def test_a_time_before_1970_becomes_1970(scene: Scene) -> None:
    scene.change("touch -d '1950-01-01' /v/old; touch -d '2010-01-01' /v")
    scene.restore(scene.save())
    with tarfile.open(fileobj=io.BytesIO(scene.content())) as tar:
        assert tar.getmember("./old").mtime == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file a capability needs root")
def test_the_capabilities_of_a_program_come_back(scene: Scene) -> None:
    scene.change("echo > /v/ping")
    program = Path(scene.stack.api.inspect_volume(scene.volume)["Mountpoint"], "ping")
    net_raw = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
    os.setxattr(program, "security.capability", net_raw)
    saved = scene.save()
    scene.change("rm /v/ping")
    scene.restore(saved)
    assert os.getxattr(program, "security.capability") == net_raw


# After a crash


def test_a_volume_that_a_crash_left_removed_comes_back_with_its_labels(scene: Scene) -> None:
    scene.change(FILL)
    saved, facts, before = scene.save(), scene.facts(), scene.content()
    scene.stack.api.remove_volume(scene.volume)
    scene.restore(saved, facts)
    assert scene.content() == before
    assert scene.stack.api.inspect_volume(scene.volume)["Labels"] == scene.labels


@pytest.mark.parametrize("given", [0, 2 << 20], ids=["nothing", "much"])
def test_a_restore_that_was_killed_while_it_filled_the_volume_can_be_repeated(
    scene: Scene, tmp_path: Path, given: int
) -> None:
    scene.change(FILL)
    saved, facts, before = scene.save(), scene.facts(), scene.content()
    plain = tmp_path / "plain.tar"
    plain.write_bytes(b"".join(open_tar(scene.set_dir, saved)))
    arguments = [scene.stack.prefix, scene.image, msgspec.json.encode(facts).decode(), str(plain), str(given)]
    support = Path(doomed_restore.__file__)
    died = subprocess.run(
        [sys.executable, str(support), *arguments], env={"PYTHONPATH": str(support.parents[1])}, check=False
    )
    assert died.returncode == -signal.SIGKILL
    scene.restore(saved, facts)
    assert scene.content() == before
    assert scene.engine.remove_helpers() == 0


# What is refused, and changes nothing


def test_a_volume_that_containers_have_is_refused_and_they_are_named(scene: Scene) -> None:
    scene.change(FILL)
    saved, before = scene.save(), scene.content()
    scene.stack.run(scene.stack.image(), name="web", volumes={scene.volume: "/data"})
    stopped = scene.stack.run(scene.stack.image(), name="cron", volumes={scene.volume: "/data"})
    scene.engine.stop(stopped)
    with pytest.raises(Refused, match=rf"{scene.stack.prefix}-cron, {scene.stack.prefix}-web") as refused:
        scene.restore(saved)
    assert refused.value.code == "volume_in_use"
    assert scene.content() == before


def test_a_volume_that_is_kept_elsewhere_is_refused_without_the_values_of_its_options(scene: Scene) -> None:
    with pytest.raises(Refused, match="options device, o, type") as refused:
        scene.engine.describe_volume(_on_another_host(scene))
    assert refused.value.code == "volume_not_ours"
    assert "canary" not in refused.value.message
    assert "tar -xp" in refused.value.message


def test_a_volume_that_has_come_to_be_kept_elsewhere_is_not_removed(scene: Scene) -> None:
    name = _on_another_host(scene)
    with pytest.raises(Refused) as refused:
        scene.restore(pack(), VolumeFacts(name))
    assert refused.value.code == "volume_not_ours"
    assert scene.engine.find_volume("", name) == name


def _on_another_host(scene: Scene) -> str:
    options = {"type": "cifs", "device": "//nas/wiki", "o": "username=wiki,password=canary"}
    name = f"{scene.stack.prefix}-nas"
    scene.stack.api.create_volume(name, driver_opts=options, labels={"released.test": scene.stack.prefix})
    return name


def test_an_archive_that_leads_outside_is_refused_and_the_volume_stays(scene: Scene) -> None:
    scene.change("echo mine > /v/mine")
    before = scene.content()
    with pytest.raises(Refused, match=r"'\.\./x' leads outside") as refused:
        scene.restore(pack(Member("fine"), Member("../x")))
    assert refused.value.code == "archive_unsafe"
    assert scene.content() == before


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [_flip, lambda data: data[:-9]], ids=["a flipped bit", "cut off"])
def test_a_damaged_backup_is_found_before_the_volume_is_touched(scene: Scene, damage: Callable[[bytes], bytes]) -> None:
    scene.change(FILL)
    saved, before = scene.save(), scene.content()
    archive = scene.set_dir / saved.name
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(StepFailed) as failed:
        scene.restore(saved)
    assert failed.value.code == "backup_unreadable"
    assert scene.content() == before


def test_an_archive_that_breaks_off_is_found_before_the_volume_is_touched(scene: Scene) -> None:
    before = scene.content()
    with pytest.raises(StepFailed) as failed:
        scene.restore(pack(Member("x"))[:600])
    assert failed.value.code == "backup_unreadable"
    assert scene.content() == before


def test_an_image_that_is_gone_is_found_before_the_volume_is_touched(scene: Scene) -> None:
    saved, before = scene.save(), scene.content()
    with pytest.raises(StepFailed, match="No such image"):
        scene.engine.restore_volume(scene.facts(), f"sha256:{'0' * 64}", partial(open_tar, scene.set_dir, saved))
    assert scene.content() == before


# What failed


def test_what_the_engine_cannot_unpack_is_told_in_its_own_words(scene: Scene) -> None:
    with pytest.raises(StepFailed, match="no such file") as failed:
        scene.restore(pack(hard_link("hard", "nowhere")))
    assert failed.value.code == "engine_refused"


def test_a_volume_that_does_not_hold_what_was_written_is_found_by_reading_it_back(scene: Scene) -> None:
    archives = iter([pack(Member("a")), pack(Member("a")), pack(Member("b"))])
    with pytest.raises(StepFailed, match="'b' is missing") as failed:
        scene.engine.restore_volume(scene.facts(), scene.image, lambda: [next(archives)])
    assert failed.value.code == "volume_differs"


# What is told of volumes


def test_a_volume_that_is_not_there_is_described_as_none(scene: Scene) -> None:
    assert scene.engine.describe_volume(f"{scene.stack.prefix}-none") is None


def test_the_users_of_a_volume_are_only_those_of_exactly_this_one(scene: Scene) -> None:
    scene.stack.run(scene.stack.image(), name="web", volumes={scene.stack.volume(f"{scene.volume}-2"): "/v"})
    assert scene.engine.volume_users(scene.volume) == ()
    assert scene.engine.volume_users(f"{scene.volume}-2") == (f"{scene.stack.prefix}-web",)


def test_the_size_of_a_volume_is_told_and_an_unknown_one_left_out(scene: Scene) -> None:
    scene.change("head -c 5000 /dev/zero > /v/five")
    assert scene.engine.volume_sizes([scene.volume, f"{scene.stack.prefix}-none"]) == {scene.volume: 5000}
