// Shared memory of a block, with a shadow that knows for every 4-byte word who wrote and who read it since the last
// barrier. Two threads that touch a word without a barrier between, one of them writing, race: real hardware may do
// either first.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cudasim {

enum class Use : uint8_t { Load, Store, Atomic };

class SharedMemory {
 public:
  SharedMemory(uint64_t size, int threads, bool checkRaces);
  void startBlock();                       // what an earlier block left is not initialised
  void barrier() { epoch_++; }             // of the whole block
  void warpBarrier(int warp) { warpEpochs_[static_cast<size_t>(warp)]++; }

  // Checks and notes an access of one thread. Throws Fault.
  uint8_t* access(uint64_t address, unsigned size, int lane, Use use) { return access(address, size, lane, lane, use); }
  // A load by several threads at once, of which `first` and `last` are the outermost.
  uint8_t* broadcast(uint64_t address, unsigned size, int first, int last) { return access(address, size, first, last, Use::Load); }

 private:
  struct Mark {
    uint64_t epoch = 0;
    uint32_t warpEpoch = 0;
    int16_t lane = -1;
    bool manyInWarp = false, manyWarps = false, atomic = false;
  };
  struct Word {
    Mark written, read;
    uint64_t initialisedIn = 0;  // the number of the block that wrote it
    uint8_t initialised = 0;     // bit per byte
  };

  void checkBounds(uint64_t address, unsigned size, int lane, Use use) const;
  uint8_t* access(uint64_t address, unsigned size, int first, int last, Use use);
  void load(Word& word, uint8_t bytes, uint64_t address, int first, int last);
  void store(Word& word, uint8_t bytes, uint64_t address, int lane, bool atomic);
  bool ordered(const Mark& mark, int lane) const;

  std::vector<uint8_t> bytes_;
  std::vector<Word> words_;
  std::vector<uint32_t> warpEpochs_;
  uint64_t epoch_ = 0, block_ = 0, size_;
  bool checkRaces_;
};

}  // namespace cudasim
