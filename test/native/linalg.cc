// The dense algebra at odd sizes, for every instruction set of this machine, against plain loops: `linalg sizes` and,
// with several callers and cancellations at once, `linalg threads`. All matrices are in memory of exactly their size.
// Built with sanitizers.
#include <thread>

#include "harness.h"
#include "linalg/linalg.h"
#include "linalg/session.h"
#include "run/instructionset.h"

namespace {

using Numbers = std::vector<double>;

std::mt19937 &generator() {
  static thread_local std::mt19937 random(1);
  return random;
}

template <class T>
std::vector<T> randomNumbers(int64 count) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<T> found(count);
  for (T &value : found) value = static_cast<T>(uniform(generator()));
  return found;
}

// The largest difference is a small part of the largest number.
template <class A, class B>
void expectClose(const A &expected, const B &got, double tolerance, const char *what) {
  if (expected.size() != got.size()) fail(what);
  double largest = 0, difference = 0;
  for (size_t k = 0; k < expected.size(); k++) {
    largest = std::max(largest, std::abs(double(expected[k])));
    const double own = std::abs(double(expected[k]) - double(got[k]));
    if (!(own <= difference)) difference = own;  // NaN too
  }
  if (!(difference <= tolerance * largest)) fail(what);
}

// What `compute` gives, which must be the same bits for any number of threads.
template <class Compute>
auto forAnyThreads(const char *what, Compute compute) {
  Pool::ofProcess().setThreads(1);
  const auto alone = compute();
  for (const int threads : {2, 5}) {
    Pool::ofProcess().setThreads(threads);
    if (compute() != alone) fail(what);
  }
  return alone;
}

// ---- dense factorisations -------------------------------------------------------------------------------------------

// Symmetric, with eigenvalues above 1.
Numbers positiveMatrix(int64 n) {
  const Numbers b = randomNumbers<double>(n * n);
  Numbers a(n * n);
  for (int64 i = 0; i < n; i++)
    for (int64 j = 0; j <= i; j++) {
      double sum = i == j ? 1 : 0;
      for (int64 k = 0; k < n; k++) sum += b[i * n + k] * b[j * n + k];
      a[i * n + j] = a[j * n + i] = sum;
    }
  return a;
}

Numbers lowerHalf(Numbers a, int64 n) {
  for (int64 i = 0; i < n; i++) std::fill(a.begin() + i * n + i + 1, a.begin() + (i + 1) * n, 0);
  return a;
}

// The lower half of L transpose(L).
Numbers squareOf(const Numbers &l, int64 n) {
  Numbers a(n * n);
  for (int64 i = 0; i < n; i++)
    for (int64 j = 0; j <= i; j++)
      for (int64 k = 0; k <= j; k++) a[i * n + j] += l[i * n + k] * l[j * n + k];
  return a;
}

Numbers factorOf(Numbers a, int64 n) {
  if (cholesky(a.data(), n) != 0) fail("a positive matrix has no factor");
  return lowerHalf(std::move(a), n);
}

Numbers inverseOf(const Numbers &l, int64 n) {
  Numbers inverse(n * n, 7);  // what it held does not matter
  choleskyInverse(inverse.data(), l.data(), n);
  return inverse;
}

Numbers productWith(const Numbers &a, const Numbers &x, int64 n, int64 columns) {
  Numbers b(n * columns);
  for (int64 i = 0; i < n; i++)
    for (int64 k = 0; k < n; k++)
      for (int64 c = 0; c < columns; c++) b[i * columns + c] += a[i * n + k] * x[k * columns + c];
  return b;
}

