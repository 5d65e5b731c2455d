// The instruction set as a table: opcode -> the modifiers it knows -> what it does. Each family of instructions is a
// table of its own in the file of that name.
#pragma once
#include <span>

#include "instruction.h"

namespace cudasim {

// Gives the semantics of a statement, or an empty one if it does not know these types.
using Maker = Semantics (*)(const Statement&);

struct OpcodeRow {
  const char* opcode;     // "add"; "add.cc" is looked up first for add with the modifier cc
  const char* modifiers;  // those the maker understands, or that rightly change nothing here; any other is an error
  Maker make = nullptr;
  Flow flow = Flow::Next;
};

std::span<const OpcodeRow> arithmeticRows();
std::span<const OpcodeRow> approximationRows();
std::span<const OpcodeRow> bitRows();
std::span<const OpcodeRow> carryRows();
std::span<const OpcodeRow> compareRows();
std::span<const OpcodeRow> convertRows();
std::span<const OpcodeRow> moveRows();
std::span<const OpcodeRow> memoryRows();
std::span<const OpcodeRow> atomicRows();
std::span<const OpcodeRow> warpRows();
std::span<const OpcodeRow> flowRows();

// The row of a statement. Throws a PtxError that quotes the statement if there is none.
const OpcodeRow& rowOf(const Statement& statement);

}  // namespace cudasim
