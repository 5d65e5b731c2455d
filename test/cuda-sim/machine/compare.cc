// Comparisons (setp, set), and what chooses by them (selp, slct), or by the kind of a number (testp).
#include <string_view>

#include "elementwise.h"

namespace cudasim {
namespace {

enum Combine : uint32_t { Alone, And, Or, Xor };

uint32_t combineOf(const Statement& s) { return s.has("and") ? And : s.has("or") ? Or : s.has("xor") ? Xor : Alone; }

bool combined(bool value, bool other, uint32_t how) {
  return how == And ? value && other : how == Or ? value || other : how == Xor ? value != other : value;
}

// setp: rows are the result, for `p|q` its complement's row too, the two operands, and the predicate it is combined
// with.
template <auto F, typename T, bool Flushes>
void runSetPredicate(Block& block, const Instruction& in) {
  const uint32_t how = in.mode;
  const int operands = in.rowCount - (how == Alone ? 0 : 1) - 2;  // 1, or 2 with a second result
  uint32_t* result = block.row<bool>(in, 0);
  uint32_t* second = operands == 2 ? block.row<bool>(in, 1) : nullptr;
  const auto *a = block.row<T>(in, operands), *b = block.row<T>(in, operands + 1);
  const auto value = [](CellOf<T> cell) {
    if constexpr (Flushes) return flushed(fromCell<T>(cell));
    else return fromCell<T>(cell);
  };
  if (how == Alone && !second) return block.lanes().each([=](int t) { result[t] = F(value(a[t]), value(b[t])); });
  const uint32_t* other = how == Alone ? nullptr : block.row<bool>(in, operands + 2);
  const bool inverted = how != Alone && (in.negated >> (operands + 2) & 1);
  block.lanes().each([=](int t) {
    const bool outcome = F(value(a[t]), value(b[t])), with = other && (other[t] != 0) != inverted;
    result[t] = combined(outcome, with, how);
    if (second) second[t] = combined(!outcome, with, how);
  });
}

// set: all bits, or 1.0.
template <auto F, typename T, bool Flushes>
void runSet(Block& block, const Instruction& in) {
  auto* result = block.row<uint32_t>(in, 0);
  const auto *a = block.row<T>(in, 1), *b = block.row<T>(in, 2);
  const uint32_t yes = in.source->type() == Type::F32 ? std::bit_cast<uint32_t>(1.0f) : ~0u;
  block.lanes().each([=](int t) { result[t] = F(fromCell<T>(a[t]), fromCell<T>(b[t])) ? yes : 0; });
}

template <auto F, typename T>
Semantics comparing(const Statement& s) {
  constexpr bool mayFlush = std::is_same_v<T, float>;
  constexpr uint8_t cell = sizeof(CellOf<T>);
  Semantics made;
  if (s.opcode == "set") {
    if (s.operands.size() != 3 || s.has("ftz") || sizeOf(s.type()) != 4) return {};
    return {&runSet<F, T, false>, {4, cell, cell}};
  }
  made.run = mayFlush && s.has("ftz") ? &runSetPredicate<F, T, mayFlush> : &runSetPredicate<F, T, false>;
  made.mode = combineOf(s);
  const size_t results = s.operands.size() - (made.mode == Alone ? 0 : 1) - 2;
  if (results != 1 && results != 2) return {};
  for (size_t k = 0; k < s.operands.size(); k++) made.cells[k] = k == results || k == results + 1 ? cell : 4;
  return made;
}

template <auto F>
Semantics integers(const Statement& s, Type type) {
  switch (type) {
    case Type::U16: case Type::B16: return comparing<F, uint16_t>(s);
    case Type::S16: return comparing<F, int16_t>(s);
    case Type::U32: case Type::B32: return comparing<F, uint32_t>(s);
    case Type::S32: return comparing<F, int32_t>(s);
    case Type::U64: case Type::B64: return comparing<F, uint64_t>(s);
    case Type::S64: return comparing<F, int64_t>(s);
    default: return {};
  }
}

template <auto F>
Semantics floats(const Statement& s, Type type) {
  if (type == Type::F32) return comparing<F, float>(s);
  if (type == Type::F64) return comparing<F, double>(s);
  return {};
}

template <auto F>
Semantics any(const Statement& s, Type type) {
  return type == Type::F32 || type == Type::F64 ? floats<F>(s, type) : integers<F>(s, type);
}

template <auto F>
Semantics unsignedOnly(const Statement& s, Type type) {
  const bool isUnsigned = type == Type::U16 || type == Type::U32 || type == Type::U64;
  return isUnsigned ? integers<F>(s, type) : Semantics{};
}

constexpr auto equal = [](auto a, auto b) { return a == b; };
constexpr auto unequal = [](auto a, auto b) { return a < b || a > b; };  // false for NaN
constexpr auto less = [](auto a, auto b) { return a < b; };
constexpr auto lessEqual = [](auto a, auto b) { return a <= b; };
constexpr auto greater = [](auto a, auto b) { return a > b; };
constexpr auto greaterEqual = [](auto a, auto b) { return a >= b; };
template <auto F>  // true for NaN too
constexpr auto orUnordered = [](auto a, auto b) { return F(a, b) || a != a || b != b; };

struct Comparison {
  const char* name;
  Semantics (*make)(const Statement&, Type);
};

constexpr Comparison COMPARISONS[] = {
    {"eq", any<equal>},
    {"ne", any<unequal>},
    {"lt", any<less>},
    {"le", any<lessEqual>},
    {"gt", any<greater>},
    {"ge", any<greaterEqual>},
    {"lo", unsignedOnly<less>},
    {"ls", unsignedOnly<lessEqual>},
    {"hi", unsignedOnly<greater>},
    {"hs", unsignedOnly<greaterEqual>},
    {"equ", floats<orUnordered<equal>>},
    {"neu", floats<orUnordered<unequal>>},
    {"ltu", floats<orUnordered<less>>},
    {"leu", floats<orUnordered<lessEqual>>},
    {"gtu", floats<orUnordered<greater>>},
    {"geu", floats<orUnordered<greaterEqual>>},
    {"num", floats<[](auto a, auto b) { return a == a && b == b; }>},
    {"nan", floats<[](auto a, auto b) { return a != a || b != b; }>},
};

Semantics compare(const Statement& s) {
  const Type compared = s.opcode == "set" ? s.type(1) : s.type();
  for (const Comparison& row : COMPARISONS)
    if (s.has(row.name)) return row.make(s, compared);
  return {};
}

constexpr auto choose = [](auto a, auto b, bool first) { return first ? a : b; };

Semantics selectByPredicate(const Statement& s) {
  if (s.type() == Type::Pred) return elementwise<choose, bool, bool, bool, bool>();
  switch (sizeOf(s.type())) {
    case 2: case 4: return elementwise<choose, uint32_t, uint32_t, uint32_t, bool>();
    case 8: return elementwise<choose, uint64_t, uint64_t, uint64_t, bool>();
    default: return {};
  }
}

constexpr auto chooseBySign = [](auto a, auto b, auto c) { return c >= 0 ? a : b; };

template <typename T>
Semantics selectBySignOf(const Statement& s) {
  if (s.type(1) == Type::S32) return elementwise<chooseBySign, T, T, T, int32_t>();
  return s.type(1) == Type::F32 && !s.has("ftz") ? elementwise<chooseBySign, T, T, T, float>() : Semantics{};
}

Semantics selectBySign(const Statement& s) {
  return sizeOf(s.type()) == 8 ? selectBySignOf<uint64_t>(s) : selectBySignOf<uint32_t>(s);
}

template <auto F>
Semantics testing(const Statement& s) {
  if (s.type() == Type::F32) return elementwise<F, bool, float>();
  return s.type() == Type::F64 ? elementwise<F, bool, double>() : Semantics{};
}

Semantics test(const Statement& s) {
  if (s.has("finite")) return testing<[](auto a) { return std::isfinite(a); }>(s);
  if (s.has("infinite")) return testing<[](auto a) { return std::isinf(a); }>(s);
  if (s.has("number")) return testing<[](auto a) { return a == a; }>(s);
  if (s.has("notanumber")) return testing<[](auto a) { return a != a; }>(s);
  if (s.has("normal")) return testing<[](auto a) { return std::isnormal(a); }>(s);
  if (s.has("subnormal")) return testing<[](auto a) { return std::fpclassify(a) == FP_SUBNORMAL; }>(s);
  return {};
}

#define COMPARISON_MODIFIERS "eq ne lt le gt ge lo ls hi hs equ neu ltu leu gtu geu num nan and or xor ftz"

constexpr OpcodeRow ROWS[] = {
    {"setp", COMPARISON_MODIFIERS, compare},
    {"set", COMPARISON_MODIFIERS, compare},
    {"selp", "", selectByPredicate},
    {"slct", "ftz", selectBySign},
    {"testp", "finite infinite number notanumber normal subnormal", test},
};

}  // namespace

std::span<const OpcodeRow> compareRows() { return ROWS; }

}  // namespace cudasim
