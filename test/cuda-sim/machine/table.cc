#include "table.h"

#include <string_view>
#include <unordered_map>

namespace cudasim {
namespace {

const std::unordered_map<std::string, const OpcodeRow*>& allRows() {
  static const auto all = [] {
    std::unordered_map<std::string, const OpcodeRow*> rows;
    for (const auto family : {arithmeticRows(), approximationRows(), bitRows(), carryRows(), compareRows(), convertRows(),
                              moveRows(), memoryRows(), atomicRows(), warpRows(), flowRows()})
      for (const OpcodeRow& row : family) rows[row.opcode] = &row;
    return rows;
  }();
  return all;
}

bool knows(const OpcodeRow& row, const std::string& modifier) {
  const std::string_view list = row.modifiers;
  for (size_t from = 0; from < list.size();) {
    const size_t end = std::min(list.find(' ', from), list.size());
    if (list.substr(from, end - from) == modifier) return true;
    from = end + 1;
  }
  return false;
}

}  // namespace

const OpcodeRow& rowOf(const Statement& statement) {
  const auto& rows = allRows();
  auto found = rows.end();
  for (const char* variant : {"cc", "approx", "full", "warp", "red"})  // the same opcode with another meaning
    if (found == rows.end() && statement.has(variant)) found = rows.find(statement.opcode + "." + variant);
  if (found == rows.end()) found = rows.find(statement.opcode);
  if (found == rows.end()) throw PtxError(statement.line, "unknown instruction: " + statement.text);
  for (const std::string& modifier : statement.modifiers)
    if (!knows(*found->second, modifier))
      throw PtxError(statement.line, "unknown modifier ." + modifier + ": " + statement.text);
  return *found->second;
}

}  // namespace cudasim
