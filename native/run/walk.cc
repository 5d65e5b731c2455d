// The walks: three levels of both trees at a time, so that eight cells of rows share the columns of the cell that holds
// them. The bounds of a step are one rectangle, whose columns are brought together first. The topmost steps give cells of
// rows that are tasks of the pool; what they find is joined in the order of rows.
#include "run/walk.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "run/cells.h"
#include "run/handout.h"

namespace {

constexpr int64 LEVELS_AT_ONCE = 3;
constexpr int64 LEAST_TASKS = 64;
// Columns that a search keeps of every row and component.
constexpr int64 KEPT_IN_SEARCH = 3;

// Powers of 2 by which sizes are told apart.
constexpr int32 POWERS = 64;

template <typename Bits, typename Real>
Bits bitsOf(Real number) {
  Bits bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}
// Of a finite number of at least 0, as it is stored.
int32 exponentOf(float number) { return bitsOf<int32>(number) >> 23; }
int32 exponentOf(double number) { return static_cast<int32>(bitsOf<int64>(number) >> 52); }

// A cell of rows, and the columns that are left of it.
struct Node {
  int64 row;
  std::vector<int32> columns;
};

// The bounds of one row: `step` numbers from one column to the next.
template <typename Real>
struct Bounds {
  const Real *of;
  int64 step;
  const std::vector<int32> &columns;

  const Real *at(int64 column) const { return of + column * step; }
  int64 count() const { return static_cast<int64>(columns.size()); }
};

template <typename Real>
class Descent {
 public:
  explicit Descent(const Walk &walk) : walk(walk), width(walk.bounds.entry(TABLE_RESULT_DIM)) {
    while (LEVELS_AT_ONCE * steps < std::max(walk.rows.depth, walk.columns.depth)) steps++;
  }

 protected:
  // Trees end together; the one that is less deep begins later.
  int64 levelOf(const CellTree &tree, int64 step) const { return std::max<int64>(0, tree.depth - LEVELS_AT_ONCE * (steps - step)); }

  // body(row, bounds) of the cells of rows below a node.
  template <typename Body>
  void eachRow(int64 step, const Node &node, const Body &body) const {
    const int64 rowLevel = levelOf(walk.rows, step + 1), rows = int64(1) << (rowLevel - levelOf(walk.rows, step));
    const int64 columnLevel = levelOf(walk.columns, step + 1);
    const std::vector<int32> columns = split(node.columns, int64(1) << (columnLevel - levelOf(walk.columns, step)));
    const int64 first = firstCell(rowLevel) + node.row * rows;
    const std::vector<Real> bounds = evaluate(first, rows, firstCell(columnLevel), columns);
    for (int64 n = 0; n < rows; n++) body(node.row * rows + n, Bounds<Real>{bounds.data() + n * width, rows * width, columns});
  }

  // The nodes at which tasks begin, and the step that they have come to; `keep` gives the columns that are left.
  template <typename Keep>
  std::vector<Node> tasks(int64 &step, const Keep &keep) const {
    std::vector<Node> nodes(1);
    nodes[0] = {0, {0}};
    for (step = 0; step + 1 < steps && static_cast<int64>(nodes.size()) < LEAST_TASKS; step++) {
      std::vector<Node> below;
      for (const Node &node : nodes)
        eachRow(step, node, [&](int64 row, const Bounds<Real> &bounds) { below.push_back({row, keep(step + 1, row, bounds)}); });
      nodes = std::move(below);
    }
    return nodes;
  }

  template <typename Body>
  static void onPool(Watch &watch, int64 tasks, const Body &body) {
    watch.begin(tasks);
    handOut("walk", watch, tasks, 1, 1, [&](int64 task) { return [&body, task]() mutable { body(task++); }; });
  }

  const Walk &walk;
  const int64 width;
  int64 steps = 0;

 private:
  static std::vector<int32> split(const std::vector<int32> &cells, int64 parts) {
    std::vector<int32> all;
    all.reserve(cells.size() * parts);
    for (const int32 cell : cells)
      for (int64 n = 0; n < parts; n++) all.push_back(cell * parts + n);
    return all;
  }

  // [columns][rows][width]
  std::vector<Real> evaluate(int64 firstRow, int64 rows, int64 firstColumn, const std::vector<int32> &columns) const {
    const int64 count = columns.size();
    std::vector<std::vector<Real>> gathered(walk.arguments.size());
    std::vector<const void *> pointers;
    for (size_t v = 0; v < walk.arguments.size(); v++) {
      const Real *const from = static_cast<const Real *>(walk.arguments[v].data);
      const int64 dim = walk.bounds.dim(v), kind = walk.bounds.kind(v);
      if (kind == KIND_ROW) gathered[v] = gather(from + firstColumn * dim, dim, columns);
      pointers.push_back(kind == KIND_ROW ? gathered[v].data() : kind == KIND_COLUMN ? from + firstRow * dim : from);
    }
    std::vector<Real> out(count * rows * width);
    const Job job{pointers.data(), nullptr, count, rows};
    walk.bounds.block(&job, 0, count, 0, rows, out.data());
    return out;
  }
  static std::vector<Real> gather(const Real *from, int64 dim, const std::vector<int32> &cells) {
    std::vector<Real> to(cells.size() * dim);
    for (size_t n = 0; n < cells.size(); n++) std::copy_n(from + cells[n] * dim, dim, to.data() + n * dim);
    return to;
  }
};

// ---- the likely best -------------------------------------------------------------------------------------------------------

template <typename Real>
class Search : Descent<Real> {
 public:
  Search(const Walk &walk, int32 *best) : Descent<Real>(walk), best(best) { std::fill_n(best, walk.dim << walk.rows.depth, 0); }

