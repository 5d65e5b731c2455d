// What libstdc++.a asks of glibc in a newer version than it needs: the first version serves. portable.h has what the
// addon's own files ask.
#if defined(__GLIBC__) && defined(FIRST_VERSION)
#include <pthread.h>

#define HIDDEN extern "C" __attribute__((visibility("hidden")))

// Asked before atomic instructions are left out; from glibc 2.32 on. There are always threads.
extern "C" {
extern __attribute__((visibility("hidden"))) char __libc_single_threaded;
char __libc_single_threaded = 0;
}

__asm__(".symver firstCreate,pthread_create@" FIRST_VERSION);
__asm__(".symver firstDetach,pthread_detach@" FIRST_VERSION);
extern "C" decltype(pthread_create) firstCreate;
extern "C" decltype(pthread_detach) firstDetach;

HIDDEN int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) noexcept {
  return firstCreate(thread, attributes, start, argument);
}
HIDDEN int pthread_detach(pthread_t thread) noexcept { return firstDetach(thread); }
#endif
