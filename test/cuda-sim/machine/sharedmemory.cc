#include "sharedmemory.h"

#include <algorithm>
#include <string>

#include "errors.h"
#include "instruction.h"

namespace cudasim {
namespace {

constexpr uint8_t POISON = 0xff;

std::string raceText(const char* kind, int other, uint64_t address) {
  return std::string("shared-memory race, ") + kind + " by thread " + std::to_string(other) + " with no barrier between, at byte " +
         std::to_string(address);
}

}  // namespace

SharedMemory::SharedMemory(uint64_t size, int threads, bool checkRaces)
    : bytes_(size), words_((size + 3) / 4), warpEpochs_(static_cast<size_t>(threads + 31) / 32), size_(size),
      checkRaces_(checkRaces) {}

void SharedMemory::startBlock() {
  std::fill(bytes_.begin(), bytes_.end(), POISON);
  block_++;
  epoch_++;
}

void SharedMemory::checkBounds(uint64_t address, unsigned size, int lane, Use use) const {
  if (address <= size_ && size <= size_ - address) return;
  throw Fault{ILLEGAL_ADDRESS, lane,
              std::string(use == Use::Load ? "load of " : "store of ") + std::to_string(size) + " bytes at byte " +
                  std::to_string(address) + " of " + std::to_string(size_) + " bytes of shared memory"};
}

// Whether what `mark` tells happened before this access of `lane`, or is its own.
bool SharedMemory::ordered(const Mark& mark, int lane) const {
  if (mark.epoch != epoch_) return true;
  if (mark.manyWarps) return false;
  if (mark.lane == lane && !mark.manyInWarp) return true;
  const size_t warp = static_cast<size_t>(lane) / 32;
  return static_cast<size_t>(mark.lane) / 32 == warp && mark.warpEpoch != warpEpochs_[warp];
}

void SharedMemory::load(Word& word, uint8_t bytes, uint64_t address, int first, int last) {
  if (word.initialisedIn != block_ || (word.initialised & bytes) != bytes)
    throw Fault{LAUNCH_FAILED, first, "load of uninitialised shared memory at byte " + std::to_string(address)};
  for (const int lane : {first, last})  // if one of them lies in the writer's warp, or is the writer, the other tells
    if (!ordered(word.written, lane)) throw Fault{LAUNCH_FAILED, lane, raceText("read after write", word.written.lane, address)};
  Mark& read = word.read;
  const int warp = first / 32;
  const Mark now{epoch_, warpEpochs_[static_cast<size_t>(warp)], static_cast<int16_t>(first), first != last, warp != last / 32, false};
  if (read.epoch != epoch_) read = now;
  else if (read.lane / 32 != warp || now.manyWarps) read.manyWarps = true;
  else if (read.warpEpoch != now.warpEpoch) read = {now.epoch, now.warpEpoch, now.lane, now.manyInWarp, read.manyWarps, false};
  else read.manyInWarp |= now.manyInWarp || read.lane != now.lane;
}

void SharedMemory::store(Word& word, uint8_t bytes, uint64_t address, int lane, bool atomic) {
  if (!ordered(word.written, lane) && !(atomic && word.written.atomic))
    throw Fault{LAUNCH_FAILED, lane, raceText("write after write", word.written.lane, address)};
  if (!ordered(word.read, lane))
    throw Fault{LAUNCH_FAILED, lane, raceText("write after read", word.read.lane, address)};
  word.written = {epoch_, warpEpochs_[static_cast<size_t>(lane) / 32], static_cast<int16_t>(lane), false, false, atomic};
  word.initialised = static_cast<uint8_t>((word.initialisedIn == block_ ? word.initialised : 0) | bytes);
  word.initialisedIn = block_;
}

uint8_t* SharedMemory::access(uint64_t address, unsigned size, int first, int last, Use use) {
  checkBounds(address, size, first, use);
  if (checkRaces_)
    for (uint64_t w = address / 4; w <= (address + size - 1) / 4; w++) {
      const uint64_t from = std::max(address, w * 4) - w * 4, to = std::min(address + size, w * 4 + 4) - w * 4;
      const auto bytes = static_cast<uint8_t>((1u << to) - (1u << from));
      if (use == Use::Load) load(words_[w], bytes, w * 4 + from, first, last);
      else store(words_[w], bytes, w * 4 + from, first, use == Use::Atomic);
    }
  return bytes_.data() + address;
}

}  // namespace cudasim
