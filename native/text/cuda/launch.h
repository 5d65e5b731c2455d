// What kernels are told: the addon fills these structures in, kernels read them. Both include this text, after
// `int64` and `int32`; an address is a pointer for kernels and a number for the addon.
#ifdef __CUDACC__
#define ADDRESS(type) type *
#else
#define ADDRESS(type) unsigned long long
#endif

// One launch of a routine, with the addresses of its arguments behind it: blockIdx is (block of rows, part of the
// columns, entry of the batch).
struct LaunchHead {
  int64 rows, columns;
  int64 firstBlock;                  // of the blocks of rows
  int64 partColumns, parts;          // columns that one part visits; without ranges
  int64 firstEntry;                  // of the batch
  ADDRESS(const int64) offsets;      // [entries][variables + 1]: where each entry begins in the arguments and in out; null: at 0
  ADDRESS(const int64) rowBlocks;    // with ranges, [blocks][4]: first row, end row, first interval, end interval; else null
  ADDRESS(const int64) intervals;    // with ranges, [n][2]
  ADDRESS(void) accumulators;        // [entries of the launch][parts][rows]
  ADDRESS(void) out;
  ADDRESS(int32) indices;
};

// An operation on vectors.
struct VectorJob {
  int64 rows, columns, rank, parts;
  double number;
  ADDRESS(void) operands[4];
};

// Steps on scalars, one after the other: out = a / b, and 0 where b is 0; a > b ? above : otherwise; 0. Operands are
// a, b, above, otherwise.
enum { STEP_DIVIDE = 0, STEP_SELECT = 1, STEP_ZERO = 2 };
struct ScalarStep {
  int64 operation;
  ADDRESS(const double) operands[4];
  ADDRESS(double) out;
};
struct ScalarSteps {
  int64 columns, count;
  ScalarStep steps[16];
};

// Compilers of the addon and of kernels must lay them out alike.
static_assert(sizeof(LaunchHead) == 96 && sizeof(VectorJob) == 72 && sizeof(ScalarStep) == 48, "layout");
static_assert(sizeof(ScalarSteps) == 16 + 16 * sizeof(ScalarStep), "layout");

#undef ADDRESS
