// Shared libraries that are opened at run time, by the names that each system has for that. What is opened here is
// never closed. The Windows half has never been compiled: nothing else in the addon is there yet.
#ifndef TSKEOPS_SHAREDLIBRARY_H
#define TSKEOPS_SHAREDLIBRARY_H

#include <string>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace sharedlibrary {

#ifdef _WIN32

// With what lies in the folder of a library that is named by its path.
inline void *open(const std::string &path) {
  const bool hasFolder = path.find_first_of("\\/") != std::string::npos;
  return LoadLibraryExA(path.c_str(), nullptr, hasFolder ? LOAD_WITH_ALTERED_SEARCH_PATH : 0);
}
inline void *symbol(void *library, const char *name) {
  return reinterpret_cast<void *>(GetProcAddress(static_cast<HMODULE>(library), name));
}
inline std::string lastError() { return "error " + std::to_string(GetLastError()) + " of LoadLibrary"; }

#else

inline void *open(const std::string &path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); }
inline void *symbol(void *library, const char *name) { return dlsym(library, name); }
inline std::string lastError() {
  const char *const error = dlerror();
  return error ? error : "no reason";
}

#endif

}  // namespace sharedlibrary

#endif
