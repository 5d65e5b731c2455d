// What the environment asks of the simulated driver (the table in README.md), read once by cuInit.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace cudasim {

// "cuMemAlloc_v2:3:2": the third call fails with error 2; "3+": so does every later one. The name `kernel` counts
// kernels that run, which fail when they run, as real ones do.
struct FaultRule {
  std::string name;
  int nth = 1;
  bool andLater = false;
  int code = 0;
};

struct Settings {
  int devices = 1;
  int capability = 130;  // newer than what today's compilers know, so that they give PTX for it
  int multiprocessors = 132;
  int driver = 13000;
  int ptx = 90;  // the newest PTX version that it takes, 90 for 9.0
  uint64_t memory = 1ull << 30;
  bool races = true, perturb = false, eager = false, reverse = false;
  std::string log;
  std::vector<FaultRule> faults;
};

Settings settingsOfEnvironment();

}  // namespace cudasim
