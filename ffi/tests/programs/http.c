/* The interface over HTTP in a program: its requests are begun, their events taken and answered, by one thread. */

#define _GNU_SOURCE

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http.h"

static const char BULK[] =
    "{\"method\": \"POST\", \"target\": \"/tasks/bulk\", \"headers\": [[\"content-type\", \"application/x-ndjson\"]]}";

static bool no(const tasker_json *asked, size_t index) {
  (void)asked;
  (void)index;
  return false;
}

static bool shows_the_step(const tasker_json *asked, size_t index) {
  char pointer[32];
  snprintf(pointer, sizeof pointer, "/questions/%zu", index);
  tasker_error *error = NULL;
  tasker_json *question = tasker_json_get(asked, tasker_text(pointer), &error);
  MUST(question != NULL);
  CHECK(says(question, "/resource", "\"tasker.workflow_step\"") && says(question, "/action", "\"show\""));
  CHECK(says(question, "/resource_id", "\"pay\""));
  CHECK(tasker_json_get_type(question, tasker_text("/parent_id")) == TASKER_JSON_TYPE_STRING);
  tasker_json_free(question);
  return true;
}

/* The program decides by itself who may do what: it is asked, and what it says holds. */
static void deciding(void) {
  static const char *const PAY[] = {"pay"};
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_task_id id = create(client, "{}");
  tasker_http *http = mount(client, "{\"principals\": true}");
  char head[400];
  snprintf(head, sizeof head,
           "{\"method\": \"GET\", \"target\": \"/tasks/%s/workflow_steps/pay\", \"from\": \"10.0.0.7\","
           " \"principal\": {\"name\": \"dora\", \"decides\": true}}",
           id.text);
  CHECK(answers(http, head, shows_the_step, 200));
  CHECK(answers(http, head, no, 403));
  /* What is missing may not be done. */
  tasker_exchange *exchange = begin(http, head);
  tasker_exchange_event event = event_of(exchange);
  CHECK(event.kind == TASKER_EXCHANGE_DECIDE && event.bytes == NULL && event.message.data == NULL);
  MUST(tasker_exchange_decide(exchange, natural(event.document, "/number"), NULL, 0, &error));
  event = event_of(exchange);
  CHECK(event.kind == TASKER_EXCHANGE_HEAD && natural(event.document, "/status") == 403);
  tasker_exchange_free(exchange);
  /* It cannot: why is for the log. */
  exchange = begin(http, head);
  event = event_of(exchange);
  MUST(tasker_exchange_cannot_decide(exchange, natural(event.document, "/number"), tasker_text("a secret"), &error));
  struct answer answer = whole(exchange, tasker_text(NULL), NULL);
  CHECK(natural(answer.head, "/status") == 500 && strstr(answer.body, "secret") == NULL);
  free_answer(&answer);
  /* Nobody: nobody is asked. */
  snprintf(head, sizeof head, "{\"method\": \"GET\", \"target\": \"/tasks/%s\"}", id.text);
  CHECK(answers(http, head, NULL, 401));
  tasker_http_free(http);
  tasker_client_free(client);
}

static void *wait_for_ever(void *exchange) {
  tasker_exchange_event event = {.size = sizeof event};
  REFUSED(tasker_exchange_next(exchange, -1, &event, &error), TASKER_ERROR_SHUTTING_DOWN);
  return NULL;
}

/* Begins a request that waits for its body. */
static tasker_exchange *begin_bulk(const tasker_http *http) {
  tasker_exchange *exchange = begin(http, BULK);
  CHECK(event_of(exchange).kind == TASKER_EXCHANGE_HEAD);
  CHECK(event_of(exchange).kind == TASKER_EXCHANGE_READ);
  return exchange;
}

