#include "settings.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace cudasim {
namespace {

uint64_t numberOf(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (!text || !*text) return otherwise;
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 0);
  if (*end != '\0') {
    std::fprintf(stderr, "cuda-sim: %s: expected a number, got %s\n", name, text);
    std::abort();  // a test that sets it wrongly must not go on with something else
  }
  return value;
}

int intOf(const char* name, int otherwise) { return static_cast<int>(numberOf(name, static_cast<uint64_t>(otherwise))); }

FaultRule ruleOf(const std::string& text) {
  char name[64], nth[16];
  FaultRule rule;
  if (std::sscanf(text.c_str(), "%63[^:]:%15[^:]:%d", name, nth, &rule.code) != 3) {
    std::fprintf(stderr, "cuda-sim: CUDASIM_FAIL: expected CALL:N:CODE, got %s\n", text.c_str());
    std::abort();
  }
  rule.name = name;
  rule.nth = std::atoi(nth);
  rule.andLater = std::string(nth).back() == '+';
  return rule;
}

}  // namespace

Settings settingsOfEnvironment() {
  Settings made;
  made.devices = intOf("CUDASIM_DEVICES", made.devices);
  made.capability = intOf("CUDASIM_CAPABILITY", made.capability);
  made.multiprocessors = intOf("CUDASIM_MULTIPROCESSORS", made.multiprocessors);
  made.driver = intOf("CUDASIM_DRIVER", made.driver);
  made.ptx = intOf("CUDASIM_PTX", made.ptx);
  made.memory = numberOf("CUDASIM_MEMORY", made.memory);
  made.races = numberOf("CUDASIM_RACES", 1) != 0;
  made.perturb = numberOf("CUDASIM_PERTURB", 0) != 0;
  made.eager = numberOf("CUDASIM_EAGER", 0) != 0;
  made.reverse = numberOf("CUDASIM_REVERSE", 0) != 0;
  if (const char* log = std::getenv("CUDASIM_LOG")) made.log = log;
  const char* rules = std::getenv("CUDASIM_FAIL");
  std::stringstream list(rules ? rules : "");
  for (std::string rule; std::getline(list, rule, ',');) made.faults.push_back(ruleOf(rule));
  return made;
}

}  // namespace cudasim
