"""How fast the voices speak and how fast they render: python benchmarks/voices.py [--speed 1.0]

Words a minute count the pauses between sentences, as a listener with a stopwatch would. The lines are like the answers.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from skill.errors import SpeakingError
from skill.messages import Line, Pace
from skill.speaking import VOICES, open_voice

ORDINARY = (
    "Flat shoes are kinder to your back. High heels make it easier to fall. Shoes do not cause you to lose a baby.",
    "In the last three months, go to sleep on your side. Left or right is fine. If you wake up on your back, do not worry. "
    "Just turn to your side. A pillow between your knees can help.",
    "Warm is fine. Hot is not. Put a warm cloth on your lower back, over your clothes. Twenty minutes will do. Do not fall asleep on it.",
    "As your belly grows you may lean back. This makes your back muscles work harder. It makes them ache. "
    "It does not break or damage your back.",
    "Try not to carry heavy things. If you must, carry two small loads, close to your body. Bend your knees, not your back.",
    "Walking and moving in water help most women. Rest if you bleed, feel faint, leak water, or get pains that come and go.",
    "Milk, greens, beans and nuts are good for you and your baby. They will not take back pain away.",
    "Ask a nurse, doctor or pharmacist before you take any pain medicine. Paracetamol is the usual first choice.",
    "You asked about sleeping. Do you want more?",
)
DANGER = (
    "This is an emergency. Call for an ambulance now. Do not lose time. On most mobile phones you can try one, one, two. "
    "If no one answers, ask someone to take you to the nearest hospital now. Say that you are pregnant.",
    "Go to a hospital or birth clinic now, day or night. Do not stay to see if the pain passes. Take someone with you if you can. "
    "Say that you are pregnant.",
    "Any bleeding in pregnancy must be checked. Even a little. Even if it is brown. Go to a hospital or birth clinic now.",
    "A fever with back pain can be a kidney infection. That needs care now when you are pregnant. Go to a hospital or clinic now.",
    "If your baby moves less than usual, go and get checked now. Do not leave it until tomorrow. It is right to ask.",
)


def measure(voice_name: str, speed: float) -> None:
    start = time.perf_counter()
    voice = open_voice(voice_name, speed)
    voice.render(Line("Ready."))
    print(f"{voice_name}: ready after {time.perf_counter() - start:.2f} s ({voice.version})")
    for pace, texts in ((Pace.ORDINARY, ORDINARY), (Pace.DANGER, DANGER)):
        start = time.perf_counter()
        seconds = [voice.render(Line(text, pace)).seconds for text in texts]
        cost = time.perf_counter() - start
        words = [len(text.split()) for text in texts]
        each = [60 * count / length for count, length in zip(words, seconds, strict=True)]
        print(
            f"  {pace.value:8}  {60 * sum(words) / sum(seconds):5.1f} words a minute over {len(texts)} lines "
            f"(single lines {min(each):.0f} to {max(each):.0f}); rendered at {sum(seconds) / cost:.0f} times real time"
        )
    voice.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=1.0, help="the factor of the settings, 0.6 to 1.6")
    speed = parser.parse_args().speed
    for voice_name in VOICES:
        try:
            measure(voice_name, speed)
        except SpeakingError as exc:
            print(f"{voice_name}: {exc}", file=sys.stderr)


if __name__ == "__main__":
    main()
