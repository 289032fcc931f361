"""Runs the modules of faults that are named, or all that are here, and prints their tables."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks.faults.rows import as_markdown

NO_FAULTS = {"__main__", "rows"}


def main(arguments: list[str]) -> int:
    here = sorted({module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])} - NO_FAULTS)
    if unknown := [name for name in arguments if name not in here]:
        print(f"There are no faults named {', '.join(unknown)}: choose of {', '.join(here)}.", file=sys.stderr)
        return 2
    for name in arguments or here:
        module = importlib.import_module(f"benchmarks.faults.{name}")
        title = (module.__doc__ or name).partition(":")[0].partition("\n")[0].rstrip(".")
        print(f"### {title}\n\n{as_markdown(module.run())}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
