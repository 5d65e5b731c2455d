#include "cuda/cudadriver.h"

#include <utility>

#include "run/sharedlibrary.h"

namespace cuda {

namespace {

struct Opened {
  Driver driver;
  std::string why;  // empty if the driver can be used
  int devices = 0;
};

// Never closed: the driver has threads of its own.
void *openFirst(std::string &why) {
  for (const char *name : sharedlibrary::namesOfCudaDriver()) {
    if (void *library = sharedlibrary::open(name)) return library;
    if (why.empty()) why = std::string("expected NVIDIA's driver ") + name + ", got " + sharedlibrary::lastError();
  }
  return nullptr;
}

std::string missingFunctions(void *library, Driver &driver) {
  std::string missing;
  const auto find = [&](auto &function, const char *name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(sharedlibrary::symbol(library, name));
    if (!function) missing += std::string(missing.empty() ? "" : ", ") + name;
  };
#define TSKEOPS_FIND(name, nvidia, arguments) find(driver.name, #name);
  TSKEOPS_CUDA_FUNCTIONS(TSKEOPS_FIND)
#undef TSKEOPS_FIND
  return missing;
}

std::string nameOf(const Driver &driver, Result result) {
  const char *name = nullptr, *text = nullptr;
  driver.cuGetErrorName(result, &name);
  driver.cuGetErrorString(result, &text);
  return std::string(name ? name : std::to_string(result).c_str()) + (text ? std::string(": ") + text : "");
}

Opened open() {
  Opened opened;
  void *const library = openFirst(opened.why);
  if (!library) return opened;
  opened.why.clear();
  if (const std::string missing = missingFunctions(library, opened.driver); !missing.empty()) {
    opened.why = "expected a driver of CUDA 11 or newer, got one without " + missing;
    return opened;
  }
  const char *call = "cuInit";
  Result result = opened.driver.cuInit(0);
  if (result == SUCCESS) result = opened.driver.cuDeviceGetCount(&opened.devices), call = "cuDeviceGetCount";
  if (result != SUCCESS) opened.why = std::string(call) + ": expected a device, got " + nameOf(opened.driver, result);
  else if (opened.devices == 0) opened.why = "cuDeviceGetCount: expected a device, got none";
  return opened;
}

const Opened &opened() {
  static const Opened *const once = new Opened(open());
  return *once;
}

}  // namespace

const Driver *driver() { return opened().why.empty() ? &opened().driver : nullptr; }
int deviceCount() { return opened().devices; }
const std::string &whyNoDriver() { return opened().why; }
std::string describe(Result result) { return nameOf(opened().driver, result); }

}  // namespace cuda
