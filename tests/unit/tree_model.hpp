// RFC 9162 section 2.1 word for word, slow and plain, to hold store/tree.hpp
// against; and a tree that keeps its nodes in memory.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "store/byte_order.hpp"
#include "store/hash.hpp"
#include "store/tree.hpp"

namespace ppn::tests {

using Leaves = std::span<const Hash>;

/// The largest power of two smaller than n.
inline std::size_t model_split(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/// MTH(D_n), section 2.1.1.
inline Hash model_root(Leaves leaves) {
  if (leaves.empty()) return store::sha256({});
  if (leaves.size() == 1) return leaves.front();
  auto k = model_split(leaves.size());
  return store::node_hash(model_root(leaves.first(k)),
                          model_root(leaves.subspan(k)));
}

/// PATH(m, D_n), section 2.1.3.1.
inline store::Proof model_path(std::size_t m, Leaves leaves) {
  if (leaves.size() == 1) return {};
  auto k = model_split(leaves.size());
  auto left = leaves.first(k);
  auto right = leaves.subspan(k);
  auto path = m < k ? model_path(m, left) : model_path(m - k, right);
  path.push_back(model_root(m < k ? right : left));
  return path;
}

/// SUBPROOF(m, D_n, b), section 2.1.4.1; `known` is b.
inline store::Proof model_subproof(std::size_t m, Leaves leaves, bool known) {
  if (m == leaves.size())
    return known ? store::Proof{} : store::Proof{model_root(leaves)};
  auto k = model_split(leaves.size());
  auto left = leaves.first(k);
  auto right = leaves.subspan(k);
  auto proof = m <= k ? model_subproof(m, left, known)
                      : model_subproof(m - k, right, false);
  proof.push_back(model_root(m <= k ? right : left));
  return proof;
}

/// PROOF(m, D_n), section 2.1.4.1.
inline store::Proof model_proof(std::size_t m, Leaves leaves) {
  return model_subproof(m, leaves, true);
}

/// On which side each hash of an inclusion proof stands, from the leaf upward:
/// all that its verification knows of index and size.
inline std::string inclusion_sides(std::size_t m, std::size_t n) {
  if (n == 1) return {};
  auto k = model_split(n);
  return m < k ? inclusion_sides(m, k) + 'R'
               : inclusion_sides(m - k, n - k) + 'L';
}

/// The same of a consistency proof; the first letter says whether the older
/// root or the proof itself gives the first hash.
inline std::string consistency_sides(std::size_t m, std::size_t n,
                                     bool known = true) {
  if (m == n) return known ? "r" : "p";
  auto k = model_split(n);
  return m <= k ? consistency_sides(m, k, known) + 'R'
                : consistency_sides(m - k, n - k, false) + 'L';
}

/// A tree in memory that can read its complete nodes, and no others.
class MemoryTree {
 public:
  void append(const Hash& leaf) {
    auto sequence = frontier_.size();
    std::uint8_t level = 0;
    frontier_.append(leaf, [&](const Hash& node) {
      nodes_[{level, sequence >> level}] = node;
      ++level;
    });
    leaves_.push_back(leaf);
  }

  [[nodiscard]] store::NodeReader reader() const {
    return [this](const store::NodeAddress& node) -> store::Result<Hash> {
      auto found = nodes_.find(node);
      if (found == nodes_.end())
        return store::Error{store::ErrorCode::not_found,
                            "node " + std::to_string(node.level) + "/" +
                                std::to_string(node.index)};
      return found->second;
    };
  }

  [[nodiscard]] Leaves leaves() const { return leaves_; }
  [[nodiscard]] Leaves first(std::size_t size) const {
    return leaves().first(size);
  }
  /// The genuine head of the first `size` leaves.
  [[nodiscard]] store::TreeHead head(std::size_t size) const {
    return {size, model_root(first(size))};
  }
  [[nodiscard]] const std::map<store::NodeAddress, Hash>& nodes() const {
    return nodes_;
  }
  [[nodiscard]] const store::Frontier& frontier() const { return frontier_; }

 private:
  store::Frontier frontier_;
  std::map<store::NodeAddress, Hash> nodes_;
  std::vector<Hash> leaves_;
};

/// A tree of `size` leaves that differ.
inline MemoryTree tree_of(std::size_t size) {
  MemoryTree tree;
  for (std::size_t i = 0; i < size; ++i)
    tree.append(store::leaf_hash(store::big_endian(i)));
  return tree;
}

}  // namespace ppn::tests
