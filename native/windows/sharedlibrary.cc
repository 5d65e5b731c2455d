#include "run/sharedlibrary.h"

#include <algorithm>

#include "windows/system.h"

namespace sharedlibrary {

namespace {

// Names without a folder are looked for beside node.exe and in Windows' own folder, and the driver there alone: never in
// the current folder or along PATH, where anybody may have put a library of that name.
DWORD placesFor(const std::string &path) {
  if (path.find_first_of("\\/") != std::string::npos) return LOAD_WITH_ALTERED_SEARCH_PATH;
  const auto drivers = namesOfCudaDriver();
  const bool isDriver = std::find(drivers.begin(), drivers.end(), path) != drivers.end();
  return isDriver ? LOAD_LIBRARY_SEARCH_SYSTEM32 : LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
}

}  // namespace

void *open(const std::string &path) { return LoadLibraryExA(path.c_str(), nullptr, placesFor(path)); }

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
