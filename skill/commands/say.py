"""run_assistant.py say "TEXT": one typed question; the answer printed and, with --aloud, spoken."""

from __future__ import annotations

import argparse
import sys

from skill import assembly
from skill.answering.conversation import Conversation
from skill.messages import TYPED, Reply, Transcript, Understanding
from skill.mouth import Mouth
from skill.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help="what is asked")
    parser.add_argument("--aloud", action="store_true", help="speak the answer too")
    parser.add_argument("--explain", action="store_true", help="also say what was understood, and why (on standard error)")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    book = assembly.intent_book(settings)
    interpreter, responder = assembly.interpreter(settings, book), assembly.responder(settings, book)
    understanding = interpreter.interpret(Transcript(arguments.text, TYPED))
    if arguments.explain:
        _explain(understanding)
        for likeness, example in assembly.nearest_examples(settings, book, arguments.text):
            print(f"like, {likeness:.2f}: {' '.join(example.labels)} ({example.tier.word}): {example.text!r}", file=sys.stderr)
    # Whoever types to it means it: what is not understood gets its short reply, as in a conversation.
    reply, _ = responder.respond(understanding, Conversation(weeks=settings.answering.weeks, talking=True))
    print(reply.text)
    return _speak(settings, reply) if arguments.aloud and not reply.is_silent else 0


def _explain(understanding: Understanding) -> None:
    if not understanding.is_ours:
        print("nothing of ours", file=sys.stderr)
    for match in understanding.matches:
        print(f"{match.label} ({match.tier.word}, {match.certainty.name.lower()}): {'; '.join(match.evidence)}", file=sys.stderr)
    for label in understanding.denied:
        print(f"{label}: denied", file=sys.stderr)


def _speak(settings: Settings, reply: Reply) -> int:
    def tell(problem: str) -> None:
        print(problem, file=sys.stderr)

    mouth = Mouth(
        assembly.lasting_voice(settings, tell, tell),
        assembly.speaker(settings),
        assembly.tones(),
        lambda text: None,
    )
    try:
        mouth.say(reply)
    finally:
        mouth.close()
    if mouth.problem:
        print(mouth.problem, file=sys.stderr)
        return 1
    return 0
