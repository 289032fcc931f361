"""Speaks our examples with several synthetic voices, clean and in household noise, and writes down what the recogniser makes of them.

    .venv/bin/python script/hear_examples.py [--part 0 --of 2]

Adds to models/encoder/heard.jsonl, one {"said", "heard"} a line, what was heard otherwise than it was said, as long as something of it is
left; sentences that stand there are left out, so that it can be broken off and run again. The encoder and the head learn from it what
"leading" may have been. About 0.35 s a sentence. Afterwards run script/embed_examples.py.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from contextlib import closing
from difflib import SequenceMatcher
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.progress import track

from benchmarks.understanding.voices import NOISES, OTHERS_TALKING, Render, in_room, noise_for, noises, open_voices, program, write_wav
from skill import assembly
from skill.errors import BackCareError
from skill.hearing import open_recogniser
from skill.hearing.listener import Listener
from skill.messages import Transcript
from skill.understanding.intents import load_intents
from skill.understanding.wording import normalise

HEARD = ROOT / "models" / "encoder" / "heard.jsonl"
LONGEST_WORDS = 30
LEAST_LIKENESS = 0.55  # of what was heard to what was said: below it nothing of the sentence is left
DECIBELS, SHARES = (0, 20, 10, 5), (30, 20, 35, 15)  # 0: no noise
# Control words and chatter vary less, or matter less, than dangers and questions.
KEPT = {"danger": 1.0, "control": 0.5, "none": 0.2}


def voices() -> dict[str, Render]:
    """More than the benchmark has, lest the encoder learn its five by heart."""
    return {
        **open_voices(),
        "flite rms": program("flite", "-voice", "rms", "-t", "{text}", "-o", "{wav}"),
        "flite kal": program("flite", "-voice", "kal16", "-t", "{text}", "-o", "{wav}"),
        "espeak-ng, Scottish": program("espeak-ng", "-v", "en-gb-scotland", "-s", "140", "-w", "{wav}", "{text}"),
        "espeak-ng, slow": program("espeak-ng", "-v", "en-us", "-s", "125", "-p", "60", "-w", "{wav}", "{text}"),
    }


def sentences(part: int, of: int) -> list[str]:
    dice = random.Random(5)
    book = load_intents(ROOT / "intents" / "en")
    chosen = [normalise(one.text) for one in book.examples if dice.random() < KEPT.get(one.labels[0].partition(".")[0], 0.9)]
    dice.shuffle(chosen)
    return [text for text in chosen[part::of] if len(text.split()) <= LONGEST_WORDS]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", type=int, default=0, help="which part of the sentences, where several processes share them")
    parser.add_argument("--of", type=int, default=1, help="in how many parts")
    arguments = parser.parse_args()
    known = {json.loads(line)["said"] for line in HEARD.read_text(encoding="utf-8").splitlines()} if HEARD.is_file() else set()
    sounds = {name: sound for name, sound in noises(NOISES).items() if name not in OTHERS_TALKING}
    speakers, dice = voices(), random.Random(arguments.part)
    recogniser = open_recogniser("whisper", ROOT / "models" / "whisper-tiny.en")
    with HEARD.open("a", encoding="utf-8") as kept, tempfile.TemporaryDirectory(prefix="heard-") as folder:
        path = Path(folder) / "said.wav"
        for text in track([text for text in sentences(arguments.part, arguments.of) if text not in known], "speaking and hearing"):
            name = dice.choice(list(speakers))
            decibels = dice.choices(DECIBELS, SHARES)[0] if sounds else 0
            noise, start = noise_for(text + name, sounds) if decibels else ("", 0)
            try:
                write_wav(path, in_room(speakers[name](text), sounds.get(noise), decibels, start))
                with closing(assembly.recording(path)) as microphone:
                    heard = [one.text for one in Listener(microphone, recogniser).heard() if isinstance(one, Transcript)]
            except BackCareError as error:
                print(f"{text!r} by {name}: {error}", file=sys.stderr)
                continue
            words = normalise(" ".join(heard))
            if words and words != text and SequenceMatcher(None, words, text).ratio() >= LEAST_LIKENESS:
                kept.write(json.dumps({"said": text, "heard": words}) + "\n")
                kept.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
