#include "objects.h"

#include <unistd.h>

#include <cstdlib>

#include "errornames.h"

namespace cudasim {

Driver& driver() {
  // Never destroyed: threads of the program may still call while it exits. What is left alive is told when it does.
  static Driver& one = []() -> Driver& {
    std::atexit([] { driver().noteExit(); });
    return *new Driver;
  }();
  return one;
}

int Driver::injected(const std::string& name) {
  const int nth = ++counts[name];
  for (const FaultRule& rule : settings.faults)
    if (rule.name == name && (rule.nth == nth || (rule.andLater && nth > rule.nth))) return rule.code;
  return SUCCESS;
}

bool Driver::isPinned(const void* address, size_t bytes) const {
  const auto from = reinterpret_cast<uint64_t>(address);
  const auto after = pinned.upper_bound(from);
  if (after == pinned.begin()) return false;
  const auto& [base, size] = *std::prev(after);
  return from - base <= size && bytes <= size - (from - base);
}

void Driver::noteExit() {
  Line line;
  line.add("exit", static_cast<uint64_t>(getpid()));
  uint64_t bytes = 0, modules = 0, streams = 0, events = 0, retained = 0, pinnedBytes = 0;
  for (const auto& context : contexts) {
    bytes += context->memory.liveBytes();
    modules += context->modules.size();
    streams += context->streams.size();
    events += context->events.size();
    retained += static_cast<uint64_t>(context->retained);
  }
  for (const auto& [address, size] : pinned) pinnedBytes += size;
  line.add("liveBytes", bytes).add("pinnedBytes", pinnedBytes).add("modules", modules).add("streams", streams);
  log.write(line.add("events", events).add("retained", retained));
}

void fail(Context& context, int code, const std::string& message) {
  context.error = code;
  driver().log.write(Line().add("fault", static_cast<uint64_t>(code)).add("name", errorName(code)).add("message", message));
  const auto drop = [](Stream& stream) {
    for (Work& work : stream.queue) work.done->reached = true;
    stream.queue.clear();
  };
  drop(context.standard);
  for (const auto& stream : context.streams) drop(*stream);
}

// The default stream is ordered with all blocking streams, and they with it.
void enqueue(Stream& stream, std::function<void()> run, std::vector<MarkPtr> after) {
  Context& context = *stream.context;
  if (&stream == &context.standard) {
    for (const auto& other : context.streams)
      if (other->blocking && other->tail) after.push_back(other->tail);
  } else if (stream.blocking && context.standard.tail) after.push_back(context.standard.tail);
  stream.tail = std::make_shared<Mark>(Mark{&stream, false, {}});
  stream.queue.push_back({std::move(run), std::move(after), stream.tail});
  if (driver().settings.eager) drain(stream);
}

namespace {

void runFirst(Stream& stream) {
  Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  for (const MarkPtr& mark : work.after) reach(mark);
  Context& context = *stream.context;
  if (context.error == SUCCESS) {
    try {
      work.run();
    } catch (const Fault& fault) {
      fail(context, fault.code, fault.message);
    }
  }
  work.done->at = std::chrono::steady_clock::now();
  work.done->reached = true;
}

}  // namespace

void reach(const MarkPtr& mark) {
  while (!mark->reached) runFirst(*mark->stream);
}

void step(const MarkPtr& mark) {
  if (!mark->reached) runFirst(*mark->stream);
}

void drain(Stream& stream) {
  while (!stream.queue.empty()) runFirst(stream);
}

void drain(Context& context) {
  drain(context.standard);
  for (const auto& stream : context.streams) drain(*stream);
}

void destroyContents(Context& context) {
  drain(context);
  Line line;
  line.add("destroyed", static_cast<uint64_t>(context.device)).add("liveBytes", context.memory.liveBytes());
  line.add("modules", context.modules.size()).add("streams", context.streams.size()).add("events", context.events.size());
  driver().log.write(line);
  context.modules.clear();
  context.events.clear();
  context.streams.clear();
  context.standard.tail = nullptr;
  context.memory.clear();
  context.error = SUCCESS;
}

}  // namespace cudasim
