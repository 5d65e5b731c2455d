#include "cuda/cudadevice.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cuda {

namespace {

constexpr int64 SLOT_BYTES = 1 << 20;
constexpr std::size_t SLOTS = 4;
constexpr int64 LARGE_BYTES = 1 << 20;

[[noreturn]] void fail(const std::string &call, const std::string &expected, Result result) {
  throw DeviceFailure(call + ": expected " + expected + ", got " + describe(result));
}

const Driver &required() {
  if (const Driver *found = driver()) return *found;
  throw DeviceFailure(whyNoDriver());
}

int attribute(DeviceNumber device, Attribute which) {
  int value = 0;
  if (const Result result = required().cuDeviceGetAttribute(&value, which, device); result != SUCCESS)
    fail("cuDeviceGetAttribute", "an attribute of device " + std::to_string(device), result);
  return value;
}

std::string nameOf(DeviceNumber device) {
  char name[256] = "";
  if (const Result result = required().cuDeviceGetName(name, sizeof name, device); result != SUCCESS)
    fail("cuDeviceGetName", "the name of device " + std::to_string(device), result);
  return name;
}

int64 memoryOf(DeviceNumber device) {
  std::size_t bytes = 0;
  if (const Result result = required().cuDeviceTotalMem_v2(&bytes, device); result != SUCCESS)
    fail("cuDeviceTotalMem_v2", "the memory of device " + std::to_string(device), result);
  return static_cast<int64>(bytes);
}

// Sizes that memory is kept in: few enough that it is used again.
int64 rounded(int64 bytes) {
  const int64 unit = bytes < LARGE_BYTES ? 512 : LARGE_BYTES;
  return std::max<int64>(unit, (bytes + unit - 1) / unit * unit);
}

struct Devices {
  std::mutex guard;
  std::map<int, std::unique_ptr<Device>> opened;
};
Devices &devices() {
  static Devices *const all = new Devices;
  return *all;
}

}  // namespace

// Memory -------------------------------------------------------------------------------------------------------------------

Memory::Memory(Device &device, int64 bytes) : device(&device), at(device.allocate(bytes)) {}
Memory::Memory(Memory &&other) noexcept : device(std::exchange(other.device, nullptr)), at(std::exchange(other.at, 0)) {}
Memory &Memory::operator=(Memory &&other) noexcept {
  std::swap(device, other.device);
  std::swap(at, other.at);
  return *this;
}
Memory::~Memory() {
  if (device) device->release(at);
}

// Staging ------------------------------------------------------------------------------------------------------------------

Staging::Slot &Staging::next() {
  if (slots.size() < SLOTS) {
    Slot slot;
    device.check(driver()->cuEventCreate(&slot.copied, EVENT_DISABLE_TIMING), "cuEventCreate");
    void *memory = nullptr;
    const Result result = driver()->cuMemHostAlloc(&memory, SLOT_BYTES, 0);
    if (result != SUCCESS) driver()->cuEventDestroy_v2(slot.copied);
    device.check(result, "cuMemHostAlloc");
    slot.memory = static_cast<char *>(memory);
    slots.push_back(slot);
    return slots.back();
  }
  Slot &slot = slots[turn++ % SLOTS];
  await(slot);
  return slot;
}

void Staging::await(Slot &slot) {
  if (slot.isBusy && driver()->cuEventQuery(slot.copied) != SUCCESS)
    device.check(driver()->cuEventSynchronize(slot.copied), "cuEventSynchronize");
  slot.isBusy = false;
}

void Staging::upload(Address to, const void *from, int64 bytes) {
  for (int64 done = 0; done < bytes; done += SLOT_BYTES) {
    const std::size_t part = std::min(SLOT_BYTES, bytes - done);
    Slot &slot = next();
    std::memcpy(slot.memory, static_cast<const char *>(from) + done, part);
    device.check(driver()->cuMemcpyHtoDAsync_v2(to + done, slot.memory, part, device.queue), "cuMemcpyHtoDAsync_v2");
    device.check(driver()->cuEventRecord(slot.copied, device.queue), "cuEventRecord");
    slot.isBusy = true;
  }
}

