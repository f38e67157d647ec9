"""REST: most of what should be taken is about what is there."""

import json

import schemathesis

from seeded import NAMES, SEED, STEPS, TASK, TEMPLATES, again, chosen, count, pool

VERBS = ["cancel", "retry", "resolve", "pause", "resume"]
PATHS = {"namespace": ["seed"], "name": NAMES, "file": ["start.js"], "verb": VERBS}
# Of what these say when they are made up, nothing is found.
LEFT_OUT = {"version": "query", "If-Match": "headers"}
BODIES = {
    "POST /tasks": [TASK, {**TASK, "context": {"number": 7}}, {**TASK, "tags": ["a"]}],
    "POST /tasks/bulk": [[TASK], [TASK] * 3],
    "POST /tasks/bulk/{verb}": [{"name": "nothing"}, {"namespace": "seed", "dry_run": True}],
    "POST /templates": TEMPLATES,
    "POST /templates/validate": TEMPLATES,
    "POST /pause": [{"namespace": "seed", "name": "succeeding"}],
    "POST /resume": [{"namespace": "seed", "name": "succeeding"}],
    "PATCH /tasks/{task_id}/workflow_steps/{step_id}": [{"retry_limit": 7}, {"inputs": {"a": 1}}],
    "PUT /tasks/{task_id}/workflow_steps/{step_id}": [{"retry_limit": 9}, {"inputs": {}, "reason": "why not"}],
}
QUERIES = {
    "GET /tasks": [{"namespace": "seed", "status": "error"}, {"name": "waiting", "sort_by": "priority"}, {"limit": 3}],
    "GET /graphql": [{"query": "{ tasks(limit: 2) { taskId } }"}],
}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    label = case.operation.label
    kind = pool(label)
    if "workflow_steps" in label and label.startswith(("PUT", "PATCH")):
        kind = "kept"
    known = {**PATHS, "task_id": SEED[kind], "step_id": STEPS[kind], "worker_id": SEED["worker_id"]}
    made = (case.path_parameters, case.body, case.query)
    for name, part in (case.path_parameters or {}).items():
        if name in known:
            # A task that a verb has used up is of no use to the very same request again.
            times = again(label, made) if name == "task_id" and kind in ("spare", "failed") else 0
            case.path_parameters[name] = chosen((name, part, made, times), known[name]) or part
    for name, place in LEFT_OUT.items():
        parts = getattr(case, place) or {}
        if name in parts and chosen(made, [True]):
            del parts[name]
    # What is not changed is not set: the generator would look again whether it is as it should be.
    query = chosen(made, QUERIES.get(label, [None]))
    if query is not None:
        case.query = dict(query)
    body = chosen(made, BODIES.get(label, [None]))
    if body is not None and case.media_type == "application/json":
        case.body = body
    # What is done to many is only tried: the tasks are for the others.
    if label == "POST /tasks/bulk/{verb}" and isinstance(case.body, dict) and body is None:
        case.body = {**case.body, "dry_run": True}


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode()


@schemathesis.hook
def after_call(context, case, response):
    # What a path does not have is no answer of what it has.
    if response.status_code == 405:
        return
    well = 200 <= response.status_code < 300
    count(case.operation.label, response.status_code, well, [] if well else [response.text])
