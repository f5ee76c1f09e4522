// The Merkle tree over the records (RFC 9162 section 2.1): growing it, and
// making and checking its proofs. Knows hashes only.
//
// A node is named by its level (0 = leaves) and its index on that level: node
// (level, index) covers the leaves [index << level, (index + 1) << level). Only
// such complete nodes are ever stored; with leaf n, one node is completed on
// level 0 and one more on each level for each trailing one bit of n.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::store {

struct NodeAddress {
  std::uint8_t level;
  std::uint64_t index;

  auto operator<=>(const NodeAddress&) const = default;
};

/// How many nodes leaf `sequence` completes, its own included: 1 to 64.
std::size_t nodes_completed_by(std::uint64_t sequence);

/// The leaf that completes a node.
std::uint64_t completing_leaf(const NodeAddress& node);

/// The complete nodes that a tree of `size` leaves is made of, left to right.
std::vector<NodeAddress> frontier_of(std::uint64_t size);

/// The right edge of a growing tree: all that is needed to append to it.
class Frontier {
 public:
  Frontier() = default;

  /// `nodes` are the hashes of frontier_of(size), in that order.
  Frontier(std::uint64_t size, std::vector<Hash> nodes);

  /// Adds a leaf; calls `store` with the hash of every node it completes, from
  /// level 0 upward.
  template <class Store>
  void append(const Hash& leaf, Store&& store);

  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Hashes of frontier_of(size()), left to right.
  [[nodiscard]] const std::vector<Hash>& nodes() const { return nodes_; }

  /// Root of the tree; SHA-256 of nothing when it is empty.
  [[nodiscard]] Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> nodes_;
};

/// Reads the hash of a complete node.
using NodeReader = std::function<Result<Hash>(const NodeAddress&)>;

using Proof = std::vector<Hash>;

/// Root of the first `size` leaves.
Result<Hash> tree_root(std::uint64_t size, const NodeReader& read);

/// Proof that leaf `index` is in the tree of `size` leaves (section 2.1.3.1).
/// bad_input unless index < size.
Result<Proof> prove_inclusion(std::uint64_t index, std::uint64_t size,
                              const NodeReader& read);

/// Proof that the tree of `old_size` leaves is a prefix of the tree of `size`
/// (section 2.1.4.1). bad_input unless 0 < old_size <= size: from size 0 there
/// is nothing to prove.
Result<Proof> prove_consistency(std::uint64_t old_size, std::uint64_t size,
                                const NodeReader& read);

struct TreeHead {
  std::uint64_t size = 0;
  Hash root;

  bool operator==(const TreeHead&) const = default;
};

/// Whether `proof` shows `leaf` at `index` of the tree `head` (2.1.3.2). A
/// path of the same shape passes under another size too, so the head must be
/// one that was signed.
bool verify_inclusion(const Hash& leaf, std::uint64_t index,
                      const TreeHead& head, const Proof& proof);

enum class Consistency : std::uint8_t {
  consistent,
  inconsistent,
  /// The older tree is empty: true of every tree, and proves nothing.
  vacuous,
};

/// Whether `proof` shows `older` as a prefix of `newer` (2.1.4.2).
Consistency verify_consistency(const TreeHead& older, const TreeHead& newer,
                               const Proof& proof);

// -- implementation ----------------------------------------------------------

Hash node_hash(const Hash& left, const Hash& right);

template <class Store>
void Frontier::append(const Hash& leaf, Store&& store) {
  Hash node = leaf;
  store(node);
  for (auto rest = size_; (rest & 1U) != 0; rest >>= 1U) {
    node = node_hash(nodes_.back(), node);
    nodes_.pop_back();
    store(node);
  }
  nodes_.push_back(node);
  ++size_;
}

}  // namespace ppn::store
