// Special registers: what a thread reads to know who and where it is. A table of names and values.
#pragma once
#include <cstdint>
#include <string>

namespace cudasim {

struct Dim {
  unsigned x = 1, y = 1, z = 1;
  uint64_t count() const { return static_cast<uint64_t>(x) * y * z; }
};

struct Standpoint {
  int lane = 0;  // in the block
  Dim thread, block, threadsPerBlock, blocks;
};

struct SpecialRow {
  const char* name;
  uint64_t (*value)(const Standpoint&);
};

const SpecialRow* specialNamed(const std::string& name);  // nullptr for one that is not simulated
Dim threadOf(int lane, Dim block);

}  // namespace cudasim
