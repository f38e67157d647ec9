/* tests/vectors/values.json, which holds every language to the same values: what is accepted crosses from one step to another as it
 * is, and what is refused is refused with its place. VECTORS is the path of the file, in which texts that are refused stand as
 * numbers: some have what no document may have. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "support.h"

/* A document of a file, of which the texts are larger than any literal. */
static tasker_json *read_vectors(void) {
  const char *path = getenv("VECTORS");
  FILE *file = path == NULL ? NULL : fopen(path, "rb");
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  long size = ftell(file);
  rewind(file);
  char *text = malloc((size_t)size);
  CHECK(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size);
  fclose(file);
  tasker_error *error = NULL;
  tasker_str given = {text, (size_t)size};
  tasker_json *read = tasker_json_parse(given, &error);
  MUST(read != NULL);
  free(text);
  return read;
}

static tasker_json *part(const tasker_json *document, const char *list, size_t index) {
  char pointer[64];
  tasker_error *error = NULL;
  snprintf(pointer, sizeof pointer, "/%s/%zu", list, index);
  tasker_json *found = tasker_json_get(document, tasker_text(pointer), &error);
  MUST(found != NULL);
  return found;
}

static tasker_str text_of(const tasker_json *vector, const char *pointer) {
  tasker_error *error = NULL;
  tasker_str text;
  MUST(tasker_json_get_string(vector, tasker_text(pointer), &text, &error));
  return text;
}

static size_t size_of(const tasker_json *document, const char *pointer) {
  tasker_error *error = NULL;
  size_t size = 0;
  MUST(tasker_json_get_size(document, tasker_text(pointer), &size, &error));
  return size;
}

static bool has(const tasker_json *vector, const char *pointer) {
  return tasker_json_get_type(vector, tasker_text(pointer)) != TASKER_JSON_TYPE_MISSING;
}

/* The text of a vector, to be freed. */
static tasker_str given(const tasker_json *vector) {
  tasker_error *error = NULL;
  if (has(vector, "/text")) {
    tasker_str text = text_of(vector, "/text");
    char *copy = malloc(text.length + 1);
    CHECK(copy != NULL);
    memcpy(copy, text.data, text.length);
    text.data = copy;
    return text;
  }
  size_t size = size_of(vector, "/bytes");
  char *bytes = malloc(size + 1);
  CHECK(bytes != NULL);
  for (size_t index = 0; index < size; index++) {
    char pointer[32];
    int64_t byte;
    snprintf(pointer, sizeof pointer, "/bytes/%zu", index);
    MUST(tasker_json_get_int64(vector, tasker_text(pointer), &byte, &error));
    bytes[index] = (char)byte;
  }
  tasker_str text = {bytes, size};
  return text;
}

static void wrong(const tasker_json *vector, const char *what, tasker_error *error) {
  tasker_str name = text_of(vector, "/name");
  fprintf(stderr, "%" TASKER_STR_FORMAT ": ", TASKER_STR(name));
  fail(__FILE__, __LINE__, what, error);
}

/* Whether two numbers are the same, however they are written: as whole ones where they are that, else as a double has them. */
static bool same_number(const tasker_json *one, const tasker_json *other) {
  tasker_str root = tasker_text("");
  int64_t whole[2];
  uint64_t natural[2];
  double number[2];
  if (tasker_json_get_int64(one, root, &whole[0], NULL) && tasker_json_get_int64(other, root, &whole[1], NULL)) {
    return whole[0] == whole[1];
  }
  if (tasker_json_get_uint64(one, root, &natural[0], NULL) && tasker_json_get_uint64(other, root, &natural[1], NULL)) {
    return natural[0] == natural[1];
  }
  return tasker_json_get_double(one, root, &number[0], NULL) && tasker_json_get_double(other, root, &number[1], NULL) &&
         number[0] == number[1];
}

static bool same(const tasker_json *one, const tasker_json *other);

static bool same_members(const tasker_json *one, const tasker_json *other, bool named) {
  size_t size = size_of(one, "");
  bool so = size == size_of(other, "");
  for (size_t index = 0; so && index < size; index++) {
    tasker_error *error = NULL;
    tasker_json *parts[2];
    for (int which = 0; which < 2; which++) {
      const tasker_json *whole = which == 0 ? one : other;
      char pointer[32];
      if (named) {
        tasker_str key;
        /* Members are in the order of their names; the vectors have no name that a pointer would have to escape. */
        MUST(tasker_json_get_key(whole, tasker_text(""), index, &key, &error));
        snprintf(pointer, sizeof pointer, "/%" TASKER_STR_FORMAT, TASKER_STR(key));
      } else {
        snprintf(pointer, sizeof pointer, "/%zu", index);
      }
      parts[which] = tasker_json_get(whole, tasker_text(pointer), &error);
    }
    so = parts[0] != NULL && parts[1] != NULL && same(parts[0], parts[1]);
    tasker_json_free(parts[0]);
    tasker_json_free(parts[1]);
    tasker_error_free(error);
  }
  return so;
}

