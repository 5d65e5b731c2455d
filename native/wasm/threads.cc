// What whoever makes threads for the module must know of them.
#include <pthread.h>

// The highest address of a thread's stack, which grows downwards.
extern "C" __attribute__((export_name("stackOf"))) void *stackOf(pthread_t thread) {
  pthread_attr_t attributes;
  void *lowest = nullptr;
  size_t bytes = 0;
  pthread_getattr_np(thread, &attributes);
  pthread_attr_getstack(&attributes, &lowest, &bytes);
  return static_cast<char *>(lowest) + bytes;
}