/* Another thread gives the request up: whoever waits hears of it, and so does whoever comes later. */
static void giving_up(void) {
  tasker_client *client = open_client();
  tasker_http *http = mount(client, "{}");
  tasker_exchange *exchange = begin_bulk(http);
  tasker_exchange_event event = {.size = sizeof event, .kind = 99};
  tasker_error *error = NULL;
  MUST(tasker_exchange_next(exchange, 0, &event, &error));
  CHECK(event.kind == TASKER_EXCHANGE_NOTHING);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, wait_for_ever, exchange) == 0);
  tasker_exchange_cancel(exchange);
  CHECK(pthread_join(thread, NULL) == 0);
  wait_for_ever(exchange);
  tasker_exchange_cancel(exchange);
  tasker_exchange_free(exchange);
  /* What waits to be taken is let go, too. */
  exchange = begin(http, "{\"method\": \"GET\", \"target\": \"/health/live\"}");
  struct pollfd place = {.fd = tasker_exchange_fd(exchange, &error), .events = POLLIN};
  MUST(place.fd >= 0);
  CHECK(poll(&place, 1, 60000) == 1);
  tasker_exchange_cancel(exchange);
  wait_for_ever(exchange);
  CHECK(poll(&place, 1, 60000) == 1);
  tasker_exchange_free(exchange);
  /* And what was never looked at. */
  tasker_exchange_free(begin_bulk(http));
  tasker_exchange_free(begin(http, BULK));
  tasker_http_free(http);
  tasker_client_free(client);
}

/* A body is written when it is asked for, and no other time. */
static void writing(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  tasker_http *http = mount(client, "{}");
  tasker_exchange *exchange = begin_bulk(http);
  REFUSED(tasker_exchange_write(exchange, NULL, 3, &error), TASKER_ERROR_NULL_POINTER);
  REFUSED(tasker_exchange_write(exchange, "a", SIZE_MAX, &error), TASKER_ERROR_INVALID_ARGUMENT);
  MUST(tasker_exchange_write(exchange, NULL, 0, &error));
  CHECK(event_of(exchange).kind == TASKER_EXCHANGE_READ);
  MUST(tasker_exchange_finish(exchange, &error));
  REFUSED(tasker_exchange_write(exchange, "{}", 2, &error), TASKER_ERROR_INVALID_ARGUMENT);
  CHECK(event_of(exchange).kind == TASKER_EXCHANGE_END);
  tasker_exchange_free(exchange);
  tasker_http_free(http);
  tasker_client_free(client);
}

/* One thread has many requests on their way at once: it waits for the descriptors of all. */
static void descriptors(void) {
  enum { COUNT = 20 };
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  tasker_http *http = mount(client, "{}");
  tasker_exchange *exchanges[COUNT];
  struct pollfd places[COUNT];
  struct answer got[COUNT];
  tasker_str bodies[COUNT];
  for (size_t index = 0; index < COUNT; index++) {
    exchanges[index] = begin(http, index % 2 == 0 ? BULK : "{\"method\": \"GET\", \"target\": \"/tasks\"}");
    places[index].fd = tasker_exchange_fd(exchanges[index], &error);
    MUST(places[index].fd >= 0 && places[index].fd == tasker_exchange_fd(exchanges[index], &error));
    places[index].events = POLLIN;
    got[index] = (struct answer){NULL, calloc(1, 1), 0};
    bodies[index] = tasker_text("no line of JSON\n");
  }
  for (size_t left = COUNT; left > 0;) {
    CHECK(poll(places, COUNT, 60000) > 0);
    for (size_t index = 0; index < COUNT; index++) {
      tasker_exchange_event event = {.size = sizeof event};
      while (places[index].fd >= 0 && places[index].revents != 0) {
        MUST(tasker_exchange_next(exchanges[index], 0, &event, &error));
        if (event.kind == TASKER_EXCHANGE_NOTHING) {
          break;
        }
        if (!serve(exchanges[index], &event, &bodies[index], NULL, &got[index])) {
          CHECK(natural(got[index].head, "/status") == (index % 2 == 0 ? 201 : 200) && got[index].length > 0);
          places[index].fd = -1;
          left--;
        }
      }
    }
  }
  for (size_t index = 0; index < COUNT; index++) {
    tasker_exchange_free(exchanges[index]);
    free_answer(&got[index]);
  }
  tasker_http_free(http);
  tasker_client_free(client);
}

/* An event of a header to come: one more member. */
struct newer_event {
  tasker_exchange_event known;
  uint64_t unknown;
};

