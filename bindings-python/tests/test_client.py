"""What a client answers and refuses."""

from __future__ import annotations

import asyncio
import datetime
import multiprocessing
from pathlib import Path

import pytest
import tasker
from conftest import chain
from tasker import errors


def test_a_task_is_created_read_and_cancelled(client: tasker.Client) -> None:
    client.register_template(chain("order", "pay"))
    created = client.create_task("order", context={"order": 7}, tags=["vip"], priority=1)
    task = client.task(created.task_id)
    assert (task.status, task.context, task.tags, task["priority"]) == ("pending", {"order": 7}, ["vip"], 1)
    assert [step.name for step in client.steps(created.task_id)] == ["pay"]
    assert [task.task_id for task in client.list_tasks(tags=["vip"])] == [created.task_id]
    assert client.why(created.task_id, "pay")[0].handler == "pay"
    weights = {"impact_multipliers": {"path_length_weight": 100}}
    analysis = client.dependency_analysis(created.task_id, weights=weights)
    assert analysis.task_execution_summary["overall_health"] == "healthy"
    assert analysis.critical_paths["paths"][0]["criticality_score"] > 100
    assert client.cancel_task(created.task_id, by="anna").status == "cancelled"
    with pytest.raises(AttributeError, match="there is no 'state' here"):
        _ = task.state


def test_the_same_key_is_the_same_task(client: tasker.Client) -> None:
    client.register_template(chain("order", "pay"))
    first, again = client.create_tasks([{"name": "order", "idempotency_key": "7"}] * 2)
    assert (first.created, again.created, first.task_id) == (True, False, again.task_id)
    with pytest.raises(errors.AlreadyExistsError):
        client.create_task("order", idempotency_key="7", on_duplicate="reject")


def test_errors_say_what_they_are(client: tasker.Client, tmp_path: Path) -> None:
    with pytest.raises(errors.NotFoundError) as missing:
        client.task("0190a0a0-0000-7000-8000-000000000000")
    assert (missing.value.kind, missing.value.code, missing.value.retry) == ("not_found", 2001, False)
    with pytest.raises(errors.UnknownNamedTaskError, match="order"):
        client.create_task("order")
    with pytest.raises(TypeError, match="no contxt"):
        client.create_task("order", contxt={})
    with pytest.raises(errors.InvalidArgumentError, match="task: UUID"):
        client.task("no id")
    file = tmp_path / "order.yaml"
    file.write_text("name: order\nversion: 1.0.0\nstep_templates:\n  - {name: a, handler: h, depends_on_step: b}\n")
    with pytest.raises(errors.InvalidTemplateError, match=r"order\.yaml"):
        client.register_template(file)
    with pytest.raises(errors.WaitTimeoutError, match="pending"):
        client.register_template(chain("order", "pay"))
        client.wait(client.create_task("order").task_id, within_seconds=0)


def test_a_database_that_is_away_is_told() -> None:
    with (
        tasker.Client("postgres://nobody@127.0.0.1:1/none") as client,
        pytest.raises(errors.DatabaseUnavailableError) as away,
    ):
        client.list_tasks()
    assert away.value.retry


def test_settings_are_checked_at_once() -> None:
    with pytest.raises(errors.ConfigInvalidError, match="backof"):
        tasker.Client(settings={"backof": {"jitter_enabled": False}})


def test_asyncio_waits_on_its_own_loop(database_url: str) -> None:
    async def work() -> None:
        async with tasker.AsyncClient(database_url) as client:
            await client.register_template(chain("order", "pay"))
            created = await asyncio.gather(*(client.create_task("order") for _ in range(20)))
            assert len({one.task_id for one in created}) == 20
            with pytest.raises(errors.WaitTimeoutError):
                await client.wait(created[0].task_id, within_seconds=0.01)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.wait(created[0].task_id), 0.05)

    asyncio.run(work())


def create_in_child(client: tasker.Client, answers: multiprocessing.Queue[str]) -> None:
    """Use what was inherited."""
    answers.put(client.create_task("order").task_id)
    client.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_client_works_on_in_a_forked_child(client: tasker.Client) -> None:
    client.register_template(chain("order", "pay"))
    fork = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[str] = fork.Queue()
    child = fork.Process(target=create_in_child, args=(client, answers))
    child.start()
    task_id = answers.get(timeout=30)
    child.join(30)
    assert child.exitcode == 0
    assert client.task(task_id).status == "pending"


def use_worker_in_child(worker: tasker.Worker, answers: multiprocessing.Queue[str]) -> None:
    """Use what was inherited and does not work here."""
    try:
        _ = worker.status
    except errors.ForkedProcessError as refused:
        answers.put(str(refused))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_worker_is_refused_in_a_forked_child(client: tasker.Client, handlers: tasker.Registry) -> None:
    handlers.add("pay", lambda step: None)
    fork = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[str] = fork.Queue()
    with tasker.Worker(client, handlers) as worker:
        child = fork.Process(target=use_worker_in_child, args=(worker, answers))
        child.start()
        assert "start a worker here" in answers.get(timeout=30)
        child.join(30)
        assert child.exitcode == 0


