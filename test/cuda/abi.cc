// Our own declarations of the CUDA driver (native/cuda/cudadriver.h) against NVIDIA's: compiled by
// test/cuda/compile.cuda.ts where the toolkit's header is installed. Same number of arguments, and each of the same
// size and kind (pointer, integer).
#include <cuda.h>
#include <cudaTypedefs.h>

#include <type_traits>

#include "cuda/cudadriver.h"

template <class T> constexpr int kind = std::is_pointer_v<T> ? 1 : std::is_floating_point_v<T> ? 2 : 3;

template <class Ours, class Nvidias> struct Same : std::false_type {};
template <class... A, class... B>
  requires(sizeof...(A) == sizeof...(B))
struct Same<cuda::Result (*)(A...), CUresult (*)(B...)>
    : std::bool_constant<(true && ... && (sizeof(A) == sizeof(B) && kind<A> == kind<B>))> {};

#define CHECK(name, nvidia, arguments) static_assert(Same<decltype(cuda::Driver::name), nvidia>::value, #name);
TSKEOPS_CUDA_FUNCTIONS(CHECK)

static_assert(sizeof(cuda::Address) == sizeof(CUdeviceptr));
static_assert(cuda::SUCCESS == int(CUDA_SUCCESS) && cuda::OUT_OF_MEMORY == int(CUDA_ERROR_OUT_OF_MEMORY));
static_assert(cuda::CLOCK_KILOHERTZ == int(CU_DEVICE_ATTRIBUTE_CLOCK_RATE));
static_assert(cuda::MULTIPROCESSORS == int(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
static_assert(cuda::CAPABILITY_MAJOR == int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
static_assert(cuda::CAPABILITY_MINOR == int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
static_assert(cuda::STREAM_NON_BLOCKING == unsigned(CU_STREAM_NON_BLOCKING));
static_assert(cuda::EVENT_DISABLE_TIMING == unsigned(CU_EVENT_DISABLE_TIMING));
