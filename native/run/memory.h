// Memory in whole cache lines: buffers, and one per thread that grows and is used again.
#ifndef TSKEOPS_MEMORY_H
#define TSKEOPS_MEMORY_H

#include <memory>
#include <new>

#include "text/common/routine.h"

inline constexpr std::align_val_t CACHE_LINE{64};

struct FreeBuffer {
  void operator()(char *memory) const { ::operator delete[](memory, CACHE_LINE); }
};
using Buffer = std::unique_ptr<char[], FreeBuffer>;

// Throws std::bad_alloc.
inline Buffer allocate(int64 bytes) {
  return Buffer(bytes == 0 ? nullptr : static_cast<char *>(::operator new[](bytes, CACHE_LINE)));
}

// What it gives is valid until it is asked again.
class GrowingBuffer {
 public:
  char *ofSize(int64 bytes) {
    if (size < bytes) {
      size = 0;
      buffer = allocate(bytes);
      size = bytes;
    }
    return buffer.get();
  }

 private:
  Buffer buffer;
  int64 size = 0;
};

inline int64 ceilDivide(int64 a, int64 b) { return a / b + (a % b != 0); }
inline int64 roundUp(int64 a, int64 b) { return ceilDivide(a, b) * b; }

#endif