void tryCholesky(int64 n) {
  const Numbers a = positiveMatrix(n);
  const Numbers l = forAnyThreads("cholesky: threads change the bits", [&] { return factorOf(a, n); });
  expectClose(lowerHalf(a, n), squareOf(l, n), 1e-12, "cholesky");
  for (const int64 columns : {0, 1, 3}) {
    const Numbers b = randomNumbers<double>(n * columns);
    const Numbers x = forAnyThreads("choleskySolve: threads change the bits", [&] {
      Numbers own = b;
      choleskySolve(l.data(), own.data(), n, columns);
      return own;
    });
    expectClose(b, productWith(a, x, n, columns), 1e-8, "choleskySolve");
  }
  const Numbers inverse = forAnyThreads("choleskyInverse: threads change the bits", [&] { return inverseOf(l, n); });
  Numbers identity(n * n);
  for (int64 k = 0; k < n; k++) identity[k * n + k] = 1;
  expectClose(identity, productWith(a, inverse, n, n), 1e-8, "choleskyInverse");
}

// The order of the minor that fails is told, wherever it is.
void tryNotPositive(int64 n) {
  for (const int64 row : {int64(0), n / 2, n - 1})
    for (const double pivot : {0.0, -1.0, double(NAN)}) {
      Numbers a(n * n);
      for (int64 i = 0; i < n; i++) a[i * n + i] = i == row ? pivot : 2;
      if (cholesky(a.data(), n) != row + 1) fail("cholesky: a minor that is not positive");
    }
}

void tryLu(int64 n) {
  const Numbers a = randomNumbers<double>(n * n);
  std::vector<int32> order(n);
  const Numbers lu = forAnyThreads("factorLu: threads change the bits", [&] {
    Numbers own = a;
    if (factorLu(own.data(), order.data(), n) != 0) fail("a regular matrix has a pivot 0");
    return own;
  });
  for (const int64 columns : {0, 1, 40}) {
    const Numbers b = randomNumbers<double>(n * columns);
    const Numbers x = forAnyThreads("solveLu: threads change the bits", [&] {
      Numbers own = b;
      solveLu({lu.data(), order.data(), n, false}, own.data(), columns);
      return own;
    });
    expectClose(b, productWith(a, x, n, columns), 1e-8, "solveLu");
  }
}

// ---- low rank -------------------------------------------------------------------------------------------------------

// K = W transpose(W) for W = (F, rest): what F leaves of K is rest transpose(rest).
template <class T>
struct Kernel {
  int64 rows, width = 0;
  std::vector<std::vector<T>> blocks;
  Tall<T> f;
  std::vector<T> rest;
  static constexpr int64 REST = 40;

  Kernel(int64 rows, int64 count) : rows(rows), f{rows, {}}, rest(randomNumbers<T>(rows * REST)) {
    for (int64 n = 0; n < count; n++) {
      const int64 own = (1 + n % 3) * 64 / sizeof(T);
      blocks.push_back(randomNumbers<T>(rows * own));
      width += own;
    }
    for (int64 n = 0; n < count; n++) f.blocks.push_back({blocks[n].data(), (1 + n % 3) * int64(64 / sizeof(T))});
  }
  double inF(int64 row, int64 column) const {
    for (const Columns<T> &block : f.blocks) {
      if (column < block.width) return block.data[row * block.width + column];
      column -= block.width;
    }
    return 0;
  }
  double left(int64 i, int64 j) const {
    double sum = 0;
    for (int64 k = 0; k < REST; k++) sum += double(rest[i * REST + k]) * rest[j * REST + k];
    return sum;
  }
  double whole(int64 i, int64 j) const {
    double sum = left(i, j);
    for (int64 k = 0; k < width; k++) sum += inF(i, k) * inF(j, k);
    return sum;
  }
};

template <class T>
constexpr double TOLERANCE = sizeof(T) == 4 ? 2e-4 : 1e-11;

template <class T>
void tryGram(const Kernel<T> &kernel) {
  const int64 width = kernel.width;
  const Numbers got = forAnyThreads("gram: threads change the bits", [&] {
    Numbers out(width * width);
    gram(out.data(), kernel.f);
    return lowerHalf(out, width);
  });
  Numbers expected(width * width);
  for (int64 p = 0; p < width; p++)
    for (int64 q = 0; q <= p; q++)
      for (int64 i = 0; i < kernel.rows; i++) expected[p * width + q] += kernel.inF(i, p) * kernel.inF(i, q);
  expectClose(expected, got, TOLERANCE<T>, "gram");
}

