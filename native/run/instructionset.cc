#include "run/instructionset.h"

#include <stdexcept>

#include "generated/instructionsets.h"

namespace {

struct InstructionSet {
  const char *name;
  bool isSupported;
};

// __builtin_cpu_supports asks the operating system too, whether it saves wide registers.
#define ROW(name, bytes, supported) {#name, supported},
#define NAME(name, ...) #name,
constexpr const char *NAMES[] = {EACH_INSTRUCTION_SET(NAME)};

}  // namespace

const char *widestInstructionSet() {
  const InstructionSet rows[] = {EACH_INSTRUCTION_SET(ROW)};
  const char *widest = rows[0].name;
  for (const InstructionSet &row : rows) {
    if (!row.isSupported) break;  // each row needs what the one before needs
    widest = row.name;
  }
  return widest;
}

int instructionSetNumber(const std::string &name) {
  int number = 0;
  for (const char *known : NAMES) {
    if (name == known) return number;
    number++;
  }
  throw std::invalid_argument("instruction set: expected one that the addon was built for, got " + name);
}
