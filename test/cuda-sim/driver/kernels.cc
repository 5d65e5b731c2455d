// Modules from PTX text, and their kernels at work.
#include <algorithm>
#include <cstring>

#include "objects.h"

namespace cudasim {
namespace {

constexpr unsigned char ELF[] = {0x7f, 'E', 'L', 'F'}, FATBIN[] = {0x50, 0xed, 0x55, 0xba};

bool startsWith(const char* image, const unsigned char (&magic)[4]) { return std::memcmp(image, magic, sizeof magic) == 0; }

bool looksLikePtx(const char* image) {
  const char* at = image + std::strspn(image, " \t\r\n");
  return *at == '.' || std::strncmp(at, "//", 2) == 0 || std::strncmp(at, "/*", 2) == 0;
}

// A module's variables lie in the device's memory, and are initialised: with zeros if nothing else is said.
void placeVariables(LoadedModule& module) {
  for (const Variable& variable : module.text.variables) {
    if (variable.space != Space::Global) {
      module.addresses.push_back(0);
      continue;
    }
    const uint64_t address = module.context->memory.allocate(std::max<uint64_t>(variable.size, 1));
    DeviceMemory::Allocation& memory = *module.context->memory.find(address, variable.size);
    std::fill(memory.bytes.begin(), memory.bytes.end(), 0);
    std::fill(memory.written.begin(), memory.written.end(), 1);
    std::copy_n(variable.initial.begin(), std::min(variable.initial.size(), memory.bytes.size()), memory.bytes.begin());
    module.addresses.push_back(address);
  }
}

void freeVariables(LoadedModule& module) {
  for (const uint64_t address : module.addresses)
    if (address != 0) module.context->memory.free(address);
}

}  // namespace

Result load(Context& context, const char* image, std::unique_ptr<LoadedModule>& made, std::string& problem) {
  if (startsWith(image, ELF) || startsWith(image, FATBIN)) {
    problem = "a binary for real hardware: this device runs PTX alone";
    return NO_BINARY_FOR_GPU;
  }
  problem = "neither PTX nor a binary";
  if (!looksLikePtx(image)) return INVALID_IMAGE;
  made = std::make_unique<LoadedModule>();
  made->context = &context;
  const Settings& settings = driver().settings;
  try {
    made->text = parse(image);
    problem = "the PTX is of version " + std::to_string(made->text.version) + ", for sm_" + std::to_string(made->text.target);
    if (made->text.version > settings.ptx) return UNSUPPORTED_PTX_VERSION;
    if (made->text.target > settings.capability) return NO_BINARY_FOR_GPU;
    placeVariables(*made);
    for (const Function& function : made->text.functions)
      if (function.isEntry) made->kernels[function.name] = {made.get(), link(made->text, function, made->addresses)};
  } catch (const std::exception& error) {  // a PtxError, or an operand that is not there
    problem = error.what();
    freeVariables(*made);
    return INVALID_PTX;
  }
  problem.clear();
  return SUCCESS;
}

void unload(LoadedModule& module) { freeVariables(module); }

void runKernel(Context& context, const Kernel& kernel, const Launch& launch) {
  const int injected = driver().injected("kernel");
  if (injected != SUCCESS) throw Fault{injected, 0, "injected by CUDASIM_FAIL; kernel " + kernel.program.name};
  Statistics statistics;
  Block block(kernel.program, launch, context.memory, statistics);
  const uint64_t count = launch.grid.count();
  for (uint64_t k = 0; k < count; k++) {
    const uint64_t at = driver().settings.reverse ? count - 1 - k : k;
    const auto x = static_cast<unsigned>(at % launch.grid.x), y = static_cast<unsigned>(at / launch.grid.x % launch.grid.y);
    block.run({x, y, static_cast<unsigned>(at / launch.grid.x / launch.grid.y)});
  }
  Line line;
  line.add("kernel", kernel.program.name).add("grid", launch.grid).add("block", launch.block);
  line.add("instructions", statistics.instructions).add("approximations", statistics.approximations);
  line.add("globalLoads", statistics.globalLoads).add("globalStores", statistics.globalStores);
  line.add("sharedLoads", statistics.sharedLoads).add("sharedStores", statistics.sharedStores);
  driver().log.write(line.add("atomics", statistics.atomics).add("barriers", statistics.barriers));
}

}  // namespace cudasim
