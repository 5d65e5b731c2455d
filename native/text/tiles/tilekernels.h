// Loops of the tile evaluator's kernels around the operations that the generator prints: structs with a function `of`
// of vectors. Follows the prelude (keops.h with one vector per tile); everything stands in an unnamed namespace of the
// generated file.

// ---- operations ------------------------------------------------------------------------------------------------------------

constexpr Steps digit(int variant, int argument) {
  for (; argument > 0; argument--) variant /= KINDS_OF_STEPS;
  return Steps(variant % KINDS_OF_STEPS);
}

// The loops of a kernel: of sums, or of an operation on each vector. An operation has some for each way to step, or
// reads what does not step as vectors, by steps of 0. That is small, and where an operation takes long, as fast.
enum class Loops { OfSums, ForEachWay, Shared };

constexpr int withoutFixed(int variant) {
  int result = 0;
  for (int weight = 1; weight < VARIANTS; weight *= KINDS_OF_STEPS)
    if (Steps(variant / weight % KINDS_OF_STEPS) == Steps::Splats) result += weight * int(Steps::Splats);
  return result;
}

template <bool SPLAT> INLINE real read(const scalar *at) {
  if constexpr (SPLAT) return splat(*at);
  else return *(const real *)at;
}

// One argument of an operation, vector after vector.
template <Steps STEPS, bool ANY_STEP> struct Cursor {
  const scalar *at;
  int64 step;

  INLINE_MEMBER Cursor(const Span &span, int64 vector) : at((const scalar *)span.data), step(span.step) {
    if (STEPS == Steps::Vectors && !ANY_STEP) step = LANES;
    at += vector * step;
  }
  INLINE_MEMBER real next() {
    const real value = read<STEPS == Steps::Splats>(at);
    at += step;
    return value;
  }
};
template <> struct Cursor<Steps::Fixed, false> {
  const real value;

  INLINE_MEMBER Cursor(const Span &span, int64) : value(*(const real *)span.data) {}
  INLINE_MEMBER real next() const { return value; }
};

// The arguments of one operation; `next` gives its results.
template <class Op, int ARGUMENTS, int VARIANT, bool ANY_STEP = false> struct Results {
  Cursor<digit(VARIANT, 0), ANY_STEP> a;
  Cursor<digit(VARIANT, 1), ANY_STEP> b;
  Cursor<digit(VARIANT, 2), ANY_STEP> c;

  // What is no argument is not read.
  INLINE_MEMBER Results(const Span *spans, int64 vector)
      : a(spans[0], vector), b(spans[ARGUMENTS > 1 ? 1 : 0], vector), c(spans[ARGUMENTS > 2 ? 2 : 0], vector) {}
  INLINE_MEMBER real next() {
    if constexpr (ARGUMENTS == 1) return Op::of(a.next());
    else if constexpr (ARGUMENTS == 2) return Op::of(a.next(), b.next());
    else return Op::of(a.next(), b.next(), c.next());
  }
};

template <class Op, int ARGUMENTS, int VARIANT, bool ANY_STEP> void eachVector(void *out, const Span *spans, int64, int64 vectors, bool) {
  Results<Op, ARGUMENTS, VARIANT, ANY_STEP> results(spans, 0);
  for (int64 v = 0; v < vectors; v++) ((real *)out)[v] = results.next();
}

// ---- sums of operations over components ------------------------------------------------------------------------------------

template <class Op, int ARGUMENTS, int VARIANT, int GROUP>
INLINE void sumOfGroup(real *out, const Span *spans, int64 terms, int64 first, bool add) {
  real sums[GROUP];
  UNROLLED for (int v = 0; v < GROUP; v++) sums[v] = add ? out[first + v] : real{};
  for (int64 term = 0; term < terms; term++) {
    Results<Op, ARGUMENTS, VARIANT> results(spans + term * ARGUMENTS, first);
    UNROLLED for (int v = 0; v < GROUP; v++) sums[v] = sums[v] + results.next();
  }
  UNROLLED for (int v = 0; v < GROUP; v++) out[first + v] = sums[v];
}

template <class Op, int ARGUMENTS, int VARIANT>
void sumOverTerms(void *out, const Span *spans, int64 terms, int64 vectors, bool add) {
  enum { GROUP = 8 };
  int64 v = 0;
  for (; v + GROUP <= vectors; v += GROUP) sumOfGroup<Op, ARGUMENTS, VARIANT, GROUP>((real *)out, spans, terms, v, add);
  for (; v < vectors; v++) sumOfGroup<Op, ARGUMENTS, VARIANT, 1>((real *)out, spans, terms, v, add);
}

// ---- the table -------------------------------------------------------------------------------------------------------------

// Operations on nothing but splats are done before they are splats; a sum of one argument copies, and may.
template <int ARGUMENTS, Loops LOOPS> constexpr bool exists(int variant) {
  bool isSplat = true;
  for (int n = 0; n < 3; n++) {
    if (n >= ARGUMENTS && digit(variant, n) != Steps::Vectors) return false;
    if (n < ARGUMENTS && digit(variant, n) != Steps::Splats) isSplat = false;
  }
  return !isSplat || (LOOPS == Loops::OfSums && ARGUMENTS == 1);
}

template <class Op, int ARGUMENTS, Loops LOOPS, int VARIANT> constexpr TileKernel variant() {
  if constexpr (!exists<ARGUMENTS, LOOPS>(VARIANT)) return nullptr;
  else if constexpr (LOOPS == Loops::OfSums) return sumOverTerms<Op, ARGUMENTS, VARIANT>;
  else if constexpr (LOOPS == Loops::Shared) return eachVector<Op, ARGUMENTS, withoutFixed(VARIANT), true>;
  else return eachVector<Op, ARGUMENTS, VARIANT, false>;
}

template <class Op, int ARGUMENTS, Loops LOOPS, int VARIANT = 0> constexpr void fill(KernelEntry &entry) {
  entry.variants[VARIANT] = variant<Op, ARGUMENTS, LOOPS, VARIANT>();
  if constexpr (VARIANT + 1 < VARIANTS) fill<Op, ARGUMENTS, LOOPS, VARIANT + 1>(entry);
}

template <class Op, int ARGUMENTS, Loops LOOPS> constexpr KernelEntry entry(const char *name) {
  KernelEntry made{name, ARGUMENTS, LOOPS == Loops::OfSums, {}};
  fill<Op, ARGUMENTS, LOOPS>(made);
  return made;
}
