/*
 * libtasker 2.0.0: durable workflows on PostgreSQL, inside your own process.
 *
 * Written by scripts/generate from ffi/src; ffi/README.md tells how to use it.
 */

#ifndef TASKER_H
#define TASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The version of this header. */
#define TASKER_VERSION "2.0.0"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tasker_error tasker_error;
typedef struct tasker_json tasker_json;

/* Texts
 *
 * A text is a pointer and a length: UTF-8, not ended by a NUL. What a function gives out belongs to the object it was
 * asked of, and is valid until that is freed; what it is given it copies where it keeps it.
 */

/**
 * A text that somebody else owns. `{NULL, 0}` is no text at all: left out, where it may be.
 */
typedef struct {
  /**
   * UTF-8, not ended by a NUL.
   */
  const char *data;
  /**
   * How many bytes.
   */
  size_t length;
} tasker_str;

/** The text that ends before a NUL: `tasker_text("charge")`. NULL is no text at all. */
static inline tasker_str tasker_text(const char *text) {
  tasker_str given;
  given.data = text;
  given.length = text == NULL ? 0 : strlen(text);
  return given;
}

/** To print a text: `printf("%" TASKER_STR_FORMAT "\n", TASKER_STR(name))`. */
#define TASKER_STR_FORMAT ".*s"
#define TASKER_STR(text) (int)(text).length, (text).data

/* Documents
 *
 * JSON documents, and what is in them. A place in a document is named by a JSON Pointer (RFC 6901): `/steps/0/name`; the empty
 * text is the whole. Whole numbers are kept from -2^63 to 2^64-1.
 *
 * Reading is for any number of threads at once; a document is changed by one thread while nobody else uses it.
 */

/**
 * What a value is.
 */
typedef enum {
  /**
   * There is nothing at that place.
   */
  TASKER_JSON_TYPE_MISSING,
  /**
   * `null`.
   */
  TASKER_JSON_TYPE_NULL,
  /**
   * `true` or `false`.
   */
  TASKER_JSON_TYPE_BOOL,
  /**
   * A number.
   */
  TASKER_JSON_TYPE_NUMBER,
  /**
   * A text.
   */
  TASKER_JSON_TYPE_STRING,
  /**
   * A list.
   */
  TASKER_JSON_TYPE_ARRAY,
  /**
   * Members by name.
   */
  TASKER_JSON_TYPE_OBJECT,
} tasker_json_type;

/**
 * A JSON document. It is read when something is asked of it, and written when its text is.
 */
typedef struct tasker_json tasker_json;

/**
 * Reads a document: UTF-8, nothing in it that another language or PostgreSQL cannot carry. NULL with `invalid_argument`,
 * `invalid_utf8` or `null_pointer`. Free it with `tasker_json_free`. Any thread.
 */
tasker_json *tasker_json_parse(tasker_str json,
                               tasker_error **error);

/**
 * A copy of a document. NULL with `null_pointer`, or with the first change to it that was refused. Any thread.
 */
tasker_json *tasker_json_copy(const tasker_json *json,
                              tasker_error **error);

/**
 * Frees a document that is yours. NULL is fine, twice is not. Any thread.
 */
void tasker_json_free(tasker_json *json);

/**
 * The document as JSON text, valid until it is changed or freed. No text for NULL. Any thread.
 */
tasker_str tasker_json_text(const tasker_json *json);

/**
 * Whether two documents say the same, whatever the order of members and the way that numbers are written. False if one is
 * NULL. Any thread.
 */
bool tasker_json_equal(const tasker_json *json,
                       const tasker_json *other);

/**
 * What stands at a place; `TASKER_JSON_TYPE_MISSING` where nothing does, or where an argument is none. Any thread.
 */
tasker_json_type tasker_json_get_type(const tasker_json *json,
                                      tasker_str pointer);

/**
 * The string at a place, valid until the document is changed or freed. False with `not_found`, or `invalid_argument` where it
 * is something else. Any thread.
 */
bool tasker_json_get_string(const tasker_json *json,
                            tasker_str pointer,
                            tasker_str *value,
                            tasker_error **error);

/**
 * The whole number at a place, from -2^63 to 2^63-1. False with `not_found`, or `invalid_argument` where it is something else.
 * Any thread.
 */
bool tasker_json_get_int64(const tasker_json *json,
                           tasker_str pointer,
                           int64_t *value,
                           tasker_error **error);

/**
 * The whole number at a place, from 0 to 2^64-1. False with `not_found`, or `invalid_argument` where it is something else. Any
 * thread.
 */
bool tasker_json_get_uint64(const tasker_json *json,
                            tasker_str pointer,
                            uint64_t *value,
                            tasker_error **error);

/**
 * The number at a place, as near as a double comes. False with `not_found`, or `invalid_argument` where it is something else.
 * Any thread.
 */
bool tasker_json_get_double(const tasker_json *json,
                            tasker_str pointer,
                            double *value,
                            tasker_error **error);

/**
 * Whether `true` or `false` stands at a place. False with `not_found`, or `invalid_argument` where it is something else. Any
 * thread.
 */
bool tasker_json_get_bool(const tasker_json *json,
                          tasker_str pointer,
                          bool *value,
                          tasker_error **error);

/**
 * How many items the array at a place has, or how many members the object. False with `not_found`, or `invalid_argument` where
 * it is something else. Any thread.
 */
bool tasker_json_get_size(const tasker_json *json,
                          tasker_str pointer,
                          size_t *size,
                          tasker_error **error);

/**
 * The name of a member of the object at a place, by its number from 0, in the order of the names; valid until the document is
 * changed or freed. False with `not_found`, also where there are not so many, or `invalid_argument`. Any thread.
 */
bool tasker_json_get_key(const tasker_json *json,
                         tasker_str pointer,
                         size_t index,
                         tasker_str *key,
                         tasker_error **error);

/**
 * What stands at a place, as a document of its own. NULL with `not_found`. Free it with `tasker_json_free`. Any thread.
 */
tasker_json *tasker_json_get(const tasker_json *json,
                             tasker_str pointer,
                             tasker_error **error);

