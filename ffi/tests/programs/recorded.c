/* The conversation of tests/vectors/http.json, which CONVERSATION names: every form of the interface gives the same answers. */

#define _GNU_SOURCE

#include <regex.h>

#include "http.h"

enum { PATTERNS = 8, KEPT = 8 };

static struct {
  char name[32];
  char value[100];
} kept[KEPT];

static tasker_json *conversation(void) {
  FILE *file = fopen(getenv("CONVERSATION"), "rb");
  char *text = NULL;
  size_t room = 0;
  CHECK(file != NULL);
  ssize_t length = getdelim(&text, &room, '\0', file);
  CHECK(length > 0);
  fclose(file);
  tasker_error *error = NULL;
  tasker_json *read = tasker_json_parse((tasker_str){text, (size_t)length}, &error);
  MUST(read != NULL);
  free(text);
  return read;
}

/* A text of a document, to be freed; an empty one where there is none. */
static char *text_at(const tasker_json *document, const char *pointer) {
  tasker_str found = {NULL, 0};
  tasker_json_get_string(document, tasker_text(pointer), &found, NULL);
  char *copy = strndup(found.length == 0 ? "" : found.data, found.length);
  CHECK(copy != NULL && strlen(copy) == found.length);
  return copy;
}

/* Puts `by` in place of what is from `begin` to `end`; frees the text, and gives another one. */
static char *put(char *text, size_t begin, size_t end, const char *by) {
  char *made;
  CHECK(asprintf(&made, "%.*s%s%s", (int)begin, text, by, text + end) >= 0);
  free(text);
  return made;
}

/* A text of a request, with what was kept put in. */
static char *filled(const tasker_json *request, const char *pointer) {
  char *text = text_at(request, pointer);
  for (size_t index = 0; index < KEPT && kept[index].name[0] != '\0'; index++) {
    for (char *found; (found = strstr(text, kept[index].name)) != NULL;) {
      size_t at = (size_t)(found - text);
      text = put(text, at, at + strlen(kept[index].name), kept[index].value);
    }
  }
  return text;
}

/* Keeps what later requests name. */
static void keep(const tasker_json *exchange, const char *body) {
  static size_t count;
  tasker_error *error = NULL;
  tasker_str name;
  for (size_t index = 0; tasker_json_get_key(exchange, tasker_text("/keep"), index, &name, NULL); index++) {
    char pointer[64];
    CHECK(count < KEPT);
    snprintf(kept[count].name, sizeof kept[count].name, "{%" TASKER_STR_FORMAT "}", TASKER_STR(name));
    snprintf(pointer, sizeof pointer, "/keep/%" TASKER_STR_FORMAT, TASKER_STR(name));
    char *place = text_at(exchange, pointer);
    tasker_json *answer = json(body);
    tasker_str value;
    MUST(tasker_json_get_string(answer, tasker_text(place), &value, &error));
    snprintf(kept[count++].value, sizeof kept[0].value, "%" TASKER_STR_FORMAT, TASKER_STR(value));
    tasker_json_free(answer);
    free(place);
  }
}

/* Replaces what is another one each time. */
static char *compared(char *text, const regex_t *patterns, char *const *by, size_t count) {
  for (size_t index = 0; index < count; index++) {
    regmatch_t found;
    for (size_t at = 0; regexec(&patterns[index], text + at, 1, &found, 0) == 0;) {
      size_t begin = at + (size_t)found.rm_so, end = at + (size_t)found.rm_eo;
      text = put(text, begin, end, by[index]);
      at = begin + strlen(by[index]);
    }
  }
  return text;
}

