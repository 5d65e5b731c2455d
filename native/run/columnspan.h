// A call of which one span of the columns comes at a time, because the others are on other machines still.
#ifndef TSKEOPS_COLUMNSPAN_H
#define TSKEOPS_COLUMNSPAN_H

#include <vector>

#include "run/plan.h"
#include "run/watch.h"

// One span of a call whose others come before and after it. Arguments of columns have those of the span alone.
struct ColumnSpan {
  int64 first, end;
  char *state;  // accumulators of all rows: from one span to the next, and merged when the last has come
  int64 stateBytes;
};

std::vector<int64> endsOfSpans(const Routine &, const Plan &);
int64 stateBytes(const Routine &, const Plan &);
// Throws std::invalid_argument or std::out_of_range unless the span is one of the plan, and every element exists.
void check(const Routine &, const Plan &, const ColumnSpan &, const std::vector<Input> &, const Output &);
// Writes `out` with the last span. Spans come in their order.
void reduceSpan(const Routine &, const Plan &, const ColumnSpan &, const std::vector<Input> &, const Output &, Watch &);

#endif
