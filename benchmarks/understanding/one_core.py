"""Time and memory of understanding in a process of its own, held to one core: prints one JSON object.

.venv/bin/python -m benchmarks.understanding.one_core ENCODER_FOLDER CACHE_FOLDER < utterances, a line each

Nothing but the standard library is loaded before the memory is first taken, so that numpy, onnxruntime and all else that understanding
needs is counted in.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

MEGA = 1_000_000
WARM_UP = 20


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before any library counts the cores
    texts = sys.stdin.read().splitlines()
    before = _memory("VmRSS")
    began = time.perf_counter()

    from skill.messages import Transcript
    from skill.settings import load_settings
    from skill.understanding import open_interpreter
    from skill.understanding.intents import load_intents

    imported = _memory("VmRSS")
    book = load_intents(load_settings(None, os.environ).settings.storage.language_folder)
    interpreter = open_interpreter(book, Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2] else None)
    ready = time.perf_counter() - began
    for text in texts[:WARM_UP]:
        interpreter.interpret(Transcript(text, "typed"))
    wall, cpu = [], []
    for text in texts:
        wall_began, cpu_began = time.perf_counter(), time.process_time()
        interpreter.interpret(Transcript(text, "typed"))
        wall.append((time.perf_counter() - wall_began) * 1000)
        cpu.append((time.process_time() - cpu_began) * 1000)
    figures = {
        "ready_seconds": ready,
        "wall_ms": wall,
        "cpu_ms": cpu,
        "growth_megabytes": (_memory("VmRSS") - before) / MEGA,
        "libraries_megabytes": (imported - before) / MEGA,
        "peak_growth_megabytes": (_memory("VmHWM") - before) / MEGA,
    }
    print(json.dumps(figures))


def _memory(name: str) -> int:
    """In bytes, of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
