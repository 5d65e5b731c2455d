#include "log.h"

#include <cstdlib>

namespace cudasim {
namespace {

std::string quoted(const std::string& text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    made += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return made + '"';
}

}  // namespace

Line& Line::raw(const char* key, const std::string& value) {
  text_ += (text_.empty() ? "" : ", ") + quoted(key) + ": " + value;
  return *this;
}

Line& Line::add(const char* key, const std::string& value) { return raw(key, quoted(value)); }

Line& Line::add(const char* key, Dim value) {
  return raw(key, "[" + std::to_string(value.x) + ", " + std::to_string(value.y) + ", " + std::to_string(value.z) + "]");
}

void Log::open(const std::string& path) {
  if (file_ || path.empty()) return;
  file_ = std::fopen(path.c_str(), "a");
  if (!file_) {
    std::fprintf(stderr, "cuda-sim: CUDASIM_LOG: %s cannot be opened\n", path.c_str());
    std::abort();
  }
}

// Flushed at once: what a crash cuts off would be what one wants to know.
void Log::write(const Line& line) {
  if (!file_) return;
  std::fprintf(file_, "{%s}\n", line.text().c_str());
  std::fflush(file_);
}

}  // namespace cudasim
