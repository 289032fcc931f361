"""It asks itself: questions in its own voice, heard by the real recogniser and answered. Needs no microphone."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from skill import assembly
from skill.assistant import Assistant
from skill.commands.telling import tell
from skill.errors import IntentError
from skill.hearing.listener import Listener
from skill.memory import settle_memory
from skill.messages import Line, Turn
from skill.mouth import Mouth
from skill.settings import Settings
from skill.yaml_source import read_yaml, validate


class _DemoFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    questions: list[str] = Field(min_length=1)


def ask_itself(settings: Settings, assistant: Assistant, mouth: Mouth) -> int:
    """Each question is rendered, played, heard by the real recogniser and answered."""
    found, problems = validate(read_yaml(settings.storage.language_folder / "shared" / "demo.yaml"), _DemoFile)
    if found is None:
        raise IntentError(problems)
    recogniser = assembly.recogniser(settings)
    settle_memory()
    tell(f"{recogniser.name} listens to questions that the assistant asks itself. Ctrl-C ends.")
    with tempfile.TemporaryDirectory() as folder, closing(assembly.voice(settings)) as voice:
        for number, question in enumerate(found.questions):
            path = Path(folder) / f"{number}.wav"
            speech = voice.render(Line(question))
            with closing(assembly.wav_speaker(path)) as writer:
                writer.play(speech)
            mouth.play(speech)
            with closing(assembly.recording(path)) as microphone:
                _hear_demo(question, assistant, Listener(microphone, recogniser), mouth)
            time.sleep(0.5)
    return 0


def _hear_demo(question: str, assistant: Assistant, listener: Listener, mouth: Mouth) -> None:
    turns: list[Turn] = []

    def on_turn(turn: Turn) -> None:
        turns.append(turn)
        print(f'Asked: "{question}"\nHeard: "{turn.transcript.text}"', flush=True)
        if turn.reply.is_silent:
            print("Back Care: (says nothing: this is not for it)", flush=True)

    assistant.converse(listener, mouth, on_turn, lambda heard: None)
    if not turns:
        print(f'Asked: "{question}"\nHeard nothing.', flush=True)