/* Documents of your own
 *
 * Documents that a program makes. A value is put at a place, and objects on the way there that are missing are made:
 * `/customer/name`. An array is made with `tasker_json_set_array`, and grows at its end: `/items/-`.
 *
 * The first change that is refused stays in the document: whoever is given it later refuses it for that reason. So a program
 * may pass NULL for the errors of its changes, and look at the one that comes of using the document.
 */

/**
 * A new document: an object without members. Free it with `tasker_json_free`. Any thread.
 */
tasker_json *tasker_json_new(void);

/**
 * Puts a string at a place. False with `invalid_utf8`, `null_pointer`, or `invalid_argument` where there can be no such place.
 * One thread at a time.
 */
bool tasker_json_set_string(tasker_json *json,
                            tasker_str pointer,
                            tasker_str value,
                            tasker_error **error);

/**
 * Puts a whole number at a place. False as `tasker_json_set_string`. One thread at a time.
 */
bool tasker_json_set_int64(tasker_json *json,
                           tasker_str pointer,
                           int64_t value,
                           tasker_error **error);

/**
 * Puts a whole number at a place. False as `tasker_json_set_string`. One thread at a time.
 */
bool tasker_json_set_uint64(tasker_json *json,
                            tasker_str pointer,
                            uint64_t value,
                            tasker_error **error);

/**
 * Puts a number at a place. False as `tasker_json_set_string`, and with `invalid_argument` for infinities and what is no
 * number. One thread at a time.
 */
bool tasker_json_set_double(tasker_json *json,
                            tasker_str pointer,
                            double value,
                            tasker_error **error);

/**
 * Puts `true` or `false` at a place. False as `tasker_json_set_string`. One thread at a time.
 */
bool tasker_json_set_bool(tasker_json *json, tasker_str pointer, bool value, tasker_error **error);

/**
 * Puts `null` at a place. False as `tasker_json_set_string`. One thread at a time.
 */
bool tasker_json_set_null(tasker_json *json, tasker_str pointer, tasker_error **error);

/**
 * Puts an object without members at a place. False as `tasker_json_set_string`. One thread at a time.
 */
bool tasker_json_set_object(tasker_json *json,
                            tasker_str pointer,
                            tasker_error **error);

/**
 * Puts an array without items at a place. False as `tasker_json_set_string`. One thread at a time.
 */
bool tasker_json_set_array(tasker_json *json, tasker_str pointer, tasker_error **error);

/**
 * Puts a copy of another document at a place. False as `tasker_json_set_string`, and with the first change to the other one
 * that was refused. One thread at a time.
 */
bool tasker_json_set(tasker_json *json,
                     tasker_str pointer,
                     const tasker_json *value,
                     tasker_error **error);

/* Errors
 *
 * Whatever may go wrong takes a `tasker_error **` last: NULL where nobody wants to know, else where a new object goes
 * when it did; it is left alone when nothing went wrong. Answers are written only when nothing went wrong.
 */

/** What `tasker_error_code` gives. */
enum {
  TASKER_ERROR_INVALID_ARGUMENT = 1001,
  TASKER_ERROR_INVALID_TEMPLATE = 1002,
  TASKER_ERROR_CYCLE_DETECTED = 1003,
  TASKER_ERROR_UNKNOWN_NAMED_TASK = 1004,
  TASKER_ERROR_UNKNOWN_HANDLER = 1005,
  TASKER_ERROR_INVALID_CONTEXT = 1006,
  TASKER_ERROR_CONFIG_INVALID = 1007,
  TASKER_ERROR_NOT_FOUND = 2001,
  TASKER_ERROR_ALREADY_EXISTS = 2002,
  TASKER_ERROR_IDEMPOTENCY_MISMATCH = 2007,
  TASKER_ERROR_ILLEGAL_TRANSITION = 2003,
  TASKER_ERROR_ATTEMPT_LOST = 2004,
  TASKER_ERROR_UNAUTHENTICATED = 2005,
  TASKER_ERROR_FORBIDDEN = 2006,
  TASKER_ERROR_DATABASE_UNAVAILABLE = 3001,
  TASKER_ERROR_TIMEOUT = 3002,
  TASKER_ERROR_SCHEMA_MISMATCH = 3003,
  TASKER_ERROR_SHUTTING_DOWN = 3004,
  TASKER_ERROR_INTERNAL = 9001,
  TASKER_ERROR_PANIC = 9002,
  TASKER_ERROR_NULL_POINTER = 9003,
  TASKER_ERROR_INVALID_UTF8 = 9004,
  TASKER_ERROR_FORKED_PROCESS = 9005
};

/**
 * What went wrong.
 */
typedef struct tasker_error tasker_error;

/**
 * Its number, the same in every language and never reused: 10xx is the caller, 20xx the state of things, 30xx the world,
 * 90xx the library. 0 for NULL. Any thread.
 */
uint32_t tasker_error_code(const tasker_error *error);

/**
 * Its name, such as `not_found`. Ended by a NUL besides, valid until the error is freed. No text for NULL. Any thread.
 */
tasker_str tasker_error_kind(const tasker_error *error);

/**
 * What was wrong, where, what was expected and what to do, for people. Ended by a NUL besides, valid until the error is freed.
 * No text for NULL. Any thread.
 */
tasker_str tasker_error_message(const tasker_error *error);

/**
 * Whether the very same call may succeed later. Any thread.
 */
bool tasker_error_retryable(const tasker_error *error);

/**
 * More for programs, valid until the error is freed; NULL where there is nothing more. Any thread.
 */
const tasker_json *tasker_error_details(const tasker_error *error);

/**
 * Frees it. NULL is fine, twice is not. Any thread.
 */
void tasker_error_free(tasker_error *error);

/* The client
 *
 * A client: the engine of a database. It is configuration until it is used, and opens its connections then. What it can do is
 * a verb, by name; the usual ones are functions of their own.
 *
 * A client may be used by any number of threads at once, and not in a process that was forked from the one it was made in:
 * that is `forked_process`. Make another one there.
 */

/**
 * Take no settings from the environment and from files.
 */
