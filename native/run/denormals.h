// Exponentials underflow into denormals, which cost some 150 cycles each: they are taken for zero and flushed to zero
// while a FlushDenormals lives, in its thread. Setting the mode waits for all arithmetic under way, so it is set once
// per task, not per block. A KeepDenormals in it computes with them again.
#ifndef TSKEOPS_DENORMALS_H
#define TSKEOPS_DENORMALS_H

#if defined(__SSE2__)
struct FlushDenormals {
  const unsigned callers = __builtin_ia32_stmxcsr();
  FlushDenormals() { __builtin_ia32_ldmxcsr(callers | 0x8040); }
  ~FlushDenormals() { __builtin_ia32_ldmxcsr(callers); }
  FlushDenormals(const FlushDenormals &) = delete;
};
struct KeepDenormals {
  const unsigned callers = __builtin_ia32_stmxcsr();
  KeepDenormals() { __builtin_ia32_ldmxcsr(callers & ~0x8040u); }
  ~KeepDenormals() { __builtin_ia32_ldmxcsr(callers); }
  KeepDenormals(const KeepDenormals &) = delete;
};
#else
struct FlushDenormals {
  FlushDenormals() {}
  ~FlushDenormals() {}
};
struct KeepDenormals {
  KeepDenormals() {}
  ~KeepDenormals() {}
};
#endif

#endif
