#include "run/threads.h"

#include <algorithm>
#include <bitset>
#include <thread>
#include <utility>

#include "windows/system.h"

// Of the group of at most 64 processors that the process runs in.
int availableProcessors() {
  DWORD_PTR own = 0, all = 0;
  if (!GetProcessAffinityMask(GetCurrentProcess(), &own, &all)) return 1;
  return std::max(1, static_cast<int>(std::bitset<64>(own).count()));
}

void startThread(std::function<void()> body) { std::thread(std::move(body)).detach(); }
