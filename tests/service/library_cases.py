"""The event store library's own test cases for recorders.

Their module imports the library's cipher, whose package is not among our dependencies and which no
recorder has a use for: a stand-in takes its place for as long as the import takes.
"""

import importlib
import sys
from types import ModuleType

_CIPHER = "eventsourcing.cipher"

_stand_in = ModuleType(_CIPHER)
_stand_in.__dict__["AESCipher"] = object
_before = sys.modules.get(_CIPHER)
sys.modules[_CIPHER] = _before or _stand_in
try:
    importlib.import_module("eventsourcing.tests.persistence")
finally:
    if _before is None:
        del sys.modules[_CIPHER]

# After the import above they are found among the loaded modules.
from eventsourcing.tests.persistence import (  # noqa: E402
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

__all__ = [
    "AggregateRecorderTestCase",
    "ApplicationRecorderTestCase",
    "NonInterleavingNotificationIDsBaseCase",
]
