// The calls as calls.h declares them, against cuda.h: as many parameters, and each of the same size and kind. Compiled
// by a test where the toolkit's headers are; nothing here runs.
#include <cuda.h>
#include <cudaTypedefs.h>

#include <type_traits>

namespace {

template <typename T>
constexpr int kind = std::is_pointer_v<T> ? 1 : std::is_floating_point_v<T> ? 2 : 3;

template <typename A, typename B>
constexpr bool alike = sizeof(A) == sizeof(B) && kind<A> == kind<B>;

template <typename Ours, typename Theirs>
struct SameCall : std::false_type {};
template <typename R, typename... A, typename S, typename... B>
  requires(sizeof...(A) == sizeof...(B))
struct SameCall<R (*)(A...), S (*)(B...)> : std::bool_constant<(alike<R, S> && ... && alike<A, B>)> {};

}  // namespace

#define CUDASIM_TYPES_ONLY
#include "driver/calls.h"

namespace cudasim {

#define CHECK(name, typedefName, parameters) \
  static_assert(SameCall<Result(*) parameters, typedefName>::value, #name " is not as in cuda.h");
CUDASIM_CALLS(CHECK)

// The check can fail.
static_assert(!SameCall<Result (*)(DevicePtr*, unsigned), PFN_cuMemAlloc_v3020>::value);
static_assert(!SameCall<Result (*)(double*, Event*, Event*, int), PFN_cuEventElapsedTime_v2000>::value);

}  // namespace cudasim
