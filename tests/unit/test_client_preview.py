"""What a run or a revert would do, as people read it before they say yes."""

from __future__ import annotations

import copy
import datetime as dt
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from google.protobuf.descriptor import FieldDescriptor
from rich.cells import cell_len

from releasectl.settings import Settings
from releasectl.text import tables
from releasectl.views.preview import print_revert, print_run
from releasepb.v1 import releases_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

HASH = "0123456789abcdef"
SUBJECT = "Wiki to 2.5.300, with the new search, the new editor and a great many other things that matter"
Preview = pb.RunPreview | pb.RevertPreview
Draw = Callable[[Preview, int], list[str]]


@pytest.fixture(name="drawn")
def _drawn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Draw:
    """Print a preview on a terminal of so many columns."""

    def draw(preview: Preview, columns: int) -> list[str]:
        monkeypatch.setattr(tables, "width", lambda _: columns)
        if isinstance(preview, pb.RunPreview):
            print_run(preview, Settings(no_color=True))
        else:
            print_revert(preview, Settings(no_color=True))
        return capsys.readouterr().out.splitlines()

    return draw


def run_preview() -> pb.RunPreview:
    preview = pb.RunPreview(
        environment="prod",
        ticket="1234",
        base_sha="a" * 40,
        merge_sha="b" * 40,
        plan_hash=HASH,
        warnings=["old is gone"],
    )
    preview.commits.add(sha="1" * 40, subject=SUBJECT, author="Anna")
    preview.paths.add(path="packages/wiki/manifest.yaml", services=["wiki"], rule="packages/<svc>/")
    preview.paths.add(path="docs/a.md", rule="docs affect nothing")
    wiki = preview.services.add(
        name="wiki", image="wiki:2.5.300", backups=["volume", "config"], backup_bytes=987_654_321
    )
    wiki.containers.add(name="prod-wiki", state="running", health="healthy", image="wiki:2.5.299")
    preview.scripts.add(path="releases/1234-users.sh", blob="d" * 40, repeatable=True)
    preview.phases.add(phase="prepare", steps=["wiki.backup", "checkout.fast-forward"], median_s=12.0)
    preview.phases.add(phase="ticket")
    preview.overrides.add(kind="base", detail="changes are counted from aaaaaaaaaaaa", reason="pulled by hand")
    return preview


def revert_preview() -> pb.RevertPreview:
    preview = pb.RevertPreview(
        environment="prod",
        ticket="1234",
        run=1,
        head_sha="b" * 40,
        target_sha="a" * 40,
        plan_hash=HASH,
        warnings=["wiki: prod-wiki-search did not exist before and goes; its volumes stay"],
    )
    preview.commits.add(sha="1" * 40, subject=SUBJECT, author="Anna")
    wiki = preview.services.add(name="wiki", stateful=True, data="restored", backup="20260518_153012")
    wiki.backup_bytes, wiki.present_bytes = 123_456_789, 987_654_321
    wiki.backed_up_at.FromDatetime(dt.datetime.now(dt.UTC) - dt.timedelta(hours=2))
    wiki.images.add(container="prod-wiki", reference="registry.example.org/requarks/wiki:2.5.299")
    why = "stateful: restored only with --with-data redmine"
    preview.services.add(name="redmine", stateful=True, data="kept", data_reason=why, backup="20260518_153015")
    preview.services.add(name="search", removed=True, data="none", data_reason="nothing was saved before")
    return preview


# --- a run -------------------------------------------------------------------------------------------------------


def test_the_plan_of_a_run_on_a_wide_terminal(drawn: Draw) -> None:
    assert drawn(run_preview(), 200) == [
        "plan for ticket 1234",
        "  environment    prod",
        "  commits        aaaaaaaaaa → bbbbbbbbbb, 1",
        "  services       wiki",
        "  usually takes  12s",
        "  overridden     changes are counted from aaaaaaaaaaaa: pulled by hand",
        "  warning        old is gone",
        f"  hash           {HASH}",
        "",
        "commits",
        f"  1111111111 {SUBJECT} (Anna)",
        "",
        "changed paths",
        "  packages/wiki/manifest.yaml  → wiki  packages/<svc>/",
        "  docs/a.md  → no service  docs affect nothing",
        "",
        "services, as they run now",
        "  wiki  → wiki:2.5.300  (backup: volume, config, 987.7 MB now)",
        "    prod-wiki  healthy  wiki:2.5.299",
        "",
        "scripts of the ticket",
        "  releases/1234-users.sh  dddddddddd  repeatable",
        "",
        "prepare  (usually 12s)",
        "  wiki.backup",
        "  checkout.fast-forward",
        "",
        "ticket",
        "  nothing, so it is skipped",
    ]


