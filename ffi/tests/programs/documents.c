/* JSON documents: read, made, changed. No database is needed. */

#include <math.h>

#include "support.h"

enum { INVALID = TASKER_ERROR_INVALID_ARGUMENT, NOT_FOUND = TASKER_ERROR_NOT_FOUND };

static void reading(void) {
  tasker_json *document = json(
      "{\"steps\": [{\"name\": \"pay\", \"done\": true}], \"a/b\": {\"~\": null}, \"least\": -9223372036854775808, "
      "\"most\": 18446744073709551615, \"half\": 0.5}");
  tasker_str text;
  int64_t whole;
  uint64_t natural;
  double number;
  bool truth;
  size_t size;
  tasker_error *error = NULL;
  MUST(tasker_json_get_string(document, tasker_text("/steps/0/name"), &text, &error) && is(text, "pay"));
  MUST(tasker_json_get_bool(document, tasker_text("/steps/0/done"), &truth, &error) && truth);
  MUST(tasker_json_get_int64(document, tasker_text("/least"), &whole, &error) && whole == INT64_MIN);
  MUST(tasker_json_get_uint64(document, tasker_text("/most"), &natural, &error) && natural == UINT64_MAX);
  MUST(tasker_json_get_double(document, tasker_text("/half"), &number, &error) && number == 0.5);
  MUST(tasker_json_get_size(document, tasker_text("/steps"), &size, &error) && size == 1);
  MUST(tasker_json_get_size(document, tasker_text(""), &size, &error) && size == 5);
  MUST(tasker_json_get_key(document, tasker_text(""), 0, &text, &error) && is(text, "a/b"));
  CHECK(tasker_json_get_type(document, tasker_text("/a~1b/~0")) == TASKER_JSON_TYPE_NULL);
  CHECK(tasker_json_get_type(document, tasker_text("/steps")) == TASKER_JSON_TYPE_ARRAY);
  CHECK(tasker_json_get_type(document, tasker_text("/steps/1")) == TASKER_JSON_TYPE_MISSING);
  CHECK(tasker_json_get_type(document, tasker_text("steps")) == TASKER_JSON_TYPE_MISSING);
  REFUSED(tasker_json_get_int64(document, tasker_text("/most"), &whole, &error), INVALID);
  REFUSED(tasker_json_get_uint64(document, tasker_text("/least"), &natural, &error), INVALID);
  REFUSED(tasker_json_get_int64(document, tasker_text("/half"), &whole, &error), INVALID);
  REFUSED(tasker_json_get_string(document, tasker_text("/half"), &text, &error), INVALID);
  REFUSED(tasker_json_get_size(document, tasker_text("/half"), &size, &error), INVALID);
  REFUSED(tasker_json_get_string(document, tasker_text("/nobody"), &text, &error), NOT_FOUND);
  REFUSED(tasker_json_get_string(document, tasker_text("nobody"), &text, &error), INVALID);
  REFUSED(tasker_json_get_key(document, tasker_text(""), 5, &text, &error), NOT_FOUND);
  REFUSED(tasker_json_get(document, tasker_text("/nobody"), &error), NOT_FOUND);
  tasker_json *part = tasker_json_get(document, tasker_text("/steps/0"), &error);
  MUST(part != NULL);
  CHECK(is(tasker_json_text(part), "{\"done\":true,\"name\":\"pay\"}"));
  tasker_json *copy = tasker_json_copy(part, &error), *other = json(" { \"name\": \"pay\", \"done\": true } ");
  CHECK(tasker_json_equal(copy, other) && !tasker_json_equal(copy, document));
  tasker_json_free(other);
  tasker_json_free(copy);
  tasker_json_free(part);
  tasker_json_free(document);
}

/* What the engine refuses is refused here, by the same words. */
static void refusing(void) {
  REFUSED(tasker_json_parse(tasker_text("{\"a\": }"), &error), INVALID);
  REFUSED(tasker_json_parse(tasker_text(""), &error), INVALID);
  REFUSED(tasker_json_parse(tasker_text("18446744073709551616"), &error), INVALID);
  REFUSED(tasker_json_parse(tasker_text("{\"a\": \"\\u0000\"}"), &error), INVALID);
  REFUSED(tasker_json_parse(tasker_text("\"\\ud800\""), &error), INVALID);
  tasker_error *error = NULL;
  CHECK(tasker_json_parse(tasker_text("{\"a\": [0, NaN]}"), &error) == NULL);
  CHECK(contains(tasker_error_message(error), "/a/1"));
  tasker_error_free(error);
}

