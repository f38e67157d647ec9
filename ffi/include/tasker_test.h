/*
 * libtasker 2.0.0: workflows under test, in a transaction of the test's own.
 *
 * Written by scripts/generate from ffi/src; ffi/README.md tells how to use it.
 */

#ifndef TASKER_TEST_H
#define TASKER_TEST_H

#include <tasker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tests
 *
 * Workflows under test: by the real SQL, with the real handlers, on a connection and in a transaction of the test's own. There is no
 * worker and no waiting, and after the rollback nothing is left.
 *
 * The clock of the transaction stands still but for what moves it: `tasker_test_advance`, `tasker_test_run_to_end`, and faults that
 * take time. Attempts run one after another, in the order of priority, time and step, on the thread that runs the test. A handler
 * may write on the same connection, and complete its step there by `tasker_step_complete_in`; to take something back it uses
 * a savepoint, because the transaction is the test's.
 *
 * One thread at a time: that of the test. A `report` is a document of yours to free; NULL where it is not wanted.
 */

/**
 * Workflows under test, on one connection and in one transaction.
 */
typedef struct tasker_test tasker_test;

/**
 * What a test is made with. Begin with all zeroes, and set `size`, `handlers` and `handler_count`.
 */
typedef struct {
  /**
   * `sizeof(tasker_test_options)`.
   */
  size_t size;
  /**
   * The handlers, each with its function. They are copied; what `user_data` leads to has to stay.
   */
  const tasker_handler *handlers;
  /**
   * How many.
   */
  size_t handler_count;
  /**
   * The schema that Tasker lives in. Left out: `tasker`.
   */
  tasker_str schema;
  /**
   * Settings, as blocks of *tasker.yaml*; nothing is taken from the environment. Without a word on it the backoff has no jitter:
   * a test knows to the second when an attempt is due. NULL: none.
   */
  const tasker_json *settings;
} tasker_test_options;

/**
 * Begins a test on a connection that is in a transaction. Its clock stands still from now on. The connection is used until the test
 * is freed. NULL with `invalid_argument` where there is no transaction or a handler has no function, `schema_mismatch` where the
 * database has no Tasker that this version can use, `config_invalid`. Free it with `tasker_test_free`.
 */
tasker_test *tasker_test_new(const tasker_connection *connection,
                             const tasker_test_options *options,
                             tasker_error **error);

/**
 * Frees it. The connection and its transaction are left as they are: roll back. NULL is fine, twice is not.
 */
void tasker_test_free(tasker_test *test);

/**
 * Registers a template in YAML inside the transaction; it is the content of its version then, whatever was. False with
 * `invalid_template`, which tells every mistake with its place, or `cycle_detected`.
 */
bool tasker_test_register_yaml(const tasker_test *test,
                               tasker_str yaml,
                               tasker_error **error);

/**
 * Registers a template from a file of YAML. False as `tasker_test_register_yaml`, and with `invalid_argument` where the file cannot
 * be read.
 */
bool tasker_test_register_file(const tasker_test *test,
                               tasker_str path,
                               tasker_error **error);

/**
 * Registers a template that is a document: the same as YAML says, or what `tasker_workflow_template` gave. False as
 * `tasker_test_register_yaml`.
 */
bool tasker_test_register_template(const tasker_test *test,
                                   const tasker_json *content,
                                   tasker_error **error);

/**
 * Creates a task inside the transaction, as `tasker_client_create_task` does: arguments and errors are the same.
 */
bool tasker_test_create_task(const tasker_test *test,
                             const tasker_task_request *request,
                             tasker_task_id *task_id,
                             bool *created,
                             tasker_error **error);

/**
 * Creates a task and runs it to its end: `tasker_test_create_task`, then `tasker_test_run_to_end`.
 */
bool tasker_test_run(const tasker_test *test,
                     const tasker_task_request *request,
                     tasker_json **report,
                     tasker_error **error);

/**
 * Runs a task until nothing of it is ready or due any more; waits between attempts take no time. False with `unknown_handler` where a
 * step that may still run has no handler here, `not_found` where the transaction sees no such task, `invalid_argument` where a
 * fault names a step that no task of the test has, or a handler ended the transaction.
 */
