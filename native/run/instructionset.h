// Which of the instruction sets that the addon was built for this processor has. The table is written by the build from
// src/codegen/isa.ts.
#ifndef TSKEOPS_INSTRUCTIONSET_H
#define TSKEOPS_INSTRUCTIONSET_H

#include <string>

// The widest that the processor and the operating system support, by name.
const char *widestInstructionSet();

// Its place in the table. Throws std::invalid_argument for a name that is not there.
int instructionSetNumber(const std::string &name);

#endif