// While one part is copied to the caller the next is on its way.
void Staging::download(void *to, Address from, int64 bytes) {
  Slot *before = nullptr;
  char *target = static_cast<char *>(to);
  const auto take = [&](int64 end) {
    if (!before) return;
    await(*before);
    const int64 first = (end - 1) / SLOT_BYTES * SLOT_BYTES;
    std::memcpy(target + first, before->memory, end - first);
  };
  for (int64 done = 0; done < bytes; done += SLOT_BYTES) {
    const std::size_t part = std::min(SLOT_BYTES, bytes - done);
    Slot &slot = next();
    device.check(driver()->cuMemcpyDtoHAsync_v2(slot.memory, from + done, part, device.queue), "cuMemcpyDtoHAsync_v2");
    device.check(driver()->cuEventRecord(slot.copied, device.queue), "cuEventRecord");
    slot.isBusy = true;
    take(done);
    before = &slot;
  }
  take(bytes);
}

void Staging::close() {
  for (const Slot &slot : slots) {
    driver()->cuEventDestroy_v2(slot.copied);
    driver()->cuMemFreeHost(slot.memory);
  }
  slots.clear();
}

// Device -------------------------------------------------------------------------------------------------------------------

static DeviceNumber handleOf(int number) {
  DeviceNumber handle = 0;
  if (const Result result = required().cuDeviceGet(&handle, number); result != SUCCESS)
    fail("cuDeviceGet", "device " + std::to_string(number), result);
  return handle;
}

DeviceProperties::DeviceProperties(int ordinal)
    : number(handleOf(ordinal)), name(nameOf(number)),
      capability(10 * attribute(number, CAPABILITY_MAJOR) + attribute(number, CAPABILITY_MINOR)),
      multiprocessors(attribute(number, MULTIPROCESSORS)), kilohertz(attribute(number, CLOCK_KILOHERTZ)),
      memory(memoryOf(number)) {}

int Device::count() { return deviceCount(); }

Device &Device::ofNumber(int number) {
  Devices &all = devices();
  std::lock_guard lock(all.guard);
  auto &device = all.opened[number];
  if (!device) device.reset(new Device(number));
  return *device;
}

void Device::closeAll() {
  Devices &all = devices();
  std::lock_guard lock(all.guard);
  for (auto &[number, device] : all.opened)
    if (device) device->close();
  all.opened.clear();
}

Device::Device(int ordinal) : DeviceProperties(ordinal), pinned(*this) {
  check(driver()->cuDevicePrimaryCtxRetain(&context, number), "cuDevicePrimaryCtxRetain");
  const char *call = "cuCtxSetCurrent";
  Result result = driver()->cuCtxSetCurrent(context);
  if (result == SUCCESS) result = driver()->cuStreamCreate(&queue, STREAM_NON_BLOCKING), call = "cuStreamCreate";
  if (result != SUCCESS) driver()->cuDevicePrimaryCtxRelease_v2(number);
  check(result, call);
}

// Whatever fails here fails at the end of the process.
void Device::close() {
  driver()->cuCtxSetCurrent(context);
  driver()->cuStreamSynchronize(queue);
  pinned.close();
  for (const Event event : events) driver()->cuEventDestroy_v2(event);
  for (const Module module : modules) driver()->cuModuleUnload(module);
  freeKept();
  for (const auto &[address, bytes] : lent) driver()->cuMemFree_v2(address);
  driver()->cuStreamDestroy_v2(queue);
  driver()->cuDevicePrimaryCtxRelease_v2(number);
}

// The current context is a matter of each thread.
Device::Use::Use(Device &device) : lock(device.inUse) {
  device.check(driver()->cuCtxSetCurrent(device.context), "cuCtxSetCurrent");
}

void Device::check(Result result, const char *call) const {
  if (result != SUCCESS) fail(call, "device " + std::to_string(number) + " (" + name + ") to do it", result);
}

Module Device::load(const void *image) {
  Module module = nullptr;
  check(driver()->cuModuleLoadDataEx(&module, image, 0, nullptr, nullptr), "cuModuleLoadDataEx");
  modules.push_back(module);
  return module;
}

