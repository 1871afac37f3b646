"""What is fitted to a terminal, and what is left as it is."""

from __future__ import annotations

from releasectl.text.terminal import fit, prose

SENTENCE = "The registry did not answer, so nothing was pulled."
PIPE = 1000


def test_a_line_that_is_too_wide_is_cut_with_a_mark() -> None:
    assert fit(SENTENCE, 12) == "The registr…"


def test_a_wide_letter_takes_two_columns() -> None:
    assert fit("日本語", 4) == "日…"


def test_a_sentence_is_broken_between_words() -> None:
    assert prose(SENTENCE, 30) == ["The registry did not answer,", "so nothing was pulled."]


def test_what_is_set_off_is_a_command_or_a_path_and_stays_whole() -> None:
    command = f"  cd {'/very' * 10} && ./script"
    assert prose(f"To reproduce it:\n{command}", 30) == ["To reproduce it:", command]


def test_an_empty_line_stays() -> None:
    assert prose("one\n\ntwo", 30) == ["one", "", "two"]


def test_in_a_pipe_nothing_is_cut_or_broken() -> None:
    long = "word " * 400
    assert (fit(long, PIPE), prose(long, PIPE)) == (long, [long])
