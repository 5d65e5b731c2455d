// A GPU as the addon uses it: its primary context, one stream on which everything follows everything, memory that is
// kept for reuse, and pinned memory through which data come and go. Its one idea: since all work is in the order of one
// stream, memory may be given away again as soon as the last work on it is queued. Knows no routine.
#ifndef TSKEOPS_CUDADEVICE_H
#define TSKEOPS_CUDADEVICE_H

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "cuda/cudadriver.h"
#include "text/common/routine.h"

namespace cuda {

// A call of the driver that failed: which, on which device, and why.
struct DeviceFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Device;

// Memory of a device for the time of a call.
class Memory {
 public:
  Memory() = default;
  Memory(Device &, int64 bytes);
  Memory(Memory &&) noexcept;
  Memory &operator=(Memory &&) noexcept;
  ~Memory();
  Address address() const { return at; }

 private:
  Device *device = nullptr;
  Address at = 0;
};

// Pinned memory in a few slots; each is used again when the copy that it took part in has ended.
class Staging {
 public:
  explicit Staging(Device &device) : device(device) {}
  void upload(Address to, const void *from, int64 bytes);
  void download(void *to, Address from, int64 bytes);
  void close();

 private:
  struct Slot {
    char *memory = nullptr;
    Event copied = nullptr;
    bool isBusy = false;
  };
  Slot &next();
  void await(Slot &);

  Device &device;
  std::vector<Slot> slots;
  std::size_t turn = 0;
};

// What the driver tells of a device that nobody has opened.
struct DeviceProperties {
  const DeviceNumber number;
  const std::string name;
  const int capability;  // 90 for compute capability 9.0
  const int multiprocessors, kilohertz;
  const int64 memory;    // bytes

  // Throws DeviceFailure.
  explicit DeviceProperties(int ordinal);
};

class Device : public DeviceProperties {
 public:
  // Opened when it is first asked for. Throws DeviceFailure.
  static Device &ofNumber(int number);
  // 0 where there is no driver.
  static int count();
  // Gives everything back, at the end of the process.
  static void closeAll();

  // To be made by every thread that uses what follows; one at a time.
  class Use {
   public:
    explicit Use(Device &);

   private:
    std::lock_guard<std::mutex> lock;
  };

  Stream stream() const { return queue; }
  Staging &staging() { return pinned; }
  Module load(const void *image);
  Function function(Module, const char *name);
  int64 constant(Module, const char *name);
  void launch(Function, unsigned x, unsigned y, unsigned z, int threads, void **arguments);
  void copy(Address to, Address from, int64 bytes);
  void synchronize();
  Event record();
  void await(Event);
  void forget(Event event) { events.push_back(event); }
  // In bytes: free on the device, lent, kept for reuse.
  struct State {
    int64 free, lent, kept;
  };
  State state();

  // Throws DeviceFailure where there is not enough, with all that was lent untouched. Needs Use; `release` and `owns`
  // do not.
  Address allocate(int64 bytes);
  void release(Address);
  bool owns(Address, int64 bytes);

  void check(Result, const char *call) const;

 private:
  friend class Staging;
  explicit Device(int ordinal);
  void close();
  void makeRoom();
  void freeKept();

  Context context = nullptr;
  Stream queue = nullptr;
  Staging pinned;
  std::mutex inUse;
  std::vector<Module> modules;
  std::vector<Event> events;  // free ones

  std::mutex books;
  std::map<Address, int64> lent;
  std::multimap<int64, Address> kept;
};

}  // namespace cuda

#endif
