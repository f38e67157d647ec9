/* The process that the library is a guest in: how it ends, what it inherits, what it is left alone with. */

#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static const char *const PAY[] = {"pay"};

static int nothing(tasker_step *step, void *unused) {
  (void)step;
  (void)unused;
  return 0;
}

static const tasker_handler HANDLERS[] = {{"pay", nothing, NULL}};

/* The system gives no thread while this is set: what the library links to is this function, not the one of libc. */
static volatile bool no_threads;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start_routine)(void *), void *argument) {
  typedef int function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (no_threads) {
    return EAGAIN;
  }
  function *real;
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  return real(thread, attributes, start_routine, argument);
}

/* A panic in the library: a runtime panics when it gets no thread. It is an error, and the next call finds a library that works. */
static void panicking(void) {
  no_threads = true;
  REFUSED(tasker_client_new(NULL, &error), TASKER_ERROR_PANIC);
  no_threads = false;
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  MUST(tasker_client_call(client, tasker_text("list_tasks"), NULL, NULL, &error));
  tasker_client_free(client);
}

static size_t entries(const char *path) {
  size_t count = 0;
  DIR *directory = opendir(path);
  CHECK(directory != NULL);
  while (readdir(directory) != NULL) {
    count++;
  }
  closedir(directory);
  return count;
}

/* Whoever has freed everything has no thread left, and no descriptor but the two ends of a pipe that tokio has for signals: it is
 * made once in a process, and for nothing here. */
static void leaving_nothing(void) {
  size_t threads = entries("/proc/self/task"), descriptors = entries("/proc/self/fd") + 2;
  for (int round = 0; round < 3; round++) {
    tasker_error *error = NULL;
    tasker_client *client = open_client();
    chain(client, PAY, 1, NULL);
    tasker_worker *worker = start(client, HANDLERS, 1, 1);
    tasker_worker_fd(worker, &error);
    tasker_http *http = tasker_http_new(client, NULL, &error);
    tasker_json *head = json("{\"method\": \"GET\", \"target\": \"/tasks\"}");
    tasker_exchange *exchange = tasker_http_begin(http, head, &error);
    MUST(exchange != NULL && tasker_exchange_fd(exchange, &error) >= 0);
    tasker_json_free(head);
    /* A client may go before its worker, and a mount before its requests. */
    tasker_client_free(client);
    tasker_http_free(http);
    tasker_exchange_free(exchange);
    CHECK(entries("/proc/self/task") > threads);
    tasker_worker_free(worker);
    CHECK(entries("/proc/self/task") == threads);
    CHECK(entries("/proc/self/fd") == descriptors);
  }
}