Function Device::function(Module module, const char *functionName) {
  Function function = nullptr;
  check(driver()->cuModuleGetFunction(&function, module, functionName), "cuModuleGetFunction");
  return function;
}

int64 Device::constant(Module module, const char *constantName) {
  Address address = 0;
  std::size_t bytes = 0;
  check(driver()->cuModuleGetGlobal_v2(&address, &bytes, module, constantName), "cuModuleGetGlobal_v2");
  int64 value = 0;
  if (bytes != sizeof value) throw DeviceFailure(std::string(constantName) + ": expected 8 bytes, got " + std::to_string(bytes));
  pinned.download(&value, address, sizeof value);
  return value;
}

void Device::launch(Function function, unsigned x, unsigned y, unsigned z, int threads, void **arguments) {
  const auto launched = [&] { return driver()->cuLaunchKernel(function, x, y, z, threads, 1, 1, 0, queue, arguments, nullptr); };
  Result result = launched();
  if (result == OUT_OF_MEMORY) {  // for what threads have of memory of their own
    makeRoom();
    result = launched();
  }
  check(result, "cuLaunchKernel");
}

void Device::copy(Address to, Address from, int64 bytes) {
  if (bytes > 0) check(driver()->cuMemcpyDtoDAsync_v2(to, from, bytes, queue), "cuMemcpyDtoDAsync_v2");
}

void Device::synchronize() { check(driver()->cuStreamSynchronize(queue), "cuStreamSynchronize"); }

Event Device::record() {
  Event event = nullptr;
  if (events.empty()) check(driver()->cuEventCreate(&event, EVENT_DISABLE_TIMING), "cuEventCreate");
  else {
    event = events.back();
    events.pop_back();
  }
  const Result result = driver()->cuEventRecord(event, queue);
  if (result != SUCCESS) forget(event);
  check(result, "cuEventRecord");
  return event;
}

void Device::await(Event event) {
  forget(event);
  check(driver()->cuEventSynchronize(event), "cuEventSynchronize");
}

Device::State Device::state() {
  std::size_t free = 0, total = 0;
  check(driver()->cuMemGetInfo_v2(&free, &total), "cuMemGetInfo_v2");
  std::lock_guard lock(books);
  State state{static_cast<int64>(free), 0, 0};
  for (const auto &[address, bytes] : lent) state.lent += bytes;
  for (const auto &[bytes, address] : kept) state.kept += bytes;
  return state;
}

Address Device::allocate(int64 bytes) {
  const int64 size = rounded(bytes);
  {
    std::lock_guard lock(books);
    const auto found = kept.lower_bound(size);
    if (found != kept.end() && found->first <= 2 * size) {
      const auto [keptBytes, address] = *found;
      kept.erase(found);
      lent.emplace(address, keptBytes);
      return address;
    }
  }
  Address address = 0;
  Result result = driver()->cuMemAlloc_v2(&address, size);
  if (result == OUT_OF_MEMORY) {
    makeRoom();
    result = driver()->cuMemAlloc_v2(&address, size);
  }
  if (result != SUCCESS)
    fail("cuMemAlloc_v2", std::to_string(size) + " bytes on device " + std::to_string(number) + " (" + name + ")", result);
  std::lock_guard lock(books);
  lent.emplace(address, size);
  return address;
}

// What is queued may still use what was lent.
void Device::makeRoom() {
  synchronize();
  freeKept();
}

void Device::freeKept() {
  std::lock_guard lock(books);
  for (const auto &[bytes, address] : kept) driver()->cuMemFree_v2(address);
  kept.clear();
}

void Device::release(Address address) {
  std::lock_guard lock(books);
  const auto found = lent.find(address);
  if (found == lent.end()) return;
  kept.emplace(found->second, address);
  lent.erase(found);
}

bool Device::owns(Address address, int64 bytes) {
  std::lock_guard lock(books);
  auto after = lent.upper_bound(address);
  if (after == lent.begin()) return false;
  const auto &[begin, size] = *--after;
  const int64 offset = static_cast<int64>(address - begin);
  return bytes >= 0 && offset <= size && bytes <= size - offset;
}

}  // namespace cuda
