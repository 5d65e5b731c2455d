// LU factors and systems solved with them, as JavaScript calls them. WebAssembly goes without, for its size.
#include "linalg/linalg.h"
#include "node/densework.h"

namespace {

struct Lu : DenseWork {
  explicit Lu(Info info) : DenseWork(info) {
    const int64 n = sizeAt(info, 2, "n");
    const auto a = matrixAt<double>(info, 0, "a", n, n);
    const auto order = matrixAt<int32>(info, 1, "order", n, 1);
    refuseOverlap(order, a, "a");
    watch.control = toControl(info.Env(), info[3]);
    work = [=] { return static_cast<double>(factorLu(a.data, order.data, n)); };
    multiplications = double(n) * double(n) * double(n) / 3;
  }
};

struct LuSolve : DenseWork {
  explicit LuSolve(Info info) : DenseWork(info) {
    const int64 n = sizeAt(info, 3, "n"), columns = sizeAt(info, 4, "columns");
    const auto lu = matrixAt<double>(info, 0, "lu", n, n), x = matrixAt<double>(info, 2, "x", n, columns);
    const std::vector<int32> order = rowsAt(info, 1, "order", n);
    if (static_cast<int64>(order.size()) != n) throw std::out_of_range("order: expected " + std::to_string(n) + " rows");
    refuseOverlap(x, lu, "lu");
    const bool isTransposed = sizeAt(info, 5, "isTransposed") != 0;
    watch.control = toControl(info.Env(), info[6]);
    work = [=] {
      solveLu({lu.data, order.data(), n, isTransposed}, x.data, columns);
      return 0.0;
    };
    multiplications = double(n) * double(n) * double(columns);
  }
};

constexpr FunctionRow ROWS[] = {
    nowAndLater<Lu>("lu"),
    nowAndLater<LuSolve>("luSolve"),
};

}  // namespace

constinit const FunctionTable LU_FUNCTIONS = ROWS;
