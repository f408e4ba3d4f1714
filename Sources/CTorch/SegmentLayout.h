// SPDX-License-Identifier: Apache-2.0
// Where the tokens of texts that lie end to end stand, and what they see.
#pragma once

#include <c10/util/ArrayRef.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace attune {

struct Span {
  int64_t start, count;
};

/// New tokens, and what stands before them, in order.
struct Segment {
  int64_t start, count;
  std::vector<Span> before;
  int64_t beforeCount = 0;

  int64_t keyCount() const { return beforeCount + count; }
};

/// How scores are made: s = scale q k, cap tanh(s / cap) where there is a cap, and at most `window` keys, the last ones.
struct Style {
  double scale, cap;
  int64_t window;

  /// The first key that a query at `position` sees.
  int64_t firstKey(int64_t position) const { return window > 0 ? std::max<int64_t>(0, position + 1 - window) : 0; }
};

/// `layout` holds for each segment: start, count, number of spans, then start and count of each.
inline std::vector<Segment> readSegments(c10::ArrayRef<int64_t> layout, int64_t tokens) {
  std::vector<Segment> segments;
  size_t place = 0;
  const auto next = [&] {
    TORCH_CHECK(place < layout.size(), "segment attention: the layout ends within a segment");
    return layout[place++];
  };
  const auto check = [&](int64_t start, int64_t count) {
    TORCH_CHECK(start >= 0 && count > 0 && start + count <= tokens, "segment attention: tokens ", start, " to ",
                start + count, " of ", tokens);
  };
  while (place < layout.size()) {
    Segment segment{next(), next(), {}};
    check(segment.start, segment.count);
    for (int64_t spans = next(); spans > 0; spans--) {
      const Span span{next(), next()};
      check(span.start, span.count);
      segment.before.push_back(span);
      segment.beforeCount += span.count;
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

/// Segments that share tokens, together; the dearest first, so that no thread is left with a large one at the end.
inline std::vector<std::vector<const Segment *>> trees(const std::vector<Segment> &segments, int64_t tokens) {
  std::vector<int64_t> treeOfToken(tokens, -1);
  std::vector<std::vector<const Segment *>> trees;
  for (auto &segment : segments) {
    int64_t tree = segment.before.empty() ? -1 : treeOfToken[segment.before.front().start];
    if (tree < 0) {
      tree = int64_t(trees.size());
      trees.emplace_back();
    }
    trees[tree].push_back(&segment);
    std::fill_n(treeOfToken.begin() + segment.start, segment.count, tree);
  }
  const auto cost = [](const std::vector<const Segment *> &tree) {
    int64_t sum = 0;
    for (auto *segment : tree) sum += segment->count * segment->keyCount();
    return sum;
  };
  std::stable_sort(trees.begin(), trees.end(), [&](auto &a, auto &b) { return cost(a) > cost(b); });
  return trees;
}

}  // namespace attune
