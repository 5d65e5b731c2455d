// Our own declarations of the CUDA driver (native/cudadriver.h) against NVIDIA's: compiled by test/cuda/build.test.ts where the toolkit's
// header is installed. Same number of arguments, and each of the same size and kind (pointer, integer).
#include <cuda.h>
#include <cudaTypedefs.h>

#include <type_traits>

#include "cudadriver.h"

template <class T> constexpr int kind = std::is_pointer_v<T> ? 1 : std::is_floating_point_v<T> ? 2 : 3;

template <class Ours, class Nvidias> struct Same : std::false_type {};
template <class... A, class... B>
  requires(sizeof...(A) == sizeof...(B))
struct Same<cuda::Result (*)(A...), CUresult (*)(B...)>
    : std::bool_constant<(true && ... && (sizeof(A) == sizeof(B) && kind<A> == kind<B>))> {};

#define CHECK(name, nvidia, arguments) static_assert(Same<decltype(cuda::Driver::name), nvidia>::value, #name);
TSKEOPS_CUDA_FUNCTIONS(CHECK)

static_assert(sizeof(cuda::Address) == sizeof(CUdeviceptr));
static_assert(cuda::OUT_OF_MEMORY == int(CUDA_ERROR_OUT_OF_MEMORY) && cuda::NO_DEVICE == int(CUDA_ERROR_NO_DEVICE));
static_assert(cuda::INVALID_IMAGE == int(CUDA_ERROR_INVALID_IMAGE) && cuda::INVALID_PTX == int(CUDA_ERROR_INVALID_PTX));
static_assert(cuda::NO_BINARY_FOR_GPU == int(CUDA_ERROR_NO_BINARY_FOR_GPU) && cuda::NOT_READY == int(CUDA_ERROR_NOT_READY));
static_assert(cuda::UNSUPPORTED_PTX_VERSION == int(CUDA_ERROR_UNSUPPORTED_PTX_VERSION));
static_assert(cuda::CLOCK_KILOHERTZ == int(CU_DEVICE_ATTRIBUTE_CLOCK_RATE));
static_assert(cuda::MULTIPROCESSORS == int(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
static_assert(cuda::CAPABILITY_MAJOR == int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
static_assert(cuda::CAPABILITY_MINOR == int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
static_assert(cuda::STREAM_NON_BLOCKING == unsigned(CU_STREAM_NON_BLOCKING));
static_assert(cuda::EVENT_DISABLE_TIMING == unsigned(CU_EVENT_DISABLE_TIMING));
