// What solvers do with vectors on a GPU, beside the product with K: one file of CUDA C++ per dtype, which
// src/device/vectorkernels.ts compiles. A vector is [rows][columns], its columns independent; a scalar is one double
// per column, and computed with here, so that nothing comes back. Arithmetic is done in double, as on the processor.
// Sums are taken in parts that depend on sizes alone, and added in their order: the same bits on every device. Follows
// launch.h. native/cuda/cudavectors.cc holds the table of these functions and checks their operands.

#if KEOPS_DOUBLE
typedef double real;
#else
typedef float real;
#endif

enum { THREADS = 256, WARP = 32 };

typedef VectorJob Job;

#define ENTRY extern "C" __global__ void __launch_bounds__(THREADS)
#define INLINE static __device__ __forceinline__
#define OPERAND(n, type, name) type *const name = (type *)job.operands[n]

INLINE int64 ownPlace() { return int64(blockIdx.x) * THREADS + threadIdx.x; }

// ---- component by component ------------------------------------------------------------------------------------------------------

ENTRY keops_fill(Job job) {
  OPERAND(0, real, out);
  const int64 at = ownPlace();
  if (at < job.rows * job.columns) out[at] = (real)job.number;
}

// y += number alpha x
ENTRY keops_axpy(Job job) {
  OPERAND(0, const double, alpha);
  OPERAND(1, const real, x);
  OPERAND(2, real, y);
  const int64 at = ownPlace();
  if (at < job.rows * job.columns) y[at] = (real)(y[at] + job.number * alpha[at % job.columns] * x[at]);
}

// y = x + alpha y
ENTRY keops_xpay(Job job) {
  OPERAND(0, const real, x);
  OPERAND(1, const double, alpha);
  OPERAND(2, real, y);
  const int64 at = ownPlace();
  if (at < job.rows * job.columns) y[at] = (real)(x[at] + alpha[at % job.columns] * y[at]);
}

ENTRY keops_narrow(Job job) {
  OPERAND(0, const double, x);
  OPERAND(1, float, out);
  const int64 at = ownPlace();
  if (at < job.rows * job.columns) out[at] = (float)x[at];
}

ENTRY keops_widen(Job job) {
  OPERAND(0, const float, x);
  OPERAND(1, double, out);
  const int64 at = ownPlace();
  if (at < job.rows * job.columns) out[at] = x[at];
}

// Indices as numbers.
ENTRY keops_convert(Job job) {
  OPERAND(0, const int, x);
  OPERAND(1, real, out);
  const int64 at = ownPlace();
  if (at < job.rows) out[at] = (real)x[at];
}

// y += number x
ENTRY keops_add(Job job) {
  OPERAND(0, const real, x);
  OPERAND(1, real, y);
  const int64 at = ownPlace();
  if (at < job.rows * job.columns) y[at] = (real)(y[at] + job.number * x[at]);
}

// ---- elements by their places among the `rank` of x; a place that does not exist gives NaN ------------------------------------------

INLINE double elementAt(const real *x, int64 place, int64 count) {
  return place >= 0 && place < count ? double(x[place]) : __longlong_as_double(0x7ff8000000000000);
}

ENTRY keops_take(Job job) {
  OPERAND(0, const real, x);
  OPERAND(1, const int, places);
  OPERAND(2, real, out);
  const int64 at = ownPlace();
  if (at < job.rows) out[at] = (real)elementAt(x, places[at], job.rank);
}

// The same of indices; a place that does not exist gives -1.
ENTRY keops_pick(Job job) {
  OPERAND(0, const int, x);
  OPERAND(1, const int, places);
  OPERAND(2, int, out);
  const int64 at = ownPlace();
  if (at < job.rows) out[at] = places[at] >= 0 && places[at] < job.rank ? x[places[at]] : -1;
}

// Element n of the result is the sum over those of x at order[starts[n]], ..., order[starts[n + 1] - 1].
ENTRY keops_scatter(Job job) {
  OPERAND(0, const real, x);
  OPERAND(1, const int, order);
  OPERAND(2, const int, starts);
  OPERAND(3, real, out);
  const int64 at = ownPlace();
  if (at >= job.rows) return;
  double sum = 0;
  for (int64 k = starts[at] < 0 ? 0 : starts[at]; k < starts[at + 1] && k < job.rank; k++) sum += elementAt(x, order[k], job.rank);
  out[at] = (real)sum;
}

// ---- down the columns: block (part, column), then one thread per column over the parts ------------------------------------------------

struct Rows {
  int64 begin, end;
};
INLINE Rows rowsOfPart(const Job &job, int64 part) {
  const int64 length = (job.rows + job.parts - 1) / job.parts, begin = part * length;
  return {begin, begin + length < job.rows ? begin + length : job.rows};
}

struct Sum {
  INLINE double of(double a, double b) { return a + b; }
};
// NaN where either is.
struct Largest {
  INLINE double of(double a, double b) { return a > b || a != a ? a : b; }
};

