// The walk: three levels of both trees at a time, so that eight cells of rows share the columns that are left of the cell
// that holds them. The bounds of a step are one rectangle; its columns are brought together first. The topmost steps
// give cells of rows that are tasks of the pool, each with its own lists, which are joined in the order of rows.
#include "run/walk.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>

#include "run/cells.h"
#include "run/handout.h"

namespace {

constexpr int64 LEVELS_AT_ONCE = 3;
constexpr int64 LEAST_TASKS = 64;

// A cell of rows, and the columns that are left of it.
struct Node {
  int64 row;
  std::vector<int32> columns;
};

template <typename Real>
struct Lists {
  std::vector<int32> counts, best, leaves;
  std::vector<Real> lowers;
};

template <typename Real>
class Walker {
 public:
  Walker(const Walk &walk, int64 capacity) : walk(walk), capacity(capacity) {
    while (LEVELS_AT_ONCE * steps < std::max(walk.rows.depth, walk.columns.depth)) steps++;
  }

  int64 run(const Found &found, Watch &watch) {
    std::vector<Node> nodes(1);
    nodes[0] = {0, {0}};
    int64 step = 0;
    for (; step + 1 < steps && static_cast<int64>(nodes.size()) < LEAST_TASKS; step++) nodes = below(step, nodes);
    std::vector<Lists<Real>> lists(nodes.size());
    watch.begin(nodes.size());
    handOut("walk", watch, nodes.size(), 1, 1, [&](int64 first) {
      return [&, this, n = first]() mutable {
        visit(step, nodes[n], lists[n]);
        n++;
      };
    });
    if (left <= capacity) join(lists, found);
    return left;
  }

 private:
  // Trees end together; the one that is less deep begins later.
  int64 level(const CellTree &tree, int64 step) const { return std::max<int64>(0, tree.depth - LEVELS_AT_ONCE * (steps - step)); }

  std::vector<Node> below(int64 step, const std::vector<Node> &nodes) {
    std::vector<Node> all;
    for (const Node &node : nodes)
      eachRow(step, node, [&](int64 row, const Rectangle &part) { all.push_back({row, keep(part, nullptr)}); });
    return all;
  }

  void visit(int64 step, const Node &node, Lists<Real> &lists) {
    if (left > capacity) return;
    if (step == steps) return tellAlone(node, lists);
    eachRow(step, node, [&](int64 row, const Rectangle &part) {
      if (step + 1 < steps) return visit(step + 1, {row, keep(part, nullptr)}, lists);
      const std::vector<int32> kept = keep(part, &lists);
      lists.counts.push_back(static_cast<int32>(kept.size()));
      lists.leaves.insert(lists.leaves.end(), kept.begin(), kept.end());
      left += kept.size();
    });
  }

  // Both trees are single leaves: nothing was compared.
  void tellAlone(const Node &node, Lists<Real> &lists) {
    lists.counts.push_back(1);
    lists.leaves.push_back(node.columns[0]);
    lists.best.insert(lists.best.end(), walk.dim, node.columns[0]);
    lists.lowers.insert(lists.lowers.end(), walk.dim, -std::numeric_limits<Real>::infinity());
    left += 1;
  }

  // The bounds of one row, [columns][2][dim].
  struct Rectangle {
    const Real *bounds;
    const std::vector<int32> &columns;
    int64 level;  // of the columns
  };

  template <typename Body>
  void eachRow(int64 step, const Node &node, const Body &body) {
    const int64 rowLevel = level(walk.rows, step + 1), rowsBelow = int64(1) << (rowLevel - level(walk.rows, step));
    const int64 columnLevel = level(walk.columns, step + 1);
    const std::vector<int32> columns = split(node.columns, int64(1) << (columnLevel - level(walk.columns, step)));
    const std::vector<Real> bounds = evaluate(rowLevel, node.row * rowsBelow, rowsBelow, columnLevel, columns);
    const int64 size = columns.size() * 2 * walk.dim;
    for (int64 n = 0; n < rowsBelow; n++) body(node.row * rowsBelow + n, Rectangle{bounds.data() + n * size, columns, columnLevel});
  }

  static std::vector<int32> split(const std::vector<int32> &cells, int64 parts) {
    std::vector<int32> all;
    all.reserve(cells.size() * parts);
    for (const int32 cell : cells)
      for (int64 n = 0; n < parts; n++) all.push_back(cell * parts + n);
    return all;
  }