def test_a_run_without_anything_to_do_says_so(drawn: Draw) -> None:
    lines = drawn(pb.RunPreview(ticket="1234", nothing_to_do=True), 80)
    assert "  nothing to do: no service is affected and the ticket has no script" in lines


def test_of_many_commits_the_newest_are_shown_and_the_others_counted(drawn: Draw) -> None:
    preview = pb.RunPreview(ticket="1234", commits=[pb.Commit(sha=f"{n:040}", subject=f"no {n}") for n in range(23)])
    lines = drawn(preview, 80)
    assert [line for line in lines if " no " in line][-1].split()[2] == "19"
    assert lines[-1] == "  and 3 more"


# --- a revert ----------------------------------------------------------------------------------------------------


def test_the_plan_of_a_revert_on_a_wide_terminal(drawn: Draw) -> None:
    lines = [" ".join(line.split()) for line in drawn(revert_preview(), 200) if line and "data loss" not in line]
    assert lines == [
        "taking run 1 of ticket 1234 back",
        "environment prod",
        "code bbbbbbbbbb → the tree of aaaaaaaaaa, by one new commit",
        "warning wiki: prod-wiki-search did not exist before and goes; its volumes stay",
        f"hash {HASH}",
        "taken back",
        f"1111111111 {SUBJECT} (Anna)",
        "SERVICE IMAGE DATA BACKUP",
        "wiki registry.example.org/requarks/wiki:2.5.299 restored 20260518_153012 123.5 MB",
        "redmine stays kept stateful: restored only with --with-data redmine 20260518_153015",
        "search goes none nothing was saved before -",
    ]


def test_the_window_of_lost_writes_is_named_with_its_age_and_size(drawn: Draw) -> None:
    (loss,) = (line for line in drawn(revert_preview(), 200) if "data loss" in line)
    assert " wiki: everything written since 20" in loss
    assert "Z (2h00m ago); its volumes hold 987.7 MB now" in loss


def test_where_no_data_is_restored_none_is_lost(drawn: Draw) -> None:
    preview = revert_preview()
    del preview.services[0]
    assert not [line for line in drawn(preview, 200) if "data loss" in line]


def test_a_revert_that_leaves_the_code_says_where_it_stays(drawn: Draw) -> None:
    preview = revert_preview()
    preview.target_sha = ""
    assert drawn(preview, 200)[2] == "  code         stays at bbbbbbbbbb"


def test_a_revert_of_a_revert_says_so(drawn: Draw) -> None:
    assert drawn(pb.RevertPreview(ticket="1234", run=1, undoes_revert=True), 80)[0] == (
        "taking revert of ticket 1234 back"
    )


def test_on_a_narrow_terminal_nothing_that_decides_is_cut(drawn: Draw) -> None:
    text = " ".join(word for line in drawn(revert_preview(), 80) for word in line.split())
    assert "…" not in text
    assert "--with-data redmine" in text


# --- both --------------------------------------------------------------------------------------------------------

PREVIEWS = pytest.mark.parametrize("preview", [run_preview(), revert_preview()], ids=["run", "revert"])


@PREVIEWS
@pytest.mark.parametrize("columns", [80, 200])
def test_no_line_is_wider_than_the_terminal(drawn: Draw, preview: Preview, columns: int) -> None:
    assert max(cell_len(line) for line in drawn(preview, columns)) <= columns


@PREVIEWS
def test_what_is_folded_stays_below_its_section(drawn: Draw, preview: Preview) -> None:
    lines = drawn(preview, 80)
    folded = next(number for number, line in enumerate(lines) if "1111111111" in line) + 1
    assert lines[folded].startswith("  many other things")


HOSTILE = "x\x1b[2J\x9b31m\x07\r\nforged \u202e\u2028\x00\x08[bold]y[/bold]"


@PREVIEWS
def test_no_text_of_a_plan_steers_the_terminal(drawn: Draw, preview: Preview) -> None:
    shown = drawn(spoilt(preview, HOSTILE), 1000)
    assert {letter for line in shown for letter in line if unicodedata.category(letter) in ("Cc", "Cf", "Zl")} == set()
    assert any("[bold]y[/bold]" in line for line in shown)


@PREVIEWS
def test_no_text_of_a_plan_forges_a_line(drawn: Draw, preview: Preview) -> None:
    assert len(drawn(spoilt(preview, HOSTILE), 1000)) == len(drawn(spoilt(preview, "x"), 1000))


def spoilt(preview: Preview, text: str) -> Preview:
    """Copy a preview with another text in every place of it that takes one."""
    copied = copy.deepcopy(preview)
    _spoil(copied, text)
    return copied


def _spoil(message: Message, text: str) -> None:
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if isinstance(value, str):
            setattr(message, field.name, text)
        elif field.type == FieldDescriptor.TYPE_STRING:
            value[:] = [text]
        elif field.message_type and field.message_type.name != "Timestamp":
            for one in value:
                _spoil(one, text)