#define TASKER_CLIENT_ISOLATED 1

/**
 * The engine of a database.
 */
typedef struct tasker_client tasker_client;

/**
 * What a client is made with. Begin with all zeroes, and set `size`.
 */
typedef struct {
  /**
   * `sizeof(tasker_client_options)`.
   */
  size_t size;
  /**
   * The URL of the database. Left out: `TASKER_DATABASE_URL`, then `DATABASE_URL`, then a private PostgreSQL for development.
   */
  tasker_str database_url;
  /**
   * The schema that Tasker lives in. Left out: `tasker`.
   */
  tasker_str schema;
  /**
   * What `pg_stat_activity` shows.
   */
  tasker_str application_name;
  /**
   * Settings, as blocks of *tasker.yaml*: `{"execution": {"lease_seconds": 10}}`. They win over file and environment. NULL:
   * none.
   */
  const tasker_json *settings;
  /**
   * `TASKER_CLIENT_ISOLATED`, or 0.
   */
  uint64_t flags;
} tasker_client_options;

/**
 * Makes a client. Nothing is opened yet. `options` may be NULL. NULL with `config_invalid`, which tells everything that is wrong,
 * or `invalid_argument`, `invalid_utf8`. Free it with `tasker_client_free`. Any thread.
 */
tasker_client *tasker_client_new(const tasker_client_options *options,
                                 tasker_error **error);

/**
 * Closes its connections, and waits until that is done. It can be used no more. Closing it once more does nothing. False with
 * `forked_process`, `null_pointer`. Any thread, while nobody uses it.
 */
bool tasker_client_close(const tasker_client *client,
                         tasker_error **error);

/**
 * Closes and frees it. Its workers go on. NULL is fine, twice is not. In a process that was forked from its own it does nothing.
 * Any thread, while nobody uses it.
 */
void tasker_client_free(tasker_client *client);

/**
 * Runs a verb and waits for its answer. All verbs are in the details of the error for one that there is not. `arguments` is an
 * object, or NULL for one without members; the answer goes to `answer`, unless that is NULL, and is yours to free. False with
 * what the verb says. Any thread.
 */
bool tasker_client_call(const tasker_client *client,
                        tasker_str verb,
                        const tasker_json *arguments,
                        tasker_json **answer,
                        tasker_error **error);

/* Verbs
 *
 * The usual verbs of a client. All of them wait, may be called from any thread, and may find the database away
 * (`database_unavailable`). An `answer` is a document of yours to free; NULL where it is not wanted. Who asks, and why, stands
 * in the audit trail; either may be left out.
 */

/**
 * What a task is asked for with. Begin with all zeroes, and set `size` and `name`.
 */
typedef struct {
  /**
   * `sizeof(tasker_task_request)`.
   */
  size_t size;
  /**
   * The name of the template.
   */
  tasker_str name;
  /**
   * Its namespace. Left out: `default`.
   */
  tasker_str namespace_name;
  /**
   * Its version. Left out: the latest.
   */
  tasker_str version;
  /**
   * The task's input, an object. NULL: one without members.
   */
  const tasker_json *context;
  /**
   * The same key once more is the same task. Left out: every request is a task of its own, unless a setting says otherwise.
   */
  tasker_str idempotency_key;
  /**
   * Other members of a request: `tags`, `priority`, `initiator`, `source_system`, `reason`, `bypass_steps`, `task_id`,
   * `requested_at`, `idempotency_ttl_seconds`, `on_duplicate`, `traceparent`. NULL: none.
   */
  const tasker_json *more;
} tasker_task_request;

/**
 * The id of a task: a UUID as text, ended by a NUL.
 */
typedef struct {
  /**
   * Such as `0190a0a0-0000-7000-8000-000000000000`.
   */
  char text[37];
} tasker_task_id;

/**
 * Brings the schema in the database to the version of this library. Safe by many processes at once.
 */
bool tasker_client_migrate(const tasker_client *client, tasker_error **error);

/**
 * Registers a template in YAML. False with `invalid_template`, which tells every mistake with its place, or `cycle_detected`.
 */
bool tasker_client_register_yaml(const tasker_client *client,
                                 tasker_str yaml,
                                 tasker_json **answer,
                                 tasker_error **error);

/**
 * Registers a template from a file of YAML. False as `tasker_client_register_yaml`, and with `invalid_argument` where the file
 * cannot be read.
 */
bool tasker_client_register_file(const tasker_client *client,
                                 tasker_str path,
                                 tasker_json **answer,
                                 tasker_error **error);

/**
 * Registers a template that is a document: the same as YAML says, or what `tasker_workflow_template` gave. False as
 * `tasker_client_register_yaml`.
 */
bool tasker_client_register_template(const tasker_client *client,
                                     const tasker_json *content,
                                     tasker_json **answer,
                                     tasker_error **error);

/**
 * Creates a task. Its id goes to `task_id`; whether this request created it, or it was there, to `created` unless that is NULL.
 * False with `unknown_named_task`, `invalid_context`, `idempotency_mismatch`, `already_exists`.
 */
bool tasker_client_create_task(const tasker_client *client,
                               const tasker_task_request *request,
                               tasker_task_id *task_id,
                               bool *created,
                               tasker_error **error);

/**
 * Waits until a task has ended (complete, error, cancelled or resolved_manually): the task. So many milliseconds; a negative
 * number waits without an end. False with `timeout`, which says how far it is, or `not_found`.
 */
bool tasker_client_wait(const tasker_client *client,
                        tasker_str task_id,
                        int64_t timeout_ms,
                        tasker_json **answer,
                        tasker_error **error);

/**
 * A task: its `status`, `context`, counts of its steps and so on. False with `not_found`.
 */
bool tasker_client_task(const tasker_client *client,
                        tasker_str task_id,
                        tasker_json **answer,
                        tasker_error **error);

/**
 * A step of a task, by its name or its number: its `status`, `results`, `attempts` and so on. False with `not_found`.
 */
bool tasker_client_step(const tasker_client *client,
                        tasker_str task_id,
                        tasker_str step,
                        tasker_json **answer,
                        tasker_error **error);

