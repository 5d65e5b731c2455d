#include "run/sharedlibrary.h"

#include "windows/system.h"

namespace sharedlibrary {

void *open(const std::string &path) {
  const bool hasFolder = path.find_first_of("\\/") != std::string::npos;
  return LoadLibraryExA(path.c_str(), nullptr, hasFolder ? LOAD_WITH_ALTERED_SEARCH_PATH : 0);
}

// Windows finds what a process has loaded by its name anyway.
void *openForAll(const std::string &path) { return open(path); }

void *symbol(void *library, const char *name) {
  return reinterpret_cast<void *>(GetProcAddress(static_cast<HMODULE>(library), name));
}

std::string lastError() { return "error " + std::to_string(GetLastError()) + " of LoadLibrary"; }

void close(void *library) { FreeLibrary(static_cast<HMODULE>(library)); }

void keepThatOf(void *address) {
  HMODULE self;
  GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN, static_cast<LPCSTR>(address), &self);
}

std::span<const char *const> namesOfLapack() {
  static constexpr const char *names[] = {"mkl_rt.2.dll", "libopenblas.dll", "openblas.dll"};
  return names;
}

std::span<const char *const> namesOfCudaDriver() {
  static constexpr const char *names[] = {"nvcuda.dll"};
  return names;
}

std::string nameOfNvrtcBuiltins(int major, int minor) {
  return "nvrtc-builtins64_" + std::to_string(major) + std::to_string(minor) + ".dll";
}

}  // namespace sharedlibrary