/* In a child: what the parent made is refused, and says both processes; what the child makes works. */
static void in_child(pid_t parent, tasker_client *client, tasker_worker *worker, tasker_step *step) {
  char here[32], there[32];
  snprintf(here, sizeof here, "process %d,", (int)getpid());
  snprintf(there, sizeof there, "process %d,", (int)parent);
  tasker_error *error = NULL;
  tasker_step *polled;
  size_t count;
  CHECK(!tasker_client_call(client, tasker_text("list_tasks"), NULL, NULL, &error));
  CHECK(tasker_error_code(error) == TASKER_ERROR_FORKED_PROCESS);
  CHECK(contains(tasker_error_message(error), here) && contains(tasker_error_message(error), there));
  tasker_error_free(error);
  REFUSED(tasker_client_close(client, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_worker_poll(worker, &polled, 1, 0, &count, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_worker_run(worker, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_worker_fd(worker, &error) >= 0, TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_worker_status(worker, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_worker_stop(worker, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_step_context(step, &error), TASKER_ERROR_FORKED_PROCESS);
  REFUSED(tasker_step_succeed(step, NULL, &error), TASKER_ERROR_FORKED_PROCESS);
  CHECK(!tasker_step_cancelled(step) && is(tasker_step_name(step), "pay"));
  /* These do nothing here. */
  tasker_worker_request_stop(worker);
  tasker_step_free(step);
  tasker_worker_free(worker);
  tasker_client_free(client);
  error = NULL;
  client = open_client();
  MUST(tasker_client_call(client, tasker_text("list_tasks"), NULL, NULL, &error));
  tasker_client_free(client);
  exit(0);
}

static void forking(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, HANDLERS, 1, 1);
  tasker_task_id id = create(client, "{}");
  tasker_step *step;
  size_t count;
  MUST(tasker_worker_poll(worker, &step, 1, -1, &count, &error) && count == 1);
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    in_child(parent, client, worker, step);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  /* The parent's worker was not stopped, and its step not let go of. */
  MUST(tasker_step_succeed(step, NULL, &error));
  tasker_step_free(step);
  CHECK(ends(client, id, "complete"));
  /* A child that touches nothing ends well. */
  child = fork();
  if (child == 0) {
    exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static void count_signal(int signal) { (void)signal; }

/* Every handler of a signal, every mask, and the threads that signals go to are the host's. */
static void signals(void) {
  tasker_error *error = NULL;
  struct sigaction before[NSIG], after, mine = {.sa_handler = count_signal};
  sigset_t mask_before, mask_after;
  sigaction(SIGUSR1, &mine, NULL);
  sigemptyset(&mask_before);
  sigaddset(&mask_before, SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
  for (int number = 1; number < NSIG; number++) {
    sigaction(number, NULL, &before[number]);
  }
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, HANDLERS, 1, 1);
  tasker_worker_fd(worker, &error);
  create(client, "{}");
  /* Every thread that is not ours blocks everything that can be blocked. */
  DIR *threads = opendir("/proc/self/task");
  CHECK(threads != NULL);
  struct dirent *entry;
  size_t seen = 0;
  while ((entry = readdir(threads)) != NULL) {
    char path[300], line[200];
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == (int)getpid()) {
      continue;
    }
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    FILE *file = fopen(path, "r");
    unsigned long long blocked = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
      if (sscanf(line, "SigBlk: %llx", &blocked) == 1) {
        CHECK((blocked >> (SIGPIPE - 1) & 1) == 1 && (blocked >> (SIGTERM - 1) & 1) == 1);
        seen++;
      }
    }
    if (file != NULL) {
      fclose(file);
    }
  }
  closedir(threads);
  CHECK(seen >= 4);
  tasker_worker_free(worker);
  tasker_client_free(client);
  for (int number = 1; number < NSIG; number++) {
    sigaction(number, NULL, &after);
    CHECK(after.sa_handler == before[number].sa_handler && after.sa_flags == before[number].sa_flags);
  }
  pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
  CHECK(memcmp(&mask_before, &mask_after, sizeof(unsigned long)) == 0);
}

/* Every connection of the process that leads to a database is broken off: writing to one is a SIGPIPE, which nobody is to see. */
static void broken_connections(void) {
  tasker_error *error = NULL;
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(SIGPIPE, &standard, NULL);
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, HANDLERS, 1, 1);
  for (int round = 0; round < 5; round++) {
    for (int fd = 3; fd < 256; fd++) {
      struct sockaddr_storage peer;
      socklen_t length = sizeof peer;
      /* A pair of sockets inside of the process has no name. */
      if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0 && length > sizeof(sa_family_t)) {
        shutdown(fd, SHUT_RDWR);
      }
    }
    /* It fails, or was repeated on another connection. */
    tasker_client_call(client, tasker_text("list_tasks"), NULL, NULL, NULL);
  }
  tasker_task_id id = create(client, "{}");
  tasker_step *step;
  size_t count;
  MUST(tasker_worker_poll(worker, &step, 1, -1, &count, &error) && count == 1);
  MUST(tasker_step_succeed(step, NULL, &error));
  tasker_step_free(step);
  CHECK(ends(client, id, "complete"));
  tasker_worker_free(worker);
  tasker_client_free(client);
}

/* A process may end with everything open. */
static void leaving(void) {
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  start(client, HANDLERS, 1, 1);
  create(client, "{}");
}

/* The engine's log, for who asks. */
static void logging(void) {
  tasker_error *error = NULL;
  REFUSED(tasker_logs_keep(tasker_text("loud"), &error), TASKER_ERROR_INVALID_ARGUMENT);
  CHECK(tasker_logs_take(&error) == NULL && error == NULL);
  MUST(tasker_logs_keep(tasker_text("info"), &error));
  tasker_client *client = open_client();
  MUST(tasker_client_register_yaml(
      client,
      tasker_text("name: order\nversion: 1.0.0\nschema: {type: object, required: [a]}\nstep_templates: [{name: pay}]\n"), NULL,
      &error));
  tasker_task_request request = {.size = sizeof request, .name = tasker_text("order")};
  tasker_task_id id;
  REFUSED(tasker_client_create_task(client, &request, &id, NULL, &error), TASKER_ERROR_INVALID_CONTEXT);
  tasker_json *records = tasker_logs_take(&error);
  CHECK(records != NULL && contains(tasker_json_text(records), "no task was created"));
  tasker_json_free(records);
  tasker_client_free(client);
}

static const struct test_case cases[] = {{"panicking", panicking}, {"leaving_nothing", leaving_nothing},
                                         {"forking", forking},     {"signals", signals},
                                         {"broken", broken_connections}, {"leaving", leaving},
                                         {"logging", logging}};
CASES(cases)
