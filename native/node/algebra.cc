// Dense algebra: the functions of linalg/linalg.h. Every length, index and overlap is checked before anything runs.
#include "linalg/linalg.h"
#include "node/densework.h"

namespace {

// F, and its memory as matrices, against which results are held.
template <class T>
struct Factor {
  Tall<T> tall;
  std::vector<Matrix<T>> blocks;
  int64 width = 0;
};

// Blocks of F, each of them [rows, a multiple of 64 bytes].
template <class T>
Factor<T> factorAt(Info info, size_t position, int64 rows) {
  constexpr int64 LANES = 64 / sizeof(T);
  Factor<T> found{{rows, {}}, {}};
  for (const napi_value element : toElements(info.Env(), info[position], "blocks")) {
    const Matrix<T> block = matrixOf<T>(Napi::Value(info.Env(), element), "block");
    const int64 width = rows == 0 ? 0 : block.length / rows;
    if (width * rows != block.length || width % LANES != 0)
      throw std::out_of_range("block: expected " + std::to_string(rows) + " rows of a multiple of " + std::to_string(LANES) + " numbers, got " +
                              std::to_string(block.length) + " elements");
    found.tall.blocks.push_back({block.data, width});
    found.blocks.push_back(block);
    found.width += width;
  }
  return found;
}

template <class T, class U>
void refuseOverlap(const Matrix<T> &written, const Factor<U> &read) {
  for (const Matrix<U> &block : read.blocks) refuseOverlap(written, block, "a block");
}

struct Cholesky : DenseWork {
  explicit Cholesky(Info info) : DenseWork(info) {
    const int64 n = sizeAt(info, 1, "n");
    const auto a = matrixAt<double>(info, 0, "a", n, n);
    watch.control = toControl(info.Env(), info[2]);
    work = [=] { return static_cast<double>(cholesky(a.data, n)); };
    multiplications = double(n) * double(n) * double(n) / 6;
  }
};

struct CholeskySolve : DenseWork {
  explicit CholeskySolve(Info info) : DenseWork(info) {
    const int64 n = sizeAt(info, 2, "n"), columns = sizeAt(info, 3, "columns");
    const auto l = matrixAt<double>(info, 0, "l", n, n), x = matrixAt<double>(info, 1, "x", n, columns);
    refuseOverlap(x, l, "l");
    watch.control = toControl(info.Env(), info[4]);
    work = [=] {
      choleskySolve(l.data, x.data, n, columns);
      return 0.0;
    };
    multiplications = double(n) * double(n) * double(columns);
  }
};

struct CholeskyInverse : DenseWork {
  explicit CholeskyInverse(Info info) : DenseWork(info) {
    const int64 n = sizeAt(info, 2, "n");
    const auto out = matrixAt<double>(info, 0, "out", n, n), l = matrixAt<double>(info, 1, "l", n, n);
    refuseOverlap(out, l, "l");
    watch.control = toControl(info.Env(), info[3]);
    work = [=] {
      choleskyInverse(out.data, l.data, n);
      return 0.0;
    };
    multiplications = double(n) * double(n) * double(n) / 3;
  }
};

// Reading the blocks of F may run a getter, which can take the memory of other arguments away: they are read first.

template <class T>
std::function<double()> choosePivotsOf(Info info, int64 rows) {
  const Factor<T> f = factorAt<T>(info, 1, rows);
  const std::vector<int32> candidates = rowsAt(info, 2, "candidates", rows);
  const auto count = static_cast<int64>(candidates.size());
  const auto left = matrixAt<T>(info, 0, "left", count, count);
  const auto chances = matrixAt<double>(info, 3, "chances", count, 1), factor = matrixAt<double>(info, 5, "factor", count, count);
  const auto accepted = matrixAt<int32>(info, 4, "accepted", count, 1);
  const int64 most = sizeAt(info, 7, "most");
  const double negligible = numberAt(info, 8, "negligible"), floor = numberAt(info, 9, "floor");
  refuseOverlap(left, f);
  refuseOverlap(factor, left, "left");
  refuseOverlap(factor, f);
  return [=] {
    const Candidates from{candidates.data(), chances.data, count, most, negligible, floor};
    return double(choosePivots(left.data, f.tall, from, accepted.data, factor.data));
  };
}

template <class T>
std::function<double()> extendOf(Info info, int64 rows, int64 count) {
  const Factor<T> f = factorAt<T>(info, 2, rows);
  const std::vector<int32> pivots = rowsAt(info, 3, "pivots", rows);
  const auto width = static_cast<int64>(pivots.size());
  const auto out = matrixAt<T>(info, 0, "out", rows, width), left = matrixAt<T>(info, 1, "left", rows, width);
  const auto factor = matrixAt<double>(info, 4, "factor", count, count), residual = matrixAt<double>(info, 5, "residual", rows, 1);
  if (count > width) throw std::out_of_range("count: expected no more than pivots, got " + std::to_string(count));
  refuseOverlap(out, left, "left");
  refuseOverlap(out, f);
  refuseOverlap(left, f);
  for (const auto &written : {out, left}) {
    refuseOverlap(written, factor, "factor");
    refuseOverlap(residual, written, "residual");
  }
  refuseOverlap(residual, factor, "factor");
  refuseOverlap(residual, f);
  return [=] { return extend(out.data, left.data, f.tall, Pivots{pivots.data(), factor.data, count, width}, residual.data); };
}

template <class T>
std::function<double()> gramOf(Info info, int64 rows) {
  const Factor<T> f = factorAt<T>(info, 1, rows);
  const auto out = matrixAt<double>(info, 0, "out", f.width, f.width);
  refuseOverlap(out, f);
  return [=] {
    gram(out.data, f.tall);
    return 0.0;
  };
}

template <class T>
std::function<double()> projectOf(Info info, int64 rows, int64 columns) {
  const Factor<T> f = factorAt<T>(info, 1, rows);
  const auto out = matrixAt<double>(info, 0, "out", f.width, columns);
  const auto x = matrixAt<T>(info, 2, "x", rows, columns);
  refuseOverlap(out, f);
  refuseOverlap(out, x, "x");
  return [=] {
    project(out.data, f.tall, x.data, columns);
    return 0.0;
  };
}

template <class T>
std::function<double()> subtractTallOf(Info info, int64 rows, int64 columns) {
  const Factor<T> f = factorAt<T>(info, 1, rows);
  const auto out = matrixAt<T>(info, 0, "out", rows, columns);
  const auto x = matrixAt<double>(info, 2, "x", f.width, columns);
  refuseOverlap(out, f);
  refuseOverlap(out, x, "x");
  return [=] {
    subtractTall(out.data, f.tall, x.data, columns);
    return 0.0;
  };
}

template <class T>
std::function<double()> lowRankSolveOf(Info info, int64 rows, int64 columns) {
  const Factor<T> f = factorAt<T>(info, 2, rows);
  const auto out = matrixAt<T>(info, 0, "out", rows, columns), x = matrixAt<T>(info, 1, "x", rows, columns);
  const auto factor = matrixAt<double>(info, 3, "factor", f.width, f.width);
  const double alpha = numberAt(info, 4, "alpha");
  refuseOverlap(out, x, "x");
  refuseOverlap(out, f);
  refuseOverlap(out, factor, "factor");
  return [=] {
    lowRankSolve(out.data, x.data, f.tall, factor.data, alpha, columns);
    return 0.0;
  };
}

struct ChoosePivots : DenseWork {
  explicit ChoosePivots(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 6, "rows");
    work = isFloat32(info, 0) ? choosePivotsOf<float>(info, rows) : choosePivotsOf<double>(info, rows);
  }
};

