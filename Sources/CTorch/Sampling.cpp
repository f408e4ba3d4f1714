// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/empty.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <vector>

#include "Bridge.h"

using namespace attune;

namespace {

struct Entry {
  float key, probability;
  int64_t index;
};

bool before(const Entry &a, const Entry &b) { return a.key > b.key || (a.key == b.key && a.index > b.index); }

/// Moves the entries to keep to the front and tells how many they are: a quicksort that follows one side only.
int64_t select(std::vector<Entry> &entries, double mass, int64_t minimum) {
  int64_t low = 0, high = static_cast<int64_t>(entries.size());
  double sum = 0;  // of the entries up to `low`
  while (low < high && sum < mass) {
    Entry &a = entries[low], &b = entries[low + (high - low) / 2], &c = entries[high - 1];
    Entry &pivot = before(a, b) ? (before(b, c) ? b : (before(a, c) ? c : a)) : (before(a, c) ? a : (before(b, c) ? c : b));
    std::swap(pivot, entries[high - 1]);
    double part = 0;
    int64_t middle = low;
    for (int64_t i = low; i < high - 1; ++i)
      if (before(entries[i], entries[high - 1])) {
        part += entries[i].probability;
        std::swap(entries[i], entries[middle++]);
      }
    std::swap(entries[middle], entries[high - 1]);
    if (sum + part >= mass) {
      high = middle;
    } else {
      sum += part + entries[middle].probability;
      low = middle + 1;
    }
  }
  minimum = std::min<int64_t>(minimum, entries.size());
  if (low < minimum) {
    std::nth_element(entries.begin() + low, entries.begin() + minimum - 1, entries.end(), before);
    low = minimum;
  }
  return low;
}

at::Tensor keepOnProcessor(const at::Tensor &keys, const at::Tensor &probabilities, double mass, int64_t minimum,
                           bool keepTies) {
  const int64_t rows = keys.size(0), width = keys.size(1);
  auto mask = at::zeros({rows, width}, keys.options().dtype(at::kBool));
  auto orders = keys.to(at::kFloat).contiguous(), shares = probabilities.to(at::kFloat).contiguous();
  auto *order = orders.const_data_ptr<float>(), *share = shares.const_data_ptr<float>();
  auto *kept = mask.mutable_data_ptr<bool>();
  std::vector<Entry> entries;
  for (int64_t row = 0; row < rows; ++row, order += width, share += width, kept += width) {
    entries.clear();
    for (int64_t i = 0; i < width; ++i)
      if (share[i] > 0) entries.push_back({order[i], share[i], i});
    const int64_t count = select(entries, mass, minimum);
    float last = 0;
    for (int64_t i = 0; i < count; ++i) {
      kept[entries[i].index] = true;
      last = i == 0 ? entries[i].key : std::min(last, entries[i].key);
    }
    if (!keepTies) continue;
    for (const auto &entry : entries)
      if (entry.key >= last) kept[entry.index] = true;
  }
  return mask;
}

at::Tensor keepWithTensors(const at::Tensor &keys, const at::Tensor &probabilities, double mass, int64_t minimum,
                           bool keepTies) {
  const int64_t width = keys.size(1);
  // Reversed, so that a stable sort puts the rightmost of equal keys first.
  auto [ordered, places] = keys.flip(1).sort(/*stable=*/true, 1, /*descending=*/true);
  auto shares = probabilities.flip(1).gather(1, places).to(at::kDouble);
  auto keeps = shares.cumsum(1).sub(shares).lt(mass);
  keeps.narrow(1, 0, std::min(minimum, width)).fill_(true);
  if (keepTies) {
    auto last = ordered.gather(1, keeps.sum(1, true).sub(1).clamp_min(0));
    return keys.ge(last).logical_and(probabilities.gt(0));
  }
  return at::zeros_like(keeps).scatter(1, places, keeps).flip(1).logical_and(probabilities.gt(0));
}

}  // namespace

extern "C" {

ct_status ct_keep_mass(ct_tensor keys, ct_tensor probabilities, double mass, int64_t minimum, bool keep_ties,
                       ct_tensor *out) {
  return produce(out, [&] {
    auto &order = unwrap(keys);
    auto &shares = unwrap(probabilities);
    TORCH_CHECK(order.dim() == 2 && order.sizes() == shares.sizes(), "keep mass: keys ", order.sizes(),
                " and probabilities ", shares.sizes(), " must both be [B, V]");
    return order.is_cpu() ? keepOnProcessor(order, shares, mass, minimum, keep_ties)
                          : keepWithTensors(order, shares, mass, minimum, keep_ties);
  });
}

ct_status ct_draw(ct_tensor probabilities, const double *uniforms, int64_t count, ct_tensor *out) {
  return produce(out, [&] {
    auto &shares = unwrap(probabilities);
    TORCH_CHECK(shares.dim() == 2 && shares.size(0) == count, "draw: ", count, " numbers for ", shares.sizes());
    const int64_t width = shares.size(1);
    if (!shares.is_cpu()) {
      auto cumulative = shares.to(at::kDouble).cumsum(1);
      auto marks = at::tensor(at::ArrayRef<double>(uniforms, count), at::kDouble).to(shares.device()).unsqueeze(1);
      auto found = at::searchsorted(cumulative, marks.mul(cumulative.narrow(1, width - 1, 1)), false, /*right=*/true);
      return found.clamp_max(width - 1);
    }
    auto rows = shares.to(at::kFloat).contiguous();
    auto *share = rows.const_data_ptr<float>();
    auto drawn = at::empty({count, 1}, shares.options().dtype(at::kLong));
    auto *index = drawn.mutable_data_ptr<int64_t>();
    for (int64_t row = 0; row < count; ++row, share += width) {
      double total = 0;
      for (int64_t i = 0; i < width; ++i) total += share[i];
      const double mark = uniforms[row] * total;
      double sum = 0;
      int64_t place = 0, last = 0;
      for (; place < width; ++place) {
        sum += share[place];
        if (share[place] > 0) last = place;
        if (sum > mark) break;
      }
      // Rounding may lift a mark to the total, beyond which no token stands.
      index[row] = place < width ? place : last;
    }
    return drawn;
  });
}
}
