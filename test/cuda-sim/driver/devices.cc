// cuInit, devices, primary contexts, errors' names.
#include <algorithm>
#include <cstring>

#include "entry.h"

namespace cudasim {

Context*& current() {
  static thread_local Context* context = nullptr;
  return context;
}

unsigned threadNumber() {
  static unsigned count = 0;  // under the driver's lock
  static thread_local unsigned number = 0;
  if (number == 0) number = ++count;
  return number;
}

namespace {

struct AttributeRow {
  int attribute, value;
};

// Those of an H100, by their numbers in cuda.h.
constexpr AttributeRow ATTRIBUTES[] = {
    {1, 1024},                                          // MAX_THREADS_PER_BLOCK
    {2, 1024},  {3, 1024},  {4, 64},                    // MAX_BLOCK_DIM_X, Y, Z
    {5, 2147483647}, {6, 65535}, {7, 65535},            // MAX_GRID_DIM_X, Y, Z
    {8, 48 << 10},                                      // MAX_SHARED_MEMORY_PER_BLOCK
    {9, 64 << 10},                                      // TOTAL_CONSTANT_MEMORY
    {10, 32},                                           // WARP_SIZE
    {12, 64 << 10},                                     // MAX_REGISTERS_PER_BLOCK
    {13, 1980000},                                      // CLOCK_RATE, kHz
    {15, 1},                                            // GPU_OVERLAP
    {17, 0},                                            // KERNEL_EXEC_TIMEOUT
    {18, 0},                                            // INTEGRATED
    {19, 1},                                            // CAN_MAP_HOST_MEMORY
    {20, 0},                                            // COMPUTE_MODE
    {31, 1},                                            // CONCURRENT_KERNELS
    {32, 0},                                            // ECC_ENABLED
    {33, 1}, {34, 0}, {50, 0},                          // PCI bus, device, domain
    {36, 2619000},                                      // MEMORY_CLOCK_RATE, kHz
    {37, 5120},                                         // GLOBAL_MEMORY_BUS_WIDTH, bits
    {38, 50 << 20},                                     // L2_CACHE_SIZE
    {39, 2048},                                         // MAX_THREADS_PER_MULTIPROCESSOR
    {40, 3},                                            // ASYNC_ENGINE_COUNT
    {41, 1},                                            // UNIFIED_ADDRESSING
    {81, 228 << 10},                                    // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
    {82, 64 << 10},                                     // MAX_REGISTERS_PER_MULTIPROCESSOR
    {83, 0},                                            // MANAGED_MEMORY
    {97, 227 << 10},                                    // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    {106, 32},                                          // MAX_BLOCKS_PER_MULTIPROCESSOR
    {111, 1 << 10},                                     // RESERVED_SHARED_MEMORY_PER_BLOCK
    {115, 0},                                           // MEMORY_POOLS_SUPPORTED
};

constexpr int MULTIPROCESSOR_COUNT = 16, CAPABILITY_MAJOR = 75, CAPABILITY_MINOR = 76;

Result attributeOf(const Settings& settings, int attribute, int* value) {
  if (attribute == MULTIPROCESSOR_COUNT) return *value = settings.multiprocessors, SUCCESS;
  if (attribute == CAPABILITY_MAJOR) return *value = settings.capability / 10, SUCCESS;
  if (attribute == CAPABILITY_MINOR) return *value = settings.capability % 10, SUCCESS;
  for (const AttributeRow& row : ATTRIBUTES)
    if (row.attribute == attribute) return *value = row.value, SUCCESS;
  return INVALID_VALUE;
}

void initialise(Driver& d) {
  for (int k = 0; k < d.settings.devices; k++) d.contexts.push_back(std::make_unique<Context>(k));
  d.initialised = true;
}

}  // namespace

Result cuInit(unsigned flags) {
  {
    Driver& d = driver();
    const std::lock_guard lock(d.mutex);
    if (!d.initialised) d.settings = settingsOfEnvironment();
    d.log.open(d.settings.log);
  }
  return logged("cuInit", [&](Driver& d, Line&) -> Result {
    if (flags != 0) return INVALID_VALUE;
    if (d.settings.devices <= 0) return NO_DEVICE;
    if (!d.initialised) initialise(d);
    return SUCCESS;
  });
}

Result cuDriverGetVersion(int* version) {
  return logged("cuDriverGetVersion", [&](Driver& d, Line&) -> Result {
    if (!version) return INVALID_VALUE;
    *version = (d.initialised ? d.settings : settingsOfEnvironment()).driver;  // the one call that works before cuInit
    return SUCCESS;
  });
}

Result cuDeviceGetCount(int* count) {
  return afterInit("cuDeviceGetCount", [&](Driver& d, Line&) -> Result {
    if (!count) return INVALID_VALUE;
    *count = static_cast<int>(d.contexts.size());
    return SUCCESS;
  });
}

Result cuDeviceGet(DeviceId* device, int ordinal) {
  return onDevice("cuDeviceGet", ordinal, [&](Context& context, Line&) -> Result {
    if (!device) return INVALID_VALUE;
    *device = context.device;
    return SUCCESS;
  });
}

Result cuDeviceGetName(char* name, int length, DeviceId device) {
  return onDevice("cuDeviceGetName", device, [&](Context&, Line&) -> Result {
    if (!name || length <= 0) return INVALID_VALUE;
    std::snprintf(name, static_cast<size_t>(length), "Simulated device sm_%d", driver().settings.capability);
    return SUCCESS;
  });
}

Result cuDeviceGetAttribute(int* value, int attribute, DeviceId device) {
  return onDevice("cuDeviceGetAttribute", device, [&](Context&, Line& line) -> Result {
    line.add("attribute", static_cast<uint64_t>(attribute));
    return value ? attributeOf(driver().settings, attribute, value) : static_cast<Result>(INVALID_VALUE);
  });
}

Result cuDeviceTotalMem_v2(size_t* bytes, DeviceId device) {
  return onDevice("cuDeviceTotalMem_v2", device, [&](Context&, Line&) -> Result {
    if (!bytes) return INVALID_VALUE;
    *bytes = driver().settings.memory;
    return SUCCESS;
  });
}

Result cuDevicePrimaryCtxRetain(Context** context, DeviceId device) {
  return onDevice("cuDevicePrimaryCtxRetain", device, [&](Context& primary, Line&) -> Result {
    if (!context) return INVALID_VALUE;
    primary.retained++;
    *context = &primary;
    return SUCCESS;
  });
}

Result cuDevicePrimaryCtxRelease_v2(DeviceId device) {
  return onDevice("cuDevicePrimaryCtxRelease_v2", device, [&](Context& primary, Line&) -> Result {
    if (primary.retained == 0) return INVALID_CONTEXT;
    if (--primary.retained == 0) destroyContents(primary);
    return SUCCESS;
  });
}

Result cuCtxSetCurrent(Context* context) {
  return afterInit("cuCtxSetCurrent", [&](Driver& d, Line&) -> Result {
    const bool isOne = std::any_of(d.contexts.begin(), d.contexts.end(), [&](const auto& one) { return one.get() == context; });
    if (context && (!isOne || context->retained == 0)) return INVALID_CONTEXT;
    current() = context;
    return SUCCESS;
  });
}

Result cuCtxGetCurrent(Context** context) {
  return afterInit("cuCtxGetCurrent", [&](Driver&, Line&) -> Result {
    if (!context) return INVALID_VALUE;
    *context = current();
    return SUCCESS;
  });
}

Result cuCtxSynchronize() {
  return inContext("cuCtxSynchronize", [](Context& context, Line&) -> Result {
    drain(context);
    return SUCCESS;
  });
}

Result cuGetErrorName(Result result, const char** name) {
  const ErrorRow* row = errorRow(result);
  *name = row ? row->name : nullptr;
  return row ? SUCCESS : INVALID_VALUE;
}

Result cuGetErrorString(Result result, const char** text) {
  const ErrorRow* row = errorRow(result);
  *text = row ? row->text : nullptr;
  return row ? SUCCESS : INVALID_VALUE;
}

}  // namespace cudasim