struct Extend : DenseWork {
  explicit Extend(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 6, "rows"), count = sizeAt(info, 7, "count");
    watch.control = toControl(info.Env(), info[8]);
    work = isFloat32(info, 0) ? extendOf<float>(info, rows, count) : extendOf<double>(info, rows, count);
    multiplications = double(rows) * double(count) * double(count);
  }
};

struct GramOf : DenseWork {
  explicit GramOf(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 2, "rows");
    watch.control = toControl(info.Env(), info[4]);
    const bool isFloat = sizeAt(info, 3, "bytes") == 4;
    work = isFloat ? gramOf<float>(info, rows) : gramOf<double>(info, rows);
    multiplications = double(rows) * 1e4;
  }
};

struct Project : DenseWork {
  explicit Project(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 3, "rows"), columns = sizeAt(info, 4, "columns");
    work = isFloat32(info, 2) ? projectOf<float>(info, rows, columns) : projectOf<double>(info, rows, columns);
  }
};

struct SubtractTall : DenseWork {
  explicit SubtractTall(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 3, "rows"), columns = sizeAt(info, 4, "columns");
    work = isFloat32(info, 0) ? subtractTallOf<float>(info, rows, columns) : subtractTallOf<double>(info, rows, columns);
  }
};

struct LowRankSolve : DenseWork {
  explicit LowRankSolve(Info info) : DenseWork(info) {
    const int64 rows = sizeAt(info, 5, "rows"), columns = sizeAt(info, 6, "columns");
    watch.control = toControl(info.Env(), info[7]);
    work = isFloat32(info, 0) ? lowRankSolveOf<float>(info, rows, columns) : lowRankSolveOf<double>(info, rows, columns);
    multiplications = double(rows) * double(columns) * 100;
  }
};

constexpr FunctionRow ROWS[] = {
    nowAndLater<Cholesky>("cholesky"),
    nowAndLater<CholeskySolve>("choleskySolve"),
    nowAndLater<CholeskyInverse>("choleskyInverse"),
    nowOnly<ChoosePivots>("choosePivots"),
    nowAndLater<Extend>("extend"),
    nowAndLater<GramOf>("gram"),
    nowOnly<Project>("project"),
    nowOnly<SubtractTall>("subtractTall"),
    nowAndLater<LowRankSolve>("lowRankSolve"),
};

}  // namespace

constinit const FunctionTable ALGEBRA_FUNCTIONS = ROWS;
