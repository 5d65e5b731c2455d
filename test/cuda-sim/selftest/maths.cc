// maths FILE.ptx: runs every function of maths.h on the simulated device, and prints for each "NAME TYPE ULP": its
// greatest error in units in the last place, against long double.
#include "maths.h"

#include <cmath>
#include <random>

#include "program.h"

namespace {

using Long = long double;
constexpr Long PI = 3.14159265358979323846264338327950288L;

#define C(value) static_cast<T>(value)
#define EXP10(x) std::pow(10.0L, x)
#define SINPI(x) std::sin(PI * (x))
#define RSQRT(x) (1 / std::sqrt(x))

// Constants are those of type T, everything else is long double.
#define REFERENCE(name, expression, low, high)  \
  template <typename T>                         \
  Long reference_##name(Long x) {               \
    using namespace std;                        \
    return expression;                          \
  }
MATHS(REFERENCE)

template <typename T>
std::vector<T> samples(double low, double high) {
  constexpr int COUNT = 512;
  std::mt19937_64 random(1);
  const bool logarithmic = low > 0 && high / low > 1000;
  std::uniform_real_distribution<double> spread(logarithmic ? std::log(low) : low, logarithmic ? std::log(high) : high);
  std::vector<T> made(COUNT);
  for (T& x : made) x = static_cast<T>(logarithmic ? std::exp(spread(random)) : spread(random));
  return made;
}

template <typename T>
double ulps(T got, Long expected) {
  if (!std::isfinite(got)) return INFINITY;
  const T near = static_cast<T>(expected);
  if (got == near) return 0;
  const Long unit = std::nextafter(std::fabs(near), std::numeric_limits<T>::infinity()) - std::fabs(near);
  return static_cast<double>(std::fabs(got - expected) / unit);
}

template <typename T>
void measure(Session& session, const char* name, const char* type, Long (*reference)(Long), double low, double high) {
  const std::vector<T> x = samples<T>(low, high);
  const DevicePtr in = session.upload(x), out = session.allocate(x.size() * sizeof(T));
  CALL(session.launch(std::string(name) + "_" + type, static_cast<unsigned>(x.size() / 128), 128, 0, in, out));
  const std::vector<T> y = session.download<T>(out, x.size());
  double worst = 0;
  for (size_t k = 0; k < x.size(); k++) worst = std::fmax(worst, ulps(y[k], reference(x[k])));
  std::printf("%s %s %.2f\n", name, type, worst);
  CALL(cuMemFree_v2(in));
  CALL(cuMemFree_v2(out));
}

}  // namespace

int main(int, char** arguments) {
  Session session(arguments[1]);
#define MEASURE(name, expression, low, high)                                               \
  measure<float>(session, #name, "float", reference_##name<float>, low, high);             \
  measure<double>(session, #name, "double", reference_##name<double>, low, high);
  MATHS(MEASURE)
  session.close({});
}
