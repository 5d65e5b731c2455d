// For the drivers that run the addon's C++ under sanitizers, without JavaScript: arguments of any routine, each in
// memory of exactly its size, and comparisons of results. A difference ends the process with a line that says where.
#ifndef TSKEOPS_TEST_HARNESS_H
#define TSKEOPS_TEST_HARNESS_H

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>

#include "run/cpu.h"
#include "run/tileroutine.h"

// Numbers of a routine's dtype, and the indices of its reduction.
struct Reals {
  int64 bytes, length;
  std::vector<char> memory;
  std::vector<int32> indices;

  Reals(int64 bytes, int64 length) : bytes(bytes), length(length), memory(bytes * length) { memory.shrink_to_fit(); }
  double get(int64 k) const {
    if (bytes == 8) return reinterpret_cast<const double *>(memory.data())[k];
    return reinterpret_cast<const float *>(memory.data())[k];
  }
  void set(int64 k, double value) {
    if (bytes == 8) reinterpret_cast<double *>(memory.data())[k] = value;
    else reinterpret_cast<float *>(memory.data())[k] = static_cast<float>(value);
  }
  Input input() const { return {memory.data(), length}; }
  Output output() { return {memory.data(), length, indices.data(), static_cast<int64>(indices.size())}; }
};

// A program of tile kernels as scripts/generated-routines.mjs writes it.
struct TileText {
  std::string isa;
  int64 realBytes = 0;
  std::vector<int64> program;
  std::vector<double> constants;

  explicit TileText(const std::string &path) {
    std::ifstream file(path);
    std::size_t integers = 0, numbers = 0;
    file >> isa >> realBytes >> integers >> numbers;
    program.resize(integers);
    constants.resize(numbers);
    for (int64 &integer : program) file >> integer;
    for (double &number : constants) file >> number;
  }
  Routine routine() const { return tileRoutine(tileLibrary(isa, realBytes), program, constants); }
};

inline bool isTileText(const std::string &path) { return path.ends_with(".tiles"); }

inline const Routine &routineIn(const std::string &path) {
  return routineOf(isTileText(path) ? keepRoutine(TileText(path).routine()) : loadRoutine(path));
}

inline int64 sizeOf(const Routine &routine, int64 variable, int64 rows, int64 columns) {
  const int64 kind = routine.kind(variable);
  return routine.dim(variable) * (kind == KIND_ROW ? rows : kind == KIND_COLUMN ? columns : 1);
}

struct Arguments {
  std::vector<Reals> arrays;
  std::vector<Input> inputs;

  // `entries` times what rows and columns need, with `gap` elements in front of each.
  Arguments(const Routine &routine, int64 rows, int64 columns, unsigned seed, int64 entries = 1, int64 gap = 0) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0.1, 1);
    for (int64 v = 0; v < routine.variables(); v++) {
      arrays.emplace_back(routine.entry(TABLE_REAL_BYTES), entries * (gap + sizeOf(routine, v, rows, columns)));
      for (int64 k = 0; k < arrays.back().length; k++) arrays.back().set(k, uniform(random));
    }
    for (const Reals &array : arrays) inputs.push_back(array.input());
  }
};

inline Reals spaceFor(const Routine &routine, const Plan &plan, int64 length) {
  Reals out(routine.entry(TABLE_REAL_BYTES), length);
  out.indices.assign(plan.entries() * plan.rows * routine.entry(TABLE_INDEX_DIM), -7);
  return out;
}

inline Reals resultOf(const Routine &routine, const Plan &plan, const std::vector<Input> &inputs, int64 length) {
  Reals out = spaceFor(routine, plan, length);
  Watch watch;
  check(routine, plan, inputs, out.output());
  reduce(routine, plan, inputs, out.output(), watch);
  return out;
}

inline Reals blockOf(const Routine &routine, const Rectangle &part, const Arguments &arguments) {
  const int64 pairs = (part.endRow - part.firstRow) * (part.endColumn - part.firstColumn);
  Reals out(routine.entry(TABLE_REAL_BYTES), pairs * routine.entry(TABLE_RESULT_DIM));
  Watch watch;
  check(routine, part, arguments.inputs, out.output());
  block(routine, part, arguments.inputs, out.output(), watch);
  return out;
}

[[noreturn]] inline void fail(const char *what) {
  std::printf("FAILED: %s\n", what);
  std::exit(1);
}

inline void expectSame(const Reals &a, const Reals &b, const char *what) {
  if (a.memory != b.memory || a.indices != b.indices) fail(what);
}

inline void expectNear(const Reals &a, const Reals &b, const char *what) {
  if (a.length != b.length || a.indices != b.indices) fail(what);
  double largest = 0, difference = 0;
  for (int64 k = 0; k < a.length; k++) {
    if (std::isnan(a.get(k)) != std::isnan(b.get(k))) fail(what);
    if (!std::isfinite(a.get(k)) || a.get(k) == b.get(k)) continue;
    largest = std::max(largest, std::abs(a.get(k)));
    difference = std::max(difference, std::abs(a.get(k) - b.get(k)));
  }
  if (!(difference <= (a.bytes == 8 ? 1e-11 : 1e-4) * largest)) fail(what);
}

#endif
