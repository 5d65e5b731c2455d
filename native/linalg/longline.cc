// x[row, column] is a line of rows x columns real numbers. Columns are transformed as real lines; the number of row k and
// column c is multiplied by w^(k c), w being exp(-2 pi i / length); rows are transformed, and number m of row k is number
// k + m rows of the spectrum. Rows 0 to rows / 2 tell the others, as numbers n and length - n are conjugate.
#include "linalg/longline.h"

namespace {

// An even divisor of at least twice the root: rows that are left out are not computed, so there may be more of them.
int64 rowsFor(int64 length) {
  int64 rows = 2;
  while (length % rows != 0 || rows * rows < 4 * length) rows += 2;
  return rows;
}

// What a long line needs: powers of w, [groups of columns][rows / 2 + 1][lanes], real and imaginary parts apart. Lanes
// without a column are zero.
template <class T>
struct LongLine {
  const int64 rows, columns, groups, kept;
  std::vector<T> re, im;

  explicit LongLine(int64 length) : rows(rowsFor(length)), columns(length / rows), groups(ceilDivide(columns, LANES<T>)), kept(rows / 2 + 1), re(size()), im(size()) {
    for (int64 row = 0; row < kept; row++)
      for (int64 column = 0; column < columns; column++) {
        const double angle = -2 * std::numbers::pi * double(row * column) / double(length);
        re[place(row, column)] = T(std::cos(angle)), im[place(row, column)] = T(std::sin(angle));
      }
  }

  int64 size() const { return groups * kept * LANES<T>; }
  int64 place(int64 row, int64 column) const { return (column / LANES<T> * kept + row) * LANES<T> + column % LANES<T>; }

  // A group of columns from the first of them on, times powers.
  void multiply(const Kernels<T> &use, Planes<T> from, int64 column, Planes<T> to) const {
    const int64 at = place(0, column);
    use.multiplyComplex({from.re, from.im, re.data() + at, im.data() + at, to.re, to.im, kept * LANES<T>, false});
  }
};

// Squares of lanes, at such steps, are turned.
template <class T>
void turn(const T *from, int64 fromStep, T *to, int64 toStep, int64 squares, int64 lines) {
  for (int64 square = 0; square < squares; square++, from += fromStep, to += toStep)
    for (int64 c = 0; c < lines; c++)
      for (int64 e = 0; e < LANES<T>; e++) to[c * LANES<T> + e] = from[e * LANES<T> + c];
}

// The numbers between columns and rows, laid out as the powers are.
template <class T>
class Between {
 public:
  explicit Between(const LongLine<T> &cut) : memory(allocate(2 * roomOf(cut) * int64(sizeof(T)))) {
    T *const begin = reinterpret_cast<T *>(memory.get());
    all = {begin, begin + roomOf(cut)};
  }

  Planes<T> at(int64 place) const { return {all.re + place, all.im + place}; }

  // Rows from one on, one a lane: all lanes are filled, by whatever is there.
  void toRows(const LongLine<T> &cut, int64 row, Planes<T> to) const {
    for (const auto &[from, into] : {std::pair{all.re, to.re}, std::pair{all.im, to.im}})
      turn(from + row * LANES<T>, cut.kept * LANES<T>, into, LANES<T> * LANES<T>, cut.groups, LANES<T>);
  }
  void fromRows(const LongLine<T> &cut, int64 row, int64 lines, Planes<T> from) const {
    for (const auto &[into, of] : {std::pair{all.re, from.re}, std::pair{all.im, from.im}})
      turn(of, LANES<T> * LANES<T>, into + row * LANES<T>, cut.kept * LANES<T>, cut.groups, lines);
  }

 private:
  const Buffer memory;
  Planes<T> all;