/**
 * Why a task, or one step of it (left out: all), does not go on: an array of reasons. False with `not_found`.
 */
bool tasker_client_why(const tasker_client *client,
                       tasker_str task_id,
                       tasker_str step,
                       tasker_json **answer,
                       tasker_error **error);

/**
 * Notes something on a task, to find it by: any document but null. Its type has 1 to 64 characters, and is made at its first use.
 * Each call adds an annotation; the answer is that one: `task_annotation_id`, `annotation_type`, `annotation` and so on. False
 * with `not_found`, `invalid_argument`.
 */
bool tasker_client_annotate_task(const tasker_client *client,
                                 tasker_str task_id,
                                 tasker_str annotation_type,
                                 const tasker_json *annotation,
                                 tasker_json **answer,
                                 tasker_error **error);

/**
 * What was noted on a task, oldest first: an array of what `tasker_client_annotate_task` answers. False with `not_found`.
 */
bool tasker_client_list_annotations(const tasker_client *client,
                                    tasker_str task_id,
                                    tasker_json **answer,
                                    tasker_error **error);

/**
 * Cancels a task and its open steps; handlers that run are told. False with `not_found`, `illegal_transition`.
 */
bool tasker_client_cancel_task(const tasker_client *client,
                               tasker_str task_id,
                               tasker_str by,
                               tasker_str reason,
                               tasker_json **answer,
                               tasker_error **error);

/**
 * Tries the failed steps of a task again. False with `not_found`, `illegal_transition`.
 */
bool tasker_client_retry_task(const tasker_client *client,
                              tasker_str task_id,
                              tasker_str by,
                              tasker_str reason,
                              tasker_json **answer,
                              tasker_error **error);

/**
 * Tries a step again, by its name or its number. False with `not_found`, `illegal_transition`.
 */
bool tasker_client_retry_step(const tasker_client *client,
                              tasker_str task_id,
                              tasker_str step,
                              tasker_str by,
                              tasker_str reason,
                              tasker_json **answer,
                              tasker_error **error);

/**
 * Resolves a step by hand, with results (NULL: none): those that wait for it go on. False with `not_found`,
 * `illegal_transition`.
 */
bool tasker_client_resolve_step(const tasker_client *client,
                                tasker_str task_id,
                                tasker_str step,
                                const tasker_json *results,
                                tasker_str by,
                                tasker_str reason,
                                tasker_json **answer,
                                tasker_error **error);

/**
 * Pauses a task: nothing more of it is begun. Namespaces, named tasks and handlers are paused by the verb `pause`. False with
 * `not_found`.
 */
bool tasker_client_pause_task(const tasker_client *client,
                              tasker_str task_id,
                              tasker_str by,
                              tasker_str reason,
                              tasker_error **error);

/**
 * Resumes a task that was paused. False with `not_found`.
 */
bool tasker_client_resume_task(const tasker_client *client,
                               tasker_str task_id,
                               tasker_str by,
                               tasker_str reason,
                               tasker_error **error);

/* Workflows in code
 *
 * Workflows in code: a builder of the same template as YAML would say. Steps depend on steps that were added before, by
 * reference. Other keys of the workflow and of each step are put into documents:
 * `tasker_json_set_int64(tasker_workflow_step_keys(charge), tasker_text("/default_retry_limit"), 5, NULL)`.
 *
 * One thread at a time.
 */

/**
 * A workflow in code.
 */
typedef struct tasker_workflow tasker_workflow;

/**
 * A step of it. It belongs to its workflow.
 */
typedef struct tasker_workflow_step tasker_workflow_step;

/**
 * Begins a workflow without steps. The namespace may be left out: `default`. The version is `MAJOR.MINOR.PATCH`. NULL with
 * `null_pointer`, `invalid_utf8`; what is wrong with a name is told when it is registered. Free it with `tasker_workflow_free`.
 */
tasker_workflow *tasker_workflow_new(tasker_str name,
                                     tasker_str namespace_name,
                                     tasker_str version,
                                     tasker_error **error);

/**
 * Adds a step. The name of its handler may be left out: `namespace.workflow.step`. The step is the workflow's, and valid until that
 * is freed. NULL with `null_pointer`, `invalid_utf8`, or `invalid_argument` where there is a step of that name already.
 */
tasker_workflow_step *tasker_workflow_add_step(tasker_workflow *workflow,
                                               tasker_str name,
                                               tasker_str handler,
                                               tasker_error **error);

/**
 * Lets a step wait until another one of the same workflow has ended well. False with `null_pointer`, or `invalid_argument` where
 * that is a step of another workflow.
 */
bool tasker_workflow_depends_on(tasker_workflow_step *step,
                                const tasker_workflow_step *parent,
                                tasker_error **error);

/**
 * The keys of the workflow besides its steps (`description`, `schema`, `environments` and so on), to be added to. They are the
 * workflow's. NULL for NULL.
 */
tasker_json *tasker_workflow_keys(tasker_workflow *workflow);

/**
 * The keys of a step besides what it depends on (`default_retry_limit`, `timeout_seconds`, `retry`, `priority` and so on), to be added
 * to. They are the workflow's. NULL for NULL.
 */
tasker_json *tasker_workflow_step_keys(tasker_workflow_step *step);

/**
 * The template, as YAML would say it: give it to `tasker_client_register_template`. NULL with `null_pointer`, or the first change
 * of a key that was refused. Free it with `tasker_json_free`.
 */
tasker_json *tasker_workflow_template(const tasker_workflow *workflow,
                                      tasker_error **error);

/**
 * Frees it and its steps. NULL is fine, twice is not.
 */
void tasker_workflow_free(tasker_workflow *workflow);

/* Steps
 *
 * What a handler sees of its attempt. A step may go from one thread to another, and be asked by several at once. What it gives
 * out belongs to it, and is valid until it is freed; one that a handler was called with is freed when the handler has returned.
 */

/**
 * One attempt of one step of a task.
 */
typedef struct tasker_step tasker_step;

/**
 * The id of the task. No text for NULL. Any thread.
 */
