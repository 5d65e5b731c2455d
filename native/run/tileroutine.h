// Routines of the tile evaluator: programs of precompiled kernels.
#ifndef TSKEOPS_TILEROUTINE_H
#define TSKEOPS_TILEROUTINE_H

#include <string>
#include <vector>

#include "run/library.h"

struct TileLibrary;

// The precompiled kernels for an instruction set and dtype. Throws std::invalid_argument where there are none.
const TileLibrary &tileLibrary(const std::string &isa, int64 realBytes);
// A routine that runs a program of these kernels; its format is told in tileprogram.h. Throws std::out_of_range unless
// all that the program reads and writes exists.
Routine tileRoutine(const TileLibrary &, const std::vector<int64> &program, const std::vector<double> &constants);

#endif