static bool same(const tasker_json *one, const tasker_json *other) {
  tasker_str root = tasker_text("");
  tasker_json_type type = tasker_json_get_type(one, root);
  if (type != tasker_json_get_type(other, root)) {
    return false;
  }
  switch (type) {
    case TASKER_JSON_TYPE_NUMBER:
      return same_number(one, other);
    case TASKER_JSON_TYPE_ARRAY:
      return same_members(one, other, false);
    case TASKER_JSON_TYPE_OBJECT:
      return same_members(one, other, true);
    case TASKER_JSON_TYPE_MISSING:
      return false;
    default:
      return tasker_json_equal(one, other);
  }
}

/* What is accepted is read, and what is refused is refused with its place. */
static void parsing(void) {
  tasker_json *vectors = read_vectors();
  size_t accepted = size_of(vectors, "/accept"), refused = size_of(vectors, "/refuse"), places = 0;
  CHECK(accepted >= 40 && refused >= 60);
  for (size_t index = 0; index < accepted; index++) {
    tasker_error *error = NULL;
    tasker_json *vector = part(vectors, "accept", index);
    tasker_str text = given(vector);
    tasker_json *read = tasker_json_parse(text, &error);
    free((char *)text.data);
    if (read == NULL || tasker_json_get_type(read, tasker_text("")) == TASKER_JSON_TYPE_MISSING) {
      wrong(vector, "it is not read", error);
    }
    tasker_json_free(read);
    tasker_json_free(vector);
  }
  for (size_t index = 0; index < refused; index++) {
    tasker_error *error = NULL;
    tasker_json *vector = part(vectors, "refuse", index);
    tasker_str text = given(vector);
    bool utf8 = false;
    MUST(tasker_json_get_bool(vector, tasker_text("/utf8"), &utf8, &error));
    /* What is too large is read: how large a result may be is a setting. */
    bool too_large = is(text_of(vector, "/code"), "result_too_large");
    tasker_json *read = tasker_json_parse(text, &error);
    free((char *)text.data);
    if ((read != NULL) != too_large) {
      wrong(vector, "it is accepted", error);
    }
    if (read == NULL) {
      unsigned code = tasker_error_code(error);
      if (code != (utf8 ? TASKER_ERROR_INVALID_ARGUMENT : TASKER_ERROR_INVALID_UTF8)) {
        wrong(vector, "it is refused for another reason", error);
      }
      tasker_str pointer = text_of(vector, "/pointer");
      char place[800];
      snprintf(place, sizeof place, "(at %" TASKER_STR_FORMAT ")", TASKER_STR(pointer));
      if (pointer.length > 0 && utf8) {
        if (!contains(tasker_error_message(error), place)) {
          wrong(vector, "its place is another one", error);
        }
        places++;
      }
    }
    tasker_error_free(error);
    tasker_json_free(read);
    tasker_json_free(vector);
  }
  CHECK(places >= 40);
  tasker_json_free(vectors);
}

/* The vector that a task is about. */
static tasker_json *vector_of(const tasker_step *step) {
  tasker_error *error = NULL;
  int64_t index;
  tasker_str list;
  const tasker_json *context = tasker_step_context(step, &error);
  MUST(context != NULL && tasker_json_get_int64(context, tasker_text("/index"), &index, &error));
  MUST(tasker_json_get_string(context, tasker_text("/list"), &list, &error));
  tasker_json *vectors = read_vectors();
  tasker_json *vector = part(vectors, is(list, "accept") ? "accept" : "refuse", (size_t)index);
  tasker_json_free(vectors);
  return vector;
}

static int give(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  tasker_json *vector = vector_of(step);
  tasker_str text = given(vector);
  tasker_json *results = tasker_json_parse(text, &error);
  MUST(results != NULL);
  free((char *)text.data);
  MUST(tasker_step_succeed(step, results, &error));
  tasker_json_free(results);
  tasker_json_free(vector);
  return 0;
}

