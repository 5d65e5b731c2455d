// PTX text -> tokens: words (with their dots, percents and `::`), strings, and single punctuation characters.
#pragma once
#include <string>
#include <vector>

namespace cudasim {

struct Token {
  std::string text;
  int line = 0;
  size_t start = 0, end = 0;  // in the source, to quote statements as they were written
};

std::vector<Token> tokens(const std::string& source);

}  // namespace cudasim
