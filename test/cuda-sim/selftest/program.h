// What the self-tests share: a program that uses the driver as any would, linked to the stand-in.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "../driver/calls.h"

using namespace cudasim;

// Says what failed, and ends the program with 1.
[[noreturn]] inline void stop(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

inline std::string nameOf(Result result) {
  const char* name = nullptr;
  cuGetErrorName(result, &name);
  return name ? name : std::to_string(result);
}

// A call that must succeed.
#define CALL(call)                                                                            \
  do {                                                                                        \
    if (const Result result_ = (call); result_ != 0) stop(#call " gave " + nameOf(result_));  \
  } while (0)

inline std::string textOf(const std::string& path) {
  std::ifstream file(path);
  if (!file) stop(path + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

// A device with its context current in this thread, a stream, and the kernels of one PTX file.
struct Session {
  Context* context = nullptr;
  LoadedModule* module = nullptr;
  Stream* stream = nullptr;

  explicit Session(const char* ptx = nullptr) {
    CALL(cuInit(0));
    CALL(cuDevicePrimaryCtxRetain(&context, 0));
    CALL(cuCtxSetCurrent(context));
    CALL(cuStreamCreate(&stream, 1));
    if (ptx) CALL(cuModuleLoadDataEx(&module, textOf(ptx).c_str(), 0, nullptr, nullptr));
  }

  Kernel* kernel(const std::string& name) {
    Kernel* found = nullptr;
    CALL(cuModuleGetFunction(&found, module, name.c_str()));
    return found;
  }

  template <typename... Parameters>
  Result launch(const std::string& name, unsigned grid, unsigned block, unsigned shared, Parameters... parameters) {
    void* pointers[] = {&parameters..., nullptr};
    return cuLaunchKernel(kernel(name), grid, 1, 1, block, 1, 1, shared, stream, pointers, nullptr);
  }

  DevicePtr allocate(size_t bytes) {
    DevicePtr made = 0;
    CALL(cuMemAlloc_v2(&made, bytes));
    return made;
  }

  template <typename T>
  DevicePtr upload(const std::vector<T>& values) {
    const DevicePtr made = allocate(values.size() * sizeof(T));
    CALL(cuMemcpyHtoD_v2(made, values.data(), values.size() * sizeof(T)));
    return made;
  }

  template <typename T>
  std::vector<T> download(DevicePtr from, size_t count) {
    std::vector<T> values(count);
    CALL(cuStreamSynchronize(stream));
    CALL(cuMemcpyDtoH_v2(values.data(), from, count * sizeof(T)));
    return values;
  }

  // Gives everything back, as a clean program does.
  void close(std::initializer_list<DevicePtr> memory) {
    for (const DevicePtr address : memory) CALL(cuMemFree_v2(address));
    if (module) CALL(cuModuleUnload(module));
    CALL(cuStreamDestroy_v2(stream));
    CALL(cuDevicePrimaryCtxRelease_v2(0));
  }
};
