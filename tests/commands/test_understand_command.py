"""`understand`: the contract that others rely on, in real processes."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from skill.commands import understand
from skill.errors import InputError
from skill.settings import Settings, Storage
from tests.commands.program import Program, one_sentence

TIERS = ("none", "today", "now", "emergency")


def rows(out: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.decode().splitlines()]


def test_json_lines_in_json_lines_out_in_the_same_order(real: Program) -> None:
    texts = ["i'm bleeding", "how should i sleep", "what is the weather tomorrow", "stop", "i passed out", ""]
    lines = [json.dumps({"text": text, "who": "wife", "labels": ["none"], "n": number}) for number, text in enumerate(texts)]
    done = real.run("understand", stdin="\n".join(lines).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    found = rows(done.stdout)
    assert [row["text"] for row in found] == texts
    assert all(list(row) == ["text", "labels", "tier", "reply"] for row in found)
    assert [row["tier"] for row in found] == ["now", "none", "none", "none", "emergency", "none"]
    assert [row["labels"][:1] for row in found] == [["danger.bleeding"], ["relief.sleep"], [], ["control.stop"], ["danger.faint"], []]
    assert [bool(row["reply"]) for row in found] == [True, True, False, False, True, False]


def test_plain_lines_json_lines_blank_lines_and_odd_ones(quick: Program) -> None:
    given = (
        b"\xef\xbb\xbfi'm bleeding\r\n\r\n   \n"
        b'  {"text": "how should i sleep", "tier": {"a": [1]}}  \n'
        b'{"text": "which\\u0000 shoes"}\n'
        b"[1, 2]\n\"quoted\"\n"
        b'{"text": "caf\xc3\xa9 \xe2\x80\xa8 \\ud83d\\ude00 \\ud800"}\n'
        b'{"text": "twice", "text": "stop"}\n'
        b'\x00\x01\n'
        b"i'm bleeding"
    )  # fmt: skip
    done = quick.run("understand", "-", stdin=given)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [row["text"] for row in rows(done.stdout)] == [
        *("i'm bleeding", "how should i sleep", "which\0 shoes", "[1, 2]", '"quoted"', "caf\xe9 \u2028 \U0001f600 \ud800", "stop"),
        *("\0\1", "i'm bleeding"),
    ]


def test_each_line_is_judged_alone(quick: Program) -> None:
    done = quick.run("understand", stdin=b"i'm bleeding\nyes\nsay that again\nmore\nyes\nno\n?!\n?!\n")
    bleeding, yes, again, more, yes_again, no, *nonsense = rows(done.stdout)
    assert bleeding["tier"] == "now"
    assert yes == yes_again
    assert [row["tier"] for row in (yes, again, more, no)] == ["none"] * 4
    assert again["reply"] != bleeding["reply"]
    assert [row["reply"] for row in nonsense] == ["", ""]


def test_a_file_gives_what_standard_input_gives(quick: Program, tmp_path: Path) -> None:
    given = b'{"text": "i have a fever"}\nwhich shoes\n'
    (tmp_path / "a list.jsonl").write_bytes(given)
    from_file = quick.run("understand", tmp_path / "a list.jsonl")
    assert from_file.returncode == 0
    assert from_file.stdout == quick.run("understand", stdin=given).stdout
    assert len(rows(from_file.stdout)) == 2


def test_an_empty_list_gives_nothing(quick: Program) -> None:
    done = quick.run("understand", stdin=b"\n \n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


BAD_LINES = {
    "latin-1": (b"caf\xe9", "UTF-8"),
    "utf-16": ("i'm bleeding\n".encode("utf-16"), "UTF-8"),
    "truncated": (b'{"text": "i am bl', "JSON"),
    "number": (b'{"text": 5}', '"text" is missing or is not text'),
    "other key": (b'{"txt": "stop"}', '"text" is missing or is not text'),
    "null": (b'{"text": null}', '"text" is missing or is not text'),
    "trailing": (b'{"text": "stop"} and more', "JSON"),
    "long number": (b'{"text": "stop", "n": ' + b"9" * 5_000 + b"}", "JSON"),
    "deep": (b'{"text": ' + b"[" * 200_000, "JSON"),
    "enormous": (b"a" * 1_000_001, "longer than 1,000,000 bytes"),
}


def bad_list(folder: Path, kind: str) -> Path:
    path = folder / "list.jsonl"
    path.write_bytes(b"stop\n\n" + BAD_LINES[kind][0] + b"\nstop\n")
    return path


@pytest.mark.parametrize("kind", ["latin-1", "truncated", "enormous"])
def test_a_line_that_cannot_be_read_ends_it_and_nothing_before_it_is_lost(quick: Program, tmp_path: Path, kind: str) -> None:
    path = bad_list(tmp_path, kind)
    done = quick.run("understand", path)
    assert done.returncode == 2
    assert f"{path}, line 3: " in one_sentence(done)
    assert [row["text"] for row in rows(done.stdout)] == ["stop"]


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_line_that_cannot_be_read_is_named(
    short_folder: Path, short_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = bad_list(tmp_path, kind)
    settings = Settings(storage=Storage(intents_folder=str(short_folder), cache_folder=str(short_cache)))
    with pytest.raises(InputError) as caught:
        understand.run(settings, argparse.Namespace(file=str(path)))
    said = str(caught.value)
    assert said.startswith(f"{path}, line 3: ")
    assert BAD_LINES[kind][1] in said
    assert len(said) < 600
    assert "\n" not in said
    assert [row["text"] for row in rows(capsys.readouterr().out.encode())] == ["stop"]


def test_a_missing_file_a_folder_and_an_endless_line(quick: Program, tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "nowhere.jsonl", "No such file"), (tmp_path, "directory"), (Path("/dev/zero"), "longer than")):
        done = quick.run("understand", path)
        assert (done.returncode, done.stdout) == (2, b"")
        said = one_sentence(done)
        assert str(path) in said
        assert reason in said


def test_closed_standard_input_is_told(quick: Program) -> None:
    command = 'exec "$0" "$@" <&-'
    words = ["bash", "-c", command, *quick.start("--version").args, "understand"]
    words.remove("--version")
    done = subprocess.run(words, env=quick.environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "standard input" in one_sentence(done)


def test_answers_come_as_the_lines_come(quick: Program) -> None:
    with quick.start("understand") as process:
        assert process.stdin
        assert process.stdout
        for text in (b"stop", b"which shoes"):
            process.stdin.write(text + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text.decode()
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_it_at_once(quick: Program, number: signal.Signals) -> None:
    with quick.start("understand") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"stop\n")
        process.stdin.flush()
        assert process.stdout.readline()
        started = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=30) == 130
        assert time.monotonic() - started < 10
        assert process.stderr
        assert process.stderr.read() == b""


def test_a_reader_that_goes_away_ends_it_without_a_word(quick: Program) -> None:
    with quick.start("understand") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"stop\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"stop\n")
        process.stdin.close()
        assert process.wait(timeout=30) == 1
        assert process.stderr
        assert process.stderr.read() == b""


def test_no_connection_is_opened_and_the_watcher_would_have_seen_one(real: Program) -> None:
    watcher = Path(real.environment["PYTHONPATH"])
    done = real.run("understand", stdin=b"i'm bleeding\n")
    assert done.returncode == 0
    assert (watcher / "watched").exists()
    connecting = "import socket; socket.create_connection(('127.0.0.1', 9))"
    control = subprocess.run([done.args[0], "-c", connecting], env=real.environment, capture_output=True, timeout=60, check=False)
    assert control.returncode == 99


@pytest.mark.parametrize("words", [["understand", "a", "b"], ["understnad"], ["hear"]])
def test_wrong_use_ends_with_two(quick: Program, words: list[str]) -> None:
    done = quick.run(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"usage: run_assistant.py" in done.stderr
    assert b"Traceback" not in done.stderr
