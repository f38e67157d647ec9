/* Registers orders.yaml, creates a task and waits for its end. */

#include <stdio.h>

#include <tasker.h>

static int give_up(tasker_error *error) {
  fprintf(stderr, "%s\n", tasker_error_message(error).data);
  tasker_error_free(error);
  return 1;
}

int main(void) {
  tasker_error *error = NULL;
  tasker_client *client = tasker_client_new(NULL, &error);
  if (client == NULL || !tasker_client_migrate(client, &error) ||
      !tasker_client_register_file(client, tasker_text("orders.yaml"), NULL, &error)) {
    return give_up(error);
  }

  tasker_json *order = tasker_json_new();
  tasker_json_set_int64(order, tasker_text("/price"), 21, NULL);
  tasker_json_set_int64(order, tasker_text("/count"), 2, NULL);
  tasker_task_request request = {
      .size = sizeof request, .name = tasker_text("order"), .namespace_name = tasker_text("shop"), .context = order};
  tasker_task_id id;
  tasker_json *task = NULL, *step = NULL;
  tasker_str status;
  int64_t charged;
  if (!tasker_client_create_task(client, &request, &id, NULL, &error) ||
      !tasker_client_wait(client, tasker_text(id.text), 60000, &task, &error) ||
      !tasker_json_get_string(task, tasker_text("/status"), &status, &error) ||
      !tasker_client_step(client, tasker_text(id.text), tasker_text("charge"), &step, &error) ||
      !tasker_json_get_int64(step, tasker_text("/results/charged"), &charged, &error)) {
    return give_up(error);
  }
  printf("%" TASKER_STR_FORMAT ", charged %d\n", TASKER_STR(status), (int)charged);

  tasker_json_free(step);
  tasker_json_free(task);
  tasker_json_free(order);
  tasker_client_free(client);
  return 0;
}