bool tasker_test_run_to_end(const tasker_test *test,
                            tasker_str task_id,
                            tasker_json **report,
                            tasker_error **error);

/**
 * Runs a task until nothing of it is ready at this instant. False as `tasker_test_run_to_end`.
 */
bool tasker_test_run_until_idle(const tasker_test *test,
                                tasker_str task_id,
                                tasker_json **report,
                                tasker_error **error);

/**
 * Runs one attempt of a task, if one is ready now. False as `tasker_test_run_to_end`.
 */
bool tasker_test_run_one(const tasker_test *test,
                         tasker_str task_id,
                         tasker_json **report,
                         tasker_error **error);

/**
 * What has become of a task so far. False with `not_found`.
 */
bool tasker_test_report(const tasker_test *test,
                        tasker_str task_id,
                        tasker_json **report,
                        tasker_error **error);

/**
 * Moves the clock, of this transaction only. False with `invalid_argument` where it would move backwards, or beyond the end of time.
 */
bool tasker_test_advance(const tasker_test *test,
                         double seconds,
                         tasker_error **error);

/* Faults
 *
 * Failures that a test injects, and the question whether a workflow is right wherever its process dies.
 */

/**
 * The attempt fails, and may be tried again.
 */
#define TASKER_FAULT_RETRYABLE 1

/**
 * The attempt fails for good.
 */
#define TASKER_FAULT_PERMANENT 2

/**
 * The handler runs, and the clock moves by the timeout of the step.
 */
#define TASKER_FAULT_TIMES_OUT 3

/**
 * The handler runs, and the clock moves by `seconds`; longer than its timeout is a timeout.
 */
#define TASKER_FAULT_TAKES 4

/**
 * The handler runs, and what it returned cannot be stored.
 */
#define TASKER_FAULT_NOT_JSON 5

/**
 * The process dies. The clock moves on until its lease is over and another one has taken its steps back.
 */
#define TASKER_FAULT_WORKER_LOST 6

/**
 * A failure retryable or permanent, or the death of the process, strikes after the handler has run: its work is done, and what it said is
 * lost. Otherwise it does not run.
 */
#define TASKER_FAULT_AFTER_THE_HANDLER 1

/**
 * What goes wrong with a step under test. Begin with all zeroes, and set `size`, `step` and `kind`.
 */
typedef struct {
  /**
   * `sizeof(tasker_fault)`.
   */
  size_t size;
  /**
   * The name of the step.
   */
  tasker_str step;
  /**
   * Which attempt, from 1. 0: every one.
   */
  uint64_t attempt;
  /**
   * One of `TASKER_FAULT_…`.
   */
  uint64_t kind;
  /**
   * `TASKER_FAULT_AFTER_THE_HANDLER`, or 0.
   */
  uint64_t flags;
  /**
   * What the failure says.
   */
  tasker_str message;
  /**
   * Its code. Left out: none.
   */
  tasker_str error_code;
  /**
   * When to try again, in seconds, of a failure that is retryable. 0: as the rules of the step say.
   */
  double retry_after_seconds;
  /**
   * More of the failure, for programs. NULL: none.
   */
  const tasker_json *details;
  /**
   * How long the attempt takes, for `TASKER_FAULT_TAKES`.
   */
  double seconds;
} tasker_fault;

/**
 * Assertions of the test about a run: what is wrong with it, ended by a NUL; NULL where nothing is. The text is copied. `variant` has
 * `crash` (`step`, `attempt`, `when`; null for the undisturbed run) and `report`, and is not yours to free.
 */
typedef const char *(*tasker_check_function)(const tasker_json *variant, void *user_data);

/**
 * How to look for points at which a process must not die. Begin with all zeroes, and set `size`.
 */
typedef struct {
  /**
   * `sizeof(tasker_crash_options)`.
   */
  size_t size;
  /**
   * Called after each run. NULL: there are no assertions besides those of the kit.
   */
  tasker_check_function check;
  /**
   * Given to it as it is.
   */
  void *user_data;
  /**
   * An array of the names of steps whose results may differ: they contain a time, a random id or the attempt. NULL: none.
   */
  const tasker_json *may_differ;
} tasker_crash_options;

