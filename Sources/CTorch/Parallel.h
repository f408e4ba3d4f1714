// SPDX-License-Identifier: Apache-2.0
// Loops of the kernels over libtorch's own threads.
//
// `at::parallel_for` becomes a plain loop in code that is compiled without OpenMP, and clang's OpenMP would bring a second
// pool of threads beside the one libtorch computes with. So the loops enter that pool where GCC's compiled code does.
#pragma once

#include <algorithm>
#include <cstdint>

namespace attune {

namespace threads {

/// Threads that a loop begun here may take: 1 inside another one, and where libtorch's pool cannot be entered.
int64_t available();

/// Runs `part(context, 0)` to `part(context, count - 1)`, each once, on as many threads as there are; waits for all, and
/// throws what the first one that failed has thrown.
void run(int64_t count, void (*part)(void *context, int64_t index), void *context);

}  // namespace threads

/// Calls `body(first, last)` for parts of a range, of at least `grain` places where there is more than one part. How the
/// range is cut depends on the number of threads and on nothing else.
template <typename Body>
void parallelFor(int64_t begin, int64_t end, int64_t grain, const Body &body) {
  if (begin >= end) return;
  const int64_t places = end - begin, least = std::max<int64_t>(1, grain);
  const int64_t wanted = (places + least - 1) / least;
  const int64_t parts = wanted > 1 ? std::min(threads::available(), wanted) : 1;
  if (parts <= 1) return body(begin, end);
  struct Context {
    const Body &body;
    int64_t begin, end, size;
  } context{body, begin, end, (places + parts - 1) / parts};
  threads::run(
      parts,
      [](void *pointer, int64_t index) {
        auto &all = *static_cast<Context *>(pointer);
        const int64_t first = all.begin + index * all.size, last = std::min(all.end, first + all.size);
        if (first < last) all.body(first, last);
      },
      &context);
}

}  // namespace attune
