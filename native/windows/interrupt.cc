#include "node/interrupt.h"

#include "windows/system.h"
#include <tlhelp32.h>

namespace {

std::atomic<std::uint32_t> count{0};
std::atomic<bool> open{false};

// Windows calls this in a thread of its own, the latest handler first. What is not taken here goes to the one that node
// has installed at its start, which ends the process or tells listeners.
BOOL WINAPI onControl(DWORD event) {
  if (event != CTRL_C_EVENT || !open) return FALSE;
  count++;
  return TRUE;
}

FILETIME beginningOf(DWORD thread) {
  FILETIME begin{MAXDWORD, MAXDWORD}, others[3];
  if (const HANDLE handle = OpenThread(THREAD_QUERY_LIMITED_INFORMATION, FALSE, thread)) {
    GetThreadTimes(handle, &begin, &others[0], &others[1], &others[2]);
    CloseHandle(handle);
  }
  return begin;
}

// The oldest thread of the process: Windows keeps no other record of which it began with.
DWORD mainThread() {
  DWORD oldest = GetCurrentThreadId();
  const HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  THREADENTRY32 entry{};
  entry.dwSize = sizeof entry;
  for (BOOL more = Thread32First(all, &entry); more; more = Thread32Next(all, &entry)) {
    if (entry.th32OwnerProcessID != GetCurrentProcessId()) continue;
    const FILETIME mine = beginningOf(entry.th32ThreadID), best = beginningOf(oldest);
    if (CompareFileTime(&mine, &best) < 0) oldest = entry.th32ThreadID;
  }
  CloseHandle(all);
  return oldest;
}

}  // namespace

const std::atomic<std::uint32_t> &interruptCount() { return count; }

bool onMainThread() {
  static const DWORD main = mainThread();
  return GetCurrentThreadId() == main;
}

InterruptScope::InterruptScope() : isOutermost(!open) {
  if (!isOutermost) return;
  open = true;
  SetConsoleCtrlHandler(onControl, TRUE);
}

InterruptScope::~InterruptScope() {
  if (!isOutermost) return;
  SetConsoleCtrlHandler(onControl, FALSE);
  open = false;
}
