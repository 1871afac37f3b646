"""The output of a step that runs inside the daemon: masked, capped, indexed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from released.store.outputs import OutputWriter, Written, index_path, read_output, tail


def _plain(text: str) -> str:
    return text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "output"


def _write(path: Path, *texts: str, cap_bytes: int = 1000) -> Written:
    writer = OutputWriter(path, _plain, cap_bytes)
    for text in texts:
        writer.write(text)
    return writer.close()


def test_what_was_written_can_be_read(path: Path) -> None:
    _write(path, "one\ntwo\n", "three")
    assert read_output(path, 0, 100) == b"one\ntwo\nthree"


def test_a_part_can_be_read(path: Path) -> None:
    _write(path, "one\ntwo\n")
    assert read_output(path, 4, 3) == b"two"


def test_its_size_and_hash_are_those_of_the_file(path: Path) -> None:
    written = _write(path, "one\n", "zwölf\n")
    content = path.read_bytes()
    assert written == (len(content), hashlib.sha256(content).hexdigest())


def test_its_files_are_for_their_owner_alone(path: Path) -> None:
    _write(path, "one\n")
    assert [file.stat().st_mode & 0o777 for file in (path, index_path(path))] == [0o600, 0o600]


def test_the_index_says_where_the_first_chunk_begins(path: Path) -> None:
    _write(path, "one\n")
    entry = json.loads(index_path(path).read_text().splitlines()[0])
    assert (entry["offset"], entry["line"], sorted(entry)) == (0, 1, ["at", "line", "offset"])


def test_a_secret_that_arrives_in_two_parts_is_masked(path: Path) -> None:
    writer = OutputWriter(path, lambda text: text.replace("hunter22", "***"))
    writer.write("password: hun")
    writer.write("ter22\n")
    writer.close()
    assert path.read_bytes() == b"password: ***\n"


def test_the_cap_cuts_with_a_line_that_says_so(path: Path) -> None:
    _write(path, "12345\n", "67890\n", "never\n", cap_bytes=10)
    assert path.read_text() == "12345\n6789\n[released: output cut at 10 bytes]\n"


def test_the_cap_in_force_is_named_in_mebibytes(path: Path) -> None:
    _write(path, "x" * 1024 * 1024 + "\n", cap_bytes=1024 * 1024)
    assert tail(path, 32).splitlines()[-1] == "[released: output cut at 1 MiB]"[-32:]


def test_output_up_to_the_cap_is_not_cut(path: Path) -> None:
    _write(path, "12345\n", "6789\n", cap_bytes=11)
    assert path.read_text() == "12345\n6789\n"


def test_the_tail_is_text_even_where_it_begins_in_the_middle_of_a_character(path: Path) -> None:
    _write(path, "zwölf\n")
    assert tail(path, 4) == "\ufffdlf\n"


@pytest.mark.parametrize(("max_bytes", "expected"), [(7, "end\n"), (8, "the\nend\n"), (11, "the\nend\n")])
def test_the_tail_of_several_lines_begins_with_a_whole_one(path: Path, max_bytes: int, expected: str) -> None:
    _write(path, "password=hunter22\nthe\nend\n")
    assert tail(path, max_bytes) == expected


def test_nothing_is_read_where_nothing_was_printed_yet(path: Path) -> None:
    assert (read_output(path, 0, 10), tail(path)) == (b"", "")


def test_the_output_of_another_attempt_is_not_overwritten(path: Path) -> None:
    _write(path, "one\n")
    with pytest.raises(FileExistsError):
        OutputWriter(path, _plain)
