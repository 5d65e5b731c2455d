// Columns are reduced span by span, and spans are merged in their order: one that comes alone, because the others are on
// other machines still, leaves the same bits.
#ifndef TSKEOPS_SPANS_H
#define TSKEOPS_SPANS_H

#include "run/plan.h"
#include "run/watch.h"

// Columns of a span at most. Long enough for what it costs to merge two, and to begin the K best anew.
constexpr int64 SPAN_COLUMNS = int64(1) << 16;

struct RowInterval {
  int64 first, end;
};

// The accumulators of these rows over the columns first … end, span by span.
void reduceSpans(const Routine &, const Job &, RowInterval, int64 firstColumn, int64 endColumn, char *accumulators);

// One span of a call whose others come before and after it. Arguments of columns have those of the span alone.
struct ColumnSpan {
  int64 first, end;
  char *state;  // accumulators of all rows: from one span to the next, and merged when the last has come
  int64 stateBytes;
};

std::vector<int64> endsOfSpans(const Plan &);
int64 stateBytes(const Routine &, const Plan &);
// Throws std::invalid_argument or std::out_of_range unless the span is one of the plan, and every element exists.
void check(const Routine &, const Plan &, const ColumnSpan &, const std::vector<Input> &, const Output &);
// Writes `out` with the last span. Spans come in their order.
void reduceSpan(const Routine &, const Plan &, const ColumnSpan &, const std::vector<Input> &, const Output &, Watch &);

#endif
