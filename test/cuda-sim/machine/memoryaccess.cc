// Loads and stores of all spaces, of one element or of two or four at once.
#include <algorithm>
#include <cstring>

#include "elementwise.h"

namespace cudasim {
namespace {

// An element as a cell: extended with its sign if the type has one, so that it also fits a wider register.
uint64_t elementAt(const uint8_t* bytes, unsigned size, bool isSigned) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, size);
  const unsigned unused = 64 - 8 * size;
  return isSigned ? static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused) : value;
}

bool isSigned(Type type) { return type == Type::S8 || type == Type::S16 || type == Type::S32 || type == Type::S64; }

void countLoads(Block& block, const Instruction& in) {
  const auto count = static_cast<uint64_t>(block.lanes().count);
  if (in.space == Space::Shared) block.statistics.sharedLoads += count;
  else if (in.space != Space::Param && in.space != Space::Local) block.statistics.globalLoads += count;
}

void countStores(Block& block, const Instruction& in) {
  const auto count = static_cast<uint64_t>(block.lanes().count);
  if (in.space == Space::Shared) block.statistics.sharedStores += count;
  else if (in.space != Space::Param && in.space != Space::Local) block.statistics.globalStores += count;
}

// All threads load one place of shared memory, as they do with the tile of a reduction: one check and one fetch serve
// them all.
bool loadsOnePlace(Block& block, const Instruction& in, int parts) {
  if (in.space != Space::Shared || block.lanes().count < 2) return false;
  const int first = block.lanes().first();
  const uint64_t address = block.read(in, parts, first);
  bool same = true;
  if (in.isWide(parts)) {
    const uint64_t* addresses = block.row<uint64_t>(in, parts);
    block.lanes().each([&](int t) { same &= addresses[t] == address; });
  } else {
    const uint32_t* addresses = block.row<uint32_t>(in, parts);
    block.lanes().each([&](int t) { same &= addresses[t] == address; });
  }
  return same;
}

void fill(Block& block, const Instruction& in, int k, uint64_t value) {
  if (in.isWide(k)) {
    uint64_t* cells = block.row<uint64_t>(in, k);
    block.lanes().each([=](int t) { cells[t] = value; });
  } else {
    uint32_t* cells = block.row<uint32_t>(in, k);
    block.lanes().each([=](int t) { cells[t] = static_cast<uint32_t>(value); });
  }
}

void runLoad(Block& block, const Instruction& in) {
  countLoads(block, in);
  const int parts = in.firstParts;
  const unsigned size = in.size;
  const bool extends = in.mode != 0;
  if (loadsOnePlace(block, in, parts)) {
    const uint8_t* from = block.locateForAll(in, parts, size * static_cast<unsigned>(parts));
    for (int k = 0; k < parts; k++) fill(block, in, k, elementAt(from + static_cast<unsigned>(k) * size, size, extends));
    return;
  }
  block.lanes().each([&](int t) {
    const uint8_t* from = block.locate(in, parts, t, size * static_cast<unsigned>(parts), Use::Load);
    for (int k = 0; k < parts; k++) block.write(in, k, t, elementAt(from + static_cast<unsigned>(k) * size, size, extends));
  });
}

void runStore(Block& block, const Instruction& in) {
  countStores(block, in);
  const int parts = in.rowCount - 1;
  const unsigned size = in.size;
  block.lanes().each([&](int t) {
    uint8_t* to = block.locate(in, 0, t, size * static_cast<unsigned>(parts), Use::Store);
    for (int k = 0; k < parts; k++) {
      const uint64_t value = block.read(in, k + 1, t);
      std::memcpy(to + static_cast<unsigned>(k) * size, &value, size);
    }
  });
}

size_t vectorSize(const Statement& s) { return s.has("v4") ? 4 : s.has("v2") ? 2 : 1; }

bool fits(const Statement& s, size_t vector) {
  const Operand& operand = s.operands.at(vector);
  const size_t parts = operand.kind == Operand::Kind::Vector ? operand.parts.size() : 1;
  return s.operands.size() == 2 && s.types.size() == 1 && parts == vectorSize(s) && s.type() != Type::Pred;
}

Semantics load(const Statement& s) {
  return fits(s, 0) ? Semantics{&runLoad, {}, isSigned(s.type())} : Semantics{};
}

Semantics store(const Statement& s) { return fits(s, 1) ? Semantics{&runStore, {}} : Semantics{}; }

// Caching, ordering and coherence change nothing where all memory is one.
#define SPACES "global shared local param const shared::cta param::entry param::func v2 v4 "
#define CACHES                                                                                                               \
  "ca cg cs cv lu wb wt nc weak volatile relaxed acquire release cta gpu sys L1::evict_first L1::evict_last L1::evict_normal " \
  "L1::evict_unchanged L1::no_allocate L2::64B L2::128B L2::256B L2::evict_first L2::evict_last"

void runNothing(Block&, const Instruction&) {}

constexpr OpcodeRow ROWS[] = {
    {"ld", SPACES CACHES, load},
    {"ldu", SPACES CACHES, load},
    {"st", SPACES CACHES, store},
    {"prefetch", "global local L1 L2", [](const Statement&) { return Semantics{&runNothing, {}}; }},
};

}  // namespace

std::span<const OpcodeRow> memoryRows() { return ROWS; }

}  // namespace cudasim
