// Memory: allocation, copies, fills. Everything asynchronous waits in its stream.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "entry.h"

namespace cudasim {
namespace {

constexpr int POISON = 0xff;  // NaN as a float, -1 as an integer
constexpr size_t PAGE = 4096;

struct Place {
  uint8_t *bytes = nullptr, *written = nullptr;
};

Place placeOf(Context& context, DevicePtr address, size_t bytes) {
  DeviceMemory::Allocation* found = context.memory.find(address, bytes);
  if (!found) return {};
  return {found->bytes.data() + (address - found->base), found->written.data() + (address - found->base)};
}

// When work runs, what it was queued for may be gone.
Place placeAtWork(Context& context, DevicePtr address, size_t bytes) {
  const Place place = placeOf(context, address, bytes);
  if (!place.bytes) throw Fault{ILLEGAL_ADDRESS, 0, "a copy or fill of memory that was freed before its stream reached it"};
  return place;
}

void copyIn(Context& context, DevicePtr to, const void* from, size_t bytes) {
  const Place place = placeAtWork(context, to, bytes);
  std::memcpy(place.bytes, from, bytes);
  std::memset(place.written, 1, bytes);
}

void copyOut(Context& context, void* to, DevicePtr from, size_t bytes) {
  const Place place = placeAtWork(context, from, bytes);
  std::memcpy(to, place.bytes, bytes);
  const auto unwritten = static_cast<uint64_t>(std::count(place.written, place.written + bytes, 0));
  if (unwritten == 0) return;
  const std::string warning = "a copy to the host of uninitialised memory";
  driver().log.write(Line().add("warning", warning).add("bytes", unwritten));
}

void copyOver(Context& context, DevicePtr to, DevicePtr from, size_t bytes) {
  const Place target = placeAtWork(context, to, bytes), source = placeAtWork(context, from, bytes);
  std::memmove(target.bytes, source.bytes, bytes);
  std::memmove(target.written, source.written, bytes);
}

// Work on a stream that touches device memory, checked as the driver does: when it is called.
template <typename Run>
Result queued(const char* name, std::initializer_list<DevicePtr> places, size_t bytes, Stream* handle, Run&& run) {
  return inContext(name, [&](Context& context, Line& line) -> Result {
    line.add("bytes", bytes);
    Stream* stream = streamOf(context, handle);
    if (!stream) return INVALID_HANDLE;
    for (const DevicePtr place : places)
      if (!placeOf(context, place, bytes).bytes) return INVALID_VALUE;
    return run(context, *stream);
  });
}

// Calls without a stream are ordered with the default stream, and so with all blocking ones, but not with the others.
Result standardSynchronised(Context& context, std::function<void()> run) {
  enqueue(context.standard, std::move(run));
  reach(context.standard.tail);
  return SUCCESS;
}

}  // namespace

Result cuMemAlloc_v2(DevicePtr* address, size_t bytes) {
  return inContext("cuMemAlloc_v2", [&](Context& context, Line& line) -> Result {
    line.add("bytes", bytes);
    if (!address || bytes == 0) return INVALID_VALUE;
    const uint64_t most = driver().settings.memory;
    if (bytes > most || context.memory.liveBytes() > most - bytes) return OUT_OF_MEMORY;
    *address = context.memory.allocate(bytes);
    return SUCCESS;
  });
}

// Waits for the device, as the real one does: work in progress may use the memory.
Result cuMemFree_v2(DevicePtr address) {
  return inContext("cuMemFree_v2", [&](Context& context, Line&) -> Result {
    if (address == 0) return SUCCESS;
    drain(context);
    return context.memory.free(address) ? SUCCESS : INVALID_VALUE;
  });
}

Result cuMemGetInfo_v2(size_t* free, size_t* total) {
  return inContext("cuMemGetInfo_v2", [&](Context& context, Line&) -> Result {
    if (!free || !total) return INVALID_VALUE;
    *total = driver().settings.memory;
    *free = *total - std::min<size_t>(*total, context.memory.liveBytes());
    return SUCCESS;
  });
}

Result cuMemHostAlloc(void** address, size_t bytes, unsigned) {
  return inContext("cuMemHostAlloc", [&](Context&, Line& line) -> Result {
    line.add("bytes", bytes);
    if (!address || bytes == 0) return INVALID_VALUE;
    const size_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
    *address = std::aligned_alloc(PAGE, whole);
    if (!*address) return OUT_OF_MEMORY;
    std::memset(*address, POISON, whole);
    driver().pinned[reinterpret_cast<uint64_t>(*address)] = bytes;
    return SUCCESS;
  });
}

Result cuMemFreeHost(void* address) {
  return inContext("cuMemFreeHost", [&](Context& context, Line&) -> Result {
    drain(context);
    if (driver().pinned.erase(reinterpret_cast<uint64_t>(address)) == 0) return INVALID_VALUE;
    std::free(address);
    return SUCCESS;
  });
}

Result cuMemcpyHtoD_v2(DevicePtr to, const void* from, size_t bytes) {
  return queued("cuMemcpyHtoD_v2", {to}, bytes, nullptr, [&](Context& context, Stream&) -> Result {
    return standardSynchronised(context, [=, &context] { copyIn(context, to, from, bytes); });
  });
}

Result cuMemcpyDtoH_v2(void* to, DevicePtr from, size_t bytes) {
  return queued("cuMemcpyDtoH_v2", {from}, bytes, nullptr, [&](Context& context, Stream&) -> Result {
    return standardSynchronised(context, [=, &context] { copyOut(context, to, from, bytes); });
  });
}

// Pageable memory is staged when the call is made; pinned memory is read when the stream comes to it.
Result cuMemcpyHtoDAsync_v2(DevicePtr to, const void* from, size_t bytes, Stream* handle) {
  return queued("cuMemcpyHtoDAsync_v2", {to}, bytes, handle, [&](Context& context, Stream& stream) -> Result {
    if (driver().isPinned(from, bytes)) enqueue(stream, [=, &context] { copyIn(context, to, from, bytes); });
    else {
      const auto* start = static_cast<const uint8_t*>(from);
      enqueue(stream, [to, &context, staged = std::vector<uint8_t>(start, start + bytes)] {
        copyIn(context, to, staged.data(), staged.size());
      });
    }
    return SUCCESS;
  });
}

// What is read before the stream is synchronised is poison.
Result cuMemcpyDtoHAsync_v2(void* to, DevicePtr from, size_t bytes, Stream* handle) {
  return queued("cuMemcpyDtoHAsync_v2", {from}, bytes, handle, [&](Context& context, Stream& stream) -> Result {
    std::memset(to, POISON, bytes);
    enqueue(stream, [=, &context] { copyOut(context, to, from, bytes); });
    return SUCCESS;
  });
}

Result cuMemcpyDtoDAsync_v2(DevicePtr to, DevicePtr from, size_t bytes, Stream* handle) {
  return queued("cuMemcpyDtoDAsync_v2", {to, from}, bytes, handle, [&](Context& context, Stream& stream) -> Result {
    enqueue(stream, [=, &context] { copyOver(context, to, from, bytes); });
    return SUCCESS;
  });
}

Result cuMemsetD8Async(DevicePtr to, unsigned char value, size_t count, Stream* handle) {
  return queued("cuMemsetD8Async", {to}, count, handle, [&](Context& context, Stream& stream) -> Result {
    enqueue(stream, [=, &context] {
      const std::vector<unsigned char> values(count, value);
      copyIn(context, to, values.data(), count);
    });
    return SUCCESS;
  });
}

Result cuMemsetD32Async(DevicePtr to, unsigned value, size_t count, Stream* handle) {
  return queued("cuMemsetD32Async", {to}, count * sizeof value, handle, [&](Context& context, Stream& stream) -> Result {
    if (to % sizeof value != 0) return INVALID_VALUE;
    enqueue(stream, [=, &context] {
      const std::vector<unsigned> values(count, value);
      copyIn(context, to, values.data(), count * sizeof value);
    });
    return SUCCESS;
  });
}

}  // namespace cudasim
