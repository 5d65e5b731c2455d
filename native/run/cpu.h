// Runs a checked call on the pool. Its one idea: a plan cuts the work into numbered units, and a unit's result depends
// on nothing but its number. It must know nothing of JavaScript, so that it can be tested without it.
#ifndef TSKEOPS_CPU_H
#define TSKEOPS_CPU_H

#include <vector>

#include "run/plan.h"
#include "run/watch.h"

// Write `out`, or throw Interrupted (then `out` is partly written) or std::bad_alloc. Arguments must have been checked.
void reduce(const Routine &, const Plan &, const std::vector<Input> &, const Output &, Watch &);
// Sums over all pairs of the same points, each pair evaluated once (pairsonce.cc): what `reduce` does with routines of
// that form.
void reducePairsOnce(const Routine &, const Plan &, const std::vector<Input> &, const Output &, Watch &);
void block(const Routine &, const Rectangle &, const std::vector<Input> &, const Output &, Watch &);

#endif