template <class T>
void trySubtract(const Kernel<T> &kernel, int64 columns) {
  const Numbers x = randomNumbers<double>(kernel.width * columns);
  const std::vector<T> before = randomNumbers<T>(kernel.rows * columns);
  const std::vector<T> got = forAnyThreads("subtractTall: threads change the bits", [&] {
    std::vector<T> out = before;
    subtractTall(out.data(), kernel.f, x.data(), columns);
    return out;
  });
  Numbers expected(before.begin(), before.end());
  for (int64 i = 0; i < kernel.rows; i++)
    for (int64 k = 0; k < kernel.width; k++)
      for (int64 c = 0; c < columns; c++) expected[i * columns + c] -= kernel.inF(i, k) * x[k * columns + c];
  expectClose(expected, got, TOLERANCE<T>, "subtractTall");
}

template <class T>
void tryProject(const Kernel<T> &kernel, int64 columns) {
  const std::vector<T> x = randomNumbers<T>(kernel.rows * columns);
  const Numbers got = forAnyThreads("project: threads change the bits", [&] {
    Numbers out(kernel.width * columns);
    project(out.data(), kernel.f, x.data(), columns);
    return out;
  });
  Numbers expected(kernel.width * columns);
  for (int64 i = 0; i < kernel.rows; i++)
    for (int64 k = 0; k < kernel.width; k++)
      for (int64 c = 0; c < columns; c++) expected[k * columns + c] += kernel.inF(i, k) * x[i * columns + c];
  expectClose(expected, got, TOLERANCE<T>, "project");
}

// (F transpose(F) + alpha I) out, which must be x again.
template <class T>
Numbers shiftedProduct(const Kernel<T> &kernel, const std::vector<T> &out, double alpha, int64 columns) {
  Numbers turned(kernel.width * columns), found(kernel.rows * columns);
  for (int64 i = 0; i < kernel.rows; i++)
    for (int64 k = 0; k < kernel.width; k++)
      for (int64 c = 0; c < columns; c++) turned[k * columns + c] += kernel.inF(i, k) * out[i * columns + c];
  for (int64 i = 0; i < kernel.rows; i++)
    for (int64 c = 0; c < columns; c++) {
      double sum = alpha * out[i * columns + c];
      for (int64 k = 0; k < kernel.width; k++) sum += kernel.inF(i, k) * turned[k * columns + c];
      found[i * columns + c] = sum;
    }
  return found;
}

template <class T>
void tryLowRankSolve(const Kernel<T> &kernel, int64 columns) {
  const double alpha = 3;
  const int64 width = kernel.width;
  Numbers factor(width * width);
  gram(factor.data(), kernel.f);
  for (int64 k = 0; k < width; k++) factor[k * (width + 1)] += alpha;
  if (cholesky(factor.data(), width) != 0) fail("lowRankSolve: the shifted Gram matrix is not positive");
  const std::vector<T> x = randomNumbers<T>(kernel.rows * columns);
  const std::vector<T> out = forAnyThreads("lowRankSolve: threads change the bits", [&] {
    std::vector<T> own(kernel.rows * columns);
    lowRankSolve(own.data(), x.data(), kernel.f, factor.data(), alpha, columns);
    return own;
  });
  expectClose(x, shiftedProduct(kernel, out, alpha, columns), 50 * TOLERANCE<T>, "lowRankSolve");
}

