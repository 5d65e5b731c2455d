// How every call enters: the lock, the count for injected faults, the state that the call needs, and its line in the
// log.
#pragma once
#include <utility>

#include "errornames.h"
#include "objects.h"

namespace cudasim {

Context*& current();      // of the calling thread
unsigned threadNumber();  // 1 for the first thread that calls, and so on

template <typename Body>
Result logged(const char* name, Body&& body) {
  Driver& d = driver();
  const std::lock_guard lock(d.mutex);
  Line line;
  line.add("call", std::string(name)).add("thread", threadNumber());
  Result result = d.injected(name);
  if (result == SUCCESS) result = body(d, line);
  else if (isSticky(result) && current()) fail(*current(), result, "injected by CUDASIM_FAIL");
  d.log.write(line.add("result", std::string(errorName(result))));
  return result;
}

// A call that needs cuInit alone.
template <typename Body>
Result afterInit(const char* name, Body&& body) {
  return logged(name, [&](Driver& d, Line& line) { return d.initialised ? body(d, line) : static_cast<Result>(NOT_INITIALIZED); });
}

// A call on a device.
template <typename Body>
Result onDevice(const char* name, DeviceId device, Body&& body) {
  return afterInit(name, [&](Driver& d, Line& line) -> Result {
    line.add("device", static_cast<uint64_t>(device));
    if (device < 0 || static_cast<size_t>(device) >= d.contexts.size()) return INVALID_DEVICE;
    return body(*d.contexts[static_cast<size_t>(device)], line);
  });
}

// A call that needs a current context, in which no kernel has yet done wrong; an error that the body meets stays.
template <typename Body>
Result inContext(const char* name, Body&& body) {
  return afterInit(name, [&](Driver&, Line& line) -> Result {
    Context* context = current();
    if (!context || context->retained == 0) return INVALID_CONTEXT;
    line.add("device", static_cast<uint64_t>(context->device));
    if (context->error != SUCCESS) return context->error;
    const Result result = body(*context, line);
    return context->error != SUCCESS ? context->error : result;
  });
}

// The owned object with this address, or the end.
template <typename Set, typename T>
auto findOwned(Set& set, const T* object) {
  auto at = set.begin();
  while (at != set.end() && at->get() != object) ++at;
  return at;
}

// The stream of a handle in this context: a null handle, 1 and 2 mean its default stream. nullptr for anything else.
Stream* streamOf(Context& context, Stream* handle);

}  // namespace cudasim
