/* Calls each function that `old_versions.c` has, as a library that is linked with it does; ends with the line that went wrong. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(condition)  \
  do {                    \
    if (!(condition)) {   \
      return __LINE__;    \
    }                     \
  } while (0)

/* As Rust's standard library asks for it. */
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *) __attribute__((weak));

static volatile double two = 2.0;
static pthread_key_t key;

static void *begin(void *argument) {
  pthread_setspecific(key, argument);
  return argument;
}

static int numbers(void) {
  CHECK(pow(two, 10.0) == 1024.0);
  CHECK(log2(two * 4.0) == 3.0);
  CHECK(fabs(log(two) - 0.6931471805599453) < 1e-15);
  return 0;
}

static int files(void) {
  struct stat64 found;
  CHECK(stat64("/", &found) == 0 && S_ISDIR(found.st_mode));
  CHECK(lstat64("/proc/self/exe", &found) == 0 && S_ISLNK(found.st_mode));
  CHECK(stat64("/no/such/file", &found) == -1);
  int ends[2];
  CHECK(pipe(ends) == 0 && fstat64(ends[0], &found) == 0 && S_ISFIFO(found.st_mode));
  close(ends[0]);
  close(ends[1]);
  return 0;
}

static int threads(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  void *result, *stack;
  size_t size, guard;
  CHECK(pthread_key_create(&key, NULL) == 0);
  CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 1 << 20) == 0);
  CHECK(pthread_create(&thread, &attributes, begin, &key) == 0);
  CHECK(pthread_join(thread, &result) == 0 && result == &key);
  CHECK(pthread_create(&thread, NULL, begin, NULL) == 0 && pthread_detach(thread) == 0);
  pthread_attr_destroy(&attributes);
  CHECK(pthread_setspecific(key, &key) == 0 && pthread_key_delete(key) == 0);
  CHECK(pthread_setname_np(pthread_self(), "calls") == 0);
  CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
  CHECK(pthread_attr_getstack(&attributes, &stack, &size) == 0 && size > 0);
  CHECK(pthread_attr_getguardsize(&attributes, &guard) == 0);
  pthread_attr_destroy(&attributes);
  sigset_t before;
  CHECK(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
  CHECK(gettid() == getpid());
  return 0;
}

static int linking(void) {
  Dl_info found;
  CHECK(dlopen(NULL, RTLD_NOW) != NULL && dlopen("no such library", RTLD_NOW) == NULL);
  CHECK(dlsym(RTLD_DEFAULT, "getpid") != NULL && dlsym(RTLD_DEFAULT, "no_such_function") == NULL);
  CHECK(dladdr(dlsym(RTLD_DEFAULT, "getpid"), &found) != 0);
  CHECK(posix_spawn_file_actions_addchdir_np == NULL);
  return 0;
}

int main(void) {
  int (*const parts[])(void) = {numbers, files, threads, linking};
  for (size_t part = 0; part < sizeof parts / sizeof *parts; part++) {
    int line = parts[part]();
    if (line != 0) {
      return line;
    }
  }
  return 0;
}
