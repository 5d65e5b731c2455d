#include "run/sharedlibrary.h"

#include <dlfcn.h>

namespace sharedlibrary {

void *open(const std::string &path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); }

void *openForAll(const std::string &path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL); }

void *symbol(void *library, const char *name) { return dlsym(library, name); }

std::string lastError() {
  const char *const error = dlerror();
  return error ? error : "no reason";
}

void close(void *library) { dlclose(library); }

void keepThatOf(void *address) {
  Dl_info self;
  if (dladdr(address, &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

// Fast ones only: a plain liblapack.so may be the reference, which is slower than our own code.
std::span<const char *const> namesOfLapack() {
#ifdef __APPLE__
  static constexpr const char *names[] = {"/System/Library/Frameworks/Accelerate.framework/Accelerate", "libopenblas.dylib"};
#else
  static constexpr const char *names[] = {"libmkl_rt.so.2", "libopenblasp.so.0", "libopenblas.so.0", "libopenblas.so"};
#endif
  return names;
}

// The second is where WSL keeps it.
std::span<const char *const> namesOfCudaDriver() {
  static constexpr const char *names[] = {"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"};
  return names;
}

std::string nameOfNvrtcBuiltins(int major, int minor) {
  return "libnvrtc-builtins.so." + std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace sharedlibrary
