/* The header in C++, and what becomes of an exception that leaves a handler. */

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <stdio.h>
#include <stdlib.h>

#include <tasker.h>

namespace {

tasker_str text(std::string_view given) { return {given.data(), given.size()}; }

std::string said(tasker_str given) { return {given.data, given.length}; }

[[noreturn]] void give_up(tasker_error *error) {
  fprintf(stderr, "%s\n", said(tasker_error_message(error)).c_str());
  exit(1);
}

/* As it should be: no exception leaves it. */
extern "C" int careful(tasker_step *step, void *) noexcept {
  try {
    throw std::runtime_error("the bank is closed");
  } catch (const std::exception &failure) {
    tasker_step_fail_permanent(step, tasker_text(failure.what()), text("closed"), nullptr, nullptr);
  }
  return 0;
}

/* As it should not be. */
extern "C" int careless(tasker_step *, void *) { throw std::runtime_error("nobody catches this"); }

}  // namespace

int main(int, char **argv) {
  tasker_error *error = nullptr;
  tasker_client *client = tasker_client_new(nullptr, &error);
  if (client == nullptr) {
    give_up(error);
  }
  const std::string yaml = "name: order\nversion: 1.0.0\nstep_templates: [{name: pay, handler: pay}]\n";
  tasker_handler handlers[] = {{"pay", std::string_view(argv[1]) == "careless" ? careless : careful, nullptr}};
  tasker_worker_options options = {};
  options.size = sizeof options;
  options.handlers = handlers;
  options.handler_count = 1;
  tasker_task_request request = {};
  request.size = sizeof request;
  request.name = text("order");
  tasker_task_id id;
  tasker_worker *worker = nullptr;
  if (!tasker_client_register_yaml(client, text(yaml), nullptr, &error) ||
      !tasker_client_create_task(client, &request, &id, nullptr, &error) ||
      (worker = tasker_worker_new(client, &options, &error)) == nullptr) {
    give_up(error);
  }
  std::string status;
  std::thread waiting([&] {
    tasker_json *task = nullptr;
    tasker_str found = {};
    if (!tasker_client_wait(client, text(id.text), -1, &task, &error) ||
        !tasker_json_get_string(task, text("/status"), &found, &error)) {
      give_up(error);
    }
    status = said(found);
    tasker_json_free(task);
    tasker_worker_request_stop(worker);
  });
  tasker_error *refused = nullptr;
  if (!tasker_worker_run(worker, &refused)) {
    give_up(refused);
  }
  waiting.join();
  tasker_worker_free(worker);
  tasker_client_free(client);
  return status == "error" ? 0 : 1;
}