static int take(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  tasker_json *vector = vector_of(step);
  tasker_json *stored = tasker_json_parse(text_of(vector, "/stored"), &error);
  MUST(stored != NULL);
  const tasker_json *results = tasker_step_results(step, tasker_text("give"), &error);
  MUST(results != NULL);
  if (!same(results, stored)) {
    fprintf(stderr, "%" TASKER_STR_FORMAT "\n", TASKER_STR(tasker_json_text(results)));
    wrong(vector, "it has become that", NULL);
  }
  tasker_json_free(stored);
  tasker_json_free(vector);
  return 0;
}

static const tasker_handler HANDLERS[] = {{"give", give, NULL}, {"take", take, NULL}};

static void *run(void *worker) {
  tasker_error *error = NULL;
  MUST(tasker_worker_run(worker, &error));
  return NULL;
}

/* Every vector that is about a limit, or every one that is not, from one step to another. */
static size_t crossed(const char *settings, bool limited) {
  static const char *const steps[] = {"give", "take"};
  enum { THREADS = 4 };
  tasker_client *client = client_with(settings);
  chain(client, steps, 2, NULL);
  tasker_worker *worker = start(client, HANDLERS, 2, THREADS);
  pthread_t threads[THREADS];
  for (int index = 0; index < THREADS; index++) {
    CHECK(pthread_create(&threads[index], NULL, run, worker) == 0);
  }
  tasker_json *vectors = read_vectors();
  size_t count = 0;
  for (int list = 0; list < 2; list++) {
    const char *name = list == 0 ? "accept" : "refuse";
    size_t size = size_of(vectors, list == 0 ? "/accept" : "/refuse");
    for (size_t index = 0; index < size; index++) {
      tasker_json *vector = part(vectors, name, index);
      /* What is no JSON is no document, and cannot be returned. */
      if (has(vector, "/max_bytes") == limited && (list == 0 || limited)) {
        char context[64];
        snprintf(context, sizeof context, "{\"list\": \"%s\", \"index\": %zu}", name, index);
        tasker_task_id id = create(client, context);
        if (!ends(client, id, list == 0 ? "complete" : "error")) {
          wrong(vector, "the task ended otherwise", NULL);
        }
        if (list == 1) {
          tasker_json *step = step_of(client, id, "give");
          CHECK(says(step, "/results/error_code", "\"result_too_large\""));
          tasker_json_free(step);
        }
        count++;
      }
      tasker_json_free(vector);
    }
  }
  tasker_json_free(vectors);
  tasker_worker_request_stop(worker);
  for (int index = 0; index < THREADS; index++) {
    CHECK(pthread_join(threads[index], NULL) == 0);
  }
  tasker_worker_free(worker);
  tasker_client_free(client);
  return count;
}

static void crossing(void) { CHECK(crossed("{}", false) >= 40); }

static void limiting(void) { CHECK(crossed("{\"execution\": {\"max_result_bytes\": 100}}", true) >= 3); }

/* Whole numbers come out as they went in, and no getter makes another one of them. */
static void numbers(void) {
  tasker_error *error = NULL;
  tasker_json *document = tasker_json_new();
  int64_t whole;
  uint64_t natural;
  MUST(tasker_json_set_int64(document, tasker_text("/least"), INT64_MIN, &error));
  MUST(tasker_json_set_uint64(document, tasker_text("/most"), UINT64_MAX, &error));
  MUST(tasker_json_set_int64(document, tasker_text("/beyond"), ((int64_t)1 << 53) + 1, &error));
  CHECK(is(tasker_json_text(document), "{\"beyond\":9007199254740993,\"least\":-9223372036854775808,\"most\":18446744073709551615}"));
  MUST(tasker_json_get_int64(document, tasker_text("/least"), &whole, &error) && whole == INT64_MIN);
  MUST(tasker_json_get_uint64(document, tasker_text("/most"), &natural, &error) && natural == UINT64_MAX);
  MUST(tasker_json_get_int64(document, tasker_text("/beyond"), &whole, &error) && whole == 9007199254740993);
  REFUSED(tasker_json_get_int64(document, tasker_text("/most"), &whole, &error), TASKER_ERROR_INVALID_ARGUMENT);
  REFUSED(tasker_json_get_uint64(document, tasker_text("/least"), &natural, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_json_free(document);
}

static const struct test_case cases[] = {
    {"parsing", parsing}, {"crossing", crossing}, {"limiting", limiting}, {"numbers", numbers}};
CASES(cases)
