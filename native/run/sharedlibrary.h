// Shared libraries that are opened at run time, by the names that each system has for that. The Windows
// half has never been compiled: nothing else in the addon is there yet.
#ifndef TSKEOPS_SHAREDLIBRARY_H
#define TSKEOPS_SHAREDLIBRARY_H

#include <string>

#if defined(_WIN32)
#include <windows.h>
#elif !defined(__wasm__)
#include <dlfcn.h>
#endif

namespace sharedlibrary {

#if defined(__wasm__)

inline void *open(const std::string &) { return nullptr; }
inline void *openForAll(const std::string &) { return nullptr; }
inline void *symbol(void *, const char *) { return nullptr; }
inline std::string lastError() { return "WebAssembly, which opens no libraries"; }
inline void close(void *) {}
inline void keepThatOf(void *) {}

#elif defined(_WIN32)

// With what lies in the folder of a library that is named by its path.
inline void *open(const std::string &path) {
  const bool hasFolder = path.find_first_of("\\/") != std::string::npos;
  return LoadLibraryExA(path.c_str(), nullptr, hasFolder ? LOAD_WITH_ALTERED_SEARCH_PATH : 0);
}
inline void *openForAll(const std::string &path) { return open(path); }
inline void *symbol(void *library, const char *name) {
  return reinterpret_cast<void *>(GetProcAddress(static_cast<HMODULE>(library), name));
}
inline std::string lastError() { return "error " + std::to_string(GetLastError()) + " of LoadLibrary"; }
inline void close(void *library) { FreeLibrary(static_cast<HMODULE>(library)); }
// The library that this address belongs to stays loaded until the process ends.
inline void keepThatOf(void *address) {
  HMODULE self;
  GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN, static_cast<LPCSTR>(address), &self);
}

#else

inline void *open(const std::string &path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); }
// What it has can be found by libraries that are opened later.
inline void *openForAll(const std::string &path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL); }
inline void *symbol(void *library, const char *name) { return dlsym(library, name); }
inline std::string lastError() {
  const char *const error = dlerror();
  return error ? error : "no reason";
}
inline void close(void *library) { dlclose(library); }
inline void keepThatOf(void *address) {
  Dl_info self;
  if (dladdr(address, &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

#endif

}  // namespace sharedlibrary

#endif
