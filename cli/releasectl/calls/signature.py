"""Signs an export, and holds a signature against those who may sign, by OpenSSH: keys and trust are the operator's own.

The signature of ``prod.released`` lies beside it in ``prod.released.sig``.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from releasectl.errors import ClientError, Next
from releasectl.exit_codes import ExitCode
from releasectl.text.sanitize import one_line

_PURPOSE = "released-export"
"""What the key signs for: a signature that was made for something else is none."""


def sign(file: Path, key: Path) -> Path:
    """Sign a file; give the signature's. A passphrase is asked for on the terminal.

    Raises:
        ClientError: the key cannot be used, or ssh-keygen is missing.
    """
    signed = _run("sign", "-q", "-n", _PURPOSE, "-f", str(key), str(file))
    if signed.returncode != 0:
        raise _error("not_signed", f"{file} was written, and not signed: {_complaint(signed)}", file)
    return signature_of(file)


def signer(file: Path, signers: Path, signature: Path) -> str:
    """Name who signed a file.

    Args:
        file: that was signed.
        signers: who may sign, as in ALLOWED SIGNERS of ssh-keygen(1).
        signature: the file with the signature.

    Raises:
        ClientError: nobody of them did, the file was changed since, or ssh-keygen is missing.
    """
    found = _run("find-principals", "-s", str(signature), "-f", str(signers))
    names = found.stdout.splitlines()
    if found.returncode != 0 or not names:
        message = f"{file.name} is signed by nobody in {signers}: {_complaint(found)}"
        raise _error("signature_unknown", message, signature)
    tried = {name: _verified(file, signers, signature, name) for name in names}
    for name, verified in tried.items():
        if verified.returncode == 0:
            return one_line(name)
    first, verified = next(iter(tried.items()))
    message = f"{file.name} is not what {one_line(first)} signed, or not for this purpose: {_complaint(verified)}"
    raise _error("signature_invalid", message, signature)


def _verified(file: Path, signers: Path, signature: Path, name: str) -> subprocess.CompletedProcess[str]:
    options = ("-q", "-n", _PURPOSE, "-f", str(signers), "-I", name, "-s", str(signature))
    with file.open("rb") as content:
        return _run("verify", *options, content=content.fileno())


def signature_of(file: Path) -> Path:
    """Name the file with the signature of another."""
    return file.with_name(f"{file.name}.sig")


def _run(*arguments: str, content: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    command = ["ssh-keygen", "-Y", *arguments]
    try:
        return subprocess.run(command, stdin=content, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        message = "Signatures are made and verified by ssh-keygen, which is not installed here: install OpenSSH."
        raise ClientError(ExitCode.FAILED, "ssh_keygen_missing", message) from None


def _complaint(finished: subprocess.CompletedProcess[str]) -> str:
    return one_line(finished.stderr or finished.stdout).strip() or f"ssh-keygen ended with {finished.returncode}"


def _error(reason: str, message: str, file: Path) -> ClientError:
    return ClientError(ExitCode.FAILED, reason, message, (Next(("ls", "-l", str(file)), "shows whose it is"),))
