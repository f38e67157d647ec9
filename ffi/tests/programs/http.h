/* What the programs that serve the interface over HTTP share. */

#ifndef HTTP_H
#define HTTP_H

#include "support.h"

/* How a program decides, where it is asked. */
typedef bool decide_function(const tasker_json *questions, size_t index);

/* An answer: its head, and its body ended by a NUL. */
struct answer {
  tasker_json *head;
  char *body;
  size_t length;
};

static inline tasker_http *mount(const tasker_client *client, const char *options) {
  tasker_error *error = NULL;
  tasker_json *given = json(options);
  tasker_http *http = tasker_http_new(client, given, &error);
  MUST(http != NULL);
  tasker_json_free(given);
  return http;
}

static inline tasker_exchange *begin(const tasker_http *http, const char *head) {
  tasker_error *error = NULL;
  tasker_json *given = json(head);
  tasker_exchange *exchange = tasker_http_begin(http, given, &error);
  MUST(exchange != NULL);
  tasker_json_free(given);
  return exchange;
}

static inline uint64_t natural(const tasker_json *document, const char *pointer) {
  tasker_error *error = NULL;
  uint64_t number;
  MUST(tasker_json_get_uint64(document, tasker_text(pointer), &number, &error));
  return number;
}

/* The next event, which comes. */
static inline tasker_exchange_event event_of(const tasker_exchange *exchange) {
  tasker_error *error = NULL;
  tasker_exchange_event event = {.size = sizeof event};
  MUST(tasker_exchange_next(exchange, 60000, &event, &error));
  CHECK(event.kind != TASKER_EXCHANGE_NOTHING);
  return event;
}

static inline void decide_all(const tasker_exchange *exchange, const tasker_json *asked, decide_function *decide) {
  tasker_error *error = NULL;
  bool answers[16];
  size_t count;
  MUST(tasker_json_get_size(asked, tasker_text("/questions"), &count, &error));
  CHECK(decide != NULL && count <= 16);
  for (size_t index = 0; index < count; index++) {
    answers[index] = decide(asked, index);
  }
  MUST(tasker_exchange_decide(exchange, natural(asked, "/number"), answers, count, &error));
}

/* Does what an event says: whether there are more. `body` moves on, seven bytes at a time. */
static inline bool serve(const tasker_exchange *exchange, const tasker_exchange_event *event, tasker_str *body,
                         decide_function *decide, struct answer *answer) {
  tasker_error *error = NULL;
  size_t piece = body->length < 7 ? body->length : 7;
  switch (event->kind) {
    case TASKER_EXCHANGE_READ:
      if (piece == 0) {
        MUST(tasker_exchange_finish(exchange, &error));
      } else {
        MUST(tasker_exchange_write(exchange, body->data, piece, &error));
        body->data += piece;
        body->length -= piece;
      }
      return true;
    case TASKER_EXCHANGE_DECIDE:
      decide_all(exchange, event->document, decide);
      return true;
    case TASKER_EXCHANGE_HEAD:
      CHECK(answer->head == NULL);
      answer->head = tasker_json_copy(event->document, &error);
      MUST(answer->head != NULL);
      return true;
    case TASKER_EXCHANGE_CHUNK:
      CHECK(answer->head != NULL);
      answer->body = realloc(answer->body, answer->length + event->length + 1);
      CHECK(answer->body != NULL);
      memcpy(answer->body + answer->length, event->bytes, event->length);
      answer->length += event->length;
      answer->body[answer->length] = '\0';
      return true;
    default:
      CHECK(event->kind == TASKER_EXCHANGE_END && answer->head != NULL);
      return false;
  }
}

/* Has the whole of an exchange, and frees it. */
static inline struct answer whole(tasker_exchange *exchange, tasker_str body, decide_function *decide) {
  struct answer answer = {NULL, calloc(1, 1), 0};
  tasker_exchange_event event;
  do {
    event = event_of(exchange);
  } while (serve(exchange, &event, &body, decide, &answer));
  REFUSED(tasker_exchange_next(exchange, -1, &event, &error), TASKER_ERROR_SHUTTING_DOWN);
  tasker_exchange_free(exchange);
  return answer;
}

static inline void free_answer(struct answer *answer) {
  tasker_json_free(answer->head);
  free(answer->body);
}

/* Whether a request without a body is answered with this status. */
static inline bool answers(const tasker_http *http, const char *head, decide_function *decide, uint64_t status) {
  struct answer answer = whole(begin(http, head), tasker_text(NULL), decide);
  bool so = natural(answer.head, "/status") == status;
  if (!so) {
    fprintf(stderr, "%s: %s %s\n", head, tasker_json_text(answer.head).data, answer.body);
  }
  free_answer(&answer);
  return so;
}

#endif