  std::vector<Real> evaluate(int64 rowLevel, int64 firstRow, int64 rows, int64 columnLevel, const std::vector<int32> &columns) const {
    const int64 count = columns.size();
    std::vector<std::vector<Real>> gathered(walk.arguments.size());
    std::vector<const void *> pointers;
    for (size_t v = 0; v < walk.arguments.size(); v++) {
      const Real *const from = static_cast<const Real *>(walk.arguments[v].data);
      const int64 dim = walk.bounds.dim(v), kind = walk.bounds.kind(v);
      if (kind == KIND_COLUMN) gathered[v] = gather(from + firstCell(columnLevel) * dim, dim, columns);
      pointers.push_back(kind == KIND_COLUMN ? gathered[v].data() : kind == KIND_ROW ? from + (firstCell(rowLevel) + firstRow) * dim : from);
    }
    std::vector<Real> out(rows * count * 2 * walk.dim);
    const Job job{pointers.data(), nullptr, rows, count};
    walk.bounds.block(&job, 0, rows, 0, count, out.data());
    return out;
  }
  static std::vector<Real> gather(const Real *from, int64 dim, const std::vector<int32> &cells) {
    std::vector<Real> to(cells.size() * dim);
    for (size_t n = 0; n < cells.size(); n++) std::copy_n(from + cells[n] * dim, dim, to.data() + n * dim);
    return to;
  }

  // The columns that are left of a row; of a leaf also what is told of them.
  std::vector<int32> keep(const Rectangle &of, Lists<Real> *lists) const {
    std::vector<Real> most(walk.dim);
    for (int64 k = 0; k < walk.dim; k++) {
      most[k] = boundOfAll(of, k);
      if (lists) lists->best.push_back(of.columns[leastUpper(of, k)]);
    }
    std::vector<int32> kept;
    for (size_t n = 0; n < of.columns.size(); n++) {
      const Real *const lowers = of.bounds + n * 2 * walk.dim;
      bool mayMatter = false;
      for (int64 k = 0; k < walk.dim; k++) mayMatter |= !(lowers[k] > most[k]);
      if (!mayMatter) continue;
      kept.push_back(of.columns[n]);
      if (lists) lists->lowers.insert(lists->lowers.end(), lowers, lowers + walk.dim);
    }
    return kept;
  }

  Real upper(const Rectangle &of, int64 n, int64 k) const { return of.bounds[(2 * n + 1) * walk.dim + k]; }

  int64 leastUpper(const Rectangle &of, int64 k) const {
    int64 least = 0;
    for (size_t n = 1; n < of.columns.size(); n++)
      if (upper(of, n, k) < upper(of, least, k)) least = n;
    return least;
  }

  // Above which no value of the K smallest of any row can be.
  Real boundOfAll(const Rectangle &of, int64 k) const {
    const int64 fewest = walk.columns.count >> of.level;  // points of a cell
    if (fewest >= walk.k) return upper(of, leastUpper(of, k), k);
    std::vector<Real> uppers(of.columns.size());
    for (size_t n = 0; n < uppers.size(); n++) uppers[n] = upper(of, n, k);
    const int64 needed = ceilDivide(walk.k, fewest);
    if (needed > static_cast<int64>(uppers.size())) return std::numeric_limits<Real>::infinity();
    std::nth_element(uppers.begin(), uppers.begin() + (needed - 1), uppers.end());
    return uppers[needed - 1];
  }

  void join(const std::vector<Lists<Real>> &lists, const Found &found) const {
    int64 leaf = 0, end = 0;
    for (const Lists<Real> &of : lists) {
      std::copy(of.best.begin(), of.best.end(), found.best + leaf * walk.dim);
      std::copy(of.leaves.begin(), of.leaves.end(), found.leaves + end);
      std::copy(of.lowers.begin(), of.lowers.end(), static_cast<Real *>(found.lowers) + end * walk.dim);
      for (const int32 count : of.counts) found.ends[leaf++] = static_cast<int32>(end += count);
    }
  }

  const Walk &walk;
  const int64 capacity;
  int64 steps = 0;
  std::atomic<int64> left{0};
};

[[noreturn]] void refuse(const std::string &expected) { throw std::out_of_range("walk: expected " + expected); }

}  // namespace

void check(const Walk &walk) {
  if (!walk.bounds.block || walk.bounds.entry(TABLE_ACCUMULATOR_BYTES) != 0) refuse("a routine of the form block");
  if (walk.dim < 1 || walk.bounds.entry(TABLE_RESULT_DIM) != 2 * walk.dim) refuse("lower and upper bounds of every component");
  if (static_cast<int64>(walk.arguments.size()) != walk.bounds.variables()) refuse("as many arguments as the routine has");
  for (const CellTree &tree : {walk.rows, walk.columns})
    if (tree.depth < 0 || tree.depth > 30 || tree.count > INT32_MAX || tree.count >> tree.depth < 1) refuse("points in every cell");
  if (walk.k < 1) refuse("a K of at least 1");
  for (int64 v = 0; v < walk.bounds.variables(); v++) {
    const int64 kind = walk.bounds.kind(v);
    const int64 points = kind == KIND_PARAMETER ? 1 : cellsOf((kind == KIND_ROW ? walk.rows : walk.columns).depth);
    if (walk.arguments[v].length < points * walk.bounds.dim(v)) refuse("boxes of all cells");
  }
}

int64 walkCells(const Walk &walk, const Found &found, Watch &watch) {
  if (walk.bounds.entry(TABLE_REAL_BYTES) == 4) return Walker<float>(walk, found.capacity).run(found, watch);
  return Walker<double>(walk, found.capacity).run(found, watch);
}
