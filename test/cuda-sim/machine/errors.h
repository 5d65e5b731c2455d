// The driver's numbers for what can go wrong (cuda.h, CUresult). The driver's part gives each its name and text.
#pragma once

namespace cudasim {

enum Error : int {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  NO_BINARY_FOR_GPU = 209,
  INVALID_PTX = 218,
  UNSUPPORTED_PTX_VERSION = 222,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_OUT_OF_RESOURCES = 701,
  MISALIGNED_ADDRESS = 716,
  LAUNCH_FAILED = 719,
};

// What a running kernel did wrong stays until the context is destroyed; a refused launch does not (cuda.h, at each
// code).
constexpr bool isSticky(int code) { return code >= ILLEGAL_ADDRESS && code != LAUNCH_OUT_OF_RESOURCES; }

}  // namespace cudasim