tasker_str tasker_step_task_id(const tasker_step *step);

/**
 * The name of the step. No text for NULL. Any thread.
 */
tasker_str tasker_step_name(const tasker_step *step);

/**
 * The handler that is to run it. No text for NULL. Any thread.
 */
tasker_str tasker_step_handler(const tasker_step *step);

/**
 * The name of the task. No text for NULL. Any thread.
 */
tasker_str tasker_step_task_name(const tasker_step *step);

/**
 * The namespace of the task. No text for NULL. Any thread.
 */
tasker_str tasker_step_namespace(const tasker_step *step);

/**
 * The version of the task's template. No text for NULL. Any thread.
 */
tasker_str tasker_step_version(const tasker_step *step);

/**
 * The number of the step, from 1 in the order of the template. 0 for NULL. Any thread.
 */
int32_t tasker_step_no(const tasker_step *step);

/**
 * The claim, for `complete_step` in SQL of the handler's own. 0 for NULL. Any thread.
 */
int32_t tasker_step_claim_no(const tasker_step *step);

/**
 * The attempt, from 1. 0 for NULL. Any thread.
 */
int32_t tasker_step_attempt(const tasker_step *step);

/**
 * The handler's configuration in the template; NULL where it has none. Any thread.
 */
const tasker_json *tasker_step_config(const tasker_step *step);

/**
 * The task's input. One over 64 KiB is fetched at the first call, which waits for it. NULL with `database_unavailable`,
 * `forked_process`. Any thread.
 */
const tasker_json *tasker_step_context(const tasker_step *step,
                                       tasker_error **error);

/**
 * What another step of the task returned: any that has ended well, not only one that this one depends on. What did not come
 * along is fetched at the first call, which waits for it. NULL with `not_found`, `database_unavailable`, `forked_process`. Any
 * thread.
 */
const tasker_json *tasker_step_results(const tasker_step *step,
                                       tasker_str name,
                                       tasker_error **error);

/**
 * How many milliseconds are left until the attempt is given up; 0 when it has been, -1 where it has no timeout. Any thread.
 */
int64_t tasker_step_time_left_ms(const tasker_step *step);

/**
 * Whether the outcome counts for nothing any more: cancelled, its deadline passed, or taken over. Stop then. Any thread.
 */
bool tasker_step_cancelled(const tasker_step *step);

/**
 * Sleeps until the attempt is cancelled, so many milliseconds at the most; a negative number sleeps without an end. Whether it is
 * cancelled. Any thread.
 */
bool tasker_step_wait_cancelled(const tasker_step *step,
                                int64_t timeout_ms);

/* Outcomes
 *
 * What came of an attempt. It is said once. For a step that was polled it is reported at once; for one that a handler was called
 * with, when the handler has returned. Results and details stay yours to free.
 */

/**
 * The attempt went well, with results; NULL: none, which are stored as `{}`. Results of which a change was refused, and what
 * cannot be stored, make it a permanent failure (`result_not_serializable`, `result_too_large`). After `tasker_step_complete_in` the
 * results count for nothing. False with `attempt_lost` where it is over, `illegal_transition` where something was said before, and
 * the change that was refused. Any thread.
 */
bool tasker_step_succeed(const tasker_step *step,
                         const tasker_json *results,
                         tasker_error **error);

/**
 * The attempt failed, and may be tried again by the step's own rules: after so many seconds, where that is not negative. Texts
 * are repaired, not refused; `error_code` and `details` may be left out. False as `tasker_step_succeed`. Any thread.
 */
bool tasker_step_fail_retryable(const tasker_step *step,
                                tasker_str message,
                                double retry_after_seconds,
                                tasker_str error_code,
                                const tasker_json *details,
                                tasker_error **error);

/**
 * The attempt failed, and is never tried again. Arguments as for `tasker_step_fail_retryable`. Any thread.
 */
bool tasker_step_fail_permanent(const tasker_step *step,
                                tasker_str message,
                                tasker_str error_code,
                                const tasker_json *details,
                                tasker_error **error);

/**
 * The attempt is handed back as if it had not been begun: it does not count, and any worker may take it. False as
 * `tasker_step_succeed`. Any thread.
 */
bool tasker_step_release(const tasker_step *step,
                         tasker_error **error);

/**
 * Frees a step that was polled. One of which nothing was said has failed, and may be tried again. NULL is fine, twice is not; one
 * that a handler was called with is not yours to free, and nothing happens; nor does it in a process that was forked. Any thread,
 * while nobody uses it.
 */
void tasker_step_free(tasker_step *step);

/* The worker
 *
 * A worker: it claims steps for its handlers and reports what came of them, on threads of the engine. The handlers run on
 * threads of the program, in one of two ways.
 *
 * `tasker_worker_run` polls and calls the functions of the table, one step at a time, until the worker is asked to stop; call
 * it from as many threads as handlers are to run at once. Or the program polls by itself: `tasker_worker_poll` gives steps,
 * `tasker_step_succeed` and its like say what came of them. `tasker_worker_fd` tells an event loop when there are any.
 *
 * A worker may be used by any number of threads at once, and not in a process that was forked from the one it was made in.
 */

/**
 * Do not listen for hints on a connection of its own; everything works without, by polling.
 */
#define TASKER_WORKER_NO_LISTEN 1

/**
 * A worker.
 */
typedef struct tasker_worker tasker_worker;

/**
 * A handler. It says what came of the attempt by `tasker_step_succeed` and its like, and returns 0; 0 without a word is success
 * without results. Another number, of `errno.h`, is a failure that may be tried again, unless something was said. It must return:
 * no `longjmp`, no `pthread_exit`, and no exception of C++ may leave it; the process ends then.
 */
typedef int (*tasker_handler_function)(tasker_step *step, void *user_data);

/**
 * A handler and its name. This will not grow: tables of it are static.
 */
typedef struct {
  /**
   * The name that templates use, ended by a NUL.
   */
  const char *name;
  /**
   * What `tasker_worker_run` calls; NULL where the program polls by itself.
   */
  tasker_handler_function function;
  /**
   * Given to the function as it is.
   */
  void *user_data;
} tasker_handler;

