"""`check` on the words: all findings at once, with the loader's own, and exit code 2; the review state when all is well."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.commands.program import ROOT, Program, program

GOOD_SHOES = "Flat shoes are kinder to your back."


@pytest.fixture
def folder(tmp_path: Path, short_folder: Path) -> Path:
    return shutil.copytree(short_folder, tmp_path / "intents") / "en"


@pytest.fixture
def checker(tmp_path: Path, folder: Path) -> Program:
    return program(tmp_path / "home", BACK_CARE_INTENTS_FOLDER=folder.parent)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, file
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def sign(checker: Program, file: Path) -> None:
    """As a reviewer does it: name and date first, then what `check` says."""
    change(file, "reviewed: no", "reviewed: A. Midwife, 2026-12-01  # was no")
    (told,) = (problem for problem in problems(checker) if file.name in problem)
    found = re.search(r'line \d, key reviewed: .* write ("A\. Midwife, 2026-12-01, words [0-9a-f]{6}")$', told)
    assert found, told
    change(file, "A. Midwife, 2026-12-01", found[1])


def problems(checker: Program) -> list[str]:
    done = checker.run("check")
    told = done.stderr.decode()
    assert "Traceback" not in told
    assert done.returncode == 2, told
    assert done.stdout == b""
    return told.splitlines()


def test_all_is_well_and_how_many_are_signed(checker: Program, folder: Path) -> None:
    sign(checker, folder / "relief.shoes.yaml")
    done = checker.run("check")
    assert done.returncode == 0, done.stderr.decode()
    told = done.stdout.decode()
    assert "no mistake" in told
    assert re.search(r"Signed off by a clinician: 1 of \d\d intents, 0 of 3 files of shared lines\.", told)


def test_a_signature_of_the_shared_lines_is_counted(checker: Program, folder: Path) -> None:
    for name in ("lines", "conversation", "symptom_check"):
        sign(checker, folder / "shared" / f"{name}.yaml")
    assert "3 of 3 files of shared lines." in checker.run("check").stdout.decode()


@pytest.mark.parametrize(
    ("signed", "changed", "old", "new"),
    [
        ("conversation.yaml", "conversation.yaml", "Do you want to hear more?", "Do you want more?"),
        ("conversation.yaml", "topics.yaml", "relief.shoes: shoes", "relief.shoes: flat shoes"),
        ("symptom_check.yaml", "symptom_check.yaml", "Did you have a fit?", "Did you pass out?"),
        ("symptom_check.yaml", "symptom_check.yaml", "label: danger.fit", "label: danger.breath"),
    ],
)
def test_words_that_change_after_the_signature(checker: Program, folder: Path, signed: str, changed: str, old: str, new: str) -> None:
    sign(checker, folder / "shared" / signed)
    assert checker.run("check").returncode == 0
    change(folder / "shared" / changed, old, new)
    (told,) = problems(checker)
    assert re.search(rf"{re.escape(signed)}, line \d, key reviewed: the words, or when they are said, have changed", told)


@pytest.mark.parametrize("name", ["lines", "conversation", "symptom_check"])
@pytest.mark.parametrize("wrong", ["yes", "2026-12-01", '"A. Midwife"'])
def test_what_is_no_signature_is_refused_in_the_shared_lines(checker: Program, folder: Path, name: str, wrong: str) -> None:
    change(folder / "shared" / f"{name}.yaml", "reviewed: no ", f"reviewed: {wrong} ")
    (told,) = problems(checker)
    assert re.search(rf"{name}\.yaml, line \d, key reviewed: this does not tell who has reviewed the words and when", told)


def test_a_question_without_a_name_is_told_and_still_answered(checker: Program, folder: Path) -> None:
    shoes = (folder / "relief.shoes.yaml").read_text(encoding="utf-8")
    shoes = shoes.replace("relief.shoes", "relief.belt").replace("means: shoes, heels", "means: support belts, braces")
    head, key, _ = shoes.partition("people_say:\n")
    (folder / "relief.belt.yaml").write_text(f"# for tests\n{head}{key}  - should i wear a belly belt\n  - belly belt\n", encoding="utf-8")
    (told,) = problems(checker)
    assert told == (
        f"{folder / 'relief.belt.yaml'}, line 2, key label: relief.belt has no name in shared/topics.yaml; "
        "add one, like `relief.belt: support belts`"
    )
    answered = checker.run("say", "should i wear a belly belt")
    assert (answered.returncode, answered.stdout[:10]) == (0, b"Flat shoes"), answered.stderr
    change(folder / "shared" / "topics.yaml", "relief.shoes: shoes\n", "relief.shoes: shoes\nrelief.belt: support belts\n")
    assert checker.run("check").returncode == 0


def test_a_dose_is_called_a_dose(checker: Program, folder: Path) -> None:
    change(folder / "relief.shoes.yaml", GOOD_SHOES, "Take paracetamol 500 mg if your feet hurt a lot.")
    (told,) = problems(checker)
    assert 'key answer say: dose, "500 mg": no dose is ever spoken, in figures or in words' in told


def test_a_word_that_would_make_it_silent_is_told_with_its_place(checker: Program, folder: Path) -> None:
    change(folder / "relief.shoes.yaml", GOOD_SHOES, "When your feet hurt, stop and sit down.")
    (told,) = problems(checker)
    place = re.escape(str(folder / "relief.shoes.yaml"))
    assert re.match(rf'{place}, line \d+, key answer say: stop word, "stop": it would make itself silent', told)


def test_every_finding_of_every_file_is_told_at_once(checker: Program, folder: Path) -> None:
    change(folder / "relief.shoes.yaml", GOOD_SHOES, "Flat shoes won't harm your abdomen.")
    change(folder / "relief.lifting.yaml", "Try not to carry heavy things.", "You should have carried 5 kg.")
    change(folder / "shared" / "symptom_check.yaml", "Did you have a fit?", "Did you have a seizure?")
    told = problems(checker)
    for file, key, words in [
        ("relief.shoes.yaml", "answer say", '"abdomen": say instead: belly'),
        ("relief.shoes.yaml", "answer say", 'promise, "will not harm"'),
        ("relief.lifting.yaml", "answer say", '"5"'),
        ("relief.lifting.yaml", "answer say", '"kg"'),
        ("relief.lifting.yaml", "answer say", 'blame, "you should have"'),
        ("symptom_check.yaml", "say", '"seizure": say instead: fit'),
    ]:
        (line,) = (problem for problem in told if file in problem and words in problem)
        assert re.search(rf"{re.escape(file)}, line \d+, key .*{key}: ", line), line


def test_a_shared_line_is_found_where_it_stands_and_with_a_number(checker: Program, folder: Path) -> None:
    change(
        folder / "shared" / "lines.yaml",
        "The number is {number}.",
        "The phone number of the ambulance everywhere in this country is {number} now.",
    )
    told = problems(checker)
    longest = [problem for problem in told if "long sentence" in problem]
    assert any("lines.yaml" in problem and "key emergency_with_number say" in problem for problem in longest), told
    assert all("one, " in problem for problem in longest)


def test_findings_come_together_with_the_mistakes_of_the_files(checker: Program, folder: Path) -> None:
    change(folder / "relief.shoes.yaml", GOOD_SHOES, "Flat shoes rest your abdomen.")
    change(folder / "relief.sleep.yaml", "tier: none", "tier: nun")
    (folder / "relief.massage.yaml").write_text("label: [")
    change(folder / "danger.fever.yaml", "A fever in pregnancy", "{nowhere} A fever in pregnancy")
    change(folder / "shared" / "conversation.yaml", "Do you also bleed", "Are there other symptoms, do you also bleed")
    told = "\n".join(problems(checker))
    for words in ("abdomen", "'nun'", "relief.massage.yaml, line ", "{nowhere}", "symptoms"):
        assert words in told, words


def test_words_that_are_added_to_the_file_count_at_once(checker: Program, folder: Path) -> None:
    change(folder / "shared" / "words.yaml", "banned:\n", 'banned:\n  "kinder": better\n')
    assert any("relief.shoes.yaml" in problem and '"kinder": say instead: better' in problem for problem in problems(checker))


@pytest.mark.parametrize("content", [None, "", "banned: []\n", "\xff"])
def test_a_broken_file_of_words_is_a_mistake_like_others(checker: Program, folder: Path, content: str | None) -> None:
    file = folder / "shared" / "words.yaml"
    file.unlink()
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    change(folder / "relief.sleep.yaml", "tier: none", "tier: nun")
    told = problems(checker)
    assert any("words.yaml" in problem for problem in told)
    assert any("'nun'" in problem for problem in told)


# --- the guide ----------------------------------------------------------------------------------------------------------


def samples() -> dict[str, str]:
    """label → the file that docs/writing_intents.md shows for it."""
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$", (ROOT / "docs" / "writing_intents.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return {re.match(r"label: (\S+)", block)[1]: block for block in blocks}  # type: ignore[index]


def test_the_files_that_the_guide_shows_hold_no_mistake_and_use_every_key(checker: Program, folder: Path) -> None:
    assert len(samples()) == 2
    for label, text in samples().items():
        (folder / f"{label}.yaml").write_text(text, encoding="utf-8")
    done = checker.run("check")
    assert done.returncode == 0, done.stderr.decode()
    shown = (ROOT / "docs" / "writing_intents.md").read_text(encoding="utf-8")
    for key in ("unsure", "if_yes", "at_tier", "at_weeks", "from_week", "until_week", "more", "silent", "also"):
        assert re.search(rf"\b{key}: ", shown) or f"{key}:\n" in shown, key
