// Loops of the tile evaluator's kernels around the operations that the generator prints: structs with a function `of` of vectors.
// Follows the prelude (keops.h with one vector per tile); everything stands in an unnamed namespace of the generated file.

// ---- operations ------------------------------------------------------------------------------------------------------------

template <bool SPLAT> INLINE real read(const scalar *at) {
  if constexpr (SPLAT) return splat(*at);
  else return *(const real *)at;
}

// Where the arguments of one operation stand.
template <int ARGUMENTS> struct Cursor {
  const scalar *at[ARGUMENTS];
  int64 step[ARGUMENTS];

  INLINE_MEMBER Cursor(const Span *spans, int64 vector) {
    UNROLLED for (int n = 0; n < ARGUMENTS; n++) {
      step[n] = spans[n].step;
      at[n] = (const scalar *)spans[n].data + vector * step[n];
    }
  }
  template <class Op, int SPLATS> INLINE_MEMBER real next() {
    real arguments[ARGUMENTS];
    arguments[0] = read<(SPLATS & 1) != 0>(at[0]);
    if constexpr (ARGUMENTS > 1) arguments[1] = read<(SPLATS & 2) != 0>(at[1]);
    if constexpr (ARGUMENTS > 2) arguments[2] = read<(SPLATS & 4) != 0>(at[2]);
    UNROLLED for (int n = 0; n < ARGUMENTS; n++) at[n] += step[n];
    if constexpr (ARGUMENTS == 1) return Op::of(arguments[0]);
    else if constexpr (ARGUMENTS == 2) return Op::of(arguments[0], arguments[1]);
    else return Op::of(arguments[0], arguments[1], arguments[2]);
  }
};

template <class Op, int ARGUMENTS, int SPLATS> void eachVector(void *out, const Span *spans, int64, int64 vectors, bool) {
  Cursor<ARGUMENTS> cursor(spans, 0);
  for (int64 v = 0; v < vectors; v++) ((real *)out)[v] = cursor.template next<Op, SPLATS>();
}

// ---- sums of operations over components ------------------------------------------------------------------------------------

template <class Op, int ARGUMENTS, int SPLATS, int GROUP>
INLINE void sumOfGroup(real *out, const Span *spans, int64 terms, int64 first, bool add) {
  real sums[GROUP];
  UNROLLED for (int v = 0; v < GROUP; v++) sums[v] = add ? out[first + v] : real{};
  for (int64 term = 0; term < terms; term++) {
    Cursor<ARGUMENTS> cursor(spans + term * ARGUMENTS, first);
    UNROLLED for (int v = 0; v < GROUP; v++) sums[v] = sums[v] + cursor.template next<Op, SPLATS>();
  }
  UNROLLED for (int v = 0; v < GROUP; v++) out[first + v] = sums[v];
}

template <class Op, int ARGUMENTS, int SPLATS>
void sumOverTerms(void *out, const Span *spans, int64 terms, int64 vectors, bool add) {
  enum { GROUP = 8 };
  int64 v = 0;
  for (; v + GROUP <= vectors; v += GROUP) sumOfGroup<Op, ARGUMENTS, SPLATS, GROUP>((real *)out, spans, terms, v, add);
  for (; v < vectors; v++) sumOfGroup<Op, ARGUMENTS, SPLATS, 1>((real *)out, spans, terms, v, add);
}

// ---- the table -------------------------------------------------------------------------------------------------------------

template <class Op, int ARGUMENTS, bool IS_SUM, int SPLATS> constexpr TileKernel variant() {
  constexpr bool copies = IS_SUM && ARGUMENTS == 1;  // other operations on nothing but splats are done before they are splats
  if constexpr (SPLATS > (1 << ARGUMENTS) - 1 - !copies) return nullptr;
  else if constexpr (IS_SUM) return sumOverTerms<Op, ARGUMENTS, SPLATS>;
  else return eachVector<Op, ARGUMENTS, SPLATS>;
}

template <class Op, int ARGUMENTS, bool IS_SUM> constexpr KernelEntry entry(const char *name) {
  return {name,
          ARGUMENTS,
          IS_SUM,
          {variant<Op, ARGUMENTS, IS_SUM, 0>(), variant<Op, ARGUMENTS, IS_SUM, 1>(), variant<Op, ARGUMENTS, IS_SUM, 2>(),
           variant<Op, ARGUMENTS, IS_SUM, 3>(), variant<Op, ARGUMENTS, IS_SUM, 4>(), variant<Op, ARGUMENTS, IS_SUM, 5>(),
           variant<Op, ARGUMENTS, IS_SUM, 6>(), variant<Op, ARGUMENTS, IS_SUM, 7>()}};
}
