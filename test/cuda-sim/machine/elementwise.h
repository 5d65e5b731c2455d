// Makers of handlers from one line of arithmetic: elementwise<F, D, S...> writes F(sources...) into a row of D, cell by
// cell.
#pragma once
#include <cfenv>
#include <cmath>
#include <limits>
#include <tuple>

#include "block.h"
#include "table.h"

namespace cudasim {

template <auto F, typename D, typename... S>
void runElementwise(Block& block, const Instruction& in) {
  auto* result = block.row<D>(in, 0);
  [&]<size_t... K>(std::index_sequence<K...>) {
    const auto sources = std::tuple<const CellOf<S>*...>(block.row<S>(in, static_cast<int>(K) + 1)...);
    block.lanes().each([=](int t) {
      result[t] = toCell<D>(static_cast<D>(F(fromCell<S>(std::get<K>(sources)[t])...)));
    });
  }(std::index_sequence_for<S...>{});
}

template <typename D, typename... S>
constexpr std::array<uint8_t, MAX_ROWS> cellsOf() {
  return {sizeof(CellOf<D>), sizeof(CellOf<S>)...};
}

template <typename D, typename... S>
Semantics fixed(Handler run) {
  return {run, cellsOf<D, S...>(), 0, 1 + sizeof...(S)};
}

template <auto F, typename D, typename... S>
Semantics elementwise() {
  return fixed<D, S...>(&runElementwise<F, D, S...>);
}

// F of N operands of type T, giving a T.
template <auto F, typename T, size_t N>
Semantics uniform() {
  return []<size_t... K>(std::index_sequence<K...>) {
    return elementwise<F, T, std::enable_if_t<K + 1 != 0, T>...>();
  }(std::make_index_sequence<N>{});
}

// Rounding. The handler's operands come from memory and its results go there, around calls that the compiler cannot see
// through: so no arithmetic moves across the change of mode.
class RoundingMode {
 public:
  explicit RoundingMode(Rounding rounding) : before_(std::fegetround()) {
    constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    std::fesetround(modes[static_cast<int>(rounding)]);
  }
  ~RoundingMode() { std::fesetround(before_); }
  RoundingMode(const RoundingMode&) = delete;
  RoundingMode& operator=(const RoundingMode&) = delete;

 private:
  int before_;
};

template <Handler H>
void runRounded(Block& block, const Instruction& in) {
  const RoundingMode mode(in.rounding);
  H(block, in);
}

inline bool isDirected(const Statement& s) { return s.has("rz") || s.has("rm") || s.has("rp"); }

// Subnormal floats become zeros of their sign: what .ftz does to operands and results.
inline float flushed(float x) { return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x; }
inline float saturated(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }  // NaN gives 0

template <auto F>
constexpr auto withFlush = [](auto... x) { return flushed(static_cast<float>(F(flushed(x)...))); };
template <auto F>
constexpr auto withSaturation = [](auto... x) { return saturated(static_cast<float>(F(x...))); };

template <auto F, size_t N>
Semantics float32(const Statement& s) {
  if (s.has("ftz") && s.has("sat")) return uniform<withSaturation<withFlush<F>>, float, N>();
  if (s.has("ftz")) return uniform<withFlush<F>, float, N>();
  if (s.has("sat")) return uniform<withSaturation<F>, float, N>();
  return uniform<F, float, N>();
}

// The same in another rounding mode; no compiler has yet asked for saturation there.
template <auto F, typename T, size_t N>
Semantics directed(const Statement& s) {
  if (s.has("sat")) return {};
  return []<size_t... K>(std::index_sequence<K...>) -> Semantics {
    constexpr Handler plain = &runElementwise<F, T, std::enable_if_t<K + 1 != 0, T>...>;
    return fixed<T, std::enable_if_t<K + 1 != 0, T>...>(&runRounded<plain>);
  }(std::make_index_sequence<N>{});
}

template <auto F, size_t N>
Semantics floating(const Statement& s) {
  if (s.type() == Type::F32) {
    if (!isDirected(s)) return float32<F, N>(s);
    return s.has("ftz") ? directed<withFlush<F>, float, N>(s) : directed<F, float, N>(s);
  }
  if (s.type() == Type::F64) return isDirected(s) ? directed<F, double, N>(s) : uniform<F, double, N>();
  return {};
}

template <auto F, size_t N>
Semantics integer(const Statement& s) {
  switch (s.type()) {
    case Type::U16: case Type::B16: return uniform<F, uint16_t, N>();
    case Type::S16: return uniform<F, int16_t, N>();
    case Type::U32: case Type::B32: return uniform<F, uint32_t, N>();
    case Type::S32: return uniform<F, int32_t, N>();
    case Type::U64: case Type::B64: return uniform<F, uint64_t, N>();
    case Type::S64: return uniform<F, int64_t, N>();
    default: return {};
  }
}

template <auto F, size_t N>
Semantics number(const Statement& s) {
  if (s.type() == Type::F32 || s.type() == Type::F64) return floating<F, N>(s);
  return s.has("sat") ? Semantics{} : integer<F, N>(s);
}

// Untyped bits, and predicates.
template <auto F, size_t N>
Semantics bits(const Statement& s) {
  return s.type() == Type::Pred ? uniform<F, bool, N>() : integer<F, N>(s);
}

}  // namespace cudasim
