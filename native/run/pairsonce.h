// Sums over all pairs of the same points, each pair evaluated once (pairsonce.cc).
#ifndef TSKEOPS_PAIRSONCE_H
#define TSKEOPS_PAIRSONCE_H

#include "run/cpu.h"

void reducePairsOnce(const Routine &, const Plan &, const std::vector<Input> &, const Output &, Watch &);

#endif
