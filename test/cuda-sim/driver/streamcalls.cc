// Streams and events.
#include "entry.h"

namespace cudasim {

Stream* streamOf(Context& context, Stream* handle) {
  constexpr uint64_t PER_THREAD = 2;  // CU_STREAM_LEGACY is 1
  if (reinterpret_cast<uint64_t>(handle) <= PER_THREAD) return &context.standard;
  return findOwned(context.streams, handle) == context.streams.end() ? nullptr : handle;
}

namespace {

template <typename Body>
Result onStream(const char* name, Stream* handle, Body&& body) {
  return inContext(name, [&](Context& context, Line&) -> Result {
    Stream* stream = streamOf(context, handle);
    return stream ? body(context, *stream) : static_cast<Result>(INVALID_HANDLE);
  });
}

template <typename Body>
Result onEvent(const char* name, Event* event, Body&& body) {
  return inContext(name, [&](Context& context, Line&) -> Result {
    if (findOwned(context.events, event) == context.events.end()) return INVALID_HANDLE;
    return body(context, *event);
  });
}

// Asking lets the device do one piece of work, as time would; so a program that polls gets on.
Result askedFor(const MarkPtr& mark) {
  if (!mark || mark->reached) return SUCCESS;
  step(mark);
  return NOT_READY;
}

}  // namespace

Result cuStreamCreate(Stream** stream, unsigned flags) {
  return inContext("cuStreamCreate", [&](Context& context, Line&) -> Result {
    constexpr unsigned NON_BLOCKING = 1;
    if (!stream || flags > NON_BLOCKING) return INVALID_VALUE;
    auto made = std::make_unique<Stream>();
    made->context = &context;
    made->blocking = flags != NON_BLOCKING;
    *stream = context.streams.insert(std::move(made)).first->get();
    return SUCCESS;
  });
}

Result cuStreamDestroy_v2(Stream* handle) {
  return inContext("cuStreamDestroy_v2", [&](Context& context, Line&) -> Result {
    const auto found = findOwned(context.streams, handle);
    if (found == context.streams.end()) return INVALID_HANDLE;
    drain(**found);
    context.streams.erase(found);
    return SUCCESS;
  });
}

Result cuStreamSynchronize(Stream* handle) {
  return onStream("cuStreamSynchronize", handle, [](Context&, Stream& stream) -> Result {
    drain(stream);
    return SUCCESS;
  });
}

Result cuStreamQuery(Stream* handle) {
  return onStream("cuStreamQuery", handle, [](Context&, Stream& stream) { return askedFor(stream.tail); });
}

Result cuStreamWaitEvent(Stream* handle, Event* event, unsigned) {
  return onEvent("cuStreamWaitEvent", event, [&](Context& context, Event& awaited) -> Result {
    Stream* stream = streamOf(context, handle);
    if (!stream) return INVALID_HANDLE;
    if (awaited.recorded) enqueue(*stream, [] {}, {awaited.recorded});
    return SUCCESS;
  });
}

Result cuEventCreate(Event** event, unsigned flags) {
  return inContext("cuEventCreate", [&](Context& context, Line&) -> Result {
    constexpr unsigned DISABLE_TIMING = 2;
    if (!event) return INVALID_VALUE;
    auto made = std::make_unique<Event>();
    made->context = &context;
    made->timed = !(flags & DISABLE_TIMING);
    *event = context.events.insert(std::move(made)).first->get();
    return SUCCESS;
  });
}

Result cuEventDestroy_v2(Event* event) {
  return inContext("cuEventDestroy_v2", [&](Context& context, Line&) -> Result {
    const auto found = findOwned(context.events, event);
    if (found == context.events.end()) return INVALID_HANDLE;
    context.events.erase(found);
    return SUCCESS;
  });
}

Result cuEventRecord(Event* event, Stream* handle) {
  return onEvent("cuEventRecord", event, [&](Context& context, Event& recorded) -> Result {
    Stream* stream = streamOf(context, handle);
    if (!stream) return INVALID_HANDLE;
    enqueue(*stream, [] {});
    recorded.recorded = stream->tail;
    return SUCCESS;
  });
}

Result cuEventQuery(Event* event) {
  return onEvent("cuEventQuery", event, [](Context&, Event& asked) { return askedFor(asked.recorded); });
}

Result cuEventSynchronize(Event* event) {
  return onEvent("cuEventSynchronize", event, [](Context&, Event& awaited) -> Result {
    if (awaited.recorded) reach(awaited.recorded);
    return SUCCESS;
  });
}

Result cuEventElapsedTime(float* milliseconds, Event* from, Event* to) {
  return onEvent("cuEventElapsedTime", from, [&](Context& context, Event& first) -> Result {
    if (findOwned(context.events, to) == context.events.end() || !milliseconds) return INVALID_HANDLE;
    if (!first.timed || !to->timed || !first.recorded || !to->recorded) return INVALID_HANDLE;
    if (!first.recorded->reached || !to->recorded->reached) return NOT_READY;
    *milliseconds = std::chrono::duration<float, std::milli>(to->recorded->at - first.recorded->at).count();
    return SUCCESS;
  });
}

}  // namespace cudasim
