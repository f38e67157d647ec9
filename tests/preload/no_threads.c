/*
 * For LD_PRELOAD: once, the system gives no thread to the library whose file name contains what NO_THREAD_FOR says. The runtime of
 * the engine panics then: so each package is shown to make an error of its language of that, and to go on.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef int function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static atomic_bool refused;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *), void *argument) {
  const char *name = getenv("NO_THREAD_FOR");
  Dl_info caller;
  if (name != NULL && dladdr(__builtin_return_address(0), &caller) != 0 && caller.dli_fname != NULL &&
      strstr(caller.dli_fname, name) != NULL && !atomic_exchange(&refused, 1)) {
    return EAGAIN;
  }
  function *real;
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  return real(thread, attributes, begin, argument);
}
