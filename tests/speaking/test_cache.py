"""The folder of rendered answers, on real files. The voice inside is a tone whose length is that of the words, and which counts."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from skill.errors import SpeakingError
from skill.messages import Line, Pace, Speech
from skill.speaking import cache as cache_module
from skill.speaking.cache import CachedVoice, Prepared
from skill.speaking.pyttsx3_voice import Pyttsx3Voice
from skill.speaking.sound import speech_of

LINES = tuple(Line(f"This is sentence number {number}.") for number in range(8))
PROJECT = Path(__file__).resolve().parents[2]

PREPARE = """
import sys
from pathlib import Path
from skill.messages import Line
from skill.speaking import open_voice
from skill.speaking.cache import CachedVoice
voice = CachedVoice(open_voice("espeak"), Path(sys.argv[1]))
print(voice.prepare([Line(f"This is sentence number {number}.") for number in range(30)], lambda done, of: None).rendered)
voice.close()
sys.exit(bool(voice.warning))
"""


class CountingVoice:
    def __init__(self, name: str = "counting", version: str = "1") -> None:
        self.name, self.version, self.speed = name, version, 1.0
        self.rendered: list[str] = []

    def render(self, line: Line) -> Speech:
        self.rendered.append(line.text)
        wave = np.sin(np.arange(500 * len(line.text)) / 8) * 0.3
        return speech_of(wave.astype(np.float32), 22_050)

    def close(self) -> None: ...


def no_progress(done: int, of: int) -> None: ...


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.flac"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when needed"


@contextmanager
def disk_full_beyond_500_bytes() -> Iterator[None]:
    """As short as can be: the test runner writes to files of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_is_rendered_once_and_sounds_the_same_from_the_cache(folder: Path) -> None:
    class KeepingVoice(Pyttsx3Voice):
        def render(self, line: Line) -> Speech:
            self.made = super().render(line)
            return self.made

    voice = KeepingVoice()
    CachedVoice(voice, folder).prepare(LINES[:1], no_progress)
    voice.close()
    fresh = voice.made
    stored = CachedVoice(CountingVoice("espeak", voice.version), folder).render(LINES[0])
    assert not fresh.from_cache
    assert stored.from_cache
    assert (stored.pcm, stored.rate_hz) == (fresh.pcm, fresh.rate_hz)


def test_the_second_preparation_does_no_work(folder: Path) -> None:
    first, second = CountingVoice(), CountingVoice()
    steps: list[tuple[int, int]] = []
    assert CachedVoice(first, folder).prepare(LINES, lambda done, of: steps.append((done, of))) == Prepared(8, 0, 0)
    assert steps == [(done, 8) for done in range(9)]
    assert CachedVoice(second, folder).prepare(LINES, no_progress) == Prepared(0, 8, 0)
    assert len(first.rendered) == 8
    assert second.rendered == []


def test_the_same_line_twice_is_prepared_once(folder: Path) -> None:
    assert CachedVoice(CountingVoice(), folder).prepare([LINES[0], LINES[0]], no_progress) == Prepared(1, 0, 0)


def test_a_changed_sentence_is_rendered_anew_and_the_old_one_dropped(folder: Path) -> None:
    CachedVoice(CountingVoice(), folder).prepare(LINES, no_progress)
    voice = CountingVoice()
    changed = (Line("This is another sentence."), *LINES[1:])
    assert CachedVoice(voice, folder).prepare(changed, no_progress) == Prepared(1, 7, 1)
    assert voice.rendered == ["This is another sentence."]
    assert len(entries(folder)) == 8


def test_an_unused_entry_is_dropped(folder: Path) -> None:
    CachedVoice(CountingVoice(), folder).prepare(LINES, no_progress)
    assert CachedVoice(CountingVoice(), folder).prepare(LINES[:5], no_progress) == Prepared(0, 5, 3)
    assert len(entries(folder)) == 5