/**
 * What a worker is made with. Begin with all zeroes, and set `size`, `handlers` and `handler_count`.
 */
typedef struct {
  /**
   * `sizeof(tasker_worker_options)`.
   */
  size_t size;
  /**
   * The handlers. They are copied; what `user_data` leads to has to stay.
   */
  const tasker_handler *handlers;
  /**
   * How many.
   */
  size_t handler_count;
  /**
   * How many steps run at once: as many threads may run handlers, and so many steps should be polled at the most. 0: 1.
   */
  size_t concurrency;
  /**
   * How many more steps may wait in the process at the most. 0: 2000.
   */
  size_t max_buffered;
  /**
   * For people. Left out: host and process.
   */
  tasker_str name;
  /**
   * The version of the application.
   */
  tasker_str version;
  /**
   * `TASKER_WORKER_NO_LISTEN`, or 0.
   */
  uint64_t flags;
} tasker_worker_options;

/**
 * Starts a worker, and waits until it has. It claims steps from now on. NULL with `config_invalid`, `invalid_argument`,
 * `database_unavailable`, `schema_mismatch`. Stop it with `tasker_worker_stop`, and free it. Any thread.
 */
tasker_worker *tasker_worker_new(const tasker_client *client,
                                 const tasker_worker_options *options,
                                 tasker_error **error);

/**
 * Polls and calls handlers on this thread, one after the other, until the worker is asked to stop; then waits until it has
 * stopped. Call it from as many threads as `concurrency` says, at the most. Any thread. False with what `tasker_worker_stop` says,
 * `invalid_argument` where too many threads run it or a handler has no function, `forked_process`.
 */
bool tasker_worker_run(const tasker_worker *worker,
                       tasker_error **error);

/**
 * Polls for up to `max` steps, and waits up to so many milliseconds for the first; a negative number waits without an end. They
 * are written to `steps`, which has room for `max`, and how many there are to `count`: 0 when the time is over. Each is yours:
 * say what came of it, and free it. Their time begins now, so poll for as many as can be begun at once. False with
 * `shutting_down` once the worker was asked to stop, `forked_process`. Any thread, several at once.
 */
bool tasker_worker_poll(const tasker_worker *worker,
                        tasker_step **steps,
                        size_t max,
                        int64_t timeout_ms,
                        size_t *count,
                        tasker_error **error);

/**
 * A descriptor that can be read from while a step may be polled without waiting, and once the worker was asked to stop: for
 * `poll`, epoll, libuv or GLib. Do not read from it or close it; poll until there are no more steps, then wait for it again. It is
 * the worker's, and valid until that is freed. From the first call on one step is fetched ahead; its time begins when it is. -1
 * with `internal` where the system gives none, `forked_process`. Any thread.
 */
int tasker_worker_fd(const tasker_worker *worker,
                     tasker_error **error);

/**
 * What the worker does at present: `worker_id`, `buffered`, `running`, `stuck`, `unreported`. NULL with `forked_process`. Free it
 * with `tasker_json_free`. Any thread.
 */
tasker_json *tasker_worker_status(const tasker_worker *worker,
                                  tasker_error **error);

/**
 * Asks the worker to stop, and returns at once: nothing more is handed out, and `tasker_worker_run` returns when it has stopped.
 * Async-signal-safe: call it from a signal handler. NULL is fine. In a process that was forked it does nothing. Any thread.
 */
void tasker_worker_request_stop(const tasker_worker *worker);

/**
 * Stops the worker, and waits until it has: nothing more is begun, steps that run have `execution.shutdown_grace_seconds` to end,
 * and the rest is handed back without counting as an attempt. Stopping it once more does nothing. False with
 * `database_unavailable` where the database could not be told (the lease will tell it), `forked_process`. Any thread, but not a
 * handler.
 */
bool tasker_worker_stop(const tasker_worker *worker,
                        tasker_error **error);

/**
 * Stops and frees it. Free the steps that were polled first. NULL is fine, twice is not. In a process that was forked it does
 * nothing. Any thread, while nobody uses it, but not a handler.
 */
void tasker_worker_free(tasker_worker *worker);

/* Transactions of your own
 *
 * A task that is created in a transaction of yours is there when that is committed, and never was when it is rolled back. A step that
 * a handler completes in one takes effect once, together with all else that the handler writes there.
 *
 * This library links no driver of PostgreSQL: it is lent a connection, and says which statements to execute on it. `tasker_libpq.h`
 * lends one of libpq (`tasker_libpq`); for another driver write the two functions of a `tasker_connection` yourself. They are called
 * on the thread that calls the library and while it does, and must return: no `longjmp`, and no exception of C++ may leave them.
 *
 * The connection leads to the database of the engine, and is in a transaction that you began and that you commit or roll back. What is
 * refused before a statement was executed leaves it as it was. What PostgreSQL refuses costs you the transaction, as it does with any
 * other statement: roll it back.
 */

/**
 * The connection is in a transaction, and can execute a statement.
 */
#define TASKER_CONNECTION_IN_TRANSACTION 0

/**
 * It is in no transaction.
 */
#define TASKER_CONNECTION_IDLE 1

/**
 * Its transaction has failed.
 */
#define TASKER_CONNECTION_FAILED 2

/**
 * It is executing something else, or is in pipeline mode.
 */
#define TASKER_CONNECTION_BUSY 3

/**
 * Its client encoding is not UTF-8.
 */
#define TASKER_CONNECTION_NOT_UTF8 4

/**
 * It leads nowhere any more.
 */
#define TASKER_CONNECTION_BROKEN 5

/**
 * Where the rows of a statement go.
 */
typedef struct tasker_reply tasker_reply;

/**
 * How a connection stands: one of `TASKER_CONNECTION_…`. Called before the first statement of a call.
 */
typedef int (*tasker_state_function)(void *handle);

/**
 * A statement to be executed on a connection. The members are valid until the function that was given it returns.
 */
