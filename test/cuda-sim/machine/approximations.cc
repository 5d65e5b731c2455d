// What the special-function unit gives, by tables and interpolation in real hardware. Here the result is correctly
// rounded, or, if the launch perturbs, wrong by up to 2 ulp: a test that passes both ways does not hang on the unit's
// exact bits.
#include "elementwise.h"

namespace cudasim {
namespace {

template <auto F, bool Flushes, typename... S>
void runApproximation(Block& block, const Instruction& in) {
  block.statistics.approximations += static_cast<uint64_t>(block.lanes().count);
  auto* result = block.row<float>(in, 0);
  [&]<size_t... K>(std::index_sequence<K...>) {
    const auto sources = std::tuple<const CellOf<S>*...>(block.row<S>(in, static_cast<int>(K) + 1)...);
    const auto operand = [](float x) { return static_cast<double>(Flushes ? flushed(x) : x); };
    block.lanes().each([&](int t) {
      double exact = F(operand(fromCell<S>(std::get<K>(sources)[t]))...);
      if (block.launch.perturb) exact *= block.nudge();
      const auto rounded = static_cast<float>(exact);
      result[t] = toCell(Flushes ? flushed(rounded) : rounded);
    });
  }(std::index_sequence_for<S...>{});
}

template <auto F, typename... S>
Semantics approximation(const Statement& s) {
  if (s.type() != Type::F32) return {};
  return fixed<float, S...>(s.has("ftz") ? &runApproximation<F, true, S...> : &runApproximation<F, false, S...>);
}

// In float64 the unit sees and gives the upper 32 bits alone: a start for Newton's iteration.
template <auto F, bool Flushes>
void runUpperHalf(Block& block, const Instruction& in) {
  block.statistics.approximations += static_cast<uint64_t>(block.lanes().count);
  constexpr uint64_t UPPER = 0xffffffff00000000;
  const auto flushed64 = [](double x) {
    return Flushes && std::fabs(x) < std::numeric_limits<double>::min() ? std::copysign(0.0, x) : x;
  };
  auto* result = block.row<double>(in, 0);
  const auto* source = block.row<double>(in, 1);
  block.lanes().each([&](int t) {
    double exact = flushed64(F(flushed64(fromCell<double>(source[t] & UPPER))));
    if (block.launch.perturb) exact *= block.nudge();  // 2 ulp of a float are about the unit's error here
    result[t] = toCell(exact) & UPPER;
  });
}

constexpr auto reciprocal = [](double x) { return 1 / x; };
constexpr auto reciprocalRoot = [](double x) { return 1 / std::sqrt(x); };

template <auto F>
Semantics reciprocalKind(const Statement& s) {
  if (s.type() == Type::F32) return approximation<F, float>(s);
  if (s.type() != Type::F64) return {};
  if (s.has("ftz")) return fixed<double, double>(&runUpperHalf<F, true>);
  return uniform<F, double, 1>();  // rsqrt.approx.f64 is good to the last place or two
}

constexpr auto quotient = [](double a, double b) { return a / b; };
// The fast division multiplies by a reciprocal, which is flushed for great divisors.
constexpr auto fastQuotient = [](double a, double b) {
  const double size = std::fabs(b);
  return size > 0x1p126 && size < 0x1p128 ? a * 0.0 : a / b;
};

constexpr OpcodeRow ROWS[] = {
    {"ex2.approx", "approx ftz", approximation<[](double x) { return std::exp2(x); }, float>},
    {"lg2.approx", "approx ftz", approximation<[](double x) { return std::log2(x); }, float>},
    {"sin.approx", "approx ftz", approximation<[](double x) { return std::sin(x); }, float>},
    {"cos.approx", "approx ftz", approximation<[](double x) { return std::cos(x); }, float>},
    {"tanh.approx", "approx", approximation<[](double x) { return std::tanh(x); }, float>},
    {"sqrt.approx", "approx ftz", approximation<[](double x) { return std::sqrt(x); }, float>},
    {"rcp.approx", "approx ftz", reciprocalKind<reciprocal>},
    {"rsqrt.approx", "approx ftz", reciprocalKind<reciprocalRoot>},
    {"div.approx", "approx ftz", approximation<fastQuotient, float, float>},
    {"div.full", "full ftz", approximation<quotient, float, float>},
};

}  // namespace

std::span<const OpcodeRow> approximationRows() { return ROWS; }

}  // namespace cudasim
