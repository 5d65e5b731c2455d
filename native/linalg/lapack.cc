#include "linalg/linalg.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <stdexcept>
#include <type_traits>

#include "linalg/session.h"
#include "run/sharedlibrary.h"

namespace {

// How a library counts its threads; one that has none of these takes its own number.
struct ThreadFunctions {
  const char *set, *get;
};
constexpr ThreadFunctions THREAD_FUNCTIONS[] = {
    {"openblas_set_num_threads", "openblas_get_num_threads"},
    {"MKL_Set_Num_Threads", "MKL_Get_Max_Threads"},
};

// Integers are 32 or 64 bits wide, as the library was built: a 64-bit one with a small value is read rightly as either
// (little-endian).
using Integer = const int64_t &;
using Flag = const char &;
using Length = std::size_t;  // of a string: the hidden last arguments of Fortran

struct Lapack {
  std::string name;
  void (*dpotrf_)(Flag uplo, Integer n, double *a, Integer lda, int64_t &info, Length);
  void (*dtrsm_)(Flag side, Flag uplo, Flag trans, Flag diag, Integer m, Integer n, const double &alpha, const double *a, Integer lda,
                 double *b, Integer ldb, Length, Length, Length, Length);
  void (*dsyrk_)(Flag uplo, Flag trans, Integer n, Integer k, const double &alpha, const double *a, Integer lda, const double &beta,
                 double *c, Integer ldc, Length, Length);
  void (*dgemm_)(Flag transA, Flag transB, Integer m, Integer n, Integer k, const double &alpha, const double *a, Integer lda,
                 const double *b, Integer ldb, const double &beta, double *c, Integer ldc, Length, Length);
  void (*setThreads)(int);
  int (*getThreads)();
};

std::mutex guard;  // of what follows; never held for long
Lapack opened;
bool isChosen = false;
std::timed_mutex running;  // held while a library factorises, whose number of threads is one for all

template <class F>
bool find(void *library, const char *name, F &function) {
  function = reinterpret_cast<F>(sharedlibrary::symbol(library, name));
  return function;
}

// Why it cannot be used, or nothing. Never closed: it has threads of its own.
std::string open(const std::string &name, Lapack &found) {
  void *const library = sharedlibrary::open(name);
  if (!library) return sharedlibrary::lastError();
  found.name = name;
  if (!find(library, "dpotrf_", found.dpotrf_) || !find(library, "dtrsm_", found.dtrsm_) || !find(library, "dsyrk_", found.dsyrk_) ||
      !find(library, "dgemm_", found.dgemm_))
    return found.name + " lacks one of dpotrf_, dtrsm_, dsyrk_, dgemm_";
  for (const ThreadFunctions &functions : THREAD_FUNCTIONS)
    if (find(library, functions.set, found.setThreads) && find(library, functions.get, found.getThreads)) return {};
  found.setThreads = nullptr;
  return {};
}

Lapack openFirst() {
  for (const char *name : sharedlibrary::namesOfLapack()) {
    Lapack found{};
    if (open(name, found).empty()) return found;
  }
  return {};
}

Lapack openPath(const std::string &path) {
  Lapack found{};
  const std::string why = open(path, found);
  if (!why.empty()) throw std::runtime_error(why);
  return found;
}

std::string choose(const std::string &choice) {
  opened = choice == "off" ? Lapack{} : choice == "auto" ? openFirst() : openPath(choice);
  isChosen = true;
  return opened.name;
}

Lapack chosen() {
  const std::lock_guard lock(guard);
  if (!isChosen) choose("auto");
  return opened;
}

// Waits for another factorisation to end; false if this one is to stop before.
bool takesTurn(std::unique_lock<std::timed_mutex> &turn) {
  Watch &watch = LinalgSession::current().watch;
  while (!turn.try_lock_for(std::chrono::milliseconds(10))) {
    watch.askPoll();
    if (watch.stopping()) return false;
  }
  return true;
}

// The pool's number of threads, while it lives.
class ThreadsOfPool {
 public:
  explicit ThreadsOfPool(const Lapack &lapack) : lapack(lapack), before(lapack.setThreads ? lapack.getThreads() : 0) {
    if (lapack.setThreads) lapack.setThreads(Pool::ofProcess().threads());
  }
  ~ThreadsOfPool() {
    if (lapack.setThreads) lapack.setThreads(before);
  }
  ThreadsOfPool(const ThreadsOfPool &) = delete;

 private:
  const Lapack &lapack;
  const int before;
};

// ---- the factorisation: a lower half by rows is an upper half by columns ----------------------------------------------------------

constexpr int64_t BLOCK = 256;
constexpr int64_t MULTIPLICATIONS = 1 << 30;  // of one call of the library, which nothing can interrupt: some 0.05 s

struct Upper {
  double *data;
  int64_t n;
  double *at(int64_t row, int64_t column) const { return data + column * n + row; }
};

// Columns [column, end) right of a finished block of rows [first, last): its rows there, then what is below them.
void eliminate(const Lapack &lapack, const Upper &a, int64_t first, int64_t last, int64_t column, int64_t end) {
  const int64_t width = end - column, height = last - first, above = column - last;
  lapack.dtrsm_('L', 'U', 'T', 'N', height, width, 1, a.at(first, first), a.n, a.at(first, column), a.n, 1, 1, 1, 1);
  if (above > 0)
    lapack.dgemm_('T', 'N', above, width, height, -1, a.at(first, last), a.n, a.at(first, column), a.n, 1, a.at(last, column), a.n, 1, 1);
  lapack.dsyrk_('U', 'T', width, height, -1, a.at(first, column), a.n, 1, a.at(column, column), a.n, 1, 1);
}

int64_t factorise(const Lapack &lapack, const Upper &a) {
  const int64_t n = a.n;
  const int64_t blocks = (n + BLOCK - 1) / BLOCK;
  Watch &watch = LinalgSession::current().watch;
  watch.begin((blocks - 1) * n - BLOCK * blocks * (blocks - 1) / 2);  // the sum of what is added below
  for (int64_t first = 0; first < n; first += BLOCK) {
    const int64_t last = std::min(n, first + BLOCK);
    int64_t info = 0;
    lapack.dpotrf_('U', last - first, a.at(first, first), n, info, 1);
    if (const auto order = static_cast<std::int32_t>(info)) return first + std::max(order, 1);
    // Libraries may take NaN and infinity for pivots like others.
    for (int64_t k = first; k < last; k++)
      if (!std::isfinite(*a.at(k, k))) return k + 1;
    const int64_t width = std::max(BLOCK, MULTIPLICATIONS / (BLOCK * n));
    for (int64_t column = last; column < n; column += width) {
      watch.askPoll();
      if (watch.stopping()) return 0;
      eliminate(lapack, a, first, last, column, std::min(n, column + width));
      watch.done(std::min(width, n - column));
    }
  }
  return 0;
}

}  // namespace

std::string chooseLapack(const std::string &choice) {
  const std::lock_guard lock(guard);
  return choose(choice);
}

void initialLapack(const std::string &choice) {
  const std::lock_guard lock(guard);
  if (!isChosen) choose(choice);
}

std::string lapackName() { return chosen().name; }

bool choleskyByLapack(double *a, int64_t n, int64_t &failed) {
  const Lapack lapack = chosen();
  if (lapack.name.empty()) return false;
  failed = 0;
  std::unique_lock turn(running, std::defer_lock);
  if (!takesTurn(turn)) return true;
  const ThreadsOfPool whileRunning(lapack);
  failed = factorise(lapack, {a, n});
  return true;
}
