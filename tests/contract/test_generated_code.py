"""The committed code of the wire format is what the pinned generator makes of the .proto file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROTO = Path(__file__).resolve().parents[2] / "proto"
_INSTALL_AND_GENERATE_S = 300


@pytest.mark.timeout(_INSTALL_AND_GENERATE_S)
def test_the_committed_protobuf_code_is_what_the_generator_makes(tmp_path: Path) -> None:
    finished = subprocess.run(
        ["sh", str(PROTO / "generate.sh"), str(tmp_path)],  # noqa: S607 (a shell is on every path)
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, (
        "proto/generate.sh failed, so nothing is known about the generated code; where its tools could not be "
        f"installed, let pip reach a package index and try again:\n{finished.stderr}"
    )

    assert _generated(tmp_path) == _generated(PROTO), "run proto/generate.sh and commit what it makes"


def _generated(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in sorted(root.rglob("*_pb2*.py*"))
        if path.suffix != ".pyc"
    }