// Every row once, and then some again: what is left of these is rounding.
template <class T>
std::vector<int32> tryChoosePivots(const Kernel<T> &kernel, Numbers &factor) {
  const int64 own = std::min<int64>(kernel.rows, 13), count = own + std::min<int64>(own, 4);
  std::vector<int32> rows(count), accepted(count);
  for (int64 n = 0; n < count; n++) rows[n] = static_cast<int32>(n % own);
  std::vector<T> left(count * count);
  for (int64 i = 0; i < count; i++)
    for (int64 j = 0; j < count; j++) left[i * count + j] = static_cast<T>(kernel.whole(rows[i], rows[j]));
  const Numbers chances(count);
  factor.assign(count * count, 7);
  const Candidates from{rows.data(), chances.data(), count, count, 1e-3, 0};
  const int64 found = choosePivots(left.data(), kernel.f, from, accepted.data(), factor.data());
  if (found != own) fail("choosePivots: rows that repeat are accepted, or others not");
  Numbers expected(own * own), packed(factor.begin(), factor.begin() + own * own);
  for (int64 i = 0; i < own; i++)
    for (int64 j = 0; j <= i; j++) expected[i * own + j] = kernel.left(rows[accepted[i]], rows[accepted[j]]);
  expectClose(expected, squareOf(packed, own), 10 * TOLERANCE<T>, "choosePivots");
  factor = packed;
  for (int64 n = 0; n < own; n++) accepted[n] = rows[accepted[n]];
  accepted.resize(own);
  return accepted;
}

// The new columns C satisfy C transpose(L) = what is left of K at the pivots.
template <class T>
void tryExtend(const Kernel<T> &kernel, const std::vector<int32> &pivots, const Numbers &factor) {
  const auto count = static_cast<int64>(pivots.size());
  const int64 rows = kernel.rows, lanes = 64 / sizeof(T), width = (count + lanes - 1) / lanes * lanes;
  std::vector<int32> padded = pivots;
  padded.resize(width, pivots[0]);
  std::vector<T> left(rows * width), out(rows * width, T(7));
  Numbers residual(rows), expected(rows * count), got(rows * count);
  for (int64 i = 0; i < rows; i++) {
    residual[i] = kernel.left(i, i);
    for (int64 k = 0; k < width; k++) left[i * width + k] = static_cast<T>(kernel.whole(i, padded[k]));
  }
  const Pivots given{padded.data(), factor.data(), count, width};
  const double largest = extend(out.data(), left.data(), kernel.f, given, residual.data());
  double square = 0;
  for (int64 i = 0; i < rows; i++)
    for (int64 k = 0; k < count; k++) {
      expected[i * count + k] = kernel.left(i, pivots[k]);
      for (int64 j = 0; j <= k; j++) got[i * count + k] += out[i * width + j] * factor[k * count + j];
    }
  for (int64 i = 0; i < rows; i++) square += double(out[i * width + count - 1]) * out[i * width + count - 1];
  expectClose(expected, got, 10 * TOLERANCE<T>, "extend");
  if (!(largest >= square * (1 - 1e-6))) fail("extend: the last column is longer than the longest");
  for (const int32 row : pivots)
    if (residual[row] != 0) fail("extend: something is left at a pivot");
}

template <class T>
void tryLowRank(int64 rows, int64 blocks) {
  const Kernel<T> kernel(rows, blocks);
  tryGram(kernel);
  for (const int64 columns : {1, 2, 7, 17, 33}) {
    trySubtract(kernel, columns);
    tryProject(kernel, columns);
    if (blocks > 0) tryLowRankSolve(kernel, columns);
  }
  Numbers factor;
  const std::vector<int32> pivots = tryChoosePivots(kernel, factor);
  tryExtend(kernel, pivots, factor);
}

// ---- the system's LAPACK --------------------------------------------------------------------------------------------

void expectRefusal(const char *library) {
  const std::string before = lapackName();
  try {
    chooseLapack(library);
  } catch (const std::runtime_error &) {
    if (lapackName() != before) fail("chooseLapack: what was chosen before is lost");
    return;
  }
  fail("chooseLapack: a library without the functions is accepted");
}

// What the library gives is what the own code gives, and it fails where that does.
void tryLapack() {
  const int64 n = LEAST_LAPACK_ROWS + 7;
  Numbers a(n * n);
  for (int64 i = 0; i < n; i++)
    for (int64 j = 0; j < n; j++) a[i * n + j] = std::exp(-0.1 * std::abs(double(i - j)));
  chooseLapack("off");
  const Numbers own = factorOf(a, n);
  expectRefusal("/nowhere/liblapack.so");
  expectRefusal("libm.so.6");
  if (chooseLapack("auto").empty()) std::puts("no LAPACK on this machine: its part is left out");
  expectClose(own, factorOf(a, n), 1e-11, "cholesky by LAPACK");
  const Numbers inverse = inverseOf(own, n);
  chooseLapack("off");
  expectClose(inverseOf(own, n), inverse, 1e-10, "choleskyInverse by LAPACK");
  chooseLapack("auto");
  a[700 * n + 700] = -1;
  if (cholesky(a.data(), n) != 701) fail("cholesky by LAPACK: a minor that is not positive");
  chooseLapack("off");
}

