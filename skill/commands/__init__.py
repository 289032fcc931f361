"""What can be asked of the program besides starting the assistant.

Each module has `add_arguments` for its parser, and `run`, which gives the exit code.
"""
