#include "store/tree.hpp"

#include <bit>
#include <cassert>
#include <utility>

#include "store/hash.hpp"

namespace ppn::store {

namespace {

/// Largest power of two strictly below n, for n >= 2.
std::uint64_t split_point(std::uint64_t n) { return std::bit_floor(n - 1); }

/// A range of leaves [begin, end) that a proof or a root is about.
struct LeafRange {
  std::uint64_t begin;
  std::uint64_t end;

  [[nodiscard]] std::uint64_t size() const { return end - begin; }
  [[nodiscard]] std::uint64_t middle() const {
    return begin + split_point(size());
  }
  [[nodiscard]] LeafRange left() const { return {begin, middle()}; }
  [[nodiscard]] LeafRange right() const { return {middle(), end}; }
};

/// Hash of a range that begins at a multiple of its size rounded up to a power
/// of two, as all ranges of a proof do. Iterates over its complete nodes, from
/// the right.
Result<Hash> range_hash(LeafRange range, const NodeReader& read) {
  std::optional<Hash> hash;
  while (range.size() > 0) {
    auto level = static_cast<std::uint8_t>(std::countr_zero(range.size()));
    auto width = std::uint64_t{1} << level;
    auto node = read({level, (range.end - width) >> level});
    if (!node) return node.error();
    hash = hash ? node_hash(*node, *hash) : *node;
    range.end -= width;
  }
  return hash ? *hash : sha256({});
}

/// PATH of section 2.1.3.1, iterative: descend, then turn the siblings round.
Status inclusion_path(std::uint64_t index, LeafRange range,
                      const NodeReader& read, Proof& proof) {
  while (range.size() > 1) {
    bool go_left = index < range.middle();
    auto sibling = range_hash(go_left ? range.right() : range.left(), read);
    if (!sibling) return sibling.error();
    proof.push_back(*sibling);
    range = go_left ? range.left() : range.right();
  }
  std::reverse(proof.begin(), proof.end());
  return {};
}

/// SUBPROOF of section 2.1.4.1, iterative in the same way.
Status consistency_path(std::uint64_t old_size, LeafRange range,
                        const NodeReader& read, Proof& proof) {
  bool on_left_edge = true;
  while (range.end != old_size) {
    bool go_left = old_size <= range.middle();
    auto sibling = range_hash(go_left ? range.right() : range.left(), read);
    if (!sibling) return sibling.error();
    proof.push_back(*sibling);
    range = go_left ? range.left() : range.right();
    on_left_edge = on_left_edge && go_left;
  }
  if (!on_left_edge) {
    auto known = range_hash(range, read);
    if (!known) return known.error();
    proof.push_back(*known);
  }
  std::reverse(proof.begin(), proof.end());
  return {};
}

}  // namespace

std::size_t nodes_completed_by(std::uint64_t sequence) {
  return 1 + static_cast<std::size_t>(std::countr_one(sequence));
}

std::uint64_t completing_leaf(const NodeAddress& node) {
  return ((node.index + 1) << node.level) - 1;
}

std::vector<NodeAddress> frontier_of(std::uint64_t size) {
  std::vector<NodeAddress> nodes;
  std::uint64_t begin = 0;
  for (int level = 63; level >= 0; --level) {
    auto width = std::uint64_t{1} << static_cast<unsigned>(level);
    if ((size & width) == 0) continue;
    nodes.push_back({static_cast<std::uint8_t>(level),
                     begin >> static_cast<unsigned>(level)});
    begin += width;
  }
  return nodes;
}

Frontier::Frontier(std::uint64_t size, std::vector<Hash> nodes)
    : size_(size), nodes_(std::move(nodes)) {
  assert(nodes_.size() == static_cast<std::size_t>(std::popcount(size)));
}

Hash Frontier::root() const {
  if (nodes_.empty()) return sha256({});
  Hash root = nodes_.back();
  for (std::size_t i = nodes_.size() - 1; i > 0; --i)
    root = node_hash(nodes_[i - 1], root);
  return root;
}

Result<Hash> tree_root(std::uint64_t size, const NodeReader& read) {
  return range_hash({0, size}, read);
}

Result<Proof> prove_inclusion(std::uint64_t index, std::uint64_t size,
                              const NodeReader& read) {
  if (index >= size)
    return Error{ErrorCode::bad_input, "entry " + std::to_string(index) +
                                           " is not in a tree of " +
                                           std::to_string(size)};
  Proof proof;
  if (auto made = inclusion_path(index, {0, size}, read, proof); !made)
    return made.error();
  return proof;
}

Result<Proof> prove_consistency(std::uint64_t old_size, std::uint64_t size,
                                const NodeReader& read) {
  if (old_size == 0)
    return Error{ErrorCode::bad_input,
                 "consistency with an empty tree proves nothing; name a size "
                 "of at least 1"};
  if (old_size > size)
    return Error{ErrorCode::bad_input,
                 "a tree of " + std::to_string(old_size) +
                     " can not be a prefix of a tree of " +
                     std::to_string(size)};
  Proof proof;
  if (auto made = consistency_path(old_size, {0, size}, read, proof); !made)
    return made.error();
  return proof;
}

bool verify_inclusion(const Hash& leaf, std::uint64_t index,
                      const TreeHead& head, const Proof& proof) {
  if (index >= head.size) return false;
  auto fn = index;
  auto sn = head.size - 1;
  auto hash = leaf;
  for (const auto& sibling : proof) {
    if (sn == 0) return false;
    if ((fn & 1U) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      auto shift = static_cast<unsigned>(std::countr_zero(fn));
      if (fn != 0) {
        fn >>= shift;
        sn >>= shift;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return sn == 0 && hash == head.root;
}

Consistency verify_consistency(const TreeHead& older, const TreeHead& newer,
                               const Proof& proof) {
  auto verdict = [](bool good) {
    return good ? Consistency::consistent : Consistency::inconsistent;
  };
  if (older.size == 0) {
    bool empty = older.root == sha256({}) && proof.empty();
    bool possible = newer.size > 0 || newer.root == older.root;
    return empty && possible ? Consistency::vacuous : Consistency::inconsistent;
  }
  if (older.size > newer.size) return Consistency::inconsistent;
  if (older.size == newer.size)
    return verdict(proof.empty() && older.root == newer.root);
  if (proof.empty()) return Consistency::inconsistent;

  // A complete older tree is its own first hash, which the proof leaves out.
  bool complete = std::has_single_bit(older.size);
  auto next = proof.begin();
  const Hash seed = complete ? older.root : *next++;
  auto fn = older.size - 1;
  auto sn = newer.size - 1;
  auto shift = static_cast<unsigned>(std::countr_one(fn));
  fn >>= shift;
  sn >>= shift;
  auto old_hash = seed;
  auto new_hash = seed;
  for (; next != proof.end(); ++next) {
    if (sn == 0) return Consistency::inconsistent;
    if ((fn & 1U) != 0 || fn == sn) {
      old_hash = node_hash(*next, old_hash);
      new_hash = node_hash(*next, new_hash);
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      new_hash = node_hash(new_hash, *next);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return verdict(sn == 0 && old_hash == older.root && new_hash == newer.root);
}

}  // namespace ppn::store
