// One call on several devices: each has some of the entries of the batch, or some of the blocks of rows, and all
// columns. Blocks and parts are those of the call on one device, so the result is the same to the last bit. Every
// device is served by a thread of its own, while the caller's looks for what may stop the call.
#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

#include "cuda/cuda.h"
#include "run/threads.h"

namespace cuda {

namespace {

// [blocks + 1]: what the blocks of an entry cost, added up; also one that visits nothing costs something.
std::vector<double> costsOf(const Plan &plan, const std::vector<RowBlock> &blocks) {
  std::vector<double> costs{0};
  for (const RowBlock &block : blocks) costs.push_back(costs.back() + double(block.endRow - block.firstRow) + pairsOf(plan, block));
  return costs;
}

// A part for every device, as even as blocks are: some of the entries, or where there are fewer entries than devices,
// some blocks of one.
std::vector<Part> partsOf(const Plan &plan, int64 devices) {
  const std::vector<double> costs = costsOf(plan, rowBlocksOf(plan));
  const int64 entries = plan.entries(), blocks = static_cast<int64>(costs.size()) - 1;
  std::vector<Part> parts;
  if (entries >= devices) {
    for (int64 d = 0; d < devices; d++) parts.push_back({entries * d / devices, entries * (d + 1) / devices, 0, blocks});
    return parts;
  }
  for (int64 entry = 0; entry < entries; entry++) {
    const int64 own = devices * (entry + 1) / entries - devices * entry / entries;
    const auto cut = [&](int64 n) { return std::ranges::lower_bound(costs, costs.back() * double(n) / double(own)) - costs.begin(); };
    for (int64 n = 0; n < own; n++) parts.push_back({entry, entry + 1, n == 0 ? 0 : cut(n), n + 1 == own ? blocks : cut(n + 1)});
  }
  return parts;
}

struct Share {
  Share(const CudaRoutine &routine, const Part &part) : routine(routine), part(part) {}
  const CudaRoutine &routine;
  const Part part;
  Watch watch;
};

class Shares {
 public:
  Shares(const std::vector<const CudaRoutine *> &routines, const std::shared_ptr<const Plan> &plan, const std::vector<Placed> &arguments,
         const PlacedOutput &out)
      : plan(plan), arguments(arguments), out(out) {
    const std::vector<Part> parts = partsOf(*plan, static_cast<int64>(routines.size()));
    for (std::size_t n = 0; n < parts.size(); n++)
      if (parts[n].firstBlock < parts[n].endBlock) all.push_back(std::make_unique<Share>(*routines[n], parts[n]));
  }
  // Does all of them; stops them when it is to stop, and waits for them in any case.
  void run(Watch &watch) {
    watch.begin(static_cast<int64>(all.size()));
    try {
      for (; started < all.size(); started++) startThread([this, share = all[started].get()] { serve(*share); });
    } catch (...) {
      stop();
      await(watch);
      throw;
    }
    await(watch);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  // The first failure ends the others, too.
  void serve(Share &share) {
    std::exception_ptr own;
    try {
      reduce(PlacedPlan(share.routine, plan), share.part, arguments, out, share.watch);
    } catch (...) {
      own = std::current_exception();
    }
    std::lock_guard lock(guard);
    if (own && !failure) {
      failure = own;
      stop();
    }
    ended++;
    news.notify_one();
  }
  void stop() {
    for (const auto &share : all) share->watch.stop();
  }
  void await(Watch &watch) {
    std::unique_lock lock(guard);
    for (std::size_t seen = 0; seen < started;) {
      news.wait_for(lock, std::chrono::milliseconds(10), [&] { return ended > seen; });
      watch.done(static_cast<int64>(ended - seen));
      seen = ended;
      watch.askPoll();
      if (watch.stopping()) stop();
    }
  }

  const std::shared_ptr<const Plan> plan;
  const std::vector<Placed> &arguments;
  const PlacedOutput &out;
  std::vector<std::unique_ptr<Share>> all;
  std::mutex guard;
  std::condition_variable news;
  std::exception_ptr failure;
  std::size_t started = 0, ended = 0;
};

}  // namespace

void reduceOnAll(const std::vector<const CudaRoutine *> &routines, const std::shared_ptr<const Plan> &plan, const std::vector<Placed> &arguments,
                 const PlacedOutput &out, Watch &watch) {
  Shares(routines, plan, arguments, out).run(watch);
}

}  // namespace cuda