def test_the_entries_of_another_voice_and_foreign_files_stay(folder: Path) -> None:
    CachedVoice(CountingVoice("other"), folder).prepare(LINES, no_progress)
    (folder / "notes.txt").write_text("mine")
    assert CachedVoice(CountingVoice(), folder).prepare(LINES[:1], no_progress).dropped == 0
    assert CachedVoice(CountingVoice("other"), folder).prepare(LINES, no_progress) == Prepared(0, 8, 0)
    assert (folder / "notes.txt").exists()


@pytest.mark.parametrize("change", ["text", "pace", "voice", "version", "speed"])
def test_whatever_changes_the_sound_is_rendered_anew(folder: Path, change: str) -> None:
    CachedVoice(CountingVoice(), folder).prepare(LINES[:1], no_progress)
    voice = CountingVoice("other" if change == "voice" else "counting", "2" if change == "version" else "1")
    cached = CachedVoice(voice, folder)
    if change == "speed":
        cached.speed = 0.8
    line = Line("Other words.") if change == "text" else Line(LINES[0].text, Pace.DANGER if change == "pace" else Pace.ORDINARY)
    assert not cached.render(line).from_cache
    assert voice.rendered == [line.text]


def test_the_name_of_a_line_does_not_change_its_sound(folder: Path) -> None:
    CachedVoice(CountingVoice(), folder).prepare([Line("Go now.", key="a")], no_progress)
    assert CachedVoice(CountingVoice(), folder).render(Line("Go now.", key="b")).from_cache