// What the threads of a block have found, together; in thread 0.
template <class Merge> INLINE double merged(double own) {
  __shared__ double found[THREADS];
  found[threadIdx.x] = own;
  for (int half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) found[threadIdx.x] = Merge::of(found[threadIdx.x], found[threadIdx.x + half]);
  }
  return threadIdx.x == 0 ? found[0] : 0;
}

ENTRY keops_dot(Job job) {
  OPERAND(0, const real, a);
  OPERAND(1, const real, b);
  OPERAND(2, double, parts);
  const Rows own = rowsOfPart(job, blockIdx.x);
  double sum = 0;
  for (int64 row = own.begin + threadIdx.x; row < own.end; row += THREADS) {
    const int64 at = row * job.columns + blockIdx.y;
    sum += double(a[at]) * double(b[at]);
  }
  sum = merged<Sum>(sum);
  if (threadIdx.x == 0) parts[blockIdx.x * job.columns + blockIdx.y] = sum;
}

ENTRY keops_peak(Job job) {
  OPERAND(0, const real, x);
  OPERAND(1, double, parts);
  const Rows own = rowsOfPart(job, blockIdx.x);
  double largest = 0;
  for (int64 row = own.begin + threadIdx.x; row < own.end; row += THREADS)
    largest = Largest::of(largest, fabs(double(x[row * job.columns + blockIdx.y])));
  largest = merged<Largest>(largest);
  if (threadIdx.x == 0) parts[blockIdx.x * job.columns + blockIdx.y] = largest;
}

template <class Merge> INLINE void mergeParts(const Job &job) {
  OPERAND(0, const double, parts);
  OPERAND(1, double, out);
  const int64 column = ownPlace();
  if (column >= job.columns) return;
  double all = parts[column];
  for (int64 part = 1; part < job.parts; part++) all = Merge::of(all, parts[part * job.columns + column]);
  out[column] = all;
}
ENTRY keops_sum(Job job) { mergeParts<Sum>(job); }
ENTRY keops_largest(Job job) { mergeParts<Largest>(job); }

// ---- low-rank preconditioners: (x - W Wt x) / alpha, W [rows][rank] -----------------------------------------------------------------------

// Parts of Wt x, each [rank][columns]; block (components, part, column).
ENTRY keops_project(Job job) {
  OPERAND(0, const real, w);
  OPERAND(1, const real, x);
  OPERAND(2, double, parts);
  const int64 component = ownPlace();
  if (component >= job.rank) return;
  const Rows own = rowsOfPart(job, blockIdx.y);
  double sum = 0;
  for (int64 row = own.begin; row < own.end; row++)
    sum += double(w[row * job.rank + component]) * double(x[row * job.columns + blockIdx.z]);
  parts[(blockIdx.y * job.rank + component) * job.columns + blockIdx.z] = sum;
}

// out = number (x - W z), a warp for each number of it.
ENTRY keops_complete(Job job) {
  OPERAND(0, const real, w);
  OPERAND(1, const double, z);
  OPERAND(2, const real, x);
  OPERAND(3, real, out);
  const int64 at = ownPlace() / WARP;
  if (at >= job.rows * job.columns) return;
  const int64 row = at / job.columns, column = at % job.columns;
  double sum = 0;
  for (int64 k = threadIdx.x % WARP; k < job.rank; k += WARP) sum += double(w[row * job.rank + k]) * z[k * job.columns + column];
  for (int half = WARP / 2; half > 0; half /= 2) sum += __shfl_down_sync(0xffffffff, sum, half);
  if (threadIdx.x % WARP == 0) out[at] = (real)(job.number * (x[at] - sum));
}

// W = F T for an upper triangular T [rank][rank].
ENTRY keops_triangular(Job job) {
  OPERAND(0, const real, f);
  OPERAND(1, const double, t);
  OPERAND(2, real, w);
  const int64 at = ownPlace();
  if (at >= job.rows * job.rank) return;
  const int64 row = at / job.rank, column = at % job.rank;
  double sum = 0;
  for (int64 k = 0; k <= column; k++) sum += f[row * job.rank + k] * t[k * job.rank + column];
  w[at] = (real)sum;
}

// ---- scalars: several steps one after the other, a thread for each column -------------------------------------------------------------------

INLINE double resultOf(const ScalarStep &step, int64 k) {
  const double *const a = step.operands[0], *const b = step.operands[1];
  if (step.operation == STEP_DIVIDE) return b[k] == 0 ? 0 : a[k] / b[k];
  if (step.operation == STEP_SELECT) return a[k] > b[k] ? step.operands[2][k] : step.operands[3][k];
  return 0;
}

ENTRY keops_steps(ScalarSteps all) {
  const int64 column = ownPlace();
  if (column >= all.columns) return;
  for (int64 n = 0; n < all.count; n++) all.steps[n].out[column] = resultOf(all.steps[n], column);
}
