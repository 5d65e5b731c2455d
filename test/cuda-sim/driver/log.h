// The log: one JSON object per line, so that tests count calls, read the kernels' instruction counts, and quote faults.
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>

#include "../machine/block.h"

namespace cudasim {

class Line {
 public:
  Line& add(const char* key, uint64_t value) { return raw(key, std::to_string(value)); }
  Line& add(const char* key, const std::string& value);
  Line& add(const char* key, Dim value);
  const std::string& text() const { return text_; }

 private:
  Line& raw(const char* key, const std::string& value);
  std::string text_;
};

class Log {
 public:
  void open(const std::string& path);
  void write(const Line& line);

 private:
  std::FILE* file_ = nullptr;
};

}  // namespace cudasim
