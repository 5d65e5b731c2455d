// Columns are reduced span by span, and spans are merged in their order: one that comes alone, because the others are on
// other machines still, leaves the same bits.
#ifndef TSKEOPS_SPANS_H
#define TSKEOPS_SPANS_H

#include "run/library.h"
#include "run/watch.h"

// Columns of a span at most: fewer where each has many numbers, for a machine that has not room for all has room for two
// spans. Long enough for what it costs to merge two, and to begin the K best anew.
int64 spanColumns(const Routine &);

struct RowInterval {
  int64 first, end;
};

// The accumulators of these rows over the columns first … end, span by span; of some of them only where the watch stops.
void reduceSpans(const Routine &, const Job &, RowInterval, int64 firstColumn, int64 endColumn, char *accumulators, Watch &);

// What that is made of: the first span of some rows, and one that is merged into those before it.
void reduceFirst(const Routine &, const Job &, RowInterval, int64 firstColumn, int64 endColumn, char *accumulators);
void reduceLater(const Routine &, const Job &, RowInterval, int64 firstColumn, int64 endColumn, char *accumulators);

#endif
