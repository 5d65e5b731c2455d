// A place in the tokens of a PTX text, and the steps that every rule of its grammar is made of.
#pragma once
#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "lexer.h"
#include "module.h"

namespace cudasim {

class Cursor {
 public:
  explicit Cursor(const std::string& source) : source_(source), tokens_(tokens(source)) {}

  bool atEnd() const { return at_ >= tokens_.size(); }
  const std::string& peek(size_t ahead = 0) const {
    static const std::string nothing;
    return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead].text : nothing;
  }
  int line() const { return tokens_.empty() ? 0 : tokens_[std::min(at_, tokens_.size() - 1)].line; }
  size_t start() const { return atEnd() ? source_.size() : tokens_[at_].start; }  // of the token here, in the source
  [[noreturn]] void fail(const std::string& what) const { throw PtxError(line(), what); }

  std::string next() {
    if (atEnd()) fail("the text ends too early");
    return tokens_[at_++].text;
  }
  bool accept(const char* text) {
    if (peek() != text) return false;
    at_++;
    return true;
  }
  void expect(const char* text) {
    if (!accept(text)) fail("expected '" + std::string(text) + "', got '" + peek() + "'");
  }
  void skipLine() {
    for (const int start = line(); !atEnd() && line() == start;) at_++;
  }
  void skipPast(const char* text) {
    while (next() != text) {
    }
  }
  void skipBraces() {
    expect("{");
    for (int depth = 1; depth > 0;) {
      const std::string token = next();
      depth += token == "{" ? 1 : token == "}" ? -1 : 0;
    }
  }

  // The source from a token's start to here, with single spaces, to quote it in one line.
  std::string quoteFrom(size_t from) const {
    std::string made;
    for (const char c : source_.substr(from, start() - from)) {
      const bool isSpace = std::isspace(static_cast<unsigned char>(c));
      if (!isSpace) made += c;
      else if (!made.empty() && made.back() != ' ') made += ' ';
    }
    return made;
  }

  // 12, -12, 0x1F, 0f3F800000 (bits of a float), 0d… (bits of a double), 1.5; nothing if it is no number.
  std::optional<Operand> number() {
    const bool isNegative = peek() == "-";
    const std::string& text = peek(isNegative ? 1 : 0);
    if (text.empty() || !std::isdigit(static_cast<unsigned char>(text[0]))) return std::nullopt;
    Operand made;
    made.kind = Operand::Kind::Immediate;
    const char second = text.size() > 1 ? text[1] : '\0';
    if (second == 'f' || second == 'F' || second == 'd' || second == 'D') made.value = std::strtoull(text.c_str() + 2, nullptr, 16);
    else if (text.find('.') != std::string::npos) {
      made.value = std::bit_cast<uint64_t>(std::strtod(text.c_str(), nullptr) * (isNegative ? -1 : 1));
      made.isDecimal = true;
    } else {
      made.value = std::strtoull(text.c_str(), nullptr, 0);
      if (isNegative) made.value = -made.value;
    }
    at_ += isNegative ? 2 : 1;
    return made;
  }

 private:
  const std::string& source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace cudasim
