"""What `http-seed` made, how much of it is given to the generator, and how each operation's answers went: added to a file for `shares`."""

import atexit
import json
import os
import zlib
from collections import Counter
from pathlib import Path

# Tasks to read (the open ones of them apart), to use up and to retry or resolve, and workers.
SEED = json.loads(os.environ["TASKER_SEEDED"])
# Those whose steps are changed are not used up.
SEED["kept"], SEED["spare"] = SEED["spare"][::2], SEED["spare"][1::2]
ANSWERS = Path(os.environ["TASKER_ANSWERS"])

# The second step of a failed task failed; a task that never begins has three open ones.
STEPS = {"read": ["fetch", "charge", "1", "3"], "open": ["fetch"], "spare": ["notify"], "kept": ["notify"], "failed": ["charge", "2"]}
NAMES = ["succeeding", "failing", "waiting"]
TASK = {"name": "waiting", "namespace": "seed"}
TEMPLATES = [
    {"name": f"t{number}", "version": "1.0.0", "step_templates": [{"name": "only", "handler": "work"}]}
    for number in range(9)
]


def chosen(made, among):
    """One of these, for seven of eight things that were made; else none. By what was made: the same again and again."""
    number = zlib.crc32(repr(made).encode())
    return among[number // 8 % len(among)] if number % 8 else None


made_before: Counter = Counter()


def again(operation, made):
    """How often the very same was made before for an operation."""
    key = (operation, repr(made))
    made_before[key] += 1
    return made_before[key] - 1


def pool(operation):
    """Which of the tasks an operation is about."""
    operation = operation.lower()
    if "delete" in operation or "cancel" in operation:
        return "spare"
    if "pause" in operation:
        return "open"
    return "failed" if "retry" in operation or "resolve" in operation else "read"


answers: dict[str, dict[str, Counter]] = {}


def count(operation, outcome, well, why=()):
    """One more answer of an operation, whether it went well, and what it said if it did not."""
    of = answers.setdefault(operation, {"well": Counter(), "not": Counter(), "why": Counter()})
    of["well" if well else "not"][str(outcome)] += 1
    of["why"].update(text[:160] for text in why)


@atexit.register
def add():
    before = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
    for operation, parts in answers.items():
        for part, counts in parts.items():
            counts.update(before.get(operation, {}).get(part, {}))
        before[operation] = parts
    ANSWERS.write_text(json.dumps(before))