// ---- at once, and cut short -----------------------------------------------------------------------------------------

void trySizes() {
  for (const int64 n : {1, 2, 3, 8, 17, 47, 49, 97, 191, 193, 260}) {
    tryCholesky(n);
    tryLu(n);
  }
  for (const int64 n : {1, 50, 250}) tryNotPositive(n);
  for (const int64 rows : {1, 3, 63, 65, 200})
    for (const int64 blocks : {0, 1, 3}) {
      tryLowRank<float>(rows, blocks);
      tryLowRank<double>(rows, blocks);
    }
}

// However far it has come, it ends when the flag is set or the alarm rings, and writes nothing but its own memory.
void cancelCholesky(int instructionSet) {
  const int64 n = 430;
  const Numbers a = positiveMatrix(n);
  for (int round = 0; round < 20; round++) {
    int32 control[4] = {};
    std::atomic<std::uint32_t> alarm{0};
    Watch watch;
    watch.control = control;
    watch.alarm = &alarm;
    Numbers own = a;
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(100 * round));
      if (round % 2) __atomic_store_n(&control[0], 1, __ATOMIC_RELAXED);
      else alarm++;
    });
    {
      const LinalgSession session(watch, instructionSet);
      if (cholesky(own.data(), n) != 0 && !watch.stopped()) fail("cholesky: a positive matrix has no factor");
    }
    canceller.join();
  }
}

// Asked on the thread that calls, and obeyed.
void pollCholesky(int instructionSet) {
  const int64 n = 900;
  Numbers a(n * n);
  for (int64 i = 0; i < n; i++) a[i * n + i] = 2;
  const auto caller = std::this_thread::get_id();
  Watch watch;
  watch.poll = [&] {
    if (std::this_thread::get_id() != caller) fail("poll: asked on another thread");
    return true;
  };
  const LinalgSession session(watch, instructionSet);
  for (int round = 0; round < 1000 && !watch.stopped(); round++) choleskySolve(a.data(), Numbers(n, 1).data(), n, 1);
  if (!watch.stopped()) fail("poll: not asked");
}

void withSession(int instructionSet, void (*body)()) {
  Watch watch;
  const LinalgSession session(watch, instructionSet);
  body();
}

void changeThreads(const std::atomic<bool> &isOver) {
  for (int threads = 1; !isOver; threads = threads % 5 + 1) {
    Pool::ofProcess().setThreads(threads);
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
}

void tryAtOnce(int sets) {
  std::atomic<bool> isOver{false};
  std::thread changer([&] { changeThreads(isOver); });
  std::vector<std::thread> callers;
  for (int set = 0; set < sets; set++) {
    callers.emplace_back([=] { withSession(set, [] {
      for (const int64 n : {49, 193, 260}) {
        tryCholesky(n);
        tryLu(n);
      }
    }); });
    callers.emplace_back([=] { withSession(set, [] {
      tryLowRank<float>(65, 2);
      tryLowRank<double>(130, 1);
    }); });
    callers.emplace_back([=] { cancelCholesky(set); });
  }
  for (std::thread &caller : callers) caller.join();
  isOver = true;
  changer.join();
}

}  // namespace

int main(int count, char **arguments) {
  const int sets = instructionSetNumber(widestInstructionSet()) + 1;
  chooseLapack("off");
  if (count == 2 && std::string(arguments[1]) == "threads") {
    tryAtOnce(sets);
    return 0;
  }
  for (int set = 0; set < sets; set++) {
    withSession(set, trySizes);
    cancelCholesky(set);
    pollCholesky(set);
  }
  withSession(sets - 1, tryLapack);
}