  void run(Watch &watch) {
    int64 step = 0;
    const auto keep = [this](int64, int64, const Bounds<Real> &bounds) { return mostLikely(bounds, KEPT_IN_SEARCH); };
    const std::vector<Node> nodes = this->tasks(step, keep);
    if (this->steps > 0) this->onPool(watch, nodes.size(), [&](int64 task) { visit(step, nodes[task]); });
  }

 private:
  void visit(int64 step, const Node &node) {
    this->eachRow(step, node, [&](int64 row, const Bounds<Real> &bounds) {
      if (step + 1 < this->steps) return visit(step + 1, {row, mostLikely(bounds, KEPT_IN_SEARCH)});
      for (int64 k = 0; k < this->walk.dim; k++) best[row * this->walk.dim + k] = bounds.columns[likeliest(bounds, k, 1)[0]];
    });
  }

  std::vector<int32> mostLikely(const Bounds<Real> &bounds, int64 wanted) const {
    std::vector<int32> columns;
    for (int64 k = 0; k < this->walk.dim; k++)
      for (const int64 n : likeliest(bounds, k, wanted)) columns.push_back(bounds.columns[n]);
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    return columns;
  }

  std::vector<int64> likeliest(const Bounds<Real> &bounds, int64 k, int64 wanted) const {
    std::vector<int64> order(bounds.count());
    for (int64 n = 0; n < bounds.count(); n++) order[n] = n;
    const int64 kept = std::min(wanted, bounds.count());
    std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](int64 a, int64 b) {
      const Real middleOfA = middle(bounds.at(a), k), middleOfB = middle(bounds.at(b), k);
      return middleOfA < middleOfB || (middleOfA == middleOfB && a < b);
    });
    order.resize(kept);
    return order;
  }

  // Of nothing known, infinity.
  Real middle(const Real *bounds, int64 k) const {
    const Real sum = bounds[k] + bounds[this->walk.dim + k];
    return sum == sum ? sum : std::numeric_limits<Real>::infinity();
  }

  int32 *const best;
};

// ---- what is left ----------------------------------------------------------------------------------------------------------

// Of every cell the worst of its leaves, by level.
template <typename Real>
std::vector<std::vector<Real>> worstOfCells(const Real *worst, int64 depth, int64 dim) {
  std::vector<std::vector<Real>> levels(depth + 1);
  levels[depth].assign(worst, worst + (dim << depth));
  for (int64 level = depth - 1; level >= 0; level--) {
    levels[level].resize(dim << level);
    for (int64 n = 0; n < dim << level; n++) {
      const int64 first = n / dim * 2 * dim + n % dim;
      const Real a = levels[level + 1][first], b = levels[level + 1][first + dim];
      levels[level][n] = a < b ? b : a;
    }
  }
  return levels;
}

template <typename Real>
class Walker : Descent<Real> {
 public:
  Walker(const Walk &walk, const Real *worst, const Found &found)
      : Descent<Real>(walk), worst(worstOfCells(worst, walk.rows.depth, walk.dim)), found(found) {}

  int64 run(Watch &watch) {
    int64 step = 0;
    const std::vector<Node> nodes = this->tasks(step, [this](int64 at, int64 row, const Bounds<Real> &bounds) { return keep(at, row, bounds); });
    std::vector<Lists> lists(nodes.size());
    if (this->steps == 0) tell({0}, lists[0]);
    else this->onPool(watch, nodes.size(), [&](int64 task) { visit(step, nodes[task], lists[task]); });
    if (left <= found.capacity) join(lists);
    return left;
  }

 private:
  struct Lists {
    std::vector<int32> counts, runs;
  };

  void visit(int64 step, const Node &node, Lists &lists) {
    if (left > found.capacity) return;
    this->eachRow(step, node, [&](int64 row, const Bounds<Real> &bounds) {
      if (step + 1 < this->steps) visit(step + 1, {row, keep(step + 1, row, bounds)}, lists);
      else tell(found.allowed > 0 ? keepSummed(bounds) : keep(step + 1, row, bounds), lists);
    });
  }

