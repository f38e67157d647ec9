"""GraphQL: values for the scalars of its own; most arguments are about what is there."""

import json

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes, scalar

from seeded import NAMES, SEED, STEPS, TEMPLATES, chosen, count, pool

OBJECTS = ["{}", '{"a": 1}']
TIMES = ["2026-01-01T00:00:00Z", "2026-11-28T10:00:00+01:00"]
LATER = ["2036-01-01T00:00:00Z"]
# By the name of the argument, or of the member of an input.
KNOWN = {
    **dict.fromkeys(["limit", "first", "last"], [1, 5]),
    **dict.fromkeys(["context", "inputs", "results", "annotation"], OBJECTS),
    "offset": [0, 3],
    "namespace": ["seed"],
    "name": NAMES,
    "version": ["1.0.0"],
    "sortBy": ["created_at", "priority"],
    "sortOrder": ["asc", "desc"],
    "status": ["error", "complete"],
    "handler": ["works"],
    "health": ["alive"],
    **dict.fromkeys(["createdSince", "completedSince", "requestedAt"], TIMES),
    **dict.fromkeys(["createdBefore", "completedBefore"], LATER),
    "id": [f"Task:{task}" for task in SEED["read"]],
    "ids": [f"WorkflowStep:{task}:1" for task in SEED["read"]],
    "workerId": SEED["worker_id"],
    "annotationType": ["note", "flag"],
    "template": [json.dumps(template) for template in TEMPLATES],
    "priority": [3],
    "retryLimit": [7],
    "idempotencyTtlSeconds": [60],
    "onDuplicate": ["return", "reject"],
}
# Of what these say when they are made up, nothing is found, or only some of them may stand together.
LEFT_OUT = {"after", "last", "before", "bypassSteps", "environment", "annotationValue", "annotationKey", "annotationType", "cursor"}
NEEDED = {"Query.tasksByAnnotation", "Mutation.annotateTask"}
# What an input has if it is made up without. What is done to many is only tried: the tasks are for the others.
ADDED = {
    "Mutation.createTask": {"namespace": '"seed"'},
    "Mutation.bulk": {"dryRun": "true", "filter": '{namespace: "seed"}'},
}


def texts(values):
    """Text values: mostly one of these, else anything."""
    made = st.tuples(st.integers(0, 7), st.sampled_from([str(value) for value in values]), st.text(max_size=40))
    return made.map(lambda one: nodes.String(one[2] if one[0] == 7 else one[1]))


scalar("ID", texts(SEED["read"] + SEED["spare"] + SEED["failed"] + ["1", "2", "charge", *SEED["worker_id"]]))
scalar("JSON", texts([*OBJECTS, "[]"]))
scalar("BigInt", st.integers(min_value=-(2**70), max_value=2**70).map(str).map(nodes.String))
scalar("ISO8601DateTime", texts(TIMES))


class Known(graphql.Visitor):
    """Puts what is there in the place of what was made up."""

    def __init__(self, operation, made):
        super().__init__()
        kind = "kept" if operation == "Mutation.updateStep" else pool(operation)
        self.known = {**KNOWN, "taskId": SEED[kind], "stepId": STEPS[kind]}
        self.left_out = set() if operation in NEEDED else LEFT_OUT
        if operation in ("Mutation.pause", "Mutation.resume"):
            # One of the three is enough; two that do not go together are refused.
            self.left_out = self.left_out | {"handler", "name"}
        self.added = graphql.parse_value("{%s}" % " ".join(f"{name}: {value}" for name, value in ADDED.get(operation, {}).items()))
        self.made = made

    def enter(self, node, *_):
        if not isinstance(node, (graphql.ArgumentNode, graphql.ObjectFieldNode)):
            return None
        name = node.name.value
        if name == "input" and isinstance(node, graphql.ArgumentNode) and isinstance(node.value, graphql.ObjectValueNode):
            given = {field.name.value for field in node.value.fields}
            missing = [field for field in self.added.fields if field.name.value not in given]
            return graphql.ArgumentNode(name=node.name, value=graphql.ObjectValueNode(fields=(*node.value.fields, *missing)))
        if name == "dryRun":
            return type(node)(name=node.name, value=nodes.Boolean(True))
        if name in self.left_out and chosen((name, self.made), [True]):
            return graphql.REMOVE
        value = chosen((name, self.made), self.known.get(name, [None]))
        if value is None:
            return None
        made = nodes.Int(value) if isinstance(value, int) and name != "workerId" else nodes.String(str(value))
        many = isinstance(node.value, graphql.ListValueNode)
        return type(node)(name=node.name, value=nodes.List([made]) if many else made)


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    document = graphql.parse(case.body)
    case.body = graphql.print_ast(graphql.visit(document, Known(case.operation.label, case.body)))


@schemathesis.check
def no_fault_of_the_server(ctx, response, case):
    """Whatever it says is said of the request."""
    for error in response.json().get("errors") or []:
        kind = error.get("extensions", {}).get("kind")
        assert kind != "internal", f"{error}"


@schemathesis.hook
def after_call(context, case, response):
    errors = response.json().get("errors") or []
    kinds = sorted({error.get("extensions", {}).get("kind", "malformed") for error in errors})
    count(case.operation.label, ", ".join(kinds) or "data", not kinds, [error["message"] for error in errors])
