// Atomic operations, thread by thread in ascending order. A program that wants them in another order is wrong anyway.
#include <cstring>

#include "elementwise.h"

namespace cudasim {
namespace {

template <typename T>
T minimum(T a, T b) { return b < a ? b : a; }
template <typename T>
T maximum(T a, T b) { return a < b ? b : a; }

constexpr auto add = [](auto old, auto x) { return static_cast<decltype(old)>(old + x); };
constexpr auto least = [](auto old, auto x) { return minimum(old, x); };
constexpr auto greatest = [](auto old, auto x) { return maximum(old, x); };
constexpr auto exchange = [](auto, auto x) { return x; };
constexpr auto conjunction = [](auto old, auto x) { return old & x; };
constexpr auto disjunction = [](auto old, auto x) { return old | x; };
constexpr auto exclusive = [](auto old, auto x) { return old ^ x; };
constexpr auto increment = [](auto old, auto most) { return old >= most ? decltype(old){0} : old + 1; };
constexpr auto decrement = [](auto old, auto most) { return old == 0 || old > most ? most : old - 1; };

// atom d, [a], x   and   red [a], x
template <auto F, typename T>
void runUpdate(Block& block, const Instruction& in) {
  block.statistics.atomics += static_cast<uint64_t>(block.lanes().count);
  const int address = in.source->opcode == "atom" ? 1 : 0;
  block.lanes().each([&](int t) {
    uint8_t* place = block.locate(in, address, t, sizeof(T), Use::Atomic);
    T old;
    std::memcpy(&old, place, sizeof(T));
    const T updated = F(old, fromCell<T>(static_cast<CellOf<T>>(block.read(in, address + 1, t))));
    std::memcpy(place, &updated, sizeof(T));
    if (address == 1) block.write(in, 0, t, toCell(old));
  });
}

template <typename T>
void runCompareAndSwap(Block& block, const Instruction& in) {
  block.statistics.atomics += static_cast<uint64_t>(block.lanes().count);
  block.lanes().each([&](int t) {
    uint8_t* place = block.locate(in, 1, t, sizeof(T), Use::Atomic);
    T old;
    std::memcpy(&old, place, sizeof(T));
    const T updated = old == static_cast<T>(block.read(in, 2, t)) ? static_cast<T>(block.read(in, 3, t)) : old;
    std::memcpy(place, &updated, sizeof(T));
    block.write(in, 0, t, old);
  });
}

template <auto F, typename T>
Semantics update(const Statement& s) {
  constexpr uint8_t cell = sizeof(CellOf<T>);
  return s.opcode == "atom" ? Semantics{&runUpdate<F, T>, {cell, 0, cell}} : Semantics{&runUpdate<F, T>, {0, cell}};
}

template <auto F>
Semantics integers(const Statement& s) {
  switch (s.type()) {
    case Type::U32: case Type::B32: return update<F, uint32_t>(s);
    case Type::S32: return update<F, int32_t>(s);
    case Type::U64: case Type::B64: return update<F, uint64_t>(s);
    case Type::S64: return update<F, int64_t>(s);
    default: return {};
  }
}

template <auto F>
Semantics numbers(const Statement& s) {
  if (s.type() == Type::F32) return update<F, float>(s);
  return s.type() == Type::F64 ? update<F, double>(s) : integers<F>(s);
}

Semantics compareAndSwap(const Statement& s) {
  switch (sizeOf(s.type())) {
    case 2: return {&runCompareAndSwap<uint16_t>, {4, 0, 4, 4}};
    case 4: return {&runCompareAndSwap<uint32_t>, {4, 0, 4, 4}};
    case 8: return {&runCompareAndSwap<uint64_t>, {8, 0, 8, 8}};
    default: return {};
  }
}

Semantics atomic(const Statement& s) {
  if (s.has("add")) return numbers<add>(s);
  if (s.has("min")) return integers<least>(s);
  if (s.has("max")) return integers<greatest>(s);
  if (s.has("exch")) return integers<exchange>(s);
  if (s.has("and")) return integers<conjunction>(s);
  if (s.has("or")) return integers<disjunction>(s);
  if (s.has("xor")) return integers<exclusive>(s);
  if (s.has("inc") && s.type() == Type::U32) return update<increment, uint32_t>(s);
  if (s.has("dec") && s.type() == Type::U32) return update<decrement, uint32_t>(s);
  return s.has("cas") && s.opcode == "atom" ? compareAndSwap(s) : Semantics{};
}

#define ATOMIC_MODIFIERS                                                                                                 \
  "global shared shared::cta relaxed acquire release acq_rel cta gpu sys add min max exch and or xor inc dec cas"

constexpr OpcodeRow ROWS[] = {
    {"atom", ATOMIC_MODIFIERS, atomic},
    {"red", ATOMIC_MODIFIERS, atomic},
};

}  // namespace

std::span<const OpcodeRow> atomicRows() { return ROWS; }

}  // namespace cudasim
