"""What happens when parts of the assistant fail, on this machine: .venv/bin/python -m benchmarks.faults [sound] …

Each module offers `run`, which injects its faults into the real program and gives a row for each.
"""