/* The head of a request of the conversation. */
static tasker_json *head_of(const tasker_json *request) {
  tasker_error *error = NULL;
  tasker_json *head = json("{\"prefix\": \"/tasker\", \"headers\": []}");
  char *method = text_at(request, "/method"), *target = filled(request, "/target");
  tasker_json_set_string(head, tasker_text("/method"), tasker_text(method), NULL);
  tasker_json_set_string(head, tasker_text("/target"), tasker_text(target), NULL);
  tasker_str name, value;
  for (size_t index = 0; tasker_json_get_key(request, tasker_text("/headers"), index, &name, NULL); index++) {
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/headers/%" TASKER_STR_FORMAT, TASKER_STR(name));
    MUST(tasker_json_get_string(request, tasker_text(pointer), &value, &error));
    tasker_json_set_array(head, tasker_text("/headers/-"), NULL);
    snprintf(pointer, sizeof pointer, "/headers/%zu/-", index);
    tasker_json_set_string(head, tasker_text(pointer), name, NULL);
    tasker_json_set_string(head, tasker_text(pointer), value, NULL);
  }
  free(method);
  free(target);
  return head;
}

/* The type of an answer's content, to be freed. */
static char *content_type(const tasker_json *head) {
  for (size_t index = 0;; index++) {
    char pointer[32];
    tasker_str name;
    snprintf(pointer, sizeof pointer, "/headers/%zu/0", index);
    if (!tasker_json_get_string(head, tasker_text(pointer), &name, NULL)) {
      return strdup("");
    }
    if (is(name, "content-type")) {
      pointer[strlen(pointer) - 1] = '1';
      return text_at(head, pointer);
    }
  }
}

static void same(const char *target, const char *found, char *wanted) {
  if (strcmp(found, wanted) != 0) {
    fprintf(stderr, "%s\n  answers %s\n  wanted %s\n", target, found, wanted);
    abort();
  }
  free(wanted);
}

static void conversing(void) {
  tasker_error *error = NULL;
  tasker_json *document = conversation();
  regex_t patterns[PATTERNS];
  char *by[PATTERNS];
  size_t count, pattern_count;
  MUST(tasker_json_get_size(document, tasker_text("/replace"), &pattern_count, &error));
  CHECK(pattern_count <= PATTERNS);
  for (size_t index = 0; index < pattern_count; index++) {
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/replace/%zu/0", index);
    char *pattern = text_at(document, pointer);
    CHECK(regcomp(&patterns[index], pattern, REG_EXTENDED) == 0);
    free(pattern);
    pointer[strlen(pointer) - 1] = '1';
    by[index] = text_at(document, pointer);
  }
  tasker_client_options options = {.size = sizeof options, .flags = TASKER_CLIENT_ISOLATED};
  options.database_url = tasker_text(getenv("TASKER_DATABASE_URL"));
  tasker_client *client = tasker_client_new(&options, &error);
  MUST(client != NULL);
  tasker_http *http = mount(client, "{}");
  MUST(tasker_json_get_size(document, tasker_text("/exchanges"), &count, &error));
  CHECK(count > 0);
  for (size_t index = 0; index < count; index++) {
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/exchanges/%zu", index);
    tasker_json *recorded = tasker_json_get(document, tasker_text(pointer), &error);
    MUST(recorded != NULL);
    tasker_json *request = tasker_json_get(recorded, tasker_text("/request"), &error);
    MUST(request != NULL);
    tasker_json *head = head_of(request);
    char *body = filled(request, "/body");
    tasker_exchange *exchange = tasker_http_begin(http, head, &error);
    MUST(exchange != NULL);
    struct answer answer = whole(exchange, tasker_text(body), NULL);
    keep(recorded, answer.body);
    answer.body = compared(answer.body, patterns, by, pattern_count);
    char *type = content_type(answer.head), *target = text_at(request, "/target");
    same(target, answer.body, text_at(recorded, "/answer/body"));
    same(target, type, text_at(recorded, "/answer/content_type"));
    CHECK(natural(answer.head, "/status") == natural(recorded, "/answer/status"));
    free(target);
    free(type);
    free(body);
    free_answer(&answer);
    tasker_json_free(head);
    tasker_json_free(request);
    tasker_json_free(recorded);
  }
  for (size_t index = 0; index < pattern_count; index++) {
    regfree(&patterns[index]);
    free(by[index]);
  }
  tasker_http_free(http);
  tasker_client_free(client);
  tasker_json_free(document);
}

static const struct test_case cases[] = {{"conversing", conversing}};
CASES(cases)
