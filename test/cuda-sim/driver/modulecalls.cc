// Modules, kernels, launches.
#include <algorithm>
#include <cstring>

#include "entry.h"

namespace cudasim {
namespace {

constexpr int JIT_ERROR_LOG_BUFFER = 5, JIT_ERROR_LOG_SIZE = 6;  // CUjit_option
constexpr unsigned MOST_SHARED = 227 << 10, DEFAULT_SHARED = 48 << 10;

// The driver writes what is wrong with the PTX into a buffer of the caller's, if it gave one.
void tellProblem(const std::string& problem, unsigned count, const int* options, void** values) {
  char* buffer = nullptr;
  size_t size = 0;
  for (unsigned k = 0; k < count; k++) {
    if (options[k] == JIT_ERROR_LOG_BUFFER) buffer = static_cast<char*>(values[k]);
    if (options[k] == JIT_ERROR_LOG_SIZE) size = reinterpret_cast<size_t>(values[k]) & 0xffffffff;
  }
  if (buffer && size > 0) std::snprintf(buffer, size, "%s", problem.c_str());
}

bool isKernel(Context& context, const Kernel* kernel) {
  for (const auto& module : context.modules)
    for (const auto& [name, one] : module->kernels)
      if (&one == kernel) return true;
  return false;
}

template <typename Body>
Result onKernel(const char* name, Kernel* kernel, Body&& body) {
  return inContext(name, [&](Context& context, Line& line) -> Result {
    if (!isKernel(context, kernel)) return INVALID_HANDLE;
    line.add("kernel", kernel->program.name);
    return body(context, line);
  });
}

unsigned threadsAtMost(const Kernel& kernel) { return kernel.program.maxThreads > 0 ? std::min(1024u, kernel.program.maxThreads) : 1024; }

// Without a register allocator there is no true number; this one lets 2048 threads be resident.
constexpr int REGISTERS = 32;

Result attributeOf(const Kernel& kernel, int attribute, int* value) {
  switch (attribute) {  // CUfunction_attribute
    case 0: *value = static_cast<int>(threadsAtMost(kernel)); return SUCCESS;
    case 1: *value = static_cast<int>(kernel.program.staticShared); return SUCCESS;
    case 2: *value = 0; return SUCCESS;  // constant memory
    case 3: *value = static_cast<int>(kernel.program.localSize); return SUCCESS;
    case 4: *value = REGISTERS; return SUCCESS;
    case 5: *value = kernel.module->text.version; return SUCCESS;
    case 6: *value = driver().settings.capability; return SUCCESS;
    case 8: *value = static_cast<int>(kernel.maxDynamicShared); return SUCCESS;
    default: return INVALID_VALUE;
  }
}

bool allowed(const Kernel& kernel, const Launch& launch) {
  const Dim &grid = launch.grid, &block = launch.block;
  const uint64_t threads = block.count(), shared = kernel.program.staticShared + launch.dynamicShared;
  if (grid.count() == 0 || threads == 0 || grid.y > 65535 || grid.z > 65535 || grid.x > 2147483647u) return false;
  if (block.x > 1024 || block.y > 1024 || block.z > 64 || threads > threadsAtMost(kernel)) return false;
  return launch.dynamicShared <= kernel.maxDynamicShared && shared <= std::max(kernel.maxDynamicShared, DEFAULT_SHARED);
}

std::vector<uint8_t> packed(const Program& program, void** given) {
  std::vector<uint8_t> bytes(program.parameterSize);
  for (size_t k = 0; k < program.parameters.size(); k++)
    std::memcpy(bytes.data() + program.parameters[k].offset, given[k], program.parameters[k].size);
  return bytes;
}

}  // namespace

Result cuModuleLoadDataEx(LoadedModule** module, const void* image, unsigned count, int* options, void** values) {
  return inContext("cuModuleLoadDataEx", [&](Context& context, Line& line) -> Result {
    if (!module || !image) return INVALID_VALUE;
    std::unique_ptr<LoadedModule> made;
    std::string problem;
    const Result result = load(context, static_cast<const char*>(image), made, problem);
    if (result != SUCCESS) {
      line.add("problem", problem);
      tellProblem(problem, count, options, values);
      return result;
    }
    *module = context.modules.insert(std::move(made)).first->get();
    return SUCCESS;
  });
}

Result cuModuleUnload(LoadedModule* module) {
  return inContext("cuModuleUnload", [&](Context& context, Line&) -> Result {
    const auto found = findOwned(context.modules, module);
    if (found == context.modules.end()) return INVALID_HANDLE;
    drain(context);
    unload(*module);
    context.modules.erase(found);
    return SUCCESS;
  });
}

Result cuModuleGetFunction(Kernel** kernel, LoadedModule* module, const char* name) {
  return inContext("cuModuleGetFunction", [&](Context& context, Line& line) -> Result {
    if (!kernel || !name) return INVALID_VALUE;
    line.add("kernel", std::string(name));
    if (findOwned(context.modules, module) == context.modules.end()) return INVALID_HANDLE;
    const auto found = module->kernels.find(name);
    if (found == module->kernels.end()) return NOT_FOUND;
    *kernel = &found->second;
    return SUCCESS;
  });
}

Result cuModuleGetGlobal_v2(DevicePtr* address, size_t* bytes, LoadedModule* module, const char* name) {
  return inContext("cuModuleGetGlobal_v2", [&](Context& context, Line&) -> Result {
    if (!name) return INVALID_VALUE;
    if (findOwned(context.modules, module) == context.modules.end()) return INVALID_HANDLE;
    for (size_t k = 0; k < module->text.variables.size(); k++) {
      const Variable& variable = module->text.variables[k];
      if (variable.name != name || variable.space != Space::Global) continue;
      if (address) *address = module->addresses[k];
      if (bytes) *bytes = variable.size;
      return SUCCESS;
    }
    return NOT_FOUND;
  });
}

Result cuFuncGetAttribute(int* value, int attribute, Kernel* kernel) {
  return onKernel("cuFuncGetAttribute", kernel, [&](Context&, Line&) -> Result {
    return value ? attributeOf(*kernel, attribute, value) : static_cast<Result>(INVALID_VALUE);
  });
}

Result cuFuncSetAttribute(Kernel* kernel, int attribute, int value) {
  return onKernel("cuFuncSetAttribute", kernel, [&](Context&, Line&) -> Result {
    constexpr int MAX_DYNAMIC_SHARED = 8, PREFERRED_CARVEOUT = 9;
    if (attribute == PREFERRED_CARVEOUT) return SUCCESS;
    if (attribute != MAX_DYNAMIC_SHARED || value < 0) return INVALID_VALUE;
    if (kernel->program.staticShared + static_cast<unsigned>(value) > MOST_SHARED) return INVALID_VALUE;
    kernel->maxDynamicShared = static_cast<unsigned>(value);
    return SUCCESS;
  });
}

Result cuLaunchKernel(Kernel* kernel, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned sharedBytes, Stream* handle, void** parameters, void** extra) {
  return onKernel("cuLaunchKernel", kernel, [&](Context& context, Line& line) -> Result {
    Launch launch{{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, {}};
    line.add("grid", launch.grid).add("block", launch.block).add("shared", sharedBytes);
    Stream* stream = streamOf(context, handle);
    if (!stream) return INVALID_HANDLE;
    if (extra || (!parameters && !kernel->program.parameters.empty()) || !allowed(*kernel, launch)) return INVALID_VALUE;
    launch.parameters = packed(kernel->program, parameters);
    launch.checkRaces = driver().settings.races;
    launch.perturb = driver().settings.perturb;
    enqueue(*stream, [&context, kernel, launch] { runKernel(context, *kernel, launch); });
    return SUCCESS;
  });
}

Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Kernel* kernel, int blockSize, size_t sharedBytes) {
  return onKernel("cuOccupancyMaxActiveBlocksPerMultiprocessor", kernel, [&](Context&, Line&) -> Result {
    if (!blocks || blockSize <= 0 || blockSize > 1024) return INVALID_VALUE;
    constexpr size_t SHARED = 228 << 10, RESERVED = 1 << 10;
    const size_t each = kernel->program.staticShared + sharedBytes + RESERVED;
    *blocks = static_cast<int>(std::min({static_cast<size_t>(2048 / ((blockSize + 31) / 32 * 32)), SHARED / each, size_t{32}}));
    return SUCCESS;
  });
}

}  // namespace cudasim