def test_what_was_noted_on_a_task_is_read_oldest_first(client: tasker.Client) -> None:
    client.register_template(chain("order", "pay"))
    task_id = client.create_task("order").task_id
    assert client.list_annotations(task_id) == []
    new_year = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    parcel = client.annotate_task(task_id, " parcel ", {"by": "DHL", "sent_at": new_year})
    assert set(parcel) == {"task_annotation_id", "task_id", "annotation_type", "annotation", "created_at"}
    assert (parcel.task_id, parcel.annotation_type) == (task_id, "parcel")
    assert parcel.annotation == {"by": "DHL", "sent_at": "2026-01-01T00:00:00Z"}
    rest = [client.annotate_task(task_id, kind, said) for kind, said in [("note", 2**64 - 1), ("parcel", []), ("note", "")]]
    assert client.list_annotations(task_id) == [parcel, *rest]


def test_an_annotation_that_says_nothing_or_is_of_no_task_is_refused(client: tasker.Client) -> None:
    client.register_template(chain("order", "pay"))
    task_id = client.create_task("order").task_id
    with pytest.raises(errors.InvalidArgumentError, match="'note' has to say something"):
        client.annotate_task(task_id, "note", None)
    for kind in ("", "  ", "x" * 65):
        with pytest.raises(errors.InvalidArgumentError, match=f"1 to 64 characters, not {len(kind.strip())}"):
            client.annotate_task(task_id, kind, 1)
    with pytest.raises(errors.InvalidArgumentError, match="whole numbers go from"):
        client.annotate_task(task_id, "note", [2**64])
    with pytest.raises(TypeError, match="bytes cannot be said in JSON"):
        client.annotate_task(task_id, "note", b"1")
    assert client.list_annotations(task_id) == []
    nothing = "0190a0a0-0000-7000-8000-000000000000"
    with pytest.raises(errors.NotFoundError, match=nothing):
        client.annotate_task(nothing, "note", 1)
    with pytest.raises(errors.NotFoundError, match=nothing):
        client.list_annotations(nothing)


def test_what_operators_did_is_read_oldest_first(client: tasker.Client) -> None:
    client.register_template(chain("order", "pay"))
    task_id = client.create_task("order").task_id
    assert client.operator_actions(task_id) == []
    client.update_step(task_id, "pay", retry_limit=7, by="anna", reason="a slow bank")
    client.pause(handler="pay", by="bert")
    updated, paused = client.operator_actions(task_id)
    assert (updated.workflow_step_id, paused.handler) == (1, "pay")
    changed = {"retry_limit": {"from": 3, "to": 7}}
    assert updated.metadata == {"verb": "update_step", "by": "anna", "reason": "a slow bank", "changed": changed}
    assert paused.metadata["by"] == "bert"
    with pytest.raises(errors.NotFoundError):
        client.operator_actions("0190a0a0-0000-7000-8000-000000000000")


def test_asyncio_notes_and_reads_annotations(database_url: str) -> None:
    async def work() -> None:
        async with tasker.AsyncClient(database_url) as client:
            await client.register_template(chain("order", "pay"))
            task_id = (await client.create_task("order")).task_id
            noted = [await client.annotate_task(task_id, "note", said) for said in (1, {"two": None})]
            assert [one.annotation for one in noted] == [1, {"two": None}]
            assert await client.list_annotations(task_id) == noted
            with pytest.raises(errors.InvalidArgumentError):
                await client.annotate_task(task_id, "note", None)

    asyncio.run(work())


def test_every_verb_of_the_engine_is_a_method_of_both_clients() -> None:
    for client in (tasker.Client, tasker.AsyncClient):
        missing = [verb for verb in tasker._native.VERBS if not callable(getattr(client, verb, None))]
        assert missing == []


def test_a_bulk_verb_goes_batch_by_batch(client: tasker.Client) -> None:
    client.register_template(chain("order", "pay"))
    client.create_tasks([{"name": "order", "tags": ["bulk"]}] * 3)
    assert client.count_tasks(tags=["bulk"]) == 3
    first = client.operate_on_tasks("cancel", tags=["bulk"], limit=2, by="anna")
    second = client.operate_on_tasks("cancel", tags=["bulk"], limit=2, after=first.after)
    assert (len(first.outcomes), len(second.outcomes)) == (2, 1)
    assert {task.status for task in client.list_tasks(tags=["bulk"])} == {"cancelled"}
    with pytest.raises(errors.InvalidArgumentError, match="tgas"):
        client.operate_on_tasks("cancel", tgas=["bulk"])