static void making(void) {
  tasker_error *error = NULL;
  tasker_json *document = tasker_json_new();
  tasker_json *part = json("{\"city\": \"Turin\"}");
  MUST(tasker_json_set_string(document, tasker_text("/customer/name"), tasker_text("Ada \"A\""), &error));
  MUST(tasker_json_set(document, tasker_text("/customer/address"), part, &error));
  MUST(tasker_json_set_array(document, tasker_text("/items"), &error));
  MUST(tasker_json_set_int64(document, tasker_text("/items/-"), INT64_MIN, &error));
  MUST(tasker_json_set_uint64(document, tasker_text("/items/1"), UINT64_MAX, &error));
  MUST(tasker_json_set_double(document, tasker_text("/items/-/half"), 0.5, &error));
  MUST(tasker_json_set_bool(document, tasker_text("/a~1b"), true, &error));
  MUST(tasker_json_set_null(document, tasker_text("/nothing"), &error));
  MUST(tasker_json_set_object(document, tasker_text("/empty"), &error));
  CHECK(says(document, "",
             "{\"customer\": {\"name\": \"Ada \\\"A\\\"\", \"address\": {\"city\": \"Turin\"}}, \"items\": "
             "[-9223372036854775808, 18446744073709551615, {\"half\": 0.5}], \"a/b\": true, \"nothing\": null, \"empty\": {}}"));
  MUST(tasker_json_set(document, tasker_text("/items/2"), document, &error));
  CHECK(says(document, "/items/2/customer/address/city", "\"Turin\""));
  MUST(tasker_json_set_int64(document, tasker_text(""), 1, &error));
  CHECK(is(tasker_json_text(document), "1"));
  tasker_json_free(part);
  tasker_json_free(document);
}

/* The first change that was refused is heard of by whoever is given the document. */
static void mistaking(void) {
  tasker_error *error = NULL;
  tasker_json *document = json("{\"list\": [1], \"number\": 1}");
  REFUSED(tasker_json_set_int64(document, tasker_text("/list/2"), 1, &error), INVALID);
  REFUSED(tasker_json_set_int64(document, tasker_text("/list/x"), 1, &error), INVALID);
  REFUSED(tasker_json_set_int64(document, tasker_text("/number/x"), 1, &error), INVALID);
  REFUSED(tasker_json_set_int64(document, tasker_text("number"), 1, &error), INVALID);
  REFUSED(tasker_json_set_double(document, tasker_text("/number"), NAN, &error), INVALID);
  REFUSED(tasker_json_set_double(document, tasker_text("/number"), INFINITY, &error), INVALID);
  CHECK(says(document, "", "{\"list\": [1], \"number\": 1}"));
  CHECK(tasker_json_copy(document, &error) == NULL);
  CHECK(contains(tasker_error_message(error), "'/list/2'"));
  tasker_error_free(error);
  tasker_json *other = tasker_json_new();
  REFUSED(tasker_json_set(other, tasker_text("/a"), document, &error), INVALID);
  REFUSED(tasker_json_copy(other, &error), INVALID);
  tasker_json_free(other);
  tasker_json_free(document);
}

static void nesting(void) {
  tasker_error *error = NULL;
  tasker_json *document = tasker_json_new();
  int levels = 1;
  while (tasker_json_set(document, tasker_text("/a"), document, NULL)) {
    levels++;
  }
  CHECK(levels == 128);
  tasker_json_free(document);
  document = tasker_json_new();
  char pointer[2 * 128 + 1] = "";
  for (int depth = 0; depth < 128; depth++) {
    strcat(pointer, "/b");
  }
  MUST(tasker_json_set_bool(document, tasker_text(pointer), true, &error));
  REFUSED(tasker_json_set_object(document, tasker_text(pointer), &error), INVALID);
  tasker_json_free(document);
}

static const struct test_case cases[] = {
    {"reading", reading}, {"refusing", refusing}, {"making", making}, {"mistaking", mistaking}, {"nesting", nesting}};
CASES(cases)
