// Shared libraries that are opened at run time. Each system has its file: posix/, windows/, and wasm/absent.cc.
#ifndef TSKEOPS_SHAREDLIBRARY_H
#define TSKEOPS_SHAREDLIBRARY_H

#include <span>
#include <string>

namespace sharedlibrary {

// With what lies in the folder of a library that is named by its path; null if it cannot be opened.
void *open(const std::string &path);
// The same; what it has can be found by libraries that are opened later.
void *openForAll(const std::string &path);
// Null if it has none of that name.
void *symbol(void *library, const char *name);
// Why `open` gave null.
std::string lastError();
void close(void *library);
// The library that this address belongs to stays loaded until the process ends.
void keepThatOf(void *address);

// Under which names the system has what is looked for, the first one that opens being taken.
std::span<const char *const> namesOfLapack();
std::span<const char *const> namesOfCudaDriver();
std::string nameOfNvrtcBuiltins(int major, int minor);

}  // namespace sharedlibrary

#endif
