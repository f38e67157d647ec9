/*
 * Functions of glibc by the versions that they had in 2.28.
 *
 * A function of glibc may have several versions, and a linker takes the newest that the machine has which it runs on: what is
 * linked there runs nowhere where glibc is older. Here each function of which that is so is called by its older version. The
 * linker is told to let a call of `pow` lead to `__wrap_pow` (see lib.rs, which has the same list). The numbers are in the
 * symbol tables of every later glibc: readelf --dyn-syms libc.so.6.
 */

#define _GNU_SOURCE

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first version of everything that there was when glibc came to a processor. */
#if defined __x86_64__ && !defined __ILP32__
#define FIRST "GLIBC_2.2.5"
#define SETNAME "GLIBC_2.12"
#define STAT_VERSION 1
#elif defined __aarch64__ && !defined __ILP32__
#define FIRST "GLIBC_2.17"
#define SETNAME "GLIBC_2.17"
#define STAT_VERSION 0
#else
#error "Which versions do these functions have in glibc 2.28 on this processor? Say it here and in lib.rs, PROCESSORS."
#endif

/* A function, and the version of it to call. */
#define OLD(name, version, result, parameters, arguments) \
  __asm__(".symver old_" #name ", " #name "@" version);   \
  result old_##name parameters;                           \
  result __wrap_##name parameters;                        \
  result __wrap_##name parameters { return old_##name arguments; }

/* New algorithms, without an error for SVID. */
OLD(log, FIRST, double, (double x), (x))
OLD(log2, FIRST, double, (double x), (x))
OLD(pow, FIRST, double, (double x, double y), (x, y))

/* Moved from libdl.so.2 and libpthread.so.0 into libc.so.6. */
OLD(dladdr, FIRST, int, (const void *address, void *info), (address, info))
OLD(dlopen, FIRST, void *, (const char *name, int mode), (name, mode))
OLD(dlsym, FIRST, void *, (void *handle, const char *name), (handle, name))
OLD(pthread_attr_getguardsize, FIRST, int, (const pthread_attr_t *attributes, size_t *size), (attributes, size))
OLD(pthread_attr_getstack, FIRST, int, (const pthread_attr_t *attributes, void **address, size_t *size),
    (attributes, address, size))
OLD(pthread_attr_setstacksize, FIRST, int, (pthread_attr_t *attributes, size_t size), (attributes, size))
OLD(pthread_create, FIRST, int,
    (pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *), void *argument),
    (thread, attributes, begin, argument))
OLD(pthread_detach, FIRST, int, (pthread_t thread), (thread))
OLD(pthread_getattr_np, FIRST, int, (pthread_t thread, pthread_attr_t *attributes), (thread, attributes))
OLD(pthread_join, FIRST, int, (pthread_t thread, void **result), (thread, result))
OLD(pthread_key_create, FIRST, int, (pthread_key_t *key, void (*destructor)(void *)), (key, destructor))
OLD(pthread_key_delete, FIRST, int, (pthread_key_t key), (key))
OLD(pthread_setname_np, SETNAME, int, (pthread_t thread, const char *name), (thread, name))
OLD(pthread_setspecific, FIRST, int, (pthread_key_t key, const void *value), (key, value))
OLD(pthread_sigmask, FIRST, int, (int how, const sigset_t *set, sigset_t *before), (how, set, before))

/* These were macros and inline functions before 2.33, over functions that are told the form of the structure. */
#define OLD_STAT(name, old, type)                                            \
  int old(int version, type what, struct stat64 *found);                     \
  int __wrap_##name(type what, struct stat64 *found);                        \
  int __wrap_##name(type what, struct stat64 *found) { return old(STAT_VERSION, what, found); }

OLD_STAT(fstat64, __fxstat64, int)
OLD_STAT(lstat64, __lxstat64, const char *)
OLD_STAT(stat64, __xstat64, const char *)

/* There was none before 2.30. */
pid_t __wrap_gettid(void);
pid_t __wrap_gettid(void) { return (pid_t)syscall(SYS_gettid); }