  // Squares reach beyond the last rows.
  static int64 roomOf(const LongLine<T> &cut) { return cut.size() + LANES<T> * LANES<T>; }
};

// Calls body(number m of a row, whether it is kept, where it or else its conjugate is in the spectrum) for the first of some
// rows; those of the next rows follow, or stand before.
template <class Body>
void forNumbers(int64 rows, int64 columns, int64 first, Body body) {
  for (int64 m = 0; m < columns; m++) {
    const bool isKept = 2 * m < columns;
    body(m, isKept, isKept ? m * rows + first : (columns - m) * rows - first);
  }
}

}  // namespace

template <class T>
void longRealLine(const RealLine<T> &of) {
  const auto cut = keptOf<LongLine<T>>(2 * of.half);
  const int64 rows = cut->rows, columns = cut->columns, kept = cut->kept;
  const Between<T> between(*cut);
  const auto down = keptOf<Line<T>>(rows / 2), across = keptOf<Line<T>>(columns);
  inGroups<T>(columns, kept, [&](const Kernels<T> &use, const Workspace<T> &space, int64 column, int64 lines) {
    copyIn(of.values + column, 2 * columns, rows / 2, lines, space.first.re);
    copyIn(of.values + columns + column, 2 * columns, rows / 2, lines, space.first.im);
    cut->multiply(use, down->realTransform(use, space), column, between.at(column * kept));
  });
  inGroups<T>(kept, cut->groups * LANES<T>, [&](const Kernels<T> &use, const Workspace<T> &space, int64 row, int64 lines) {
    between.toRows(*cut, row, space.first);
    const Planes<T> done = across->transform(use, space);
    forNumbers(rows, columns, row, [&](int64 m, bool isKept, int64 place) {
      const T *const re = done.re + m * LANES<T>, *const im = done.im + m * LANES<T>;
      for (int64 c = 0; c < lines; c++) {
        const int64 at = isKept ? place + c : place - c;
        of.spectrum.re[at] = re[c], of.spectrum.im[at] = isKept ? im[c] : -im[c];
      }
    });
  });
}

// Real and imaginary parts change places, which turns the transform of rows around, and the powers of w with it.
template <class T>
void longRealLineBack(const RealLine<T> &of, T scale) {
  const auto cut = keptOf<LongLine<T>>(2 * of.half);
  const int64 rows = cut->rows, columns = cut->columns, kept = cut->kept;
  const Between<T> between(*cut);
  const auto down = keptOf<Line<T>>(rows / 2), across = keptOf<Line<T>>(columns);
  inGroups<T>(kept, cut->groups * LANES<T>, [&](const Kernels<T> &use, const Workspace<T> &space, int64 row, int64 lines) {
    forNumbers(rows, columns, row, [&](int64 m, bool isKept, int64 place) {
      T *const re = space.first.re + m * LANES<T>, *const im = space.first.im + m * LANES<T>;
      for (int64 c = 0; c < lines; c++) {
        const int64 at = isKept ? place + c : place - c;
        re[c] = of.spectrum.re[at], im[c] = isKept ? of.spectrum.im[at] : -of.spectrum.im[at];
      }
      std::fill(re + lines, re + LANES<T>, T(0)), std::fill(im + lines, im + LANES<T>, T(0));
    });
    between.fromRows(*cut, row, lines, across->transform(use, space.first.swapped(), space.second.swapped()));
  });
  inGroups<T>(columns, kept, [&](const Kernels<T> &use, const Workspace<T> &space, int64 column, int64 lines) {
    cut->multiply(use, between.at(column * kept), column, space.first.swapped());
    const Planes<T> done = down->realTransformBack(use, space, scale);
    copyOut(done.re, 2 * columns, rows / 2, lines, of.values + column);
    copyOut(done.im, 2 * columns, rows / 2, lines, of.values + columns + column);
  });
}

template void longRealLine(const RealLine<float> &);
template void longRealLine(const RealLine<double> &);
template void longRealLineBack(const RealLine<float> &, float);
template void longRealLineBack(const RealLine<double> &, double);
