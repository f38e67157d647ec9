"""What share of each operation's answers went well, told at the end; ids of the seeded database, now and then."""

import atexit
import json
import os
import random
from collections import Counter

import schemathesis

IDS = json.loads(os.environ["TASKER_SEEDED"])
answers: dict[str, Counter[int]] = {}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Three of four ids are of something that is there."""
    for name in path_parameters or {}:
        if name in IDS and random.random() < 0.75:
            path_parameters[name] = random.choice(IDS[name])
    return path_parameters


ORDER = {"order_id": "7", "customer": "anna", "items": [{"sku": "A", "quantity": 1, "price_cents": 5}]}
TASK = {"name": "process_order", "namespace": "shop", "context": ORDER}
STEP = {"name": "only", "handler": "work"}
BODIES = {
    "POST /tasks": lambda: TASK,
    "POST /tasks/bulk": lambda: [TASK] * random.randint(1, 3),
    "POST /templates": lambda: {"name": f"t{random.randint(1, 9)}", "version": "1.0.0", "step_templates": [STEP]},
    "POST /templates/validate": lambda: {"name": "t", "version": "1.0.0", "step_templates": [STEP]},
    "POST /pause": lambda: {"namespace": "other"},
    "POST /resume": lambda: {"namespace": "other"},
}


@schemathesis.hook
def map_body(context, body):
    """Three of four bodies are of what is registered."""
    make = BODIES.get(context.operation.label)
    return make() if make and random.random() < 0.75 else body


@schemathesis.hook
def after_call(context, case, response):
    counts = answers.setdefault(case.operation.label, Counter())
    counts[response.status_code] += 1


@atexit.register
def report():
    total = sum(sum(counts.values()) for counts in answers.values())
    print(f"\n{total} answers; share of 2xx by operation:")
    for label, counts in sorted(answers.items()):
        good = sum(count for status, count in counts.items() if 200 <= status < 300)
        print(f"  {100 * good // max(1, sum(counts.values())):3d} %  {label}  {dict(sorted(counts.items()))}")
