// Moves: whole registers, registers packed from and split into parts, and addresses between spaces.
#include "elementwise.h"

namespace cudasim {
namespace {

constexpr auto same = [](auto a) { return a; };

// mov.b64 {lo, hi}, x
void runSplit(Block& block, const Instruction& in) {
  const int parts = in.firstParts, width = 8 * in.size / parts;
  block.lanes().each([&](int t) {
    const uint64_t whole = block.read(in, parts, t);
    for (int k = 0; k < parts; k++) block.write(in, k, t, whole >> (k * width) & ((1ull << width) - 1));
  });
}

// mov.b64 x, {lo, hi}
void runPack(Block& block, const Instruction& in) {
  const int parts = in.rowCount - 1, width = 8 * in.size / parts;
  block.lanes().each([&](int t) {
    uint64_t whole = 0;
    for (int k = 0; k < parts; k++) whole |= (block.read(in, k + 1, t) & ((1ull << width) - 1)) << (k * width);
    block.write(in, 0, t, whole);
  });
}

Semantics partsOf(const Statement& s, size_t parts, bool splits) {
  if (parts < 2 || parts > 4) return {};
  Semantics made{splits ? &runSplit : &runPack, {}};
  const auto whole = static_cast<uint8_t>(sizeOf(s.type()) == 8 ? 8 : 4);
  for (size_t k = 0; k <= parts; k++) made.cells[k] = k == (splits ? parts : 0) ? whole : 4;
  return made;
}

Semantics move(const Statement& s) {
  if (s.operands.size() != 2) return {};
  if (s.operands[0].kind == Operand::Kind::Vector) return partsOf(s, s.operands[0].parts.size(), true);
  if (s.operands[1].kind == Operand::Kind::Vector) return partsOf(s, s.operands[1].parts.size(), false);
  return sizeOf(s.type()) == 8 ? elementwise<same, uint64_t, uint64_t>() : elementwise<same, uint32_t, uint32_t>();
}

uint64_t windowOf(Space space) {
  return space == Space::Shared ? SHARED_WINDOW : space == Space::Local ? LOCAL_WINDOW : space == Space::Param ? PARAM_WINDOW : 0;
}

void runToGeneric(Block& block, const Instruction& in) {
  const uint64_t window = windowOf(in.space);
  block.lanes().each([&](int t) { block.write(in, 0, t, block.addressOf(in, 1, t) + window); });
}

void runFromGeneric(Block& block, const Instruction& in) {
  const uint64_t window = windowOf(in.space);
  block.lanes().each([&](int t) { block.write(in, 0, t, block.addressOf(in, 1, t) - window); });
}

Semantics convertAddress(const Statement& s) {
  return {s.has("to") ? &runFromGeneric : &runToGeneric, {8, 8}};
}

void runIsSpace(Block& block, const Instruction& in) {
  const uint64_t window = windowOf(in.space);
  block.lanes().each([&](int t) {
    const uint64_t address = block.read(in, 1, t), base = address / WINDOW_SIZE * WINDOW_SIZE;
    const bool isGlobal = base > PARAM_WINDOW;
    block.write(in, 0, t, in.space == Space::Global ? isGlobal : base == window);
  });
}

constexpr OpcodeRow ROWS[] = {
    {"mov", "", move},
    {"cvta", "to global shared local const param shared::cta param::entry", convertAddress},
    {"isspacep", "global shared local shared::cta", [](const Statement&) { return Semantics{&runIsSpace, {4, 8}}; }},
};

}  // namespace

std::span<const OpcodeRow> moveRows() { return ROWS; }

}  // namespace cudasim
