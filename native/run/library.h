// Loaded routines, by number: compiled ones from their files, and those that are made of tile kernels.
#ifndef TSKEOPS_LIBRARY_H
#define TSKEOPS_LIBRARY_H

#include <functional>
#include <string>
#include <vector>

#include "text/common/routine.h"

// A loaded routine, compiled or made of tile kernels; lives as long as the process.
struct Routine {
  std::vector<int64> table;
  std::function<decltype(keops_prepare)> prepare;
  std::function<decltype(keops_reduce)> reduce;
  std::function<decltype(keops_pairs_once)> pairsOnce;  // in place of `reduce`, or empty
  std::function<decltype(keops_finish)> finish;
  std::function<decltype(keops_block)> block;

  int64 entry(TableEntry which) const { return table[which]; }
  int64 variables() const { return table[TABLE_VARIABLES]; }
  int64 kind(int64 variable) const { return table[TABLE_SIZE + 2 * variable]; }
  int64 dim(int64 variable) const { return table[TABLE_SIZE + 2 * variable + 1]; }
};

// The number of the routine in this file, once per path and process. Throws std::runtime_error with the loader's
// reason.
int64 loadRoutine(const std::string &path);
// The number of a routine that was made otherwise.
int64 keepRoutine(Routine);
// Throws std::out_of_range for a number that loadRoutine did not give.
const Routine &routineOf(int64 number);

#endif