@pytest.mark.parametrize("damage", ["one bit", "truncated", "empty", "other file", "zeros behind", "folder in its place"])
def test_a_damaged_entry_is_rendered_again_and_replaced_when_preparing(folder: Path, damage: str) -> None:
    CachedVoice(CountingVoice(), folder).prepare(LINES[:1], no_progress)
    whole = CachedVoice(CountingVoice(), folder).render(LINES[0])
    (entry,) = entries(folder)
    content = bytearray(entry.read_bytes())
    if damage == "one bit":
        content[len(content) // 2] ^= 1
    entry.write_bytes(
        {
            "truncated": bytes(content[: len(content) // 2]),
            "empty": b"",
            "other file": b"RIFF" + os.urandom(5000),
            "zeros behind": bytes(content) + bytes(4096),
        }.get(damage, bytes(content))
    )
    if damage == "folder in its place":
        entry.unlink()
        entry.mkdir()
    voice = CountingVoice()
    assert CachedVoice(voice, folder).render(LINES[0]).pcm == whole.pcm
    assert len(voice.rendered) == 1
    if damage != "folder in its place":
        CachedVoice(CountingVoice(), folder).prepare(LINES[:1], no_progress)
        assert CachedVoice(CountingVoice(), folder).render(LINES[0]).from_cache


def test_an_empty_entry_counts_as_missing_when_preparing(folder: Path) -> None:
    CachedVoice(CountingVoice(), folder).prepare(LINES, no_progress)
    entries(folder)[0].write_bytes(b"")
    assert CachedVoice(CountingVoice(), folder).prepare(LINES, no_progress) == Prepared(1, 7, 0)


def test_a_full_disk_costs_only_the_cache(folder: Path) -> None:
    voice = CountingVoice()
    cached = CachedVoice(voice, folder)
    assert cached.warning == ""
    with disk_full_beyond_500_bytes():
        prepared = cached.prepare(LINES, no_progress)
        rendered_ahead = list(voice.rendered)
        lengths = [cached.render(line).seconds for line in LINES]
    assert prepared == Prepared(0, 0, 0)
    assert rendered_ahead == [LINES[0].text]
    assert str(folder) in cached.warning
    assert "Make room" in cached.warning
    assert [seconds > 0 for seconds in lengths] == [True] * 8
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cached = CachedVoice(CountingVoice(), tmp_path / "file" / "cache")
    assert cached.render(LINES[0]).seconds > 0
    assert cached.prepare(LINES, no_progress) == Prepared(0, 0, 0)
    assert "file/cache" in cached.warning


def test_a_folder_without_rights_costs_only_the_cache(folder: Path) -> None:
    CachedVoice(CountingVoice(), folder).prepare(LINES[:4], no_progress)
    cached = CachedVoice(CountingVoice(), folder)
    folder.chmod(0o555)
    before = os.geteuid()
    if before == 0:
        # Root may write anywhere; nobody may not, but must be able to come this far.
        for parent in list(folder.parents)[: -len(Path("/tmp").parts)]:
            parent.chmod(0o755)
        os.seteuid(65_534)
    try:
        assert cached.prepare(LINES, no_progress) == Prepared(0, 4, 0)
        assert cached.render(LINES[0]).from_cache
        assert not cached.render(LINES[7]).from_cache
    finally:
        os.seteuid(before)
        folder.chmod(0o755)
    assert "Permission denied" in cached.warning


def test_a_replay_comes_from_memory(folder: Path) -> None:
    voice = CountingVoice()
    cached = CachedVoice(voice, folder)
    cached.render(LINES[0])
    assert cached.render(LINES[0]).from_cache
    assert len(voice.rendered) == 1


def test_an_answer_leaves_no_file_that_tells_what_was_asked(folder: Path) -> None:
    cached = CachedVoice(CountingVoice(), folder)
    cached.prepare(LINES[:2], no_progress)
    before = {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()}
    cached.speed = 0.8  # she asked for slower speech: nothing is rendered ahead
    for line in LINES:
        cached.render(line)
    assert {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()} == before


def test_a_line_that_cannot_be_prepared_is_named(folder: Path) -> None:
    class BrokenVoice(CountingVoice):
        def render(self, line: Line) -> Speech:
            raise SpeakingError("The voice failed.")

    with pytest.raises(SpeakingError, match=r"The line 'relief\.sleep': The voice failed\."):
        CachedVoice(BrokenVoice(), folder).prepare([Line("Sleep.", key="relief.sleep")], no_progress)


def test_memory_is_bounded_and_forgets_the_oldest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = CountingVoice()
    monkeypatch.setattr(cache_module, "MEMORY_BYTES", 3 * len(voice.render(LINES[0]).pcm))
    voice.rendered.clear()
    cached = CachedVoice(voice, folder)
    for line in LINES[:4]:
        cached.render(line)
    cached.render(LINES[3])
    assert voice.rendered == [line.text for line in LINES[:4]]
    cached.render(LINES[0])
    assert voice.rendered == [line.text for line in (*LINES[:4], LINES[0])]


def test_what_a_killed_process_left_half_written_is_removed_in_time(folder: Path) -> None:
    CachedVoice(CountingVoice(), folder).prepare(LINES, no_progress)
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    old, new = folder / f".old-{gone.pid}-1.part", folder / f".new-{os.getpid()}-1.part"
    for left in (old, new):
        left.write_bytes(b"half")
    os.utime(new, (0, 0))  # the clock jumped from 1970 to today: no reason to take it from the process that writes it
    CachedVoice(CountingVoice(), folder).prepare(LINES, no_progress)
    assert not old.exists()
    assert new.exists()


def test_two_processes_may_prepare_at_once(folder: Path) -> None:
    command = [sys.executable, "-c", PREPARE, str(folder)]
    both = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert [code for _, code in ended] == [0, 0], ended
    assert [path for path in folder.iterdir() if path.suffix != ".flac"] == []
    again = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60)
    assert again.stdout.strip() == "0"
    voice = CountingVoice("espeak", Pyttsx3Voice().version)
    cached = CachedVoice(voice, folder)
    assert all(cached.render(Line(f"This is sentence number {number}.")).from_cache for number in range(30))
    assert voice.rendered == []