/**
 * Injects a fault. Where several strike the same attempt, the one that was injected last does. False with `invalid_argument`.
 */
bool tasker_test_inject(const tasker_test *test,
                        const tasker_fault *fault,
                        tasker_error **error);

/**
 * Takes all faults back.
 */
bool tasker_test_clear_faults(const tasker_test *test, tasker_error **error);

/**
 * Runs the workflow once to its end, and then once for each point at which its process could die: before a handler, after it, and after
 * its outcome was recorded. Each run is rolled back to where it began. It has to end as the undisturbed one: the same state, the
 * same states of its steps, the same results. `options` may be NULL. The report has `right` (true or false), `text` for people, and
 * `variants`, each with `crash`, `status`, `executions` and `problems`. False as `tasker_test_run`; what is wrong with the workflow
 * is in the report.
 */
bool tasker_test_crash_everywhere(const tasker_test *test,
                                  const tasker_task_request *request,
                                  const tasker_crash_options *options,
                                  tasker_json **report,
                                  tasker_error **error);

/* Operators
 *
 * What an operator would do in between: a `report` is the task's afterwards. False with `not_found`, or with `illegal_transition` where
 * its state does not allow it; the test goes on then as if nothing had been asked.
 */

/**
 * Cancels the task and its open steps.
 */
bool tasker_test_cancel_task(const tasker_test *test,
                             tasker_str task_id,
                             tasker_json **report,
                             tasker_error **error);

/**
 * Tries again what failed for good in the task.
 */
bool tasker_test_retry_task(const tasker_test *test,
                            tasker_str task_id,
                            tasker_json **report,
                            tasker_error **error);

/**
 * Declares the task done.
 */
bool tasker_test_resolve_task(const tasker_test *test,
                              tasker_str task_id,
                              tasker_json **report,
                              tasker_error **error);

/**
 * Lets nothing of the task be begun.
 */
bool tasker_test_pause_task(const tasker_test *test,
                            tasker_str task_id,
                            tasker_json **report,
                            tasker_error **error);

/**
 * Lets a paused task go on.
 */
bool tasker_test_resume_task(const tasker_test *test,
                             tasker_str task_id,
                             tasker_json **report,
                             tasker_error **error);

/**
 * Cancels a step, by its name.
 */
bool tasker_test_cancel_step(const tasker_test *test,
                             tasker_str task_id,
                             tasker_str step,
                             tasker_json **report,
                             tasker_error **error);

/**
 * Tries a failed step again, by its name: once more, or with its whole budget of attempts.
 */
bool tasker_test_retry_step(const tasker_test *test,
                            tasker_str task_id,
                            tasker_str step,
                            bool reset_attempts,
                            tasker_json **report,
                            tasker_error **error);

/**
 * Declares a step done, by its name, with the results that its dependents will read; NULL: none.
 */
bool tasker_test_resolve_step(const tasker_test *test,
                              tasker_str task_id,
                              tasker_str step,
                              const tasker_json *results,
                              tasker_json **report,
                              tasker_error **error);

/* Reports
 *
 * What became of a task under test. A report has `task`, `steps` by number, `executions` in their order (`step`, `attempt`, `handler_ran`,
 * `outcome`, `error`, `recorded`, `began_at`), `now`, and `next_due_at`: when something of the task is ready next, null where nothing
 * will be without an operator.
 */

/**
 * The state of the task, valid until the report is freed. No text for NULL, and for what is no report.
 */
tasker_str tasker_report_status(const tasker_json *report);

/**
 * A step of the task, by its name: its `status`, `results`, `attempts` and so on. NULL with `not_found`. Free it with
 * `tasker_json_free`.
 */
tasker_json *tasker_report_step(const tasker_json *report,
                                tasker_str name,
                                tasker_error **error);

/**
 * How often the handler of a step was executed. 0 for NULL, and for a step that there is not.
 */
size_t tasker_report_executions_of(const tasker_json *report, tasker_str step);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_TEST_H */
