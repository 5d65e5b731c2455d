// The global memory of one device. Addresses are made up and never used twice: gaps between allocations make every
// overrun visible, and a freed address stays freed. Each byte knows whether it was ever written.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "sharedmemory.h"

namespace cudasim {

class DeviceMemory {
 public:
  struct Allocation {
    uint64_t base = 0, size = 0;
    std::vector<uint8_t> bytes, written;  // written[k] != 0: byte k was stored to since it was allocated
  };
  // The allocation that the last access hit: the next one mostly hits it again.
  struct Cache {
    uint64_t generation = 0;
    Allocation* last = nullptr;
  };

  explicit DeviceMemory(int device) : next_(FIRST + (static_cast<uint64_t>(device) << 40)) {}

  uint64_t allocate(uint64_t size);
  bool free(uint64_t base);  // false if nothing starts there
  void clear();
  uint64_t liveBytes() const { return live_; }
  size_t liveCount() const { return allocations_.size(); }

  // The whole range [address, address + size), or nullptr if it is not inside one allocation.
  Allocation* find(uint64_t address, uint64_t size);
  // For a kernel's thread: checks bounds, and for loads that something was written there. Throws Fault.
  uint8_t* access(Cache& cache, uint64_t address, unsigned size, int lane, Use use);

 private:
  static constexpr uint64_t FIRST = 1ull << 44, GAP = 1 << 20, ALIGN = 256;
  [[noreturn]] void explain(uint64_t address, unsigned size, int lane, Use use) const;

  std::map<uint64_t, Allocation> allocations_;
  std::map<uint64_t, uint64_t> freed_;  // base -> size, to say so
  uint64_t next_, live_ = 0, generation_ = 1;
};

}  // namespace cudasim
