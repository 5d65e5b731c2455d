// What the 32 threads of a warp do together: shuffles, votes, the warp's barrier. A thread that the member mask names
// must be here: real hardware would wait for it, or give anything.
#include "elementwise.h"
#include "errors.h"

namespace cudasim {
namespace {

constexpr int WARP = 32;

// The threads of each warp that execute this instruction, as bits.
std::vector<uint32_t> present(Block& block) {
  std::vector<uint32_t> warps(static_cast<size_t>(block.threads() + WARP - 1) / WARP);
  block.lanes().each([&](int t) { warps[static_cast<size_t>(t / WARP)] |= 1u << (t % WARP); });
  return warps;
}

// The bits of lanes that exist in a warp and have not left.
uint32_t alive(Block& block, int warp) {
  uint32_t bits = 0;
  for (int t = warp * WARP; t < std::min(block.threads(), (warp + 1) * WARP); t++)
    if (!block.exited(t)) bits |= 1u << (t % WARP);
  return bits;
}

void checkMembers(Block& block, const Instruction& in, int maskRow, const std::vector<uint32_t>& here) {
  block.lanes().each([&](int t) {
    const int warp = t / WARP;
    const auto members = static_cast<uint32_t>(block.read(in, maskRow, t));
    const uint32_t missing = members & alive(block, warp) & ~here[static_cast<size_t>(warp)];
    if (missing != 0 || !(members >> (t % WARP) & 1))
      throw Fault{LAUNCH_FAILED, t, missing != 0 ? "the member mask names thread " + std::to_string(warp * WARP + std::countr_zero(missing)) +
                                                       ", which is not here"
                                                 : std::string("a thread that the member mask does not name")};
  });
}

enum Shuffle : uint32_t { Up, Down, Butterfly, Index };

// The lane from which `lane` reads, and whether it lies in the segment that `clampAndMask` makes (PTX ISA, shfl.sync).
std::pair<int, bool> sourceOf(uint32_t kind, int lane, uint32_t by, uint32_t clampAndMask) {
  const int clamp = static_cast<int>(clampAndMask & 31), segment = static_cast<int>(clampAndMask >> 8 & 31);
  const int amount = static_cast<int>(by & 31);
  const int bound = (lane & segment) | (clamp & ~segment), least = lane & segment;
  int from = lane;
  switch (kind) {
    case Up: from = lane - amount; return {from, from >= bound};
    case Down: from = lane + amount; return {from, from <= bound};
    case Butterfly: from = lane ^ amount; return {from, from <= bound};
    default: from = least | (amount & ~segment); return {from, from <= bound};
  }
}

// shfl.sync d[|p], a, b, c, members
void runShuffle(Block& block, const Instruction& in) {
  const int source = in.rowCount - 4;
  const std::vector<uint32_t> here = present(block);
  checkMembers(block, in, source + 3, here);
  const uint32_t* cells = block.row<uint32_t>(in, source);
  const std::vector<uint32_t> values(cells, cells + block.threads());
  block.lanes().each([&](int t) {
    const int lane = t % WARP, first = t - lane;
    const auto [from, inside] = sourceOf(in.mode, lane, static_cast<uint32_t>(block.read(in, source + 1, t)),
                                         static_cast<uint32_t>(block.read(in, source + 2, t)));
    const int reads = inside ? from : lane;
    if (!(here[static_cast<size_t>(t / WARP)] >> reads & 1))
      throw Fault{LAUNCH_FAILED, t, "a shuffle reads from thread " + std::to_string(first + reads) + ", which is not here"};
    block.write(in, 0, t, values[static_cast<size_t>(first + reads)]);
    if (source == 2) block.write(in, 1, t, inside);
  });
}

Semantics shuffle(const Statement& s) {
  const uint32_t kind = s.has("up") ? Up : s.has("down") ? Down : s.has("bfly") ? Butterfly : Index;
  return {&runShuffle, {4, 4, 4, 4, 4, 4}, kind};
}

enum Vote : uint32_t { All, Any, Uniform, Ballot };

// vote.sync d, a, members
void runVote(Block& block, const Instruction& in) {
  const std::vector<uint32_t> here = present(block);
  checkMembers(block, in, 2, here);
  std::vector<uint32_t> yes(here.size());
  const bool inverted = in.negated >> 1 & 1;
  block.lanes().each([&](int t) {
    if ((block.read(in, 1, t) != 0) != inverted) yes[static_cast<size_t>(t / WARP)] |= 1u << (t % WARP);
  });
  block.lanes().each([&](int t) {
    const auto warp = static_cast<size_t>(t / WARP);
    const auto members = static_cast<uint32_t>(block.read(in, 2, t));
    const uint32_t in_favour = yes[warp] & members, voters = here[warp] & members;
    const bool all = in_favour == voters, any = in_favour != 0;
    block.write(in, 0, t, in.mode == Ballot ? in_favour : in.mode == All ? all : in.mode == Any ? any : all || !any);
  });
}

Semantics vote(const Statement& s) {
  const uint32_t kind = s.has("ballot") ? Ballot : s.has("all") ? All : s.has("any") ? Any : Uniform;
  return {&runVote, {4, 4, 4}, kind};
}

void runActiveMask(Block& block, const Instruction& in) {
  const std::vector<uint32_t> here = present(block);
  block.lanes().each([&](int t) { block.write(in, 0, t, here[static_cast<size_t>(t / WARP)]); });
}

void runWarpBarrier(Block& block, const Instruction& in) {
  const std::vector<uint32_t> here = present(block);
  checkMembers(block, in, 0, here);
  for (size_t warp = 0; warp < here.size(); warp++)
    if (here[warp] != 0) block.shared.warpBarrier(static_cast<int>(warp));
}

constexpr OpcodeRow ROWS[] = {
    {"shfl", "sync up down bfly idx", shuffle},
    {"vote", "sync all any uni ballot", vote},
    {"activemask", "", [](const Statement&) { return Semantics{&runActiveMask, {4}}; }},
    {"bar.warp", "warp sync", [](const Statement&) { return Semantics{&runWarpBarrier, {4}}; }},
};

}  // namespace

std::span<const OpcodeRow> warpRows() { return ROWS; }

}  // namespace cudasim