  // As runs: see Found.
  void tell(const std::vector<int32> &leaves, Lists &lists) {
    const size_t before = lists.runs.size();
    for (size_t n = 0; n < leaves.size(); n++) {
      const int32 first = leaves[n];
      while (n + 1 < leaves.size() && leaves[n + 1] == leaves[n] + 1) n++;
      lists.runs.push_back(first);
      if (leaves[n] > first) lists.runs.push_back(~leaves[n]);
    }
    lists.counts.push_back(static_cast<int32>(lists.runs.size() - before));
    left += leaves.size();
  }

  std::vector<int32> keep(int64 step, int64 row, const Bounds<Real> &bounds) const {
    const int64 dim = this->walk.dim;
    const Real *const most = worst[this->levelOf(this->walk.rows, step)].data() + row * dim;
    std::vector<int32> kept;
    for (int64 n = 0; n < bounds.count(); n++) {
      bool mayMatter = false;
      for (int64 k = 0; k < dim; k++) mayMatter |= !(bounds.at(n)[k] > most[k]);
      if (mayMatter) kept.push_back(bounds.columns[n]);
    }
    return kept;
  }

  // Of leaves, those that are left when the smallest are left out, by powers of 2, as long as all that these add to a row is
  // allowed.
  std::vector<int32> keepSummed(const Bounds<Real> &bounds) const {
    std::array<double, POWERS> sums{};
    std::vector<int32> powers(bounds.count());
    for (int64 n = 0; n < bounds.count(); n++) {
      const Real size = largest(bounds.at(n));
      powers[n] = powerOf(size);
      if (powers[n] < POWERS) sums[powers[n]] += size * columnsOf(bounds.columns[n]);
    }
    int32 least = 0;
    for (double sum = 0; least < POWERS && (sum += sums[least]) <= found.allowed;) least++;
    std::vector<int32> kept;
    for (int64 n = 0; n < bounds.count(); n++)
      if (powers[n] >= least) kept.push_back(bounds.columns[n]);
    return kept;
  }
  double columnsOf(int64 leaf) const {
    const auto [count, depth] = this->walk.columns;
    return static_cast<double>(firstPlace(count, depth, leaf + 1) - firstPlace(count, depth, leaf));
  }
  // From what is as good as nothing beside what is allowed to what is more than that, or not known.
  int32 powerOf(Real size) const {
    if (!(size < found.allowed)) return POWERS;
    return std::max(0, POWERS - 1 + exponentOf(size) - exponentOf(static_cast<Real>(found.allowed)));
  }
  // Infinity where nothing is known.
  Real largest(const Real *bounds) const {
    Real size = 0;
    for (int64 k = 0; k < this->walk.dim; k++) {
      if (bounds[k] != bounds[k]) return std::numeric_limits<Real>::infinity();
      size = std::max(size, -bounds[k]);
    }
    return size;
  }

  void join(const std::vector<Lists> &lists) const {
    int64 leaf = 0, end = 0;
    for (const Lists &of : lists) {
      std::copy(of.runs.begin(), of.runs.end(), found.runs + end);
      for (const int32 count : of.counts) found.ends[leaf++] = static_cast<int32>(end += count);
    }
  }

  const std::vector<std::vector<Real>> worst;
  const Found &found;
  std::atomic<int64> left{0};
};

[[noreturn]] void refuse(const std::string &expected) { throw std::out_of_range("walk: expected " + expected); }

}  // namespace

void check(const Walk &walk, int64 perComponent) {
  if (!walk.bounds.block || walk.bounds.entry(TABLE_ACCUMULATOR_BYTES) != 0) refuse("a routine of the form block");
  if (walk.dim < 1 || walk.bounds.entry(TABLE_RESULT_DIM) != perComponent * walk.dim) refuse("bounds of every component");
  if (static_cast<int64>(walk.arguments.size()) != walk.bounds.variables()) refuse("as many arguments as the routine has");
  for (const CellTree &tree : {walk.rows, walk.columns})
    if (tree.depth < 0 || tree.depth > 30 || tree.count > INT32_MAX || tree.count >> tree.depth < 1) refuse("points in every cell");
  for (int64 v = 0; v < walk.bounds.variables(); v++) {
    const int64 kind = walk.bounds.kind(v);
    const int64 points = kind == KIND_PARAMETER ? 1 : cellsOf((kind == KIND_ROW ? walk.columns : walk.rows).depth);
    if (walk.arguments[v].length < points * walk.bounds.dim(v)) refuse("boxes of all cells");
  }
}

void seekCells(const Walk &walk, int32 *best, Watch &watch) {
  if (walk.bounds.entry(TABLE_REAL_BYTES) == 4) Search<float>(walk, best).run(watch);
  else Search<double>(walk, best).run(watch);
}

int64 walkCells(const Walk &walk, const void *worst, const Found &found, Watch &watch) {
  if (walk.bounds.entry(TABLE_REAL_BYTES) == 4) return Walker<float>(walk, static_cast<const float *>(worst), found).run(watch);
  return Walker<double>(walk, static_cast<const double *>(worst), found).run(watch);
}
