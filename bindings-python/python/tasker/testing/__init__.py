"""Workflows under test: by the real SQL, with the real handlers, in a transaction of the test's own.

There is no worker and no waiting, and after the rollback nothing is left. The clock is the test's, failures are injected,
and one call asks whether the workflow is right wherever its process dies::

    def test_a_closed_bank_is_tried_again(connection):  # in a transaction
        shop = WorkflowTest(connection, orders.registry)
        shop.register("order.yaml")
        shop.fault("charge").on_attempt(1).retryable("503")
        report = shop.run("order", namespace="shop", context={"price": 21, "count": 2})
        assert report.status == "complete"
        assert shop.crash_everywhere("order", namespace="shop", context={"price": 1, "count": 1}).is_right
"""

from ._async_test import AsyncWorkflowTest
from ._faults import Fault
from ._reports import CrashReport, TestReport
from ._test import WorkflowTest

__all__ = ["AsyncWorkflowTest", "CrashReport", "Fault", "TestReport", "WorkflowTest"]
