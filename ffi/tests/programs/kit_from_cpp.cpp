/* The headers in C++: a workflow under test, on a connection of libpq, with handlers of C++. */

#include <stdexcept>
#include <string>

#include <stdio.h>
#include <stdlib.h>

#include <tasker_libpq.h>
#include <tasker_test.h>

namespace {

[[noreturn]] void give_up(const char *what, tasker_error *error) {
  fprintf(stderr, "%s: %s\n", what, error == nullptr ? "" : tasker_error_message(error).data);
  exit(1);
}

void must(bool truth, const char *what, tasker_error *error = nullptr) {
  if (!truth) {
    give_up(what, error);
  }
}

extern "C" int flaky(tasker_step *step, void *attempts) noexcept {
  try {
    if (++*static_cast<int *>(attempts) == 1) {
      throw std::runtime_error("the bank is closed");
    }
  } catch (const std::exception &failure) {
    tasker_step_fail_retryable(step, tasker_text(failure.what()), -1, tasker_text(nullptr), nullptr, nullptr);
  }
  return 0;
}

extern "C" const char *object(const tasker_json *, void *) noexcept { return "nothing is ever right"; }

}  // namespace

int main() {
  tasker_error *error = nullptr;
  PGconn *connection = PQconnectdb(getenv("TASKER_DATABASE_URL"));
  PQclear(PQexec(connection, "begin"));
  tasker_connection here = tasker_libpq(connection);

  int attempts = 0;
  const tasker_handler handlers[] = {{"pay", flaky, &attempts}};
  tasker_test_options options = {};
  options.size = sizeof options;
  options.handlers = handlers;
  options.handler_count = 1;
  tasker_test *test = tasker_test_new(&here, &options, &error);
  must(test != nullptr, "a test", error);

  const std::string yaml = "name: order\nversion: 1.0.0\nstep_templates: [{name: pay, handler: pay}]\n";
  must(tasker_test_register_yaml(test, tasker_text(yaml.c_str()), &error), "a template", error);
  tasker_task_request request = {};
  request.size = sizeof request;
  request.name = tasker_text("order");
  tasker_json *report = nullptr;
  must(tasker_test_run(test, &request, &report, &error), "a run", error);
  const tasker_str status = tasker_report_status(report);
  must(std::string(status.data, status.length) == "complete" && attempts == 2, "an order that is complete");
  tasker_json_free(report);

  tasker_crash_options crashes = {};
  crashes.size = sizeof crashes;
  crashes.check = object;
  must(tasker_test_crash_everywhere(test, &request, &crashes, &report, &error), "crashes", error);
  bool right = true;
  must(tasker_json_get_bool(report, tasker_text("/right"), &right, &error) && !right, "an objection", error);
  tasker_json_free(report);

  tasker_task_id id;
  tasker_client *client = tasker_client_new(nullptr, &error);
  must(client != nullptr, "a client", error);
  must(tasker_client_create_task_in(client, &here, &request, &id, nullptr, &error), "a task in the transaction", error);
  tasker_client_free(client);
  tasker_test_free(test);
  PQclear(PQexec(connection, "rollback"));
  PQfinish(connection);
  return 0;
}