typedef struct {
  /**
   * SQL, ended by a NUL, with placeholders `$1`, `$2` and so on that are cast to their types there.
   */
  const char *sql;
  /**
   * The parameters: each is text ended by a NUL, or NULL for that of SQL.
   */
  const char *const *parameters;
  /**
   * How many.
   */
  int parameter_count;
} tasker_statement;

/**
 * Executes a statement, and waits for it: `tasker_reply_row` for each of its rows, which have one column, or `tasker_reply_refuse`
 * with what PostgreSQL says against it. A statement without rows that went well is answered by nothing.
 */
typedef void (*tasker_execute_function)(void *handle,
                                        const tasker_statement *statement,
                                        tasker_reply *reply);

/**
 * A connection that is lent. `tasker_libpq` makes one of a connection of libpq.
 */
typedef struct {
  /**
   * `sizeof(tasker_connection)`.
   */
  size_t size;
  /**
   * The connection, as its driver has it: given to the two functions as it is.
   */
  void *handle;
  /**
   * How it stands.
   */
  tasker_state_function state;
  /**
   * Executes a statement on it.
   */
  tasker_execute_function execute;
} tasker_connection;

/**
 * One more row of the statement: the text in its one column. One thread at a time.
 */
void tasker_reply_row(tasker_reply *reply, tasker_str row);

/**
 * The statement was refused: the SQLSTATE, what PostgreSQL says, and its hint. The first may be left out where the connection broke, the
 * last where there is none. One thread at a time.
 */
void tasker_reply_refuse(tasker_reply *reply,
                         tasker_str sqlstate,
                         tasker_str message,
                         tasker_str hint);

/**
 * Creates a task in the transaction of a connection, as `tasker_client_create_task` does in one of the engine's. It is there when you
 * commit; workers find it then. False as that, and with `config_invalid` where the connection leads to another database than the
 * engine's, `invalid_argument` where it is in no transaction or in one that has failed, `database_unavailable` where it broke, `shutting_down`
 * where the client was closed. One thread at a time for a connection.
 */
bool tasker_client_create_task_in(const tasker_client *client,
                                  const tasker_connection *connection,
                                  const tasker_task_request *request,
                                  tasker_task_id *task_id,
                                  bool *created,
                                  tasker_error **error);

/**
 * Creates many tasks in the transaction of a connection, all of them or none. `requests` is an array of objects, whose members are those of
 * a `tasker_task_request` and of its `more`, with `namespace` for `namespace_name`. The answer is an array of `{task_id, created,
 * pruned}` in their order. False as `tasker_client_create_task_in`. One thread at a time for a connection.
 */
bool tasker_client_create_tasks_in(const tasker_client *client,
                                   const tasker_connection *connection,
                                   const tasker_json *requests,
                                   tasker_json **answer,
                                   tasker_error **error);

/**
 * Completes the step in the transaction of a connection, with results (NULL: none). When that is committed the step is complete, whatever
 * becomes of this process, and what is said of the attempt afterwards counts for nothing. Commit, and let the handler return 0; a step
 * that was polled is freed, or said to have succeeded. If the transaction is rolled back, the attempt has failed and may be tried
 * again. So it has if this is false and the handler returns 0 without a word. False with `attempt_lost` where the attempt is over (taken over,
 * cancelled or resolved meanwhile: roll back), `invalid_argument` where the results cannot be stored, `illegal_transition` where
 * something was said of it before, and as `tasker_client_create_task_in`. One thread at a time for a connection.
 */
bool tasker_step_complete_in(const tasker_step *step,
                             const tasker_connection *connection,
                             const tasker_json *results,
                             tasker_error **error);

/* The interface over HTTP
 *
 * The interface over HTTP, inside a program that has a server already: no second port, no routes written twice. A mount takes the
 * head of a request and gives an exchange. The program takes events out of it until the last, and does what each says: give more of
 * the body, decide, begin the answer, send a piece of it. So both bodies stream, and one thread is enough for many requests.
 *
 * A mount may be used by any number of threads at once, and not in a process that was forked from the one it was made in.
 */

/**
 * The interface, mounted.
 */
typedef struct tasker_http tasker_http;

/**
 * Mounts the interface to a client. Nothing is opened yet. `options` is an object, or NULL for one without members: `principals`
 * (whether the program says with each request who asks), `allow_unauthenticated` (whether everybody may do everything where it does
 * not, even where production is declared), `body_bytes`, `bulk_bytes`, `timeout_seconds`. NULL with `invalid_argument`,
 * `null_pointer`, `forked_process`. Free it with `tasker_http_free`; it begins no more once the client was closed or freed. Any thread.
 */
tasker_http *tasker_http_new(const tasker_client *client,
                             const tasker_json *options,
                             tasker_error **error);

/**
 * Frees it; what it has begun goes on. NULL is fine, twice is not. In a process that was forked it does nothing. Any thread, while
 * nobody uses it.
 */
void tasker_http_free(tasker_http *http);

/* Requests over HTTP
 *
 * An exchange is one request and its answer, on their way. One thread at a time takes its events and answers them; any other may give
 * the request up. `tasker_exchange_fd` tells an event loop when there is an event.
 */

/**
 * Nothing yet: the time is over.
 */
#define TASKER_EXCHANGE_NOTHING 0

/**
 * Give more of the body of the request to `tasker_exchange_write`, or say by `tasker_exchange_finish` that there is no more. The
 * answer may come before the end of a body, and then nothing more is asked for.
 */
#define TASKER_EXCHANGE_READ 1

/**
 * Decide, and say so to `tasker_exchange_decide`. The document has `number`, and `questions`: an array of objects with `resource`,
 * `action`, `resource_id`, `parent_id`.
 */
#define TASKER_EXCHANGE_DECIDE 2

/**
 * Begin the answer. The document has `status`, and `headers`: an array of pairs of texts.
 */
#define TASKER_EXCHANGE_HEAD 3

/**
 * Send these bytes of its body, without waiting for more.
 */
#define TASKER_EXCHANGE_CHUNK 4

/**
 * End the answer. It is the last event.
 */
#define TASKER_EXCHANGE_END 5

/**
 * Break the connection off, so that nobody takes what was sent for all of it. It is the last event.
 */
