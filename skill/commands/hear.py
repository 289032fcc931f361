"""run_assistant.py hear FILE.wav...: recordings through the very path of the microphone; one line for each utterance heard."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path

from skill import assembly
from skill.assistant import Assistant
from skill.errors import InputError, SpeakingError
from skill.hearing.listener import Listener
from skill.messages import Turn
from skill.mouth import Mouth
from skill.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.wav")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each utterance")
    parser.add_argument("--speak-to", type=Path, metavar="OUT.wav", help="write what was spoken into this recording")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when all recordings were heard. Each is a conversation of its own, and all of it counts as said to it.

    Raises RecordingError for the first that cannot be read.
    """
    for path in arguments.files:
        with closing(assembly.recording(path)):
            pass  # all names are looked at before the first one is heard
        if arguments.speak_to is not None and arguments.speak_to.exists() and path.samefile(arguments.speak_to):
            raise InputError(f"{path} is to be heard and written over: give --speak-to another name.")
    book = assembly.intent_book(settings)
    assistant = Assistant(assembly.interpreter(settings, book), assembly.responder(settings, book), weeks=settings.answering.weeks)
    recogniser = assembly.recogniser(settings)
    print(f"{recogniser.name} listens.", file=sys.stderr)
    mouth = _mouth(settings, arguments.speak_to)
    with closing(mouth):
        for path in arguments.files:
            assistant.forget()
            with closing(assembly.recording(path)) as microphone:
                _hear(path, assistant, Listener(microphone, recogniser), mouth, arguments.json)
    if mouth.problem:
        raise SpeakingError(mouth.problem)
    return 0


def _mouth(settings: Settings, speak_to: Path | None) -> Mouth:
    if speak_to is None:
        return Mouth(None, None, {}, lambda text: None)
    return Mouth(assembly.voice(settings), assembly.wav_speaker(speak_to), assembly.tones(), lambda text: None)


def _hear(path: Path, assistant: Assistant, listener: Listener, mouth: Mouth, as_json: bool) -> None:
    heard = 0

    def show(turn: Turn) -> None:
        nonlocal heard
        heard += 1
        seconds = {stage: round(value, 4) for stage, value in turn.seconds.items()}
        understood = turn.understanding
        if as_json:
            row = {
                "file": str(path),
                "heard": turn.transcript.text,
                "labels": list(understood.labels),
                "tier": understood.tier.word,
            }
            print(json.dumps(row | {"reply": turn.reply.text, "seconds": seconds}), flush=True)
        else:
            print(f'{path}: "{turn.transcript.text}" → {", ".join(understood.labels) or "nothing of ours"} ({understood.tier.word})')
            print(f"    {turn.reply.text or '(silence)'}", flush=True)

    assistant.converse(listener, mouth, show, lambda other: None)
    if not heard:
        print(f"{path}: no speech was heard in it.", file=sys.stderr)
