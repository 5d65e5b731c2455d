// A decoded instruction: a function that knows what to do, and rows of the block's register file to do it with.
//
// The one idea: every operand is a row with one cell per thread. An immediate is a row that nobody writes, %tid.x is a
// row that is filled once; so an instruction is a loop over rows, which the C++ compiler turns into vector code when
// all threads take part.
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "../ptx/module.h"

namespace cudasim {

class Block;
struct Instruction;
using Handler = void (*)(Block&, const Instruction&);

enum class Flow : uint8_t { Next, Branch, BranchTable, Call, CallResult, Return, Exit, Barrier, BarrierReduce, Trap };
enum class Rounding : uint8_t { Nearest, Zero, Down, Up };

constexpr int MAX_ROWS = 8;

struct Instruction {
  Handler run = nullptr;  // of Flow::Next; those that steer are the block's own matter
  Flow flow = Flow::Next;
  std::array<uint32_t, MAX_ROWS> rows{};
  uint8_t rowCount = 0, firstParts = 1;  // firstParts: rows of the first operand, more than one if it is a vector
  uint8_t wide = 0;                      // bit k: row k has cells of 64 bits
  uint8_t negated = 0;                   // bit k: the predicate in row k counts inverted
  bool unless = false;
  int32_t guard = -1;
  Space space = Space::Generic;
  Rounding rounding = Rounding::Nearest;
  uint8_t size = 0;       // of one element in memory, or of the type that the instruction names first
  int64_t offset = 0;     // of an address
  uint32_t mode = 0;      // what the handler's maker wants to tell the handler
  uint32_t target = 0;    // of a branch or a call
  const Statement* source = nullptr;

  bool isWide(int k) const { return wide >> k & 1; }
};

// What a statement means: the handler, how many bytes the cells of each row must have (0: as the operand comes), and
// how many rows there must be (0: the maker has looked itself).
struct Semantics {
  Handler run = nullptr;
  std::array<uint8_t, MAX_ROWS> cells{};
  uint32_t mode = 0;
  uint8_t rows = 0;
};

// An error of the running program, as the driver would report it. `lane` is the thread in its block.
struct Fault {
  int code;
  int lane;
  std::string message;
};

// Values in cells: 32-bit cells hold everything up to 32 bits and predicates, 64-bit cells the rest.
template <typename T>
using CellOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <typename T>
T fromCell(CellOf<T> cell) {
  if constexpr (std::is_floating_point_v<T>) return std::bit_cast<T>(cell);
  else if constexpr (std::is_same_v<T, bool>) return cell != 0;
  else return static_cast<T>(cell);
}

template <typename T>
CellOf<T> toCell(T value) {
  if constexpr (std::is_floating_point_v<T>) return std::bit_cast<CellOf<T>>(value);
  else if constexpr (std::is_same_v<T, bool>) return value;
  else return static_cast<std::make_unsigned_t<T>>(value);
}

}  // namespace cudasim
