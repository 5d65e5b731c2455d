// Read before every file of the addon where glibc is the C library, so that a build loads on systems with an older one
// than the machine that built it: functions are taken in their first version, and what only newer ones have is not
// used. test/package/symbols.test.ts holds the build to it.
#ifndef TSKEOPS_PORTABLE_H
#define TSKEOPS_PORTABLE_H
#ifdef __cplusplus
#include <bits/c++config.h>

#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT   // glibc 2.30
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK  // glibc 2.30

#if defined(__x86_64__)
#define FIRST_VERSION "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define FIRST_VERSION "GLIBC_2.17"
#endif

#ifdef FIRST_VERSION
#define TAKE_FIRST(name) __asm__(".symver " #name "," #name "@" FIRST_VERSION);
TAKE_FIRST(dladdr)
TAKE_FIRST(dlclose)
TAKE_FIRST(dlerror)
TAKE_FIRST(dlopen)
TAKE_FIRST(dlsym)
TAKE_FIRST(pthread_mutex_timedlock)
TAKE_FIRST(pthread_sigmask)
#undef TAKE_FIRST
#endif

#endif
#endif
