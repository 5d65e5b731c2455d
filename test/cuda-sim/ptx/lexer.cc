#include "lexer.h"

#include <cctype>
#include <cstring>

namespace cudasim {
namespace {

bool isWordCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || (c != '\0' && std::strchr("_$%.", c)); }

// The end of what starts at `at` and is no token: a space or a comment. `at` itself if it is one.
size_t skipBlank(const std::string& source, size_t at) {
  if (std::isspace(static_cast<unsigned char>(source[at]))) return at + 1;
  if (source.compare(at, 2, "//") == 0) return std::min(source.find('\n', at), source.size());
  if (source.compare(at, 2, "/*") == 0) {
    const size_t close = source.find("*/", at + 2);
    return close == std::string::npos ? source.size() : close + 2;
  }
  return at;
}

size_t endOfWord(const std::string& source, size_t at) {
  while (at < source.size()) {
    if (isWordCharacter(source[at])) at++;
    else if (source.compare(at, 2, "::") == 0) at += 2;  // ld.global.L1::evict_last.f32
    else break;
  }
  return at;
}

size_t endOfToken(const std::string& source, size_t at) {
  if (source[at] == '"') {
    const size_t close = source.find('"', at + 1);
    return close == std::string::npos ? source.size() : close + 1;
  }
  return isWordCharacter(source[at]) ? endOfWord(source, at) : at + 1;
}

}  // namespace

std::vector<Token> tokens(const std::string& source) {
  std::vector<Token> all;
  int line = 1;
  for (size_t at = 0; at < source.size() && source[at] != '\0';) {
    const size_t blank = skipBlank(source, at);
    const size_t end = blank > at ? blank : endOfToken(source, at);
    if (blank == at) all.push_back({source.substr(at, end - at), line, at, end});
    for (; at < end; at++) line += source[at] == '\n';
  }
  return all;
}

}  // namespace cudasim
