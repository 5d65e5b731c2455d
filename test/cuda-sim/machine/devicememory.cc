#include "devicememory.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "errors.h"
#include "instruction.h"

namespace cudasim {
namespace {

constexpr uint8_t POISON = 0xff;  // NaN as a float, -1 as an integer

std::string hex(uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

template <typename Map>
auto atOrBefore(Map& map, uint64_t address) {
  auto after = map.upper_bound(address);
  return after == map.begin() ? map.end() : std::prev(after);
}

}  // namespace

uint64_t DeviceMemory::allocate(uint64_t size) {
  const uint64_t base = next_;
  next_ += (size + ALIGN - 1) / ALIGN * ALIGN + GAP;
  Allocation& made = allocations_[base];
  made = {base, size, std::vector<uint8_t>(size, POISON), std::vector<uint8_t>(size, 0)};
  live_ += size;
  generation_++;
  return base;
}

bool DeviceMemory::free(uint64_t base) {
  const auto found = allocations_.find(base);
  if (found == allocations_.end()) return false;
  live_ -= found->second.size;
  freed_[base] = found->second.size;
  allocations_.erase(found);
  generation_++;
  return true;
}

void DeviceMemory::clear() {
  for (const auto& [base, allocation] : allocations_) freed_[base] = allocation.size;
  allocations_.clear();
  live_ = 0;
  generation_++;
}

DeviceMemory::Allocation* DeviceMemory::find(uint64_t address, uint64_t size) {
  const auto found = atOrBefore(allocations_, address);
  if (found == allocations_.end()) return nullptr;
  Allocation& allocation = found->second;
  const uint64_t offset = address - allocation.base;
  return offset <= allocation.size && size <= allocation.size - offset ? &allocation : nullptr;
}

uint8_t* DeviceMemory::access(Cache& cache, uint64_t address, unsigned size, int lane, Use use) {
  Allocation* hit = cache.generation == generation_ ? cache.last : nullptr;
  if (!hit || address - hit->base >= hit->size || size > hit->size - (address - hit->base)) {
    hit = find(address, size);
    if (!hit) explain(address, size, lane, use);
    cache = {generation_, hit};
  }
  uint8_t* written = hit->written.data() + (address - hit->base);
  if (use != Use::Store && std::find(written, written + size, 0) != written + size)
    throw Fault{LAUNCH_FAILED, lane, "load of uninitialised global memory at " + hex(address) + ", byte " +
                                         std::to_string(address - hit->base) + " of an allocation of " +
                                         std::to_string(hit->size)};
  if (use != Use::Load) std::fill_n(written, size, 1);
  return hit->bytes.data() + (address - hit->base);
}

void DeviceMemory::explain(uint64_t address, unsigned size, int lane, Use use) const {
  std::string text = std::string(use == Use::Load ? "load of " : "store of ") + std::to_string(size) + " bytes at " + hex(address);
  const auto before = atOrBefore(allocations_, address);
  const auto gone = atOrBefore(freed_, address);
  if (gone != freed_.end() && address - gone->first < gone->second)
    text += ", in an allocation that was freed, of " + std::to_string(gone->second) + " bytes";
  else if (before != allocations_.end() && address - before->first < before->second.size + GAP)
    text += ", byte " + std::to_string(address - before->first) + " of an allocation of " + std::to_string(before->second.size);
  else
    text += ", which is in no allocation of this device";
  throw Fault{ILLEGAL_ADDRESS, lane, text};
}

}  // namespace cudasim