#define TASKER_EXCHANGE_BROKEN 6

/**
 * A request and its answer.
 */
typedef struct tasker_exchange tasker_exchange;

/**
 * What the program is to do next. Begin with all zeroes, and set `size`. What it leads to is valid until the next event is taken or
 * the exchange is freed.
 */
typedef struct {
  /**
   * `sizeof(tasker_exchange_event)`.
   */
  size_t size;
  /**
   * One of `TASKER_EXCHANGE_…`.
   */
  uint64_t kind;
  /**
   * Of `TASKER_EXCHANGE_DECIDE` and `TASKER_EXCHANGE_HEAD`; else NULL.
   */
  const tasker_json *document;
  /**
   * Of `TASKER_EXCHANGE_CHUNK`: any bytes. Else NULL.
   */
  const void *bytes;
  /**
   * How many.
   */
  size_t length;
  /**
   * Of `TASKER_EXCHANGE_BROKEN`: why, for a log. Else no text.
   */
  tasker_str message;
} tasker_exchange_event;

/**
 * Begins a request. `head` is an object; all but `method` and `target` may be left out:
 *
 * - `method`, and `target`: the path below the mount and the query, percent-encoded as they came, such as `/tasks?limit=5`
 * - `prefix`: the path that this is mounted under, for links, such as `/tasker`
 * - `headers`: an array of pairs of texts; an array of bytes where a value is no UTF-8
 * - `from`: the address of the client
 * - `principal`: who asks, or null where the program knows nobody: `name`, `roles`, `permissions`, `decides` (whether the program
 *   wants to be asked about everything instead), `ambient` (whether a cookie says so, and no CSRF token was checked)
 *
 * NULL with `invalid_argument`, `null_pointer`, `config_invalid`, `shutting_down` where its client was closed, `forked_process`. Take its events until the last, and free it with
 * `tasker_exchange_free`. Any thread.
 */
tasker_exchange *tasker_http_begin(const tasker_http *http,
                                   const tasker_json *head,
                                   tasker_error **error);

/**
 * Waits up to so many milliseconds for what to do next, and writes it to `event`; a negative number waits without an end. When the
 * time is over, its kind is `TASKER_EXCHANGE_NOTHING`. False with `shutting_down` once the request was given up, or answered to its
 * end, `invalid_argument`, `null_pointer`, `forked_process`. One thread at a time.
 */
bool tasker_exchange_next(const tasker_exchange *exchange,
                          int64_t timeout_ms,
                          tasker_exchange_event *event,
                          tasker_error **error);

/**
 * A descriptor that can be read from while an event may be taken without waiting, and once there are no more: for `poll`, epoll,
 * libuv or GLib. Do not read from it or close it; take events until there is nothing yet, then wait for it again. It is the
 * exchange's, and valid until that is freed. -1 with `internal` where the system gives none, `null_pointer`, `forked_process`. Any
 * thread.
 */
int tasker_exchange_fd(const tasker_exchange *exchange,
                       tasker_error **error);

/**
 * Answers `TASKER_EXCHANGE_READ` with more of the body of the request: any bytes, which are copied. Does not wait. False with
 * `invalid_argument` where it was not asked for, or the body has ended, `null_pointer`, `forked_process`. One thread at a time.
 */
bool tasker_exchange_write(const tasker_exchange *exchange,
                           const void *bytes,
                           size_t length,
                           tasker_error **error);

/**
 * Answers `TASKER_EXCHANGE_READ`: the body of the request has ended. False with `null_pointer`, `forked_process`. One thread at a
 * time.
 */
bool tasker_exchange_finish(const tasker_exchange *exchange,
                            tasker_error **error);

/**
 * Answers what `TASKER_EXCHANGE_DECIDE` asked under this number: whether each may be done, in order. What is missing may not. False
 * with `null_pointer`, `forked_process`. Any thread.
 */
bool tasker_exchange_decide(const tasker_exchange *exchange,
                            uint64_t number,
                            const bool *answers,
                            size_t count,
                            tasker_error **error);

/**
 * Says that the program cannot decide what was asked under this number: `why` goes to the log, whoever asks is told no more than
 * that. Nothing is done. False with `null_pointer`, `invalid_utf8`, `forked_process`. Any thread.
 */
bool tasker_exchange_cannot_decide(const tasker_exchange *exchange,
                                   uint64_t number,
                                   tasker_str why,
                                   tasker_error **error);

/**
 * Gives the request up, as where the client has gone away: who waits for its next event hears of it at once, and what it had begun in
 * the database is rolled back. NULL is fine. In a process that was forked it does nothing. Any thread.
 */
void tasker_exchange_cancel(const tasker_exchange *exchange);

/**
 * Frees it; a request that has not been answered to its end is given up. NULL is fine, twice is not. In a process that was forked it
 * does nothing. Any thread, while nobody uses it.
 */
void tasker_exchange_free(tasker_exchange *exchange);

/* The library
 *
 * The library itself: its versions, and the engine's log, which goes nowhere unless it is asked for.
 */

/**
 * The version of the ABI that this header is of: what it has stays as it is; a library of the same number may have more.
 */
#define TASKER_ABI_VERSION 1

/**
 * The version of the ABI of the library that runs: compare it with `TASKER_ABI_VERSION`. Any thread.
 */
uint32_t tasker_abi_version(void);

/**
 * The version of the library that runs, such as `2.0.0`, ended by a NUL, valid for ever. Any thread.
 */
const char *tasker_version(void);

/**
 * Keeps what the engine logs from now on, for `tasker_logs_take`: the last thousand records. `level` is `error`, `warn`, `info`,
 * `debug` or `trace`. Once it was called, it does nothing. False with `invalid_argument`. Any thread.
 */
bool tasker_logs_keep(tasker_str level,
                      tasker_error **error);

/**
 * What was logged since the last call: an array of `{at, level, target, message, fields}`. NULL where nothing was; that is no
 * error. Free it with `tasker_json_free`. Any thread.
 */
tasker_json *tasker_logs_take(tasker_error **error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_H */