/* What cannot be a request, and events of other sizes. */
static void refusing(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  tasker_json *document = json("{\"timeout_second\": 1}");
  REFUSED(tasker_http_new(client, document, &error), TASKER_ERROR_INVALID_ARGUMENT);
  REFUSED(tasker_http_new(NULL, document, &error), TASKER_ERROR_NULL_POINTER);
  tasker_http *http = tasker_http_new(client, NULL, &error);
  MUST(http != NULL);
  REFUSED(tasker_http_begin(http, document, &error), TASKER_ERROR_INVALID_ARGUMENT);
  REFUSED(tasker_http_begin(http, NULL, &error), TASKER_ERROR_NULL_POINTER);
  tasker_json_free(document);

  tasker_exchange *exchange = begin_bulk(http);
  MUST(tasker_exchange_finish(exchange, &error));
  struct newer_event newer;
  memset(&newer, 0, sizeof newer);
  REFUSED(tasker_exchange_next(exchange, 0, NULL, &error), TASKER_ERROR_NULL_POINTER);
  REFUSED(tasker_exchange_next(exchange, 0, &newer.known, &error), TASKER_ERROR_INVALID_ARGUMENT);
  newer.known.size = sizeof newer.known + 3;
  REFUSED(tasker_exchange_next(exchange, 0, &newer.known, &error), TASKER_ERROR_INVALID_ARGUMENT);
  newer.known.size = sizeof newer;
  newer.unknown = 1;
  REFUSED(tasker_exchange_next(exchange, 0, &newer.known, &error), TASKER_ERROR_INVALID_ARGUMENT);
  /* Of an older header, which ends before the bytes: what lies behind is not written. None of these took the event. */
  memset(&newer, 0x7f, sizeof newer);
  newer.known.size = offsetof(tasker_exchange_event, bytes);
  MUST(tasker_exchange_next(exchange, 60000, &newer.known, &error));
  CHECK(newer.known.kind == TASKER_EXCHANGE_END && newer.known.document == NULL);
  CHECK(newer.known.size == offsetof(tasker_exchange_event, bytes) && newer.known.length == newer.unknown);
  REFUSED(tasker_exchange_cannot_decide(exchange, 1, tasker_text("a\xff"), &error), TASKER_ERROR_INVALID_UTF8);
  REFUSED(tasker_exchange_cannot_decide(exchange, 1, tasker_text(NULL), &error), TASKER_ERROR_NULL_POINTER);
  REFUSED(tasker_exchange_decide(exchange, 1, NULL, 1, &error), TASKER_ERROR_NULL_POINTER);
  tasker_exchange_free(exchange);
  tasker_http_free(http);
  tasker_client_free(client);
}

static void in_child(tasker_client *client, tasker_http *http, tasker_exchange *exchange) {
  tasker_json *head = json(BULK);
  tasker_exchange_event event = {.size = sizeof event};
  REFUSED(tasker_http_new(client, NULL, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_http_begin(http, head, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_exchange_next(exchange, 0, &event, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_exchange_fd(exchange, &error) >= 0, TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_exchange_write(exchange, "a", 1, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_exchange_finish(exchange, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_exchange_decide(exchange, 1, NULL, 0, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_exchange_cannot_decide(exchange, 1, tasker_text("a"), &error), TASKER_ERROR_FORKED_PROCESS);
  tasker_json_free(head);
  /* These do nothing here. */
  tasker_exchange_cancel(exchange);
  tasker_exchange_free(exchange);
  tasker_http_free(http);
  tasker_client_free(client);
  /* What the child makes works. */
  client = open_client();
  http = mount(client, "{}");
  CHECK(answers(http, "{\"method\": \"GET\", \"target\": \"/tasks\"}", NULL, 200));
  tasker_http_free(http);
  tasker_client_free(client);
  exit(0);
}

static void forking(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  tasker_http *http = mount(client, "{}");
  tasker_exchange *exchange = begin_bulk(http);
  pid_t child = fork();
  if (child == 0) {
    in_child(client, http, exchange);
  }
  int status;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  /* The child has taken nothing away. */
  MUST(tasker_exchange_finish(exchange, &error));
  CHECK(event_of(exchange).kind == TASKER_EXCHANGE_END);
  tasker_exchange_free(exchange);
  /* A client that was freed answers no more, and says so. */
  tasker_client_free(client);
  tasker_json *head = json(BULK);
  REFUSED(tasker_http_begin(http, head, &error), TASKER_ERROR_SHUTTING_DOWN);
  tasker_json_free(head);
  tasker_http_free(http);
}

static const struct test_case cases[] = {{"deciding", deciding},       {"giving_up", giving_up}, {"writing", writing},
                                         {"descriptors", descriptors}, {"refusing", refusing},   {"forking", forking}};
CASES(cases)
