"""The settings: frozen, one group for each stage, made once at the start.

Where a value comes from, each overriding the one before: the defaults below, the user's YAML file (or the one named by
--settings), and environment variables named BACK_CARE_ and the key in capitals. In file and environment the keys stand side by
side, without groups: people who edit the file should not have to think about indentation.
"""

from skill.settings.groups import APPLICATION, GROUP_OF, NONE, PROJECT, Answering, Hearing, Machine, Panel, Settings, Speaking, Storage
from skill.settings.reading import LoadedSettings, load_settings, state_file, user_file
from skill.settings.values import UNKNOWN, WAKE_WORDS

__all__ = [
    "APPLICATION",
    "GROUP_OF",
    "NONE",
    "PROJECT",
    "UNKNOWN",
    "WAKE_WORDS",
    "Answering",
    "Hearing",
    "LoadedSettings",
    "Machine",
    "Panel",
    "Settings",
    "Speaking",
    "Storage",
    "load_settings",
    "state_file",
    "user_file",
]
