// What the driver's handles point to, and the one state they live in.
//
// Streams are lazy: work waits in its queue until a call synchronises with it, directly or through an event. A program
// that reads a result too early therefore always reads poison here, where real hardware would sometimes let it pass.
#pragma once
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../machine/devicememory.h"
#include "../machine/errors.h"
#include "../machine/program.h"
#include "calls.h"
#include "log.h"
#include "settings.h"

namespace cudasim {

// A point in a stream's queue; it is reached once all work before it has run.
struct Mark {
  Stream* stream = nullptr;
  bool reached = false;
  std::chrono::steady_clock::time_point at;
};
using MarkPtr = std::shared_ptr<Mark>;

struct Work {
  std::function<void()> run;
  std::vector<MarkPtr> after;  // of other streams
  MarkPtr done;
};

struct Stream {
  Context* context = nullptr;
  bool blocking = true;  // ordered with the default stream
  std::deque<Work> queue;
  MarkPtr tail;  // of the last work, null if there was none
};

struct Event {
  Context* context = nullptr;
  bool timed = true;
  MarkPtr recorded;
};

struct Kernel {
  LoadedModule* module = nullptr;
  Program program;
  unsigned maxDynamicShared = 48 << 10;
};

struct LoadedModule {
  Context* context = nullptr;
  Module text;
  std::vector<uint64_t> addresses;  // of its variables
  std::map<std::string, Kernel> kernels;
};

// The primary context of a device.
struct Context {
  explicit Context(int device) : device(device), memory(device) { standard.context = this; }
  int device;
  int retained = 0;
  int error = SUCCESS;  // sticky: what a kernel did wrong stays until the context is destroyed
  DeviceMemory memory;
  Stream standard;  // the default stream
  std::set<std::unique_ptr<Stream>> streams;
  std::set<std::unique_ptr<Event>> events;
  std::set<std::unique_ptr<LoadedModule>> modules;
};

struct Driver {
  std::recursive_mutex mutex;
  bool initialised = false;
  Settings settings;
  Log log;
  std::vector<std::unique_ptr<Context>> contexts;  // one per device
  std::map<uint64_t, uint64_t> pinned;             // host memory: address -> bytes
  std::map<std::string, int> counts;               // of calls, for injected faults

  int injected(const std::string& name);  // the error that this call of `name` shall give, 0 for none
  bool isPinned(const void* address, size_t bytes) const;
  void noteExit();
};

Driver& driver();

// Streams.
void enqueue(Stream& stream, std::function<void()> run, std::vector<MarkPtr> after = {});
void reach(const MarkPtr& mark);  // runs what must run until it is reached
void step(const MarkPtr& mark);   // runs one piece of work towards it, as time would
void drain(Stream& stream);
void drain(Context& context);
void destroyContents(Context& context);
void fail(Context& context, int code, const std::string& message);  // sets the sticky error

// Kernels.
Result load(Context& context, const char* image, std::unique_ptr<LoadedModule>& made, std::string& problem);
void unload(LoadedModule& module);  // gives its memory back
void runKernel(Context& context, const Kernel& kernel, const Launch& launch);

}  // namespace cudasim
