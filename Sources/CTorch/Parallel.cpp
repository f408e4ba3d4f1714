// SPDX-License-Identifier: Apache-2.0
#include "Parallel.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <atomic>
#include <exception>

namespace attune::threads {

namespace {

/// The part of GCC's OpenMP interface that its compiled code calls, out of the library that libtorch brought.
struct Pool {
  void (*parallel)(void (*)(void *), void *, unsigned, unsigned);
  int (*number)();
  int (*count)();

  static const Pool &found() {
    static const Pool pool = [] {
      Pool made{};
      made.parallel = reinterpret_cast<decltype(made.parallel)>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
      made.number = reinterpret_cast<decltype(made.number)>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
      made.count = reinterpret_cast<decltype(made.count)>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
      return made;
    }();
    return pool;
  }

  bool isWhole() const { return parallel && number && count; }
};

struct Job {
  const Pool &pool;
  int64_t count;
  void (*part)(void *, int64_t);
  void *context;
  std::atomic_flag hasFailed = ATOMIC_FLAG_INIT;
  std::exception_ptr failure = nullptr;
};

void work(void *pointer) {
  auto &job = *static_cast<Job *>(pointer);
  const int64_t step = job.pool.count();
  for (int64_t index = job.pool.number(); index < job.count; index += step) {
    try {
      job.part(job.context, index);
    } catch (...) {
      if (!job.hasFailed.test_and_set()) job.failure = std::current_exception();
    }
  }
}

}  // namespace

int64_t available() {
  return Pool::found().isWhole() && !at::in_parallel_region() ? at::get_num_threads() : 1;
}

void run(int64_t count, void (*part)(void *, int64_t), void *context) {
  if (available() <= 1) {
    for (int64_t index = 0; index < count; index++) part(context, index);
    return;
  }
  Job job{Pool::found(), count, part, context};
  // 0: as many threads as libtorch's own loops on this thread, so that the pool keeps its size.
  Pool::found().parallel(work, &job, 0, 0);
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace attune::threads
